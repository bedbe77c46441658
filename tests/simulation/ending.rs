//! The end of a story: no more trouble, time passes, and everything must come to rest.

use hourglass::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde_json::json;

use super::checks::Look;
use super::model::{Claim, Order, State};
use super::snapshot::Snapshot;
use super::story::Story;
use crate::support::shop::text;

impl Story<'_> {
    /// Reads the tables and holds them against the model.
    pub async fn compares(&mut self) {
        let wrong = self.complaints().await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Reads the tables; answers what in them must not be.
    pub async fn complaints(&mut self) -> Vec<String> {
        let after = Snapshot::of(self.shop).await;
        let look = Look { stage: self.stage, before: &self.seen, after: &after, now: self.now() };
        let wrong = look.follow(&mut self.model);
        self.seen = after;
        wrong
    }

    /// Lets everything come to rest, and looks whether it did.
    pub async fn ends(&mut self) {
        self.tell("the trouble is over".to_owned());
        self.makes_trouble(json!({})).await;
        for span in [
            0,
            MINUTE_MS,
            20 * MINUTE_MS,
            20 * MINUTE_MS,
            HOUR_MS,
            HOUR_MS,
            7 * HOUR_MS,
            DAY_MS,
            2 * DAY_MS,
            4 * DAY_MS,
        ] {
            self.tell(format!("{} s pass at the end", span / SECOND_MS));
            self.shop.clock.advance(span);
            self.works().await;
            self.shop.wechat("POST", "/notices/flush", None).await;
            self.works().await;
            self.model.failing = false;
            self.helps_refunds().await;
            self.works().await;
            self.compares().await;
        }
        self.model.troubled = false;
        self.compares().await;
        self.is_at_rest();
        self.agrees_with_wechat().await;
    }

    /// Staff bring back what gave up, and WeChat settles what it held.
    async fn helps_refunds(&mut self) {
        for state in ["abnormal", "closed"] {
            let (_, refunds) = self.staff("GET", &format!("/refunds?state={state}&limit=100"), None).await;
            for refund in refunds["items"].as_array().expect("refunds") {
                // WeChat's own desk pays out what did not reach its buyer.
                let settle = format!("/refunds/{}/settle", text(&refund["out_refund_no"]));
                self.shop.wechat_try("POST", &settle, Some(json!({"status": "SUCCESS"}))).await;
                let path = format!("/refunds/{}/retry", text(&refund["id"]));
                let answer = self.staff("POST", &path, Some(json!({"reason": "重试"}))).await;
                self.judges("another try", &answer, &[]);
            }
        }
        let (_, refunds) = self.staff("GET", "/refunds?state=processing&limit=100", None).await;
        for refund in refunds["items"].as_array().expect("refunds") {
            let settle = format!("/refunds/{}/settle", text(&refund["out_refund_no"]));
            self.shop.wechat_try("POST", &settle, Some(json!({"status": "SUCCESS"}))).await;
        }
        let (_, jobs) = self.staff("GET", "/jobs?state=dead&limit=100", None).await;
        for job in jobs["items"].as_array().expect("jobs") {
            let path = format!("/jobs/{}/retry", text(&job["id"]));
            let answer = self.staff("POST", &path, None).await;
            self.judges("another try", &answer, &[]);
        }
    }

    /// Nothing waits for anything any more.
    fn is_at_rest(&self) {
        for (id, order) in &self.model.orders {
            assert_ne!(order.state, State::Pending, "order {id} still waits for its money");
            let settled = !order.refund_agreed || order.state == State::Refunded;
            assert!(settled, "the money for order {id} was promised back: {:?}", order.state);
            let gated = order.state == State::Paid && !self.seen.is_free_to_leave(*id);
            assert!(!gated, "order {id} is paid and held back for ever");
        }
        for group in &self.seen.groups {
            assert_ne!(group.state, "open", "group {} is open for ever", group.id);
        }
        let waits = |state: &str| ["held", "paid", "refund_due"].contains(&state);
        for seat in &self.seen.seats {
            assert!(!waits(&seat.state), "a seat waits for ever: {seat:?}");
        }
        for bargain in &self.seen.bargains {
            assert_ne!(bargain.state, "running", "bargain {} runs for ever", bargain.id);
        }
        for packet in &self.seen.packets {
            assert_ne!(packet.state, "open", "packet {} is open for ever", packet.id);
        }
        for coupon in &self.seen.coupons {
            assert!(!["held", "reserved"].contains(&coupon.state.as_str()), "coupon {} lives for ever", coupon.id);
        }
    }

    /// What WeChat holds of each order is what the model says the shop has earned.
    async fn agrees_with_wechat(&self) {
        let book = self.shop.wechat("GET", "/book", None).await;
        let book = book["payments"].as_object().expect("WeChat's book");
        for (id, order) in &self.model.orders {
            let mut left = 0;
            for (number, taken) in &order.taken {
                let entry = &book[number];
                let (paid, back) = (entry["paid_fen"].as_i64(), entry["refunded_fen"].as_i64());
                assert_eq!(paid, Some(*taken), "order {id}, {number}: {entry}");
                left += taken - back.expect("an amount");
            }
            let earned = if order.state.is_sold() { order.total - self.difference(*id, order) } else { 0 };
            assert_eq!(
                left, earned,
                "WeChat holds {left} of order {id}, which is {:?} and earned {earned}",
                order.state
            );
        }
        self.shop.the_books_balance().await;
    }

    /// What goes back because a ladder reached its second step.
    fn difference(&self, id: i64, order: &Order) -> i64 {
        let grouped = matches!(order.claim, Claim::Opens(_) | Claim::Joins(..));
        let group = self.seen.group_of(id).and_then(|group| self.seen.group(group));
        let reached = group.is_some_and(|group| group.campaign_id == self.stage.ladder && group.step == Some(1));
        if grouped && reached { 1_000 } else { 0 }
    }
}
