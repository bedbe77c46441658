//! Campaigns under load, over HTTP: joins to groups, cuts on bargains and claims of portions, each spread over many
//! targets and then all aimed at one.
//!
//! A join is an order with a claim; there is no other way into a group. What is aimed at one is aimed at one after the
//! other: a group has at most 100 seats, a packet at most 100 portions, a bargain at most 1,000 pieces, and nobody is
//! counted who would find it full. Every answer must be the wanted one, or the benchmark stops.

mod crew;
mod pages;
mod quote;
mod staff;
mod targets;

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::load::{Connection, Report, request, work_off};
use super::process::Process;
use super::{Run, ms, pgbench};
use crew::{Crew, Person};
use targets::Targets;

pub use staff::{Desk, open_owner};

/// Connections at once.
pub const WIDTH: usize = 64;
/// Friends who join, help and claim. A prime, so that going through them and through any smaller number of targets at
/// the same time meets every pair once before it meets one again.
const FRIENDS: usize = 997;
/// Most seats of a group and portions of a packet that friends can have.
const PLACES: usize = 99;

/// Things to do for each second of measurement: more than can be done.
const A_SECOND: usize = 4_000;

/// The shop, and everybody in it.
pub struct Stage<'a> {
    run: &'a Run,
    service: &'a Process,
    simulator: &'a Process,
    fixture: &'a Fixture,
    desk: Desk,
}

/// One thing to do: a request and the status it must be answered with.
struct Deed {
    request: Vec<u8>,
    status: u16,
}

impl<'a> Stage<'a> {
    /// A shop whose owner is at their desk.
    pub fn set(run: &'a Run, service: &'a Process, simulator: &'a Process, fixture: &'a Fixture) -> Self {
        Self { run, service, simulator, fixture, desk: Desk::open(service) }
    }

    /// Measures joins, cuts and claims.
    pub fn measure(&self, database_url: &str) {
        let crew = Crew::come_in(self.service, self.simulator, FRIENDS);
        let reference = pgbench::rate(database_url, WIDTH, self.run.each);
        let tell = |name: &str, (report, spent): (Report, Duration)| {
            let beside = reference
                .as_ref()
                .map_or_else(String::new, |rate| format!("; pgbench -N: {rate:.0}/s; ratio {:.2}", report.rate / rate));
            println!(
                "{name}, {WIDTH} connections: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {} in all, {:.2} ms of the server's processor time each{beside}",
                report.rate,
                ms(report.p50),
                ms(report.p99),
                report.count,
                ms(spent)
            );
        };
        let most = A_SECOND * usize::try_from(self.run.each.as_secs()).unwrap_or(10);
        let targets = Targets::made(self, most.div_ceil(PLACES));
        let friend = |number: usize| &crew.people[number % FRIENDS];

        let (spread, hot) = targets.groups.split_at(targets.groups.len() / 2);
        let joins = |target: &targets::Group, friend: &Person| targets.join(target, friend);
        tell("joins, many groups", self.work(spread.len() * PLACES, |n| joins(&spread[n % spread.len()], friend(n))));
        tell("joins, one group after the other", self.work(hot.len() * PLACES, |n| joins(&hot[n / PLACES], friend(n))));

        let (spread, hot) = targets.bargains.split_at(targets.bargains.len() / 2);
        let cuts = |target: &String, friend: &Person| Deed {
            request: request("POST", &format!("/api/v1/bargains/{target}/cuts"), &friend.headers, Some(&json!({}))),
            status: 201,
        };
        let many = most.min(spread.len() * FRIENDS);
        tell("cuts, many bargains", self.work(many, |n| cuts(&spread[n % spread.len()], friend(n))));
        tell("cuts, one bargain after the other", self.work(many, |n| cuts(&hot[n / FRIENDS], friend(n))));

        let (spread, hot) = targets.packets.split_at(targets.packets.len() / 2);
        let claims = |target: &String, friend: &Person| Deed {
            request: request("POST", &format!("/api/v1/packets/{target}/claims"), &friend.headers, Some(&json!({}))),
            status: 200,
        };
        tell(
            "claims, many packets",
            self.work(spread.len() * PLACES, |n| claims(&spread[n % spread.len()], friend(n))),
        );
        tell(
            "claims, one packet after the other",
            self.work(hot.len() * PLACES, |n| claims(&hot[n / PLACES], friend(n))),
        );
    }

    /// Does deeds by number until they are done or the time is over; answers also what each cost the server.
    fn work(&self, count: usize, deed: impl Fn(usize) -> Deed) -> (Report, Duration) {
        let (before, done) = (self.service.processor_time(), Cell::new(0_u32));
        let open = async |_| Connection::open(self.service.address).await;
        let report = work_off(WIDTH, count, self.run.each, open, async |connection: &mut Connection, number| {
            let Deed { request, status } = deed(number);
            let answer = connection.send(&request).await;
            assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
            done.set(done.get() + 1);
        });
        let spent = self.service.processor_time().saturating_sub(before);
        (report, spent / done.get().max(1))
    }

    /// Measures the group page and the wall beside a bare handler with the same bytes.
    pub fn pages(&self) {
        pages::measure(self);
    }

    /// Measures quotes of a large basket.
    pub fn quote(&self) {
        quote::measure(self);
    }
}

/// The text of a field, which must be there.
fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{pointer} in {value}")).to_owned()
}

/// A header under which a request is answered once.
fn fresh_key() -> String {
    format!("idempotency-key: {:032x}\r\n", rand::random::<u128>())
}

/// Asks until the answer is there; what payments bring about takes a moment.
async fn patiently<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came");
}
