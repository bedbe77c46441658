//! Saved questions: they are checked when kept, asked anew when their time comes, once whoever asks, and about a time
//! that moves.

use hourglass::kernel::time::{DAY_MS, MINUTE_MS};
use serde_json::{Value, json};

use crate::analytics_reports::{funnel, reached};
use crate::support::Shop;
use crate::support::shop::text;

const ROOT: &str = "/admin/v1/analytics/saved-questions";

impl Shop {
    /// Does something with saved questions as the owner, whenever that is.
    async fn saved(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let owner = self.owner_again().await;
        self.call(method, &format!("{ROOT}{path}"), Some(&owner), body).await
    }

    /// Keeps a question; answers its path.
    async fn saves(&self, question: Value) -> String {
        let (status, kept) = self.saved("POST", "", Some(question)).await;
        assert_eq!(status, 201, "{kept}");
        format!("/{}", text(&kept["saved_question_id"]))
    }

    async fn asks_anew(&self) -> usize {
        self.app.answer_saved_questions().await.expect("a round")
    }
}

/// A funnel over the last days, asked anew every hour.
fn hourly(name: &str) -> Value {
    let mut definition = funnel(&json!(null));
    definition.as_object_mut().expect("fields").remove("range");
    json!({"name": name, "analysis": "funnels", "definition": definition, "last_days": 2, "every_minutes": 60})
}

on_both_databases! {
    async fn a_saved_question_is_asked_anew_when_its_time_comes_and_about_a_time_that_moves(shop: &Shop) {
        let began = shop.clock.now().plus_millis(-10 * MINUTE_MS);
        shop.goes(&["page_seen", "cart_filled"], began).await;
        let question = shop.saves(hourly("下单漏斗")).await;
        let answer = format!("{question}/answer");
        let (status, none) = shop.saved("GET", &answer, None).await;
        assert_eq!((status, text(&none["code"])), (404, "analytics.not_answered_yet".to_owned()));

        assert_eq!(shop.asks_anew().await, 1);
        assert_eq!(shop.asks_anew().await, 0, "it is not due any more");
        let (_, first) = shop.saved("GET", &answer, None).await;
        assert_eq!(reached(&first["answer"]), [1, 1, 0], "{first}");
        assert_eq!(first["computed_at"], json!(shop.clock.now()));
        shop.goes(&["page_seen"], began).await;
        assert_eq!(shop.saved("GET", &answer, None).await.1, first, "nothing is computed by looking");
        let (_, now) = shop.saved("POST", &answer, None).await;
        assert_eq!(reached(&now["answer"]), [2, 1, 0], "{now}");
        assert_eq!(shop.saved("GET", &answer, None).await.1, now);

        shop.clock.advance(59 * MINUTE_MS);
        assert_eq!(shop.asks_anew().await, 0, "an hour has not passed");
        shop.clock.advance(MINUTE_MS);
        assert_eq!(shop.asks_anew().await, 1);
        shop.clock.advance(3 * DAY_MS);
        assert_eq!(shop.asks_anew().await, 1);
        let (_, later) = shop.saved("GET", &answer, None).await;
        assert_eq!(reached(&later["answer"]), [0, 0, 0], "those days have passed: {later}");
        assert_ne!(later["definition"]["range"], first["definition"]["range"]);
        let days = |range: &Value| {
            let moment = |at: &Value| hourglass::kernel::time::Timestamp::parse_rfc3339(&text(at)).expect("a moment");
            moment(&range["to"]).millis_since(moment(&range["from"]))
        };
        assert_eq!(days(&later["definition"]["range"]), 2 * DAY_MS);

        let owner = shop.owner_again().await;
        let request = shop.http.get(format!("{}{ROOT}{answer}?format=csv", shop.base)).bearer_auth(owner);
        let table = request.send().await.expect("an answer").text().await.expect("a table");
        assert!(table.trim_start_matches('\u{feff}').starts_with("breakdown,step,event,reached"), "{table}");
    }

    async fn of_several_processes_one_asks(shop: &Shop) {
        for name in ["甲", "乙", "丙"] {
            shop.saves(hourly(name)).await;
        }
        let rounds = tokio::join!(shop.asks_anew(), shop.asks_anew(), shop.asks_anew());
        let at_once = rounds.0 + rounds.1 + rounds.2;
        assert_eq!(at_once + shop.asks_anew().await, 3, "{rounds:?}");
    }

    async fn a_failure_is_told_and_the_answer_before_it_stays(shop: &Shop) {
        let question = shop.saves(hourly("下单漏斗")).await;
        shop.asks_anew().await;
        let (_, answer) = shop.saved("GET", &format!("{question}/answer"), None).await;
        shop.runs("UPDATE analytics_saved_questions SET definition = '{\"steps\": []}'").await;
        shop.clock.advance(60 * MINUTE_MS);
        assert_eq!(shop.asks_anew().await, 1);
        let (_, shown) = shop.saved("GET", &question, None).await;
        assert!(text(&shown["last_error"]).starts_with("analytics.question_invalid"), "{shown}");
        assert_eq!(shown["failed_at"], json!(shop.clock.now()));
        assert_eq!(shop.saved("GET", &format!("{question}/answer"), None).await.1, answer);
        assert_eq!(shop.saved("PUT", &question, Some(hourly("下单漏斗"))).await.0, 200);
        assert_eq!(shop.asks_anew().await, 1, "a changed question is due at once");
        assert_eq!(shop.saved("GET", &question, None).await.1["last_error"], json!(null));
    }

    async fn a_changed_question_forgets_its_answer_and_a_renamed_one_does_not(shop: &Shop) {
        let path = shop.saves(hourly("旧名")).await;
        let answer = format!("{path}/answer");
        let (_, before) = shop.saved("POST", &answer, None).await;
        let (status, renamed) = shop.saved("PUT", &path, Some(hourly("新名"))).await;
        assert_eq!((status, &renamed["name"]), (200, &json!("新名")), "{renamed}");
        assert_eq!(shop.saved("GET", &answer, None).await.1, before);
        let mut other = hourly("新名");
        other["last_days"] = json!(30);
        assert_eq!(shop.saved("PUT", &path, Some(other)).await.0, 200);
        assert_eq!(shop.saved("GET", &answer, None).await.0, 404);

        let second = shop.saves(hourly("旧名")).await;
        let (status, taken) = shop.saved("PUT", &second, Some(hourly("新名"))).await;
        assert_eq!((status, text(&taken["code"])), (409, "analytics.saved_question_name_taken".to_owned()));
        let (_, first) = shop.saved("GET", "?limit=1", None).await;
        assert_eq!(first["items"][0]["name"], "旧名", "newest first: {first}");
        let (_, next) = shop.saved("GET", &format!("?limit=1&cursor={}", text(&first["next_cursor"])), None).await;
        assert_eq!((&next["items"][0]["name"], &next["next_cursor"]), (&json!("新名"), &json!(null)));
        assert_eq!(shop.saved("DELETE", &path, None).await.0, 204);
        assert_eq!(shop.saved("GET", &path, None).await.0, 404);
        let deeds = shop.staff("GET", "/audit?limit=10", None).await;
        let deeds: Vec<&str> = deeds["items"].as_array().expect("deeds").iter().map(|deed| deed["action"].as_str().expect("a text")).collect();
        for deed in ["analytics.save_question", "analytics.change_question", "analytics.remove_question"] {
            assert!(deeds.contains(&deed), "{deeds:?}");
        }
    }

    async fn a_question_without_a_moment_is_asked_as_of_now(shop: &Shop) {
        let path = shop.saves(json!({"name": "客户分层", "analysis": "rfm", "definition": {}})).await;
        let (status, answer) = shop.saved("POST", &format!("{path}/answer"), None).await;
        assert_eq!((status, &answer["definition"]["as_of"]), (200, &json!(shop.clock.now())), "{answer}");
        shop.clock.advance(DAY_MS);
        let (_, answer) = shop.saved("POST", &format!("{path}/answer"), None).await;
        assert_eq!(answer["definition"]["as_of"], json!(shop.clock.now()));
        let silent = json!({"name": "沉默客户", "analysis": "churn", "definition": {"event": {"event": "*"}}, "last_days": 30});
        let path = shop.saves(silent).await;
        let (status, answer) = shop.saved("POST", &format!("{path}/answer"), None).await;
        assert_eq!((status, &answer["definition"]["range"]["to"]), (200, &json!(shop.clock.now())), "{answer}");
    }

    async fn a_question_that_cannot_be_asked_is_not_kept(shop: &Shop) {
        let with = |field: &str, value: Value| {
            let mut question = hourly("漏斗");
            question[field] = value;
            question
        };
        for (question, code) in [
            (with("definition", json!({"steps": []})), "analytics.question_invalid"),
            (with("definition", json!([1])), "analytics.question_invalid"),
            (with("last_days", json!(0)), "analytics.question_invalid"),
            (with("last_days", json!(367)), "analytics.question_invalid"),
            (with("last_days", json!(null)), "analytics.question_invalid"),
            (with("every_minutes", json!(4)), "analytics.question_invalid"),
            (with("every_minutes", json!(1441)), "analytics.question_invalid"),
            (with("analysis", json!("magic")), "request.invalid"),
            (with("name", json!("两\n行")), "analytics.saved_question_name_invalid"),
            (json!({"name": "分层", "analysis": "rfm", "definition": {}, "last_days": 7}), "analytics.question_invalid"),
        ] {
            let (status, answer) = shop.saved("POST", "", Some(question.clone())).await;
            assert_eq!((status / 100, text(&answer["code"]).as_str()), (4, code), "{question}: {answer}");
        }
        assert_eq!(shop.saved("GET", "", None).await.1["items"], json!([]));
        assert_eq!(shop.saved("POST", "/1/answer", None).await.0, 404);
    }
}
