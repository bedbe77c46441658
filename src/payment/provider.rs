//! The port through which money moves: WeChat Pay is one adapter, others plug in beside it.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::model::{Attempt, TradeType};

/// What came of a call to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The provider answered.
    Done(T),
    /// The provider understood and said no; nothing was done.
    Refused {
        /// The provider's word for it.
        code: String,
        /// For people.
        message: String,
    },
    /// No usable answer: it may or may not have been done. Ask, or repeat under the same number.
    Unknown(String),
}

/// Whom money is paid to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAccount {
    /// The application.
    pub app_id: String,
    /// The merchant.
    pub mch_id: String,
}

/// A payment to be prepared. Every value comes from stored rows, so that a repeated call is identical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepayCall {
    /// Where the shopper pays.
    pub trade_type: TradeType,
    /// Our number.
    pub out_trade_no: String,
    /// What the payer reads.
    pub description: String,
    /// How much.
    pub amount: Fen,
    /// Who pays.
    pub payer: Option<String>,
    /// Their address.
    pub client_address: Option<String>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

/// A prepared payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The provider's handle of it.
    pub prepay: String,
    /// How long the handle works, in milliseconds from now.
    pub lives_ms: i64,
}

/// What the front end passes on to the provider's own client to let the shopper pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "trade_type", rename_all = "snake_case")]
pub enum ClientParams {
    /// The arguments of `wx.requestPayment`; pages inside WeChat also need `appId`.
    Jsapi {
        /// The application.
        #[serde(rename = "appId")]
        #[schema(example = "wx0123456789abcdef")]
        app_id: String,
        /// Seconds, as text.
        #[serde(rename = "timeStamp")]
        #[schema(example = "1767225600")]
        time_stamp: String,
        /// The nonce.
        #[serde(rename = "nonceStr")]
        nonce_str: String,
        /// `prepay_id=…`.
        #[schema(example = "prepay_id=wx26112221580621e9b071c00d9e093b0000")]
        package: String,
        /// Always `RSA`.
        #[serde(rename = "signType")]
        #[schema(example = "RSA")]
        sign_type: String,
        /// The signature.
        #[serde(rename = "paySign")]
        pay_sign: String,
    },
    /// The arguments of the payment call of a native app.
    App {
        /// The application.
        #[serde(rename = "appId")]
        #[schema(example = "wx0123456789abcdef")]
        app_id: String,
        /// The merchant.
        #[serde(rename = "partnerId")]
        #[schema(example = "1900000109")]
        partner_id: String,
        /// The handle.
        #[serde(rename = "prepayId")]
        prepay_id: String,
        /// Always `Sign=WXPay`.
        #[serde(rename = "packageValue")]
        #[schema(example = "Sign=WXPay")]
        package_value: String,
        /// Seconds, as text.
        #[serde(rename = "timeStamp")]
        #[schema(example = "1767225600")]
        time_stamp: String,
        /// The nonce.
        #[serde(rename = "nonceStr")]
        nonce_str: String,
        /// The signature.
        sign: String,
    },
    /// A page to send the browser to.
    H5 {
        /// Its address; works for five minutes.
        #[schema(example = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx26")]
        h5_url: String,
    },
}

/// Money that came, as a provider reports it in a notice or in the answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyReport {
    /// Our number of the attempt.
    pub out_trade_no: String,
    /// The provider's number of the money.
    pub transaction_id: String,
    /// The application it was paid in.
    pub app_id: String,
    /// The merchant it was paid to.
    pub mch_id: String,
    /// Who paid, when the provider says so.
    pub payer: Option<String>,
    /// How much the order asked for and got.
    pub amount: Fen,
    /// In which currency.
    pub currency: String,
    /// When, by the provider's clock.
    pub paid_at: Timestamp,
}

/// How an attempt stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeStanding {
    /// Money came, even if some or all of it has gone back since.
    Paid(MoneyReport),
    /// No money yet.
    NotPaid,
    /// No money, and none can come.
    Closed,
    /// The provider has never heard of it.
    Absent,
}

/// What became of a request to close an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// No money can come by it.
    Closed,
    /// Money had come before.
    AlreadyPaid,
}

/// A refund to be made. Every value comes from stored rows, so that a repeated call is identical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundCall {
    /// The provider's number of the money.
    pub transaction_id: String,
    /// Our number of the refund.
    pub out_refund_no: String,
    /// What the payer reads.
    pub reason: String,
    /// How much goes back.
    pub amount: Fen,
    /// How much had come.
    pub total: Fen,
}

/// How a refund stands at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStanding {
    /// Under way.
    Processing,
    /// The payer has the money.
    Succeeded,
    /// The payer's account cannot take it.
    Abnormal,
    /// Given up; the money stayed with the shop.
    Closed,
}

/// A refund as a provider reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReport {
    /// Our number of the refund.
    pub out_refund_no: String,
    /// The provider's number of the refund.
    pub provider_refund_id: String,
    /// Our number of the attempt, when the provider says so.
    pub out_trade_no: Option<String>,
    /// The merchant, when the provider says so.
    pub mch_id: Option<String>,
    /// How it stands.
    pub standing: RefundStanding,
    /// How much goes back.
    pub amount: Fen,
    /// When it reached the payer.
    pub succeeded_at: Option<Timestamp>,
}

/// A notice that is proven to come from the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The provider's id of this notice.
    pub notice_id: String,
    /// What it says happened.
    pub event_type: String,
    /// Its content, opened.
    pub plaintext: String,
}

/// What a notice reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Money came.
    Money(MoneyReport),
    /// A refund moved on.
    Refund(RefundReport),
    /// Nothing this shop acts on.
    Other,
}

/// Why a notice is not believed; nothing may be stored or changed because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeRefused {
    /// A stable word for logs and counters.
    pub reason: &'static str,
}

/// A provider of payment. Every call that moves money is safe to repeat under the same number.
pub trait Provider: Send + Sync {
    /// A stable name, stored with every attempt.
    fn name(&self) -> &'static str;

    /// Whom payments of this trade type go to; `None` when this provider cannot do them.
    fn account(&self, trade_type: TradeType) -> Option<ProviderAccount>;

    /// Whether an attempt of this trade type is bound to one payer, named by an id within [`Self::account`]'s app.
    fn binds_payer(&self, trade_type: TradeType) -> bool;

    /// Prepares a payment.
    fn prepay<'a>(&'a self, call: &'a PrepayCall) -> BoxFuture<'a, Outcome<Prepared>>;

    /// Signs what the front end needs to let the shopper pay by this handle.
    fn client_params(&self, trade_type: TradeType, prepay: &str) -> Outcome<ClientParams>;

    /// How an attempt stands.
    fn query<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Outcome<TradeStanding>>;

    /// Closes an attempt so that no money can come by it.
    fn close<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Outcome<Closing>>;

    /// Gives money back.
    fn refund<'a>(&'a self, call: &'a RefundCall) -> BoxFuture<'a, Outcome<RefundReport>>;

    /// How a refund stands; `None` when the provider has never heard of it.
    fn query_refund<'a>(&'a self, out_refund_no: &'a str) -> BoxFuture<'a, Outcome<Option<RefundReport>>>;

    /// Verifies and opens a notice.
    ///
    /// # Errors
    /// When it is not proven to come from the provider.
    fn read_notice<'a>(
        &'a self,
        headers: &'a HeaderMap,
        body: &'a [u8],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Notice, NoticeRefused>>;

    /// Reads the content of a notice; `None` when it is not what its kind promises.
    fn understand(&self, event_type: &str, plaintext: &str) -> Option<Report>;
}

/// The providers in use. Cloning shares them.
#[derive(Clone, Default)]
pub struct Providers(Arc<[Arc<dyn Provider>]>);

impl Providers {
    /// These providers; the first that can do a trade type is used for it.
    pub fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        Self(providers.into())
    }

    /// The provider of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.0.iter().find(|provider| provider.name() == name)
    }

    /// The provider for this trade type, and whom it pays.
    pub fn for_trade(&self, trade_type: TradeType) -> Option<(&Arc<dyn Provider>, ProviderAccount)> {
        self.0.iter().find_map(|provider| provider.account(trade_type).map(|account| (provider, account)))
    }
}
