//! Those who watch, and what they say.

use crate::kernel::id::{DeviceId, StaffId, UserId};
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::live::model::RoomId;
use crate::platform::db::schema::{live_comments, live_reminders, live_sanctions, live_visits};

crate::typed_id! {
    /// What somebody said.
    CommentId,
    /// That somebody may not comment, or not watch.
    SanctionId,
    /// One stay of somebody in a room.
    VisitId,
    /// A wish to be told when a room starts.
    ReminderId,
}

/// Most characters of a comment.
pub const MAX_COMMENT: usize = 200;
/// Most characters of the name a client gives a comment, by which a repeated one is known.
pub const MAX_CLIENT_ID: usize = 64;
/// Most likes that one call may bring.
pub const MAX_LIKES_AT_ONCE: i64 = 100;
/// Whoever was not heard of for so long is gone, in milliseconds.
pub const GONE_AFTER_MS: i64 = 2 * MINUTE_MS;

crate::stored_enum! {
    /// Whether a comment is seen.
    pub enum CommentState {
        /// By everybody.
        Shown = "shown",
        /// By staff only.
        Hidden = "hidden",
    }
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_comments, treat_none_as_default_value = false)]
pub struct Comment {
    /// The comment.
    pub id: CommentId,
    /// In which room.
    pub room_id: RoomId,
    /// Its number in the room.
    pub sequence: i64,
    /// Who said it.
    pub user_id: UserId,
    /// What.
    pub words: String,
    /// The client's own name for it.
    pub client_id: String,
    /// Whether it is seen.
    pub state: CommentState,
    /// When.
    pub at: Timestamp,
    /// Who hid it.
    pub hidden_by: Option<StaffId>,
    /// When it was hidden.
    pub hidden_at: Option<Timestamp>,
}

crate::stored_enum! {
    /// What somebody may not do.
    pub enum SanctionKind {
        /// Comment.
        Mute = "mute",
        /// Watch, comment, like or catch anything.
        Ban = "ban",
    }
}

/// That somebody may not comment, or not watch.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_sanctions, treat_none_as_default_value = false)]
pub struct Sanction {
    /// The sanction.
    pub id: SanctionId,
    /// In which room; absent for all of them.
    pub room_id: Option<RoomId>,
    /// Who.
    pub user_id: UserId,
    /// What they may not do.
    pub kind: SanctionKind,
    /// Why.
    pub reason: String,
    /// Who decided it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// Until when, exclusive; absent for ever.
    pub ends_at: Option<Timestamp>,
    /// Who took it back.
    pub lifted_by: Option<StaffId>,
    /// When it was taken back.
    pub lifted_at: Option<Timestamp>,
}

impl Sanction {
    /// Whether it holds at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.ends_at.is_none_or(|end| now < end)
    }
}

/// Who watches: a user, or a device that nobody has logged in on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// A user, with the device they use when it is known.
    User(UserId, Option<DeviceId>),
    /// A device.
    Device(DeviceId),
}

impl Viewer {
    /// The user.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user, _) => Some(user),
            Self::Device(_) => None,
        }
    }

    /// The device.
    pub const fn device(self) -> Option<DeviceId> {
        match self {
            Self::User(_, device) => device,
            Self::Device(device) => Some(device),
        }
    }

    /// How visits name them: people are counted once however often they come.
    pub fn name(self) -> String {
        match self {
            Self::User(user, _) => format!("user:{user}"),
            Self::Device(device) => format!("device:{device}"),
        }
    }
}

/// One stay of somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_visits, treat_none_as_default_value = false)]
pub struct Visit {
    /// The stay.
    pub id: VisitId,
    /// In which room.
    pub room_id: RoomId,
    /// Who, as [`Viewer::name`] says.
    pub visitor: String,
    /// Which user.
    pub user_id: Option<UserId>,
    /// On which device.
    pub device_id: Option<DeviceId>,
    /// Which server process looks after them; another takes over when they come back elsewhere.
    pub process: String,
    /// The share through which they came.
    pub share_token: Option<String>,
    /// When they came.
    pub joined_at: Timestamp,
    /// When they were last heard of.
    pub last_seen_at: Timestamp,
    /// When they left.
    pub left_at: Option<Timestamp>,
    /// How long they watched, in milliseconds; counted up when they are heard of.
    pub watched_ms: i64,
}

crate::stored_enum! {
    /// What became of a wish to be told.
    pub enum ReminderState {
        /// The room has not started.
        Waiting = "waiting",
        /// It has; the message is on its way.
        Due = "due",
        /// WeChat took the message.
        Sent = "sent",
        /// It cannot be sent: refused by WeChat, or nobody knows where to.
        Refused = "refused",
    }
}

/// A wish to be told when a room starts.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_reminders, treat_none_as_default_value = false)]
pub struct Reminder {
    /// The wish.
    pub id: ReminderId,
    /// Which room.
    pub room_id: RoomId,
    /// Whose.
    pub user_id: UserId,
    /// When they asked.
    pub asked_at: Timestamp,
    /// What became of it.
    pub state: ReminderState,
    /// When the room started.
    pub due_at: Option<Timestamp>,
    /// When WeChat took the message.
    pub sent_at: Option<Timestamp>,
    /// Why it could not be sent.
    pub refusal: Option<String>,
}
