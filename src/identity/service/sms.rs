//! Codes sent by SMS: asked for, sent by a job, tried.
//!
//! A number has one code at a time. How often it may be sent and tried is counted by the database under guards, so that
//! requests at the same moment get no more than the rules allow. A code proves its number for one purpose alone: a
//! log-in, or binding by one user.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::SecretString;
use serde_json::json;

use super::{IdentityKeys, phone};
use crate::identity::error::IdentityError;
use crate::identity::jobs::{SEND_SMS_CODE, SendSmsCodePayload};
use crate::identity::model::SmsCodeId;
use crate::identity::proof_store::{self, SmsCode};
use crate::identity::rules::{self, E164, SMS_CODE_TTL_MS, SMS_DAY_SENDS, SMS_PAUSE_MS};
use crate::kernel::id::UserId;
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::{self, NewJob};
use crate::platform::secrets::random_bytes;

/// What a code is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsPurpose {
    /// Logging in.
    LogIn,
    /// Binding the number, by this user.
    Bind(UserId),
}

/// A code that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsTicket {
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// From when on another one may be asked for.
    pub again_at: Timestamp,
}

/// What is to be sent, and to whom.
#[derive(Debug)]
pub struct SmsToSend {
    /// The number in the international form.
    pub phone: SecretString,
    /// The code.
    pub code: SecretString,
}

/// Makes a code for a number and has it sent; the number's former code is dead from now on.
///
/// # Errors
/// [`IdentityError::SmsTooSoon`], [`IdentityError::SmsDailyLimit`], or the database's.
pub fn request_sms_code(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    number: &E164,
    purpose: SmsPurpose,
) -> Result<SmsTicket, IdentityError> {
    let (now, id) = (tx.now(), SmsCodeId::new(tx.next_id()));
    let text = rules::sms_code_of(random_bytes()?);
    let code = SmsCode {
        phone_hash: phone::proof(keys, number).subject,
        code_id: id,
        code_hash: code_hash(keys, id, number, purpose, &text),
        sealed_phone: keys.seal.seal(&place("sealed_phone", id), &number.full())?,
        sealed_code: Some(keys.seal.seal(&place("sealed_code", id), &text)?),
        tries: 0,
        day: tx.today(),
        day_sends: 1,
        requested_at: now,
        expires_at: now.plus_millis(SMS_CODE_TTL_MS),
        used_at: None,
    };
    if !proof_store::issue_sms_code(tx, &code)? {
        return Err(why_not(tx, &code)?);
    }
    let payload = SendSmsCodePayload { code_id: id };
    jobs::enqueue(tx, &NewJob { kind: SEND_SMS_CODE, dedup_key: None, payload: &payload, run_at: now })?;
    Ok(SmsTicket { expires_at: code.expires_at, again_at: now.plus_millis(SMS_PAUSE_MS) })
}

/// Why a number gets no code now.
fn why_not(tx: &mut Tx<'_>, wanted: &SmsCode) -> DbResult<IdentityError> {
    let Some((day, sends, requested_at)) = proof_store::sms_sends(tx, &wanted.phone_hash)? else {
        return Ok(IdentityError::SmsTooSoon(json!({ "retry_after_seconds": SMS_PAUSE_MS / SECOND_MS })));
    };
    let wait_ms = requested_at.plus_millis(SMS_PAUSE_MS).millis_since(wanted.requested_at);
    if day == wanted.day && sends >= SMS_DAY_SENDS && wait_ms <= 0 {
        return Ok(IdentityError::SmsDailyLimit);
    }
    let seconds = wait_ms.saturating_add(SECOND_MS - 1) / SECOND_MS;
    Ok(IdentityError::SmsTooSoon(json!({ "retry_after_seconds": seconds.max(1) })))
}

/// Whether `text` is the code that was sent to a number for this purpose; it is used up then. A wrong one counts as a try,
/// so the transaction is to be committed whatever the answer.
///
/// # Errors
/// The database's.
pub fn try_sms_code(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    number: &E164,
    purpose: SmsPurpose,
    text: &str,
) -> DbResult<bool> {
    let Some((id, stored)) = proof_store::count_sms_try(tx, &phone::proof(keys, number).subject)? else {
        return Ok(false);
    };
    let given = code_hash(keys, id, number, purpose, text);
    if verify_slices_are_equal(given.as_bytes(), stored.as_bytes()).is_err() {
        return Ok(false);
    }
    proof_store::use_sms_code(tx, id)
}

/// What is to be sent for a code; nothing when it is no longer its number's, expired, or was sent before.
///
/// # Errors
/// The database's, or when it was sealed under another key.
pub fn sms_to_send(tx: &mut Tx<'_>, keys: &IdentityKeys, id: SmsCodeId) -> Result<Option<SmsToSend>, IdentityError> {
    let Some((sealed_phone, sealed_code)) = proof_store::sealed_sms(tx, id)? else {
        return Ok(None);
    };
    Ok(Some(SmsToSend {
        phone: keys.seal.open(&place("sealed_phone", id), &sealed_phone)?,
        code: keys.seal.open(&place("sealed_code", id), &sealed_code)?,
    }))
}

/// Notes that a code was sent: from now on only its hash is kept.
///
/// # Errors
/// The database's.
pub fn sms_sent(tx: &mut Tx<'_>, id: SmsCodeId) -> DbResult<()> {
    proof_store::forget_sealed_code(tx, id)
}

fn place(column: &str, id: SmsCodeId) -> String {
    format!("sms_codes.{column}/{id}")
}

/// The keyed hash of a code together with all that it is good for.
fn code_hash(keys: &IdentityKeys, id: SmsCodeId, number: &E164, purpose: SmsPurpose, text: &str) -> String {
    let purpose = match purpose {
        SmsPurpose::LogIn => "log_in".to_owned(),
        SmsPurpose::Bind(user) => format!("bind/{user}"),
    };
    keys.hash.hash("sms_code", &format!("{id}/{purpose}/{}/{text}", number.full()))
}
