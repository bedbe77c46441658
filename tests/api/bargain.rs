//! Bargains over HTTP: friends cut, the owner buys at the price reached, staff see everything.

use futures_util::future::join;
use hourglass::kernel::time::{HOUR_MS, MINUTE_MS};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::{Buyer, Wish, basket};
use crate::support::crowd::at_once;
use crate::support::shop::text;

/// A campaign that runs, and what is bargained over in it.
struct Stall {
    id: String,
    sku: String,
}

/// What staff send to plan a campaign: from 99.00 yuan to 49.00 in ten cuts, but for these changes.
async fn planned(shop: &Shop, rules: &Value, plan: &Value) -> (String, Value) {
    let sku = shop.sku(9_900, 20).await;
    let mut promised = json!({
        "sku_id": sku, "floor_fen": 4_900, "cuts_min": 10, "cuts_max": 10, "lifetime_minutes": 120,
        "helpers": "anyone", "buy_when": "any_price", "owner_cuts_first": false, "quota": 10
    });
    for (name, value) in rules.as_object().expect("rules") {
        promised[name] = value.clone();
    }
    (sku, json!({"plan": shop.plan(plan), "rules": promised}))
}

async fn opens_stall(shop: &Shop, rules: &Value, plan: &Value) -> Stall {
    let (sku, body) = planned(shop, rules, plan).await;
    let campaign = shop.staff_post("/bargain-campaigns", body).await;
    let id = text(&campaign["campaign_id"]);
    shop.starts(&id).await;
    Stall { id, sku }
}

async fn spent(shop: &Shop, stall: &Stall) -> i64 {
    let campaign = shop.staff("GET", &format!("/campaigns/{}", stall.id), None).await;
    campaign["money"]["spent_fen"].as_i64().unwrap_or_else(|| panic!("{campaign}"))
}

async fn sold(shop: &Shop, stall: &Stall) -> Value {
    shop.staff("GET", &format!("/bargain-campaigns/{}", stall.id), None).await["sold"].clone()
}

impl Buyer<'_> {
    async fn opens_bargain(&self, stall: &Stall) -> String {
        text(&self.does("POST", "/bargains", Some(json!({"campaign_id": stall.id}))).await["bargain_id"])
    }

    async fn helps(&self, bargain: &str) -> (u16, Value) {
        self.call("POST", &format!("/bargains/{bargain}/cuts"), None).await
    }

    async fn sees(&self, bargain: &str) -> Value {
        self.does("GET", &format!("/bargains/{bargain}"), None).await
    }

    async fn quotes_bargain(&self, lines: &[(&str, i64)], bargain: &str) -> (u16, Value) {
        let claims = json!([{"kind": "bargain", "reference": bargain}]);
        let body = json!({"lines": basket(lines), "claims": claims, "province_code": "44"});
        self.call("POST", "/quotes", Some(body)).await
    }

    async fn tries_to_redeem(&self, stall: &Stall, bargain: &str) -> (u16, Value) {
        let (status, quote) = self.quotes_bargain(&[(&stall.sku, 1)], bargain).await;
        if status != 200 {
            return (status, quote);
        }
        let Wish { key, mut body } = self.wishes_at(&[(&stall.sku, 1)], &quote);
        body["claims"] = json!([{"kind": "bargain", "reference": bargain}]);
        self.sends(&Wish { key, body }).await
    }

    async fn redeems(&self, stall: &Stall, bargain: &str) -> Value {
        let (status, order) = self.tries_to_redeem(stall, bargain).await;
        assert_eq!(status, 201, "{order}");
        order
    }
}

fn may(page: &Value, action: &str) -> Value {
    let actions = page["actions"].as_array().expect("actions");
    let found = actions.iter().find(|found| found["action"] == action);
    let found = found.unwrap_or_else(|| panic!("no {action} in {page}"));
    if found["allowed"] == true { json!(true) } else { found["refusal"]["code"].clone() }
}

async fn crowd(shop: &Shop, count: usize) -> Vec<Buyer<'_>> {
    at_once(16, (0..count).map(|_| shop.buyer())).await
}

on_both_databases! {
    async fn friends_cut_a_price_and_the_owner_buys_at_it(shop: &Shop) {
        let stall = opens_stall(shop, &json!({}), &json!({})).await;
        let (owner, friend) = (shop.buyer().await, shop.buyer().await);
        let wall = owner.does("GET", "/bargain-campaigns", None).await;
        assert_eq!((&wall["items"][0]["start_fen"], &wall["items"][0]["left"]), (&json!(9_900), &json!(10)), "{wall}");

        let bargain = owner.opens_bargain(&stall).await;
        let (status, nobody) = shop.call("GET", &format!("/api/v1/bargains/{bargain}"), None, None).await;
        assert_eq!((status, &nobody["bargain"]["price_fen"]), (200, &json!(9_900)), "{nobody}");
        assert_eq!(may(&nobody, "help"), "request.unauthenticated");
        let page = owner.sees(&bargain).await;
        assert_eq!((may(&page, "help"), may(&page, "buy")), (json!("bargain.own_bargain"), json!(true)), "{page}");
        assert_eq!(may(&page, "open"), "bargain.already_open");
        let page = friend.sees(&bargain).await;
        assert_eq!((may(&page, "help"), may(&page, "buy"), may(&page, "open")), (json!(true), json!("bargain.not_found"), json!(true)), "{page}");

        let (status, helped) = friend.helps(&bargain).await;
        assert_eq!(status, 201, "{helped}");
        let price = helped["bargain"]["price_fen"].as_i64().unwrap();
        assert_eq!(price, 9_900 - helped["amount_fen"].as_i64().unwrap());
        let (status, again) = friend.helps(&bargain).await;
        assert_eq!((status, &again["code"]), (409, &json!("bargain.already_helped")));
        let page = friend.sees(&bargain).await;
        assert_eq!(may(&page, "help"), "bargain.already_helped");
        assert_eq!(page["own_cut"]["amount_fen"], helped["amount_fen"]);
        assert_eq!(page["cuts"][0]["amount_fen"], helped["amount_fen"]);
        assert!(page["cuts"][0]["helper"]["name"].as_str().unwrap().ends_with("**"), "{page}");

        let (status, quote) = owner.quotes_bargain(&[(&stall.sku, 1)], &bargain).await;
        assert_eq!((status, &quote["total_fen"]), (200, &json!(price + 100)), "{quote}");
        let order = owner.redeems(&stall, &bargain).await;
        let order_id = text(&order["order_id"]);
        assert_eq!(spent(shop, &stall).await, 9_900 - price);
        let (status, refused) = shop.buyer().await.helps(&bargain).await;
        assert_eq!((status, &refused["code"], &refused["details"]["order_id"]), (409, &json!("bargain.being_bought"), &Value::Null));
        let page = friend.sees(&bargain).await;
        assert_eq!((&page["bargain"]["being_bought"], &page["order_id"]), (&json!(true), &Value::Null), "whose order it is stays with the owner");
        assert_eq!(owner.sees(&bargain).await["order_id"], json!(order_id));

        let prepay = owner.begins_to_pay(&order_id).await;
        shop.pay(&prepay).await;
        assert_eq!(owner.sees(&bargain).await["bargain"]["state"], "bought");
        let (status, refused) = shop.buyer().await.helps(&bargain).await;
        assert_eq!((status, &refused["code"]), (409, &json!("bargain.bought")));
        assert_eq!(sold(shop, &stall).await, 1);
        let file = shop.staff("GET", &format!("/bargains/{bargain}"), None).await;
        assert_eq!((&file["pieces_match_seed"], &file["redemptions"][0]["state"]), (&json!(true), &json!("bought")), "{file}");
        assert_eq!(file["pieces"].as_array().unwrap().len(), 10);

        owner.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(owner.order(&order_id).await["state"], "refunded");
        assert_eq!((spent(shop, &stall).await, sold(shop, &stall).await), (0, json!(0)));
        assert_eq!(owner.sees(&bargain).await["bargain"]["state"], "bought", "what was bought stays bought");
    }

    async fn an_order_that_closes_unpaid_puts_the_bargain_back_exactly_once(shop: &Shop) {
        let stall = opens_stall(shop, &json!({}), &json!({})).await;
        let (mut owner, friend) = (shop.buyer().await, shop.buyer().await);
        let bargain = owner.opens_bargain(&stall).await;
        friend.helps(&bargain).await;
        let before = owner.sees(&bargain).await["bargain"].clone();
        let order = text(&owner.redeems(&stall, &bargain).await["order_id"]);
        let (status, refused) = owner.tries_to_redeem(&stall, &bargain).await;
        assert_eq!((status, &refused["code"], &refused["details"]["order_id"]), (409, &json!("bargain.being_bought"), &json!(order)));

        let path = format!("/orders/{order}/cancel");
        let answers = at_once(8, (0..8).map(|_| owner.call("POST", &path, Some(json!({"reason": "再想想"}))))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status < 300).count(), 1, "{answers:?}");
        assert_eq!(owner.sees(&bargain).await["bargain"], before, "as it was");
        assert_eq!((spent(shop, &stall).await, sold(shop, &stall).await), (0, json!(0)));
        assert_eq!(shop.buyer().await.helps(&bargain).await.0, 201);

        // Nobody pays for fifteen minutes, which the campaign says is the time to pay.
        let order = text(&owner.redeems(&stall, &bargain).await["order_id"]);
        shop.later(15 * MINUTE_MS).await;
        owner.comes_again().await;
        assert_eq!(owner.order(&order).await["state"], "closed");
        assert_eq!(owner.sees(&bargain).await["bargain"]["state"], "running");

        // The bargain's own time passes while an order holds it.
        shop.later(104 * MINUTE_MS).await;
        owner.comes_again().await;
        owner.redeems(&stall, &bargain).await;
        shop.later(2 * MINUTE_MS).await;
        assert_eq!(owner.sees(&bargain).await["bargain"]["state"], "running", "its order may still be paid");
        shop.later(15 * MINUTE_MS).await;
        owner.comes_again().await;
        assert_eq!(owner.sees(&bargain).await["bargain"]["state"], "expired");
        let (status, refused) = owner.tries_to_redeem(&stall, &bargain).await;
        assert_eq!((status, &refused["code"]), (409, &json!("bargain.expired")));
        let file = shop.staff("GET", &format!("/bargains/{bargain}"), None).await;
        let states: Vec<&Value> = file["redemptions"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(states, ["put_back"; 3]);
    }

    async fn buying_while_being_cut_pays_a_price_the_bargain_had(shop: &Shop) {
        let stall = opens_stall(shop, &json!({"cuts_min": 60, "cuts_max": 60}), &json!({})).await;
        let owner = shop.buyer().await;
        let friends = crowd(shop, 40).await;
        let bargain = owner.opens_bargain(&stall).await;
        let buying = async {
            for _ in 0..200 {
                let (status, order) = owner.tries_to_redeem(&stall, &bargain).await;
                if status == 201 {
                    return order;
                }
                assert_eq!(order["code"], "order.price_changed", "{order}");
            }
            panic!("the price never stood still");
        };
        let cutting = at_once(20, friends.iter().map(|friend| friend.helps(&bargain)));
        let (order, cuts) = futures_util::future::join(buying, cutting).await;
        for (status, answer) in &cuts {
            assert!(*status == 201 || answer["code"] == "bargain.being_bought", "{status} {answer}");
        }
        let made = cuts.iter().filter(|(status, _)| *status == 201).count();
        let cut: i64 = cuts.iter().filter_map(|(_, answer)| answer["amount_fen"].as_i64()).sum();
        let page = owner.sees(&bargain).await;
        assert_eq!((&page["bargain"]["helpers"], &page["bargain"]["price_fen"]), (&json!(made), &json!(9_900 - cut)));
        assert_eq!(order["price"]["total_fen"], json!(9_900 - cut + 100), "frozen when the order took hold of it");
    }

    async fn a_crowd_over_http_cuts_to_the_floor_exactly(shop: &Shop) {
        let stall = opens_stall(shop, &json!({"cuts_min": 40, "cuts_max": 40, "helpers": "newcomers_cut_more", "buy_when": "at_floor"}), &json!({})).await;
        let owner = shop.buyer().await;
        let friends = crowd(shop, 100).await;
        let bargain = owner.opens_bargain(&stall).await;
        let (status, refused) = owner.tries_to_redeem(&stall, &bargain).await;
        assert_eq!((status, &refused["code"], &refused["details"]["left_fen"]), (409, &json!("bargain.floor_not_reached"), &json!(5_000)));
        let cuts = at_once(50, friends.iter().map(|friend| friend.helps(&bargain))).await;
        assert_eq!(cuts.iter().filter(|(status, _)| *status == 201).count(), 40);
        let done = cuts.iter().filter(|(status, answer)| *status == 409 && answer["code"] == "bargain.floor_reached");
        assert_eq!(done.count(), 60, "{cuts:?}");
        let sum: i64 = cuts.iter().filter_map(|(_, answer)| answer["amount_fen"].as_i64()).sum();
        assert_eq!(sum, 5_000);
        let page = owner.sees(&bargain).await;
        assert_eq!((&page["bargain"]["floor_reached"], &page["bargain"]["price_fen"]), (&json!(true), &json!(4_900)));
        assert_eq!(page["cuts"].as_array().unwrap().len(), 20);
        let cursor = text(&page["next_cursor"]);
        let rest = owner.does("GET", &format!("/bargains/{bargain}/cuts?cursor={cursor}&limit=100"), None).await;
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (20, &Value::Null));
        assert_eq!(owner.redeems(&stall, &bargain).await["price"]["total_fen"], 5_000);
    }

    async fn a_claim_must_fit_the_basket_and_the_buyer(shop: &Shop) {
        let stall = opens_stall(shop, &json!({}), &json!({})).await;
        let other = shop.sku(1_000, 5).await;
        let (owner, stranger) = (shop.buyer().await, shop.buyer().await);
        let bargain = owner.opens_bargain(&stall).await;
        let refusals = [
            (stranger.quotes_bargain(&[(&stall.sku, 1)], &bargain).await, 404, "bargain.not_found"),
            (owner.quotes_bargain(&[(&stall.sku, 1)], "1").await, 404, "bargain.not_found"),
            (owner.quotes_bargain(&[(&stall.sku, 1)], "x").await, 404, "bargain.not_found"),
            (owner.quotes_bargain(&[(&stall.sku, 2)], &bargain).await, 422, "bargain.one_piece_only"),
            (owner.quotes_bargain(&[(&other, 1)], &bargain).await, 422, "bargain.line_missing"),
        ];
        for ((status, answer), expected, code) in refusals {
            assert_eq!((status, &answer["code"]), (expected, &json!(code)), "{answer}");
        }
        let claims = json!([{"kind": "bargain", "reference": bargain}, {"kind": "bargain", "reference": "2"}]);
        let (status, answer) = owner.call("POST", "/quotes", Some(json!({"lines": basket(&[(&stall.sku, 1)]), "claims": claims}))).await;
        assert_eq!((status, &answer["code"]), (422, &json!("bargain.one_per_order")));
        let (_, mixed) = owner.quotes_bargain(&[(&stall.sku, 1), (&other, 3)], &bargain).await;
        assert_eq!(mixed["goods_fen"], 12_900, "other goods may lie beside it: {mixed}");
    }

    async fn what_is_sold_out_is_sold_out_until_an_order_closes(shop: &Shop) {
        let stall = opens_stall(shop, &json!({"quota": 1}), &json!({})).await;
        let owners = crowd(shop, 6).await;
        let mut bargains = Vec::new();
        for owner in &owners {
            bargains.push(owner.opens_bargain(&stall).await);
        }
        let tries = owners.iter().zip(&bargains).map(|(owner, bargain)| owner.tries_to_redeem(&stall, bargain));
        let answers = at_once(6, tries).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, answer)| *status == 201 || answer["code"] == "bargain.sold_out"), "{answers:?}");
        let won = answers.iter().position(|(status, _)| *status == 201).unwrap();
        let lost = (won + 1) % owners.len();
        assert_eq!(may(&owners[lost].sees(&bargains[lost]).await, "buy"), "bargain.sold_out");
        let order = text(&answers[won].1["order_id"]);
        owners[won].does("POST", &format!("/orders/{order}/cancel"), Some(json!({"reason": "再想想"}))).await;
        assert_eq!(owners[lost].tries_to_redeem(&stall, &bargains[lost]).await.0, 201);
    }

    async fn the_budget_is_never_passed_and_a_pause_stops_everything(shop: &Shop) {
        let stall = opens_stall(shop, &json!({"cuts_min": 2, "cuts_max": 2}), &json!({"budget_fen": 5_000})).await;
        let (first, second) = (shop.buyer().await, shop.buyer().await);
        let friends = crowd(shop, 2).await;
        let (mine, theirs) = (first.opens_bargain(&stall).await, second.opens_bargain(&stall).await);
        for friend in &friends {
            assert_eq!(friend.helps(&mine).await.0, 201);
            assert_eq!(friend.helps(&theirs).await.0, 201);
        }
        first.redeems(&stall, &mine).await;
        assert_eq!(spent(shop, &stall).await, 5_000);
        let (status, refused) = second.tries_to_redeem(&stall, &theirs).await;
        assert_eq!((status, &refused["code"]), (409, &json!("campaign.budget_exhausted")));
        assert_eq!(second.sees(&theirs).await["bargain"]["being_bought"], false);
        assert_eq!(sold(shop, &stall).await, 1);

        let third = shop.buyer().await;
        let bargain = third.opens_bargain(&stall).await;
        shop.staff_post(&format!("/campaigns/{}/pause", stall.id), json!({"reason": "异常"})).await;
        let page = friends[0].sees(&bargain).await;
        assert_eq!((may(&page, "help"), may(&page, "open")), (json!("campaign.not_running"), json!("campaign.not_running")));
        let (status, refused) = friends[0].helps(&bargain).await;
        assert_eq!((status, &refused["code"]), (409, &json!("campaign.not_running")));
        let (status, refused) = third.quotes_bargain(&[(&stall.sku, 1)], &bargain).await;
        assert_eq!((status, &refused["code"]), (409, &json!("campaign.not_running")));
        assert_eq!(third.does("GET", "/bargain-campaigns", None).await["items"], json!([]));
        shop.staff_post(&format!("/campaigns/{}/resume", stall.id), json!({"reason": "已核实"})).await;
        assert_eq!(friends[0].helps(&bargain).await.0, 201);
    }

    async fn of_two_friends_who_help_each_other_at_once_one_is_rewarded(shop: &Shop) {
        let reward = shop.coupon_template(json!({})).await;
        let stall = opens_stall(shop, &json!({"reward_template_id": reward, "quota": 20}), &json!({})).await;
        let people = crowd(shop, 20).await;
        for pair in people.chunks(2) {
            let [one, other] = pair else { panic!("an odd crowd") };
            let (of_one, of_other) = (one.opens_bargain(&stall).await, other.opens_bargain(&stall).await);
            let (first, second) = join(one.helps(&of_other), other.helps(&of_one)).await;
            let mut rewards = [text(&first.1["reward"]), text(&second.1["reward"])];
            rewards.sort();
            assert_eq!((first.0, second.0, rewards), (201, 201, ["granted".to_owned(), "helping_loop".to_owned()]), "{first:?} {second:?}");
        }
    }

    async fn staff_plan_change_and_check_before_anything_runs(shop: &Shop) {
        let (sku, body) = planned(shop, &json!({}), &json!({})).await;
        let mut wrong = body.clone();
        wrong["rules"]["cuts_max"] = json!(9);
        wrong["rules"]["sku_id"] = json!("1");
        wrong["rules"]["reward_template_id"] = json!("2");
        wrong["rules"]["prizes"] = json!([{"from_rank": 2, "to_rank": 3, "template_id": "2"}]);
        let (status, refused) = shop.call("POST", "/admin/v1/bargain-campaigns", Some(&shop.owner), Some(wrong)).await;
        let flaws: Vec<&str> = refused["details"]["flaws"].as_array().unwrap().iter().filter_map(|flaw| flaw["field"].as_str()).collect();
        assert_eq!((status, flaws), (422, vec!["cuts_max", "prizes", "sku_id", "reward_template_id"]));

        let draft = shop.staff_post("/bargain-campaigns", body.clone()).await;
        let id = text(&draft["campaign_id"]);
        let (buyer, rules) = (shop.buyer().await, format!("/bargain-campaigns/{id}/rules"));
        assert_eq!(buyer.call("GET", &format!("/bargain-campaigns/{id}"), None).await.0, 404, "a draft is not shown");
        let (status, refused) = buyer.call("POST", "/bargains", Some(json!({"campaign_id": id}))).await;
        assert_eq!((status, &refused["code"]), (404, &json!("campaign.not_found")));
        let mut promised = body["rules"].clone();
        promised["floor_fen"] = json!(9_895);
        shop.staff("PUT", &rules, Some(promised.clone())).await;
        let checked = shop.staff_post(&format!("/campaigns/{id}/check"), json!({})).await;
        assert_eq!((&checked["ready"], &checked["problems"][0]["code"]), (&json!(false), &json!("bargain.no_room")), "{checked}");
        promised["floor_fen"] = json!(5_900);
        let changed = shop.staff("PUT", &rules, Some(promised.clone())).await;
        assert_eq!((&changed["rules"]["floor_fen"], &changed["rules"]["sku_id"]), (&json!(5_900), &json!(sku)));
        shop.starts(&id).await;
        let (status, refused) = shop.call("PUT", &format!("/admin/v1{rules}"), Some(&shop.owner), Some(promised)).await;
        assert_eq!((status, &refused["code"]), (409, &json!("campaign.state_conflict")));
        let page = buyer.does("GET", &format!("/bargain-campaigns/{id}"), None).await;
        assert_eq!((&page["floor_fen"], may(&page, "open")), (&json!(5_900), json!(true)));
    }

    async fn a_bargain_is_handed_on_with_its_price_and_what_came_of_it_is_seen(shop: &Shop) {
        let stall = opens_stall(shop, &json!({}), &json!({})).await;
        let (owner, friend) = (shop.buyer().await, shop.buyer().await);
        let bargain = owner.opens_bargain(&stall).await;
        let subject = json!({"subject": {"kind": "bargain", "reference": bargain}, "channel": "friend"});
        let share = owner.does("POST", "/shares", Some(subject)).await;
        assert_eq!((&share["price_fen"], &share["campaign_id"]), (&json!(9_900), &json!(stall.id)), "{share}");
        assert!(share["path"].as_str().unwrap().starts_with(&format!("pages/bargain/index?id={bargain}")), "{share}");
        friend.helps(&bargain).await;

        let list = owner.does("GET", "/bargains?state=running", None).await;
        assert_eq!((&list["items"][0]["bargain"]["bargain_id"], &list["items"][0]["bargain"]["helpers"]), (&json!(bargain), &json!(1)));
        assert_eq!(friend.does("GET", "/bargains", None).await["items"], json!([]));
        let ranking = friend.does("GET", &format!("/bargain-campaigns/{}/ranking", stall.id), None).await;
        assert_eq!((&ranking["places"][0]["helpers"], &ranking["own"]), (&json!(1), &Value::Null), "{ranking}");
        let ranking = owner.does("GET", &format!("/bargain-campaigns/{}/ranking", stall.id), None).await;
        assert_eq!(ranking["own"], json!({"place": 1, "helpers": 1}));

        let listed = shop.staff("GET", &format!("/bargain-campaigns/{}/bargains?state=running", stall.id), None).await;
        assert_eq!(listed["items"][0]["bargain_id"], json!(bargain));
        for (what, columns, rows) in [("bargains", 14, 1), ("cuts", 10, 1)] {
            let url = format!("{}/admin/v1/bargain-campaigns/{}/{what}/export", shop.base, stall.id);
            let table = shop.http.get(url).bearer_auth(&shop.owner).send().await.unwrap().text().await.unwrap();
            let lines: Vec<&str> = table.trim_start_matches('\u{feff}').lines().collect();
            assert_eq!((lines[0].split(',').count(), lines.len()), (columns, rows + 1), "{table}");
        }
        let report = shop.staff("GET", &format!("/campaigns/{}/report", stall.id), None).await;
        assert!(report.to_string().contains("\"bargains_opened\":1"), "{report}");
        shop.later(3 * HOUR_MS).await;
        let gone = shop.staff("GET", &format!("/bargain-campaigns/{}/bargains?state=expired", stall.id), None).await;
        assert_eq!(gone["items"].as_array().unwrap().len(), 1, "its time is over");
    }
}
