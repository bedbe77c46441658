//! The program itself, as processes of the operating system: killed without warning, two on one database, told to stop.
//!
//! Here the clock is the machine's. Nothing waits for a fixed time: what is expected is looked for until a deadline.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::support::buyer::basket;
use crate::support::crowd::number_from;
use crate::support::shop::text;
use crate::support::town::{Ask, Town, free_port, until};

/// How many pairs of friends buy at once.
const PAIRS: usize = 4;

/// How often the server is killed: `KILLS`, or 12 times. The long run is
/// `KILLS=50 CHECKOUTS=1000 cargo test --release --test api killed_again_and_again`.
fn kills() -> usize {
    number_from("KILLS").unwrap_or(12)
}

/// How much is bought meanwhile at least: `CHECKOUTS`, or six purchases for each kill.
fn checkouts() -> usize {
    number_from("CHECKOUTS").unwrap_or(6 * kills())
}

/// What two friends bought: whose, which order.
type Bought = Vec<(String, String)>;

/// One of two friends buys for themselves; then they form a group of two. Answers the group.
async fn friends_buy(
    town: &Town,
    [leader, friend]: &[(String, String); 2],
    (sku, campaign): (&str, &str),
    bought: &mut Bought,
) -> String {
    bought.push((friend.0.clone(), town.buy(friend, sku).await));
    let led = town.buys_in_group(leader, sku, &format!("new:{campaign}")).await;
    let group = text(&led["gates"][0]["source_ref"]);
    bought.push((leader.0.clone(), text(&led["order_id"])));
    // Nobody sees a group before its leader has paid, and a leader leads only so many at once.
    town.comes_to(&leader.0, &bought[bought.len() - 1].1, "paid").await;
    let joined = town.buys_in_group(friend, sku, &group).await;
    bought.push((friend.0.clone(), text(&joined["order_id"])));
    town.comes_to(&friend.0, &bought[bought.len() - 1].1, "paid").await;
    group
}

/// Kills the server again and again while shoppers buy, each time after they have come a little further.
async fn survives_being_killed(town: &Town) {
    let server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let (product, sku) = town.product(&owner, 10_000).await;
    let campaign = town.group_buy(&owner, &product, &sku).await;
    let newcomers = async || [town.shopper().await, town.shopper().await];
    let pairs = join_all((0..PAIRS).map(|_| newcomers())).await;
    let (count, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shopping = join_all(pairs.iter().map(|pair| {
        let (count, over, goods) = (&count, &over, (sku.as_str(), campaign.as_str()));
        async move {
            let (mut bought, mut groups) = (Bought::new(), Vec::new());
            while !over.load(Ordering::Relaxed) {
                let before = bought.len();
                groups.push(friends_buy(town, pair, goods, &mut bought).await);
                count.fetch_add(bought.len() - before, Ordering::Relaxed);
            }
            (bought, groups)
        }
    }));
    let (kills, checkouts) = (kills(), checkouts());
    let reaches = async |wanted: usize| {
        until("shoppers get on", async || (count.load(Ordering::Relaxed) >= wanted).then_some(())).await;
    };
    let killing = async {
        let mut server = server;
        for killed in 0..kills {
            // At any moment of a purchase: some time after the next one has ended.
            let further = checkouts * (killed + 1) / kills;
            reaches(further.max(count.load(Ordering::Relaxed) + 1)).await;
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..20_000))).await;
            drop(server);
            server = town.serve("0", &town.base).await;
        }
        reaches(checkouts).await;
        over.store(true, Ordering::Relaxed);
        server
    };
    let (purchases, _server) = join(shopping, killing).await;
    let mut paid = 0;
    for (token, order_id) in purchases.iter().flat_map(|(bought, _)| bought) {
        town.comes_to(token, order_id, "paid").await;
        paid += 1;
    }
    let owner = town.owner().await;
    for group in purchases.iter().flat_map(|(_, groups)| groups) {
        let path = format!("/admin/v1/group-buys/groups/{group}");
        until("the group is formed", async || {
            let (_, file) = town.ask(&Ask::get(&path).by(&owner)).await?;
            assert_eq!(file["seats"].as_array().map(Vec::len), Some(2), "{file}");
            (file["group"]["state"] == "formed" && file["group"]["paid"] == 2).then_some(())
        })
        .await;
    }
    town.the_books_balance(&owner).await;
    let stock = town.insist(Ask::get(&format!("/admin/v1/stock/items/{sku}")).by(&owner)).await;
    assert_eq!(stock["on_hand"], 10_000 - paid, "{stock}");
    // An order whose shopper gave no more orders is not lost either: nobody placed one twice.
    assert_eq!(stock["held"], 0, "{stock}");
    assert!(paid >= i64::try_from(checkouts).unwrap(), "{paid} purchases, {kills} kills");
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
