//! The seam through which campaigns take part in prices and orders.
//!
//! An [`Offer`] is given facts and answers [`Reduction`]s; pricing alone applies them, so that no campaign can bring a
//! line below zero, spread a discount its own way or use coupons where a campaign price forbids them. Placement later
//! asks each offer for its [`terms`](Offer::terms), lets it [`reserve`](Offer::reserve) what it promised, inside the
//! order's transaction, and tells it what became of the order.

use std::sync::Arc;

use super::error::PricingError;
use super::model::{Adjustment, OfferClaim, QuotedLine};
use crate::catalog::{SkuFacts, SkuId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};

/// When an offer is applied; declared in the order of application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Sets the price of single lines: group buy, bargain, flash sale, live price. At most one offer per line.
    PriceSetting,
    /// The price for members, for lines on which no price-setting offer lies.
    MemberPrice,
    /// Promotions that take something off from a certain amount on.
    FullReduction,
    /// At most one coupon of the shop.
    ShopCoupon,
    /// At most one portion of a social coupon.
    SocialCoupon,
    /// Points spent as a discount.
    Points,
    /// Takes something off the freight; sees the freight.
    Freight,
}

/// One line of the basket as the stages so far have priced it.
#[derive(Clone, Debug)]
pub struct PricedLine {
    /// The SKU's facts, with its base price.
    pub sku: SkuFacts,
    /// How many pieces.
    pub quantity: i64,
    /// Base price times quantity.
    pub goods: Fen,
    /// What is left of `goods` after the reductions so far.
    pub payable: Fen,
    /// The kind of the price-setting offer that lies on this line.
    pub priced_by: Option<&'static str>,
    /// Whether coupons may be used with this line; a price-setting offer decides.
    pub coupons_allowed: bool,
    /// The line's share of the freight; zero before the freight stage.
    pub freight: Fen,
}

/// What an offer may know when it works out its reductions.
#[derive(Clone, Copy, Debug)]
pub struct OfferFacts<'a> {
    /// Who buys; absent before log-in.
    pub user: Option<UserId>,
    /// The basket, sorted by SKU id, each SKU once.
    pub lines: &'a [PricedLine],
    /// The claims of this offer's own kind, sorted.
    pub claims: &'a [OfferClaim],
    /// What offers of earlier stages (and earlier kinds of this stage) have taken off.
    pub earlier: &'a [Adjustment],
    /// The moment of the quote.
    pub now: Timestamp,
}

/// What a reduction is taken off from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One line.
    Line(SkuId),
    /// Several lines, in proportion to what is left to pay of each.
    Lines(Vec<SkuId>),
    /// Every line, in proportion to what is left to pay of each.
    Order,
    /// The freight.
    Freight,
}

/// What an offer wants taken off. Pricing caps it at what is left to pay of the lines it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// Which group, bargain, coupon… it comes from.
    pub source_ref: String,
    /// How people read it, such as `满100减10`.
    pub title: String,
    /// What it is taken off from.
    pub reach: Reach,
    /// How much, at least zero. A price-setting reduction of zero still marks its line.
    pub amount: Fen,
    /// For price-setting offers: whether coupons may be used with the line.
    pub coupons_allowed: bool,
    /// For coupons: whether another coupon may be used beside it.
    pub stackable: bool,
}

impl Reduction {
    /// A reduction that gets on with every other.
    pub fn new(source_ref: impl Into<String>, title: impl Into<String>, reach: Reach, amount: Fen) -> Self {
        let (source_ref, title) = (source_ref.into(), title.into());
        Self { source_ref, title, reach, amount, coupons_allowed: true, stackable: true }
    }

    /// The same, but no coupon may be used with the lines it prices.
    pub fn without_coupons(mut self) -> Self {
        self.coupons_allowed = false;
        self
    }

    /// The same, but no other coupon may be used beside it.
    pub const fn alone(mut self) -> Self {
        self.stackable = false;
        self
    }
}

/// An order that is being placed and whose offers are now to be reserved.
#[derive(Clone, Copy, Debug)]
pub struct PlacedOrder<'a> {
    /// The order.
    pub order_id: OrderId,
    /// Who placed it.
    pub user_id: UserId,
    /// Its lines.
    pub lines: &'a [QuotedLine],
    /// Everything that made its price.
    pub adjustments: &'a [Adjustment],
    /// What the buyer claimed; [`Offers::reserve`] narrows it to the offer's own kind.
    pub claims: &'a [OfferClaim],
    /// What is to be paid.
    pub total: Fen,
}

/// What an offer asks of the order in return for what it sets aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Holds the order back from shipping until this group, bargain… opens the gate.
    pub ship_gate: Option<String>,
    /// Pay within this many milliseconds of now; the shortest wish of all offers wins.
    pub pay_within_ms: Option<i64>,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderEvent {
    /// It was paid.
    Paid,
    /// It was closed unpaid; everything set aside goes back.
    Closed,
    /// All that is left of its money was asked back before anything was sent: it will not be delivered any more.
    /// [`Refunded`](Self::Refunded) follows when the money has arrived, at once when there is none.
    RefundAsked,
    /// All of it was refunded.
    Refunded,
}

/// What a campaign contributes to prices and orders.
///
/// `adjust` must answer the same for the same facts: a quote is compared with the one the client saw.
pub trait Offer: Send + Sync {
    /// The kind that claims and adjustments carry, such as `group_buy`; unique in the registry.
    fn kind(&self) -> &'static str;

    /// When it is applied.
    fn stage(&self) -> Stage;

    /// What it takes off. Called for every quote, with the claims of its kind, if any: an offer that needs a claim
    /// answers nothing without one, and refuses a claim that does not hold.
    ///
    /// # Errors
    /// Why a claim does not hold; or the database.
    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError>;

    /// What it asks of an order that claimed this kind or was given an adjustment by it. Called when the price is settled
    /// and before the order is written; it reads, and may leave what it read for [`Self::reserve`].
    ///
    /// # Errors
    /// Why there can be no such order; or the database. The order is then not placed.
    fn terms(&self, _tx: &mut Tx<'_>, _order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        Ok(Terms::default())
    }

    /// Sets aside what such an order was promised: the seat, the coupon, the bargain. Called in the order's own
    /// transaction when all else of it is written but its stock, since others wait for what it touches.
    ///
    /// # Errors
    /// Why it cannot be set aside any more; or the database. The order is then not placed.
    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError>;

    /// Reacts to what became of an order, if it has anything to do with it. Must be safe to hear twice.
    ///
    /// # Errors
    /// When the database fails.
    fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()>;
}

/// Every offer the shop knows, in the order of application.
#[derive(Clone, Default)]
pub struct Offers(Arc<[Arc<dyn Offer>]>);

impl Offers {
    /// A registry of these offers. The order they are given in does not matter.
    pub fn new(mut offers: Vec<Arc<dyn Offer>>) -> Self {
        offers.sort_by_key(|offer| (offer.stage(), offer.kind()));
        Self(offers.into())
    }

    /// The offers in the order of application.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Offer> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The offer of this kind.
    pub fn find(&self, kind: &str) -> Option<&dyn Offer> {
        self.iter().find(|offer| offer.kind() == kind)
    }

    /// What every offer that has a part in the order asks of it, with its kind.
    ///
    /// # Errors
    /// The first refusal; or the database.
    pub fn terms(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<Vec<(&'static str, Terms)>, PricingError> {
        let mut terms = Vec::new();
        self.each_part(order, |offer, order| {
            terms.push((offer.kind(), offer.terms(tx, order)?));
            Ok(())
        })?;
        Ok(terms)
    }

    /// Lets every offer that has a part in the order set aside what it promised.
    ///
    /// # Errors
    /// The first refusal; or the database.
    pub fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        self.each_part(order, |offer, order| offer.reserve(tx, order))
    }

    /// Shows the order to every offer that has a part in it, with the claims of its kind.
    fn each_part(
        &self,
        order: &PlacedOrder<'_>,
        mut show: impl FnMut(&dyn Offer, &PlacedOrder<'_>) -> Result<(), PricingError>,
    ) -> Result<(), PricingError> {
        for offer in self.iter() {
            let kind = offer.kind();
            let claims: Vec<OfferClaim> = order.claims.iter().filter(|claim| claim.kind == kind).cloned().collect();
            if !claims.is_empty() || order.adjustments.iter().any(|adjustment| adjustment.source == kind) {
                show(offer, &PlacedOrder { claims: &claims, ..*order })?;
            }
        }
        Ok(())
    }

    /// Tells every offer what became of an order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()> {
        self.iter().try_for_each(|offer| offer.on_order(tx, order_id, event))
    }
}

impl std::fmt::Debug for Offers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.iter().map(Offer::kind)).finish()
    }
}
