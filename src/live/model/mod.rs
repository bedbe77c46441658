//! The words of live rooms.

mod people;
mod selling;

pub use people::*;
pub use selling::*;

use crate::catalog::ProductId;
use crate::kernel::id::StaffId;
use crate::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use crate::platform::db::schema::{
    live_marks, live_minutes, live_replays, live_room_changes, live_rooms, live_signals,
};

crate::typed_id! {
    /// A live room.
    RoomId,
    /// One move of a room.
    ChangeId,
    /// A recording of a show.
    ReplayId,
    /// When a product was explained.
    MarkId,
}

/// The kind that claims and adjustments carry.
pub const KIND: &str = "live";
/// Shortest show that can be planned, in milliseconds.
pub const MIN_SHOW_MS: i64 = 5 * MINUTE_MS;
/// Longest show that can be planned, in milliseconds.
pub const MAX_SHOW_MS: i64 = 24 * HOUR_MS;
/// How far ahead a show can be planned, in milliseconds: half a year.
pub const MAX_AHEAD_MS: i64 = 183 * DAY_MS;
/// Most characters of a room's title.
pub const MAX_TITLE: usize = 40;
/// Most characters of an anchor's name.
pub const MAX_ANCHOR_NAME: usize = 20;
/// Most characters of an anchor's introduction.
pub const MAX_INTRODUCTION: usize = 500;
/// Longest path of a picture.
pub const MAX_PATH: usize = 200;
/// Longest address of a recording.
pub const MAX_ADDRESS: usize = 1_000;
/// Most words on a room's list.
pub const MAX_BLOCKED_WORDS: usize = 500;
/// Longest slow mode, in seconds.
pub const MAX_SLOW_MODE_SECONDS: i64 = 600;
/// How long signals are kept for those who come back after a break, in milliseconds.
pub const KEEP_SIGNALS_MS: i64 = 5 * MINUTE_MS;

crate::stored_enum! {
    /// Where a room stands.
    pub enum RoomState {
        /// It is announced.
        Planned = "planned",
        /// It is on the air.
        Live = "live",
        /// The picture is interrupted; whoever watches stays.
        Paused = "paused",
        /// The show is over.
        Ended = "ended",
        /// The show is over and can be watched again.
        Replay = "replay",
        /// It never went on the air.
        Cancelled = "cancelled",
    }
}

impl RoomState {
    /// Whether the show goes on, with or without a picture.
    pub const fn on_air(self) -> bool {
        matches!(self, Self::Live | Self::Paused)
    }
}

crate::stored_enum! {
    /// Whose picture a room shows.
    pub enum RoomSource {
        /// The shop's own stream.
        Own = "own",
        /// WeChat's mini-program live service; the room mirrors it.
        Wechat = "wechat",
    }
}

crate::stored_enum! {
    /// Who moved a room.
    pub enum ActorKind {
        /// A member of staff.
        Staff = "staff",
        /// The media engine, by taking in the stream.
        Engine = "engine",
        /// The clock.
        System = "system",
        /// WeChat, whose room is mirrored.
        Wechat = "wechat",
    }
}

/// Who moved a room, and which one when it was a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member of staff.
    Staff(StaffId),
    /// The media engine.
    Engine,
    /// The clock.
    System,
    /// WeChat.
    Wechat,
}

impl Actor {
    /// Of which kind.
    pub const fn kind(self) -> ActorKind {
        match self {
            Self::Staff(_) => ActorKind::Staff,
            Self::Engine => ActorKind::Engine,
            Self::System => ActorKind::System,
            Self::Wechat => ActorKind::Wechat,
        }
    }

    /// Who of the staff.
    pub const fn staff(self) -> Option<StaffId> {
        match self {
            Self::Staff(id) => Some(id),
            Self::Engine | Self::System | Self::Wechat => None,
        }
    }
}

/// A live room.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_rooms, treat_none_as_default_value = false)]
pub struct Room {
    /// The room.
    pub id: RoomId,
    /// What it is called.
    pub title: String,
    /// Path of the picture that announces it.
    pub cover: String,
    /// Who presents.
    pub anchor_name: String,
    /// Path of their picture; empty for none.
    pub anchor_picture: String,
    /// What they say of themselves.
    pub anchor_introduction: String,
    /// When the show is to start.
    pub starts_at: Timestamp,
    /// When it is to be over.
    pub ends_at: Timestamp,
    /// Whose picture it shows.
    pub source: RoomSource,
    /// Where it stands.
    pub state: RoomState,
    /// The name of its stream: random, unique, in every address that plays it.
    pub stream_name: String,
    /// What whoever publishes must know; never told to viewers.
    pub publish_secret: String,
    /// Seconds between two comments of one viewer; 0 for none.
    pub slow_mode_seconds: i64,
    /// Whether viewers may comment at all.
    pub comments_open: bool,
    /// Words that no comment may contain: a JSON list of strings.
    pub blocked_words: String,
    /// Likes since the room was made.
    pub likes: i64,
    /// Most viewers at one time.
    pub peak_viewers: i64,
    /// The number of its last comment.
    pub comment_sequence: i64,
    /// The number of its last signal.
    pub signal_sequence: i64,
    /// The number of the comment that stays on top.
    pub pinned_sequence: Option<i64>,
    /// The product that is explained now.
    pub explaining_id: Option<ProductId>,
    /// Since when.
    pub explaining_since: Option<Timestamp>,
    /// Since when no picture comes, while the room counts as live.
    pub silent_since: Option<Timestamp>,
    /// When it first went on the air.
    pub went_live_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Rises with every change by staff.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One move of a room.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_room_changes, treat_none_as_default_value = false)]
pub struct RoomChange {
    /// The move.
    pub id: ChangeId,
    /// Of which room.
    pub room_id: RoomId,
    /// From where; nothing for the beginning.
    pub from_state: Option<RoomState>,
    /// To where.
    pub to_state: RoomState,
    /// Who did it.
    pub actor: ActorKind,
    /// Which member of staff.
    pub staff_id: Option<StaffId>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

crate::stored_enum! {
    /// Who told of a recording.
    pub enum ReplaySource {
        /// A member of staff.
        Staff = "staff",
        /// The media engine.
        Engine = "engine",
        /// WeChat.
        Wechat = "wechat",
    }
}

/// A recording of a show.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_replays, treat_none_as_default_value = false)]
pub struct Replay {
    /// The recording.
    pub id: ReplayId,
    /// Of which room.
    pub room_id: RoomId,
    /// Where it can be fetched.
    pub media_url: String,
    /// Who told of it.
    pub source: ReplaySource,
    /// The moment of the show at its beginning.
    pub began_at: Timestamp,
    /// How long it is, in milliseconds.
    pub duration_ms: Option<i64>,
    /// When it will be gone.
    pub expires_at: Option<Timestamp>,
    /// When it was told of.
    pub created_at: Timestamp,
}

/// When a product was explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_marks, treat_none_as_default_value = false)]
pub struct Mark {
    /// The mark.
    pub id: MarkId,
    /// Of which room.
    pub room_id: RoomId,
    /// Which product.
    pub product_id: ProductId,
    /// When.
    pub at: Timestamp,
    /// How long after the room first went on the air, in milliseconds.
    pub offset_ms: i64,
}

/// One minute of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_minutes, treat_none_as_default_value = false)]
pub struct Minute {
    /// The room.
    pub room_id: RoomId,
    /// Its beginning.
    pub minute: Timestamp,
    /// Stays that began in it.
    pub joined: i64,
    /// Most viewers at one time in it.
    pub peak: i64,
    /// Comments in it.
    pub comments: i64,
    /// Likes in it.
    pub likes: i64,
    /// Shares of the room in it.
    pub shares: i64,
    /// Products looked at in it.
    pub clicks: i64,
    /// Orders from the room that were paid in it.
    pub orders: i64,
    /// What was paid for the room's lines in it, in fen.
    pub revenue_fen: i64,
}

/// What viewers are to see next.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_signals, treat_none_as_default_value = false)]
pub struct Signal {
    /// The room.
    pub room_id: RoomId,
    /// Its number in the room: 1, 2, 3 … without a gap, in the order of commits.
    pub sequence: i64,
    /// What it is: one of [`SignalKind`].
    pub kind: SignalKind,
    /// What it says: JSON.
    pub payload: String,
    /// When.
    pub at: Timestamp,
}

crate::stored_enum! {
    /// What viewers are told while they watch.
    pub enum SignalKind {
        /// Somebody said something: the comment.
        Comment = "comment",
        /// A comment is not to be seen any more: its sequence.
        CommentHidden = "comment_hidden",
        /// A comment stays on top, or none does: the comment or null.
        CommentPinned = "comment_pinned",
        /// The room moved: its state.
        State = "state",
        /// A product is explained, or none is: its id or null.
        Explaining = "explaining",
        /// The shelf changed: the products in their order.
        Shelf = "shelf",
        /// A live price came, changed or went.
        Price = "price",
        /// Somebody bought.
        Bought = "bought",
        /// Something can be caught, or no more.
        Drop = "drop",
        /// What the room is like changed: title, slow mode, whether comments are open.
        Room = "room",
        /// Somebody was muted, banned or let in again: the user, whom servers look after.
        Sanction = "sanction",
    }
}
