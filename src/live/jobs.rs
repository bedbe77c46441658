//! What live rooms do by themselves: reminders, drops that end, viewers who are lost, shows that never started, signals
//! that nobody asks for any more.

use futures_util::future::BoxFuture;

use super::model::{DropId, GONE_AFTER_MS, KEEP_SIGNALS_MS, ReminderId, Room, RoomId, VisitId};
use super::service::reminding::{self, TellOfStart};
use super::service::{dropping, moves, watching};
use super::store;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::jobs::{ClaimedJob, JobFailure, JobHandler, Sweep};
use crate::platform::wechat::{EnvVersion, SubscribeMessage, WechatClient, thing};

/// The kind of job that tells somebody that a room has started.
pub(super) const TELL_OF_START: &str = "live.tell_of_start";

/// The message that tells somebody that a room has started.
#[derive(Clone, Debug)]
pub struct ReminderSettings {
    /// WeChat's id of the template; without one nobody can be told.
    pub template_id: Option<String>,
    /// The page of the mini-program that shows a room.
    pub page: String,
    /// Which version of the mini-program it opens.
    pub env_version: EnvVersion,
}

/// Sends a subscribe message to somebody who asked to be told.
#[derive(Clone)]
pub struct SendReminder {
    db: Db,
    wechat: WechatClient,
    settings: ReminderSettings,
}

impl SendReminder {
    /// Sends through this client.
    pub fn new(db: Db, wechat: WechatClient, settings: ReminderSettings) -> Self {
        Self { db, wechat, settings }
    }

    async fn tell(&self, job: &ClaimedJob) -> Result<(), JobFailure> {
        let TellOfStart { reminder_id } =
            serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
        let app_id = self.wechat.app_id().to_owned();
        let look = move |tx: &mut Tx<'_>| reminding::to_tell(tx, reminder_id, &app_id);
        let Some((room, openid)) = self.db.read("live.to_tell", look).await? else { return Ok(()) };
        let refusal = match (openid, self.settings.template_id.as_deref()) {
            (None, _) => Some("no_openid".to_owned()),
            (_, None) => Some("no_template".to_owned()),
            (Some(openid), Some(template)) => self.send(&room, &openid, template).await?,
        };
        let note = move |tx: &mut Tx<'_>| reminding::note_told(tx, reminder_id, refusal.as_deref());
        self.db.write("live.note_told", note).await.map_err(JobFailure::from)
    }

    /// Why WeChat will never take it, if so. What was sent and may have arrived is not sent again: a message too few is
    /// better than one that comes twice.
    async fn send(&self, room: &Room, openid: &str, template_id: &str) -> Result<Option<String>, JobFailure> {
        let started = room.went_live_at.unwrap_or(room.starts_at).rfc3339_at_offset(8);
        let time: String = started.chars().take(16).map(|one| if one == 'T' { ' ' } else { one }).collect();
        let page = format!("{}?id={}", self.settings.page, room.id);
        let message = SubscribeMessage {
            openid,
            template_id,
            page: &page,
            env_version: self.settings.env_version,
            data: vec![("thing1", thing(&room.title)), ("time2", time), ("thing3", thing(&room.anchor_name))],
        };
        match self.wechat.send_subscribe_message(&message).await {
            Ok(()) => Ok(None),
            Err(error) if error.outcome_unknown() => Ok(Some("unknown_outcome".to_owned())),
            Err(error) if error.retryable() => Err(JobFailure::Retry(error.to_string())),
            Err(error) => Ok(Some(error.code().unwrap_or("refused").to_owned())),
        }
    }
}

impl JobHandler for SendReminder {
    fn kind(&self) -> &'static str {
        TELL_OF_START
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(self.tell(job))
    }
}

/// Lets wishes fall due whose room has started.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemindOfRooms;

impl Sweep for RemindOfRooms {
    fn name(&self) -> &'static str {
        "live.remind"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        Ok(store::reminders::due(tx, limit)?.into_iter().map(ReminderId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        reminding::fall_due(tx, ReminderId::new(id))
    }
}

/// Ends drops whose time is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndDrops;

impl Sweep for EndDrops {
    fn name(&self) -> &'static str {
        "live.end_drops"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let now = tx.now();
        Ok(store::drops::due(tx, now, limit)?.into_iter().map(DropId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        dropping::close_due(tx, DropId::new(id))
    }
}

/// Ends the stays of viewers who were not heard of for two minutes, as after the end of their server.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndLostVisits;

impl Sweep for EndLostVisits {
    fn name(&self) -> &'static str {
        "live.end_lost_visits"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let before = tx.now().plus_millis(-GONE_AFTER_MS);
        Ok(store::visits::lost(tx, before, limit)?.into_iter().map(VisitId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        watching::leave_lost(tx, VisitId::new(id))
    }
}

/// Cancels shows that never started although their time is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct CancelMissed;

impl Sweep for CancelMissed {
    fn name(&self) -> &'static str {
        "live.cancel_missed"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let now = tx.now();
        Ok(store::rooms::never_started(tx, now, limit)?.into_iter().map(RoomId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        moves::cancel_missed(tx, RoomId::new(id))
    }
}

/// Forgets signals that nobody who comes back after a break asks for any more.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForgetSignals;

impl Sweep for ForgetSignals {
    fn name(&self) -> &'static str {
        "live.forget_signals"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let before = tx.now().plus_millis(-KEEP_SIGNALS_MS);
        Ok(store::signals::rooms_with_old(tx, before, limit)?.into_iter().map(RoomId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        let before = tx.now().plus_millis(-KEEP_SIGNALS_MS);
        store::signals::forget(tx, RoomId::new(id), before)
    }
}
