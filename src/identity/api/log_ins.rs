//! Logging in through each entrance, on the wire.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::sessions::LoginView;
use crate::entrance::{OpenEntrance, Platform};
use crate::identity::error::IdentityError;
use crate::identity::exchange::CodeExchange;
use crate::identity::rules::{self, OauthScope, RedirectRules};
use crate::identity::service::{self, Bearer, EntranceLogin, IdentityKeys, Login, LoginListeners};
use crate::kernel::id::DeviceId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::auth::MaybeDevice;
use crate::platform::http::{Access, ApiResult, Created, Json, Query, Visitor};

/// How people are sent to WeChat and back.
#[derive(Debug, Clone)]
pub struct OauthSettings {
    /// Where WeChat's own pages are, without a slash at the end.
    pub open_url: String,
    /// Where people may be sent back to.
    pub redirects: RedirectRules,
}

/// A code of `wx.login`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInWechatMini {
    /// What `wx.login` handed to the page; five minutes, once.
    #[schema(max_length = 128, example = "0b3xFl000bnVcT1dUh100Mfa3p2xFl0Y")]
    js_code: String,
    /// Which mini-program the page is of; the shop's usual one when absent.
    #[serde(default)]
    #[schema(max_length = 64, example = json!(null))]
    app_id: Option<String>,
}

/// A code that the platform handed to an app or a page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInByCode {
    /// The code; a few minutes, once.
    #[schema(max_length = 512, example = "0b3xFl000bnVcT1dUh100Mfa3p2xFl0Y")]
    pub(super) code: String,
    /// Which application it was handed to; the shop's usual one on the platform when absent.
    #[serde(default)]
    #[schema(max_length = 64, example = json!(null))]
    pub(super) app_id: Option<String>,
}

/// What WeChat sent the browser back with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInByOauth {
    /// The code; five minutes, once.
    #[schema(max_length = 128, example = "061R8iGa1q3xHJ0k4gJa1VbVQv1R8iGC")]
    pub(super) code: String,
    /// The state that the way began with; ten minutes, once, for the browser that asked for it.
    #[schema(max_length = 128, example = "s3cJx0Tt2p0b9Z7wQ8b1yqz4Cq2v5mXo6hVn1dK3fLw")]
    pub(super) state: String,
}

/// How far WeChat asks the person.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedScope {
    /// Not at all: the bare id.
    #[default]
    Base,
    /// Name, picture and the id across entrances; the person agrees on a page of WeChat's.
    Userinfo,
}

/// How a browser wants to go to WeChat and back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuthorizeQuery {
    /// Where WeChat sends the person back to: an https address on a host that the shop has allowed.
    #[param(max_length = 512, example = "https://shop.example/h5/log-in")]
    redirect_uri: String,
    /// How far WeChat asks the person. Websites have one way only, in which they agree by scanning.
    #[serde(default)]
    #[param(inline)]
    scope: AskedScope,
    /// The share by which the person arrived; comes back as `share` in the address.
    #[param(max_length = 64, example = "Xk3v9QmT2a")]
    share_token: Option<String>,
    /// Which application; the shop's usual one when absent.
    #[param(max_length = 64, example = "wx5f3c9a1b7d2e4068")]
    app_id: Option<String>,
}

/// Where to send the browser.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorizeView {
    /// WeChat's page; it sends the person back with `code` and `state`.
    #[schema(example = "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx5f3c9a1b7d2e4068#wechat_redirect")]
    pub authorize_url: String,
    /// What comes back as `state`, for a page that wants to compare.
    #[schema(example = "s3cJx0Tt2p0b9Z7wQ8b1yqz4Cq2v5mXo6hVn1dK3fLw")]
    pub state: String,
    /// Until when the person may be back.
    pub expires_at: Timestamp,
}

/// What every log-in needs.
pub struct LogInDesk {
    /// The database.
    pub db: Db,
    /// Makes the tokens.
    pub access: Access,
    /// Keep secrets.
    pub keys: IdentityKeys,
    /// Act when somebody logs in.
    pub listeners: LoginListeners,
    /// Asks platforms about codes.
    pub exchange: CodeExchange,
    /// How people are sent to WeChat and back.
    pub oauth: OauthSettings,
    /// Whether somebody carries codes to phones.
    pub sends_sms: bool,
}

impl LogInDesk {
    /// Logs in whoever handed a code to this entrance.
    async fn let_in(&self, open: &OpenEntrance, code: &str, device: Option<DeviceId>) -> ApiResult<Created<LoginView>> {
        let proof = self.exchange.prove(open, code).await?;
        let (keys, listeners) = (self.keys.clone(), self.listeners.clone());
        let login = EntranceLogin { proof, device };
        let work = move |tx: &mut Tx<'_>| welcomed(tx, |tx| service::log_in(tx, &keys, &listeners, &login));
        let (login, phone) = self.db.write("log_in", work).await?;
        Ok(Created(LoginView::of(&self.access, login, phone)))
    }

    async fn by_code(
        &self,
        platform: Platform,
        code: &str,
        app_id: Option<&str>,
        MaybeDevice(device): MaybeDevice,
    ) -> ApiResult<Created<LoginView>> {
        let open = self.exchange.entrance(platform, app_id)?;
        self.let_in(&open, code, device).await
    }

    async fn by_oauth(
        &self,
        platform: Platform,
        LogInByOauth { code, state }: LogInByOauth,
        (visitor, MaybeDevice(device)): (&Visitor, MaybeDevice),
    ) -> ApiResult<Created<LoginView>> {
        let user = match visitor {
            Visitor::User(shopper) => Some(Bearer::User(shopper.user_id)),
            Visitor::Device(_) => None,
        };
        let bearers = device.map(Bearer::Device).into_iter().chain(user).collect();
        let open = self.returning(platform, state, bearers).await?;
        self.let_in(&open, &code, device).await
    }

    /// The entrance for which a state of one of these bearers was made. It is used up in a transaction of its own, before
    /// the platform is asked, so that it never serves twice whatever happens then.
    pub(super) async fn returning(
        &self,
        platform: Platform,
        state: String,
        bearers: Vec<Bearer>,
    ) -> Result<std::sync::Arc<OpenEntrance>, IdentityError> {
        let redeem = move |tx: &mut Tx<'_>| service::redeem_oauth_state(tx, &state, &bearers);
        let id = self.db.write("redeem_oauth_state", redeem).await?;
        self.exchange.entrance_of_state(platform, id)
    }

    async fn authorize(
        &self,
        platform: Platform,
        visitor: &Visitor,
        query: &AuthorizeQuery,
    ) -> ApiResult<Json<AuthorizeView>> {
        let scope = match query.scope {
            AskedScope::Base => OauthScope::Base,
            AskedScope::Userinfo => OauthScope::Userinfo,
        };
        let share_token = query.share_token.as_deref();
        let redirect = rules::check_redirect(&query.redirect_uri, share_token, &self.oauth.redirects)
            .map_err(IdentityError::RedirectRefused)?;
        let open = self.exchange.entrance(platform, query.app_id.as_deref())?;
        let bearer = match visitor {
            Visitor::User(shopper) => Bearer::User(shopper.user_id),
            Visitor::Device(device) => Bearer::Device(*device),
        };
        let id = open.entrance.id;
        let begun = self.db.write("begin_oauth", move |tx| service::begin_oauth(tx, id, bearer)).await?;
        let state = begun.state.expose();
        let app = (platform, open.entrance.app_id.as_str());
        let address = rules::authorize_address(&self.oauth.open_url, app, &redirect, scope, state);
        let authorize_url = address.ok_or(IdentityError::EntranceUnknown)?;
        Ok(Json(AuthorizeView { authorize_url, state: state.to_owned(), expires_at: begun.expires_at }))
    }
}

/// Whoever has just logged in, with what of their phone may be shown.
pub(super) fn welcomed(
    tx: &mut Tx<'_>,
    log_in: impl FnOnce(&mut Tx<'_>) -> Result<Login, IdentityError>,
) -> Result<(Login, Option<String>), IdentityError> {
    let login = log_in(tx)?;
    let phone = service::masked_phone(tx, login.user.id)?;
    Ok((login, phone))
}

/// Logs in with the code of `wx.login`. With `X-Device-Token`, what the device did before becomes the user's.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = LogInWechatMini,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/wechat-mini")]
pub async fn log_in_wechat_mini(
    desk: web::Data<LogInDesk>,
    device: MaybeDevice,
    body: Json<LogInWechatMini>,
) -> ApiResult<Created<LoginView>> {
    desk.by_code(Platform::WechatMini, &body.js_code, body.app_id.as_deref(), device).await
}

/// Says where to send a browser inside WeChat, so that the person comes back with a code for the service account. The way
/// back is open to this device, or to this user when somebody is logged in, once, for ten minutes.
#[utoipa::path(tag = "identity", security(("device" = []), ("shopper" = [])), params(AuthorizeQuery),
    responses((status = 200, description = "WeChat's page.", body = AuthorizeView)))]
#[get("/sessions/wechat-service/authorize-url")]
pub async fn authorize_wechat_service(
    desk: web::Data<LogInDesk>,
    visitor: Visitor,
    query: Query<AuthorizeQuery>,
) -> ApiResult<Json<AuthorizeView>> {
    desk.authorize(Platform::WechatService, &visitor, &query.0).await
}

/// Says where to send a browser outside WeChat, so that the person scans and comes back with a code for the website. The
/// way back is open to this device, or to this user when somebody is logged in, once, for ten minutes.
#[utoipa::path(tag = "identity", security(("device" = []), ("shopper" = [])), params(AuthorizeQuery),
    responses((status = 200, description = "WeChat's page.", body = AuthorizeView)))]
#[get("/sessions/wechat-web/authorize-url")]
pub async fn authorize_wechat_web(
    desk: web::Data<LogInDesk>,
    visitor: Visitor,
    query: Query<AuthorizeQuery>,
) -> ApiResult<Json<AuthorizeView>> {
    desk.authorize(Platform::WechatWeb, &visitor, &query.0).await
}

/// Logs in with what WeChat sent the browser back with from the service account's page. Whoever
/// asked for the page proves it: the device by its `X-Device-Token`, or the user who was logged in.
#[utoipa::path(tag = "identity", security(("device" = []), ("shopper" = [])), request_body = LogInByOauth,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/wechat-service")]
pub async fn log_in_wechat_service(
    desk: web::Data<LogInDesk>,
    visitor: Visitor,
    device: MaybeDevice,
    body: Json<LogInByOauth>,
) -> ApiResult<Created<LoginView>> {
    desk.by_oauth(Platform::WechatService, body.0, (&visitor, device)).await
}

/// Logs in with what WeChat sent the browser back with from the page with the QR code. Whoever
/// asked for the page proves it: the device by its `X-Device-Token`, or the user who was logged in.
#[utoipa::path(tag = "identity", security(("device" = []), ("shopper" = [])), request_body = LogInByOauth,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/wechat-web")]
pub async fn log_in_wechat_web(
    desk: web::Data<LogInDesk>,
    visitor: Visitor,
    device: MaybeDevice,
    body: Json<LogInByOauth>,
) -> ApiResult<Created<LoginView>> {
    desk.by_oauth(Platform::WechatWeb, body.0, (&visitor, device)).await
}

/// Logs in with the code that WeChat handed to the shop's app.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = LogInByCode,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/wechat-app")]
pub async fn log_in_wechat_app(
    desk: web::Data<LogInDesk>,
    device: MaybeDevice,
    body: Json<LogInByCode>,
) -> ApiResult<Created<LoginView>> {
    desk.by_code(Platform::WechatApp, &body.code, body.app_id.as_deref(), device).await
}

/// Logs in with the code that Alipay handed to the mini-program.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = LogInByCode,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/alipay-mini")]
pub async fn log_in_alipay_mini(
    desk: web::Data<LogInDesk>,
    device: MaybeDevice,
    body: Json<LogInByCode>,
) -> ApiResult<Created<LoginView>> {
    desk.by_code(Platform::AlipayMini, &body.code, body.app_id.as_deref(), device).await
}

/// Logs in with the code that Douyin handed to the mini-program.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = LogInByCode,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/douyin-mini")]
pub async fn log_in_douyin_mini(
    desk: web::Data<LogInDesk>,
    device: MaybeDevice,
    body: Json<LogInByCode>,
) -> ApiResult<Created<LoginView>> {
    desk.by_code(Platform::DouyinMini, &body.code, body.app_id.as_deref(), device).await
}

/// Logs in with the code that Baidu handed to the mini-program.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = LogInByCode,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/baidu-mini")]
pub async fn log_in_baidu_mini(
    desk: web::Data<LogInDesk>,
    device: MaybeDevice,
    body: Json<LogInByCode>,
) -> ApiResult<Created<LoginView>> {
    desk.by_code(Platform::BaiduMini, &body.code, body.app_id.as_deref(), device).await
}

/// Logs in with the code that QQ handed to the mini-program.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = LogInByCode,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/qq-mini")]
pub async fn log_in_qq_mini(
    desk: web::Data<LogInDesk>,
    device: MaybeDevice,
    body: Json<LogInByCode>,
) -> ApiResult<Created<LoginView>> {
    desk.by_code(Platform::QqMini, &body.code, body.app_id.as_deref(), device).await
}
