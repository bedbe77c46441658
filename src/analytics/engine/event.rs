//! What happened: one event of one subject, and the values that it carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The share token by which a session came.
pub const SHARE: &str = "$share";
/// WeChat's scene number of a session.
pub const SCENE: &str = "$scene";
/// The entrance (client application) of an event.
pub const ENTRANCE: &str = "$entrance";
/// The path of the page that an event happened on.
pub const PAGE: &str = "$page";
/// The campaign code that a session or an order carries.
pub const CAMPAIGN: &str = "$campaign";
/// The advertising slot that was seen or touched.
pub const SLOT: &str = "$slot";
/// The channel that a session came through, as the host resolved it.
pub const CHANNEL: &str = "$channel";

/// Facts about how an event came to be; a set of bits.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = event::Flags)]
#[serde(transparent)]
pub struct Flags(u16);

impl Flags {
    /// No flag at all.
    pub const NONE: Self = Self(0);
    /// Made by the server, from a transaction of its own.
    pub const TRUSTED: Self = Self(1);
    /// Done by staff of the shop.
    pub const STAFF: Self = Self(2);
    /// Done by a test account.
    pub const TEST: Self = Self(4);
    /// Done by a program.
    pub const BOT: Self = Self(8);
    /// Done by somebody who is blocked for fraud.
    pub const BLOCKED: Self = Self(16);
    /// A seat that the shop filled itself.
    pub const AUTO_FILLED: Self = Self(32);
    /// The client's clock could not be corrected, so the time of receipt stands in.
    pub const CLOCK: Self = Self(64);
    /// What reports leave out unless they are asked to show everything.
    pub const HIDDEN: Self = Self(2 | 4 | 8 | 16 | 32);

    /// The flags with these bits.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The bits of these flags.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// These flags and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any flag of `other` is among these.
    pub const fn any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a property or an attribute holds. Money is whole fen, exact inside a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = event::Value)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

impl Value {
    /// The value as a breakdown, a path or a shared property names it.
    pub fn label(&self) -> String {
        match self {
            Self::Bool(yes) => yes.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(items) => items.join(","),
        }
    }

    /// The number, when it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The order in which events were taken in.
    pub seq: i64,
    /// The id by which a repetition is known.
    pub event_id: Uuid,
    /// What happened.
    pub name: String,
    /// The number of the device or user that it happened to; who that is today, the people map says.
    pub subject: u32,
    /// The session that the client says it belongs to.
    pub session: Option<String>,
    /// When it happened: effective time, UTC, milliseconds.
    pub at: i64,
    /// When it arrived: UTC, milliseconds.
    pub received: i64,
    /// How it came to be.
    pub flags: Flags,
    /// What it carries.
    pub properties: BTreeMap<String, Value>,
}
