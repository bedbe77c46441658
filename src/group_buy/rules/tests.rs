//! Claims about the rules of group buys.

use proptest::prelude::*;

use super::*;
use crate::catalog::{ProductId, SkuId};
use crate::group_buy::model::{GroupId, LatePayer, SeatId};
use crate::kernel::id::CampaignId;

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn rules(sizes: &[i64]) -> Rules {
    Rules {
        campaign_id: CampaignId::new(1),
        product_id: ProductId::new(1),
        sizes: sizes.to_vec(),
        lifetime_minutes: 60,
        per_user: 5,
        per_order: 3,
        leads_at_once: 1,
        joiners: Joiners::Anyone,
        fill_percent: None,
        visibility: Visibility::Public,
        coupons_allowed: true,
        late_payer: LatePayer::OtherGroup,
        ended_at: None,
    }
}

fn offer(prices: &[i64]) -> SkuOffer {
    let prices = prices.iter().copied().map(Fen::new).collect();
    SkuOffer { sku_id: SkuId::new(1), prices, leader_price: None, quota: None, taken: 0 }
}

fn group(free: i64) -> Group {
    Group {
        id: GroupId::new(9),
        campaign_id: CampaignId::new(1),
        product_id: ProductId::new(1),
        leader_id: UserId::new(1),
        lead_no: Some(1),
        state: GroupState::Open,
        seats: 3,
        free,
        paid: 3 - free,
        filled: 0,
        step: None,
        listed: true,
        deadline: NOW.plus_millis(1),
        settle_at: NOW.plus_millis(1),
        created_at: NOW,
        visible_at: Some(NOW),
        ended_at: None,
        end_reason: None,
        version: 1,
    }
}

fn seat(id: i64, state: SeatState, paid_at: Option<i64>, price: i64) -> Seat {
    Seat {
        id: SeatId::new(id),
        group_id: GroupId::new(9),
        campaign_id: CampaignId::new(1),
        seat_no: id,
        of_seats: 3,
        user_id: Some(UserId::new(id)),
        order_id: Some(OrderId::new(id)),
        sku_id: Some(SkuId::new(1)),
        quantity: 2,
        price: Fen::new(price),
        least_price: Fen::new(price.min(8_000)),
        newcomer: false,
        state,
        held_at: NOW,
        paid_at: paid_at.map(Timestamp::from_millis),
        kept_at: None,
        refund_due_at: None,
        released_at: None,
        reason: None,
        settle_at: None,
        tries: 0,
        failure: None,
        given_back_at: None,
        moved_to: None,
    }
}

const STRANGER: Joiner = Joiner { user: None, newcomer: true, invited: false };

#[test]
fn every_pair_of_seat_and_event_is_decided_as_written() {
    use SeatState::{Held, Paid, RefundDue, Released};
    let allowed = [
        (Held, SeatEvent::Pay, Paid),
        (Held, SeatEvent::GiveUp, Released),
        (Paid, SeatEvent::Keep, SeatState::Kept),
        (Paid, SeatEvent::GiveUp, RefundDue),
        (RefundDue, SeatEvent::MoneyBack, Released),
    ];
    for from in SeatState::ALL.iter().copied() {
        for event in [SeatEvent::Pay, SeatEvent::Keep, SeatEvent::GiveUp, SeatEvent::MoneyBack] {
            let expected = allowed.iter().find(|(state, what, _)| (*state, *what) == (from, event)).map(|(.., to)| *to);
            assert_eq!(next(from, event).ok(), expected, "{from} {event:?}");
        }
    }
    assert!(SeatState::ALL.iter().all(|state| state.is_live() == SeatState::LIVE.contains(state)));
}

#[test]
fn a_seat_is_refused_for_the_first_reason_that_holds() {
    let plain = rules(&[3]);
    let join =
        |group: &Group, rules: &Rules, own: Option<&Seat>, joiner: &Joiner| may_join(group, rules, own, joiner, NOW);
    assert_eq!(join(&group(1), &plain, None, &STRANGER), Ok(()));
    assert_eq!(join(&Group { visible_at: None, ..group(1) }, &plain, None, &STRANGER), Err(Refusal::Hidden));
    let private = Rules { visibility: Visibility::Invitation, ..plain.clone() };
    assert_eq!(join(&group(1), &private, None, &STRANGER), Err(Refusal::Hidden));
    assert_eq!(join(&group(1), &private, None, &Joiner { invited: true, ..STRANGER }), Ok(()));
    let formed = Group { state: GroupState::Formed, ..group(0) };
    assert_eq!(join(&formed, &plain, None, &STRANGER), Err(Refusal::Over(GroupState::Formed)));
    let own = seat(2, SeatState::Held, None, 9_000);
    assert_eq!(join(&group(0), &plain, Some(&own), &STRANGER), Err(Refusal::AlreadyIn(own.order_id)));
    assert_eq!(join(&Group { deadline: NOW, ..group(1) }, &plain, None, &STRANGER), Err(Refusal::TimeOver));
    assert_eq!(join(&group(0), &plain, None, &STRANGER), Err(Refusal::Full));
    let for_new = Rules { joiners: Joiners::Newcomers, ..plain };
    assert_eq!(join(&group(1), &for_new, None, &STRANGER), Ok(()));
    assert_eq!(join(&group(1), &for_new, None, &Joiner { newcomer: false, ..STRANGER }), Err(Refusal::NewcomersOnly));
}

#[test]
fn pieces_are_limited_by_order_and_by_quota() {
    let rules = rules(&[2]);
    let scarce = SkuOffer { quota: Some(10), taken: 9, ..offer(&[9_000]) };
    assert_eq!(may_take(&rules, &offer(&[9_000]), 3), Ok(()));
    assert_eq!(may_take(&rules, &offer(&[9_000]), 4), Err(Refusal::TooManyPieces { limit: 3 }));
    assert_eq!(may_take(&rules, &scarce, 1), Ok(()));
    assert_eq!(may_take(&rules, &scarce, 2), Err(Refusal::SoldOut { left: 1 }));
}

#[test]
fn a_group_lives_its_life_but_not_past_its_campaign() {
    let rules = rules(&[2]);
    let far = NOW.plus_millis(10 * HOUR_MS);
    assert_eq!(deadline(&rules, far, NOW), NOW.plus_millis(HOUR_MS));
    assert_eq!(deadline(&rules, NOW.plus_millis(5), NOW), NOW.plus_millis(5));
    assert_eq!(may_open(NOW.plus_millis(OPEN_BEFORE_END_MS), NOW), Ok(()));
    assert_eq!(may_open(NOW.plus_millis(OPEN_BEFORE_END_MS - 1), NOW), Err(Refusal::EndsTooSoon));
}

#[test]
fn a_ladder_ends_at_the_step_that_was_reached() {
    let ladder = rules(&[3, 5, 10]);
    let forms = |step, reason| Ending::Forms { step, fill: 0, reason };
    assert_eq!(ending(&ladder, 2), Ending::Expires);
    assert_eq!(ending(&ladder, 3), forms(0, EndReason::StepReached));
    assert_eq!(ending(&ladder, 9), forms(1, EndReason::StepReached));
    assert_eq!(ending(&ladder, 10), forms(2, EndReason::Full));
    let owed = |step| difference(&seat(1, SeatState::Paid, Some(1), 9_000), &offer(&[9_000, 8_500, 8_000]), step).get();
    assert_eq!([owed(0), owed(1), owed(2)], [0, 1_000, 2_000]);
    let leader = seat(1, SeatState::Paid, Some(1), 8_200);
    assert_eq!(difference(&leader, &offer(&[9_000, 8_500, 8_000]), 1), Fen::ZERO, "who paid less is owed nothing");
    assert_eq!(difference(&leader, &offer(&[9_000, 8_500, 8_000]), 2), Fen::new(400));
}

#[test]
fn the_shop_fills_up_when_enough_are_real() {
    let filling = Rules { fill_percent: Some(60), ..rules(&[5, 8]) };
    let fills = |fill| Ending::Forms { step: 0, fill, reason: EndReason::Filled };
    assert_eq!(ending(&filling, 2), Ending::Expires);
    assert_eq!(ending(&filling, 3), fills(2));
    assert_eq!(ending(&filling, 4), fills(1));
    assert_eq!(ending(&filling, 5), Ending::Forms { step: 0, fill: 0, reason: EndReason::StepReached });
    assert_eq!(ending(&Rules { fill_percent: Some(1), ..rules(&[2]) }, 0), Ending::Expires, "nobody is not a group");
}

#[test]
fn the_first_who_paid_leads_on_and_else_the_first_who_came() {
    let seats = [
        seat(1, SeatState::Held, None, 1),
        seat(2, SeatState::Paid, Some(30), 1),
        seat(3, SeatState::Paid, Some(20), 1),
    ];
    assert_eq!(heir(&seats).map(|seat| seat.id), Some(SeatId::new(3)));
    assert_eq!(heir(&seats[..1]).map(|seat| seat.id), Some(SeatId::new(1)));
    assert_eq!(heir(&[]), None);
}

#[test]
fn a_reference_names_a_campaign_or_a_group() {
    let group = GroupId::new(77);
    assert_eq!(Wish::parse("new:5"), Some(Wish::Open(CampaignId::new(5))));
    assert_eq!(Wish::parse("77"), Some(Wish::Join { group, token: None }));
    assert_eq!(Wish::parse("77:"), Some(Wish::Join { group, token: None }));
    assert_eq!(Wish::parse("77:abc"), Some(Wish::Join { group, token: Some("abc".to_owned()) }));
    for nonsense in ["", "new:", "new:x", "x", ":77", "-"] {
        assert_eq!(Wish::parse(nonsense), None, "{nonsense}");
    }
}

#[test]
fn pauses_grow_to_an_hour() {
    assert_eq!(pause_after(0), LOOK_AGAIN_MS);
    assert_eq!(pause_after(1), 2 * LOOK_AGAIN_MS);
    assert_eq!(pause_after(i64::MAX), HOUR_MS);
}

#[test]
fn rules_that_break_a_rule_are_named() {
    let sku = |prices: &[i64], leader: Option<i64>| SkuDraft {
        sku_id: SkuId::new(1),
        prices_fen: prices.iter().copied().map(Fen::new).collect(),
        leader_price_fen: leader.map(Fen::new),
        quota: None,
    };
    let draft = |sizes: &[i64], skus: Vec<SkuDraft>| RulesDraft {
        product_id: ProductId::new(1),
        sizes: sizes.to_vec(),
        lifetime_minutes: 15,
        per_user: 1,
        per_order: 1,
        leads_at_once: 1,
        joiners: Joiners::Anyone,
        fill_percent: None,
        visibility: Visibility::Public,
        coupons_allowed: true,
        late_payer: LatePayer::Refund,
        skus,
    };
    let flawed =
        |draft: &RulesDraft| checked(draft).err().unwrap_or_default().iter().map(|flaw| flaw.field).collect::<Vec<_>>();
    assert!(flawed(&draft(&[3, 5], vec![sku(&[9, 8], Some(0))])).is_empty());
    assert_eq!(flawed(&draft(&[1], vec![sku(&[9], None)])), ["sizes"]);
    assert_eq!(flawed(&draft(&[5, 3], vec![sku(&[9, 8], None)])), ["sizes"]);
    assert_eq!(flawed(&draft(&[2], vec![])), ["skus"]);
    assert_eq!(flawed(&draft(&[2], vec![sku(&[9], None), sku(&[9], None)])), ["skus"]);
    assert_eq!(flawed(&draft(&[2, 3], vec![sku(&[9], None)])), ["skus.prices_fen"]);
    assert_eq!(flawed(&draft(&[2, 3], vec![sku(&[8, 8], None)])), ["skus.prices_fen"]);
    assert_eq!(flawed(&draft(&[2], vec![sku(&[0], None)])), ["skus.prices_fen"]);
    assert_eq!(flawed(&draft(&[2], vec![sku(&[9], Some(10))])), ["skus.leader_price_fen"]);
    assert_eq!(
        flawed(&RulesDraft { lifetime_minutes: 4_321, fill_percent: Some(0), ..draft(&[2], vec![sku(&[9], None)]) }),
        ["lifetime_minutes", "fill_percent"]
    );
}

proptest! {
    #[test]
    fn the_number_of_a_free_seat_is_the_lowest_that_nobody_has(
        live in proptest::collection::btree_set(1_i64..=20, 0..20), seats in 2_i64..=20
    ) {
        let live: Vec<i64> = live.into_iter().filter(|number| *number <= seats).collect();
        match free_number(&live, seats) {
            Some(number) => {
                prop_assert!((1..=seats).contains(&number) && !live.contains(&number));
                prop_assert!((1..number).all(|lower| live.contains(&lower)));
            }
            None => prop_assert_eq!(i64::try_from(live.len()).unwrap(), seats),
        }
    }

    #[test]
    fn nobody_is_owed_more_than_was_set_aside_and_nobody_pays_more_than_the_step(
        first in 2_i64..100_000, cuts in proptest::collection::vec(1_i64..100, 0..4), paid in 1_i64..100_000, at in 0_usize..5
    ) {
        let mut prices = vec![first];
        for cut in cuts {
            let last = *prices.last().unwrap();
            if last - cut > 0 {
                prices.push(last - cut);
            }
        }
        let step = at.min(prices.len() - 1);
        let least = *prices.last().unwrap();
        let seat = Seat { least_price: Fen::new(paid.min(least)), ..seat(1, SeatState::Paid, Some(1), paid) };
        let owed = difference(&seat, &offer(&prices), step);
        prop_assert!(owed >= Fen::ZERO && owed <= difference_at_most(&seat));
        let pays = seat.price.times(seat.quantity).unwrap().minus(owed).unwrap();
        prop_assert!(pays <= Fen::new(prices[step] * seat.quantity));
    }
}
