//! Devices and log-ins on the wire.

use actix_web::{delete, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ProfileView;
use crate::identity::error::IdentityError;
use crate::identity::service::{self, Login, Refreshed};
use crate::kernel::id::DeviceId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::{Access, ApiResult, Created, Json, NoContent, Shopper};

/// Longest refresh token worth looking up.
const REFRESH_TOKEN_MAX: usize = 128;

/// A registered device.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceView {
    /// Its id.
    pub device_id: DeviceId,
    /// What to send as `X-Device-Token` from now on.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJob3VyZ2xhc3MvZGV2aWNlIn0.c2lnbmF0dXJl")]
    pub device_token: String,
    /// Until when it is accepted.
    pub device_token_expires_at: Timestamp,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshSession {
    /// The token of the last log-in or refresh; it works once, and using it twice ends the log-in.
    #[schema(max_length = 128, example = "s3cJx0Tt2p0b9Z7wQ8b1yqz4Cq2v5mXo6hVn1dK3fLw")]
    refresh_token: String,
}

/// A log-in: who, and the tokens that prove it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginView {
    /// What to send as `Authorization: Bearer …`.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJob3VyZ2xhc3Mvc2hvcHBlciJ9.c2lnbmF0dXJl")]
    pub access_token: String,
    /// Until when the access token is accepted.
    pub access_expires_at: Timestamp,
    /// What prolongs the log-in, once.
    #[schema(example = "s3cJx0Tt2p0b9Z7wQ8b1yqz4Cq2v5mXo6hVn1dK3fLw")]
    pub refresh_token: String,
    /// Until when it can be prolonged.
    pub refresh_expires_at: Timestamp,
    /// The user.
    pub user: ProfileView,
}

impl LoginView {
    pub(super) fn of(access: &Access, login: Login, phone: Option<String>) -> Self {
        let (access_token, access_expires_at) =
            access.tokens.issue_shopper(login.user.id, login.session, login.device, login.at);
        Self {
            access_token,
            access_expires_at,
            refresh_token: login.refresh.expose().to_owned(),
            refresh_expires_at: login.refresh_expires_at,
            user: ProfileView::of(login.user, phone),
        }
    }
}

/// Registers an anonymous device.
#[utoipa::path(tag = "identity", security(()),
    responses((status = 201, description = "The device is known.", body = DeviceView)))]
#[post("/devices")]
pub async fn register_device(db: web::Data<Db>, access: web::Data<Access>) -> ApiResult<Created<DeviceView>> {
    let register = |tx: &mut Tx<'_>| -> DbResult<_> { Ok((service::register_device(tx)?, tx.now())) };
    let (device_id, now) = db.write("register_device", register).await?;
    let (device_token, device_token_expires_at) = access.tokens.issue_device(device_id, now);
    Ok(Created(DeviceView { device_id, device_token, device_token_expires_at }))
}

/// Prolongs a log-in.
#[utoipa::path(tag = "identity", security(()), request_body = RefreshSession,
    responses((status = 200, description = "New tokens.", body = LoginView)))]
#[post("/sessions/refresh")]
pub async fn refresh_session(
    db: web::Data<Db>,
    access: web::Data<Access>,
    body: Json<RefreshSession>,
) -> ApiResult<Json<LoginView>> {
    if body.refresh_token.len() > REFRESH_TOKEN_MAX {
        return Err(IdentityError::RefreshTokenInvalid.into());
    }
    let (presented, revocations) = (body.refresh_token.clone(), access.revocations.clone());
    let work = move |tx: &mut Tx<'_>| match service::refresh(tx, &revocations, &presented)? {
        Refreshed::Renewed(login) => {
            let phone = service::masked_phone(tx, login.user.id)?;
            Ok::<_, IdentityError>(Some((login, phone)))
        }
        Refreshed::Reused => Ok(None),
    };
    let (login, phone) = db.write("refresh_session", work).await?.ok_or(IdentityError::SessionEnded)?;
    Ok(Json(LoginView::of(&access, login, phone)))
}

/// Ends this log-in.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 204, description = "Logged out.")))]
#[delete("/sessions/current")]
pub async fn log_out(db: web::Data<Db>, access: web::Data<Access>, shopper: Shopper) -> ApiResult<NoContent> {
    let revocations = access.revocations.clone();
    db.write("log_out", move |tx| service::log_out(tx, &revocations, shopper.session_id)).await?;
    Ok(NoContent)
}

/// Ends every log-in of the user.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 204, description = "Logged out everywhere.")))]
#[delete("/sessions")]
pub async fn log_out_everywhere(
    db: web::Data<Db>,
    access: web::Data<Access>,
    shopper: Shopper,
) -> ApiResult<NoContent> {
    let revocations = access.revocations.clone();
    db.write("log_out_everywhere", move |tx| service::log_out_everywhere(tx, &revocations, shopper.user_id)).await?;
    Ok(NoContent)
}
