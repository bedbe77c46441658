//! The shop at a glance and the questions that every shop has, over HTTP.

use hourglass::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::shop::text;
use crate::support::telling::event;

impl Shop {
    /// Asks for figures as the owner, whatever the clock says; answers the status too.
    async fn glances_at(&self, path: &str) -> (u16, Value) {
        let owner = self.owner_again().await;
        self.call("GET", &format!("/admin/v1/analytics/{path}"), Some(&owner), None).await
    }

    /// Figures that there are.
    async fn shown(&self, path: &str) -> Value {
        let (status, answer) = self.glances_at(path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The same as a table.
    async fn shown_as_table(&self, path: &str) -> String {
        self.table(&format!("/analytics/{path}")).await.trim_start_matches('\u{feff}').to_owned()
    }
}

/// Visits, visitors, orders placed, orders paid, fen, new users.
fn told(figures: &Value) -> [i64; 6] {
    ["visits", "visitors", "orders_placed", "orders_paid", "revenue_fen", "new_users"]
        .map(|name| figures[name].as_i64().unwrap_or_else(|| panic!("{name} of {figures}")))
}

fn reached(steps: &Value, of: &str) -> Vec<i64> {
    steps.as_array().expect("steps").iter().map(|step| step[of].as_i64().expect("a count")).collect()
}

on_both_databases! {
    async fn today_stands_beside_yesterday(shop: &Shop) {
        // Ten in the morning in Shanghai, which is two at night in UTC.
        let sku = shop.sku(5_000, 20).await;
        let first = shop.buyer().await;
        let order = first.buys(&[(&sku, 1)]).await;
        shop.settle().await;
        let paid = shop.order(&order).await["price"]["total_fen"].as_i64().expect("money");
        shop.later(2 * HOUR_MS).await;
        shop.buyer().await;
        shop.settle().await;
        shop.app.seal_events().await.expect("sealed");

        shop.later(23 * HOUR_MS).await;
        let third = shop.buyer().await;
        shop.settle().await;
        let overview = shop.shown("overview").await;
        assert_eq!(told(&overview["yesterday"]), [2, 2, 1, 1, paid, 2], "{overview}");
        assert_eq!(told(&overview["yesterday_until_now"]), [1, 1, 1, 1, paid, 1], "who came at noon had not come by eleven");
        assert_eq!(told(&overview["today"]), [1, 1, 0, 0, 0, 1]);
        assert_eq!(overview["online"], 1);
        let hours = overview["by_time"].as_array().expect("hours");
        assert_eq!(hours.len(), 24);
        assert_eq!((&hours[10]["from"], told(&hours[10]["yesterday"])), (&json!("10:00"), [1, 1, 1, 1, paid, 1]));
        assert_eq!(told(&hours[11]["today"]), [1, 1, 0, 0, 0, 1]);
        assert_eq!(told(&hours[12]["yesterday"]), [1, 1, 0, 0, 0, 1]);
        assert!(hours[12]["today"].is_null(), "noon has not come: {}", hours[12]);

        // What a client says of money counts nowhere.
        let claims = event("order_paid", shop.clock.now());
        shop.tells(Some(&third.token), None, &[claims]).await;
        shop.clock.advance(10 * SECOND_MS);
        assert_eq!(told(&shop.shown("overview").await["today"])[2..5], [0, 0, 0]);
        let minutes = shop.shown("overview?bucket=minute").await;
        let minutes = minutes["by_time"].as_array().expect("minutes");
        assert_eq!((minutes.len(), told(&minutes[600]["yesterday"])), (1_440, [1, 1, 1, 1, paid, 1]));
        let table = shop.shown_as_table("overview?format=csv").await;
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[0], "day,from,visits,visitors,orders_placed,orders_paid,revenue_fen,new_users,online");
        assert_eq!(rows[3], format!("yesterday,,2,2,1,1,{paid},2,"));
        assert!(rows.contains(&format!("yesterday,10:00,1,1,1,1,{paid},1,").as_str()), "{table}");
    }

    async fn a_visit_over_midnight_began_yesterday_and_an_overview_stands_for_seconds(shop: &Shop) {
        shop.later(14 * HOUR_MS - MINUTE_MS).await;
        let late = shop.buyer().await;
        shop.settle().await;
        shop.clock.advance(2 * MINUTE_MS);
        shop.tells_of(Some(&late.token), None, "page_seen").await;
        let overview = shop.shown("overview").await;
        assert_eq!((told(&overview["yesterday"])[..2].to_vec(), told(&overview["today"])[..2].to_vec()), (vec![1, 1], vec![0, 1]));
        assert_eq!(overview["online"], 1);

        let other = shop.buyer().await;
        shop.tells_of(Some(&other.token), None, "page_seen").await;
        shop.clock.advance(2 * SECOND_MS);
        assert_eq!(shop.shown("overview").await, overview, "it still stands");
        shop.clock.advance(2 * SECOND_MS);
        assert_eq!(shop.shown("overview").await["online"], 2);
        shop.clock.advance(5 * MINUTE_MS);
        assert_eq!(shop.shown("overview").await["online"], 0);
        let (status, answer) = shop.glances_at("overview?bucket=year").await;
        assert_eq!((status, text(&answer["code"])), (422, "request.invalid_query".to_owned()), "{answer}");
    }

    async fn ready_made_questions_are_answered_and_can_be_asked_with_changes(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        let (leader, member) = (shop.buyer().await, shop.buyer().await);
        let (_, group) = leader.opens_group(&buy).await;
        shop.later(MINUTE_MS).await;
        let token = leader.shares_thing("group", &group, "friend").await;
        shop.later(MINUTE_MS).await;
        member.opens(&token).await;
        shop.later(MINUTE_MS).await;
        member.joins_group(&buy, &group).await;
        shop.later(MINUTE_MS).await;

        let listed = shop.shown("ready-made").await;
        let names: Vec<String> = listed["items"].as_array().expect("questions").iter().map(|item| text(&item["name"])).collect();
        assert_eq!(names.len(), 9, "{names:?}");
        for name in &names {
            let answer = shop.shown(&format!("ready-made/{name}")).await;
            assert_eq!(answer["question"]["name"], *name);
            // The definition is one that can be asked as it stands, and says the same.
            let path = format!("/admin/v1/analytics/{}", text(&answer["question"]["asked_at"]));
            let (status, again) = shop.call("POST", &path, Some(&shop.owner_again().await), Some(answer["question"]["definition"].clone())).await;
            assert_eq!((status, &again), (200, &answer["answer"]), "{name}");
        }
        let to = shop.clock.now().plus_millis(1);
        let steps = async |name: &str| shop.shown(&format!("ready-made/{name}?to={to}")).await["answer"]["steps"].clone();
        assert_eq!(reached(&steps("group-buy-leaders").await, "reached"), [1, 1, 1, 1, 1, 1]);
        assert_eq!(reached(&steps("group-buy-members").await, "reached"), [1, 1, 1, 1]);
        let before = format!("ready-made/group-buy-members?to={}", to.plus_millis(-DAY_MS));
        assert_eq!(reached(&shop.shown(&before).await["answer"]["steps"], "reached"), [0, 0, 0, 0]);

        let name = shop.event_name("group_buy_joined").await;
        shop.staff("PATCH", &format!("/analytics/event-names/{}", text(&name["id"])), Some(json!({"shown_as": "参团"}))).await;
        let spoken_of = shop.shown("ready-made/group-buy-members").await["question"]["events"].clone();
        assert_eq!(spoken_of[1], json!({"event": "group_buy_joined", "shown_as": "参团"}), "{spoken_of}");
        let table = shop.shown_as_table(&format!("ready-made/group-buy-members?format=csv&to={to}")).await;
        assert!(table.lines().nth(2).expect("a step").starts_with(",2,group_buy_joined,1,1,1,"), "{table}");
        let (status, answer) = shop.glances_at("ready-made/nothing").await;
        assert_eq!((status, text(&answer["code"])), (404, "analytics.ready_made_not_found".to_owned()));
        let (status, answer) = shop.glances_at(&format!("ready-made/purchase?from={to}&to={}", to.plus_millis(-1))).await;
        assert_eq!((status, text(&answer["code"])), (422, "analytics.question_invalid".to_owned()), "{answer}");
    }

    async fn the_hourglass_turns_once(shop: &Shop) {
        let product = shop.product(5_000, 20).await;
        let (product_id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        shop.renew_catalog().await;
        let sharer = shop.buyer().await;
        let looks = async |buyer: &Buyer<'_>| {
            let seen = json!({"products": [{"product_id": product_id}]});
            buyer.does("POST", "/footprints", Some(seen)).await;
            shop.later(MINUTE_MS).await;
        };
        looks(&sharer).await;
        sharer.buys(&[(&sku, 1)]).await;
        shop.later(MINUTE_MS).await;
        let token = sharer.shares_thing("product", &product_id, "friend").await;
        shop.later(MINUTE_MS).await;
        let brought = shop.buyer().await;
        brought.opens(&token).await;
        shop.later(MINUTE_MS).await;
        looks(&brought).await;

        let answer = shop.shown("ready-made/hourglass").await["answer"].clone();
        assert_eq!(reached(&answer["upper"], "people"), [2, 2, 1, 1], "{answer}");
        assert_eq!(reached(&answer["lower"], "people"), [1, 1, 0, 0], "{answer}");
        assert_eq!((&answer["brought_per_sharer"], &answer["brought_per_person"]), (&json!(1.0), &json!(0.5)));
        let question = shop.shown("ready-made/hourglass").await["question"]["definition"].clone();
        let who = json!({"question": question, "figure": {"half": "lower", "stage": "acquired"}});
        let path = "/admin/v1/analytics/hourglass/people";
        let (status, people) = shop.call("POST", path, Some(&shop.owner_again().await), Some(who)).await;
        assert_eq!((status, &people["user_ids"]), (200, &json!([brought.user_id().await])), "{people}");
    }

    async fn answers_name_users_to_whoever_may_see_them_and_events_as_staff_do(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares().await;
        shop.later(MINUTE_MS).await;
        let brought = shop.buyer().await;
        brought.opens(&token).await;
        shop.later(MINUTE_MS).await;
        let (sharer_id, brought_id) = (sharer.user_id().await, brought.user_id().await);
        let as_of = shop.clock.now().plus_millis(1);
        let tree = json!({"as_of": as_of, "top": 10});
        let asks = async |path: &str, token: &str, question: &Value| {
            let path = format!("/admin/v1/analytics/{path}");
            let (status, answer) = shop.call("POST", &path, Some(token), Some(question.clone())).await;
            assert_eq!(status, 200, "{path}: {answer}");
            answer
        };
        let top = asks("share-tree", &shop.owner, &tree).await["top"][0].clone();
        assert_eq!((&top["user_id"], &top["direct"], &top["person"]), (&json!(sharer_id), &json!(1), &Value::Null), "{top}");
        let who = json!({"question": tree, "figure": {"direct": sharer_id}});
        assert_eq!(asks("share-tree/people", &shop.owner, &who).await["user_ids"], json!([brought_id]));
        let role = json!({"name": "looker", "title": "看数", "permissions": ["analytics.read"]});
        let role = text(&shop.staff_post("/roles", role).await["role_id"]);
        let (_, looker) = shop.colleague("looker", &[&role]).await;
        let hidden = asks("share-tree", &looker, &tree).await["top"][0].clone();
        assert_eq!((&hidden["user_id"], &hidden["direct"]), (&Value::Null, &json!(1)), "{hidden}");

        shop.tells_of(Some(&sharer.token), None, "page_seen").await;
        shop.app.seal_events().await.expect("sealed");
        shop.tells_of(Some(&brought.token), None, "page_seen").await;
        let range = json!({"from": as_of.plus_millis(-DAY_MS), "to": as_of.plus_millis(DAY_MS)});
        let funnel = json!({"range": range, "steps": [{"event": "page_seen"}]});
        let name = text(&shop.event_name("page_seen").await["id"]);
        let edits = async |edit: Value| shop.staff("PATCH", &format!("/analytics/event-names/{name}"), Some(edit)).await;
        edits(json!({"shown_as": "看页面"})).await;
        let step = asks("funnels", &looker, &funnel).await["steps"][0].clone();
        assert_eq!((&step["event"], &step["label"], &step["reached"]), (&json!("page_seen"), &json!("看页面"), &json!(2)), "{step}");
        let visits = json!({"range": range});
        let exits = async || asks("sessions", &looker, &visits).await["exits"].to_string();
        assert!(exits().await.contains("看页面"));
        edits(json!({"blocked": true})).await;
        assert_eq!(asks("funnels", &looker, &funnel).await["steps"][0]["reached"], 0, "sealed or not, it is left out");
        assert!(!exits().await.contains("page_seen"));
        edits(json!({"blocked": false})).await;
        assert_eq!(asks("funnels", &looker, &funnel).await["steps"][0]["reached"], 2);
    }
}
