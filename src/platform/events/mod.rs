//! Events: facts recorded in the transaction that made them true, delivered to each subscriber once.
//!
//! Owns `outbox_events`, `outbox_deliveries` and `outbox_failures`. A capability records; the [`Relay`] hands each event
//! to every subscriber that wants it, in the transaction that notes it was delivered: many events to a transaction, and
//! each in its own when one of them fails. Which events are pending is a column, never "the ids above the last one seen",
//! since a slow transaction may commit a lower id later.
//!
//! A delivery that fails is tried again after pauses that grow, up to a ceiling, and then is a visible dead letter:
//! counted, shown to staff, and tried anew when they say so. A database that is away counts against no event. An event is
//! settled when every subscriber has had it or was given up; `delivered_at` says when.

mod relay;
mod store;

pub use relay::Relay;
pub use store::{count_undeliverable, retry_undelivered, undelivered};

use serde::Serialize;

use crate::kernel::id::{UserId, as_text};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};

/// How often a delivery is tried before it is given up.
pub const MAX_ATTEMPTS: i64 = 15;

crate::stored_enum! {
    /// Where a delivery that failed stands.
    pub enum FailureState {
        /// It is tried again.
        Waiting = "waiting",
        /// Given up; waits for staff.
        Dead = "dead",
    }
}

/// A delivery that failed, as staff see it.
#[derive(Debug, Clone, diesel::Queryable, Serialize, utoipa::ToSchema)]
pub struct UndeliveredEvent {
    /// The failed delivery.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "184467440737095516")]
    pub id: i64,
    /// The event.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "184467440737095510")]
    pub event_id: i64,
    /// What happened.
    #[schema(example = "order.paid")]
    pub event_name: String,
    /// Who could not take it.
    #[schema(example = "catalog.count_sold")]
    pub subscriber: String,
    /// Where it stands.
    pub state: FailureState,
    /// How often it was tried.
    #[schema(example = 3)]
    pub attempts: i64,
    /// When it is tried next, unless it was given up.
    pub try_at: Timestamp,
    /// What went wrong last.
    #[schema(example = "a foreign key refused the change")]
    pub last_error: String,
    /// When the event happened.
    pub recorded_at: Timestamp,
    /// When it was given up; null while it is tried.
    pub died_at: Option<Timestamp>,
}

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
    store::insert(tx, event.name, event.version, event.user, payload)
}
