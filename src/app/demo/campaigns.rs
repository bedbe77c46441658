//! Running campaigns of each kind for the demonstration, planned over HTTP as staff would.
//!
//! Through the door and not behind it: what a merchant could not do is not done here either, and every step is in the
//! change log under the owner's name.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::keepsake::OWNER;
use crate::kernel::time::{DAY_MS, HOUR_MS, Timestamp};

/// Why there are no campaigns.
#[derive(Debug, thiserror::Error)]
pub enum CampaigningError {
    /// The shop does not answer.
    #[error("no answer: {0}")]
    Http(#[from] reqwest::Error),
    /// It answers something else than expected.
    #[error("{path} answered {status}: {body}")]
    Refused {
        /// What was asked.
        path: String,
        /// How it was answered.
        status: StatusCode,
        /// With what.
        body: Value,
    },
}

/// A member of staff at the desk.
pub(super) struct Desk {
    http: Client,
    base_url: String,
    token: String,
}

impl Desk {
    /// Logs in.
    pub(super) async fn open(base_url: &str, password: &str) -> Result<Self, CampaigningError> {
        let http = Client::builder().no_proxy().build()?;
        let mut desk = Self { http, base_url: base_url.to_owned(), token: String::new() };
        let credentials = json!({ "username": OWNER, "password": password });
        let session = desk.ask(Method::POST, "/admin/v1/sessions", Some(&credentials)).await?;
        desk.token = text(&session, "/access_token");
        Ok(desk)
    }

    /// Asks for something that must succeed.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CampaigningError> {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let body = response.json().await.unwrap_or(Value::Null);
        if status.is_success() {
            Ok(body)
        } else {
            Err(CampaigningError::Refused { path: path.to_owned(), status, body })
        }
    }

    async fn plan(&self, kind: &str, draft: &Value) -> Result<(), CampaigningError> {
        let planned = self.ask(Method::POST, &format!("/admin/v1/{kind}"), Some(draft)).await?;
        let id = ["/campaign_id", "/campaign/campaign_id", "/campaign/id"]
            .into_iter()
            .map(|pointer| text(&planned, pointer))
            .find(|id| !id.is_empty())
            .unwrap_or_default();
        let reason = json!({ "reason": "演示店开业" });
        self.ask(Method::POST, &format!("/admin/v1/campaigns/{id}/schedule"), Some(&reason)).await?;
        Ok(())
    }
}

/// The text at a place of an answer; empty when there is none.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A product with the SKU that a campaign is for.
struct Goods {
    product_id: String,
    sku_id: String,
    price_fen: i64,
}

impl Goods {
    /// So many hundredths of its price, in whole yuan.
    fn at(&self, percent: i64) -> i64 {
        let fen = self.price_fen.saturating_mul(percent).checked_div(100).unwrap_or(0);
        fen.checked_div(100).unwrap_or(0).saturating_mul(100).max(1)
    }
}

/// Plans and schedules a campaign of each kind, unless there are campaigns already.
pub(super) async fn open(base_url: &str, password: &str, now: Timestamp) -> Result<usize, CampaigningError> {
    let desk = Desk::open(base_url, password).await?;
    let known = desk.ask(Method::GET, "/admin/v1/campaigns?limit=1", None).await?;
    if known.pointer("/items/0").is_some() {
        return Ok(0);
    }
    let goods = goods(&desk).await?;
    let [group, bargain, flash, ..] = goods.as_slice() else { return Ok(0) };
    let drafts = [
        ("coupon-drops", coupon_drop(now)),
        ("group-buys", group_buy(now, group)),
        ("bargain-campaigns", bargaining(now, bargain)),
        ("social-coupons", social_coupon(now)),
        ("flash-sales", flash_sale(now, flash)),
    ];
    for (kind, draft) in &drafts {
        desk.plan(kind, draft).await?;
    }
    Ok(drafts.len())
}

/// Three products that cost enough to be worth a campaign.
async fn goods(desk: &Desk) -> Result<Vec<Goods>, CampaigningError> {
    let list = desk.ask(Method::GET, "/api/v1/products?limit=50&sort=sales", None).await?;
    let items = list.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut goods = Vec::new();
    for item in items {
        if goods.len() == 3 {
            break;
        }
        let product_id = text(&item, "/id");
        let detail = desk.ask(Method::GET, &format!("/api/v1/products/{product_id}"), None).await?;
        let price_fen = detail.pointer("/skus/0/price_fen").and_then(Value::as_i64).unwrap_or(0);
        if price_fen >= 5_000 {
            goods.push(Goods { product_id, sku_id: text(&detail, "/skus/0/id"), price_fen });
        }
    }
    Ok(goods)
}

fn plan(now: Timestamp, name: &str, occasion: &str, title: &str) -> Value {
    json!({
        "name": name, "occasion_kind": "season", "occasion": occasion, "audience": "everyone",
        "starts_at": now, "ends_at": now.plus_millis(30 * DAY_MS), "budget_fen": 1_000_000, "daily_cap_fen": 500_000,
        "expected": { "cost_fen": 800_000, "new_users": 2_000, "revenue_fen": 20_000_000 },
        "intro": title, "card": { "title": title },
    })
}

fn coupon_drop(now: Timestamp) -> Value {
    let template = json!({
        "title": "新人满99减15", "way": "claim", "benefit": "amount_off", "amount_fen": 1_500, "threshold_fen": 9_900,
        "valid_days": 7, "total_limit": 1_000, "per_user_limit": 1, "stackable": true,
    });
    json!({ "plan": plan(now, "开业领券", "开业", "满99减15，先到先得"), "templates": [template] })
}

fn group_buy(now: Timestamp, goods: &Goods) -> Value {
    let sku = json!({ "sku_id": goods.sku_id, "prices_fen": [goods.at(85), goods.at(75)] });
    let rules = json!({ "product_id": goods.product_id, "sizes": [3, 5], "lifetime_minutes": 1_440, "skus": [sku] });
    json!({ "plan": plan(now, "三人拼团", "开业", "拼着买更便宜：3 人 85 折，5 人 75 折"), "rules": rules })
}

fn bargaining(now: Timestamp, goods: &Goods) -> Value {
    let rules = json!({
        "sku_id": goods.sku_id, "floor_fen": goods.at(40), "cuts_min": 12, "cuts_max": 18, "lifetime_minutes": 1_440,
        "helpers": "newcomers_cut_more", "helps_per_day": 5, "buy_when": "any_price", "owner_cuts_first": true,
        "quota": 200,
    });
    json!({ "plan": plan(now, "好友砍价", "开业", "喊好友帮你砍，最低 4 折"), "rules": rules })
}

fn social_coupon(now: Timestamp) -> Value {
    let rules = json!({
        "qualifying_fen": 5_000, "face_fen": 2_000, "portions": 5, "minimum_fen": 100, "shape": "random",
        "newcomers_larger": true, "open_hours": 48, "use_threshold_fen": 2_000, "use_within_hours": 72,
        "stackable": true, "packets_per_user": 10, "claims_per_day": 10,
    });
    json!({ "plan": plan(now, "分享立减金", "七夕", "送你一份立减金，下单立减"), "rules": rules })
}

fn flash_sale(now: Timestamp, goods: &Goods) -> Value {
    let slot = |number: i64| {
        let starts_at = now.plus_millis(number.saturating_mul(8 * HOUR_MS));
        let item = json!({ "sku_id": goods.sku_id, "price_fen": goods.at(60), "quota": 50, "per_user_limit": 1 });
        json!({ "starts_at": starts_at, "ends_at": starts_at.plus_millis(8 * HOUR_MS), "items": [item] })
    };
    let slots: Vec<Value> = (0..9).map(slot).collect();
    json!({ "plan": plan(now, "整点秒杀", "开业", "每日三场，低至 6 折"), "rules": { "slots": slots } })
}
