//! Payment: what is to be paid for an order, the attempts at paying it, refunds, and the ledger of money.

mod error;
mod model;
mod payable;
mod service;

pub use error::PaymentError;
pub use model::{PaymentId, RefundId};
pub use payable::{PaidOutcome, Payable};
pub use service::{
    MayClose, OpenPayment, RefundRequest, WechatTransaction, change_amount, close, may_close, open, request_refund,
    settle_free, wechat_transaction,
};
