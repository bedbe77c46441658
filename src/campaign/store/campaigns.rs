//! Campaigns and their change logs.

use diesel::prelude::*;

use crate::campaign::model::{
    Budget, Campaign, CampaignFacts, CampaignKind, CampaignRow, CampaignState, ChangeRow, Plan,
};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{campaign_budgets as budgets, campaign_changes as changes, campaigns};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a new campaign with its money.
pub(in crate::campaign) fn insert(tx: &mut Tx<'_>, campaign: &Campaign) -> DbResult<()> {
    diesel::insert_into(campaigns::table).values(&campaign.row).execute(tx.conn()?)?;
    diesel::insert_into(budgets::table).values(&campaign.budget).execute(tx.conn()?)?;
    Ok(())
}

/// A campaign with its money.
pub(in crate::campaign) fn find(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Option<Campaign>> {
    let row = campaigns::table.find(id).select(columns::<CampaignRow>()).first(tx.conn()?).optional()?;
    let budget = budgets::table.find(id).select(columns::<Budget>()).first(tx.conn()?).optional()?;
    Ok(row.zip(budget).map(|(row, budget)| Campaign { row, budget }))
}

/// What the kinds need to know of a campaign.
pub(in crate::campaign) fn facts(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Option<CampaignFacts>> {
    let query = campaigns::table.find(id).select(columns::<CampaignFacts>());
    Ok(Prepared(query).get_result(tx.conn()?).optional()?)
}

/// Running campaigns of a kind, the one that ends first first.
pub(in crate::campaign) fn running(tx: &mut Tx<'_>, kind: CampaignKind, limit: i64) -> DbResult<Vec<CampaignFacts>> {
    let now = tx.now();
    let open = campaigns::state.eq(CampaignState::Running).and(campaigns::starts_at.le(now));
    Ok(campaigns::table
        .filter(campaigns::kind.eq(kind).and(open).and(campaigns::ends_at.gt(now)))
        .order((campaigns::ends_at, campaigns::id))
        .limit(limit)
        .select(columns::<CampaignFacts>())
        .load(tx.conn()?)?)
}

/// What changes in a campaign's row when it takes a step, beside its state.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = campaigns)]
pub(in crate::campaign) struct Marks {
    pub(in crate::campaign) started_at: Option<Timestamp>,
    pub(in crate::campaign) ended_at: Option<Timestamp>,
    pub(in crate::campaign) reviewed_at: Option<Timestamp>,
    pub(in crate::campaign) conclusions: Option<String>,
}

/// Moves a campaign that still is as it was seen; `None` when it is not.
pub(in crate::campaign) fn advance(
    tx: &mut Tx<'_>,
    seen: &CampaignRow,
    to: CampaignState,
    marks: &Marks,
) -> DbResult<Option<CampaignRow>> {
    let update = diesel::update(campaigns::table)
        .filter(campaigns::id.eq(seen.id).and(campaigns::version.eq(seen.version)))
        .set((marks, campaigns::state.eq(to), campaigns::version.eq(campaigns::version + 1)))
        .returning(columns::<CampaignRow>());
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// Writes another plan for a campaign that still is as it was seen; `None` when it is not. The money is apart.
pub(in crate::campaign) fn rewrite(tx: &mut Tx<'_>, seen: &CampaignRow, plan: &Plan) -> DbResult<Option<CampaignRow>> {
    let update = diesel::update(campaigns::table)
        .filter(campaigns::id.eq(seen.id).and(campaigns::version.eq(seen.version)))
        .set((
            (
                campaigns::name.eq(&plan.name),
                campaigns::occasion_kind.eq(plan.occasion_kind),
                campaigns::occasion.eq(&plan.occasion),
                campaigns::audience.eq(plan.audience),
                campaigns::starts_at.eq(plan.starts_at),
                campaigns::ends_at.eq(plan.ends_at),
                campaigns::intro.eq(&plan.intro),
            ),
            (
                campaigns::card_title.eq(&plan.card.title),
                campaigns::card_picture.eq(&plan.card.picture),
                campaigns::card_path.eq(&plan.card.path),
                campaigns::expected_cost_fen.eq(plan.expected.cost_fen),
                campaigns::expected_new_users.eq(plan.expected.new_users),
                campaigns::expected_revenue_fen.eq(plan.expected.revenue_fen),
                campaigns::margin_permille.eq(plan.margin_permille),
                campaigns::holdout_permille.eq(plan.holdout_permille),
            ),
            campaigns::version.eq(campaigns::version + 1),
        ))
        .returning(columns::<CampaignRow>());
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// Notes that something beside the plan changed; `None` when the campaign is not as it was seen.
pub(in crate::campaign) fn touch(tx: &mut Tx<'_>, seen: &CampaignRow) -> DbResult<Option<CampaignRow>> {
    let update = diesel::update(campaigns::table)
        .filter(campaigns::id.eq(seen.id).and(campaigns::version.eq(seen.version)))
        .set(campaigns::version.eq(campaigns::version + 1))
        .returning(columns::<CampaignRow>());
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// Writes a row of the change log.
pub(in crate::campaign) fn insert_change(tx: &mut Tx<'_>, change: &ChangeRow) -> DbResult<()> {
    diesel::insert_into(changes::table).values(change).execute(tx.conn()?)?;
    Ok(())
}

/// Campaigns whose time has come: scheduled ones to start, others to end.
pub(in crate::campaign) fn due_by_clock(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let alive = [CampaignState::Scheduled, CampaignState::Running, CampaignState::Paused];
    let to_start = campaigns::state.eq(CampaignState::Scheduled).and(campaigns::starts_at.le(now));
    let to_end = campaigns::state.eq_any(alive).and(campaigns::ends_at.le(now));
    Ok(campaigns::table
        .filter(to_start.or(to_end))
        .order(campaigns::id)
        .limit(limit)
        .select(campaigns::id)
        .load(tx.conn()?)?)
}

/// Sets until when a campaign's money may be spent; absent when it may not.
pub(in crate::campaign) fn set_open_until(
    tx: &mut Tx<'_>,
    id: CampaignId,
    open_until: Option<Timestamp>,
) -> DbResult<()> {
    let update = diesel::update(budgets::table.find(id)).set(budgets::open_until.eq(open_until));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Notes up to which budget a second person agreed.
pub(in crate::campaign) fn approve_budget(tx: &mut Tx<'_>, id: CampaignId, approved: Fen) -> DbResult<()> {
    let update = diesel::update(campaigns::table.find(id)).set(campaigns::approved_budget_fen.eq(approved));
    update.execute(tx.conn()?)?;
    Ok(())
}
