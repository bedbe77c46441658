//! Handing pages on, and coming through them.

use serde_json::{Value, json};

use super::Shop;
use super::buyer::Buyer;
use super::shop::text;

/// An installation of the front end on which nobody has logged in yet.
pub struct Device<'a> {
    shop: &'a Shop,
    /// What it sends as `X-Device-Token`.
    pub token: String,
}

impl Shop {
    /// An installation that has just been opened for the first time.
    pub async fn device(&self) -> Device<'_> {
        let (status, device) = self.call("POST", "/api/v1/devices", None, None).await;
        assert_eq!(status, 201, "{device}");
        Device { shop: self, token: text(&device["device_token"]) }
    }
}

impl<'a> Device<'a> {
    /// A request of its own.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let headers = [("x-device-token", self.token.as_str())];
        self.shop.call_with(method, &format!("/api/v1{path}"), None, &headers, body).await
    }

    /// Opens a page through a token; answers what was made of it.
    pub async fn opens(&self, token: &str) -> String {
        let (status, answer) = self.call("POST", "/share-opens", Some(json!({"token": token}))).await;
        assert_eq!(status, 200, "{answer}");
        text(&answer["counted"])
    }

    /// Somebody logs in on it: a new person, or the one with this openid.
    pub async fn logs_in(&self, openid: Option<&str>) -> Buyer<'a> {
        let person = openid.map_or(json!({}), |openid| json!({"openid": openid}));
        let login = self.shop.wechat("POST", "/login", Some(person)).await;
        let headers = [("x-device-token", self.token.as_str())];
        let code = json!({"js_code": login["js_code"]});
        let (status, body) =
            self.shop.call_with("POST", "/api/v1/sessions/wechat-mini", None, &headers, Some(code)).await;
        assert_eq!(status, 201, "{body}");
        Buyer::logged_in(self.shop, text(&login["openid"]), &body)
    }
}

impl Buyer<'_> {
    /// Asks for a token of a page.
    pub async fn shares(&self) -> String {
        self.shares_thing("page", "pages/index/index", "friend").await
    }

    /// Asks for a token of this, to be handed on in this way.
    pub async fn shares_thing(&self, kind: &str, reference: &str, channel: &str) -> String {
        let body = json!({"subject": {"kind": kind, "reference": reference}, "channel": channel});
        text(&self.does("POST", "/shares", Some(body)).await["token"])
    }

    /// Opens a page through a token; answers what was made of it.
    pub async fn opens(&self, token: &str) -> String {
        text(&self.does("POST", "/share-opens", Some(json!({"token": token}))).await["counted"])
    }

    /// Their id.
    pub async fn user_id(&self) -> String {
        text(&self.does("GET", "/me", None).await["user_id"])
    }
}
