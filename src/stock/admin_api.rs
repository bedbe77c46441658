//! Stock for staff.

use actix_web::http::StatusCode;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::StockError;
use super::model::{Movement, MovementId, MovementKind, StockItem, StockLine};
use super::service::{self, Correction, Receipt};
use crate::catalog::{self, SkuFacts, SkuId};
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbError, DbResult, Tx};
use crate::platform::http::idempotency::{self, Known, StoredAnswer};
use crate::platform::http::{
    ApiError, ApiResult, HashedJson, IdempotencyKey, Json, PageQuery, Path, Query, RequestError, Staff,
};
use crate::staff::audit::{self, AuditEntry};
use crate::staff::permission::{StockRead, StockWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    receive_stock,
    correct_stock,
    set_stock_threshold,
    list_stock_items,
    show_stock_item,
    list_stock_movements
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(receive_stock)
        .service(correct_stock)
        .service(set_stock_threshold)
        .service(list_stock_items)
        .service(show_stock_item)
        .service(list_stock_movements);
}

/// So many pieces of one SKU.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLine {
    /// What.
    pub sku_id: SkuId,
    /// How many pieces, at most 1,000,000,000.
    #[schema(example = 100, minimum = 1)]
    pub quantity: i64,
}

/// Goods that came in.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveStock {
    /// What came in: 1 to 200 lines, every SKU once.
    pub lines: Vec<ReceiptLine>,
    /// Why, such as the number of the delivery note; 1 to 200 characters.
    #[schema(example = "采购单 PO-20260131-07", max_length = 200)]
    pub reason: String,
}

/// A count to put right.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectStock {
    /// Pieces found (above zero) or missing (below zero).
    #[schema(example = -2)]
    pub change: i64,
    /// Why; 1 to 200 characters.
    #[schema(example = "盘点破损", max_length = 200)]
    pub reason: String,
}

/// When the shop wants to know.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStockThreshold {
    /// Below this number of free pieces, 0–1,000,000; 0 for never.
    #[schema(example = 10, minimum = 0, maximum = 1_000_000)]
    pub low_at: i64,
}

/// The counts of one SKU.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StockItemView {
    /// The SKU.
    pub sku_id: SkuId,
    /// Its product's title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// Its option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// Pieces in the warehouse, those held included.
    #[schema(example = 100)]
    pub on_hand: i64,
    /// Pieces set aside for unpaid orders.
    #[schema(example = 3)]
    pub held: i64,
    /// Pieces that can still be ordered.
    #[schema(example = 97)]
    pub available: i64,
    /// Pieces paid for.
    #[schema(example = 40)]
    pub sold: i64,
    /// Pieces that ever came in.
    #[schema(example = 142)]
    pub received: i64,
    /// Pieces that were lost or written off.
    #[schema(example = 2)]
    pub removed: i64,
    /// Below this number of free pieces the shop wants to know.
    #[schema(example = 10)]
    pub low_at: i64,
    /// Whether fewer are free.
    #[schema(example = false)]
    pub low: bool,
}

/// The counts after goods came in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StockItemsView {
    /// One for every line, by SKU id.
    pub items: Vec<StockItemView>,
}

/// One change of stock.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StockMovementView {
    /// The change.
    pub id: MovementId,
    /// The SKU.
    pub sku_id: SkuId,
    /// Why.
    pub kind: MovementKind,
    /// What it added to the pieces in the warehouse.
    #[schema(example = -2)]
    pub on_hand_change: i64,
    /// What it added to the pieces set aside.
    #[schema(example = -2)]
    pub held_change: i64,
    /// The order that caused it.
    pub order_id: Option<OrderId>,
    /// Why, in words; empty for orders.
    #[schema(example = "")]
    pub reason: String,
    /// Who of the staff caused it.
    pub staff_id: Option<StaffId>,
    /// When.
    pub at: Timestamp,
}

impl From<Movement> for StockMovementView {
    fn from(movement: Movement) -> Self {
        Self {
            id: movement.id,
            sku_id: movement.sku_id,
            kind: movement.kind,
            on_hand_change: movement.on_hand_change,
            held_change: movement.held_change,
            order_id: movement.order_id,
            reason: movement.reason,
            staff_id: movement.staff_id,
            at: movement.at,
        }
    }
}

fn view(item: StockItem, facts: &[SkuFacts]) -> StockItemView {
    let sku = facts.iter().find(|sku| sku.sku_id == item.sku_id);
    StockItemView {
        sku_id: item.sku_id,
        title: sku.map(|sku| sku.title.clone()).unwrap_or_default(),
        option_text: sku.map(|sku| sku.option_text.clone()).unwrap_or_default(),
        on_hand: item.on_hand,
        held: item.held,
        available: item.available(),
        sold: item.sold,
        received: item.received,
        removed: item.removed,
        low_at: item.low_at,
        low: item.available() < item.low_at,
    }
}

fn views(tx: &mut Tx<'_>, items: Vec<StockItem>) -> DbResult<Vec<StockItemView>> {
    let skus: Vec<SkuId> = items.iter().map(|item| item.sku_id).collect();
    let facts = catalog::sku_facts(tx, &skus)?;
    Ok(items.into_iter().map(|item| view(item, &facts)).collect())
}

fn one_view(tx: &mut Tx<'_>, item: StockItem) -> DbResult<StockItemView> {
    let facts = catalog::sku_facts(tx, &[item.sku_id])?;
    Ok(view(item, &facts))
}

/// A change that a client may send twice under one key, if it sent a key.
async fn keyed(
    request: &HttpRequest,
    staff_id: StaffId,
    operation: &'static str,
    body_hash: String,
) -> ApiResult<Option<idempotency::Request>> {
    if !request.headers().contains_key("idempotency-key") {
        return Ok(None);
    }
    let key = IdempotencyKey::extract(request).await?;
    Ok(Some(idempotency::Request { owner: format!("staff:{staff_id}"), key, operation, body_hash }))
}

enum Reply {
    Answer(StoredAnswer),
    KeyReused,
}

/// Does `work` unless its request was answered before, and answers 201 with what it says. Of twins that run at once one
/// is taken back and then finds the other's answer.
async fn once<T, F>(db: &Db, keyed: Option<idempotency::Request>, work: F) -> ApiResult<HttpResponse>
where
    T: Serialize,
    F: FnMut(&mut Tx<'_>) -> Result<T, StockError> + Clone + Send + 'static,
{
    let attempt = |mut work: F, request: Option<idempotency::Request>| {
        move |tx: &mut Tx<'_>| -> Result<Reply, StockError> {
            if let Some(request) = &request {
                match idempotency::lookup(tx, request)? {
                    Known::Answered(answer) => return Ok(Reply::Answer(answer)),
                    Known::Reused => return Ok(Reply::KeyReused),
                    Known::Fresh => {}
                }
            }
            let body = serde_json::to_string(&work(tx)?).map_err(|error| DbError::Defect(error.to_string()))?;
            let answer = StoredAnswer { status: i64::from(StatusCode::CREATED.as_u16()), body };
            if let Some(request) = &request {
                idempotency::remember(tx, request, &answer)?;
            }
            Ok(Reply::Answer(answer))
        }
    };
    let mut reply = db.write("change_stock", attempt(work.clone(), keyed.clone())).await;
    if matches!(&reply, Err(StockError::Db(error)) if idempotency::lost_to_twin(error)) {
        reply = db.write("change_stock", attempt(work, keyed)).await;
    }
    match reply? {
        Reply::Answer(answer) => Ok(answer.replay()),
        Reply::KeyReused => Err(ApiError::new(RequestError::IDEMPOTENCY_REUSED)),
    }
}

/// Receives goods
///
/// Adds pieces to the stock of one or several SKUs, all or none. With an `Idempotency-Key` a repeated request answers as
/// the first did and adds nothing.
#[utoipa::path(
    tag = "stock",
    security(("staff" = [])),
    extensions(("x-permission" = json!("stock.write"))),
    params(("Idempotency-Key" = Option<String>, Header, description = "8 to 64 visible characters; makes repeating safe.")),
    request_body = ReceiveStock,
    responses((status = 201, description = "The counts after it.", body = StockItemsView))
)]
#[post("/stock/receipts")]
pub async fn receive_stock(
    db: web::Data<Db>,
    staff: Staff<StockWrite>,
    request: HttpRequest,
    body: HashedJson<ReceiveStock>,
) -> ApiResult<HttpResponse> {
    let keyed = keyed(&request, staff.staff_id, "receive_stock", body.hash).await?;
    let lines =
        body.value.lines.iter().map(|line| StockLine { sku_id: line.sku_id, quantity: line.quantity }).collect();
    let receipt = Receipt { lines, reason: body.value.reason, staff_id: Some(staff.staff_id) };
    let origin = staff.origin;
    once(&db, keyed, move |tx| {
        let items = service::receive(tx, &receipt)?;
        let received: Vec<_> =
            receipt.lines.iter().map(|line| json!({ "sku_id": line.sku_id, "quantity": line.quantity })).collect();
        audit::record(
            tx,
            &AuditEntry {
                staff_id: staff.staff_id,
                action: "stock.receive",
                subject_kind: "stock_receipt",
                subject_id: None,
                reason: Some(receipt.reason.trim()),
                before: None,
                after: Some(json!({ "lines": received })),
                origin: &origin,
            },
        )?;
        Ok(StockItemsView { items: views(tx, items)? })
    })
    .await
}

/// Puts a count right
///
/// Adds pieces that were found or takes away pieces that are missing, with a reason. Pieces held for orders cannot be
/// taken away. With an `Idempotency-Key` a repeated request answers as the first did and changes nothing.
#[utoipa::path(
    tag = "stock",
    security(("staff" = [])),
    extensions(("x-permission" = json!("stock.write"))),
    params(
        ("sku_id" = SkuId, Path, description = "The SKU."),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 64 visible characters; makes repeating safe.")
    ),
    request_body = CorrectStock,
    responses((status = 201, description = "The counts after it.", body = StockItemView))
)]
#[post("/stock/items/{sku_id}/corrections")]
pub async fn correct_stock(
    db: web::Data<Db>,
    staff: Staff<StockWrite>,
    request: HttpRequest,
    path: Path<SkuId>,
    body: HashedJson<CorrectStock>,
) -> ApiResult<HttpResponse> {
    // The same body for another SKU is another request.
    let body_hash = format!("{}:{}", path.0, body.hash);
    let keyed = keyed(&request, staff.staff_id, "correct_stock", body_hash).await?;
    let CorrectStock { change, reason } = body.value;
    let correction = Correction { sku_id: path.0, change, reason, staff_id: Some(staff.staff_id) };
    let origin = staff.origin;
    once(&db, keyed, move |tx| {
        let corrected = service::correct(tx, &correction)?;
        audit::record(
            tx,
            &AuditEntry {
                staff_id: staff.staff_id,
                action: "stock.correct",
                subject_kind: "sku",
                subject_id: Some(correction.sku_id.get()),
                reason: Some(correction.reason.trim()),
                before: Some(json!({ "on_hand": corrected.on_hand_before })),
                after: Some(json!({ "on_hand": corrected.after.on_hand })),
                origin: &origin,
            },
        )?;
        Ok(one_view(tx, corrected.after)?)
    })
    .await
}

/// Sets below which number of free pieces the shop wants to know
#[utoipa::path(
    tag = "stock",
    security(("staff" = [])),
    extensions(("x-permission" = json!("stock.write"))),
    params(("sku_id" = SkuId, Path, description = "The SKU.")),
    request_body = SetStockThreshold,
    responses((status = 200, description = "The counts.", body = StockItemView))
)]
#[put("/stock/items/{sku_id}/threshold")]
pub async fn set_stock_threshold(
    db: web::Data<Db>,
    staff: Staff<StockWrite>,
    path: Path<SkuId>,
    body: Json<SetStockThreshold>,
) -> ApiResult<Json<StockItemView>> {
    let (sku_id, low_at) = (path.0, body.low_at);
    let item = db.write("set_stock_threshold", move |tx| -> Result<StockItemView, StockError> {
        let (before, item) = service::set_low_at(tx, sku_id, low_at)?;
        audit::record(
            tx,
            &AuditEntry {
                staff_id: staff.staff_id,
                action: "stock.set_threshold",
                subject_kind: "sku",
                subject_id: Some(sku_id.get()),
                reason: None,
                before: Some(json!({ "low_at": before })),
                after: Some(json!({ "low_at": low_at })),
                origin: &staff.origin,
            },
        )?;
        Ok(one_view(tx, item)?)
    });
    Ok(Json(item.await?))
}

/// Which stock items to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockItemsQuery {
    /// Only those whose free pieces are fewer than the shop wants.
    #[serde(default)]
    pub low: bool,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists stock by SKU
#[utoipa::path(
    tag = "stock",
    security(("staff" = [])),
    extensions(("x-permission" = json!("stock.read"))),
    params(StockItemsQuery),
    responses((status = 200, description = "One page of stock items.", body = Page<StockItemView>))
)]
#[get("/stock/items")]
pub async fn list_stock_items(
    db: web::Data<Db>,
    _staff: Staff<StockRead>,
    query: Query<StockItemsQuery>,
) -> ApiResult<Json<Page<StockItemView>>> {
    let StockItemsQuery { low, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("list_stock_items", move |tx| -> DbResult<_> {
        let Page { items, next_cursor } = service::items(tx, low, after, limit)?;
        Ok(Page { items: views(tx, items)?, next_cursor })
    });
    Ok(Json(page.await?))
}

/// Shows the stock of one SKU
#[utoipa::path(
    tag = "stock",
    security(("staff" = [])),
    extensions(("x-permission" = json!("stock.read"))),
    params(("sku_id" = SkuId, Path, description = "The SKU.")),
    responses((status = 200, description = "The counts; zeros when nothing ever came in.", body = StockItemView))
)]
#[get("/stock/items/{sku_id}")]
pub async fn show_stock_item(
    db: web::Data<Db>,
    _staff: Staff<StockRead>,
    path: Path<SkuId>,
) -> ApiResult<Json<StockItemView>> {
    let sku_id = path.0;
    let item = db.read("show_stock_item", move |tx| -> Result<StockItemView, StockError> {
        let item = service::item(tx, sku_id)?;
        Ok(one_view(tx, item)?)
    });
    Ok(Json(item.await?))
}

/// Lists the changes of one SKU's stock, newest first
#[utoipa::path(
    tag = "stock",
    security(("staff" = [])),
    extensions(("x-permission" = json!("stock.read"))),
    params(("sku_id" = SkuId, Path, description = "The SKU."), PageQuery),
    responses((status = 200, description = "One page of changes.", body = Page<StockMovementView>))
)]
#[get("/stock/items/{sku_id}/movements")]
pub async fn list_stock_movements(
    db: web::Data<Db>,
    _staff: Staff<StockRead>,
    path: Path<SkuId>,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<StockMovementView>>> {
    let (sku_id, before, limit) = (path.0, page.0.cursor()?, page.0.limit()?);
    let movements = db.read("list_stock_movements", move |tx| service::movements(tx, sku_id, before, limit)).await?;
    Ok(Json(movements.map(StockMovementView::from)))
}
