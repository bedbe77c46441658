//! Live rooms for the demonstration, run over HTTP as staff would: one announced, one on the air, one to watch again.

use reqwest::Method;
use serde_json::{Value, json};

use super::campaigns::{CampaigningError, Desk, text};
use crate::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

/// Where the recording of the room to watch again would be; the demonstration has no media store of its own.
const RECORDING: &str = "https://vod.example.com/opening-show.m3u8";

/// Announces, starts and ends rooms, unless there are some already; says how many there are now.
pub(super) async fn open(base_url: &str, password: &str, now: Timestamp) -> Result<usize, CampaigningError> {
    let desk = Desk::open(base_url, password).await?;
    let known = desk.ask(Method::GET, "/admin/v1/live-rooms?limit=1", None).await?;
    if known.pointer("/items/0").is_some() {
        return Ok(0);
    }
    let goods = goods(&desk).await?;
    let tomorrow = now.plus_millis(DAY_MS);
    plan(&desk, &draft("明晚八点：秋装首发", tomorrow, tomorrow.plus_millis(2 * HOUR_MS)), &goods).await?;

    let live = plan(&desk, &draft("开业直播：全场试穿", now, now.plus_millis(12 * HOUR_MS)), &goods).await?;
    start(&desk, &live, &goods).await?;
    if let Some(first) = goods.first() {
        let terms = json!({ "price_fen": first.live_price_fen(), "quota": 100, "per_user_limit": 2 });
        let price = json!({ "sku_id": first.sku_id, "terms": terms });
        desk.ask(Method::POST, &format!("/admin/v1/live-rooms/{live}/prices"), Some(&price)).await?;
    }

    let earlier = draft("昨日回放：搭配课堂", now.plus_millis(-HOUR_MS), now.plus_millis(HOUR_MS));
    let over = plan(&desk, &earlier, &goods).await?;
    start(&desk, &over, &goods).await?;
    let at = |what: &str| format!("/admin/v1/live-rooms/{over}/{what}");
    desk.ask(Method::POST, &at("end"), Some(&json!({ "reason": "演示结束" }))).await?;
    let recording = json!({ "media_url": RECORDING, "duration_ms": 90 * MINUTE_MS });
    desk.ask(Method::POST, &at("replays"), Some(&recording)).await?;
    desk.ask(Method::POST, &at("show-replay"), None).await?;
    Ok(3)
}

/// A product with the SKU that has a live price.
struct Shown {
    product_id: String,
    sku_id: String,
    price_fen: i64,
}

impl Shown {
    /// Seven tenths of the usual price.
    fn live_price_fen(&self) -> i64 {
        self.price_fen.saturating_mul(7).checked_div(10).unwrap_or(1).max(1)
    }
}

async fn goods(desk: &Desk) -> Result<Vec<Shown>, CampaigningError> {
    let list = desk.ask(Method::GET, "/api/v1/products?limit=8&sort=sales", None).await?;
    let items = list.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut goods = Vec::new();
    for item in items {
        let product_id = text(&item, "/id");
        let detail = desk.ask(Method::GET, &format!("/api/v1/products/{product_id}"), None).await?;
        let price_fen = detail.pointer("/skus/0/price_fen").and_then(Value::as_i64).unwrap_or(0);
        if price_fen > 1 {
            goods.push(Shown { product_id, sku_id: text(&detail, "/skus/0/id"), price_fen });
        }
    }
    Ok(goods)
}

fn draft(title: &str, starts_at: Timestamp, ends_at: Timestamp) -> Value {
    json!({
        "title": title, "anchor_name": "小麦", "anchor_introduction": "十年买手，只挑自己会穿的。",
        "starts_at": starts_at, "ends_at": ends_at,
    })
}

/// Announces a room with these goods on its shelf; answers its id.
async fn plan(desk: &Desk, draft: &Value, goods: &[Shown]) -> Result<String, CampaigningError> {
    let room = desk.ask(Method::POST, "/admin/v1/live-rooms", Some(draft)).await?;
    let id = text(&room, "/room/id");
    let products: Vec<&str> = goods.iter().map(|shown| shown.product_id.as_str()).collect();
    let shelf = json!({ "product_ids": products });
    desk.ask(Method::POST, &format!("/admin/v1/live-rooms/{id}/shelf"), Some(&shelf)).await?;
    Ok(id)
}

/// Puts a room on the air and explains its first product.
async fn start(desk: &Desk, id: &str, goods: &[Shown]) -> Result<(), CampaigningError> {
    let reason = json!({ "reason": "演示店开播" });
    desk.ask(Method::POST, &format!("/admin/v1/live-rooms/{id}/start"), Some(&reason)).await?;
    let product = goods.first().map(|shown| shown.product_id.as_str());
    let explained = json!({ "product_id": product });
    desk.ask(Method::PUT, &format!("/admin/v1/live-rooms/{id}/explaining"), Some(&explained)).await?;
    Ok(())
}
