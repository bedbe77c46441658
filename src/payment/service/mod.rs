//! Use cases of payment, by meaning.

mod applying;
mod attempts;
mod comparing;
mod ledger;
mod notices;
mod opening;
mod reconciling;
mod refunds;
mod reviews;

use std::sync::Arc;

use crate::payment::payable::Payable;
use crate::payment::provider::Providers;
use crate::platform::db::{Db, DbError};

pub(super) use attempts::{Handover, PayerRequest};
pub use comparing::Compared;
pub(super) use ledger::list as list_ledger;
pub use ledger::{differences, provider_book};
pub(super) use notices::{NoticeAnswer, apply_stored, list as list_notices};
pub use opening::{
    MayClose, OpenPayment, WechatTransaction, change_amount, close, lock, may_close, open, settle_free,
    wechat_transaction,
};
pub(super) use opening::{Standing, standing};
pub(super) use reconciling::{ATTEMPT_JOB, AttemptJob, Wanted, ask_due_attempt, ask_due_refund};
pub(super) use refunds::{REFUND_JOB, RefundJob, Retry, list as list_refunds, retry as retry_refund};
pub use refunds::{RefundRequest, request_refund};
pub(super) use reviews::{Resolution, list as list_reviews, resolve as resolve_review};

/// Whoever handles money: the database, the providers, and what is paid for. Cloning shares it.
#[derive(Clone)]
pub struct Cashier {
    db: Db,
    providers: Providers,
    payable: Arc<dyn Payable>,
}

impl Cashier {
    /// A cashier for these providers and this payable.
    pub fn new(db: Db, providers: Providers, payable: Arc<dyn Payable>) -> Self {
        Self { db, providers, payable }
    }
}

/// A row that another row points at and that is gone all the same.
fn missing(what: &str) -> DbError {
    DbError::Defect(format!("payment: {what} is missing"))
}
