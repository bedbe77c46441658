//! Many at once.

use super::stage::*;
use crate::bargain::model::*;
use crate::campaign::Audience;
use crate::kernel::money::Fen;
use crate::platform::db::scratch::together;

fn count(codes: &[&'static str], code: &str) -> usize {
    codes.iter().filter(|found| **found == code).count()
}

#[tokio::test]
async fn ten_thousand_helpers_cut_exactly_to_the_floor_and_later_ones_are_told_that_it_is_done() {
    let stage = Stage::with(Rules { cuts_min: 300, cuts_max: 300, ..rules() }).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    let helpers = stage.people(10_000).await;
    let codes = together(helpers.iter().map(|helper| async { code(stage.helps(*helper, &bargain).await) })).await;
    assert_eq!(count(&codes, "done"), 300);
    assert_eq!(count(&codes, "bargain.floor_reached"), 9_700);
    let after = stage.bargain(bargain.id).await;
    assert_eq!((after.price(), after.taken, after.helpers), (Fen::new(500), 300, 300));
    assert!(after.floor_at.is_some());
    let pieces = stage.pieces(bargain.id).await;
    assert!(pieces.iter().all(|piece| piece.helper_id.is_some() && piece.amount >= Fen::new(1)));
    assert_eq!(Fen::sum(pieces.iter().map(|piece| piece.amount)), Some(Fen::new(500)));
    assert_eq!((stage.events("bargain.cut").await, stage.events("bargain.floor_reached").await), (300, 1));
    stage.books_balance().await;
}

#[tokio::test]
async fn one_helper_a_hundred_times_at_once_cuts_once() {
    let stage = Stage::with(Rules { helpers: HelperRule::NewcomersCutMore, ..rules() }).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    let helper = stage.newcomer().await;
    let codes = together((0..100).map(|_| async { code(stage.helps(helper, &bargain).await) })).await;
    assert_eq!((count(&codes, "done"), count(&codes, "bargain.already_helped")), (1, 99));
    assert_eq!(stage.bargain(bargain.id).await.taken, 1);
    stage.books_balance().await;
}

#[tokio::test]
async fn a_user_opens_one_bargain_however_often_they_ask_at_once() {
    let stage = Stage::with(rules()).await;
    let owner = stage.newcomer().await;
    let codes = together((0..50).map(|_| async { code(stage.opens(owner).await) })).await;
    assert_eq!((count(&codes, "done"), count(&codes, "bargain.already_open")), (1, 49));
    assert_eq!(stage.events("bargain.opened").await, 1);
    stage.books_balance().await;
}

#[tokio::test]
async fn limits_on_helping_hold_however_much_is_done_at_once() {
    let stage = Stage::with(Rules { helps_per_day: Some(3), helps_per_campaign: Some(5), ..rules() }).await;
    let mut bargains = Vec::new();
    for owner in stage.people(30).await {
        bargains.push(stage.opens(owner).await.unwrap());
    }
    let helper = stage.newcomer().await;
    let codes = together(bargains.iter().map(|bargain| async { code(stage.helps(helper, bargain).await) })).await;
    assert_eq!((count(&codes, "done"), count(&codes, "campaign.limit_reached")), (3, 27));
    // The shop's next day begins; the plan ends after 24 hours, which this stays within.
    stage.clock.advance(20 * 3_600_000);
    let mut bargains = Vec::new();
    for owner in stage.people(30).await {
        bargains.push(stage.opens(owner).await.unwrap());
    }
    let codes = together(bargains.iter().map(|bargain| async { code(stage.helps(helper, bargain).await) })).await;
    assert_eq!((count(&codes, "done"), count(&codes, "campaign.limit_reached")), (2, 28));
    stage.books_balance().await;
}

#[tokio::test]
async fn many_bargains_with_many_helpers_stay_exact() {
    let stage = Stage::with(Rules { helpers: HelperRule::NewcomersCutMore, ..rules() }).await;
    let mut bargains = Vec::new();
    for owner in stage.people(20).await {
        bargains.push(stage.opens(owner).await.unwrap());
    }
    let helpers = stage.people(15).await;
    let pairs = helpers.iter().flat_map(|helper| bargains.iter().map(move |bargain| (*helper, bargain)));
    let stage = &stage;
    let helps = pairs.map(|(helper, bargain)| async move { code(stage.helps(helper, bargain).await) });
    let codes = together(helps).await;
    assert_eq!((count(&codes, "done"), count(&codes, "bargain.floor_reached")), (200, 100));
    stage.books_balance().await;
}

#[tokio::test]
async fn friends_help_though_the_campaign_is_not_for_them() {
    let stage = Stage::planned(rules(), |plan| crate::campaign::Plan { audience: Audience::Newcomers, ..plan }).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    let customer = stage.customer().await;
    assert_eq!(code(stage.opens(customer).await), "campaign.not_for_you");
    assert_eq!(code(stage.helps(customer, &bargain).await), "done");
}
