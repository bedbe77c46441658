//! Claims about rules that watch.

use diesel::connection::SimpleConnection as _;

use super::super::model::{CampaignActionId, RiskEffect, RiskKind, RiskRule};
use super::super::rules::Step;
use super::super::stage::{plan, running, user};
use super::super::{service, store};
use super::{books, desk, takes};
use crate::campaign::*;
use crate::kernel::id::{CampaignId, DeviceId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{Clock, DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::platform::db::{Db, DbError, Tx, scratch};
use crate::platform::jobs::Sweep as _;

const KIND: CampaignKind = CampaignKind::CouponDrop;

fn rule(rule: RiskKind, threshold: i64, least: i64, effect: RiskEffect) -> RiskRule {
    RiskRule { rule, threshold, window_seconds: 60, least, effect }
}

/// A campaign that runs under this rule alone, at a minute's length.
async fn watched(db: &Db, clock: &Clock, wanted: RiskRule) -> CampaignId {
    let campaign = running(db, KIND, plan(clock.now(), 144_000)).await;
    let setting =
        db.write("rules", move |tx| service::change_risk_rules(tx, &desk(), campaign, &[wanted], "演练").map(|_| ()));
    setting.await.unwrap();
    campaign
}

/// Somebody claims, from here.
#[derive(Clone, Copy, Default)]
struct From {
    device: Option<DeviceId>,
    network: Option<&'static str>,
    inviter: Option<UserId>,
}

async fn claims(db: &Db, campaign: CampaignId, who: UserId, from: From) {
    let action = move |tx: &mut Tx<'_>| {
        let From { device, network, inviter } = from;
        let (newcomer, amount) = (true, Fen::new(5));
        note(tx, &Action { campaign, user: who, what: "claim", newcomer, device, network, inviter, amount })
    };
    db.write("note", action).await.unwrap();
}

/// Looks over what is due; says how much was.
async fn looks(db: &Db) -> usize {
    WatchRisks(CampaignKinds::default()).round(db).await.unwrap()
}

/// How many deeds are kept.
async fn kept(db: &Db, campaign: CampaignId) -> i64 {
    let whole = store::Stretch { campaign, from: Timestamp::from_millis(0), after: 0 };
    db.read("count", move |tx| store::count_actions(tx, &whole)).await.unwrap().actions
}

async fn state(db: &Db, id: CampaignId) -> CampaignState {
    db.read("facts", move |tx| facts(tx, id)).await.unwrap().state
}

async fn alerts(db: &Db, id: CampaignId) -> Vec<(RiskKind, i64, Option<String>)> {
    let found = db.read("alerts", move |tx| store::alerts(tx, id, 50)).await.unwrap();
    found.into_iter().map(|alert| (alert.rule, alert.figure, alert.culprit)).collect()
}

#[tokio::test]
async fn too_many_claims_a_minute_pause_it_and_resuming_begins_anew() {
    let (db, clock) = scratch::open();
    let campaign = watched(&db, &clock, rule(RiskKind::ActionsPerMinute, 10, 1, RiskEffect::Pause)).await;
    let somebody = user(&db).await;
    for _ in 0..10 {
        claims(&db, campaign, somebody, From::default()).await;
    }
    assert_eq!(looks(&db).await, 1);
    assert_eq!(looks(&db).await, 0, "what was looked at is not looked at again");
    assert_eq!(state(&db, campaign).await, CampaignState::Running);
    claims(&db, campaign, somebody, From::default()).await;
    looks(&db).await;
    assert_eq!(state(&db, campaign).await, CampaignState::Paused);
    assert_eq!(alerts(&db, campaign).await, [(RiskKind::ActionsPerMinute, 11, None)]);
    let log = db.read("changes", move |tx| service::changes(tx, campaign, None, 1)).await.unwrap().items;
    assert_eq!(log[0].reason, "actions_per_minute: 11, more than 10");
    assert_eq!(log[0].staff_id, None);

    // The clock stands still, and yet what happened before does not count any more.
    takes(&db, campaign, Step::Resume).await.unwrap();
    for _ in 0..10 {
        claims(&db, campaign, somebody, From::default()).await;
        looks(&db).await;
    }
    assert_eq!(state(&db, campaign).await, CampaignState::Running);
    claims(&db, campaign, somebody, From::default()).await;
    looks(&db).await;
    assert_eq!(state(&db, campaign).await, CampaignState::Paused, "a second rush is seen like the first");
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn one_device_with_fifty_accounts_is_named() {
    let (db, clock) = scratch::open();
    let campaign = watched(&db, &clock, rule(RiskKind::DeviceShare, 500, 20, RiskEffect::Pause)).await;
    for _ in 0..10 {
        claims(&db, campaign, user(&db).await, From::default()).await;
    }
    for _ in 0..50 {
        claims(&db, campaign, user(&db).await, From { device: Some(DeviceId::new(77)), ..From::default() }).await;
    }
    looks(&db).await;
    assert_eq!(alerts(&db, campaign).await, [(RiskKind::DeviceShare, 833, Some("77".to_owned()))]);
    assert_eq!(state(&db, campaign).await, CampaignState::Paused);
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn one_network_and_one_inviter_are_named_and_warn_once_in_their_window() {
    let (db, clock) = scratch::open();
    let campaign = watched(&db, &clock, rule(RiskKind::NetworkShare, 600, 5, RiskEffect::Warn)).await;
    let inviter = user(&db).await;
    for last in 0..8 {
        let network = Some(if last % 2 == 0 { "198.51.100.7" } else { "198.51.100.200" });
        claims(&db, campaign, user(&db).await, From { network, inviter: Some(inviter), ..From::default() }).await;
        looks(&db).await;
    }
    assert_eq!(alerts(&db, campaign).await, [(RiskKind::NetworkShare, 1_000, Some("198.51.100.0/24".to_owned()))]);
    assert_eq!(state(&db, campaign).await, CampaignState::Running);
    clock.advance(MINUTE_MS + SECOND_MS);
    for _ in 0..5 {
        claims(&db, campaign, user(&db).await, From { network: Some("198.51.100.9"), ..From::default() }).await;
    }
    looks(&db).await;
    assert_eq!(alerts(&db, campaign).await.len(), 2, "in the next window it warns again");

    let other = watched(&db, &clock, rule(RiskKind::InviterShare, 600, 5, RiskEffect::Warn)).await;
    for _ in 0..5 {
        claims(&db, other, user(&db).await, From { inviter: Some(inviter), ..From::default() }).await;
    }
    looks(&db).await;
    assert_eq!(alerts(&db, other).await, [(RiskKind::InviterShare, 1_000, Some(inviter.to_string()))]);
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn brand_new_accounts_count_for_a_day() {
    let (db, clock) = scratch::open();
    let old = user(&db).await;
    clock.advance(crate::kernel::time::DAY_MS);
    let campaign = watched(&db, &clock, rule(RiskKind::FreshShare, 600, 4, RiskEffect::Warn)).await;
    for _ in 0..2 {
        claims(&db, campaign, old, From::default()).await;
        claims(&db, campaign, user(&db).await, From::default()).await;
    }
    looks(&db).await;
    assert_eq!(alerts(&db, campaign).await, []);
    claims(&db, campaign, user(&db).await, From::default()).await;
    claims(&db, campaign, user(&db).await, From::default()).await;
    looks(&db).await;
    assert_eq!(alerts(&db, campaign).await, [(RiskKind::FreshShare, 666, None)]);
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn spending_faster_than_planned_is_seen() {
    let (db, clock) = scratch::open();
    // A day's budget of 144,000 fen is 100 fen a minute.
    let campaign = watched(&db, &clock, rule(RiskKind::SpendRate, 3_000, 1, RiskEffect::Pause)).await;
    let spends = |reference: &'static str, amount: i64| {
        let work = move |tx: &mut Tx<'_>| spend(tx, &Grant { campaign, reference, amount: Fen::new(amount) });
        db.write("spend", work)
    };
    let somebody = user(&db).await;
    spends("a", 300).await.unwrap();
    claims(&db, campaign, somebody, From::default()).await;
    looks(&db).await;
    assert_eq!(state(&db, campaign).await, CampaignState::Running);
    spends("b", 1).await.unwrap();
    claims(&db, campaign, somebody, From::default()).await;
    looks(&db).await;
    assert_eq!(alerts(&db, campaign).await, [(RiskKind::SpendRate, 3_010, None)]);
    assert_eq!(state(&db, campaign).await, CampaignState::Paused);
    assert!(matches!(spends("c", 1).await, Err(CampaignError::NotRunning(_))));
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn deeds_are_forgotten_in_time_and_those_that_rules_look_at_are_not() {
    let (db, clock) = scratch::open();
    let campaign = watched(&db, &clock, rule(RiskKind::ActionsPerMinute, 1_000, 1, RiskEffect::Warn)).await;
    let somebody = user(&db).await;
    let sweep = ForgetActions { keep_days: 30 };
    let due = async || db.read("due", move |tx| sweep.due(tx, 100)).await.unwrap();
    assert_eq!(due().await, Vec::<i64>::new(), "nothing was done yet");
    for _ in 0..620 {
        claims(&db, campaign, somebody, From::default()).await;
    }
    clock.advance(29 * DAY_MS);
    for _ in 0..5 {
        claims(&db, campaign, somebody, From::default()).await;
    }
    clock.advance(DAY_MS);
    assert_eq!(due().await, Vec::<i64>::new(), "thirty days are not over yet");
    clock.advance(1);
    let mut rounds = 0;
    while let [id] = due().await[..] {
        db.write("settle", move |tx| sweep.settle(tx, id)).await.unwrap();
        rounds += 1;
    }
    assert_eq!((rounds, kept(&db, campaign).await), (2, 5));
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_deed_that_is_committed_after_a_look_is_seen_at_the_next() {
    let (db, clock) = scratch::open();
    let campaign = watched(&db, &clock, rule(RiskKind::ActionsPerMinute, 10, 1, RiskEffect::Pause)).await;
    let somebody = user(&db).await;
    let began = db.write("begins", |tx| Ok::<_, DbError>((tx.next_id(), tx.now()))).await.unwrap();
    clock.advance(SECOND_MS);
    for _ in 0..10 {
        claims(&db, campaign, somebody, From::default()).await;
    }
    assert_eq!((looks(&db).await, looks(&db).await), (1, 0));
    let late = move |tx: &mut Tx<'_>| {
        let row = store::ActionRow {
            id: CampaignActionId::new(began.0),
            campaign_id: campaign,
            user_id: somebody,
            what: "claim",
            newcomer: true,
            fresh: true,
            device_id: None,
            network: None,
            inviter_id: None,
            amount: Fen::new(5),
            at: began.1,
        };
        store::insert_action(tx, row)
    };
    db.write("late", late).await.unwrap();
    assert_eq!(looks(&db).await, 1, "it began before the look and was committed after it");
    assert_eq!(state(&db, campaign).await, CampaignState::Paused);

    takes(&db, campaign, Step::Resume).await.unwrap();
    claims(&db, campaign, somebody, From::default()).await;
    assert_eq!((looks(&db).await, looks(&db).await), (1, 0));
    clock.advance(10 * MINUTE_MS);
    assert_eq!((looks(&db).await, looks(&db).await), (1, 0), "once more when all is quiet, and then no more");
}

#[tokio::test]
async fn a_campaign_that_cannot_be_looked_over_keeps_nobody_from_the_others() {
    if scratch::on_postgres() {
        return; // It lets nobody write what cannot be read.
    }
    let (db, clock) = scratch::open();
    let broken = watched(&db, &clock, rule(RiskKind::ActionsPerMinute, 1, 1, RiskEffect::Pause)).await;
    let whole = watched(&db, &clock, rule(RiskKind::ActionsPerMinute, 1, 1, RiskEffect::Pause)).await;
    let breaking = move |tx: &mut Tx<'_>| {
        let unreadable = "PRAGMA ignore_check_constraints = ON; UPDATE campaign_risk_rules SET rule = 'unheard_of' \
            WHERE campaign_id = ";
        tx.conn()?.batch_execute(&format!("{unreadable}{broken}")).map_err(DbError::from)
    };
    db.write("break", breaking).await.unwrap();
    let somebody = user(&db).await;
    for campaign in [broken, whole, broken, whole] {
        claims(&db, campaign, somebody, From::default()).await;
    }
    assert_eq!(looks(&db).await, 2);
    assert_eq!((state(&db, broken).await, state(&db, whole).await), (CampaignState::Running, CampaignState::Paused));
}

#[tokio::test]
async fn campaigns_with_a_hold_out_are_found_by_their_index() {
    let (db, _clock) = scratch::open();
    let looking = |tx: &mut Tx<'_>| scratch::plans_of(tx, |tx| store::measured_at(tx, scratch::START));
    let plans = db.read("plans", looking).await.unwrap();
    assert!(plans.iter().all(|plan| plan.contains("campaigns_holdout")), "{plans:#?}");
    assert!(scratch::on_postgres() || !plans.is_empty());
}
