//! What staff ask of the catalogue.

use actix_web::{delete, get, post, put, web};
use futures_util::future::ready;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::error::CatalogError;
use super::living::Catalog;
use super::model::{
    CategoryDraft, CategoryId, ProductDraft, ProductId, ProductRow, ProductState, Schedule, picture_path,
};
use super::records::{
    CategoryRecord, CategoryRecords, ProductRecord, ProductStanding, ProductSummaries, ProductSummary, StoredPicture,
};
use super::rules::ProductMove;
use super::service;
use super::store::ProductFilter;
use crate::kernel::page::Page;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{
    ApiResult, Created, Json, NoContent, PageQuery, Path, Permission, Query, Staff, read_body,
};
use crate::platform::storage::{PictureRefusal, Storage, StorageError};
use crate::staff::audit::{self, AuditEntry};
use crate::staff::permission::{CatalogRead, CatalogWrite};

/// Largest picture taken, in bytes.
const MOST_PICTURE_BYTES: usize = 10 * 1024 * 1024;

/// Which products to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindProducts {
    /// Only in this state.
    pub state: Option<ProductState>,
    /// Only directly in this category.
    pub category_id: Option<CategoryId>,
    /// Only with this in the title.
    pub title: Option<String>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// A product's new content.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductEdit {
    /// The version that was edited; another one in force refuses the edit.
    #[schema(example = 3)]
    pub version: i64,
    /// The whole new content.
    pub product: ProductDraft,
}

/// Notes in the audit log what a member of staff did to the catalogue, and has this process look at once.
fn note<P: Permission>(
    tx: &mut Tx<'_>,
    catalog: &Catalog,
    staff: &Staff<P>,
    action: &'static str,
    subject: (&'static str, i64),
    change: (Option<serde_json::Value>, Option<serde_json::Value>),
) -> Result<(), CatalogError> {
    let (subject_kind, subject_id) = subject;
    let (before, after) = change;
    let entry = AuditEntry {
        staff_id: staff.staff_id,
        action,
        subject_kind,
        subject_id: Some(subject_id),
        reason: None,
        before,
        after,
        origin: &staff.origin,
    };
    audit::record(tx, &entry)?;
    catalog.poke_after(tx);
    Ok(())
}

/// All categories, hidden ones included.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.read"))),
    responses((status = 200, description = "The categories.", body = CategoryRecords)))]
#[get("/categories")]
pub async fn list_all_categories(db: web::Data<Db>, _staff: Staff<CatalogRead>) -> ApiResult<Json<CategoryRecords>> {
    let all = db.read("catalog.categories", service::categories).await?;
    let mut items: Vec<CategoryRecord> = all.into_values().map(CategoryRecord::from).collect();
    items.sort_by_key(|category| (category.parent_id, category.position, category.id));
    Ok(Json(CategoryRecords { items }))
}

/// Adds a category.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    request_body = CategoryDraft, responses((status = 201, description = "The category.", body = CategoryRecord)))]
#[post("/categories")]
pub async fn create_category(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    body: Json<CategoryDraft>,
) -> ApiResult<Created<CategoryRecord>> {
    let draft = body.0;
    let record = db
        .write("catalog.add_category", move |tx| {
            let id = service::add_category(tx, &draft)?;
            let after = json!({ "name": draft.name, "parent_id": draft.parent_id, "shown": draft.shown });
            note(tx, &catalog, &staff, "category.create", ("category", id.get()), (None, Some(after)))?;
            let CategoryDraft { parent_id, name, icon, position, shown } = draft.clone();
            Ok::<_, CatalogError>(CategoryRecord { id, parent_id, name, icon, position, shown })
        })
        .await?;
    Ok(Created(record))
}

/// Changes a category.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    params(("id" = CategoryId, Path, description = "The category.")),
    request_body = CategoryDraft, responses((status = 204, description = "Changed.")))]
#[put("/categories/{id}")]
pub async fn update_category(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: Path<CategoryId>,
    body: Json<CategoryDraft>,
) -> ApiResult<NoContent> {
    let (id, draft) = (id.0, body.0);
    db.write("catalog.edit_category", move |tx| {
        let before = service::edit_category(tx, id, &draft)?;
        let before = json!({ "name": before.name, "parent_id": before.parent_id, "shown": before.shown });
        let after = json!({ "name": draft.name, "parent_id": draft.parent_id, "shown": draft.shown });
        note(tx, &catalog, &staff, "category.update", ("category", id.get()), (Some(before), Some(after)))
    })
    .await?;
    Ok(NoContent)
}

/// Removes an empty category.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    params(("id" = CategoryId, Path, description = "The category.")), responses((status = 204, description = "Removed.")))]
#[delete("/categories/{id}")]
pub async fn delete_category(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: Path<CategoryId>,
) -> ApiResult<NoContent> {
    let id = id.0;
    db.write("catalog.remove_category", move |tx| {
        service::remove_category(tx, id)?;
        note(tx, &catalog, &staff, "category.delete", ("category", id.get()), (None, None))
    })
    .await?;
    Ok(NoContent)
}

/// Products, newest first.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.read"))),
    params(FindProducts), responses((status = 200, description = "A page of products.", body = ProductSummaries)))]
#[get("/products")]
pub async fn find_products(
    db: web::Data<Db>,
    _staff: Staff<CatalogRead>,
    query: Query<FindProducts>,
) -> ApiResult<Json<ProductSummaries>> {
    let Query(FindProducts { state, category_id, title, cursor, limit }) = query;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    if title.as_ref().is_some_and(|title| title.chars().count() > 60) {
        return Err(CatalogError::InvalidSearch(json!({ "field": "title" })).into());
    }
    let filter = ProductFilter { state, category: category_id, title };
    let found: Page<ProductRow> =
        db.read("catalog.find_products", move |tx| service::list(tx, &filter, after, limit)).await?;
    let Page { items, next_cursor } = found.map(ProductSummary::from);
    Ok(Json(ProductSummaries { items, next_cursor }))
}

/// One product with everything about it.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.read"))),
    params(("id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "The product.", body = ProductRecord)))]
#[get("/products/{id}")]
pub async fn get_product_record(
    db: web::Data<Db>,
    _staff: Staff<CatalogRead>,
    id: Path<ProductId>,
) -> ApiResult<Json<ProductRecord>> {
    let id = id.0;
    Ok(Json(db.read("catalog.product", move |tx| service::load(tx, id)).await?.into()))
}

/// Adds a product as a draft.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    request_body = ProductDraft, responses((status = 201, description = "The product.", body = ProductRecord)))]
#[post("/products")]
pub async fn create_product(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    body: Json<ProductDraft>,
) -> ApiResult<Created<ProductRecord>> {
    let draft = service::sanitised(body.0);
    let product = db
        .write("catalog.add_product", move |tx| {
            let product = service::add_product(tx, &draft)?;
            let after = service::audited(&product);
            note(tx, &catalog, &staff, "product.create", ("product", product.row.id.get()), (None, Some(after)))?;
            Ok::<_, CatalogError>(product)
        })
        .await?;
    Ok(Created(product.into()))
}

/// Replaces a product's content.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    params(("id" = ProductId, Path, description = "The product.")),
    request_body = ProductEdit, responses((status = 200, description = "The product.", body = ProductRecord)))]
#[put("/products/{id}")]
pub async fn update_product(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: Path<ProductId>,
    body: Json<ProductEdit>,
) -> ApiResult<Json<ProductRecord>> {
    let (id, ProductEdit { version, product }) = (id.0, body.0);
    let draft = service::sanitised(product);
    let product = db
        .write("catalog.edit_product", move |tx| {
            let (before, after) = service::edit_product(tx, id, version, &draft)?;
            let change = (Some(service::audited(&before)), Some(service::audited(&after)));
            note(tx, &catalog, &staff, "product.update", ("product", id.get()), change)?;
            Ok::<_, CatalogError>(after)
        })
        .await?;
    Ok(Json(product.into()))
}

async fn advance(
    db: &Db,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: ProductId,
    step: ProductMove,
) -> ApiResult<Json<ProductStanding>> {
    let state = db
        .write("catalog.advance", move |tx| {
            let state = service::advance(tx, id, step)?;
            let after = json!({ "state": state });
            note(tx, &catalog, &staff, "product.move", ("product", id.get()), (None, Some(after)))?;
            Ok::<_, CatalogError>(state)
        })
        .await?;
    Ok(Json(ProductStanding { id, state }))
}

/// Puts a product on sale.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    params(("id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "Where it stands.", body = ProductStanding)))]
#[post("/products/{id}/on-sale")]
pub async fn put_product_on_sale(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: Path<ProductId>,
) -> ApiResult<Json<ProductStanding>> {
    advance(&db, catalog, staff, id.0, ProductMove::PutOnSale).await
}

/// Takes a product off sale.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    params(("id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "Where it stands.", body = ProductStanding)))]
#[post("/products/{id}/off-sale")]
pub async fn take_product_off_sale(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: Path<ProductId>,
) -> ApiResult<Json<ProductStanding>> {
    advance(&db, catalog, staff, id.0, ProductMove::TakeOffSale).await
}

/// Plans when a product goes on and off sale by itself.
#[utoipa::path(tag = "catalog", security(("staff" = [])), extensions(("x-permission" = json!("catalog.write"))),
    params(("id" = ProductId, Path, description = "The product.")),
    request_body = Schedule, responses((status = 204, description = "Planned.")))]
#[put("/products/{id}/schedule")]
pub async fn schedule_product(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    staff: Staff<CatalogWrite>,
    id: Path<ProductId>,
    body: Json<Schedule>,
) -> ApiResult<NoContent> {
    let (id, schedule) = (id.0, body.0);
    db.write("catalog.plan", move |tx| {
        service::plan(tx, id, &schedule)?;
        let after = json!({ "on_sale_at": schedule.on_sale_at, "off_sale_at": schedule.off_sale_at });
        note(tx, &catalog, &staff, "product.schedule", ("product", id.get()), (None, Some(after)))
    })
    .await?;
    Ok(NoContent)
}

/// Stores a picture: the body is the picture itself, PNG, JPEG, WebP or GIF, up to 10 MiB. It is decoded and written
/// anew, so nothing but pixels is kept.
#[utoipa::path(post, path = "/pictures", tag = "catalog", security(("staff" = [])),
    extensions(("x-permission" = json!("catalog.write"))),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The picture."),
    responses((status = 201, description = "The stored picture.", body = StoredPicture)))]
pub async fn upload_picture(
    storage: web::Data<Storage>,
    _staff: Staff<CatalogWrite>,
    body: Result<web::Bytes, actix_web::Error>,
) -> ApiResult<Created<StoredPicture>> {
    let body = read_body(ready(body)).await?;
    let stored = storage.put_picture(body.to_vec(), MOST_PICTURE_BYTES).await.map_err(|error| match error {
        StorageError::Refused(refusal) => refused(refusal),
        StorageError::Unavailable(reason) => {
            tracing::error!(reason, "the picture store cannot be reached");
            CatalogError::PictureStoreUnavailable
        }
    })?;
    let path = picture_path(&stored.key);
    Ok(Created(StoredPicture { path, key: stored.key, size: stored.size, width: stored.width, height: stored.height }))
}

fn refused(refusal: PictureRefusal) -> CatalogError {
    CatalogError::PictureRefused(json!({ "reason": refusal.reason() }))
}

/// Mounts the staff's endpoints.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_all_categories)
        .service(create_category)
        .service(update_category)
        .service(delete_category)
        .service(find_products)
        .service(get_product_record)
        .service(create_product)
        .service(update_product)
        .service(put_product_on_sale)
        .service(take_product_off_sale)
        .service(schedule_product)
        // A picture may be larger than any other body; its own limit is checked again while it is stored.
        .service(
            web::scope("/pictures")
                .app_data(web::PayloadConfig::new(MOST_PICTURE_BYTES))
                .route("", web::post().to(upload_picture)),
        );
}

/// The staff's endpoints, for the document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_all_categories,
    create_category,
    update_category,
    delete_category,
    find_products,
    get_product_record,
    create_product,
    update_product,
    put_product_on_sale,
    take_product_off_sale,
    schedule_product,
    upload_picture
))]
pub struct AdminApi;
