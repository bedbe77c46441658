//! What the price of a basket keeps to, whatever the offers answer.

use proptest::prelude::*;

use super::*;
use crate::catalog::{CategoryId, ProductId};
use crate::kernel::time::Timestamp;
use crate::pricing::freight::{Measure, Tariff};

fn sku(id: i64, price: i64) -> SkuFacts {
    SkuFacts {
        kind: crate::catalog::GoodsKind::Physical,
        sku_id: SkuId::new(id),
        product_id: ProductId::new(id),
        category_id: CategoryId::new(1),
        freight_template_id: FreightTemplateId::new(1 + id % 2),
        title: format!("商品{id}"),
        option_text: String::new(),
        picture: String::new(),
        price: Fen::new(price),
        market_price: None,
        weight_grams: 300,
        volume_cm3: 10,
        tags: Vec::new(),
        unavailable: None,
    }
}

fn line(id: i64, quantity: i64) -> BasketLine {
    BasketLine { sku_id: SkuId::new(id), quantity }
}

fn basket(lines: &[(i64, i64, i64)]) -> (Basket, Vec<BasketLine>) {
    let asked: Vec<BasketLine> = lines.iter().map(|(id, _, quantity)| line(*id, *quantity)).collect();
    let facts = lines.iter().map(|(id, price, _)| sku(*id, *price)).collect();
    (Basket::new(&merged(&asked).unwrap(), facts).unwrap(), asked)
}

fn off(reach: Reach, amount: i64) -> Reduction {
    Reduction::new("1", "减", reach, Fen::new(amount))
}

fn on(id: i64) -> Reach {
    Reach::Line(SkuId::new(id))
}

fn template(id: i64, first_fee: i64) -> Template {
    let at = Timestamp::from_millis(0);
    Template {
        id: FreightTemplateId::new(id),
        name: "普通".to_owned(),
        measure: Measure::Weight,
        version: 1,
        created_at: at,
        updated_at: at,
        tariffs: vec![Tariff {
            provinces: Vec::new(),
            deliverable: true,
            first_units: 500,
            first_fee: Fen::new(first_fee),
            next_units: 500,
            next_fee: Fen::new(100),
            free_from: Some(Fen::new(1_000_000)),
        }],
    }
}

fn guangdong() -> Province {
    Province::parse("44").unwrap()
}

fn assert_adds_up(quote: &Quote) {
    let sum = |amount: fn(&QuotedLine) -> Fen| Fen::sum(quote.lines.iter().map(amount)).unwrap();
    assert_eq!(sum(|line| line.goods), quote.goods);
    assert_eq!(sum(|line| line.discount), quote.discount);
    assert_eq!(sum(|line| line.freight), quote.freight);
    assert_eq!(sum(|line| line.payable), quote.total);
    assert_eq!(quote.goods.get() - quote.discount.get() + quote.freight.get(), quote.total.get());
    let goods_off = quote.adjustments.iter().filter(|part| !part.on_freight).map(|part| part.amount.get());
    assert_eq!(-goods_off.sum::<i64>(), quote.discount.get());
    for line in &quote.lines {
        assert_eq!(line.payable.get(), line.goods.get() - line.discount.get() + line.freight.get());
        assert!(line.discount >= Fen::ZERO && line.discount <= line.goods && line.freight >= Fen::ZERO);
        assert_eq!(line.goods.get(), line.unit_price.get() * line.quantity);
    }
}

#[test]
fn only_whole_quantities_from_1_to_999_make_a_basket() {
    for quantity in [0, -5, 1_000, 1 << 31, i64::MAX, i64::MIN] {
        assert!(matches!(merged(&[line(1, quantity)]), Err(PricingError::QuantityOutOfRange(_))), "{quantity}");
    }
    assert!(matches!(merged(&[line(1, 600), line(1, 400)]), Err(PricingError::QuantityOutOfRange(_))));
    assert_eq!(merged(&[line(1, 600), line(1, 399)]).unwrap().values().copied().collect::<Vec<_>>(), [999]);
    assert!(matches!(merged(&[]), Err(PricingError::EmptyBasket)));
    let many: Vec<BasketLine> = (0..121).map(|id| line(id, 1)).collect();
    assert!(matches!(merged(&many), Err(PricingError::TooManyLines(_))));
}

#[test]
fn what_cannot_be_sold_is_named_with_its_reason() {
    let wanted = merged(&[line(1, 1), line(2, 1), line(3, 1), line(4, 1)]).unwrap();
    let off_sale = SkuFacts { unavailable: Some(Unavailable::OffSale), ..sku(2, 5) };
    let disabled = SkuFacts { unavailable: Some(Unavailable::SkuDisabled), ..sku(3, 5) };
    let Err(PricingError::NotSellable(details)) = Basket::new(&wanted, vec![sku(1, 5), off_sale, disabled]) else {
        panic!("sold what cannot be sold");
    };
    let expected = json!({ "skus": [
        { "sku_id": "2", "reason": "off_sale" },
        { "sku_id": "3", "reason": "sku_disabled" },
        { "sku_id": "4", "reason": "not_found" },
    ] });
    assert_eq!(details, expected);
}

#[test]
fn amounts_that_leave_the_range_of_money_are_refused() {
    let wanted = merged(&[line(1, 999)]).unwrap();
    assert!(matches!(Basket::new(&wanted, vec![sku(1, i64::MAX / 2)]), Err(PricingError::AmountTooLarge)));
    let two = merged(&[line(1, 1), line(2, 1)]).unwrap();
    let facts = vec![sku(1, i64::MAX), sku(2, 1)];
    assert!(matches!(Basket::new(&two, facts), Err(PricingError::AmountTooLarge)));
}

#[test]
fn an_order_reduction_is_spread_by_largest_remainder_and_capped_at_what_is_left() {
    let (mut cart, asked) = basket(&[(1, 1_000, 1), (2, 1_000, 1), (3, 1_000, 1)]);
    cart.apply("full", Stage::FullReduction, off(Reach::Order, 100)).unwrap();
    let quote = cart.quote(&asked).unwrap();
    assert_eq!(quote.lines.iter().map(|line| line.discount.get()).collect::<Vec<_>>(), [34, 33, 33]);
    assert_adds_up(&quote);

    let (mut cart, asked) = basket(&[(1, 300, 1)]);
    cart.apply("coupon", Stage::ShopCoupon, off(Reach::Order, 5_000)).unwrap();
    let quote = cart.quote(&asked).unwrap();
    assert_eq!((quote.total, quote.adjustments[0].amount), (Fen::ZERO, Fen::new(-300)));
    assert_adds_up(&quote);
}

#[test]
fn a_line_takes_one_price_setting_offer_and_no_member_price_beside_it() {
    let (mut cart, asked) = basket(&[(1, 1_000, 1), (2, 1_000, 1)]);
    cart.apply("group_buy", Stage::PriceSetting, off(on(1), 200)).unwrap();
    let second = cart.apply("live", Stage::PriceSetting, off(on(1), 300));
    assert!(matches!(second, Err(PricingError::OffersConflict(_))));
    cart.apply("member", Stage::MemberPrice, off(on(1), 50)).unwrap();
    cart.apply("member", Stage::MemberPrice, off(on(2), 50)).unwrap();
    let quote = cart.quote(&asked).unwrap();
    assert_eq!(quote.lines.iter().map(|line| line.discount.get()).collect::<Vec<_>>(), [200, 50]);
}

#[test]
fn a_coupon_reaches_only_lines_whose_campaign_price_allows_it() {
    let (mut cart, asked) = basket(&[(1, 1_000, 1), (2, 1_000, 1)]);
    cart.apply("bargain", Stage::PriceSetting, off(on(1), 900).without_coupons()).unwrap();
    cart.apply("coupon", Stage::ShopCoupon, off(Reach::Order, 1_500)).unwrap();
    let quote = cart.quote(&asked).unwrap();
    assert_eq!(quote.lines.iter().map(|line| line.payable.get()).collect::<Vec<_>>(), [100, 0]);

    let (mut cart, _) = basket(&[(1, 1_000, 1)]);
    cart.apply("bargain", Stage::PriceSetting, off(on(1), 0).without_coupons()).unwrap();
    let refused = cart.apply("coupon", Stage::ShopCoupon, off(Reach::Order, 100));
    assert!(matches!(refused, Err(PricingError::CouponsNotAllowed(_))));
}

#[test]
fn one_coupon_of_each_stage_and_both_only_if_both_allow_it() {
    let other = |reduction: Reduction| Reduction { source_ref: "2".to_owned(), ..reduction };
    let (mut cart, _) = basket(&[(1, 1_000, 1)]);
    cart.apply("coupon", Stage::ShopCoupon, off(on(1), 10)).unwrap();
    cart.apply("coupon", Stage::ShopCoupon, off(on(1), 10)).unwrap();
    let second = cart.apply("coupon", Stage::ShopCoupon, other(off(on(1), 10)));
    assert!(matches!(second, Err(PricingError::TooManyCoupons(_))));
    cart.apply("packet", Stage::SocialCoupon, off(Reach::Order, 10)).unwrap();

    let (mut cart, _) = basket(&[(1, 1_000, 1)]);
    cart.apply("coupon", Stage::ShopCoupon, off(on(1), 10).alone()).unwrap();
    let beside = cart.apply("packet", Stage::SocialCoupon, off(Reach::Order, 10));
    assert!(matches!(beside, Err(PricingError::CouponsNotStackable(_))));
}

#[test]
fn freight_is_charged_per_template_and_equal_parts_bear_it_when_goods_are_free() {
    // SKUs 1 and 3 are sent by template 2, SKU 2 by template 1.
    let (mut cart, asked) = basket(&[(1, 1_000, 1), (2, 500, 1), (3, 3_000, 1)]);
    cart.charge_freight(&[template(1, 600), template(2, 1_000)], guangdong()).unwrap();
    let quote = cart.quote(&asked).unwrap();
    // Template 2 carries 600 g: one further step.
    assert_eq!(quote.lines.iter().map(|line| line.freight.get()).collect::<Vec<_>>(), [275, 600, 825]);
    assert_adds_up(&quote);

    let (mut cart, asked) = basket(&[(1, 0, 1), (3, 0, 1)]);
    cart.charge_freight(&[template(2, 1_001)], guangdong()).unwrap();
    let quote = cart.quote(&asked).unwrap();
    assert_eq!(quote.lines.iter().map(|line| line.freight.get()).collect::<Vec<_>>(), [551, 550]);
}

#[test]
fn a_shipping_coupon_waits_for_the_freight_and_never_takes_more() {
    let (mut cart, asked) = basket(&[(1, 1_000, 1), (2, 500, 1)]);
    cart.apply("coupon", Stage::ShopCoupon, off(Reach::Freight, i64::MAX)).unwrap();
    cart.charge_freight(&[template(1, 600), template(2, 1_000)], guangdong()).unwrap();
    cart.reduce_freight().unwrap();
    let quote = cart.quote(&asked).unwrap();
    assert_eq!((quote.freight, quote.total), (Fen::ZERO, Fen::new(1_500)));
    assert!(quote.adjustments[0].on_freight);
    assert_eq!(quote.adjustments[0].amount, Fen::new(-1_600));
    assert_adds_up(&quote);
}

#[test]
fn lines_that_are_not_delivered_are_named_and_so_are_those_without_a_template() {
    let (mut cart, _) = basket(&[(1, 1_000, 1), (2, 500, 1)]);
    let Err(PricingError::Undeliverable(details)) = cart.charge_freight(&[template(1, 600)], guangdong()) else {
        panic!("delivered without a template");
    };
    assert_eq!(details, json!({ "province_code": "44", "sku_ids": ["1"] }));
}

#[test]
fn a_quote_keeps_the_order_of_its_request_and_its_digest_does_not_depend_on_it() {
    let quote = |lines: &[(i64, i64, i64)]| {
        let (mut cart, asked) = basket(lines);
        cart.apply("full", Stage::FullReduction, off(Reach::Order, 100)).unwrap();
        cart.quote(&asked).unwrap()
    };
    let there = quote(&[(7, 999, 1), (2, 999, 1), (5, 999, 1)]);
    let back = quote(&[(5, 999, 1), (2, 999, 1), (7, 999, 1)]);
    assert_eq!(there.lines.iter().map(|line| line.sku_id.get()).collect::<Vec<_>>(), [7, 2, 5]);
    assert_eq!(there.digest, back.digest);
    assert_eq!(there.digest.len(), 64);
    assert_ne!(there.digest, quote(&[(7, 999, 1), (2, 998, 1), (5, 999, 1)]).digest);
}

#[test]
fn claims_are_sorted_once_each_and_must_make_sense() {
    let claim = |kind: &str, reference: &str, sku: Option<i64>| OfferClaim {
        kind: kind.to_owned(),
        reference: reference.to_owned(),
        sku_id: sku.map(SkuId::new),
    };
    let wanted = merged(&[line(1, 1)]).unwrap();
    let check = |list: &[OfferClaim]| claims(list, |kind| kind == "coupon" || kind == "bargain", &wanted);
    let sorted =
        check(&[claim("coupon", "9", None), claim("bargain", "4", Some(1)), claim("coupon", "9", None)]).unwrap();
    assert_eq!(sorted, [claim("bargain", "4", Some(1)), claim("coupon", "9", None)]);
    assert!(matches!(check(&[claim("lottery", "9", None)]), Err(PricingError::UnknownOffer(_))));
    assert!(matches!(check(&[claim("coupon", "", None)]), Err(PricingError::InvalidClaim(_))));
    assert!(matches!(check(&[claim("coupon", &"9".repeat(65), None)]), Err(PricingError::InvalidClaim(_))));
    assert!(matches!(check(&[claim("coupon", "9\n", None)]), Err(PricingError::InvalidClaim(_))));
    assert!(matches!(check(&[claim("bargain", "9", Some(2))]), Err(PricingError::InvalidClaim(_))));
    let many: Vec<OfferClaim> = (0..21).map(|at| claim("coupon", &at.to_string(), None)).collect();
    assert!(matches!(check(&many), Err(PricingError::InvalidClaim(_))));
}

#[test]
fn an_offer_that_breaks_the_rules_of_the_seam_is_a_defect_and_changes_no_price() {
    let (mut cart, _) = basket(&[(1, 1_000, 1)]);
    let defect = |result| matches!(result, Err(PricingError::Db(DbError::Defect(_))));
    assert!(defect(cart.apply("x", Stage::FullReduction, off(Reach::Order, -1))));
    assert!(defect(cart.apply("x", Stage::PriceSetting, off(Reach::Order, 1))));
    assert!(defect(cart.apply("x", Stage::FullReduction, off(on(9), 1))));
    assert!(defect(cart.apply("x", Stage::Freight, off(Reach::Order, 1))));
    assert!(cart.adjustments().is_empty());
}

const STAGES: [Stage; 6] =
    [Stage::MemberPrice, Stage::FullReduction, Stage::ShopCoupon, Stage::SocialCoupon, Stage::Points, Stage::Freight];

proptest! {
    #[test]
    fn whatever_is_taken_off_the_parts_sum_and_nothing_is_negative(
        prices in proptest::collection::vec((0_i64..2_000_000, 1_i64..=999), 1..20),
        takes in proptest::collection::vec((0_usize..6, 0_usize..24, 0_i64..3_000_000_000), 0..12),
        fees in (0_i64..5_000, 0_i64..5_000),
    ) {
        let lines: Vec<(i64, i64, i64)> =
            prices.iter().zip(1_i64..).map(|((price, quantity), id)| (id, *price, *quantity)).collect();
        let (mut cart, asked) = basket(&lines);
        let mut takes = takes;
        takes.sort_by_key(|(stage, ..)| STAGES[*stage]);
        for (stage, target, amount) in takes {
            let reach = match (STAGES[stage], i64::try_from(target).unwrap()) {
                (Stage::Freight, _) => Reach::Freight,
                (_, id) if id >= 1 && id <= i64::try_from(lines.len()).unwrap() => on(id),
                (_, 21) => Reach::Lines(lines.iter().map(|(id, ..)| SkuId::new(*id)).step_by(2).collect()),
                (Stage::ShopCoupon, 22) => Reach::Freight,
                _ => Reach::Order,
            };
            cart.apply("offer", STAGES[stage], off(reach, amount)).unwrap();
        }
        cart.charge_freight(&[template(1, fees.0), template(2, fees.1)], guangdong()).unwrap();
        cart.reduce_freight().unwrap();
        let quote = cart.quote(&asked).unwrap();
        assert_adds_up(&quote);
        prop_assert!(quote.total >= Fen::ZERO);
    }
}
