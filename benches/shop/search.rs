//! Searches: by Chinese words, pinyin, initials, with a typo, and for nothing that is sold.

use std::time::{Duration, Instant};

use super::load::{Connection, drive, request};
use super::process::Process;
use super::{Run, ms};

const CONNECTIONS: usize = 16;

/// 连衣裙, lyq, lianyiqun, 保温杯, 台灯, zp, 法式衬衫, shafa, lianyiqnu (a typo), 舒适 (in every product), 床垫 (nowhere).
const WORDS: [&str; 11] = [
    "%E8%BF%9E%E8%A1%A3%E8%A3%99",
    "lyq",
    "lianyiqun",
    "%E4%BF%9D%E6%B8%A9%E6%9D%AF",
    "%E5%8F%B0%E7%81%AF",
    "zp",
    "%E6%B3%95%E5%BC%8F%E8%A1%AC%E8%A1%AB",
    "shafa",
    "lianyiqnu",
    "%E8%88%92%E9%80%82",
    "%E5%BA%8A%E5%9E%AB",
];

fn requests() -> Vec<Vec<u8>> {
    WORDS.iter().map(|word| request("GET", &format!("/api/v1/search?q={word}"), "", None)).collect()
}

/// Waits until the index is there.
pub fn wait_for_index(service: &Process) {
    let started = Instant::now();
    while service.ask("GET", "/api/v1/search?q=lyq", "", None).0 != 200 {
        assert!(started.elapsed() < Duration::from_secs(60), "search never came up");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Measures searches by many at once.
pub fn measure(run: &Run, service: &Process) {
    let wanted = requests();
    let open = async |number| (number, Connection::open(service.address).await);
    let report = drive(CONNECTIONS, run.each, open, async |(number, connection): &mut (usize, Connection), count| {
        assert_eq!(connection.send(&wanted[(*number + count) % wanted.len()]).await.status, 200);
    });
    println!(
        "search, {CONNECTIONS} connections: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
        report.rate,
        ms(report.p50),
        ms(report.p99)
    );
}

/// Compares what the same searches cost, one at a time, in two shops.
pub fn compare(run: &Run, shops: &[(usize, Process); 2]) {
    let wanted = requests();
    // Turn and turn about, so that a moment of noise hits both; the median of the rounds.
    let mut rounds: Vec<[Duration; 2]> = (0..8)
        .map(|_| {
            shops.each_ref().map(|(_, service)| {
                let open = async |_| Connection::open(service.address).await;
                drive(1, run.each / 16, open, async |connection: &mut Connection, count| {
                    assert_eq!(connection.send(&wanted[count % wanted.len()]).await.status, 200);
                })
                .mean
            })
        })
        .collect();
    rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let middle = rounds[rounds.len() / 2];
    let [(fewer, _), (more, _)] = shops;
    println!(
        "search, one at a time, on average: {:.2} ms with {fewer} products, {:.2} ms with {more}; {:.1} times as many products, {:.2} times the time",
        ms(middle[0]),
        ms(middle[1]),
        *more as f64 / *fewer as f64,
        ratio(&middle)
    );
}

fn ratio(times: &[Duration; 2]) -> f64 {
    times[1].as_secs_f64() / times[0].as_secs_f64()
}
