//! Stock under a crowd: nothing is sold twice, nothing is set aside in part, every piece is accounted for.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::{Buyer, Wish, basket};
use crate::support::crowd::{at_once, dice};
use crate::support::shop::text;

/// How many requests are under way at any moment.
const CROWD: usize = 100;
/// What is no quantity.
fn impossible() -> [Value; 6] {
    [json!(0), json!(-5), json!(2_147_483_648_i64), json!(1.5), json!("1e9"), Value::Null]
}

/// How many answers were an order; every other one must say that stock ran out.
fn placed(answers: &[(u16, Value)]) -> usize {
    for (status, body) in answers {
        let short = *status == 409 && body["code"] == "stock.insufficient";
        assert!(*status == 201 || short, "neither an order nor a clean refusal: {status} {body}");
    }
    answers.iter().filter(|(status, _)| *status == 201).count()
}

/// The sums of a SKU's ledger: pieces in the warehouse and pieces set aside.
async fn ledger(shop: &Shop, sku: &str) -> (i64, i64) {
    let (mut on_hand, mut held, mut cursor) = (0, 0, String::new());
    loop {
        let page = shop.staff("GET", &format!("/stock/items/{sku}/movements?limit=100{cursor}"), None).await;
        for movement in page["items"].as_array().expect("movements") {
            on_hand += movement["on_hand_change"].as_i64().expect("a number");
            held += movement["held_change"].as_i64().expect("a number");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (on_hand, held),
        }
    }
}

on_both_databases! {
    async fn five_hundred_buyers_get_exactly_the_fifty_pieces_there_are(shop: &Shop) {
        let sku = shop.sku(9_900, 50).await;
        let buyers = at_once(16, (0..500).map(|_| shop.buyer())).await;
        let lines = [(sku.as_str(), 1)];
        let quote = buyers[0].quote(&lines).await;
        let wishes: Vec<Wish> = buyers.iter().map(|buyer| buyer.wishes_at(&lines, &quote)).collect();

        let answers = at_once(CROWD, buyers.iter().zip(&wishes).map(|(buyer, wish)| buyer.sends(wish))).await;
        assert_eq!(placed(&answers), 50);
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["held"], &stock["available"]), (&json!(50), &json!(50), &json!(0)), "{stock}");
        let (_, refused) = answers.iter().find(|(status, _)| *status == 409).expect("a refusal");
        assert_eq!(refused["details"]["skus"], json!([{"sku_id": sku, "requested": 1, "available": 0}]));

        let lucky = buyers.iter().zip(&answers).filter(|(_, (status, _))| *status == 201);
        for (buyer, (_, order)) in lucky.take(5) {
            shop.pay(&buyer.begins_to_pay(&text(&order["order_id"])).await).await;
        }
        shop.later(30 * 60_000).await;
        shop.later(10_000).await;
        let token = shop.owner_again().await;
        let (_, stock) = shop.call("GET", &format!("/admin/v1/stock/items/{sku}"), Some(&token), None).await;
        assert_eq!((&stock["on_hand"], &stock["held"], &stock["sold"]), (&json!(45), &json!(0), &json!(5)), "{stock}");
    }

    async fn carts_of_three_in_any_order_never_deadlock_or_hold_a_part(shop: &Shop) {
        let mut dice = dice("carts_of_three_in_any_order_never_deadlock_or_hold_a_part");
        let mut skus = Vec::new();
        for _ in 0..3 {
            skus.push(shop.sku(1_000, 150).await);
        }
        let buyers = at_once(8, (0..20).map(|_| shop.buyer())).await;
        let mut wishes: Vec<(&Buyer<'_>, Vec<i64>, Wish)> = Vec::new();
        for round in 0..160 {
            let buyer = &buyers[round % buyers.len()];
            let wanted: Vec<i64> = (0..3).map(|_| dice.random_range(1..=5)).collect();
            let mut lines: Vec<(&str, i64)> = skus.iter().map(String::as_str).zip(wanted.iter().copied()).collect();
            lines.shuffle(&mut dice);
            let wish = buyer.wishes(&lines).await;
            wishes.push((buyer, wanted, wish));
        }
        let answers = at_once(CROWD, wishes.iter().map(|(buyer, _, wish)| buyer.sends(wish))).await;
        let orders = placed(&answers);
        assert!((30..160).contains(&orders), "{orders} of 160 orders for 150 pieces each");
        for (place, sku) in skus.iter().enumerate() {
            let granted = wishes.iter().zip(&answers).filter(|(_, (status, _))| *status == 201);
            let promised: i64 = granted.map(|((_, wanted, _), _)| wanted[place]).sum();
            assert_eq!(shop.stock(sku).await["held"], promised);
            assert_eq!(ledger(shop, sku).await, (150, promised));
        }
    }

    async fn what_is_no_quantity_is_refused_and_changes_nothing(shop: &Shop) {
        let sku = shop.sku(9_900, 5).await;
        let buyer = shop.buyer().await;
        buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 1}))).await;
        let good = buyer.wishes(&[(&sku, 1)]).await;
        for quantity in impossible() {
            let line = json!({"sku_id": sku, "quantity": quantity});
            let mut order = Wish { key: format!("{:032x}", rand::random::<u128>()), ..good.clone() };
            order.body["lines"] = json!([line]);
            let receipt = json!({"lines": [line], "reason": "到货"});
            let change = json!({"quantity": quantity});
            let receipts = "/admin/v1/stock/receipts";
            let answers = [
                buyer.sends(&order).await,
                buyer.call("POST", "/quotes", Some(json!({"lines": [line]}))).await,
                buyer.call("POST", "/cart/lines", Some(line.clone())).await,
                buyer.call("PATCH", &format!("/cart/lines/{sku}"), Some(change)).await,
                shop.call("POST", receipts, Some(&shop.owner), Some(receipt)).await,
            ];
            for (place, (status, body)) in answers.iter().enumerate() {
                assert_eq!(*status, 422, "{quantity} at door {place}: {body}");
            }
        }
        for change in impossible().into_iter().filter(|change| *change != json!(-5)) {
            let body = json!({"change": change, "reason": "盘点"});
            let path = format!("/admin/v1/stock/items/{sku}/corrections");
            let (status, body) = shop.call("POST", &path, Some(&shop.owner), Some(body)).await;
            assert_eq!(status, 422, "{change}: {body}");
        }
        let sums = vec![(sku.as_str(), 999); 3];
        let (status, body) = buyer.call("POST", "/quotes", Some(json!({"lines": basket(&sums)}))).await;
        assert_eq!((status, &body["code"]), (422, &json!("pricing.quantity_out_of_range")), "{body}");

        assert_eq!(buyer.does("GET", "/orders", None).await["items"], json!([]));
        assert_eq!(buyer.does("GET", "/cart", None).await["pieces"], 1);
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["held"], &stock["received"]), (&json!(5), &json!(0), &json!(5)), "{stock}");
    }

    async fn the_dearest_goods_in_the_largest_number_stay_within_money(shop: &Shop) {
        let sku = shop.sku(100_000_000_000, 2_000).await;
        let buyer = shop.buyer().await;
        let quote = buyer.quote(&[(&sku, 999)]).await;
        assert_eq!(quote["goods_fen"], 99_900_000_000_000_i64);
        let (status, body) = buyer.sends(&buyer.wishes_at(&[(&sku, 999)], &quote)).await;
        assert_eq!((status, &body["price"]["goods_fen"]), (201, &json!(99_900_000_000_000_i64)), "{body}");
    }

    async fn receipts_and_corrections_are_in_the_ledger(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let corrections = format!("/admin/v1/stock/items/{sku}/corrections");
        let correct = |change: i64| {
            let body = json!({"change": change, "reason": "盘点"});
            shop.call("POST", &corrections, Some(&shop.owner), Some(body))
        };
        assert_eq!(correct(3).await.0, 201);
        assert_eq!(correct(-4).await.0, 201);
        let buyer = shop.buyer().await;
        buyer.orders(&[(&sku, 5)]).await;
        let (status, refused) = correct(-5).await;
        assert_eq!((status, &refused["code"]), (409, &json!("stock.below_held")), "{refused}");
        let (status, after) = correct(-4).await;
        assert_eq!((status, &after["on_hand"], &after["available"]), (201, &json!(5), &json!(0)), "{after}");
        assert_eq!((&after["received"], &after["removed"]), (&json!(13), &json!(8)), "{after}");
        assert_eq!(ledger(shop, &sku).await, (5, 5));

        let receipt = json!({"lines": [{"sku_id": sku, "quantity": 7}], "reason": "到货"});
        let twice = [("idempotency-key", "receipt-of-the-day")];
        let receive = |body: Value| shop.call_with("POST", "/admin/v1/stock/receipts", Some(&shop.owner), &twice, Some(body));
        let answers = at_once(20, (0..20).map(|_| receive(receipt.clone()))).await;
        for (status, body) in &answers {
            assert_eq!((*status, body), (201, &answers[0].1));
        }
        assert_eq!(ledger(shop, &sku).await, (12, 5));
        let (status, reused) = receive(json!({"lines": [{"sku_id": sku, "quantity": 8}], "reason": "到货"})).await;
        assert_eq!((status, &reused["code"]), (422, &json!("request.idempotency_key_reused")), "{reused}");

        let named_twice = json!({"lines": [{"sku_id": sku, "quantity": 1}, {"sku_id": sku, "quantity": 1}], "reason": "到货"});
        let (status, body) = shop.call("POST", "/admin/v1/stock/receipts", Some(&shop.owner), Some(named_twice)).await;
        assert_eq!((status, &body["code"]), (422, &json!("stock.duplicate_sku")), "{body}");
    }

    async fn low_stock_is_listed_below_its_threshold(shop: &Shop) {
        let (low, plenty) = (shop.sku(100, 3).await, shop.sku(100, 30).await);
        shop.staff("PUT", &format!("/stock/items/{plenty}/threshold"), Some(json!({"low_at": 30}))).await;
        let listed = shop.staff("GET", "/stock/items?low=true", None).await;
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(listed["items"][0]["sku_id"], json!(low));
        shop.buyer().await.orders(&[(&plenty, 1)]).await;
        let listed = shop.staff("GET", "/stock/items?low=true", None).await;
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(2), "{listed}");
    }
}
