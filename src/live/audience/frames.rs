//! What goes over a socket: frames of viewers, messages of rooms, and why a socket is closed.

use actix_ws::{CloseCode, CloseReason};
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ring::{Message, framed};
use crate::catalog::ProductId;
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::live::model::{Signal, VisitId};
use crate::platform::http::ApiError;

/// Longest frame of a viewer, in bytes; a comment and a token are far shorter.
pub(super) const MAX_FRAME: usize = 4_096;
/// How often a viewer is to be heard of, in seconds.
pub(super) const HEARTBEAT_SECONDS: i64 = 20;

/// What a viewer sends: one JSON object in a text frame of at most 4,096 bytes. The first one is `join`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ViewerFrame {
    /// Comes in, or comes back after a break.
    Join {
        /// The shopper's access token; absent before log-in.
        #[schema(max_length = 2048)]
        access_token: Option<String>,
        /// The device's token, for whoever has not logged in; beside an access token it is ignored.
        #[schema(max_length = 2048)]
        device_token: Option<String>,
        /// The `seq` of the last message that was seen; absent for whoever comes in.
        #[schema(minimum = 0)]
        after: Option<i64>,
        /// The stay that a break interrupted, as `welcome` named it; absent for whoever comes in.
        visit_id: Option<VisitId>,
        /// The share that led here.
        #[schema(max_length = 64)]
        share_token: Option<String>,
    },
    /// Says something; needs a log-in.
    Comment {
        /// The client's own name for it: the same one again is the same comment.
        #[schema(min_length = 1, max_length = 64)]
        client_id: String,
        /// What is said.
        #[schema(min_length = 1, max_length = 200, example = "这件有 M 码吗")]
        words: String,
    },
    /// Likes the room; clients gather taps of about half a second.
    Like {
        /// How often.
        #[schema(minimum = 1, maximum = 100)]
        count: i64,
    },
    /// Is still there. Due every 20 seconds when nothing else is sent; after a minute of silence the socket is closed.
    Heartbeat {},
    /// Looks at a product of the shelf.
    ProductClick {
        /// Which one.
        product_id: ProductId,
    },
}

/// What a room sends in one text frame.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RoomFrame {
    /// One or more messages, oldest first.
    pub messages: Vec<RoomMessage>,
}

/// One message of a room. Those that carry `seq` are numbered within the room, rising, with gaps; whoever comes back
/// names the last one they saw. The others say how things stand and are not repeated.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RoomMessage {
    /// The answer to `join`.
    Welcome {
        /// What has a higher number follows; whoever breaks off before anything does comes back after this.
        seq: i64,
        /// The viewer's stay, to be named when they come back after a break.
        visit_id: VisitId,
        /// The server's clock.
        server_time: Timestamp,
        /// Who is watching; null before log-in.
        user_id: Option<UserId>,
        /// Whether the viewer may not comment.
        muted: bool,
        /// Until when; null for ever, or when they may.
        muted_until: Option<Timestamp>,
        /// Whether messages were missed that are no longer known.
        gap: bool,
        /// How often the viewer is to be heard of, in seconds.
        heartbeat_seconds: i64,
    },
    /// The room as a whole, as its page shows it: at the beginning, and when the viewer read so slowly that messages
    /// were skipped.
    Room {
        /// The room's page.
        #[schema(value_type = Object)]
        room: Box<RawValue>,
    },
    /// Messages were skipped because this viewer reads too slowly; the room as it is now and what is still known of
    /// them follow.
    Skipped {
        /// Whether messages were missed that are no longer known.
        gap: bool,
    },
    /// The viewer's comment is stored.
    Accepted {
        /// The client's own name for it.
        client_id: String,
        /// Its number among the room's comments.
        sequence: i64,
    },
    /// What the viewer sent was refused; the socket stays open.
    Refused {
        /// The client's own name for the comment; null for other frames.
        client_id: Option<String>,
        /// `{code, message, details}`, as endpoints answer it.
        #[schema(value_type = Object)]
        error: serde_json::Value,
    },
    /// What this viewer may do has changed.
    Standing {
        /// Whether the viewer may not comment.
        muted: bool,
        /// Until when; null for ever, or when they may.
        muted_until: Option<Timestamp>,
    },
    /// Likes so far; at most twice a second.
    Likes {
        /// All of them.
        total: i64,
    },
    /// Viewers now; at most once a second.
    Viewers {
        /// People and devices, each counted once.
        online: i64,
    },
    /// Something happened in the room; made by [`message_of`]. `kind` is one of `comment`, `comment_hidden`, `comment_pinned`, `state`,
    /// `explaining`, `shelf`, `price`, `bought`, `drop`, `room`, instead of `signal`.
    #[expect(dead_code, reason = "its kind is one of many, so that only its schema is of use")]
    Signal {
        /// Its number in the room.
        seq: i64,
        /// When.
        at: Timestamp,
        /// What, by its kind.
        #[schema(value_type = Object)]
        data: Box<RawValue>,
    },
}

impl RoomMessage {
    /// This message alone, as the text of a frame.
    pub(super) fn alone(&self) -> ByteString {
        framed([self.text().as_str()])
    }

    /// Its JSON object. Encoding fails only for maps whose keys are no texts, of which there are none; an empty object
    /// would simply be ignored.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What was refused.
    pub(super) fn refused(client_id: Option<String>, error: &ApiError) -> Self {
        Self::Refused { client_id, error: error.body() }
    }
}

#[derive(Deserialize)]
struct Numbered {
    sequence: i64,
}

/// The number of the comment that a signal names; `None` when it names none.
pub(super) fn comment_of(signal: &Signal) -> Option<i64> {
    serde_json::from_str::<Numbered>(&signal.payload).ok().map(|numbered| numbered.sequence)
}

/// A signal as a message, `comment` being the number of the comment that it says.
pub(super) fn message_of(signal: &Signal, comment: Option<i64>) -> Message {
    let (kind, seq, at, data) = (signal.kind.as_str(), signal.sequence, signal.at, &signal.payload);
    let text = format!(r#"{{"kind":"{kind}","seq":{seq},"at":"{at}","data":{data}}}"#);
    Message { seq, comment, text }
}

/// Why a socket is closed; each has its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The server stops; come back elsewhere.
    GoingAway,
    /// A binary frame.
    Binary,
    /// A frame of more than 4,096 bytes.
    TooLarge,
    /// The database is busy; try again later.
    Busy,
    /// No JSON object of a known kind, or a field out of its bounds.
    Malformed,
    /// The token is missing, invalid, expired, or its log-in has ended.
    Unauthenticated,
    /// Staff banned the viewer.
    Banned,
    /// There is no such room.
    NoSuchRoom,
    /// Nothing was heard for too long.
    Silent,
    /// Something else came before `join`, or `join` came twice.
    JoinFirst,
    /// Too many frames.
    Flood,
}

impl Ending {
    /// Its close code and a word.
    pub(super) const fn code(self) -> (u16, &'static str) {
        match self {
            Self::GoingAway => (1001, "going_away"),
            Self::Binary => (1003, "binary"),
            Self::TooLarge => (1009, "too_large"),
            Self::Busy => (1013, "try_again_later"),
            Self::Malformed => (4400, "malformed"),
            Self::Unauthenticated => (4401, "unauthenticated"),
            Self::Banned => (4403, "banned"),
            Self::NoSuchRoom => (4404, "no_such_room"),
            Self::Silent => (4408, "silent"),
            Self::JoinFirst => (4412, "join_first"),
            Self::Flood => (4429, "flood"),
        }
    }

    /// What the viewer is told.
    pub(super) fn reason(self) -> CloseReason {
        let (code, word) = self.code();
        CloseReason { code: CloseCode::from(code), description: Some(word.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_an_unknown_kind_or_with_an_unknown_field_is_none() {
        let reads = |text: &str| serde_json::from_str::<ViewerFrame>(text).is_ok();
        assert!(reads(r#"{"kind":"heartbeat"}"#));
        assert!(reads(r#"{"kind":"like","count":3}"#));
        assert!(reads(r#"{"kind":"product_click","product_id":"7"}"#));
        assert!(reads(r#"{"kind":"join","device_token":"x"}"#));
        assert!(!reads(r#"{"kind":"heartbeat","more":1}"#));
        assert!(!reads(r#"{"kind":"like","count":3,"more":1}"#));
        assert!(!reads(r#"{"kind":"dance"}"#));
        assert!(!reads(r#"{"count":3}"#));
        assert!(!reads("[]"));
    }
}
