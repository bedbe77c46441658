//! What streams decide without a database.

use serde_json::json;

use super::model::MAX_CLIENT;
use crate::kernel::id::{self, DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{Room, RoomSource, RoomState, Viewer};

/// A refusal with its reason in one word, for the log of the engine.
pub(super) fn refused(reason: &str) -> LiveError {
    LiveError::StreamRefused(json!({ "reason": reason }))
}

/// Whether a room's picture may be published now: a planned room's from a while before its time on, and that of one whose
/// show goes on.
///
/// # Errors
/// Why not.
pub(super) fn may_publish(room: &Room, early_ms: i64, now: Timestamp) -> Result<(), LiveError> {
    if room.source != RoomSource::Own {
        return Err(refused("elsewhere"));
    }
    match room.state {
        RoomState::Live | RoomState::Paused => Ok(()),
        RoomState::Planned if now < room.starts_at.plus_millis(early_ms.saturating_neg()) => Err(refused("too_early")),
        RoomState::Planned if now >= room.ends_at => Err(refused("closed")),
        RoomState::Planned => Ok(()),
        RoomState::Ended | RoomState::Replay | RoomState::Cancelled => Err(refused("closed")),
    }
}

/// Whether a room's picture may be played: while its show goes on. One that is paused may be waited for.
///
/// # Errors
/// Why not.
pub(super) fn may_play(room: &Room) -> Result<(), LiveError> {
    if room.source != RoomSource::Own {
        return Err(refused("elsewhere"));
    }
    match room.state {
        RoomState::Live | RoomState::Paused => Ok(()),
        RoomState::Planned => Err(refused("not_started")),
        RoomState::Ended | RoomState::Replay | RoomState::Cancelled => Err(refused("closed")),
    }
}

/// How an address names its viewer.
pub(super) fn viewer_word(viewer: Viewer) -> String {
    match viewer {
        Viewer::User(user, _) => format!("u{user}"),
        Viewer::Device(device) => format!("d{device}"),
    }
}

/// The viewer that an address names; `None` for a word that no address of ours holds.
pub(super) fn viewer_of(word: &str) -> Option<Viewer> {
    let number = |digits: &str| id::parse(digits).ok();
    match word.split_at_checked(1)? {
        ("u", digits) => Some(Viewer::User(UserId::new(number(digits)?), None)),
        ("d", digits) => Some(Viewer::Device(DeviceId::new(number(digits)?))),
        _ => None,
    }
}

/// What an engine calls a connection, as far as it is kept.
pub(super) fn client_name(told: &str) -> String {
    told.chars().filter(|letter| !letter.is_control()).take(MAX_CLIENT).collect()
}

/// Where a recording is fetched from: its own address, or its file's name under the address where recordings are.
pub(super) fn recording_url(file: &str, record_url: Option<&str>) -> Option<String> {
    if file.chars().any(|letter| letter.is_control() || letter == ' ') || file.len() > 1_000 {
        return None;
    }
    if file.starts_with("https://") || file.starts_with("http://") {
        return Some(file.to_owned());
    }
    let name = file.rsplit('/').next().filter(|name| !name.is_empty())?;
    record_url.map(|place| format!("{place}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_found_again_in_an_address() {
        for viewer in [Viewer::User(UserId::new(7), None), Viewer::Device(DeviceId::new(8))] {
            assert_eq!(viewer_of(&viewer_word(viewer)), Some(viewer));
        }
        for nobody in ["", "u", "x7", "u-7", "7", "ü7", "u7a"] {
            assert_eq!(viewer_of(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn a_recording_is_fetched_from_where_recordings_are() {
        let at = Some("https://files.example/rec");
        let url = |file| recording_url(file, at);
        assert_eq!(url("/var/rec/room1-1.flv").as_deref(), Some("https://files.example/rec/room1-1.flv"));
        assert_eq!(url("https://vod.example/a.mp4").as_deref(), Some("https://vod.example/a.mp4"));
        assert_eq!(recording_url("https://vod.example/a.mp4", None).as_deref(), Some("https://vod.example/a.mp4"));
        assert_eq!(recording_url("/var/rec/room1-1.flv", None), None);
        assert_eq!((url("/var/rec/"), url("/var/a b.flv"), url("/var/a\0b.flv")), (None, None, None));
    }
}
