//! Who may enter and who may say what.

use serde_json::json;

use super::{fits, invalid};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{MAX_BLOCKED_WORDS, MAX_CLIENT_ID, MAX_COMMENT, Room, Sanction, SanctionKind};

/// Whether somebody under these sanctions may be in a room.
///
/// # Errors
/// [`LiveError::Banned`], with when it ends.
pub(in crate::live) fn may_enter(sanctions: &[Sanction], now: Timestamp) -> Result<(), LiveError> {
    match longest(sanctions, SanctionKind::Ban, now) {
        Some(ban) => Err(LiveError::Banned(json!({ "until": ban.ends_at }))),
        None => Ok(()),
    }
}

/// Whether somebody under these sanctions may not comment, and until when; an absent end is none.
pub(in crate::live) fn muted(sanctions: &[Sanction], now: Timestamp) -> Option<Option<Timestamp>> {
    longest(sanctions, SanctionKind::Mute, now).map(|mute| mute.ends_at)
}

/// The sanction of a kind that holds now and ends last.
fn longest(sanctions: &[Sanction], kind: SanctionKind, now: Timestamp) -> Option<&Sanction> {
    let holding = sanctions.iter().filter(|sanction| sanction.kind == kind && sanction.holds(now));
    holding.max_by_key(|sanction| (sanction.ends_at.is_none(), sanction.ends_at))
}

/// Whether somebody may say these words now, having last said something at `last_said`.
///
/// # Errors
/// Why not: banned, muted, comments closed, too soon, a word on the list.
pub(in crate::live) fn may_say(
    room: &Room,
    sanctions: &[Sanction],
    words: &str,
    last_said: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), LiveError> {
    may_enter(sanctions, now)?;
    if !room.state.on_air() {
        return Err(LiveError::NotOnAir(json!({ "state": room.state })));
    }
    if let Some(mute) = longest(sanctions, SanctionKind::Mute, now) {
        return Err(LiveError::Muted(json!({ "until": mute.ends_at })));
    }
    if !room.comments_open {
        return Err(LiveError::CommentsClosed);
    }
    if let Some(said) = last_said {
        let free = said.plus_millis(room.slow_mode_seconds.saturating_mul(1000));
        if now < free {
            return Err(LiveError::TooSoon(json!({ "again_at": free, "slow_mode_seconds": room.slow_mode_seconds })));
        }
    }
    if blocked(&listed(&room.blocked_words), words) { Err(LiveError::WordBlocked) } else { Ok(()) }
}

/// The words and the client's name for them as they are kept.
///
/// # Errors
/// [`LiveError::InvalidField`].
pub(in crate::live) fn comment_words<'a>(words: &'a str, client_id: &str) -> Result<&'a str, LiveError> {
    let words = words.trim();
    if !fits(words, 1, MAX_COMMENT) {
        return Err(invalid("words"));
    }
    if !fits(client_id, 1, MAX_CLIENT_ID) || !client_id.is_ascii() {
        return Err(invalid("client_id"));
    }
    Ok(words)
}

/// Staff's list of words as it is kept: each once, in small letters, as JSON.
///
/// # Errors
/// [`LiveError::InvalidField`].
pub(in crate::live) fn word_list(words: &[String]) -> Result<String, LiveError> {
    let mut kept: Vec<String> = words.iter().map(|word| folded(word)).collect();
    kept.sort_unstable();
    kept.dedup();
    let fit = kept.iter().all(|word| (1..=40).contains(&word.chars().count()));
    if words.len() > MAX_BLOCKED_WORDS || !fit {
        return Err(invalid("blocked_words"));
    }
    Ok(json!(kept).to_string())
}

/// The list as it was kept.
pub(in crate::live) fn listed(kept: &str) -> Vec<String> {
    serde_json::from_str(kept).unwrap_or_default()
}

/// Whether any word of the list stands in the text, however it is spaced, punctuated or capitalised.
fn blocked(list: &[String], words: &str) -> bool {
    let text = folded(words);
    list.iter().any(|word| text.contains(word.as_str()))
}

/// A text without what is put between letters to get past a list: letters and digits only, in small letters, with
/// full-width forms taken for what they stand for.
fn folded(text: &str) -> String {
    let narrow = |one: char| match one {
        '\u{ff01}'..='\u{ff5e}' => u32::from(one).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(one),
        other => other,
    };
    text.chars().map(narrow).filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::{StaffId, UserId};
    use crate::live::model::{RoomState, SanctionId};
    use crate::live::rules::tests::room;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn sanction(kind: SanctionKind, ends_at: Option<Timestamp>) -> Sanction {
        Sanction {
            id: SanctionId::new(1),
            room_id: None,
            user_id: UserId::new(1),
            kind,
            reason: "spam".to_owned(),
            created_by: StaffId::new(1),
            created_at: at(0),
            ends_at,
            lifted_by: None,
            lifted_at: None,
        }
    }

    #[test]
    fn a_ban_keeps_out_and_a_mute_keeps_silent_until_just_before_its_end() {
        let ban = [sanction(SanctionKind::Ban, Some(at(100)))];
        assert!(matches!(may_enter(&ban, at(99)), Err(LiveError::Banned(_))));
        assert!(may_enter(&ban, at(100)).is_ok());
        let mute = [sanction(SanctionKind::Mute, None)];
        assert!(may_enter(&mute, at(50)).is_ok());
        assert!(matches!(may_say(&room(), &mute, "好看", None, at(50)), Err(LiveError::Muted(_))));
    }

    #[test]
    fn slow_mode_lets_nobody_speak_before_its_time() {
        assert!(matches!(may_say(&room(), &[], "好看", Some(at(1000)), at(5999)), Err(LiveError::TooSoon(_))));
        assert!(may_say(&room(), &[], "好看", Some(at(1000)), at(6000)).is_ok());
    }

    #[test]
    fn a_word_of_the_list_is_found_however_it_is_dressed_up() {
        for words in ["加 V 信", "加v.信!", "ＳＰＡＭ", "s-p-a-m", "这是SpAm"] {
            assert!(matches!(may_say(&room(), &[], words, None, at(0)), Err(LiveError::WordBlocked)), "{words}");
        }
        assert!(may_say(&room(), &[], "相信加分", None, at(0)).is_ok());
    }

    #[test]
    fn nobody_speaks_when_the_show_is_over_or_comments_are_closed() {
        let over = Room { state: RoomState::Ended, ..room() };
        assert!(matches!(may_say(&over, &[], "好看", None, at(0)), Err(LiveError::NotOnAir(_))));
        let closed = Room { comments_open: false, ..room() };
        assert!(matches!(may_say(&closed, &[], "好看", None, at(0)), Err(LiveError::CommentsClosed)));
    }
}
