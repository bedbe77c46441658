//! To the fen: whatever is taken off or given back, the lines of an order sum to the order, and to WeChat's book.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use hourglass::kernel::id::OrderId;
use hourglass::kernel::money::Fen;
use hourglass::order;

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::dice;
use crate::support::shop::text;

/// How many baskets are tried.
const BASKETS: usize = 12;

fn fen(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no fen: {value}"))
}

/// The sum of a field over the lines.
fn sum(lines: &Value, field: &str) -> i64 {
    lines.as_array().expect("lines").iter().map(|line| fen(&line[field])).sum()
}

/// The lines say the same as the order, field by field and line by line.
fn adds_up(what: &str, order: &Value) {
    let (price, lines) = (&order["price"], &order["lines"]);
    for (of_line, of_order) in [
        ("goods_fen", "goods_fen"),
        ("discount_fen", "discount_fen"),
        ("freight_fen", "freight_fen"),
        ("payable_fen", "total_fen"),
    ] {
        assert_eq!(sum(lines, of_line), fen(&price[of_order]), "{what}: {of_line}: {order}");
    }
    for line in lines.as_array().expect("lines") {
        let parts = fen(&line["goods_fen"]) - fen(&line["discount_fen"]) + fen(&line["freight_fen"]);
        assert_eq!(parts, fen(&line["payable_fen"]), "{what}: {line}");
        assert_eq!(fen(&line["unit_price_fen"]) * fen(&line["quantity"]), fen(&line["goods_fen"]), "{what}: {line}");
        let all = ["goods_fen", "discount_fen", "freight_fen", "payable_fen"];
        assert!(all.iter().all(|part| fen(&line[*part]) >= 0), "{what}: {line}");
    }
    let whole = fen(&price["goods_fen"]) - fen(&price["discount_fen"]) + fen(&price["freight_fen"]);
    assert_eq!(whole, fen(&price["total_fen"]), "{what}: {order}");
}

/// Gives a part of what was paid back and lets it arrive.
async fn gives_back(shop: &Shop, order_id: &str, amount: i64) {
    let id: OrderId = order_id.parse().expect("an order");
    let refund =
        move |tx: &mut hourglass::platform::db::Tx<'_>| order::refund_difference(tx, id, Fen::new(amount), "退差价");
    shop.app.db().write("difference", refund).await.expect("a refund");
    shop.settle().await;
}

/// One basket, from the quote with a coupon to the last fen returned.
async fn a_basket(shop: &Shop, dice: &mut StdRng) {
    let mut skus = Vec::new();
    for _ in 0..dice.random_range(2..=6) {
        let price = [0, 1, 3, 33, 999, 9_999].map(|most: i64| dice.random_range(most / 2..=most));
        skus.push((shop.sku(price[dice.random_range(0..price.len())], 99).await, dice.random_range(1..=7)));
    }
    // One line that costs something, so that there is something to pay.
    skus.push((shop.sku(dice.random_range(1..=777), 99).await, dice.random_range(1..=5)));
    let lines: Vec<(&str, i64)> = skus.iter().map(|(sku, quantity)| (sku.as_str(), *quantity)).collect();
    let buyer = shop.buyer().await;
    let goods = fen(&buyer.quote(&lines).await["goods_fen"]);
    let off = dice.random_range(1..=goods);
    let template = shop.coupon_template(json!({"amount_fen": off, "threshold_fen": off})).await;
    let coupon = buyer.claims(&template).await;
    let (status, quote) = buyer.quote_with(&lines, &[&coupon]).await;
    assert_eq!((status, fen(&quote["discount_fen"])), (200, off), "{quote}");
    assert_eq!(sum(&quote["lines"], "payable_fen"), fen(&quote["total_fen"]), "{quote}");
    let (status, order) = buyer.sends(&buyer.wishes_with(&lines, &coupon).await).await;
    assert_eq!(status, 201, "{order}");
    let id = text(&order["order_id"]);
    let order = buyer.order(&id).await;
    adds_up("as ordered", &order);
    assert_eq!(order["price"]["total_fen"], quote["total_fen"]);

    let total = agrees_on_a_price(shop, dice, &buyer, &order).await;
    shop.pay(&buyer.begins_to_pay(&id).await).await;
    let number = text(&shop.payment(&id).await["attempts"][0]["out_trade_no"]);
    assert_eq!(shop.booked(&number).await["paid_fen"], total);
    if dice.random() {
        goes_back_line_by_line(shop, &id).await;
    } else {
        goes_back_in_parts_and_then_whole(shop, dice, &buyer, &id).await;
    }
    assert_eq!(shop.booked(&number).await["refunded_fen"], total);
}

/// Staff agree on any other price; answers what is to be paid.
async fn agrees_on_a_price(shop: &Shop, dice: &mut StdRng, buyer: &Buyer<'_>, order: &Value) -> i64 {
    let freight = dice.random_range(0..=fen(&order["price"]["freight_fen"]));
    let total = dice.random_range(freight.max(1)..=fen(&order["price"]["goods_fen"]) + freight);
    let agreed = json!({"total_fen": total, "freight_fen": freight, "reason": "老顾客"});
    let id = text(&order["order_id"]);
    shop.staff_post(&format!("/orders/{id}/price"), agreed).await;
    let order = buyer.order(&id).await;
    adds_up("as agreed", &order);
    let price = &order["price"];
    assert_eq!((&price["total_fen"], &price["freight_fen"]), (&json!(total), &json!(freight)), "{order}");
    total
}

/// What was paid for each line goes back by itself, one after the other.
async fn goes_back_line_by_line(shop: &Shop, id: &str) {
    let mut returned = 0;
    for line in shop.order(id).await["lines"].as_array().expect("lines") {
        let paid = fen(&line["payable_fen"]);
        if paid > 0 {
            gives_back(shop, id, paid).await;
            returned += paid;
            assert_eq!(shop.order(id).await["price"]["refunded_fen"], returned);
        }
    }
    let order = shop.order(id).await;
    assert_eq!(order["price"]["total_fen"], returned, "{order}");
    for line in order["lines"].as_array().expect("lines") {
        assert_eq!(line["refunded_fen"], line["payable_fen"], "{order}");
    }
}

/// Parts of what was paid go back, and then all that is left.
async fn goes_back_in_parts_and_then_whole(shop: &Shop, dice: &mut StdRng, buyer: &Buyer<'_>, id: &str) {
    let number = text(&shop.payment(id).await["attempts"][0]["out_trade_no"]);
    let total = fen(&shop.order(id).await["price"]["total_fen"]);
    let mut returned = 0;
    for _ in 0..3 {
        let part = dice.random_range(0..=(total - returned) / 2);
        if part > 0 {
            gives_back(shop, id, part).await;
            returned += part;
            let order = shop.order(id).await;
            assert_eq!(
                (sum(&order["lines"], "refunded_fen"), &order["price"]["refunded_fen"]),
                (returned, &json!(returned)),
                "{order}"
            );
            for line in order["lines"].as_array().expect("lines") {
                assert!(fen(&line["refunded_fen"]) <= fen(&line["payable_fen"]), "{line}");
            }
            assert_eq!(shop.booked(&number).await["refunded_fen"], returned);
        }
    }
    buyer.does("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
    shop.settle().await;
    let order = shop.order(id).await;
    assert_eq!((&order["state"], &order["price"]["refunded_fen"]), (&json!("refunded"), &json!(total)), "{order}");
    assert_eq!(sum(&order["lines"], "refunded_fen"), total, "{order}");
}

on_both_databases! {
    async fn lines_sum_to_the_order_and_refunds_to_what_was_paid(shop: &Shop) {
        let mut dice = dice("lines_sum_to_the_order_and_refunds_to_what_was_paid");
        for _ in 0..BASKETS {
            a_basket(shop, &mut dice).await;
        }
    }
}
