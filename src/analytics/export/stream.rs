//! Sealed events on their way to ClickHouse.
//!
//! Events go in the order of their numbers, which rise with time; some minutes late, because an event that came at the
//! same time may still be on its way into the database under a lower number. How far they have got is remembered, and
//! so is where a batch ends before it is sent: one that failed, or whose answer was lost, is sent again as the same
//! batch under the same token, by which ClickHouse knows it.
//!
//! The table and questions about it stand in `clickhouse/*.sql`.

use std::collections::BinaryHeap;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::watch;

use super::rows::{is_left_out, properties, user};
use super::store::{self, StreamRow};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{Event, Flags};
use crate::analytics::engine::flaw::Result;
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{Reports, View};
use crate::kernel::id;
use crate::kernel::time::{Clock, MINUTE_MS, Timestamp};
use crate::platform::db::{Db, DbError};
use crate::platform::outbound::{Outbound, OutboundTrouble};

/// What the stream is called.
const NAME: &str = "clickhouse";
/// An event that is older than this is in the database, or will never be.
const SETTLED_MS: i64 = 10 * MINUTE_MS;
/// Most events of a batch.
const BATCH: usize = 10_000;
/// How long ClickHouse may take for one.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where events are sent.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// The HTTP interface, without a slash at the end.
    pub url: String,
    /// Who writes there.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<SecretString>,
    /// The table, or database and table.
    pub table: String,
}

/// Why events could not be sent. They wait on, and the next round tries again.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The events could not be read.
    #[error("events could not be read: {0}")]
    Unread(AnalyticsError),
    /// ClickHouse did not answer.
    #[error(transparent)]
    Outbound(#[from] OutboundTrouble),
    /// ClickHouse refused.
    #[error("ClickHouse answered {0}")]
    Refused(u16),
}

/// Sends events. Cloning shares it.
#[derive(Clone)]
pub struct Streamer {
    db: Db,
    reports: Reports,
    settings: StreamSettings,
    outbound: Outbound,
}

/// Events ready to be sent.
struct Batch {
    /// The number of the last.
    to: i64,
    events: i64,
    /// One line of JSON for each.
    lines: String,
}

impl Streamer {
    /// Sends what these reports answer from.
    ///
    /// # Errors
    /// When the machine's certificates cannot be used.
    pub fn new(db: Db, reports: Reports, settings: StreamSettings, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Self { db, reports, settings, outbound: Outbound::new(TIMEOUT, clock)? })
    }

    /// Sends every `pause` until `stop` turns true, and without a pause as long as there is more.
    pub async fn keep_streaming(self, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let sent = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "events could not be sent to ClickHouse; the next round tries again");
                0
            });
            let rest = if sent == 0 { pause } else { Duration::ZERO };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Sends one batch; says how many events it had.
    ///
    /// # Errors
    /// The database, or whatever ClickHouse said.
    pub async fn round(&self) -> Result<u64, StreamError> {
        let known = self.db.read("analytics.stream", |tx| store::find(tx, NAME)).await?;
        let (position, pending) = (known.position, known.pending);
        let view = View { show_all: true, with_users: true, ..View::default() };
        let batch = self.reports.work(view, move |data| next(data, position, pending)).await;
        let Some(batch) = batch.map_err(StreamError::Unread)? else { return Ok(0) };
        if known.pending.is_none() {
            let (begun, to) = (known.clone(), batch.to);
            if !self.db.write("analytics.stream_begin", move |tx| store::begin(tx, &begun, to)).await? {
                return Ok(0);
            }
        }
        let (to, events) = (batch.to, batch.events);
        if events > 0 {
            self.send(&known, batch).await?;
        }
        self.db.write("analytics.stream_arrived", move |tx| store::arrived(tx, &known, to, events)).await?;
        Ok(events.unsigned_abs())
    }

    async fn send(&self, known: &StreamRow, batch: Batch) -> Result<(), StreamError> {
        let StreamSettings { url, user, password, table } = &self.settings;
        let query = format!("INSERT INTO {table} FORMAT JSONEachRow");
        let token = format!("hourglass-{}-{}", known.position, batch.to);
        let parameters = [
            ("query", query.as_str()),
            ("insert_deduplication_token", token.as_str()),
            // Nothing is known of a batch that an asynchronous insert merges with others.
            ("async_insert", "0"),
            ("date_time_input_format", "best_effort"),
        ];
        let mut request = self.outbound.http().post(format!("{url}/")).query(&parameters).body(batch.lines);
        if let Some(user) = user {
            request = request.header("x-clickhouse-user", user);
        }
        if let Some(password) = password {
            request = request.header("x-clickhouse-key", password.expose_secret());
        }
        let reply = self.outbound.exchange("clickhouse.insert", request).await?;
        // A failure after the first bytes were answered is told in a header.
        let failed = reply.headers.contains_key("x-clickhouse-exception-code");
        if reply.status == 200 && !failed { Ok(()) } else { Err(StreamError::Refused(reply.status)) }
    }
}

/// The next batch after a number, up to `pending` when that was set before; none when there is nothing to send.
fn next(data: &Dataset, position: i64, pending: Option<i64>) -> Result<Option<Batch>> {
    let to = match pending {
        Some(to) => Some(to),
        None => last_of_batch(data, position)?,
    };
    let Some(to) = to else { return Ok(None) };
    let mut lines: Vec<(i64, String)> = Vec::new();
    for segment in &data.segments {
        let facts = segment.facts();
        if facts.last_seq <= position || facts.first_seq > to {
            continue;
        }
        segment.each(|event| {
            if event.seq > position && event.seq <= to && !data.blocked.contains(&event.name) {
                lines.push((event.seq, line(data, &event)));
            }
            Ok(())
        })?;
    }
    lines.sort_unstable();
    let events = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    Ok(Some(Batch { to, events, lines: lines.into_iter().map(|(_, line)| line).collect() }))
}

/// Where a batch that begins after a number ends: before whatever may still come under a lower number.
fn last_of_batch(data: &Dataset, position: i64) -> Result<Option<i64>> {
    let settled = id::first_at(Timestamp::from_millis(data.now.saturating_sub(SETTLED_MS)));
    let waiting = data.tail.iter().map(|event| event.seq).min().unwrap_or(i64::MAX);
    let before = settled.min(waiting);
    // The lowest numbers, the highest of them on top.
    let mut lowest: BinaryHeap<i64> = BinaryHeap::new();
    for segment in &data.segments {
        let facts = segment.facts();
        if facts.last_seq <= position || facts.first_seq >= before {
            continue;
        }
        let numbers = segment.columns()?.longs("seq")?;
        for number in numbers.into_iter().filter(|number| *number > position && *number < before) {
            lowest.push(number);
            if lowest.len() > BATCH {
                lowest.pop();
            }
        }
    }
    Ok(lowest.into_iter().max())
}

fn line(data: &Dataset, event: &Event) -> String {
    let moment = |at: i64| Timestamp::from_millis(at).to_string();
    let told = json!({
        "event_id": event.event_id,
        "seq": event.seq,
        "name": event.name,
        "at": moment(event.at),
        "received": moment(event.received),
        "person": data.people.of(event.subject),
        "user_id": user(data, event),
        "session": event.session,
        "trusted": event.flags.any_of(Flags::TRUSTED),
        "left_out": is_left_out(event),
        "properties": properties(event),
    });
    format!("{told}\n")
}
