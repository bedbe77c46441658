//! Logging in, with the simulator's time apart.
//!
//! A log-in asks WeChat about its code, and here WeChat is a process on the same cores, as is the load generator. So beside
//! what comes out of all three together stands the processor time that the service alone spent on a log-in, and how many of
//! them that makes on all cores.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::{Value, json};

use super::load::{Connection, Report, drive, request, work_off};
use super::process::Process;
use super::{Run, ms};

/// Log-ins at once.
const WIDTH: usize = 64;
/// People who have logged in before.
const PEOPLE: usize = 500;

/// Lets newcomers and known people in through the mini-program, and prolongs log-ins.
pub fn measure(run: &Run, service: &Process, simulator: &Process) {
    let count = if run.each > Duration::from_secs(5) { 12_000 } else { 4_000 };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let openids: Vec<Value> =
        codes(simulator, &vec![Value::Null; PEOPLE]).into_iter().map(|code| code["openid"].clone()).collect();
    log_in(service, &codes(simulator, &openids), run.each);
    let known: Vec<Value> = openids.iter().cycle().take(count).cloned().collect();
    for (who, people) in [("newcomers", vec![Value::Null; count]), ("known people", known)] {
        let before = service.processor_time();
        let (report, done) = log_in(service, &codes(simulator, &people), run.each);
        let each = (service.processor_time() - before).as_secs_f64() / done as f64;
        println!(
            "logging in, {who}, {WIDTH} at once: {:.0}/s with simulator and load on the same cores, p50 {:.1} ms, p99 {:.1} ms; \
             the service alone spends {:.2} ms of processor on one: {:.0}/s on {cores} cores",
            report.rate,
            ms(report.p50),
            ms(report.p99),
            each * 1e3,
            cores as f64 / each,
        );
    }
    refresh(run, service, simulator);
}

/// A code for each of these openids; for null, of somebody new.
fn codes(simulator: &Process, openids: &[Value]) -> Vec<Value> {
    let made = RefCell::new(Vec::with_capacity(openids.len()));
    let open = async |_| Connection::open(simulator.address).await;
    work_off(8, openids.len(), Duration::from_secs(120), open, async |connection: &mut Connection, number| {
        let body = json!({"openid": openids[number]});
        let answer = connection.send(&request("POST", "/_sim/login", "", Some(&body))).await.json(200);
        made.borrow_mut().push(answer);
    });
    made.into_inner()
}

/// Logs in with each of these codes, as far as the time reaches; says how many that were.
fn log_in(service: &Process, codes: &[Value], limit: Duration) -> (Report, usize) {
    let done = Cell::new(0);
    let open = async |_| Connection::open(service.address).await;
    let report = work_off(WIDTH, codes.len(), limit, open, async |connection: &mut Connection, number| {
        let body = json!({"js_code": codes[number]["js_code"]});
        connection.send(&request("POST", "/api/v1/sessions/wechat-mini", "", Some(&body))).await.json(201);
        done.set(done.get() + 1);
    });
    (report, done.get())
}

/// Each place prolongs one log-in over and over.
fn refresh(run: &Run, service: &Process, simulator: &Process) {
    let codes = codes(simulator, &vec![Value::Null; WIDTH]);
    let open = async |number: usize| {
        let mut connection = Connection::open(service.address).await;
        let body = json!({"js_code": codes[number]["js_code"]});
        let login = request("POST", "/api/v1/sessions/wechat-mini", "", Some(&body));
        let login = connection.send(&login).await.json(201);
        (connection, login["refresh_token"].clone())
    };
    let report = drive(WIDTH, run.each, open, async |(connection, token): &mut (Connection, Value), _| {
        let body = json!({"refresh_token": token});
        let answer = connection.send(&request("POST", "/api/v1/sessions/refresh", "", Some(&body))).await.json(200);
        *token = answer["refresh_token"].clone();
    });
    println!(
        "prolonging a log-in, {WIDTH} at once: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
        report.rate,
        ms(report.p50),
        ms(report.p99)
    );
}
