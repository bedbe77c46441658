//! Coupons as shoppers have and use them, and as staff give and take them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::Shop;
use crate::support::coupons::claims_of;
use crate::support::crowd::at_once;
use crate::support::shop::text;

const DAY: i64 = 24 * 3_600_000;

on_both_databases! {
    async fn of_1000_users_who_claim_10_times_each_exactly_100_have_one_each(shop: &Shop) {
        let template = shop.coupon_template(json!({"total_limit": 100})).await;
        let buyers = at_once(8, (0..1_000).map(|_| shop.buyer())).await;
        let tries = (0..10).flat_map(|_| buyers.iter()).map(|buyer| buyer.tries_to_claim(&template));
        let answers = at_once(32, tries).await;
        let had: Vec<&serde_json::Value> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, body)| body).collect();
        assert_eq!(had.len(), 100);
        let ids: BTreeSet<String> = had.iter().map(|coupon| text(&coupon["coupon_id"])).collect();
        assert_eq!(ids.len(), 100);
        for (status, refusal) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!(*status, 409, "{refusal}");
            assert!(["coupon.sold_out", "coupon.limit_reached"].contains(&refusal["code"].as_str().unwrap()), "{refusal}");
        }
        let template = shop.staff("GET", &format!("/coupon-templates/{template}"), None).await;
        assert_eq!(template["issued"], 100);
        let figures = shop.staff("GET", &format!("/coupon-templates/{}/figures", text(&template["template_id"])), None).await;
        assert_eq!((&figures["issued"], &figures["users"]), (&json!(100), &json!(100)));
    }

    async fn one_coupon_in_50_checkouts_at_once_is_used_once_and_comes_back_once(shop: &Shop) {
        let sku = shop.sku(20_000, 1_000).await;
        let buyer = shop.buyer().await;
        let coupon = buyer.claims(&shop.coupon_template(json!({})).await).await;
        let lines = [(sku.as_str(), 1)];
        let mut wishes = Vec::new();
        for _ in 0..50 {
            wishes.push(buyer.wishes_with(&lines, &coupon).await);
        }
        let answers = at_once(50, wishes.iter().map(|wish| buyer.sends(wish))).await;
        let placed: Vec<String> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, order)| text(&order["order_id"])).collect();
        assert_eq!(placed.len(), 1);
        for (status, refusal) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!(*status, 409, "{refusal}");
            assert!(["coupon.not_held", "order.price_changed"].contains(&refusal["code"].as_str().unwrap()), "{refusal}");
        }
        assert_eq!(buyer.coupon_state(&coupon).await, "reserved");
        buyer.does("POST", &format!("/orders/{}/cancel", placed[0]), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!(buyer.coupon_state(&coupon).await, "held");

        let (status, order) = buyer.sends(&buyer.wishes_with(&lines, &coupon).await).await;
        assert_eq!(status, 201, "{order}");
        let order = text(&order["order_id"]);
        shop.pay(&buyer.begins_to_pay(&order).await).await;
        assert_eq!(buyer.coupon_state(&coupon).await, "used");
        buyer.does("POST", &format!("/orders/{order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(buyer.coupon_state(&coupon).await, "held");
        let file = shop.staff("GET", &format!("/coupons/{coupon}"), None).await;
        let moves: Vec<String> = file["history"].as_array().unwrap().iter().map(|row| text(&row["to_state"])).collect();
        assert_eq!(moves, ["reserved", "held", "reserved", "used", "held"], "{file}");
    }

    async fn a_coupon_that_lapsed_since_the_preview_is_answered_with_a_new_quote(shop: &Shop) {
        let sku = shop.sku(20_000, 10).await;
        let mut buyer = shop.buyer().await;
        let ends = shop.clock.now().plus_millis(DAY);
        let coupon = buyer.claims(&shop.coupon_template(json!({"valid_until": ends, "valid_days": null})).await).await;
        let lines = [(sku.as_str(), 1)];
        let wish = buyer.wishes_with(&lines, &coupon).await;
        assert_eq!(wish.body["expected"]["total_fen"], 20_000 - 1_000 + 100);
        shop.clock.advance(DAY);
        buyer.comes_again().await;
        let (status, refusal) = buyer.sends(&wish).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("order.price_changed")), "{refusal}");
        assert_eq!(refusal["details"]["total_fen"], 20_100, "{refusal}");
        assert_eq!(refusal["details"]["lapsed"]["refusal"]["code"], "coupon.expired", "{refusal}");
        let (status, refusal) = buyer.quote_with(&lines, &[&coupon]).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("coupon.expired")));
        let over = buyer.does("GET", "/coupons?shelf=over", None).await;
        assert_eq!(over["items"][0]["state"], "expired", "before any sweep: {over}");
        assert_eq!(buyer.does("GET", "/coupons", None).await["items"], json!([]));
        shop.settle().await;
        assert_eq!(buyer.coupon_state(&coupon).await, "expired");
        let (status, order) = buyer.sends(&buyer.wishes(&lines).await).await;
        assert_eq!(status, 201, "{order}");
    }

    async fn the_best_of_ones_coupons_is_told_with_its_quote(shop: &Shop) {
        let sku = shop.sku(20_000, 10).await;
        let buyer = shop.buyer().await;
        let small = buyer.claims(&shop.coupon_template(json!({"amount_fen": 500})).await).await;
        let large = buyer.claims(&shop.coupon_template(json!({"benefit": "percent_off", "amount_fen": null, "off_permille": 100, "cap_fen": 1_800})).await).await;
        let far = buyer.claims(&shop.coupon_template(json!({"amount_fen": 9_000, "threshold_fen": 99_000})).await).await;
        let body = json!({"lines": [{"sku_id": sku, "quantity": 1}], "province_code": "44", "claims": claims_of(&[&small])});
        let best = buyer.does("POST", "/coupons/best", Some(body)).await;
        assert_eq!((&best["total_without_fen"], &best["saving_fen"]), (&json!(20_100), &json!(1_800)), "{best}");
        assert_eq!(best["claims"], claims_of(&[&large]).as_array().map(|claims| json!([{"kind": "coupon", "reference": claims[0]["reference"], "sku_id": null}])).unwrap());
        let order: Vec<String> = best["coupons"].as_array().unwrap().iter().map(|compared| text(&compared["coupon"]["coupon_id"])).collect();
        assert_eq!(order, [large.clone(), small, far]);
        assert_eq!(best["coupons"][2]["refusal"]["code"], "coupon.below_threshold", "{best}");
        assert_eq!(best["coupons"][2]["refusal"]["details"]["missing_fen"], 79_000, "{best}");
        let (_, quote) = buyer.quote_with(&[(&sku, 1)], &[&large]).await;
        assert_eq!(best["quote"], quote);
    }

    async fn a_one_time_code_is_good_once_and_guessing_is_stopped(shop: &Shop) {
        let template = shop.coupon_template(json!({"way": "one_time_code", "per_user_limit": 100})).await;
        let codes = shop.coupon_codes(&template, 3).await;
        assert_eq!(codes.len(), 3);
        let (one, other) = (shop.buyer().await, shop.buyer().await);
        let (status, coupon) = one.types_code(&codes[0].to_lowercase()).await;
        assert_eq!(status, 201, "{coupon}");
        let (status, again) = one.types_code(&codes[0]).await;
        assert_eq!((status, &again["coupon_id"]), (201, &coupon["coupon_id"]), "the same coupon, not another");
        assert_eq!(other.types_code(&codes[0]).await.1["code"], "coupon.code_used");

        let crowd = (0..20).map(|at| if at % 2 == 0 { one.types_code(&codes[1]) } else { other.types_code(&codes[1]) });
        let answers = at_once(20, crowd).await;
        let ids: BTreeSet<String> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, coupon)| text(&coupon["coupon_id"])).collect();
        assert_eq!(ids.len(), 1, "one code, one coupon: {answers:?}");

        let guesser = shop.buyer().await;
        let guesses = (0..40).map(|at| guesser.types_code(["AAAA-BBBB-CCCC", "AAAABBBBDDDD", "SPRING"][at % 3]));
        let answers = at_once(40, guesses).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 422).count(), 10, "{answers:?}");
        assert_eq!(answers.iter().filter(|(status, _)| *status == 429).count(), 30);
        assert_eq!(guesser.types_code(&codes[2]).await.1["code"], "coupon.too_many_tries", "even a right one");
        shop.clock.advance(3_600_001);
        let mut guesser = guesser;
        guesser.comes_again().await;
        assert_eq!(guesser.types_code(&codes[2]).await.0, 201);
    }

    async fn a_shared_code_void_codes_and_limits_hold(shop: &Shop) {
        shop.coupon_template(json!({"way": "shared_code", "shared_code": "spring26", "total_limit": 2})).await;
        let taken = shop.coupon_draft(json!({"way": "shared_code", "shared_code": "SPRING26"}));
        let (status, refusal) = shop.call("POST", "/admin/v1/coupon-templates", Some(&shop.owner), Some(taken)).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("coupon.shared_code_taken")));
        let buyers = [shop.buyer().await, shop.buyer().await, shop.buyer().await];
        assert_eq!(buyers[0].types_code("Spring-26").await.0, 201);
        assert_eq!(buyers[0].types_code("SPRING26").await.1["code"], "coupon.limit_reached");
        assert_eq!(buyers[1].types_code("SPRING26").await.0, 201);
        assert_eq!(buyers[2].types_code("SPRING26").await.1["code"], "coupon.sold_out");

        let template = shop.coupon_template(json!({"way": "one_time_code"})).await;
        let codes = shop.coupon_codes(&template, 1).await;
        let batches = shop.staff("GET", &format!("/coupon-templates/{template}/code-batches"), None).await;
        let batch = text(&batches["items"][0]["batch_id"]);
        shop.staff_post(&format!("/coupon-code-batches/{batch}/void"), json!({"reason": "印错了"})).await;
        assert_eq!(buyers[2].types_code(&codes[0]).await.1["code"], "coupon.code_unknown");
    }

    async fn staff_give_one_and_many_and_take_back(shop: &Shop) {
        let template = shop.coupon_template(json!({"way": "grant"})).await;
        let buyers = [shop.buyer().await, shop.buyer().await, shop.buyer().await];
        let mut ids = Vec::new();
        for buyer in &buyers {
            ids.push(text(&buyer.does("GET", "/me", None).await["user_id"]));
        }
        let path = format!("/admin/v1/coupon-templates/{template}/coupons");
        let body = json!({"user_id": ids[0], "reason": "发货延迟补偿"});
        let key = [("idempotency-key", "compensation-1")];
        let (status, first) = shop.call_with("POST", &path, Some(&shop.owner), &key, Some(body.clone())).await;
        assert_eq!(status, 201, "{first}");
        let (_, again) = shop.call_with("POST", &path, Some(&shop.owner), &key, Some(body)).await;
        assert_eq!(again, first);
        let stranger = json!({"user_id": "7", "reason": "补偿"});
        let (status, refusal) = shop.call_with("POST", &path, Some(&shop.owner), &[("idempotency-key", "compensation-2")], Some(stranger)).await;
        assert_eq!((status, &refusal["code"]), (422, &json!("coupon.unknown_users")));

        let run = shop.gives_many(&template, &[ids[0].as_str(), ids[1].as_str(), ids[2].as_str()]).await;
        shop.settle().await;
        let run = shop.staff("GET", &format!("/coupon-grants/{run}"), None).await;
        assert_eq!((&run["granted"], &run["waiting"]), (&json!(2), &json!(0)), "{run}");
        assert_eq!(run["refused"], json!([{"code": "coupon.limit_reached", "users": 1}]));
        assert!(run["finished_at"].is_string());

        let coupon = text(&first["coupon"]["coupon_id"]);
        shop.staff_post(&format!("/coupons/{coupon}/revoke"), json!({"reason": "发错了"})).await;
        assert_eq!(buyers[0].coupon_state(&coupon).await, "revoked");
        let (status, refusal) = shop.call("POST", &format!("/admin/v1/coupons/{coupon}/revoke"), Some(&shop.owner), Some(json!({"reason": "再来"}))).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("coupon.not_revocable")));
        let log = shop.staff("GET", "/audit", None).await;
        assert!(log.to_string().contains("coupon.revoke"), "{log}");
    }

    with [("HOURGLASS_COUPON_APPROVAL_ABOVE_FEN", "2500"), ("HOURGLASS_COUPON_APPROVAL_ABOVE_COUNT", "7")]
    async fn many_coupons_or_dear_ones_are_given_once_a_second_person_agrees(shop: &Shop) {
        let template = shop.coupon_template(json!({"way": "grant"})).await;
        let buyers = at_once(8, (0..3).map(|_| shop.buyer())).await;
        let ids = at_once(8, buyers.iter().map(|buyer| buyer.user_id())).await;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let look = async |run: String| shop.staff("GET", &format!("/coupon-grants/{run}"), None).await;

        let small = shop.gives_many(&template, &ids[..2]).await;
        shop.settle().await;
        let small = look(small).await;
        assert_eq!((&small["granted"], &small["waits_for_approval"]), (&json!(2), &json!(false)), "{small}");

        let dear = shop.coupon_template(json!({"way": "grant", "per_user_limit": 2})).await;
        let run = shop.gives_many(&dear, &ids).await;
        shop.settle().await;
        let waiting = look(run.clone()).await;
        assert_eq!((&waiting["granted"], &waiting["waiting"], &waiting["waits_for_approval"]), (&json!(0), &json!(3), &json!(true)), "{waiting}");
        let second = shop.second_owner().await;
        assert_eq!(shop.agrees(&second, &run).await.0, 200);
        shop.settle().await;
        let done = look(run).await;
        assert_eq!((&done["granted"], &done["waits_for_approval"]), (&json!(3), &json!(false)), "{done}");

        let cheap = shop.coupon_template(json!({"way": "one_time_code", "amount_fen": 1})).await;
        let good = shop.coupon_codes(&cheap, 5).await;
        assert_eq!(buyers[0].types_code(&good[0]).await.0, 201);
        // Two coupons and five codes are as many as one may give in a day; those that a second one agreed to do not count.
        let codes = shop.coupon_codes(&cheap, 6).await;
        let (status, refused) = buyers[1].types_code(&codes[0]).await;
        assert_eq!((status, &refused["code"]), (422, &json!("coupon.code_unknown")), "{refused}");
        let batches = shop.staff("GET", &format!("/coupon-templates/{cheap}/code-batches"), None).await;
        let batch = &batches["items"][0];
        assert_eq!((&batch["size"], &batch["waits_for_approval"]), (&json!(6), &json!(true)), "{batches}");
        assert_eq!(shop.agrees(&second, &batch["batch_id"]).await.0, 200);
        assert_eq!(buyers[1].types_code(&codes[0]).await.0, 201);
    }

    with [("HOURGLASS_COUPON_APPROVAL_ABOVE_FEN", "2500")]
    async fn many_small_gifts_are_measured_like_a_large_one(shop: &Shop) {
        let small = shop.coupon_template(json!({"way": "grant", "per_user_limit": 100})).await;
        let buyer = shop.buyer().await;
        let user = buyer.user_id().await;
        let token = shop.owner.clone();
        let answers = at_once(8, (0..8).map(|_| shop.gives_one(&token, &small, &user))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 2, "{answers:?}");
        for (_, refusal) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!(refusal["code"], "coupon.needs_second_person", "{refusal}");
        }
        let dear = shop.coupon_template(json!({"way": "grant", "amount_fen": 2_600})).await;
        let freight = shop.coupon_template(json!({"way": "grant", "benefit": "shipping", "amount_fen": null})).await;
        let second = shop.second_owner().await;
        for template in [&dear, &freight] {
            let (status, refusal) = shop.gives_one(&second, template, &user).await;
            assert_eq!((status, &refusal["code"]), (409, &json!("coupon.needs_second_person")), "{refusal}");
        }
        assert_eq!(shop.gives_one(&second, &small, &user).await.0, 201, "everybody has a measure of their own");
        let run = shop.gives_many(&small, &[&user]).await;
        assert_eq!(shop.staff("GET", &format!("/coupon-grants/{run}"), None).await["waits_for_approval"], true);
        assert_eq!(shop.agrees(&second, &run).await.0, 200);
        shop.settle().await;
        let held = buyer.does("GET", "/coupons/summary", None).await;
        assert_eq!(held["held"], 4, "{held}");

        shop.clock.advance(DAY);
        let (token, mut buyer) = (shop.owner_again().await, buyer);
        buyer.comes_again().await;
        let answers = at_once(3, (0..3).map(|_| shop.gives_one(&token, &small, &user))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 2, "another day: {answers:?}");
    }

    async fn a_draft_has_no_codes_while_its_worth_can_change(shop: &Shop) {
        let draft = shop.staff_post("/coupon-templates", shop.coupon_draft(json!({"way": "one_time_code"}))).await;
        let id = text(&draft["template_id"]);
        let (path, size) = (format!("/admin/v1/coupon-templates/{id}/code-batches"), json!({"size": 3}));
        let (status, refusal) = shop.call("POST", &path, Some(&shop.owner), Some(size)).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("coupon.illegal_move")), "{refusal}");
        assert_eq!(refusal["details"]["state"], "draft", "{refusal}");
        shop.staff("POST", &format!("/coupon-templates/{id}/activate"), None).await;
        assert_eq!(shop.coupon_codes(&id, 3).await.len(), 3);
    }

    with [("HOURGLASS_COUPON_APPROVAL_ABOVE_COUNT", "1")]
    async fn what_changed_since_it_was_asked_for_is_not_given(shop: &Shop) {
        let template = shop.coupon_template(json!({"way": "grant"})).await;
        let ids = at_once(2, [shop.buyer().await, shop.buyer().await].iter().map(|buyer| buyer.user_id())).await;
        let run = shop.gives_many(&template, &[ids[0].as_str(), ids[1].as_str()]).await;
        let cheap = shop.coupon_template(json!({"way": "one_time_code"})).await;
        let codes = shop.coupon_codes(&cheap, 2).await;
        let batches = shop.staff("GET", &format!("/coupon-templates/{cheap}/code-batches"), None).await;
        let batch = text(&batches["items"][0]["batch_id"]);
        let second = shop.second_owner().await;
        shop.staff("POST", &format!("/coupon-templates/{template}/end"), None).await;
        shop.staff_post(&format!("/coupon-code-batches/{batch}/void"), json!({"reason": "不发了"})).await;
        assert_eq!(shop.agrees(&second, &run).await.1["code"], "coupon.not_on_offer");
        assert_eq!(shop.agrees(&second, &batch).await.1["code"], "coupon.batch_void");
        shop.settle().await;
        assert_eq!(shop.staff("GET", &format!("/coupon-grants/{run}"), None).await["granted"], 0);
        assert_eq!(shop.buyer().await.types_code(&codes[0]).await.1["code"], "coupon.code_unknown");
    }

    async fn whoever_comes_for_the_first_time_is_given_what_is_meant_for_them(shop: &Shop) {
        let before = shop.buyer().await;
        shop.coupon_template(json!({"way": "registration", "total_limit": 1})).await;
        let (first, second) = (shop.buyer().await, shop.buyer().await);
        let held = async |buyer: &crate::support::buyer::Buyer<'_>| buyer.does("GET", "/coupons/summary", None).await["held"].clone();
        assert_eq!(held(&before).await, 0);
        assert_eq!(held(&first).await, 1);
        assert_eq!(held(&second).await, 0, "all are gone, which is no reason not to let somebody in");
    }

    async fn shoppers_see_what_is_on_offer_and_why_they_may_not_have_it(shop: &Shop) {
        let (one, other) = (shop.product(5_000, 5).await, shop.product(5_000, 5).await);
        let (one, other) = (text(&one["summary"]["id"]), text(&other["summary"]["id"]));
        let general = shop.coupon_template(json!({"title": "全场"})).await;
        let special = shop.coupon_template(json!({"title": "单品", "scope": "products", "product_ids": [one]})).await;
        let below = shop.coupon_template(json!({"title": "品类", "scope": "categories", "category_ids": [shop.category_id], "excluded_product_ids": [other]})).await;
        shop.coupon_template(json!({"title": "赠送", "way": "grant"})).await;
        let buyer = shop.buyer().await;
        buyer.claims(&general).await;
        let offered = async |path: String| {
            let seen = buyer.does("GET", &path, None).await;
            seen["items"].as_array().unwrap().iter().map(|item| (text(&item["template_id"]), item["claimable"] == true)).collect::<Vec<_>>()
        };
        let all = offered("/coupons/claimable".to_owned()).await;
        assert_eq!(all, [(below.clone(), true), (special.clone(), true), (general.clone(), false)]);
        assert_eq!(offered(format!("/coupons/claimable?product_id={other}")).await, [(general.clone(), false)]);
        assert_eq!(offered(format!("/coupons/claimable?product_id={one}")).await.len(), 3);
        let (status, seen) = shop.call("GET", "/api/v1/coupons/claimable", None, None).await;
        assert_eq!((status, seen["items"].as_array().map(Vec::len)), (200, Some(3)));
    }

    async fn a_template_is_written_once_and_changed_within_its_limits(shop: &Shop) {
        let draft = shop.staff_post("/coupon-templates", shop.coupon_draft(json!({"total_limit": 5}))).await;
        let id = text(&draft["template_id"]);
        let buyer = shop.buyer().await;
        assert_eq!(buyer.tries_to_claim(&id).await.1["code"], "coupon.not_on_offer");
        let rewritten = json!({"version": 1, "template": shop.coupon_draft(json!({"amount_fen": 2_000, "total_limit": 5}))});
        shop.staff("PUT", &format!("/coupon-templates/{id}"), Some(rewritten.clone())).await;
        let at = format!("/admin/v1/coupon-templates/{id}");
        assert_eq!(shop.call("PUT", &at, Some(&shop.owner), Some(rewritten.clone())).await.1["code"], "coupon.outdated");
        shop.staff("POST", &format!("/coupon-templates/{id}/activate"), None).await;
        assert_eq!(shop.call("PUT", &at, Some(&shop.owner), Some(rewritten)).await.1["code"], "coupon.not_draft");
        buyer.claims(&id).await;
        let version = shop.staff("GET", &format!("/coupon-templates/{id}"), None).await["version"].clone();
        let offer = json!({"version": version, "title": "满100减20", "total_limit": 1});
        let changed = shop.staff("PUT", &format!("/coupon-templates/{id}/offer"), Some(offer)).await;
        assert_eq!((&changed["total_limit"], &changed["terms"]["amount_fen"]), (&json!(1), &json!(2_000)));
        assert_eq!(shop.buyer().await.tries_to_claim(&id).await.1["code"], "coupon.sold_out");
        shop.staff("POST", &format!("/coupon-templates/{id}/end"), None).await;
        assert_eq!(shop.call("POST", &format!("{at}/activate"), Some(&shop.owner), None).await.1["code"], "coupon.illegal_move");
    }
}
