//! The way in: a bounded door, one transaction for each batch, and what the sealer takes from behind it.
//!
//! A batch is written by one transaction: names are looked up, subjects numbered, the ids of events noted where none of
//! them was before, and what is new is kept and counted. Only then it is answered, so that what was answered survives.
//! Few batches are written at once and a bounded number waits; beyond that the answer is 503, and the shop's own
//! transactions never stand behind more than those few.

mod names;
mod roll;
mod store;
mod subjects;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::error::AnalyticsError;
use super::model::{Accepted, Batch, Flags, Properties};
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{Db, DbError, DbResult, Tx};

pub use names::{ShownNames, shown_names};
pub use roll::Roll;
pub(super) use subjects::{claim_device, erase, mark, note_entrance, number_claims, number_made_up, resolve};
pub use subjects::{erased, forget_erased};
pub use writing::{Told, ToldBatch, accept, prepared};

/// For how long the id of an event is remembered: longer than the latest event may be late.
const REMEMBERED_MS: i64 = 15 * DAY_MS;
/// Ids forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 1_000;
/// Bytes that one permit of the door stands for.
const PERMIT_BYTES: usize = 1_024;

/// How much may wait at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeSettings {
    /// Events that may wait to be written.
    pub waiting_events: usize,
    /// Bytes of bodies that may wait, in kibibytes.
    pub waiting_kib: usize,
    /// Batches written at once.
    pub writers: usize,
    /// How long a batch waits for its turn.
    pub wait: Duration,
}

/// The door. Cloning shares it.
#[derive(Clone)]
pub struct Intake {
    db: Db,
    events: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    wait: Duration,
}

/// Room at the door for the bytes of one request, given back with it.
#[derive(Debug)]
pub struct Room(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Intake {
    /// A door to this database.
    pub fn new(db: Db, settings: IntakeSettings) -> Self {
        Self {
            db,
            events: Arc::new(Semaphore::new(settings.waiting_events)),
            bytes: Arc::new(Semaphore::new(settings.waiting_kib)),
            writers: Arc::new(Semaphore::new(settings.writers)),
            wait: settings.wait,
        }
    }

    /// The shop's moment, which is that of receipt.
    pub fn now(&self) -> Timestamp {
        self.db.clock().now()
    }

    /// Takes room for a body before it is unpacked.
    ///
    /// # Errors
    /// [`AnalyticsError::BufferFull`].
    pub fn room_for(&self, bytes: usize) -> Result<Room, AnalyticsError> {
        take(&self.bytes, bytes.div_ceil(PERMIT_BYTES)).map(Room)
    }

    /// Keeps a batch; answers once it is durable.
    ///
    /// # Errors
    /// [`AnalyticsError::BufferFull`] when too much waits already, what the batch itself deserves, or the database's.
    pub async fn take_in(&self, batch: Batch) -> Result<Accepted, AnalyticsError> {
        let _place = take(&self.events, batch.events.len())?;
        let turn = tokio::time::timeout(self.wait, self.writers.acquire()).await;
        let _turn = turn.map_err(|_| full())?.map_err(|_| full())?;
        let count = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
        let batch = Arc::new(writing::prepared(batch));
        let taken = self.db.write("analytics.accept", move |tx| writing::accept(tx, &batch)).await?;
        metrics::counter!("hourglass_analytics_events_total").increment(count);
        Ok(taken)
    }
}

fn take(semaphore: &Arc<Semaphore>, permits: usize) -> Result<OwnedSemaphorePermit, AnalyticsError> {
    let permits = u32::try_from(permits).map_err(|_| full())?;
    Arc::clone(semaphore).try_acquire_many_owned(permits).map_err(|_| full())
}

fn full() -> AnalyticsError {
    metrics::counter!("hourglass_analytics_refused_total").increment(1);
    AnalyticsError::BufferFull
}

/// An accepted event as the sealer takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenEvent {
    /// Its place in the order in which events came.
    pub seq: i64,
    /// Its id.
    pub event_id: Uuid,
    /// What happened.
    pub name: String,
    /// The number of whom it is about.
    pub subject: u32,
    /// The visit it belongs to.
    pub session: Option<String>,
    /// When it happened, by the shop's clock.
    pub at: Timestamp,
    /// When it came.
    pub received: Timestamp,
    /// What is known about it.
    pub flags: Flags,
    /// What it says, and what it carries under reserved names.
    pub properties: Properties,
}

impl TakenEvent {
    fn of(row: store::InboxRow) -> DbResult<Self> {
        let odd = |what: &str| DbError::Defect(format!("an event waits with {what} that cannot be read"));
        Ok(Self {
            seq: row.seq,
            event_id: Uuid::try_parse(&row.event_id).map_err(|_| odd("an id"))?,
            name: row.name,
            subject: u32::try_from(row.subject).map_err(|_| odd("a subject"))?,
            session: row.session,
            at: row.at,
            received: row.received_at,
            flags: row.flags,
            properties: serde_json::from_str(&row.properties).map_err(|_| odd("properties"))?,
        })
    }
}

/// The first events that wait to be sealed, in the order in which they came.
///
/// # Errors
/// The database's.
pub fn take_first(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<TakenEvent>> {
    store::first(tx, limit)?.into_iter().map(TakenEvent::of).collect()
}

/// All events that wait to be sealed: what queries read beside the segments.
///
/// # Errors
/// The database's.
pub fn tail(tx: &mut Tx<'_>) -> DbResult<Vec<TakenEvent>> {
    take_first(tx, i64::MAX)
}

/// Takes sealed events out of the inbox, in the transaction that registers their segment; says how many were there. Fewer
/// than were asked for means that another sealer was faster, and the transaction has to fail.
///
/// # Errors
/// The database's.
pub fn remove_sealed(tx: &mut Tx<'_>, seqs: &[i64]) -> DbResult<usize> {
    store::remove(tx, seqs)
}

/// How many events wait to be sealed.
///
/// # Errors
/// The database's.
pub fn waiting(tx: &mut Tx<'_>) -> DbResult<i64> {
    store::count(tx)
}

/// Before which moment ids of events are forgotten.
fn forgotten_before(tx: &Tx<'_>) -> Timestamp {
    tx.now().plus_millis(-REMEMBERED_MS)
}

/// Whether there are ids old enough to be forgotten.
pub(super) fn remembers_too_much(tx: &mut Tx<'_>) -> DbResult<bool> {
    let before = forgotten_before(tx);
    Ok(store::oldest_seen(tx)?.is_some_and(|oldest| oldest < before))
}

/// Forgets some of the ids that are old enough.
pub(super) fn forget_some(tx: &mut Tx<'_>) -> DbResult<()> {
    let before = forgotten_before(tx);
    store::forget_seen(tx, before, FORGOTTEN_AT_ONCE)
}
