//! Collecting at a store: staff open stores and hand out, buyers show their codes.

use serde_json::{Value, json};

use super::buyer::{Buyer, Wish, basket};
use super::shop::{Shop, text};

impl Shop {
    /// An open store; answers its id.
    pub async fn store(&self, name: &str) -> String {
        let store = json!({
            "name": name, "address": "深圳市南山区科技园一路 1 号", "phone": "0755-12345678", "opening_hours": "10:00–22:00",
            "location": {"latitude_microdegrees": 22_540_000, "longitude_microdegrees": 113_950_000}
        });
        text(&self.staff_post("/stores", store).await["store"]["store_id"])
    }

    /// Hands out against a code, as whoever holds this token.
    pub async fn hands_out(&self, token: &str, store: &str, code: &str) -> (u16, Value) {
        let shown = json!({"store_id": store, "code": code});
        self.call("POST", "/admin/v1/pick-ups/hand-out", Some(token), Some(shown)).await
    }
}

impl Buyer<'_> {
    /// Sees a price without freight and decides to collect at a store, with these offers.
    pub async fn wishes_to_collect(&self, store: &str, lines: &[(&str, i64)], claims: Value) -> Wish {
        let asked = json!({"lines": basket(lines), "picked_up": true, "claims": claims});
        let quote = self.does("POST", "/quotes", Some(asked)).await;
        assert_eq!((&quote["freight_fen"], &quote["freight_pending"]), (&json!(0), &json!(false)), "{quote}");
        let mut wish = self.wishes_at(lines, &quote);
        let body = wish.body.as_object_mut().expect("an object");
        body.remove("address_id");
        body.insert("claims".to_owned(), claims);
        let pick_up = json!({"store_id": store, "contact_name": "李雷", "contact_phone": "13900005678"});
        body.insert("pick_up".to_owned(), pick_up);
        wish
    }

    /// Buys something to collect at a store; answers the order's id.
    pub async fn buys_to_collect(&self, store: &str, lines: &[(&str, i64)]) -> String {
        let (status, order) = self.sends(&self.wishes_to_collect(store, lines, json!([])).await).await;
        assert_eq!(status, 201, "{order}");
        let order_id = text(&order["order_id"]);
        let prepay_id = self.begins_to_pay(&order_id).await;
        self.shop.pay(&prepay_id).await;
        order_id
    }

    /// The code of their order.
    pub async fn pick_up_code(&self, order_id: &str) -> String {
        text(&self.order(order_id).await["pick_up"]["code"])
    }
}
