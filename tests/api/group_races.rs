//! Many people at one group: nobody gets in twice, no group holds more than its seats, and everybody who paid gets their
//! goods or their money.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::{at_once, number_from};
use crate::support::groups::GroupBuy;
use crate::support::shop::text;

const MINUTE: i64 = 60_000;
/// People who want into one group at once.
const CROWD: usize = 500;
/// How many pairs want a last seat at once.
const PAIRS_AT_ONCE: usize = 12;
/// How often the last payment meets the deadline.
const DEADLINES: usize = 12;

/// How often two want the last seat: `ROUNDS`, or 60 times. The long run is
/// `ROUNDS=1000 cargo test --test api last_seat_one_gets_it`.
fn rounds() -> usize {
    number_from("ROUNDS").unwrap_or(60)
}

/// Counts the answers with this status and code.
fn count(answers: &[(u16, Value)], status: u16, code: &str) -> usize {
    answers.iter().filter(|(found, body)| *found == status && body["code"].as_str().unwrap_or_default() == code).count()
}

/// A group buy whose leader pays nothing, so that opening a group takes no payment.
async fn with_free_leaders(shop: &Shop, changes: Value) -> GroupBuy {
    let freight = shop.free_freight().await;
    let product = shop.product(10_000, 100_000).await;
    let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
    shop.edits(&id, &json!({"freight_template_id": freight})).await;
    let mut rules = json!({"sizes": [2], "leads_at_once": 100, "sku": {"leader_price_fen": 0}});
    for (name, value) in changes.as_object().expect("an object") {
        rules[name] = value.clone();
    }
    let campaign = text(&shop.staff_post("/group-buys", shop.group_buy_draft(&id, &sku, &rules)).await["campaign_id"]);
    shop.starts(&campaign).await;
    GroupBuy { campaign, sku }
}

/// Two want the last seat of a group at once; the one who gets it pays.
async fn one_of_two_gets_the_last_seat(shop: &Shop, buy: &GroupBuy, leader: &Buyer<'_>, two: [&Buyer<'_>; 2]) {
    let (_, group) = leader.opens_group(buy).await;
    let first = two[0].wishes_seat(&buy.sku, 1, &group).await.expect("a price");
    let second = two[1].wishes_seat(&buy.sku, 1, &group).await.expect("a price");
    let (one, other) = join(two[0].sends(&first), two[1].sends(&second)).await;
    let (winner, order) = match (one.0, other.0) {
        (201, 409) => (two[0], one.1),
        (409, 201) => (two[1], other.1),
        _ => panic!("{one:?} and {other:?}"),
    };
    winner.pays(&text(&order["order_id"])).await;
    let file = shop.group(&group).await;
    assert_eq!((&file["group"]["state"], &file["group"]["paid"]), (&json!("formed"), &json!(2)), "{file}");
}

on_both_databases! {
    async fn of_five_hundred_who_join_a_group_of_three_at_once_two_get_in(shop: &Shop) {
        let buy = shop.group_buy(json!({})).await;
        let (_, group) = shop.buyer().await.opens_group(&buy).await;
        let crowd = at_once(16, (0..CROWD).map(|_| shop.buyer())).await;
        let wishes = at_once(16, crowd.iter().map(|buyer| buyer.wishes_seat(&buy.sku, 1, &group))).await;
        let sending = crowd.iter().zip(&wishes).map(|(buyer, wish)| buyer.sends(wish.as_ref().expect("a price")));
        let answers = at_once(64, sending).await;
        assert_eq!((count(&answers, 201, ""), count(&answers, 409, "group_buy.full")), (2, CROWD - 2));
        let paying = crowd.iter().zip(&answers).filter(|(_, answer)| answer.0 == 201);
        at_once(2, paying.map(|(buyer, answer)| async { buyer.pays(&text(&answer.1["order_id"])).await })).await;
        shop.settle().await;
        let file = shop.group(&group).await;
        assert_eq!((&file["group"]["state"], &file["group"]["paid"]), (&json!("formed"), &json!(3)), "{file}");
        assert_eq!(shop.seats(&group, "kept").await, 3);
        assert_eq!((shop.events("group_buy.formed").await, shop.events("group_buy.succeeded").await), (1, 3));
    }

    async fn of_two_who_want_the_last_seat_one_gets_it_every_time(shop: &Shop) {
        let (leader, one, other) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        let mut left = rounds();
        while left > 0 {
            // A campaign's budget lasts for so many.
            let some = left.min(60);
            let buy = with_free_leaders(shop, json!({})).await;
            let pairs = (0..some).map(|_| one_of_two_gets_the_last_seat(shop, &buy, &leader, [&one, &other]));
            at_once(PAIRS_AT_ONCE, pairs).await;
            shop.settle().await;
            left -= some;
        }
        let formed = i64::try_from(rounds()).expect("few");
        assert_eq!((shop.events("group_buy.formed").await, shop.events("group_buy.succeeded").await), (formed, 2 * formed));
    }

    async fn two_who_pay_for_the_last_seats_at_once_form_the_group_once(shop: &Shop) {
        let buy = with_free_leaders(shop, json!({"sizes": [3]})).await;
        let (leader, one, other) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        for round in 1..=15 {
            let (_, group) = leader.opens_group(&buy).await;
            let (first, _) = one.takes_seat(&buy.sku, &group).await;
            let (second, _) = other.takes_seat(&buy.sku, &group).await;
            let (first, second) = (one.begins_to_pay(&first).await, other.begins_to_pay(&second).await);
            join(shop.pay(&first), shop.pay(&second)).await;
            shop.settle().await;
            assert_eq!(shop.group(&group).await["group"]["state"], "formed");
            assert_eq!(shop.events("group_buy.formed").await, round);
        }
    }

    async fn a_payment_at_the_deadline_forms_the_group_or_everybody_gets_their_money_back(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2], "lifetime_minutes": 15})).await;
        let mut formed = 0;
        for round in 0..DEADLINES {
            let (first, group) = shop.buyer().await.opens_group(&buy).await;
            shop.clock.advance(10 * MINUTE);
            let member = shop.buyer().await;
            let (second, _) = member.takes_seat(&buy.sku, &group).await;
            let prepay = member.begins_to_pay(&second).await;
            shop.clock.advance(5 * MINUTE - 1);
            let paying = async {
                let paid = shop.wechat_try("POST", "/pay", Some(json!({"prepay_id": prepay}))).await.0;
                if round % 2 == 0 {
                    shop.wechat("POST", "/notices/flush", None).await;
                }
                paid
            };
            let ending = async {
                shop.clock.advance(1);
                shop.app.runner().work_until_idle().await.expect("background work");
            };
            let (paid, ()) = join(paying, ending).await;
            for pause in [0, 5_000, 15_000, 15_000, MINUTE, 15 * MINUTE, 15 * MINUTE] {
                shop.later(pause).await;
            }
            let file = shop.group(&group).await;
            let state = text(&file["group"]["state"]);
            let orders = [shop.staff_at_any_time(&format!("/orders/{first}")).await, shop.staff_at_any_time(&format!("/orders/{second}")).await];
            let ends = orders.each_ref().map(|order| text(&order["state"]));
            let expected = if state == "formed" { ["paid", "paid"] } else if paid == 200 { ["refunded", "refunded"] } else { ["refunded", "closed"] };
            assert_eq!(ends, expected, "paid {paid}: {file}");
            assert!(state == "formed" || paid != 200, "money paid in time counts: {file}");
            formed += usize::from(state == "formed");
        }
        println!("{formed} of {DEADLINES} groups formed");
    }

    async fn one_user_twice_at_once_gets_one_seat(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [5]})).await;
        let (leader, eager) = (shop.buyer().await, shop.buyer().await);
        let (_, group) = leader.opens_group(&buy).await;
        let wishes = at_once(8, (0..8).map(|_| eager.wishes_seat(&buy.sku, 1, &group))).await;
        let answers = at_once(8, wishes.iter().map(|wish| eager.sends(wish.as_ref().expect("a price")))).await;
        assert_eq!((count(&answers, 201, ""), count(&answers, 409, "group_buy.already_in")), (1, 7), "{answers:?}");
        assert_eq!(shop.group(&group).await["group"]["free"], 3);
    }

    async fn nobody_leads_more_groups_at_once_than_they_may(shop: &Shop) {
        let buy = with_free_leaders(shop, json!({"leads_at_once": 2})).await;
        let leader = shop.buyer().await;
        let reference = format!("new:{}", buy.campaign);
        let wishes = at_once(8, (0..8).map(|_| leader.wishes_seat(&buy.sku, 1, &reference))).await;
        let answers = at_once(8, wishes.iter().map(|wish| leader.sends(wish.as_ref().expect("a price")))).await;
        assert_eq!((count(&answers, 201, ""), count(&answers, 409, "group_buy.leads_too_many")), (2, 6), "{answers:?}");
    }

    async fn a_quota_and_a_users_turns_are_never_passed(shop: &Shop) {
        let scarce = json!({"leads_at_once": 100, "per_user": 4, "sku": {"leader_price_fen": 0, "quota": 10}});
        let buy = with_free_leaders(shop, scarce).await;
        let people = at_once(4, (0..4).map(|_| shop.buyer())).await;
        let reference = format!("new:{}", buy.campaign);
        let mut sending = Vec::new();
        for buyer in &people {
            for _ in 0..6 {
                let wish = buyer.wishes_seat(&buy.sku, 1, &reference).await.expect("a price");
                sending.push(async move { buyer.sends(&wish).await });
            }
        }
        let answers = at_once(12, sending).await;
        assert_eq!(count(&answers, 201, ""), 10, "{answers:?}");
        let refused = count(&answers, 409, "group_buy.sold_out") + count(&answers, 409, "campaign.limit_reached");
        assert_eq!(refused, 14, "{answers:?}");
    }

    async fn leaving_while_the_last_seat_is_paid_frees_the_seat_or_leaves_a_formed_group(shop: &Shop) {
        let buy = with_free_leaders(shop, json!({"sizes": [3]})).await;
        let (leader, leaving, last) = (shop.buyer().await, shop.buyer().await, shop.buyer().await);
        for _ in 0..10 {
            let (_, group) = leader.opens_group(&buy).await;
            let left = leaving.joins_group(&buy, &group).await;
            let (order, _) = last.takes_seat(&buy.sku, &group).await;
            let prepay = last.begins_to_pay(&order).await;
            let path = format!("/orders/{left}/refund");
            let leave = leaving.call("POST", &path, Some(json!({"reason": "不想要了"})));
            let (leave, _) = join(leave, shop.pay(&prepay)).await;
            assert_eq!(leave.0, 204, "{}", leave.1);
            shop.settle().await;
            assert_eq!(leaving.order_state(&left).await, "refunded");
            let file = shop.group(&group).await;
            let (state, free) = (text(&file["group"]["state"]), file["group"]["free"].as_i64());
            assert!(matches!((state.as_str(), free), ("formed", Some(0)) | ("open", Some(1))), "{file}");
        }
    }
}
