//! Buyers pay, and refunds come to their end.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlAnswer, ControlRefusal, read};
use crate::kernel::time::Timestamp;
use crate::wechat_simulator::delivery;
use crate::wechat_simulator::ledger::{PayAttempt, PayTrouble, Trade};
use crate::wechat_simulator::pay::render::{payment_draft, refund, refund_draft, transaction};
use crate::wechat_simulator::refunds::RefundStatus;
use crate::wechat_simulator::state::{World, locked};

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    #[default]
    Success,
    Fail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    prepay_id: Option<String>,
    out_trade_no: Option<String>,
    openid: Option<String>,
    amount_fen: Option<i64>,
    #[serde(default)]
    outcome: Outcome,
    #[serde(default = "once")]
    times: usize,
    #[serde(default = "yes")]
    notify: bool,
    at: Option<Timestamp>,
}

const fn once() -> usize {
    1
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    status: RefundStatus,
}

/// `POST /_sim/pay`: the buyer confirms, once or more often. A first attempt that WeChat would refuse answers 409.
pub(super) async fn pay(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Pay = read(&body)?;
    if ask.amount_fen.is_some_and(|amount| amount < 1) {
        return Err(ControlRefusal::bad("amount_fen must be at least 1"));
    }
    let attempt = PayAttempt {
        prepay_id: ask.prepay_id,
        out_trade_no: ask.out_trade_no,
        openid: ask.openid,
        amount_fen: ask.amount_fen,
        at: ask.at.unwrap_or_else(|| world.now()),
        fails: ask.outcome == Outcome::Fail,
    };
    let results: Vec<Result<Trade, PayTrouble>> = {
        let mut ledger = locked(&world.ledger);
        (0..ask.times.clamp(1, 100)).map(|_| ledger.pay(&attempt, &world.dice)).collect()
    };
    let attempts: Vec<Value> = results.iter().map(|result| told(&attempt, result)).collect();
    let Some(Ok(trade)) = results.first() else {
        let trouble = results.into_iter().find_map(Result::err);
        let trouble = trouble.unwrap_or(PayTrouble { code: "REFUSED", message: "nothing was attempted" });
        return Err(ControlRefusal::new(StatusCode::CONFLICT, trouble.code, trouble.message));
    };
    let notice_id = (trade.payment.is_some() && !attempt.fails)
        .then(|| delivery::file(&world, payment_draft(&world, trade), !ask.notify));
    Ok(HttpResponse::Ok().json(json!({
        "transaction": transaction(&world, trade),
        "attempts": attempts,
        "notice_id": notice_id,
    })))
}

fn told(attempt: &PayAttempt, result: &Result<Trade, PayTrouble>) -> Value {
    match result {
        Ok(_) if attempt.fails => json!({ "outcome": "failed" }),
        Ok(_) => json!({ "outcome": "paid" }),
        Err(trouble) => json!({ "outcome": "refused", "code": trouble.code, "message": trouble.message }),
    }
}

/// `POST /_sim/refunds/{out_refund_no}/settle`: a refund in process (or an abnormal one) comes to this end.
pub(super) async fn settle_refund(world: Data<World>, out_refund_no: Path<String>, body: Bytes) -> ControlAnswer {
    let ask: Settle = read(&body)?;
    if ask.status == RefundStatus::Processing {
        return Err(ControlRefusal::bad("a refund is settled as SUCCESS, ABNORMAL or CLOSED"));
    }
    let settled = locked(&world.ledger).settle_refund(&out_refund_no, ask.status, world.now());
    let (trade, settled) = settled.ok_or_else(|| ControlRefusal::unknown("unsettled refund"))?;
    let notice_id = refund_draft(&world, &trade, &settled).map(|draft| delivery::file(&world, draft, false));
    Ok(HttpResponse::Ok().json(json!({ "refund": refund(&trade, &settled), "notice_id": notice_id })))
}
