//! Looking at orders.

use std::collections::HashMap;

use super::super::error::OrderError;
use super::super::model::{
    Delivery, GatedOrder, MAX_EXPORTED, Order, OrderFile, OrderLine, OrderState, OrderWithLines, ShipGate,
};
use super::super::store::{self, OrderFilter, OrderSort};
use super::{collect, moves};
use crate::identity;
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, Tx};

/// An order as it stands.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut Tx<'_>, id: OrderId) -> DbResult<Option<Order>> {
    store::find(tx, id)
}

/// Orders that a campaign of this kind held or holds back, by id, of ids above `after`: for its books.
///
/// # Errors
/// When the database fails.
pub fn gated(tx: &mut Tx<'_>, source: &str, after: Option<OrderId>, limit: i64) -> DbResult<Vec<GatedOrder>> {
    let gated = store::gated(tx, source, after, limit)?;
    let view = |(order, gate): (Order, ShipGate)| GatedOrder {
        order_id: order.id,
        state: order.state,
        refunding: order.is_refunding(),
        opened: gate.opened_at.is_some(),
    };
    Ok(gated.into_iter().map(view).collect())
}

/// Whether no order of this person was ever paid: neither the user's nor one of a user who may be the same person, of
/// whom a conflict between proofs speaks that staff have not decided. The one place where this question is answered.
///
/// # Errors
/// When the database fails.
pub fn is_newcomer(tx: &mut Tx<'_>, user: UserId) -> DbResult<bool> {
    if store::has_paid(tx, user)? {
        return Ok(false);
    }
    for other in identity::perhaps_the_same(tx, user)? {
        if store::has_paid(tx, other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a user who paid this order was a newcomer until then.
///
/// # Errors
/// When the database fails.
pub fn is_first_paid(tx: &mut Tx<'_>, user: UserId, order: OrderId) -> DbResult<bool> {
    Ok(!store::has_paid_another(tx, user, order)?)
}

/// Which page of a list.
#[derive(Debug, Clone, Copy)]
pub(in crate::order) struct OrderPage {
    /// Where the page before ended.
    pub(in crate::order) after: Option<Cursor>,
    /// Most orders wanted.
    pub(in crate::order) limit: i64,
}

/// Where each of these orders stands. Those that do not exist are absent.
///
/// # Errors
/// When the database fails.
pub fn states(tx: &mut Tx<'_>, ids: &[OrderId]) -> DbResult<HashMap<OrderId, OrderState>> {
    Ok(store::states(tx, ids)?.into_iter().collect())
}

/// A shopper's orders, latest first.
pub(in crate::order) fn page_of_user(
    tx: &mut Tx<'_>,
    user: UserId,
    state: Option<OrderState>,
    page: OrderPage,
) -> Result<Page<OrderWithLines>, OrderError> {
    let rows = store::of_user(tx, user, state, page.after, page.limit.saturating_add(1))?;
    Ok(with_lines(tx, cut(rows, page.limit))?)
}

/// Orders that staff asked for.
pub(in crate::order) fn page_for_staff(
    tx: &mut Tx<'_>,
    filter: &OrderFilter,
    sort: OrderSort,
    page: OrderPage,
) -> Result<Page<OrderWithLines>, OrderError> {
    let rows = store::search(tx, filter, sort, page.after, page.limit.saturating_add(1))?;
    Ok(with_lines(tx, cut(rows, page.limit))?)
}

fn cut(rows: Vec<Order>, limit: i64) -> Page<Order> {
    Page::cut(rows, limit, |order| Cursor { key: 0, id: order.id.get() })
}

fn with_lines(tx: &mut Tx<'_>, page: Page<Order>) -> DbResult<Page<OrderWithLines>> {
    let ids: Vec<OrderId> = page.items.iter().map(|order| order.id).collect();
    let mut lines: HashMap<OrderId, Vec<OrderLine>> = HashMap::with_capacity(ids.len());
    for line in store::lines_of_all(tx, &ids)? {
        lines.entry(line.order_id).or_default().push(line);
    }
    Ok(page.map(|order| OrderWithLines { lines: lines.remove(&order.id).unwrap_or_default(), order }))
}

/// Every order that staff asked for, for a table.
///
/// # Errors
/// 422 when more match than one table may hold, so that none is cut off in silence.
pub(in crate::order) fn exported(tx: &mut Tx<'_>, filter: &OrderFilter) -> Result<Vec<OrderWithLines>, OrderError> {
    let rows = store::search(tx, filter, OrderSort::Oldest, None, MAX_EXPORTED.saturating_add(1))?;
    let page = cut(rows, MAX_EXPORTED);
    if page.next_cursor.is_some() {
        return Err(OrderError::ExportTooLarge);
    }
    let mut exported = Vec::with_capacity(page.items.len());
    // A query with thousands of ids would pass what the databases allow in one statement.
    for some in page.items.chunks(500) {
        let some = Page { items: some.to_vec(), next_cursor: None };
        exported.extend(with_lines(tx, some)?.items);
    }
    Ok(exported)
}

/// Everything about a shopper's own order.
pub(in crate::order) fn file_of_user(tx: &mut Tx<'_>, id: OrderId, user: UserId) -> Result<OrderFile, OrderError> {
    let order = moves::own(tx, id, user)?;
    Ok(file(tx, order)?)
}

/// Everything about an order.
pub(in crate::order) fn file_for_staff(tx: &mut Tx<'_>, id: OrderId) -> Result<OrderFile, OrderError> {
    let order = store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    Ok(file(tx, order)?)
}

fn file(tx: &mut Tx<'_>, order: Order) -> DbResult<OrderFile> {
    let id = order.id;
    Ok(OrderFile {
        lines: store::lines_of(tx, id)?,
        adjustments: store::adjustments_of(tx, id)?,
        gates: store::gates_of(tx, id)?,
        parcels: store::parcels_of(tx, id)?,
        pick_up: if order.delivery == Delivery::PickUp { collect::file_of(tx, id)? } else { None },
        refunds: store::refunds_of(tx, id)?,
        history: store::history_of(tx, id)?,
        order,
    })
}
