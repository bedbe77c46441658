//! Events coming in: batches of a hundred, each event with an id of its own and six properties.

use std::cell::Cell;

use serde_json::{Value, json};

use super::load::{Connection, drive, request};
use super::process::Process;
use super::{Run, ms};

/// Batches at once.
const WIDTH: usize = 8;
/// Events of a batch.
const BATCH: usize = 100;
/// What happens in a shop.
const NAMES: [&str; 5] = ["page_viewed", "product_opened", "search_made", "banner_clicked", "share_tapped"];

/// Lets devices tell of events as fast as they are taken in.
pub fn measure(run: &Run, service: &Process) {
    let taken = Cell::new(0_usize);
    let before = service.processor_time();
    let open = async |_| {
        let mut connection = Connection::open(service.address).await;
        let device = connection.send(&request("POST", "/api/v1/devices", "", Some(&json!({})))).await.json(201);
        let token = device["device_token"].as_str().expect("a token").to_owned();
        (connection, format!("x-device-token: {token}\r\n"))
    };
    let report = drive(WIDTH, run.each, open, async |(connection, header): &mut (Connection, String), number| {
        let body = batch(number);
        let answer = connection.send(&request("POST", "/api/v1/events", header, Some(&body))).await.json(200);
        assert_eq!(answer["accepted"], BATCH, "{answer}");
        taken.set(taken.get() + BATCH);
    });
    let each = (service.processor_time() - before).as_secs_f64() / taken.get() as f64;
    println!(
        "events in batches of {BATCH}, {WIDTH} at once: {:.0} events/s, a batch p50 {:.1} ms, p99 {:.1} ms; the service alone \
         spends {:.0} µs of processor on an event",
        report.rate * BATCH as f64,
        ms(report.p50),
        ms(report.p99),
        each * 1e6
    );
}

/// A hundred events that nobody told of before.
fn batch(number: usize) -> Value {
    let event = |place: usize| {
        let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        json!({
            "event_id": id.to_string(), "name": NAMES[place % NAMES.len()], "occurred_at": "2026-03-01T02:00:00Z",
            "session": format!("s{}", number % 1_000), "page": "pages/product/index", "scene": 1007,
            "properties": {"product_id": format!("{}", place * 37), "position": place, "first": place.is_multiple_of(2), "list": "home",
                "price_fen": 9_900, "ratio": 0.25}
        })
    };
    json!({"sent_at": "2026-03-01T02:00:00Z", "events": (0..BATCH).map(event).collect::<Vec<_>>()})
}
