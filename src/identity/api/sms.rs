//! Codes sent by SMS, on the wire.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PhoneView;
use super::log_ins::{LogInDesk, welcomed};
use super::sessions::LoginView;
use crate::identity::error::IdentityError;
use crate::identity::rules::{self, E164};
use crate::identity::service::{self, SmsPurpose};
use crate::kernel::time::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::auth::MaybeDevice;
use crate::platform::http::{ApiError, ApiResult, Created, Json, MaybeShopper, RequestError, Shopper};

/// What a code is asked for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedPurpose {
    /// Logging in.
    LogIn,
    /// Binding the number to the logged-in user.
    Bind,
}

/// A number that wants a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestSmsCode {
    /// A mobile number of mainland China: 11 digits, with `+86` or without.
    #[schema(max_length = 20, example = "13800001234")]
    phone: String,
    /// What it is for; a code is good for nothing else.
    purpose: AskedPurpose,
}

/// A code on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct SmsCodeView {
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// From when on another one may be asked for.
    pub again_at: Timestamp,
}

/// A number and the code that was sent to it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvePhone {
    /// The number as it was given for the code.
    #[schema(max_length = 20, example = "13800001234")]
    phone: String,
    /// Six digits.
    #[schema(min_length = 6, max_length = 6, example = "042137")]
    code: String,
}

impl ProvePhone {
    /// The number, when the code may be one at all.
    fn number(&self) -> Result<E164, IdentityError> {
        let number = number(&self.phone)?;
        if rules::is_sms_code(&self.code) { Ok(number) } else { Err(IdentityError::SmsCodeRefused) }
    }
}

/// A mobile number of mainland China; SMS goes nowhere else.
fn number(text: &str) -> Result<E164, IdentityError> {
    let text = text.trim();
    let digits = text.strip_prefix("+86").unwrap_or(text);
    rules::read_phone("86", digits).ok_or(IdentityError::PhoneUnusable)
}

/// Sends a code to a phone number: one a minute and ten a day for a number. The answer is the same whether or not anybody
/// has the number.
#[utoipa::path(tag = "identity", security((), ("shopper" = [])), request_body = RequestSmsCode,
    responses((status = 201, description = "A code is on its way.", body = SmsCodeView)))]
#[post("/sms-codes")]
pub async fn request_sms_code(
    desk: web::Data<LogInDesk>,
    MaybeShopper(shopper): MaybeShopper,
    body: Json<RequestSmsCode>,
) -> ApiResult<Created<SmsCodeView>> {
    let purpose = match (body.purpose, shopper) {
        (AskedPurpose::LogIn, _) => SmsPurpose::LogIn,
        (AskedPurpose::Bind, Some(shopper)) => SmsPurpose::Bind(shopper.user_id),
        (AskedPurpose::Bind, None) => return Err(ApiError::new(RequestError::UNAUTHENTICATED)),
    };
    let number = number(&body.phone)?;
    if !desk.sends_sms {
        return Err(IdentityError::SmsUnavailable.into());
    }
    let keys = desk.keys.clone();
    let ask = move |tx: &mut Tx<'_>| service::request_sms_code(tx, &keys, &number, purpose);
    let ticket = desk.db.write("request_sms_code", ask).await?;
    Ok(Created(SmsCodeView { expires_at: ticket.expires_at, again_at: ticket.again_at }))
}

/// Logs in with a phone number and the code that was sent to it. With `X-Device-Token`, what the device did before becomes
/// the user's. After five wrong tries a code is dead.
#[utoipa::path(tag = "identity", security((), ("device" = [])), request_body = ProvePhone,
    responses((status = 201, description = "Logged in.", body = LoginView)))]
#[post("/sessions/phone")]
pub async fn log_in_by_phone(
    desk: web::Data<LogInDesk>,
    MaybeDevice(device): MaybeDevice,
    body: Json<ProvePhone>,
) -> ApiResult<Created<LoginView>> {
    let (number, code) = (body.number()?, body.0.code);
    let (keys, listeners) = (desk.keys.clone(), desk.listeners.clone());
    let work = move |tx: &mut Tx<'_>| {
        if !service::try_sms_code(tx, &keys, &number, SmsPurpose::LogIn, &code)? {
            return Ok(None);
        }
        welcomed(tx, |tx| service::log_in_by_phone(tx, &keys, &listeners, &number, device)).map(Some)
    };
    let (login, phone) = desk.db.write("log_in_by_phone", work).await?.ok_or(IdentityError::SmsCodeRefused)?;
    Ok(Created(LoginView::of(&desk.access, login, phone)))
}

/// Binds a phone number by the code that was sent to it.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = ProvePhone,
    responses((status = 200, description = "The number is bound.", body = PhoneView)))]
#[post("/me/phone/sms")]
pub async fn bind_phone_by_sms(
    desk: web::Data<LogInDesk>,
    shopper: Shopper,
    body: Json<ProvePhone>,
) -> ApiResult<Json<PhoneView>> {
    let (number, code, user) = (body.number()?, body.0.code, shopper.user_id);
    let (keys, accounts) = (desk.keys.clone(), desk.listeners.accounts().clone());
    let work = move |tx: &mut Tx<'_>| {
        if !service::try_sms_code(tx, &keys, &number, SmsPurpose::Bind(user), &code)? {
            return Ok(None);
        }
        service::bind_phone(tx, (&keys, &accounts), (user, shopper.device_id), &number).map(Some)
    };
    let bound = desk.db.write("bind_phone_by_sms", work).await?.ok_or(IdentityError::SmsCodeRefused)?;
    Ok(Json(PhoneView::of(&desk.access, bound)?))
}
