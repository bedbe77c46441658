//! Every call of a whole purchase fails once: each statement, each commit, each lost answer, each call to WeChat.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::{Buyer, basket};
use crate::support::shop::text;

/// More faults than a purchase has calls: a loop that comes this far has not ended by itself.
const MOST: i64 = 600;
/// How often a client repeats a request before it gives up.
const PATIENCE: usize = 6;

/// Repeats a request until it is answered with anything but "try again"; no answer may say what went wrong inside.
async fn insists(buyer: &Buyer<'_>, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> (u16, Value) {
    for _ in 0..PATIENCE {
        let (status, answer) = buyer.call_with(method, path, headers, Some(body.clone())).await;
        assert!(status < 500 || status == 503, "{method} {path}: {status} {answer}");
        assert!(!answer.to_string().contains("planted"), "{method} {path}: {answer}");
        if status != 503 {
            return (status, answer);
        }
    }
    panic!("{method} {path} is answered with 503 every time");
}

/// Does background work, repeating what a fault broke off.
async fn works(shop: &Shop) {
    for _ in 0..PATIENCE {
        if shop.app.runner().work_until_idle().await.is_ok() {
            return;
        }
    }
    panic!("background work fails every time");
}

/// Does background work here and at WeChat's until the order is in a state; where a fault is in the way, waits for what
/// is tried again later and for lost leases to run out.
async fn comes_to(shop: &Shop, buyer: &Buyer<'_>, path: &str, state: &str) {
    let mut order = json!(null);
    for pause in [0, 15_000, 150_000] {
        shop.clock.advance(pause);
        works(shop).await;
        shop.wechat("POST", "/notices/flush", None).await;
        order = insists(buyer, "GET", path, &[], json!({})).await.1;
        if order["state"] == state {
            return;
        }
    }
    panic!("the order does not come to {state}: {order}");
}

/// Orders, pays, and asks for the money back, whatever fails; answers the order's id.
async fn buys_and_returns(shop: &Shop, buyer: &Buyer<'_>, sku: &str) -> String {
    let lines = [(sku, 1)];
    let asked = json!({"lines": basket(&lines), "province_code": "44"});
    let (status, quote) = insists(buyer, "POST", "/quotes", &[], asked).await;
    assert_eq!(status, 200, "{quote}");
    let wish = buyer.wishes_at(&lines, &quote);
    let key = [("idempotency-key", wish.key.as_str())];
    let (status, order) = insists(buyer, "POST", "/orders", &key, wish.body.clone()).await;
    assert_eq!(status, 201, "{order}");
    let order_id = text(&order["order_id"]);
    let path = format!("/orders/{order_id}");
    let (status, handover) =
        insists(buyer, "POST", &format!("{path}/payments"), &[], json!({"trade_type": "jsapi"})).await;
    assert_eq!(status, 201, "{handover}");
    let prepay_id = text(&handover["params"]["package"]).trim_start_matches("prepay_id=").to_owned();
    shop.pay(&prepay_id).await;
    comes_to(shop, buyer, &path, "paid").await;
    // A lost answer makes the repetition find its own work done.
    let (status, answer) = insists(buyer, "POST", &format!("{path}/refund"), &[], json!({"reason": "不想要了"})).await;
    assert!([204, 409].contains(&status), "{status} {answer}");
    comes_to(shop, buyer, &path, "refunded").await;
    order_id
}

/// After a fault: one order, one payment, one refund, here and at WeChat's, and nothing left on hold.
async fn came_out_right(shop: &Shop, sku: &str, order_id: &str, fault: &str) {
    let order = shop.order(order_id).await;
    assert_eq!(order["state"], "refunded", "{fault}: {order}");
    let payment = shop.payment(order_id).await;
    assert_eq!(payment["attempts"].as_array().map(Vec::len), Some(1), "{fault}: {payment}");
    let booked = shop.booked(&text(&payment["attempts"][0]["out_trade_no"])).await;
    assert_eq!(booked["refunds"].as_array().map(Vec::len), Some(1), "{fault}: {booked}");
    assert_eq!(booked["paid_fen"], booked["refunded_fen"], "{fault}: {booked}");
    let stock = shop.stock(sku).await;
    assert_eq!((&stock["on_hand"], &stock["held"]), (&json!(3), &json!(0)), "{fault}: {stock}");
}

/// Joins a group of two whose leader has paid, and pays, whatever fails; answers the order.
async fn joins_and_pays(shop: &Shop, buyer: &Buyer<'_>, sku: &str, group: &str) -> String {
    let lines = [(sku, 1)];
    let claims = json!([{"kind": "group_buy", "reference": group}]);
    let asked = json!({"lines": basket(&lines), "province_code": "44", "claims": claims});
    let (status, quote) = insists(buyer, "POST", "/quotes", &[], asked).await;
    assert_eq!(status, 200, "{quote}");
    let mut wish = buyer.wishes_at(&lines, &quote);
    wish.body["claims"] = claims;
    let key = [("idempotency-key", wish.key.as_str())];
    let (status, order) = insists(buyer, "POST", "/orders", &key, wish.body.clone()).await;
    assert_eq!(status, 201, "{order}");
    let order_id = text(&order["order_id"]);
    let path = format!("/orders/{order_id}/payments");
    let (status, handover) = insists(buyer, "POST", &path, &[], json!({"trade_type": "jsapi"})).await;
    assert_eq!(status, 201, "{handover}");
    let prepay_id = text(&handover["params"]["package"]).trim_start_matches("prepay_id=").to_owned();
    shop.pay(&prepay_id).await;
    comes_to(shop, buyer, &format!("/orders/{order_id}"), "paid").await;
    order_id
}

/// Plants the fault at the first call of joining a group, the second, and so on, until one goes through without meeting
/// it. Every group forms, once, with one seat for each of the two.
async fn joining_fails_everywhere(shop: &Shop, name: &str, plant: impl Fn(i64)) {
    let buy = shop.group_buy(json!({"sizes": [2], "sku": {"prices_fen": [9_900]}})).await;
    for n in 1..=MOST {
        let (leader, buyer) = (shop.buyer().await, shop.buyer().await);
        let (led, group) = leader.opens_group(&buy).await;
        // A notice that met a busy moment is applied by the sweep.
        shop.settle().await;
        plant(n);
        let order = joins_and_pays(shop, &buyer, &buy.sku, &group).await;
        works(shop).await;
        let clean = !shop.faults.clear();
        // What a fault broke off is done now.
        shop.later(15_000).await;
        let file = shop.group(&group).await;
        assert_eq!(
            (&file["group"]["state"], &file["group"]["paid"]),
            (&json!("formed"), &json!(2)),
            "{name} {n}: {file}"
        );
        assert_eq!(file["seats"].as_array().map(Vec::len), Some(2), "{name} {n}: {file}");
        for order in [&led, &order] {
            let order = shop.staff_at_any_time(&format!("/orders/{order}")).await;
            assert!(order["gates"][0]["opened_at"].is_string(), "{name} {n}: {order}");
        }
        if clean {
            assert!(n > 6, "{name}: only {} faults were met", n - 1);
            assert_eq!(shop.events("group_buy.formed").await, n);
            return;
        }
    }
    panic!("{name}: still failing at call {MOST}");
}

/// A bargain is opened and a friend cuts its price, whatever fails; answers the bargain.
async fn bargains(shop: &Shop, campaign: &str, (owner, friend): (&Buyer<'_>, &Buyer<'_>)) -> String {
    let asked = json!({"campaign_id": campaign});
    let (status, opened) = insists(owner, "POST", "/bargains", &[], asked).await;
    // A lost answer makes the repetition find its own work done.
    assert!(status == 201 || opened["code"] == "bargain.already_open", "{status} {opened}");
    let (status, own) = insists(owner, "GET", "/bargains", &[], json!({})).await;
    assert_eq!((status, own["items"].as_array().map(Vec::len)), (200, Some(1)), "{own}");
    let bargain = text(&own["items"][0]["bargain"]["bargain_id"]);
    let (status, cut) = insists(friend, "POST", &format!("/bargains/{bargain}/cuts"), &[], json!({})).await;
    assert!(status == 201 || cut["code"] == "bargain.already_helped", "{status} {cut}");
    works(shop).await;
    bargain
}

/// Plants the fault at the first call of opening a bargain and cutting its price, the second, and so on, until one goes
/// through without meeting it. Every friend cuts once, and the price is what the cuts leave of it.
async fn cutting_fails_everywhere(shop: &Shop, name: &str, plant: impl Fn(i64)) {
    let sku = shop.sku(9_900, 20).await;
    let rules = json!({
        "sku_id": sku, "floor_fen": 4_900, "cuts_min": 10, "cuts_max": 10, "lifetime_minutes": 120,
        "helpers": "anyone", "helps_per_day": 5, "buy_when": "any_price", "owner_cuts_first": false, "quota": 1_000
    });
    let planned = shop.staff_post("/bargain-campaigns", json!({"plan": shop.plan(&json!({})), "rules": rules})).await;
    let campaign = text(&planned["campaign_id"]);
    shop.starts(&campaign).await;
    for n in 1..=MOST {
        let (owner, friend) = (shop.buyer().await, shop.buyer().await);
        plant(n);
        let bargain = bargains(shop, &campaign, (&owner, &friend)).await;
        let clean = !shop.faults.clear();
        let file = shop.staff_at_any_time(&format!("/bargains/{bargain}")).await;
        let taken: Vec<&Value> =
            file["pieces"].as_array().expect("pieces").iter().filter(|piece| piece["taken_at"].is_string()).collect();
        assert_eq!(taken.len(), 1, "{name} {n}: {file}");
        let cut = taken[0]["amount_fen"].as_i64().expect("an amount");
        assert_eq!(file["bargain"]["price_fen"], 9_900 - cut, "{name} {n}: {file}");
        if clean {
            assert!(n > 4, "{name}: only {} faults were met", n - 1);
            assert_eq!(shop.events("bargain.cut").await, n);
            return;
        }
    }
    panic!("{name}: still failing at call {MOST}");
}

/// Plants the fault at the first call of what makes a packet of a paid order and gives portions of it away, the second,
/// and so on, until one goes through without meeting it. Every packet is made once, and everybody has one portion.
async fn splitting_fails_everywhere(shop: &Shop, name: &str, plant: impl Fn(i64)) {
    let sku = shop.sku(10_000, 1_000).await;
    let rules = json!({
        "qualifying_fen": 10_000, "face_fen": 1_000, "portions": 3, "minimum_fen": 100, "shape": "random",
        "newcomers_larger": true, "open_hours": 48, "use_threshold_fen": 1_000, "use_within_hours": 72,
        "stackable": true, "packets_per_user": 100, "claims_per_day": 100
    });
    let plan = shop.plan(&json!({"budget_fen": 1_000_000}));
    let planned = shop.staff_post("/social-coupons", json!({"plan": plan, "rules": rules})).await;
    let campaign = text(&planned["campaign_id"]);
    shop.starts(&campaign).await;
    for n in 1..=MOST {
        let (payer, friend) = (shop.buyer().await, shop.buyer().await);
        let order = payer.buys(&[(&sku, 1)]).await;
        plant(n);
        works(shop).await;
        let path = format!("/orders/{order}/packet");
        let mut found = insists(&payer, "GET", &path, &[], json!({})).await;
        if found.0 == 404 {
            // What a fault broke off is tried again a little later.
            shop.clock.advance(60_000);
            works(shop).await;
            found = insists(&payer, "GET", &path, &[], json!({})).await;
        }
        assert_eq!(found.0, 200, "{name} {n}: {}", found.1);
        let code = text(&found.1["code"]);
        let claims = format!("/packets/{code}/claims");
        let (status, claimed) = insists(&friend, "POST", &claims, &[], json!({})).await;
        assert_eq!(status, 200, "{name} {n}: {claimed}");
        works(shop).await;
        let clean = !shop.faults.clear();
        let again = friend.does("POST", &claims, None).await;
        assert_eq!(again["mine"], claimed["mine"], "{name} {n}");
        assert_eq!((&again["packet"]["left"], &again["packet"]["face_fen"]), (&json!(1), &json!(1_000)), "{name} {n}");
        if clean {
            assert!(n > 4, "{name}: only {} faults were met", n - 1);
            assert_eq!(shop.budget_spent(&campaign).await, 1_000 * n, "each packet takes its face out once");
            return;
        }
    }
    panic!("{name}: still failing at call {MOST}");
}

/// Plants the fault at the first call, the second, and so on, until a purchase goes through without meeting it.
async fn fails_everywhere(shop: &Shop, name: &str, plant: impl Fn(i64)) {
    let sku = shop.sku(1_000, 3).await;
    for n in 1..=MOST {
        let buyer = shop.buyer().await;
        plant(n);
        let order_id = buys_and_returns(shop, &buyer, &sku).await;
        let clean = !shop.faults.clear();
        came_out_right(shop, &sku, &order_id, &format!("{name} {n}")).await;
        if clean {
            assert!(n > 6, "{name}: only {} faults were met", n - 1);
            return;
        }
    }
    panic!("{name}: still failing at call {MOST}");
}

on_both_databases! {
    async fn any_statement_of_a_purchase_may_fail(shop: &Shop) {
        fails_everywhere(shop, "statement", |n| shop.faults.fail_statement(n)).await;
    }

    async fn any_commit_of_a_purchase_may_fail(shop: &Shop) {
        fails_everywhere(shop, "commit", |n| shop.faults.fail_commit(n)).await;
    }

    async fn the_answer_to_any_commit_of_a_purchase_may_be_lost(shop: &Shop) {
        fails_everywhere(shop, "lost answer to commit", |n| shop.faults.lose_commit_answer(n)).await;
    }

    async fn any_statement_of_joining_a_group_may_fail(shop: &Shop) {
        joining_fails_everywhere(shop, "statement", |n| shop.faults.fail_statement(n)).await;
    }

    async fn any_commit_of_joining_a_group_may_fail(shop: &Shop) {
        joining_fails_everywhere(shop, "commit", |n| shop.faults.fail_commit(n)).await;
    }

    async fn the_answer_to_any_commit_of_joining_a_group_may_be_lost(shop: &Shop) {
        joining_fails_everywhere(shop, "lost answer to commit", |n| shop.faults.lose_commit_answer(n)).await;
    }

    async fn any_statement_of_cutting_a_price_may_fail(shop: &Shop) {
        cutting_fails_everywhere(shop, "statement", |n| shop.faults.fail_statement(n)).await;
    }

    async fn any_commit_of_cutting_a_price_may_fail(shop: &Shop) {
        cutting_fails_everywhere(shop, "commit", |n| shop.faults.fail_commit(n)).await;
    }

    async fn the_answer_to_any_commit_of_cutting_a_price_may_be_lost(shop: &Shop) {
        cutting_fails_everywhere(shop, "lost answer to commit", |n| shop.faults.lose_commit_answer(n)).await;
    }

    async fn any_statement_of_splitting_a_packet_may_fail(shop: &Shop) {
        splitting_fails_everywhere(shop, "statement", |n| shop.faults.fail_statement(n)).await;
    }

    async fn any_commit_of_splitting_a_packet_may_fail(shop: &Shop) {
        splitting_fails_everywhere(shop, "commit", |n| shop.faults.fail_commit(n)).await;
    }

    async fn the_answer_to_any_commit_of_splitting_a_packet_may_be_lost(shop: &Shop) {
        splitting_fails_everywhere(shop, "lost answer to commit", |n| shop.faults.lose_commit_answer(n)).await;
    }

    async fn any_call_of_a_purchase_to_wechat_may_fail_or_lose_its_answer(shop: &Shop) {
        let sku = shop.sku(1_000, 3).await;
        for action in ["refuse", "lose", "lose_answer", "error_after", "429_after"] {
            let mut met = 0;
            for n in 0..MOST {
                let buyer = shop.buyer().await;
                let rule = json!({"path_prefix": "/", "action": action, "after": n, "times": 1});
                shop.trouble(json!({"rules": [rule]})).await;
                let order_id = buys_and_returns(shop, &buyer, &sku).await;
                let fired = shop.wechat("GET", "/knobs", None).await["fired"][0].clone();
                shop.trouble(json!({})).await;
                came_out_right(shop, &sku, &order_id, &format!("{action} after {n}")).await;
                if fired == 0 {
                    break;
                }
                met += 1;
            }
            assert!(met >= 2, "{action}: only {met} calls were met");
        }
    }
}
