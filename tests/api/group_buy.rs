//! Several people buy together: opening, joining, leaving, forming, expiring, ladders, filled seats.

use hourglass::kernel::id::OrderId;
use hourglass::kernel::money::Fen;
use hourglass::order;
use hourglass::platform::db::Tx;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::groups::may;
use crate::support::shop::text;

const MINUTE: i64 = 60_000;

fn code(answer: &(u16, Value)) -> (u16, String) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

on_both_databases! {
    async fn three_people_buy_together_and_their_orders_can_be_sent_once_all_have_paid(shop: &Shop) {
        let buy = shop.group_buy(json!({})).await;
        let (leader, second, third) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let (first_order, group) = leader.takes_seat(&buy.sku, &format!("new:{}", buy.campaign)).await;
        assert_eq!(leader.order(&first_order).await["price"]["total_fen"], 8_100, "80.00 and 1.00 freight");
        let hidden = second.call("GET", &format!("/group-buys/groups/{group}"), None).await;
        assert_eq!(code(&hidden), refused(404, "group_buy.not_found"), "nobody sees it before its leader has paid");
        assert_eq!(code(&second.tries_seat(&buy.sku, &group).await), refused(404, "group_buy.not_found"));
        assert_eq!(may(&leader.sees_group(&group).await, "pay"), (true, String::new()));
        leader.pays(&first_order).await;

        let page = second.sees_group(&group).await;
        assert_eq!((&page["state"], &page["free"], &page["paid"]), (&json!("open"), &json!(2), &json!(1)), "{page}");
        assert_eq!(page["members"].as_array().map(Vec::len), Some(1));
        assert!(text(&page["members"][0]["name"]).ends_with("**"), "{page}");
        assert_eq!((&page["members"][0]["leads"], &page["seconds_left"]), (&json!(true), &json!(3_600)));
        assert_eq!(may(&page, "join"), (true, String::new()));
        assert_eq!(may(&leader.sees_group(&group).await, "join").1, "group_buy.already_in");
        assert_eq!(may(&leader.sees_group(&group).await, "open").1, "group_buy.leads_too_many");
        let wall = third.does("GET", "/group-buys/groups", None).await;
        assert_eq!((&wall["items"][0]["group_id"], &wall["items"][0]["free"]), (&json!(group), &json!(2)), "{wall}");

        let second_order = second.joins_group(&buy, &group).await;
        shop.settle().await;
        let ships = json!({"carrier_code": "SF", "tracking_no": "SF1"});
        let early = shop.call("POST", &format!("/admin/v1/orders/{second_order}/shipments"), Some(&shop.owner), Some(ships.clone())).await;
        assert_eq!(code(&early), refused(409, "order.waiting_for_campaign"));
        let third_order = third.joins_group(&buy, &group).await;
        shop.settle().await;
        let page = second.sees_group(&group).await;
        assert_eq!((&page["state"], &page["end_reason"]), (&json!("formed"), &json!("full")), "{page}");
        assert_eq!(may(&page, "join").1, "group_buy.not_open");
        for order in [&first_order, &second_order, &third_order] {
            let order = shop.order(order).await;
            assert!(order["gates"][0]["opened_at"].is_string(), "{order}");
        }
        shop.staff_post(&format!("/orders/{second_order}/shipments"), ships).await;
        let own = second.does("GET", "/group-buys/own-groups", None).await;
        assert_eq!((&own["items"][0]["own"]["order_id"], &own["items"][0]["state"]), (&json!(second_order), &json!("formed")));
        for (name, times) in [("opened", 1), ("joined", 3), ("paid", 3), ("formed", 1), ("succeeded", 3), ("expired", 0)] {
            let name: &'static str = Box::leak(format!("group_buy.{name}").into_boxed_str());
            assert_eq!(shop.events(name).await, times, "{name}");
        }
        let refund = third.call("POST", &format!("/orders/{third_order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!(refund.0, 204);
        shop.settle().await;
        assert_eq!(third.order_state(&third_order).await, "refunded");
        assert_eq!(shop.group(&group).await["group"]["state"], "formed", "leaving after forming leaves the group as it is");
    }

    async fn an_unpaid_seat_is_free_again_when_its_order_is_closed(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        let (leader, mut slow, quick) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let (_, group) = leader.opens_group(&buy).await;
        let (order, _) = slow.takes_seat(&buy.sku, &group).await;
        assert_eq!(code(&quick.tries_seat(&buy.sku, &group).await), refused(409, "group_buy.full"));
        assert_eq!(code(&slow.tries_seat(&buy.sku, &group).await), refused(409, "group_buy.already_in"));
        shop.later(15 * MINUTE).await;
        slow.comes_again().await;
        assert_eq!(slow.order_state(&order).await, "closed");
        assert_eq!((shop.seats(&group, "held").await, shop.seats(&group, "released").await), (0, 1));
        let (again, _) = slow.takes_seat(&buy.sku, &group).await;
        slow.does("POST", &format!("/orders/{again}/cancel"), Some(json!({"reason": "不买了"}))).await;
        let mut quick = quick;
        quick.comes_again().await;
        quick.joins_group(&buy, &group).await;
        shop.settle().await;
        assert_eq!(shop.group(&group).await["group"]["state"], "formed");
    }

    async fn a_group_that_is_not_complete_in_time_gives_everybody_their_money_back(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [3]})).await;
        let (leader, member) = (shop.buyer().await, shop.buyer().await);
        let (first, group) = leader.opens_group(&buy).await;
        let second = member.joins_group(&buy, &group).await;
        shop.later(60 * MINUTE - 1).await;
        assert_eq!(shop.group(&group).await["group"]["state"], "open");
        shop.later(1).await;
        let file = shop.group(&group).await;
        assert_eq!((&file["group"]["state"], &file["group"]["end_reason"]), (&json!("expired"), &json!("deadline")));
        for order in [&first, &second] {
            let order = shop.staff_at_any_time(&format!("/orders/{order}")).await;
            assert_eq!((&order["state"], &order["price"]["refunded_fen"]), (&json!("refunded"), &json!(8_100)), "{order}");
        }
        assert_eq!(shop.seats(&group, "released").await, 2);
        assert_eq!(shop.staff_at_any_time(&format!("/stock/items/{}", buy.sku)).await["on_hand"], 100_000);
    }

    async fn one_stuck_refund_never_holds_up_the_others(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [4]})).await;
        let buyers = [shop.buyer().await, shop.buyer().await, shop.buyer().await];
        let (first, group) = buyers[0].opens_group(&buy).await;
        let mut orders = vec![first];
        for buyer in &buyers[1..] {
            orders.push(buyer.joins_group(&buy, &group).await);
        }
        // WeChat allows fifty refunds for one payment, so that a fifty-first cannot even be asked for.
        let id: OrderId = orders[0].parse().expect("an order");
        for _ in 0..50 {
            let differs = move |tx: &mut Tx<'_>| order::refund_difference(tx, id, Fen::new(1), "退差价");
            shop.app.db().write("difference", differs).await.expect("a difference");
        }
        assert_eq!(shop.ends_group(&group).await, 204);
        shop.settle().await;
        for order in &orders[1..] {
            assert_eq!(shop.order(order).await["state"], "refunded");
        }
        let file = shop.group(&group).await;
        assert_eq!((&file["seats"][0]["state"], &file["seats"][0]["failure"]), (&json!("refund_due"), &json!("payment.too_many_refunds")), "{file}");
        let stuck = shop.staff("GET", "/group-buys/groups?stuck=true", None).await;
        assert_eq!(stuck["items"][0]["group_id"], json!(group), "staff see it");
        shop.later(MINUTE).await;
        assert_eq!(shop.order(&orders[0]).await["state"], "paid", "and it is tried again without end");
    }

    async fn a_member_who_leaves_an_open_group_frees_the_seat_once(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [3]})).await;
        let (leader, member, other) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let (_, group) = leader.opens_group(&buy).await;
        let order = member.joins_group(&buy, &group).await;
        assert_eq!(may(&member.sees_group(&group).await, "leave"), (true, String::new()));
        let path = format!("/orders/{order}/refund");
        let leave = || member.call("POST", &path, Some(json!({"reason": "不想要了"})));
        let (one, two) = futures_util::future::join(leave(), leave()).await;
        assert_eq!([one.0, two.0].into_iter().filter(|status| *status == 204).count(), 1, "{one:?} {two:?}");
        let file = shop.group(&group).await;
        assert_eq!((&file["group"]["free"], &file["group"]["paid"]), (&json!(2), &json!(1)), "{file}");
        shop.settle().await;
        assert_eq!(member.order_state(&order).await, "refunded");
        other.joins_group(&buy, &group).await;
        member.joins_group(&buy, &group).await;
        shop.settle().await;
        assert_eq!(shop.group(&group).await["group"]["state"], "formed");
    }

    async fn a_leader_who_leaves_hands_the_group_on_with_the_same_deadline(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [3]})).await;
        let (leader, second, third) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let (first, group) = leader.opens_group(&buy).await;
        let before = shop.group(&group).await;
        second.joins_group(&buy, &group).await;
        shop.clock.advance(MINUTE);
        third.takes_seat(&buy.sku, &group).await;
        leader.does("POST", &format!("/orders/{first}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        let after = shop.group(&group).await;
        assert_eq!(after["group"]["deadline"], before["group"]["deadline"]);
        let second_user = &after["seats"][1]["user_id"];
        assert_eq!((&after["group"]["leader_id"], &after["group"]["state"]), (second_user, &json!("open")), "{after}");
        assert_eq!(shop.events("group_buy.leader_changed").await, 1);
        let (own, _) = leader.takes_seat(&buy.sku, &format!("new:{}", buy.campaign)).await;
        leader.does("POST", &format!("/orders/{own}/cancel"), Some(json!({"reason": "不买了"}))).await;
        let file = shop.staff_at_any_time(&format!("/group-buys/groups?leader_id={}", text(&before["group"]["leader_id"]))).await;
        assert_eq!(file["items"][0]["end_reason"], "leader_unpaid", "{file}");
    }

    async fn a_group_that_everybody_left_is_over(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        let leader = shop.buyer().await;
        let (order, group) = leader.opens_group(&buy).await;
        leader.does("POST", &format!("/orders/{order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(shop.group(&group).await["group"]["end_reason"], "abandoned");
        assert_eq!(shop.events("group_buy.expired").await, 1);
    }

    async fn a_ladder_gives_everybody_the_price_of_the_step_reached_and_the_difference_back(shop: &Shop) {
        let ladder = json!({"sizes": [2, 3, 5], "sku": {"prices_fen": [9_000, 8_500, 8_000]}});
        let buy = shop.group_buy(ladder).await;
        let leader = shop.buyer().await;
        let (first, group) = leader.opens_group(&buy).await;
        let mut orders = vec![first];
        for _ in 0..2 {
            orders.push(shop.buyer().await.joins_group(&buy, &group).await);
        }
        shop.settle().await;
        let page = leader.sees_group(&group).await;
        assert_eq!(page["state"], "open", "it stays open until its deadline or its largest size: {page}");
        assert_eq!(page["steps"], json!([{"size": 2, "missing": 0, "reached": true}, {"size": 3, "missing": 0, "reached": true}, {"size": 5, "missing": 2, "reached": false}]));
        shop.later(60 * MINUTE).await;
        let file = shop.group(&group).await;
        assert_eq!((&file["group"]["state"], &file["group"]["end_reason"]), (&json!("formed"), &json!("step_reached")), "{file}");
        for order in &orders {
            let order = shop.staff_at_any_time(&format!("/orders/{order}")).await;
            assert_eq!((&order["state"], &order["price"]["total_fen"]), (&json!("paid"), &json!(9_100)));
            assert_eq!((&order["price"]["refunded_fen"], &order["refunds"][0]["kind"]), (&json!(500), &json!("difference")), "{order}");
            assert!(order["gates"][0]["opened_at"].is_string());
        }
        assert_eq!(shop.budget_spent(&buy.campaign).await, 3 * 1_500, "what was set aside for a cheaper step is free again");
    }

    async fn a_full_ladder_forms_at_once_at_its_cheapest_step(shop: &Shop) {
        let ladder = json!({"sizes": [2, 3], "sku": {"prices_fen": [9_000, 8_000], "leader_price_fen": 7_000}});
        let buy = shop.group_buy(ladder).await;
        let leader = shop.buyer().await;
        let (first, group) = leader.opens_group(&buy).await;
        let member = shop.buyer().await;
        let second = member.joins_group(&buy, &group).await;
        shop.buyer().await.joins_group(&buy, &group).await;
        shop.settle().await;
        assert_eq!(shop.group(&group).await["group"]["end_reason"], "full");
        assert_eq!(shop.order(&first).await["price"]["refunded_fen"], 0, "the leader paid less already");
        assert_eq!(shop.order(&second).await["price"]["refunded_fen"], 1_000);
        member.does("POST", &format!("/orders/{second}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        let order = shop.order(&second).await;
        assert_eq!((&order["state"], &order["refunds"][1]["amount_fen"]), (&json!("refunded"), &json!(8_100)), "{order}");
        assert_eq!(shop.budget_spent(&buy.campaign).await, 3_000 + 2_000);
    }

    async fn the_shop_fills_a_group_that_is_complete_enough_and_staff_see_it(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [4], "fill_percent": 50})).await;
        let (leader, lonely) = (shop.buyer().await, shop.buyer().await);
        let (first, group) = leader.opens_group(&buy).await;
        let (alone, other) = lonely.opens_group(&buy).await;
        shop.buyer().await.joins_group(&buy, &group).await;
        shop.later(60 * MINUTE).await;
        let file = shop.group(&group).await;
        assert_eq!((&file["group"]["state"], &file["group"]["end_reason"], &file["group"]["filled"]), (&json!("formed"), &json!("filled"), &json!(2)), "{file}");
        let filled = file["seats"].as_array().expect("seats").iter().filter(|seat| seat["filled_by_the_shop"] == true);
        assert!(filled.clone().all(|seat| seat["user_id"].is_null() && seat["order_id"].is_null() && seat["price_fen"] == 0));
        assert_eq!(filled.count(), 2);
        assert_eq!(shop.staff_at_any_time(&format!("/orders/{first}")).await["state"], "paid");
        assert_eq!(shop.staff_at_any_time(&format!("/orders/{alone}")).await["state"], "refunded", "one of four is not enough");
        assert_eq!(shop.group(&other).await["group"]["state"], "expired");
        let told = shop.staff_at_any_time("/group-buys/groups?filled=true").await;
        assert_eq!(told["items"].as_array().map(Vec::len), Some(1));
        assert_eq!((shop.events("group_buy.joined").await, shop.events("group_buy.succeeded").await), (3, 2));
    }

    async fn a_free_leader_pays_nothing_and_is_let_go_without_money(shop: &Shop) {
        let freight = shop.free_freight().await;
        let product = shop.product(10_000, 100).await;
        let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        shop.edits(&id, &json!({"freight_template_id": freight})).await;
        let draft = shop.group_buy_draft(&id, &sku, &json!({"sizes": [2], "sku": {"leader_price_fen": 0}}));
        let campaign = text(&shop.staff_post("/group-buys", draft).await["campaign_id"]);
        shop.starts(&campaign).await;
        let buy = crate::support::groups::GroupBuy { campaign, sku };
        let leader = shop.buyer().await;
        let (order, group) = leader.opens_group(&buy).await;
        assert_eq!(leader.order(&order).await["price"]["total_fen"], 0);
        assert_eq!(shop.group(&group).await["group"]["paid"], 1, "it is paid at once and the group can be seen");
        shop.later(60 * MINUTE).await;
        assert_eq!(shop.staff_at_any_time(&format!("/orders/{order}")).await["state"], "refunded");
        assert_eq!(shop.budget_spent(&buy.campaign).await, 0);
        let mut leader = leader;
        leader.comes_again().await;
        let (order, group) = leader.opens_group(&buy).await;
        leader.does("POST", &format!("/orders/{order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!(shop.group(&group).await["group"]["end_reason"], "abandoned");
    }

    async fn limits_of_people_pieces_and_quota_hold(shop: &Shop) {
        let rules = json!({"sizes": [2], "per_order": 2, "per_user": 2, "joiners": "newcomers", "sku": {"quota": 5}});
        let buy = shop.group_buy(rules).await;
        let (leader, newcomer, regular) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        regular.buys(&[(&buy.sku, 1)]).await;
        let (_, group) = leader.opens_group(&buy).await;
        let asks = |quantity| newcomer.asks_group_price(&buy.sku, quantity, &group);
        assert_eq!(code(&asks(3).await), refused(422, "group_buy.too_many_pieces"));
        assert_eq!(asks(2).await.0, 200);
        assert_eq!(code(&regular.tries_seat(&buy.sku, &group).await), refused(403, "group_buy.newcomers_only"));
        assert_eq!(code(&leader.tries_seat(&buy.sku, &format!("new:{}", buy.campaign)).await), refused(409, "group_buy.leads_too_many"));
        assert_eq!(code(&leader.tries_seat(&buy.sku, &group).await), refused(409, "group_buy.already_in"));
        assert_eq!(code(&newcomer.tries_seat(&buy.sku, "nonsense").await), refused(422, "group_buy.bad_reference"));
        assert_eq!(code(&newcomer.tries_seat(&buy.sku, "new:1").await), refused(404, "campaign.not_found"));
        let other = shop.sku(5_000, 10).await;
        assert_eq!(code(&newcomer.tries_seat(&other, &group).await), refused(422, "group_buy.sku_not_included"));
        let claims = json!([{"kind": "group_buy", "reference": group}]);
        let mixed = json!({"lines": [{"sku_id": buy.sku, "quantity": 1}, {"sku_id": other, "quantity": 1}], "claims": claims});
        assert_eq!(code(&newcomer.call("POST", "/quotes", Some(mixed)).await), refused(422, "group_buy.one_sku_only"));
        let wish = newcomer.wishes_seat(&buy.sku, 2, &group).await.expect("a price");
        assert_eq!(newcomer.sends(&wish).await.0, 201);
        let (_, second) = regular.opens_group(&buy).await;
        let too_few = shop.buyer().await.asks_group_price(&buy.sku, 2, &second).await;
        assert_eq!(code(&too_few), refused(409, "group_buy.sold_out"));
        assert_eq!(too_few.1["details"]["left"], 1);
    }

    async fn an_invitation_is_the_share_of_somebody_in_the_group(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2], "visibility": "invitation"})).await;
        let (leader, friend, stranger) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let (_, group) = leader.opens_group(&buy).await;
        assert_eq!(friend.does("GET", "/group-buys/groups", None).await["items"], json!([]), "the wall does not show it");
        assert_eq!(code(&friend.tries_seat(&buy.sku, &group).await), refused(404, "group_buy.not_found"));
        let share = |token: String| json!({"subject": {"kind": "group", "reference": group}, "channel": token});
        let forged = text(&stranger.does("POST", "/shares", Some(share("friend".into()))).await["token"]);
        assert_eq!(code(&friend.tries_seat(&buy.sku, &format!("{group}:{forged}")).await), refused(404, "group_buy.not_found"), "only members invite");
        let card = leader.does("POST", "/shares", Some(share("friend".into()))).await;
        assert!(text(&card["title"]).starts_with("还差1人成团"), "{card}");
        let token = text(&card["token"]);
        let page = friend.does("GET", &format!("/group-buys/groups/{group}?share={token}"), None).await;
        assert_eq!(may(&page, "join"), (true, String::new()));
        let (order, _) = friend.takes_seat(&buy.sku, &format!("{group}:{token}")).await;
        friend.pays(&order).await;
        shop.settle().await;
        assert_eq!(shop.group(&group).await["group"]["state"], "formed");
    }

    async fn staff_plan_look_and_export(shop: &Shop) {
        let product = shop.product(10_000, 10).await;
        let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let other = shop.sku(1_000, 1).await;
        let draft = |changes: Value| shop.group_buy_draft(&id, &sku, &changes);
        for (changes, field) in [
            (json!({"sizes": [1]}), "sizes"),
            (json!({"sizes": [2, 3]}), "skus.prices_fen"),
            (json!({"lifetime_minutes": 14}), "lifetime_minutes"),
            (json!({"skus": [{"sku_id": other, "prices_fen": [1]}]}), "skus.sku_id"),
        ] {
            let answer = shop.call("POST", "/admin/v1/group-buys", Some(&shop.owner), Some(draft(changes))).await;
            assert_eq!(code(&answer), refused(422, "group_buy.invalid_rules"), "{field}");
            assert_eq!(answer.1["details"]["flaws"][0]["field"], field, "{}", answer.1);
        }
        let planned = shop.staff_post("/group-buys", draft(json!({"sizes": [2], "joiners": "anyone"}))).await;
        let campaign = text(&planned["campaign_id"]);
        let mut rules = planned["rules"].clone();
        rules["sizes"] = json!([3]);
        let path = format!("/group-buys/{campaign}");
        assert_eq!(shop.staff("PUT", &format!("{path}/rules"), Some(rules.clone())).await["rules"]["sizes"], json!([3]));
        assert_eq!(shop.staff("GET", &path, None).await["state"], "draft");
        let buyer = shop.buyer().await;
        assert_eq!(code(&buyer.tries_seat(&sku, &format!("new:{campaign}")).await), refused(404, "campaign.not_found"));
        shop.starts(&campaign).await;
        let late = shop.call("PUT", &format!("/admin/v1{path}/rules"), Some(&shop.owner), Some(rules)).await;
        assert_eq!(code(&late), refused(409, "campaign.state_conflict"));
        let listed = buyer.does("GET", "/group-buys", None).await;
        assert_eq!((&listed[0]["campaign_id"], &listed[0]["skus"][0]["group_prices_fen"]), (&json!(campaign), &json!([8_000])), "{listed}");
        let buy = crate::support::groups::GroupBuy { campaign: campaign.clone(), sku };
        let (_, group) = buyer.opens_group(&buy).await;
        let of_product = shop.buyer().await.does("GET", &format!("/group-buys/products/{id}"), None).await;
        assert_eq!((&of_product["group_buys"][0]["campaign_id"], &of_product["groups"][0]["group_id"]), (&json!(campaign), &json!(group)), "{of_product}");
        let table = shop.table(&format!("{path}/participants/export")).await;
        assert_eq!(table.lines().count(), 2, "{table}");
        assert!(table.contains(&group) && table.contains("80.00"), "{table}");
        let reason = json!({"reason": ""});
        let groups = format!("/admin/v1/group-buys/groups/{group}/expire");
        let unexplained = shop.call("POST", &groups, Some(&shop.owner), Some(reason)).await;
        assert_eq!(code(&unexplained), refused(422, "group_buy.invalid_reason"));
        assert_eq!((shop.ends_group(&group).await, shop.ends_group(&group).await), (204, 409));
        let audit = shop.staff("GET", "/audit?action=group_buy.expire", None).await;
        assert_eq!(audit["items"][0]["reason"], "质量问题", "{audit}");
    }

    with [("HOURGLASS_PAGES_FRESH_MS", "250")]
    async fn the_wall_is_the_same_for_everybody_for_a_moment_and_never_old(shop: &Shop) {
        let buy = shop.group_buy(json!({})).await;
        let wall = async |query: &str| {
            let (status, page) = shop.call("GET", &format!("/api/v1/group-buys/groups{query}"), None, None).await;
            assert_eq!(status, 200, "{page}");
            page
        };
        let groups = |page: &Value| page["items"].as_array().map_or(0, Vec::len);
        assert_eq!(groups(&wall("").await), 0);
        let (leader, other) = (shop.buyer().await, shop.buyer().await);
        let (_, group) = leader.opens_group(&buy).await;
        other.opens_group(&buy).await;
        assert_eq!(groups(&wall("").await), 0, "as it was a moment ago");
        assert_eq!(groups(&other.does("GET", "/group-buys/groups", None).await), 2, "whoever is logged in sees it at once");
        shop.clock.advance(249);
        assert_eq!(groups(&wall("").await), 0);
        shop.clock.advance(1);
        assert_eq!(groups(&wall("").await), 2);

        let second_page = format!("?limit=1&cursor={}", text(&wall("?limit=1").await["next_cursor"]));
        assert!(wall(&second_page).await["next_cursor"].is_null());
        shop.buyer().await.opens_group(&buy).await;
        assert!(wall(&second_page).await["next_cursor"].is_string(), "only the beginning of a list is kept");

        let page = async || shop.call("GET", &format!("/api/v1/group-buys/groups/{group}"), None, None).await.1["free"].clone();
        assert_eq!(page().await, 2);
        other.joins_group(&buy, &group).await;
        assert_eq!(page().await, 2);
        shop.clock.advance(MINUTE);
        assert_eq!((page().await, groups(&wall("").await)), (json!(1), 3), "nobody came for a minute");
    }
}
