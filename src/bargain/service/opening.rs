//! A user opens a bargain.

use serde_json::json;

use super::super::error::BargainError;
use super::super::events::{BargainOpened, OPENED};
use super::super::model::{Bargain, BargainId, BargainState, HelpReward, RulesRow};
use super::super::rules::{self, Ground};
use super::super::store::{self, bargains::Cut, pieces::Taker};
use super::{Comer, expire, record, rules_of, touch_of, viewer};
use crate::campaign::{self, Action, CampaignFacts, CampaignKind};
use crate::catalog;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::partition;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::stock;

/// What opening is called where uses are counted.
pub(super) const OPEN: &str = "bargain.open";

/// Opens a bargain: draws its pieces, and makes the owner's own cut when the rules say so.
pub(in crate::bargain) fn open(tx: &mut Tx<'_>, id: CampaignId, who: &Comer) -> Result<Bargain, BargainError> {
    let viewer = viewer(tx, Some(who.user))?;
    let campaign = campaign::open_for(tx, id, CampaignKind::Bargain, &viewer)?;
    let promised = rules_of(tx, id)?;
    none_open(tx, id, who)?;
    let ground = ground(tx, &promised)?;
    if let Some(limit) = promised.bargains_per_user {
        campaign::count_use(tx, id, who.user, OPEN, limit, None)?;
    }
    let inviter = touch_of(tx, who.user, &campaign)?.map(|touch| touch.sharer);
    let action = Action {
        campaign: id,
        user: who.user,
        what: OPEN,
        newcomer: viewer.newcomer,
        device: who.device,
        network: Some(&who.address),
        inviter,
        amount: Fen::ZERO,
    };
    campaign::note(tx, &action)?;
    let mut bargain = write(tx, &campaign, &promised, &ground, who)?;
    if promised.owner_cuts_first {
        bargain = own_cut(tx, &bargain, viewer.newcomer)?;
    }
    record(tx, OPENED, who.user, &BargainOpened::of(&bargain))?;
    Ok(bargain)
}

/// A user has one bargain at a time in a campaign; one whose time is over is ended first.
fn none_open(tx: &mut Tx<'_>, id: CampaignId, who: &Comer) -> Result<(), BargainError> {
    let Some(open) = store::bargains::running_of(tx, id, who.user)? else { return Ok(()) };
    if open.state_at(tx.now()) == BargainState::Running {
        return Err(BargainError::AlreadyOpen(json!({ "bargain_id": open.id })));
    }
    Ok(expire(tx, open.id)?)
}

/// From where to where the price may be cut now, if there is anything to sell.
fn ground(tx: &mut Tx<'_>, promised: &RulesRow) -> Result<Ground, BargainError> {
    let sku = catalog::sku_facts(tx, &[promised.sku_id])?.into_iter().next();
    let sku = sku.filter(|sku| sku.unavailable.is_none()).ok_or(BargainError::SoldOut)?;
    let quota = store::rules::quota(tx, promised.campaign_id)?;
    let free = stock::available(tx, &[promised.sku_id])?;
    let in_stock = free.get(&promised.sku_id).is_some_and(|free| *free > 0);
    if !in_stock || quota.is_none_or(|quota| quota.left() < 1) {
        return Err(BargainError::SoldOut);
    }
    Ok(Ground {
        start: rules::start_of(promised.start, sku.price),
        floor: promised.floor,
        cuts_min: promised.cuts_min,
        cuts_max: promised.cuts_max,
    })
}

fn write(
    tx: &mut Tx<'_>,
    campaign: &CampaignFacts,
    promised: &RulesRow,
    ground: &Ground,
    who: &Comer,
) -> Result<Bargain, BargainError> {
    let seed = partition::fresh_seed().cast_signed();
    let pieces = rules::pieces(ground, seed).ok_or(BargainError::PriceTooLow)?;
    let now = tx.now();
    let bargain = Bargain {
        id: BargainId::new(tx.next_id()),
        campaign_id: campaign.id,
        user_id: who.user,
        sku_id: promised.sku_id,
        state: BargainState::Running,
        start: ground.start,
        floor: ground.floor,
        seed,
        pieces: i64::try_from(pieces.len()).map_err(|error| DbError::Defect(error.to_string()))?,
        taken: 0,
        helpers: 0,
        cut: Fen::ZERO,
        device_id: who.device,
        opened_at: now,
        expires_at: now.plus_millis(promised.lifetime_ms).min(campaign.ends_at),
        floor_at: None,
        order_id: None,
        ended_at: None,
    };
    store::bargains::insert(tx, &bargain).map_err(|error| {
        // A twin of this request was faster; the transaction begins anew and finds the twin's bargain.
        if store::bargains::is_second_open(&error) { DbError::Conflict(error.to_string()) } else { error }
    })?;
    store::pieces::insert(tx, bargain.id, &pieces)?;
    Ok(bargain)
}

/// The owner's own first cut: no help, no reward, nothing for the ranking.
fn own_cut(tx: &mut Tx<'_>, bargain: &Bargain, newcomer: bool) -> DbResult<Bargain> {
    let missing = || DbError::Defect(format!("bargain {} cannot be cut right after it was opened", bargain.id));
    let taker = Taker {
        helper: bargain.user_id,
        by_owner: true,
        newcomer,
        largest: false,
        counted: false,
        reward: HelpReward::None,
    };
    let taken = store::pieces::take(tx, bargain.id, taker)?.ok_or_else(missing)?;
    let cut = Cut { amount: taken.amount_fen, by_owner: true };
    store::bargains::cut(tx, bargain.id, cut)?.ok_or_else(missing)
}
