//! Roles and permissions on the wire.

use actix_web::{delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{Access, ApiResult, Created, Json, NoContent, Path, Staff};
use crate::staff::model::RoleId;
use crate::staff::permission::{self, PermissionInfo};
use crate::staff::service::{self, Deed, NewRoleSpec, RoleCard};

/// One permission.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionView {
    /// The word roles hold.
    #[schema(example = "order.ship")]
    pub name: String,
    /// What it allows, in Chinese.
    #[schema(example = "发货")]
    pub title_zh: String,
    /// What it allows, in English.
    #[schema(example = "Ship orders")]
    pub title_en: String,
}

impl From<&PermissionInfo> for PermissionView {
    fn from(info: &PermissionInfo) -> Self {
        Self { name: info.name.to_owned(), title_zh: info.title_zh.to_owned(), title_en: info.title_en.to_owned() }
    }
}

/// Every permission there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionList {
    /// In the order of the role editor.
    pub items: Vec<PermissionView>,
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleView {
    /// Its id.
    pub role_id: RoleId,
    /// Its stable name.
    #[schema(example = "warehouse")]
    pub name: String,
    /// What people call it.
    #[schema(example = "仓库")]
    pub title: String,
    /// Whether the product brings it along; such a role cannot be changed.
    pub built_in: bool,
    /// What it may do.
    #[schema(example = json!(["order.read", "order.ship"]))]
    pub permissions: Vec<String>,
    /// How many accounts have it.
    #[schema(example = 3)]
    pub holders: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<RoleCard> for RoleView {
    fn from(card: RoleCard) -> Self {
        Self {
            role_id: card.role.id,
            name: card.role.name,
            title: card.role.title,
            built_in: card.role.built_in,
            permissions: card.permissions,
            holders: card.holders,
            created_at: card.role.created_at,
        }
    }
}

/// Every role there is; a shop has at most a hundred of its own.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleList {
    /// The built-in ones first.
    pub items: Vec<RoleView>,
}

/// A new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRole {
    /// 2 to 32 of a-z, 0-9, '_', beginning with a letter; cannot be changed later.
    #[schema(min_length = 2, max_length = 32, example = "night_shift")]
    name: String,
    /// 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "夜班")]
    title: String,
    /// At least one; none that its maker does not hold.
    #[schema(min_items = 1, example = json!(["order.read", "order.ship"]))]
    permissions: Vec<String>,
}

/// What a role is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceRole {
    /// 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "夜班")]
    title: String,
    /// At least one; none that whoever changes it does not hold.
    #[schema(min_items = 1, example = json!(["order.read", "order.ship"]))]
    permissions: Vec<String>,
}

/// Lists every permission there is.
#[utoipa::path(tag = "staff", security(("staff" = [])), extensions(("x-permission" = json!("staff.read"))),
    responses((status = 200, description = "All permissions.", body = PermissionList)))]
#[get("/permissions")]
pub async fn list_permissions(_staff: Staff<permission::StaffRead>) -> ApiResult<Json<PermissionList>> {
    Ok(Json(PermissionList { items: permission::ALL.iter().map(PermissionView::from).collect() }))
}

/// Lists every role.
#[utoipa::path(tag = "staff", security(("staff" = [])), extensions(("x-permission" = json!("staff.read"))),
    responses((status = 200, description = "All roles.", body = RoleList)))]
#[get("/roles")]
pub async fn list_roles(db: web::Data<Db>, _staff: Staff<permission::StaffRead>) -> ApiResult<Json<RoleList>> {
    let roles = db.read("list_roles", service::list_roles).await?;
    Ok(Json(RoleList { items: roles.into_iter().map(RoleView::from).collect() }))
}

/// Makes a role.
#[utoipa::path(tag = "staff", security(("staff" = [])), request_body = CreateRole,
    extensions(("x-permission" = json!("staff.write"))),
    responses((status = 201, description = "The role.", body = RoleView)))]
#[post("/roles")]
pub async fn create_role(
    db: web::Data<Db>,
    staff: Staff<permission::StaffWrite>,
    body: Json<CreateRole>,
) -> ApiResult<Created<RoleView>> {
    let CreateRole { name, title, permissions } = body.0;
    let (deed, new) = (Deed { staff: staff.staff_id, origin: staff.origin }, NewRoleSpec { name, title, permissions });
    let card = db.write("create_role", move |tx| service::create_role(tx, &deed, &new)).await?;
    Ok(Created(card.into()))
}

/// Replaces the title and the permissions of a role; the log-ins of all who have it end.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("role_id" = RoleId, Path, description = "Which role.")),
    request_body = ReplaceRole, extensions(("x-permission" = json!("staff.write"))),
    responses((status = 200, description = "The role afterwards.", body = RoleView)))]
#[put("/roles/{role_id}")]
pub async fn replace_role(
    db: web::Data<Db>,
    access: web::Data<Access>,
    staff: Staff<permission::StaffWrite>,
    path: Path<RoleId>,
    body: Json<ReplaceRole>,
) -> ApiResult<Json<RoleView>> {
    let (deed, id) = (Deed { staff: staff.staff_id, origin: staff.origin }, path.0);
    let revocations = access.revocations.clone();
    let work =
        move |tx: &mut Tx<'_>| service::replace_role(tx, &revocations, &deed, id, &body.title, &body.permissions);
    Ok(Json(db.write("replace_role", work).await?.into()))
}

/// Removes a role that nobody has.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("role_id" = RoleId, Path, description = "Which role.")),
    extensions(("x-permission" = json!("staff.write"))), responses((status = 204, description = "It is gone.")))]
#[delete("/roles/{role_id}")]
pub async fn remove_role(
    db: web::Data<Db>,
    staff: Staff<permission::StaffWrite>,
    path: Path<RoleId>,
) -> ApiResult<NoContent> {
    let deed = Deed { staff: staff.staff_id, origin: staff.origin };
    db.write("remove_role", move |tx| service::remove_role(tx, &deed, path.0)).await?;
    Ok(NoContent)
}
