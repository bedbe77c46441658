//! Handing pages on, and whom that brings.

use hourglass::kernel::id::UserId;
use hourglass::platform::db::DbError;
use hourglass::share::{self, Acquisition, Subject, SubjectKind};
use serde_json::json;

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
}
