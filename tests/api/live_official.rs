//! Rooms of WeChat's own live service, mirrored.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

async fn picture(shop: &Shop) -> (String, String) {
    let mut png = Cursor::new(Vec::new());
    RgbImage::from_pixel(640, 480, image::Rgb([180, 40, 60])).write_to(&mut png, ImageFormat::Png).unwrap();
    let sent = shop.http.post(format!("{}/admin/v1/pictures", shop.base)).bearer_auth(shop.owner_again().await);
    let answer = sent.header("content-type", "image/png").body(png.into_inner()).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let stored: Value = answer.json().await.unwrap();
    (text(&stored["key"]), text(&stored["path"]))
}

/// A planned room with a picture that starts in an hour.
async fn room(shop: &Shop) -> String {
    let (now, (_, cover)) = (shop.clock.now(), picture(shop).await);
    let body = json!({
        "title": "春茶上新", "cover": cover, "anchor_name": "小麦", "starts_at": now.plus_millis(HOUR_MS),
        "ends_at": now.plus_millis(3 * HOUR_MS),
    });
    text(&shop.staff_post("/live-rooms", body).await["room"]["id"])
}

fn wish() -> Value {
    json!({"anchor_wechat": "tea-anchor", "published": true})
}

async fn submits(shop: &Shop, room: &str) -> Value {
    shop.staff("PUT", &format!("/live-rooms/{room}/official"), Some(wish())).await
}

async fn looks(shop: &Shop, room: &str) -> Value {
    shop.staff("GET", &format!("/live-rooms/{room}/official"), None).await
}

async fn tries(shop: &Shop, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    shop.call(method, &format!("/admin/v1{path}"), Some(&shop.owner_again().await), body).await
}

async fn state(shop: &Shop, room: &str) -> Value {
    shop.staff("GET", &format!("/live-rooms/{room}"), None).await["room"]["state"].clone()
}

/// A product on sale whose cover is a real picture.
async fn product(shop: &Shop, title: &str, prices: &[i64]) -> String {
    let (cover, _) = picture(shop).await;
    let number = shop.number();
    let skus: Vec<Value> = prices
        .iter()
        .enumerate()
        .map(|(at, price)| {
            json!({"code": format!("T{number}-{at}"), "price_fen": price, "weight_grams": 100, "option_values": [format!("{at}")]})
        })
        .collect();
    let mut draft = json!({
        "category_id": shop.category_id, "freight_template_id": shop.freight_template_id, "title": title,
        "cover": cover, "skus": skus,
    });
    if prices.len() > 1 {
        let values: Vec<String> = (0..prices.len()).map(|at| at.to_string()).collect();
        draft["options"] = json!([{"name": "规格", "values": values}]);
    } else {
        draft["skus"][0].as_object_mut().unwrap().remove("option_values");
    }
    let product = shop.staff_post("/products", draft).await;
    let id = text(&product["summary"]["id"]);
    shop.staff("POST", &format!("/products/{id}/on-sale"), None).await;
    id
}

on_both_databases! {
    async fn a_room_is_made_at_wechat_and_moves_as_wechats_does(shop: &Shop) {
        let room = room(shop).await;
        let (status, none) = tries(shop, "GET", &format!("/live-rooms/{room}/official"), None).await;
        assert_eq!((status, &none["code"]), (409, &json!("live.not_mirrored")));
        let made = submits(shop, &room).await;
        let number = made["room_number"].as_i64().unwrap();
        assert_eq!((&made["state"], &made["status"], &made["failure"]), (&json!("planned"), &Value::Null, &Value::Null));
        let theirs = shop.wechat("GET", "/live", None).await;
        assert_eq!(theirs["rooms"][0]["asked"]["name"], "春茶上新");
        assert!(theirs["media"][0]["bytes"].as_i64().unwrap() > 500);

        shop.settle().await;
        let seen = looks(shop, &room).await;
        assert_eq!(seen["status"], "not_started");
        assert!(text(&seen["push_address"]).contains("txSecret="), "{seen}");
        assert!(text(&seen["page_path"]).contains(&format!("room_id={number}")), "{seen}");

        shop.clock.advance(HOUR_MS);
        let moves = async |status: i64| {
            shop.wechat("POST", &format!("/live/rooms/{number}"), Some(json!({"status": status}))).await;
            shop.later(10 * MINUTE_MS).await;
        };
        moves(101).await;
        assert_eq!(state(shop, &room).await, "live");
        let changes = shop.staff("GET", &format!("/live-rooms/{room}"), None).await["changes"].clone();
        assert_eq!(changes.as_array().unwrap().last().unwrap()["actor"], "wechat");
        moves(105).await;
        assert_eq!(state(shop, &room).await, "paused");
        moves(101).await;
        moves(103).await;
        assert_eq!(state(shop, &room).await, "ended");
        shop.later(20 * MINUTE_MS).await;
        let over = shop.staff("GET", &format!("/live-rooms/{room}"), None).await;
        assert_eq!(over["replays"].as_array().unwrap().len(), 1, "{}", over["replays"]);
        assert!(text(&over["replays"][0]["media_url"]).ends_with("replay.m3u8"));
        assert_eq!(looks(shop, &room).await["mirror_due_at"], Value::Null, "there is nothing more to wait for");
    }

    async fn a_room_that_wechat_refuses_says_why_and_is_not_made_twice(shop: &Shop) {
        let room = room(shop).await;
        let path = format!("/live-rooms/{room}/official");
        shop.trouble(json!({"live": {"unverified_anchors": ["tea-anchor"]}})).await;
        let asked = submits(shop, &room).await;
        assert_eq!(asked["room_number"], Value::Null);
        assert!(text(&asked["qr_code_url"]).starts_with("https://"));

        let refuse = json!({"rules": [{"path_prefix": "/wxaapi/broadcast/room/create", "action": "refuse", "code": "300028", "times": 1}]});
        shop.trouble(refuse).await;
        let (status, refused) = tries(shop, "PUT", &path, Some(wish())).await;
        assert_eq!((status, &refused["code"], &refused["details"]["reason"]), (422, &json!("live.wechat_rule"), &json!("name_illegal")));
        assert!(text(&looks(shop, &room).await["failure"]).contains("300028"));

        // WeChat makes it, and the answer is lost.
        let lose = json!({"rules": [{"path_prefix": "/wxaapi/broadcast/room/create", "action": "lose_answer", "times": 1}]});
        shop.trouble(lose).await;
        let (status, lost) = tries(shop, "PUT", &path, Some(wish())).await;
        assert_eq!((status, &lost["details"]["retryable"]), (502, &json!(true)));
        let made = submits(shop, &room).await;
        assert!(made["room_number"].is_i64() && made["failure"].is_null(), "{made}");
        let theirs = shop.wechat("GET", "/live", None).await;
        assert_eq!(theirs["rooms"].as_array().unwrap().len(), 1, "it was found again");

        for (field, body) in [
            ("anchor_wechat", json!({"anchor_wechat": "小麦"})),
            ("entrance_id", json!({"anchor_wechat": "a", "entrance_id": "1"})),
        ] {
            let (status, refused) = tries(shop, "PUT", &path, Some(body)).await;
            assert_eq!((status, &refused["details"]["field"]), (422, &json!(field)), "{refused}");
        }
    }

    async fn a_mirrored_room_has_no_stream_of_the_shops_until_it_is_removed(shop: &Shop) {
        let room = room(shop).await;
        submits(shop, &room).await;
        let buyer = shop.buyer().await;
        let path = format!("/api/v1/live-rooms/{room}/play-addresses");
        let (status, elsewhere) = shop.call("GET", &path, Some(&buyer.token), None).await;
        assert_eq!((status, &elsewhere["code"]), (409, &json!("live.stream_elsewhere")));
        shop.staff("DELETE", &format!("/live-rooms/{room}/official"), None).await;
        assert_eq!(shop.wechat("GET", "/live", None).await["rooms"], json!([]));
        let (status, own) = shop.call("GET", &path, Some(&buyer.token), None).await;
        assert_eq!((status, &own["code"]), (409, &json!("live.not_on_air")));
        assert_eq!(tries(shop, "DELETE", &format!("/live-rooms/{room}/official"), None).await.0, 409);
        assert!(submits(shop, &room).await["room_number"].is_i64(), "it can be made again");
    }

    async fn goods_are_handed_in_reviewed_and_shown_in_the_order_of_the_shelf(shop: &Shop) {
        shop.trouble(json!({"live": {"review": "hold"}})).await;
        let room = room(shop).await;
        submits(shop, &room).await;
        let tea = product(shop, "明前龙井新茶礼盒装送长辈送领导春节限定", &[12_900]).await;
        let cup = product(shop, "盖碗", &[3_900, 5_900]).await;
        let submitted = shop.staff("PUT", &format!("/live-goods/{tea}"), None).await;
        assert_eq!((&submitted["review"], &submitted["name"]), (&json!("reviewing"), &json!("明前龙井新茶礼盒装送长辈送领")));
        assert_eq!((&submitted["price_fen"], &submitted["highest_price_fen"]), (&json!(12_900), &Value::Null));
        let ranged = shop.staff("PUT", &format!("/live-goods/{cup}"), None).await;
        assert_eq!((&ranged["price_fen"], &ranged["highest_price_fen"]), (&json!(3_900), &json!(5_900)));
        let theirs = shop.wechat("GET", "/live", None).await;
        assert_eq!(theirs["goods"][1]["asked"]["price"], json!({"kind": 2, "first": 3_900, "second": 5_900}));

        let shelf = json!({"product_ids": [tea, cup]});
        shop.staff("POST", &format!("/live-rooms/{room}/shelf"), Some(shelf)).await;
        let fill = async || shop.staff("PUT", &format!("/live-rooms/{room}/official/shelf"), None).await["shelf"].clone();
        assert_eq!(fill().await, json!([]), "nothing has passed");
        let decide = async |goods: &Value, audit: i64| {
            let number = goods["goods_id"].as_i64().unwrap();
            shop.wechat("POST", &format!("/live/goods/{number}"), Some(json!({"audit": audit}))).await;
        };
        decide(&submitted, 2).await;
        decide(&ranged, 3).await;
        shop.later(6 * MINUTE_MS).await;
        let library = shop.staff("GET", "/live-goods", None).await;
        let reviews: Vec<&Value> = library["items"].as_array().unwrap().iter().map(|goods| &goods["review"]).collect();
        assert_eq!(reviews, ["refused", "passed"], "newest first");
        let shown = fill().await;
        assert_eq!((shown.as_array().unwrap().len(), &shown[0]["product_id"]), (1, &json!(tea)));

        shop.trouble(json!({})).await;
        let again = shop.staff("PUT", &format!("/live-goods/{cup}"), None).await;
        assert_eq!(again["review"], "reviewing", "a refused one is reviewed anew");
        shop.later(6 * MINUTE_MS).await;
        let order = json!({"product_ids": [cup, tea]});
        shop.staff("PUT", &format!("/live-rooms/{room}/shelf"), Some(order)).await;
        let shown = fill().await;
        let order: Vec<&Value> = shown.as_array().unwrap().iter().map(|goods| &goods["product_id"]).collect();
        assert_eq!(order, [&json!(cup), &json!(tea)]);
        let theirs = shop.wechat("GET", "/live", None).await;
        assert_eq!(theirs["rooms"][0]["goods"][0]["goods_id"], ranged["goods_id"]);

        let at = format!("/live-rooms/{room}/official/shelf/{cup}");
        assert_eq!(tries(shop, "POST", &format!("{at}/explain"), None).await.0, 422, "nothing is on the air");
        let number = theirs["rooms"][0]["number"].as_i64().unwrap();
        shop.wechat("POST", &format!("/live/rooms/{number}"), Some(json!({"status": 101}))).await;
        shop.staff("POST", &format!("{at}/explain"), None).await;
        assert_eq!(shop.wechat("GET", "/live", None).await["rooms"][0]["pushed"], ranged["goods_id"]);
        let off = shop.staff("PUT", &at, Some(json!({"on_sale": false}))).await;
        assert_eq!(off["shelf"][0]["on_sale"], false);
        shop.later(2 * MINUTE_MS).await;
        assert_eq!(looks(shop, &room).await["shelf"][0]["on_sale"], false, "a look does not forget it");

        shop.staff("DELETE", &format!("/live-goods/{tea}"), None).await;
        assert_eq!(looks(shop, &room).await["shelf"].as_array().unwrap().len(), 1);
        let (status, gone) = tries(shop, "DELETE", &format!("/live-goods/{tea}"), None).await;
        assert_eq!((status, &gone["code"]), (404, &json!("live.goods_not_found")));
        let (status, _) = tries(shop, "POST", &format!("/live-rooms/{room}/official/shelf/{tea}/explain"), None).await;
        assert_eq!(status, 422);
    }

    async fn followers_hear_of_one_room_a_day(shop: &Shop) {
        let room = room(shop).await;
        let number = submits(shop, &room).await["room_number"].as_i64().unwrap();
        for _ in 0..3 {
            shop.wechat("POST", "/live/follow", Some(json!({"room_id": number}))).await;
        }
        let path = format!("/live-rooms/{room}/official/tell-followers");
        assert_eq!(shop.staff("POST", &path, None).await, json!({"told": 3}));
        let (status, refused) = tries(shop, "POST", &path, None).await;
        assert_eq!((status, &refused["details"]["reason"]), (422, &json!("followers_told")));
    }
}
