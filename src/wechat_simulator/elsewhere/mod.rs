//! Other people's hosts beside WeChat: the mini-program platforms of Alipay, Douyin, Baidu and QQ, each below a path of its
//! own, and Alibaba Cloud's text messages. The same persons use them all.
//!
//! Codes live five minutes at each of them, which is documented for none but usual; an exchange uses a code up.

mod alipay;
mod baidu;
mod douyin;
mod qq;
mod sms;

use std::collections::HashMap;

use actix_web::middleware::from_fn;
use actix_web::web;
use serde::{Deserialize, Serialize};

use super::apps::{AppKind, OpenApp};
use super::gate::account_gate;
use super::people::{CodeTrouble, Known, NewUser};
use super::state::{World, locked};
use crate::kernel::time::{MINUTE_MS, Timestamp};

pub(super) use self::sms::Sms;

const CODE_MS: i64 = 5 * MINUTE_MS;
/// Codes kept before old ones are swept out.
const CODES_KEPT: usize = 20_000;

/// A platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Platform {
    /// Alipay.
    Alipay,
    /// Douyin.
    Douyin,
    /// Baidu.
    Baidu,
    /// QQ.
    Qq,
}

impl Platform {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Alipay, Self::Douyin, Self::Baidu, Self::Qq];

    /// The name below which its secrets are kept, and its owner's account.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Douyin => "douyin",
            Self::Baidu => "baidu",
            Self::Qq => "qq",
        }
    }
}

struct Code {
    platform: Platform,
    home: String,
    issued_at: Timestamp,
    used: bool,
}

/// What the platforms remember.
#[derive(Default)]
pub(super) struct Elsewhere {
    codes: HashMap<String, Code>,
}

/// The shop's application at a platform, as people get to know it.
fn app_of(world: &World, platform: Platform) -> OpenApp {
    let keys = world.keys.elsewhere(platform);
    OpenApp {
        kind: AppKind::Mini,
        app_id: keys.app_id.clone(),
        secret: keys.app_secret.clone(),
        open_platform: platform.name().to_owned(),
        original_id: String::new(),
        message_token: String::new(),
        message_aes_key: String::new(),
    }
}

/// What the platform hands to its page when a person opens it: the code, and how the platform knows the person.
pub(super) fn issue(world: &World, platform: Platform, openid: Option<&str>) -> Option<(String, Known)> {
    let app = app_of(world, platform);
    let known = {
        let mut people = locked(&world.people);
        let home = match openid {
            Some(openid) => people.owner_of(openid)?.1,
            None => people.create(NewUser::default(), &world.dice).openid,
        };
        people.meet(&home, &app, &world.dice)?
    };
    let now = world.now();
    let code = world.dice.hex(32);
    let mut elsewhere = locked(&world.elsewhere);
    if elsewhere.codes.len() >= CODES_KEPT {
        elsewhere.codes.retain(|_, code| now.millis_since(code.issued_at) < CODE_MS);
    }
    let entry = Code { platform, home: known.home.clone(), issued_at: now, used: false };
    elsewhere.codes.insert(code.clone(), entry);
    Some((code, known))
}

/// Exchanges a code of this platform, once.
fn redeem(world: &World, platform: Platform, code: &str) -> Result<Known, CodeTrouble> {
    let home = {
        let mut elsewhere = locked(&world.elsewhere);
        let entry = elsewhere.codes.get_mut(code).filter(|entry| entry.platform == platform);
        let entry = entry.ok_or(CodeTrouble::Invalid)?;
        if entry.used {
            return Err(CodeTrouble::Used);
        }
        if world.now().millis_since(entry.issued_at) >= CODE_MS {
            return Err(CodeTrouble::Invalid);
        }
        entry.used = true;
        entry.home.clone()
    };
    locked(&world.people).meet(&home, &app_of(world, platform), &world.dice).ok_or(CodeTrouble::Invalid)
}

/// The hosts. The gate applies the knobs' rules; what it refuses is worded as WeChat would.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/alipay").wrap(from_fn(account_gate)).route("/gateway.do", web::post().to(alipay::gateway)),
    )
    .service(
        web::scope("/douyin")
            .wrap(from_fn(account_gate))
            .route("/api/apps/v2/jscode2session", web::post().to(douyin::code_to_session)),
    )
    .service(
        web::scope("/baidu")
            .wrap(from_fn(account_gate))
            .route("/oauth/jscode2sessionkey", web::post().to(baidu::code_to_session_key)),
    )
    .service(
        web::scope("/qq").wrap(from_fn(account_gate)).route("/sns/jscode2session", web::get().to(qq::code_to_session)),
    )
    .service(web::scope("/aliyun-sms").wrap(from_fn(account_gate)).route("", web::post().to(sms::send_sms)));
}
