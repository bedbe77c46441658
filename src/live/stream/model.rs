//! The words of streams.

use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::live::model::RoomId;
use crate::platform::db::schema::live_publishings;
use crate::platform::live_stream::StreamSettings;

crate::typed_id! {
    /// That a connection of an engine publishes a room's picture.
    PublishingId,
}

/// How long an engine that reports may be silent, in milliseconds; it should report several times as often.
pub(super) const REPORT_MS: i64 = MINUTE_MS;
/// Most characters that are kept of an engine's name for a connection.
pub(super) const MAX_CLIENT: usize = 100;

/// Everything about streams that was set.
#[derive(Clone, Debug)]
pub struct StreamDesk {
    /// Where streams go; `None` when rooms have none.
    pub engine: Option<StreamSettings>,
    /// Where recordings are fetched from, without a slash at the end.
    pub record_url: Option<String>,
    /// How long before its time a planned room may be opened by publishing, in milliseconds.
    pub early_ms: i64,
}

/// A connection of an engine that publishes, or did.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_publishings, treat_none_as_default_value = false)]
pub(super) struct Publishing {
    /// The row.
    pub(super) id: PublishingId,
    /// The picture of which room.
    pub(super) room_id: RoomId,
    /// Which engine.
    pub(super) engine: String,
    /// The engine's name for the connection.
    pub(super) client_id: String,
    /// From which address.
    pub(super) address: String,
    /// Since when.
    pub(super) started_at: Timestamp,
    /// Until when.
    pub(super) stopped_at: Option<Timestamp>,
    /// When the engine last said so, for one that reports.
    pub(super) heard_at: Option<Timestamp>,
}
