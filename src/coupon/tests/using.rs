//! A coupon's way through orders.

use serde_json::json;

use super::shop::*;
use crate::coupon::model::*;
use crate::kernel::time::DAY_MS;
use crate::platform::db::scratch::together;
use crate::pricing::{OfferClaim, OrderEvent};

#[tokio::test]
async fn one_coupon_in_40_orders_at_once_is_used_in_one() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    let coupon = shop.coupon(shop.template(json!({})).await, user).await;
    let request = basket(user, &[(10, 2)], vec![claim(CouponFamily::Shop, coupon)]);
    let placed = together((0..40).map(|_| shop.places(user, request.clone()))).await;
    assert_eq!(placed.iter().filter(|placed| placed.is_ok()).count(), 1);
    for refusal in placed.into_iter().filter_map(Result::err) {
        assert_eq!(code(refusal), "coupon.not_held");
    }
    assert_eq!(shop.state(coupon).await, CouponState::Reserved);
    shop.check_books().await;
}

#[tokio::test]
async fn a_coupon_comes_back_when_its_order_is_closed_or_refunded_and_can_be_used_again() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    let coupon = shop.coupon(shop.template(json!({})).await, user).await;
    let request = || basket(user, &[(10, 2)], vec![claim(CouponFamily::Shop, coupon)]);
    for (state, event) in [("closed", OrderEvent::Closed), ("refunded", OrderEvent::Refunded)] {
        let order = shop.places(user, request()).await.unwrap();
        if event == OrderEvent::Refunded {
            shop.order_is(order, "paid", OrderEvent::Paid).await;
            shop.order_is(order, "paid", OrderEvent::Paid).await;
            assert_eq!(shop.state(coupon).await, CouponState::Used);
            shop.check_books().await;
            shop.order_is(order, "paid", OrderEvent::RefundAsked).await;
            assert_eq!(shop.state(coupon).await, CouponState::Used, "it follows the money");
        }
        shop.order_is(order, state, event).await;
        shop.order_is(order, state, event).await;
        assert_eq!(shop.state(coupon).await, CouponState::Held, "after {state}");
        shop.check_books().await;
    }
    let order = shop.places(user, request()).await.unwrap();
    shop.clock.advance(31 * DAY_MS);
    shop.sweeps().await;
    assert_eq!(shop.state(coupon).await, CouponState::Reserved, "what is reserved does not expire");
    shop.order_is(order, "closed", OrderEvent::Closed).await;
    assert_eq!(shop.state(coupon).await, CouponState::Expired, "too late to be used again");
    shop.check_books().await;
}

#[tokio::test]
async fn nobody_uses_what_is_not_theirs_or_of_another_kind_or_written_oddly() {
    let shop = Shop::open().await;
    let (user, thief) = (shop.user().await, shop.user().await);
    let coupon = shop.coupon(shop.template(json!({})).await, user).await;
    let portion = shop.portion(shop.packet(json!({})).await, user, 500).await;
    let refused =
        async |who, claim: OfferClaim| code(shop.quote(basket(who, &[(10, 2)], vec![claim])).await.unwrap_err());
    let named = |reference: &str| OfferClaim { reference: reference.to_owned(), ..claim(CouponFamily::Shop, coupon) };
    assert_eq!(refused(thief, claim(CouponFamily::Shop, coupon)).await, "coupon.unknown");
    assert_eq!(refused(user, claim(CouponFamily::Shop, portion)).await, "coupon.unknown");
    assert_eq!(refused(user, claim(CouponFamily::Social, coupon)).await, "coupon.unknown");
    for odd in ["x", "-1", "1", "99999999999999999999", "' OR 1=1"] {
        assert_eq!(refused(user, named(odd)).await, "coupon.unknown", "{odd}");
    }
    // The same coupon written in two ways takes its reduction off once.
    let twice = vec![claim(CouponFamily::Shop, coupon), named(&format!("0{coupon}"))];
    let quote = shop.quote(basket(user, &[(10, 2)], twice)).await.unwrap();
    assert_eq!(quote.discount.get(), 1_000);
    let second = shop.coupon(shop.template(json!({})).await, user).await;
    let two = vec![claim(CouponFamily::Shop, coupon), claim(CouponFamily::Shop, second)];
    assert_eq!(code(shop.quote(basket(user, &[(10, 2)], two)).await.unwrap_err()), "pricing.too_many_coupons");
}

#[tokio::test]
async fn a_coupon_that_takes_nothing_off_stays_in_its_users_hands() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    let freight = json!({ "benefit": "shipping", "amount_fen": null, "threshold_fen": 0 });
    let coupon = shop.coupon(shop.template(freight).await, user).await;
    let claims = || vec![claim(CouponFamily::Shop, coupon)];
    let free = shop.places(user, basket(user, &[(20, 3)], claims())).await.unwrap();
    assert_eq!(shop.state(coupon).await, CouponState::Held, "from 500 yuan on freight is free anyway");
    shop.order_is(free, "closed", OrderEvent::Closed).await;
    let quote = shop.quote(basket(user, &[(1, 1)], claims())).await.unwrap();
    assert_eq!((quote.freight.get(), quote.total.get()), (0, 1_000));
    shop.places(user, basket(user, &[(1, 1)], claims())).await.unwrap();
    assert_eq!(shop.state(coupon).await, CouponState::Reserved);
    shop.check_books().await;
}

#[tokio::test]
async fn campaign_prices_and_scopes_decide_what_counts() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    let women = json!({ "scope": "categories", "category_ids": ["1"], "excluded_product_ids": ["12"], "threshold_fen": 20_000 });
    let coupon = shop.coupon(shop.template(women).await, user).await;
    let with = |sku: i64, kind: &str| OfferClaim {
        kind: kind.to_owned(),
        reference: "1".to_owned(),
        sku_id: Some(crate::catalog::SkuId::new(sku)),
    };
    let ask = async |lines: &[(i64, i64)], more: Vec<OfferClaim>| {
        let mut claims = vec![claim(CouponFamily::Shop, coupon)];
        claims.extend(more);
        shop.quote(basket(user, lines, claims)).await.map(|quote| quote.discount.get()).map_err(code)
    };
    assert_eq!(ask(&[(16, 9)], vec![]).await, Err("coupon.out_of_scope"));
    assert_eq!(ask(&[(12, 9)], vec![]).await, Err("coupon.out_of_scope"));
    assert_eq!(ask(&[(10, 1), (20, 9)], vec![]).await, Err("coupon.below_threshold"));
    assert_eq!(ask(&[(10, 1), (11, 1)], vec![]).await, Ok(1_000));
    assert_eq!(
        ask(&[(10, 2)], vec![with(10, "group_buy")]).await,
        Err("coupon.below_threshold"),
        "after the price was set"
    );
    assert_eq!(ask(&[(10, 2), (5, 1)], vec![with(10, "group_buy")]).await, Ok(1_100));
    assert_eq!(ask(&[(10, 3)], vec![with(10, "bargain")]).await, Err("coupon.not_with_campaign"));
    assert_eq!(ask(&[(10, 3), (11, 2)], vec![with(10, "bargain")]).await, Ok(1_100));
}
