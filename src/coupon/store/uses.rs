//! Uses of coupons in orders.

use diesel::prelude::*;

use crate::coupon::model::{CouponId, CouponUse, UseState};
use crate::kernel::id::OrderId;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::coupon_uses as uses;
use crate::platform::db::{Constraint, DbResult, Tx, columns};

/// The rule that a coupon has one use at a time.
pub(in crate::coupon) const ONE_USE: Constraint =
    Constraint { index: "coupon_uses_one", columns: "coupon_uses.coupon_id" };

/// The rule that an order has one coupon of a family.
pub(in crate::coupon) const ONE_OF_FAMILY: Constraint =
    Constraint { index: "coupon_uses_one_of_family", columns: "coupon_uses.order_id, coupon_uses.family" };

pub(in crate::coupon) fn insert_use(tx: &mut Tx<'_>, row: &CouponUse) -> DbResult<()> {
    Prepared(diesel::insert_into(uses::table).values(row)).execute(tx.conn()?)?;
    Ok(())
}

/// The uses of an order that stand.
pub(in crate::coupon) fn uses_of_order(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<CouponUse>> {
    let standing = uses::table.filter(uses::order_id.eq(order)).filter(uses::state.ne(UseState::Returned));
    Ok(standing.order(uses::coupon_id).select(columns::<CouponUse>()).load(tx.conn()?)?)
}

/// Every use a coupon ever had, latest first.
pub(in crate::coupon) fn uses_of_coupon(tx: &mut Tx<'_>, coupon: CouponId) -> DbResult<Vec<CouponUse>> {
    let all = uses::table.filter(uses::coupon_id.eq(coupon)).order(uses::reserved_at.desc());
    Ok(all.select(columns::<CouponUse>()).load(tx.conn()?)?)
}

/// Moves a use if it still stands where the caller saw it.
pub(in crate::coupon) fn move_use(tx: &mut Tx<'_>, seen: &CouponUse, to: UseState) -> DbResult<bool> {
    let now = Some(tx.now());
    let same = uses::table.find((seen.coupon_id, seen.order_id)).filter(uses::state.eq(seen.state));
    let moved = match to {
        UseState::Reserved => 0,
        UseState::Used => {
            Prepared(diesel::update(same).set((uses::state.eq(to), uses::used_at.eq(now)))).execute(tx.conn()?)?
        }
        UseState::Returned => {
            Prepared(diesel::update(same).set((uses::state.eq(to), uses::returned_at.eq(now)))).execute(tx.conn()?)?
        }
    };
    Ok(moved == 1)
}
