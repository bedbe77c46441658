//! Orders and refunds in the words of the merchant host.

use serde_json::{Value, json};

use crate::wechat_simulator::ledger::Trade;
use crate::wechat_simulator::outbox::Draft;
use crate::wechat_simulator::refunds::{Refund, RefundStatus};
use crate::wechat_simulator::state::World;

/// The transaction object of query replies and payment notices.
pub(in crate::wechat_simulator) fn transaction(world: &World, trade: &Trade) -> Value {
    let state = trade.state(world.now());
    let mut object = json!({
        "appid": world.app_of(trade.kind),
        "mchid": world.mch_id,
        "out_trade_no": trade.out_trade_no,
        "trade_state": state.word(),
        "trade_state_desc": state.description(),
        "attach": trade.attach,
        "promotion_detail": [],
        "amount": { "total": trade.total_fen, "currency": "CNY", "payer_currency": "CNY" },
    });
    let Some(fields) = object.as_object_mut() else { return object };
    if let Some(device_id) = trade.request.pointer("/scene_info/device_id") {
        fields.insert("scene_info".to_owned(), json!({ "device_id": device_id }));
    }
    if let Some(payment) = &trade.payment {
        let amount = json!({
            "total": payment.paid_fen,
            "payer_total": payment.paid_fen,
            "currency": "CNY",
            "payer_currency": "CNY",
        });
        for (name, value) in [
            ("transaction_id", json!(payment.transaction_id)),
            ("trade_type", json!(trade.kind.trade_type())),
            ("bank_type", json!("OTHERS")),
            ("success_time", json!(payment.success_time.rfc3339_at_offset(8))),
            ("payer", json!({ "openid": payment.openid })),
            ("amount", amount),
        ] {
            fields.insert(name.to_owned(), value);
        }
    }
    object
}

/// The notice of a payment.
pub(in crate::wechat_simulator) fn payment_draft(world: &World, trade: &Trade) -> Draft {
    Draft {
        url: trade.notify_url.clone(),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        original_type: "transaction".to_owned(),
        summary: "支付成功".to_owned(),
        resource: transaction(world, trade),
    }
}

/// The refund object of replies.
pub(in crate::wechat_simulator) fn refund(trade: &Trade, refund: &Refund) -> Value {
    let paid = trade.payment.as_ref();
    let total = paid.map_or(trade.total_fen, |payment| payment.paid_fen);
    let mut object = json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": paid.map(|payment| payment.transaction_id.as_str()),
        "out_trade_no": trade.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": refund.created_at.rfc3339_at_offset(8),
        "status": refund.status.word(),
        "funds_account": refund.funds_account,
        "amount": {
            "total": total,
            "refund": refund.refund_fen,
            "from": refund.from.clone().unwrap_or_else(|| json!([])),
            "payer_total": total,
            "payer_refund": refund.refund_fen,
            "settlement_total": total,
            "settlement_refund": refund.refund_fen,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    });
    if let (Some(at), Some(fields)) = (refund.success_time, object.as_object_mut()) {
        fields.insert("success_time".to_owned(), json!(at.rfc3339_at_offset(8)));
    }
    object
}

/// The notice of a refund that has come to an end and has an address to tell.
pub(in crate::wechat_simulator) fn refund_draft(world: &World, trade: &Trade, refund: &Refund) -> Option<Draft> {
    let (event_type, summary) = match refund.status {
        RefundStatus::Processing => return None,
        RefundStatus::Success => ("REFUND.SUCCESS", "退款成功"),
        RefundStatus::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
        RefundStatus::Closed => ("REFUND.CLOSED", "退款关闭"),
    };
    let url = refund.notify_url.clone()?;
    let paid = trade.payment.as_ref();
    let total = paid.map_or(trade.total_fen, |payment| payment.paid_fen);
    let mut resource = json!({
        "mchid": world.mch_id,
        "transaction_id": paid.map(|payment| payment.transaction_id.as_str()),
        "out_trade_no": trade.out_trade_no,
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund_status": refund.status.word(),
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": total,
            "refund": refund.refund_fen,
            "payer_total": total,
            "payer_refund": refund.refund_fen,
        },
    });
    if let (Some(at), Some(fields)) = (refund.success_time, resource.as_object_mut()) {
        fields.insert("success_time".to_owned(), json!(at.rfc3339_at_offset(8)));
    }
    Some(Draft {
        url,
        event_type: event_type.to_owned(),
        original_type: "refund".to_owned(),
        summary: summary.to_owned(),
        resource,
    })
}
