//! What a comparison says is what a quote charges.

use serde_json::json;

use super::shop::*;
use crate::catalog::SkuId;
use crate::coupon::model::*;
use crate::coupon::service::{self, Comparison};
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::pricing::{OfferClaim, QuoteRequest};

impl Shop {
    async fn compares(&self, user: UserId, request: QuoteRequest) -> Comparison {
        self.db.read("compare", move |tx| service::compare(tx, &offers(), user, request.clone())).await.unwrap()
    }
}

/// Coupons of every sort in one wallet.
async fn wallet(shop: &Shop, user: UserId) {
    for changes in [
        json!({}),
        json!({ "amount_fen": 3_000, "threshold_fen": 30_000, "stackable": true }),
        json!({ "amount_fen": 3_500, "threshold_fen": 49_000 }),
        json!({ "benefit": "percent_off", "amount_fen": null, "off_permille": 100, "cap_fen": 2_500, "stackable": true }),
        json!({ "benefit": "shipping", "amount_fen": null, "threshold_fen": 0 }),
        json!({ "scope": "categories", "category_ids": ["4"], "amount_fen": 9_000, "threshold_fen": 100_000 }),
        json!({ "scope": "products", "product_ids": ["7"], "amount_fen": 900, "threshold_fen": 0, "stackable": true }),
        json!({ "valid_from": shop.clock.now().plus_millis(1_000), "amount_fen": 9_999, "threshold_fen": 0 }),
    ] {
        let template = shop.template(changes).await;
        shop.coupon(template, user).await;
    }
    let packet = shop.packet(json!({})).await;
    let demanding = shop.packet(json!({ "threshold_fen": 40_000 })).await;
    let alone = shop.packet(json!({ "stackable": false })).await;
    shop.portion(packet, user, 888).await;
    shop.portion(demanding, user, 2_000).await;
    shop.portion(alone, user, 2_500).await;
}

#[tokio::test]
async fn every_saving_is_what_a_quote_would_charge_less_and_the_best_is_the_best() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    wallet(&shop, user).await;
    let at = |sku: i64, kind: &str| OfferClaim {
        kind: kind.to_owned(),
        reference: "1".to_owned(),
        sku_id: Some(SkuId::new(sku)),
    };
    for (lines, claims) in [
        (vec![(1, 1)], vec![]),
        (vec![(7, 1), (20, 1)], vec![]),
        (vec![(10, 5)], vec![]),
        (vec![(10, 5), (1, 1)], vec![]),
        (vec![(20, 6), (7, 3), (3, 1)], vec![at(20, "bargain"), at(3, "group_buy")]),
        (vec![(20, 2), (7, 3)], vec![at(20, "flash_sale")]),
    ] {
        let bare = basket(user, &lines, claims);
        let mut clumsy = bare.clone();
        clumsy.claims.push(claim(CouponFamily::Shop, CouponId::new(77)));
        let comparison = shop.compares(user, clumsy).await;
        let total = shop.quote(bare.clone()).await.unwrap().total;
        assert_eq!(comparison.total_without, total, "{lines:?}");
        let with = async |coupons: Vec<OfferClaim>| {
            let mut request = bare.clone();
            request.claims.extend(coupons);
            shop.quote(request).await
        };
        let named = |held: &CouponWithTemplate| claim(held.template.family, held.coupon.id);
        let mut best = total;
        for compared in &comparison.coupons {
            let quoted = with(vec![named(&compared.held)]).await;
            match (&compared.outcome, quoted) {
                (Ok(saving), Ok(quote)) => {
                    assert_eq!(total.minus(quote.total), Some(*saving), "{}", compared.held.template.title);
                    best = best.min(quote.total);
                }
                (Err(refusal), Ok(quote)) => {
                    assert_eq!(refusal.to_string(), "coupon.saves_nothing");
                    assert!(quote.total >= total);
                }
                (Err(refusal), Err(quoted)) => {
                    let refusal = refusal.to_string();
                    assert!(quoted.to_string().starts_with(&refusal), "{refusal}, yet {quoted}");
                }
                (Ok(saving), Err(quoted)) => panic!("saves {saving:?}, yet {quoted}"),
            }
            for other in &comparison.coupons {
                if let Ok(quote) = with(vec![named(&compared.held), named(&other.held)]).await {
                    best = best.min(quote.total);
                }
            }
        }
        assert_eq!(comparison.quote.total, best, "{lines:?}");
        let chosen = comparison.coupons.iter().filter(|compared| compared.chosen).count();
        assert_eq!(comparison.claims.len(), bare.claims.len() + chosen);
        assert!(comparison.coupons.is_sorted_by(|left, right| {
            let saving = |compared: &service::Compared| *compared.outcome.as_ref().unwrap_or(&Fen::new(-1));
            saving(left) >= saving(right)
        }));
    }
}

#[tokio::test]
async fn a_coupon_that_spoils_free_freight_is_not_the_best() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    let small = shop.coupon(shop.template(json!({ "amount_fen": 500 })).await, user).await;
    let comparison = shop.compares(user, basket(user, &[(10, 5)], vec![])).await;
    assert_eq!(comparison.total_without, Fen::new(50_000), "free freight from 500 yuan on");
    assert_eq!(comparison.coupons[0].held.coupon.id, small);
    assert_eq!(comparison.coupons[0].outcome.as_ref().unwrap_err().to_string(), "coupon.saves_nothing");
    assert_eq!((comparison.quote.total, comparison.claims.len()), (Fen::new(50_000), 0));
}

#[tokio::test]
async fn thirty_coupons_on_twenty_lines_are_compared_with_a_handful_of_statements() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    for _ in 0..2 {
        wallet(&shop, user).await;
    }
    let many = shop.template(json!({ "scope": "categories", "category_ids": ["1"], "stackable": true })).await;
    for _ in 0..8 {
        shop.coupon(many, user).await;
    }
    let lines: Vec<(i64, i64)> = (1..=20).map(|sku| (sku, 1)).collect();
    let at = |sku: i64, kind: &str| OfferClaim {
        kind: kind.to_owned(),
        reference: "1".to_owned(),
        sku_id: Some(SkuId::new(sku)),
    };
    let claims = vec![at(1, "group_buy"), at(2, "flash_sale"), at(3, "bargain")];
    let comparison = shop.compares(user, basket(user, &lines, claims.clone())).await;
    assert_eq!(comparison.coupons.len(), 30);
    assert_eq!(comparison.coupons.iter().filter(|compared| compared.chosen).count(), 2);
}
