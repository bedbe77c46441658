//! Proving another entrance while logged in, on the wire.

use actix_web::{get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::log_ins::{LogInByCode, LogInByOauth, LogInDesk};
use super::sessions::LoginView;
use crate::entrance::{OpenEntrance, Platform};
use crate::identity::error::IdentityError;
use crate::identity::model::{Identity, Provider};
use crate::identity::service::{self, Bearer, Linked};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::auth::MaybeDevice;
use crate::platform::http::{ApiResult, Json, Shopper};

/// One id that the user has proven. What it is stays with the shop.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedIdentityView {
    /// Who vouches for it.
    pub provider: Provider,
    /// The application it holds in, or for a unionid the Open Platform account; empty for what holds everywhere.
    #[schema(example = "wx5f3c9a1b7d2e4068")]
    pub app_id: String,
    /// What of it is shown: for phones only.
    #[schema(example = "138****1234")]
    pub masked: Option<String>,
    /// When it was first proven.
    pub linked_at: Timestamp,
}

/// Every id that the user has proven.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedIdentitiesView {
    /// The user.
    pub user_id: UserId,
    /// Oldest first.
    pub identities: Vec<LinkedIdentityView>,
    /// The log-in that goes on; null as long as it is the one the request came with. An id that is another account's of
    /// the same person makes the two one, and when the other one stays, only this new log-in does.
    pub session: Option<LoginView>,
}

impl LinkedIdentitiesView {
    fn of(user_id: UserId, identities: Vec<Identity>) -> Self {
        let view = |identity: Identity| LinkedIdentityView {
            provider: identity.provider,
            app_id: identity.app_id,
            masked: identity.masked,
            linked_at: identity.created_at,
        };
        Self { user_id, identities: identities.into_iter().map(view).collect(), session: None }
    }
}

impl LogInDesk {
    /// Links whoever handed a code to this entrance to a logged-in user.
    async fn link(&self, open: &OpenEntrance, code: &str, asking: &Shopper) -> ApiResult<Json<LinkedIdentitiesView>> {
        let proof = self.exchange.prove(open, code).await?;
        let (keys, accounts) = (self.keys.clone(), self.listeners.accounts().clone());
        let (asking, device) = (asking.user_id, asking.device_id);
        let work = move |tx: &mut Tx<'_>| {
            let (outcome, user) = service::link_entrance(tx, (&keys, &accounts), asking, &proof)?;
            let session = if user == asking { None } else { Some(service::go_on_as(tx, user, device)?) };
            let phone = service::masked_phone(tx, user)?;
            Ok::<_, IdentityError>((outcome, user, service::identities_of(tx, user)?, session.map(|it| (it, phone))))
        };
        let (outcome, user, identities, session) = self.db.write("link_entrance", work).await?;
        match outcome {
            Linked::Newly | Linked::Already | Linked::Joined(_) => {
                let mut view = LinkedIdentitiesView::of(user, identities);
                view.session = session.map(|(login, phone)| LoginView::of(&self.access, login, phone));
                Ok(Json(view))
            }
            Linked::OtherHeld => Err(IdentityError::OtherIdentityLinked.into()),
            Linked::Taken => Err(IdentityError::IdentityTaken.into()),
        }
    }

    async fn link_by_code(
        &self,
        platform: Platform,
        shopper: &Shopper,
        body: &LogInByCode,
    ) -> ApiResult<Json<LinkedIdentitiesView>> {
        let open = self.exchange.entrance(platform, body.app_id.as_deref())?;
        self.link(&open, &body.code, shopper).await
    }

    async fn link_by_oauth(
        &self,
        platform: Platform,
        (shopper, MaybeDevice(device)): (&Shopper, MaybeDevice),
        LogInByOauth { code, state }: LogInByOauth,
    ) -> ApiResult<Json<LinkedIdentitiesView>> {
        let bearers = [Some(Bearer::User(shopper.user_id)), device.map(Bearer::Device)];
        let open = self.returning(platform, state, bearers.into_iter().flatten().collect()).await?;
        self.link(&open, &code, shopper).await
    }
}

/// Lists the ids that the logged-in user has proven.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 200, description = "Their ids.", body = LinkedIdentitiesView)))]
#[get("/me/identities")]
pub async fn list_own_identities(db: web::Data<Db>, shopper: Shopper) -> ApiResult<Json<LinkedIdentitiesView>> {
    let user = shopper.user_id;
    let identities = db.read("list_own_identities", move |tx| service::identities_of(tx, user)).await?;
    Ok(Json(LinkedIdentitiesView::of(user, identities)))
}

/// Declares the endpoints by which a code links an entrance.
macro_rules! link_by_code {
    ($($(#[$doc:meta])+ $name:ident $path:tt $platform:ident;)+) => {$(
        $(#[$doc])+
        #[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = LogInByCode,
            responses((status = 200, description = "Every id that the user has proven.", body = LinkedIdentitiesView)))]
        #[post($path)]
        pub async fn $name(
            desk: web::Data<LogInDesk>,
            shopper: Shopper,
            body: Json<LogInByCode>,
        ) -> ApiResult<Json<LinkedIdentitiesView>> {
            desk.link_by_code(Platform::$platform, &shopper, &body).await
        }
    )+};
}

link_by_code! {
    /// Links the user's id in a WeChat mini-program, by the code of `wx.login`.
    link_wechat_mini "/me/identities/wechat-mini" WechatMini;
    /// Links the user's id in the shop's app, by the code that WeChat handed to it.
    link_wechat_app "/me/identities/wechat-app" WechatApp;
    /// Links the user's id at Alipay, by the code that it handed to the mini-program.
    link_alipay_mini "/me/identities/alipay-mini" AlipayMini;
    /// Links the user's id at Douyin, by the code that it handed to the mini-program.
    link_douyin_mini "/me/identities/douyin-mini" DouyinMini;
    /// Links the user's id at Baidu, by the code that it handed to the mini-program.
    link_baidu_mini "/me/identities/baidu-mini" BaiduMini;
    /// Links the user's id at QQ, by the code that it handed to the mini-program.
    link_qq_mini "/me/identities/qq-mini" QqMini;
}

/// Links the user's id in the service account, by what WeChat sent the browser back with.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = LogInByOauth,
    responses((status = 200, description = "Every id that the user has proven.", body = LinkedIdentitiesView)))]
#[post("/me/identities/wechat-service")]
pub async fn link_wechat_service(
    desk: web::Data<LogInDesk>,
    shopper: Shopper,
    device: MaybeDevice,
    body: Json<LogInByOauth>,
) -> ApiResult<Json<LinkedIdentitiesView>> {
    desk.link_by_oauth(Platform::WechatService, (&shopper, device), body.0).await
}

/// Links the user's id in the website, by what WeChat sent the browser back with.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = LogInByOauth,
    responses((status = 200, description = "Every id that the user has proven.", body = LinkedIdentitiesView)))]
#[post("/me/identities/wechat-web")]
pub async fn link_wechat_web(
    desk: web::Data<LogInDesk>,
    shopper: Shopper,
    device: MaybeDevice,
    body: Json<LogInByOauth>,
) -> ApiResult<Json<LinkedIdentitiesView>> {
    desk.link_by_oauth(Platform::WechatWeb, (&shopper, device), body.0).await
}
