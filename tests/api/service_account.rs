//! The service account: what WeChat pushes, who follows, what is answered, and codes that bring people.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::crowd::at_once;
use crate::support::official::{APP_ID, Official, event, field, stand_in, words_of};
use crate::support::shop::text;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn is_success(answer: &str) -> bool {
    answer == "success"
}

async fn reply(shop: &Shop, official: &Official<'_>, fields: Value) -> Value {
    let mut body = json!({"entrance_id": official.entrance_id, "enabled": true, "matching": null, "words": null});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    shop.staff_post("/service-replies", body).await
}

fn says(text: &str) -> Value {
    json!({"kind": "text", "text": text})
}

async fn tries(shop: &Shop, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
    let (status, answer) = shop.call(method, &format!("/admin/v1{path}"), Some(&shop.owner), body).await;
    (status, answer["code"].as_str().unwrap_or_default().to_owned())
}

async fn checks(shop: &Shop, entrance: &str, query: &[(&str, String)]) -> (u16, String) {
    let to = format!("{}/hooks/wechat/push/{entrance}", shop.base);
    let answer = shop.http.get(to).query(query).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.text().await.unwrap())
}

on_both_databases! {
    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn an_address_is_answered_only_to_wechat(shop: &Shop) {
        let official = Official::of(shop, true).await;
        let letter = official.letter("<xml></xml>");
        let mut query = letter.query.clone();
        query.push(("echostr", "4375120948345356249".to_owned()));
        assert_eq!(checks(shop, &official.entrance_id, &query).await, (200, "4375120948345356249".to_owned()));
        let forged = letter.with("nonce", "1").query;
        assert_eq!(checks(shop, &official.entrance_id, &forged).await.0, 403);
        assert_eq!(checks(shop, &official.entrance_id, &[]).await.0, 403);
        for entrance in ["1", "abc"] {
            assert_eq!(checks(shop, entrance, &query).await.0, 404, "{entrance}");
        }
        let mini = shop.staff("GET", "/entrances?platform=wechat_mini", None).await;
        let mini = text(&mini["items"][0]["entrance_id"]);
        assert_eq!(checks(shop, &mini, &query).await.0, 404, "an entrance without a token takes no messages");
        shop.clock.advance(5 * MINUTE_MS + 1_000);
        assert_eq!(checks(shop, &official.entrance_id, &query).await.0, 403, "five minutes later");
        shop.staff("POST", &format!("/entrances/{}/disable", official.entrance_id), None).await;
        assert_eq!(checks(shop, &official.entrance_id, &official.letter("").query).await.0, 404, "a disabled account");
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn what_is_not_wechats_word_is_refused_and_changes_nothing(shop: &Shop) {
        let official = Official::of(shop, true).await;
        official.follows("o-known", None).await;
        shop.settle().await;
        let before = shop.holdings();
        let xml = official.written("o-new", &event("subscribe", ""));
        let letter = official.letter(&xml);
        let now = shop.clock.now();
        let stale = |away: i64| official.letter_for(&xml, APP_ID, &now.plus_millis(away).seconds().to_string());
        let mut altered = letter.clone();
        altered.body = altered.body.replacen("<![CDATA[", "<![CDATA[A", 2);
        let mut plain = letter.clone();
        plain.query.retain(|(name, _)| !["encrypt_type", "msg_signature"].contains(name));
        plain.body.clone_from(&xml);
        for (why, letter, status) in [
            ("a forged signature", letter.with("msg_signature", &"0".repeat(40)), 403),
            ("no signature", letter.with("msg_signature", ""), 403),
            ("the signature of plain mode", letter.with("msg_signature", &letter.query[0].1), 403),
            ("another nonce", letter.with("nonce", "7"), 403),
            ("an altered message", altered, 403),
            ("301 seconds old", stale(-301_000), 403),
            ("301 seconds ahead", stale(301_000), 403),
            ("no moment", letter.with("timestamp", "now"), 403),
            ("sealed for another account", official.letter_for(&xml, "wx0000000000000000", &now.seconds().to_string()), 403),
            ("a plain message to an account with a key", plain, 403),
            ("to another original id", official.letter(&xml.replace("gh_5f3c9a1b7d2e", "gh_000000000000")), 403),
            ("nothing", official.letter(""), 400),
            ("a document type", official.letter(&format!("<!DOCTYPE xml [<!ENTITY a \"b\">]>{xml}")), 400),
            ("an entity", official.letter(&xml.replace("</xml>", "<A>&a;</A></xml>")), 400),
            ("nobody's message", official.letter(&xml.replace("o-new", "")), 400),
            ("too long a message", official.letter(&xml.replace("</xml>", &format!("<A>{}</A></xml>", "a".repeat(70_000)))), 400),
        ] {
            let (found, answer) = official.sends(&letter).await;
            assert_eq!(found, status, "{why}: {answer}");
            let refusal: Value = serde_json::from_str(&answer).unwrap();
            let code = if status == 403 { "service_account.not_believed" } else { "service_account.no_message" };
            assert_eq!(refusal["code"], code, "{why}");
            shop.settle().await;
            assert_eq!(shop.holdings(), before, "{why}");
        }
        assert_eq!(official.sends(&letter).await.0, 200, "the right one is taken");
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn other_words_under_a_signature_that_was_seen_are_refused(shop: &Shop) {
        let official = Official::of(shop, false).await;
        let letter = official.letter(&official.written("o1", &words_of("你好", 1)));
        assert_eq!(official.sends(&letter).await, (200, "success".to_owned()));
        let before = shop.holdings();
        let mut other = letter.clone();
        other.body = official.written("o2", &event("subscribe", ""));
        assert_eq!(official.sends(&other).await.0, 403, "the signature of plain mode covers no word of the message");
        assert_eq!(official.sends(&letter).await, (200, "success".to_owned()), "the same message again is answered");
        assert_eq!(shop.holdings(), before);
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn a_message_that_comes_twenty_times_at_once_is_taken_once(shop: &Shop) {
        let official = Official::of(shop, true).await;
        reply(shop, &official, json!({"occasion": "welcome", "content": says("欢迎关注")})).await;
        let xml = official.written("o1", &event("subscribe", ""));
        let letters: Vec<_> = (0..20).map(|_| official.letter(&xml)).collect();
        let answers = at_once(20, letters.iter().map(|letter| official.sends(letter))).await;
        for (status, answer) in &answers {
            assert_eq!((*status, field(&official.opened(answer), "Content").as_str()), (200, "欢迎关注"), "{answer}");
        }
        let followers = official.followers().await;
        assert_eq!(followers.len(), 1, "{followers:?}");
        let file = shop.staff("GET", &format!("/service-followers/{}", followers[0]["following_id"].as_str().unwrap()), None).await;
        assert_eq!(file["changes"].as_array().map(Vec::len), Some(1), "{file}");
        reply(shop, &official, json!({"occasion": "default", "content": says("稍后回复")})).await;
        let again = official.opened(&official.sends(&letters[0]).await.1);
        assert_eq!(field(&again, "Content"), "欢迎关注", "answered as it was then");
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn following_is_what_wechat_said_last(shop: &Shop) {
        let official = Official::of(shop, true).await;
        let began = shop.clock.now();
        official.follows("o1", None).await;
        shop.clock.advance(2 * MINUTE_MS);
        official.leaves("o1").await;
        let state = async || official.followers().await[0]["state"].clone();
        assert_eq!(state().await, "left");

        // Messages come when they like: this one was said before the last.
        let late = official.written_at("o1", &words_of("在吗", 7), began.plus_millis(MINUTE_MS));
        assert_eq!(official.sends(&official.letter(&late)).await.0, 200);
        assert_eq!(state().await, "left", "an older word does not undo a newer one");

        shop.clock.advance(MINUTE_MS);
        official.writes("o1", "我又来了").await;
        assert_eq!(state().await, "following", "whoever writes follows");
        let id = text(&official.followers().await[0]["following_id"]);
        let file = shop.staff("GET", &format!("/service-followers/{id}"), None).await;
        let changes: Vec<&str> = file["changes"].as_array().unwrap().iter().filter_map(|change| change["change"].as_str()).collect();
        assert_eq!(changes, ["followed", "unfollowed", "followed"], "{file}");
        let said = shop.staff("GET", &format!("/service-followers/{id}/messages"), None).await;
        let kinds: Vec<&str> = said["items"].as_array().unwrap().iter().filter_map(|item| item["kind"].as_str()).collect();
        assert_eq!(kinds, ["text", "text", "unsubscribe", "subscribe"], "{said}");
        assert_eq!(said["items"][0]["words"], "我又来了");

        official.tells_of("o2", &event("unsubscribe", "")).await;
        let never = official.followers().await;
        assert_eq!((&never[0]["state"], &never[0]["followed_at"]), (&json!("left"), &Value::Null), "{never:?}");
        shop.clock.advance(31 * DAY_MS);
        shop.settle().await;
        let said = shop.staff("GET", &format!("/service-followers/{id}/messages"), None).await;
        assert_eq!(said["items"], json!([]), "what was said is forgotten after thirty days");
        assert_eq!(official.followers().await.len(), 2, "and followers are not");
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn words_and_menus_are_answered_as_staff_wrote(shop: &Shop) {
        for sealed in [false, true] {
            // One account after the other: both have the same app id.
            let official = if sealed {
                let entrances = shop.staff("GET", "/entrances?platform=wechat_service", None).await;
                let id = text(&entrances["items"][0]["entrance_id"]);
                let key = json!({"message_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"});
                shop.staff("PUT", &format!("/entrances/{id}/secrets"), Some(key)).await;
                Official::known_as(shop, id)
            } else {
                let official = Official::of(shop, false).await;
                let exact = json!({"occasion": "keyword", "matching": "exact", "words": "Hi", "content": says("您好")});
                reply(shop, &official, exact).await;
                let card = json!({"kind": "news", "title": "春季上新", "url": "https://shop.example/spring"});
                reply(shop, &official, json!({"occasion": "keyword", "matching": "contains", "words": "上新", "content": card})).await;
                let page = json!({"kind": "mini_program", "text": "我的订单", "path": "pages/orders/index"});
                reply(shop, &official, json!({"occasion": "menu", "words": "orders", "content": page})).await;
                official
            };
            assert_eq!(field(&official.writes("o1", " hI ").await, "Content"), "您好");
            let card = official.writes("o1", "有什么上新吗").await;
            assert_eq!((field(&card, "MsgType"), field(&card, "Url")), ("news".to_owned(), "https://shop.example/spring".to_owned()));
            let link = field(&official.taps("o1", "orders").await, "Content");
            let mini = format!("data-miniprogram-appid=\"{}\"", shop.simulator.credentials.app_id);
            assert!(link.contains(&mini) && link.contains("data-miniprogram-path=\"pages/orders/index\""), "{link}");
            assert!(is_success(&official.writes("o1", "退款").await), "nothing fits and there is no default");
            assert!(is_success(&official.taps("o1", "other").await));
            let to = official.writes("o1", "hi").await;
            assert_eq!((field(&to, "ToUserName"), field(&to, "FromUserName")), ("o1".to_owned(), "gh_5f3c9a1b7d2e".to_owned()));
        }
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn staff_write_order_change_and_remove_answers(shop: &Shop) {
        let official = Official::of(shop, false).await;
        let contains = |words: &str, answer: &str| json!({"occasion": "keyword", "matching": "contains", "words": words, "content": says(answer)});
        let first = reply(shop, &official, contains("客服", "一")).await;
        let second = reply(shop, &official, contains("人工", "二")).await;
        let (one, two) = (text(&first["reply_id"]), text(&second["reply_id"]));
        assert_eq!(field(&official.writes("o1", "人工客服").await, "Content"), "一");
        let order = |ids: &[&str]| Some(json!({"entrance_id": official.entrance_id, "reply_ids": ids}));
        let ordered = shop.staff("POST", "/service-reply-orders", order(&[&two, &one])).await;
        assert_eq!(ordered["items"][0]["reply_id"], two.as_str());
        assert_eq!(field(&official.writes("o1", "人工客服").await, "Content"), "二");
        let (a, b) = (one.as_str(), two.as_str());
        for ids in [vec![a], vec![a, a], vec![a, b, "1"]] {
            let refused = tries(shop, "POST", "/service-reply-orders", order(&ids)).await;
            assert_eq!(refused, (422, "service_account.order_incomplete".to_owned()), "{ids:?}");
        }

        let mut change = contains("人工", "三");
        change["version"] = json!(1);
        change["enabled"] = json!(false);
        let changed = shop.staff("PUT", &format!("/service-replies/{two}"), Some(change.clone())).await;
        assert_eq!((&changed["version"], &changed["content"]["text"]), (&json!(2), &json!("三")));
        assert_eq!(field(&official.writes("o1", "人工客服").await, "Content"), "一", "it is not given any more");
        let stale = tries(shop, "PUT", &format!("/service-replies/{two}"), Some(change)).await;
        assert_eq!(stale, (409, "service_account.reply_changed".to_owned()));

        let create = |fields: Value| {
            let mut body = json!({"entrance_id": official.entrance_id, "enabled": true});
            fields.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
            tries(shop, "POST", "/service-replies", Some(body))
        };
        let taken = (409, "service_account.reply_taken".to_owned());
        assert_eq!(create(contains("客服", "又")).await, taken);
        reply(shop, &official, json!({"occasion": "welcome", "content": says("欢迎")})).await;
        assert_eq!(create(json!({"occasion": "welcome", "content": says("再欢迎")})).await, taken);
        for wrong in [
            json!({"occasion": "keyword", "words": "a", "content": says("a")}),
            json!({"occasion": "welcome", "words": "a", "content": says("a")}),
            json!({"occasion": "default", "content": says(" ")}),
            json!({"occasion": "default", "content": {"kind": "news", "title": "a", "url": "http://shop.example/"}}),
            json!({"occasion": "default", "content": {"kind": "mini_program", "text": "a", "path": "/pages/a"}}),
        ] {
            assert_eq!(create(wrong.clone()).await, (422, "service_account.invalid_field".to_owned()), "{wrong}");
        }
        let extra = json!({"occasion": "default", "content": {"kind": "text", "text": "a", "price": 1}});
        assert_eq!(create(extra).await.0, 422, "a field nobody asked for");
        let elsewhere = json!({"entrance_id": "1", "enabled": true, "occasion": "default", "content": says("a")});
        assert_eq!(tries(shop, "POST", "/service-replies", Some(elsewhere)).await, (404, "service_account.entrance_not_found".to_owned()));

        shop.staff("DELETE", &format!("/service-replies/{one}"), None).await;
        assert_eq!(tries(shop, "GET", &format!("/service-replies/{one}"), None).await, (404, "service_account.reply_not_found".to_owned()));
        assert_eq!(tries(shop, "DELETE", &format!("/service-replies/{one}"), None).await.0, 404);
        assert!(is_success(&official.writes("o1", "人工客服").await));
        let audit = shop.staff("GET", "/audit?limit=100", None).await.to_string();
        for deed in ["create", "change", "remove", "order"] {
            assert!(audit.contains(&format!("service_reply.{deed}")), "{deed}");
        }
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn a_follower_is_a_user_once_their_unionid_is(shop: &Shop) {
        let official = Official::of(shop, true).await;
        let early = official.comes_in("o-mini-early.u-early").await;
        official.tells("o-early", "u-early");
        official.follows("o-early", None).await;
        assert_eq!(early.does("GET", "/me/followings", None).await["items"], json!([]), "WeChat was not asked yet");
        shop.settle().await;
        let followed = early.does("GET", "/me/followings", None).await;
        assert_eq!(followed["items"][0]["name"], "服务号", "{followed}");
        let user_id = early.user_id().await;
        let reach = shop.staff("GET", &format!("/users/{user_id}/reachability"), None).await;
        let channel = |reach: &Value, name: &str| reach["items"].as_array().unwrap().iter().find(|item| item["channel"] == name).cloned().unwrap();
        assert_eq!(channel(&reach, "service_template")["reachable"], true, "{reach}");
        assert_eq!(channel(&reach, "sms")["reachable"], false, "{reach}");
        let proofs = shop.staff("GET", &format!("/users/{user_id}"), None).await["identities"].clone();
        let service = proofs.as_array().unwrap().iter().find(|proof| proof["provider"] == "wechat_service");
        assert_eq!(service.map(|proof| &proof["app_id"]), Some(&json!(APP_ID)), "the openid proves them from now on: {proofs}");

        official.writes("o-early", "有什么上新吗").await;
        let timeline = shop.staff("GET", &format!("/users/{user_id}/timeline"), None).await;
        let wrote = |moment: &&Value| moment["what"] == "service_account.wrote" && moment["subject_kind"] == "service_pushes";
        assert_eq!(timeline["items"].as_array().unwrap().iter().filter(wrote).count(), 1, "{timeline}");

        let kept = early.does("GET", "/me/data", None).await["tables"]["service_pushes"].clone();
        let words: Vec<&Value> = kept.as_array().unwrap().iter().filter(|row| row["kind"] == "text").map(|row| &row["words"]).collect();
        assert_eq!(words, [&json!("有什么上新吗")], "a person is given their own words too: {kept}");

        official.tells("o-late", "u-late");
        official.follows("o-late", None).await;
        shop.settle().await;
        assert_eq!(official.followers().await[0]["user_id"], Value::Null, "nobody has that unionid, and nobody is made of it");
        let late = official.comes_in("o-mini-late.u-late").await;
        assert_eq!(late.does("GET", "/me/followings", None).await["items"].as_array().map(Vec::len), Some(1));
        official.leaves("o-late").await;
        assert_eq!(late.does("GET", "/me/followings", None).await["items"], json!([]));
        let late_id = late.user_id().await;
        let reach = shop.staff("GET", &format!("/users/{late_id}/reachability"), None).await;
        assert_eq!(channel(&reach, "service_template")["reachable"], false, "{reach}");
        assert_eq!(tries(shop, "GET", "/users/1/reachability", None).await, (404, "service_account.user_not_found".to_owned()));

        official.known().trouble = Some(json!({"errcode": -1, "errmsg": "system error"}));
        official.tells("o-slow", "u-slow");
        let slow = official.comes_in("o-mini-slow.u-slow").await;
        official.follows("o-slow", None).await;
        shop.settle().await;
        official.known().trouble = None;
        assert_eq!(slow.does("GET", "/me/followings", None).await["items"], json!([]));
        shop.clock.advance(10 * MINUTE_MS);
        shop.settle().await;
        assert_eq!(slow.does("GET", "/me/followings", None).await["items"].as_array().map(Vec::len), Some(1), "asked again");
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn a_code_brings_people_through_the_share_it_carries(shop: &Shop) {
        let official = Official::of(shop, true).await;
        let product = shop.product(5_000, 5).await;
        let product_id = text(&product["summary"]["id"]);
        let sharer = official.comes_in("o-mini-a.u-a").await;
        let share = sharer.shares_thing("product", &product_id, "qr").await;
        let body = Some(json!({"share_token": share}));
        let code = sharer.does("POST", "/service-codes", body.clone()).await;
        assert_eq!((&code["kind"], &code["url"]), (&json!("temporary"), &json!("http://weixin.qq.com/q/1")), "{code}");
        assert_eq!(code["wechat_picture"], "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%2F1%3D%3D");
        let asked = official.known().codes.clone();
        let scene = json!({"scene": {"scene_str": share}});
        assert_eq!(asked, [json!({"expire_seconds": 2_592_000, "action_name": "QR_STR_SCENE", "action_info": scene})]);
        assert_eq!(sharer.does("POST", "/service-codes", body.clone()).await["code_id"], code["code_id"], "made once");
        assert_eq!(official.known().codes.len(), 1);
        let picture = format!("/service-codes/{}/picture", code["code_id"].as_str().unwrap());
        assert_eq!(sharer.call("GET", &format!("{picture}?format=svg"), None).await.0, 200);
        assert_eq!(sharer.call("GET", &format!("{picture}?width=100"), None).await.0, 422);

        let welcome = official.follows("o-b", Some(&share)).await;
        let path = format!("pages/product/index?id={product_id}&amp;share={share}");
        assert!(field(&welcome, "Content").contains(&path), "they are led on to what is shared: {welcome}");
        official.tells("o-b", "u-b");
        shop.settle().await;
        let brought = official.comes_in("o-mini-b.u-b").await;
        assert_eq!(brought.call("GET", &picture, None).await.0, 404, "another's code");
        let newcomers = sharer.does("GET", "/share-newcomers", None).await;
        assert_eq!(newcomers["items"].as_array().map(Vec::len), Some(1), "the code brought them: {newcomers}");

        let known = official.comes_in("o-mini-c.u-c").await;
        known.shares().await;
        official.tells("o-c", "u-c");
        official.follows("o-c", None).await;
        shop.settle().await;
        official.scans("o-c", &share).await;
        official.tells("o-a", "u-a");
        official.follows("o-a", Some(&share)).await;
        shop.settle().await;
        let mine = sharer.does("GET", &format!("/shares/{share}"), None).await;
        assert_eq!((&mine["figures"]["visitors"], &mine["figures"]["newcomers"]), (&json!(2), &json!(1)), "their own scan counts for nothing: {mine}");

        shop.clock.advance(30 * DAY_MS);
        let mut sharer = sharer;
        sharer.token = official.comes_in("o-mini-a.u-a").await.token;
        let anew = sharer.does("POST", "/service-codes", body).await;
        assert_eq!((&anew["code_id"], &anew["url"]), (&code["code_id"], &json!("http://weixin.qq.com/q/2")), "made anew at its end");
        let other = official.comes_in("o-mini-d.u-d").await;
        let (status, refused) = other.call("POST", "/service-codes", Some(json!({"share_token": share}))).await;
        assert_eq!((status, &refused["code"]), (404, &json!("share.token_not_found")), "another's share");
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn staff_make_codes_and_see_who_came_by_them(shop: &Shop) {
        let official = Official::of(shop, true).await;
        reply(shop, &official, json!({"occasion": "welcome", "content": says("欢迎关注")})).await;
        let create = |fields: Value| {
            let mut body = json!({"entrance_id": official.entrance_id, "name": "南山店橱窗", "kind": "permanent"});
            fields.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
            body
        };
        let page = json!({"kind": "page", "reference": "pages/spring/index"});
        let code = shop.staff_post("/service-codes", create(json!({"subject": page}))).await;
        let id = text(&code["code"]["code_id"]);
        assert_eq!(code["code"]["expires_at"], Value::Null);
        let asked = official.known().codes[0].clone();
        assert_eq!(asked["action_name"], "QR_LIMIT_STR_SCENE");
        let scene = text(&asked["action_info"]["scene"]["scene_str"]);
        let led = official.follows("o1", Some(&scene)).await;
        assert!(field(&led, "Content").contains("pages/spring/index"), "{led}");
        official.scans("o1", &scene).await;
        official.follows("o2", None).await;
        official.scans("o2", &scene).await;
        let seen = shop.staff("GET", &format!("/service-codes/{id}"), None).await;
        assert_eq!((&seen["scans"], &seen["people"], &seen["followed"]), (&json!(3), &json!(2), &json!(1)), "{seen}");
        let came = official.followers().await;
        assert_eq!((&came[0]["code_id"], &came[1]["code_id"]), (&Value::Null, &json!(id)), "only who began by it came by it");

        let plain = shop.staff_post("/service-codes", create(json!({"kind": "temporary", "name": "传单"}))).await;
        assert!(plain["code"]["expires_at"].is_string(), "{plain}");
        let scene = text(&official.known().codes[1]["action_info"]["scene"]["scene_str"]);
        assert_eq!(field(&official.follows("o3", Some(&scene)).await, "Content"), "欢迎关注", "without a subject the welcome");
        assert!(is_success(&official.scans("o3", &scene).await));
        assert!(is_success(&official.scans("o3", "nobodys-scene").await), "a scene of nobody's is a scan of nothing");

        for (fields, status, refusal) in [
            (json!({"name": ""}), 422, "service_account.invalid_field"),
            (json!({"name": "a\nb"}), 422, "service_account.invalid_field"),
            (json!({"subject": {"kind": "product", "reference": "1"}}), 404, "service_account.subject_not_found"),
            (json!({"subject": {"kind": "page", "reference": "https://evil.example/"}}), 422, "share.subject_invalid"),
            (json!({"entrance_id": "1"}), 404, "service_account.entrance_not_found"),
        ] {
            let found = tries(shop, "POST", "/service-codes", Some(create(fields.clone()))).await;
            assert_eq!(found, (status, refusal.to_owned()), "{fields}");
        }
        official.known().trouble = Some(json!({"errcode": -1, "errmsg": "system error"}));
        let refused = tries(shop, "POST", "/service-codes", Some(create(json!({"name": "停电"})))).await;
        assert_eq!(refused, (503, "service_account.code_unavailable".to_owned()));
        official.known().trouble = Some(json!({"errcode": 45029, "errmsg": "qrcode count out of limit"}));
        let refused = tries(shop, "POST", "/service-codes", Some(create(json!({"name": "太多"})))).await;
        assert_eq!(refused, (409, "service_account.too_many_codes".to_owned()));
        official.known().trouble = None;
        let listed = shop.staff("GET", &format!("/service-codes?entrance_id={}", official.entrance_id), None).await;
        let waiting = listed["items"].as_array().unwrap().iter().find(|item| item["name"] == "停电").cloned().unwrap();
        assert_eq!(waiting["made_at"], Value::Null, "it waits to be made");
        let waiting = text(&waiting["code"]["code_id"]);
        assert_eq!(tries(shop, "GET", &format!("/service-codes/{waiting}/picture"), None).await, (409, "service_account.code_not_made".to_owned()));
        let made = shop.staff("POST", &format!("/service-codes/{waiting}/make"), None).await;
        assert!(made["made_at"].is_string(), "{made}");
        assert_eq!(tries(shop, "GET", &format!("/service-codes/{waiting}/picture"), None).await.0, 200);
        assert_eq!(tries(shop, "GET", "/service-codes/1", None).await, (404, "service_account.code_not_found".to_owned()));
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn what_becomes_of_a_template_message_is_noted_and_the_rest_is_only_kept(shop: &Shop) {
        let official = Official::of(shop, true).await;
        official.follows("o1", None).await;
        for (number, status) in [(1, "success"), (2, "failed:user block")] {
            let rest = format!("<MsgID>{number}</MsgID><Status><![CDATA[{status}]]></Status>");
            assert!(is_success(&official.tells_of("o1", &event("TEMPLATESENDJOBFINISH", &rest)).await));
        }
        assert!(is_success(&official.tells_of("o1", &event("LOCATION", "<Latitude>23.1</Latitude>")).await));
        let image = "<MsgType>image</MsgType><PicUrl>http://a.example/</PicUrl><MsgId>9</MsgId>";
        assert!(is_success(&official.tells_of("o1", image).await));
        let id = text(&official.followers().await[0]["following_id"]);
        let said = shop.staff("GET", &format!("/service-followers/{id}/messages?limit=3"), None).await;
        let seen: Vec<_> = said["items"].as_array().unwrap().iter().map(|item| (item["kind"].clone(), item["words"].clone())).collect();
        assert_eq!(seen, [(json!("other"), json!("image")), (json!("other"), json!("LOCATION")), (json!("template_sent"), json!("failed:user block"))]);
        assert!(said["next_cursor"].is_string());
    }
}

on_both_databases! {
    async fn the_development_wechat_and_the_shop_understand_each_other(shop: &Shop) {
        let apps = shop.wechat("GET", "/apps", None).await;
        let app = apps["apps"].as_array().unwrap().iter().find(|app| app["kind"] == "service").cloned().unwrap();
        let entrance = json!({
            "platform": "wechat_service", "app_id": app["app_id"], "name": "服务号", "secret": app["secret"],
            "original_id": app["original_id"], "message_token": app["message_token"],
            "message_aes_key": app["message_aes_key"]
        });
        let entrance = text(&shop.staff_post("/entrances", entrance).await["entrance_id"]);
        let url = format!("{}/hooks/wechat/push/{entrance}", shop.base);
        shop.wechat("PUT", "/push-target", Some(json!({"url": url, "mode": "secure"}))).await;
        let checked = shop.wechat("POST", "/push-target/check", Some(json!({}))).await;
        assert_eq!(checked["passed"], true, "{checked}");
        let forged = shop.wechat("POST", "/push-target/check", Some(json!({"push": {"wrong_signature": true}}))).await;
        assert_eq!((&forged["passed"], &forged["status"]), (&json!(false), &json!(403)), "{forged}");

        let sharer = shop.buyer().await;
        let share = sharer.shares().await;
        let code = sharer.does("POST", "/service-codes", Some(json!({"share_token": share}))).await;
        let tickets = shop.wechat("GET", "/service/codes", None).await;
        assert_eq!(tickets["codes"][0]["url"], code["url"], "{tickets}");
        let scan = json!({"ticket": tickets["codes"][0]["ticket"], "push": {"duplicate": 3}});
        let scanned = shop.wechat("POST", "/service/scan", Some(scan)).await;
        for attempt in scanned["push"]["attempts"].as_array().unwrap() {
            assert_eq!((&attempt["status"], &attempt["problem"]), (&json!(200), &Value::Null), "{attempt}");
            assert!(attempt["reply"]["Content"].as_str().unwrap().contains(&share), "{attempt}");
        }
        shop.settle().await;
        let login = shop.wechat("POST", "/login", Some(json!({"openid": scanned["openid"]}))).await;
        let body = Some(json!({"js_code": login["js_code"]}));
        let (status, login) = shop.call("POST", "/api/v1/sessions/wechat-mini", None, body).await;
        assert_eq!(status, 201, "{login}");
        let token = login["access_token"].as_str();
        let followed = shop.call("GET", "/api/v1/me/followings", token, None).await.1;
        assert_eq!(followed["items"][0]["entrance_id"], entrance.as_str(), "by the unionid of both: {followed}");
        let newcomers = sharer.does("GET", "/share-newcomers", None).await;
        assert_eq!(newcomers["items"].as_array().map(Vec::len), Some(1), "{newcomers}");

        let link = sharer.does("POST", "/me/entrances/links", Some(json!({"form": "url_link", "share_token": share}))).await;
        let links = shop.wechat("GET", "/links", None).await;
        assert_eq!((&links["links"][0]["link"], &links["links"][0]["query"]), (&link["link"], &link["query"]), "{links}");

        let distorted = json!({"openid": scanned["openid"], "content": "在吗", "push": {"corrupt_body": true}});
        let refused = shop.wechat("POST", "/service/text", Some(distorted)).await;
        assert_eq!(refused["push"]["attempts"][0]["status"], 403, "{refused}");
        shop.wechat("POST", "/service/unfollow", Some(json!({"openid": scanned["openid"]}))).await;
        let followed = shop.call("GET", "/api/v1/me/followings", token, None).await.1;
        assert_eq!(followed["items"], json!([]));
    }
}
