//! Flash sales for staff. Scheduling, pausing, ending, the report and its export are every campaign's.

use actix_web::{HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::FlashSaleError;
use super::model::{FlashSaleRules, Item, ItemId, Slot, SlotId, Taking, TakingState};
use super::staff_service::{self, Written};
use super::store;
use crate::campaign::{CampaignKind, NewCampaign, Plan};
use crate::catalog::SkuId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{CampaignRead, CampaignWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    create_flash_sale,
    change_flash_sale_rules,
    show_flash_sale,
    list_flash_sale_takings,
    export_flash_sale_takings
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(create_flash_sale)
        .service(change_flash_sale_rules)
        .service(show_flash_sale)
        .service(list_flash_sale_takings)
        .service(export_flash_sale_takings);
}

/// A new flash sale.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFlashSale {
    /// What every campaign has.
    pub plan: Plan,
    /// What only flash sales have.
    pub rules: FlashSaleRules,
}

/// An item with what was taken of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StaffFlashSaleItemView {
    /// The item.
    pub id: ItemId,
    /// The SKU.
    pub sku_id: SkuId,
    /// What one piece costs.
    #[schema(example = 9900)]
    pub price_fen: Fen,
    /// Pieces that may be sold at this price.
    #[schema(example = 100)]
    pub quota: i64,
    /// Pieces that orders took, paid or not.
    #[schema(example = 58)]
    pub taken: i64,
    /// Pieces one buyer may have.
    #[schema(example = 2)]
    pub per_user_limit: i64,
}

/// A slot with what was taken in it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StaffFlashSaleSlotView {
    /// The slot.
    pub id: SlotId,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// How many people want to be told before it starts.
    #[schema(example = 12)]
    pub reminders: i64,
    /// What is sold.
    pub items: Vec<StaffFlashSaleItemView>,
}

/// A flash sale as staff wrote it, with what was taken so far.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StaffFlashSaleView {
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Whether coupons may be used with its prices.
    pub coupons_allowed: bool,
    /// Its slots, earliest first.
    pub slots: Vec<StaffFlashSaleSlotView>,
}

/// What an order took.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlashSaleTakingView {
    /// The order.
    pub order_id: OrderId,
    /// The item.
    pub item_id: ItemId,
    /// Who buys.
    pub user_id: UserId,
    /// Pieces.
    #[schema(example = 1)]
    pub quantity: i64,
    /// What the shop gives away with them.
    #[schema(example = 10000)]
    pub discount_fen: Fen,
    /// What became of them.
    pub state: TakingState,
    /// When they were taken.
    pub at: Timestamp,
}

impl From<Taking> for FlashSaleTakingView {
    fn from(taking: Taking) -> Self {
        Self {
            order_id: taking.order_id,
            item_id: taking.item_id,
            user_id: taking.user_id,
            quantity: taking.quantity,
            discount_fen: taking.discount,
            state: taking.state,
            at: taking.at,
        }
    }
}

impl From<&Item> for StaffFlashSaleItemView {
    fn from(item: &Item) -> Self {
        Self {
            id: item.id,
            sku_id: item.sku_id,
            price_fen: item.price,
            quota: item.quota,
            taken: item.taken,
            per_user_limit: item.per_user_limit,
        }
    }
}

fn slot_view(tx: &mut Tx<'_>, (slot, items): (Slot, Vec<Item>)) -> DbResult<StaffFlashSaleSlotView> {
    Ok(StaffFlashSaleSlotView {
        id: slot.id,
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
        reminders: store::count_reminders(tx, slot.id)?,
        items: items.iter().map(StaffFlashSaleItemView::from).collect(),
    })
}

fn view(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<StaffFlashSaleView, FlashSaleError> {
    let Written { sale, slots } = staff_service::written(tx, campaign)?;
    Ok(StaffFlashSaleView {
        campaign_id: campaign,
        coupons_allowed: sale.coupons_allowed,
        slots: slots.into_iter().map(|slot| slot_view(tx, slot)).collect::<DbResult<_>>()?,
    })
}

/// Creates a flash sale
///
/// As a draft: the campaign's plan and the slots with their prices and quotas. Nothing is sold before it is scheduled.
#[utoipa::path(
    tag = "flash_sale",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    request_body = CreateFlashSale,
    responses((status = 201, description = "The draft.", body = StaffFlashSaleView))
)]
#[post("/flash-sales")]
pub async fn create_flash_sale(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    body: Json<CreateFlashSale>,
) -> ApiResult<Created<StaffFlashSaleView>> {
    let CreateFlashSale { plan, rules } = body.0;
    let create = move |tx: &mut Tx<'_>| {
        let kind = CampaignKind::FlashSale;
        let new = NewCampaign { kind, plan: &plan, staff: staff.staff_id, origin: &staff.origin };
        let campaign = staff_service::create(tx, &new, &rules)?;
        view(tx, campaign)
    };
    Ok(Created(db.write("create_flash_sale", create).await?))
}

/// Writes the rules of a draft anew
#[utoipa::path(
    tag = "flash_sale",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    request_body = FlashSaleRules,
    responses((status = 200, description = "The draft.", body = StaffFlashSaleView))
)]
#[put("/flash-sales/{id}/rules")]
pub async fn change_flash_sale_rules(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    id: Path<CampaignId>,
    body: Json<FlashSaleRules>,
) -> ApiResult<Json<StaffFlashSaleView>> {
    let (id, rules) = (id.0, body.0);
    let change = move |tx: &mut Tx<'_>| {
        staff_service::change_rules(tx, id, &rules, (staff.staff_id, &staff.origin))?;
        view(tx, id)
    };
    Ok(Json(db.write("change_flash_sale_rules", change).await?))
}

/// Shows a flash sale with what was taken of its quotas
#[utoipa::path(
    tag = "flash_sale",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The flash sale.", body = StaffFlashSaleView))
)]
#[get("/flash-sales/{id}")]
pub async fn show_flash_sale(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<Json<StaffFlashSaleView>> {
    let id = id.0;
    Ok(Json(db.read("show_flash_sale", move |tx| view(tx, id)).await?))
}

/// Which page of takings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TakingsQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists what orders took of a flash sale, newest first
#[utoipa::path(
    tag = "flash_sale",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign."), TakingsQuery),
    responses((status = 200, description = "A page of takings.", body = Page<FlashSaleTakingView>))
)]
#[get("/flash-sales/{id}/takings")]
pub async fn list_flash_sale_takings(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
    query: Query<TakingsQuery>,
) -> ApiResult<Json<Page<FlashSaleTakingView>>> {
    let TakingsQuery { cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (id, before, limit) = (id.0, page.cursor()?, page.limit()?);
    let rows = db.read("list_flash_sale_takings", move |tx| staff_service::takings(tx, id, before, limit)).await?;
    Ok(Json(rows.map(FlashSaleTakingView::from)))
}

/// Exports what orders took of a flash sale
///
/// A table with one row for each order and item, newest first; at most 100,000 rows. Who exported how much is written
/// down.
#[utoipa::path(
    tag = "flash_sale",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/flash-sales/{id}/takings/export")]
pub async fn export_flash_sale_takings(
    db: web::Data<Db>,
    staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<HttpResponse> {
    let id = id.0;
    let export = move |tx: &mut Tx<'_>| staff_service::export(tx, id, (staff.staff_id, &staff.origin));
    Ok(db.write("export_flash_sale_takings", export).await?.download("flash-sale.csv"))
}
