//! People, how each application knows them, and their login and phone codes.
//!
//! A person has an openid and a session key in each application, and one unionid for each account of the Open Platform.
//! The openid in the mini-program that the simulator was started with is also the person's key in here, the home openid.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::apps::{OWNER, OpenApp};
use super::dice::Dice;
use super::journal::{FactRef, Journal};
use crate::kernel::time::{MINUTE_MS, Timestamp};

/// Login and phone codes live five minutes.
const CODE_MS: i64 = 5 * MINUTE_MS;
/// Codes kept before old ones are swept out.
const CODES_KEPT: usize = 20_000;

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct User {
    /// Identifies the person within the home mini-program.
    pub(super) openid: String,
    /// Identifies the person across the owner's apps; absent when they are not bound to the open platform.
    pub(super) unionid: Option<String>,
    /// A name for the tester's eyes, and what `userinfo` tells; the mini-program is never told.
    pub(super) nickname: Option<String>,
    /// The bound phone number, without country code.
    pub(super) phone: Option<String>,
    /// The key of the person's session in the home mini-program, base64 of sixteen bytes.
    pub(super) session_key: String,
    /// How other applications know the person, by app id.
    #[serde(default)]
    pub(super) elsewhere: BTreeMap<String, Membership>,
    /// Unionids at other accounts of the Open Platform.
    #[serde(default)]
    other_unionids: BTreeMap<String, String>,
}

/// How another application knows a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Membership {
    /// Identifies the person within that application.
    pub(super) openid: String,
    /// The key of the person's session there.
    pub(super) session_key: String,
    /// Since when the person follows it, and how it came to that; only for service accounts.
    #[serde(default)]
    pub(super) follow: Option<Follow>,
}

/// A person follows a service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Follow {
    /// Since when.
    pub(super) since: Timestamp,
    /// `ADD_SCENE_…`.
    pub(super) way: String,
    /// The number of the parametric code, 0 for none.
    pub(super) qr_scene: i64,
    /// The text of the parametric code, empty for none.
    pub(super) qr_scene_str: String,
}

/// A person as one application knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The person's key in here.
    pub(super) home: String,
    /// The application.
    pub(super) app_id: String,
    /// Identifies the person within it.
    pub(super) openid: String,
    /// Identifies the person at its account of the Open Platform.
    pub(super) unionid: Option<String>,
    /// The key of the person's session in it.
    pub(super) session_key: String,
    /// The person's name.
    pub(super) nickname: Option<String>,
    /// Whether and how the person follows it.
    pub(super) follow: Option<Follow>,
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
    known: Known,
    issued_at: Timestamp,
    used: bool,
}

struct PhoneCode {
    app_id: String,
    openid: String,
    phone: String,
    issued_at: Timestamp,
}

/// Why a code is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeTrouble {
    /// Unknown or too old, or of another application.
    Invalid,
    /// Already exchanged.
    Used,
    /// It belongs to another user than the one named.
    OtherUser,
    /// It belongs to another application.
    OtherApp,
}

/// The people's side of the state.
pub(super) struct People {
    home_app: String,
    users: HashMap<String, User>,
    /// Whose an openid in another application is: the application, and the home openid.
    abroad: HashMap<String, (String, String)>,
    login_codes: HashMap<String, LoginCode>,
    phone_codes: HashMap<String, PhoneCode>,
    journal: Arc<Journal>,
}

impl People {
    /// Nobody yet.
    pub(super) fn new(home_app: String, journal: Arc<Journal>) -> Self {
        Self {
            home_app,
            users: HashMap::new(),
            abroad: HashMap::new(),
            login_codes: HashMap::new(),
            phone_codes: HashMap::new(),
            journal,
        }
    }

    /// Takes a user back from the journal.
    pub(super) fn recall(&mut self, user: User) {
        for (app_id, membership) in &user.elsewhere {
            self.abroad.insert(membership.openid.clone(), (app_id.clone(), user.openid.clone()));
        }
        self.users.insert(user.openid.clone(), user);
    }

    /// All users.
    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// One user by the home openid.
    pub(super) fn user(&self, openid: &str) -> Option<&User> {
        self.users.get(openid)
    }

    /// Whose an openid is, in whichever application: the application and the home openid.
    pub(super) fn owner_of(&self, openid: &str) -> Option<(String, String)> {
        if self.users.contains_key(openid) {
            return Some((self.home_app.clone(), openid.to_owned()));
        }
        self.abroad.get(openid).cloned()
    }

    /// Creates a user.
    pub(super) fn create(&mut self, new: NewUser, dice: &Dice) -> User {
        let user = User {
            openid: format!("o{}", dice.openid_letters(27)),
            unionid: (!new.without_unionid).then(|| format!("o6_{}", dice.openid_letters(25))),
            nickname: new.nickname,
            phone: new.phone,
            session_key: BASE64.encode(dice.sixteen_bytes()),
            elsewhere: BTreeMap::new(),
            other_unionids: BTreeMap::new(),
        };
        self.journal.record(&FactRef::User(&user));
        self.users.insert(user.openid.clone(), user.clone());
        user
    }

    /// The person as an application knows them, who gets to know them now if it did not. `None` for a stranger.
    pub(super) fn meet(&mut self, home: &str, app: &OpenApp, dice: &Dice) -> Option<Known> {
        let is_home = app.app_id == self.home_app;
        let user = self.users.get_mut(home)?;
        let other_platform = !matches!(app.open_platform.as_str(), "" | OWNER) && user.unionid.is_some();
        let new_here = !is_home && !user.elsewhere.contains_key(&app.app_id);
        let new_there = other_platform && !user.other_unionids.contains_key(&app.open_platform);
        if new_here {
            let openid = format!("o{}", dice.openid_letters(27));
            let session_key = BASE64.encode(dice.sixteen_bytes());
            self.abroad.insert(openid.clone(), (app.app_id.clone(), home.to_owned()));
            user.elsewhere.insert(app.app_id.clone(), Membership { openid, session_key, follow: None });
        }
        if new_there {
            user.other_unionids.insert(app.open_platform.clone(), format!("o6_{}", dice.openid_letters(25)));
        }
        if new_here || new_there {
            self.journal.record(&FactRef::User(user));
        }
        known(user, app, is_home)
    }

    /// The person of an openid of this application. `None` when the openid is another application's, or nobody's.
    pub(super) fn known(&self, app: &OpenApp, openid: &str) -> Option<Known> {
        let (app_id, home) = self.owner_of(openid)?;
        let user = self.users.get(&home).filter(|_| app_id == app.app_id)?;
        known(user, app, app_id == self.home_app)
    }

    /// Binds a phone number. `false` when the user is unknown.
    pub(super) fn bind_phone(&mut self, home: &str, phone: String) -> bool {
        let Some(user) = self.users.get_mut(home) else { return false };
        user.phone = Some(phone);
        self.journal.record(&FactRef::User(user));
        true
    }

    /// The person begins or ends to follow a service account that knows them.
    pub(super) fn follow(&mut self, known: &Known, follow: Option<Follow>) {
        let Some(user) = self.users.get_mut(&known.home) else { return };
        let Some(membership) = user.elsewhere.get_mut(&known.app_id) else { return };
        membership.follow = follow;
        self.journal.record(&FactRef::User(user));
    }

    /// What `wx.login` hands to the page.
    pub(super) fn issue_login_code(&mut self, known: Known, now: Timestamp, dice: &Dice) -> String {
        if self.login_codes.len() >= CODES_KEPT {
            self.login_codes.retain(|_, code| now.millis_since(code.issued_at) < CODE_MS);
        }
        let code = format!("0{}", dice.letters(31));
        self.login_codes.insert(code.clone(), LoginCode { known, issued_at: now, used: false });
        code
    }

    /// Exchanges a login code for its user, once, with the session key of this moment.
    pub(super) fn redeem_login_code(
        &mut self,
        app: &OpenApp,
        code: &str,
        now: Timestamp,
    ) -> Result<Known, CodeTrouble> {
        let entry = self.login_codes.get_mut(code).filter(|entry| entry.known.app_id == app.app_id);
        let entry = entry.ok_or(CodeTrouble::Invalid)?;
        if entry.used {
            return Err(CodeTrouble::Used);
        }
        if now.millis_since(entry.issued_at) >= CODE_MS {
            return Err(CodeTrouble::Invalid);
        }
        entry.used = true;
        let openid = entry.known.openid.clone();
        self.known(app, &openid).ok_or(CodeTrouble::Invalid)
    }

    /// What the phone button hands to the page.
    pub(super) fn issue_phone_code(&mut self, known: &Known, phone: String, now: Timestamp, dice: &Dice) -> String {
        if self.phone_codes.len() >= CODES_KEPT {
            self.phone_codes.retain(|_, code| now.millis_since(code.issued_at) < CODE_MS);
        }
        let code = dice.hex(64);
        let (app_id, openid) = (known.app_id.clone(), known.openid.clone());
        self.phone_codes.insert(code.clone(), PhoneCode { app_id, openid, phone, issued_at: now });
        code
    }

    /// Exchanges a phone code for the number, once; with an openid the pair must match.
    pub(super) fn redeem_phone_code(
        &mut self,
        app_id: &str,
        code: &str,
        openid: Option<&str>,
        now: Timestamp,
    ) -> Result<String, CodeTrouble> {
        let entry = self.phone_codes.get(code).ok_or(CodeTrouble::Invalid)?;
        if entry.app_id != app_id {
            return Err(CodeTrouble::OtherApp);
        }
        if openid.is_some_and(|openid| openid != entry.openid) {
            return Err(CodeTrouble::OtherUser);
        }
        let entry = self.phone_codes.remove(code).ok_or(CodeTrouble::Invalid)?;
        if now.millis_since(entry.issued_at) >= CODE_MS {
            return Err(CodeTrouble::Invalid);
        }
        Ok(entry.phone)
    }

    /// Gives the user a new session key in this application.
    pub(super) fn reset_session_key(&mut self, app: &OpenApp, openid: &str, dice: &Dice) -> Option<Known> {
        let home = self.known(app, openid)?.home;
        let user = self.users.get_mut(&home)?;
        let fresh = BASE64.encode(dice.sixteen_bytes());
        match user.elsewhere.get_mut(&app.app_id) {
            Some(membership) => membership.session_key = fresh,
            None => user.session_key = fresh,
        }
        self.journal.record(&FactRef::User(user));
        self.known(app, openid)
    }
}

fn known(user: &User, app: &OpenApp, is_home: bool) -> Option<Known> {
    let (openid, session_key, follow) = if is_home {
        (user.openid.clone(), user.session_key.clone(), None)
    } else {
        let membership = user.elsewhere.get(&app.app_id)?;
        (membership.openid.clone(), membership.session_key.clone(), membership.follow.clone())
    };
    let unionid = match app.open_platform.as_str() {
        "" => None,
        OWNER => user.unionid.clone(),
        other => user.other_unionids.get(other).cloned(),
    };
    let (home, app_id, nickname) = (user.openid.clone(), app.app_id.clone(), user.nickname.clone());
    Some(Known { home, app_id, openid, unionid, session_key, nickname, follow })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SECOND_MS;
    use crate::wechat_simulator::apps::AppKind;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * SECOND_MS)
    }

    fn nobody() -> (People, Dice) {
        (People::new("wxHome".to_owned(), Arc::new(Journal::default())), Dice::new(Some(3), at(0)))
    }

    fn app(app_id: &str, open_platform: &str) -> OpenApp {
        let dice = Dice::new(Some(4), at(0));
        OpenApp::new(AppKind::Mini, app_id.to_owned(), open_platform.to_owned(), &dice)
    }

    fn somebody(people: &mut People, dice: &Dice) -> Known {
        let user = people.create(NewUser::default(), dice);
        people.meet(&user.openid, &app("wxHome", OWNER), dice).unwrap()
    }

    #[test]
    fn a_login_code_works_once_for_five_minutes_and_in_its_application() {
        let (mut people, dice) = nobody();
        let home = app("wxHome", OWNER);
        let known = somebody(&mut people, &dice);
        let code = people.issue_login_code(known.clone(), at(0), &dice);
        let other = app("wxOther", OWNER);
        assert_eq!(people.redeem_login_code(&other, &code, at(1)).unwrap_err(), CodeTrouble::Invalid);
        assert_eq!(people.redeem_login_code(&home, &code, at(299)).unwrap(), known);
        assert_eq!(people.redeem_login_code(&home, &code, at(299)).unwrap_err(), CodeTrouble::Used);
        let late = people.issue_login_code(known, at(0), &dice);
        assert_eq!(people.redeem_login_code(&home, &late, at(300)).unwrap_err(), CodeTrouble::Invalid);
    }

    #[test]
    fn a_phone_code_is_tied_to_its_user_and_application_and_works_once() {
        let (mut people, dice) = nobody();
        let known = somebody(&mut people, &dice);
        let code = people.issue_phone_code(&known, "13800000000".to_owned(), at(0), &dice);
        let openid = known.openid.as_str();
        let mut redeem = |app: &str, openid| people.redeem_phone_code(app, &code, openid, at(1));
        assert_eq!(redeem("wxHome", Some("oB")).unwrap_err(), CodeTrouble::OtherUser);
        assert_eq!(redeem("wxOther", None).unwrap_err(), CodeTrouble::OtherApp);
        assert_eq!(redeem("wxHome", Some(openid)).unwrap(), "13800000000");
        assert_eq!(redeem("wxHome", None).unwrap_err(), CodeTrouble::Invalid);
    }

    #[test]
    fn each_application_has_its_own_openid_and_each_owner_one_unionid() {
        let (mut people, dice) = nobody();
        let here = somebody(&mut people, &dice);
        let mut meet = |app: OpenApp| people.meet(&here.home, &app, &dice).unwrap();
        let (ours, again) = (meet(app("wxOurs", OWNER)), meet(app("wxOurs", OWNER)));
        let (theirs, also_theirs) = (meet(app("wxTheirs", "other")), meet(app("wxAlsoTheirs", "other")));
        let unbound = meet(app("wxUnbound", ""));
        assert_eq!(ours, again);
        assert_eq!(ours.unionid, here.unionid);
        assert_ne!(ours.openid, here.openid);
        assert_ne!(ours.session_key, here.session_key);
        assert!(theirs.unionid.is_some() && theirs.unionid != ours.unionid);
        assert_eq!(theirs.unionid, also_theirs.unionid);
        assert_eq!(unbound.unionid, None);
        assert_eq!(people.owner_of(&ours.openid), Some(("wxOurs".to_owned(), here.home.clone())));
        assert_eq!(people.known(&app("wxTheirs", "other"), &ours.openid), None, "an openid of another application");
    }
}
