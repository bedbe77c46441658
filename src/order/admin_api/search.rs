//! Finding orders, page by page or as one table.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::desk;
use crate::catalog::{ProductId, SkuId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::order::api::page_of;
use crate::order::api::staff_views::StaffOrderRowView;
use crate::order::error::OrderError;
use crate::order::model::{Delivery, MAX_TEXT_CHARS, OrderState};
use crate::order::service;
use crate::order::store::{OrderFilter, OrderSort};
use crate::pick_up::StoreId;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, Query, Staff};
use crate::staff::permission;

/// Which orders to export; every condition given must hold. A table is whole and sorted the earliest first, so it takes
/// neither a page nor an order of its own.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderExportQuery {
    /// This order.
    order_id: Option<OrderId>,
    /// In this state.
    state: Option<OrderState>,
    /// Of this user.
    user_id: Option<UserId>,
    /// Reaching the buyer this way.
    delivery: Option<Delivery>,
    /// Collected at this store.
    store_id: Option<StoreId>,
    /// Sent to exactly this phone.
    #[param(max_length = 200, example = "13800001234")]
    phone: Option<String>,
    /// Sent to exactly this name.
    #[param(max_length = 200)]
    receiver: Option<String>,
    /// With this SKU.
    sku_id: Option<SkuId>,
    /// With this product.
    product_id: Option<ProductId>,
    /// Placed at this moment or later.
    placed_from: Option<Timestamp>,
    /// Placed before this moment.
    #[param(example = "2026-03-31T08:00:00.000Z")]
    placed_before: Option<Timestamp>,
}

/// Which orders to find; every condition given must hold.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderSearchQuery {
    /// This order.
    order_id: Option<OrderId>,
    /// In this state.
    state: Option<OrderState>,
    /// Of this user.
    user_id: Option<UserId>,
    /// Reaching the buyer this way.
    delivery: Option<Delivery>,
    /// Collected at this store.
    store_id: Option<StoreId>,
    /// Sent to exactly this phone.
    #[param(max_length = 200, example = "13800001234")]
    phone: Option<String>,
    /// Sent to exactly this name.
    #[param(max_length = 200)]
    receiver: Option<String>,
    /// With this SKU.
    sku_id: Option<SkuId>,
    /// With this product.
    product_id: Option<ProductId>,
    /// Placed at this moment or later.
    placed_from: Option<Timestamp>,
    /// Placed before this moment.
    #[param(example = "2026-03-31T08:00:00.000Z")]
    placed_before: Option<Timestamp>,
    /// Sorted how; the latest first when absent.
    sort: Option<OrderSort>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

impl OrderExportQuery {
    fn filter(self) -> Result<OrderFilter, OrderError> {
        let too_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT_CHARS);
        if too_long(&self.phone) || too_long(&self.receiver) {
            return Err(OrderError::InvalidFilter(json!({ "max_length": MAX_TEXT_CHARS })));
        }
        if self.placed_from.zip(self.placed_before).is_some_and(|(from, before)| from >= before) {
            return Err(OrderError::InvalidFilter(json!({ "field": "placed_before" })));
        }
        Ok(OrderFilter {
            order_id: self.order_id,
            state: self.state,
            user_id: self.user_id,
            delivery: self.delivery,
            store_id: self.store_id,
            phone: self.phone,
            receiver: self.receiver,
            sku_id: self.sku_id,
            product_id: self.product_id,
            placed_from: self.placed_from,
            placed_before: self.placed_before,
        })
    }
}

impl OrderSearchQuery {
    fn conditions(&self) -> OrderExportQuery {
        OrderExportQuery {
            order_id: self.order_id,
            state: self.state,
            user_id: self.user_id,
            delivery: self.delivery,
            store_id: self.store_id,
            phone: self.phone.clone(),
            receiver: self.receiver.clone(),
            sku_id: self.sku_id,
            product_id: self.product_id,
            placed_from: self.placed_from,
            placed_before: self.placed_before,
        }
    }
}

/// Finds orders
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.read"))),
    params(OrderSearchQuery),
    responses((status = 200, description = "A page of orders.", body = Page<StaffOrderRowView>))
)]
#[get("/orders")]
pub async fn search_orders(
    db: web::Data<Db>,
    _staff: Staff<permission::OrderRead>,
    query: Query<OrderSearchQuery>,
) -> ApiResult<Json<Page<StaffOrderRowView>>> {
    let Query(query) = query;
    let (filter, sort) = (query.conditions().filter()?, query.sort.unwrap_or(OrderSort::Newest));
    let page = page_of(query.cursor, query.limit)?;
    let found = db.read("search_orders", move |tx| service::page_for_staff(tx, &filter, sort, page)).await?;
    Ok(Json(found.map(Into::into)))
}

/// Exports orders
///
/// A table with one row for each line, as CSV in UTF-8, the earliest order first; at most 5000 orders. Who exported how
/// much is written down.
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.read"))),
    params(OrderExportQuery),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/orders/export")]
pub async fn export_orders(
    db: web::Data<Db>,
    staff: Staff<permission::OrderRead>,
    query: Query<OrderExportQuery>,
) -> ApiResult<HttpResponse> {
    let Query(query) = query;
    let filter = query.filter()?;
    let asked = format!("{filter:?}");
    let exporting = db.read("export_orders", move |tx| {
        let orders = service::exported(tx, &filter)?;
        Ok::<_, OrderError>((orders.len(), service::table(&orders)?))
    });
    let (count, table) = exporting.await?;
    let desk = desk(&staff);
    db.write("export_orders.note", move |tx| service::note_export(tx, &desk, &asked, count)).await?;
    Ok(table.download("orders.csv"))
}
