//! Notices under the tester's hand: look, deliver now, send distorted, forge.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::delivery::{self, Twist};
use crate::wechat_simulator::outbox::{Answer, Draft, Notice};
use crate::wechat_simulator::pay::render::transaction;
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forge {
    /// Takes this order's transaction as the base, and its notice address.
    out_trade_no: Option<String>,
    /// Another address, or the only one when no order is named.
    notify_url: Option<String>,
    event_type: Option<String>,
    original_type: Option<String>,
    /// Replaces fields of the base, objects field by field; `null` removes one.
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    send: Twist,
}

fn sent(notice_id: &str, answers: &[Answer]) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "notice_id": notice_id, "answers": answers }))
}

/// `GET /_sim/notices`: all notices, oldest first.
pub(super) async fn list_notices(world: Data<World>) -> HttpResponse {
    let notices: Vec<Notice> = locked(&world.outbox).notices().cloned().collect();
    HttpResponse::Ok().json(json!({ "notices": notices }))
}

/// `POST /_sim/notices/flush`: delivers everything pending now, whenever it is due, and answers what became of it.
pub(super) async fn flush_notices(world: Data<World>) -> HttpResponse {
    let delivered = delivery::flush(&world).await;
    HttpResponse::Ok().json(json!({ "notices": delivered }))
}

/// `POST /_sim/notices/{id}/send`: sends one again, distorted as asked, whatever its state.
pub(super) async fn send_notice(world: Data<World>, id: Path<String>, body: Bytes) -> ControlAnswer {
    let twist: Twist = read(&body)?;
    let notice = locked(&world.outbox).notice(&id).cloned().ok_or_else(|| ControlRefusal::unknown("notice"))?;
    let answers = delivery::send_twisted(&world, &notice, &twist).await;
    Ok(sent(&notice.id, &answers))
}

/// `POST /_sim/notices/forge`: a correctly signed notice about something that did not happen that way. The book does
/// not know it.
pub(super) async fn forge_notice(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Forge = read(&body)?;
    let draft = forged(&world, &ask)?;
    let id = delivery::file(&world, draft, true);
    let notice = locked(&world.outbox).notice(&id).cloned().ok_or_else(|| ControlRefusal::unknown("notice"))?;
    let answers = delivery::send_twisted(&world, &notice, &ask.send).await;
    Ok(sent(&id, &answers))
}

fn forged(world: &World, ask: &Forge) -> Result<Draft, ControlRefusal> {
    let (base, order_url) = {
        let ledger = locked(&world.ledger);
        let trade = ask.out_trade_no.as_ref().and_then(|number| ledger.trade(number));
        (trade.map(|trade| transaction(world, trade)), trade.map(|trade| trade.notify_url.clone()))
    };
    let url = ask.notify_url.clone().or(order_url);
    let url = url.ok_or_else(|| ControlRefusal::bad("name a known out_trade_no or a notify_url"))?;
    let mut resource = invented(world, ask.out_trade_no.as_deref());
    if let Some(base) = base {
        merge(&mut resource, base);
    }
    // An unpaid order's own state would contradict the notice; the tester's fields still have the last word.
    merge(&mut resource, json!({ "trade_state": "SUCCESS", "trade_state_desc": "支付成功" }));
    merge(&mut resource, Value::Object(ask.fields.clone()));
    Ok(Draft {
        url,
        event_type: ask.event_type.clone().unwrap_or_else(|| "TRANSACTION.SUCCESS".to_owned()),
        original_type: ask.original_type.clone().unwrap_or_else(|| "transaction".to_owned()),
        summary: "支付成功".to_owned(),
        resource,
    })
}

fn invented(world: &World, out_trade_no: Option<&str>) -> Value {
    json!({
        "appid": world.app_id,
        "mchid": world.mch_id,
        "out_trade_no": out_trade_no.unwrap_or("forged-000001"),
        "transaction_id": format!("4200009{}", world.dice.digits(21)),
        "trade_type": "JSAPI",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": world.now().rfc3339_at_offset(8),
        "payer": { "openid": format!("o{}", world.dice.openid_letters(27)) },
        "amount": { "total": 1, "payer_total": 1, "currency": "CNY", "payer_currency": "CNY" },
    })
}

/// JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                if change.is_null() {
                    fields.remove(&name);
                } else {
                    merge(fields.entry(name).or_insert(Value::Null), change);
                }
            }
        }
        (target, patch) => *target = patch,
    }
}
