//! A shopper.

use serde_json::{Value, json};

use super::shop::{Shop, text};

/// Somebody who came in through the mini-program.
pub struct Buyer<'a> {
    pub(super) shop: &'a Shop,
    /// Their access token.
    pub token: String,
    /// Their refresh token.
    pub refresh_token: String,
    /// Who WeChat says they are.
    pub openid: String,
    /// Where they live.
    pub address_id: String,
}

/// The body of an order and the key it is sent under.
#[derive(Clone)]
pub struct Wish {
    /// The `Idempotency-Key`.
    pub key: String,
    /// The body.
    pub body: Value,
}

impl<'a> Buyer<'a> {
    pub(super) async fn come_in(shop: &'a Shop) -> Self {
        let login = shop.wechat("POST", "/login", Some(json!({}))).await;
        let (status, body) =
            shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(json!({"js_code": login["js_code"]}))).await;
        assert_eq!(status, 201, "{body}");
        let token = text(&body["access_token"]);
        let address = json!({
            "receiver_name": "张三", "receiver_phone": "13800001234", "province_code": "44", "city": "深圳市",
            "district": "南山区", "detail": "科技园 1 号", "is_default": true
        });
        let (status, address) = shop.call("POST", "/api/v1/addresses", Some(&token), Some(address)).await;
        assert_eq!(status, 201, "{address}");
        Self {
            shop,
            token,
            refresh_token: text(&body["refresh_token"]),
            openid: text(&login["openid"]),
            address_id: text(&address["address_id"]),
        }
    }

    /// Somebody who has just logged in and has no address yet.
    pub(super) fn logged_in(shop: &'a Shop, openid: String, login: &Value) -> Self {
        Self {
            shop,
            token: text(&login["access_token"]),
            refresh_token: text(&login["refresh_token"]),
            openid,
            address_id: String::new(),
        }
    }

    /// Comes in anew, since the clock has moved past the end of their log-in.
    pub async fn comes_again(&mut self) {
        let login = self.shop.wechat("POST", "/login", Some(json!({"openid": self.openid}))).await;
        let code = json!({"js_code": login["js_code"]});
        let (status, body) = self.shop.call("POST", "/api/v1/sessions/wechat-mini", None, Some(code)).await;
        assert_eq!(status, 201, "{body}");
        self.token = text(&body["access_token"]);
    }

    /// A request of theirs.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.shop.call(method, &format!("/api/v1{path}"), Some(&self.token), body).await
    }

    /// A request of theirs with headers of its own.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        self.shop.call_with(method, &format!("/api/v1{path}"), Some(&self.token), headers, body).await
    }

    /// A request of theirs that must succeed.
    pub async fn does(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Asks what these lines cost, sent to their address.
    pub async fn quote(&self, lines: &[(&str, i64)]) -> Value {
        self.does("POST", "/quotes", Some(json!({"lines": basket(lines), "province_code": "44"}))).await
    }

    /// Sees a price and decides to order.
    pub async fn wishes(&self, lines: &[(&str, i64)]) -> Wish {
        let quote = self.quote(lines).await;
        self.wishes_at(lines, &quote)
    }

    /// Decides to order at a price seen before.
    pub fn wishes_at(&self, lines: &[(&str, i64)], quote: &Value) -> Wish {
        let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
        let body = json!({"lines": basket(lines), "address_id": self.address_id, "expected": expected});
        Wish { key: format!("{:032x}", rand::random::<u128>()), body }
    }

    /// Sends an order.
    pub async fn sends(&self, wish: &Wish) -> (u16, Value) {
        let headers = [("idempotency-key", wish.key.as_str())];
        self.shop.call_with("POST", "/api/v1/orders", Some(&self.token), &headers, Some(wish.body.clone())).await
    }

    /// Orders; answers the order's id.
    pub async fn orders(&self, lines: &[(&str, i64)]) -> String {
        let (status, order) = self.sends(&self.wishes(lines).await).await;
        assert_eq!(status, 201, "{order}");
        text(&order["order_id"])
    }

    /// Begins to pay; answers the prepay id.
    pub async fn begins_to_pay(&self, order_id: &str) -> String {
        let handover =
            self.does("POST", &format!("/orders/{order_id}/payments"), Some(json!({"trade_type": "jsapi"}))).await;
        text(&handover["params"]["package"]).trim_start_matches("prepay_id=").to_owned()
    }

    /// Orders and pays; answers the order's id.
    pub async fn buys(&self, lines: &[(&str, i64)]) -> String {
        let order_id = self.orders(lines).await;
        let prepay_id = self.begins_to_pay(&order_id).await;
        self.shop.pay(&prepay_id).await;
        order_id
    }

    /// Their order as they see it.
    pub async fn order(&self, order_id: &str) -> Value {
        self.does("GET", &format!("/orders/{order_id}"), None).await
    }
}

/// Lines of a basket.
pub fn basket(lines: &[(&str, i64)]) -> Value {
    lines.iter().map(|(sku_id, quantity)| json!({"sku_id": sku_id, "quantity": quantity})).collect()
}
