//! Events coming in: counted once, at the right moment, within bounds, and never in the shop's way.

use std::sync::mpsc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use hourglass::analytics::intake::{remove_sealed, take_first};
use hourglass::analytics::model::{Flags, PropertyValue};
use hourglass::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use hourglass::platform::db::{Conn, DbError, Tx};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::crowd::at_once;
use crate::support::shop::text;
use crate::support::telling::{batch, event, new_id};

fn counts(answer: &Value) -> (i64, i64, i64, i64) {
    let count = |name: &str| answer[name].as_i64().unwrap_or_else(|| panic!("{name}: {answer}"));
    (count("accepted"), count("duplicates"), count("conflicts"), count("dropped"))
}

on_both_databases! {
    async fn an_event_counts_once_however_often_it_is_sent(shop: &Shop) {
        let buyer = shop.buyer().await;
        let events: Vec<Value> = (0..7).map(|_| event("page_viewed", shop.clock.now())).collect();
        let tries = at_once(12, (0..12).map(|_| shop.tells(Some(&buyer.token), None, &events))).await;
        assert!(tries.iter().all(|(status, _)| *status == 200), "{tries:?}");
        let sum = tries.iter().map(|(_, answer)| counts(answer)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!(sum, (7, 7 * 11));
        assert_eq!(shop.kept_named("page_viewed").await.len(), 7);

        let mut other = events[0].clone();
        other["properties"] = json!({"position": 2});
        let fresh = event("page_viewed", shop.clock.now());
        let (status, answer) = shop.tells(Some(&buyer.token), None, &[other, fresh.clone(), fresh]).await;
        assert_eq!((status, counts(&answer)), (200, (1, 1, 1, 0)), "the first stands, the rest of the batch is taken");
        assert_eq!(shop.kept_event(&text(&events[0]["event_id"])).await.properties.get("position"), None);
        let name = shop.event_name("page_viewed").await;
        assert_eq!((&name["today"]["events"], &name["conflicts"]), (&json!(8), &json!(1)), "{name}");
    }

    async fn what_was_sealed_is_not_taken_a_second_time(shop: &Shop) {
        let buyer = shop.buyer().await;
        let events: Vec<Value> = (0..5).map(|_| event("page_viewed", shop.clock.now())).collect();
        shop.tells(Some(&buyer.token), None, &events).await;
        let seal = |tx: &mut Tx<'_>| {
            let first = take_first(tx, 3)?;
            let seqs: Vec<i64> = first.iter().map(|event| event.seq).collect();
            assert!(seqs.is_sorted());
            Ok::<_, DbError>((remove_sealed(tx, &seqs)?, remove_sealed(tx, &seqs)?))
        };
        assert_eq!(shop.app.db().write("seal", seal).await.unwrap(), (3, 0), "a second sealer finds nothing");
        let (_, answer) = shop.tells(Some(&buyer.token), None, &events).await;
        assert_eq!(counts(&answer), (0, 5, 0, 0));
        shop.later(15 * DAY_MS + 1_000).await;
        let again = shop.buyer().await;
        let (_, answer) = shop.tells(Some(&again.token), None, &events).await;
        assert_eq!(counts(&answer), (5, 0, 0, 0), "nobody tries again for so long, and their ids are forgotten");
    }

    async fn a_wrong_clock_is_taken_off(shop: &Shop) {
        let device = shop.installation().await;
        let now = shop.clock.now();
        for (off, ago, expected, flagged) in [
            (0, 5 * MINUTE_MS, -5 * MINUTE_MS, false),
            (-3 * DAY_MS, HOUR_MS, -HOUR_MS, false),
            (40 * DAY_MS, 7 * DAY_MS, -7 * DAY_MS, false),
            (0, 7 * DAY_MS + 1, 0, true),
            (HOUR_MS, -10 * MINUTE_MS, 10 * MINUTE_MS, false),
            (HOUR_MS, -10 * MINUTE_MS - 1, 0, true),
        ] {
            let sent = now.plus_millis(off);
            let one = event("page_viewed", sent.plus_millis(-ago));
            let body = Some(batch(sent, std::slice::from_ref(&one)));
            let (status, answer) = shop.call_with("POST", "/api/v1/events", None, &[("x-device-token", &device)], body).await;
            assert_eq!(status, 200, "{answer}");
            let kept = shop.kept_event(&text(&one["event_id"])).await;
            assert_eq!((kept.at, kept.received), (now.plus_millis(expected), now), "off by {off}, {ago} ago");
            assert_eq!(kept.flags.contains(Flags::CLOCK), flagged, "off by {off}, {ago} ago");
        }
    }

    async fn what_an_event_carries_is_kept_with_it(shop: &Shop) {
        let device = shop.device().await;
        let buyer = device.logs_in(None).await;
        let mut told = event("product_opened", shop.clock.now());
        for (field, value) in [("session", "s-1"), ("share", "tok"), ("entrance", "wechat_mini"), ("page", "pages/product"), ("campaign", "c1"), ("slot", "banner-2")] {
            told[field] = json!(value);
        }
        told["scene"] = json!(1007);
        told["properties"] = json!({"product_id": "12", "position": 3, "ratio": 0.5, "first": true, "tags": ["新品", "热卖"]});
        shop.tells(Some(&buyer.token), None, std::slice::from_ref(&told)).await;
        let kept = shop.kept_event(&text(&told["event_id"])).await;
        assert_eq!((kept.name.as_str(), kept.session.as_deref()), ("product_opened", Some("s-1")));
        let said: Value = serde_json::to_value(&kept.properties).unwrap();
        for (name, expected) in [
            ("$share", json!("tok")), ("$scene", json!("1007")), ("$entrance", json!("wechat_mini")), ("$page", json!("pages/product")),
            ("$campaign", json!("c1")), ("$slot", json!("banner-2")), ("$network", json!("127.0.0.0/24")), ("product_id", json!("12")),
            ("position", json!(3)), ("ratio", json!(0.5)), ("first", json!(true)), ("tags", json!(["新品", "热卖"])),
        ] {
            assert_eq!(said[name], expected, "{name}: {said}");
        }
        assert!(said["$device"].as_str().is_some_and(|id| id.parse::<i64>().is_ok()), "{said}");
        assert!(!kept.flags.contains(Flags::TRUSTED));
    }

    async fn malformed_hostile_and_enormous_batches_change_nothing(shop: &Shop) {
        let buyer = shop.buyer().await;
        shop.tells_of(Some(&buyer.token), None, "page_viewed").await;
        shop.settle().await;
        let before = shop.holdings();
        let now = shop.clock.now();
        let with = |field: &str, value: Value| {
            let mut one = event("page_viewed", now);
            one[field] = value;
            batch(now, &[event("page_viewed", now), one])
        };
        let many: serde_json::Map<String, Value> = (0..61).map(|place| (format!("p{place}"), json!(1))).collect();
        for (what, body, expected) in [
            ("no events", batch(now, &[]), 422),
            ("101 events", batch(now, &vec![event("x", now); 101]), 422),
            ("no moment of sending", json!({"events": [event("x", now)]}), 422),
            ("an id that is none", with("event_id", json!("1")), 422),
            ("a name that is none", with("name", json!("$MPLaunch")), 422),
            ("a name too long", with("name", json!("x".repeat(65))), 422),
            ("one of the shop's own names", with("name", json!("order_paid")), 422),
            ("a moment that is none", with("occurred_at", json!("yesterday")), 422),
            ("a field nobody knows", with("trusted", json!(true)), 422),
            ("a reserved property", with("properties", json!({"$share": "x"})), 422),
            ("a nested property", with("properties", json!({"a": {"b": 1}})), 422),
            ("a mixed list", with("properties", json!({"a": ["x", 1]})), 422),
            ("a property of null", with("properties", json!({"a": null})), 422),
            ("a property too long", with("properties", json!({"a": "x".repeat(1_025)})), 422),
            ("a number too large", with("properties", json!({"a": 9_007_199_254_740_993_i64})), 422),
            ("too many properties", with("properties", Value::Object(many)), 422),
            ("a scene that is none", with("scene", json!(-1)), 422),
            ("a page with a line break", with("page", json!("a\nb")), 422),
            ("a session too long", with("session", json!("x".repeat(257))), 422),
            ("a nul", with("properties", json!({"a": "x\u{0}y"})), 422),
            ("10 MB in a property", with("properties", json!({"a": "x".repeat(10_000_000)})), 413),
        ] {
            let (status, answer) = buyer.call("POST", "/events", Some(body)).await;
            assert_eq!(status, expected, "{what}: {answer}");
        }
        let (status, answer) = shop.call("POST", "/api/v1/events", None, Some(batch(now, &[event("x", now)]))).await;
        assert_eq!(status, 401, "{answer}");
        shop.settle().await;
        assert_eq!(shop.holdings(), before);
    }

    async fn ten_thousand_new_names_are_refused(shop: &Shop) {
        let buyer = shop.buyer().await;
        let now = shop.clock.now();
        let named = |batch: usize| (0..100).map(|place| event(&format!("n{batch}_{place}"), now)).collect::<Vec<_>>();
        for batch in 0..20 {
            let (status, answer) = shop.tells(Some(&buyer.token), None, &named(batch)).await;
            assert_eq!(status, 200, "{batch}: {answer}");
        }
        let kept = shop.kept_events().await.len();
        let answers = at_once(8, (20..100).map(|batch| {
            let buyer = &buyer;
            async move { shop.tells(Some(&buyer.token), None, &named(batch)).await }
        })).await;
        for (status, answer) in answers {
            assert_eq!((status, &answer["code"]), (422, &json!("analytics.too_many_names")), "{answer}");
        }
        assert_eq!(shop.kept_events().await.len(), kept);
        let (status, answer) = shop.tells(Some(&buyer.token), None, &named(3)).await;
        assert_eq!(status, 200, "names that are known are taken on: {answer}");
        let mut wide = event("n0_0", now);
        wide["properties"] = (0..60).map(|place| (format!("q{place}"), json!(place))).collect();
        assert_eq!(shop.tells(Some(&buyer.token), None, &[wide]).await.0, 200, "properties have a bound of their own");
        let sku = shop.sku(1_000, 5).await;
        buyer.buys(&[(&sku, 1)]).await;
        shop.settle().await;
        assert_eq!(shop.kept_named("order_paid").await.len(), 1, "the shop's own names always have room");
    }

    async fn staff_describe_rename_and_block_names(shop: &Shop) {
        let buyer = shop.buyer().await;
        let tells = async |name: &str, properties: Value| {
            let mut one = event(name, shop.clock.now());
            one["properties"] = properties;
            let (status, answer) = shop.tells(Some(&buyer.token), None, std::slice::from_ref(&one)).await;
            assert_eq!(status, 200, "{answer}");
            (text(&one["event_id"]), answer)
        };
        tells("banner_clicked", json!({"place": "top", "secret": "x"})).await;
        let name = shop.event_name("banner_clicked").await;
        let path = format!("/analytics/event-names/{}", text(&name["id"]));
        let edit = json!({"description": "点了横幅", "shown_as": "横幅点击", "blocked": true});
        let edited = shop.staff("PATCH", &path, Some(edit)).await;
        assert_eq!((&edited["shown_as"], &edited["description"]), (&json!("横幅点击"), &json!("点了横幅")));
        let (_, answer) = tells("banner_clicked", json!({})).await;
        assert_eq!(counts(&answer), (0, 0, 0, 1));
        let card = shop.staff("GET", &path, None).await;
        assert_eq!(card["days"], json!([{"day": "2026-03-01", "events": 1, "dropped": 1}]), "{card}");
        let shown = shop.app.db().read("shown", hourglass::analytics::intake::shown_names).await.unwrap();
        assert_eq!(shown.events.get("banner_clicked").map(String::as_str), Some("横幅点击"));
        shop.staff("PATCH", &path, Some(json!({"blocked": false, "shown_as": ""}))).await;
        assert_eq!(shop.staff("GET", &path, None).await["shown_as"], Value::Null);

        let properties = shop.staff("GET", "/analytics/property-names?limit=100", None).await;
        let secret = properties["items"].as_array().unwrap().iter().find(|item| item["name"] == "secret").unwrap().clone();
        assert_eq!((&secret["kind"], &secret["mixed"]), (&json!("text"), &json!(0)));
        let path = format!("/analytics/property-names/{}", text(&secret["id"]));
        shop.staff("PATCH", &path, Some(json!({"blocked": true}))).await;
        let (id, _) = tells("banner_clicked", json!({"place": 3, "secret": "y"})).await;
        let kept = shop.kept_event(&id).await.properties;
        assert!(!kept.contains_key("secret") && kept.contains_key("place"), "{kept:?}");
        let properties = shop.staff("GET", "/analytics/property-names?limit=100", None).await;
        let place = properties["items"].as_array().unwrap().iter().find(|item| item["name"] == "place").unwrap().clone();
        assert_eq!((&place["kind"], &place["mixed"]), (&json!("text"), &json!(1)), "a number where there were texts");
        for wrong in [json!({}), json!({"description": "x".repeat(201)}), json!({"shown_as": "a\nb"})] {
            let (status, answer) = shop.call("PATCH", &format!("/admin/v1{path}"), Some(&shop.owner), Some(wrong)).await;
            assert_eq!((status, &answer["code"]), (422, &json!("analytics.name_edit_invalid")), "{answer}");
        }
    }

    with [("HOURGLASS_ANALYTICS_WAITING_EVENTS", "100")]
    async fn a_full_buffer_answers_at_once_and_the_shop_goes_on(shop: &Shop) {
        let buyer = shop.buyer().await;
        let sku = shop.sku(1_000, 5).await;
        let now = shop.clock.now();
        let full: Vec<Value> = (0..100).map(|_| event("page_viewed", now)).collect();
        let (held, holds) = mpsc::channel::<()>();
        let (letting_go, let_go) = mpsc::channel::<()>();
        let let_go = std::sync::Mutex::new(let_go);
        // Whatever writes events waits for this transaction: on SQLite everybody does, on PostgreSQL only they.
        let db = shop.app.db().clone();
        let holding = actix_web::rt::spawn(async move {
            db.write("hold", move |tx| {
                if let Conn::Pg(conn) = tx.conn()? {
                    use diesel::RunQueryDsl as _;
                    diesel::sql_query("LOCK TABLE analytics_event_names IN EXCLUSIVE MODE").execute(conn)?;
                }
                held.send(()).ok();
                let_go.lock().unwrap().recv().ok();
                Ok::<_, DbError>(())
            })
            .await
        });
        loop {
            if holds.try_recv().is_ok() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let on_postgres = matches!(shop.app.config().database.backend, hourglass::platform::db::Backend::Postgres(_));
        let mut told: FuturesUnordered<_> = (0..3).map(|_| shop.tells(Some(&buyer.token), None, &full)).collect();
        for _ in 0..2 {
            let (status, refused) = told.next().await.unwrap();
            assert_eq!((status, &refused["code"]), (503, &json!("analytics.buffer_full")), "one waits, two are told so: {refused}");
        }
        assert_eq!(buyer.call("GET", "/products", None).await.0, 200, "looking goes on");
        if on_postgres {
            buyer.orders(&[(&sku, 1)]).await;
        }
        letting_go.send(()).unwrap();
        let taken = told.next().await.unwrap();
        holding.await.unwrap().unwrap();
        assert_eq!((taken.0, taken.1["accepted"].as_i64()), (200, Some(100)), "{taken:?}");
        buyer.orders(&[(&sku, 1)]).await;
        assert_eq!(shop.tells(Some(&buyer.token), None, &full).await.1["duplicates"], 100, "nothing was kept twice");
        let kept = shop.kept_named("page_viewed").await.len();
        assert_eq!(kept, 100);
    }

    async fn whom_figures_leave_out_is_flagged(shop: &Shop) {
        let (staff, test, blocked, plain) = (shop.buyer().await, shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let before = shop.tells_of(Some(&test.token), None, "page_viewed").await;
        let marks = |who: &crate::support::buyer::Buyer<'_>| { let token = who.token.clone(); async move {
            let (_, me) = shop.call("GET", "/api/v1/me", Some(&token), None).await;
            text(&me["user_id"])
        }};
        let path = format!("/analytics/marked-users/{}", marks(&staff).await);
        assert_eq!(shop.staff("PUT", &path, Some(json!({"staff": true, "test": false}))).await, json!({"staff": true, "test": false}));
        let path = format!("/analytics/marked-users/{}", marks(&test).await);
        shop.staff("PUT", &path, Some(json!({"staff": false, "test": true}))).await;
        let by_staff = shop.tells_of(Some(&staff.token), None, "page_viewed").await;
        let by_blocked = shop.tells_of(Some(&blocked.token), None, "page_viewed").await;
        let by_plain = shop.tells_of(Some(&plain.token), None, "page_viewed").await;
        let blocked_id = marks(&blocked).await;
        shop.staff_post(&format!("/users/{blocked_id}/block"), json!({"reason": "刷单"})).await;
        shop.settle().await;
        let people = shop.who_is_who().await;
        let flags = async |id: &str| people.marks_of(shop.kept_event(id).await.subject);
        assert!(shop.kept_event(&by_staff).await.flags.contains(Flags::STAFF), "flagged as it came");
        assert_eq!(flags(&by_staff).await, Flags::STAFF);
        assert_eq!(flags(&before).await, Flags::TEST, "also what they did before");
        assert_eq!(flags(&by_blocked).await, Flags::BLOCKED);
        assert_eq!(flags(&by_plain).await, Flags::NONE);
        shop.staff_post(&format!("/users/{blocked_id}/unblock"), json!({"reason": "误判"})).await;
        shop.settle().await;
        let people = shop.who_is_who().await;
        assert_eq!(people.marks_of(shop.kept_event(&by_blocked).await.subject), Flags::NONE);
        let (status, answer) = shop.call("PUT", "/admin/v1/analytics/marked-users/1", Some(&shop.owner), Some(json!({"staff": true, "test": false}))).await;
        assert_eq!((status, &answer["code"]), (422, &json!("analytics.user_not_found")));

        let device = shop.installation().await;
        let robot = event("page_viewed", shop.clock.now());
        let headers = [("x-device-token", device.as_str()), ("user-agent", "Mozilla/5.0 (compatible; Baiduspider/2.0)")];
        shop.call_with("POST", "/api/v1/events", None, &headers, Some(batch(shop.clock.now(), std::slice::from_ref(&robot)))).await;
        let kept = shop.kept_event(&text(&robot["event_id"])).await;
        assert!(kept.flags.contains(Flags::BOT), "{kept:?}");
        assert_eq!(kept.properties.get("$agent"), Some(&PropertyValue::from("Mozilla/5.0 (compatible; Baiduspider/2.0)")));
    }
}

#[actix_web::test]
async fn events_have_a_count_of_their_own() {
    let limits =
        [("HOURGLASS_LIMIT_EVENTS", "4"), ("HOURGLASS_LIMIT_WRITE", "5"), ("HOURGLASS_LIMIT_ADDRESS_FACTOR", "100")];
    let shop = Shop::on_sqlite_with(&limits).await;
    let device = shop.installation().await;
    shop.clock.advance(MINUTE_MS);
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(shop.tells(None, Some(&device), &[event("page_viewed", shop.clock.now())]).await.0);
    }
    assert_eq!(told, [200, 200, 200, 200, 429, 429]);
    let headers = [("x-device-token", device.as_str())];
    for _ in 0..5 {
        assert_eq!(shop.call_with("DELETE", "/api/v1/cart", None, &headers, None).await.0, 204, "the cart goes on");
    }
    assert_eq!(shop.kept_named("page_viewed").await.len(), 4);
    assert_eq!(new_id().len(), 36);
}
