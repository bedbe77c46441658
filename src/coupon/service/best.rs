//! Which of a shopper's coupons apply to a basket, and which save most.
//!
//! The basket is priced once up to the coupons; every coupon is then tried out on it in memory, as a quote would apply
//! it, so that what is compared is what would be paid: also when a reduction brings the goods below a threshold of free
//! freight.

use super::using::{paths_of, taken_off};
use crate::coupon::error::CouponError;
use crate::coupon::hooks::claim_kind;
use crate::coupon::model::{Coupon, CouponFamily, CouponTemplate, CouponWithTemplate, MAX_COMPARED};
use crate::coupon::rules::{self, CategoryPaths, Choice, Terms, Trial};
use crate::coupon::store;
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{FromDb as _, Tx};
use crate::pricing::{self, Crossing, OfferClaim, Offers, PricingError, Quote, QuoteRequest, Stage};

/// A held coupon and what it would do for a basket.
#[derive(Debug)]
pub(in crate::coupon) struct Compared {
    /// The coupon.
    pub(in crate::coupon) held: CouponWithTemplate,
    /// What it saves alone, or why it cannot be used.
    pub(in crate::coupon) outcome: Result<Fen, CouponError>,
    /// Whether it belongs to the best choice.
    pub(in crate::coupon) chosen: bool,
}

/// A basket with and without coupons.
#[derive(Debug)]
pub(in crate::coupon) struct Comparison {
    /// What is to be paid without any.
    pub(in crate::coupon) total_without: Fen,
    /// The quote with the best choice; without any coupon when none saves.
    pub(in crate::coupon) quote: Quote,
    /// The claims of that quote.
    pub(in crate::coupon) claims: Vec<OfferClaim>,
    /// Every coupon compared, those that save most first.
    pub(in crate::coupon) coupons: Vec<Compared>,
    /// When they were compared.
    pub(in crate::coupon) at: Timestamp,
}

/// A coupon about to be tried.
struct Candidate {
    coupon: Coupon,
    template: CouponTemplate,
    terms: Terms,
}

/// Compares the coupons in a user's hands for a basket. Coupons among the claims are left out.
///
/// # Errors
/// Why the basket cannot be priced even without coupons; or the database.
pub(in crate::coupon) fn compare(
    tx: &mut Tx<'_>,
    offers: &Offers,
    user: UserId,
    mut request: QuoteRequest,
) -> Result<Comparison, CouponError> {
    let families = [CouponFamily::Shop, CouponFamily::Social];
    request.claims.retain(|claim| !families.iter().any(|family| claim.kind == claim_kind(*family)));
    let mut crossing = pricing::crossing(tx, offers, &request)?;
    let candidates = candidates(tx, user)?;
    let paths = match candidates.iter().any(|candidate| candidate.terms.asks_tree()) {
        true => paths_of(tx, crossing.lines())?,
        false => CategoryPaths::new(),
    };
    let total_without = crossing.total(tx, offers)?;
    crossing.turn_back();
    let mut basket = TrialBasket { crossing, offers, paths, total_without };
    let outcomes = basket.alone(tx, &candidates)?;
    let choice = basket.best(tx, &candidates, &outcomes)?;
    let chosen: Vec<usize> = choice.map(|choice| choice.places).unwrap_or_default();
    let claims: Vec<OfferClaim> =
        chosen.iter().filter_map(|place| candidates.get(*place)).map(Candidate::claim).collect();
    request.claims.extend(claims);
    let quote = pricing::quote(tx, offers, &request)?;
    let at = tx.now();
    let coupons = arranged(candidates, outcomes, &chosen);
    Ok(Comparison { total_without, quote, claims: request.claims, coupons, at })
}

fn candidates(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Candidate>, CouponError> {
    let held = store::held_of(tx, user, MAX_COMPARED)?;
    let candidate = |(coupon, template): (Coupon, CouponTemplate)| {
        let terms = Terms::of(&template, coupon.amount);
        Candidate { coupon, template, terms }
    };
    Ok(held.into_iter().map(candidate).collect())
}

impl Candidate {
    fn claim(&self) -> OfferClaim {
        let kind = claim_kind(self.terms.family).to_owned();
        OfferClaim { kind, reference: self.coupon.id.to_string(), sku_id: None }
    }
}

/// A basket on which coupons are tried out.
struct TrialBasket<'a> {
    crossing: Crossing,
    offers: &'a Offers,
    paths: CategoryPaths,
    total_without: Fen,
}

impl TrialBasket<'_> {
    /// What these coupons save together, the shop's own first.
    fn try_out(&mut self, tx: &mut Tx<'_>, together: &[&Candidate]) -> Result<Fen, CouponError> {
        let total = self.total_with(tx, together);
        self.crossing.turn_back();
        let saving = total.map(|total| self.total_without.minus(total).unwrap_or(Fen::ZERO))?;
        if saving > Fen::ZERO { Ok(saving) } else { Err(CouponError::SavesNothing) }
    }

    fn total_with(&mut self, tx: &mut Tx<'_>, together: &[&Candidate]) -> Result<Fen, CouponError> {
        for Candidate { coupon, template, terms } in together {
            rules::usable(coupon, tx.now())?;
            let reduction = taken_off(coupon, template, terms, self.crossing.lines(), &self.paths)?;
            let stage = match terms.family {
                CouponFamily::Shop => Stage::ShopCoupon,
                CouponFamily::Social => Stage::SocialCoupon,
            };
            self.crossing.apply(claim_kind(terms.family), stage, reduction)?;
        }
        Ok(self.crossing.total(tx, self.offers)?)
    }

    /// What each coupon saves alone, or why it cannot be used.
    fn alone(
        &mut self,
        tx: &mut Tx<'_>,
        candidates: &[Candidate],
    ) -> Result<Vec<Result<Fen, CouponError>>, CouponError> {
        let mut outcomes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            outcomes.push(answer(self.try_out(tx, &[candidate]))?);
        }
        Ok(outcomes)
    }

    /// The choice that saves most, of single coupons and of pairs that allow each other.
    fn best(
        &mut self,
        tx: &mut Tx<'_>,
        candidates: &[Candidate],
        outcomes: &[Result<Fen, CouponError>],
    ) -> Result<Option<Choice>, CouponError> {
        let trials: Vec<Trial> = candidates
            .iter()
            .zip(outcomes)
            .enumerate()
            .filter_map(|(place, (candidate, outcome))| {
                let saving = *outcome.as_ref().ok()?;
                let Terms { family, stackable, .. } = candidate.terms;
                Some(Trial { place, family, stackable, saving, valid_until: candidate.coupon.valid_until })
            })
            .collect();
        let mut choices: Vec<Choice> = trials.iter().map(Trial::alone).collect();
        for (shop, social) in rules::partners(&trials) {
            let Some(pair) = candidates.get(shop.place).zip(candidates.get(social.place)) else { continue };
            if let Ok(saving) = answer(self.try_out(tx, &[pair.0, pair.1]))? {
                let valid_until = shop.valid_until.min(social.valid_until);
                choices.push(Choice { places: vec![shop.place, social.place], saving, valid_until });
            }
        }
        Ok(rules::best(choices))
    }
}

/// A refusal is an answer to a trial; a failure of the database ends the comparison.
fn answer(outcome: Result<Fen, CouponError>) -> Result<Result<Fen, CouponError>, CouponError> {
    match outcome {
        Err(error) if error.db_error().is_some() => Err(error),
        Err(CouponError::Pricing(PricingError::CouponsNotAllowed(_))) => Ok(Err(CouponError::NotWithCampaign)),
        outcome => Ok(outcome),
    }
}

/// Those that save most first; then those that cannot be used, those that end first before the others.
fn arranged(candidates: Vec<Candidate>, outcomes: Vec<Result<Fen, CouponError>>, chosen: &[usize]) -> Vec<Compared> {
    let compared = candidates.into_iter().zip(outcomes).enumerate().map(|(place, (candidate, outcome))| Compared {
        held: CouponWithTemplate { coupon: candidate.coupon, template: candidate.template },
        outcome,
        chosen: chosen.contains(&place),
    });
    let mut coupons: Vec<Compared> = compared.collect();
    let saving = |compared: &Compared| compared.outcome.as_ref().copied().unwrap_or(Fen::new(-1));
    coupons.sort_by_key(|compared| std::cmp::Reverse(saving(compared)));
    coupons
}
