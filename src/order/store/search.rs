//! Lists of orders: a shopper's, staff's, and what is due.

use diesel::prelude::*;

use crate::catalog::{ProductId, SkuId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::order::model::{Delivery, Order, OrderState};
use crate::pick_up::StoreId;
use crate::platform::db::schema::{order_lines as lines, orders, pick_ups};
use crate::platform::db::{DbResult, Tx, columns};

/// Which orders staff want to see. Absent conditions hold for all.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// This one.
    pub order_id: Option<OrderId>,
    /// In this state.
    pub state: Option<OrderState>,
    /// Of this user.
    pub user_id: Option<UserId>,
    /// Reaching the buyer this way.
    pub delivery: Option<Delivery>,
    /// Collected at this store.
    pub store_id: Option<StoreId>,
    /// Sent to this phone.
    pub phone: Option<String>,
    /// Sent to this name.
    pub receiver: Option<String>,
    /// With this SKU.
    pub sku_id: Option<SkuId>,
    /// With this product.
    pub product_id: Option<ProductId>,
    /// Placed at this moment or later.
    pub placed_from: Option<Timestamp>,
    /// Placed before this moment.
    pub placed_before: Option<Timestamp>,
}

crate::stored_enum! {
    /// How a list of orders is sorted.
    pub enum OrderSort {
        /// Latest first.
        Newest = "newest",
        /// Earliest first.
        Oldest = "oldest",
    }
}

/// Which deadline passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::order) enum DueBy {
    /// Unpaid orders whose time to pay is over.
    Closing,
    /// Orders on their way that count as received by now.
    Receipt,
    /// Received orders past the time for after-sale.
    Completion,
}

/// Orders whose deadline has passed, the longest due first.
pub(in crate::order) fn due(tx: &mut Tx<'_>, by: DueBy, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let state = |state: OrderState| orders::table.select(orders::id).filter(orders::state.eq(state.spelt_out()));
    Ok(match by {
        DueBy::Closing => {
            let due = state(OrderState::PendingPayment).filter(orders::close_due_at.le(now));
            due.order(orders::close_due_at).limit(limit).load(tx.conn()?)?
        }
        DueBy::Receipt => {
            let due = state(OrderState::Shipped).filter(orders::receive_due_at.le(now));
            due.order(orders::receive_due_at).limit(limit).load(tx.conn()?)?
        }
        DueBy::Completion => {
            let due = state(OrderState::Received)
                .filter(orders::complete_due_at.le(now))
                .filter(orders::refunding_fen.le(orders::refunding_difference_fen));
            due.order(orders::complete_due_at).limit(limit).load(tx.conn()?)?
        }
    })
}

/// A shopper's orders that are not hidden, latest first.
pub(in crate::order) fn of_user(
    tx: &mut Tx<'_>,
    user: UserId,
    state: Option<OrderState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Order>> {
    let mut query = orders::table
        .select(columns::<Order>())
        .filter(orders::user_id.eq(user))
        .filter(orders::hidden_at.is_null())
        .order(orders::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(orders::state.eq(state));
    }
    if let Some(cursor) = after {
        query = query.filter(orders::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Orders that staff asked for.
pub(in crate::order) fn search(
    tx: &mut Tx<'_>,
    filter: &OrderFilter,
    sort: OrderSort,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Order>> {
    let mut query = orders::table.select(columns::<Order>()).limit(limit).into_boxed();
    if let Some(id) = filter.order_id {
        query = query.filter(orders::id.eq(id));
    }
    if let Some(state) = filter.state {
        query = query.filter(orders::state.eq(state));
    }
    if let Some(user) = filter.user_id {
        query = query.filter(orders::user_id.eq(user));
    }
    if let Some(delivery) = filter.delivery {
        query = query.filter(orders::delivery.eq(delivery));
    }
    if let Some(store) = filter.store_id {
        let collected = pick_ups::table.select(pick_ups::order_id).filter(pick_ups::store_id.eq(store));
        query = query.filter(orders::id.eq_any(collected));
    }
    if let Some(phone) = &filter.phone {
        query = query.filter(orders::receiver_phone.eq(phone));
    }
    if let Some(receiver) = &filter.receiver {
        query = query.filter(orders::receiver_name.eq(receiver));
    }
    if let Some(sku) = filter.sku_id {
        query = query.filter(orders::id.eq_any(lines::table.select(lines::order_id).filter(lines::sku_id.eq(sku))));
    }
    if let Some(product) = filter.product_id {
        query =
            query.filter(orders::id.eq_any(lines::table.select(lines::order_id).filter(lines::product_id.eq(product))));
    }
    if let Some(from) = filter.placed_from {
        query = query.filter(orders::created_at.ge(from));
    }
    if let Some(before) = filter.placed_before {
        query = query.filter(orders::created_at.lt(before));
    }
    query = match (sort, after) {
        (OrderSort::Newest, None) => query.order(orders::id.desc()),
        (OrderSort::Newest, Some(cursor)) => query.order(orders::id.desc()).filter(orders::id.lt(cursor.id)),
        (OrderSort::Oldest, None) => query.order(orders::id.asc()),
        (OrderSort::Oldest, Some(cursor)) => query.order(orders::id.asc()).filter(orders::id.gt(cursor.id)),
    };
    Ok(query.load(tx.conn()?)?)
}
