//! Asking for refunds and asking about them.

use actix_web::web::Path;

use super::arguments::{Arguments, Text};
use super::render::{refund, refund_draft};
use super::{Authentic, PayAnswer, PayRefusal, answer};
use crate::wechat_simulator::delivery;
use crate::wechat_simulator::knobs::RefundAnswer;
use crate::wechat_simulator::refunds::{RefundAsk, RefundStatus};
use crate::wechat_simulator::state::locked;

/// `POST /v3/refund/domestic/refunds`.
pub(super) async fn create_refund(call: Authentic) -> PayAnswer {
    let world = &call.world;
    let ask = read_refund(&Arguments::parse(&call.body)?)?;
    let knobs = locked(&world.knobs).settings().refunds.clone();
    let accepted = locked(&world.ledger).refund(ask, knobs.treatment(), world.now(), &world.dice)?;
    let mut told = accepted.refund.clone();
    if accepted.new {
        if let Some(draft) = refund_draft(world, &accepted.trade, &accepted.refund) {
            delivery::file(world, draft, false);
        }
        if knobs.answer == RefundAnswer::Processing {
            told.status = RefundStatus::Processing;
            told.success_time = None;
        }
    }
    Ok(answer(&refund(&accepted.trade, &told)))
}

fn read_refund(body: &Arguments) -> Result<RefundAsk, PayRefusal> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let transaction_id = owned(body.text("/transaction_id", Text::up_to(32))?);
    let out_trade_no = owned(body.text("/out_trade_no", Text::OUT_TRADE_NO)?);
    if transaction_id.is_none() && out_trade_no.is_none() {
        return Err(body.wrong("/transaction_id", "transaction_id or out_trade_no is required"));
    }
    let out_refund_no = body.required_text("/out_refund_no", Text::OUT_REFUND_NO)?.to_owned();
    body.text("/reason", Text::up_to(80))?;
    let refund_fen = body.required_integer("/amount/refund", 1)?;
    let total_fen = body.required_integer("/amount/total", 1)?;
    body.check_currency(true)?;
    if refund_fen > total_fen {
        return Err(body.wrong("/amount/refund", "the refund is more than the order"));
    }
    let from = body.at("/amount/from").cloned();
    if from.as_ref().is_some_and(|from| !from.is_array()) {
        return Err(body.wrong("/amount/from", "the value must be an array"));
    }
    Ok(RefundAsk {
        transaction_id,
        out_trade_no,
        out_refund_no,
        refund_fen,
        total_fen,
        from,
        funds_account: owned(body.text("/funds_account", Text::up_to(32))?),
        notify_url: owned(body.notify_url()?),
    })
}

/// `GET /v3/refund/domestic/refunds/{out_refund_no}`.
pub(super) async fn query_refund(call: Authentic, out_refund_no: Path<String>) -> PayAnswer {
    let ledger = locked(&call.world.ledger);
    let found = ledger.refund_by_number(&out_refund_no);
    let (trade, known) = found.ok_or_else(|| PayRefusal::new(404, "RESOURCE_NOT_EXISTS", "退款单不存在"))?;
    Ok(answer(&refund(trade, known)))
}
