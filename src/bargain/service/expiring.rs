//! Time that is over, and what a campaign's own moves mean for its bargains.

use serde_json::{Value, json};

use super::super::events::{BargainExpired, EXPIRED};
use super::super::model::BargainId;
use super::super::store;
use super::record;
use crate::campaign::CampaignState;
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};

/// Ends a bargain whose time is over. Nothing happens to one that runs on, is held by an order, or has ended.
pub(in crate::bargain) fn expire(tx: &mut Tx<'_>, id: BargainId) -> DbResult<()> {
    if !store::bargains::expire(tx, id)? {
        return Ok(());
    }
    match store::bargains::find(tx, id)? {
        Some(bargain) => record(tx, EXPIRED, bargain.user_id, &BargainExpired::of(&bargain)),
        None => Ok(()),
    }
}

/// Notes when the campaign ends; what follows for its bargains and its ranking is settled a little later, in a
/// transaction that holds nothing of the campaign.
pub(in crate::bargain) fn on_state(tx: &mut Tx<'_>, campaign: CampaignId, state: CampaignState) -> DbResult<()> {
    if state == CampaignState::Ended {
        store::rules::note_end(tx, campaign)?;
    }
    Ok(())
}

/// The part of bargains in a campaign's report.
pub(in crate::bargain) fn figures(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Value> {
    let bargains = store::bargains::figures(tx, campaign)?;
    let helps = store::pieces::figures(tx, campaign)?;
    let quota = store::rules::quota(tx, campaign)?;
    Ok(json!({
        "bargains_opened": bargains.opened,
        "owners": bargains.owners,
        "bargains_bought": bargains.bought,
        "bargains_expired": bargains.expired,
        "floors_reached": bargains.at_floor,
        "cuts": bargains.cuts,
        "cut_fen": bargains.cut_fen,
        "helps": helps.helps,
        "helpers": helps.helpers,
        "new_helpers": helps.newcomers,
        "helps_in_circles": helps.in_circles,
        "rewards": helps.rewards,
        "quota": quota.map(|quota| quota.quota),
        "quota_sold": quota.map(|quota| quota.sold),
    }))
}
