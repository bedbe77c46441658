//! Accounts of colleagues on the wire.

use actix_web::{delete, get, patch, post, put, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{Access, ApiResult, Created, Json, NoContent, PageQuery, Path, Query, Staff};
use crate::staff::model::{AccountState, Role, RoleId};
use crate::staff::passwords::{Passwords, secret};
use crate::staff::permission;
use crate::staff::service::{self, AccountCard, Deed, NewAccountSpec};

/// A role of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountRoleView {
    /// Its id.
    pub role_id: RoleId,
    /// Its stable name.
    #[schema(example = "warehouse")]
    pub name: String,
    /// What people call it.
    #[schema(example = "仓库")]
    pub title: String,
}

impl From<Role> for AccountRoleView {
    fn from(role: Role) -> Self {
        Self { role_id: role.id, name: role.name, title: role.title }
    }
}

/// An account as colleagues who manage staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Who.
    pub staff_id: StaffId,
    /// The name to log in with.
    #[schema(example = "alice")]
    pub username: String,
    /// The name colleagues see.
    #[schema(example = "小爱")]
    pub display_name: String,
    /// Whether it may log in.
    pub state: AccountState,
    /// Whether the second factor is on.
    pub totp_on: bool,
    /// Until when nobody can log in to it; null when it is not locked.
    pub locked_until: Option<Timestamp>,
    /// Its roles.
    pub roles: Vec<AccountRoleView>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<AccountCard> for AccountView {
    fn from(card: AccountCard) -> Self {
        Self {
            staff_id: card.account.id,
            username: card.account.username,
            display_name: card.account.display_name,
            state: card.account.state,
            totp_on: card.account.sealed_totp.is_some(),
            locked_until: card.account.locked_until,
            roles: card.roles.into_iter().map(AccountRoleView::from).collect(),
            created_at: card.account.created_at,
            updated_at: card.account.updated_at,
        }
    }
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStaff {
    /// 3 to 32 of a-z, 0-9, '.', '_', '-', beginning with a letter.
    #[schema(min_length = 3, max_length = 32, example = "alice")]
    username: String,
    /// 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "小爱")]
    display_name: String,
    /// 10 to 128 characters, at least 5 different ones, without the username in it.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 10, max_length = 128, format = Password, example = "correct horse battery")]
    password: SecretString,
    /// 1 to 20 roles.
    #[schema(min_items = 1, max_items = 20)]
    roles: Vec<RoleId>,
}

/// A new name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameStaff {
    /// 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "小爱")]
    display_name: String,
}

/// The roles an account is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStaffRoles {
    /// 1 to 20 roles; they replace those it has.
    #[schema(min_items = 1, max_items = 20)]
    roles: Vec<RoleId>,
}

/// Why something is done to an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffActBody {
    /// 1 to 200 characters; kept in the audit log.
    #[schema(min_length = 1, max_length = 200, example = "已离职")]
    reason: String,
}

/// A new password for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetStaffPassword {
    /// 10 to 128 characters, at least 5 different ones, without the username in it.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 10, max_length = 128, format = Password, example = "staple tray window 7")]
    new_password: SecretString,
}

fn deed<P>(staff: Staff<P>) -> Deed {
    Deed { staff: staff.staff_id, origin: staff.origin }
}

/// Lists accounts, newest first.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(PageQuery), extensions(("x-permission" = json!("staff.read"))),
    responses((status = 200, description = "Accounts.", body = Page<AccountView>)))]
#[get("/staff")]
pub async fn list_staff(
    db: web::Data<Db>,
    _staff: Staff<permission::StaffRead>,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<AccountView>>> {
    let (after, limit) = (page.0.cursor()?, page.0.limit()?);
    let cards = db.read("list_staff", move |tx| service::list_accounts(tx, after, limit)).await?;
    let page = Page::cut(cards, limit, |card| Cursor { key: card.account.id.get(), id: card.account.id.get() });
    Ok(Json(page.map(AccountView::from)))
}

/// Opens an account.
#[utoipa::path(tag = "staff", security(("staff" = [])), request_body = CreateStaff,
    extensions(("x-permission" = json!("staff.write"))),
    responses((status = 201, description = "The account.", body = AccountView)))]
#[post("/staff")]
pub async fn create_staff(
    db: web::Data<Db>,
    passwords: web::Data<Passwords>,
    staff: Staff<permission::StaffWrite>,
    body: Json<CreateStaff>,
) -> ApiResult<Created<AccountView>> {
    let CreateStaff { username, display_name, password, roles } = body.0;
    let password = passwords.hash(password, &username).await?;
    let (deed, new) = (deed(staff), NewAccountSpec { username, display_name, password, roles });
    let card = db.write("create_staff", move |tx| service::create_account(tx, &deed, &new)).await?;
    Ok(Created(card.into()))
}

/// Shows one account.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    extensions(("x-permission" = json!("staff.read"))),
    responses((status = 200, description = "The account.", body = AccountView)))]
#[get("/staff/{staff_id}")]
pub async fn show_staff(
    db: web::Data<Db>,
    _staff: Staff<permission::StaffRead>,
    path: Path<StaffId>,
) -> ApiResult<Json<AccountView>> {
    let card = db.read("show_staff", move |tx| service::show_account(tx, path.0)).await?;
    Ok(Json(card.into()))
}

/// Changes the name that colleagues see.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    request_body = RenameStaff, extensions(("x-permission" = json!("staff.write"))),
    responses((status = 200, description = "The account afterwards.", body = AccountView)))]
#[patch("/staff/{staff_id}")]
pub async fn rename_staff(
    db: web::Data<Db>,
    staff: Staff<permission::StaffWrite>,
    path: Path<StaffId>,
    body: Json<RenameStaff>,
) -> ApiResult<Json<AccountView>> {
    let (deed, id) = (deed(staff), path.0);
    let card = db.write("rename_staff", move |tx| service::rename_account(tx, &deed, id, &body.display_name)).await?;
    Ok(Json(card.into()))
}

/// Gives an account exactly these roles; its log-ins end.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    request_body = SetStaffRoles, extensions(("x-permission" = json!("staff.write"))),
    responses((status = 200, description = "The account afterwards.", body = AccountView)))]
#[put("/staff/{staff_id}/roles")]
pub async fn set_staff_roles(
    db: web::Data<Db>,
    access: web::Data<Access>,
    staff: Staff<permission::StaffWrite>,
    path: Path<StaffId>,
    body: Json<SetStaffRoles>,
) -> ApiResult<Json<AccountView>> {
    let (deed, id, revocations) = (deed(staff), path.0, access.revocations.clone());
    let work = move |tx: &mut Tx<'_>| service::set_roles(tx, &revocations, &deed, id, &body.roles);
    Ok(Json(db.write("set_staff_roles", work).await?.into()))
}

/// Disables an account; its log-ins end. The last owner cannot be disabled.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    request_body = StaffActBody, extensions(("x-permission" = json!("staff.write"))),
    responses((status = 200, description = "The account afterwards.", body = AccountView)))]
#[post("/staff/{staff_id}/disable")]
pub async fn disable_staff(
    db: web::Data<Db>,
    access: web::Data<Access>,
    staff: Staff<permission::StaffWrite>,
    path: Path<StaffId>,
    body: Json<StaffActBody>,
) -> ApiResult<Json<AccountView>> {
    let (deed, id, revocations) = (deed(staff), path.0, access.revocations.clone());
    let work = move |tx: &mut Tx<'_>| service::disable_account(tx, &revocations, &deed, id, &body.reason);
    Ok(Json(db.write("disable_staff", work).await?.into()))
}

/// Enables a disabled account again.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    request_body = StaffActBody, extensions(("x-permission" = json!("staff.write"))),
    responses((status = 200, description = "The account afterwards.", body = AccountView)))]
#[post("/staff/{staff_id}/enable")]
pub async fn enable_staff(
    db: web::Data<Db>,
    staff: Staff<permission::StaffWrite>,
    path: Path<StaffId>,
    body: Json<StaffActBody>,
) -> ApiResult<Json<AccountView>> {
    let (deed, id) = (deed(staff), path.0);
    let card = db.write("enable_staff", move |tx| service::enable_account(tx, &deed, id, &body.reason)).await?;
    Ok(Json(card.into()))
}

/// Sets a new password for somebody who lost theirs; their log-ins end.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    request_body = ResetStaffPassword, extensions(("x-permission" = json!("staff.write"))),
    responses((status = 204, description = "The password is changed.")))]
#[post("/staff/{staff_id}/password")]
pub async fn reset_staff_password(
    db: web::Data<Db>,
    access: web::Data<Access>,
    passwords: web::Data<Passwords>,
    staff: Staff<permission::StaffWrite>,
    path: Path<StaffId>,
    body: Json<ResetStaffPassword>,
) -> ApiResult<NoContent> {
    let (deed, id, revocations) = (deed(staff), path.0, access.revocations.clone());
    let username = db.read("username_of", move |tx| service::show_account(tx, id)).await?.account.username;
    let new = passwords.hash(body.0.new_password, &username).await?;
    db.write("reset_staff_password", move |tx| service::reset_password(tx, &revocations, &deed, id, &new)).await?;
    Ok(NoContent)
}

/// Turns the second factor of somebody off who lost it; their log-ins end.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("staff_id" = StaffId, Path, description = "Which account.")),
    extensions(("x-permission" = json!("staff.write"))), responses((status = 204, description = "It is off.")))]
#[delete("/staff/{staff_id}/totp")]
pub async fn reset_staff_totp(
    db: web::Data<Db>,
    access: web::Data<Access>,
    staff: Staff<permission::StaffWrite>,
    path: Path<StaffId>,
) -> ApiResult<NoContent> {
    let (deed, id, revocations) = (deed(staff), path.0, access.revocations.clone());
    db.write("reset_staff_totp", move |tx| service::reset_totp(tx, &revocations, &deed, id)).await?;
    Ok(NoContent)
}
