//! Housekeeping of log-ins and merges, and sending codes by SMS.

use futures_util::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::assets::Accounts;
use super::error::IdentityError;
use super::model::{MergeId, OauthStateId, SmsCodeId};
use super::service::{self, IdentityKeys};
use super::{proof_store, store};
use crate::kernel::id::SessionId;
use crate::kernel::time::DAY_MS;
use crate::platform::db::{Db, DbError, DbResult, Tx};
use crate::platform::jobs::{ClaimedJob, JobFailure, JobHandler, Sweep};
use crate::platform::sms::{SmsSender, SmsTemplate};

/// The kind of job that sends a code by SMS.
pub const SEND_SMS_CODE: &str = "identity.send_sms_code";
/// How long the row of a number is kept after its last code: until no day's count can need it any more.
const SMS_KEPT_MS: i64 = 2 * DAY_MS;

/// Forgets refresh tokens that expired, log-in by log-in: every quarter of an hour leaves one behind per active user.
/// A token that is forgotten is refused like one that never was.
#[derive(Debug, Clone, Copy)]
pub struct ForgetExpiredTokens;

impl Sweep for ForgetExpiredTokens {
    fn name(&self) -> &'static str {
        "identity.forget_expired_tokens"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::sessions_with_expired_tokens(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        store::forget_expired_tokens(tx, SessionId::new(id))
    }
}

/// Brings along what requests under way wrote for a merged user after the merge, twice: soon after it, and when no
/// access token of theirs can be good any more.
#[derive(Clone)]
pub struct FollowMerges(pub Accounts);

impl Sweep for FollowMerges {
    fn name(&self) -> &'static str {
        "identity.follow_merges"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        Ok(service::due_to_follow(tx, limit)?.into_iter().map(MergeId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        match service::follow(tx, &self.0, MergeId::new(id)) {
            Ok(()) => Ok(()),
            Err(IdentityError::Db(error)) => Err(error),
            Err(error) => Err(DbError::Defect(error.to_string())),
        }
    }
}

/// Forgets ways to WeChat that nobody can come back on any more.
#[derive(Debug, Clone, Copy)]
pub struct ForgetOauthStates;

impl Sweep for ForgetOauthStates {
    fn name(&self) -> &'static str {
        "identity.forget_oauth_states"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        proof_store::expired_oauth_states(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        proof_store::forget_oauth_state(tx, OauthStateId::new(id))
    }
}

/// Forgets codes of numbers that have not asked for one for two days.
#[derive(Debug, Clone, Copy)]
pub struct ForgetSmsCodes;

impl Sweep for ForgetSmsCodes {
    fn name(&self) -> &'static str {
        "identity.forget_sms_codes"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let moment = tx.now().plus_millis(-SMS_KEPT_MS);
        proof_store::sms_codes_before(tx, moment, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        proof_store::forget_sms_code(tx, SmsCodeId::new(id))
    }
}

/// Which code is to be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SendSmsCodePayload {
    pub(super) code_id: SmsCodeId,
}

/// Sends codes. After a crash a code may go out twice, which is the same code.
pub struct SendSmsCode {
    db: Db,
    keys: IdentityKeys,
    sender: SmsSender,
}

impl SendSmsCode {
    /// Sends what was sealed with `keys` by `sender`.
    pub fn new(db: Db, keys: IdentityKeys, sender: SmsSender) -> Self {
        Self { db, keys, sender }
    }

    async fn send(&self, job: &ClaimedJob) -> Result<(), JobFailure> {
        let payload: SendSmsCodePayload =
            serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
        let (id, keys) = (payload.code_id, self.keys.clone());
        let found = self.db.read("sms_to_send", move |tx| service::sms_to_send(tx, &keys, id)).await;
        let found = found.map_err(|error| match error {
            IdentityError::Db(error @ DbError::Defect(_)) => JobFailure::Dead(error.to_string()),
            other => JobFailure::Retry(other.to_string()),
        })?;
        // Nothing to send: it expired, was used, or its number has a newer one.
        let Some(sms) = found else { return Ok(()) };
        let params = [("code", sms.code.expose_secret())];
        let sent = self.sender.send(sms.phone.expose_secret(), SmsTemplate::Code, &params).await;
        sent.map_err(|error| match error.retryable() {
            true => JobFailure::Retry(error.to_string()),
            false => JobFailure::Dead(error.to_string()),
        })?;
        self.db.write("sms_sent", move |tx| service::sms_sent(tx, id)).await?;
        Ok(())
    }
}

impl JobHandler for SendSmsCode {
    fn kind(&self) -> &'static str {
        SEND_SMS_CODE
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(self.send(job))
    }
}
