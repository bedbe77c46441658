//! What can be paid for, seen from payment: implemented by orders, which payment otherwise knows nothing of.

use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::RefundId;
use crate::platform::db::{DbResult, Tx};

/// What the payable does with money that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidOutcome {
    /// It is paid by this money.
    Kept,
    /// It can no longer be paid; payment gives the money back by itself.
    TooLate,
}

/// Something that can be paid for. Called inside payment's transaction, which already holds the lock of the payment
/// row, so an implementation may lock its own rows and those below.
pub trait Payable: Send + Sync {
    /// Money of exactly the amount due came at `paid_at` (the provider's time). Called at most once with the outcome
    /// [`PaidOutcome::Kept`] for one subject.
    ///
    /// # Errors
    /// When the database fails; then nothing happened and it is asked again.
    fn on_paid(&self, tx: &mut Tx<'_>, subject: OrderId, paid_at: Timestamp) -> DbResult<PaidOutcome>;

    /// A refund that was asked for by [`super::request_refund`] reached the payer. Called once for each refund.
    ///
    /// # Errors
    /// When the database fails; then nothing happened and it is told again.
    fn on_refunded(&self, tx: &mut Tx<'_>, subject: OrderId, refund: RefundId, amount: Fen) -> DbResult<()>;
}
