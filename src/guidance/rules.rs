//! Pure decisions: what somebody still lacks, and where each way leads.

use super::model::{Benefit, Guided, Step, Way};
use crate::entrance::{Entrance, EntranceId, Platform};
use crate::identity::{Proof, Provider};
use crate::kernel::time::{DAY_MS, Timestamp};

/// A link that lives less than this is made anew, in milliseconds.
const FRESH_MS: i64 = DAY_MS;

/// What is known of somebody.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Everything that proves them.
    pub(super) proofs: Vec<Proof>,
    /// The service accounts they follow.
    pub(super) follows: Vec<EntranceId>,
}

impl Known {
    fn has(&self, provider: Provider, app_id: Option<&str>) -> bool {
        self.proofs.iter().any(|proof| proof.provider == provider && app_id.is_none_or(|id| proof.app_id == id))
    }
}

/// Where somebody is going: a page of the mini-program with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Going {
    /// The page with its query, which carries the token.
    pub(super) path: String,
    /// The token alone.
    pub(super) share_token: Option<String>,
}

impl Going {
    /// The page and its query apart, as WeChat wants them.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.path.split_once('?').unwrap_or((self.path.as_str(), ""))
    }
}

/// Every step there is for somebody, those they have taken too, in the order in which they are worth showing.
pub(super) fn steps(entrances: &[Entrance], known: &Known, going: &Going) -> Vec<Guided> {
    let of = |platform: Platform| entrances.iter().filter(move |entrance| entrance.platform == platform);
    let mut steps = vec![unionid(of(Platform::WechatService).next().is_some(), known), phone(known)];
    steps.extend(of(Platform::WechatService).map(|account| follow(account, known)));
    steps.extend(of(Platform::WechatMini).map(|mini| mini_program(mini, known, going)));
    steps.extend(of(Platform::WechatApp).map(|app| native_app(app, known, going)));
    steps
}

fn unionid(has_service_account: bool, known: &Known) -> Guided {
    let through_account = Way::Request { method: "GET", path: "/api/v1/sessions/wechat-service/authorize-url" };
    Guided {
        step: Step::Unionid,
        entrance: None,
        done: known.has(Provider::WechatUnionid, None),
        brings: &[Benefit::OneAccount],
        ways: has_service_account.then_some(through_account).into_iter().collect(),
    }
}

fn phone(known: &Known) -> Guided {
    Guided {
        step: Step::Phone,
        entrance: None,
        done: known.has(Provider::Phone, None),
        brings: &[Benefit::Recovery, Benefit::OneAccount, Benefit::TextMessages],
        ways: vec![
            Way::Request { method: "POST", path: "/api/v1/me/phone/wechat" },
            Way::Request { method: "POST", path: "/api/v1/me/phone/sms" },
        ],
    }
}

fn named(entrance: &Entrance) -> Option<(EntranceId, String)> {
    Some((entrance.id, entrance.name.clone()))
}

fn follow(account: &Entrance, known: &Known) -> Guided {
    Guided {
        step: Step::Follow,
        entrance: named(account),
        done: known.follows.contains(&account.id),
        brings: &[Benefit::OrderMessages],
        ways: vec![
            Way::OfficialAccount { app_id: account.app_id.clone(), original_id: account.original_id.clone() },
            Way::Request { method: "POST", path: "/api/v1/service-codes" },
        ],
    }
}

fn mini_program(mini: &Entrance, known: &Known, going: &Going) -> Guided {
    let app_id = mini.app_id.clone();
    Guided {
        step: Step::MiniProgram,
        entrance: named(mini),
        done: known.has(Provider::WechatMini, Some(&mini.app_id)),
        brings: &[Benefit::SharingInWechat],
        ways: vec![
            Way::MiniProgram { app_id, original_id: mini.original_id.clone(), path: going.path.clone() },
            Way::Request { method: "POST", path: "/api/v1/me/entrances/links" },
        ],
    }
}

fn native_app(app: &Entrance, known: &Known, going: &Going) -> Guided {
    Guided {
        step: Step::App,
        entrance: named(app),
        done: known.has(Provider::WechatApp, Some(&app.app_id)),
        brings: &[Benefit::HomeScreen],
        ways: vec![Way::LaunchApp { app_id: app.app_id.clone(), app_parameter: app_parameter(going) }],
    }
}

/// What the mini-program's button hands to the app: the page it may go on with, and the token.
fn app_parameter(going: &Going) -> String {
    let page = format!("page={}", encoded(&going.path));
    match &going.share_token {
        Some(token) => format!("{page}&share={token}"),
        None => page,
    }
}

/// Text inside a query.
fn encoded(text: &str) -> String {
    let mut whole = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    whole
}

/// Whether a link can still be handed out.
pub(super) const fn is_fresh(expires_at: Timestamp, now: Timestamp) -> bool {
    expires_at.millis_since(now) >= FRESH_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_a_query_stays_one_value() {
        let going = Going { path: "pages/a?id=1&share=T".to_owned(), share_token: Some("T".to_owned()) };
        assert_eq!(app_parameter(&going), "page=pages%2Fa%3Fid%3D1%26share%3DT&share=T");
        assert_eq!(going.parts(), ("pages/a", "id=1&share=T"));
        let home = Going { path: "pages/index/index".to_owned(), share_token: None };
        assert_eq!(
            (app_parameter(&home).as_str(), home.parts()),
            ("page=pages%2Findex%2Findex", ("pages/index/index", ""))
        );
    }

    #[test]
    fn a_link_is_handed_out_until_a_day_before_its_end() {
        let now = Timestamp::from_millis(1_772_330_400_000);
        assert!(is_fresh(now.plus_millis(DAY_MS), now));
        assert!(!is_fresh(now.plus_millis(DAY_MS - 1), now));
    }
}
