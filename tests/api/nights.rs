//! The nightly look at the books, and what it finds in WeChat's.

use serde_json::{Value, json};

use crate::support::Shop;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

async fn books(shop: &Shop) -> Value {
    shop.staff("GET", "/books", None).await
}

async fn nights(shop: &Shop) -> Vec<Value> {
    shop.staff("GET", "/books/nights", None).await["items"].as_array().expect("nights").clone()
}

/// Changes a row by hand, as nothing in the shop ever would.
async fn tampers(shop: &Shop, sql: &str) {
    let sql = sql.to_owned();
    let tamper = move |tx: &mut hourglass::platform::db::Tx<'_>| {
        use diesel::RunQueryDsl as _;
        let changed = diesel::sql_query(sql.as_str()).execute(tx.conn()?)?;
        assert_eq!(changed, 1, "one row");
        Ok::<_, hourglass::platform::db::DbError>(())
    };
    shop.app.db().write("tamper", tamper).await.expect("a change");
}

on_both_databases! {
    async fn a_night_looks_at_the_books_once_and_compares_them_with_wechats(shop: &Shop) {
        let sku = shop.sku(1_000, 10).await;
        let mut buyer = shop.buyer().await;
        buyer.buys(&[(&sku, 1)]).await;
        let refunded = buyer.buys(&[(&sku, 2)]).await;
        buyer.does("POST", &format!("/orders/{refunded}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(books(shop).await["last_night"], Value::Null, "no night by day");

        // Ten in the morning when it all began; four o'clock is eighteen hours later.
        shop.later(18 * HOUR - 1).await;
        assert!(nights(shop).await.is_empty(), "a millisecond early");
        shop.later(1).await;
        let night = books(shop).await["last_night"].clone();
        assert_eq!((&night["day"], &night["stage"]), (&json!("2026-03-02"), &json!("finished")), "{night}");
        assert_eq!((&night["covers_from"], &night["covers_until"]), (&json!("2026-02-28T16:00:00.000Z"), &json!("2026-03-01T16:00:00.000Z")));
        assert_eq!((&night["compared"], &night["differences"]), (&json!(3), &json!([])), "two attempts and a refund: {night}");
        shop.later(HOUR).await;
        assert_eq!(nights(shop).await.len(), 1, "once a night");

        buyer.comes_again().await;
        buyer.buys(&[(&sku, 1)]).await;
        shop.later(DAY).await;
        let second = &nights(shop).await[0];
        assert_eq!((&second["day"], &second["compared"]), (&json!("2026-03-03"), &json!(1)), "{second}");
        assert_eq!(second["covers_from"], "2026-03-01T16:00:00.000Z", "on from where the night before ended");
    }

    async fn a_night_that_was_missed_is_not_made_up_by_day_and_the_next_covers_both(shop: &Shop) {
        let sku = shop.sku(1_000, 10).await;
        let buyer = shop.buyer().await;
        shop.later(18 * HOUR).await;
        assert_eq!(nights(shop).await.len(), 1);
        drop(buyer);
        let buyer = shop.buyer().await;
        buyer.buys(&[(&sku, 1)]).await;
        // Nobody works at four; it is noon when somebody does.
        shop.clock.advance(DAY + 8 * HOUR);
        shop.settle().await;
        assert_eq!(nights(shop).await.len(), 1, "too late");
        shop.later(16 * HOUR).await;
        let night = &nights(shop).await[0];
        assert_eq!((&night["day"], &night["compared"]), (&json!("2026-03-04"), &json!(1)), "{night}");
    }

    async fn more_rows_than_one_step_takes_are_all_compared(shop: &Shop) {
        let sku = shop.sku(100, 200).await;
        let buyer = shop.buyer().await;
        for _ in 0..53 {
            let order_id = buyer.orders(&[(&sku, 1)]).await;
            let prepay_id = buyer.begins_to_pay(&order_id).await;
            shop.wechat("POST", "/pay", Some(json!({"prepay_id": prepay_id}))).await;
        }
        shop.wechat("POST", "/notices/flush", None).await;
        shop.later(18 * HOUR).await;
        let night = &nights(shop).await[0];
        assert_eq!((&night["compared"], &night["differences_found"]), (&json!(53), &json!(0)), "{night}");
    }

    async fn what_differs_from_wechats_book_is_found_and_stays_to_be_read(shop: &Shop) {
        let sku = shop.sku(1_000, 10).await;
        let buyer = shop.buyer().await;
        buyer.buys(&[(&sku, 1)]).await;
        tampers(shop, "UPDATE payment_attempts SET transaction_id = 'X' || transaction_id").await;
        shop.later(18 * HOUR).await;
        let night = books(shop).await["last_night"].clone();
        assert_eq!((&night["stage"], &night["differences_found"]), (&json!("finished"), &json!(1)), "{night}");
        let line = &night["differences"][0];
        assert_eq!(line["check"], "provider", "{line}");
        assert!(line["difference"].as_str().is_some_and(|words| words.starts_with("G3 ") && words.contains("knows it as")), "{line}");
        tampers(shop, "UPDATE payment_attempts SET transaction_id = SUBSTR(transaction_id, 2)").await;
        shop.later(DAY).await;
        let both = nights(shop).await;
        assert_eq!((&both[0]["differences_found"], &both[1]["differences_found"]), (&json!(0), &json!(1)), "{both:?}");
    }

    async fn our_own_books_are_part_of_the_night(shop: &Shop) {
        let sku = shop.sku(1_000, 10).await;
        tampers(shop, &format!("UPDATE stock_items SET on_hand = 9, received = 9 WHERE sku_id = {sku}")).await;
        shop.later(18 * HOUR).await;
        let night = books(shop).await["last_night"].clone();
        assert_eq!((&night["differences"][0]["check"], &night["differences_found"]), (&json!("stock"), &json!(1)), "{night}");
        tampers(shop, &format!("UPDATE stock_items SET on_hand = 10, received = 10 WHERE sku_id = {sku}")).await;
    }

    async fn a_wechat_that_stays_silent_is_written_down_as_such(shop: &Shop) {
        let sku = shop.sku(1_000, 10).await;
        let buyer = shop.buyer().await;
        buyer.buys(&[(&sku, 1)]).await;
        shop.trouble(json!({"rules": [{"path_prefix": "/v3/pay", "method": "GET", "action": "lose"}]})).await;
        shop.later(18 * HOUR).await;
        assert_eq!(nights(shop).await[0]["stage"], "attempts", "it is asked again");
        for _ in 0..5 {
            shop.later(MINUTE).await;
        }
        shop.trouble(json!({})).await;
        let night = &nights(shop).await[0];
        assert_eq!((&night["stage"], &night["differences_found"]), (&json!("finished"), &json!(1)), "{night}");
        assert!(night["differences"][0]["difference"].as_str().is_some_and(|words| words.contains("gave no answer")), "{night}");
    }
}
