//! Orders as payment knows them.

use super::service::{self, Orders};
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::{PaidOutcome, Payable, RefundId};
use crate::platform::db::{DbResult, Tx};

/// Tells orders of money that came and went.
#[derive(Clone, Debug)]
pub struct OrderPayable(pub Orders);

impl Payable for OrderPayable {
    fn on_paid(&self, tx: &mut Tx<'_>, subject: OrderId, paid_at: Timestamp) -> DbResult<PaidOutcome> {
        service::paid(tx, &self.0, subject, paid_at)
    }

    fn on_refunded(&self, tx: &mut Tx<'_>, subject: OrderId, refund: RefundId, amount: Fen) -> DbResult<()> {
        service::refunded(tx, &self.0, subject, refund, amount)
    }
}
