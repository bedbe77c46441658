//! Those who watch a live room over its socket: what they hear, what they may say, and when they are sent away.

use std::collections::BTreeSet;

use actix_http::ws::Message;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::shop::text;
use crate::support::sockets::{Heard, Socket};

const SECOND_MS: i64 = 1_000;

/// Comes in as a shopper.
async fn enters(shop: &Shop, room: &str, buyer: &Buyer<'_>) -> (Socket, Value) {
    let mut socket = Socket::open(&shop.base, room).await;
    let welcome = socket.joins(json!({"access_token": buyer.token})).await;
    (socket, welcome)
}

/// A new device that nobody has logged in on.
async fn device(shop: &Shop) -> String {
    let (status, device) = shop.call("POST", "/api/v1/devices", None, None).await;
    assert_eq!(status, 201, "{device}");
    text(&device["device_token"])
}

/// Says something and waits until it is stored; answers its number.
async fn says(socket: &mut Socket, client_id: &str, words: &str) -> i64 {
    socket.says(json!({"kind": "comment", "client_id": client_id, "words": words})).await;
    let answer = socket.hears_one(&["accepted", "refused"]).await;
    assert_eq!(
        (answer["kind"].as_str(), answer["client_id"].as_str()),
        (Some("accepted"), Some(client_id)),
        "{answer}"
    );
    answer["sequence"].as_i64().unwrap()
}

/// The numbers of all comments heard until that of `last`.
async fn comments_until(socket: &mut Socket, last: i64, heard: &mut Vec<i64>) {
    while heard.last().is_none_or(|number| *number < last) {
        let comment = socket.hears_one(&["comment"]).await;
        heard.push(comment["data"]["sequence"].as_i64().unwrap());
    }
}

/// Waits until so many viewers are counted.
async fn counts(socket: &mut Socket, online: usize) {
    while socket.hears_one(&["viewers"]).await["online"] != json!(online) {}
}

/// A seed, said aloud so that a failure can be repeated.
fn seeded(what: &str) -> SmallRng {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("{what}: SEED={seed}");
    SmallRng::seed_from_u64(seed)
}

on_both_databases! {
    async fn whoever_comes_in_sees_the_room_and_hears_what_happens(shop: &Shop) {
        let room = shop.room_on_air().await;
        let (speaker, listener) = (shop.buyer().await, device(shop).await);
        let (mut speaking, welcome) = enters(shop, &room, &speaker).await;
        assert_eq!(welcome["muted"], false, "{welcome}");
        let page = speaking.hears_one(&["room"]).await;
        assert_eq!(page["room"]["room"]["state"], "live", "{page}");
        let first = says(&mut speaking, "a", "有黑色吗").await;
        // The same words under the same name are the same comment.
        assert_eq!(says(&mut speaking, "a", "有黑色吗").await, first);
        let mut listening = Socket::open(&shop.base, &room).await;
        let welcome = listening.joins(json!({"device_token": listener})).await;
        assert_eq!(welcome["user_id"], json!(null), "{welcome}");
        let heard = listening.hears_one(&["comment"]).await;
        assert_eq!((heard["data"]["sequence"].as_i64(), heard["data"]["words"].as_str()), (Some(first), Some("有黑色吗")));
        let second = says(&mut speaking, "b", "多少钱").await;
        let mut numbers = Vec::new();
        comments_until(&mut listening, second, &mut numbers).await;
        assert_eq!(numbers, [second]);
        speaking.says(json!({"kind": "like", "count": 7})).await;
        assert_eq!(listening.hears_one(&["likes"]).await["total"], 7);
        // Whoever has not logged in hears everything and says nothing.
        listening.says(json!({"kind": "comment", "client_id": "c", "words": "好看"})).await;
        assert_eq!(listening.hears_one(&["refused"]).await["error"]["code"], "request.unauthenticated");
    }

    async fn what_staff_do_reaches_whoever_watches(shop: &Shop) {
        let room = shop.room_on_air().await;
        let product = shop.product(5_000, 20).await;
        let (product_id, sku) = (product["summary"]["id"].clone(), product["skus"][0]["id"].clone());
        let (mut watching, _) = enters(shop, &room, &shop.buyer().await).await;
        let at = |path: &str| format!("/live-rooms/{room}/{path}");
        shop.staff_post(&at("shelf"), json!({"product_ids": [product_id]})).await;
        watching.hears_one(&["shelf"]).await;
        shop.staff("PUT", &at("explaining"), Some(json!({"product_id": product_id}))).await;
        watching.hears_one(&["explaining"]).await;
        let terms = json!({"price_fen": 4_000, "quota": 5, "per_user_limit": 1});
        shop.staff_post(&at("prices"), json!({"sku_id": sku, "terms": terms})).await;
        watching.hears_one(&["price"]).await;
        watching.says(json!({"kind": "product_click", "product_id": product_id})).await;
        watching.says(json!({"kind": "product_click", "product_id": "1"})).await;
        assert_eq!(watching.hears_one(&["refused"]).await["error"]["code"], "live.not_on_shelf");
        let said = says(&mut watching, "a", "置顶我").await;
        watching.hears_one(&["comment"]).await;
        shop.staff("PUT", &at("pinned-comment"), Some(json!({"sequence": said}))).await;
        assert_eq!(watching.hears_one(&["comment_pinned"]).await["data"]["comment"]["sequence"], said);
        shop.staff("POST", &at(&format!("comments/{said}/hide")), None).await;
        assert_eq!(watching.hears_one(&["comment_hidden"]).await["data"]["sequence"], said);
        let talk = json!({"slow_mode_seconds": 30, "comments_open": true, "blocked_words": ["加微信"]});
        shop.staff("PUT", &at("talk"), Some(talk)).await;
        watching.hears_one(&["room"]).await;
        for (client_id, words, code) in [("b", "加 微 信", "live.word_blocked"), ("c", "好看", "live.too_soon")] {
            if code == "live.word_blocked" {
                shop.clock.advance(31 * SECOND_MS);
                says(&mut watching, "d", "终于").await;
                shop.clock.advance(31 * SECOND_MS);
            } else {
                says(&mut watching, "e", "又来").await;
            }
            watching.says(json!({"kind": "comment", "client_id": client_id, "words": words})).await;
            assert_eq!(watching.hears_one(&["refused"]).await["error"]["code"], code);
        }
        shop.staff_post(&at("end"), json!({"reason": "下播"})).await;
        assert_eq!(watching.hears_one(&["state"]).await["data"]["state"], "ended");
        watching.says(json!({"kind": "like", "count": 1})).await;
        assert_eq!(watching.hears_one(&["refused"]).await["error"]["code"], "live.not_on_air");
        // Whoever comes now is not shown what was hidden, and sees the room as it is.
        let mut late = Socket::open(&shop.base, &room).await;
        late.joins(json!({"device_token": device(shop).await})).await;
        let page = late.hears_one(&["room"]).await;
        assert_eq!(page["room"]["room"]["state"], "ended", "{page}");
        assert!(!page.to_string().contains("置顶我"), "{page}");
        assert_eq!(page["room"]["shelf"][0]["product_id"], product_id, "{page}");
        assert_eq!(late.hears_one(&["comment"]).await["data"]["words"], "终于");
    }

    async fn nothing_is_lost_or_heard_twice_across_breaks(shop: &Shop) {
        const COMMENTS: i64 = 120;
        let mut random = seeded("breaks");
        let room = shop.room_on_air().await;
        let mut speaking = Vec::new();
        for _ in 0..5 {
            speaking.push(enters(shop, &room, &shop.buyer().await).await.0);
        }
        let listener = shop.buyer().await;
        let (mut listening, welcome) = enters(shop, &room, &listener).await;
        let visit = welcome["visit_id"].clone();
        let mut numbers = Vec::new();
        for number in 1..=COMMENTS {
            let speaker = usize::try_from(number).unwrap() % speaking.len();
            let said = says(&mut speaking[speaker], &format!("c{number}"), &format!("第{number}条")).await;
            assert_eq!(said, number);
            match random.random_range(0..10) {
                // The connection breaks with whatever is on its way.
                0 => {
                    let seen = listening.seen;
                    drop(listening);
                    listening = Socket::open(&shop.base, &room).await;
                    let joins = json!({"access_token": listener.token, "after": seen, "visit_id": visit});
                    assert_eq!(listening.joins(joins).await["gap"], false);
                }
                1..4 => comments_until(&mut listening, number, &mut numbers).await,
                _ => {}
            }
        }
        comments_until(&mut listening, COMMENTS, &mut numbers).await;
        assert_eq!(numbers, (1..=COMMENTS).collect::<Vec<_>>());
    }

    async fn a_break_longer_than_is_known_is_said_aloud(shop: &Shop) {
        let room = shop.room_on_air().await;
        let buyer = shop.buyer().await;
        let (mut socket, _) = enters(shop, &room, &buyer).await;
        says(&mut socket, "a", "第一条").await;
        socket.hears_one(&["comment"]).await;
        let seen = socket.seen;
        says(&mut socket, "b", "第二条").await;
        drop(socket);
        shop.clock.advance(600 * SECOND_MS);
        let mut socket = Socket::open(&shop.base, &room).await;
        let welcome = socket.joins(json!({"device_token": device(shop).await, "after": seen})).await;
        // What is kept may still tell it; what is not kept is never passed over in silence.
        if welcome["gap"] == false {
            assert_eq!(socket.hears_one(&["comment"]).await["data"]["words"], "第二条");
        }
    }

    async fn frames_that_are_none_close_the_socket_with_a_code(shop: &Shop) {
        let room = shop.room_on_air().await;
        let token = device(shop).await;
        let joined = async || {
            let mut socket = Socket::open(&shop.base, &room).await;
            socket.joins(json!({"device_token": token})).await;
            socket
        };
        for text in ["", "{", "[]", "null", r#"{"kind":"dance"}"#, r#"{"kind":"heartbeat","more":1}"#, r#"{"kind":"like","count":0}"#, r#"{"kind":"like","count":101}"#] {
            let mut socket = joined().await;
            socket.sends(Message::Text(text.into())).await;
            assert_eq!(socket.is_closed().await, 4400, "{text}");
        }
        let mut socket = joined().await;
        socket.sends(Message::Binary("{}".into())).await;
        assert_eq!(socket.is_closed().await, 1003);
        for (bytes, code) in [(4_097, 1009), (70_000, 1009)] {
            let mut socket = joined().await;
            socket.sends(Message::Text("x".repeat(bytes).into())).await;
            assert!([code, 1006].contains(&socket.is_closed().await), "{bytes} bytes");
        }
        let mut socket = joined().await;
        socket.sends_raw(&[0xff; 64]).await;
        assert_eq!(socket.is_closed().await, 4400);
        // Before joining, and joining twice.
        let mut socket = Socket::open(&shop.base, &room).await;
        socket.says(json!({"kind": "heartbeat"})).await;
        assert_eq!(socket.is_closed().await, 4412);
        let mut socket = joined().await;
        socket.says(json!({"kind": "join", "device_token": token})).await;
        assert_eq!(socket.is_closed().await, 4412);
        // Without a token, with a wrong one, and into a room that does not exist.
        for join in [json!({"kind": "join"}), json!({"kind": "join", "access_token": token}), json!({"kind": "join", "device_token": "x"})] {
            let mut socket = Socket::open(&shop.base, &room).await;
            socket.says(join).await;
            assert_eq!(socket.is_closed().await, 4401);
        }
        for (field, wrong) in [("share_token", json!("nul\0byte")), ("share_token", json!("")), ("after", json!(-1)), ("visit_id", json!("x"))] {
            let mut socket = Socket::open(&shop.base, &room).await;
            let mut join = json!({"kind": "join", "device_token": token});
            join[field] = wrong;
            socket.says(join).await;
            assert_eq!(socket.is_closed().await, 4400, "{field}");
        }
        let mut socket = Socket::open(&shop.base, "1").await;
        socket.says(json!({"kind": "join", "device_token": token})).await;
        assert_eq!(socket.is_closed().await, 4404);
        // A flood.
        let mut socket = joined().await;
        for _ in 0..40 {
            socket.says(json!({"kind": "heartbeat"})).await;
        }
        assert_eq!(socket.is_closed().await, 4429);
        let (status, answer) = shop.call("GET", &format!("/api/v1/live-rooms/{room}/stream"), None, None).await;
        assert_eq!((status, answer["code"].as_str()), (426, Some("live.socket_needed")));
    }

    async fn silence_ends_a_socket_and_a_heartbeat_keeps_it(shop: &Shop) {
        let room = shop.room_on_air().await;
        let token = device(shop).await;
        let (mut kept, mut silent) = (Socket::open(&shop.base, &room).await, Socket::open(&shop.base, &room).await);
        kept.joins(json!({"device_token": token})).await;
        silent.joins(json!({"device_token": device(shop).await})).await;
        for _ in 0..2 {
            shop.clock.advance(31 * SECOND_MS);
            kept.says(json!({"kind": "heartbeat"})).await;
            kept.sends(Message::Ping("?".into())).await;
        }
        assert_eq!(silent.is_closed().await, 4408);
        counts(&mut kept, 1).await;
        let mut late = Socket::open(&shop.base, &room).await;
        shop.clock.advance(11 * SECOND_MS);
        assert_eq!(late.is_closed().await, 4408);
    }

    async fn a_ban_sends_away_at_once_and_holds_when_coming_back(shop: &Shop) {
        let room = shop.room_on_air().await;
        let (buyer, other) = (shop.buyer().await, shop.buyer().await);
        let (mut socket, welcome) = enters(shop, &room, &buyer).await;
        let (mut second, _) = enters(shop, &room, &buyer).await;
        let (mut bystander, _) = enters(shop, &room, &other).await;
        let sanction = shop.sanctions(&room, &text(&welcome["user_id"]), "ban").await;
        assert_eq!((socket.is_closed().await, second.is_closed().await), (4403, 4403));
        let mut again = Socket::open(&shop.base, &room).await;
        again.says(json!({"kind": "join", "access_token": buyer.token, "after": socket.seen})).await;
        assert_eq!(again.is_closed().await, 4403);
        // Nobody else hears of it.
        let number = says(&mut bystander, "a", "还在").await;
        loop {
            match bystander.hears().await {
                Heard::Message(message) if message["kind"] == "comment" => {
                    assert_eq!(message["data"]["sequence"].as_i64(), Some(number));
                    break;
                }
                Heard::Message(message) => assert!(message["kind"] != "sanction", "{message}"),
                Heard::Closed(code) => panic!("closed with {code}"),
            }
        }
        shop.lifts(&room, &sanction).await;
        enters(shop, &room, &buyer).await;
    }

    async fn the_muted_hear_of_it_and_say_nothing(shop: &Shop) {
        let room = shop.room_on_air().await;
        let buyer = shop.buyer().await;
        let (mut socket, welcome) = enters(shop, &room, &buyer).await;
        let sanction = shop.sanctions(&room, &text(&welcome["user_id"]), "mute").await;
        assert_eq!(socket.hears_one(&["standing"]).await["muted"], true);
        socket.says(json!({"kind": "comment", "client_id": "a", "words": "好看"})).await;
        assert_eq!(socket.hears_one(&["refused", "accepted"]).await["error"]["code"], "live.muted");
        let (_, welcome) = enters(shop, &room, &buyer).await;
        assert_eq!(welcome["muted"], true);
        shop.lifts(&room, &sanction).await;
        assert_eq!(socket.hears_one(&["standing"]).await["muted"], false);
        says(&mut socket, "b", "好看").await;
    }

    async fn an_ended_log_in_ends_its_sockets(shop: &Shop) {
        let room = shop.room_on_air().await;
        let buyer = shop.buyer().await;
        let (mut socket, _) = enters(shop, &room, &buyer).await;
        buyer.does("DELETE", "/sessions/current", None).await;
        assert_eq!(socket.is_closed().await, 4401);
    }

    async fn viewers_and_likes_agree_with_a_model(shop: &Shop) {
        const PEOPLE: usize = 6;
        const STEPS: usize = 40;
        let mut random = seeded("viewers and likes");
        let room = shop.room_on_air().await;
        let mut tokens = Vec::new();
        for number in 0..PEOPLE {
            tokens.push(if number % 2 == 0 {
                json!({"access_token": shop.buyer().await.token})
            } else {
                json!({"device_token": device(shop).await})
            });
        }
        let (mut observer, _) = enters(shop, &room, &shop.buyer().await).await;
        let mut sockets: Vec<(usize, Socket, Value)> = Vec::new();
        let (mut left, mut likes): (Vec<(usize, Value)>, i64) = (Vec::new(), 0);
        for _ in 0..STEPS {
            let who = random.random_range(0..PEOPLE);
            match random.random_range(0..5) {
                0 | 1 => {
                    let mut join = tokens[who].clone();
                    // Half of those who come back say which stay was interrupted, also while the old socket stands.
                    let known = left.iter().rev().find(|(person, _)| *person == who).map(|(_, visit)| visit.clone());
                    let known = known.or_else(|| sockets.iter().find(|(person, ..)| *person == who).map(|(.., visit)| visit.clone()));
                    if let Some(visit) = known.filter(|_| random.random_range(0..2) == 0) {
                        join["visit_id"] = visit;
                    }
                    let mut socket = Socket::open(&shop.base, &room).await;
                    let welcome = socket.joins(join).await;
                    sockets.push((who, socket, welcome["visit_id"].clone()));
                }
                2 if !sockets.is_empty() => {
                    let (who, mut socket, visit) = sockets.swap_remove(random.random_range(0..sockets.len()));
                    // With a word or without.
                    if random.random_range(0..2) == 0 {
                        socket.sends(Message::Close(None)).await;
                    }
                    left.push((who, visit));
                }
                _ if !sockets.is_empty() => {
                    let (count, at) = (random.random_range(1..=100), random.random_range(0..sockets.len()));
                    sockets[at].1.says(json!({"kind": "like", "count": count})).await;
                    likes += count;
                    // A broken connection takes with it what it was still to deliver.
                    while observer.hears_one(&["likes"]).await["total"] != json!(likes) {}
                }
                _ => {}
            }
            shop.clock.advance(200);
            observer.says(json!({"kind": "heartbeat"})).await;
        }
        let online = 1 + sockets.iter().map(|(who, ..)| *who).collect::<BTreeSet<_>>().len();
        // A new look at the counts, whatever was told before.
        let mut looking = Socket::open(&shop.base, &room).await;
        looking.joins(json!({"device_token": device(shop).await})).await;
        counts(&mut looking, online + 1).await;
        drop(looking);
        drop(sockets);
        // Once everybody has gone only the observer is left, and no like came or went meanwhile.
        let mut last = Socket::open(&shop.base, &room).await;
        last.joins(json!({"device_token": device(shop).await})).await;
        assert_eq!(last.hears_one(&["likes"]).await["total"], likes);
        counts(&mut last, 2).await;
    }

    async fn a_reader_who_reads_nothing_slows_nobody_and_then_hears_everything_once(shop: &Shop) {
        const SPEAKERS: i64 = 30;
        const EACH: i64 = 28;
        let room = shop.room_on_air().await;
        let mut slow = Socket::open_narrow(&shop.base, &room).await;
        slow.joins(json!({"device_token": device(shop).await})).await;
        let mut quick = Socket::open(&shop.base, &room).await;
        quick.joins(json!({"device_token": device(shop).await})).await;
        let (mut numbers, words) = (Vec::new(), "好".repeat(200));
        for speaker in 0..SPEAKERS {
            let (mut speaking, _) = enters(shop, &room, &shop.buyer().await).await;
            for number in 0..EACH {
                says(&mut speaking, &format!("c{speaker}-{number}"), &words).await;
            }
            comments_until(&mut quick, (speaker + 1) * EACH, &mut numbers).await;
        }
        let all = (1..=SPEAKERS * EACH).collect::<Vec<_>>();
        assert_eq!(numbers, all);
        let mut heard = Vec::new();
        comments_until(&mut slow, SPEAKERS * EACH, &mut heard).await;
        assert_eq!(heard, all);
    }
}
