//! The owner buys at the price reached: the bargain's part in quotes and orders.
//!
//! The price is read for the quote, compared with the one the buyer saw, and frozen when the order takes hold of the
//! bargain: from then on nobody cuts. What was cut between reading and holding makes the transaction begin anew.

use super::super::error::BargainError;
use super::super::events::{BOUGHT, BargainExpired, BargainRedeemed, EXPIRED, ORDERED, PUT_BACK};
use super::super::model::{Bargain, BargainId, Redemption, RedemptionState, RulesRow};
use super::super::rules;
use super::super::store;
use super::{going_on, record, rules_of, touch_of, viewer};
use crate::campaign::{self, CampaignOrder, Grant};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::pricing::{OfferClaim, OfferFacts, OrderEvent, PlacedOrder, Reach, Reduction};

/// The kind of offer, in claims and adjustments.
pub(in crate::bargain) const KIND: &str = "bargain";

fn claimed(tx: &mut Tx<'_>, claim: &OfferClaim) -> Result<(Bargain, RulesRow), BargainError> {
    let id: BargainId = claim.reference.parse().map_err(|_| BargainError::NotFound)?;
    let bargain = store::bargains::find(tx, id)?.ok_or(BargainError::NotFound)?;
    let promised = rules_of(tx, bargain.campaign_id)?;
    Ok((bargain, promised))
}

/// What a bargain takes off a basket: it sets the price of one piece.
pub(in crate::bargain) fn adjust(tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, BargainError> {
    let Some(claim) = only(facts.claims)? else { return Ok(Vec::new()) };
    let buyer = facts.user.ok_or(BargainError::NotFound)?;
    let (bargain, promised) = claimed(tx, claim)?;
    rules::may_buy(&bargain, promised.buy_when, buyer, facts.now)?;
    let viewer = viewer(tx, Some(buyer))?;
    going_on(tx, bargain.campaign_id, &viewer)?;
    if store::rules::quota(tx, bargain.campaign_id)?.is_none_or(|quota| quota.left() < 1) {
        return Err(BargainError::SoldOut);
    }
    let meant = claim.sku_id.is_none_or(|sku| sku == bargain.sku_id);
    let line = facts.lines.iter().find(|line| meant && line.sku.sku_id == bargain.sku_id);
    let line = line.ok_or(BargainError::LineMissing)?;
    if line.quantity != 1 {
        return Err(BargainError::OnePieceOnly);
    }
    let amount = rules::taken_off(line.goods, bargain.price());
    let reach = Reach::Line(bargain.sku_id);
    Ok(vec![Reduction::new(bargain.id.to_string(), "砍价", reach, amount).without_coupons()])
}

/// An order redeems one bargain.
fn only(claims: &[OfferClaim]) -> Result<Option<&OfferClaim>, BargainError> {
    match claims {
        [] => Ok(None),
        [claim] => Ok(Some(claim)),
        _ => Err(BargainError::OnePerOrder),
    }
}

/// Lets the order take hold of its bargain.
pub(in crate::bargain) fn reserve(tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), BargainError> {
    let Some(claim) = only(order.claims)? else { return Ok(()) };
    let (bargain, promised) = claimed(tx, claim)?;
    rules::may_buy(&bargain, promised.buy_when, order.user_id, tx.now())?;
    hold(tx, order, &bargain)
}

fn hold(tx: &mut Tx<'_>, order: &PlacedOrder<'_>, bargain: &Bargain) -> Result<(), BargainError> {
    let viewer = viewer(tx, Some(order.user_id))?;
    let campaign = going_on(tx, bargain.campaign_id, &viewer)?;
    let touch = touch_of(tx, order.user_id, &campaign)?;
    let given = given(order, bargain)?;
    if !store::bargains::hold(tx, bargain, order.order_id)? {
        return Err(moved(bargain).into());
    }
    let redemption = Redemption {
        order_id: order.order_id,
        bargain_id: bargain.id,
        campaign_id: bargain.campaign_id,
        price: bargain.price(),
        given,
        state: RedemptionState::Held,
        placed_at: tx.now(),
        settled_at: None,
    };
    store::orders::insert(tx, &redemption)?;
    let carried = CampaignOrder {
        campaign: campaign.id,
        order_id: order.order_id,
        user: order.user_id,
        newcomer: viewer.newcomer,
        channel: touch.as_ref().map(|touch| touch.channel),
        inviter: touch.as_ref().map(|touch| touch.sharer),
        cost: given,
        total: order.total,
    };
    campaign::attribute(tx, &carried)?;
    tell(tx, ORDERED, order.user_id, &redemption)?;
    // What every order of the campaign waits for comes last.
    if !store::rules::take_quota(tx, bargain.campaign_id)? {
        return Err(BargainError::SoldOut);
    }
    let reference = reference(order.order_id);
    Ok(campaign::spend_anew(tx, &Grant { campaign: campaign.id, reference: &reference, amount: given })?)
}

/// What the quote took off for this bargain, provided that it is still what the bargain takes off.
fn given(order: &PlacedOrder<'_>, bargain: &Bargain) -> DbResult<Fen> {
    let reference = bargain.id.to_string();
    let quoted = order.adjustments.iter().find(|part| part.source == KIND && part.source_ref == reference);
    let line = order.lines.iter().find(|line| line.sku_id == bargain.sku_id);
    let off = line.map(|line| rules::taken_off(line.goods, bargain.price()));
    let quoted = quoted.and_then(|part| part.amount.negated());
    off.filter(|off| quoted == Some(*off)).ok_or_else(|| moved(bargain))
}

/// Somebody cut while the order was being placed.
fn moved(bargain: &Bargain) -> DbError {
    DbError::Conflict(format!("bargain {} changed while it was being bought", bargain.id))
}

fn reference(order: OrderId) -> String {
    format!("order:{order}")
}

fn tell(tx: &mut Tx<'_>, name: &'static str, owner: UserId, redemption: &Redemption) -> DbResult<()> {
    record(tx, name, owner, &BargainRedeemed::of(redemption, owner))
}

/// Reacts to what became of an order, once for each thing that can become of it.
pub(in crate::bargain) fn on_order(tx: &mut Tx<'_>, order: OrderId, event: OrderEvent) -> DbResult<()> {
    use RedemptionState::{Bought, Held, PutBack, Refunded};
    let (from, to) = match event {
        OrderEvent::Paid => (Held, Bought),
        OrderEvent::Closed => (Held, PutBack),
        OrderEvent::Refunded => (Bought, Refunded),
        // The money is not back yet; until it is, the bargain counts as bought.
        OrderEvent::RefundAsked => return Ok(()),
    };
    let Some(redemption) = store::orders::move_on(tx, order, from, to)? else { return Ok(()) };
    match to {
        Bought => bought(tx, &redemption),
        PutBack => put_back(tx, &redemption),
        Held | Refunded => return_given(tx, &redemption),
    }
}

fn bought(tx: &mut Tx<'_>, redemption: &Redemption) -> DbResult<()> {
    let owner = owner(tx, redemption)?;
    if !store::bargains::buy(tx, redemption.bargain_id, redemption.order_id)? {
        return Err(not_held(redemption));
    }
    tell(tx, BOUGHT, owner, redemption)
}

/// The bargain is again as it was before the order, if its time is not over.
fn put_back(tx: &mut Tx<'_>, redemption: &Redemption) -> DbResult<()> {
    let (id, order) = (redemption.bargain_id, redemption.order_id);
    let bargain = store::bargains::put_back(tx, id, order)?.ok_or_else(|| not_held(redemption))?;
    tell(tx, PUT_BACK, bargain.user_id, redemption)?;
    if store::bargains::expire(tx, id)? {
        record(tx, EXPIRED, bargain.user_id, &BargainExpired::of(&bargain))?;
    }
    return_given(tx, redemption)
}

fn return_given(tx: &mut Tx<'_>, redemption: &Redemption) -> DbResult<()> {
    store::rules::return_quota(tx, redemption.campaign_id)?;
    campaign::give_back(tx, redemption.campaign_id, &reference(redemption.order_id), None).map(|_| ())
}

fn owner(tx: &mut Tx<'_>, redemption: &Redemption) -> DbResult<UserId> {
    let bargain = store::bargains::find(tx, redemption.bargain_id)?;
    bargain.map(|bargain| bargain.user_id).ok_or_else(|| not_held(redemption))
}

fn not_held(redemption: &Redemption) -> DbError {
    DbError::Defect(format!("order {} does not hold bargain {}", redemption.order_id, redemption.bargain_id))
}
