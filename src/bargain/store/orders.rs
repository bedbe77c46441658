//! Orders that redeemed bargains.

use diesel::prelude::*;

use crate::bargain::model::{BargainId, Redemption, RedemptionState};
use crate::kernel::id::OrderId;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::bargain_orders as redeemed;
use crate::platform::db::{DbResult, Tx, columns};

pub(in crate::bargain) fn insert(tx: &mut Tx<'_>, redemption: &Redemption) -> DbResult<()> {
    Prepared(diesel::insert_into(redeemed::table).values(redemption)).execute(tx.conn()?)?;
    Ok(())
}

/// Moves the redemption of an order from one state to another; answers it, when it was in the first. Every order of the
/// shop asks this, and most have none.
pub(in crate::bargain) fn move_on(
    tx: &mut Tx<'_>,
    order: OrderId,
    from: RedemptionState,
    to: RedemptionState,
) -> DbResult<Option<Redemption>> {
    let now = tx.now();
    let at = redeemed::table.filter(redeemed::order_id.eq(order)).filter(redeemed::state.eq(from));
    let update = diesel::update(at)
        .set((redeemed::state.eq(to), redeemed::settled_at.eq(Some(now))))
        .returning(columns::<Redemption>());
    Ok(Prepared(update).get_result(tx.conn()?).optional()?)
}

/// Every order that redeemed a bargain, latest first.
pub(in crate::bargain) fn of_bargain(tx: &mut Tx<'_>, bargain: BargainId) -> DbResult<Vec<Redemption>> {
    let all = redeemed::table.filter(redeemed::bargain_id.eq(bargain)).order(redeemed::order_id.desc());
    Ok(all.select(columns::<Redemption>()).load(tx.conn()?)?)
}
