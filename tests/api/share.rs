//! Handing pages on, and whom that brings.

use hourglass::kernel::id::UserId;
use hourglass::platform::db::DbError;
use hourglass::share::{self, Acquisition, Subject, SubjectKind};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::at_once;
use crate::support::shop::text;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

async fn id_of(buyer: &Buyer<'_>) -> UserId {
    buyer.user_id().await.parse().unwrap()
}

/// How somebody was brought.
async fn brought(shop: &Shop, buyer: &Buyer<'_>) -> Option<Acquisition> {
    let user = id_of(buyer).await;
    shop.app.db().read("test", move |tx| share::acquisition_of(tx, user)).await.unwrap()
}

on_both_databases! {
    async fn a_token_fits_a_scene_and_names_what_was_handed_on(shop: &Shop) {
        let product = shop.product(5_000, 1).await;
        let product_id = text(&product["summary"]["id"]);
        let buyer = shop.buyer().await;
        let body = json!({"subject": {"kind": "product", "reference": product_id}, "channel": "timeline"});
        let shared = buyer.does("POST", "/shares", Some(body)).await;
        let token = text(&shared["token"]);
        assert!(token.len() <= 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        assert_eq!(shared["title"], product["summary"]["title"]);
        assert_eq!(shared["price_fen"], 5_000);
        assert_eq!(shared["path"], format!("pages/product/index?id={product_id}&share={token}"));
        assert_eq!(shared["query"], format!("id={product_id}&share={token}"));
        assert_ne!(buyer.shares().await, buyer.shares().await, "every share has a token of its own");

        let user = id_of(&buyer).await;
        let subject = Subject { kind: SubjectKind::Product, reference: product_id };
        let asked = shop.app.db().read("test", move |tx| {
            let other = Subject { kind: SubjectKind::Product, reference: "1".to_owned() };
            Ok::<_, DbError>((share::has_shared(tx, user, &subject)?, share::has_shared(tx, user, &other)?))
        });
        assert_eq!(asked.await.unwrap(), (true, false));
    }

    async fn what_does_not_exist_cannot_be_handed_on(shop: &Shop) {
        let buyer = shop.buyer().await;
        let draft = shop.drafts(&json!({})).await;
        let draft = text(&draft["summary"]["id"]);
        for (kind, reference, status, code) in [
            ("product", "1", 404, "share.subject_not_found"),
            ("product", draft.as_str(), 404, "share.subject_not_found"),
            ("product", "abc", 404, "share.subject_not_found"),
            ("group", "1", 404, "share.subject_not_found"),
            ("page", "https://evil.example/", 422, "share.subject_invalid"),
            ("page", "", 422, "share.subject_invalid"),
            ("product", "1 2", 422, "share.subject_invalid"),
        ] {
            let body = json!({"subject": {"kind": kind, "reference": reference}, "channel": "friend"});
            let (found, answer) = buyer.call("POST", "/shares", Some(body)).await;
            assert_eq!((found, &answer["code"]), (status, &json!(code)), "{kind} {reference}: {answer}");
        }
        let long = json!({"subject": {"kind": "page", "reference": "p".repeat(129)}, "channel": "friend"});
        assert_eq!(buyer.call("POST", "/shares", Some(long)).await.0, 422);
        let unknown = json!({"subject": {"kind": "page", "reference": "pages/a"}, "channel": "pigeon"});
        assert_eq!(buyer.call("POST", "/shares", Some(unknown)).await.0, 422);
    }

    async fn who_brought_whom_is_as_the_fixture_says(shop: &Shop) {
        let a = shop.buyer().await;
        shop.clock.advance(DAY_MS);
        let mut a = a;
        a.comes_again().await;
        let s1 = a.shares().await;
        let (b, c) = (shop.buyer().await, shop.buyer().await);
        assert_eq!(b.opens(&s1).await, "acquisition");
        assert_eq!(c.opens(&s1).await, "acquisition");
        assert_eq!(a.opens(&s1).await, "own_share");
        let s2 = b.shares().await;
        let d = shop.buyer().await;
        assert_eq!(d.opens(&s2).await, "acquisition");
        assert_eq!(c.opens(&s2).await, "spread");
        let s3 = d.shares().await;
        assert_eq!(a.opens(&s3).await, "spread");

        let (a_id, b_id) = (id_of(&a).await, id_of(&b).await);
        assert_eq!(brought(shop, &a).await, None);
        for (who, inviter, depth) in [(&b, a_id, 1), (&c, a_id, 1), (&d, b_id, 2)] {
            let found = brought(shop, who).await.unwrap();
            assert_eq!((found.inviter, found.depth), (inviter, depth));
        }
        let d_id = id_of(&d).await;
        let above = shop.app.db().read("test", move |tx| {
            Ok::<_, DbError>((share::is_ancestor(tx, d_id, a_id)?, share::is_ancestor(tx, d_id, b_id)?, share::is_ancestor(tx, a_id, d_id)?))
        });
        assert_eq!(above.await.unwrap(), (true, true, false));
        let now = shop.clock.now();
        let touch = shop.app.db().read("test", move |tx| share::last_touch(tx, a_id, now.plus_millis(-DAY_MS))).await.unwrap();
        assert_eq!(touch.map(|touch| (touch.token, touch.sharer)), Some((s3, d_id)));
    }

    async fn a_chain_of_tokens_grows_by_one_with_each_hand(shop: &Shop) {
        let a = shop.buyer().await;
        let s1 = a.shares().await;
        let b = shop.buyer().await;
        b.opens(&s1).await;
        let page = json!({"kind": "page", "reference": "pages/index/index"});
        let named = b.does("POST", "/shares", Some(json!({"subject": page, "channel": "friend", "parent": s1}))).await;
        assert_eq!(named["depth"], 1);
        let c = shop.buyer().await;
        c.opens(named["token"].as_str().unwrap()).await;
        let unnamed = c.does("POST", "/shares", Some(json!({"subject": page, "channel": "friend"}))).await;
        assert_eq!(unnamed["depth"], 2, "the server knows where they came from");
        let forged = shop.buyer().await;
        let forged = forged.does("POST", "/shares", Some(json!({"subject": page, "channel": "friend", "parent": s1}))).await;
        assert_eq!(forged["depth"], 0, "nobody goes on from a token they did not come through");
    }

    async fn of_a_hundred_first_opens_at_once_one_brings(shop: &Shop) {
        let mut tokens = Vec::new();
        for _ in 0..20 {
            let sharer = shop.buyer().await;
            for _ in 0..5 {
                tokens.push(sharer.shares().await);
            }
        }
        let newcomer = shop.buyer().await;
        let made = at_once(50, tokens.iter().map(|token| newcomer.opens(token))).await;
        assert_eq!(made.iter().filter(|made| *made == "acquisition").count(), 1, "{made:?}");
        assert_eq!(made.iter().filter(|made| *made == "spread").count(), 99, "{made:?}");
        let winner = made.iter().position(|made| made == "acquisition").unwrap();
        assert_eq!(brought(shop, &newcomer).await.unwrap().token, tokens[winner]);
    }

    async fn people_who_share_and_open_all_at_once_form_a_forest(shop: &Shop) {
        let root = shop.buyer().await;
        let first = root.shares().await;
        let mut crowd = Vec::new();
        for _ in 0..12 {
            crowd.push(shop.buyer().await);
        }
        // Whether sharing or opening comes first settles how each of them came, and never both.
        let both = crowd.iter().map(|person| {
            let first = &first;
            async move { futures_util::join!(person.shares(), person.opens(first)) }
        });
        let both = at_once(12, both).await;
        let pairs = crowd.iter().flat_map(|person| both.iter().map(move |(token, _)| (person, token)));
        let made = at_once(40, pairs.map(|(person, token)| person.opens(token))).await;
        assert_eq!(made.iter().filter(|made| *made == "own_share").count(), 12);
        assert_eq!(made.iter().filter(|made| *made == "spread").count(), 132, "a circle brings nobody");
        for (person, (_, opened)) in crowd.iter().zip(&both) {
            let found = brought(shop, person).await.map(|found| (found.token, found.depth));
            let expected = (opened == "acquisition").then(|| (first.clone(), 1));
            assert_eq!(found, expected);
        }
    }

    async fn the_same_open_many_times_at_once_counts_once(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares().await;
        let visitor = shop.buyer().await;
        let made = at_once(30, (0..30).map(|_| visitor.opens(&token))).await;
        assert_eq!(made.iter().filter(|made| *made == "acquisition").count(), 1, "{made:?}");
        assert_eq!(made.iter().filter(|made| *made == "repeated").count(), 29, "{made:?}");
        shop.clock.advance(29 * MINUTE_MS);
        let mut visitor = visitor;
        visitor.comes_again().await;
        assert_eq!(visitor.opens(&token).await, "repeated");
        shop.clock.advance(2 * MINUTE_MS);
        let made = at_once(10, (0..10).map(|_| visitor.opens(&token))).await;
        assert_eq!(made.iter().filter(|made| *made == "spread").count(), 1, "{made:?}");
    }

    async fn only_a_first_session_brings_anybody(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares().await;
        let mut older = shop.buyer().await;
        shop.clock.advance(31 * MINUTE_MS);
        older.comes_again().await;
        assert_eq!(older.opens(&token).await, "spread");
        assert_eq!(brought(shop, &older).await, None);

        let first = shop.buyer().await;
        let second = shop.buyer().await;
        let late = second.shares().await;
        assert_eq!(first.opens(&late).await, "spread", "somebody newer brings nobody older");

        let shares_first = shop.buyer().await;
        shares_first.shares().await;
        assert_eq!(shares_first.opens(&token).await, "spread", "how they came was settled by sharing");
    }

    async fn what_a_device_opened_becomes_its_first_users(shop: &Shop) {
        let sharer = shop.buyer().await;
        let (one, two) = (sharer.shares().await, sharer.shares().await);
        let device = shop.device().await;
        assert_eq!(device.opens(&one).await, "anonymous");
        assert_eq!(device.opens(&one).await, "repeated");
        shop.clock.advance(5 * MINUTE_MS);
        assert_eq!(device.opens(&two).await, "anonymous");
        shop.clock.advance(DAY_MS);
        let newcomer = device.logs_in(None).await;
        let found = brought(shop, &newcomer).await.unwrap();
        assert_eq!((found.token, found.depth), (one.clone(), 1), "the first open brought them");
        assert_eq!(newcomer.opens(&two).await, "spread");

        // Somebody who was here before logs in on another installation that came through a token.
        let device = shop.device().await;
        assert_eq!(device.opens(&one).await, "anonymous");
        let again = device.logs_in(Some(&newcomer.openid)).await;
        assert_eq!(brought(shop, &again).await.unwrap().token, one);
        // From now on that installation is theirs, also when nobody is logged in.
        assert_eq!(device.opens(&one).await, "repeated");
    }

    async fn an_installation_that_was_here_before_brings_nobody(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares().await;
        let device = shop.device().await;
        shop.clock.advance(40 * MINUTE_MS);
        assert_eq!(device.opens(&token).await, "anonymous");
        let newcomer = device.logs_in(None).await;
        assert_eq!(brought(shop, &newcomer).await, None);
    }

    async fn ones_own_share_counts_for_nothing(shop: &Shop) {
        let device = shop.device().await;
        let sharer = device.logs_in(None).await;
        let token = sharer.shares().await;
        assert_eq!(sharer.opens(&token).await, "own_share");
        assert_eq!(device.opens(&token).await, "own_share", "their own installation");
        let second_account = device.logs_in(None).await;
        assert_eq!(second_account.opens(&token).await, "own_share", "a second account on it");
        assert_eq!(brought(shop, &second_account).await, None);

        // An installation turns out to be the sharer's own.
        let other = shop.device().await;
        assert_eq!(other.opens(&token).await, "anonymous");
        other.logs_in(Some(&sharer.openid)).await;
        assert_eq!(other.opens(&token).await, "own_share");
        assert_eq!(brought(shop, &sharer).await, None);
    }

    async fn log_ins_and_opens_of_one_device_at_once_lose_nothing(shop: &Shop) {
        let sharer = shop.buyer().await;
        for _ in 0..10 {
            let token = sharer.shares().await;
            let device = shop.device().await;
            let (made, newcomer) = futures_util::join!(device.opens(&token), device.logs_in(None));
            assert!(made == "anonymous" || made == "acquisition", "{made}");
            assert_eq!(brought(shop, &newcomer).await.map(|found| found.token), Some(token));
        }
    }

    async fn an_unknown_token_is_told_and_harms_nothing(shop: &Shop) {
        let buyer = shop.buyer().await;
        for token in ["0123456789abcdef", "", "x y", "三", &"a".repeat(33)] {
            let (status, answer) = buyer.call("POST", "/share-opens", Some(json!({"token": token}))).await;
            assert_eq!((status, &answer["code"]), (404, &json!("share.token_not_found")), "{token:?}");
        }
        let token = shop.buyer().await.shares().await;
        for scene in [0, -1, 100_000] {
            let (status, answer) = buyer.call("POST", "/share-opens", Some(json!({"token": token, "scene": scene}))).await;
            assert_eq!((status, &answer["code"]), (422, &json!("share.scene_invalid")), "{scene}");
        }
        let open = json!({"token": token, "scene": 1007});
        assert_eq!(shop.call("POST", "/api/v1/share-opens", None, Some(open.clone())).await.0, 401);
        let opened = buyer.does("POST", "/share-opens", Some(open)).await;
        assert_eq!(opened["subject"], json!({"kind": "page", "reference": "pages/index/index"}));
        assert_eq!(opened["path"], "pages/index/index");
    }

    with [("HOURGLASS_LIMIT_WRITE", "20")]
    async fn opening_is_limited(shop: &Shop) {
        let token = shop.buyer().await.shares().await;
        let visitor = shop.buyer().await;
        let mut refused = 0;
        for _ in 0..30 {
            let (status, _) = visitor.call("POST", "/share-opens", Some(json!({"token": token}))).await;
            assert!([200, 429].contains(&status), "{status}");
            refused += i32::from(status == 429);
        }
        assert!(refused >= 10, "{refused}");
    }

    async fn machines_bring_nobody(shop: &Shop) {
        let token = shop.buyer().await.shares().await;
        let visitor = shop.buyer().await;
        for scene in [1129, 1030, 1101, 1203] {
            let opened = visitor.does("POST", "/share-opens", Some(json!({"token": token, "scene": scene}))).await;
            assert_eq!(opened["counted"], "machine");
        }
        assert_eq!(visitor.opens(&token).await, "acquisition");
    }

    async fn only_a_proven_group_chat_is_kept(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares_thing("page", "pages/index/index", "group_chat").await;
        let (visitor, other) = (shop.buyer().await, shop.buyer().await);
        let group = |openid: String, more: Value| async move {
            let mut ask = json!({"openid": openid, "group": "G1"});
            ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let made = shop.wechat("POST", "/group", Some(ask)).await;
            json!({"encrypted_data": made["encryptedData"], "iv": made["iv"]})
        };
        let mine = visitor.openid.clone();
        let forgeries = [
            ("foreign_app", group(mine.clone(), json!({"app_id": "wx0000000000000009"})).await),
            ("stale", group(mine.clone(), json!({"age_seconds": 3_600})).await),
            ("stale", group(mine.clone(), json!({"age_seconds": -3_600})).await),
            ("absent", group(mine.clone(), json!({"group": ""})).await),
            ("undecipherable", group(other.openid.clone(), json!({})).await),
            ("malformed", json!({"encrypted_data": "%%%", "iv": "AAAA"})),
            ("undecipherable", json!({"encrypted_data": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA=="})),
        ];
        for (nth, (proof, group)) in forgeries.into_iter().enumerate() {
            let body = json!({"token": token, "scene": 1044, "group": group});
            let opened = visitor.does("POST", "/share-opens", Some(body)).await;
            assert_eq!(opened["group"], proof);
            assert_eq!(opened["counted"], if nth == 0 { "acquisition" } else { "repeated" }, "the open counts");
        }
        let device = shop.device().await;
        let body = json!({"token": token, "group": group(mine.clone(), json!({})).await});
        assert_eq!(device.call("POST", "/share-opens", Some(body)).await.1["group"], "no_session");
        assert_eq!(shop.staff("GET", "/share-chats", None).await["items"], json!([]), "nothing of it was kept");

        let body = json!({"token": token, "group": group(mine, json!({})).await});
        assert_eq!(visitor.does("POST", "/share-opens", Some(body)).await["group"], "proven");
        let older = group(other.openid.clone(), json!({"older_spelling": true})).await;
        let opened = other.does("POST", "/share-opens", Some(json!({"token": token, "group": older}))).await;
        assert_eq!((opened["group"].as_str(), opened["counted"].as_str()), (Some("proven"), Some("acquisition")));
        let chats = shop.staff("GET", "/share-chats", None).await;
        assert_eq!(chats["items"][0]["name"], "G1");
        assert_eq!(chats["items"][0]["figures"], json!({"opens": 2, "visitors": 2, "newcomers": 2}));
    }

    async fn wechat_draws_each_code_once(shop: &Shop) {
        let product = shop.product(5_000, 1).await;
        let product_id = text(&product["summary"]["id"]);
        let sharer = shop.buyer().await;
        let token = sharer.shares_thing("product", &product_id, "qr").await;
        let first = sharer.does("POST", &format!("/shares/{token}/code"), None).await;
        let again = sharer.does("POST", &format!("/shares/{token}/code"), None).await;
        assert_eq!(first, again);
        assert_eq!(png_size(shop, &first).await, (430, 430));
        let drawn = shop.wechat("GET", "/codes", None).await;
        assert_eq!(drawn["codes"], json!([{"scene": token, "page": "pages/product/index"}]));

        let other = sharer.shares().await;
        assert_eq!(sharer.call("POST", "/shares/nothing/code", None).await.0, 404);
        let path = format!("/shares/{other}/code");
        assert_ne!(sharer.does("POST", &path, None).await, first);
    }

    async fn a_poster_is_a_picture_of_its_size_made_once(shop: &Shop) {
        let cover = shop.app.storage().put_picture(a_picture(900, 700), 1_000_000).await.unwrap();
        let product = shop.drafts(&json!({"title": "法式碎花连衣裙", "cover": cover.key})).await;
        let product_id = text(&product["summary"]["id"]);
        shop.puts_on_sale(&product_id).await;
        let sharer = shop.buyer().await;
        let token = sharer.shares_thing("product", &product_id, "poster").await;
        let path = format!("/shares/{token}/poster");
        let wish = |code: &str, with_nickname: bool| Some(json!({"code": code, "with_nickname": with_nickname}));
        let plain = sharer.does("POST", &path, wish("mini_program", false)).await;
        assert_eq!((plain["width"].as_u64(), plain["height"].as_u64()), (Some(750), Some(1_200)));
        assert_eq!(png_size(shop, &plain).await, (750, 1_200));
        assert_eq!(sharer.does("POST", &path, wish("mini_program", false)).await, plain);
        let drawn = shop.wechat("GET", "/codes", None).await;
        assert_eq!(drawn["codes"].as_array().unwrap().len(), 1, "one code for both");
        let named = sharer.does("POST", &path, wish("mini_program", true)).await;
        let web = sharer.does("POST", &path, wish("web", true)).await;
        assert!(plain["picture"] != named["picture"] && named["picture"] != web["picture"]);
        assert_eq!(png_size(shop, &web).await, (750, 1_200));

        shop.prices(&product_id, 4_500).await;
        assert_ne!(sharer.does("POST", &path, wish("mini_program", false)).await["picture"], plain["picture"]);
        shop.staff("POST", &format!("/products/{product_id}/off-sale"), None).await;
        let (status, answer) = sharer.call("POST", &path, wish("mini_program", false)).await;
        assert_eq!((status, &answer["code"]), (404, &json!("share.subject_not_found")));
        assert_eq!(sharer.call("POST", &path, wish("pigeon", false)).await.0, 422);
    }

    async fn many_posters_at_once_are_drawn_in_turn_or_refused_cleanly(shop: &Shop) {
        let sharer = shop.buyer().await;
        let mut tokens = Vec::new();
        for _ in 0..12 {
            tokens.push(sharer.shares().await);
        }
        let path = |token: &String| format!("/shares/{token}/poster");
        let wish = Some(json!({"code": "web"}));
        let asked = tokens.iter().flat_map(|token| [token, token]);
        let made = at_once(24, asked.map(|token| {
            let (sharer, wish, path) = (&sharer, wish.clone(), path(token));
            async move { sharer.call("POST", &path, wish).await }
        })).await;
        for twins in made.chunks(2) {
            assert!(twins.iter().all(|(status, _)| *status == 201), "{twins:?}");
            assert_eq!(twins[0].1["picture"], twins[1].1["picture"]);
        }
    }

    async fn a_qr_code_leads_to_the_shop_outside_wechat(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares().await;
        let fetch = |query: &'static str| {
            let request = shop.http.get(format!("{}/api/v1/shares/{token}/qr{query}", shop.base)).bearer_auth(&sharer.token);
            async move {
                let answer = request.send().await.unwrap();
                let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
                (answer.status().as_u16(), kind, answer.bytes().await.unwrap())
            }
        };
        let (status, kind, bytes) = fetch("").await;
        assert_eq!((status, kind.as_str()), (200, "image/png"));
        assert_eq!(dimensions(&bytes), (400, 400));
        let (_, _, bytes) = fetch("?width=1000").await;
        assert_eq!(dimensions(&bytes), (1_000, 1_000));
        let (status, kind, bytes) = fetch("?format=svg").await;
        assert_eq!((status, kind.as_str()), (200, "image/svg+xml"));
        assert!(bytes.starts_with(b"<svg "));
        for (query, code) in [("?width=199", 422), ("?width=1001", 422), ("?format=gif", 422)] {
            assert_eq!(fetch(query).await.0, code, "{query}");
        }
    }

    async fn without_wechat_there_is_no_code_and_later_there_is(shop: &Shop) {
        let sharer = shop.buyer().await;
        let token = sharer.shares().await;
        let (path, poster) = (format!("/shares/{token}/code"), format!("/shares/{token}/poster"));
        for (trouble, status, code) in [
            (json!({"action": "refuse", "code": "-1"}), 503, "share.code_unavailable"),
            (json!({"action": "lose"}), 503, "share.code_unavailable"),
            (json!({"action": "refuse", "code": "45009"}), 503, "share.code_unavailable"),
            (json!({"action": "refuse", "code": "41030"}), 409, "share.page_not_released"),
        ] {
            let mut rule = json!({"path_prefix": "/wxa/getwxacodeunlimit"});
            rule.as_object_mut().unwrap().extend(trouble.as_object().unwrap().clone());
            shop.trouble(json!({"rules": [rule]})).await;
            for (path, body) in [(&path, None), (&poster, Some(json!({"code": "mini_program"})))] {
                let (found, answer) = sharer.call("POST", path, body).await;
                assert_eq!((found, &answer["code"]), (status, &json!(code)), "{trouble}");
            }
            // What needs no WeChat goes on.
            sharer.does("POST", &poster, Some(json!({"code": "web"}))).await;
        }
        shop.trouble(json!({})).await;
        sharer.does("POST", &path, None).await;
        sharer.does("POST", &poster, Some(json!({"code": "mini_program"}))).await;
    }

    async fn sharers_and_staff_see_what_came_of_it(shop: &Shop) {
        let a = shop.buyer().await;
        let s1 = a.shares().await;
        let (b, c) = (shop.buyer().await, shop.buyer().await);
        b.opens(&s1).await;
        c.opens(&s1).await;
        a.opens(&s1).await;
        let s2 = b.shares_thing("page", "pages/live/list", "timeline").await;
        let d = shop.buyer().await;
        d.opens(&s2).await;
        c.opens(&s2).await;
        let s3 = d.shares().await;
        a.opens(&s3).await;
        let device = shop.device().await;
        device.opens(&s3).await;

        let mine = a.does("GET", "/shares", None).await;
        assert_eq!(mine["items"].as_array().unwrap().len(), 1);
        assert_eq!(mine["items"][0]["token"], s1);
        assert_eq!(mine["items"][0]["figures"], json!({"opens": 2, "visitors": 2, "newcomers": 2}));
        assert_eq!(a.does("GET", &format!("/shares/{s1}"), None).await, mine["items"][0]);
        let summary = json!({"shares": 1, "figures": {"opens": 2, "visitors": 2, "newcomers": 2}});
        assert_eq!(a.does("GET", "/share-summary", None).await, summary);
        let newcomers = a.does("GET", "/share-newcomers?limit=1", None).await;
        assert_eq!(newcomers["items"][0]["token"], s1);
        let cursor = text(&newcomers["next_cursor"]);
        let rest = a.does("GET", &format!("/share-newcomers?cursor={cursor}"), None).await;
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));

        let (a_id, b_id) = (a.user_id().await, b.user_id().await);
        let tree = shop.staff("GET", &format!("/share-trees/{a_id}?limit=1"), None).await;
        assert_eq!((&tree["direct"], &tree["descendants"], &tree["depth"]), (&json!(2), &json!(3), &json!(0)));
        assert_eq!(tree["levels"], json!([{"steps": 1, "users": 2}, {"steps": 2, "users": 1}]));
        assert_eq!(tree["children"]["items"][0]["brought"], 0, "C came last and brought nobody");
        let cursor = text(&tree["children"]["next_cursor"]);
        let rest = shop.staff("GET", &format!("/share-trees/{a_id}?cursor={cursor}"), None).await;
        let child = &rest["children"]["items"][0];
        assert_eq!((&child["user"]["user_id"], &child["brought"], &child["depth"]), (&json!(b_id), &json!(1), &json!(1)));
        let below = shop.staff("GET", &format!("/share-trees/{b_id}"), None).await;
        assert_eq!((&below["inviter"]["user_id"], &below["depth"]), (&json!(a_id), &json!(1)));
        assert_eq!(shop.call("GET", "/admin/v1/share-trees/1", Some(&shop.owner), None).await.0, 404);

        let channels = shop.staff("GET", "/share-channels", None).await;
        let friend = json!({"name": "friend", "reference": null, "shares": 2, "sharers": 2, "figures": {"opens": 4, "visitors": 4, "newcomers": 2}});
        let timeline = json!({"name": "timeline", "reference": null, "shares": 1, "sharers": 1, "figures": {"opens": 2, "visitors": 2, "newcomers": 1}});
        assert_eq!(channels["items"], json!([friend, timeline]));
        let subjects = shop.staff("GET", "/share-subjects", None).await;
        assert_eq!((&subjects["items"][1]["reference"], &subjects["items"][1]["figures"]["newcomers"]), (&json!("pages/live/list"), &json!(1)));
        let ranking = shop.staff("GET", "/share-ranking?limit=2", None).await;
        let ranked: Vec<(&str, i64)> = ranking["items"].as_array().unwrap().iter()
            .map(|item| (item["user"]["user_id"].as_str().unwrap(), item["figures"]["newcomers"].as_i64().unwrap())).collect();
        assert_eq!(ranked, [(a_id.as_str(), 2), (b_id.as_str(), 1)]);
        let listed = shop.staff("GET", "/shares?kind=page&reference=pages/live/list&channel=timeline", None).await;
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["share"]["token"]), (1, &json!(s2)));
        assert_eq!(listed["items"][0]["sharer_id"], b_id);
        assert_eq!(shop.staff("GET", "/share-channels?until=2026-01-01T00:00:00Z", None).await["items"], json!([]));
        for query in ["from=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "from=2025-01-01T00:00:00Z&until=2026-01-01T00:00:00Z"] {
            let (status, answer) = shop.call("GET", &format!("/admin/v1/share-channels?{query}"), Some(&shop.owner), None).await;
            assert_eq!((status, &answer["code"]), (422, &json!("share.period_invalid")), "{query}");
        }
    }
}

/// A picture as somebody would upload it.
fn a_picture(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([200, 120, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn dimensions(png: &[u8]) -> (u32, u32) {
    assert_eq!(image::guess_format(png).unwrap(), image::ImageFormat::Png);
    let picture = image::load_from_memory(png).unwrap();
    (picture.width(), picture.height())
}

/// The size of a picture that was made, fetched as anybody would.
async fn png_size(shop: &Shop, made: &Value) -> (u32, u32) {
    let answer = shop.http.get(format!("{}{}", shop.base, made["picture"].as_str().unwrap())).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    dimensions(&answer.bytes().await.unwrap())
}
