//! Web and app log-ins: the pages where people agree, and the calls that turn codes into openids and profiles.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, answer, check_app, done, given};
use crate::kernel::time::MINUTE_MS;
use crate::wechat_simulator::apps::{AppKind, OpenApp};
use crate::wechat_simulator::oauth::{Consent, Granted, Scope, UserToken};
use crate::wechat_simulator::people::{CodeTrouble, NewUser};
use crate::wechat_simulator::state::{World, locked};

/// Longest `state`.
const STATE_MOST: usize = 128;

/// Where a browser is sent after the visit, and what it takes there.
pub(in crate::wechat_simulator) struct Visit {
    /// The address with code and state, or with the state alone.
    pub(in crate::wechat_simulator) redirect: String,
    /// The code; absent when the person refused.
    pub(in crate::wechat_simulator) code: Option<String>,
    /// The person within the application.
    pub(in crate::wechat_simulator) openid: Option<String>,
}

/// Who visits an authorisation page.
#[derive(Default)]
pub(in crate::wechat_simulator) struct Visitor {
    /// Any openid of the person; a new person when absent.
    pub(in crate::wechat_simulator) openid: Option<String>,
    /// They do not agree.
    pub(in crate::wechat_simulator) refuses: bool,
    /// They see a snapshot of the page, behind which nobody is.
    pub(in crate::wechat_simulator) snapshot: bool,
}

impl AppKind {
    /// How long its codes live. The ten minutes of websites are documented; five are usual.
    pub(in crate::wechat_simulator) const fn code_ms(self) -> i64 {
        match self {
            Self::Website => 10 * MINUTE_MS,
            Self::Mini | Self::Service | Self::Mobile => 5 * MINUTE_MS,
        }
    }

    /// Whether its people may be asked for this.
    pub(in crate::wechat_simulator) fn may_ask(self, scope: Scope) -> bool {
        match self {
            Self::Mini => false,
            Self::Service => matches!(scope, Scope::Base | Scope::UserInfo),
            Self::Mobile => scope == Scope::UserInfo,
            Self::Website => scope == Scope::Login,
        }
    }
}

/// A person's consent in this application, as a code.
pub(in crate::wechat_simulator) fn consent(
    world: &World,
    app: &OpenApp,
    scope: Scope,
    visitor: &Visitor,
) -> Option<(String, String)> {
    let openid = if visitor.snapshot {
        format!("o{}", world.dice.openid_letters(27))
    } else {
        let mut people = locked(&world.people);
        let home = match &visitor.openid {
            Some(openid) => people.owner_of(openid)?.1,
            None => people.create(NewUser::default(), &world.dice).openid,
        };
        people.meet(&home, app, &world.dice)?.openid
    };
    let consent = Consent { app_id: app.app_id.clone(), openid: openid.clone(), scope, snapshot: visitor.snapshot };
    let code = locked(&world.oauth).issue(consent, app.kind.code_ms(), world.now(), &world.dice);
    Some((code, openid))
}

/// Somebody visits `/connect/oauth2/authorize` or `/connect/qrconnect` of this kind of application.
pub(in crate::wechat_simulator) fn visit(
    world: &World,
    kind: AppKind,
    query: &HashMap<String, String>,
    visitor: &Visitor,
) -> Result<Visit, OpenRefusal> {
    let text = |name: &str| query.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let app_id = text("appid").ok_or_else(|| OpenRefusal::new(10012, "appid 不能为空"))?;
    let app = world.app(app_id).filter(|app| app.kind == kind);
    let app = app.ok_or_else(|| OpenRefusal::new(10016, "不支持微信开放平台的Appid，请使用公众号Appid"))?;
    let target = text("redirect_uri").ok_or_else(|| OpenRefusal::new(10011, "redirect_uri 不能为空"))?;
    let mut target = reqwest::Url::parse(target)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| OpenRefusal::new(10003, "redirect_uri域名与后台配置不一致"))?;
    if text("response_type") != Some("code") {
        return Err(OpenRefusal::new(10010, "response_type 参数错误"));
    }
    let scope = text("scope").ok_or_else(|| OpenRefusal::new(10010, "scope 不能为空"))?;
    let scope = Scope::read(scope).filter(|scope| kind.may_ask(*scope));
    let scope = scope.ok_or_else(|| OpenRefusal::new(10005, "此公众号并没有这些scope的权限"))?;
    let state = text("state").unwrap_or_default();
    if state.len() > STATE_MOST {
        return Err(OpenRefusal::new(10013, "state 参数错误"));
    }
    let knobs = locked(&world.knobs).settings().oauth.clone();
    let refuses = visitor.refuses || knobs.refuse;
    let snapshot = visitor.snapshot || (knobs.snapshot_user && kind == AppKind::Service);
    let agreed = if refuses {
        None
    } else {
        let visitor = Visitor { openid: visitor.openid.clone(), refuses: false, snapshot };
        let agreed = consent(world, &app, scope, &visitor);
        Some(agreed.ok_or_else(|| OpenRefusal::new(40003, "invalid openid"))?)
    };
    if let Some((code, _)) = &agreed {
        target.query_pairs_mut().append_pair("code", code);
    }
    target.query_pairs_mut().append_pair("state", state);
    let (code, openid) = agreed.unzip();
    Ok(Visit { redirect: target.into(), code, openid })
}

/// Who visits, by the parameters that the tester adds to the address.
fn visitor(query: &Parameters) -> Visitor {
    Visitor {
        openid: given(query, "sim_openid").map(str::to_owned),
        refuses: given(query, "sim_refuse").is_some(),
        snapshot: given(query, "sim_snapshot").is_some(),
    }
}

fn sent_on(world: &World, kind: AppKind, query: &Parameters) -> OpenAnswer {
    let visit = visit(world, kind, query, &visitor(query))?;
    Ok(HttpResponse::Found().insert_header((LOCATION, visit.redirect)).finish())
}

/// `GET /connect/oauth2/authorize`: the page of a service account. `sim_openid`, `sim_refuse` and `sim_snapshot` say who
/// sits before it; without them it is somebody new who agrees.
pub(super) async fn authorize(world: Data<World>, query: Parameters) -> OpenAnswer {
    sent_on(&world, AppKind::Service, &query)
}

/// `GET /connect/qrconnect`: the page of a website.
pub(super) async fn qrconnect(world: Data<World>, query: Parameters) -> OpenAnswer {
    sent_on(&world, AppKind::Website, &query)
}

/// `GET /sns/oauth2/access_token`.
pub(super) async fn get_access_token(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = check_app(&world, given(&query, "appid"), given(&query, "secret"))?;
    if app.kind == AppKind::Mini {
        return Err(OpenRefusal::new(48001, "api unauthorized"));
    }
    if given(&query, "grant_type") != Some("authorization_code") {
        return Err(OpenRefusal::new(40002, "invalid grant_type"));
    }
    let code = given(&query, "code").ok_or_else(|| OpenRefusal::new(41008, "missing code"))?;
    let granted = locked(&world.oauth).redeem(&app.app_id, code, world.now(), &world.dice);
    let granted = granted.map_err(|trouble| match trouble {
        CodeTrouble::Used => OpenRefusal::new(40163, "code been used,"),
        CodeTrouble::Invalid | CodeTrouble::OtherUser | CodeTrouble::OtherApp => {
            OpenRefusal::new(40029, "invalid code,")
        }
    })?;
    let mut body = told(&granted);
    let unionid = unionid_of(&world, &app, &granted.consent);
    if let Some(fields) = body.as_object_mut() {
        if granted.consent.snapshot {
            fields.insert("is_snapshotuser".to_owned(), 1.into());
        }
        if let Some(unionid) = unionid.filter(|_| granted.consent.scope.tells_more()) {
            fields.insert("unionid".to_owned(), unionid.into());
        }
    }
    Ok(answer(&body))
}

/// `GET /sns/oauth2/refresh_token`.
pub(super) async fn refresh_token(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app_id = given(&query, "appid").ok_or_else(|| OpenRefusal::new(41002, "appid missing"))?;
    if world.app(app_id).is_none() {
        return Err(OpenRefusal::new(40013, "invalid appid"));
    }
    if given(&query, "grant_type") != Some("refresh_token") {
        return Err(OpenRefusal::new(40002, "invalid grant_type"));
    }
    let token = given(&query, "refresh_token").ok_or_else(|| OpenRefusal::new(41003, "missing refresh_token"))?;
    let granted = locked(&world.oauth).renew(app_id, token, world.now(), &world.dice);
    let granted = granted.ok_or_else(|| OpenRefusal::new(40030, "invalid refresh_token"))?;
    Ok(answer(&told(&granted)))
}

/// `GET /sns/userinfo`.
pub(super) async fn get_user_info(world: Data<World>, query: Parameters) -> OpenAnswer {
    let consent = check_user_token(&world, &query)?;
    if !consent.scope.tells_more() {
        return Err(OpenRefusal::new(48001, "api unauthorized"));
    }
    let app = world.app(&consent.app_id).ok_or_else(|| OpenRefusal::new(40013, "invalid appid"))?;
    let known = locked(&world.people).known(&app, &consent.openid);
    let nickname = known.as_ref().and_then(|known| known.nickname.clone()).unwrap_or_else(|| "微信用户".to_owned());
    let mut body = json!({
        "openid": consent.openid,
        "nickname": nickname,
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": format!("https://thirdwx.qlogo.cn/mmopen/vi_32/{}/132", consent.openid),
        "privilege": [],
    });
    if let (Some(unionid), Some(fields)) = (known.and_then(|known| known.unionid), body.as_object_mut()) {
        fields.insert("unionid".to_owned(), unionid.into());
    }
    Ok(answer(&body))
}

/// `GET /sns/auth`.
pub(super) async fn check_token(world: Data<World>, query: Parameters) -> OpenAnswer {
    check_user_token(&world, &query)?;
    Ok(done())
}

fn told(granted: &Granted) -> Value {
    json!({
        "access_token": granted.access_token,
        "expires_in": granted.expires_in,
        "refresh_token": granted.refresh_token,
        "openid": granted.consent.openid,
        "scope": granted.consent.scope.word(),
    })
}

fn unionid_of(world: &World, app: &Arc<OpenApp>, consent: &Consent) -> Option<String> {
    locked(&world.people).known(app, &consent.openid)?.unionid
}

fn check_user_token(world: &World, query: &Parameters) -> Result<Consent, OpenRefusal> {
    let token = given(query, "access_token").ok_or_else(|| OpenRefusal::new(41001, "access_token missing"))?;
    let openid = given(query, "openid").ok_or_else(|| OpenRefusal::new(41009, "missing openid"))?;
    match locked(&world.oauth).check(token, world.now()) {
        UserToken::Good(consent) if consent.openid == openid => Ok(consent),
        UserToken::Good(_) => Err(OpenRefusal::new(40003, "invalid openid")),
        UserToken::Expired => Err(OpenRefusal::new(42001, "access_token expired")),
        UserToken::Invalid => Err(OpenRefusal::new(40001, "invalid credential, access_token is invalid or not latest")),
    }
}
