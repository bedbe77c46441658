//! What a front end asks of identity: devices, log-ins, the profile, the phone.

mod addresses;
mod linking;
mod log_ins;
mod persons;
mod sessions;
mod sms;

use actix_web::{delete, get, patch, post, web};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use self::sessions::LoginView;
use super::assets::Accounts;
use super::error::{IdentityError, of_wechat};
use super::model::User;
use super::rules;
use super::service::{self, IdentityKeys, PhoneBinding, Profile, ProfileEdit};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{Access, ApiResult, Json, NoContent, Shopper};
use crate::platform::wechat::WechatClient;

pub use log_ins::{LogInDesk, OauthSettings};

/// Puts the handlers under their prefix.
pub fn shopper_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(sessions::register_device)
        .service(log_ins::log_in_wechat_mini)
        .service(log_ins::authorize_wechat_service)
        .service(log_ins::log_in_wechat_service)
        .service(log_ins::authorize_wechat_web)
        .service(log_ins::log_in_wechat_web)
        .service(log_ins::log_in_wechat_app)
        .service(log_ins::log_in_alipay_mini)
        .service(log_ins::log_in_douyin_mini)
        .service(log_ins::log_in_baidu_mini)
        .service(log_ins::log_in_qq_mini)
        .service(sms::request_sms_code)
        .service(sms::log_in_by_phone)
        .service(sessions::refresh_session)
        .service(sessions::log_out)
        .service(sessions::log_out_everywhere)
        .service(show_profile)
        .service(edit_profile)
        .service(bind_wechat_phone)
        .service(sms::bind_phone_by_sms)
        .service(unbind_phone)
        .service(linking::list_own_identities)
        .service(linking::link_wechat_mini)
        .service(linking::link_wechat_service)
        .service(linking::link_wechat_app)
        .service(linking::link_wechat_web)
        .service(linking::link_alipay_mini)
        .service(linking::link_douyin_mini)
        .service(linking::link_baidu_mini)
        .service(linking::link_qq_mini)
        .service(persons::export_my_data)
        .service(persons::erase_my_account)
        .service(addresses::list_addresses)
        .service(addresses::add_address)
        .service(addresses::show_address)
        .service(addresses::change_address)
        .service(addresses::remove_address);
}

/// The document of these handlers.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    sessions::register_device,
    log_ins::log_in_wechat_mini,
    log_ins::authorize_wechat_service,
    log_ins::log_in_wechat_service,
    log_ins::authorize_wechat_web,
    log_ins::log_in_wechat_web,
    log_ins::log_in_wechat_app,
    log_ins::log_in_alipay_mini,
    log_ins::log_in_douyin_mini,
    log_ins::log_in_baidu_mini,
    log_ins::log_in_qq_mini,
    sms::request_sms_code,
    sms::log_in_by_phone,
    sessions::refresh_session,
    sessions::log_out,
    sessions::log_out_everywhere,
    show_profile,
    edit_profile,
    bind_wechat_phone,
    sms::bind_phone_by_sms,
    unbind_phone,
    linking::list_own_identities,
    linking::link_wechat_mini,
    linking::link_wechat_service,
    linking::link_wechat_app,
    linking::link_wechat_web,
    linking::link_alipay_mini,
    linking::link_douyin_mini,
    linking::link_baidu_mini,
    linking::link_qq_mini,
    persons::export_my_data,
    persons::erase_my_account,
    addresses::list_addresses,
    addresses::add_address,
    addresses::show_address,
    addresses::change_address,
    addresses::remove_address,
))]
pub struct ShopperApi;

/// A user as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Who.
    pub user_id: UserId,
    /// The name other shoppers see.
    #[schema(example = "小红")]
    pub nickname: String,
    /// Their picture; null when they chose none.
    #[schema(example = "https://thirdwx.qlogo.cn/mmopen/vi_32/1/132")]
    pub avatar: Option<String>,
    /// What of the bound phone number is shown; null when none is bound.
    #[schema(example = "138****1234")]
    pub phone: Option<String>,
    /// When they first came.
    pub created_at: Timestamp,
}

impl ProfileView {
    pub(super) fn of(user: User, phone: Option<String>) -> Self {
        Self { user_id: user.id, nickname: user.nickname, avatar: user.avatar, phone, created_at: user.created_at }
    }
}

impl From<Profile> for ProfileView {
    fn from(profile: Profile) -> Self {
        Self::of(profile.user, profile.phone)
    }
}

/// What of a profile is to change; an absent field stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditProfile {
    /// 1 to 32 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 32, example = "小红")]
    nickname: Option<String>,
    /// An https address or a path on this service, at most 512 characters; null for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 512, example = "/files/avatars/1.png")]
    avatar: Option<Option<String>>,
}

/// Tells an absent field (`None`) from one that was sent: a null is then a value of its own type, or refused.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The code of the phone number button.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindWechatPhone {
    /// What the button handed to the page; five minutes, once.
    #[schema(max_length = 128, example = "e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144")]
    code: String,
}

/// The phone number that was bound.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneView {
    /// What of it is shown.
    #[schema(example = "138****1234")]
    pub phone: String,
    /// The log-in that goes on; null as long as it is the one the request came with. A number that is another account's
    /// of the same person makes the two one, and when the other one stays, only this new log-in does.
    pub session: Option<LoginView>,
}

impl PhoneView {
    fn of(access: &Access, bound: PhoneBinding) -> Result<Self, IdentityError> {
        match bound {
            PhoneBinding::Bound(phone) => Ok(Self { phone, session: None }),
            PhoneBinding::Joined(login, phone) => {
                let session = Some(LoginView::of(access, *login, Some(phone.clone())));
                Ok(Self { phone, session })
            }
            PhoneBinding::Taken => Err(IdentityError::PhoneTaken),
        }
    }
}

/// Shows the logged-in user's profile.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 200, description = "The profile.", body = ProfileView)))]
#[get("/me")]
pub async fn show_profile(db: web::Data<Db>, shopper: Shopper) -> ApiResult<Json<ProfileView>> {
    let profile = db.read("show_profile", move |tx| service::profile(tx, shopper.user_id)).await?;
    Ok(Json(profile.into()))
}

/// Changes the nickname or the picture.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = EditProfile,
    responses((status = 200, description = "The profile afterwards.", body = ProfileView)))]
#[patch("/me")]
pub async fn edit_profile(
    db: web::Data<Db>,
    shopper: Shopper,
    body: Json<EditProfile>,
) -> ApiResult<Json<ProfileView>> {
    let edit = ProfileEdit { nickname: body.nickname.clone(), avatar: body.avatar.clone() };
    let profile = db.write("edit_profile", move |tx| service::edit_profile(tx, shopper.user_id, &edit)).await?;
    Ok(Json(profile.into()))
}

/// Binds the phone number that WeChat vouches for.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = BindWechatPhone,
    responses((status = 200, description = "The number is bound.", body = PhoneView)))]
#[post("/me/phone/wechat")]
pub async fn bind_wechat_phone(
    db: web::Data<Db>,
    (access, keys, accounts): (web::Data<Access>, web::Data<IdentityKeys>, web::Data<Accounts>),
    wechat: web::Data<WechatClient>,
    shopper: Shopper,
    body: Json<BindWechatPhone>,
) -> ApiResult<Json<PhoneView>> {
    if !rules::check_code(&body.code) {
        return Err(IdentityError::CodeRefused.into());
    }
    let (user, app_id) = (shopper.user_id, wechat.app_id().to_owned());
    let openid = db.read("wechat_openid", move |tx| service::wechat_openid(tx, user, &app_id)).await?;
    let info = wechat.phone_number(&body.code, openid.as_deref()).await.map_err(|error| of_wechat(&error))?;
    let phone = rules::read_phone(&info.country_code, &info.pure_phone_number).ok_or(IdentityError::PhoneUnusable)?;
    let work = move |tx: &mut Tx<'_>| service::bind_phone(tx, (&keys, &accounts), (user, shopper.device_id), &phone);
    Ok(Json(PhoneView::of(&access, db.write("bind_phone", work).await?)?))
}

/// Gives the bound phone number up.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 204, description = "No number is bound any more.")))]
#[delete("/me/phone")]
pub async fn unbind_phone(db: web::Data<Db>, shopper: Shopper) -> ApiResult<NoContent> {
    db.write("unbind_phone", move |tx| service::unbind_phone(tx, shopper.user_id)).await?;
    Ok(NoContent)
}
