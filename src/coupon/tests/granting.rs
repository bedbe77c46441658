//! Who has what, counted when everybody asks at once.

use serde_json::json;

use super::shop::*;
use crate::campaign::{CampaignKind, Plan, stage};
use crate::coupon::model::*;
use crate::coupon::service::{self, NewCoupon};
use crate::coupon::store;
use crate::kernel::time::{DAY_MS, HOUR_MS};
use crate::platform::db::Tx;
use crate::platform::db::scratch::{self, together};

#[tokio::test]
async fn of_200_people_who_each_ask_3_times_exactly_20_have_one() {
    let shop = Shop::open().await;
    let template = shop.template(json!({ "way": "claim", "total_limit": 20, "per_user_limit": 1 })).await;
    let mut wishes = Vec::new();
    for _ in 0..200 {
        let user = shop.user().await;
        for key in 0..3 {
            let source_ref = format!("key-{key}");
            wishes.push(NewCoupon { source: CouponSource::Claim, source_ref, ..wanted(template, user) });
        }
    }
    let answers = together(wishes.into_iter().map(|wish| shop.grants(wish))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 20);
    for refusal in answers.into_iter().filter_map(Result::err) {
        let refusal = code(refusal);
        assert!(["coupon.sold_out", "coupon.limit_reached"].contains(&refusal), "{refusal}");
    }
    shop.check_books().await;
}

#[tokio::test]
async fn a_grant_asked_for_many_times_at_once_is_one_coupon() {
    let shop = Shop::open().await;
    let (template, user) = (shop.template(json!({})).await, shop.user().await);
    let ids = together((0..30).map(|_| shop.grants(wanted(template, user)))).await;
    let first = *ids[0].as_ref().unwrap();
    assert!(ids.iter().all(|id| *id.as_ref().unwrap() == first));
    let other = NewCoupon { source_ref: "2".to_owned(), ..wanted(template, user) };
    assert_ne!(shop.grants(other).await.unwrap(), first);
    shop.check_books().await;
}

#[tokio::test]
async fn limits_of_a_day_begin_anew_with_the_day() {
    let shop = Shop::open().await;
    let limits = json!({ "daily_limit": 3, "per_user_limit": 5, "per_user_daily_limit": 2 });
    let (template, one, other) = (shop.template(limits).await, shop.user().await, shop.user().await);
    let mut number = 0;
    let mut asks = |user| {
        number += 1;
        shop.grants(NewCoupon { source_ref: number.to_string(), ..wanted(template, user) })
    };
    assert!(asks(one).await.is_ok() && asks(one).await.is_ok());
    assert_eq!(code(asks(one).await.unwrap_err()), "coupon.daily_limit_reached");
    assert!(asks(other).await.is_ok());
    assert_eq!(code(asks(other).await.unwrap_err()), "coupon.sold_out_today");
    shop.clock.advance(DAY_MS);
    assert!(asks(one).await.is_ok() && asks(one).await.is_ok());
    shop.clock.advance(DAY_MS);
    assert!(asks(one).await.is_ok());
    assert_eq!(code(asks(one).await.unwrap_err()), "coupon.limit_reached");
    shop.check_books().await;
}

#[tokio::test]
async fn a_template_gives_only_while_and_to_whom_and_how_it_says() {
    let shop = Shop::open().await;
    let user = shop.user().await;
    let claims = |template| NewCoupon { source: CouponSource::Claim, ..wanted(template, user) };
    let later = shop.clock.now().plus_millis(HOUR_MS);
    let refused = async |new: NewCoupon| code(shop.grants(new).await.unwrap_err());

    let given = shop.template(json!({})).await;
    assert_eq!(refused(claims(given)).await, "coupon.wrong_way");
    let soon = shop.template(json!({ "way": "claim", "claims_from": later })).await;
    assert_eq!(refused(claims(soon)).await, "coupon.claims_not_begun");
    let listed = shop.template(json!({ "way": "claim", "audience": "list" })).await;
    assert_eq!(refused(claims(listed)).await, "coupon.not_for_you");
    let paused = shop.template(json!({ "way": "claim" })).await;
    shop.does(move |tx| service::pause_template(tx, paused)).await.unwrap();
    assert_eq!(refused(claims(paused)).await, "coupon.not_on_offer");
    assert_eq!(refused(claims(CouponTemplateId::new(9))).await, "coupon.template_not_found");
    let newcomers = shop.template(json!({ "way": "claim", "audience": "newcomers" })).await;
    assert!(shop.grants(claims(newcomers)).await.is_ok());
    let short = shop.template(json!({ "way": "claim", "claims_until": later, "valid_until": later })).await;
    assert!(shop.grants(claims(short)).await.is_ok());
    shop.clock.advance(HOUR_MS);
    let again = NewCoupon { source_ref: "2".to_owned(), ..claims(short) };
    assert_eq!(refused(again).await, "coupon.claims_over");
    assert!(shop.grants(claims(soon)).await.is_ok());
    let amount = NewCoupon { amount: Some(crate::kernel::money::Fen::new(5)), ..wanted(given, user) };
    assert_eq!(refused(amount).await, "coupon.amount_out_of_range");
    shop.check_books().await;
}

#[tokio::test]
async fn a_campaigns_coupons_never_pass_its_budget_and_give_back_what_is_not_used() {
    let shop = Shop::open().await;
    let plan = Plan { ends_at: shop.clock.now().plus_millis(60 * DAY_MS), ..stage::plan(shop.clock.now(), 10_500) };
    let campaign = stage::running(&shop.db, CampaignKind::CouponDrop, plan).await;
    let changes = json!({ "way": "claim", "valid_days": 1, "per_user_limit": 1 });
    let template = shop.template_of(CouponFamily::Shop, Some(campaign), changes).await;
    let mut wishes = Vec::new();
    for _ in 0..40 {
        let user = shop.user().await;
        wishes.push(NewCoupon { source: CouponSource::Claim, ..wanted(template, user) });
    }
    let answers = together(wishes.into_iter().map(|wish| shop.grants(wish))).await;
    let (ids, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let ids: Vec<CouponId> = ids.into_iter().map(Result::unwrap).collect();
    assert_eq!(ids.len(), 10, "ten yuan each out of 105");
    for refusal in refusals {
        assert_eq!(code(refusal.unwrap_err()), "campaign.budget_exhausted");
    }
    let revoked = ids[0];
    assert!(shop.does(move |tx| Ok(service::revoke_unused(tx, revoked, "发错了")?)).await.unwrap());
    assert!(!shop.does(move |tx| Ok(service::revoke_unused(tx, revoked, "发错了")?)).await.unwrap());
    assert_eq!(shop.state(revoked).await, CouponState::Revoked);
    let next = NewCoupon { source: CouponSource::Claim, ..wanted(template, shop.user().await) };
    assert!(shop.grants(next).await.is_ok(), "what came back is there for the next");

    shop.clock.advance(DAY_MS);
    shop.sweeps().await;
    assert_eq!(shop.state(ids[1]).await, CouponState::Expired);
    for _ in 0..10 {
        let next = NewCoupon { source: CouponSource::Claim, ..wanted(template, shop.user().await) };
        shop.grants(next).await.unwrap();
    }
    let next = NewCoupon { source: CouponSource::Claim, ..wanted(template, shop.user().await) };
    assert_eq!(code(shop.grants(next).await.unwrap_err()), "campaign.budget_exhausted");
    shop.check_books().await;
}

#[tokio::test]
async fn a_shared_code_is_found_by_its_index() {
    let shop = Shop::open().await;
    let looking = |tx: &mut Tx<'_>| scratch::plans_of(tx, |tx| store::by_shared_code(tx, "SPRING26"));
    let plans = shop.db.read("plans", looking).await.unwrap();
    assert!(plans.iter().all(|plan| plan.contains("coupon_templates_shared_code")), "{plans:#?}");
    assert!(scratch::on_postgres() || !plans.is_empty());
}
