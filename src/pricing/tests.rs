//! Quotes against either database, with offers made up for the purpose.

use std::sync::Arc;

use super::freight::{self, FreightError, Measure, NewTemplate, Tariff};
use super::*;
use crate::catalog::goods::{Ground, goods, run};
use crate::catalog::{FreightTemplateId, SkuId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::kernel::region::Province;
use crate::platform::db::{DbError, DbResult, Tx};

/// Takes `amount` off for every claim of its kind; with `automatic`, also without a claim.
struct Fake {
    kind: &'static str,
    stage: Stage,
    amount: i64,
    automatic: bool,
}

impl Offer for Fake {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn stage(&self) -> Stage {
        self.stage
    }

    fn adjust(&self, _tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        assert!(facts.claims.iter().all(|claim| claim.kind == self.kind));
        assert!(facts.lines.is_sorted_by_key(|line| line.sku.sku_id));
        if facts.claims.iter().any(|claim| claim.reference == "expired") {
            return Err(PricingError::refused_by(FreightError::TemplateNotFound));
        }
        let mut references: Vec<(String, Option<SkuId>)> =
            facts.claims.iter().map(|claim| (claim.reference.clone(), claim.sku_id)).collect();
        if self.automatic {
            references.push(("automatic".to_owned(), None));
        }
        let reduction = |(reference, sku): (String, Option<SkuId>)| {
            let reach = sku.map_or(Reach::Order, Reach::Line);
            Reduction::new(reference, "减", reach, Fen::new(self.amount))
        };
        Ok(references.into_iter().map(reduction).collect())
    }

    fn terms(&self, _tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        Ok(Terms { ship_gate: Some(order.claims.len().to_string()), pay_within_ms: None })
    }

    fn reserve(&self, _tx: &mut Tx<'_>, _order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        Ok(())
    }

    fn on_order(&self, _tx: &mut Tx<'_>, _order_id: OrderId, _event: OrderEvent) -> DbResult<()> {
        Ok(())
    }
}

fn fake(kind: &'static str, stage: Stage, amount: i64) -> Arc<dyn Offer> {
    Arc::new(Fake { kind, stage, amount, automatic: false })
}

fn offers() -> Offers {
    Offers::new(vec![
        fake("coupon", Stage::ShopCoupon, 300),
        fake("group_buy", Stage::PriceSetting, 200),
        Arc::new(Fake { kind: "full", stage: Stage::FullReduction, amount: 101, automatic: true }),
        fake("points", Stage::Points, 50),
    ])
}

fn claim(kind: &str, reference: &str, sku: Option<i64>) -> OfferClaim {
    OfferClaim { kind: kind.to_owned(), reference: reference.to_owned(), sku_id: sku.map(SkuId::new) }
}

fn tariff(provinces: &[&str], deliverable: bool, first_fee: i64) -> Tariff {
    Tariff {
        provinces: provinces.iter().map(|code| Province::parse(code).unwrap()).collect(),
        deliverable,
        first_units: 1_000,
        first_fee: Fen::new(first_fee),
        next_units: 1_000,
        next_fee: Fen::new(100),
        free_from: Some(Fen::new(9_900)),
    }
}

fn new_template() -> NewTemplate {
    let tariffs = vec![tariff(&[], true, 800), tariff(&["54", "65"], true, 2_500), tariff(&["71"], false, 0)];
    NewTemplate { name: "按重量".to_owned(), measure: Measure::Weight, tariffs }
}

/// SKUs 1, 2 and 3 at ¥10 and 500 g each, sent by a fresh template.
async fn shop(ground: &Ground) -> FreightTemplateId {
    goods(&ground.db, &[1, 2, 3]).await;
    let template = ground.db.write("create", |tx| freight::create(tx, new_template())).await.unwrap();
    run(&ground.db, format!("UPDATE products SET freight_template_id = {}", template.id)).await;
    template.id
}

fn request(quantities: &[(i64, i64)], province: Option<&str>, claims: Vec<OfferClaim>) -> QuoteRequest {
    let line = |(sku, quantity): &(i64, i64)| BasketLine { sku_id: SkuId::new(*sku), quantity: *quantity };
    QuoteRequest {
        user: Some(UserId::new(5)),
        province_code: province.map(str::to_owned),
        picked_up: false,
        lines: quantities.iter().map(line).collect(),
        claims,
    }
}

async fn quoted(ground: &Ground, request: QuoteRequest) -> Result<Quote, PricingError> {
    let offers = offers();
    ground.db.read("quote", move |tx| quote(tx, &offers, &request)).await
}

#[tokio::test]
async fn a_quote_applies_every_stage_and_adds_up_to_the_fen() {
    let ground = Ground::open();
    shop(&ground).await;
    let claims = vec![claim("points", "1", None), claim("coupon", "9", None), claim("group_buy", "4", Some(2))];
    let quote = quoted(&ground, request(&[(3, 1), (1, 2), (2, 1)], Some("44"), claims)).await.unwrap();
    let sources: Vec<&str> = quote.adjustments.iter().map(|part| part.source.as_str()).collect();
    assert_eq!(sources, ["group_buy", "full", "coupon", "points"]);
    // 2 kg: the first kilogram and one further step.
    assert_eq!((quote.goods, quote.discount, quote.freight), (Fen::new(4_000), Fen::new(651), Fen::new(900)));
    assert_eq!(quote.total, Fen::new(4_249));
    assert_eq!(Fen::sum(quote.lines.iter().map(|line| line.payable)), Some(quote.total));
    assert_eq!(quote.lines.iter().map(|line| line.sku_id.get()).collect::<Vec<_>>(), [3, 1, 2]);
    assert!(!quote.freight_pending);
}

#[tokio::test]
async fn any_order_of_claims_gives_the_same_quote() {
    let ground = Ground::open();
    shop(&ground).await;
    let all = [
        claim("coupon", "9", None),
        claim("group_buy", "4", Some(1)),
        claim("group_buy", "4", Some(3)),
        claim("points", "1", None),
    ];
    let mut digests = std::collections::BTreeSet::new();
    for turn in 0..all.len() {
        let mut claims = all.to_vec();
        claims.rotate_left(turn);
        let there = quoted(&ground, request(&[(1, 3), (2, 1), (3, 7)], Some("31"), claims.clone())).await.unwrap();
        claims.reverse();
        let back = quoted(&ground, request(&[(1, 3), (2, 1), (3, 7)], Some("31"), claims)).await.unwrap();
        assert_eq!(there, back);
        digests.insert(there.digest);
    }
    assert_eq!(digests.len(), 1);
}

#[tokio::test]
async fn without_a_province_the_freight_stays_open() {
    let ground = Ground::open();
    shop(&ground).await;
    let open = quoted(&ground, request(&[(1, 1)], None, vec![])).await.unwrap();
    assert!(open.freight_pending && open.freight == Fen::ZERO);
    let closed = quoted(&ground, request(&[(1, 1)], Some("44"), vec![])).await.unwrap();
    assert_ne!(open.digest, closed.digest);
    let far = quoted(&ground, request(&[(1, 1)], Some("65"), vec![])).await.unwrap();
    assert_eq!((closed.freight, far.freight), (Fen::new(800), Fen::new(2_500)));
    let free = quoted(&ground, request(&[(1, 11)], Some("65"), vec![])).await.unwrap();
    assert_eq!(free.freight, Fen::ZERO);
}

#[tokio::test]
async fn what_cannot_be_bought_like_this_is_refused() {
    let ground = Ground::open();
    shop(&ground).await;
    let one = |province: &str, claims| request(&[(1, 1)], Some(province), claims);
    let undeliverable = quoted(&ground, one("71", vec![])).await;
    assert!(matches!(undeliverable, Err(PricingError::Undeliverable(_))));
    for nowhere in ["99", "", "440000", "4'; --"] {
        let refused = quoted(&ground, one(nowhere, vec![])).await;
        assert!(matches!(refused, Err(PricingError::UnknownProvince)), "{nowhere}");
    }
    let unknown = quoted(&ground, one("44", vec![claim("lottery", "1", None)])).await;
    assert!(matches!(unknown, Err(PricingError::UnknownOffer(_))));
    let two = vec![claim("group_buy", "1", Some(1)), claim("group_buy", "2", Some(1))];
    assert!(matches!(quoted(&ground, one("44", two)).await, Err(PricingError::OffersConflict(_))));
    let coupons = vec![claim("coupon", "1", None), claim("coupon", "2", None)];
    assert!(matches!(quoted(&ground, one("44", coupons)).await, Err(PricingError::TooManyCoupons(_))));
    assert!(matches!(quoted(&ground, request(&[(9, 1)], None, vec![])).await, Err(PricingError::NotSellable(_))));
    run(&ground.db, "UPDATE skus SET sellable = FALSE WHERE id = 2".to_owned()).await;
    assert!(matches!(quoted(&ground, request(&[(2, 1)], None, vec![])).await, Err(PricingError::NotSellable(_))));
    run(&ground.db, "UPDATE products SET state = 'off_sale'".to_owned()).await;
    assert!(matches!(quoted(&ground, request(&[(1, 1)], None, vec![])).await, Err(PricingError::NotSellable(_))));
}

#[tokio::test]
async fn an_offer_refuses_with_the_words_of_its_own_capability() {
    let ground = Ground::open();
    shop(&ground).await;
    let refused = quoted(&ground, request(&[(1, 1)], None, vec![claim("coupon", "expired", None)])).await;
    let error = crate::platform::http::ApiError::from(refused.unwrap_err());
    assert_eq!(error.refusal().code, "freight.template_not_found");
    let failed = PricingError::refused_by(FreightError::Db(DbError::Conflict("deadlock detected".to_owned())));
    assert!(matches!(failed, PricingError::Db(DbError::Conflict(_))));
}

#[tokio::test]
async fn a_changed_price_changes_the_digest_and_the_same_price_does_not() {
    let ground = Ground::open();
    shop(&ground).await;
    let ask = || request(&[(1, 1), (2, 2)], Some("44"), vec![]);
    let before = quoted(&ground, ask()).await.unwrap();
    ground.clock.advance(60_000);
    assert_eq!(quoted(&ground, ask()).await.unwrap(), before);
    run(&ground.db, "UPDATE skus SET price_fen = 1001 WHERE id = 2".to_owned()).await;
    assert_ne!(quoted(&ground, ask()).await.unwrap().digest, before.digest);
}

#[tokio::test]
async fn what_is_collected_has_no_freight_wherever_the_buyer_lives() {
    let ground = Ground::open();
    shop(&ground).await;
    let sent = quoted(&ground, request(&[(1, 1)], Some("44"), vec![])).await.unwrap();
    assert!(sent.freight > Fen::ZERO);
    let carried_by_nobody = Fen::new(sent.total.get() - sent.freight.get());
    for province in [None, Some("44"), Some("54")] {
        let asked = QuoteRequest { picked_up: true, ..request(&[(1, 1)], province, vec![]) };
        let quote = quoted(&ground, asked).await.unwrap();
        assert_eq!((quote.freight, quote.freight_pending, quote.total), (Fen::ZERO, false, carried_by_nobody));
    }
}

#[tokio::test]
async fn a_template_is_replaced_only_as_it_was_read() {
    let ground = Ground::open();
    let id = shop(&ground).await;
    let replace = |version, template: NewTemplate| {
        ground.db.write("replace", move |tx| freight::update(tx, id, version, template.clone()))
    };
    let dearer = NewTemplate { tariffs: vec![tariff(&[], true, 1_500)], ..new_template() };
    let (before, after) = replace(1, dearer.clone()).await.unwrap();
    assert_eq!((before.version, before.tariffs.len(), after.version, after.tariffs.len()), (1, 3, 2, 1));
    assert!(matches!(replace(1, dearer.clone()).await, Err(FreightError::TemplateChanged(_))));
    let none = NewTemplate { tariffs: vec![], ..dearer };
    assert!(matches!(replace(2, none).await, Err(FreightError::TariffsIncomplete)));
    let quote = quoted(&ground, request(&[(1, 1)], Some("71"), vec![])).await.unwrap();
    assert_eq!(quote.freight, Fen::new(1_500));
    let Page { items, next_cursor } = ground.db.read("list", |tx| freight::list(tx, None, 20)).await.unwrap();
    assert_eq!((items.len(), next_cursor), (1, None));
    let missing = ground.db.read("get", |tx| freight::template(tx, FreightTemplateId::new(9))).await;
    assert!(matches!(missing, Err(FreightError::TemplateNotFound)));
}

#[tokio::test]
async fn only_offers_that_have_a_part_in_an_order_are_asked() {
    let ground = Ground::open();
    let terms = ground.db.write("reserve", |tx| {
        let claims = [claim("coupon", "1", None), claim("points", "2", None)];
        let adjustment = Adjustment {
            source: "full".to_owned(),
            source_ref: "1".to_owned(),
            title: "满减".to_owned(),
            sku_id: None,
            on_freight: false,
            amount: Fen::new(-1),
        };
        let order = PlacedOrder {
            order_id: OrderId::new(1),
            user_id: UserId::new(5),
            lines: &[],
            adjustments: &[adjustment],
            claims: &claims,
            total: Fen::ZERO,
        };
        let terms = offers().terms(tx, &order)?;
        offers().reserve(tx, &order)?;
        Ok::<_, PricingError>(terms)
    });
    let terms = terms.await.unwrap();
    let kinds: Vec<(&str, Option<&str>)> =
        terms.iter().map(|(kind, terms)| (*kind, terms.ship_gate.as_deref())).collect();
    assert_eq!(kinds, [("full", Some("0")), ("coupon", Some("1")), ("points", Some("1"))]);
}
