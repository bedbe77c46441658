//! Letting a shopper pay: a row first, then the provider, then the handle.

use crate::identity;
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::error::PaymentError;
use crate::payment::model::{Attempt, AttemptId, AttemptState, NewAttempt, Payment, TradeType};
use crate::payment::provider::{ClientParams, Outcome, Prepared, PrepayCall, Provider, ProviderAccount};
use crate::payment::service::Cashier;
use crate::payment::service::opening::not_open;
use crate::payment::{rules, store};
use crate::platform::db::Tx;

/// A shopper who wants to pay.
#[derive(Debug, Clone)]
pub struct PayerRequest {
    /// Who.
    pub user_id: UserId,
    /// Which order.
    pub order_id: OrderId,
    /// Where they pay.
    pub trade_type: TradeType,
    /// Their address.
    pub client_address: String,
}

/// What a shopper needs to pay.
#[derive(Debug)]
pub struct Handover {
    /// Arguments for the provider's own client.
    pub params: ClientParams,
    /// Until when the order can be paid.
    pub expires_at: Timestamp,
}

/// An attempt with its number, written down before the provider hears of it.
#[derive(Debug, Clone)]
struct Begun {
    attempt: Attempt,
    description: String,
    expires_at: Timestamp,
}

/// Facts of the provider that a transaction needs.
#[derive(Debug, Clone)]
struct Till {
    provider: &'static str,
    account: ProviderAccount,
    binds_payer: bool,
}

impl Cashier {
    /// Lets a shopper pay. An attempt over the same amount in the same place is used again under its number, so that
    /// neither a lost answer nor a second tap can charge twice.
    ///
    /// # Errors
    /// When the order cannot be paid, the way of paying does not exist here, or the provider refuses or is silent.
    pub async fn hand_over(&self, request: PayerRequest) -> Result<Handover, PaymentError> {
        let (provider, account) =
            self.providers.for_trade(request.trade_type).ok_or(PaymentError::TradeTypeUnavailable)?;
        let binds_payer = provider.binds_payer(request.trade_type);
        let till = Till { provider: provider.name(), account, binds_payer };
        let begun = self.db.write("payment.begin", move |tx| begin(tx, &request, &till)).await?;
        let prepay = match rules::live_prepay(&begun.attempt, self.db.clock().now()) {
            Some(prepay) => prepay.to_owned(),
            None => self.prepare(provider.as_ref(), &begun).await?,
        };
        let params = match provider.client_params(begun.attempt.trade_type, &prepay) {
            Outcome::Done(params) => params,
            Outcome::Refused { code, .. } => return Err(refused(&code)),
            Outcome::Unknown(_) => return Err(PaymentError::ProviderUnavailable),
        };
        Ok(Handover { params, expires_at: begun.expires_at })
    }

    /// Has the provider prepare the payment and notes the handle.
    async fn prepare(&self, provider: &dyn Provider, begun: &Begun) -> Result<String, PaymentError> {
        let call = prepay_call(begun);
        let id = begun.attempt.id;
        match provider.prepay(&call).await {
            Outcome::Done(prepared) => {
                let prepay = prepared.prepay.clone();
                self.db.write("payment.prepared", move |tx| note_prepared(tx, id, &prepared)).await?;
                Ok(prepay)
            }
            Outcome::Unknown(why) => {
                tracing::warn!(attempt = %id, why, "the provider did not answer a prepay; the number will be used again");
                Err(PaymentError::ProviderUnavailable)
            }
            Outcome::Refused { code, message } => {
                tracing::warn!(attempt = %id, code, message, "the provider refused a prepay");
                // The number is spent: closed, paid, or taken. Ask at once what became of it and close it, so that the
                // next request begins a new attempt.
                self.settle_attempt(id, super::reconciling::Wanted::Closed).await?;
                Err(refused(&code))
            }
        }
    }
}

fn begin(tx: &mut Tx<'_>, request: &PayerRequest, till: &Till) -> Result<Begun, PaymentError> {
    let found = store::payments::of_order(tx, request.order_id)?.filter(|payment| payment.user_id == request.user_id);
    let id = found.ok_or(PaymentError::NotFound)?.id;
    let payment = store::payments::lock(tx, id)?.ok_or(PaymentError::NotFound)?;
    if !rules::can_be_paid(&payment, tx.now()) {
        let state_is_why = payment.state != crate::payment::model::PaymentState::Open;
        return Err(if state_is_why { not_open(payment.state) } else { PaymentError::Expired });
    }
    if payment.amount <= Fen::ZERO {
        return Err(not_open(payment.state));
    }
    let payer = payer(tx, request, till)?;
    let wish = rules::Wish {
        provider: till.provider,
        trade_type: request.trade_type,
        amount: payment.amount,
        payer: payer.as_deref(),
        app_id: &till.account.app_id,
        mch_id: &till.account.mch_id,
    };
    let attempts = store::attempts::of_payment(tx, payment.id)?;
    let attempt = match attempts.iter().find(|attempt| rules::reusable(attempt, &wish)) {
        Some(attempt) => attempt.clone(),
        None if attempts.len() >= rules::MAX_ATTEMPTS => return Err(PaymentError::TooManyAttempts),
        None => write_attempt(tx, &payment, &wish, &request.client_address)?,
    };
    Ok(Begun { attempt, description: payment.description, expires_at: payment.expires_at })
}

/// Who is to pay: providers that bind an attempt to a payer need the shopper's id within their application.
fn payer(tx: &mut Tx<'_>, request: &PayerRequest, till: &Till) -> Result<Option<String>, PaymentError> {
    if !till.binds_payer {
        return Ok(None);
    }
    let openid = identity::wechat_openid(tx, request.user_id, &till.account.app_id)?;
    openid.map(Some).ok_or(PaymentError::PayerUnknown)
}

fn write_attempt(
    tx: &mut Tx<'_>,
    payment: &Payment,
    wish: &rules::Wish<'_>,
    client_address: &str,
) -> Result<Attempt, PaymentError> {
    let (id, now) = (AttemptId::new(tx.next_id()), tx.now());
    let new = NewAttempt {
        id,
        payment_id: payment.id,
        provider: wish.provider.to_owned(),
        trade_type: wish.trade_type,
        out_trade_no: rules::out_trade_no(id),
        app_id: wish.app_id.to_owned(),
        mch_id: wish.mch_id.to_owned(),
        payer: wish.payer.map(str::to_owned),
        client_address: (wish.trade_type == TradeType::H5).then(|| client_address.to_owned()),
        amount_fen: wish.amount,
        state: AttemptState::Created,
        kept: false,
        paid_fen: Fen::ZERO,
        refunded_fen: Fen::ZERO,
        refunds: 0,
        created_at: now,
        next_query_at: Some(rules::next_query_at(now, 0, payment.expires_at)),
        queries: 0,
    };
    Ok(store::attempts::insert(tx, &new)?)
}

fn prepay_call(begun: &Begun) -> PrepayCall {
    let attempt = &begun.attempt;
    PrepayCall {
        trade_type: attempt.trade_type,
        out_trade_no: attempt.out_trade_no.clone(),
        description: begun.description.clone(),
        amount: attempt.amount,
        payer: attempt.payer.clone(),
        client_address: attempt.client_address.clone(),
        expires_at: begun.expires_at,
    }
}

fn note_prepared(tx: &mut Tx<'_>, id: AttemptId, prepared: &Prepared) -> Result<(), PaymentError> {
    let works_until = tx.now().plus_millis(prepared.lives_ms);
    if store::attempts::store_prepay(tx, id, &prepared.prepay, works_until)? {
        return Ok(());
    }
    // Paid, cancelled or closed while the provider was preparing: the handle must not be given out. The question makes
    // sure that it is closed at the provider, too.
    store::attempts::ask_about(tx, id)?;
    let attempt = store::attempts::by_id(tx, id)?.ok_or_else(|| super::missing("an attempt"))?;
    let payment = store::payments::by_id(tx, attempt.payment_id)?.ok_or(PaymentError::NotFound)?;
    Err(not_open(payment.state))
}

fn refused(code: &str) -> PaymentError {
    PaymentError::ProviderRefused(serde_json::json!({ "provider_code": code }))
}
