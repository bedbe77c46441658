//! What the shop tells of itself: every fact that capabilities record, once, with the money as it was.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hourglass::analytics::events::{LEFT_OUT, SERVER_EVENTS};
use hourglass::analytics::intake::TakenEvent;
use hourglass::analytics::model::{Flags, PropertyValue};
use hourglass::kernel::time::{DAY_MS, MINUTE_MS};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

fn said(event: &TakenEvent) -> Value {
    serde_json::to_value(&event.properties).unwrap()
}

/// The words of events that the source spells out: `area.fact` as a constant or beside a recorded payload.
fn recorded_words() -> BTreeSet<String> {
    let mut files = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    collect(&source, &mut files);
    let mut words = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let declares = file.ends_with("events.rs") && !file.starts_with(source.join("analytics"));
        for line in text.lines() {
            let constant = declares && line.starts_with("pub const") && line.contains(": &str = ");
            let beside = line.contains("NewEvent { name: \"") || (declares && line.contains("record(tx, \""));
            if constant || beside {
                words.extend(line.split('"').nth(1).map(str::to_owned));
            }
        }
    }
    words
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn everything_that_is_recorded_becomes_an_event_or_is_left_out_on_purpose() {
    let recorded = recorded_words();
    assert!(recorded.len() > 60, "{recorded:?}");
    let known: BTreeSet<String> =
        SERVER_EVENTS.iter().map(|event| event.recorded).chain(LEFT_OUT.iter().copied()).map(str::to_owned).collect();
    let missed: Vec<_> = recorded.difference(&known).collect();
    assert!(missed.is_empty(), "recorded, and nobody tells of it: {missed:?}");
    let invented: Vec<_> = known.difference(&recorded).collect();
    assert!(invented.is_empty(), "told of, and never recorded: {invented:?}");
}

on_both_databases! {
    async fn a_whole_purchase_is_told_with_its_money(shop: &Shop) {
        let product = shop.product(5_000, 20).await;
        let (product_id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let sharer = shop.buyer().await;
        let token = sharer.shares_thing("product", &product_id, "friend").await;
        let device = shop.device().await;
        device.call("POST", "/footprints", Some(json!({"products": [{"product_id": product_id}]}))).await;
        device.call("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 1}))).await;
        let openid = text(&shop.wechat("POST", "/login", Some(json!({}))).await["openid"]);
        device.logs_in(Some(&openid)).await;
        let buyer = shop.buyer().await;
        buyer.opens(&token).await;
        buyer.does("POST", "/favourites", Some(json!({"product_id": product_id}))).await;
        buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 2}))).await;
        buyer.does("DELETE", &format!("/cart/lines/{sku}"), None).await;
        shop.settle().await;
        let order_id = buyer.buys(&[(&sku, 2)]).await;
        shop.settle().await;
        let events = shop.kept_events().await;
        let one = |name: &str| {
            let mut found = events.iter().filter(|event| event.name == name && said(event)["order_id"] == json!(order_id));
            let event = found.next().unwrap_or_else(|| panic!("no {name}"));
            assert!(found.next().is_none(), "{name} was told twice");
            event
        };
        let (placed, paid, line) = (one("order_placed"), one("order_paid"), one("order_line_paid"));
        let total = buyer.order(&order_id).await["price"]["total_fen"].clone();
        for event in [placed, paid] {
            let said = said(event);
            assert_eq!((&said["total_fen"], &said["product_ids"], &said["sku_ids"]), (&total, &json!([product_id]), &json!([sku])));
            assert_eq!((&said["$share"], &said["$entrance"]), (&json!(token), &json!("wechat_mini")), "{said}");
            assert!(event.flags.contains(Flags::TRUSTED));
        }
        let said_line = said(line);
        assert_eq!((&said_line["product_id"], &said_line["quantity"], &said_line["sku_id"]), (&json!(product_id), &json!(2), &json!(sku)));
        assert_eq!(said_line["payable_fen"], total, "the only line bears the freight too");
        let of_buyer = |name: &str| {
            let found = events.iter().find(|event| event.name == name && event.subject == placed.subject);
            found.unwrap_or_else(|| panic!("no {name} of the buyer"))
        };
        for name in ["user_registered", "user_logged_in", "share_opened", "share_acquired", "favourite_added", "cart_line_added", "cart_lines_removed"] {
            of_buyer(name);
        }
        assert_eq!(of_buyer("share_opened").properties.get("$share"), Some(&PropertyValue::from(token.as_str())));
        assert_eq!(said(of_buyer("cart_line_added"))["quantity"], json!(2));
        let views: Vec<_> = events.iter().filter(|event| event.name == "product_viewed").collect();
        assert_eq!(views.len(), 1);
        assert_eq!(said(views[0])["product_id"], json!(product_id));
        let people = shop.who_is_who().await;
        let first_in_cart = events.iter().find(|event| event.name == "cart_line_added").unwrap();
        assert_ne!(people.person_of(first_in_cart.subject), people.person_of(placed.subject));
        assert_eq!(people.person_of(views[0].subject), people.person_of(first_in_cart.subject), "the device's past is its user's");

        let parcel = json!({"carrier_code": "ZTO", "tracking_no": "ZTO123456789012"});
        shop.staff_post(&format!("/orders/{order_id}/shipments"), parcel).await;
        shop.later(11 * DAY_MS).await;
        shop.later(8 * DAY_MS).await;
        for name in ["order_shipped", "order_received", "order_completed"] {
            let told = shop.kept_named(name).await;
            assert_eq!(told.len(), 1, "{name}");
            assert_eq!(said(&told[0])["order_id"], json!(order_id), "{name}");
        }
    }

    async fn what_went_back_is_told_in_fen(shop: &Shop) {
        let sku = shop.sku(5_000, 20).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys(&[(&sku, 1)]).await;
        buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        let refunded = shop.kept_named("order_refunded").await;
        assert_eq!(refunded.len(), 1);
        assert_eq!((&said(&refunded[0])["amount_fen"], &said(&refunded[0])["whole"]), (&json!(5_100), &json!(true)));
        buyer.orders(&[(&sku, 1)]).await;
        shop.later(31 * MINUTE_MS).await;
        let closed = shop.kept_named("order_closed").await;
        assert_eq!((closed.len(), &said(&closed[0])["by"]), (1, &json!("system")));
    }

    async fn facts_delivered_again_are_told_once(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        buyer.buys(&[(&sku, 1)]).await;
        shop.settle().await;
        let before = shop.kept_events().await;
        // As after a crash between a delivery and the note of it.
        shop.runs("DELETE FROM outbox_deliveries WHERE subscriber = 'analytics.record'").await;
        shop.runs("UPDATE outbox_events SET delivered_at = NULL").await;
        shop.settle().await;
        assert_eq!(shop.kept_events().await, before);
        let name = shop.event_name("order_paid").await;
        assert_eq!((&name["today"]["events"], &name["conflicts"], &name["is_the_shops"]), (&json!(1), &json!(0), &json!(true)));
    }

    async fn groups_and_campaigns_are_told(shop: &Shop) {
        let group = shop.group_buy(json!({})).await;
        let leader = shop.buyer().await;
        leader.opens_group(&group).await;
        shop.settle().await;
        let joined = shop.kept_named("group_buy_joined").await;
        assert_eq!(joined.len(), 1);
        assert_eq!((&said(&joined[0])["$campaign"], &said(&joined[0])["leads"]), (&json!(group.campaign), &json!(true)));
        let placed = shop.kept_named("order_placed").await;
        assert_eq!(said(&placed[0])["campaign_ids"], json!([group.campaign]), "{:?}", placed[0]);
        let started = shop.kept_named("campaign_started").await;
        assert!(!started.is_empty() && started.iter().all(|event| event.flags.contains(Flags::STAFF)), "nobody did it");
    }
}
