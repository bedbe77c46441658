//! The words of events as they come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use uuid::Uuid;

use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;

/// Most events of one batch.
pub const MAX_BATCH: usize = 100;
/// Most names of events that clients bring into the shop; those of the shop's own events do not count.
pub const MAX_EVENT_NAMES: i64 = 2_000;
/// Most names of properties that clients bring into the shop.
pub const MAX_PROPERTY_NAMES: i64 = 4_000;
/// Most properties of one event.
pub const MAX_PROPERTIES: usize = 60;
/// Most bytes of a property's text.
pub const MAX_TEXT_BYTES: usize = 1_024;
/// Most texts of a list.
pub const MAX_LIST: usize = 50;
/// Most characters of an event's name.
pub const MAX_NAME_CHARS: usize = 64;
/// Most characters of a session's name, a page's path, and other facts an event carries.
pub const MAX_FACT_CHARS: usize = 256;
/// Numbers up to here are whole without doubt in every client and in the engine.
pub const MAX_WHOLE: i64 = 9_007_199_254_740_992;

/// The token of the share that the session came through.
pub const SHARE: &str = "$share";
/// WeChat's number for where the session began.
pub const SCENE: &str = "$scene";
/// The entrance that the session came in by.
pub const ENTRANCE: &str = "$entrance";
/// The path of the page.
pub const PAGE: &str = "$page";
/// The device.
pub const DEVICE: &str = "$device";
/// The openid that a tracker knows.
pub const OPENID: &str = "$openid";
/// The network that the event came from.
pub const NETWORK: &str = "$network";
/// The program that sent the event.
pub const AGENT: &str = "$agent";
/// The campaign or advertisement that the session came through.
pub const CAMPAIGN: &str = "$campaign";
/// The place in a page, such as an advertisement's.
pub const SLOT: &str = "$slot";

/// What is known about an event beside what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, diesel::AsExpression, diesel::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Flags(i64);

crate::stored_as_bigint!(Flags);

impl Flags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The shop itself made it, in the transaction of what happened.
    pub const TRUSTED: Self = Self(1);
    /// It is about a member of staff, or about nobody.
    pub const STAFF: Self = Self(2);
    /// It is about a test account.
    pub const TEST: Self = Self(4);
    /// A machine sent it.
    pub const BOT: Self = Self(8);
    /// It is about a user whom staff locked out.
    pub const BLOCKED: Self = Self(16);
    /// The shop filled a seat with nobody in it.
    pub const AUTO_FILLED: Self = Self(32);
    /// The client's clock was too far off to be corrected, so the moment of receipt stands for that of the event.
    pub const CLOCK: Self = Self(64);

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without the others.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// As stored: one bit each.
    pub const fn bits(self) -> i64 {
        self.0
    }
}

/// What a property of an event holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PropertyValue {
    /// A text.
    Text(String),
    /// A number; money is whole fen.
    Number(Number),
    /// Yes or no.
    Flag(bool),
    /// Some texts.
    List(Vec<String>),
}

impl From<&str> for PropertyValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl utoipa::PartialSchema for PropertyValue {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_TEXT_BYTES));
        let one_of = OneOfBuilder::new()
            .description(Some("A text, a number, yes or no, or a list of texts."))
            .item(text())
            .item(ObjectBuilder::new().schema_type(Type::Number))
            .item(ObjectBuilder::new().schema_type(Type::Boolean))
            .item(ArrayBuilder::new().items(text()).max_items(Some(MAX_LIST)))
            .build();
        RefOr::T(Schema::OneOf(one_of))
    }
}

impl utoipa::ToSchema for PropertyValue {}

/// What an event says, by name.
pub type Properties = BTreeMap<String, PropertyValue>;

crate::stored_enum! {
    /// What kind of value a property holds.
    pub enum PropertyKind {
        /// A text.
        Text = "text",
        /// A number.
        Number = "number",
        /// Yes or no.
        Flag = "flag",
        /// Some texts.
        List = "list",
    }
}

impl PropertyValue {
    /// What kind of value this is.
    pub const fn kind(&self) -> PropertyKind {
        match self {
            Self::Text(_) => PropertyKind::Text,
            Self::Number(_) => PropertyKind::Number,
            Self::Flag(_) => PropertyKind::Flag,
            Self::List(_) => PropertyKind::List,
        }
    }
}

crate::stored_enum! {
    /// What kind of thing a subject is.
    pub enum SubjectKind {
        /// A user.
        User = "user",
        /// A device before anybody logged in on it.
        Device = "device",
        /// Whoever a tracker of another maker calls by a name of its own.
        Tracker = "tracker",
        /// The shop itself, for what nobody in particular did.
        Shop = "shop",
    }
}

/// Whom an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKey {
    /// A user.
    User(UserId),
    /// A device.
    Device(DeviceId),
    /// Whoever a tracker calls by this name.
    Tracker(String),
    /// Whoever a tracker calls by this name after a log-in: a user, if it is the number of one.
    LoggedIn(String),
    /// Nobody in particular.
    Shop,
}

/// An event on its way in.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Its id, which makes it count once.
    pub event_id: Uuid,
    /// What happened.
    pub name: String,
    /// To whom.
    pub subject: SubjectKey,
    /// Others who are the same person by the word of whoever sent it.
    pub same_as: Vec<SubjectKey>,
    /// The visit it belongs to.
    pub session: Option<String>,
    /// When, by the clock of whoever sent it; on receipt when absent.
    pub at: Option<Timestamp>,
    /// When it was sent, by the same clock; when absent, that clock is taken to be right.
    pub sent_at: Option<Timestamp>,
    /// What is known about it.
    pub flags: Flags,
    /// What it says, and what it carries under reserved names.
    pub properties: Properties,
}

/// How strict a batch is with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// An event that cannot be taken makes the whole batch refused.
    Whole,
    /// What cannot be taken is left out: the sender would not come again.
    Piecemeal,
    /// The shop's own events, whose names are always taken.
    Own,
}

/// Events that came together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// When.
    pub received: Timestamp,
    /// How strict it is with itself.
    pub admission: Admission,
    /// The events, in the order in which they came.
    pub events: Vec<Incoming>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Accepted {
    /// Events that were new and are kept.
    #[schema(example = 2)]
    pub accepted: usize,
    /// Events that had come before.
    #[schema(example = 0)]
    pub duplicates: usize,
    /// Events whose id had come before with other content; the first stands.
    #[schema(example = 0)]
    pub conflicts: usize,
    /// Events whose name staff have blocked.
    #[schema(example = 0)]
    pub dropped: usize,
    /// Events that could not be taken, when the rest was.
    #[schema(example = 0)]
    pub refused: usize,
}
