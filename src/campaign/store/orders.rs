//! Orders that carry campaigns.

use diesel::prelude::*;

use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::campaign_orders as orders;
use crate::platform::db::{DbResult, Tx};
use crate::share::Channel;

/// An order that carries a campaign, as it is placed.
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
pub(in crate::campaign) struct OrderRow {
    pub(in crate::campaign) order_id: OrderId,
    pub(in crate::campaign) campaign_id: CampaignId,
    pub(in crate::campaign) user_id: UserId,
    pub(in crate::campaign) newcomer: bool,
    pub(in crate::campaign) channel: Option<Channel>,
    pub(in crate::campaign) inviter_id: Option<UserId>,
    pub(in crate::campaign) cost_fen: Fen,
    pub(in crate::campaign) total_fen: Fen,
    pub(in crate::campaign) refunded_fen: Fen,
    pub(in crate::campaign) day: Day,
    pub(in crate::campaign) placed_at: Timestamp,
}

/// Writes an order, unless it is known.
pub(in crate::campaign) fn insert_order(tx: &mut Tx<'_>, order: &OrderRow) -> DbResult<()> {
    on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(orders::table).values(order).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(())
}
