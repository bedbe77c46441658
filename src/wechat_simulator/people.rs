//! Users of the one mini-program, their login and phone codes, and the app's access tokens.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::journal::{FactRef, Journal};
use crate::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// Login and phone codes live five minutes.
const CODE_MS: i64 = 5 * MINUTE_MS;
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
/// Codes kept before old ones are swept out.
const CODES_KEPT: usize = 20_000;

/// A WeChat user as the mini-program sees them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct User {
    /// Identifies the user within this app.
    pub(super) openid: String,
    /// Identifies the user across apps of one owner; absent when the app is not bound to the open platform.
    pub(super) unionid: Option<String>,
    /// A name for the tester's eyes; WeChat never tells it to the shop.
    pub(super) nickname: Option<String>,
    /// The bound phone number, without country code.
    pub(super) phone: Option<String>,
    /// The key of the user's session, base64 of sixteen bytes.
    pub(super) session_key: String,
}

/// What a tester says about a new user.
#[derive(Default)]
pub(super) struct NewUser {
    /// A name for the tester's eyes.
    pub(super) nickname: Option<String>,
    /// The bound phone number.
    pub(super) phone: Option<String>,
    /// The app is treated as not bound to the open platform.
    pub(super) without_unionid: bool,
}

struct LoginCode {
    openid: String,
    issued_at: Timestamp,
    used: bool,
}

struct PhoneCode {
    openid: String,
    phone: String,
    issued_at: Timestamp,
}

/// Why a code is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeTrouble {
    /// Unknown or older than five minutes.
    Invalid,
    /// Already exchanged.
    Used,
    /// It belongs to another user than the one named.
    OtherUser,
}

struct Token {
    ends_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

/// Whether an access token opens the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenState {
    /// It does.
    Good,
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

/// The people's side of the state.
pub(super) struct People {
    users: HashMap<String, User>,
    login_codes: HashMap<String, LoginCode>,
    phone_codes: HashMap<String, PhoneCode>,
    tokens: HashMap<String, Token>,
    plain: Option<String>,
    stable: Option<String>,
    forced: Forced,
    journal: Arc<Journal>,
}

impl People {
    /// Nobody yet.
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self {
            users: HashMap::new(),
            login_codes: HashMap::new(),
            phone_codes: HashMap::new(),
            tokens: HashMap::new(),
            plain: None,
            stable: None,
            forced: Forced::default(),
            journal,
        }
    }

    /// Takes a user back from the journal.
    pub(super) fn recall(&mut self, user: User) {
        self.users.insert(user.openid.clone(), user);
    }

    /// All users.
    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// One user.
    pub(super) fn user(&self, openid: &str) -> Option<&User> {
        self.users.get(openid)
    }

    /// Creates a user.
    pub(super) fn create(&mut self, new: NewUser, dice: &Dice) -> User {
        let user = User {
            openid: format!("o{}", dice.openid_letters(27)),
            unionid: (!new.without_unionid).then(|| format!("o6_{}", dice.openid_letters(25))),
            nickname: new.nickname,
            phone: new.phone,
            session_key: BASE64.encode(dice.sixteen_bytes()),
        };
        self.journal.record(&FactRef::User(&user));
        self.users.insert(user.openid.clone(), user.clone());
        user
    }

    /// Binds a phone number. `false` when the user is unknown.
    pub(super) fn bind_phone(&mut self, openid: &str, phone: String) -> bool {
        let Some(user) = self.users.get_mut(openid) else { return false };
        user.phone = Some(phone);
        self.journal.record(&FactRef::User(user));
        true
    }

    /// What `wx.login` hands to the page.
    pub(super) fn issue_login_code(&mut self, openid: &str, now: Timestamp, dice: &Dice) -> String {
        if self.login_codes.len() >= CODES_KEPT {
            self.login_codes.retain(|_, code| now.millis_since(code.issued_at) < CODE_MS);
        }
        let code = format!("0{}", dice.letters(31));
        self.login_codes.insert(code.clone(), LoginCode { openid: openid.to_owned(), issued_at: now, used: false });
        code
    }

    /// Exchanges a login code for its user, once.
    pub(super) fn redeem_login_code(&mut self, code: &str, now: Timestamp) -> Result<User, CodeTrouble> {
        let entry = self.login_codes.get_mut(code).ok_or(CodeTrouble::Invalid)?;
        if entry.used {
            return Err(CodeTrouble::Used);
        }
        if now.millis_since(entry.issued_at) >= CODE_MS {
            return Err(CodeTrouble::Invalid);
        }
        let user = self.users.get(&entry.openid).cloned().ok_or(CodeTrouble::Invalid)?;
        entry.used = true;
        Ok(user)
    }

    /// What the phone button hands to the page.
    pub(super) fn issue_phone_code(&mut self, openid: &str, phone: String, now: Timestamp, dice: &Dice) -> String {
        if self.phone_codes.len() >= CODES_KEPT {
            self.phone_codes.retain(|_, code| now.millis_since(code.issued_at) < CODE_MS);
        }
        let code = dice.hex(64);
        self.phone_codes.insert(code.clone(), PhoneCode { openid: openid.to_owned(), phone, issued_at: now });
        code
    }

    /// Exchanges a phone code for the number, once; with an openid the pair must match.
    pub(super) fn redeem_phone_code(
        &mut self,
        code: &str,
        openid: Option<&str>,
        now: Timestamp,
    ) -> Result<String, CodeTrouble> {
        let entry = self.phone_codes.get(code).ok_or(CodeTrouble::Invalid)?;
        if openid.is_some_and(|openid| openid != entry.openid) {
            return Err(CodeTrouble::OtherUser);
        }
        let entry = self.phone_codes.remove(code).ok_or(CodeTrouble::Invalid)?;
        if now.millis_since(entry.issued_at) >= CODE_MS {
            return Err(CodeTrouble::Invalid);
        }
        Ok(entry.phone)
    }

    /// Gives the user a new session key.
    pub(super) fn reset_session_key(&mut self, openid: &str, dice: &Dice) -> Option<User> {
        let user = self.users.get_mut(openid)?;
        user.session_key = BASE64.encode(dice.sixteen_bytes());
        self.journal.record(&FactRef::User(user));
        Some(user.clone())
    }

    /// `GET /cgi-bin/token`: always a new token; the one before stays usable for five minutes.
    pub(super) fn plain_token(&mut self, now: Timestamp, dice: &Dice) -> Grant {
        if let Some(old) = self.plain.take() {
            self.revoke(&old, now.plus_millis(OVERLAP_MS));
        }
        let token = self.issue(now, dice);
        self.plain = Some(token.clone());
        Grant { access_token: token, expires_in: TOKEN_MS / SECOND_MS }
    }

    /// `POST /cgi-bin/stable_token`: the current token with what it has left, renewed five minutes before its end.
    /// A forced refresh replaces it at once, at most twenty times a day; within thirty seconds of the last one it
    /// changes nothing. `None` when the day's forced refreshes are used up.
    pub(super) fn stable_token(&mut self, force: bool, now: Timestamp, dice: &Dice) -> Option<Grant> {
        let current = self.stable.clone().and_then(|token| {
            let left = self.tokens.get(&token)?.ends_at.millis_since(now);
            (left > OVERLAP_MS).then_some((token, left))
        });
        if let (Some((token, left)), false) = (&current, force && self.may_force_again(now)) {
            return Some(Grant { access_token: token.clone(), expires_in: left / SECOND_MS });
        }
        if force {
            self.count_forced(now)?;
            if let Some((token, _)) = current {
                self.revoke(&token, now);
            }
        }
        let token = self.issue(now, dice);
        self.stable = Some(token.clone());
        Some(Grant { access_token: token, expires_in: TOKEN_MS / SECOND_MS })
    }

    /// Whether a token opens the door now.
    pub(super) fn token_state(&self, token: &str, now: Timestamp) -> TokenState {
        match self.tokens.get(token) {
            None => TokenState::Invalid,
            Some(entry) if entry.revoked_at.is_some_and(|at| at <= now) => TokenState::Invalid,
            Some(entry) if entry.ends_at <= now => TokenState::Expired,
            Some(_) => TokenState::Good,
        }
    }

    fn may_force_again(&self, now: Timestamp) -> bool {
        self.forced.last.is_none_or(|last| now.millis_since(last) >= FORCED_GAP_MS)
    }

    fn count_forced(&mut self, now: Timestamp) -> Option<()> {
        let day = now.plus_millis(BEIJING_MS).millis().div_euclid(DAY_MS);
        if self.forced.day != day {
            self.forced = Forced { day, count: 0, last: self.forced.last };
        }
        if self.forced.count >= FORCED_PER_DAY {
            return None;
        }
        self.forced.count = self.forced.count.saturating_add(1);
        self.forced.last = Some(now);
        Some(())
    }

    fn revoke(&mut self, token: &str, at: Timestamp) {
        if let Some(entry) = self.tokens.get_mut(token) {
            entry.revoked_at = Some(at);
        }
    }

    fn issue(&mut self, now: Timestamp, dice: &Dice) -> String {
        self.tokens.retain(|_, token| now.millis_since(token.ends_at) < DAY_MS);
        let token = format!("{}_{}", dice.digits(2), dice.openid_letters(133));
        self.tokens.insert(token.clone(), Token { ends_at: now.plus_millis(TOKEN_MS), revoked_at: None });
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * SECOND_MS)
    }

    fn nobody() -> (People, Dice) {
        (People::new(Arc::new(Journal::default())), Dice::new(Some(3), at(0)))
    }

    #[test]
    fn a_login_code_works_once_and_for_five_minutes() {
        let (mut people, dice) = nobody();
        let user = people.create(NewUser::default(), &dice);
        let code = people.issue_login_code(&user.openid, at(0), &dice);
        assert_eq!(people.redeem_login_code(&code, at(299)).unwrap().openid, user.openid);
        assert_eq!(people.redeem_login_code(&code, at(299)).unwrap_err(), CodeTrouble::Used);
        let late = people.issue_login_code(&user.openid, at(0), &dice);
        assert_eq!(people.redeem_login_code(&late, at(300)).unwrap_err(), CodeTrouble::Invalid);
    }

    #[test]
    fn a_phone_code_is_tied_to_its_user_and_works_once() {
        let (mut people, dice) = nobody();
        let code = people.issue_phone_code("oA", "13800000000".to_owned(), at(0), &dice);
        assert_eq!(people.redeem_phone_code(&code, Some("oB"), at(1)).unwrap_err(), CodeTrouble::OtherUser);
        assert_eq!(people.redeem_phone_code(&code, Some("oA"), at(1)).unwrap(), "13800000000");
        assert_eq!(people.redeem_phone_code(&code, None, at(1)).unwrap_err(), CodeTrouble::Invalid);
    }

    #[test]
    fn a_new_plain_token_leaves_the_old_one_five_minutes() {
        let (mut people, dice) = nobody();
        let old = people.plain_token(at(0), &dice).access_token;
        let new = people.plain_token(at(10), &dice).access_token;
        assert_eq!(people.token_state(&old, at(309)), TokenState::Good);
        assert_eq!(people.token_state(&old, at(310)), TokenState::Invalid);
        assert_eq!(people.token_state(&new, at(7_209)), TokenState::Good);
        assert_eq!(people.token_state(&new, at(7_210)), TokenState::Expired);
    }

    #[test]
    fn the_stable_space_is_separate_and_keeps_its_token() {
        let (mut people, dice) = nobody();
        let stable = people.stable_token(false, at(0), &dice).unwrap().access_token;
        people.plain_token(at(1), &dice);
        people.plain_token(at(2), &dice);
        let again = people.stable_token(false, at(1_000), &dice).unwrap();
        assert_eq!(again, Grant { access_token: stable.clone(), expires_in: 6_200 });
        let renewed = people.stable_token(false, at(6_900), &dice).unwrap();
        assert_ne!(renewed.access_token, stable);
        assert_eq!(people.token_state(&stable, at(6_901)), TokenState::Good);
    }

    #[test]
    fn forcing_replaces_at_once_but_not_within_thirty_seconds_nor_past_twenty_a_day() {
        let (mut people, dice) = nobody();
        let first = people.stable_token(true, at(0), &dice).unwrap().access_token;
        assert_eq!(people.stable_token(true, at(29), &dice).unwrap().access_token, first);
        for nth in 1..20 {
            assert!(people.stable_token(true, at(nth * 30), &dice).is_some());
        }
        assert_eq!(people.token_state(&first, at(600)), TokenState::Invalid);
        assert!(people.stable_token(true, at(600), &dice).is_none());
        assert!(people.stable_token(true, at(86_400), &dice).is_some());
    }
}
