//! Live rooms: a show from its announcement to its replay, what it sells, who may say what, and what it came to.

use rand::RngExt as _;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::{Buyer, Wish, basket};
use crate::support::crowd::{at_once, dice};
use crate::support::shop::text;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const TEMPLATE: &str = "live-start-template";

/// A room with one product on its shelf, 100.00 yuan usually.
struct Room {
    id: String,
    product: String,
    sku: String,
}

impl Room {
    /// Announced for ten minutes from now.
    async fn planned(shop: &Shop) -> Self {
        let product = shop.product(10_000, 1_000).await;
        let (product, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let now = shop.clock.now();
        let draft = json!({
            "title": "七夕新品首发", "anchor_name": "小麦", "anchor_introduction": "十年买手",
            "starts_at": now.plus_millis(10 * MINUTE), "ends_at": now.plus_millis(130 * MINUTE),
        });
        let room = shop.staff_post("/live-rooms", draft).await;
        let id = text(&room["room"]["id"]);
        shop.staff_post(&format!("/live-rooms/{id}/shelf"), json!({"product_ids": [product]})).await;
        Self { id, product, sku }
    }

    /// On the air.
    async fn live(shop: &Shop) -> Self {
        let room = Self::planned(shop).await;
        room.moves(shop, "start").await;
        room
    }

    async fn moves(&self, shop: &Shop, how: &str) -> Value {
        shop.staff_post(&format!("/live-rooms/{}/{how}", self.id), json!({"reason": "主播到位"})).await
    }

    async fn try_move(&self, shop: &Shop, how: &str) -> (u16, Value) {
        let path = format!("/admin/v1/live-rooms/{}/{how}", self.id);
        shop.call("POST", &path, Some(&shop.owner_again().await), Some(json!({"reason": "主播到位"}))).await
    }

    /// 60.00 yuan in the room; answers the price's id.
    async fn prices(&self, shop: &Shop, quota: i64, per_user_limit: i64) -> String {
        let terms = json!({"price_fen": 6_000, "quota": quota, "per_user_limit": per_user_limit});
        let body = json!({"sku_id": self.sku, "terms": terms});
        text(&shop.staff_post(&format!("/live-rooms/{}/prices", self.id), body).await["id"])
    }

    async fn shown_to_staff(&self, shop: &Shop) -> Value {
        shop.staff("GET", &format!("/live-rooms/{}", self.id), None).await
    }

    async fn report(&self, shop: &Shop) -> Value {
        shop.staff("GET", &format!("/live-rooms/{}/report", self.id), None).await
    }

    fn claims(&self) -> Value {
        json!([{"kind": "live", "reference": self.id, "sku_id": self.sku}])
    }
}

impl Buyer<'_> {
    async fn wishes_live(&self, room: &Room, quantity: i64) -> Result<(Wish, Value), (u16, Value)> {
        let lines = [(room.sku.as_str(), quantity)];
        let asked = json!({"lines": basket(&lines), "province_code": "44", "claims": room.claims()});
        let (status, quote) = self.call("POST", "/quotes", Some(asked)).await;
        if status != 200 {
            return Err((status, quote));
        }
        let mut wish = self.wishes_at(&lines, &quote);
        wish.body["claims"] = room.claims();
        Ok((wish, quote))
    }

    async fn orders_live(&self, room: &Room, quantity: i64) -> (u16, Value) {
        match self.wishes_live(room, quantity).await {
            Ok((wish, _)) => self.sends(&wish).await,
            Err(refusal) => refusal,
        }
    }

    async fn buys_live(&self, shop: &Shop, room: &Room, quantity: i64) -> String {
        let (status, order) = self.orders_live(room, quantity).await;
        assert_eq!(status, 201, "{order}");
        let id = text(&order["order_id"]);
        shop.pay(&self.begins_to_pay(&id).await).await;
        id
    }

    async fn says(&self, room: &Room, words: &str, name: &str) -> (u16, Value) {
        let body = json!({"words": words, "client_id": name});
        self.call("POST", &format!("/live-rooms/{}/comments", room.id), Some(body)).await
    }

    async fn enters(&self, room: &Room) -> String {
        text(&self.does("POST", &format!("/live-rooms/{}/visits", room.id), Some(json!({}))).await["visit_id"])
    }

    async fn leaves_room(&self, room: &Room, visit: &str) {
        self.does("DELETE", &format!("/live-rooms/{}/visits/{visit}", room.id), None).await;
    }

    async fn sees_room(&self, room: &Room) -> Value {
        self.does("GET", &format!("/live-rooms/{}", room.id), None).await
    }

    async fn catches(&self, room: &Room, drop: &str) -> (u16, Value) {
        self.call("POST", &format!("/live-rooms/{}/drops/{drop}/catch", room.id), None).await
    }
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

on_both_databases! {
    async fn a_show_goes_from_its_announcement_to_its_replay_and_back_to_each_product(shop: &Shop) {
        let room = Room::planned(shop).await;
        let buyer = shop.buyer().await;
        let rooms = buyer.does("GET", "/live-rooms?state=planned", None).await;
        assert_eq!(rooms["items"][0]["id"], json!(room.id), "{rooms}");
        assert_eq!(room.try_move(shop, "pause").await.1["code"], "live.wrong_state");
        let explained = json!({"product_id": room.product});
        shop.staff("PUT", &format!("/live-rooms/{}/explaining", room.id), Some(explained.clone())).await;
        room.moves(shop, "start").await;
        shop.later(2 * MINUTE).await;
        room.moves(shop, "pause").await;
        assert_eq!(room.try_move(shop, "start").await.0, 200, "a paused show may be started again");
        shop.later(MINUTE).await;
        shop.staff("PUT", &format!("/live-rooms/{}/explaining", room.id), Some(explained)).await;
        assert_eq!(buyer.sees_room(&room).await["shelf"][0]["explaining"], true);
        let ended = room.moves(shop, "end").await;
        assert_eq!((&ended["room"]["state"], &ended["explaining_id"]), (&json!("ended"), &Value::Null), "{ended}");
        let show = format!("/admin/v1/live-rooms/{}/show-replay", room.id);
        let (status, answer) = shop.call("POST", &show, Some(&shop.owner_again().await), None).await;
        assert_eq!((status, &answer["code"]), (409, &json!("live.no_replay")), "{answer}");

        let recording = json!({"media_url": "https://vod.example.com/show.m3u8", "duration_ms": 170_000});
        shop.staff_post(&format!("/live-rooms/{}/replays", room.id), recording).await;
        shop.staff("POST", &format!("/live-rooms/{}/show-replay", room.id), None).await;
        let replays = buyer.does("GET", &format!("/live-rooms/{}/replays", room.id), None).await;
        let marks: Vec<i64> =
            replays["items"][0]["marks"].as_array().unwrap().iter().filter_map(|mark| mark["offset_ms"].as_i64()).collect();
        assert_eq!(marks, [0], "what was explained after the end of the recording is not in it: {replays}");
        let changes = room.shown_to_staff(shop).await["changes"].clone();
        let states: Vec<String> = changes.as_array().unwrap().iter().map(|change| text(&change["to"])).collect();
        assert_eq!(states, ["planned", "live", "paused", "live", "ended", "replay"], "{changes}");
        for (name, many) in [("live.room_started", 1), ("live.room_resumed", 1), ("live.room_ended", 1)] {
            assert_eq!(shop.events(name).await, many, "{name}");
        }
    }

    async fn a_show_that_never_started_is_cancelled_and_not_shown_any_more(shop: &Shop) {
        let room = Room::planned(shop).await;
        shop.later(131 * MINUTE).await;
        let mut buyer = shop.buyer().await;
        buyer.comes_again().await;
        assert_eq!(buyer.call("GET", &format!("/live-rooms/{}", room.id), None).await.0, 404);
        assert_eq!(buyer.does("GET", "/live-rooms", None).await["items"], json!([]));
        assert_eq!(room.shown_to_staff(shop).await["room"]["state"], "cancelled");
    }

    async fn a_live_price_is_had_only_with_the_room_while_it_is_live(shop: &Shop) {
        let room = Room::planned(shop).await;
        room.prices(shop, 10, 2).await;
        let buyer = shop.buyer().await;
        let usual = buyer.quote(&[(&room.sku, 1)]).await["goods_fen"].clone();
        assert_eq!(usual, 10_000);
        let discount = |quote: &Value| quote["discount_fen"].clone();
        let (_, before) = buyer.wishes_live(&room, 1).await.expect("a price");
        assert_eq!(discount(&before), 0, "before the show the usual price holds: {before}");
        room.moves(shop, "start").await;
        let (wish, during) = buyer.wishes_live(&room, 1).await.expect("a price");
        assert_eq!(discount(&during), 4_000, "{during}");
        assert_eq!(buyer.quote(&[(&room.sku, 1)]).await["discount_fen"], 0, "without the room there is no live price");
        room.moves(shop, "end").await;
        let late = buyer.sends(&wish).await;
        assert_eq!(code(&late), (409, "order.price_changed"), "a price seen during the show does not outlive it: {}", late.1);
    }

    async fn of_a_crowd_exactly_as_many_as_the_quota_get_the_price(shop: &Shop) {
        let room = Room::live(shop).await;
        room.prices(shop, 20, 1).await;
        let buyers = at_once(16, (0..80).map(|_| shop.buyer())).await;
        let wishes = at_once(40, buyers.iter().map(|buyer| buyer.wishes_live(&room, 1))).await;
        let wishes: Vec<Wish> = wishes.into_iter().map(|wish| wish.expect("all see the price").0).collect();
        let answers = at_once(80, buyers.iter().zip(&wishes).map(|(buyer, wish)| buyer.sends(wish))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 20);
        for answer in answers.iter().filter(|(status, _)| *status != 201) {
            assert!([(409, "live.sold_out"), (409, "order.price_changed")].contains(&code(answer)), "{}", answer.1);
        }
        assert_eq!(room.shown_to_staff(shop).await["prices"][0]["taken"], 20);
        let (status, order) = shop.buyer().await.orders_live(&room, 1).await;
        assert_eq!(status, 201, "at the usual price it can still be had: {order}");
        assert_eq!(room.shown_to_staff(shop).await["prices"][0]["taken"], 20);
    }

    async fn orders_of_chance_pass_neither_quota_nor_limit(shop: &Shop) {
        let mut dice = dice("orders_of_chance_pass_neither_quota_nor_limit");
        let room = Room::live(shop).await;
        room.prices(shop, 25, 3).await;
        let buyers = at_once(16, (0..15).map(|_| shop.buyer())).await;
        let wishes: Vec<(usize, i64)> = (0..50).map(|_| (dice.random_range(0..15), dice.random_range(1..=3))).collect();
        let answers = at_once(40, wishes.iter().map(|(who, many)| buyers[*who].orders_live(&room, *many))).await;
        assert!(answers.iter().all(|(status, _)| [201, 409].contains(status)), "{answers:?}");
        let mut taken = vec![0; buyers.len()];
        for ((who, many), (_, order)) in wishes.iter().zip(&answers).filter(|(_, (status, _))| *status == 201) {
            let order = buyers[*who].order(&text(&order["order_id"])).await;
            if order["lines"][0]["discount_fen"] != 0 {
                taken[*who] += many;
            }
        }
        assert!(taken.iter().all(|many| *many <= 3), "{taken:?}");
        let sum: i64 = taken.iter().sum();
        assert!(sum <= 25);
        assert_eq!(room.shown_to_staff(shop).await["prices"][0]["taken"], sum);
    }

    async fn what_is_closed_or_refunded_can_be_had_by_others_again_once(shop: &Shop) {
        let room = Room::live(shop).await;
        room.prices(shop, 2, 2).await;
        let buyer = shop.buyer().await;
        let greedy = buyer.orders_live(&room, 3).await;
        assert_eq!(code(&greedy), (409, "live.sold_out"), "{}", greedy.1);
        assert_eq!(buyer.orders_live(&room, 1).await.0, 201);
        let paid = buyer.buys_live(shop, &room, 1).await;
        buyer.does("POST", &format!("/orders/{paid}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(room.shown_to_staff(shop).await["prices"][0]["taken"], 1);
        shop.later(15 * MINUTE + SECOND).await;
        shop.settle().await;
        assert_eq!(room.shown_to_staff(shop).await["prices"][0]["taken"], 0);
    }

    async fn a_claim_on_a_room_that_does_not_show_the_product_is_refused(shop: &Shop) {
        let (room, other) = (Room::live(shop).await, Room::live(shop).await);
        let buyer = shop.buyer().await;
        let lines = [(room.sku.as_str(), 1)];
        let claims = json!([{"kind": "live", "reference": other.id, "sku_id": room.sku}]);
        let asked = json!({"lines": basket(&lines), "province_code": "44", "claims": claims});
        let answer = buyer.call("POST", "/quotes", Some(asked)).await;
        assert_eq!(code(&answer), (422, "live.not_on_shelf"), "{}", answer.1);
    }

    async fn comments_are_said_once_and_seen_by_all_until_they_are_hidden(shop: &Shop) {
        let room = Room::live(shop).await;
        let (buyer, other) = (shop.buyer().await, shop.buyer().await);
        let answers = at_once(8, (0..8).map(|_| buyer.says(&room, "这条裙子有黑色吗？", "c-1"))).await;
        assert!(answers.iter().all(|(status, said)| *status == 201 && said["sequence"] == 1), "{answers:?}");
        assert_eq!(other.says(&room, "有的", "c-1").await.1["sequence"], 2, "another's name is another's");
        let path = format!("/live-rooms/{}/comments", room.id);
        let seen = other.does("GET", &path, None).await;
        let words: Vec<String> = seen["items"].as_array().unwrap().iter().map(|said| text(&said["words"])).collect();
        assert_eq!(words, ["有的", "这条裙子有黑色吗？"], "{seen}");
        shop.staff("PUT", &format!("/live-rooms/{}/pinned-comment", room.id), Some(json!({"sequence": 1}))).await;
        assert_eq!(other.sees_room(&room).await["pinned"]["sequence"], 1);
        shop.staff("POST", &format!("{path}/1/hide"), None).await;
        let page = other.sees_room(&room).await;
        assert_eq!((&page["pinned"], page["comments"].as_array().unwrap().len()), (&Value::Null, 1), "{page}");
        shop.staff("POST", &format!("{path}/1/restore"), None).await;
        assert_eq!(other.does("GET", &path, None).await["items"].as_array().unwrap().len(), 2);
    }

    async fn whoever_reads_on_from_a_number_misses_nothing_and_sees_nothing_twice(shop: &Shop) {
        let room = Room::live(shop).await;
        let buyers = at_once(8, (0..8).map(|_| shop.buyer())).await;
        let from = buyers[0].sees_room(&room).await["sequence"].clone();
        let room = &room;
        let said = at_once(24, (0..40).map(|number| {
            let (buyer, name) = (&buyers[number % 8], format!("c-{number}"));
            async move { buyer.says(room, "好看", &name).await }
        }))
        .await;
        assert!(said.iter().all(|(status, _)| *status == 201), "{said:?}");
        let user = buyers[7].user_id().await;
        let mute = json!({"user_id": user, "kind": "mute", "reason": "刷屏"});
        shop.staff_post(&format!("/live-rooms/{}/sanctions", room.id), mute).await;
        room.moves(shop, "pause").await;
        let (mut known, mut seen) = (from.as_i64().unwrap(), Vec::new());
        loop {
            let news = buyers[0].does("GET", &format!("/live-rooms/{}/news?after={known}", room.id), None).await;
            assert_eq!(news["complete"], true, "{news}");
            assert!(!news.to_string().contains(&user), "nobody is told who was muted: {news}");
            let next = news["sequence"].as_i64().unwrap();
            seen.extend(news["items"].as_array().unwrap().clone());
            if next == known {
                break;
            }
            known = next;
        }
        let comments: Vec<i64> =
            seen.iter().filter(|item| item["kind"] == "comment").filter_map(|item| item["payload"]["sequence"].as_i64()).collect();
        assert_eq!(comments, (1..=40).collect::<Vec<_>>(), "in their order, each once");
        assert_eq!(seen.last().unwrap()["payload"]["state"], "paused");
        shop.later(6 * MINUTE).await;
        let mut late = shop.buyer().await;
        late.comes_again().await;
        let news = late.does("GET", &format!("/live-rooms/{}/news?after=1", room.id), None).await;
        assert_eq!(news["complete"], false, "what is older than five minutes is to be shown anew: {news}");
    }

    async fn slow_mode_and_the_list_of_words_hold_for_everybody(shop: &Shop) {
        let room = Room::live(shop).await;
        let buyer = shop.buyer().await;
        let talk = json!({"slow_mode_seconds": 10, "comments_open": true, "blocked_words": ["加微信"]});
        shop.staff("PUT", &format!("/live-rooms/{}/talk", room.id), Some(talk)).await;
        let blocked = buyer.says(&room, "加 微-信 领红包", "c-0").await;
        assert_eq!(code(&blocked), (422, "live.word_blocked"), "{}", blocked.1);
        assert_eq!(buyer.says(&room, "好看", "c-1").await.0, 201);
        let soon = buyer.says(&room, "真好看", "c-2").await;
        assert_eq!(code(&soon), (429, "live.too_soon"), "{}", soon.1);
        shop.later(10 * SECOND).await;
        assert_eq!(buyer.says(&room, "真好看", "c-2").await.0, 201);
        let closed = json!({"slow_mode_seconds": 0, "comments_open": false, "blocked_words": []});
        shop.staff("PUT", &format!("/live-rooms/{}/talk", room.id), Some(closed)).await;
        assert_eq!(code(&buyer.says(&room, "还在吗", "c-3").await), (409, "live.comments_closed"));
    }

    async fn whoever_is_muted_watches_in_silence_and_whoever_is_banned_does_not_watch(shop: &Shop) {
        let room = Room::live(shop).await;
        let buyer = shop.buyer().await;
        let user = buyer.user_id().await;
        let path = format!("/live-rooms/{}/sanctions", room.id);
        let until = shop.clock.now().plus_millis(5 * MINUTE);
        let mute = json!({"user_id": user, "kind": "mute", "ends_at": until, "reason": "刷屏"});
        shop.staff_post(&path, mute).await;
        assert_eq!(code(&buyer.says(&room, "好看", "c-1").await), (403, "live.muted"));
        buyer.enters(&room).await;
        shop.later(5 * MINUTE).await;
        assert_eq!(buyer.says(&room, "好看", "c-1").await.0, 201, "a mute ends by itself");

        let ban = json!({"user_id": user, "kind": "ban", "everywhere": true, "reason": "辱骂主播"});
        let ban = shop.staff_post(&path, ban).await;
        for (method, what, body) in [
            ("GET", "", None),
            ("POST", "/visits", Some(json!({}))),
            ("POST", "/likes", Some(json!({"likes": 1}))),
            ("POST", "/comments", Some(json!({"words": "好看", "client_id": "c-9"}))),
        ] {
            let answer = buyer.call(method, &format!("/live-rooms/{}{what}", room.id), body).await;
            assert_eq!(code(&answer), (403, "live.banned"), "{method} {what}: {}", answer.1);
        }
        let elsewhere = Room::live(shop).await;
        assert_eq!(buyer.call("GET", &format!("/live-rooms/{}", elsewhere.id), None).await.0, 403);
        let refused = buyer.wishes_live(&room, 1).await.err().expect("a ban holds for live prices too");
        assert_eq!(code(&refused), (403, "live.banned"));
        shop.staff("DELETE", &format!("{path}/{}", text(&ban["id"])), None).await;
        buyer.sees_room(&room).await;
    }

    with [("HOURGLASS_LIVE_REMINDER_TEMPLATE", "live-start-template")]
    async fn whoever_asked_is_told_once_that_the_show_has_started(shop: &Shop) {
        let room = Room::planned(shop).await;
        let (told, refused) = (shop.buyer().await, shop.buyer().await);
        let path = format!("/live-rooms/{}/reminder", room.id);
        for buyer in [&told, &told, &refused] {
            buyer.does("PUT", &path, None).await;
        }
        assert_eq!(told.sees_room(&room).await["reminded"], true);
        let agreed = json!({"openid": told.openid, "template_id": TEMPLATE, "times": 5});
        shop.wechat("POST", "/messages/agree", Some(agreed)).await;
        shop.settle().await;
        assert_eq!(shop.wechat("GET", "/messages", None).await["messages"], json!([]), "not before it starts");
        room.moves(shop, "start").await;
        shop.settle().await;
        room.moves(shop, "pause").await;
        room.moves(shop, "resume").await;
        shop.settle().await;
        let sent = shop.wechat("GET", "/messages", None).await["messages"].clone();
        assert_eq!(sent.as_array().unwrap().len(), 1, "{sent}");
        let request = &sent[0]["request"];
        assert_eq!((&request["touser"], &request["data"]["thing1"]["value"]), (&json!(told.openid), &json!("七夕新品首发")));
        assert_eq!(request["page"], json!(format!("pages/live/index?id={}", room.id)));
        let report = room.report(shop).await;
        assert_eq!((&report["reminders"], &report["reminders_sent"]), (&json!(2), &json!(1)), "{report}");
        assert_eq!(code(&refused.call("PUT", &path, None).await), (409, "live.already_started"));
    }

    async fn of_what_rains_each_viewer_catches_one_and_nobody_what_is_gone(shop: &Shop) {
        let room = Room::live(shop).await;
        let path = format!("/live-rooms/{}/drops", room.id);
        let packet = json!({
            "kind": "packet", "title": "红包雨", "quantity": 5, "open_seconds": 60, "face_fen": 1_000, "valid_days": 3,
        });
        let packet = text(&shop.staff_post(&path, packet).await["id"]);
        let buyers = at_once(8, (0..12).map(|_| shop.buyer())).await;
        assert_eq!(code(&buyers[0].catches(&room, &packet).await), (409, "live.drop_not_open"));
        shop.staff("POST", &format!("{path}/{packet}/open"), None).await;
        let twice: Vec<&Buyer<'_>> = buyers.iter().chain(&buyers).collect();
        let answers = at_once(24, twice.iter().map(|buyer| buyer.catches(&room, &packet))).await;
        let mut coupons: Vec<(String, i64)> = answers
            .iter()
            .filter(|(status, _)| *status == 201)
            .map(|(_, caught)| (text(&caught["coupon_id"]), caught["amount_fen"].as_i64().unwrap()))
            .collect();
        coupons.sort();
        coupons.dedup();
        assert_eq!((coupons.len(), coupons.iter().map(|(_, fen)| fen).sum::<i64>()), (5, 1_000), "{answers:?}");
        for answer in answers.iter().filter(|(status, _)| *status != 201) {
            assert!([(409, "live.drop_exhausted"), (409, "live.drop_not_open")].contains(&code(answer)), "{}", answer.1);
        }

        let template = shop.coupon_template(json!({})).await;
        let coupon = json!({"kind": "coupon", "title": "福袋", "quantity": 3, "open_seconds": 30, "template_id": template});
        let coupon = text(&shop.staff_post(&path, coupon).await["id"]);
        shop.staff("POST", &format!("{path}/{coupon}/open"), None).await;
        let (status, caught) = buyers[0].catches(&room, &coupon).await;
        assert_eq!(status, 201, "{caught}");
        assert_eq!(buyers[0].coupon_state(&text(&caught["coupon_id"])).await, "held");
        shop.later(31 * SECOND).await;
        assert_eq!(code(&buyers[1].catches(&room, &coupon).await), (409, "live.drop_not_open"));
        let drops = room.shown_to_staff(shop).await["drops"].clone();
        assert!(drops.as_array().unwrap().iter().all(|drop| drop["state"] == "closed"), "{drops}");
    }

    async fn the_report_says_what_happened(shop: &Shop) {
        let room = Room::live(shop).await;
        room.prices(shop, 10, 2).await;
        let (first, second, third) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let visits = [first.enters(&room).await, second.enters(&room).await];
        assert_eq!(second.sees_room(&room).await["viewers"], 2);
        for buyer in [&first, &first, &second] {
            buyer.does("POST", &format!("/live-rooms/{}/products/{}/clicks", room.id, room.product), None).await;
        }
        first.does("POST", &format!("/live-rooms/{}/likes", room.id), Some(json!({"likes": 30}))).await;
        second.says(&room, "好看", "c-1").await;
        let token = first.shares_thing("room", &room.id, "friend").await;
        third.opens(&token).await;
        shop.later(MINUTE).await;
        first.leaves_room(&room, &visits[0]).await;
        first.leaves_room(&room, &visits[0]).await;
        let third_visit = third.enters(&room).await;
        first.buys_live(shop, &room, 2).await;
        second.buys_live(shop, &room, 1).await;
        assert_eq!(third.orders_live(&room, 1).await.0, 201);
        shop.later(30 * SECOND).await;
        second.leaves_room(&room, &visits[1]).await;
        third.leaves_room(&room, &third_visit).await;
        shop.settle().await;

        let report = room.report(shop).await;
        let said = |name: &str| report[name].as_i64().unwrap_or(-1);
        for (name, expected) in [
            ("viewers", 3), ("visits", 3), ("peak_viewers", 2), ("comments", 1), ("likes", 30), ("shares", 1),
            ("clicks", 3), ("placed_orders", 3), ("orders", 2), ("buyers", 2), ("pieces", 3), ("revenue_fen", 18_000),
            ("refunded_fen", 0), ("conversion_permille", 666), ("average_watch_ms", (60 + 90 + 30) * SECOND / 3),
        ] {
            assert_eq!(said(name), expected, "{name}: {report}");
        }
        let product = &report["products"][0];
        assert_eq!((&product["clicks"], &product["orders"], &product["revenue_fen"]), (&json!(3), &json!(2), &json!(18_000)), "{product}");
        for (name, expected) in [("joined", 3), ("likes", 30), ("comments", 1), ("shares", 1), ("clicks", 3), ("orders", 2), ("revenue_fen", 18_000)] {
            let sum: i64 = report["minutes"].as_array().unwrap().iter().filter_map(|minute| minute[name].as_i64()).sum();
            assert_eq!(sum, expected, "the minutes say {name}: {report}");
        }
        let table = shop.call("GET", &format!("/admin/v1/live-rooms/{}/report/products", room.id), Some(&shop.owner_again().await), None).await;
        assert_eq!(table.0, 200);
        let funnel = [shop.events("live.room_entered").await, shop.events("live.product_clicked").await, shop.events("live.ordered").await, shop.events("live.paid").await];
        assert_eq!(funnel, [3, 3, 3, 2]);
    }

    async fn viewers_agree_with_a_model_whoever_comes_goes_breaks_off_and_comes_back(shop: &Shop) {
        let mut dice = dice("viewers_agree_with_a_model_whoever_comes_goes_breaks_off_and_comes_back");
        let room = Room::live(shop).await;
        let buyers = at_once(8, (0..6).map(|_| shop.buyer())).await;
        let mut stays: Vec<Vec<String>> = vec![Vec::new(); buyers.len()];
        let mut known: Vec<Vec<String>> = vec![Vec::new(); buyers.len()];
        for _ in 0..60 {
            let who = dice.random_range(0..buyers.len());
            let path = format!("/live-rooms/{}/visits", room.id);
            match dice.random_range(0..4) {
                0 => {
                    let visit = buyers[who].enters(&room).await;
                    stays[who].push(visit.clone());
                    known[who].push(visit);
                }
                1 => {
                    if let Some(visit) = stays[who].pop() {
                        buyers[who].leaves_room(&room, &visit).await;
                    }
                }
                2 => {
                    if let Some(visit) = known[who].last().cloned() {
                        let back = buyers[who].does("POST", &path, Some(json!({"visit_id": visit}))).await;
                        assert_eq!(back["visit_id"], json!(visit), "a stay goes on");
                        if !stays[who].contains(&visit) {
                            stays[who].push(visit);
                        }
                    }
                }
                _ => {
                    let stranger = known[(who + 1) % buyers.len()].last().cloned();
                    if let Some(visit) = stranger {
                        let own = buyers[who].does("POST", &path, Some(json!({"visit_id": visit}))).await;
                        assert_ne!(own["visit_id"], json!(visit), "nobody goes on with another's stay");
                        let own = text(&own["visit_id"]);
                        stays[who].push(own.clone());
                        known[who].push(own);
                    }
                }
            }
            let present = stays.iter().filter(|stays| !stays.is_empty()).count();
            assert_eq!(buyers[0].sees_room(&room).await["viewers"], json!(present), "{stays:?}");
        }
        shop.later(3 * MINUTE).await;
        assert_eq!(buyers[0].sees_room(&room).await["viewers"], 0, "whoever is not heard of has left");
    }

    async fn what_cannot_be_meant_changes_nothing(shop: &Shop) {
        let room = Room::planned(shop).await;
        let owner = shop.owner_again().await;
        let now = shop.clock.now();
        let good = json!({"title": "直播", "anchor_name": "小麦", "starts_at": now, "ends_at": now.plus_millis(60 * MINUTE)});
        for (field, value) in [
            ("title", json!("")),
            ("title", json!("长".repeat(41))),
            ("anchor_name", json!("")),
            ("ends_at", json!(now)),
            ("ends_at", json!(now.plus_millis(25 * 60 * MINUTE))),
            ("starts_at", json!(now.plus_millis(200 * 24 * 60 * MINUTE))),
        ] {
            let mut draft = good.clone();
            draft[field] = value;
            let (status, answer) = shop.call("POST", "/admin/v1/live-rooms", Some(&owner), Some(draft)).await;
            assert_eq!((status, &answer["code"]), (422, &json!("live.invalid_field")), "{field}: {answer}");
        }
        let price = |name: &str, value: Value| {
            let mut terms = json!({"price_fen": 6_000, "quota": 5, "per_user_limit": 1});
            terms[name] = value;
            json!({"sku_id": room.sku, "terms": terms})
        };
        let path = format!("/admin/v1/live-rooms/{}/prices", room.id);
        for body in [price("price_fen", json!(0)), price("price_fen", json!(10_000)), price("quota", json!(0)), price("per_user_limit", json!(1_000))] {
            let (status, answer) = shop.call("POST", &path, Some(&owner), Some(body)).await;
            assert_eq!(status, 422, "{answer}");
        }
        room.prices(shop, 5, 1).await;
        let (status, answer) = shop.call("POST", &path, Some(&owner), Some(price("quota", json!(9)))).await;
        assert_eq!((status, &answer["code"]), (409, &json!("live.price_taken")), "{answer}");
        let stale = json!({"version": 0, "title": "直播", "anchor_name": "小麦", "starts_at": now, "ends_at": now.plus_millis(60 * MINUTE)});
        let (status, answer) = shop.call("PUT", &format!("/admin/v1/live-rooms/{}", room.id), Some(&owner), Some(stale)).await;
        assert_eq!((status, &answer["code"]), (409, &json!("live.changed")), "{answer}");
        assert_eq!(room.shown_to_staff(shop).await["room"]["title"], "七夕新品首发");
    }
}
