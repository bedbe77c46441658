//! Whose events are whose: devices, log-ins, trackers, merges and their undoing, and whoever asks to be forgotten.

use hourglass::analytics::intake::erased;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

impl Shop {
    async fn person_behind(&self, events: &[&String]) -> Vec<u32> {
        let mut persons = Vec::new();
        for id in events {
            persons.push(self.person_of_event(id).await);
        }
        persons
    }
}

/// One person with a mini-program and a page, each on a device of its own: which of the two they log in to first.
async fn comes_by_two_entrances(shop: &Shop, mini_first: bool) {
    let (anon1, anon2) = (shop.device().await, shop.installation().await);
    let before1 = shop.tells_of(None, Some(&anon1.token), "page_viewed").await;
    let before2 = shop.tells_of(None, Some(&anon2), "page_viewed").await;
    let apart = shop.person_behind(&[&before1, &before2]).await;
    assert_ne!(apart[0], apart[1], "nothing says yet that they are one");
    let person = text(&shop.wechat("POST", "/login", Some(json!({}))).await["openid"]);
    let by_page = async || {
        let agreed = shop.goes_to_wechat("wechat-service", &anon2, "userinfo", Some(&person)).await;
        let (status, joined) = shop.returns("wechat-service", &anon2, &agreed).await;
        assert_eq!(status, 201, "{joined}");
        text(&joined["access_token"])
    };
    let (in_mini, on_page) = if mini_first {
        let buyer = anon1.logs_in(Some(&person)).await;
        (buyer.token, by_page().await)
    } else {
        let page = by_page().await;
        (anon1.logs_in(Some(&person)).await.token, page)
    };
    let after1 = shop.tells_of(Some(&in_mini), None, "page_viewed").await;
    let after2 = shop.tells_of(Some(&on_page), None, "page_viewed").await;
    let later = shop.tells_of(None, Some(&anon1.token), "page_viewed").await;
    let persons = shop.person_behind(&[&before1, &before2, &after1, &after2, &later]).await;
    assert!(persons.iter().all(|person| *person == persons[0]), "{persons:?}");
}

on_both_databases! {
    async fn whoever_comes_by_two_entrances_is_one_person_in_any_order(shop: &Shop) {
        shop.entrance("wechat_service").await;
        comes_by_two_entrances(shop, true).await;
        comes_by_two_entrances(shop, false).await;

        let (one, other) = (shop.buyer().await, shop.buyer().await);
        let of_one = shop.tells_of(Some(&one.token), None, "page_viewed").await;
        let of_other = shop.tells_of(Some(&other.token), None, "page_viewed").await;
        for (buyer, expected) in [(&one, 200), (&other, 409)] {
            let share = shop.wechat("POST", "/phone", Some(json!({"openid": buyer.openid, "phone": "13800009999"}))).await;
            let (status, answer) = buyer.call("POST", "/me/phone/wechat", Some(json!({"code": share["code"]}))).await;
            assert_eq!(status, expected, "{answer}");
        }
        shop.settle().await;
        let persons = shop.person_behind(&[&of_one, &of_other]).await;
        assert_ne!(persons[0], persons[1], "a conflict joins nobody");
    }

    async fn history_follows_a_merge_and_comes_back_when_it_is_taken_back(shop: &Shop) {
        let (one, other) = (shop.buyer().await, shop.buyer().await);
        let (kept, merged) = (one.user_id().await, other.user_id().await);
        let of_one = shop.tells_of(Some(&one.token), None, "page_viewed").await;
        let of_other = shop.tells_of(Some(&other.token), None, "page_viewed").await;
        shop.settle().await;
        let before = shop.kept_events().await;
        shop.came_by_another_entrance(&other).await;
        let apart = shop.person_behind(&[&of_one, &of_other]).await;
        assert_ne!(apart[0], apart[1]);
        let merge = shop.merges(&kept, &merged).await;
        let together = shop.person_behind(&[&of_one, &of_other]).await;
        assert_eq!(together[0], together[1]);
        shop.takes_back(&merge).await;
        assert_eq!(shop.person_behind(&[&of_one, &of_other]).await, apart);
        shop.settle().await;
        let after = shop.kept_events().await;
        assert!(before.iter().all(|event| after.contains(event)), "no event was written anew");
    }

    async fn whoever_is_forgotten_leaves_numbers_of_nobody(shop: &Shop) {
        let device = shop.device().await;
        let before = shop.tells_of(None, Some(&device.token), "page_viewed").await;
        let buyer = device.logs_in(None).await;
        let stays = shop.buyer().await;
        let of_stays = shop.tells_of(Some(&stays.token), None, "page_viewed").await;
        shop.tells_of(Some(&buyer.token), None, "page_viewed").await;
        shop.settle().await;
        let subject = shop.kept_event(&before).await.subject;
        let (_, data) = buyer.call("GET", "/me/data", None).await;
        let rows = data["tables"]["analytics_subjects"].as_array().unwrap_or_else(|| panic!("{data}"));
        assert!(rows.iter().any(|row| row["number"] == json!(subject.to_string())), "{rows:?}");
        let (status, answer) = buyer.call("POST", "/me/erasure", Some(json!({"confirm": true}))).await;
        assert!((200..300).contains(&status), "{answer}");
        let kept = shop.kept_events().await;
        let gone = shop.app.db().read("erased", erased).await.unwrap();
        let gone: Vec<u32> = gone.into_iter().map(|(number, _)| number).collect();
        assert!(gone.contains(&subject) && gone.len() >= 2, "{gone:?}");
        assert!(kept.iter().all(|event| !gone.contains(&event.subject)), "what waits is gone too");
        assert!(kept.iter().any(|event| event.event_id.to_string() == of_stays));
    }

    with [("HOURGLASS_ANALYTICS_PROJECT_KEY", "a-project-key-of-the-shop")]
    async fn trackers_tell_under_the_project_key_and_say_who_is_who(shop: &Shop) {
        let buyer = shop.buyer().await;
        let user = buyer.user_id().await;
        let now = shop.clock.now().millis();
        let object = |kind: &str, name: &str, id: &str, track: i64| {
            json!({
                "type": kind, "event": name, "distinct_id": id, "anonymous_id": "anon-1", "time": now - 1_000, "_flush_time": now,
                "_track_id": track, "lib": {"$lib": "MiniProgram"}, "properties": {"$scene": "wx-1007"}
            })
        };
        let sends = async |key: &str, objects: &Value| {
            let body = format!("data_list={}", escaped(&base64(objects.to_string().as_bytes())));
            let url = format!("{}/hooks/sensors/sa?project=default&token={key}", shop.base);
            let answer = shop.http.post(url).header("content-type", "text/plain").body(body).send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or(Value::Null))
        };
        let key = "a-project-key-of-the-shop";
        let launch = object("track", "$MPLaunch", "anon-1", 1);
        let before = shop.holdings();
        for (key, body, expected) in [
            ("", &launch, 401), ("another-key-of-somebody", &launch, 401), (key, &json!(7), 400), (key, &json!([1, 2]), 400),
        ] {
            let (status, answer) = sends(key, body).await;
            assert_eq!(status, expected, "{answer}");
        }
        assert_eq!(shop.holdings(), before, "what was refused changed something");
        let (status, answer) = sends(key, &json!([launch, 3, object("track", "order_paid", "anon-1", 2)])).await;
        assert_eq!((status, &answer["accepted"], &answer["refused"]), (200, &json!(2), &json!(1)), "{answer}");
        let (_, answer) = sends(key, &json!([launch])).await;
        assert_eq!(answer["duplicates"], 1, "{answer}");
        assert_eq!(shop.kept_named("order_paid").await.len(), 0, "no client speaks for the shop");
        assert_eq!(shop.kept_named("app_order_paid").await.len(), 1);

        let mut signup = object("track_signup", "$SignUp", &user, 3);
        signup["login_id"] = json!(user);
        signup["original_id"] = json!("anon-1");
        sends(key, &json!([signup])).await;
        let told = shop.tells_of(Some(&buyer.token), None, "page_viewed").await;
        let people = shop.who_is_who().await;
        let person = people.person_of(shop.kept_event(&told).await.subject);
        for name in ["$MPLaunch", "$SignUp"] {
            assert_eq!(people.person_of(shop.kept_named(name).await[0].subject), person, "{name}");
        }
        let other = shop.buyer().await;
        let theirs = other.user_id().await;
        let mut stolen = object("track_signup", "$SignUp", &theirs, 4);
        stolen["login_id"] = json!(theirs);
        stolen["original_id"] = json!("anon-1");
        sends(key, &json!([stolen])).await;
        let of_other = shop.tells_of(Some(&other.token), None, "page_viewed").await;
        assert_ne!(shop.person_of_event(&of_other).await, person, "no tracker makes two users one");

        let posthog = json!({
            "api_key": key, "sent_at": shop.clock.now(),
            "batch": [{"event": "Viewed", "distinct_id": "visitor", "uuid": "0190a0f4-7d3c-7cc0-8d5e-3f1c9a7e6b0d", "timestamp": shop.clock.now(), "properties": {}},
                {"event": "$create_alias", "distinct_id": user, "properties": {"distinct_id": user, "alias": "visitor"}}]
        });
        let (status, answer) = shop.call("POST", "/hooks/posthog/batch/", None, Some(posthog.clone())).await;
        assert_eq!((status, answer), (200, json!({"status": 1})));
        shop.call("POST", "/hooks/posthog/batch/", None, Some(posthog.clone())).await;
        assert_eq!(shop.kept_named("Viewed").await.len(), 1);
        assert_eq!(shop.person_of_event("0190a0f4-7d3c-7cc0-8d5e-3f1c9a7e6b0d").await, person);
        let mut wrong = posthog;
        wrong["api_key"] = json!("phc_another");
        assert_eq!(shop.call("POST", "/hooks/posthog/batch/", None, Some(wrong)).await.0, 401);
        let enormous = shop.http.post(format!("{}/hooks/posthog/batch/", shop.base)).body(vec![b'x'; 10_000_000]).send().await;
        assert!(enormous.is_err() || enormous.is_ok_and(|answer| answer.status() == 413));
    }
}

#[actix_web::test]
async fn without_a_project_key_no_tracker_is_let_in() {
    let shop = Shop::on_sqlite().await;
    let (status, answer) = shop.call("GET", "/hooks/sensors/sa?token=&data=e30%3D", None, None).await;
    assert_eq!((status, &answer["code"]), (401, &json!("analytics.project_key_invalid")));
    let event = json!({"api_key": "", "event": "x", "distinct_id": "a"});
    assert_eq!(shop.call("POST", "/hooks/posthog/i/v0/e/", None, Some(event)).await.0, 401);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn escaped(text: &str) -> String {
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
