//! Flash sales for shoppers.

use std::collections::HashMap;

use actix_web::{delete, get, put, web};
use serde::Serialize;

use super::error::FlashSaleError;
use super::model::{Item, ItemId, SlotId};
use super::rules::{self, Phase};
use super::service::{self, SlotPage};
use crate::campaign::ActionView;
use crate::catalog::{self, ProductId, SkuFacts, SkuId};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::{ApiResult, Json, MaybeShopper, NoContent, Path, Shopper};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_flash_sale_slots, show_flash_sale_slot, ask_flash_sale_reminder, cancel_flash_sale_reminder))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_flash_sale_slots)
        .service(show_flash_sale_slot)
        .service(ask_flash_sale_reminder)
        .service(cancel_flash_sale_reminder);
}

/// What is sold in a slot.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlashSaleItemView {
    /// The item; an order claims it as `{"kind": "flash_sale", "reference": "<id>"}`.
    pub id: ItemId,
    /// The SKU.
    pub sku_id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// The product's title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// Its option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// Its picture.
    #[schema(example = "/files/3f2a.png")]
    pub picture: String,
    /// What one piece costs in this slot.
    #[schema(example = 9900)]
    pub price_fen: Fen,
    /// What one piece usually costs.
    #[schema(example = 19900)]
    pub usual_price_fen: Fen,
    /// Pieces sold at this price in all.
    #[schema(example = 100)]
    pub quota: i64,
    /// Pieces that can still be had.
    #[schema(example = 42)]
    pub left: i64,
    /// Pieces one buyer may have.
    #[schema(example = 2)]
    pub per_user_limit: i64,
    /// Pieces this viewer has.
    #[schema(example = 0)]
    pub bought: i64,
    /// What this viewer may do now, and why not: `buy`.
    pub actions: Vec<ActionView>,
}

/// A stretch of time in which flash prices hold.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlashSaleSlotView {
    /// The slot.
    pub id: SlotId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The campaign's name.
    #[schema(example = "七夕整点秒杀")]
    pub name: String,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Whether its prices hold now.
    pub open: bool,
    /// Whether this viewer will be told before it starts.
    pub reminded: bool,
    /// What this viewer may do now, and why not: `remind`.
    pub actions: Vec<ActionView>,
    /// What is sold.
    pub items: Vec<FlashSaleItemView>,
}

/// All slots that are open or still to come.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlashSaleSlotsView {
    /// The server's clock, for countdowns.
    pub server_time: Timestamp,
    /// The slots, earliest first.
    pub slots: Vec<FlashSaleSlotView>,
}

/// One slot.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlashSaleSlotPageView {
    /// The server's clock, for countdowns.
    pub server_time: Timestamp,
    /// The slot.
    pub slot: FlashSaleSlotView,
}

fn item_view(page: &SlotPage, item: &Item, sku: &SkuFacts, now: Timestamp) -> FlashSaleItemView {
    let bought = page.bought.get(&item.id).copied().unwrap_or(0);
    let may_buy = rules::may_take(&page.slot, item, bought, 1, now);
    FlashSaleItemView {
        id: item.id,
        sku_id: item.sku_id,
        product_id: sku.product_id,
        title: sku.title.clone(),
        option_text: sku.option_text.clone(),
        picture: sku.picture.clone(),
        price_fen: item.price,
        usual_price_fen: sku.price,
        quota: item.quota,
        left: item.left(),
        per_user_limit: item.per_user_limit,
        bought,
        actions: vec![ActionView::of("buy", may_buy.err())],
    }
}

fn slot_view(page: SlotPage, skus: &HashMap<SkuId, SkuFacts>, now: Timestamp) -> FlashSaleSlotView {
    let phase = rules::phase(&page.slot, now);
    let too_late = (phase != Phase::Coming).then_some(FlashSaleError::AlreadyStarted);
    // What cannot be bought at all is not shown at a low price.
    let on_sale = |item: &Item| skus.get(&item.sku_id).filter(|sku| sku.unavailable.is_none());
    let items =
        page.items.iter().filter_map(|item| on_sale(item).map(|sku| item_view(&page, item, sku, now))).collect();
    FlashSaleSlotView {
        id: page.slot.id,
        campaign_id: page.campaign.id,
        starts_at: page.slot.starts_at,
        ends_at: page.slot.ends_at,
        open: phase == Phase::Open,
        reminded: page.reminded,
        actions: vec![ActionView::of("remind", too_late)],
        items,
        name: page.campaign.name,
    }
}

fn slot_views(tx: &mut Tx<'_>, pages: Vec<SlotPage>) -> DbResult<Vec<FlashSaleSlotView>> {
    let skus: Vec<SkuId> = pages.iter().flat_map(|page| &page.items).map(|item| item.sku_id).collect();
    let facts = catalog::sku_facts(tx, &skus)?.into_iter().map(|sku| (sku.sku_id, sku)).collect();
    let now = tx.now();
    Ok(pages.into_iter().map(|page| slot_view(page, &facts, now)).collect())
}

fn user_of(shopper: &MaybeShopper) -> Option<UserId> {
    shopper.0.as_ref().map(|shopper| shopper.user_id)
}

/// Lists the slots that are open or still to come
///
/// Of all flash sales this viewer may see, earliest first, with what is sold and what the viewer may do.
#[utoipa::path(
    tag = "flash_sale",
    security((), ("shopper" = [])),
    responses((status = 200, description = "The slots.", body = FlashSaleSlotsView))
)]
#[get("/flash-sales/slots")]
pub async fn list_flash_sale_slots(db: web::Data<Db>, shopper: MaybeShopper) -> ApiResult<Json<FlashSaleSlotsView>> {
    let user = user_of(&shopper);
    let look = move |tx: &mut Tx<'_>| {
        let pages = service::slots_for(tx, user)?;
        Ok::<_, FlashSaleError>(FlashSaleSlotsView { slots: slot_views(tx, pages)?, server_time: tx.now() })
    };
    Ok(Json(db.read("list_flash_sale_slots", look).await?))
}

/// Shows a slot
#[utoipa::path(
    tag = "flash_sale",
    security((), ("shopper" = [])),
    params(("id" = SlotId, Path, description = "The slot.")),
    responses((status = 200, description = "The slot.", body = FlashSaleSlotPageView))
)]
#[get("/flash-sales/slots/{id}")]
pub async fn show_flash_sale_slot(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<SlotId>,
) -> ApiResult<Json<FlashSaleSlotPageView>> {
    let (user, id) = (user_of(&shopper), id.0);
    let look = move |tx: &mut Tx<'_>| {
        let page = service::slot_for(tx, id, user)?;
        let slot = slot_views(tx, vec![page])?.pop().ok_or(FlashSaleError::NotFound)?;
        Ok::<_, FlashSaleError>(FlashSaleSlotPageView { server_time: tx.now(), slot })
    };
    Ok(Json(db.read("show_flash_sale_slot", look).await?))
}

/// Asks to be told before a slot starts
///
/// Five minutes before its start. Asking twice is asking once.
#[utoipa::path(
    tag = "flash_sale",
    security(("shopper" = [])),
    params(("id" = SlotId, Path, description = "The slot.")),
    responses((status = 204, description = "It is remembered."))
)]
#[put("/flash-sales/slots/{id}/reminder")]
pub async fn ask_flash_sale_reminder(db: web::Data<Db>, shopper: Shopper, id: Path<SlotId>) -> ApiResult<NoContent> {
    let (user, id) = (shopper.user_id, id.0);
    db.write("ask_flash_sale_reminder", move |tx| service::ask_reminder(tx, id, user)).await?;
    Ok(NoContent)
}

/// Does not want to be told any more
#[utoipa::path(
    tag = "flash_sale",
    security(("shopper" = [])),
    params(("id" = SlotId, Path, description = "The slot.")),
    responses((status = 204, description = "It is forgotten."))
)]
#[delete("/flash-sales/slots/{id}/reminder")]
pub async fn cancel_flash_sale_reminder(db: web::Data<Db>, shopper: Shopper, id: Path<SlotId>) -> ApiResult<NoContent> {
    let (user, id) = (shopper.user_id, id.0);
    db.write("cancel_flash_sale_reminder", move |tx| service::cancel_reminder(tx, id, user)).await?;
    Ok(NoContent)
}
