//! Stores for staff.

use actix_web::{get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::{LocationView, location_of};
use super::model::{Store, StoreDraft, StoreId, StoreState};
use super::service::{self, AtDesk, StoreFile};
use crate::kernel::id::StaffId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{StoreRead, StoreWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_stores, show_store, create_store, change_store, close_store, reopen_store, set_store_staff))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_stores)
        .service(show_store)
        .service(create_store)
        .service(change_store)
        .service(close_store)
        .service(reopen_store)
        .service(set_store_staff);
}

/// A new store.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStore {
    /// What it is called, 1–60 characters.
    #[schema(example = "南山旗舰店", min_length = 1, max_length = 60)]
    pub name: String,
    /// Where it is, 1–200 characters.
    #[schema(example = "深圳市南山区科技园一路 1 号", min_length = 1, max_length = 200)]
    pub address: String,
    /// Its phone, 5–20 digits, hyphens or spaces.
    #[schema(example = "0755-12345678", min_length = 5, max_length = 20)]
    pub phone: String,
    /// When it is open, 1–100 characters.
    #[schema(example = "每天 10:00–22:00", min_length = 1, max_length = 100)]
    pub opening_hours: String,
    /// Where it is on the map.
    #[serde(default)]
    pub location: Option<LocationView>,
}

impl From<CreateStore> for StoreDraft {
    fn from(body: CreateStore) -> Self {
        Self {
            name: body.name,
            address: body.address,
            phone: body.phone,
            opening_hours: body.opening_hours,
            location: body.location.map(Into::into),
        }
    }
}

/// What is written about a store, in place of what was read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeStore {
    /// The version that was read; if it has changed since, nothing is replaced.
    #[schema(example = 1)]
    pub version: i64,
    /// What it is called, 1–60 characters.
    #[schema(example = "南山旗舰店", min_length = 1, max_length = 60)]
    pub name: String,
    /// Where it is, 1–200 characters.
    #[schema(example = "深圳市南山区科技园一路 1 号", min_length = 1, max_length = 200)]
    pub address: String,
    /// Its phone, 5–20 digits, hyphens or spaces.
    #[schema(example = "0755-12345678", min_length = 5, max_length = 20)]
    pub phone: String,
    /// When it is open, 1–100 characters.
    #[schema(example = "每天 10:00–22:00", min_length = 1, max_length = 100)]
    pub opening_hours: String,
    /// Where it is on the map.
    #[serde(default)]
    pub location: Option<LocationView>,
}

/// Who belongs to a store.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStoreStaff {
    /// At most 200 members of staff, each once; none lets only those hand out there who belong to no store.
    #[schema(max_items = 200)]
    pub staff_ids: Vec<StaffId>,
}

/// A store as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoreView {
    /// The store.
    pub store_id: StoreId,
    /// What it is called.
    #[schema(example = "南山旗舰店")]
    pub name: String,
    /// Where it is.
    #[schema(example = "深圳市南山区科技园一路 1 号")]
    pub address: String,
    /// Its phone.
    #[schema(example = "0755-12345678")]
    pub phone: String,
    /// When it is open.
    #[schema(example = "每天 10:00–22:00")]
    pub opening_hours: String,
    /// Where it is on the map; null when that was not written down.
    pub location: Option<LocationView>,
    /// Whether it takes orders.
    pub state: StoreState,
    /// Rises with every change.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Store> for StoreView {
    fn from(store: Store) -> Self {
        Self {
            store_id: store.id,
            location: location_of(&store),
            name: store.name,
            address: store.address,
            phone: store.phone,
            opening_hours: store.opening_hours,
            state: store.state,
            version: store.version,
            created_at: store.created_at,
            updated_at: store.updated_at,
        }
    }
}

/// A store with those who belong to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoreFileView {
    /// The store.
    pub store: StoreView,
    /// Who belongs to it.
    pub staff_ids: Vec<StaffId>,
}

impl From<StoreFile> for StoreFileView {
    fn from(file: StoreFile) -> Self {
        Self { store: file.store.into(), staff_ids: file.staff }
    }
}

/// Which stores to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StoreQuery {
    /// Only those in this state.
    state: Option<StoreState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// Lists stores
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.read"))),
    params(StoreQuery),
    responses((status = 200, description = "A page of stores.", body = Page<StoreView>))
)]
#[get("/stores")]
pub async fn list_stores(
    db: web::Data<Db>,
    _staff: Staff<StoreRead>,
    query: Query<StoreQuery>,
) -> ApiResult<Json<Page<StoreView>>> {
    let Query(StoreQuery { state, cursor, limit }) = query;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let stores = db.read("list_stores", move |tx| service::page(tx, state, after, limit)).await?;
    Ok(Json(stores.map(Into::into)))
}

/// Shows a store
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.read"))),
    params(("store_id" = StoreId, Path, description = "The store.")),
    responses((status = 200, description = "The store and who belongs to it.", body = StoreFileView))
)]
#[get("/stores/{store_id}")]
pub async fn show_store(
    db: web::Data<Db>,
    _staff: Staff<StoreRead>,
    path: Path<StoreId>,
) -> ApiResult<Json<StoreFileView>> {
    let Path(id) = path;
    let file = db.read("show_store", move |tx| service::file(tx, id)).await?;
    Ok(Json(file.into()))
}

/// Adds a store
///
/// It is open at once.
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.write"))),
    request_body = CreateStore,
    responses((status = 201, description = "The store.", body = StoreFileView))
)]
#[post("/stores")]
pub async fn create_store(
    db: web::Data<Db>,
    staff: Staff<StoreWrite>,
    body: Json<CreateStore>,
) -> ApiResult<Created<StoreFileView>> {
    let (Json(body), desk) = (body, desk(&staff));
    let draft = StoreDraft::from(body);
    let file = db.write("create_store", move |tx| service::add_by_staff(tx, &desk, &draft)).await?;
    Ok(Created(file.into()))
}

/// Changes what is written about a store
///
/// Orders placed before keep what it was called then.
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.write"))),
    params(("store_id" = StoreId, Path, description = "The store.")),
    request_body = ChangeStore,
    responses((status = 200, description = "The store after it.", body = StoreFileView))
)]
#[put("/stores/{store_id}")]
pub async fn change_store(
    db: web::Data<Db>,
    staff: Staff<StoreWrite>,
    path: Path<StoreId>,
    body: Json<ChangeStore>,
) -> ApiResult<Json<StoreFileView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let ChangeStore { version, name, address, phone, opening_hours, location } = body;
    let draft = StoreDraft { name, address, phone, opening_hours, location: location.map(Into::into) };
    let file = db.write("change_store", move |tx| service::change(tx, &desk, id, version, &draft)).await?;
    Ok(Json(file.into()))
}

/// Closes a store
///
/// It takes no new orders; what was bought for it before is still handed out there.
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.write"))),
    params(("store_id" = StoreId, Path, description = "The store.")),
    responses((status = 200, description = "The store after it.", body = StoreFileView))
)]
#[post("/stores/{store_id}/close")]
pub async fn close_store(
    db: web::Data<Db>,
    staff: Staff<StoreWrite>,
    path: Path<StoreId>,
) -> ApiResult<Json<StoreFileView>> {
    let (Path(id), desk) = (path, desk(&staff));
    let file = db.write("close_store", move |tx| service::set_state(tx, &desk, id, StoreState::Closed)).await?;
    Ok(Json(file.into()))
}

/// Opens a closed store again
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.write"))),
    params(("store_id" = StoreId, Path, description = "The store.")),
    responses((status = 200, description = "The store after it.", body = StoreFileView))
)]
#[post("/stores/{store_id}/open")]
pub async fn reopen_store(
    db: web::Data<Db>,
    staff: Staff<StoreWrite>,
    path: Path<StoreId>,
) -> ApiResult<Json<StoreFileView>> {
    let (Path(id), desk) = (path, desk(&staff));
    let file = db.write("reopen_store", move |tx| service::set_state(tx, &desk, id, StoreState::Open)).await?;
    Ok(Json(file.into()))
}

/// Says who belongs to a store
///
/// Whoever belongs to a store hands out there, and nowhere else unless they belong there too.
#[utoipa::path(
    tag = "store",
    security(("staff" = [])),
    extensions(("x-permission" = json!("store.write"))),
    params(("store_id" = StoreId, Path, description = "The store.")),
    request_body = SetStoreStaff,
    responses((status = 200, description = "The store after it.", body = StoreFileView))
)]
#[put("/stores/{store_id}/staff")]
pub async fn set_store_staff(
    db: web::Data<Db>,
    staff: Staff<StoreWrite>,
    path: Path<StoreId>,
    body: Json<SetStoreStaff>,
) -> ApiResult<Json<StoreFileView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let file = db.write("set_store_staff", move |tx| service::replace_staff(tx, &desk, id, &body.staff_ids)).await?;
    Ok(Json(file.into()))
}
