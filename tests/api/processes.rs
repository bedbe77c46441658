//! The program itself, as processes of the operating system: killed without warning, two on one database, told to stop.
//!
//! Here the clock is the machine's. Nothing waits for a fixed time: what is expected is looked for until a deadline.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::support::buyer::basket;
use crate::support::shop::text;
use crate::support::town::{Ask, Town, free_port, until};

/// How often the server is killed.
const KILLS: usize = 12;
/// How many shoppers buy at once.
const SHOPPERS: usize = 8;

/// Kills the server again and again while shoppers buy, each time after they have come a little further.
async fn survives_being_killed(town: &Town) {
    let server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let (_, sku) = town.product(&owner, 10_000).await;
    let shoppers = join_all((0..SHOPPERS).map(|_| town.shopper())).await;
    let (bought, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shopping = join_all(shoppers.iter().map(|shopper| {
        let (bought, over, sku) = (&bought, &over, &sku);
        async move {
            let mut orders = Vec::new();
            while !over.load(Ordering::Relaxed) {
                orders.push(town.buy(shopper, sku).await);
                bought.fetch_add(1, Ordering::Relaxed);
            }
            orders
        }
    }));
    let killing = async {
        let mut server = server;
        for _ in 0..KILLS {
            let before = bought.load(Ordering::Relaxed);
            let further = 2 + rand::random::<u8>() as usize % SHOPPERS;
            until("shoppers get on", async || (bought.load(Ordering::Relaxed) >= before + further).then_some(())).await;
            drop(server);
            server = town.serve("0", &town.base).await;
        }
        over.store(true, Ordering::Relaxed);
        server
    };
    let (orders, _server) = join(shopping, killing).await;
    let mut paid = 0;
    for ((token, _), orders) in shoppers.iter().zip(&orders) {
        for order_id in orders {
            town.comes_to(token, order_id, "paid").await;
            paid += 1;
        }
    }
    let owner = town.owner().await;
    town.the_books_balance(&owner).await;
    let stock = town.insist(Ask::get(&format!("/admin/v1/stock/items/{sku}")).by(&owner)).await;
    assert_eq!(stock["on_hand"], 10_000 - paid, "{stock}");
    // An order whose shopper gave no more orders is not lost either: nobody placed one twice.
    assert_eq!(stock["held"], 0, "{stock}");
}

#[actix_web::test]
async fn a_server_killed_again_and_again_loses_nothing_on_sqlite() {
    survives_being_killed(&Town::on_sqlite().await).await;
}

#[actix_web::test]
async fn a_server_killed_again_and_again_loses_nothing_on_postgres() {
    if let Some(town) = Town::on_postgres().await {
        survives_being_killed(&town).await;
    }
}

#[actix_web::test]
async fn two_servers_on_one_database_do_everything_once() {
    const ORDERS: usize = 24;
    let Some(town) = Town::on_postgres().await else { return };
    let other = format!("http://127.0.0.1:{}", free_port());
    let _servers = (town.serve("0", &town.base).await, town.serve("1", &other).await);
    let owner = town.owner().await;
    let (product, sku) = town.product(&owner, 1_000).await;
    // Every other payment is never told of, so that both servers go and ask; every refund is a job of either.
    town.wechat("PUT", "/knobs", json!({"notices": {"lose": 0.5, "duplicate": 1}})).await;
    let shoppers = join_all((0..ORDERS).map(|_| town.shopper())).await;
    let orders = join_all(shoppers.iter().map(|shopper| town.buy(shopper, &sku))).await;
    for ((token, _), order_id) in shoppers.iter().zip(&orders) {
        town.comes_to(token, order_id, "paid").await;
        let path = format!("/api/v1/orders/{order_id}/refund");
        town.insist(Ask::post(&path, json!({"reason": "不想要了"})).by(token)).await;
    }
    for ((token, _), order_id) in shoppers.iter().zip(&orders) {
        town.comes_to(token, order_id, "refunded").await;
    }
    town.the_books_balance(&owner).await;
    let book = town.wechat("GET", "/book?totals_only=true", json!(null)).await;
    let totals = &book["totals"];
    assert_eq!((&totals["transactions"], &totals["refunds"]), (&json!(ORDERS), &json!(ORDERS)), "{totals}");
    let path = format!("/admin/v1/products/{product}");
    until("each sale is counted", async || {
        let (_, product) = town.ask(&Ask::get(&path).by(&owner)).await?;
        let sold = product["summary"]["sold"].as_u64()?;
        assert!(sold <= ORDERS as u64, "a sale was counted twice: {product}");
        (sold == ORDERS as u64).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_server_told_to_stop_finishes_what_it_has_begun() {
    let town = Town::on_sqlite().await;
    let mut server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let (_, sku) = town.product(&owner, 10).await;
    let (token, address) = town.shopper().await;
    let lines = basket(&[(&sku, 1)]);
    let quote = json!({"lines": lines, "province_code": "44"});
    let quote = town.insist(Ask::post("/api/v1/quotes", quote).by(&token)).await;
    let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
    let body = json!({"lines": lines, "address_id": address, "expected": expected});
    let key = Some("0123456789abcdef0123456789abcdef");
    let order = town.insist(Ask { key, ..Ask::post("/api/v1/orders", body).by(&token) }).await;
    let rule = json!({"path_prefix": "/v3/pay/transactions/jsapi", "action": "delay_ms", "delay_ms": 1_500});
    town.wechat("PUT", "/knobs", json!({"rules": [rule]})).await;
    let path = format!("/api/v1/orders/{}/payments", text(&order["order_id"]));
    let begun = Ask::post(&path, json!({"trade_type": "jsapi"})).by(&token);
    let stopping = async {
        until("the request is under way", async || {
            let knobs = town.wechat("GET", "/knobs", json!(null)).await;
            (knobs["fired"][0] == 1).then_some(())
        })
        .await;
        let told = Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        until("the server ends", async || server.0.try_wait().unwrap()).await
    };
    let (answer, ended) = join(town.ask(&begun), stopping).await;
    assert_eq!(answer.map(|(status, _)| status), Some(201), "the request in flight is answered");
    assert!(ended.success(), "it ends of itself, and well: {ended}");
    assert!(town.ask(&Ask::get("/health/ready")).await.is_none(), "nobody answers any more");
}
