//! Two accounts of one person become one: everything follows, nothing is lost or doubled, and it can be taken back.

use std::collections::{BTreeMap, BTreeSet};

use hourglass::kernel::time::{DAY_MS, MINUTE_MS};
use hourglass::platform::db::{DbError, Tx, rows};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::{at_once, dice};
use crate::support::groups::GroupBuy;
use crate::support::shop::text;

/// Tables in which a merge and its taking back leave their own traces.
const TRACES: [&str; 17] = [
    "account_merges",
    "analytics_inbox",
    "analytics_seen",
    "analytics_counters",
    "analytics_event_names",
    "analytics_event_days",
    "analytics_property_names",
    "account_merge_rows",
    "account_merge_flags",
    "accounts_apart",
    "audit_entries",
    "login_sessions",
    "outbox_events",
    "outbox_deliveries",
    "staff_sessions",
    "staff_refresh_tokens",
    "idempotency_keys",
];

/// What a merge may change.
fn belongings(shop: &Shop) -> BTreeMap<String, (u64, String)> {
    let mut all = shop.holdings();
    all.retain(|table, _| !TRACES.contains(&table.as_str()) && table != "users");
    all
}

/// Things to take part in.
struct Fair {
    sku: String,
    other_sku: String,
    product: String,
    coupon: String,
    group: GroupBuy,
    bargains: String,
}

impl Fair {
    async fn opens(shop: &Shop) -> Self {
        let product = shop.product(9_900, 1_000).await;
        let sku = text(&product["skus"][0]["id"]);
        let other_sku = shop.sku(20_000, 1_000).await;
        let coupon = shop.coupon_template(json!({"per_user_limit": 1})).await;
        let group = shop.group_buy(json!({"per_user": 50})).await;
        let bargained = shop.sku(9_900, 100).await;
        let rules = json!({
            "sku_id": bargained, "floor_fen": 4_900, "cuts_min": 10, "cuts_max": 10, "lifetime_minutes": 120,
            "helpers": "anyone", "buy_when": "any_price", "owner_cuts_first": true, "quota": 100
        });
        let bargains =
            shop.staff_post("/bargain-campaigns", json!({"plan": shop.plan(&json!({})), "rules": rules})).await;
        let bargains = text(&bargains["campaign_id"]);
        shop.starts(&bargains).await;
        let rules = json!({
            "qualifying_fen": 20_000, "face_fen": 2_000, "portions": 5, "minimum_fen": 100, "shape": "random",
            "newcomers_larger": true, "open_hours": 48, "use_threshold_fen": 1_000, "use_within_hours": 72,
            "stackable": true, "packets_per_user": 100, "claims_per_day": 100
        });
        let plan = shop.plan(&json!({"budget_fen": 1_000_000}));
        let packets = shop.staff_post("/social-coupons", json!({"plan": plan, "rules": rules})).await;
        shop.starts(&text(&packets["campaign_id"])).await;
        let product = text(&product["summary"]["id"]);
        Self { sku, other_sku, product, coupon, group, bargains }
    }

    /// One deed of somebody's, drawn by lot; refusals are part of life.
    async fn deed(&self, buyer: &Buyer<'_>, lots: &mut StdRng, seen: &mut Seen) {
        let favourite = json!({"product_id": self.product});
        match lots.random_range(0..13) {
            0 => drop(buyer.call("POST", "/cart/lines", Some(json!({"sku_id": self.sku, "quantity": 3}))).await),
            1 => drop(buyer.call("POST", "/cart/lines", Some(json!({"sku_id": self.other_sku, "quantity": 1}))).await),
            2 => drop(buyer.call("POST", "/favourites", Some(favourite)).await),
            3 => drop(buyer.tries_to_claim(&self.coupon).await),
            4 => drop(buyer.buys(&[(&self.sku, 1)]).await),
            5 => {
                let order = buyer.buys(&[(&self.other_sku, 1)]).await;
                seen.packet_orders.push((buyer.openid.clone(), order));
            }
            6 => seen.groups.extend(
                buyer.tries_seat(&self.group.sku, &self.group.campaign).await.1["group_id"].as_str().map(str::to_owned),
            ),
            7 => {
                let (_, opened) = buyer.call("POST", "/bargains", Some(json!({"campaign_id": self.bargains}))).await;
                seen.bargains.extend(opened["bargain_id"].as_str().map(str::to_owned));
            }
            8 => {
                if let Some(bargain) = seen.bargains.choose(lots) {
                    buyer.call("POST", &format!("/bargains/{bargain}/cuts"), None).await;
                }
            }
            9 => seen.tokens.push(buyer.shares().await),
            10 => {
                for token in seen.tokens.clone() {
                    buyer.call("POST", "/share-opens", Some(json!({"token": token}))).await;
                }
            }
            11 => {
                for packet in seen.packets.clone() {
                    buyer.call("POST", &format!("/packets/{packet}/claims"), None).await;
                }
            }
            _ => drop(buyer.call("GET", "/products/search?q=T%E6%81%A4", None).await),
        }
    }
}

/// What deeds left for others to take part in.
#[derive(Default)]
struct Seen {
    packet_orders: Vec<(String, String)>,
    packets: Vec<String>,
    groups: Vec<String>,
    bargains: Vec<String>,
    tokens: Vec<String>,
}

async fn packets_appear(shop: &Shop, buyers: &[&Buyer<'_>], seen: &mut Seen) {
    shop.settle().await;
    for (openid, order) in std::mem::take(&mut seen.packet_orders) {
        let Some(buyer) = buyers.iter().find(|buyer| buyer.openid == openid) else { continue };
        let (_, packet) = buyer.call("GET", &format!("/orders/{order}/packet"), None).await;
        seen.packets.extend(packet["code"].as_str().map(str::to_owned));
    }
}

on_both_databases! {
    async fn everything_of_a_merged_account_follows_and_staff_see_what_was_had_twice(shop: &Shop) {
        let fair = Fair::opens(shop).await;
        let (one, other, friend) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let (kept, merged) = (one.user_id().await, other.user_id().await);
        for (buyer, pieces) in [(&one, 2), (&other, 3)] {
            buyer.does("POST", "/cart/lines", Some(json!({"sku_id": fair.sku, "quantity": pieces}))).await;
            buyer.does("POST", "/favourites", Some(json!({"product_id": fair.product}))).await;
            buyer.claims(&fair.coupon).await;
        }
        let order = other.buys(&[(&fair.sku, 1)]).await;
        let token = other.shares().await;
        assert_eq!(friend.opens(&token).await, "acquisition");
        shop.settle().await;

        shop.came_by_another_entrance(&other).await;
        let merge = shop.merges(&kept, &merged).await;
        let cart = one.does("GET", "/cart", None).await;
        assert_eq!(cart["lines"][0]["quantity"], 5, "{cart}");
        assert_eq!(one.does("GET", "/favourites", None).await["items"].as_array().expect("items").len(), 1);
        assert_eq!(one.order(&order).await["state"], "paid");
        assert_eq!(one.does("GET", "/addresses", None).await["items"].as_array().map(Vec::len), Some(2));
        let codes: BTreeSet<String> = merge["flags"].as_array().expect("flags").iter().map(|flag| text(&flag["code"])).collect();
        assert!(codes.contains("coupon.limit_joined"), "{merge}");
        let (status, refusal) = other.call("GET", "/me", None).await;
        assert_eq!(status, 401, "the merged account's log-in went on: {refusal}");
        assert_eq!(one.tries_to_claim(&fair.coupon).await.0 / 100, 4);
        let card = shop.staff("GET", &format!("/users/{kept}"), None).await;
        assert_eq!((&card["merged"], &card["merged_into"]), (&json!([merged]), &Value::Null));
        assert_eq!(shop.events("user.merged").await, 1);
        let waiting = shop.staff("GET", "/account-merges?flagged=true", None).await;
        assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1));
        for number in 1..=codes.len() {
            let path = format!("/account-merges/{}/flags/{number}/settle", text(&merge["merge_id"]));
            shop.staff_post(&path, json!({"reason": "已核对"})).await;
        }
        assert_eq!(shop.staff("GET", "/account-merges?flagged=true", None).await["items"], json!([]));
        let timeline = shop.staff("GET", &format!("/users/{kept}/timeline?limit=100"), None).await;
        let told: BTreeSet<String> = timeline["items"].as_array().expect("moments").iter().map(|m| text(&m["what"])).collect();
        for what in ["order.paid", "share.made", "coupon.issued", "identity.proven", "favourite.marked"] {
            assert!(told.contains(what), "{what} is not in {told:?}");
        }
    }

    async fn a_merge_that_is_taken_back_leaves_everything_as_it_was(shop: &Shop) {
        let mut lots = dice("a_merge_that_is_taken_back");
        let fair = Fair::opens(shop).await;
        let first = shop.buyer().await;
        let second = shop.buyer().await;
        let third = shop.buyer().await;
        let all = [&first, &second, &third];
        let (kept, merged) = (first.user_id().await, second.user_id().await);
        let mut seen = Seen::default();
        for _deed in 0..120 {
            let buyer = all.choose(&mut lots).expect("somebody");
            fair.deed(buyer, &mut lots, &mut seen).await;
            if lots.random_bool(0.2) {
                packets_appear(shop, &all, &mut seen).await;
            }
        }
        shop.settle().await;
        shop.came_by_another_entrance(&second).await;
        shop.the_books_balance().await;
        let before = belongings(shop);
        let (kept, merged) = if lots.random_bool(0.5) { (&kept, &merged) } else { (&merged, &kept) };
        let merge = shop.merges(kept, merged).await;
        shop.the_books_balance().await;
        let undone = shop.takes_back(&merge).await;
        assert_eq!(undone["left_alone"], 0, "{undone}");
        let after = belongings(shop);
        for (table, held) in &before {
            assert_eq!(after.get(table), Some(held), "{table} is not what it was");
        }
    }

    async fn what_requests_under_way_write_for_a_merged_account_follows_too(shop: &Shop) {
        let fair = Fair::opens(shop).await;
        let (one, other) = (shop.buyer().await, shop.buyer().await);
        shop.came_by_another_entrance(&other).await;
        let (kept, merged) = (one.user_id().await, other.user_id().await);
        let (_, opened) = one.call("POST", "/bargains", Some(json!({"campaign_id": fair.bargains}))).await;
        let bargain = text(&opened["bargain_id"]);
        let wish = other.wishes(&[(&fair.sku, 1)]).await;
        let merging = async { drop(shop.merges(&kept, &merged).await) };
        let placing = async { drop(other.sends(&wish).await) };
        let claiming = async { drop(other.tries_to_claim(&fair.coupon).await) };
        let joining = async { drop(other.tries_seat(&fair.group.sku, &fair.group.campaign).await) };
        let cutting = async { drop(other.call("POST", &format!("/bargains/{bargain}/cuts"), None).await) };
        let deeds: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + '_>>> =
            vec![Box::pin(placing), Box::pin(claiming), Box::pin(joining), Box::pin(cutting), Box::pin(merging)];
        at_once(5, deeds).await;
        shop.later(2 * MINUTE_MS).await;
        shop.settle().await;
        shop.later(20 * MINUTE_MS).await;
        shop.settle().await;
        let mut behind = shop.left_behind(&merged).await;
        behind.retain(|(table, _)| !matches!(table.as_str(), "login_sessions.user_id" | "bargain_pieces.helper_id"));
        assert!(behind.is_empty(), "left with the merged account: {behind:?}");
    }

    async fn proofs_of_two_accounts_make_them_one_and_the_stronger_one_stays(shop: &Shop) {
        shop.entrance("wechat_service").await;
        let sku = shop.sku(9_900, 10).await;
        let person = shop.wechat("POST", "/login", Some(json!({}))).await;
        let openid = text(&person["openid"]);
        let device = shop.installation().await;
        let bare = shop.goes_to_wechat("wechat-service", &device, "base", Some(&openid)).await;
        let (_, follower) = shop.returns("wechat-service", &device, &bare).await;
        let follower_token = text(&follower["access_token"]);
        let line = json!({"sku_id": sku, "quantity": 2});
        shop.call("POST", "/api/v1/cart/lines", Some(&follower_token), Some(line)).await;
        let code = json!({"js_code": person["js_code"]});
        let (_, mini) = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(code)).await;
        assert_ne!(mini["user"]["user_id"], follower["user"]["user_id"], "nothing told yet that they are one");

        let agreed = shop.goes_to_wechat("wechat-service", &device, "userinfo", Some(&openid)).await;
        let (status, joined) = shop.returns("wechat-service", &device, &agreed).await;
        assert_eq!(status, 201, "{joined}");
        assert_eq!(joined["user"]["user_id"], mini["user"]["user_id"], "the unionid is stronger");
        assert_eq!(shop.call("GET", "/api/v1/me", Some(&follower_token), None).await.0, 401);
        let (_, cart) = shop.call("GET", "/api/v1/cart", Some(&text(&mini["access_token"])), None).await;
        assert_eq!(cart["lines"][0]["quantity"], 2, "{cart}");
        let merges = shop.staff("GET", "/account-merges", None).await;
        assert_eq!((&merges["items"][0]["cause"], &merges["items"][0]["provider"]), (&json!("proof"), &json!("wechat_service")));
        assert_eq!(shop.staff("GET", "/identity-conflicts", None).await["items"], json!([]));
    }

    async fn whoever_proves_an_id_of_their_other_account_goes_on_as_the_one_that_stays(shop: &Shop) {
        let asks = json!({"phone": "13912345678", "purpose": "log_in"});
        shop.call("POST", "/api/v1/sms-codes", None, Some(asks)).await;
        let proof = json!({"phone": "13912345678", "code": shop.texted("13912345678").await});
        let (status, by_phone) = shop.call("POST", "/api/v1/sessions/phone", None, Some(proof)).await;
        assert_eq!(status, 201, "{by_phone}");
        let phone_token = text(&by_phone["access_token"]);
        let member = shop.buyer().await;
        let login = shop.wechat("POST", "/login", Some(json!({"openid": member.openid}))).await;
        let code = Some(json!({"code": login["js_code"]}));
        let (status, linked) =
            shop.call("POST", "/api/v1/me/identities/wechat-mini", Some(&phone_token), code).await;
        assert_eq!(status, 200, "{linked}");
        assert_eq!(linked["user_id"], json!(member.user_id().await));
        assert_eq!(shop.call("GET", "/api/v1/me", Some(&phone_token), None).await.0, 401, "the account is no more");
        let session = text(&linked["session"]["access_token"]);
        let (_, me) = shop.call("GET", "/api/v1/me", Some(&session), None).await;
        assert_eq!((&me["user_id"], &me["phone"]), (&linked["user_id"], &json!("139****5678")), "{me}");
        assert_eq!(member.does("GET", "/me", None).await["phone"], "139****5678", "her own log-in goes on too");
    }

    async fn staff_give_a_number_to_its_new_owner_or_say_that_two_are_two(shop: &Shop) {
        let (old, new, third) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let binds = async |buyer: &Buyer<'_>| {
            let share = shop.wechat("POST", "/phone", Some(json!({"openid": buyer.openid, "phone": "13800009999"}))).await;
            buyer.call("POST", "/me/phone/wechat", Some(json!({"code": share["code"]}))).await
        };
        assert_eq!(binds(&old).await.0, 200);
        assert_eq!(binds(&new).await.0, 409, "two openids of one mini-program are two persons");
        let waiting = shop.staff("GET", "/identity-conflicts", None).await;
        let path = format!("/identity-conflicts/{}/decision", text(&waiting["items"][0]["conflict_id"]));
        let merging = json!({"decision": "merged", "reason": "误以为同一人"});
        let at = format!("/admin/v1{path}");
        let (status, refusal) = shop.call("POST", &at, Some(&shop.owner), Some(merging)).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (409, "identity.two_values"));
        let decided = shop.staff_post(&path, json!({"decision": "handed_over", "reason": "号码已换主"})).await;
        assert_eq!(decided["decision"], "handed_over");
        assert_eq!(old.does("GET", "/me", None).await["phone"], Value::Null);
        assert_eq!(new.does("GET", "/me", None).await["phone"], "138****9999");
        assert_eq!(old.does("GET", "/cart", None).await["lines"], json!([]), "their log-ins go on");
        let again = json!({"decision": "handed_over", "reason": "再来一次"});
        let (status, refusal) = shop.call("POST", &at, Some(&shop.owner), Some(again)).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (409, "identity.conflict_decided"));
        assert_eq!(binds(&third).await.0, 409);
        let open = shop.staff("GET", "/identity-conflicts", None).await;
        let path = format!("/identity-conflicts/{}/decision", text(&open["items"][0]["conflict_id"]));
        let apart = shop.staff_post(&path, json!({"decision": "kept_apart", "reason": "两个人"})).await;
        assert_eq!(apart["decision"], "kept_apart");
    }

    async fn a_merge_is_taken_back_within_thirty_days_and_once(shop: &Shop) {
        let (one, other) = (shop.buyer().await, shop.buyer().await);
        let (kept, merged) = (one.user_id().await, other.user_id().await);
        let body = json!({"merged_user_id": merged, "reason": "两个小程序账号"});
        let path = format!("/admin/v1/users/{kept}/merges");
        let (status, refusal) = shop.call("POST", &path, Some(&shop.owner), Some(body.clone())).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (409, "identity.two_values"));
        shop.came_by_another_entrance(&other).await;
        let merge = shop.merges(&kept, &merged).await;
        let (status, refusal) = shop.call("POST", &path, Some(&shop.owner), Some(body)).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (409, "identity.already_merged"));
        let undo = format!("/admin/v1/account-merges/{}/undo", text(&merge["merge_id"]));
        shop.takes_back(&merge).await;
        let reason = Some(json!({"reason": "再次撤销"}));
        let (status, refusal) = shop.call("POST", &undo, Some(&shop.owner), reason.clone()).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (409, "identity.merge_undone"));
        let again = shop.merges(&kept, &merged).await;
        shop.later(31 * DAY_MS).await;
        let undo = format!("/admin/v1/account-merges/{}/undo", text(&again["merge_id"]));
        let owner = shop.owner_again().await;
        let (status, refusal) = shop.call("POST", &undo, Some(&owner), reason).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (422, "identity.merge_too_old"));
    }

    async fn a_person_gets_everything_kept_about_them_and_can_be_forgotten(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let user = buyer.user_id().await;
        let order = buyer.buys(&[(&sku, 1)]).await;
        buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 1}))).await;
        let told = buyer.does("GET", "/me/data", None).await;
        assert_eq!(told["profile"]["user_id"], json!(user));
        assert_eq!(told["tables"]["orders"][0]["receiver_phone"], "13800001234");
        assert_eq!(told["tables"]["orders"][0]["order_lines"].as_array().map(Vec::len), Some(1), "{told}");
        assert!(told["tables"]["identities"][0].get("sealed").is_none(), "a secret was handed out");

        let (status, refusal) = buyer.call("POST", "/me/erasure", Some(json!({"confirm": false}))).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (422, "identity.not_confirmed"));
        let (status, refusal) = buyer.call("POST", "/me/erasure", Some(json!({"confirm": true}))).await;
        assert_eq!((status, text(&refusal["code"]).as_str()), (409, "identity.unfinished"), "an order is under way");
        shop.staff_post(&format!("/orders/{order}/refund"), json!({"reason": "顾客要求"})).await;
        shop.settle().await;
        buyer.does("POST", "/me/erasure", Some(json!({"confirm": true}))).await;
        assert_eq!(buyer.call("GET", "/me", None).await.0, 401);
        let kept = shop.order(&order).await;
        assert_eq!(kept["price"]["goods_fen"], 9_900, "the books lost an order");
        assert_eq!(kept["receiver"]["phone"], "", "{kept}");
        let card = shop.staff("GET", &format!("/users/{user}"), None).await;
        assert_eq!((&card["identities"], &card["addresses"]), (&json!([]), &json!(0)));
        let login = shop.wechat("POST", "/login", Some(json!({"openid": buyer.openid}))).await;
        let code = json!({"js_code": login["js_code"]});
        let (status, again) = shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(code)).await;
        assert_eq!(status, 201, "{again}");
        assert_ne!(again["user"]["user_id"], json!(user), "a forgotten account came back");
    }

    async fn every_column_that_names_a_user_is_somebodys(shop: &Shop) {
        let claimed: BTreeSet<(String, String)> =
            shop.app.accounts().rows().map(|list| (list.table.to_owned(), list.owner.to_owned())).collect();
        let look = |tx: &mut Tx<'_>| -> Result<_, DbError> { rows::references_to(tx, "users") };
        let found: Vec<(String, String)> = shop.app.db().read("references", look).await.expect("references");
        // What a merge says of users is about both, and stays.
        let own = ["account_merges", "accounts_apart", "users"];
        let missed: Vec<_> =
            found.iter().filter(|pair| !own.contains(&pair.0.as_str()) && !claimed.contains(*pair)).collect();
        assert!(missed.is_empty(), "nobody brings these along when accounts merge: {missed:?}");
    }
}
