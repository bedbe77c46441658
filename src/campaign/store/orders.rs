//! Orders that carry campaigns, and paid orders by which hold-outs are compared.

use diesel::prelude::*;

use crate::campaign::model::CampaignFacts;
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{campaign_orders as orders, campaign_outcomes as outcomes, campaigns};
use crate::platform::db::{DbResult, Tx, columns};
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
    pub(in crate::campaign) order_version: i64,
}

/// Writes an order, unless it is known.
pub(in crate::campaign) fn insert_order(tx: &mut Tx<'_>, order: OrderRow) -> DbResult<()> {
    tx.write_row(diesel::insert_into(orders::table).values(order).on_conflict_do_nothing())
}

/// What became of an order.
#[derive(Clone, Copy, Debug)]
pub(in crate::campaign) struct Became {
    pub(in crate::campaign) order_id: OrderId,
    pub(in crate::campaign) version: i64,
    pub(in crate::campaign) total: Fen,
    pub(in crate::campaign) refunded: Fen,
    pub(in crate::campaign) paid_at: Option<Timestamp>,
    pub(in crate::campaign) closed_at: Option<Timestamp>,
    /// When all of it was refunded.
    pub(in crate::campaign) refunded_at: Option<Timestamp>,
}

/// Brings what is known of an order up to what became of it, unless something later is known.
pub(in crate::campaign) fn follow_order(tx: &mut Tx<'_>, became: &Became) -> DbResult<()> {
    let update = diesel::update(orders::table)
        .filter(orders::order_id.eq(became.order_id).and(orders::order_version.lt(became.version)))
        .set((
            orders::total_fen.eq(became.total),
            orders::refunded_fen.eq(became.refunded),
            orders::paid_at.eq(became.paid_at),
            orders::closed_at.eq(became.closed_at),
            orders::refunded_at.eq(became.refunded_at),
            orders::order_version.eq(became.version),
        ));
    Prepared(update).execute(tx.conn()?)?;
    let update = diesel::update(outcomes::table)
        .filter(outcomes::order_id.eq(became.order_id).and(outcomes::refunded_fen.lt(became.refunded)))
        .set(outcomes::refunded_fen.eq(became.refunded));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Campaigns with a hold-out that were on at `moment`.
pub(in crate::campaign) fn measured_at(tx: &mut Tx<'_>, moment: Timestamp) -> DbResult<Vec<CampaignFacts>> {
    // Spelt out, not bound: the planner takes the index of campaigns with a hold-out only where it sees the number.
    let measured = diesel::dsl::sql::<diesel::sql_types::Bool>("holdout_permille > 0");
    let begun = campaigns::started_at.le(Some(moment)).and(measured);
    let not_over = campaigns::ended_at.is_null().or(campaigns::ended_at.gt(Some(moment)));
    let query = campaigns::table.filter(begun.and(campaigns::ends_at.gt(moment))).filter(not_over);
    Ok(query.select(columns::<CampaignFacts>()).load(tx.conn()?)?)
}

/// A paid order of somebody whom a campaign with a hold-out concerns.
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = outcomes, treat_none_as_default_value = false)]
pub(in crate::campaign) struct Outcome {
    pub(in crate::campaign) order_id: OrderId,
    pub(in crate::campaign) campaign_id: CampaignId,
    pub(in crate::campaign) user_id: UserId,
    pub(in crate::campaign) held_out: bool,
    pub(in crate::campaign) total_fen: Fen,
    pub(in crate::campaign) refunded_fen: Fen,
}

/// Writes an outcome, unless it is known.
pub(in crate::campaign) fn insert_outcome(tx: &mut Tx<'_>, outcome: &Outcome) -> DbResult<()> {
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(outcomes::table).values(outcome).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

/// The campaigns an order carries.
pub(in crate::campaign) fn campaigns_of_order(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<CampaignId>> {
    let carried = orders::table.filter(orders::order_id.eq(order)).order(orders::campaign_id);
    Ok(carried.select(orders::campaign_id).load(tx.conn()?)?)
}
