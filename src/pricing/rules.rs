//! How a price is made, decided without a database.
//!
//! A [`Basket`] starts with base prices; reductions are applied to it one after the other, each capped at what is left
//! to pay of the lines it reaches and spread over them by largest remainder; freight comes last. So no line falls below
//! zero and the lines always sum to the totals.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::error::PricingError;
use super::freight::{Load, NotDelivered, Template, freight};
use super::model::{
    Adjustment, BasketLine, MAX_CLAIMS, MAX_LINES, MAX_QUANTITY, MAX_REFERENCE, OfferClaim, Quote, QuotedLine,
};
use super::offer::{PricedLine, Reach, Reduction, Stage};
use super::remainder::{Gone, GoneLine};
use crate::catalog::{FreightTemplateId, GoodsKind, SkuFacts, SkuId, Unavailable};
use crate::kernel::money::{Fen, prorate};
use crate::kernel::region::Province;
use crate::platform::db::DbError;

/// How many of each SKU, by SKU id. Lines of one SKU are added up.
pub(super) fn merged(lines: &[BasketLine]) -> Result<BTreeMap<SkuId, i64>, PricingError> {
    if lines.is_empty() {
        return Err(PricingError::EmptyBasket);
    }
    if lines.len() > MAX_LINES {
        return Err(PricingError::TooManyLines(json!({ "lines": lines.len(), "limit": MAX_LINES })));
    }
    let mut wanted = BTreeMap::new();
    for line in lines {
        let sum = wanted.entry(line.sku_id).or_insert(0_i64);
        let fits = (1..=MAX_QUANTITY).contains(&line.quantity);
        *sum = sum.checked_add(line.quantity).filter(|sum| fits && *sum <= MAX_QUANTITY).ok_or_else(|| {
            PricingError::QuantityOutOfRange(
                json!({ "sku_id": line.sku_id, "quantity": line.quantity, "limit": MAX_QUANTITY }),
            )
        })?;
    }
    Ok(wanted)
}

/// The claims sorted and each once, if they can be meant.
pub(super) fn claims(
    claims: &[OfferClaim],
    known: impl Fn(&str) -> bool,
    wanted: &BTreeMap<SkuId, i64>,
) -> Result<Vec<OfferClaim>, PricingError> {
    let invalid = |field: &str| PricingError::InvalidClaim(json!({ "field": field }));
    if claims.len() > MAX_CLAIMS {
        return Err(invalid("claims"));
    }
    for claim in claims {
        if !known(&claim.kind) {
            // What was sent is echoed only as far as a kind could reach.
            let kind: String = claim.kind.chars().take(32).collect();
            return Err(PricingError::UnknownOffer(json!({ "kind": kind })));
        }
        let length = claim.reference.chars().count();
        if !(1..=MAX_REFERENCE).contains(&length) || claim.reference.chars().any(char::is_control) {
            return Err(invalid("reference"));
        }
        if claim.sku_id.is_some_and(|sku| !wanted.contains_key(&sku)) {
            return Err(invalid("sku_id"));
        }
    }
    let sorted: BTreeSet<OfferClaim> = claims.iter().cloned().collect();
    Ok(sorted.into_iter().collect())
}

/// A coupon that took something off.
struct UsedCoupon {
    stage: Stage,
    source: &'static str,
    source_ref: String,
    stackable: bool,
}

/// A reduction of freight that waits until the freight is known.
#[derive(Clone)]
struct FreightReduction {
    source: &'static str,
    from_coupon: bool,
    reduction: Reduction,
}

/// Where a basket stood, to come back to.
pub(super) struct Mark {
    /// What was left to pay of each line, and its freight.
    lines: Vec<(Fen, Fen)>,
    adjustments: usize,
    coupons: usize,
    freight_reductions: Vec<FreightReduction>,
    freight_pending: bool,
}

/// A basket while it is being priced.
pub(super) struct Basket {
    lines: Vec<PricedLine>,
    adjustments: Vec<Adjustment>,
    coupons: Vec<UsedCoupon>,
    freight_reductions: Vec<FreightReduction>,
    freight_pending: bool,
}

impl Basket {
    /// The basket at base prices.
    pub(super) fn new(wanted: &BTreeMap<SkuId, i64>, facts: Vec<SkuFacts>) -> Result<Self, PricingError> {
        sellable(wanted, &facts)?;
        let mut lines = Vec::with_capacity(facts.len());
        for sku in facts {
            let quantity = wanted.get(&sku.sku_id).copied().unwrap_or(0);
            if sku.kind == GoodsKind::VirtualAccess && quantity > 1 {
                return Err(PricingError::AccessOnce(
                    json!({ "sku_id": sku.sku_id, "quantity": quantity, "limit": 1 }),
                ));
            }
            let goods = sku.price.times(quantity).ok_or(PricingError::AmountTooLarge)?;
            lines.push(PricedLine {
                sku,
                quantity,
                goods,
                payable: goods,
                priced_by: None,
                coupons_allowed: true,
                freight: Fen::ZERO,
            });
        }
        lines.sort_by_key(|line| line.sku.sku_id);
        // Every later sum is at most this one, so it is enough to look once.
        Fen::sum(lines.iter().map(|line| line.goods)).ok_or(PricingError::AmountTooLarge)?;
        Ok(Self {
            lines,
            adjustments: Vec::new(),
            coupons: Vec::new(),
            freight_reductions: Vec::new(),
            freight_pending: true,
        })
    }

    pub(super) fn lines(&self) -> &[PricedLine] {
        &self.lines
    }

    pub(super) fn adjustments(&self) -> &[Adjustment] {
        &self.adjustments
    }

    /// Where it stands now.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            lines: self.lines.iter().map(|line| (line.payable, line.freight)).collect(),
            adjustments: self.adjustments.len(),
            coupons: self.coupons.len(),
            freight_reductions: self.freight_reductions.clone(),
            freight_pending: self.freight_pending,
        }
    }

    /// Takes back whatever was applied since the mark, which no price-setting offer may have been.
    pub(super) fn rewind(&mut self, mark: &Mark) {
        for (line, (payable, freight)) in self.lines.iter_mut().zip(&mark.lines) {
            (line.payable, line.freight) = (*payable, *freight);
        }
        self.adjustments.truncate(mark.adjustments);
        self.coupons.truncate(mark.coupons);
        self.freight_reductions.clone_from(&mark.freight_reductions);
        self.freight_pending = mark.freight_pending;
    }

    /// What is to be paid for all lines.
    pub(super) fn total(&self) -> Result<Fen, PricingError> {
        let parts = self.lines.iter().flat_map(|line| [line.payable, line.freight]);
        Fen::sum(parts).ok_or(PricingError::AmountTooLarge)
    }

    /// Takes off what an offer answered.
    pub(super) fn apply(
        &mut self,
        source: &'static str,
        stage: Stage,
        reduction: Reduction,
    ) -> Result<(), PricingError> {
        if reduction.amount < Fen::ZERO {
            return Err(misbehaves(source, "answered a negative reduction"));
        }
        let coupon = matches!(stage, Stage::ShopCoupon | Stage::SocialCoupon);
        if coupon {
            self.use_coupon(source, stage, &reduction)?;
        }
        if reduction.reach == Reach::Freight {
            self.freight_reductions.push(FreightReduction { source, from_coupon: coupon, reduction });
            return Ok(());
        }
        match stage {
            Stage::PriceSetting => self.set_price(source, &reduction)?,
            Stage::Freight => return Err(misbehaves(source, "is for freight and reaches for goods")),
            _ => {}
        }
        let reached = self.reached(source, stage, &reduction)?;
        self.take_off(source, stage, reduction, &reached)
    }

    /// Notes a coupon; there may be one of each stage, and both only if both allow it.
    fn use_coupon(&mut self, source: &'static str, stage: Stage, reduction: &Reduction) -> Result<(), PricingError> {
        let same = |used: &UsedCoupon| used.source == source && used.source_ref == reduction.source_ref;
        if self.coupons.iter().any(same) {
            return Ok(());
        }
        let details = || json!({ "offer": source, "reference": reduction.source_ref });
        if self.coupons.iter().any(|used| used.stage == stage) {
            return Err(PricingError::TooManyCoupons(details()));
        }
        if self.coupons.iter().any(|used| !used.stackable || !reduction.stackable) {
            return Err(PricingError::CouponsNotStackable(details()));
        }
        let (source_ref, stackable) = (reduction.source_ref.clone(), reduction.stackable);
        self.coupons.push(UsedCoupon { stage, source, source_ref, stackable });
        Ok(())
    }

    /// Marks the line whose price is set; only one offer may.
    fn set_price(&mut self, source: &'static str, reduction: &Reduction) -> Result<(), PricingError> {
        let Reach::Line(sku_id) = reduction.reach else {
            return Err(misbehaves(source, "sets a price and does not name one line"));
        };
        let line = self.lines.iter_mut().find(|line| line.sku.sku_id == sku_id);
        let line = line.ok_or_else(|| misbehaves(source, "names a line that is not there"))?;
        if let Some(other) = line.priced_by {
            return Err(PricingError::OffersConflict(json!({ "sku_id": sku_id, "offers": [other, source] })));
        }
        line.priced_by = Some(source);
        line.coupons_allowed = reduction.coupons_allowed;
        Ok(())
    }

    /// Positions of the lines that a reduction reaches.
    fn reached(&self, source: &'static str, stage: Stage, reduction: &Reduction) -> Result<Vec<usize>, PricingError> {
        let named: Option<&[SkuId]> = match &reduction.reach {
            Reach::Line(sku_id) => Some(std::slice::from_ref(sku_id)),
            Reach::Lines(sku_ids) => Some(sku_ids),
            Reach::Order | Reach::Freight => None,
        };
        let there = |sku_id: &SkuId| self.lines.iter().any(|line| line.sku.sku_id == *sku_id);
        if named.is_some_and(|sku_ids| !sku_ids.iter().all(there)) {
            return Err(misbehaves(source, "names a line that is not there"));
        }
        let open = |line: &PricedLine| match stage {
            Stage::MemberPrice => line.priced_by.is_none(),
            Stage::ShopCoupon | Stage::SocialCoupon => line.coupons_allowed,
            _ => true,
        };
        let reaches = |line: &PricedLine| named.is_none_or(|sku_ids| sku_ids.contains(&line.sku.sku_id)) && open(line);
        let reached: Vec<usize> =
            self.lines.iter().enumerate().filter(|(_, line)| reaches(line)).map(|(position, _)| position).collect();
        let coupon = matches!(stage, Stage::ShopCoupon | Stage::SocialCoupon);
        if coupon && reached.is_empty() {
            return Err(PricingError::CouponsNotAllowed(json!({ "offer": source, "reference": reduction.source_ref })));
        }
        Ok(reached)
    }

    /// Spreads a reduction over lines in proportion to what is left to pay of each.
    fn take_off(
        &mut self,
        source: &'static str,
        stage: Stage,
        reduction: Reduction,
        reached: &[usize],
    ) -> Result<(), PricingError> {
        let left: Vec<Fen> = reached.iter().filter_map(|at| self.lines.get(*at)).map(|line| line.payable).collect();
        let most = Fen::sum(left.iter().copied()).ok_or(PricingError::AmountTooLarge)?;
        let amount = reduction.amount.min(most);
        if amount == Fen::ZERO && stage != Stage::PriceSetting {
            return Ok(());
        }
        let parts = prorate(amount, &left).ok_or(PricingError::AmountTooLarge)?;
        for (at, part) in reached.iter().zip(parts) {
            if let Some(line) = self.lines.get_mut(*at) {
                line.payable = line.payable.minus(part).ok_or(PricingError::AmountTooLarge)?;
            }
        }
        let sku_id = if let Reach::Line(sku_id) = reduction.reach { Some(sku_id) } else { None };
        self.note(source, reduction, sku_id, amount)
    }

    fn note(
        &mut self,
        source: &str,
        reduction: Reduction,
        sku_id: Option<SkuId>,
        amount: Fen,
    ) -> Result<(), PricingError> {
        self.adjustments.push(Adjustment {
            source: source.to_owned(),
            source_ref: reduction.source_ref,
            title: reduction.title,
            sku_id,
            on_freight: reduction.reach == Reach::Freight,
            amount: amount.negated().ok_or(PricingError::AmountTooLarge)?,
        });
        Ok(())
    }

    /// The templates its lines are sent by.
    pub(super) fn freight_templates(&self) -> Vec<FreightTemplateId> {
        let carried = self.lines.iter().filter(|line| !line.sku.kind.is_virtual());
        let ids: BTreeSet<FreightTemplateId> = carried.map(|line| line.sku.freight_template_id).collect();
        ids.into_iter().collect()
    }

    /// Adds the freight to a province: each template's over its own lines, in proportion to what is paid for them, and
    /// in equal parts when nothing is.
    pub(super) fn charge_freight(&mut self, templates: &[Template], province: Province) -> Result<(), PricingError> {
        let mut undeliverable = Vec::new();
        for id in self.freight_templates() {
            let mut load = Load::default();
            let mut goods = Fen::ZERO;
            let own = |line: &&PricedLine| travels_by(line, id);
            for line in self.lines.iter().filter(own) {
                load = load
                    .plus(line.quantity, line.sku.weight_grams, line.sku.volume_cm3)
                    .ok_or(PricingError::AmountTooLarge)?;
                goods = goods.plus(line.payable).ok_or(PricingError::AmountTooLarge)?;
            }
            let template = templates.iter().find(|template| template.id == id);
            let fee = template.map_or(Err(NotDelivered::Undeliverable), |found| freight(found, load, goods, province));
            match fee {
                Ok(fee) => self.spread_freight(id, fee, goods)?,
                Err(NotDelivered::Undeliverable) => {
                    undeliverable.extend(self.lines.iter().filter(own).map(|line| line.sku.sku_id));
                }
                Err(NotDelivered::Overflow) => return Err(PricingError::AmountTooLarge),
            }
        }
        if !undeliverable.is_empty() {
            return Err(PricingError::Undeliverable(json!({ "province_code": province, "sku_ids": undeliverable })));
        }
        self.freight_pending = false;
        Ok(())
    }

    /// Whether there is nothing to carry, wherever it goes.
    pub(super) fn is_virtual(&self) -> bool {
        self.lines.iter().all(|line| line.sku.kind.is_virtual())
    }

    /// Nothing of it is sent, so nothing is charged for sending it.
    pub(super) fn charge_no_freight(&mut self) {
        self.freight_pending = false;
    }

    fn spread_freight(&mut self, id: FreightTemplateId, fee: Fen, goods: Fen) -> Result<(), PricingError> {
        let mut own: Vec<&mut PricedLine> = self.lines.iter_mut().filter(|line| travels_by(line, id)).collect();
        let equal = goods == Fen::ZERO;
        let weights: Vec<Fen> = own.iter().map(|line| if equal { Fen::new(1) } else { line.payable }).collect();
        let parts = prorate(fee, &weights).ok_or(PricingError::AmountTooLarge)?;
        for (line, part) in own.iter_mut().zip(parts) {
            line.freight = part;
        }
        Ok(())
    }

    /// Takes the freight reductions off, those of earlier stages first. Without a province there is nothing yet to take
    /// them off from.
    pub(super) fn reduce_freight(&mut self) -> Result<(), PricingError> {
        for FreightReduction { source, from_coupon, reduction } in std::mem::take(&mut self.freight_reductions) {
            let open = |line: &PricedLine| line.coupons_allowed || !from_coupon;
            let mut reached: Vec<&mut PricedLine> = self.lines.iter_mut().filter(|line| open(line)).collect();
            if reached.is_empty() {
                let details = json!({ "offer": source, "reference": reduction.source_ref });
                return Err(PricingError::CouponsNotAllowed(details));
            }
            let left: Vec<Fen> = reached.iter().map(|line| line.freight).collect();
            let most = Fen::sum(left.iter().copied()).ok_or(PricingError::AmountTooLarge)?;
            let amount = reduction.amount.min(most);
            if amount == Fen::ZERO {
                continue;
            }
            let parts = prorate(amount, &left).ok_or(PricingError::AmountTooLarge)?;
            for (line, part) in reached.iter_mut().zip(parts) {
                line.freight = line.freight.minus(part).ok_or(PricingError::AmountTooLarge)?;
            }
            self.note(source, reduction, None, amount)?;
        }
        Ok(())
    }

    /// The finished quote, its lines in the order in which `asked` first names them.
    pub(super) fn quote(self, asked: &[BasketLine]) -> Result<Quote, PricingError> {
        let lines = self.lines.iter().map(quoted).collect::<Option<Vec<QuotedLine>>>();
        let mut lines = lines.ok_or(PricingError::AmountTooLarge)?;
        let sum =
            |amount: fn(&QuotedLine) -> Fen| Fen::sum(lines.iter().map(amount)).ok_or(PricingError::AmountTooLarge);
        let (goods, discount) = (sum(|line| line.goods)?, sum(|line| line.discount)?);
        let (freight, total) = (sum(|line| line.freight)?, sum(|line| line.payable)?);
        let digest = fingerprint(&lines, &self.adjustments, self.freight_pending, total);
        lines.sort_by_key(|line| asked.iter().position(|wanted| wanted.sku_id == line.sku_id));
        let (adjustments, freight_pending) = (self.adjustments, self.freight_pending);
        Ok(Quote { lines, adjustments, goods, discount, freight, freight_pending, total, digest })
    }
}

/// Whether a line is carried, and by this template.
fn travels_by(line: &PricedLine, template: FreightTemplateId) -> bool {
    !line.sku.kind.is_virtual() && line.sku.freight_template_id == template
}

/// An offer broke the rules of the seam, which is a defect of ours and nothing a buyer could mend.
fn misbehaves(source: &str, how: &str) -> PricingError {
    PricingError::Db(DbError::Defect(format!("the offer {source} {how}")))
}

fn sellable(wanted: &BTreeMap<SkuId, i64>, facts: &[SkuFacts]) -> Result<(), PricingError> {
    let refused = unsellable(wanted, facts);
    if refused.is_empty() { Ok(()) } else { Err(PricingError::NotSellable(json!({ "skus": refused }))) }
}

/// What of a basket is not sold, and why not.
pub(super) fn unsellable(wanted: &BTreeMap<SkuId, i64>, facts: &[SkuFacts]) -> Vec<GoneLine> {
    let why = |sku_id: &SkuId| match facts.iter().find(|sku| sku.sku_id == *sku_id) {
        None => Some(Gone::NotFound),
        Some(sku) => sku.unavailable.map(|why| match why {
            Unavailable::OffSale => Gone::OffSale,
            Unavailable::SkuDisabled => Gone::SkuDisabled,
        }),
    };
    wanted.keys().filter_map(|sku_id| why(sku_id).map(|reason| GoneLine { sku_id: *sku_id, reason })).collect()
}

fn quoted(line: &PricedLine) -> Option<QuotedLine> {
    Some(QuotedLine {
        sku_id: line.sku.sku_id,
        product_id: line.sku.product_id,
        kind: line.sku.kind,
        title: line.sku.title.clone(),
        option_text: line.sku.option_text.clone(),
        picture: line.sku.picture.clone(),
        unit_price: line.sku.price,
        quantity: line.quantity,
        goods: line.goods,
        discount: line.goods.minus(line.payable)?,
        freight: line.freight,
        payable: line.payable.plus(line.freight)?,
    })
}

/// Hex SHA-256 of everything that makes the price. `lines` must be sorted by SKU id.
fn fingerprint(lines: &[QuotedLine], adjustments: &[Adjustment], freight_pending: bool, total: Fen) -> String {
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!([line.sku_id, line.quantity, line.unit_price, line.goods, line.discount, line.freight, line.payable])
        })
        .collect();
    let adjustments: Vec<Value> = adjustments
        .iter()
        .map(|part| json!([part.source, part.source_ref, part.sku_id, part.on_freight, part.amount]))
        .collect();
    let canonical = json!(["quote/1", lines, adjustments, freight_pending, total]);
    hex::encode(digest(&SHA256, canonical.to_string().as_bytes()))
}

#[cfg(test)]
mod tests;
