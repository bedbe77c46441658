//! Rows, ids and states of payment.

use diesel::prelude::*;

use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{
    ledger_entries, payment_attempts, payment_notices, payment_reviews, payments, refunds,
};
use crate::{stored_enum, typed_id};

typed_id! {
    /// What is to be paid for one order.
    PaymentId,
    /// One try at paying it.
    AttemptId,
    /// One refund.
    RefundId,
    /// One notice of a provider.
    NoticeId,
    /// One case for a person to look at.
    ReviewId,
    /// One line of the ledger.
    EntryId,
}

/// The value of `payments.subject_kind`: orders are all that can be paid for.
pub(super) const ORDER: &str = "order";

stored_enum! {
    /// Where a payment stands.
    pub enum PaymentState {
        /// Can be paid.
        Open = "open",
        /// Paid by exactly one attempt, or free of charge.
        Paid = "paid",
        /// Will not be paid; money that comes all the same is given back.
        Closed = "closed",
    }
}

stored_enum! {
    /// Where an attempt stands.
    pub enum AttemptState {
        /// It has its number; the provider may or may not know of it.
        Created = "created",
        /// The provider knows of it and the shopper can pay.
        Prepaid = "prepaid",
        /// Money came, kept or not.
        Succeeded = "succeeded",
        /// The provider said that no money can come by it.
        Closed = "closed",
    }
}

impl AttemptState {
    /// Whether money may still come that nobody has heard of.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Prepaid)
    }

    /// The states for which [`Self::is_open`] holds.
    pub(super) const OPEN: [Self; 2] = [Self::Created, Self::Prepaid];
}

stored_enum! {
    /// Where the shopper pays.
    pub enum TradeType {
        /// In a mini-program, or on a page inside WeChat.
        Jsapi = "jsapi",
        /// In a native app.
        App = "app",
        /// On a page in any other browser.
        H5 = "h5",
    }
}

stored_enum! {
    /// Where a refund stands.
    pub enum RefundState {
        /// Decided; the provider has not accepted it yet.
        Pending = "pending",
        /// The provider has accepted it and the money is under way.
        Processing = "processing",
        /// The payer has the money.
        Succeeded = "succeeded",
        /// The provider refused it, or the payer's account cannot take it: staff must act.
        Abnormal = "abnormal",
        /// The provider gave it up and the money stayed with the shop: staff must act.
        Closed = "closed",
    }
}

stored_enum! {
    /// Why money is given back.
    pub enum RefundCause {
        /// The order, its after-sale or staff asked for it.
        Order = "order",
        /// It came after the order was closed.
        Late = "late",
        /// The order was paid already.
        Duplicate = "duplicate",
        /// It was not the amount due, or somebody else paid.
        Mismatch = "mismatch",
    }
}

stored_enum! {
    /// What is odd about a case for a person to look at.
    pub enum ReviewKind {
        /// Money for a number that is not ours.
        UnknownTrade = "unknown_trade",
        /// A report that does not fit the attempt: amount, currency, app, merchant or payer.
        TradeMismatch = "trade_mismatch",
        /// A second transaction under one number.
        SecondTransaction = "second_transaction",
        /// A refund under a number that is not ours.
        UnknownRefund = "unknown_refund",
        /// A report that does not fit the refund.
        RefundMismatch = "refund_mismatch",
        /// A notice that is authentic but not what its kind promises.
        UnreadableNotice = "unreadable_notice",
    }
}

stored_enum! {
    /// Whether a case was looked at.
    pub enum ReviewState {
        /// Waits for a person.
        Open = "open",
        /// A person dealt with it.
        Resolved = "resolved",
    }
}

stored_enum! {
    /// An account of the ledger. A positive amount is a debit.
    pub enum Account {
        /// What the provider holds for the shop.
        Provider = "provider",
        /// What was paid for orders.
        Orders = "orders",
        /// Money that fits no order and is given back.
        Unexpected = "unexpected",
    }
}

stored_enum! {
    /// What a posting of the ledger records; its reference is `out_trade_no` or `out_refund_no`.
    pub enum PostingKind {
        /// Money came.
        Payment = "payment",
        /// Money went back.
        Refund = "refund",
    }
}

/// What is to be paid for one order.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payments)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// The order.
    #[diesel(column_name = subject_id)]
    pub order_id: OrderId,
    /// Who owes it.
    pub user_id: UserId,
    /// What the payer reads.
    pub description: String,
    /// How much.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// Where it stands.
    pub state: PaymentState,
    /// From when it can no longer be paid.
    pub expires_at: Timestamp,
    /// When it was paid, by the provider's clock.
    pub paid_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// One try at paying.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payment_attempts)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// What it tries to pay.
    pub payment_id: PaymentId,
    /// The provider's name.
    pub provider: String,
    /// Where the shopper pays.
    pub trade_type: TradeType,
    /// Our number of it at the provider.
    pub out_trade_no: String,
    /// The application at the provider.
    pub app_id: String,
    /// The merchant at the provider.
    pub mch_id: String,
    /// Who is to pay, where the provider binds an attempt to one payer.
    pub payer: Option<String>,
    /// The shopper's address, where the provider wants it.
    pub client_address: Option<String>,
    /// How much is to be paid.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// Where it stands.
    pub state: AttemptState,
    /// The provider's handle of the prepared payment.
    pub prepay: Option<String>,
    /// Until when the handle works.
    pub prepay_expires_at: Option<Timestamp>,
    /// Whether its money pays the order.
    pub kept: bool,
    /// The provider's number of the money.
    pub transaction_id: Option<String>,
    /// The money that came.
    #[diesel(column_name = paid_fen)]
    pub paid: Fen,
    /// The money given back or promised back.
    #[diesel(column_name = refunded_fen)]
    pub refunded: Fen,
    /// Refunds asked for at the provider.
    pub refunds: i64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the money came, by the provider's clock.
    pub succeeded_at: Option<Timestamp>,
    /// When the provider was last asked about it.
    pub asked_at: Option<Timestamp>,
    /// When the provider is asked next.
    pub next_query_at: Option<Timestamp>,
    /// How often the provider was asked.
    pub queries: i64,
}

/// An attempt about to be written.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = payment_attempts, treat_none_as_default_value = false)]
pub(super) struct NewAttempt {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    pub provider: String,
    pub trade_type: TradeType,
    pub out_trade_no: String,
    pub app_id: String,
    pub mch_id: String,
    pub payer: Option<String>,
    pub client_address: Option<String>,
    pub amount_fen: Fen,
    pub state: AttemptState,
    pub kept: bool,
    pub paid_fen: Fen,
    pub refunded_fen: Fen,
    pub refunds: i64,
    pub created_at: Timestamp,
    pub next_query_at: Option<Timestamp>,
    pub queries: i64,
}

/// Money given back.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = refunds)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// What was paid.
    pub payment_id: PaymentId,
    /// The attempt whose money goes back.
    pub attempt_id: AttemptId,
    /// Our number of it at the provider; the same at every retry.
    pub out_refund_no: String,
    /// How much.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// Why.
    pub cause: RefundCause,
    /// What the payer reads.
    pub reason: String,
    /// Where it stands.
    pub state: RefundState,
    /// How often it was begun anew under a new number, after the provider had closed the one before.
    pub rounds: i64,
    /// The provider's number of it.
    pub provider_refund_id: Option<String>,
    /// What went wrong last, for staff.
    pub failure: Option<String>,
    /// Who decided it; `None` when a rule did.
    pub staff_id: Option<StaffId>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it reached a state that only staff or the provider change.
    pub settled_at: Option<Timestamp>,
    /// When the provider is asked next.
    pub next_query_at: Option<Timestamp>,
    /// How often the provider was asked.
    pub queries: i64,
}

/// A refund about to be written.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = refunds, treat_none_as_default_value = false)]
pub(super) struct NewRefund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub attempt_id: AttemptId,
    pub out_refund_no: String,
    pub amount_fen: Fen,
    pub cause: RefundCause,
    pub reason: String,
    pub state: RefundState,
    pub rounds: i64,
    pub staff_id: Option<StaffId>,
    pub created_at: Timestamp,
    pub next_query_at: Option<Timestamp>,
    pub queries: i64,
}

/// A notice as it came.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payment_notices)]
pub struct NoticeRow {
    /// Its id.
    pub id: NoticeId,
    /// Whose notice.
    pub provider: String,
    /// The provider's id of it.
    pub notice_id: String,
    /// What it says happened.
    pub event_type: String,
    /// Its content, opened.
    pub plaintext: String,
    /// What applying it did.
    pub outcome: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

/// A case for a person to look at.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payment_reviews)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// What is odd.
    pub kind: ReviewKind,
    /// What it is about, in the provider's or our numbers.
    pub reference: String,
    /// The facts, as JSON.
    pub details: String,
    /// Whether it was looked at.
    pub state: ReviewState,
    /// When it was found.
    pub created_at: Timestamp,
    /// When it was dealt with.
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    pub resolved_by: Option<StaffId>,
    /// How.
    pub resolution: Option<String>,
}

/// One line of the ledger.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = ledger_entries, treat_none_as_default_value = false)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The posting it belongs to; the lines of one sum to zero.
    pub posting_id: i64,
    /// The account.
    pub account: Account,
    /// What it records.
    pub kind: PostingKind,
    /// The order.
    #[diesel(column_name = subject_id)]
    pub order_id: Option<OrderId>,
    /// `out_trade_no` or `out_refund_no`.
    pub reference: String,
    /// Why.
    pub reason: String,
    /// How much; positive is a debit.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// When it was written.
    pub at: Timestamp,
}
