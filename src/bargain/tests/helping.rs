//! What a help is worth, and what it earns.

use super::stage::*;
use crate::bargain::model::*;
use crate::bargain::rules::{self as decide, Ground};
use crate::kernel::id::DeviceId;
use crate::kernel::money::Fen;
use crate::kernel::time::MINUTE_MS;

#[tokio::test]
async fn the_stored_pieces_are_those_of_the_seed() {
    let stage = Stage::with(Rules { cuts_min: 5, cuts_max: 40, ..rules() }).await;
    for owner in stage.people(20).await {
        let bargain = stage.opens(owner).await.unwrap();
        let stored: Vec<Fen> = stage.pieces(bargain.id).await.iter().map(|piece| piece.amount).collect();
        let ground = Ground { start: Fen::new(1_000), floor: Fen::new(500), cuts_min: 5, cuts_max: 40 };
        assert_eq!(decide::pieces(&ground, bargain.seed), Some(stored));
    }
}

#[tokio::test]
async fn everybody_takes_the_next_piece_and_newcomers_the_largest_where_they_are_wanted() {
    let stage = Stage::with(Rules { helpers: HelperRule::NewcomersCutMore, ..rules() }).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    let amounts: Vec<Fen> = stage.pieces(bargain.id).await.iter().map(|piece| piece.amount).collect();
    let customer = stage.customer().await;
    let first = stage.helps(customer, &bargain).await.unwrap();
    assert_eq!(first.amount, amounts[0]);
    let largest = amounts[1..].iter().copied().max().unwrap();
    let newcomer = stage.newcomer().await;
    assert_eq!(stage.helps(newcomer, &bargain).await.unwrap().amount, largest);
    assert!(stage.cut_of(newcomer, bargain.id).await.newcomer && !stage.cut_of(customer, bargain.id).await.newcomer);

    let plain = Stage::with(rules()).await;
    let bargain = plain.opens(plain.newcomer().await).await.unwrap();
    let amounts: Vec<Fen> = plain.pieces(bargain.id).await.iter().map(|piece| piece.amount).collect();
    for amount in amounts {
        assert_eq!(plain.helps(plain.newcomer().await, &bargain).await.unwrap().amount, amount);
    }
}

#[tokio::test]
async fn the_owner_makes_the_first_cut_where_the_rules_say_so_and_it_is_no_help() {
    let stage = Stage::with(Rules { owner_cuts_first: true, ..rules() }).await;
    let owner = stage.newcomer().await;
    let bargain = stage.opens(owner).await.unwrap();
    assert_eq!((bargain.taken, bargain.helpers), (1, 0));
    assert!(bargain.price() < bargain.start);
    assert_eq!(code(stage.helps(owner, &bargain).await), "bargain.own_bargain");
    assert_eq!(stage.top().await, []);
    stage.books_balance().await;
}

#[tokio::test]
async fn a_bargain_has_its_own_time_within_that_of_the_campaign() {
    let stage = Stage::with(rules()).await;
    let owner = stage.newcomer().await;
    let bargain = stage.opens(owner).await.unwrap();
    stage.clock.advance(60 * MINUTE_MS - 1);
    assert_eq!(code(stage.helps(stage.newcomer().await, &bargain).await), "done");
    stage.clock.advance(1);
    assert_eq!(code(stage.helps(stage.newcomer().await, &bargain).await), "bargain.expired");
    assert_eq!(code(stage.opens(owner).await), "done", "a new one takes its place");
    assert_eq!(stage.bargain(bargain.id).await.state, BargainState::Expired);
    stage.later(60 * MINUTE_MS).await;
    assert_eq!(stage.events("bargain.expired").await, 2);
    stage.later(0).await;
    assert_eq!(stage.events("bargain.expired").await, 2, "once each");
    // An hour would reach beyond the end of the campaign.
    stage.clock.advance((24 * 60 - 120 - 30) * MINUTE_MS);
    let last = stage.opens(owner).await.unwrap();
    assert_eq!(last.expires_at, stage.clock.now().plus_millis(30 * MINUTE_MS));
    stage.clock.advance(30 * MINUTE_MS);
    assert_eq!(code(stage.opens(stage.newcomer().await).await), "campaign.not_running");
    stage.books_balance().await;
}

#[tokio::test]
async fn a_campaign_that_ends_takes_its_bargains_with_it() {
    let stage = Stage::with(rules()).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    stage.ends().await;
    stage.later(MINUTE_MS + 1).await;
    assert_eq!(code(stage.helps(stage.newcomer().await, &bargain).await), "bargain.expired");
    assert_eq!(stage.bargain(bargain.id).await.state, BargainState::Expired);
}

#[tokio::test]
async fn how_many_bargains_a_user_may_open_is_counted() {
    let stage = Stage::with(Rules { bargains_per_user: Some(2), ..rules() }).await;
    let owner = stage.newcomer().await;
    for expected in ["done", "done", "campaign.limit_reached"] {
        assert_eq!(code(stage.opens(owner).await), expected);
        stage.later(60 * MINUTE_MS).await;
    }
}

#[tokio::test]
async fn what_costs_too_little_or_is_gone_is_not_bargained_over() {
    let stage = Stage::with(rules()).await;
    stage.run("UPDATE skus SET price_fen = 509".to_owned()).await;
    assert_eq!(code(stage.opens(stage.newcomer().await).await), "bargain.price_too_low");
    stage.run("UPDATE skus SET price_fen = 510".to_owned()).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    assert_eq!((bargain.start, bargain.pieces), (Fen::new(510), 10));
    stage.run("UPDATE bargain_quotas SET quota = 0".to_owned()).await;
    assert_eq!(code(stage.opens(stage.newcomer().await).await), "bargain.sold_out");
    stage.run("UPDATE bargain_quotas SET quota = 1; UPDATE stock_items SET on_hand = 0, removed = 50".to_owned()).await;
    assert_eq!(code(stage.opens(stage.newcomer().await).await), "bargain.sold_out");
    stage.run("UPDATE stock_items SET on_hand = 50, removed = 0; UPDATE skus SET sellable = FALSE".to_owned()).await;
    assert_eq!(code(stage.opens(stage.newcomer().await).await), "bargain.sold_out");
}

#[tokio::test]
async fn a_helper_gets_a_coupon_while_there_are_any_and_cuts_all_the_same() {
    let stage = Stage::with(rules()).await;
    let template = stage.coupon(2).await;
    stage.promise(Rules { reward_template_id: Some(template), ..rules() }).await;
    let bargain = stage.opens(stage.newcomer().await).await.unwrap();
    let mut rewards = Vec::new();
    for helper in stage.people(3).await {
        let helped = stage.helps(helper, &bargain).await.unwrap();
        assert_eq!(stage.cut_of(helper, bargain.id).await.reward, Some(helped.reward));
        rewards.push(helped.reward);
    }
    assert_eq!(rewards, [HelpReward::Granted, HelpReward::Granted, HelpReward::Refused]);
    assert_eq!(stage.events("coupon.issued").await, 2);
    assert_eq!(stage.bargain(bargain.id).await.helpers, 3);
    stage.books_balance().await;
}

#[tokio::test]
async fn helping_in_circles_cuts_but_earns_nothing_and_the_reason_is_kept() {
    let stage = Stage::with(rules()).await;
    let template = stage.coupon(100).await;
    stage.promise(Rules { reward_template_id: Some(template), ..rules() }).await;
    let people = stage.people(4).await;
    let mut bargains = Vec::new();
    for owner in &people {
        bargains.push(stage.opens(*owner).await.unwrap());
    }
    // Each helps the next; whoever closes a circle, of two or of four, earns nothing.
    for (helper, owner) in [(0, 1), (1, 2), (2, 3)] {
        let helped = stage.helps(people[helper], &bargains[owner]).await.unwrap();
        assert_eq!(helped.reward, HelpReward::Granted, "{helper} helps {owner}");
    }
    for (helper, owner) in [(1, 0), (3, 0)] {
        let helped = stage.helps(people[helper], &bargains[owner]).await.unwrap();
        assert_eq!(helped.reward, HelpReward::HelpingLoop, "{helper} helps {owner}");
        assert_eq!(stage.cut_of(people[helper], bargains[owner].id).await.reward, Some(HelpReward::HelpingLoop));
    }
    let owner = stage.bargain(bargains[0].id).await;
    assert_eq!(owner.helpers, 2, "the price sank all the same");
    assert!(!stage.top().await.iter().any(|(user, _)| *user == people[0]), "and nothing counts");
    assert_eq!(stage.events("coupon.issued").await, 3);
    stage.books_balance().await;
}

#[tokio::test]
async fn the_owners_own_device_earns_nothing() {
    let stage = Stage::with(rules()).await;
    let template = stage.coupon(100).await;
    stage.promise(Rules { reward_template_id: Some(template), ..rules() }).await;
    let (phone, tablet) = (Some(DeviceId::new(71)), Some(DeviceId::new(72)));
    let bargain = stage.opens_on(stage.newcomer().await, phone).await.unwrap();
    let same = stage.helps_on(stage.newcomer().await, &bargain, phone).await.unwrap();
    assert_eq!(same.reward, HelpReward::SameDevice);
    let other = stage.helps_on(stage.newcomer().await, &bargain, tablet).await.unwrap();
    assert_eq!(other.reward, HelpReward::Granted);
    stage.books_balance().await;
}

#[tokio::test]
async fn whoever_brought_the_owner_earns_nothing() {
    let stage = Stage::with(rules()).await;
    let template = stage.coupon(100).await;
    stage.promise(Rules { reward_template_id: Some(template), ..rules() }).await;
    let (inviter, owner) = (stage.newcomer().await, stage.newcomer().await);
    stage
        .run(format!(
            "INSERT INTO share_tokens (id, token, sharer_id, subject_kind, subject_ref, channel, depth, created_at) \
             VALUES (5, 'T', {inviter}, 'page', 'pages/index/index', 'friend', 0, 0); \
             INSERT INTO share_origins (user_id, depth, at) VALUES ({inviter}, 0, 0); \
             INSERT INTO share_origins (user_id, inviter_id, token_id, channel, depth, at) \
             VALUES ({owner}, {inviter}, 5, 'friend', 1, 0)"
        ))
        .await;
    let bargain = stage.opens(owner).await.unwrap();
    assert_eq!(stage.helps(inviter, &bargain).await.unwrap().reward, HelpReward::Inviter);
    stage.books_balance().await;
}
