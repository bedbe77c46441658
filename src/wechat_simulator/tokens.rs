//! Access tokens of applications: two spaces for each, as the token calls document them.

use std::collections::HashMap;

use super::dice::Dice;
use crate::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// Access tokens live two hours.
const TOKEN_MS: i64 = 2 * HOUR_MS;
/// The platform keeps a replaced plain token usable, and renews a stable one this long before its end.
const OVERLAP_MS: i64 = 5 * MINUTE_MS;
/// Two forced refreshes closer than this give the same token.
const FORCED_GAP_MS: i64 = 30 * SECOND_MS;
/// Forced refreshes a day.
const FORCED_PER_DAY: u32 = 20;
/// Days of quotas begin at midnight in Beijing.
const BEIJING_MS: i64 = 8 * HOUR_MS;

struct Token {
    app_id: String,
    ends_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

/// Whether an access token opens the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenState {
    /// It does, for this application.
    Good(String),
    /// Its time is over.
    Expired,
    /// Unknown, or replaced by another.
    Invalid,
}

/// A token as the token calls answer it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The token.
    pub(super) access_token: String,
    /// Seconds it has left.
    pub(super) expires_in: i64,
}

#[derive(Default)]
struct Forced {
    day: i64,
    count: u32,
    last: Option<Timestamp>,
}

/// One application's current tokens.
#[derive(Default)]
struct Space {
    plain: Option<String>,
    stable: Option<String>,
    forced: Forced,
}

/// All tokens.
#[derive(Default)]
pub(super) struct Tokens {
    tokens: HashMap<String, Token>,
    spaces: HashMap<String, Space>,
}

impl Tokens {
    /// `GET /cgi-bin/token`: always a new token; the one before stays usable for five minutes.
    pub(super) fn plain(&mut self, app_id: &str, now: Timestamp, dice: &Dice) -> Grant {
        if let Some(old) = self.space(app_id).plain.take() {
            self.revoke(&old, now.plus_millis(OVERLAP_MS));
        }
        let token = self.issue(app_id, now, dice);
        self.space(app_id).plain = Some(token.clone());
        Grant { access_token: token, expires_in: TOKEN_MS / SECOND_MS }
    }

    /// `POST /cgi-bin/stable_token`: the current token with what it has left, renewed five minutes before its end.
    /// A forced refresh replaces it at once, at most twenty times a day; within thirty seconds of the last one it
    /// changes nothing. `None` when the day's forced refreshes are used up.
    pub(super) fn stable(&mut self, app_id: &str, force: bool, now: Timestamp, dice: &Dice) -> Option<Grant> {
        let current = self.space(app_id).stable.clone().and_then(|token| {
            let left = self.tokens.get(&token)?.ends_at.millis_since(now);
            (left > OVERLAP_MS).then_some((token, left))
        });
        let replaces = force && self.space(app_id).forced.may_again(now);
        if let (Some((token, left)), false) = (&current, replaces) {
            return Some(Grant { access_token: token.clone(), expires_in: left / SECOND_MS });
        }
        if force {
            self.space(app_id).forced.count(now)?;
            if let Some((token, _)) = current {
                self.revoke(&token, now);
            }
        }
        let token = self.issue(app_id, now, dice);
        self.space(app_id).stable = Some(token.clone());
        Some(Grant { access_token: token, expires_in: TOKEN_MS / SECOND_MS })
    }

    /// Whether a token opens the door now, and whose it is.
    pub(super) fn state(&self, token: &str, now: Timestamp) -> TokenState {
        match self.tokens.get(token) {
            None => TokenState::Invalid,
            Some(entry) if entry.revoked_at.is_some_and(|at| at <= now) => TokenState::Invalid,
            Some(entry) if entry.ends_at <= now => TokenState::Expired,
            Some(entry) => TokenState::Good(entry.app_id.clone()),
        }
    }

    fn space(&mut self, app_id: &str) -> &mut Space {
        self.spaces.entry(app_id.to_owned()).or_default()
    }

    fn revoke(&mut self, token: &str, at: Timestamp) {
        if let Some(entry) = self.tokens.get_mut(token) {
            entry.revoked_at = Some(at);
        }
    }

    fn issue(&mut self, app_id: &str, now: Timestamp, dice: &Dice) -> String {
        self.tokens.retain(|_, token| now.millis_since(token.ends_at) < DAY_MS);
        let token = format!("{}_{}", dice.digits(2), dice.openid_letters(133));
        let entry = Token { app_id: app_id.to_owned(), ends_at: now.plus_millis(TOKEN_MS), revoked_at: None };
        self.tokens.insert(token.clone(), entry);
        token
    }
}

impl Forced {
    fn may_again(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| now.millis_since(last) >= FORCED_GAP_MS)
    }

    fn count(&mut self, now: Timestamp) -> Option<()> {
        let day = now.plus_millis(BEIJING_MS).millis().div_euclid(DAY_MS);
        if self.day != day {
            *self = Self { day, count: 0, last: self.last };
        }
        if self.count >= FORCED_PER_DAY {
            return None;
        }
        self.count = self.count.saturating_add(1);
        self.last = Some(now);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "wxA";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * SECOND_MS)
    }

    fn none() -> (Tokens, Dice) {
        (Tokens::default(), Dice::new(Some(3), at(0)))
    }

    fn good() -> TokenState {
        TokenState::Good(APP.to_owned())
    }

    #[test]
    fn a_new_plain_token_leaves_the_old_one_five_minutes() {
        let (mut tokens, dice) = none();
        let old = tokens.plain(APP, at(0), &dice).access_token;
        let new = tokens.plain(APP, at(10), &dice).access_token;
        assert_eq!(tokens.state(&old, at(309)), good());
        assert_eq!(tokens.state(&old, at(310)), TokenState::Invalid);
        assert_eq!(tokens.state(&new, at(7_209)), good());
        assert_eq!(tokens.state(&new, at(7_210)), TokenState::Expired);
    }

    #[test]
    fn the_stable_space_is_separate_and_keeps_its_token() {
        let (mut tokens, dice) = none();
        let stable = tokens.stable(APP, false, at(0), &dice).unwrap().access_token;
        tokens.plain(APP, at(1), &dice);
        tokens.plain(APP, at(2), &dice);
        let again = tokens.stable(APP, false, at(1_000), &dice).unwrap();
        assert_eq!(again, Grant { access_token: stable.clone(), expires_in: 6_200 });
        let renewed = tokens.stable(APP, false, at(6_900), &dice).unwrap();
        assert_ne!(renewed.access_token, stable);
        assert_eq!(tokens.state(&stable, at(6_901)), good());
    }

    #[test]
    fn forcing_replaces_at_once_but_not_within_thirty_seconds_nor_past_twenty_a_day() {
        let (mut tokens, dice) = none();
        let first = tokens.stable(APP, true, at(0), &dice).unwrap().access_token;
        assert_eq!(tokens.stable(APP, true, at(29), &dice).unwrap().access_token, first);
        for nth in 1..20 {
            assert!(tokens.stable(APP, true, at(nth * 30), &dice).is_some());
        }
        assert_eq!(tokens.state(&first, at(600)), TokenState::Invalid);
        assert!(tokens.stable(APP, true, at(600), &dice).is_none());
        assert!(tokens.stable(APP, true, at(86_400), &dice).is_some());
    }

    #[test]
    fn applications_do_not_disturb_each_other() {
        let (mut tokens, dice) = none();
        let ours = tokens.stable(APP, false, at(0), &dice).unwrap().access_token;
        let theirs = tokens.stable("wxB", true, at(1), &dice).unwrap().access_token;
        assert_ne!(ours, theirs);
        assert_eq!(tokens.state(&ours, at(2)), good());
        assert_eq!(tokens.state(&theirs, at(2)), TokenState::Good("wxB".to_owned()));
    }
}
