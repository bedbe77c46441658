//! Claims about money and limits.

use super::super::stage::{drafted, plan, running, user};
use super::super::store;
use super::books;
use crate::campaign::model::Budget;
use crate::campaign::*;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::DAY_MS;
use crate::platform::db::scratch::{self, together};
use crate::platform::db::{Db, DbError};

const KIND: CampaignKind = CampaignKind::CouponDrop;

async fn spends(db: &Db, campaign: CampaignId, reference: String, amount: i64) -> Result<(), CampaignError> {
    let work = move |tx: &mut crate::platform::db::Tx<'_>| {
        spend(tx, &Grant { campaign, reference: &reference, amount: Fen::new(amount) })
    };
    db.write("spend", work).await
}

async fn gives_back(db: &Db, campaign: CampaignId, reference: String, amount: Option<i64>) -> i64 {
    let work = move |tx: &mut crate::platform::db::Tx<'_>| give_back(tx, campaign, &reference, amount.map(Fen::new));
    db.write("give_back", work).await.unwrap().get()
}

async fn budget(db: &Db, campaign: CampaignId) -> Budget {
    db.read("budget", move |tx| store::budget(tx, campaign)).await.unwrap().unwrap()
}

async fn counts(db: &Db, campaign: CampaignId, user: UserId, limit: i64) -> Result<(), CampaignError> {
    db.write("count", move |tx| count_use(tx, campaign, user, "claim", limit, None)).await
}

#[tokio::test]
async fn of_400_grants_exactly_as_many_succeed_as_the_budget_holds() {
    let (db, clock) = scratch::open();
    let campaign = running(&db, KIND, plan(clock.now(), 10_050)).await;
    let grants = (0..400).map(|number| spends(&db, campaign, format!("coupon:{number}"), 100));
    let outcomes = together(grants).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 100);
    let clean = |outcome: &&Result<(), CampaignError>| matches!(outcome, Err(CampaignError::BudgetExhausted));
    assert_eq!(outcomes.iter().filter(clean).count(), 300);
    let money = budget(&db, campaign).await;
    assert_eq!(money.spent, Fen::new(10_000));
    assert!(money.exhausted_at.is_some());
    assert!(spends(&db, campaign, "small".to_owned(), 50).await.is_ok());
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_daily_cap_holds_for_its_day_and_tomorrow_is_another() {
    let (db, clock) = scratch::open();
    let capped = Plan { daily_cap_fen: Some(Fen::new(1_000)), ..plan(clock.now(), 10_000) };
    let campaign = running(&db, KIND, Plan { ends_at: clock.now().plus_millis(3 * DAY_MS), ..capped }).await;
    let day = |day: &'static str| (0..50).map(move |number| format!("{day}:{number}"));
    let today = together(day("today").map(|reference| spends(&db, campaign, reference, 100))).await;
    assert_eq!(today.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    assert!(today.iter().any(|outcome| matches!(outcome, Err(CampaignError::DailyCapReached))));
    assert_eq!(gives_back(&db, campaign, "today:0".to_owned(), None).await, 100);
    assert_eq!(budget(&db, campaign).await.spent, Fen::new(900));
    assert!(spends(&db, campaign, "again".to_owned(), 100).await.is_ok());
    clock.advance(DAY_MS);
    let tomorrow = together(day("tomorrow").map(|reference| spends(&db, campaign, reference, 100))).await;
    assert_eq!(tomorrow.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    assert_eq!(budget(&db, campaign).await.spent, Fen::new(2_000));
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_reference_is_granted_once_and_comes_back_once_whoever_asks_and_how_often() {
    let (db, clock) = scratch::open();
    let campaign = running(&db, KIND, plan(clock.now(), 10_000)).await;
    let same = together((0..20).map(|_| spends(&db, campaign, "order:1".to_owned(), 700))).await;
    assert!(same.iter().all(Result::is_ok));
    assert_eq!(budget(&db, campaign).await.spent, Fen::new(700));
    let other = spends(&db, campaign, "order:1".to_owned(), 800).await;
    assert!(matches!(other, Err(CampaignError::Db(DbError::Defect(_)))));

    assert_eq!(gives_back(&db, campaign, "order:1".to_owned(), Some(300)).await, 300);
    let back = together((0..20).map(|_| gives_back(&db, campaign, "order:1".to_owned(), None))).await;
    assert_eq!(back.iter().sum::<i64>(), 400);
    assert_eq!(gives_back(&db, campaign, "order:1".to_owned(), Some(50)).await, 0);
    assert_eq!(gives_back(&db, campaign, "order:2".to_owned(), None).await, 0);
    assert_eq!(budget(&db, campaign).await.spent, Fen::ZERO);
    assert!(spends(&db, campaign, "order:1".to_owned(), 700).await.is_err(), "what came back is not granted again");
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_granted_before_it_starts_after_it_ends_or_by_a_campaign_that_is_not() {
    let (db, clock) = scratch::open();
    let draft = drafted(&db, KIND, plan(clock.now(), 10_000)).await;
    assert!(matches!(spends(&db, draft, "a".to_owned(), 1).await, Err(CampaignError::NotRunning(_))));
    let campaign = running(&db, KIND, plan(clock.now(), 10_000)).await;
    assert!(spends(&db, campaign, "a".to_owned(), 1).await.is_ok());
    clock.advance(DAY_MS);
    assert!(matches!(spends(&db, campaign, "b".to_owned(), 1).await, Err(CampaignError::NotRunning(_))));
    assert_eq!(gives_back(&db, campaign, "a".to_owned(), None).await, 1);
    let nowhere = spends(&db, CampaignId::new(5), "a".to_owned(), 1).await;
    assert!(matches!(nowhere, Err(CampaignError::NotFound | CampaignError::Db(DbError::ForeignKey(_)))), "{nowhere:?}");
    assert_eq!(books(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn of_60_claims_of_one_user_exactly_the_limit_is_counted() {
    let (db, clock) = scratch::open();
    let campaign = running(&db, KIND, plan(clock.now(), 10_000)).await;
    let somebody = user(&db).await;
    let outcomes = together((0..60).map(|_| counts(&db, campaign, somebody, 7))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(CampaignError::LimitReached(_)))));
    let used = db.read("used", move |tx| used(tx, campaign, somebody, "claim", None)).await.unwrap();
    assert_eq!(used, 7);
    let uncount = |day| db.write("uncount", move |tx| uncount_use(tx, campaign, somebody, "claim", day));
    uncount(None).await.unwrap();
    assert!(counts(&db, campaign, somebody, 7).await.is_ok());
    assert!(counts(&db, campaign, somebody, 3).await.is_err(), "a lowered limit holds");
    assert!(counts(&db, campaign, user(&db).await, 0).await.is_err());
    assert!(uncount(Some(crate::kernel::day::Day::new(3))).await.is_err(), "what was not counted is not taken back");
    assert_eq!(books(&db).await, Vec::<String>::new());
}
