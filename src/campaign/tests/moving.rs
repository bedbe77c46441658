//! Claims about steps, plans and what follows from them.

use super::super::rules::{PlanChanges, Step};
use super::super::stage::{drafted, plan, running};
use super::super::{service, store};
use super::{books, campaigns, desk, takes};
use crate::campaign::*;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, HOUR_MS};
use crate::platform::db::scratch::{self, together};
use crate::platform::db::{Db, Tx};
use crate::platform::jobs::Sweep as _;

const KIND: CampaignKind = CampaignKind::Bargain;

async fn state(db: &Db, id: CampaignId) -> CampaignState {
    db.read("facts", move |tx| facts(tx, id)).await.unwrap().state
}

async fn keeps_time(db: &Db) {
    let sweep = KeepTime(CampaignKinds::default());
    let listing = sweep.clone();
    for id in db.read("due", move |tx| listing.due(tx, 100)).await.unwrap() {
        let settling = sweep.clone();
        db.write("settle", move |tx| settling.settle(tx, id)).await.unwrap();
    }
}

async fn edits(db: &Db, id: CampaignId, changes: serde_json::Value) -> Result<bool, CampaignError> {
    let changes: PlanChanges = serde_json::from_value(changes).unwrap();
    let work = move |tx: &mut Tx<'_>| {
        let version = store::find(tx, id)?.unwrap().row.version;
        let decided = service::edit(tx, &campaigns(), &desk(), (id, version), changes.clone(), "演练")?;
        Ok(decided.waits_for_approval)
    };
    db.write("edit", work).await
}

#[tokio::test]
async fn once_a_pause_is_committed_nothing_is_granted_until_it_goes_on() {
    let (db, clock) = scratch::open();
    let campaign = running(&db, KIND, plan(clock.now(), 1_000_000)).await;
    let spends = |number: i32| {
        let db = db.clone();
        async move {
            let reference = format!("order:{number}");
            let work =
                move |tx: &mut Tx<'_>| spend(tx, &Grant { campaign, reference: &reference, amount: Fen::new(10) });
            db.write("spend", work).await
        }
    };
    // The pause runs among the grants; those that begin after it was answered must all be refused.
    let (rush, late) = tokio::join!(together((0..200).map(spends)), async {
        takes(&db, campaign, Step::Pause).await.unwrap();
        together((1_000..1_050).map(spends)).await
    });
    assert!(rush.iter().flatten().count() <= 200);
    assert!(late.iter().all(|outcome| matches!(outcome, Err(CampaignError::NotRunning(_)))));
    assert_eq!(state(&db, campaign).await, CampaignState::Paused);
    takes(&db, campaign, Step::Resume).await.unwrap();
    spends(2_000).await.unwrap();
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn of_many_who_take_the_same_step_one_does() {
    let (db, clock) = scratch::open();
    let campaign = running(&db, KIND, plan(clock.now(), 1_000)).await;
    let pauses = together((0..20).map(|_| takes(&db, campaign, Step::Pause))).await;
    assert_eq!(pauses.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(pauses.iter().flatten().count() == 1);
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_clock_starts_and_ends_campaigns() {
    let (db, clock) = scratch::open();
    let later = Plan { starts_at: clock.now().plus_millis(HOUR_MS), ..plan(clock.now(), 1_000) };
    let campaign = running(&db, KIND, later.clone()).await;
    let missed = running(&db, KIND, Plan { ends_at: clock.now().plus_millis(2 * HOUR_MS), ..later }).await;
    takes(&db, missed, Step::Withdraw).await.unwrap();
    assert_eq!(state(&db, campaign).await, CampaignState::Scheduled);
    clock.advance(HOUR_MS);
    keeps_time(&db).await;
    assert_eq!(state(&db, campaign).await, CampaignState::Running);
    takes(&db, campaign, Step::Pause).await.unwrap();
    clock.advance(DAY_MS);
    keeps_time(&db).await;
    assert_eq!(state(&db, campaign).await, CampaignState::Ended);
    assert_eq!(state(&db, missed).await, CampaignState::Draft, "a draft waits for nobody");
    assert!(takes(&db, campaign, Step::Resume).await.is_err());
    let reviewing = db.write("review", move |tx| {
        service::review(tx, &campaigns(), &desk(), campaign, "很好").map(|campaign| campaign.row.conclusions)
    });
    assert_eq!(reviewing.await.unwrap().as_deref(), Some("很好"));
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_running_plan_changes_only_where_nobody_is_wronged() {
    let (db, clock) = scratch::open();
    let campaign = running(&db, KIND, plan(clock.now(), 10_000)).await;
    let work = move |tx: &mut Tx<'_>| spend(tx, &Grant { campaign, reference: "order:1", amount: Fen::new(4_000) });
    db.write("spend", work).await.unwrap();
    for fixed in [
        serde_json::json!({"audience": "newcomers"}),
        serde_json::json!({"holdout_permille": 100}),
        serde_json::json!({"starts_at": "2027-01-15T07:00:00Z"}),
        serde_json::json!({"expected": {"cost_fen": 5}}),
    ] {
        assert!(matches!(edits(&db, campaign, fixed).await, Err(CampaignError::Fixed(_))));
    }
    assert!(matches!(
        edits(&db, campaign, serde_json::json!({"budget_fen": 3_999})).await,
        Err(CampaignError::BelowSpent(_))
    ));
    assert!(matches!(
        edits(&db, campaign, serde_json::json!({"daily_cap_fen": 3_999})).await,
        Err(CampaignError::BelowSpent(_))
    ));
    let until = clock.now().plus_millis(2 * DAY_MS);
    let changes =
        serde_json::json!({"budget_fen": 5_000, "daily_cap_fen": 4_500, "name": "樱桃返场", "ends_at": until});
    assert!(!edits(&db, campaign, changes).await.unwrap());
    let spends = |reference: &'static str, amount: i64| {
        let work = move |tx: &mut Tx<'_>| spend(tx, &Grant { campaign, reference, amount: Fen::new(amount) });
        db.write("spend", work)
    };
    assert!(matches!(spends("order:2", 600).await, Err(CampaignError::DailyCapReached)));
    clock.advance(DAY_MS);
    assert!(matches!(spends("order:3", 1_001).await, Err(CampaignError::BudgetExhausted)));
    spends("order:4", 1_000).await.unwrap();
    assert!(!edits(&db, campaign, serde_json::json!({"daily_cap_fen": null})).await.unwrap());
    assert!(edits(&db, campaign, serde_json::json!({"budget_fen": 1_000_001})).await.unwrap(), "it waits");
    assert!(matches!(spends("order:5", 1).await, Err(CampaignError::BudgetExhausted)));
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn rules_of_a_kind_change_only_while_it_is_a_draft_and_never_beside_each_other() {
    let (db, clock) = scratch::open();
    let campaign = drafted(&db, KIND, plan(clock.now(), 1_000)).await;
    let change = |kind: CampaignKind| {
        let work = move |tx: &mut Tx<'_>| {
            let (staff, origin) = (super::super::stage::PLANNER, super::super::stage::origin());
            let (before, after) = (serde_json::json!({"size": 2}), serde_json::json!({"size": 3}));
            change_rules(tx, &RulesChange { campaign, kind, staff, origin: &origin, before, after }).map(|_| ())
        };
        db.write("rules", work)
    };
    change(KIND).await.unwrap();
    assert!(matches!(change(CampaignKind::GroupBuy).await, Err(CampaignError::NotFound)));
    let scheduling =
        db.write("schedule", move |tx| service::schedule(tx, &campaigns(), &desk(), campaign, "上线").map(|_| ()));
    scheduling.await.unwrap();
    assert!(matches!(change(KIND).await, Err(CampaignError::StateConflict(_))));
    assert_eq!(books(&db).await, Vec::<String>::new());
}
