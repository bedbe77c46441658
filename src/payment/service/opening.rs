//! What is to be paid: opened by orders, changed and closed by them.

use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::error::PaymentError;
use crate::payment::events;
use crate::payment::model::{Attempt, Payment, PaymentId, PaymentState, Refund, RefundCause, RefundState};
use crate::payment::service::Cashier;
use crate::payment::wechat::WECHAT;
use crate::payment::{rules, store};
use crate::platform::db::{DbError, DbResult, Tx};

/// What is to be paid.
#[derive(Debug, Clone)]
pub struct OpenPayment {
    /// The order.
    pub subject: OrderId,
    /// Who owes it.
    pub user_id: UserId,
    /// How much; zero is settled by [`settle_free`].
    pub amount: Fen,
    /// What the payer reads at the provider; cut to what providers allow.
    pub description: String,
    /// The moment from which it can no longer be paid.
    pub expires_at: Timestamp,
}

/// Whether an unpaid order may be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayClose {
    /// No money can be under way, or the provider has been silent for too long.
    Yes,
    /// The provider is being asked; ask again in some seconds.
    AskingProvider,
}

/// The WeChat Pay transaction that paid an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WechatTransaction {
    /// WeChat's number of it.
    pub transaction_id: String,
    /// Our number of it.
    pub out_trade_no: String,
    /// Who paid, within `app_id`; `None` outside mini-programs and pages in WeChat.
    pub openid: Option<String>,
    /// The application it was paid in.
    pub app_id: String,
    /// The merchant that was paid.
    pub mch_id: String,
}

/// A payment with everything that happened to it.
#[derive(Debug)]
pub struct Standing {
    /// What is to be paid.
    pub payment: Payment,
    /// The tries at paying it, oldest first.
    pub attempts: Vec<Attempt>,
    /// What went back, oldest first.
    pub refunds: Vec<Refund>,
}

/// Opens the payment of an order.
///
/// # Errors
/// When the order has one, or the database fails.
pub fn open(tx: &mut Tx<'_>, payment: OpenPayment) -> DbResult<PaymentId> {
    let new = store::payments::NewPayment {
        order_id: payment.subject,
        user_id: payment.user_id,
        description: payment.description,
        amount: payment.amount,
        expires_at: payment.expires_at,
    };
    store::payments::insert(tx, new)
}

/// Settles an order whose total is zero. The caller moves its order itself; nothing calls back.
///
/// # Errors
/// When the payment is missing, closed, or not of zero; or the database fails.
pub fn settle_free(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let payment = of_order(tx, order)?;
    if payment.amount != Fen::ZERO || payment.state == PaymentState::Closed {
        return Err(DbError::Defect("payment: only an open payment of zero is free of charge".to_owned()));
    }
    let now = tx.now();
    if store::payments::mark_paid(tx, payment.id, now)? {
        store::attempts::ask_about_open(tx, payment.id)?;
        events::paid(tx, &payment, None, now)?;
    }
    Ok(())
}

/// Changes what is to be paid. Attempts over another amount can no longer be kept and are closed at the provider;
/// money that comes by them all the same is given back.
///
/// # Errors
/// When it can no longer be paid, or the database fails.
pub fn change_amount(tx: &mut Tx<'_>, order: OrderId, amount: Fen) -> Result<(), PaymentError> {
    let payment = store::payments::of_order(tx, order)?.ok_or(PaymentError::NotFound)?;
    if !store::payments::set_amount(tx, payment.id, amount)? {
        return Err(not_open(payment.state));
    }
    store::attempts::ask_about_open(tx, payment.id)?;
    Ok(())
}

/// Closes the payment of an order that will not be paid; open attempts are closed at the provider in the background.
/// Does nothing to a payment that is paid or closed: the order's own state decides there. Call it before the order is
/// touched, so that locks are taken in the order payment → order.
///
/// # Errors
/// When the payment is missing, or the database fails.
pub fn close(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let payment = of_order(tx, order)?;
    if store::payments::close(tx, payment.id)? {
        store::attempts::ask_about_open(tx, payment.id)?;
    }
    Ok(())
}

/// Locks the payment of an order until the end of the transaction, for a caller that is going to lock the order and to
/// ask for a refund after that.
///
/// # Errors
/// When the payment is missing, or the database fails.
pub fn lock(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let payment = of_order(tx, order)?;
    store::payments::lock(tx, payment.id).map(drop)
}

/// Whether an order past its deadline may be closed: not while a shopper may just have paid. The provider is asked at
/// the deadline by itself and again while it is silent; an answer closes the attempt or pays the order.
///
/// # Errors
/// When the payment is missing, or the database fails.
pub fn may_close(tx: &mut Tx<'_>, order: OrderId) -> DbResult<MayClose> {
    let payment = of_order(tx, order)?;
    let now = tx.now();
    let attempts = store::attempts::of_payment(tx, payment.id)?;
    let waits = |attempt: &Attempt| attempt.state.is_open() && !rules::given_up_on(&payment, attempt, now);
    Ok(if attempts.iter().any(waits) { MayClose::AskingProvider } else { MayClose::Yes })
}

/// The transaction that paid an order through WeChat; `None` when it is unpaid, was free, or went another way.
///
/// # Errors
/// When the database fails.
pub fn wechat_transaction(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Option<WechatTransaction>> {
    let Some(payment) = store::payments::of_order(tx, order)? else { return Ok(None) };
    let kept = store::attempts::kept(tx, payment.id)?.filter(|attempt| attempt.provider == WECHAT);
    Ok(kept.and_then(|attempt| {
        Some(WechatTransaction {
            transaction_id: attempt.transaction_id?,
            out_trade_no: attempt.out_trade_no,
            openid: attempt.payer,
            app_id: attempt.app_id,
            mch_id: attempt.mch_id,
        })
    }))
}

/// How the payment of an order stands, for staff.
pub fn standing(tx: &mut Tx<'_>, order: OrderId) -> Result<Standing, PaymentError> {
    let payment = store::payments::of_order(tx, order)?.ok_or(PaymentError::NotFound)?;
    let attempts = store::attempts::of_payment(tx, payment.id)?;
    let refunds = store::refunds::of_payment(tx, payment.id)?;
    Ok(Standing { payment, attempts, refunds })
}

/// How the payment of a shopper's own order stands.
fn standing_of_user(tx: &mut Tx<'_>, order: OrderId, user: UserId) -> Result<Standing, PaymentError> {
    let standing = standing(tx, order)?;
    if standing.payment.user_id == user { Ok(standing) } else { Err(PaymentError::NotFound) }
}

pub(super) fn not_open(state: PaymentState) -> PaymentError {
    PaymentError::NotOpen(serde_json::json!({ "state": state }))
}

fn of_order(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Payment> {
    store::payments::of_order(tx, order)?.ok_or_else(|| super::missing("the payment of an order"))
}

impl Standing {
    /// What has reached the payer again, of what paid the order.
    pub fn refunded(&self) -> Fen {
        let done = |refund: &&Refund| refund.cause == RefundCause::Order && refund.state == RefundState::Succeeded;
        Fen::sum(self.refunds.iter().filter(done).map(|refund| refund.amount)).unwrap_or_default()
    }
}

impl Cashier {
    /// How the payment of a shopper's own order stands. While money may be under way for longer than notices usually
    /// take, the question to the provider is brought forward, so that one that is late or lost keeps nobody waiting.
    ///
    /// # Errors
    /// When it is not theirs, or the database fails.
    pub async fn look(&self, order: OrderId, user: UserId) -> Result<Standing, PaymentError> {
        let standing = self.db.read("payment.look", move |tx| standing_of_user(tx, order, user)).await?;
        let now = self.db.clock().now();
        let asked_before = now.plus_millis(-rules::POKE_PAUSE_MS);
        let waiting = standing.attempts.iter().any(|attempt| rules::worth_asking(attempt, asked_before));
        // Questions without end would keep the last one before closing from ever growing old.
        let in_time = now < standing.payment.expires_at.plus_millis(rules::CLOSING_GRACE_MS);
        if standing.payment.state == PaymentState::Open && waiting && in_time {
            let payment = standing.payment.id;
            self.db.write("payment.poke", move |tx| store::attempts::poke(tx, payment, asked_before)).await?;
        }
        Ok(standing)
    }
}
