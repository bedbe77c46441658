//! Money that campaigns give away: counters under guards, and a ledger with one row for each reference.

use diesel::prelude::*;

use crate::campaign::model::{Budget, GrantRow};
use crate::kernel::day::Day;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{campaign_budgets as budgets, campaign_days as days, campaign_grants as grants};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a grant; false when there is one of that reference.
pub(in crate::campaign) fn insert_grant(tx: &mut Tx<'_>, grant: &GrantRow) -> DbResult<bool> {
    let written = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(grants::table).values(grant).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(written == 1)
}

/// Writes the grant of a reference that has none.
pub(in crate::campaign) fn insert_new_grant(tx: &mut Tx<'_>, grant: GrantRow) -> DbResult<()> {
    tx.write_row(diesel::insert_into(grants::table).values(grant))
}

/// The grant of that reference.
pub(in crate::campaign) fn grant(tx: &mut Tx<'_>, id: CampaignId, reference: &str) -> DbResult<Option<GrantRow>> {
    let query = grants::table.find((id, reference)).select(columns::<GrantRow>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// Notes that so much of a grant came back, if it is as it was seen.
pub(in crate::campaign) fn return_grant(tx: &mut Tx<'_>, seen: &GrantRow, back: Fen) -> DbResult<bool> {
    let update = diesel::update(grants::table)
        .filter(grants::campaign_id.eq(seen.campaign_id).and(grants::reference.eq(&seen.reference)))
        .filter(grants::returned_fen.eq(seen.returned))
        .set(grants::returned_fen.eq(grants::returned_fen + back.get()));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// A campaign's money, as it is.
pub(in crate::campaign) fn budget(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Option<Budget>> {
    Ok(budgets::table.find(id).select(columns::<Budget>()).first(tx.conn()?).optional()?)
}

/// Takes an amount out of what is left, while the campaign runs; answers the money after it, or `None`.
pub(in crate::campaign) fn take(
    tx: &mut Tx<'_>,
    id: CampaignId,
    amount: Fen,
    now: Timestamp,
) -> DbResult<Option<Budget>> {
    let update = diesel::update(budgets::table)
        .filter(budgets::campaign_id.eq(id).and(budgets::open_until.gt(Some(now))))
        .filter((budgets::spent_fen + amount.get()).le(budgets::budget_fen))
        .set(budgets::spent_fen.eq(budgets::spent_fen + amount.get()))
        .returning(columns::<Budget>());
    Ok(Prepared(update).get_result(tx.conn()?).optional()?)
}

/// Puts an amount back.
pub(in crate::campaign) fn put_back(tx: &mut Tx<'_>, id: CampaignId, day: Day, amount: Fen) -> DbResult<()> {
    let update = diesel::update(budgets::table)
        .filter(budgets::campaign_id.eq(id))
        .set(budgets::spent_fen.eq(budgets::spent_fen - amount.get()));
    Prepared(update).execute(tx.conn()?)?;
    let update = diesel::update(days::table)
        .filter(days::campaign_id.eq(id).and(days::day.eq(day)))
        .set(days::spent_fen.eq(days::spent_fen - amount.get()));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Opens the row of a day; does nothing when it is open.
pub(in crate::campaign) fn open_day(tx: &mut Tx<'_>, id: CampaignId, day: Day, cap: Option<Fen>) -> DbResult<()> {
    let row = (days::campaign_id.eq(id), days::day.eq(day), days::cap_fen.eq(cap), days::spent_fen.eq(Fen::ZERO));
    on_backend!(tx.conn()?, conn => diesel::insert_into(days::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(())
}

/// What a day's row says of the day's money.
pub(in crate::campaign) type DayMoney = (Option<Fen>, Fen);

/// Takes an amount out of what is left of the day; answers cap and sum after it, or `None` when it does not fit or the
/// day is not open.
pub(in crate::campaign) fn take_of_day(
    tx: &mut Tx<'_>,
    id: CampaignId,
    day: Day,
    amount: Fen,
) -> DbResult<Option<DayMoney>> {
    let fits = days::cap_fen.is_null().or((days::spent_fen + amount.get()).nullable().le(days::cap_fen));
    let update = diesel::update(days::table)
        .filter(days::campaign_id.eq(id).and(days::day.eq(day)))
        .filter(fits)
        .set(days::spent_fen.eq(days::spent_fen + amount.get()))
        .returning((days::cap_fen, days::spent_fen));
    Ok(Prepared(update).get_result(tx.conn()?).optional()?)
}

/// Notes that a campaign has nothing left to give; false when that was noted before.
pub(in crate::campaign) fn note_exhausted(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(budgets::table)
        .filter(budgets::campaign_id.eq(id).and(budgets::exhausted_at.is_null()))
        .set(budgets::exhausted_at.eq(Some(now)));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Sets a campaign's budget, cap, and until when it may be spent; false when more is spent already. A budget that was
/// used up and is raised may be used up again.
pub(in crate::campaign) fn set_budget(tx: &mut Tx<'_>, wanted: &Budget) -> DbResult<bool> {
    let update = diesel::update(budgets::table)
        .filter(budgets::campaign_id.eq(wanted.campaign_id).and(budgets::spent_fen.le(wanted.budget)))
        .set((
            budgets::budget_fen.eq(wanted.budget),
            budgets::daily_cap_fen.eq(wanted.daily_cap),
            budgets::open_until.eq(wanted.open_until),
            budgets::exhausted_at.eq(wanted.exhausted_at),
        ));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Sets the cap of a day that is open; false when more is spent on it already.
pub(in crate::campaign) fn set_cap(tx: &mut Tx<'_>, id: CampaignId, day: Day, cap: Option<Fen>) -> DbResult<bool> {
    let update = diesel::update(days::table)
        .filter(days::campaign_id.eq(id).and(days::day.eq(day)))
        .filter(days::spent_fen.le(cap.unwrap_or(Fen::new(i64::MAX))))
        .set(days::cap_fen.eq(cap));
    Ok(update.execute(tx.conn()?)? == 1 || spent_on(tx, id, day)?.is_none())
}

/// What was spent on a day; `None` when nothing ever was.
pub(in crate::campaign) fn spent_on(tx: &mut Tx<'_>, id: CampaignId, day: Day) -> DbResult<Option<Fen>> {
    Ok(days::table.find((id, day)).select(days::spent_fen).first(tx.conn()?).optional()?)
}
