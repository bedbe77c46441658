//! Rows, ids and states of payment.

crate::typed_id! {
    /// What is to be paid for one order.
    PaymentId,
    /// One refund.
    RefundId,
}
