//! Coupons in prices and orders.

use std::collections::BTreeSet;

use serde_json::json;

use super::funding;
use super::{Cause, advance, lost_race, tell, tell_of_order};
use crate::catalog::{self, CategoryId};
use crate::coupon::error::CouponError;
use crate::coupon::events::{EXPIRED, RESERVED, RETURNED, USED};
use crate::coupon::model::{Coupon, CouponActor, CouponFamily, CouponId, CouponTemplate, CouponUse, UseState};
use crate::coupon::rules::{self, CategoryPaths, Step, Terms};
use crate::coupon::store;
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::pricing::{OfferClaim, OfferFacts, OrderEvent, PlacedOrder, PricedLine, PricingError, Reduction};

/// What the coupons claimed take off. Whatever keeps one from being used may have come about since its buyer saw the
/// price, so the buyer of an order is told what it costs without.
pub(in crate::coupon) fn adjust(
    tx: &mut Tx<'_>,
    (kind, family): (&'static str, CouponFamily),
    facts: &OfferFacts<'_>,
) -> Result<Vec<Reduction>, PricingError> {
    let mut reductions = Vec::new();
    for id in claimed(facts.claims)? {
        let user = facts.user.ok_or_else(|| PricingError::refused_by(CouponError::Unknown))?;
        let (coupon, template) = own(tx, id, user, family)?;
        let reduction = reduction(tx, &coupon, &template, facts.lines);
        reductions.push(reduction.map_err(|error| PricingError::lapsed(kind, error))?);
    }
    Ok(reductions)
}

/// The coupons claimed, each once however it was written.
fn claimed(claims: &[OfferClaim]) -> Result<BTreeSet<CouponId>, PricingError> {
    if claims.iter().any(|claim| claim.sku_id.is_some()) {
        return Err(PricingError::InvalidClaim(json!({ "field": "sku_id" })));
    }
    let id = |claim: &OfferClaim| claim.reference.parse::<CouponId>();
    claims.iter().map(|claim| id(claim).map_err(|_| PricingError::refused_by(CouponError::Unknown))).collect()
}

/// A user's own coupon of that family; anything else does not exist for them.
fn own(
    tx: &mut Tx<'_>,
    id: CouponId,
    user: UserId,
    family: CouponFamily,
) -> Result<(Coupon, CouponTemplate), PricingError> {
    let found = store::find_with_template(tx, id)?;
    let own = found.filter(|(coupon, template)| coupon.user_id == user && template.family == family);
    own.ok_or_else(|| PricingError::refused_by(CouponError::Unknown))
}

fn reduction(
    tx: &mut Tx<'_>,
    coupon: &Coupon,
    template: &CouponTemplate,
    lines: &[PricedLine],
) -> Result<Reduction, CouponError> {
    rules::usable(coupon, tx.now())?;
    let terms = Terms::of(template, coupon.amount);
    let paths = if terms.asks_tree() { paths_of(tx, lines)? } else { CategoryPaths::new() };
    Ok(taken_off(coupon, template, &terms, lines, &paths)?)
}

/// What a coupon takes off, as pricing wants to hear it.
pub(super) fn taken_off(
    coupon: &Coupon,
    template: &CouponTemplate,
    terms: &Terms,
    lines: &[PricedLine],
    paths: &CategoryPaths,
) -> Result<Reduction, rules::Hindrance> {
    let off = rules::take_off(terms, lines, paths)?;
    let reduction = Reduction::new(coupon.id.to_string(), template.title.clone(), off.reach, off.amount);
    Ok(if terms.stackable { reduction } else { reduction.alone() })
}

/// The ways to the categories of these lines.
pub(super) fn paths_of(tx: &mut Tx<'_>, lines: &[PricedLine]) -> DbResult<CategoryPaths> {
    let categories: BTreeSet<CategoryId> = lines.iter().map(|line| line.sku.category_id).collect();
    catalog::category_paths(tx, &categories.into_iter().collect::<Vec<_>>())
}

/// Sets the claimed coupons aside for an order. One that took nothing off stays in its user's hands.
pub(in crate::coupon) fn reserve(
    tx: &mut Tx<'_>,
    (kind, family): (&'static str, CouponFamily),
    order: &PlacedOrder<'_>,
) -> Result<(), PricingError> {
    for id in claimed(order.claims)? {
        let source_ref = id.to_string();
        let parts = order.adjustments.iter().filter(|part| part.source == kind && part.source_ref == source_ref);
        let off = Fen::sum(parts.map(|part| part.amount)).and_then(Fen::negated).unwrap_or(Fen::ZERO);
        if off > Fen::ZERO {
            let (coupon, template) = own(tx, id, order.user_id, family)?;
            set_aside(tx, &coupon, &template, order, off).map_err(PricingError::refused_by)?;
        }
    }
    Ok(())
}

fn set_aside(
    tx: &mut Tx<'_>,
    coupon: &Coupon,
    template: &CouponTemplate,
    order: &PlacedOrder<'_>,
    off: Fen,
) -> Result<(), CouponError> {
    let now = tx.now();
    rules::usable(coupon, now)?;
    let cause = Cause { actor: CouponActor::Shopper(order.user_id), reason: "order_placed" };
    let taken = || CouponError::NotHeld(json!({ "reason": "changed_meanwhile" }));
    let reserved = advance(tx, coupon, Step::Reserve, Some(order.order_id), cause)?.ok_or_else(taken)?;
    let row = CouponUse {
        coupon_id: coupon.id,
        order_id: order.order_id,
        template_id: template.id,
        family: template.family,
        state: UseState::Reserved,
        amount: off,
        order_total: order.total,
        reserved_at: now,
        used_at: None,
        returned_at: None,
    };
    match store::insert_use(tx, &row) {
        Err(error) if error.violates(store::ONE_USE) || error.violates(store::ONE_OF_FAMILY) => return Err(taken()),
        written => written?,
    }
    funding::attribute(tx, template, order, off)?;
    Ok(tell_of_order(tx, RESERVED, (&reserved, template), (order.order_id, off), "")?)
}

/// Follows what became of an order. Both families are looked after at once.
pub(in crate::coupon) fn on_order(tx: &mut Tx<'_>, order: OrderId, event: OrderEvent) -> DbResult<()> {
    for seen in store::uses_of_order(tx, order)? {
        let (coupon, template) = store::find_with_template(tx, seen.coupon_id)?.ok_or_else(no_such_coupon)?;
        match (event, seen.state) {
            (OrderEvent::Paid, UseState::Reserved) => spend(tx, &seen, &coupon, &template)?,
            (OrderEvent::Closed, UseState::Reserved) => hand_back(tx, &seen, &coupon, &template, "order_closed")?,
            (OrderEvent::Refunded, UseState::Used) => hand_back(tx, &seen, &coupon, &template, "order_refunded")?,
            // The coupon follows the money: it comes back when the money has arrived.
            (OrderEvent::RefundAsked, _) => {}
            // It was heard before, or cannot happen to an order in this state.
            (OrderEvent::Paid | OrderEvent::Closed | OrderEvent::Refunded, _) => {}
        }
    }
    Ok(())
}

fn no_such_coupon() -> DbError {
    DbError::Defect("a use names a coupon that is not there".to_owned())
}

fn spend(tx: &mut Tx<'_>, seen: &CouponUse, coupon: &Coupon, template: &CouponTemplate) -> DbResult<()> {
    let cause = Cause { actor: CouponActor::System, reason: "order_paid" };
    let used = advance(tx, coupon, Step::Use, Some(seen.order_id), cause)?.ok_or_else(lost_race)?;
    if !store::move_use(tx, seen, UseState::Used)? {
        return Err(lost_race());
    }
    tell_of_order(tx, USED, (&used, template), (seen.order_id, seen.amount), "")
}

/// Gives a coupon back to its user if it can still be used, and ends it otherwise.
fn hand_back(
    tx: &mut Tx<'_>,
    seen: &CouponUse,
    coupon: &Coupon,
    template: &CouponTemplate,
    reason: &'static str,
) -> DbResult<()> {
    let in_time = tx.now() < coupon.valid_until;
    let step = if in_time { Step::Return } else { Step::ReturnLate };
    let cause = Cause { actor: CouponActor::System, reason };
    let moved = advance(tx, coupon, step, None, cause)?.ok_or_else(lost_race)?;
    if !store::move_use(tx, seen, UseState::Returned)? {
        return Err(lost_race());
    }
    if in_time {
        tell_of_order(tx, RETURNED, (&moved, template), (seen.order_id, seen.amount), reason)
    } else {
        tell(tx, EXPIRED, &moved, template, reason)?;
        funding::put_back(tx, template, &moved)
    }
}
