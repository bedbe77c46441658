//! Web and app log-ins: codes, the tokens they turn into, and what those tokens may.

use std::collections::HashMap;

use super::dice::Dice;
use super::people::CodeTrouble;
use crate::kernel::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};

/// A user's access token lives two hours.
const ACCESS_MS: i64 = 2 * HOUR_MS;
/// A refresh token lives thirty days.
const REFRESH_MS: i64 = 30 * DAY_MS;
/// Codes and tokens kept before old ones are swept out.
const KEPT: usize = 20_000;

/// What the person agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Nothing but being recognised in this application.
    Base,
    /// Name, picture and unionid.
    UserInfo,
    /// The same on a website.
    Login,
}

impl Scope {
    /// Reads the word on the wire.
    pub(super) fn read(word: &str) -> Option<Self> {
        [Self::Base, Self::UserInfo, Self::Login].into_iter().find(|scope| scope.word() == word)
    }

    /// The word on the wire.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Base => "snsapi_base",
            Self::UserInfo => "snsapi_userinfo",
            Self::Login => "snsapi_login",
        }
    }

    /// Whether name, picture and unionid are told.
    pub(super) fn tells_more(self) -> bool {
        self != Self::Base
    }
}

/// Who agreed to what, in which application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Consent {
    /// The application.
    pub(super) app_id: String,
    /// The person within it; somebody made up on a snapshot page.
    pub(super) openid: String,
    /// What they agreed to.
    pub(super) scope: Scope,
    /// Whether nobody agreed: the virtual visitor of a snapshot page.
    pub(super) snapshot: bool,
}

struct Code {
    consent: Consent,
    ends_at: Timestamp,
    used: bool,
}

struct Token {
    consent: Consent,
    ends_at: Timestamp,
}

struct Refresh {
    consent: Consent,
    access: String,
    ends_at: Timestamp,
}

/// What a code or a refresh token turns into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Granted {
    /// The user's access token.
    pub(super) access_token: String,
    /// What it is renewed with.
    pub(super) refresh_token: String,
    /// Seconds it lives.
    pub(super) expires_in: i64,
    /// For whom.
    pub(super) consent: Consent,
}

/// Whether a user's token is good.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UserToken {
    /// It is.
    Good(Consent),
    /// Its time is over.
    Expired,
    /// Unknown.
    Invalid,
}

/// All codes and tokens of users.
#[derive(Default)]
pub(super) struct Oauth {
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Token>,
    refreshes: HashMap<String, Refresh>,
}

impl Oauth {
    /// A code that lives this long.
    pub(super) fn issue(&mut self, consent: Consent, lives_ms: i64, now: Timestamp, dice: &Dice) -> String {
        if self.codes.len() >= KEPT {
            self.codes.retain(|_, code| now < code.ends_at);
        }
        let code = format!("0{}", dice.letters(31));
        let ends_at = now.plus_millis(lives_ms);
        self.codes.insert(code.clone(), Code { consent, ends_at, used: false });
        code
    }

    /// Exchanges a code, once.
    pub(super) fn redeem(
        &mut self,
        app_id: &str,
        code: &str,
        now: Timestamp,
        dice: &Dice,
    ) -> Result<Granted, CodeTrouble> {
        let entry = self.codes.get_mut(code).filter(|entry| entry.consent.app_id == app_id);
        let entry = entry.ok_or(CodeTrouble::Invalid)?;
        if entry.used {
            return Err(CodeTrouble::Used);
        }
        if now >= entry.ends_at {
            return Err(CodeTrouble::Invalid);
        }
        entry.used = true;
        let consent = entry.consent.clone();
        self.sweep(now);
        let access = self.grant(consent.clone(), now, dice);
        let refresh_token = format!("{}_{}", dice.digits(2), dice.openid_letters(84));
        let refresh =
            Refresh { consent: consent.clone(), access: access.clone(), ends_at: now.plus_millis(REFRESH_MS) };
        self.refreshes.insert(refresh_token.clone(), refresh);
        Ok(Granted { access_token: access, refresh_token, expires_in: ACCESS_MS / SECOND_MS, consent })
    }

    /// Renews an access token: one that lives is prolonged, one that ended is replaced. `None` for a bad refresh token.
    pub(super) fn renew(&mut self, app_id: &str, token: &str, now: Timestamp, dice: &Dice) -> Option<Granted> {
        let refresh = self.refreshes.get(token)?;
        let consent = refresh.consent.clone();
        if consent.app_id != app_id || now >= refresh.ends_at {
            return None;
        }
        let lives = self.tokens.get_mut(&refresh.access).filter(|access| now < access.ends_at);
        let access_token = match lives {
            Some(access) => {
                access.ends_at = now.plus_millis(ACCESS_MS);
                refresh.access.clone()
            }
            None => {
                let fresh = self.grant(consent.clone(), now, dice);
                self.refreshes.get_mut(token)?.access.clone_from(&fresh);
                fresh
            }
        };
        Some(Granted { access_token, refresh_token: token.to_owned(), expires_in: ACCESS_MS / SECOND_MS, consent })
    }

    /// Whose a user's token is.
    pub(super) fn check(&self, token: &str, now: Timestamp) -> UserToken {
        match self.tokens.get(token) {
            None => UserToken::Invalid,
            Some(entry) if now >= entry.ends_at => UserToken::Expired,
            Some(entry) => UserToken::Good(entry.consent.clone()),
        }
    }

    fn grant(&mut self, consent: Consent, now: Timestamp, dice: &Dice) -> String {
        let token = format!("{}_{}", dice.digits(2), dice.openid_letters(84));
        self.tokens.insert(token.clone(), Token { consent, ends_at: now.plus_millis(ACCESS_MS) });
        token
    }

    fn sweep(&mut self, now: Timestamp) {
        if self.tokens.len() >= KEPT {
            self.tokens.retain(|_, token| now < token.ends_at);
        }
        if self.refreshes.len() >= KEPT {
            self.refreshes.retain(|_, refresh| now < refresh.ends_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * SECOND_MS)
    }

    fn consent() -> Consent {
        Consent { app_id: "wxA".to_owned(), openid: "o1".to_owned(), scope: Scope::UserInfo, snapshot: false }
    }

    #[test]
    fn a_code_works_once_in_time_and_in_its_application() {
        let (mut oauth, dice) = (Oauth::default(), Dice::new(Some(1), at(0)));
        let code = oauth.issue(consent(), 300_000, at(0), &dice);
        assert_eq!(oauth.redeem("wxB", &code, at(1), &dice), Err(CodeTrouble::Invalid));
        assert_eq!(oauth.redeem("wxA", &code, at(299), &dice).unwrap().consent, consent());
        assert_eq!(oauth.redeem("wxA", &code, at(299), &dice), Err(CodeTrouble::Used));
        let late = oauth.issue(consent(), 300_000, at(0), &dice);
        assert_eq!(oauth.redeem("wxA", &late, at(300), &dice), Err(CodeTrouble::Invalid));
    }

    #[test]
    fn renewing_prolongs_a_living_token_and_replaces_a_dead_one() {
        let (mut oauth, dice) = (Oauth::default(), Dice::new(Some(1), at(0)));
        let code = oauth.issue(consent(), 300_000, at(0), &dice);
        let first = oauth.redeem("wxA", &code, at(0), &dice).unwrap();
        let prolonged = oauth.renew("wxA", &first.refresh_token, at(7_000), &dice).unwrap();
        assert_eq!(prolonged.access_token, first.access_token);
        assert_eq!(oauth.check(&first.access_token, at(14_199)), UserToken::Good(consent()));
        assert_eq!(oauth.check(&first.access_token, at(14_200)), UserToken::Expired);
        let replaced = oauth.renew("wxA", &first.refresh_token, at(14_200), &dice).unwrap();
        assert_ne!(replaced.access_token, first.access_token);
        assert_eq!(oauth.renew("wxB", &first.refresh_token, at(14_200), &dice), None);
        assert_eq!(oauth.renew("wxA", &first.refresh_token, at(30 * 86_400), &dice), None);
        assert_eq!(oauth.check("nonsense", at(0)), UserToken::Invalid);
    }
}
