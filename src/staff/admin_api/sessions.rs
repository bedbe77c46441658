//! Log-ins of staff on the wire.

use actix_web::{delete, post, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::own::OwnAccountView;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::auth::AnyStaff;
use crate::platform::http::{Access, ApiResult, Created, Json, NoContent, Staff};
use crate::staff::error::StaffError;
use crate::staff::passwords::{Passwords, secret};
use crate::staff::service::{self, Refreshed, StaffKeys, StaffLogin};

/// Longest refresh token worth looking up.
const REFRESH_TOKEN_MAX: usize = 128;

/// Who logs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInStaff {
    /// The username, whatever its case.
    #[schema(max_length = 64, example = "alice")]
    username: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, max_length = 128, format = Password, example = "correct horse battery")]
    password: SecretString,
    /// A code of the second factor, when the account has one.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{6}$", example = "287082")]
    totp_code: Option<String>,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshStaffSession {
    /// The token of the last log-in or refresh; it works once, and using it twice ends the log-in.
    #[schema(max_length = 128, example = "s3cJx0Tt2p0b9Z7wQ8b1yqz4Cq2v5mXo6hVn1dK3fLw")]
    refresh_token: String,
}

/// A log-in: who, what they may do, and the tokens that prove it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLoginView {
    /// What to send as `Authorization: Bearer …`.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJob3VyZ2xhc3Mvc3RhZmYifQ.c2lnbmF0dXJl")]
    pub access_token: String,
    /// Until when the access token is accepted.
    pub access_expires_at: Timestamp,
    /// What prolongs the log-in, once.
    #[schema(example = "s3cJx0Tt2p0b9Z7wQ8b1yqz4Cq2v5mXo6hVn1dK3fLw")]
    pub refresh_token: String,
    /// Until when it can be prolonged.
    pub refresh_expires_at: Timestamp,
    /// The account.
    pub staff: OwnAccountView,
}

impl StaffLoginView {
    fn of(access: &Access, login: StaffLogin) -> Self {
        let StaffLogin { account, session, permissions, refresh, refresh_expires_at, at } = login;
        let (access_token, access_expires_at) = access.tokens.issue_staff(account.id, session, &permissions, at);
        let permissions = permissions.into_iter().map(str::to_owned).collect();
        Self {
            access_token,
            access_expires_at,
            refresh_token: refresh.expose().to_owned(),
            refresh_expires_at,
            staff: OwnAccountView::of(account, permissions),
        }
    }
}

/// Logs a member of staff in. Five failures lock the account for a quarter of an hour.
#[utoipa::path(tag = "staff", security(()), request_body = LogInStaff, extensions(("x-permission" = json!(null))),
    responses((status = 201, description = "Logged in.", body = StaffLoginView)))]
#[post("/sessions")]
pub async fn log_in_staff(
    db: web::Data<Db>,
    access: web::Data<Access>,
    keys: web::Data<StaffKeys>,
    passwords: web::Data<Passwords>,
    body: Json<LogInStaff>,
) -> ApiResult<Created<StaffLoginView>> {
    let LogInStaff { username, password, totp_code } = body.0;
    let attempt = db.write("begin_staff_login", move |tx| service::begin_login(tx, &username)).await?;
    let verified = passwords.check(attempt, password).await?;
    let work = move |tx: &mut Tx<'_>| service::finish_login(tx, &keys, &verified, totp_code.as_deref());
    let login = db.write("finish_staff_login", work).await?;
    Ok(Created(StaffLoginView::of(&access, login)))
}

/// Prolongs a log-in, with the permissions of this moment.
#[utoipa::path(tag = "staff", security(()), request_body = RefreshStaffSession, extensions(("x-permission" = json!(null))),
    responses((status = 200, description = "New tokens.", body = StaffLoginView)))]
#[post("/sessions/refresh")]
pub async fn refresh_staff_session(
    db: web::Data<Db>,
    access: web::Data<Access>,
    body: Json<RefreshStaffSession>,
) -> ApiResult<Json<StaffLoginView>> {
    if body.refresh_token.len() > REFRESH_TOKEN_MAX {
        return Err(StaffError::RefreshTokenInvalid.into());
    }
    let (presented, revocations) = (body.0.refresh_token, access.revocations.clone());
    let work = move |tx: &mut Tx<'_>| service::refresh(tx, &revocations, &presented);
    match db.write("refresh_staff_session", work).await? {
        Refreshed::Renewed(login) => Ok(Json(StaffLoginView::of(&access, *login))),
        Refreshed::Reused => Err(StaffError::SessionEnded.into()),
    }
}

/// Ends this log-in.
#[utoipa::path(tag = "staff", security(("staff" = [])), extensions(("x-permission" = json!("any"))),
    responses((status = 204, description = "Logged out.")))]
#[delete("/sessions/current")]
pub async fn log_out_staff(
    db: web::Data<Db>,
    access: web::Data<Access>,
    staff: Staff<AnyStaff>,
) -> ApiResult<NoContent> {
    let revocations = access.revocations.clone();
    db.write("log_out_staff", move |tx| service::log_out(tx, &revocations, staff.session_id)).await?;
    Ok(NoContent)
}
