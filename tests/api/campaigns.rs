//! Campaigns: what staff do with them, what shoppers see of them, and what the report says in the end.

use hourglass::campaign::{self, Action, CampaignError, CampaignKind, CampaignOrder, is_held_out};
use hourglass::kernel::id::{CampaignId, OrderId, UserId};
use hourglass::kernel::money::Fen;
use hourglass::kernel::time::{DAY_MS, HOUR_MS};
use hourglass::platform::db::{DbError, Tx};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::shop::text;

const KIND: CampaignKind = CampaignKind::Live;

async fn shown_to(buyer: &Buyer<'_>) -> Vec<String> {
    let answer = buyer.does("GET", "/campaigns", None).await;
    answer["items"].as_array().unwrap().iter().map(|item| text(&item["campaign_id"])).collect()
}

async fn id_of(buyer: &Buyer<'_>) -> UserId {
    UserId::new(buyer.user_id().await.parse().unwrap())
}

async fn look(shop: &Shop, id: CampaignId) -> Value {
    shop.staff("GET", &format!("/campaigns/{id}"), None).await
}

async fn owner_asks(shop: &Shop, method: &str, path: &str, body: Value) -> (u16, Value) {
    let at = format!("/admin/v1{path}");
    match shop.call(method, &at, Some(&shop.owner), Some(body.clone())).await {
        // The clock has moved past the end of the first log-in.
        (401, _) => shop.call(method, &at, Some(&shop.owner_again().await), Some(body)).await,
        answered => answered,
    }
}

/// A new user of whom this campaign's hold-out says so.
pub async fn somebody<'a>(shop: &'a Shop, id: CampaignId, permille: i64, held_out: bool) -> (Buyer<'a>, UserId) {
    loop {
        let buyer = shop.buyer().await;
        let user = id_of(&buyer).await;
        if is_held_out(id, user, permille) == held_out {
            return (buyer, user);
        }
    }
}

pub async fn attributed(
    shop: &Shop,
    campaign: CampaignId,
    order_id: &str,
    (user, newcomer): (UserId, bool),
    cost: i64,
) {
    let order_id = OrderId::new(order_id.parse().unwrap());
    let total = Fen::new(shop.order(&order_id.to_string()).await["price"]["total_fen"].as_i64().unwrap());
    let attributing = move |tx: &mut Tx<'_>| {
        let (channel, inviter, cost) = (None, None, Fen::new(cost));
        campaign::attribute(tx, &CampaignOrder { campaign, order_id, user, newcomer, channel, inviter, cost, total })
    };
    shop.app.db().write("attribute", attributing).await.unwrap();
    shop.settle().await;
}

pub async fn takes_part(shop: &Shop, campaign: CampaignId, user: UserId) {
    let noting = move |tx: &mut Tx<'_>| {
        let (newcomer, network) = (true, Some("203.0.113.5"));
        let (device, inviter, amount) = (None, None, Fen::ZERO);
        campaign::note(tx, &Action { campaign, user, what: "claim", newcomer, device, network, inviter, amount })?;
        Ok::<_, DbError>(())
    };
    shop.app.db().write("note", noting).await.unwrap();
}

on_both_databases! {
    async fn a_campaign_goes_from_draft_to_review_and_its_log_tells_all_of_it(shop: &Shop) {
        let begins = shop.now().plus_millis(HOUR_MS);
        let id = shop.campaign(KIND, &json!({"starts_at": begins, "ends_at": begins.plus_millis(DAY_MS)})).await;
        assert_eq!(look(shop, id).await["steps"], json!(["schedule", "end"]));
        let checked = shop.staff_post(&format!("/campaigns/{id}/check"), json!({})).await;
        assert_eq!(checked, json!({"ready": true, "problems": []}));
        shop.starts(id).await;
        assert_eq!(look(shop, id).await["state"], "scheduled");
        let again = owner_asks(shop, "POST", &format!("/campaigns/{id}/schedule"), json!({"reason": "再来"})).await;
        assert_eq!((again.0, &again.1["code"]), (409, &json!("campaign.state_conflict")));
        shop.later(HOUR_MS).await;
        assert_eq!(look(shop, id).await["state"], "running");
        assert_eq!(shop.steps(id, "pause").await["state"], "paused");
        assert!(matches!(shop.spends(id, "a", 1).await, Err(CampaignError::NotRunning(_))));
        assert_eq!(shop.steps(id, "resume").await["state"], "running");
        shop.spends(id, "a", 1).await.unwrap();
        let unreasoned = owner_asks(shop, "POST", &format!("/campaigns/{id}/pause"), json!({"reason": " "})).await;
        assert_eq!((unreasoned.0, &unreasoned.1["code"]), (422, &json!("campaign.invalid_field")));
        shop.later(DAY_MS).await;
        assert_eq!(look(shop, id).await["state"], "ended");
        let reviewed = shop.staff_post(&format!("/campaigns/{id}/review"), json!({"conclusions": "晚间效果最好"})).await;
        assert_eq!((&reviewed["state"], &reviewed["conclusions"]), (&json!("reviewed"), &json!("晚间效果最好")));
        assert_eq!(reviewed["steps"], json!([]));

        let log = shop.staff("GET", &format!("/campaigns/{id}/changes?limit=100"), None).await;
        let log: Vec<&Value> = log["items"].as_array().unwrap().iter().rev().collect();
        let told: Vec<(&str, bool)> = log.iter().map(|row| (row["action"].as_str().unwrap(), row["staff_id"].is_null())).collect();
        let expected = [
            ("create", false), ("schedule", false), ("start", true), ("pause", false), ("resume", false), ("end", true), ("review", false),
        ];
        assert_eq!(told, expected);
        let audited = shop.staff("GET", "/audit?subject_kind=campaign&limit=100", None).await;
        assert_eq!(audited["items"].as_array().unwrap().len(), 5, "{audited}");
    }

    async fn budgets_above_the_limit_take_two_people(shop: &Shop) {
        let second = shop.second_owner().await;
        let id = shop.campaign(KIND, &json!({"budget_fen": 1_000_001})).await;
        let asked = shop.steps(id, "schedule").await;
        assert_eq!((&asked["waits_for_approval"], &asked["campaign"]["state"]), (&json!(true), &json!("draft")));
        let twice = owner_asks(shop, "POST", &format!("/campaigns/{id}/schedule"), json!({"reason": "再问"})).await;
        assert_eq!(twice.0, 409, "{}", twice.1);
        assert_eq!(shop.agrees(&second, id).await.0, 200);
        shop.settle().await;
        assert_eq!(look(shop, id).await["state"], "running");

        let version = look(shop, id).await["version"].clone();
        let raise = json!({"version": version, "plan": {"budget_fen": 2_000_000, "name": "返场"}, "reason": "追加"});
        let (status, raised) = owner_asks(shop, "PATCH", &format!("/campaigns/{id}"), raise.clone()).await;
        assert_eq!((status, &raised["waits_for_approval"]), (200, &json!(true)), "{raised}");
        assert_eq!((&raised["campaign"]["plan"]["name"], &raised["campaign"]["money"]["budget_fen"]), (&json!("返场"), &json!(1_000_001)));
        let stale = owner_asks(shop, "PATCH", &format!("/campaigns/{id}"), raise).await;
        assert_eq!((stale.0, &stale.1["code"]), (409, &json!("campaign.state_conflict")));
        assert!(shop.spends(id, "much", 1_500_000).await.is_err());
        assert_eq!(shop.agrees(&second, id).await.0, 200);
        shop.spends(id, "much", 1_500_000).await.unwrap();
        let money = look(shop, id).await["money"].clone();
        assert_eq!((&money["spent_fen"], &money["left_fen"], &money["approved_budget_fen"]), (&json!(1_500_000), &json!(500_000), &json!(2_000_000)));

        // Somebody changed the draft after the wish: the second person agreed to another budget.
        let moved = shop.campaign(KIND, &json!({"budget_fen": 1_000_001})).await;
        shop.steps(moved, "schedule").await;
        let edit = json!({"version": 1, "plan": {"budget_fen": 90_000_000}, "reason": "改大"});
        owner_asks(shop, "PATCH", &format!("/campaigns/{moved}"), edit).await;
        assert_eq!(shop.agrees(&second, moved).await.0, 409);
        assert_eq!(look(shop, moved).await["state"], "draft");
    }

    async fn shoppers_see_what_is_meant_for_them_and_nothing_of_a_hold_out(shop: &Shop) {
        let sku = shop.sku(5_000, 20).await;
        let everyone = shop.running_campaign(KIND, &json!({})).await;
        let newcomers = shop.running_campaign(KIND, &json!({"audience": "newcomers"})).await;
        let customers = shop.running_campaign(KIND, &json!({"audience": "customers"})).await;
        let held = shop.running_campaign(KIND, &json!({"holdout_permille": 500})).await;
        let listed = shop.campaign(KIND, &json!({"audience": "list"})).await;
        shop.campaign(KIND, &json!({"name": "只是草稿"})).await;

        let (treated, treated_id) = somebody(shop, held, 500, false).await;
        let (out, _) = somebody(shop, held, 500, true).await;
        let problems = shop.staff_post(&format!("/campaigns/{listed}/check"), json!({})).await;
        assert_eq!(problems["problems"][0]["code"], "campaign.nobody_listed");
        let refused = owner_asks(shop, "POST", &format!("/campaigns/{listed}/schedule"), json!({"reason": "上线"})).await;
        assert_eq!((refused.0, &refused.1["code"]), (422, &json!("campaign.not_ready")));
        let nobody = json!({"add": ["1"], "reason": "名单"});
        let unknown = owner_asks(shop, "POST", &format!("/campaigns/{listed}/audience"), nobody).await;
        assert_eq!((unknown.0, &unknown.1["details"]["user_ids"]), (422, &json!(["1"])));
        let named = shop.staff_post(&format!("/campaigns/{listed}/audience"), json!({"add": [treated_id, treated_id], "reason": "名单"})).await;
        assert_eq!(named["listed_users"], 1);
        shop.starts(listed).await;

        let ids = |ids: &[CampaignId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown_to(&treated).await, ids(&[everyone, newcomers, held, listed]));
        assert_eq!(shown_to(&out).await, ids(&[everyone, newcomers]));
        let strangers = shop.call("GET", "/api/v1/campaigns", None, None).await.1;
        assert_eq!(strangers["items"].as_array().unwrap().len(), 3, "{strangers}");
        for (id, status, code) in [(held, 403, "campaign.not_for_you"), (listed, 403, "campaign.not_for_you"), (CampaignId::new(1), 404, "campaign.not_found")] {
            let (found, answer) = out.call("GET", &format!("/campaigns/{id}"), None).await;
            assert_eq!((found, &answer["code"]), (status, &json!(code)), "{answer}");
        }
        out.buys(&[(&sku, 1)]).await;
        shop.settle().await;
        assert_eq!(shown_to(&out).await, ids(&[everyone, customers]));

        shop.steps(everyone, "pause").await;
        assert_eq!(shown_to(&out).await, ids(&[customers]), "what is paused is not shown");
        let page = out.does("GET", &format!("/campaigns/{everyone}"), None).await;
        assert_eq!(page["actions"][0]["allowed"], false);
        assert_eq!(page["actions"][0]["refusal"]["code"], "campaign.not_running");
        let page = treated.does("GET", &format!("/campaigns/{held}"), None).await;
        assert_eq!((&page["actions"][0]["allowed"], &page["actions"][0]["refusal"]), (&json!(true), &Value::Null));
    }

    async fn a_rush_pauses_a_campaign_and_staff_let_it_go_on(shop: &Shop) {
        let id = shop.running_campaign(KIND, &json!({})).await;
        let rule = json!({"rule": "network_share", "threshold": 300, "window_seconds": 600, "least": 5, "effect": "pause"});
        let wrong = json!({"rules": [rule, rule], "reason": "收紧"});
        assert_eq!(owner_asks(shop, "PUT", &format!("/campaigns/{id}/risk-rules"), wrong).await.0, 422);
        shop.staff("PUT", &format!("/campaigns/{id}/risk-rules"), Some(json!({"rules": [rule], "reason": "收紧"}))).await;
        let crowd = [shop.buyer().await, shop.buyer().await, shop.buyer().await, shop.buyer().await, shop.buyer().await];
        for buyer in &crowd {
            takes_part(shop, id, id_of(buyer).await).await;
        }
        shop.settle().await;
        assert_eq!(look(shop, id).await["state"], "paused");
        let risk = shop.staff("GET", &format!("/campaigns/{id}/risk"), None).await;
        assert_eq!((&risk["alerts"][0]["figure"], &risk["alerts"][0]["culprit"]), (&json!(1_000), &json!("203.0.113.0/24")));
        let log = shop.staff("GET", &format!("/campaigns/{id}/changes?limit=1"), None).await;
        assert_eq!(log["items"][0]["reason"], "network_share: 1000 by 203.0.113.0/24, more than 300");
        assert!(matches!(shop.spends(id, "late", 1).await, Err(CampaignError::NotRunning(_))));
        shop.steps(id, "resume").await;
        shop.settle().await;
        takes_part(shop, id, id_of(&crowd[0]).await).await;
        shop.settle().await;
        assert_eq!(look(shop, id).await["state"], "running", "what happened before does not count again");
    }

    async fn the_report_holds_what_came_against_the_plan(shop: &Shop) {
        let sku = shop.sku(10_000, 50).await;
        let plan = json!({
            "holdout_permille": 500, "margin_permille": 400,
            "expected": {"cost_fen": 5_000, "new_users": 3, "revenue_fen": 30_000},
        });
        let id = shop.running_campaign(KIND, &plan).await;
        let (sharer, sharer_id) = somebody(shop, id, 500, false).await;
        takes_part(shop, id, sharer_id).await;
        let token = sharer.shares_thing("campaign", &id.to_string(), "group_chat").await;
        let device = shop.device().await;
        device.opens(&token).await;
        let friend = device.logs_in(None).await;
        takes_part(shop, id, id_of(&friend).await).await;

        // Two orders carry it and are paid; one of them is refunded whole; a third closes unpaid.
        let kept = sharer.orders(&[(&sku, 2)]).await;
        shop.spends(id, &format!("order:{kept}"), 1_000).await.unwrap();
        attributed(shop, id, &kept, (sharer_id, true), 1_000).await;
        shop.pay(&sharer.begins_to_pay(&kept).await).await;
        let returned = sharer.buys(&[(&sku, 1)]).await;
        attributed(shop, id, &returned, (sharer_id, false), 500).await;
        let unpaid = sharer.orders(&[(&sku, 1)]).await;
        attributed(shop, id, &unpaid, (sharer_id, false), 500).await;
        sharer.does("POST", &format!("/orders/{returned}/refund"), Some(json!({"reason": "不想要了"}))).await;
        sharer.does("POST", &format!("/orders/{unpaid}/cancel"), Some(json!({"reason": "不买了"}))).await;
        let (held, _) = somebody(shop, id, 500, true).await;
        held.buys(&[(&sku, 1)]).await;
        shop.settle().await;

        let report = shop.staff("GET", &format!("/campaigns/{id}/report"), None).await;
        let fact = &report["fact"];
        assert_eq!(report["expected"]["new_users"], 3);
        assert_eq!((&fact["cost_fen"], &fact["participants"], &fact["new_users"], &fact["k"]), (&json!(1_000), &json!(2), &json!(1), &json!("0.5000")), "{report}");
        let total = shop.order(&kept).await["price"]["total_fen"].as_i64().unwrap();
        let back = shop.order(&returned).await["price"]["total_fen"].as_i64().unwrap();
        let orders = &fact["orders"];
        assert_eq!((&orders["placed"], &orders["paid"], &orders["of_newcomers"]), (&json!(3), &json!(2), &json!(1)), "{orders}");
        assert_eq!((&orders["revenue_fen"], &orders["refunded_fen"]), (&json!(total + back), &json!(back)));
        assert_eq!((&orders["net_revenue_fen"], &orders["taken_off_fen"]), (&json!(total), &json!(1_000)));
        assert_eq!((&fact["buyers"], &fact["new_buyers"]), (&json!(1), &json!(1)));
        // 40 % of what it lists at, less the cost, over the cost: (0.4 × 21,200 − 1,000) / 1,000.
        assert_eq!(total, 20_200);
        assert_eq!(fact["roi"], "7.4800");
        assert_eq!(report["by_day"].as_array().unwrap().len(), 1);
        assert_eq!(report["by_day"][0]["day"], "2026-03-01");
        let channels = report["by_channel"].as_array().unwrap();
        assert!(channels.iter().any(|part| part["channel"] == "group_chat" && part["new_users"] == 1), "{report}");
        let sides = &report["hold_out"];
        assert_eq!((&sides["treated"]["buyers"], &sides["held_out"]["buyers"]), (&json!(1), &json!(1)), "{sides}");
        assert_eq!(sides["treated"]["net_revenue_fen"], total);
        assert!(sides["uplift"].is_string() && sides["held_out"]["users"].as_i64().unwrap() >= 1, "{sides}");

        let address = format!("{}/admin/v1/campaigns/{id}/report/export", shop.base);
        let table = shop.http.get(address).bearer_auth(&shop.owner).send().await.unwrap().text().await.unwrap();
        let lines: Vec<&str> = table.trim_start_matches('\u{feff}').lines().collect();
        assert!(lines[0].starts_with("part,key,participants"), "{table}");
        assert_eq!(lines[1], format!("total,{id},2,2,1,3,2,1,303.00,101.00,202.00,10.00,10.00"));
        assert!(lines.iter().any(|line| line.starts_with("day,2026-03-01,")) && lines.iter().any(|line| line.starts_with("channel,group_chat,")), "{table}");
    }

    async fn the_calendar_and_the_list_hold_all_kinds_together(shop: &Shop) {
        let begins = shop.now().plus_millis(2 * DAY_MS);
        let soon = shop.campaign(CampaignKind::Live, &json!({})).await;
        let later = shop.campaign(CampaignKind::Live, &json!({"starts_at": begins, "ends_at": begins.plus_millis(DAY_MS)})).await;
        shop.starts(soon).await;
        let all = shop.staff("GET", "/campaigns?limit=1", None).await;
        assert_eq!(all["items"][0]["campaign_id"], json!(later));
        let next = shop.staff("GET", &format!("/campaigns?limit=1&cursor={}", all["next_cursor"].as_str().unwrap()), None).await;
        assert_eq!((&next["items"][0]["campaign_id"], &next["next_cursor"]), (&json!(soon), &Value::Null));
        let running = shop.staff("GET", "/campaigns?state=running&kind=live", None).await;
        assert_eq!(running["items"].as_array().unwrap().len(), 1);
        let calendar = shop.staff("GET", "/campaigns/calendar?from=2026-03-03&until=2026-03-05", None).await;
        let entries: Vec<(&Value, &Value)> = calendar["items"].as_array().unwrap().iter().map(|entry| (&entry["first_day"], &entry["last_day"])).collect();
        assert_eq!(entries, [(&json!("2026-03-01"), &json!("2026-03-08")), (&json!("2026-03-03"), &json!("2026-03-04"))]);
        let empty = shop.staff("GET", "/campaigns/calendar?from=2026-05-03&until=2026-05-05", None).await;
        assert_eq!(empty["items"], json!([]));
        let backwards = shop.call("GET", "/admin/v1/campaigns/calendar?from=2026-03-05&until=2026-03-03", Some(&shop.owner), None).await;
        assert_eq!(backwards.0, 422);
    }

    async fn a_campaigns_own_page_can_be_passed_on_while_it_is_shown(shop: &Shop) {
        let id = shop.campaign(KIND, &json!({"card": {"title": "樱桃立减", "path": "/pages/drop/index"}})).await;
        let buyer = shop.buyer().await;
        let body = json!({"subject": {"kind": "campaign", "reference": id.to_string()}, "channel": "friend"});
        assert_eq!(buyer.call("POST", "/shares", Some(body.clone())).await.0, 404, "a draft is nobody's");
        shop.starts(id).await;
        let (status, share) = buyer.call("POST", "/shares", Some(body)).await;
        assert_eq!(status, 201, "{share}");
        assert_eq!((&share["campaign_id"], &share["title"]), (&json!(id), &json!("樱桃立减")));
        assert!(share.to_string().contains(&format!("pages/drop/index?id={id}")), "{share}");
    }
}
