//! Links that open the mini-program from outside WeChat.

use actix_web::web::{Bytes, Data};
use serde::Serialize;
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, admit, answer, read_body};
use crate::kernel::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::state::{World, locked};

/// Longest query.
const QUERY_MOST: usize = 1_024;
/// Longest a link lives, in days.
const DAYS_MOST: i64 = 30;
/// Links that are remembered for the tester.
const KEPT: usize = 10_000;

/// A link that was made.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Link {
    /// The link.
    pub(in crate::wechat_simulator) link: String,
    /// The mini-program it opens.
    pub(in crate::wechat_simulator) app_id: String,
    /// The page it opens; the home page when empty.
    pub(in crate::wechat_simulator) path: String,
    /// What the page gets.
    pub(in crate::wechat_simulator) query: String,
    /// Until when.
    pub(in crate::wechat_simulator) ends_at: Timestamp,
}

/// `POST /wxa/generate_urllink`.
pub(super) async fn generate_urllink(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let ends_at = read_end(&body, world.now())?;
    let link = format!("https://wxaurl.cn/{}", world.dice.letters(11));
    let link = read_link(&body, &app.app_id, link, ends_at)?;
    let told = json!({ "errcode": 0, "errmsg": "ok", "url_link": link.link });
    keep(&world, link);
    Ok(answer(&told))
}

/// `POST /wxa/generatescheme`.
pub(super) async fn generate_scheme(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    // One that does not expire was withdrawn: every scheme ends after thirty days at most.
    let ends = if body.get("is_expire") == Some(&json!(true)) {
        read_end(&body, world.now())?
    } else {
        world.now().plus_millis(DAYS_MOST.saturating_mul(DAY_MS))
    };
    let link = format!("weixin://dl/business/?t={}", world.dice.letters(11));
    let link = read_link(body.get("jump_wxa").unwrap_or(&Value::Null), &app.app_id, link, ends)?;
    let told = json!({ "errcode": 0, "errmsg": "ok", "openlink": link.link });
    keep(&world, link);
    Ok(answer(&told))
}

fn keep(world: &World, link: Link) {
    let mut links = locked(&world.links);
    if links.len() < KEPT {
        links.push(link);
    }
}

fn read_link(asked: &Value, app_id: &str, link: String, ends_at: Timestamp) -> Result<Link, OpenRefusal> {
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (path, query) = (text("path"), text("query"));
    if path.contains('?') || path.len() > QUERY_MOST {
        return Err(OpenRefusal::new(40165, "invalid weapp pagepath"));
    }
    if query.len() > QUERY_MOST || query.starts_with('?') || query.chars().any(|letter| letter.is_control()) {
        return Err(OpenRefusal::new(40212, "invalid query"));
    }
    let version = asked.get("env_version").map_or(Some("release"), Value::as_str);
    if !version.is_some_and(|version| ["release", "trial", "develop"].contains(&version)) {
        return Err(OpenRefusal::new(85402, "invalid env_version"));
    }
    Ok(Link { link, app_id: app_id.to_owned(), path, query, ends_at })
}

/// Until when: a moment (`expire_type` 0) or a number of days (1).
fn read_end(body: &Value, now: Timestamp) -> Result<Timestamp, OpenRefusal> {
    let wrong = || OpenRefusal::new(85401, "expire time invalid");
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let latest = now.plus_millis(DAYS_MOST.saturating_mul(DAY_MS));
    match number("expire_type").unwrap_or(0) {
        0 => {
            let Some(seconds) = number("expire_time") else { return Ok(latest) };
            let end = Timestamp::from_millis(seconds.saturating_mul(SECOND_MS));
            // The link must live a minute at least; a second is lost by rounding.
            let fits = end.millis_since(now) >= MINUTE_MS.saturating_sub(SECOND_MS) && end <= latest;
            if fits { Ok(end) } else { Err(wrong()) }
        }
        1 => {
            let days = number("expire_interval").filter(|days| (1..=DAYS_MOST).contains(days)).ok_or_else(wrong)?;
            Ok(now.plus_millis(days.saturating_mul(DAY_MS)))
        }
        _ => Err(wrong()),
    }
}
