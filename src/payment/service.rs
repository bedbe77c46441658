//! Use cases of payment.

use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::error::PaymentError;
use crate::payment::model::{PaymentId, RefundId};
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

/// Money to give back of what was paid for an order.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// The order.
    pub order_id: OrderId,
    /// How much, above zero.
    pub amount: Fen,
    /// What the payer reads; cut to what providers allow.
    pub reason: String,
    /// Who decided it; `None` when a rule did.
    pub staff_id: Option<StaffId>,
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
    /// Who paid, within `app_id`.
    pub openid: String,
    /// The application it was paid in.
    pub app_id: String,
    /// The merchant that was paid.
    pub mch_id: String,
}

/// Opens the payment of an order.
pub fn open(_tx: &mut Tx<'_>, _payment: OpenPayment) -> DbResult<PaymentId> {
    Err(DbError::Defect("not built".to_owned()))
}

/// Settles an order whose total is zero. The caller moves its order itself; nothing calls back.
pub fn settle_free(_tx: &mut Tx<'_>, _order: OrderId) -> DbResult<()> {
    Err(DbError::Defect("not built".to_owned()))
}

/// Changes what is to be paid.
pub fn change_amount(_tx: &mut Tx<'_>, _order: OrderId, _amount: Fen) -> Result<(), PaymentError> {
    Err(DbError::Defect("not built".to_owned()).into())
}

/// Closes the payment of an order that will not be paid.
pub fn close(_tx: &mut Tx<'_>, _order: OrderId) -> DbResult<()> {
    Err(DbError::Defect("not built".to_owned()))
}

/// Whether an order past its deadline may be closed.
pub fn may_close(_tx: &mut Tx<'_>, _order: OrderId) -> DbResult<MayClose> {
    Err(DbError::Defect("not built".to_owned()))
}

/// Asks for money to be given back.
pub fn request_refund(_tx: &mut Tx<'_>, _request: RefundRequest) -> Result<RefundId, PaymentError> {
    Err(DbError::Defect("not built".to_owned()).into())
}

/// The transaction that paid an order through WeChat.
pub fn wechat_transaction(_tx: &mut Tx<'_>, _order: OrderId) -> DbResult<Option<WechatTransaction>> {
    Err(DbError::Defect("not built".to_owned()))
}
