//! One's own account on the wire.

use actix_web::{get, post, web};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::id::StaffId;
use crate::platform::db::{Db, Tx};
use crate::platform::http::auth::AnyStaff;
use crate::platform::http::{Access, ApiResult, Json, NoContent, Staff};
use crate::staff::error::StaffError;
use crate::staff::model::Account;
use crate::staff::passwords::{Passwords, Verified, secret};
use crate::staff::service::{self, Deed, StaffKeys};

/// A member of staff as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnAccountView {
    /// Who.
    pub staff_id: StaffId,
    /// The name to log in with.
    #[schema(example = "alice")]
    pub username: String,
    /// The name colleagues see.
    #[schema(example = "小爱")]
    pub display_name: String,
    /// Whether the second factor is on.
    pub totp_on: bool,
    /// What they may do.
    #[schema(example = json!(["order.read", "order.ship"]))]
    pub permissions: Vec<String>,
}

impl OwnAccountView {
    pub(super) fn of(account: Account, permissions: Vec<String>) -> Self {
        Self {
            staff_id: account.id,
            username: account.username,
            display_name: account.display_name,
            totp_on: account.sealed_totp.is_some(),
            permissions,
        }
    }
}

/// A new password, and the old one as proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeOwnPassword {
    /// The password so far.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, max_length = 128, format = Password, example = "correct horse battery")]
    current_password: SecretString,
    /// The password from now on: 10 to 128 characters, at least 5 different ones, without the username in it.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 10, max_length = 128, format = Password, example = "staple tray window 7")]
    new_password: SecretString,
}

/// The password, as proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartTotp {
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, max_length = 128, format = Password, example = "correct horse battery")]
    password: SecretString,
}

/// A secret for the authenticator app. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpSecretView {
    /// What the app scans as a code.
    #[schema(
        example = "otpauth://totp/Hourglass:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hourglass&algorithm=SHA1&digits=6&period=30"
    )]
    pub url: String,
    /// What people type who cannot scan.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
}

/// The first code of a new secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    /// What the app shows.
    #[schema(pattern = "^[0-9]{6}$", example = "287082")]
    totp_code: String,
}

/// Both factors, as proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableTotp {
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, max_length = 128, format = Password, example = "correct horse battery")]
    password: SecretString,
    /// What the app shows.
    #[schema(pattern = "^[0-9]{6}$", example = "287082")]
    totp_code: String,
}

/// Counts an attempt and checks the password of somebody who is logged in.
async fn verify(
    db: &Db,
    passwords: &Passwords,
    staff: StaffId,
    password: SecretString,
) -> Result<Verified, StaffError> {
    let attempt = db.write("begin_confirmation", move |tx| service::begin_confirmation(tx, staff)).await?;
    passwords.check(attempt, password).await
}

/// Shows one's own account and what one may do at this moment.
#[utoipa::path(tag = "staff", security(("staff" = [])), extensions(("x-permission" = json!("any"))),
    responses((status = 200, description = "The account.", body = OwnAccountView)))]
#[get("/me")]
pub async fn show_own_account(db: web::Data<Db>, staff: Staff<AnyStaff>) -> ApiResult<Json<OwnAccountView>> {
    let id = staff.staff_id;
    let work = move |tx: &mut Tx<'_>| {
        let account = service::show_account(tx, id)?.account;
        let mut permissions = service::permissions_of(tx, id)?;
        permissions.sort_unstable();
        Ok::<_, StaffError>(OwnAccountView::of(account, permissions))
    };
    Ok(Json(db.read("show_own_account", work).await?))
}

/// Changes one's own password; one's other log-ins end.
#[utoipa::path(tag = "staff", security(("staff" = [])), request_body = ChangeOwnPassword,
    extensions(("x-permission" = json!("any"))), responses((status = 204, description = "The password is changed.")))]
#[post("/me/password")]
pub async fn change_own_password(
    db: web::Data<Db>,
    access: web::Data<Access>,
    passwords: web::Data<Passwords>,
    staff: Staff<AnyStaff>,
    body: Json<ChangeOwnPassword>,
) -> ApiResult<NoContent> {
    let ChangeOwnPassword { current_password, new_password } = body.0;
    let id = staff.staff_id;
    let username = db.read("own_username", move |tx| service::show_account(tx, id)).await?.account.username;
    let verified = verify(&db, &passwords, id, current_password).await?;
    let new = passwords.hash(new_password, &username).await?;
    let (revocations, session) = (access.revocations.clone(), staff.session_id);
    let deed = Deed { staff: id, origin: staff.origin };
    let work = move |tx: &mut Tx<'_>| service::change_own_password(tx, &revocations, &deed, &verified, session, &new);
    db.write("change_own_password", work).await?;
    Ok(NoContent)
}

/// Makes a secret for the second factor, which counts once its first code is confirmed.
#[utoipa::path(tag = "staff", security(("staff" = [])), request_body = StartTotp, extensions(("x-permission" = json!("any"))),
    responses((status = 200, description = "The secret.", body = TotpSecretView)))]
#[post("/me/totp")]
pub async fn start_own_totp(
    db: web::Data<Db>,
    keys: web::Data<StaffKeys>,
    passwords: web::Data<Passwords>,
    staff: Staff<AnyStaff>,
    body: Json<StartTotp>,
) -> ApiResult<Json<TotpSecretView>> {
    let verified = verify(&db, &passwords, staff.staff_id, body.0.password).await?;
    let enrolment = db.write("start_totp", move |tx| service::start_totp(tx, &keys, &verified)).await?;
    let (url, secret) = (enrolment.url.expose_secret().to_owned(), enrolment.secret.expose_secret().to_owned());
    Ok(Json(TotpSecretView { url, secret }))
}

/// Turns the second factor on.
#[utoipa::path(tag = "staff", security(("staff" = [])), request_body = ConfirmTotp, extensions(("x-permission" = json!("any"))),
    responses((status = 204, description = "It is on.")))]
#[post("/me/totp/confirm")]
pub async fn confirm_own_totp(
    db: web::Data<Db>,
    keys: web::Data<StaffKeys>,
    staff: Staff<AnyStaff>,
    body: Json<ConfirmTotp>,
) -> ApiResult<NoContent> {
    let deed = Deed { staff: staff.staff_id, origin: staff.origin };
    db.write("confirm_totp", move |tx| service::confirm_totp(tx, &keys, &deed, &body.totp_code)).await?;
    Ok(NoContent)
}

/// Turns the second factor off.
#[utoipa::path(tag = "staff", security(("staff" = [])), request_body = DisableTotp, extensions(("x-permission" = json!("any"))),
    responses((status = 204, description = "It is off.")))]
#[post("/me/totp/disable")]
pub async fn disable_own_totp(
    db: web::Data<Db>,
    keys: web::Data<StaffKeys>,
    passwords: web::Data<Passwords>,
    staff: Staff<AnyStaff>,
    body: Json<DisableTotp>,
) -> ApiResult<NoContent> {
    let DisableTotp { password, totp_code } = body.0;
    let verified = verify(&db, &passwords, staff.staff_id, password).await?;
    let deed = Deed { staff: staff.staff_id, origin: staff.origin };
    db.write("disable_totp", move |tx| service::disable_totp(tx, &keys, &deed, &verified, &totp_code)).await?;
    Ok(NoContent)
}
