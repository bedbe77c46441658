//! Product pages and lists, beside a bare handler that answers with the same bytes.

use super::fixture::Fixture;
use super::load::{Connection, Report, drive, request};
use super::process::{self, Process};
use super::{Run, ms};

const CONNECTIONS: usize = 32;

/// Measures a product's page and a list.
pub fn product_and_list(run: &Run, service: &Process, fixture: &Fixture) {
    page(run, "product detail", service, &format!("/api/v1/products/{}", fixture.products[77]), "");
    page(run, "product list of 20", service, "/api/v1/products?limit=20", "");
}

/// Measures one page, as whoever sends these headers sees it.
pub fn page(run: &Run, name: &str, service: &Process, path: &str, headers: &str) {
    let wanted = request("GET", path, headers, None);
    let body = service.get(path, headers);
    let file = run.file("body.json");
    std::fs::write(&file, &body).expect("a file");
    let bare = process::bare(&file);
    let plain = request("GET", "/", "", None);
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    let ask = |process: &Process, request: &[u8]| {
        let open = async |_| Connection::open(process.address).await;
        drive(CONNECTIONS, run.each / 2, open, async |connection: &mut Connection, _| {
            assert_eq!(connection.send(request).await.status, 200);
        })
    };
    // Turn and turn about, so that a moment of noise hits both.
    for _ in 0..2 {
        reference.push(ask(&bare, &plain));
        ours.push(ask(service, &wanted));
    }
    let mean = |reports: &[Report]| reports.iter().map(|report| report.rate).sum::<f64>() / reports.len() as f64;
    let worst = ours.iter().map(|report| ms(report.p99)).fold(0.0, f64::max);
    println!(
        "{name} ({} bytes), {CONNECTIONS} connections: {:.0}/s, p99 {worst:.2} ms; a bare handler with the same bytes: {:.0}/s; ratio {:.2}",
        body.len(),
        mean(&ours),
        mean(&reference),
        mean(&ours) / mean(&reference)
    );
}
