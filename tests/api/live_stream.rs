//! The picture of live rooms: addresses, and what media engines ask and tell.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::shop::text;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const SRS: &str = "/hooks/live/srs?secret=hook-secret-of-tests";
const NGINX: &str = "/hooks/live/nginx-rtmp?secret=hook-secret-of-tests";

const HOST: (&str, &str) = ("HOURGLASS_LIVE_PUSH_HOST", "push.example");
const PUSH_KEY: (&str, &str) = ("HOURGLASS_LIVE_PUSH_KEY", "push-key-of-tests");
const PLAY_KEY: (&str, &str) = ("HOURGLASS_LIVE_PLAY_KEY", "play-key-of-tests");
const SECRET: (&str, &str) = ("HOURGLASS_LIVE_HOOK_SECRET", "hook-secret-of-tests");
const CALLBACKS: (&str, &str) = ("HOURGLASS_LIVE_CALLBACK_KEY", "callback-key");
const RECORDS: (&str, &str) = ("HOURGLASS_LIVE_RECORD_URL", "https://rec.example");

/// A room that starts in half an hour.
async fn room(shop: &Shop) -> String {
    let now = shop.clock.now();
    let body = json!({
        "title": "春茶上新", "anchor_name": "小麦", "starts_at": now.plus_millis(30 * MINUTE_MS),
        "ends_at": now.plus_millis(2 * HOUR_MS),
    });
    text(&shop.staff_post("/live-rooms", body).await["room"]["id"])
}

async fn seen(shop: &Shop, room: &str) -> Value {
    shop.staff("GET", &format!("/live-rooms/{room}"), None).await
}

async fn state(shop: &Shop, room: &str) -> String {
    text(&seen(shop, room).await["room"]["state"])
}

/// The stream and the query of the address to publish a room to.
async fn push_address(shop: &Shop, room: &str) -> (String, String) {
    let address = shop.staff("GET", &format!("/live-rooms/{room}/push-address"), None).await;
    assert_eq!(address["server"], "rtmp://push.example/live");
    split(&text(&address["stream_key"]))
}

fn split(key: &str) -> (String, String) {
    let (stream, query) = key.split_once('?').unwrap();
    (stream.to_owned(), query.to_owned())
}

/// The stream and the query of an address to play a room at.
async fn play_address(buyer: &Buyer<'_>, room: &str) -> (String, String) {
    let addresses = buyer.does("GET", &format!("/live-rooms/{room}/play-addresses"), None).await;
    let hls = addresses["items"].as_array().unwrap().iter().find(|item| item["format"] == "hls").unwrap();
    let (stream, query) = split(text(&hls["url"]).strip_prefix("http://push.example/live/").unwrap());
    (stream.strip_suffix(".m3u8").unwrap().to_owned(), query)
}

/// What SRS says of somebody called `client`.
fn srs(action: &str, client: &str, (stream, query): (&str, &str)) -> Value {
    json!({
        "server_id": "vid-1", "action": action, "client_id": client, "ip": "192.0.2.1", "vhost": "v", "app": "live",
        "stream": stream, "param": format!("?{query}"),
    })
}

/// What SRS is answered: 0 when nothing is said against it, or the reason.
async fn tells_srs(shop: &Shop, action: &str, client: &str, place: (&str, &str)) -> String {
    answer(shop.call("POST", SRS, None, Some(srs(action, client, place))).await)
}

fn answer((status, body): (u16, Value)) -> String {
    match status {
        200 => body["code"].to_string(),
        403 => {
            assert_eq!(body["code"], "live.stream_refused", "{body}");
            text(&body["details"]["reason"])
        }
        _ => panic!("{status} {body}"),
    }
}

async fn tells_nginx(shop: &Shop, call: &str, client: &str, (stream, query): (&str, &str)) -> String {
    let body = format!(
        "app=live&flashver=F&swfurl=&tcurl=rtmp://h/live&pageurl=&addr=192.0.2.1&clientid={client}&call={call}\
         &name={stream}&type=live&{query}"
    );
    let sent = shop.http.post(format!("{}{NGINX}", shop.base)).body(body).send().await.unwrap();
    let status = sent.status().as_u16();
    answer((status, sent.json().await.unwrap()))
}

fn spoiled(query: &str, name: &str) -> String {
    query
        .split('&')
        .map(|part| if part.starts_with(name) { format!("{name}=00") } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("&")
}

on_both_databases! {
    with [HOST, PUSH_KEY, PLAY_KEY, SECRET]
    async fn publishing_with_the_right_address_opens_a_room_when_its_time_has_come(shop: &Shop) {
        let room = room(shop).await;
        let (stream, query) = push_address(shop, &room).await;
        let publish = async |stream: &str, query: &str| tells_srs(shop, "on_publish", "c1", (stream, query)).await;
        for (why, stream, query) in [
            ("wrong_signature", stream.as_str(), spoiled(&query, "txSecret")),
            ("wrong_signature", stream.as_str(), spoiled(&query, "txTime")),
            ("withdrawn", stream.as_str(), spoiled(&query, "pass")),
            ("unsigned", stream.as_str(), String::new()),
            ("wrong_signature", "another", query.clone()),
        ] {
            assert_eq!(publish(stream, &query).await, why);
        }
        assert_eq!(state(shop, &room).await, "planned");
        assert_eq!(publish(&stream, &query).await, "0");
        let opened = seen(shop, &room).await;
        assert_eq!(opened["room"]["state"], "live");
        let last = opened["changes"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["actor"], &last["from"], &last["to"]), (&json!("engine"), &json!("planned"), &json!("live")));
        shop.clock.advance(12 * HOUR_MS);
        assert_eq!(publish(&stream, &query).await, "expired");
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET]
    async fn a_room_is_not_opened_long_before_its_time_nor_when_it_is_over(shop: &Shop) {
        let now = shop.clock.now();
        let body = json!({
            "title": "明天的场次", "anchor_name": "小麦", "starts_at": now.plus_millis(2 * HOUR_MS),
            "ends_at": now.plus_millis(3 * HOUR_MS),
        });
        let early = text(&shop.staff_post("/live-rooms", body).await["room"]["id"]);
        let (stream, query) = push_address(shop, &early).await;
        let publish = async || tells_srs(shop, "on_publish", "c1", (&stream, &query)).await;
        assert_eq!(publish().await, "too_early");
        shop.clock.advance(HOUR_MS);
        assert_eq!(publish().await, "0");
        shop.staff("POST", &format!("/live-rooms/{early}/end"), Some(json!({"reason": "下播"}))).await;
        assert_eq!(publish().await, "closed");
        let cancelled = room(shop).await;
        let (stream, query) = push_address(shop, &cancelled).await;
        shop.staff("POST", &format!("/live-rooms/{cancelled}/cancel"), Some(json!({"reason": "不播了"}))).await;
        assert_eq!(tells_srs(shop, "on_publish", "c2", (&stream, &query)).await, "closed");
        let gone = shop.call("GET", &format!("/admin/v1/live-rooms/{cancelled}/push-address"), Some(&shop.owner_again().await), None).await;
        assert_eq!((gone.0, &gone.1["code"]), (409, &json!("live.wrong_state")));
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET]
    async fn silence_pauses_a_room_after_the_time_of_grace_and_a_picture_lets_it_go_on(shop: &Shop) {
        let room = room(shop).await;
        let (stream, query) = push_address(shop, &room).await;
        let place = (stream.as_str(), query.as_str());
        assert_eq!(tells_srs(shop, "on_publish", "c1", place).await, "0");
        assert_eq!(tells_srs(shop, "on_unpublish", "c1", place).await, "0");
        shop.later(29 * SECOND_MS).await;
        assert_eq!(state(shop, &room).await, "live");
        assert_eq!(tells_srs(shop, "on_publish", "c2", place).await, "0", "back within the time of grace");
        shop.later(HOUR_MS / 2).await;
        assert_eq!(state(shop, &room).await, "live");
        assert_eq!(tells_srs(shop, "on_unpublish", "c1", place).await, "0", "the end of a connection that was followed by another");
        shop.later(HOUR_MS / 2).await;
        assert_eq!(state(shop, &room).await, "live");
        assert_eq!(tells_srs(shop, "on_unpublish", "c2", place).await, "0");
        shop.later(30 * SECOND_MS).await;
        assert_eq!(state(shop, &room).await, "paused");
        assert_eq!(tells_srs(shop, "on_publish", "c3", place).await, "0");
        assert_eq!(state(shop, &room).await, "live");
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET]
    async fn an_engine_that_reports_is_believed_and_missed(shop: &Shop) {
        let room = room(shop).await;
        let (stream, query) = push_address(shop, &room).await;
        let place = (stream.as_str(), query.as_str());
        let says = async |call: &str, client: &str| tells_nginx(shop, call, client, place).await;
        assert_eq!(says("publish", "1").await, "0");
        assert_eq!(says("update_publish", "1").await, "0");
        // A second one is let through here and refused by the engine itself, which then reports the first again.
        assert_eq!(says("publish", "2").await, "0");
        assert_eq!(says("publish_done", "2").await, "0");
        shop.later(10 * SECOND_MS).await;
        assert_eq!(says("update_publish", "1").await, "0");
        shop.later(50 * SECOND_MS).await;
        assert_eq!(state(shop, &room).await, "live");
        shop.later(10 * SECOND_MS).await;
        assert!(seen(shop, &room).await["silent_since"].is_string(), "the engine was killed");
        shop.later(30 * SECOND_MS).await;
        assert_eq!(state(shop, &room).await, "paused");
        assert_eq!(says("update_publish", "1").await, "0");
        assert_eq!(state(shop, &room).await, "live", "it had only been unreachable");
        let renewed = shop.staff("POST", &format!("/live-rooms/{room}/push-address/renew"), None).await;
        assert_eq!(says("update_publish", "1").await, "withdrawn");
        let (stream, query) = split(&text(&renewed["stream_key"]));
        assert_eq!(tells_nginx(shop, "publish", "3", (&stream, &query)).await, "0");
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET]
    async fn playing_takes_an_address_of_ones_own_for_a_show_that_goes_on(shop: &Shop) {
        let room = room(shop).await;
        let (buyer, banned) = (shop.buyer().await, shop.buyer().await);
        let path = format!("/live-rooms/{room}/play-addresses");
        let early = shop.call("GET", &format!("/api/v1{path}"), Some(&buyer.token), None).await;
        assert_eq!((early.0, &early.1["code"]), (409, &json!("live.not_on_air")));
        let (stream, query) = push_address(shop, &room).await;
        assert_eq!(tells_srs(shop, "on_publish", "c1", (&stream, &query)).await, "0");

        let addresses = buyer.does("GET", &path, None).await;
        let formats: Vec<&Value> = addresses["items"].as_array().unwrap().iter().map(|item| &item["format"]).collect();
        assert_eq!(formats, ["rtmp", "flv", "hls", "webrtc"]);
        let (stream, mine) = play_address(&buyer, &room).await;
        let (_, theirs) = play_address(&banned, &room).await;
        assert_ne!(mine, theirs);
        let play = async |query: &str| tells_srs(shop, "on_play", "v1", (&stream, query)).await;
        assert_eq!(play(&mine).await, "0");
        assert_eq!(play(&spoiled(&mine, "txSecret")).await, "wrong_signature");
        assert_eq!(play(&spoiled(&mine, "viewer")).await, "no_viewer");
        assert_eq!(play(&query).await, "wrong_signature", "an address to publish to plays nothing");
        assert_eq!(tells_srs(shop, "on_publish", "v1", (&stream, &mine)).await, "wrong_signature", "nor the other way round");

        let (_, device) = shop.call("POST", "/api/v1/devices", None, None).await;
        let device = text(&device["device_token"]);
        let (status, answer) =
            shop.call_with("GET", &format!("/api/v1{path}"), None, &[("x-device-token", &device)], None).await;
        assert_eq!(status, 200, "before log-in a device watches: {answer}");
        let (_, as_device) = split(&text(&answer["items"][0]["url"]));
        assert_eq!(play(&as_device).await, "0");

        assert_eq!(play(&theirs).await, "0");
        let who = text(&banned.does("GET", "/me", None).await["user_id"]);
        let ban = json!({"user_id": who, "kind": "ban", "reason": "刷屏"});
        shop.staff_post(&format!("/live-rooms/{room}/sanctions"), ban).await;
        assert_eq!(play(&theirs).await, "banned");
        assert_eq!(tells_nginx(shop, "update_play", "7", (&stream, &theirs)).await, "banned", "and is cut off");
        let (status, refused) = shop.call("GET", &format!("/api/v1{path}"), Some(&banned.token), None).await;
        assert_eq!((status, &refused["code"]), (403, &json!("live.banned")));
        assert_eq!(play(&mine).await, "0");

        shop.clock.advance(HOUR_MS);
        assert_eq!(play(&mine).await, "expired");
        assert_eq!(tells_nginx(shop, "update_play", "8", (&stream, &mine)).await, "0", "who plays by then plays on");
        shop.staff("POST", &format!("/live-rooms/{room}/end"), Some(json!({"reason": "下播"}))).await;
        assert_eq!(tells_nginx(shop, "update_play", "8", (&stream, &mine)).await, "closed");
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET, RECORDS]
    async fn a_recording_becomes_a_replay_once(shop: &Shop) {
        let room = room(shop).await;
        let (stream, query) = push_address(shop, &room).await;
        let place = (stream.as_str(), query.as_str());
        assert_eq!(tells_srs(shop, "on_publish", "c1", place).await, "0");
        let began = shop.clock.now();
        shop.clock.advance(MINUTE_MS);
        assert_eq!(tells_srs(shop, "on_unpublish", "c1", place).await, "0");
        let mut told = srs("on_dvr", "c1", place);
        told["cwd"] = json!("/usr/local/srs");
        told["file"] = json!("./objs/nginx/html/live/room.1.flv");
        for _ in 0..2 {
            assert_eq!(answer(shop.call("POST", SRS, None, Some(told.clone())).await), "0");
        }
        let replays = seen(shop, &room).await["replays"].clone();
        assert_eq!(replays.as_array().unwrap().len(), 1, "{replays}");
        assert_eq!(replays[0]["media_url"], "https://rec.example/room.1.flv");
        assert_eq!(replays[0]["began_at"], json!(began));
        let (status, _) = shop.call("POST", SRS, None, Some(srs("on_dvr", "c1", ("nobody", "")))).await;
        assert_eq!(status, 200, "a recording of nobody's is passed over");
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET, CALLBACKS]
    async fn callbacks_of_css_move_rooms_when_they_are_signed(shop: &Shop) {
        let room = room(shop).await;
        let (stream, query) = push_address(shop, &room).await;
        // md5("callback-key1772331000"), computed elsewhere.
        let told = |event_type: i64, sign: &str| {
            json!({
                "event_type": event_type, "t": 1_772_331_000, "sign": sign, "appname": "live", "stream_id": stream,
                "channel_id": stream, "stream_param": query, "sequence": "77", "user_ip": "192.0.2.1",
            })
        };
        const SIGN: &str = "cff4cc2004604e19a4110b7a71a82546";
        let says = async |body: Value| shop.call("POST", "/hooks/live/css", None, Some(body)).await;
        let (status, refused) = says(told(1, "00000000000000000000000000000000")).await;
        assert_eq!((status, &refused["code"]), (401, &json!("live.hook_not_believed")));
        assert_eq!(says(told(1, SIGN)).await, (200, json!({"code": 0})));
        assert_eq!(state(shop, &room).await, "live");
        assert_eq!(says(told(0, SIGN)).await.0, 200);
        assert!(seen(shop, &room).await["silent_since"].is_string());
        assert_eq!(says(told(200, SIGN)).await.0, 200, "a snapshot is passed over");
        shop.staff("POST", &format!("/live-rooms/{room}/end"), Some(json!({"reason": "下播"}))).await;
        assert_eq!(says(told(1, SIGN)).await.0, 200, "it has happened; nothing can be refused any more");
        assert_eq!(state(shop, &room).await, "ended");
        assert_eq!(says(json!({"event_type": 1})).await.0, 400);
    }

    with [HOST, PUSH_KEY, PLAY_KEY, SECRET]
    async fn hooks_hear_the_shops_own_engine_and_nobody_else(shop: &Shop) {
        let before = shop.holdings();
        for path in ["/hooks/live/srs", "/hooks/live/srs?secret=guess", "/hooks/live/nginx-rtmp", "/hooks/live/css"] {
            let body = if path.ends_with("css") { json!({"event_type": 1, "t": 9_999_999_999_i64, "sign": ""}) } else { json!({"action": "on_connect", "app": "live"}) };
            let (status, refused) = shop.call("POST", path, None, Some(body)).await;
            assert_eq!((status, &refused["code"]), (401, &json!("live.hook_not_believed")), "{path}");
        }
        let connect = |app: &str| json!({"action": "on_connect", "client_id": 5, "app": app, "tcUrl": "rtmp://h/live"});
        assert_eq!(answer(shop.call("POST", SRS, None, Some(connect("live"))).await), "0");
        assert_eq!(answer(shop.call("POST", SRS, None, Some(connect("vod"))).await), "wrong_app");
        let (status, refused) = shop.call("POST", SRS, None, Some(json!([]))).await;
        assert_eq!((status, &refused["code"]), (400, &json!("live.hook_unreadable")));
        let strange = ("a\u{0}b", "txSecret=\u{0}&txTime=7FFFFFFF");
        assert_eq!(tells_srs(shop, "on_unpublish", "\u{0}", strange).await, "0");
        assert_eq!(tells_srs(shop, "on_publish", "\u{0}", strange).await, "wrong_signature");
        let huge = "a".repeat(70_000);
        let sent = shop.http.post(format!("{}{NGINX}", shop.base)).body(huge).send().await.unwrap();
        assert_eq!(sent.status(), 413);
        assert_eq!(shop.holdings(), before);
    }

    async fn without_an_engine_rooms_have_no_stream(shop: &Shop) {
        let room = room(shop).await;
        shop.staff("POST", &format!("/live-rooms/{room}/start"), Some(json!({"reason": "开播"}))).await;
        let buyer = shop.buyer().await;
        let (status, refused) = shop.call("GET", &format!("/admin/v1/live-rooms/{room}/push-address"), Some(&shop.owner_again().await), None).await;
        assert_eq!((status, &refused["code"]), (409, &json!("live.stream_off")));
        let (status, refused) = shop.call("GET", &format!("/api/v1/live-rooms/{room}/play-addresses"), Some(&buyer.token), None).await;
        assert_eq!((status, &refused["code"]), (409, &json!("live.stream_off")));
        assert_eq!(shop.call("POST", SRS, None, Some(json!({"action": "on_connect"}))).await.0, 401);
        shop.later(HOUR_MS).await;
        assert_eq!(state(shop, &room).await, "live", "a show that staff opened without a picture is not silent");
    }
}
