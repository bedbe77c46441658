//! The adapter to WeChat Pay v3.

use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::http::header::HeaderMap;
use futures_util::future::{BoxFuture, FutureExt as _};

use crate::kernel::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::payment::model::{Attempt, TradeType};
use crate::payment::provider::{
    ClientParams, Closing, MoneyReport, Notice, NoticeRefused, Outcome, Prepared, PrepayCall, Provider,
    ProviderAccount, RefundCall, RefundReport, RefundStanding, Report, TradeStanding,
};
use crate::payment::rules::CURRENCY;
use crate::platform::wechat::pay::{
    self, NoticeHeaders, NoticeRefusal, PayClient, Prepay, PrepayRequest, RefundNotice, RefundQuery, RefundRequest,
    RefundState, RefundStatus, RefundedPayment, Trade, TradeQuery, TradeState,
};
use crate::platform::wechat::{WechatError, WechatErrorKind};

/// The name stored with attempts.
pub const WECHAT: &str = "wechat";
/// Where WeChat Pay sends notices of payments and of refunds.
pub const NOTICE_PATH: &str = "/hooks/wechat/pay";

/// How long a prepay id works, whatever the deadline of the order.
const PREPAY_ID_LIVES_MS: i64 = 2 * HOUR_MS;
/// How long the page for browsers outside WeChat works.
const H5_URL_LIVES_MS: i64 = 5 * MINUTE_MS;
/// A notice under an unknown serial may make the certificates be fetched at most this often, since anybody can send one.
const CERTIFICATES_PAUSE_MS: i64 = MINUTE_MS;

/// WeChat Pay for one merchant.
pub struct WechatProvider {
    pay: PayClient,
    mobile: Option<PayClient>,
    certificates_asked_at: AtomicI64,
}

impl WechatProvider {
    /// Payments in the mini-program and in browsers by `pay`, and in native apps by `mobile`, which is the same merchant
    /// under the app id of the mobile application; without it, native apps cannot pay.
    pub const fn new(pay: PayClient, mobile: Option<PayClient>) -> Self {
        Self { pay, mobile, certificates_asked_at: AtomicI64::new(0) }
    }

    fn client(&self, trade_type: TradeType) -> Option<&PayClient> {
        match trade_type {
            TradeType::Jsapi | TradeType::H5 => Some(&self.pay),
            TradeType::App => self.mobile.as_ref(),
        }
    }

    async fn prepare(&self, call: &PrepayCall) -> Outcome<Prepared> {
        let Some(client) = self.client(call.trade_type) else { return unavailable() };
        let request = PrepayRequest {
            trade_type: wire_type(call.trade_type),
            out_trade_no: call.out_trade_no.clone(),
            description: call.description.clone(),
            amount_fen: call.amount,
            openid: call.payer.clone(),
            time_expire: call.expires_at,
            notify_url: client.notify_url(NOTICE_PATH),
            payer_client_ip: call.client_address.clone(),
            attach: None,
        };
        match client.prepay(&request).await {
            Ok(Prepay::PrepayId(prepay)) => Outcome::Done(Prepared { prepay, lives_ms: PREPAY_ID_LIVES_MS }),
            Ok(Prepay::H5Url(prepay)) => Outcome::Done(Prepared { prepay, lives_ms: H5_URL_LIVES_MS }),
            Ok(Prepay::CodeUrl(_)) => Outcome::Unknown("a code nobody asked for".to_owned()),
            Err(error) => failed(&error),
        }
    }

    async fn standing(&self, out_trade_no: &str) -> Outcome<TradeStanding> {
        match self.pay.query_by_out_trade_no(out_trade_no).await {
            Ok(TradeQuery::NotFound) => Outcome::Done(TradeStanding::Absent),
            Ok(TradeQuery::Found(trade)) => standing(*trade),
            Err(error) => failed(&error),
        }
    }

    async fn give_back(&self, call: &RefundCall) -> Outcome<RefundReport> {
        let request = RefundRequest {
            payment: RefundedPayment::TransactionId(call.transaction_id.clone()),
            out_refund_no: call.out_refund_no.clone(),
            reason: Some(call.reason.clone()).filter(|reason| !reason.is_empty()),
            refund_fen: call.amount,
            total_fen: call.total,
            notify_url: Some(self.pay.notify_url(NOTICE_PATH)),
        };
        match self.pay.refund(&request).await {
            Ok(state) => refund_report(state),
            Err(error) => failed(&error),
        }
    }

    async fn refund_standing(&self, out_refund_no: &str) -> Outcome<Option<RefundReport>> {
        match self.pay.query_refund(out_refund_no).await {
            Ok(RefundQuery::NotFound) => Outcome::Done(None),
            Ok(RefundQuery::Found(state)) => match refund_report(*state) {
                Outcome::Done(report) => Outcome::Done(Some(report)),
                Outcome::Refused { code, message } => Outcome::Refused { code, message },
                Outcome::Unknown(why) => Outcome::Unknown(why),
            },
            Err(error) => failed(&error),
        }
    }

    /// Verifies a notice. Certificates are renewed by WeChat from time to time: an unknown serial makes them be fetched
    /// once, and the notice be looked at again.
    async fn verified(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Notice, NoticeRefused> {
        let refused = |refusal: NoticeRefusal| NoticeRefused { reason: refusal.reason() };
        let signature = signature_headers(headers).ok_or(NoticeRefused { reason: "missing_header" })?;
        let mut verdict = self.pay.notices().verify(signature, body, now);
        let certificate = !signature.serial.starts_with("PUB_KEY_ID_");
        if matches!(verdict, Err(NoticeRefusal::UnknownKey)) && certificate && self.may_fetch_certificates(now) {
            match self.pay.download_certificates().await {
                Ok(_) => verdict = self.pay.notices().verify(signature, body, now),
                Err(error) => tracing::warn!(%error, "the certificate a notice was signed with could not be fetched"),
            }
        }
        let notice = verdict.map_err(refused)?;
        Ok(Notice { notice_id: notice.id, event_type: notice.event_type, plaintext: notice.plaintext })
    }

    fn may_fetch_certificates(&self, now: Timestamp) -> bool {
        let since = now.plus_millis(-CERTIFICATES_PAUSE_MS).millis();
        let claim = |last: i64| (last <= since).then(|| now.millis());
        self.certificates_asked_at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, claim).is_ok()
    }
}

impl Provider for WechatProvider {
    fn name(&self) -> &'static str {
        WECHAT
    }

    fn account(&self, trade_type: TradeType) -> Option<ProviderAccount> {
        let client = self.client(trade_type)?;
        Some(ProviderAccount { app_id: client.app_id().to_owned(), mch_id: client.mch_id().to_owned() })
    }

    fn binds_payer(&self, trade_type: TradeType) -> bool {
        trade_type == TradeType::Jsapi
    }

    fn prepay<'a>(&'a self, call: &'a PrepayCall) -> BoxFuture<'a, Outcome<Prepared>> {
        self.prepare(call).boxed()
    }

    fn client_params(&self, trade_type: TradeType, prepay: &str) -> Outcome<ClientParams> {
        let Some(client) = self.client(trade_type) else { return unavailable() };
        let params = match trade_type {
            TradeType::Jsapi => client.client_params_jsapi(prepay).map(|params| ClientParams::Jsapi {
                app_id: params.app_id,
                time_stamp: params.time_stamp,
                nonce_str: params.nonce_str,
                package: params.package,
                sign_type: params.sign_type,
                pay_sign: params.pay_sign,
            }),
            TradeType::App => client.client_params_app(prepay).map(|params| ClientParams::App {
                app_id: params.app_id,
                partner_id: params.partner_id,
                prepay_id: params.prepay_id,
                package_value: params.package_value,
                time_stamp: params.time_stamp,
                nonce_str: params.nonce_str,
                sign: params.sign,
            }),
            TradeType::H5 => Ok(ClientParams::H5 { h5_url: prepay.to_owned() }),
        };
        match params {
            Ok(params) => Outcome::Done(params),
            Err(error) => failed(&error),
        }
    }

    fn query<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Outcome<TradeStanding>> {
        self.standing(&attempt.out_trade_no).boxed()
    }

    fn close<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Outcome<Closing>> {
        async move {
            match self.pay.close(&attempt.out_trade_no).await {
                Ok(pay::Closing::Closed | pay::Closing::NotFound) => Outcome::Done(Closing::Closed),
                Ok(pay::Closing::AlreadyPaid) => Outcome::Done(Closing::AlreadyPaid),
                Err(error) => failed(&error),
            }
        }
        .boxed()
    }

    fn refund<'a>(&'a self, call: &'a RefundCall) -> BoxFuture<'a, Outcome<RefundReport>> {
        self.give_back(call).boxed()
    }

    fn query_refund<'a>(&'a self, out_refund_no: &'a str) -> BoxFuture<'a, Outcome<Option<RefundReport>>> {
        self.refund_standing(out_refund_no).boxed()
    }

    fn read_notice<'a>(
        &'a self,
        headers: &'a HeaderMap,
        body: &'a [u8],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Notice, NoticeRefused>> {
        self.verified(headers, body, now).boxed()
    }

    fn understand(&self, event_type: &str, plaintext: &str) -> Option<Report> {
        if event_type.starts_with("TRANSACTION.") {
            let trade: Trade = serde_json::from_str(plaintext).ok()?;
            match standing(trade) {
                Outcome::Done(TradeStanding::Paid(report)) => Some(Report::Money(report)),
                Outcome::Done(_) => Some(Report::Other),
                Outcome::Refused { .. } | Outcome::Unknown(_) => None,
            }
        } else if event_type.starts_with("REFUND.") {
            notice_report(serde_json::from_str(plaintext).ok()?).map(Report::Refund)
        } else {
            Some(Report::Other)
        }
    }
}

const fn wire_type(trade_type: TradeType) -> pay::TradeType {
    match trade_type {
        TradeType::Jsapi => pay::TradeType::Jsapi,
        TradeType::App => pay::TradeType::App,
        TradeType::H5 => pay::TradeType::H5,
    }
}

fn unavailable<T>() -> Outcome<T> {
    Outcome::Refused { code: "UNAVAILABLE".to_owned(), message: "this way of paying is not set up".to_owned() }
}

/// What a failed call lets us conclude: only a plain no means that nothing was done.
fn failed<T>(error: &WechatError) -> Outcome<T> {
    if error.outcome_unknown() || error.retryable() {
        return Outcome::Unknown(error.to_string());
    }
    match error.kind() {
        WechatErrorKind::Refused { code, message } => Outcome::Refused { code: code.clone(), message: message.clone() },
        other => Outcome::Refused { code: "NOT_SENT".to_owned(), message: other.to_string() },
    }
}

fn signature_headers(headers: &HeaderMap) -> Option<NoticeHeaders<'_>> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(NoticeHeaders {
        timestamp: header("wechatpay-timestamp")?,
        nonce: header("wechatpay-nonce")?,
        signature: header("wechatpay-signature")?,
        serial: header("wechatpay-serial")?,
        signature_type: header("wechatpay-signature-type"),
    })
}

fn standing(trade: Trade) -> Outcome<TradeStanding> {
    match &trade.trade_state {
        TradeState::Success | TradeState::Refund => match money_report(trade) {
            Some(report) => Outcome::Done(TradeStanding::Paid(report)),
            None => Outcome::Unknown("a paid transaction without number, amount or time".to_owned()),
        },
        TradeState::NotPay | TradeState::UserPaying | TradeState::PayError => Outcome::Done(TradeStanding::NotPaid),
        TradeState::Closed | TradeState::Revoked => Outcome::Done(TradeStanding::Closed),
        TradeState::Other(word) => Outcome::Unknown(format!("a transaction in the unknown state {word}")),
    }
}

fn money_report(trade: Trade) -> Option<MoneyReport> {
    let payer = trade.payer_openid().map(str::to_owned);
    let amount = trade.amount?;
    Some(MoneyReport {
        out_trade_no: trade.out_trade_no,
        transaction_id: trade.transaction_id?,
        app_id: trade.app_id,
        mch_id: trade.mch_id,
        payer,
        amount: amount.total,
        currency: amount.currency.unwrap_or_else(|| CURRENCY.to_owned()),
        paid_at: trade.success_time?,
    })
}

const fn refund_standing(status: &RefundStatus) -> Option<RefundStanding> {
    match status {
        RefundStatus::Success => Some(RefundStanding::Succeeded),
        RefundStatus::Processing => Some(RefundStanding::Processing),
        RefundStatus::Abnormal => Some(RefundStanding::Abnormal),
        RefundStatus::Closed => Some(RefundStanding::Closed),
        RefundStatus::Other(_) => None,
    }
}

fn refund_report(state: RefundState) -> Outcome<RefundReport> {
    let Some(standing) = refund_standing(&state.status) else {
        return Outcome::Unknown(format!("a refund in the unknown state {}", state.status.as_str()));
    };
    Outcome::Done(RefundReport {
        out_refund_no: state.out_refund_no,
        provider_refund_id: state.refund_id,
        out_trade_no: state.out_trade_no,
        mch_id: None,
        standing,
        amount: state.amount.refund,
        succeeded_at: state.success_time,
    })
}

fn notice_report(notice: RefundNotice) -> Option<RefundReport> {
    Some(RefundReport {
        standing: refund_standing(&notice.refund_status)?,
        out_refund_no: notice.out_refund_no,
        provider_refund_id: notice.refund_id,
        out_trade_no: Some(notice.out_trade_no),
        mch_id: Some(notice.mch_id),
        amount: notice.amount.refund,
        succeeded_at: notice.success_time,
    })
}

#[cfg(test)]
#[path = "wechat_tests.rs"]
mod tests;
