//! When a campaign is over: its bargains end with it, the ranking is settled once, and its prizes are given one by one
//! until done.

use super::super::error::BargainError;
use super::super::events::{BargainPrizePaid, PRIZE_PAID};
use super::super::model::{Award, AwardId, AwardState, Prize, Rank};
use super::super::rules;
use super::super::store::{self, ranking::Failure};
use super::desk::{AtDesk, audit};
use super::{record, rules_of};
use crate::coupon::{self, CouponSource, NewCoupon};
use crate::kernel::id::CampaignId;
use crate::kernel::retry::pause_after;
use crate::platform::db::{DbResult, FromDb as _, Tx};

/// How often a prize is tried before staff must look at it.
const TRIES: i64 = 10;

/// Lets the time of all bargains of a campaign that ended be over, and writes down who won what, once. Orders that hold a
/// bargain may still be paid.
pub(in crate::bargain) fn settle(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    if !store::rules::note_ranked(tx, campaign)? {
        return Ok(());
    }
    store::bargains::cut_time_short(tx, campaign)?;
    let prizes = store::rules::prizes(tx, campaign)?;
    let top = store::ranking::top(tx, campaign, rules::last_prized(&prizes))?;
    let won: Vec<Award> = (1_i64..).zip(&top).filter_map(|(place, rank)| award(tx, place, rank, &prizes)).collect();
    store::ranking::insert_awards(tx, &won)
}

fn award(tx: &Tx<'_>, place: i64, rank: &Rank, prizes: &[Prize]) -> Option<Award> {
    let prize = rules::prize_of(prizes, place)?;
    Some(Award {
        id: AwardId::new(tx.next_id()),
        campaign_id: rank.campaign_id,
        place,
        user_id: rank.user_id,
        helpers: rank.helpers,
        template_id: prize.template_id,
        state: AwardState::Due,
        coupon_id: None,
        attempts: 0,
        next_try_at: tx.now(),
        trouble: None,
        settled_at: None,
    })
}

/// Gives one prize; when it cannot be given now, it is tried again later, and in the end left to staff.
pub(in crate::bargain) fn pay_prize(tx: &mut Tx<'_>, id: AwardId) -> DbResult<()> {
    let now = tx.now();
    let due = |award: &Award| award.state == AwardState::Due && award.next_try_at <= now;
    let Some(award) = store::ranking::award(tx, id)?.filter(due) else { return Ok(()) };
    let new = NewCoupon {
        template: award.template_id,
        user: award.user_id,
        source: CouponSource::Reward,
        source_ref: format!("bargain_rank:{}", award.campaign_id),
        amount: None,
        valid_until: None,
    };
    match tx.attempt(|tx| coupon::grant(tx, &new)) {
        Ok(coupon) => {
            if !store::ranking::pay(tx, id, coupon)? {
                return Ok(());
            }
            let payload = BargainPrizePaid {
                campaign_id: award.campaign_id,
                place: award.place,
                helpers: award.helpers,
                coupon_id: coupon,
            };
            record(tx, PRIZE_PAID, award.user_id, &payload)
        }
        Err(error) => match error.db_error() {
            Some(failure) => Err(failure.clone()),
            None => postpone(tx, &award, &error.to_string()),
        },
    }
}

fn postpone(tx: &mut Tx<'_>, award: &Award, trouble: &str) -> DbResult<()> {
    let attempts = award.attempts.saturating_add(1);
    let state = if attempts >= TRIES { AwardState::Failed } else { AwardState::Due };
    let next_try_at = tx.now().plus_millis(pause_after(attempts));
    tracing::warn!(award = %award.id, attempts, trouble, "a prize of a ranking cannot be given");
    store::ranking::fail(tx, award.id, Failure { state, next_try_at, trouble })
}

/// Lets the prizes that failed be tried again.
pub(in crate::bargain) fn retry_prizes(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    campaign: CampaignId,
) -> Result<usize, BargainError> {
    rules_of(tx, campaign)?;
    let failed = store::ranking::retry(tx, campaign)?;
    if failed == 0 {
        return Err(BargainError::NothingToRetry);
    }
    audit(tx, desk, "bargain.retry_prizes", campaign, serde_json::json!({ "prizes": failed }))?;
    Ok(failed)
}
