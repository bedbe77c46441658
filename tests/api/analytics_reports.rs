//! Questions over HTTP: what is sealed and what waits is counted once, whoever asks gets figures, tables and people.

use hourglass::kernel::time::{DAY_MS, MINUTE_MS, Timestamp};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;
use crate::support::telling::event;

impl Shop {
    /// Asks a question as the owner.
    pub async fn asks(&self, path: &str, question: Value) -> (u16, Value) {
        self.call("POST", &format!("/admin/v1/analytics/{path}"), Some(&self.owner), Some(question)).await
    }

    /// Asks as the owner for a table.
    pub async fn spreadsheet(&self, method: &str, path: &str, question: Option<Value>) -> String {
        let mut request = self.http.request(method.parse().expect("a method"), format!("{}{path}", self.base));
        if let Some(question) = question {
            request = request.json(&question);
        }
        let answer = request.bearer_auth(&self.owner).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        assert!(answer.headers()["content-type"].to_str().expect("a text").starts_with("text/csv"));
        answer.text().await.expect("a table").trim_start_matches('\u{feff}').to_owned()
    }

    /// Asks a question that has an answer.
    pub async fn answers(&self, path: &str, question: Value) -> Value {
        let (status, answer) = self.asks(path, question).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// From a day before now to an hour after it.
    pub fn lately(&self) -> Value {
        let now = self.clock.now();
        json!({"from": now.plus_millis(-DAY_MS), "to": now.plus_millis(60 * MINUTE_MS)})
    }

    /// Lets somebody new see a page, put something into the cart, and pay for it, as far as they get.
    pub async fn goes(&self, steps: &[&str], began: Timestamp) -> String {
        let buyer = self.buyer().await;
        let events: Vec<Value> =
            (0_i64..).zip(steps).map(|(place, step)| event(step, began.plus_millis(place * MINUTE_MS))).collect();
        let (status, answer) = self.tells(Some(&buyer.token), None, &events).await;
        assert_eq!((status, &answer["accepted"]), (200, &json!(events.len())), "{answer}");
        buyer.user_id().await
    }
}

pub fn funnel(range: &Value) -> Value {
    let steps: Vec<Value> =
        ["page_seen", "cart_filled", "form_sent"].iter().map(|name| json!({"event": name})).collect();
    json!({"range": range, "steps": steps, "window_ms": 10 * MINUTE_MS})
}

pub fn reached(answer: &Value) -> Vec<i64> {
    answer["steps"].as_array().expect("steps").iter().map(|step| step["reached"].as_i64().expect("a count")).collect()
}

on_both_databases! {
    async fn a_funnel_counts_what_is_sealed_and_what_waits_once(shop: &Shop) {
        let began = shop.clock.now().plus_millis(-60 * MINUTE_MS);
        shop.goes(&["page_seen", "cart_filled", "form_sent"], began).await;
        let left = shop.goes(&["page_seen", "cart_filled"], began).await;
        let range = shop.lately();
        assert_eq!(reached(&shop.answers("funnels", funnel(&range)).await), [2, 2, 1], "nothing is sealed yet");
        assert!(shop.app.seal_events().await.expect("sealed") > 0);
        assert_eq!(shop.kept_events().await.len(), 0, "sealed events leave the database");
        assert_eq!(reached(&shop.answers("funnels", funnel(&range)).await), [2, 2, 1], "all is sealed");
        shop.goes(&["page_seen"], began).await;
        assert_eq!(reached(&shop.answers("funnels", funnel(&range)).await), [3, 2, 1], "some is sealed");
        shop.app.seal_events().await.expect("sealed");
        assert_eq!(reached(&shop.answers("funnels", funnel(&range)).await), [3, 2, 1], "two files of one day");

        let who = json!({"question": funnel(&range), "figure": {"step": 3, "dropped": true}, "keep_as": "差一步"});
        let people = shop.answers("funnels/people", who.clone()).await;
        assert_eq!((&people["people"], &people["user_ids"]), (&json!(1), &json!([left])), "{people}");
        let segment = text(&people["segment"]["segment_id"]);
        let (status, again) = shop.asks("funnels/people", who).await;
        assert_eq!((status, text(&again["code"])), (409, "analytics.segment_name_taken".to_owned()));
        let path = format!("/admin/v1/analytics/segments/{segment}");
        let (_, shown) = shop.call("GET", &path, Some(&shop.owner), None).await;
        assert_eq!((&shown["name"], &shown["people"], &shown["kind"]), (&json!("差一步"), &json!(1), &json!("fixed")));
        let table = shop.spreadsheet("GET", &format!("{path}/export"), None).await;
        assert_eq!(table.lines().collect::<Vec<_>>(), ["user_id", left.as_str()]);
        let (status, _) = shop.call("DELETE", &path, Some(&shop.owner), None).await;
        assert_eq!((status, shop.call("GET", &path, Some(&shop.owner), None).await.0), (204, 404));
    }

    async fn an_answer_is_a_table_too(shop: &Shop) {
        let began = shop.clock.now().plus_millis(-60 * MINUTE_MS);
        shop.goes(&["page_seen", "cart_filled"], began).await;
        let table = shop.spreadsheet("POST", "/admin/v1/analytics/funnels?format=csv", Some(funnel(&shop.lately()))).await;
        let rows: Vec<&str> = table.lines().collect();
        assert!(rows[0].starts_with("breakdown,step,event,reached"), "{table}");
        assert!(rows[2].starts_with(",2,cart_filled,1,1,1,60000"), "{table}");
    }

    async fn every_question_is_answered_about_a_whole_purchase(shop: &Shop) {
        let product = shop.product(5_000, 20).await;
        let (product_id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let sharer = shop.buyer().await;
        let token = sharer.shares_thing("product", &product_id, "friend").await;
        shop.later(MINUTE_MS).await;
        let buyer = shop.buyer().await;
        buyer.opens(&token).await;
        shop.settle().await;
        buyer.buys(&[(&sku, 2)]).await;
        shop.settle().await;
        let (range, as_of) = (shop.lately(), shop.clock.now().plus_millis(MINUTE_MS));

        let paid = json!({"range": range, "event": {"event": "order_paid"}, "bucket": "day", "number": "total_fen"});
        let counted = shop.answers("events", paid).await;
        let whole = &counted["series"][0]["whole"];
        assert_eq!((&whole["total"], &whole["uniques"]), (&json!(1), &json!(1)), "{counted}");
        let total = whole["sum"].as_f64().expect("money");
        assert!(total >= 10_000.0, "{counted}");

        let buyers = shop.answers("rfm", json!({"as_of": as_of})).await;
        assert_eq!(buyers["buyers"][0]["monetary_fen"].as_f64(), Some(total), "{buyers}");
        let tree = shop.answers("share-tree", json!({"as_of": as_of, "top": 10})).await;
        let top = &tree["top"][0];
        assert_eq!((&top["direct"], &top["descendants"]), (&json!(1), &json!(1)), "{tree}");
        assert_eq!(top["revenue_fen"].as_f64(), Some(total), "{tree}");
        let words = json!({"range": range, "search": {"event": "word_searched"}, "click": {"event": "product_viewed"}, "word": "word", "results": "found", "top": 10});
        assert_eq!(shop.answers("words", words).await["words"], json!([]));
    }

    async fn a_question_that_cannot_be_answered_is_refused_and_changes_nothing(shop: &Shop) {
        let range = shop.lately();
        let backwards = json!({"from": range["to"], "to": range["from"]});
        let mut endless = funnel(&range);
        endless["window_ms"] = json!(0);
        let mut long = funnel(&range);
        long["steps"] = json!(vec![json!({"event": "page_seen"}); 100]);
        for (question, expected) in [
            (funnel(&backwards), "analytics.question_invalid"),
            (endless, "analytics.question_invalid"),
            (long, "analytics.question_invalid"),
            (json!({"range": range}), "request.invalid"),
        ] {
            let (status, answer) = shop.asks("funnels", question.clone()).await;
            assert!((400..500).contains(&status), "{status} {answer}");
            assert_eq!(text(&answer["code"]), expected, "{question}: {answer}");
        }
        let figure = json!({"question": funnel(&range), "figure": {"step": 9}, "keep_as": "没有"});
        let (status, answer) = shop.asks("funnels/people", figure).await;
        assert_eq!((status, text(&answer["code"])), (422, "analytics.question_invalid".to_owned()), "{answer}");
        let (_, kept) = shop.call("GET", "/admin/v1/analytics/segments", Some(&shop.owner), None).await;
        assert_eq!(kept["items"], json!([]));
    }
}
