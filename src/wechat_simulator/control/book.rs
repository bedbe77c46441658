//! The outside truth: all money that moved, and what was reported about shipping.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ControlAnswer, ControlRefusal};
use crate::wechat_simulator::ledger::Trade;
use crate::wechat_simulator::refunds::RefundStatus;
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookQuery {
    /// Only this order.
    out_trade_no: Option<String>,
    /// Only the totals.
    #[serde(default)]
    totals_only: bool,
}

#[derive(Default, Serialize)]
struct Totals {
    orders: usize,
    transactions: usize,
    refunds: usize,
    paid_fen: i64,
    refunded_fen: i64,
    refunding_fen: i64,
    net_fen: i64,
}

#[derive(Serialize)]
struct Entry {
    trade_state: &'static str,
    total_fen: i64,
    paid_fen: i64,
    refunded_fen: i64,
    refunding_fen: i64,
    failed_attempts: u32,
    transactions: Vec<Value>,
    refunds: Vec<Value>,
}

fn entry(world: &World, trade: &Trade) -> Entry {
    let transactions: Vec<Value> = trade
        .payment
        .iter()
        .map(|payment| {
            json!({
                "transaction_id": payment.transaction_id,
                "paid_fen": payment.paid_fen,
                "openid": payment.openid,
                "success_time": payment.success_time,
            })
        })
        .collect();
    let refunds: Vec<Value> = trade
        .refunds
        .iter()
        .map(|refund| {
            json!({
                "refund_id": refund.refund_id,
                "out_refund_no": refund.out_refund_no,
                "refund_fen": refund.refund_fen,
                "status": refund.status.word(),
                "created_at": refund.created_at,
            })
        })
        .collect();
    Entry {
        trade_state: trade.state(world.now()).word(),
        total_fen: trade.total_fen,
        paid_fen: trade.payment.as_ref().map_or(0, |payment| payment.paid_fen),
        refunded_fen: trade.refunded_fen(|status| status == RefundStatus::Success),
        refunding_fen: trade.refunded_fen(|status| matches!(status, RefundStatus::Processing | RefundStatus::Abnormal)),
        failed_attempts: trade.failed_attempts,
        transactions,
        refunds,
    }
}

/// `GET /_sim/book`: per order what was paid and given back, and the totals over the whole book.
pub(super) async fn show_book(world: Data<World>, query: Query<BookQuery>) -> ControlAnswer {
    let mut totals = Totals::default();
    let mut payments = BTreeMap::new();
    let ledger = locked(&world.ledger);
    if query.out_trade_no.as_ref().is_some_and(|number| ledger.trade(number).is_none()) {
        return Err(ControlRefusal::unknown("order"));
    }
    for trade in ledger.trades.values() {
        let entry = entry(&world, trade);
        totals.orders = totals.orders.saturating_add(1);
        totals.transactions = totals.transactions.saturating_add(entry.transactions.len());
        totals.refunds = totals.refunds.saturating_add(entry.refunds.len());
        totals.paid_fen = totals.paid_fen.saturating_add(entry.paid_fen);
        totals.refunded_fen = totals.refunded_fen.saturating_add(entry.refunded_fen);
        totals.refunding_fen = totals.refunding_fen.saturating_add(entry.refunding_fen);
        let wanted = query.out_trade_no.as_ref().is_none_or(|number| *number == trade.out_trade_no);
        if wanted && !query.totals_only {
            payments.insert(trade.out_trade_no.clone(), entry);
        }
    }
    totals.net_fen = totals.paid_fen.saturating_sub(totals.refunded_fen);
    Ok(HttpResponse::Ok().json(json!({ "payments": payments, "totals": totals })))
}

/// `GET /_sim/shipping`: every order the shop reported shipping for.
pub(super) async fn show_shipping(world: Data<World>) -> HttpResponse {
    let ledger = locked(&world.ledger);
    let mut reported: Vec<&Trade> = ledger.trades.values().filter(|trade| trade.shipping.is_some()).collect();
    reported.sort_by(|one, other| one.out_trade_no.cmp(&other.out_trade_no));
    let orders: Vec<Value> = reported
        .iter()
        .map(|trade| {
            json!({
                "out_trade_no": trade.out_trade_no,
                "transaction_id": trade.payment.as_ref().map(|payment| payment.transaction_id.as_str()),
                "shipping": trade.shipping,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({ "orders": orders }))
}
