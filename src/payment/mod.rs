//! Payment: what is to be paid for an order, the attempts at paying it, refunds, and the ledger of money.
//!
//! Owns `payments` (`open → paid | closed`), `payment_attempts` (`created → prepaid → succeeded | closed`; a closed one
//! may still succeed when money comes all the same), `refunds` (`pending → processing → succeeded | abnormal | closed`;
//! staff bring the last two back to `pending`), `payment_notices`, `payment_reviews` and `ledger_entries`.
//!
//! What always holds:
//! * An order is paid by exactly one attempt (a unique index over the kept ones). Any other money is given back by
//!   itself, or waits as a review for a person; nothing is ever silently ignored.
//! * What was promised back never exceeds what came, and there are at most 50 refunds for one attempt: counted on the
//!   attempt by guarded updates and repeated by checks.
//! * A number is written down before the provider hears of it and is used again at every retry, so a lost answer can
//!   neither charge nor refund twice.
//! * A notice is only a poke: it and the answer to our own question are applied by the same code, under the lock of the
//!   payment row. Locks are taken in the order payment → order → what the order locks.
//! * No call to a provider is made with a transaction open.
//!
//! The provider is asked at moments named by `next_query_at`: soon after an attempt began, then more rarely, at the
//! deadline, and after it until the provider has closed the attempt. An order past its deadline waits for that answer
//! ([`may_close`]), but not for ever: after a grace of ten minutes and one last question it is closed, and money found
//! later is given back.
//!
//! An order that costs nothing is paid by [`settle_free`] without attempt, provider or ledger: no money moves.
//!
//! Deliberately absent: reviving an order that was closed in time for late money; refunding from another source than the
//! attempt that brought the money; and currencies other than CNY.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod jobs;
mod model;
mod notice_api;
mod payable;
mod provider;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod wechat;

pub use account::PaymentAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::PaymentError;
pub use jobs::{AskAboutAttempt, AttemptsToAsk, CarryRefund, NoticesToApply, RefundsToAsk};
pub use model::{AttemptState, PaymentId, PaymentState, RefundCause, RefundId, RefundState, TradeType};
pub use notice_api::{HookApi, hook_routes};
pub use payable::{PaidOutcome, Payable};
pub use provider::{
    ClientParams, Closing, MoneyReport, Notice, NoticeRefused, Outcome, Prepared, PrepayCall, Provider,
    ProviderAccount, Providers, RefundCall, RefundReport, RefundStanding, Report, TradeStanding,
};
pub use service::{
    Cashier, Compared, MayClose, OpenPayment, RefundRequest, WechatTransaction, change_amount, close, differences,
    lock, may_close, open, provider_book, request_refund, settle_free, wechat_transaction,
};
pub use store::books::ProviderBookLine;
pub use wechat::WechatProvider;
