//! Log-ins through every entrance, end to end through the simulator: who becomes whom, and what is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::entering::{refusal, refused};
use crate::support::shop::text;

const MINUTE_MS: i64 = 60_000;

fn user_of(answer: &(u16, Value)) -> Value {
    assert_eq!(answer.0, 201, "{}", answer.1);
    answer.1["user"]["user_id"].clone()
}

fn providers(user: &Value) -> BTreeSet<String> {
    user["identities"].as_array().unwrap().iter().map(|identity| text(&identity["provider"])).collect()
}

on_both_databases! {
    async fn every_platform_lets_its_people_in_and_knows_them_again(shop: &Shop) {
        for (platform, page, elsewhere) in [
            ("alipay_mini", "alipay-mini", "alipay"),
            ("douyin_mini", "douyin-mini", "douyin"),
            ("baidu_mini", "baidu-mini", "baidu"),
            ("qq_mini", "qq-mini", "qq"),
        ] {
            let code = |openid: Value| shop.wechat("POST", "/elsewhere/code", Some(json!({"platform": elsewhere, "openid": openid})));
            let first = code(Value::Null).await;
            assert_eq!(refusal(&shop.logs_in(page, &first["code"]).await), refused(422, "identity.entrance_unknown"), "{platform}");
            shop.entrance(platform).await;
            let user = user_of(&shop.logs_in(page, &first["code"]).await);
            let again = code(first["openid"].clone()).await;
            assert_eq!(user_of(&shop.logs_in(page, &again["code"]).await), user, "{platform}");
            assert_ne!(user_of(&shop.logs_in(page, &code(Value::Null).await["code"]).await), user, "{platform}");
            assert_eq!(providers(&shop.user(&user).await), BTreeSet::from([platform.to_owned()]));
            for used in [&again["code"], &json!("nonsense"), &json!("")] {
                assert_eq!(refusal(&shop.logs_in(page, used).await), refused(422, "identity.code_refused"), "{platform} {used}");
            }
        }
    }

    async fn one_person_is_one_user_in_the_mini_program_the_service_account_the_app_and_the_website(shop: &Shop) {
        for platform in ["wechat_service", "wechat_app", "wechat_web"] {
            shop.entrance(platform).await;
        }
        let login = shop.wechat("POST", "/login", Some(json!({"nickname": "小红"}))).await;
        let mini = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(json!({"js_code": login["js_code"]}))).await;
        let (user, openid) = (user_of(&mini), text(&login["openid"]));
        let device = shop.installation().await;
        let service = shop.goes_to_wechat("wechat-service", &device, "userinfo", Some(&openid)).await;
        assert!(text(&service["redirect"]).starts_with("https://shop.example/h5?"), "{service}");
        let service = shop.returns("wechat-service", &device, &service).await;
        assert_eq!(user_of(&service), user);
        assert_eq!(service.1["user"]["nickname"], "小红", "the name that WeChat told takes the place of the usual one");
        let bare = shop.goes_to_wechat("wechat-service", &device, "base", Some(&openid)).await;
        assert_eq!(user_of(&shop.returns("wechat-service", &device, &bare).await), user, "the bare id is known by now");
        let web = shop.goes_to_wechat("wechat-web", &device, "base", Some(&openid)).await;
        assert_eq!(user_of(&shop.returns("wechat-web", &device, &web).await), user);
        let app = json!({"app_id": shop.simulator.credentials.mobile.app_id, "openid": openid});
        let app = shop.wechat("POST", "/oauth-code", Some(app)).await;
        assert_eq!(user_of(&shop.logs_in("wechat-app", &app["code"]).await), user);
        let all = ["wechat_app", "wechat_mini", "wechat_service", "wechat_unionid", "wechat_web"].map(str::to_owned);
        assert_eq!(providers(&shop.user(&user).await), BTreeSet::from(all));
    }

    async fn a_second_mini_program_of_the_owner_is_named_by_its_app_id(shop: &Shop) {
        let second = shop.wechat("POST", "/apps", Some(json!({"kind": "mini"}))).await;
        let login = shop.wechat("POST", "/login", Some(json!({}))).await;
        let first = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(json!({"js_code": login["js_code"]}))).await;
        let there = shop.wechat("POST", "/login", Some(json!({"openid": login["openid"], "app_id": second["app_id"]}))).await;
        assert_ne!(there["openid"], login["openid"]);
        let body = json!({"js_code": there["js_code"], "app_id": second["app_id"]});
        let unknown = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(body.clone())).await;
        assert_eq!(refusal(&unknown), refused(422, "identity.entrance_unknown"));
        let entrance = json!({"platform": "wechat_mini", "app_id": second["app_id"], "name": "第二个小程序", "secret": second["secret"]});
        let entrance = shop.staff_post("/entrances", entrance).await;
        let usual = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(json!({"js_code": there["js_code"]}))).await;
        assert_eq!(refusal(&usual), refused(422, "identity.code_refused"), "the usual one is that of the configuration");
        let there = shop.wechat("POST", "/login", Some(json!({"openid": login["openid"], "app_id": second["app_id"]}))).await;
        let body = json!({"js_code": there["js_code"], "app_id": second["app_id"]});
        let second_login = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(body.clone())).await;
        assert_eq!(user_of(&second_login), user_of(&first), "one owner, one unionid, one user");
        shop.staff("POST", &format!("/entrances/{}/disable", text(&entrance["entrance_id"])), None).await;
        let shut = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(body)).await;
        assert_eq!(refusal(&shut), refused(422, "identity.entrance_unknown"));
    }

    async fn unionids_hold_within_one_account_of_the_open_platform(shop: &Shop) {
        let keys = &shop.simulator.credentials.service;
        let body = json!({"platform": "wechat_service", "app_id": keys.app_id, "name": "他方", "secret": keys.app_secret, "open_platform": "another"});
        shop.staff_post("/entrances", body).await;
        let login = shop.wechat("POST", "/login", Some(json!({}))).await;
        let mini = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(json!({"js_code": login["js_code"]}))).await;
        let device = shop.installation().await;
        let back = shop.goes_to_wechat("wechat-service", &device, "userinfo", login["openid"].as_str()).await;
        assert_ne!(user_of(&shop.returns("wechat-service", &device, &back).await), user_of(&mini));
    }

    async fn of_many_first_log_ins_of_one_person_at_once_there_is_one_user(shop: &Shop) {
        shop.entrance("wechat_service").await;
        let person = text(&shop.wechat("POST", "/users", Some(json!({}))).await["openid"]);
        let device = shop.installation().await;
        let mut backs = Vec::new();
        for _ in 0..12 {
            backs.push(shop.goes_to_wechat("wechat-service", &device, "userinfo", Some(&person)).await);
        }
        let log_ins = backs.iter().map(|back| shop.returns("wechat-service", &device, back));
        let log_ins = futures_util::future::join_all(log_ins).await;
        let users: BTreeSet<String> = log_ins.iter().map(|answer| text(&user_of(answer))).collect();
        assert_eq!(users.len(), 1, "{users:?}");
        assert_eq!(shop.staff("GET", "/users", None).await["items"].as_array().map(Vec::len), Some(1));
    }

    async fn a_state_brings_back_whoever_left_once_and_in_time(shop: &Shop) {
        for platform in ["wechat_service", "wechat_web"] {
            shop.entrance(platform).await;
        }
        let (device, other) = (shop.installation().await, shop.installation().await);
        let back = shop.goes_to_wechat("wechat-service", &device, "base", None).await;
        let with = |state: Value| json!({"code": back["code"], "state": state});
        let stale = refused(422, "identity.state_refused");
        for state in [json!("forged"), json!(""), json!("x".repeat(129)), json!(format!("{}x", text(&back["state"])))] {
            assert_eq!(refusal(&shop.returns("wechat-service", &device, &with(state.clone())).await), stale, "{state}");
        }
        assert_eq!(refusal(&shop.returns("wechat-service", &other, &back).await), stale, "somebody else's");
        let body = json!({"code": back["code"], "state": back["state"]});
        let nobody = shop.call("POST", "/api/v1/sessions/wechat-service", None, Some(body)).await;
        assert_eq!(nobody.0, 401, "nobody: {}", nobody.1);
        assert_eq!(shop.staff("GET", "/users", None).await["items"], json!([]), "nothing was made of it");
        user_of(&shop.returns("wechat-service", &device, &back).await);
        let fresh = shop.goes_to_wechat("wechat-service", &device, "base", None).await;
        let replayed = json!({"code": fresh["code"], "state": back["state"]});
        assert_eq!(refusal(&shop.returns("wechat-service", &device, &replayed).await), stale, "replayed");
        assert_eq!(refusal(&shop.returns("wechat-web", &device, &fresh).await), stale, "made for another page");

        let late = shop.goes_to_wechat("wechat-service", &device, "base", None).await;
        shop.clock.advance(10 * MINUTE_MS);
        let agreed = json!({"app_id": shop.simulator.credentials.service.app_id});
        let agreed = shop.wechat("POST", "/oauth-code", Some(agreed)).await;
        let late = json!({"code": agreed["code"], "state": late["state"]});
        assert_eq!(refusal(&shop.returns("wechat-service", &device, &late).await), stale, "ten minutes later");

        let twin = shop.goes_to_wechat("wechat-service", &device, "base", None).await;
        let tries = futures_util::future::join_all((0..8).map(|_| shop.returns("wechat-service", &device, &twin))).await;
        assert_eq!(tries.iter().filter(|answer| answer.0 == 201).count(), 1, "{tries:?}");
        shop.clock.advance(10 * MINUTE_MS);
        shop.settle().await;
        let states = shop.holdings().get("oauth_states").map(|(rows, _)| *rows);
        assert_eq!(states, Some(0), "what cannot be used is forgotten");
    }

    async fn the_visitor_of_a_snapshot_never_becomes_a_user(shop: &Shop) {
        shop.entrance("wechat_service").await;
        let device = shop.installation().await;
        shop.trouble(json!({"oauth": {"snapshot_user": true}})).await;
        for scope in ["base", "userinfo"] {
            let back = shop.goes_to_wechat("wechat-service", &device, scope, None).await;
            assert_eq!(refusal(&shop.returns("wechat-service", &device, &back).await), refused(403, "identity.snapshot_user"), "{scope}");
        }
        assert_eq!(shop.staff("GET", "/users", None).await["items"], json!([]));
    }

    async fn people_are_sent_back_to_allowed_places_only(shop: &Shop) {
        let device = shop.installation().await;
        let good = "redirect_uri=https%3A%2F%2Fshop.example%2Fh5";
        assert_eq!(refusal(&shop.asks_the_way("wechat-service", &device, good).await), refused(422, "identity.entrance_unknown"));
        shop.entrance("wechat_service").await;
        let (status, begun) = shop.asks_the_way("wechat-service", &device, &format!("{good}&share_token=Ab12")).await;
        assert_eq!(status, 200, "{begun}");
        let (address, state) = (text(&begun["authorize_url"]), text(&begun["state"]));
        assert!(state.len() <= 128 && address.contains(&format!("state={state}#wechat_redirect")), "{address}");
        assert!(address.contains("h5%3Fshare%3DAb12&response_type=code&scope=snsapi_base"), "{address}");
        for bad in [
            "redirect_uri=https%3A%2F%2Fevil.example%2F",
            "redirect_uri=https%3A%2F%2Fshop.example.evil.example%2F",
            "redirect_uri=https%3A%2F%2Fshop.example%40evil.example%2F",
            "redirect_uri=javascript%3Aalert(1)",
            "redirect_uri=%2Fh5",
            &format!("{good}&share_token=a%26b"),
        ] {
            assert_eq!(refusal(&shop.asks_the_way("wechat-service", &device, bad).await), refused(422, "identity.redirect_refused"), "{bad}");
        }
        for bad in [format!("{good}&scope=everything"), "scope=base".to_owned(), format!("{good}&colour=red")] {
            assert_eq!(refusal(&shop.asks_the_way("wechat-service", &device, &bad).await), refused(422, "request.invalid_query"), "{bad}");
        }
        let nobody = shop.call("GET", &format!("/api/v1/sessions/wechat-service/authorize-url?{good}"), None, None).await;
        assert_eq!(nobody.0, 401);
        assert_eq!(shop.holdings()["oauth_states"].0, 1, "refused ways leave nothing behind");
    }

    async fn a_logged_in_user_links_another_entrance_unless_it_is_somebody_elses(shop: &Shop) {
        shop.entrance("wechat_service").await;
        shop.entrance("alipay_mini").await;
        let (ann, bob) = (shop.buyer().await, shop.buyer().await);
        let alipay = |openid: Value| shop.wechat("POST", "/elsewhere/code", Some(json!({"platform": "alipay", "openid": openid})));
        let hers = alipay(Value::Null).await;
        let linked = ann.does("POST", "/me/identities/alipay-mini", Some(json!({"code": hers["code"]}))).await;
        let names: BTreeSet<String> = linked["identities"].as_array().unwrap().iter().map(|identity| text(&identity["provider"])).collect();
        assert_eq!(names, BTreeSet::from(["alipay_mini", "wechat_mini", "wechat_unionid"].map(str::to_owned)));
        assert!(!linked.to_string().contains(&text(&hers["openid"])), "what an id is stays here: {linked}");
        assert_eq!(ann.does("GET", "/me/identities", None).await, linked);
        let again = alipay(hers["openid"].clone()).await;
        assert_eq!(ann.does("POST", "/me/identities/alipay-mini", Some(json!({"code": again["code"]}))).await, linked);
        let login = shop.logs_in("alipay-mini", &alipay(hers["openid"].clone()).await["code"]).await;
        assert_eq!(user_of(&login), linked["user_id"], "what was linked logs in");

        let taken = alipay(hers["openid"].clone()).await;
        let taken = bob.call("POST", "/me/identities/alipay-mini", Some(json!({"code": taken["code"]}))).await;
        assert_eq!(refusal(&taken), refused(409, "identity.identity_taken"));
        let second = alipay(Value::Null).await;
        let second = ann.call("POST", "/me/identities/alipay-mini", Some(json!({"code": second["code"]}))).await;
        assert_eq!(refusal(&second), refused(409, "identity.other_identity_linked"));
        let conflicts = shop.staff("GET", "/identity-conflicts", None).await;
        assert_eq!(conflicts["items"].as_array().map(Vec::len), Some(2), "{conflicts}");

        let query = "redirect_uri=https%3A%2F%2Fshop.example%2Fh5&scope=userinfo";
        let begun = ann.does("GET", &format!("/sessions/wechat-service/authorize-url?{query}"), None).await;
        let agree = json!({"url": begun["authorize_url"], "openid": ann.openid});
        let back = shop.wechat("POST", "/authorize", Some(agree)).await;
        let body = json!({"code": back["code"], "state": back["state"]});
        let other = bob.call("POST", "/me/identities/wechat-service", Some(body.clone())).await;
        assert_eq!(refusal(&other), refused(422, "identity.state_refused"), "the way back is hers");
        let linked = ann.does("POST", "/me/identities/wechat-service", Some(body)).await;
        assert_eq!(linked["identities"].as_array().map(Vec::len), Some(4), "{linked}");
        assert_eq!(shop.call("POST", "/api/v1/me/identities/alipay-mini", None, Some(json!({"code": "x"}))).await.0, 401);
    }

    async fn while_a_platform_is_silent_nobody_comes_in_and_nothing_changes(shop: &Shop) {
        shop.entrance("wechat_app").await;
        let app = json!({"app_id": shop.simulator.credentials.mobile.app_id});
        let code = shop.wechat("POST", "/oauth-code", Some(app)).await;
        let before = shop.holdings();
        shop.trouble(json!({"rules": [{"path_prefix": "/sns/", "action": "refuse", "code": "-1"}]})).await;
        let silent = shop.logs_in("wechat-app", &code["code"]).await;
        shop.trouble(json!({})).await;
        assert_eq!(refusal(&silent), refused(503, "identity.wechat_unavailable"));
        assert_eq!(shop.holdings(), before);
    }
}
