//! Coming in: entrances, ways to WeChat and back, codes sent to phones.

use serde_json::{Value, json};

use super::Shop;
use super::shop::text;

impl Shop {
    /// Adds an entrance for the simulator's application on this platform; answers its id.
    pub async fn entrance(&self, platform: &str) -> String {
        let keys = &self.simulator.credentials;
        let (app_id, secret) = match platform {
            "wechat_service" => (&keys.service.app_id, &keys.service.app_secret),
            "wechat_app" => (&keys.mobile.app_id, &keys.mobile.app_secret),
            "wechat_web" => (&keys.website.app_id, &keys.website.app_secret),
            "alipay_mini" => (&keys.alipay.app_id, &keys.alipay.app_secret),
            "douyin_mini" => (&keys.douyin.app_id, &keys.douyin.app_secret),
            "baidu_mini" => (&keys.baidu.app_id, &keys.baidu.app_secret),
            "qq_mini" => (&keys.qq.app_id, &keys.qq.app_secret),
            other => panic!("the simulator has no application for {other}"),
        };
        let body = json!({"platform": platform, "app_id": app_id, "name": platform, "secret": secret});
        text(&self.staff_post("/entrances", body).await["entrance_id"])
    }

    /// A new installation; answers its token.
    pub async fn installation(&self) -> String {
        let (status, device) = self.call("POST", "/api/v1/devices", None, None).await;
        assert_eq!(status, 201, "{device}");
        text(&device["device_token"])
    }

    /// Asks where to send a browser; answers the shop's answer.
    pub async fn asks_the_way(&self, page: &str, device: &str, query: &str) -> (u16, Value) {
        let path = format!("/api/v1/sessions/{page}/authorize-url?{query}");
        self.call_with("GET", &path, None, &[("x-device-token", device)], None).await
    }

    /// A person goes to WeChat's page and back, agreeing to this much; answers their openid there, code and state.
    pub async fn goes_to_wechat(&self, page: &str, device: &str, scope: &str, openid: Option<&str>) -> Value {
        let query = format!("redirect_uri=https%3A%2F%2Fshop.example%2Fh5&scope={scope}");
        let (status, begun) = self.asks_the_way(page, device, &query).await;
        assert_eq!(status, 200, "{begun}");
        self.wechat("POST", "/authorize", Some(json!({"url": begun["authorize_url"], "openid": openid}))).await
    }

    /// Sends what WeChat sent a browser back with.
    pub async fn returns(&self, page: &str, device: &str, back: &Value) -> (u16, Value) {
        let body = json!({"code": back["code"], "state": back["state"]});
        let headers = [("x-device-token", device)];
        self.call_with("POST", &format!("/api/v1/sessions/{page}"), None, &headers, Some(body)).await
    }

    /// Logs in with the code of an app or a mini-program.
    pub async fn logs_in(&self, page: &str, code: &Value) -> (u16, Value) {
        self.call("POST", &format!("/api/v1/sessions/{page}"), None, Some(json!({"code": code}))).await
    }

    /// The code last sent to a number.
    pub async fn texted(&self, number: &str) -> String {
        self.app.runner().work_until_idle().await.expect("background work");
        let book = self.wechat("GET", "/sms", None).await;
        let messages = book["messages"].as_array().expect("messages");
        let last = messages.iter().rev().find(|message| text(&message["number"]).ends_with(number));
        text(&last.unwrap_or_else(|| panic!("nothing was sent to {number}: {book}"))["params"]["code"])
    }

    /// How staff see a user.
    pub async fn user(&self, user_id: &Value) -> Value {
        self.staff("GET", &format!("/users/{}", text(user_id)), None).await
    }
}

/// The status and the code of a refusal.
pub fn refusal(answer: &(u16, Value)) -> (u16, String) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default().to_owned())
}

/// A refusal as it is expected.
pub fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
