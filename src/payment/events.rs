//! Events of payment.

use serde::{Deserialize, Serialize};

use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::model::{Attempt, Payment, PaymentId, Refund, RefundCause, RefundId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{NewEvent, record};

/// An order was paid.
pub const PAID: &str = "payment.paid";
/// Money reached the payer again.
pub const REFUNDED: &str = "payment.refunded";
/// Money came that fits no order and is given back.
pub const UNEXPECTED_MONEY: &str = "payment.unexpected_money";

/// Payload of [`PAID`], version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentPaid {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// Who owed it.
    pub user_id: UserId,
    /// How much; zero when it was free of charge.
    pub amount_fen: Fen,
    /// When, by the provider's clock.
    pub paid_at: Timestamp,
    /// The attempt that paid it; `None` when it was free of charge.
    pub out_trade_no: Option<String>,
}

/// Payload of [`REFUNDED`], version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// The refund.
    pub refund_id: RefundId,
    /// The order.
    pub order_id: OrderId,
    /// Who was given it.
    pub user_id: UserId,
    /// How much.
    pub amount_fen: Fen,
    /// Why.
    pub cause: RefundCause,
}

/// Payload of [`UNEXPECTED_MONEY`], version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnexpectedMoney {
    /// The order it was meant for.
    pub order_id: OrderId,
    /// Whose order.
    pub user_id: UserId,
    /// The attempt it came by.
    pub out_trade_no: String,
    /// How much.
    pub amount_fen: Fen,
    /// Why it is given back.
    pub cause: RefundCause,
}

pub(super) fn paid(tx: &mut Tx<'_>, payment: &Payment, attempt: Option<&Attempt>, paid_at: Timestamp) -> DbResult<()> {
    let payload = PaymentPaid {
        payment_id: payment.id,
        order_id: payment.order_id,
        user_id: payment.user_id,
        amount_fen: payment.amount,
        paid_at,
        out_trade_no: attempt.map(|attempt| attempt.out_trade_no.clone()),
    };
    record(tx, &NewEvent { name: PAID, version: 1, user: Some(payment.user_id), payload: &payload }).map(drop)
}

pub(super) fn refunded(tx: &mut Tx<'_>, payment: &Payment, refund: &Refund) -> DbResult<()> {
    let payload = PaymentRefunded {
        refund_id: refund.id,
        order_id: payment.order_id,
        user_id: payment.user_id,
        amount_fen: refund.amount,
        cause: refund.cause,
    };
    record(tx, &NewEvent { name: REFUNDED, version: 1, user: Some(payment.user_id), payload: &payload }).map(drop)
}

pub(super) fn unexpected_money(
    tx: &mut Tx<'_>,
    payment: &Payment,
    attempt: &Attempt,
    amount: Fen,
    cause: RefundCause,
) -> DbResult<()> {
    let payload = UnexpectedMoney {
        order_id: payment.order_id,
        user_id: payment.user_id,
        out_trade_no: attempt.out_trade_no.clone(),
        amount_fen: amount,
        cause,
    };
    record(tx, &NewEvent { name: UNEXPECTED_MONEY, version: 1, user: Some(payment.user_id), payload: &payload })
        .map(drop)
}
