//! Pure decisions: what may be shared, what a token looks like, and whom an open makes known to whom.

use serde_json::json;

use super::error::ShareError;
use super::model::{FIRST_SESSION_MS, MAX_REFERENCE, MAX_SCENE, Subject, SubjectKind};
use crate::kernel::id::UserId;
use crate::kernel::time::{DAY_MS, Timestamp};

/// Characters of a token: what WeChat takes in a scene without any encoding.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of a new token: 95 bits, which nobody guesses, and half of what a scene holds, which keeps codes coarse.
pub(super) const TOKEN_LENGTH: usize = 16;
/// Random bytes that are enough to draw a token from: the chance that too few of them are below 248 is one in 10³⁰.
pub(super) const TOKEN_BYTES: usize = 64;
/// Under which name a page gets its token.
pub(super) const TOKEN_PARAMETER: &str = "share";

/// A token made of random bytes; `None` when too few of them could be used.
pub(super) fn token_of(bytes: &[u8]) -> Option<String> {
    // Bytes from 248 on would make the first letters of the alphabet likelier than the others.
    let letters = bytes.iter().filter(|byte| **byte < 248).map(|byte| usize::from(*byte % 62));
    let token: String =
        letters.filter_map(|place| ALPHABET.get(place)).take(TOKEN_LENGTH).map(|byte| char::from(*byte)).collect();
    (token.len() == TOKEN_LENGTH).then_some(token)
}

/// Whether a text could be a token at all.
pub(super) fn looks_like_token(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What is handed on, as it is stored; pages lose the slash in front that clients like to send.
///
/// # Errors
/// [`ShareError::SubjectInvalid`].
pub(super) fn subject(kind: SubjectKind, reference: &str) -> Result<Subject, ShareError> {
    let reference = if kind == SubjectKind::Page { reference.trim_start_matches('/') } else { reference };
    let refused = |reason: &str| Err(ShareError::SubjectInvalid(json!({ "field": "reference", "reason": reason })));
    if reference.is_empty() || reference.len() > MAX_REFERENCE {
        return refused("1 to 128 characters");
    }
    if !reference.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refused("only visible ASCII characters");
    }
    if kind == SubjectKind::Page && !is_page(reference) {
        return refused("a path of the mini-program, such as pages/index/index");
    }
    Ok(Subject { kind, reference: reference.to_owned() })
}

/// Whether this is the path of a page: words between single slashes, then perhaps a query. Never an address of
/// somewhere else.
fn is_page(reference: &str) -> bool {
    let path = reference.split('?').next().unwrap_or_default();
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    path.split('/').all(word) && !reference.contains('#')
}

/// A scene number of WeChat. Unknown ones are kept: WeChat adds some every year.
///
/// # Errors
/// [`ShareError::SceneInvalid`].
pub(super) fn scene(scene: Option<i64>) -> Result<Option<i64>, ShareError> {
    match scene {
        Some(number) if !(1..=MAX_SCENE).contains(&number) => Err(ShareError::SceneInvalid),
        scene => Ok(scene),
    }
}

/// Scenes in which nobody looks at the page: WeChat's crawler, and its test traffic.
const MACHINES: [i64; 4] = [1030, 1101, 1129, 1203];

/// Whether an open with this scene was made by a machine of WeChat's.
pub(super) fn is_machine(scene: Option<i64>) -> bool {
    scene.is_some_and(|scene| MACHINES.contains(&scene))
}

/// The page of a path without its query: what a code can open, its scene being all that travels with it.
pub(super) fn page_of(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// Longest period that figures are counted over, in milliseconds.
const MAX_PERIOD_MS: i64 = 92 * DAY_MS;
/// The period when nothing is said, in milliseconds.
const USUAL_PERIOD_MS: i64 = 30 * DAY_MS;

/// The period `[from, until)` that figures are counted over; the last 30 days when nothing is said.
///
/// # Errors
/// [`ShareError::PeriodInvalid`].
pub(super) fn period(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), ShareError> {
    // Until and with the present moment.
    let until = until.unwrap_or_else(|| now.plus_millis(1));
    let from = from.unwrap_or_else(|| until.plus_millis(-USUAL_PERIOD_MS));
    let length = until.millis_since(from);
    if (1..=MAX_PERIOD_MS).contains(&length) { Ok((from, until)) } else { Err(ShareError::PeriodInvalid) }
}

/// One arrival, seen from the question whether the sharer brought the visitor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Whose token it is.
    pub(super) sharer: UserId,
    /// Who came.
    pub(super) visitor: UserId,
    /// When the visitor was first seen, on any of their devices.
    pub(super) first_seen: Timestamp,
    /// When they came through the token.
    pub(super) at: Timestamp,
}

/// Whether the visitor's first-ever session is the one that came through the token, and the sharer was here before
/// them. Ids rise with time, so of two users the one with the lower id was here first.
pub(super) fn brings(arrival: Arrival) -> bool {
    arrival.sharer < arrival.visitor && arrival.at.millis_since(arrival.first_seen) <= FIRST_SESSION_MS
}

/// A page's path with the token in its query.
pub(super) fn path_with_token(path: &str, token: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{TOKEN_PARAMETER}={token}")
}

/// The query of a page's path with the token in it: what Moments takes, where the page is always the present one.
pub(super) fn query_with_token(path: &str, token: &str) -> String {
    match path.split_once('?') {
        Some((_, query)) if !query.is_empty() => format!("{query}&{TOKEN_PARAMETER}={token}"),
        _ => format!("{TOKEN_PARAMETER}={token}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::MINUTE_MS;

    #[test]
    fn a_token_is_drawn_evenly_and_fits_a_scene() {
        assert_eq!(token_of(&[0, 9, 10, 61, 247, 248, 255]), None, "too few bytes can be used");
        let token = token_of(&[61; 64]).unwrap();
        assert_eq!(token, "z".repeat(TOKEN_LENGTH));
        assert!(looks_like_token(&token));
        assert_eq!(token_of(&[248; 64]), None);
        for wrong in ["", "a b", "a%20", "三", &"a".repeat(33)] {
            assert!(!looks_like_token(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn only_paths_of_the_mini_program_are_pages() {
        let page = |reference: &str| subject(SubjectKind::Page, reference).map(|subject| subject.reference);
        assert_eq!(page("/pages/index/index").unwrap(), "pages/index/index");
        assert_eq!(page("pages/list/list?tag=new&n=1").unwrap(), "pages/list/list?tag=new&n=1");
        for wrong in ["", "/", "https://evil.example/", "//evil.example", "a//b", "../a", "a#b", "javascript:x", "页面"]
        {
            assert!(page(wrong).is_err(), "{wrong:?}");
        }
        assert!(page(&"a".repeat(129)).is_err());
        assert!(subject(SubjectKind::Product, "12 3").is_err());
    }

    #[test]
    fn a_period_is_neither_empty_nor_endless() {
        let at = |days: i64| Timestamp::from_millis(days * DAY_MS);
        assert_eq!(period(None, None, at(100)).unwrap(), (at(70).plus_millis(1), at(100).plus_millis(1)));
        assert_eq!(period(Some(at(8)), Some(at(100)), at(200)).unwrap(), (at(8), at(100)));
        for (from, until) in [(8, 8), (9, 8), (7, 100)] {
            assert!(period(Some(at(from)), Some(at(until)), at(200)).is_err(), "{from} {until}");
        }
    }

    #[test]
    fn a_token_joins_the_query_that_is_there() {
        assert_eq!(path_with_token("pages/a", "T"), "pages/a?share=T");
        assert_eq!(path_with_token("pages/a?id=1", "T"), "pages/a?id=1&share=T");
        assert_eq!(query_with_token("pages/a", "T"), "share=T");
        assert_eq!(query_with_token("pages/a?id=1", "T"), "id=1&share=T");
    }

    #[test]
    fn only_the_first_session_of_somebody_newer_is_an_acquisition() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * MINUTE_MS);
        let arrival = |sharer: i64, visitor: i64, minutes: i64| Arrival {
            sharer: UserId::new(sharer),
            visitor: UserId::new(visitor),
            first_seen: at(0),
            at: at(minutes),
        };
        assert!(brings(arrival(1, 2, 0)));
        assert!(brings(arrival(1, 2, 30)));
        assert!(!brings(arrival(1, 2, 31)), "a later session");
        assert!(!brings(arrival(2, 1, 0)), "the visitor was here first");
        assert!(!brings(arrival(1, 1, 0)), "nobody brings themselves");
    }
}
