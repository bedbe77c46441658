//! One coupon of each family, and the order of application is always the written one.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::shop::*;
use crate::catalog::SkuId;
use crate::coupon::model::*;
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::pricing::{OfferClaim, Quote, QuoteRequest};

#[tokio::test]
async fn a_coupon_and_a_portion_stack_only_if_both_allow_it() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    for (mine, theirs) in [(true, true), (true, false), (false, true), (false, false)] {
        let coupon = shop.coupon(shop.template(json!({ "stackable": mine })).await, user).await;
        let portion = shop.portion(shop.packet(json!({ "stackable": theirs })).await, user, 700).await;
        let claims = vec![claim(CouponFamily::Social, portion), claim(CouponFamily::Shop, coupon)];
        let quoted = shop.quote(basket(user, &[(10, 2)], claims)).await;
        if mine && theirs {
            assert_eq!(quoted.unwrap().discount, Fen::new(1_700));
        } else {
            assert_eq!(code(quoted.unwrap_err()), "pricing.coupons_not_stackable");
        }
    }
}

/// A template of the shop that chance makes.
fn any_template(dice: &mut StdRng) -> Value {
    let threshold = [0, 0, 5_000, 30_000][dice.random_range(0..4)];
    let mut changes = match dice.random_range(0..3) {
        0 => json!({ "amount_fen": dice.random_range(1..40_000) }),
        1 => json!({ "benefit": "percent_off", "amount_fen": null, "off_permille": dice.random_range(1..1_000),
            "cap_fen": dice.random_range(1..60_000) }),
        _ => json!({ "benefit": "shipping", "amount_fen": dice.random_range(1..1_500) }),
    };
    changes["threshold_fen"] = json!(threshold);
    changes["stackable"] = json!(true);
    if changes["benefit"] != "shipping" && dice.random_bool(0.4) {
        changes["scope"] = json!("categories");
        changes["category_ids"] = json!([dice.random_range(1..=4).to_string()]);
    }
    changes
}

/// A basket that chance fills, some of it at campaign prices.
fn any_basket(dice: &mut StdRng, user: UserId) -> QuoteRequest {
    let lines: Vec<(i64, i64)> =
        (1..=20).map(|sku| (sku, dice.random_range(1..12))).filter(|(_, quantity)| *quantity < 4).collect();
    let lines = if lines.is_empty() { vec![(1, 1)] } else { lines };
    let mut claims = Vec::new();
    for (sku, _) in &lines {
        if dice.random_bool(0.3) {
            let kind = ["group_buy", "flash_sale", "bargain"][dice.random_range(0..3)].to_owned();
            claims.push(OfferClaim { kind, reference: "1".to_owned(), sku_id: Some(SkuId::new(*sku)) });
        }
    }
    basket(user, &lines, claims)
}

fn assert_adds_up(quote: &Quote, told: &str) {
    let sum = |part: fn(&crate::pricing::QuotedLine) -> Fen| Fen::sum(quote.lines.iter().map(part)).unwrap();
    assert_eq!(sum(|line| line.payable), quote.total, "{told}");
    assert_eq!(sum(|line| line.discount), quote.discount, "{told}");
    assert_eq!(quote.goods.get() - quote.discount.get() + quote.freight.get(), quote.total.get(), "{told}");
    for line in &quote.lines {
        assert!(line.discount <= line.goods && line.payable >= Fen::ZERO && line.freight >= Fen::ZERO, "{told}");
    }
}

#[tokio::test]
async fn the_order_of_claims_and_lines_never_changes_a_price_and_nothing_falls_below_zero() {
    let shop = Shop::open().await;
    let packet = shop.packet(json!({ "threshold_fen": 2_000 })).await;
    for seed in 0..60 {
        let mut dice = StdRng::seed_from_u64(seed);
        let user = shop.user().await;
        let coupon = shop.coupon(shop.template(any_template(&mut dice)).await, user).await;
        let portion = shop.portion(packet, user, dice.random_range(1..20_000)).await;
        let bare = any_basket(&mut dice, user);
        let mut there = bare.clone();
        there.claims.extend([claim(CouponFamily::Shop, coupon), claim(CouponFamily::Social, portion)]);
        let mut back = there.clone();
        back.claims.reverse();
        back.lines.reverse();
        let told = format!("seed {seed}");
        let without = shop.quote(bare).await.unwrap();
        let (there, back) = (shop.quote(there).await, shop.quote(back).await);
        match (there, back) {
            (Ok(there), Ok(back)) => {
                assert_eq!((there.total, &there.digest), (back.total, &back.digest), "{told}");
                assert_adds_up(&there, &told);
                let goods = |quote: &Quote| quote.goods.get() - quote.discount.get();
                assert!(goods(&there) <= goods(&without), "{told}");
            }
            (Err(there), Err(back)) => assert_eq!(code(there), code(back), "{told}"),
            (there, back) => panic!("{told}: {there:?} and {back:?}"),
        }
    }
}
