//! What live rooms decide without a database.

mod selling;
mod talking;

pub(super) use selling::*;
pub(super) use talking::*;

use serde_json::json;

use super::error::LiveError;
use super::model::{
    MAX_ADDRESS, MAX_AHEAD_MS, MAX_ANCHOR_NAME, MAX_INTRODUCTION, MAX_PATH, MAX_SHOW_MS, MAX_TITLE, MIN_SHOW_MS, Room,
    RoomState,
};
use crate::kernel::time::Timestamp;

/// What moves a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoomEvent {
    /// It goes on the air, for the first time or again: whenever a picture comes.
    GoLive,
    /// It goes on after it was interrupted.
    Resume,
    /// The picture is interrupted.
    Pause,
    /// The show is over.
    End,
    /// A recording is shown.
    ShowReplay,
    /// No recording is shown any more.
    HideReplay,
    /// It will not take place.
    Cancel,
}

impl RoomEvent {
    #[cfg(test)]
    const ALL: [Self; 7] =
        [Self::GoLive, Self::Resume, Self::Pause, Self::End, Self::ShowReplay, Self::HideReplay, Self::Cancel];
}

/// Where a room goes from here.
///
/// # Errors
/// [`LiveError::WrongState`] when it may not.
pub(super) fn next(state: RoomState, event: RoomEvent) -> Result<RoomState, LiveError> {
    match (state, event) {
        (RoomState::Planned | RoomState::Paused, RoomEvent::GoLive) | (RoomState::Paused, RoomEvent::Resume) => {
            Ok(RoomState::Live)
        }
        (RoomState::Live, RoomEvent::Pause) => Ok(RoomState::Paused),
        (RoomState::Live | RoomState::Paused, RoomEvent::End) | (RoomState::Replay, RoomEvent::HideReplay) => {
            Ok(RoomState::Ended)
        }
        (RoomState::Ended, RoomEvent::ShowReplay) => Ok(RoomState::Replay),
        (RoomState::Planned, RoomEvent::Cancel) => Ok(RoomState::Cancelled),
        (
            RoomState::Planned
            | RoomState::Live
            | RoomState::Paused
            | RoomState::Ended
            | RoomState::Replay
            | RoomState::Cancelled,
            RoomEvent::GoLive
            | RoomEvent::Resume
            | RoomEvent::Pause
            | RoomEvent::End
            | RoomEvent::ShowReplay
            | RoomEvent::HideReplay
            | RoomEvent::Cancel,
        ) => Err(LiveError::WrongState(json!({ "state": state }))),
    }
}

/// The room after a move to `to`, with what the move leaves behind: a show that is over explains nothing, and a room
/// that is not live cannot fall silent.
pub(super) fn moved(room: &Room, to: RoomState, now: Timestamp) -> Room {
    let mut moved = room.clone();
    moved.state = to;
    moved.silent_since = None;
    if to == RoomState::Live {
        moved.went_live_at = moved.went_live_at.or(Some(now));
    }
    if matches!(to, RoomState::Ended | RoomState::Cancelled) {
        moved.ended_at = moved.ended_at.or(Some(now));
        moved.explaining_id = None;
        moved.explaining_since = None;
    }
    moved
}

/// Whether what staff wrote of a room can be meant.
///
/// # Errors
/// [`LiveError::InvalidField`] with the field in question.
pub(super) fn valid(room: &Room, now: Timestamp) -> Result<(), LiveError> {
    valid_words(room)?;
    let length = room.ends_at.millis_since(room.starts_at);
    if room.starts_at.millis_since(now) > MAX_AHEAD_MS {
        Err(invalid("starts_at"))
    } else if !(MIN_SHOW_MS..=MAX_SHOW_MS).contains(&length) || room.ends_at <= now {
        Err(invalid("ends_at"))
    } else {
        Ok(())
    }
}

/// Whether the texts of a room fit.
///
/// # Errors
/// [`LiveError::InvalidField`] with the field in question.
pub(super) fn valid_words(room: &Room) -> Result<(), LiveError> {
    let wrong = if !fits(&room.title, 1, MAX_TITLE) {
        Some("title")
    } else if !fits(&room.cover, 0, MAX_PATH) {
        Some("cover")
    } else if !fits(&room.anchor_name, 1, MAX_ANCHOR_NAME) {
        Some("anchor_name")
    } else if !fits(&room.anchor_picture, 0, MAX_PATH) {
        Some("anchor_picture")
    } else if !fits_lines(&room.anchor_introduction, MAX_INTRODUCTION) {
        Some("anchor_introduction")
    } else {
        None
    };
    wrong.map_or(Ok(()), |field| Err(invalid(field)))
}

/// Whether a text is an address from which a recording can be fetched.
pub(super) fn is_address(text: &str) -> bool {
    let known = ["https://", "http://", "/"].iter().any(|start| text.starts_with(start));
    known && text.len() <= MAX_ADDRESS && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A field breaks its rule.
pub(super) fn invalid(field: &str) -> LiveError {
    LiveError::InvalidField(json!({ "field": field }))
}

/// Whether a text on one line has between `least` and `most` characters.
pub(super) fn fits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) && text.trim() == text
}

fn fits_lines(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|one| one.is_control() && one != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::model::{RoomId, RoomSource};

    /// A room on the air, with slow mode and a list of words.
    pub(super) fn room() -> Room {
        Room {
            id: RoomId::new(1),
            title: "新品".to_owned(),
            cover: String::new(),
            anchor_name: "小麦".to_owned(),
            anchor_picture: String::new(),
            anchor_introduction: String::new(),
            starts_at: Timestamp::from_millis(0),
            ends_at: Timestamp::from_millis(1),
            source: RoomSource::Own,
            state: RoomState::Live,
            stream_name: "s".to_owned(),
            publish_secret: "p".to_owned(),
            slow_mode_seconds: 5,
            comments_open: true,
            blocked_words: word_list(&["加V信".to_owned(), "spam".to_owned()]).unwrap(),
            likes: 0,
            peak_viewers: 0,
            comment_sequence: 0,
            signal_sequence: 0,
            pinned_sequence: None,
            explaining_id: None,
            explaining_since: None,
            silent_since: None,
            went_live_at: Some(Timestamp::from_millis(0)),
            ended_at: None,
            version: 1,
            created_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_room_moves_only_as_drawn() {
        let drawn = [
            (RoomState::Planned, RoomEvent::GoLive, RoomState::Live),
            (RoomState::Planned, RoomEvent::Cancel, RoomState::Cancelled),
            (RoomState::Live, RoomEvent::Pause, RoomState::Paused),
            (RoomState::Paused, RoomEvent::GoLive, RoomState::Live),
            (RoomState::Paused, RoomEvent::Resume, RoomState::Live),
            (RoomState::Live, RoomEvent::End, RoomState::Ended),
            (RoomState::Paused, RoomEvent::End, RoomState::Ended),
            (RoomState::Ended, RoomEvent::ShowReplay, RoomState::Replay),
            (RoomState::Replay, RoomEvent::HideReplay, RoomState::Ended),
        ];
        for state in RoomState::ALL {
            for event in RoomEvent::ALL {
                let to = drawn.iter().find(|(from, by, _)| from == state && *by == event).map(|(_, _, to)| *to);
                assert_eq!(next(*state, event).ok(), to, "{state:?} {event:?}");
            }
        }
    }
}
