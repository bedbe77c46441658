//! Codes sent to phones: who gets one, how often, and what it is good for.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::entering::{refusal, refused};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const PHONE: &str = "13912345678";

async fn asks(shop: &Shop, phone: &str) -> (u16, Value) {
    let body = json!({"phone": phone, "purpose": "log_in"});
    shop.call("POST", "/api/v1/sms-codes", None, Some(body)).await
}

async fn tries(shop: &Shop, phone: &str, code: &str) -> (u16, Value) {
    shop.call("POST", "/api/v1/sessions/phone", None, Some(json!({"phone": phone, "code": code}))).await
}

/// A code of the right shape that is not this one.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u64>().unwrap() + 1) % 1_000_000)
}

fn wrong() -> (u16, String) {
    refused(422, "identity.sms_code_refused")
}

on_both_databases! {
    async fn a_code_logs_its_number_in_once(shop: &Shop) {
        let asked = asks(shop, &format!("+86{PHONE}")).await;
        assert_eq!(asked.0, 201, "{}", asked.1);
        assert_eq!(asked.1.as_object().map(serde_json::Map::len), Some(2), "two moments and nothing else: {}", asked.1);
        let code = shop.texted(PHONE).await;
        assert_eq!(code.len(), 6);
        let first = tries(shop, PHONE, &code).await;
        assert_eq!((first.0, &first.1["user"]["phone"]), (201, &json!("139****5678")), "{}", first.1);
        assert_eq!(refusal(&tries(shop, PHONE, &code).await), wrong(), "used");
        shop.clock.advance(MINUTE_MS);
        asks(shop, PHONE).await;
        let again = tries(shop, PHONE, &shop.texted(PHONE).await).await;
        assert_eq!(again.1["user"]["user_id"], first.1["user"]["user_id"], "{}", again.1);
        let found = shop.staff("GET", &format!("/users?phone={PHONE}"), None).await;
        assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    }

    async fn a_code_dies_of_five_wrong_tries_of_time_and_of_its_successor(shop: &Shop) {
        asks(shop, PHONE).await;
        let code = shop.texted(PHONE).await;
        assert_eq!(refusal(&tries(shop, "13912345679", &code).await), wrong(), "another number");
        for _ in 0..4 {
            assert_eq!(refusal(&tries(shop, PHONE, &another(&code)).await), wrong());
        }
        for shape in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(refusal(&tries(shop, PHONE, shape).await), wrong(), "no try: {shape}");
        }
        assert_eq!(tries(shop, PHONE, &code).await.0, 201, "the fifth try may be the right one");

        shop.clock.advance(MINUTE_MS);
        asks(shop, PHONE).await;
        let code = shop.texted(PHONE).await;
        for _ in 0..5 {
            assert_eq!(refusal(&tries(shop, PHONE, &another(&code)).await), wrong());
        }
        assert_eq!(refusal(&tries(shop, PHONE, &code).await), wrong(), "tried too often");

        shop.clock.advance(MINUTE_MS);
        asks(shop, PHONE).await;
        let former = shop.texted(PHONE).await;
        shop.clock.advance(MINUTE_MS);
        asks(shop, PHONE).await;
        let newest = shop.texted(PHONE).await;
        if former != newest {
            assert_eq!(refusal(&tries(shop, PHONE, &former).await), wrong(), "there is a newer one");
        }
        shop.clock.advance(5 * MINUTE_MS);
        assert_eq!(refusal(&tries(shop, PHONE, &newest).await), wrong(), "five minutes later");
    }

    async fn a_number_gets_one_code_a_minute_and_ten_a_day_however_many_ask_at_once(shop: &Shop) {
        for round in 0..10 {
            let asked = futures_util::future::join_all((0..20).map(|_| asks(shop, PHONE))).await;
            assert_eq!(asked.iter().filter(|answer| answer.0 == 201).count(), 1, "round {round}: {asked:?}");
            let soon = asked.iter().find(|answer| answer.0 != 201).unwrap();
            assert_eq!(refusal(soon), refused(429, "identity.sms_too_soon"));
            assert_eq!(soon.1["details"]["retry_after_seconds"], 60);
            shop.clock.advance(59 * SECOND_MS);
            let soon = asks(shop, PHONE).await;
            assert_eq!((soon.0, &soon.1["details"]["retry_after_seconds"]), (429, &json!(1)), "{}", soon.1);
            shop.clock.advance(SECOND_MS);
        }
        let asked = futures_util::future::join_all((0..20).map(|_| asks(shop, PHONE))).await;
        assert!(asked.iter().all(|answer| refusal(answer) == refused(429, "identity.sms_daily_limit")), "{asked:?}");
        assert_eq!(asks(shop, "13912345679").await.0, 201, "another number has its own ten");
        shop.settle().await;
        let sent = shop.wechat("GET", "/sms", None).await;
        let sent = sent["messages"].as_array().unwrap().len();
        assert_eq!(sent, 2, "of those whose time is over by now none is sent");
        shop.clock.advance(24 * 60 * MINUTE_MS);
        assert_eq!(asks(shop, PHONE).await.0, 201, "the next day");
        shop.clock.advance(3 * 24 * 60 * MINUTE_MS);
        shop.settle().await;
        assert_eq!(shop.holdings()["sms_codes"].0, 0, "what no count needs is forgotten");
    }

    async fn many_tries_at_once_are_counted_one_by_one(shop: &Shop) {
        asks(shop, PHONE).await;
        let code = shop.texted(PHONE).await;
        let wrong_one = another(&code);
        let all = futures_util::future::join_all((0..20).map(|_| tries(shop, PHONE, &wrong_one))).await;
        assert!(all.iter().all(|answer| refusal(answer) == wrong()), "{all:?}");
        assert_eq!(refusal(&tries(shop, PHONE, &code).await), wrong(), "twenty guesses were five too many");

        shop.clock.advance(MINUTE_MS);
        asks(shop, PHONE).await;
        let code = shop.texted(PHONE).await;
        let all = futures_util::future::join_all((0..20).map(|_| tries(shop, PHONE, &code))).await;
        assert_eq!(all.iter().filter(|answer| answer.0 == 201).count(), 1, "a code is used once: {all:?}");
        assert_eq!(all.iter().filter(|answer| refusal(answer) == wrong()).count(), 19);
        assert_eq!(shop.staff("GET", "/users", None).await["items"].as_array().map(Vec::len), Some(1));
    }

    async fn a_code_is_good_for_what_it_was_asked_for_by_whoever_asked(shop: &Shop) {
        let (ann, bob) = (shop.buyer().await, shop.buyer().await);
        let bind = json!({"phone": PHONE, "purpose": "bind"});
        assert_eq!(shop.call("POST", "/api/v1/sms-codes", None, Some(bind.clone())).await.0, 401, "nobody binds");
        ann.does("POST", "/sms-codes", Some(bind.clone())).await;
        let code = shop.texted(PHONE).await;
        let body = json!({"phone": PHONE, "code": code});
        assert_eq!(refusal(&tries(shop, PHONE, &code).await), wrong(), "not for logging in");
        assert_eq!(refusal(&bob.call("POST", "/me/phone/sms", Some(body.clone())).await), wrong(), "not for him");
        assert_eq!(ann.does("POST", "/me/phone/sms", Some(body.clone())).await, json!({"phone": "139****5678", "session": null}));
        assert_eq!(refusal(&ann.call("POST", "/me/phone/sms", Some(body)).await), wrong(), "used");
        shop.clock.advance(MINUTE_MS);
        asks(shop, PHONE).await;
        let login = tries(shop, PHONE, &shop.texted(PHONE).await).await;
        let hers = ann.does("GET", "/me", None).await;
        assert_eq!(login.1["user"]["user_id"], hers["user_id"], "the number is hers: {}", login.1);

        shop.clock.advance(MINUTE_MS);
        bob.does("POST", "/sms-codes", Some(bind)).await;
        let body = json!({"phone": PHONE, "code": shop.texted(PHONE).await});
        assert_eq!(refusal(&bob.call("POST", "/me/phone/sms", Some(body)).await), refused(409, "identity.phone_taken"));
        assert_eq!(bob.does("GET", "/me", None).await["phone"], Value::Null);
    }

    async fn numbers_that_cannot_be_texted_are_refused_and_codes_are_kept_from_readers_of_the_tables(shop: &Shop) {
        for bad in ["", "123", "02012345678", "+85261234534", "1391234567a", "139123456789"] {
            assert_eq!(refusal(&asks(shop, bad).await), refused(422, "identity.phone_unusable"), "{bad}");
        }
        let odd = json!({"phone": PHONE, "purpose": "everything"});
        assert_eq!(shop.call("POST", "/api/v1/sms-codes", None, Some(odd)).await.0, 422);
        assert_eq!(shop.holdings()["sms_codes"].0, 0);
        shop.trouble(json!({"sms": {"refuse": "isv.BUSINESS_LIMIT_CONTROL"}})).await;
        assert_eq!(asks(shop, PHONE).await.0, 201, "whether it arrives is told by the phone");
        shop.app.runner().work_until_idle().await.expect("background work");
        assert_eq!(shop.wechat("GET", "/sms", None).await["messages"], json!([]));
        shop.trouble(json!({})).await;
        shop.clock.advance(MINUTE_MS);
        let code = shop.texted(PHONE).await;
        assert_eq!(tries(shop, PHONE, &code).await.0, 201, "it was sent as soon as that was possible");
    }

    with [("HOURGLASS_SMS_PROVIDER", "off")]
    async fn a_shop_that_sends_no_messages_says_so(shop: &Shop) {
        assert_eq!(refusal(&asks(shop, PHONE).await), refused(503, "identity.sms_unavailable"));
    }

    with [("HOURGLASS_LIMIT_LOGIN", "3")]
    async fn asking_for_codes_counts_as_logging_in(shop: &Shop) {
        let mut limited = 0;
        for number in 0..6 {
            let answer = asks(shop, &format!("1391234567{number}")).await;
            limited += u32::from(refusal(&answer) == refused(429, "request.rate_limited"));
        }
        assert!(limited >= 3, "{limited}");
    }
}
