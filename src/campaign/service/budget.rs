//! Giving away out of a budget, never more than it holds, and taking back, never more than was given.
//!
//! Rows are taken in one order: the grant, the campaign's money, the day's money. The first belongs to one reference
//! alone; the others are contended and come last.

use super::super::error::CampaignError;
use super::super::events::{BUDGET_EXHAUSTED, CampaignDry, DAILY_CAP_REACHED};
use super::super::model::{Budget, CampaignFacts, Grant, GrantRow, MAX_REFERENCE};
use super::super::rules::Hindrance;
use super::super::store::{self, DayMoney};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// How often a grant that changes under our eyes is looked at again.
const LOOKS: usize = 8;

/// Takes what a campaign gives away out of its budget and out of the day's cap, while the campaign runs. The same
/// reference is taken once: asking again does nothing.
///
/// # Errors
/// [`CampaignError::NotFound`], [`CampaignError::NotRunning`], [`CampaignError::BudgetExhausted`],
/// [`CampaignError::DailyCapReached`]; the transaction must then be given up. A reference that was granted with another
/// amount or given back is a defect.
pub fn spend(tx: &mut Tx<'_>, grant: &Grant<'_>) -> Result<(), CampaignError> {
    let row = ledger_row(tx, grant)?;
    if store::insert_grant(tx, &row)? { take(tx, grant) } else { Ok(same_grant(tx, grant)?) }
}

/// The same under a reference that did not exist before this transaction, such as an order that is being placed: nothing
/// can have been taken under it, so nobody looks.
///
/// # Errors
/// As [`spend`].
pub fn spend_anew(tx: &mut Tx<'_>, grant: &Grant<'_>) -> Result<(), CampaignError> {
    let row = ledger_row(tx, grant)?;
    store::insert_new_grant(tx, row)?;
    take(tx, grant)
}

fn ledger_row(tx: &Tx<'_>, grant: &Grant<'_>) -> DbResult<GrantRow> {
    if grant.amount < Fen::ZERO || grant.reference.is_empty() || grant.reference.len() > MAX_REFERENCE {
        return Err(DbError::Defect(format!("not to be granted: {grant:?}")));
    }
    Ok(GrantRow {
        campaign_id: grant.campaign,
        reference: grant.reference.to_owned(),
        amount: grant.amount,
        returned: Fen::ZERO,
        day: tx.today(),
        at: tx.now(),
    })
}

/// Takes a grant that is written down out of the campaign's money and the day's.
fn take(tx: &mut Tx<'_>, grant: &Grant<'_>) -> Result<(), CampaignError> {
    let (now, today) = (tx.now(), tx.today());
    let Some(budget) = store::take(tx, grant.campaign, grant.amount, now)? else {
        return Err(why_not(tx, grant.campaign)?);
    };
    let day = match store::take_of_day(tx, grant.campaign, today, grant.amount)? {
        Some(day) => day,
        None => {
            store::open_day(tx, grant.campaign, today, budget.daily_cap)?;
            let taken = store::take_of_day(tx, grant.campaign, today, grant.amount)?;
            taken.ok_or(CampaignError::DailyCapReached)?
        }
    };
    Ok(tell_dry(tx, grant, &budget, day)?)
}

fn same_grant(tx: &mut Tx<'_>, grant: &Grant<'_>) -> DbResult<()> {
    match store::grant(tx, grant.campaign, grant.reference)? {
        Some(row) if row.amount == grant.amount && row.returned == Fen::ZERO => Ok(()),
        found => Err(DbError::Defect(format!("{grant:?} was granted otherwise: {found:?}"))),
    }
}

fn why_not(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<CampaignError> {
    let (facts, budget, now) = (store::facts(tx, id)?, store::budget(tx, id)?, tx.now());
    let Some((facts, budget)): Option<(CampaignFacts, Budget)> = facts.zip(budget) else {
        return Ok(CampaignError::NotFound);
    };
    let open = budget.open_until.is_some_and(|until| now < until);
    Ok(if open { CampaignError::BudgetExhausted } else { CampaignError::of(Hindrance::NotRunning, &facts) })
}

/// Tells staff, once, that another grant like this one would not fit.
fn tell_dry(tx: &mut Tx<'_>, grant: &Grant<'_>, budget: &Budget, (cap, of_day): DayMoney) -> DbResult<()> {
    let short = |whole: Fen, spent: Fen| {
        let left = whole.minus(spent).unwrap_or(Fen::ZERO);
        (left < grant.amount).then_some(left)
    };
    if budget.exhausted_at.is_none()
        && let Some(left) = short(budget.budget, budget.spent)
        && store::note_exhausted(tx, grant.campaign)?
    {
        record(tx, BUDGET_EXHAUSTED, grant.campaign, left)?;
    }
    // Only the grant that crosses the line says so; what fits no more was already short before it.
    let before = of_day.minus(grant.amount).unwrap_or(Fen::ZERO);
    if let Some(cap) = cap
        && short(cap, before).is_none()
        && let Some(left) = short(cap, of_day)
    {
        record(tx, DAILY_CAP_REACHED, grant.campaign, left)?;
    }
    Ok(())
}

fn record(tx: &mut Tx<'_>, name: &'static str, campaign_id: CampaignId, left_fen: Fen) -> DbResult<()> {
    let payload = CampaignDry { campaign_id, day: tx.today(), left_fen };
    events::record(tx, &NewEvent { name, version: 1, user: None, payload: &payload }).map(|_| ())
}

/// Puts back what was granted under a reference: `amount` of it, or all that is left of it. Never more than was granted;
/// nothing when there was no grant. Whatever state the campaign is in. Answers how much came back.
///
/// Giving all back twice does nothing the second time. With an amount, the caller makes sure that it asks once.
///
/// # Errors
/// When the database fails.
pub fn give_back(tx: &mut Tx<'_>, id: CampaignId, reference: &str, amount: Option<Fen>) -> DbResult<Fen> {
    for _ in 0..LOOKS {
        let Some(grant) = store::grant(tx, id, reference)? else { return Ok(Fen::ZERO) };
        let left = grant.amount.minus(grant.returned).unwrap_or(Fen::ZERO);
        let back = amount.unwrap_or(left).min(left).max(Fen::ZERO);
        if back == Fen::ZERO {
            return Ok(back);
        }
        if store::return_grant(tx, &grant, back)? {
            store::put_back(tx, id, grant.day, back)?;
            return Ok(back);
        }
    }
    Err(DbError::Conflict(format!("the grant {reference} of campaign {id} keeps changing")))
}
