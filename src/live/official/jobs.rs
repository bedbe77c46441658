//! Looking at WeChat again and again.

use futures_util::future::BoxFuture;

use super::desk::OfficialDesk;
use super::model::{GoodsRowId, GoodsToAsk, ON_AIR_MS, REVIEW_MS, RoomToMirror};
use super::store;
use crate::live::error::LiveError;
use crate::live::model::RoomId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::{self, ClaimedJob, JobFailure, JobHandler, NewJob, Sweep};

/// The kind of job that looks at a room of WeChat's.
const MIRROR_ROOM: &str = "live.mirror_room";
/// The kind of job that asks about a review.
const MIRROR_GOODS: &str = "live.mirror_goods";

/// Finds rooms of WeChat's that are to be looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoomsToMirror;

impl Sweep for RoomsToMirror {
    fn name(&self) -> &'static str {
        "live.rooms_to_mirror"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let now = tx.now();
        Ok(store::rooms_due(tx, now, limit)?.into_iter().map(RoomId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        let (room_id, now) = (RoomId::new(id), tx.now());
        // The look itself says when the next one is; until then this room is not asked for again.
        if !store::put_off(tx, room_id, now.plus_millis(ON_AIR_MS))? {
            return Ok(());
        }
        let dedup_key = Some(format!("{MIRROR_ROOM}/{id}/{}", now.millis()));
        jobs::enqueue(tx, &NewJob { kind: MIRROR_ROOM, dedup_key, payload: &RoomToMirror { room_id }, run_at: now })
    }
}

/// Finds goods whose review is to be asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct GoodsToMirror;

impl Sweep for GoodsToMirror {
    fn name(&self) -> &'static str {
        "live.goods_to_mirror"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let before = tx.now().plus_millis(-REVIEW_MS);
        Ok(store::reviews_due(tx, before, limit)?.into_iter().map(GoodsRowId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        let (goods_row_id, now) = (GoodsRowId::new(id), tx.now());
        let Some(goods) = store::goods(tx, goods_row_id)?.filter(|goods| goods.audit_status == 1) else {
            return Ok(());
        };
        store::note_review(tx, goods_row_id, goods.audit_status)?;
        let dedup_key = Some(format!("{MIRROR_GOODS}/{id}/{}", now.millis()));
        jobs::enqueue(tx, &NewJob { kind: MIRROR_GOODS, dedup_key, payload: &GoodsToAsk { goods_row_id }, run_at: now })
    }
}

/// Looks at a room of WeChat's.
#[derive(Clone)]
pub struct MirrorRoom(pub OfficialDesk);

/// Asks about a review.
#[derive(Clone)]
pub struct MirrorGoods(pub OfficialDesk);

/// What was not seen today is seen at the next look: such a job need not be tried again for long.
fn outcome(done: Result<(), LiveError>, attempts: i64) -> Result<(), JobFailure> {
    match done {
        Ok(()) | Err(LiveError::NotMirrored | LiveError::NotFound | LiveError::InvalidField(_)) => Ok(()),
        Err(LiveError::Db(error)) => Err(error.into()),
        Err(error) if attempts < 3 => Err(JobFailure::Retry(error.to_string())),
        Err(error) => {
            tracing::warn!(%error, "WeChat's live service was not seen; it is looked at again later");
            Ok(())
        }
    }
}

impl JobHandler for MirrorRoom {
    fn kind(&self) -> &'static str {
        MIRROR_ROOM
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(async move {
            let wanted: RoomToMirror =
                serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
            outcome(self.0.mirror(wanted.room_id).await, job.attempts)
        })
    }
}

impl JobHandler for MirrorGoods {
    fn kind(&self) -> &'static str {
        MIRROR_GOODS
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(async move {
            let wanted: GoodsToAsk =
                serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
            outcome(self.0.ask_review(wanted.goods_row_id).await, job.attempts)
        })
    }
}
