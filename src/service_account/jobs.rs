//! Asking WeChat about followers, and forgetting what it told long ago.

use futures_util::future::BoxFuture;

use super::model::{KEPT_MS, PushId};
use super::service::{self, FollowerQuestion};
use super::store;
use crate::entrance::{Entrances, WechatClients};
use crate::identity::{Accounts, IdentityKeys};
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::jobs::{ClaimedJob, JobFailure, JobHandler, Sweep};

/// The kind of job that asks WeChat about a follower.
pub(super) const ASK_ABOUT_FOLLOWER: &str = "service_account.follower";
/// WeChat's answer for an openid of another account.
const OTHER_ACCOUNT: &str = "40003";

/// Asks WeChat who a follower is: their unionid tells which user they are.
#[derive(Clone)]
pub struct AskAboutFollower {
    db: Db,
    entrances: Entrances,
    clients: WechatClients,
    keys: IdentityKeys,
    accounts: Accounts,
}

impl AskAboutFollower {
    /// Asks for whoever follows, through these clients.
    pub fn new(
        db: Db,
        entrances: Entrances,
        clients: WechatClients,
        (keys, accounts): (IdentityKeys, Accounts),
    ) -> Self {
        Self { db, entrances, clients, keys, accounts }
    }

    async fn ask(&self, job: &ClaimedJob) -> Result<(), JobFailure> {
        let question: FollowerQuestion =
            serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
        let asked = self.db.read("service_account.follower", move |tx| service::follower_to_ask(tx, question)).await?;
        let Some((entrance, openid)) = asked else { return Ok(()) };
        // Of an account that is disabled nothing is asked; whoever logs in through it later is known by that.
        let Some(open) = self.entrances.by_id(entrance) else { return Ok(()) };
        let follower = self.clients.client_of(&open).follower(&openid).await.map_err(|error| {
            if error.code() == Some(OTHER_ACCOUNT) || !error.retryable() {
                return JobFailure::Dead(error.to_string());
            }
            JobFailure::Retry(error.to_string())
        })?;
        let (keys, accounts) = (self.keys.clone(), self.accounts.clone());
        let note =
            move |tx: &mut Tx<'_>| service::note_follower(tx, (&keys, &accounts), &open.entrance, question, &follower);
        let noted = self.db.write("service_account.note_follower", note).await;
        noted.map_err(|error| JobFailure::Retry(error.to_string()))
    }
}

impl JobHandler for AskAboutFollower {
    fn kind(&self) -> &'static str {
        ASK_ABOUT_FOLLOWER
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(self.ask(job))
    }
}

/// Forgets what WeChat told more than thirty days ago. What followed from it stays.
#[derive(Clone, Copy, Debug)]
pub struct ForgetOldPushes;

impl Sweep for ForgetOldPushes {
    fn name(&self) -> &'static str {
        "service_account.forget_old_pushes"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let moment = tx.now().plus_millis(-KEPT_MS);
        Ok(store::pushes_before(tx, moment, limit)?.into_iter().map(PushId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        let moment = tx.now().plus_millis(-KEPT_MS);
        store::forget_push(tx, PushId::new(id), moment)
    }
}
