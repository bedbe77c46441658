//! Events that somebody cannot take: tried again, given up, seen by staff, tried anew.

use std::collections::BTreeSet;

use diesel::RunQueryDsl as _;
use hourglass::platform::db::{DbError, Tx};
use hourglass::platform::events::{self, NewEvent};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::crowd::at_once;
use crate::support::shop::text;

const HOUR: i64 = 3_600_000;

/// Records that an order was paid, in words that nobody who waits for it understands.
async fn something_unreadable_happens(shop: &Shop) -> i64 {
    let record = |tx: &mut Tx<'_>| {
        let event = NewEvent { name: "order.paid", version: 1, user: None, payload: &json!({"nonsense": true}) };
        events::record(tx, &event)
    };
    shop.app.db().write("nonsense", record).await.expect("an event")
}

/// Puts right what was recorded.
async fn puts_right(shop: &Shop, event: i64) {
    let right = move |tx: &mut Tx<'_>| {
        let order = json!({"order_id": "1", "user_id": "1", "total_fen": 0, "refunded_fen": 0, "lines": []});
        let payload = json!({"order": order, "paid_at": "2026-03-01T02:00:00Z"});
        let sql = format!("UPDATE outbox_events SET payload = '{payload}' WHERE id = {event}");
        diesel::sql_query(sql).execute(tx.conn()?)?;
        Ok::<_, DbError>(())
    };
    shop.app.db().write("right", right).await.expect("a change");
}

async fn undelivered(shop: &Shop) -> Vec<Value> {
    shop.staff("GET", "/undelivered-events", None).await["items"].as_array().expect("a list").clone()
}

async fn checks(shop: &Shop) -> Value {
    let books = shop.staff("GET", "/books", None).await;
    books["checks"].as_array().expect("checks").iter().find(|check| check["name"] == "events").expect("a check").clone()
}

on_both_databases! {
    async fn an_event_nobody_can_take_is_given_up_seen_and_tried_anew(shop: &Shop) {
        let event = something_unreadable_happens(shop).await;
        shop.settle().await;
        let first = undelivered(shop).await;
        assert_eq!((&first[0]["state"], &first[0]["attempts"]), (&json!("waiting"), &json!(1)), "{first:?}");
        assert_eq!((text(&first[0]["event_id"]), &first[0]["event_name"]), (event.to_string(), &json!("order.paid")));
        shop.settle().await;
        assert_eq!(undelivered(shop).await[0]["attempts"], 1, "not before its pause is over");
        assert_eq!(checks(shop).await["differences"], json!([]), "it may still be taken");

        for _ in 0..14 {
            shop.later(HOUR).await;
        }
        let dead = undelivered(shop).await[0].clone();
        assert_eq!((&dead["state"], &dead["attempts"]), (&json!("dead"), &json!(15)), "{dead}");
        assert!(dead["died_at"].is_string() && dead["last_error"].as_str().is_some_and(|error| !error.is_empty()));
        shop.later(HOUR).await;
        assert_eq!(undelivered(shop).await[0]["attempts"], 15, "given up is given up");
        assert_eq!(checks(shop).await["differences"].as_array().map(Vec::len), Some(1), "the books tell");
        let (_, figures) = shop.figures().await;
        assert!(figures.contains("hourglass_events_dead_total{subscriber=\"catalog.count_sold\"}"), "{figures}");

        puts_right(shop, event).await;
        for dead in undelivered(shop).await {
            shop.staff("POST", &format!("/undelivered-events/{}/retry", text(&dead["id"])), None).await;
        }
        shop.settle().await;
        assert!(undelivered(shop).await.is_empty());
        let token = shop.owner_again().await;
        let path = format!("/admin/v1/undelivered-events/{}/retry", text(&dead["id"]));
        let (status, refused) = shop.call("POST", &path, Some(&token), None).await;
        assert_eq!((status, &refused["code"]), (409, &json!("event.not_dead")), "{refused}");
    }

    async fn an_event_nobody_can_take_holds_up_no_other(shop: &Shop) {
        let event = something_unreadable_happens(shop).await;
        let product = shop.product(1_000, 5).await;
        let buyer = shop.buyer().await;
        buyer.buys(&[(&text(&product["skus"][0]["id"]), 2)]).await;
        shop.settle().await;
        let product = shop.staff("GET", &format!("/products/{}", text(&product["summary"]["id"])), None).await;
        assert_eq!(product["summary"]["sold"], 2, "{product}");
        puts_right(shop, event).await;
        shop.later(10_000).await;
        assert!(undelivered(shop).await.is_empty(), "taken at the second try");
    }

    async fn relays_that_fail_together_count_once(shop: &Shop) {
        let event = something_unreadable_happens(shop).await;
        let rounds = at_once(6, (0..6).map(|_| shop.app.runner().work_until_idle())).await;
        assert!(rounds.into_iter().all(|round| round.is_ok()));
        let failed = undelivered(shop).await;
        let subscribers: BTreeSet<String> = failed.iter().map(|failure| text(&failure["subscriber"])).collect();
        assert_eq!(subscribers.len(), failed.len(), "one row for each subscriber: {failed:?}");
        assert!(subscribers.contains("catalog.count_sold"), "{failed:?}");
        assert!(failed.iter().all(|failure| failure["attempts"] == 1), "{failed:?}");
        puts_right(shop, event).await;
        shop.later(10_000).await;
        assert!(undelivered(shop).await.is_empty());
    }
}
