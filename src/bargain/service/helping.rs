//! A friend helps: the hot path. Few statements, the row that all helpers of a bargain wait for late among them.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::error::BargainError;
use super::super::events::{BargainCut, BargainFloorReached, CUT, FLOOR_REACHED};
use super::super::model::{Bargain, BargainId, HelpReward, HelperRule, RulesRow};
use super::super::rules;
use super::super::store::{self, bargains::Cut, pieces::Taken, pieces::Taker};
use super::{Comer, going_on, record, rules_of, touch_of, viewer};
use crate::campaign::{self, Action, CampaignFacts, Viewer};
use crate::coupon::{self, CouponSource, CouponTemplateId, NewCoupon};
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, FromDb as _, Tx};
use crate::{identity, share};

/// What helping is called where uses are counted.
pub(super) const HELP: &str = "bargain.help";
/// How many steps a circle of friends who help each other may have to be recognised.
const CIRCLE_STEPS: usize = 4;
/// How many friends are looked at in search of a circle.
const CIRCLE_FRIENDS: i64 = 500;

/// What a help did.
#[derive(Clone, Copy, Debug)]
pub(in crate::bargain) struct Helped {
    /// The bargain after it.
    pub(in crate::bargain) bargain: Bargain,
    /// What it cut off.
    pub(in crate::bargain) amount: Fen,
    /// What became of the helper's reward.
    pub(in crate::bargain) reward: HelpReward,
}

/// Cuts a friend's price.
pub(in crate::bargain) fn help(tx: &mut Tx<'_>, id: BargainId, who: &Comer) -> Result<Helped, BargainError> {
    let bargain = store::bargains::find(tx, id)?.ok_or(BargainError::NotFound)?;
    try_to_help(tx, &bargain, who).or_else(|error| Err(told(tx, id, who.user, error)?))
}

fn try_to_help(tx: &mut Tx<'_>, bargain: &Bargain, who: &Comer) -> Result<Helped, BargainError> {
    rules::may_help(bargain, who.user, tx.now())?;
    let promised = rules_of(tx, bargain.campaign_id)?;
    let viewer = viewer(tx, Some(who.user))?;
    let campaign = going_on(tx, bargain.campaign_id, &viewer)?;
    let reward = judged(tx, bargain, &promised, who)?;
    count(tx, &promised, who.user)?;
    let inviter = touch_of(tx, who.user, &campaign)?.map(|touch| touch.sharer);
    let taker = Taker {
        helper: who.user,
        by_owner: false,
        newcomer: viewer.newcomer,
        largest: viewer.newcomer && promised.helpers == HelperRule::NewcomersCutMore,
        counted: reward.counts(),
        reward,
    };
    let (bargain, taken) = cut(tx, bargain, taker)?;
    // From here on rows are written about which nothing is asked, so that they travel together.
    note(tx, &campaign, &viewer, who, inviter)?;
    if taker.counted {
        store::ranking::count_helper(tx, bargain.campaign_id, bargain.user_id)?;
    }
    let reward = match promised.reward_template_id {
        Some(template) if reward == HelpReward::Granted => give(tx, &bargain, taken, template, who.user)?,
        _ => reward,
    };
    let helped = Helped { bargain, amount: taken.amount_fen, reward };
    tell(tx, &helped, &taker)?;
    Ok(helped)
}

/// Somebody who helped before is told so, whatever else stands in the way of helping again.
fn told(tx: &mut Tx<'_>, id: BargainId, helper: UserId, error: BargainError) -> DbResult<BargainError> {
    match error.db_error() {
        // PostgreSQL takes no more statements after this one; how much it was is for the page to say.
        Some(failure) if store::pieces::is_second_help(failure) => Ok(BargainError::AlreadyHelped(json!(null))),
        Some(failure) => Err(failure.clone()),
        None => Ok(match store::pieces::of_helper(tx, id, helper)? {
            Some(piece) if !piece.by_owner => BargainError::AlreadyHelped(json!({ "amount_fen": piece.amount })),
            _ => error,
        }),
    }
}

fn count(tx: &mut Tx<'_>, promised: &RulesRow, helper: UserId) -> Result<(), BargainError> {
    let today = tx.today();
    if let Some(limit) = promised.helps_per_day {
        campaign::count_use(tx, promised.campaign_id, helper, HELP, limit, Some(today))?;
    }
    if let Some(limit) = promised.helps_per_campaign {
        campaign::count_use(tx, promised.campaign_id, helper, HELP, limit, None)?;
    }
    Ok(())
}

fn note(
    tx: &mut Tx<'_>,
    campaign: &CampaignFacts,
    viewer: &Viewer,
    who: &Comer,
    inviter: Option<UserId>,
) -> DbResult<()> {
    let action = Action {
        campaign: campaign.id,
        user: who.user,
        what: HELP,
        newcomer: viewer.newcomer,
        device: who.device,
        network: Some(&who.address),
        inviter,
        amount: Fen::ZERO,
    };
    campaign::note(tx, &action)
}

/// Whether a help may be rewarded and count in the ranking, or goes in circles. Nothing is asked when there is nothing to
/// win.
fn judged(tx: &mut Tx<'_>, bargain: &Bargain, promised: &RulesRow, who: &Comer) -> DbResult<HelpReward> {
    let rewarded = promised.reward_template_id.is_some();
    if !rewarded && !store::rules::has_prizes(tx, promised.campaign_id)? {
        return Ok(HelpReward::None);
    }
    // Two who help each other in one moment are looked at one after the other, or neither would see the other's help.
    let mut both = [bargain.user_id, who.user];
    both.sort_unstable();
    for user in both {
        identity::lock_user(tx, user)?;
    }
    Ok(if who.device.is_some() && who.device == bargain.device_id {
        HelpReward::SameDevice
    } else if share::is_ancestor(tx, bargain.user_id, who.user)? {
        HelpReward::Inviter
    } else if closes_circle(tx, bargain, who.user)? {
        HelpReward::HelpingLoop
    } else if rewarded {
        HelpReward::Granted
    } else {
        HelpReward::None
    })
}

/// Whether the owner helped this helper in the same campaign, directly or over friends who helped each other in turn.
fn closes_circle(tx: &mut Tx<'_>, bargain: &Bargain, helper: UserId) -> DbResult<bool> {
    let mut seen = BTreeSet::from([bargain.user_id]);
    let mut front = seen.clone();
    for _ in 0..CIRCLE_STEPS {
        let helped = store::pieces::helped_by(tx, bargain.campaign_id, &front, CIRCLE_FRIENDS)?;
        if helped.contains(&helper) {
            return Ok(true);
        }
        front = helped.difference(&seen).copied().collect();
        seen.extend(&front);
        let enough = i64::try_from(seen.len()).is_ok_and(|seen| seen >= CIRCLE_FRIENDS);
        if front.is_empty() || enough {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Takes a piece and lowers the price by it. The piece comes first: helpers of the same moment take different ones, and
/// only then wait for the bargain's row.
fn cut(tx: &mut Tx<'_>, seen: &Bargain, taker: Taker) -> Result<(Bargain, Taken), BargainError> {
    let Some(taken) = store::pieces::take(tx, seen.id, taker)? else { return Err(why_not(tx, seen.id, taker.helper)?) };
    let amount = taken.amount_fen;
    let Some(bargain) = store::bargains::cut(tx, seen.id, Cut { amount, by_owner: false })? else {
        return Err(why_not(tx, seen.id, taker.helper)?);
    };
    if !bargain.is_at_floor() {
        return Ok((bargain, taken));
    }
    store::bargains::note_floor(tx, bargain.id)?;
    record(tx, FLOOR_REACHED, bargain.user_id, &BargainFloorReached::of(&bargain))?;
    Ok((Bargain { floor_at: Some(tx.now()), ..bargain }, taken))
}

/// What became of the bargain meanwhile. When nothing did, another helper holds the last piece and may yet give it up, so
/// the transaction begins anew.
fn why_not(tx: &mut Tx<'_>, id: BargainId, helper: UserId) -> Result<BargainError, BargainError> {
    let bargain = store::bargains::find(tx, id)?.ok_or(BargainError::NotFound)?;
    Ok(match rules::may_help(&bargain, helper, tx.now()) {
        Err(hindrance) => hindrance.into(),
        Ok(()) => DbError::Conflict(format!("bargain {id} is being cut by others")).into(),
    })
}

/// Gives the helper their coupon. What they cannot have they do without: the cut stands.
fn give(
    tx: &mut Tx<'_>,
    bargain: &Bargain,
    taken: Taken,
    template: CouponTemplateId,
    user: UserId,
) -> DbResult<HelpReward> {
    let new = NewCoupon {
        template,
        user,
        source: CouponSource::Reward,
        source_ref: format!("bargain:{}", bargain.id),
        amount: None,
        valid_until: None,
    };
    match tx.attempt(|tx| coupon::grant(tx, &new)) {
        Ok(_) => Ok(HelpReward::Granted),
        Err(error) => match error.db_error() {
            Some(failure) => Err(failure.clone()),
            None => {
                tracing::debug!(bargain = %bargain.id, %error, "a helper goes without a reward");
                store::pieces::note_reward(tx, bargain.id, taken.number, HelpReward::Refused)?;
                Ok(HelpReward::Refused)
            }
        },
    }
}

fn tell(tx: &mut Tx<'_>, helped: &Helped, taker: &Taker) -> DbResult<()> {
    let bargain = &helped.bargain;
    let payload = BargainCut {
        bargain_id: bargain.id,
        campaign_id: bargain.campaign_id,
        owner_id: bargain.user_id,
        helper_id: taker.helper,
        amount_fen: helped.amount,
        price_fen: bargain.price(),
        left_fen: bargain.left(),
        newcomer: taker.newcomer,
        counted: taker.counted,
        reward: helped.reward,
    };
    record(tx, CUT, taker.helper, &payload)
}
