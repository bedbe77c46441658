//! Segments that are conditions: a condition and its opposite add up to everybody, segments ask for each other but never
//! in a circle, and who was kept once stays.

use hourglass::kernel::time::MINUTE_MS;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

impl Shop {
    /// Does something with segments as the owner.
    async fn segment(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.call(method, &format!("/admin/v1/analytics/segments{path}"), Some(&self.owner), body).await
    }

    /// Keeps a condition as a segment; answers its id and how many people fulfil it.
    async fn keeps(&self, name: &str, condition: Value) -> (String, u64) {
        let (status, kept) = self.segment("POST", "", Some(json!({"name": name, "condition": condition}))).await;
        assert_eq!((status, &kept["kind"], &kept["condition"]), (201, &json!("living"), &condition), "{kept}");
        (text(&kept["segment_id"]), kept["people"].as_u64().expect("a count"))
    }

    async fn people_of(&self, id: &str) -> (u64, Value) {
        let (status, people) = self.segment("POST", &format!("/{id}/people"), None).await;
        assert_eq!(status, 200, "{people}");
        assert_eq!(people["segment"]["people"], people["people"], "the count is kept");
        (people["people"].as_u64().expect("a count"), people["user_ids"].clone())
    }

    /// Three who get as far as they get, a minute ago.
    async fn three_get_on(&self) -> Vec<String> {
        let began = self.clock.now().plus_millis(-10 * MINUTE_MS);
        let mut users = Vec::new();
        for far in 1..=3 {
            users.push(self.goes(&["page_seen", "cart_filled", "form_sent"][..far], began).await);
        }
        self.clock.advance(MINUTE_MS);
        users
    }
}

fn did(event: &str) -> Value {
    json!({"did": {"event": {"event": event, "filters": []}, "compare": "gte", "times": 1, "window": "ever"}})
}

on_both_databases! {
    async fn a_condition_and_its_opposite_are_everybody(shop: &Shop) {
        shop.three_get_on().await;
        let (_, base) = shop.keeps("所有人", json!({"new_in": {"window": "ever"}})).await;
        assert!(base >= 3, "{base}");
        let ago = json!({"ago": {"from_days": 1, "to_days": 0}});
        let conditions = [
            did("cart_filled"),
            json!({"did_not": {"event": {"event": "cart_filled", "filters": []}, "window": "ever"}}),
            json!({"and": [did("page_seen"), {"not": did("form_sent")}]}),
            json!({"or": [did("form_sent"), {"active_in": {"window": ago}}]}),
            json!({"share_depth": {"compare": "eq", "depth": 0}}),
            json!({"tag": "没有"}),
        ];
        for (place, condition) in conditions.iter().enumerate() {
            let (one, found) = shop.keeps(&format!("条件{place}"), condition.clone()).await;
            let (other, rest) = shop.keeps(&format!("相反{place}"), json!({"not": {"audience": one}})).await;
            assert_eq!(found + rest, base, "{condition}");
            assert_eq!(shop.people_of(&one).await.0 + shop.people_of(&other).await.0, base, "{condition}");
            let (status, overlap) = shop.segment("POST", "/compare", Some(json!({"one": one, "other": other}))).await;
            assert_eq!(status, 200, "{overlap}");
            assert_eq!((&overlap["only_one"], &overlap["both"], &overlap["only_other"]), (&json!(found), &json!(0), &json!(rest)));
        }
    }

    async fn a_living_segment_follows_and_a_fixed_one_stays(shop: &Shop) {
        let users = shop.three_get_on().await;
        let (living, two) = shop.keeps("加购用户", did("cart_filled")).await;
        let body = json!({"name": "加购用户快照", "condition": did("cart_filled"), "fixed": true});
        let (status, fixed) = shop.segment("POST", "", Some(body)).await;
        assert_eq!((status, &fixed["kind"], &fixed["people"], two), (201, &json!("fixed"), &json!(2), 2), "{fixed}");
        assert_eq!(fixed["condition"], did("cart_filled"), "how they were found is told");
        let fixed = text(&fixed["segment_id"]);
        let came = shop.goes(&["cart_filled"], shop.clock.now().plus_millis(-MINUTE_MS)).await;
        shop.clock.advance(MINUTE_MS);
        let (now, who) = shop.people_of(&living).await;
        assert_eq!((now, who), (3, json!([users[1], users[2], came])));
        assert_eq!(shop.people_of(&fixed).await, (2, json!([users[1], users[2]])));
        let (_, overlap) = shop.segment("POST", "/compare", Some(json!({"one": fixed, "other": living}))).await;
        assert_eq!((&overlap["only_one"], &overlap["both"], &overlap["only_other"]), (&json!(0), &json!(2), &json!(1)));
        let funnel = json!({"range": shop.lately(), "steps": [{"event": "page_seen"}]});
        for (segment, reached) in [(String::new(), 3), (format!("?segment_id={living}"), 2), (format!("?segment_id={fixed}"), 2)] {
            let path = format!("/admin/v1/analytics/funnels{segment}");
            let (status, answer) = shop.call("POST", &path, Some(&shop.owner), Some(funnel.clone())).await;
            assert_eq!((status, &answer["steps"][0]["reached"]), (200, &json!(reached)), "narrowed to {segment}: {answer}");
        }
        let (status, _) = shop.call("POST", "/admin/v1/analytics/funnels?segment_id=1", Some(&shop.owner), Some(funnel)).await;
        assert_eq!(status, 404);
        let path = format!("/admin/v1/analytics/segments/{living}/export");
        let table = shop.spreadsheet("GET", &path, None).await;
        assert_eq!(table.lines().collect::<Vec<_>>(), ["user_id", users[1].as_str(), users[2].as_str(), came.as_str()]);

        let renamed = json!({"name": "看过的人", "condition": did("page_seen")});
        let (status, changed) = shop.segment("PUT", &format!("/{living}"), Some(renamed.clone())).await;
        assert_eq!((status, &changed["name"], &changed["people"]), (200, &json!("看过的人"), &json!(3)), "{changed}");
        let (status, refused) = shop.segment("PUT", &format!("/{fixed}"), Some(renamed)).await;
        assert_eq!((status, text(&refused["code"])), (409, "analytics.segment_fixed".to_owned()));
        let (_, listed) = shop.segment("GET", "", None).await;
        let kinds: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|item| &item["kind"]).collect();
        assert_eq!(kinds, ["fixed", "living"]);
    }

    async fn segments_ask_for_each_other_but_never_in_a_circle(shop: &Shop) {
        shop.three_get_on().await;
        let refers = |id: &str| json!({"audience": id});
        let (one, _) = shop.keeps("甲", did("cart_filled")).await;
        let (two, _) = shop.keeps("乙", json!({"and": [refers(&one), {"not": did("form_sent")}]})).await;
        let (three, people) = shop.keeps("丙", json!({"or": [refers(&two), did("form_sent")]})).await;
        assert_eq!(people, 2);
        for id in [&one, &two, &three] {
            let body = json!({"name": "甲", "condition": {"not": refers(id)}});
            let (status, refused) = shop.segment("PUT", &format!("/{one}"), Some(body)).await;
            assert_eq!((status, text(&refused["code"])), (422, "analytics.segment_cycle".to_owned()), "{refused}");
        }
        let (status, used) = shop.segment("DELETE", &format!("/{one}"), None).await;
        assert_eq!((status, text(&used["code"])), (409, "analytics.segment_in_use".to_owned()));
        let (_, shown) = shop.segment("GET", &format!("/{one}"), None).await;
        assert_eq!(shown["condition"], did("cart_filled"), "a refused change changes nothing");
        let body = json!({"name": "丙", "condition": did("form_sent")});
        assert_eq!(shop.segment("PUT", &format!("/{three}"), Some(body)).await.0, 200);
        for id in [&two, &one, &three] {
            assert_eq!(shop.segment("DELETE", &format!("/{id}"), None).await.0, 204, "nobody asks for it any more");
        }
    }

    async fn a_condition_that_cannot_be_asked_is_not_kept(shop: &Shop) {
        let deep = (0..20).fold(did("page_seen"), |inner, _| json!({"not": inner}));
        let backwards = json!({"ago": {"from_days": 1, "to_days": 2}});
        for (body, code) in [
            (json!({"name": "无", "condition": {"audience": "12"}}), "analytics.question_invalid"),
            (json!({"name": "无", "condition": {"audience": "谁"}}), "analytics.question_invalid"),
            (json!({"name": "深", "condition": deep}), "analytics.question_invalid"),
            (json!({"name": "反", "condition": {"active_in": {"window": backwards}}}), "analytics.question_invalid"),
            (json!({"name": "", "condition": did("page_seen")}), "analytics.segment_name_invalid"),
            (json!({"name": "无", "condition": {"magic": 1}}), "request.invalid"),
        ] {
            let (status, answer) = shop.segment("POST", "", Some(body.clone())).await;
            assert_eq!((status / 100, text(&answer["code"]).as_str()), (4, code), "{body}: {answer}");
        }
        assert_eq!(shop.segment("GET", "", None).await.1["items"], json!([]));
        let (status, _) = shop.segment("POST", "/compare", Some(json!({"one": "1", "other": "2"}))).await;
        assert_eq!((status, shop.segment("POST", "/1/people", None).await.0), (404, 404));
    }
}
