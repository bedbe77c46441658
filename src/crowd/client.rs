//! What a phone does: requests to the shop, and what its owner does inside WeChat, played through the simulator.
//!
//! reqwest, because a shop may also stand behind TLS somewhere else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::RngExt as _;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::CrowdError;
use super::times::Times;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection lies idle: less than a shop keeps it, so that none is used while it is being closed.
const IDLE: Duration = Duration::from_secs(5);

/// The shop and the WeChat it uses.
#[derive(Clone, Debug)]
pub(super) struct World {
    http: Client,
    shop: String,
    wechat: String,
    times: Arc<Times>,
}

/// An answer of the shop.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Its status.
    pub(super) status: StatusCode,
    /// Its body; null when it has none.
    pub(super) body: Value,
}

impl Answer {
    /// The text of a field found by a JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer)?.as_str().map(str::to_owned)
    }

    /// The whole number of a field found by a JSON pointer.
    pub(super) fn number(&self, pointer: &str) -> Option<i64> {
        self.body.pointer(pointer)?.as_i64()
    }

    /// The list found by a JSON pointer; empty when there is none.
    pub(super) fn list(&self, pointer: &str) -> &[Value] {
        self.body.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The refusal's code.
    pub(super) fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or("unknown")
    }
}

impl World {
    /// A world of these two; addresses without a slash at the end.
    ///
    /// # Errors
    /// When no client can be made.
    pub(super) fn new(shop: &str, wechat: &str) -> Result<Self, CrowdError> {
        let http = Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(512);
        let http = http.pool_idle_timeout(IDLE).build()?;
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { http, shop: plain(shop), wechat: plain(wechat), times: Arc::default() })
    }

    /// How long was waited for answers, by what was asked.
    pub(super) fn times(&self) -> &Times {
        &self.times
    }

    /// Somebody new, logged in through WeChat.
    ///
    /// # Errors
    /// When one of the two does not answer as it should.
    pub(super) async fn newcomer(&self) -> Result<Phone, CrowdError> {
        let login = self.act("login", &json!({})).await?;
        let code = login.text("/js_code").ok_or_else(|| CrowdError::Unexpected("/_sim/login".to_owned()))?;
        let body = json!({ "js_code": code });
        let session = self.ask(Method::POST, "/api/v1/sessions/wechat-mini", None, Some(&body)).await?;
        let token = session.text("/access_token").ok_or_else(|| unexpected("/sessions/wechat-mini", &session))?;
        Ok(Phone { world: self.clone(), token, door: "/api/v1" })
    }

    /// What somebody does inside WeChat.
    async fn act(&self, deed: &str, body: &Value) -> Result<Answer, CrowdError> {
        let asked = Instant::now();
        let response = self.http.post(format!("{}/_sim/{deed}", self.wechat)).json(body).send().await?;
        let status = response.status();
        let body = response.json().await.unwrap_or(Value::Null);
        self.times.note(&format!("WeChat {deed}"), asked.elapsed());
        let answer = Answer { status, body };
        if status.is_success() { Ok(answer) } else { Err(unexpected(deed, &answer)) }
    }

    /// Asks the shop for a path.
    ///
    /// # Errors
    /// When it cannot be reached or fails. A refusal is an answer.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, CrowdError> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.shop));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if method == Method::POST {
            let key: u128 = rand::rng().random();
            request = request.header("idempotency-key", format!("crowd-{key:032x}"));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let asked = Instant::now();
        let response = request.send().await?;
        let status = response.status();
        let body = response.json().await.unwrap_or(Value::Null);
        self.times.note(&kind_of(&method, path), asked.elapsed());
        let answer = Answer { status, body };
        if status.is_server_error() { Err(unexpected(path, &answer)) } else { Ok(answer) }
    }
}

pub(super) fn unexpected(what: &str, answer: &Answer) -> CrowdError {
    CrowdError::Unexpected(format!("{what} answered {}: {}", answer.status, answer.body))
}

/// What kind of request this is: the path without what it asks about.
fn kind_of(method: &Method, path: &str) -> String {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    // Versions are short; ids and codes are not.
    let part = |part: &str| {
        let named = part.len() >= 12 && part.bytes().any(|byte| byte.is_ascii_digit());
        if named || part.len() == 16 { "…".to_owned() } else { part.to_owned() }
    };
    let parts: Vec<String> = path.split('/').map(part).collect();
    format!("{method} {}", parts.join("/"))
}

/// Somebody's phone, or whatever staff work at, logged in to the shop.
#[derive(Clone, Debug)]
pub(super) struct Phone {
    world: World,
    token: String,
    /// What every path begins with.
    door: &'static str,
}

impl Phone {
    /// What staff work at; they name whole paths.
    pub(super) fn of_staff(world: &World, token: String) -> Self {
        Self { world: world.clone(), token, door: "" }
    }

    /// The shop's own clock, as it shows it to anybody.
    ///
    /// # Errors
    /// When the shop does not tell it.
    pub(super) async fn now(&self) -> Result<Timestamp, CrowdError> {
        let path = "/api/v1/coupons/claimable";
        let answer = self.world.ask(Method::GET, path, None, None).await?;
        let now = answer.text("/server_time").and_then(|text| text.parse().ok());
        now.ok_or_else(|| unexpected(path, &answer))
    }

    /// Looks something up.
    ///
    /// # Errors
    /// When the shop cannot be reached or fails. A refusal is an answer.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, CrowdError> {
        self.world.ask(Method::GET, &format!("{}{path}", self.door), Some(&self.token), None).await
    }

    /// Does something.
    ///
    /// # Errors
    /// When the shop cannot be reached or fails. A refusal is an answer.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, CrowdError> {
        self.world.ask(Method::POST, &format!("{}{path}", self.door), Some(&self.token), Some(body)).await
    }

    /// Pays what was prepaid, inside WeChat.
    ///
    /// # Errors
    /// When the simulator refuses.
    pub(super) async fn pay(&self, prepay_id: &str) -> Result<(), CrowdError> {
        self.world.act("pay", &json!({ "prepay_id": prepay_id })).await.map(|_| ())
    }
}
