//! Everybody at once at one order: every pair of deeds, from every state.

use futures_util::future::join;
use serde_json::json;

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::at_once;
use crate::support::shop::text;

/// How often each pair meets, half of the times with either in front.
const ROUNDS: usize = 20;
/// How many meetings go on at any moment.
const AT_ONCE: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    BuyerCancels,
    StaffCloses,
    BuyerPays,
    StaffReprices,
    StaffShips,
    BuyerRefunds,
    StaffRefunds,
    BuyerConfirms,
}

use Deed::{
    BuyerCancels, BuyerConfirms, BuyerPays, BuyerRefunds, StaffCloses, StaffRefunds, StaffReprices, StaffShips,
};

/// An order that several people have in hand.
struct Contended<'a> {
    shop: &'a Shop,
    buyer: &'a Buyer<'a>,
    order: String,
    prepay: String,
}

impl Contended<'_> {
    /// Does it; answers the status.
    async fn meets(&self, deed: Deed) -> u16 {
        let own = format!("/orders/{}", self.order);
        let desk = format!("/admin/v1/orders/{}", self.order);
        let reason = json!({"reason": "不想要了"});
        let parcel = json!({"carrier_code": "SF", "tracking_no": format!("SF{}", self.shop.number())});
        let staff = |door: &str, body| {
            let path = format!("{desk}{door}");
            async move { self.shop.call("POST", &path, Some(&self.shop.owner), Some(body)).await.0 }
        };
        match deed {
            BuyerCancels => self.buyer.call("POST", &format!("{own}/cancel"), Some(reason)).await.0,
            BuyerRefunds => self.buyer.call("POST", &format!("{own}/refund"), Some(reason)).await.0,
            BuyerConfirms => self.buyer.call("POST", &format!("{own}/receipt"), None).await.0,
            BuyerPays => {
                let paid = self.shop.wechat_try("POST", "/pay", Some(json!({"prepay_id": self.prepay}))).await.0;
                self.shop.wechat("POST", "/notices/flush", None).await;
                paid
            }
            StaffCloses => staff("/close", reason).await,
            StaffRefunds => staff("/refund", reason).await,
            StaffReprices => staff("/price", json!({"total_fen": 900, "reason": "老顾客"})).await,
            StaffShips => staff("/shipments", parcel).await,
        }
    }
}

/// Lets every pair of these deeds meet at orders that `prepare` brought into the same state.
async fn every_pair<'a, Preparing>(shop: &'a Shop, deeds: &[Deed], prepare: impl Fn() -> Preparing, ends: &[&str])
where
    Preparing: Future<Output = Contended<'a>>,
{
    for (place, one) in deeds.iter().enumerate() {
        for other in &deeds[place..] {
            let contended = at_once(AT_ONCE, (0..ROUNDS).map(|_| prepare())).await;
            // Either may set off first.
            let meetings = contended.iter().enumerate().map(|(round, contended)| async move {
                let (one, other) = (contended.meets(*one), contended.meets(*other));
                if round.is_multiple_of(2) {
                    join(one, other).await
                } else {
                    let (other, one) = join(other, one).await;
                    (one, other)
                }
            });
            let answers = at_once(AT_ONCE, meetings).await;
            shop.settle().await;
            for (contended, (first, second)) in contended.iter().zip(answers) {
                assert!(first < 500 && second < 500, "{one:?} {first}, {other:?} {second}");
                let state = text(&shop.order(&contended.order).await["state"]);
                assert!(ends.contains(&state.as_str()), "{one:?} {first} and {other:?} {second} led to {state}");
                if one == other && !matches!(one, StaffReprices | BuyerPays) {
                    assert!(first.min(second) >= 200 && first.max(second) >= 400, "{one:?} twice: {first}, {second}");
                }
            }
        }
    }
}

on_both_databases! {
    async fn every_pair_of_deeds_at_an_unpaid_order_leaves_the_books_right(shop: &Shop) {
        let sku = shop.sku(1_000, 1_000).await;
        let buyer = shop.buyer().await;
        let prepare = || async {
            let order = buyer.orders(&[(&sku, 1)]).await;
            let prepay = buyer.begins_to_pay(&order).await;
            Contended { shop, buyer: &buyer, order, prepay }
        };
        let deeds = [BuyerCancels, StaffCloses, BuyerPays, StaffReprices, StaffShips, BuyerRefunds];
        every_pair(shop, &deeds, prepare, &["pending_payment", "closed", "paid", "shipped", "refunded"]).await;
        assert_eq!(shop.stock(&sku).await["on_hand"].as_i64().zip(shop.stock(&sku).await["sold"].as_i64()).map(|(here, sold)| here + sold), Some(1_000));
    }

    async fn every_pair_of_deeds_at_a_paid_order_leaves_the_books_right(shop: &Shop) {
        let sku = shop.sku(1_000, 1_000).await;
        let buyer = shop.buyer().await;
        let prepare = || async {
            let order = buyer.buys(&[(&sku, 1)]).await;
            Contended { shop, buyer: &buyer, order, prepay: String::new() }
        };
        let deeds = [StaffShips, BuyerRefunds, StaffRefunds, BuyerCancels, BuyerConfirms];
        every_pair(shop, &deeds, prepare, &["paid", "shipped", "received", "refunded"]).await;
    }

    async fn every_pair_of_deeds_at_a_shipped_order_leaves_the_books_right(shop: &Shop) {
        let sku = shop.sku(1_000, 1_000).await;
        let buyer = shop.buyer().await;
        let prepare = || async {
            let order = buyer.buys(&[(&sku, 1)]).await;
            let contended = Contended { shop, buyer: &buyer, order, prepay: String::new() };
            assert_eq!(contended.meets(StaffShips).await, 201);
            contended
        };
        let deeds = [BuyerConfirms, StaffShips, BuyerRefunds, StaffRefunds, BuyerCancels];
        every_pair(shop, &deeds, prepare, &["shipped", "received"]).await;
    }
}
