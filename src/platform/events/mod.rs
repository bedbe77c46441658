//! Events: facts recorded in the transaction that made them true, delivered to each subscriber once.
//!
//! Owns `outbox_events` and `outbox_deliveries`. A capability records; the [`Relay`] hands each event to every
//! subscriber that wants it, in a transaction of its own together with the note that it was delivered. Which events are
//! pending is a column, never "the ids above the last one seen", since a slow transaction may commit a lower id later.

mod relay;
mod store;

pub use relay::Relay;

use serde::Serialize;

use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};

/// An event about to be recorded.
#[derive(Debug)]
pub struct NewEvent<'a, P> {
    /// Area and fact, such as `order.placed`.
    pub name: &'static str,
    /// Version of the payload's shape.
    pub version: i64,
    /// Whose doing it was, if a shopper's.
    pub user: Option<UserId>,
    /// What happened.
    pub payload: &'a P,
}

/// An event as recorded.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its id, also what makes its delivery idempotent.
    pub id: i64,
    /// Area and fact.
    pub name: String,
    /// Version of the payload's shape.
    pub version: i64,
    /// Whose doing it was.
    pub user: Option<UserId>,
    /// JSON.
    pub payload: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// Somebody who acts on events.
pub trait Subscriber: Send + Sync {
    /// A stable name: deliveries are remembered under it.
    fn name(&self) -> &'static str;

    /// Whether events of this name are of interest.
    fn wants(&self, event_name: &str) -> bool;

    /// Acts on one event. Runs in a transaction together with the note that it did, so it happens once.
    ///
    /// # Errors
    /// The database's; the event is offered again.
    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()>;
}

/// Records an event in this transaction; answers its id.
///
/// # Errors
/// When the payload is no JSON or the database fails.
pub fn record<P: Serialize>(tx: &mut Tx<'_>, event: &NewEvent<'_, P>) -> DbResult<i64> {
    let payload = serde_json::to_string(event.payload).map_err(|error| DbError::Defect(error.to_string()))?;
    store::insert(tx, event.name, event.version, event.user, &payload)
}
