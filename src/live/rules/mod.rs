//! What live rooms decide without a database.

mod talking;
pub(super) use talking::*;

use serde_json::json;

use super::error::LiveError;
use super::model::{
    MAX_AHEAD_MS, MAX_ANCHOR_NAME, MAX_INTRODUCTION, MAX_SHOW_MS, MAX_TITLE, MIN_SHOW_MS, Room, RoomState,
};
use crate::kernel::time::Timestamp;

/// What moves a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoomEvent {
    /// It goes on the air, for the first time or again.
    GoLive,
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
    const ALL: [Self; 6] = [Self::GoLive, Self::Pause, Self::End, Self::ShowReplay, Self::HideReplay, Self::Cancel];
}

/// Where a room goes from here.
///
/// # Errors
/// [`LiveError::WrongState`] when it may not.
pub(super) fn next(state: RoomState, event: RoomEvent) -> Result<RoomState, LiveError> {
    match (state, event) {
        (RoomState::Planned | RoomState::Paused, RoomEvent::GoLive) => Ok(RoomState::Live),
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
    let length = room.ends_at.millis_since(room.starts_at);
    let wrong = if !fits(&room.title, 1, MAX_TITLE) {
        Some("title")
    } else if !fits(&room.anchor_name, 1, MAX_ANCHOR_NAME) {
        Some("anchor_name")
    } else if !fits_lines(&room.anchor_introduction, MAX_INTRODUCTION) {
        Some("anchor_introduction")
    } else if room.starts_at.millis_since(now) > MAX_AHEAD_MS {
        Some("starts_at")
    } else if !(MIN_SHOW_MS..=MAX_SHOW_MS).contains(&length) || room.ends_at <= now {
        Some("ends_at")
    } else {
        None
    };
    wrong.map_or(Ok(()), |field| Err(invalid(field)))
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

    #[test]
    fn a_room_moves_only_as_drawn() {
        let drawn = [
            (RoomState::Planned, RoomEvent::GoLive, RoomState::Live),
            (RoomState::Planned, RoomEvent::Cancel, RoomState::Cancelled),
            (RoomState::Live, RoomEvent::Pause, RoomState::Paused),
            (RoomState::Paused, RoomEvent::GoLive, RoomState::Live),
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
