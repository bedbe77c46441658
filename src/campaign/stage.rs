//! Campaigns for the tests of those who build on them.

use diesel::connection::SimpleConnection as _;

use super::model::{CampaignKind, Card, Expected, NewCampaign, OccasionKind, Plan};
use super::{Audience, CampaignKinds, service, store};
use crate::kernel::id::{CampaignId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{Db, DbError};
use crate::platform::http::Origin;

/// Who plans every campaign of a test.
pub(crate) const PLANNER: StaffId = StaffId::new(4_901);

/// From where.
pub(crate) fn origin() -> Origin {
    Origin { address: "203.0.113.9".to_owned(), request_id: "test".to_owned() }
}

/// A plan that begins now, runs for a day and may give this much away.
pub(crate) fn plan(now: Timestamp, budget: i64) -> Plan {
    Plan {
        name: "夏日樱桃".to_owned(),
        occasion_kind: OccasionKind::Season,
        occasion: "樱桃季".to_owned(),
        audience: Audience::Everyone,
        starts_at: now,
        ends_at: now.plus_millis(DAY_MS),
        budget_fen: Fen::new(budget),
        daily_cap_fen: None,
        expected: Expected::default(),
        margin_permille: None,
        holdout_permille: 0,
        intro: String::new(),
        card: Card { title: "樱桃立减".to_owned(), picture: String::new(), path: String::new() },
    }
}

/// Writes a draft with this plan.
pub(crate) async fn drafted(db: &Db, kind: CampaignKind, plan: Plan) -> CampaignId {
    let drafting = db.write("draft", move |tx| {
        let (staff, now) = (PLANNER, tx.now().millis());
        let known = format!(
            "INSERT INTO staff_accounts (id, username, display_name, password_hash, sealed_totp, pending_totp, totp_step, \
             state, failed_logins, locked_until, created_at, updated_at) SELECT {staff}, 'planner', '策划', '', NULL, NULL, \
             NULL, 'active', 0, NULL, {now}, {now} WHERE NOT EXISTS (SELECT 1 FROM staff_accounts WHERE id = {staff})"
        );
        tx.conn()?.batch_execute(&known).map_err(DbError::from)?;
        let new = NewCampaign { kind, plan: &plan, staff: PLANNER, origin: &origin() };
        service::create(tx, &new)
    });
    drafting.await.unwrap()
}

/// A campaign with this plan that runs, as long as its time has come.
pub(crate) async fn running(db: &Db, kind: CampaignKind, plan: Plan) -> CampaignId {
    let id = drafted(db, kind, plan).await;
    let starting = db.write("start", move |tx| {
        let kinds = CampaignKinds::default();
        let draft = store::find(tx, id)?.unwrap();
        service::schedule_unchecked(tx, &kinds, &draft.row)?;
        service::keep_time(tx, &kinds, id)?;
        Ok::<_, super::CampaignError>(())
    });
    starting.await.unwrap();
    id
}

/// A user who came just now.
pub(crate) async fn user(db: &Db) -> UserId {
    let id = db.next_id();
    let sql = format!(
        "INSERT INTO users (id, state, nickname, created_at, updated_at) VALUES ({id}, 'active', '李雷', 0, 0)"
    );
    db.write("user", move |tx| Ok::<_, DbError>(tx.conn()?.batch_execute(&sql)?)).await.unwrap();
    UserId::new(id)
}
