//! Claims about the decisions.

use proptest::prelude::*;

use super::*;
use crate::bargain::model::{BargainId, HelperRule};
use crate::catalog::SkuId;
use crate::coupon::CouponTemplateId;
use crate::kernel::id::CampaignId;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const OWNER: UserId = UserId::new(1);
const FRIEND: UserId = UserId::new(2);

fn good() -> Rules {
    Rules {
        sku_id: SkuId::new(7),
        start_fen: Some(Fen::new(9_900)),
        floor_fen: Fen::new(4_900),
        cuts_min: 18,
        cuts_max: 25,
        lifetime_minutes: 1_440,
        helpers: HelperRule::Anyone,
        helps_per_day: Some(5),
        helps_per_campaign: None,
        bargains_per_user: Some(1),
        buy_when: BuyRule::AnyPrice,
        owner_cuts_first: false,
        reward_template_id: None,
        quota: 100,
        prizes: Vec::new(),
    }
}

fn bargain() -> Bargain {
    Bargain {
        id: BargainId::new(10),
        campaign_id: CampaignId::new(20),
        user_id: OWNER,
        sku_id: SkuId::new(7),
        state: BargainState::Running,
        start: Fen::new(9_900),
        floor: Fen::new(4_900),
        seed: 1,
        pieces: 20,
        taken: 3,
        helpers: 3,
        cut: Fen::new(1_000),
        device_id: None,
        opened_at: Timestamp::from_millis(0),
        expires_at: NOW.plus_millis(1),
        floor_at: None,
        order_id: None,
        ended_at: None,
    }
}

fn prize(from_rank: i64, to_rank: i64) -> Prize {
    Prize { from_rank, to_rank, template_id: CouponTemplateId::new(5) }
}

#[test]
fn each_field_of_the_rules_has_its_range() {
    assert_eq!(flaws(&good()), []);
    assert_eq!(flaws(&Rules { start_fen: None, prizes: vec![prize(1, 1), prize(2, 10)], ..good() }), []);
    let wrong: [(&str, Rules); 13] = [
        ("floor_fen", Rules { floor_fen: Fen::new(-1), ..good() }),
        ("start_fen", Rules { start_fen: Some(Fen::new(4_924)), ..good() }),
        ("start_fen", Rules { start_fen: Some(Fen::new(i64::MIN)), ..good() }),
        ("cuts_min", Rules { cuts_min: 0, ..good() }),
        ("cuts_min", Rules { cuts_min: 1, owner_cuts_first: true, ..good() }),
        ("cuts_max", Rules { cuts_max: 17, ..good() }),
        ("cuts_max", Rules { start_fen: None, cuts_max: 1_001, ..good() }),
        ("lifetime_minutes", Rules { lifetime_minutes: 14, ..good() }),
        ("helps_per_day", Rules { helps_per_day: Some(0), ..good() }),
        ("bargains_per_user", Rules { bargains_per_user: Some(-3), ..good() }),
        ("quota", Rules { quota: 0, ..good() }),
        ("prizes", Rules { prizes: vec![prize(1, 3), prize(3, 5)], ..good() }),
        ("prizes", Rules { prizes: vec![prize(2, 3)], ..good() }),
    ];
    for (field, rules) in wrong {
        let found: Vec<&str> = flaws(&rules).iter().map(|flaw| flaw.field).collect();
        assert_eq!(found, [field], "{rules:?}");
    }
}

#[test]
fn a_place_wins_the_prize_whose_range_it_lies_in() {
    let prizes = [prize(1, 1), prize(2, 10)];
    assert_eq!(prize_of(&prizes, 1), prizes.first());
    assert_eq!(prize_of(&prizes, 10), prizes.get(1));
    assert_eq!(prize_of(&prizes, 11), None);
    assert_eq!(last_prized(&prizes), 10);
    assert_eq!(last_prized(&[]), 0);
}

#[test]
fn bargaining_never_starts_above_what_the_product_costs_now() {
    assert_eq!(start_of(None, Fen::new(500)), Fen::new(500));
    assert_eq!(start_of(Some(Fen::new(400)), Fen::new(500)), Fen::new(400));
    assert_eq!(start_of(Some(Fen::new(600)), Fen::new(500)), Fen::new(500));
    assert_eq!(taken_off(Fen::new(500), Fen::new(300)), Fen::new(200));
    assert_eq!(taken_off(Fen::new(200), Fen::new(300)), Fen::ZERO);
}

#[test]
fn the_pieces_of_a_seed_never_change() {
    let ground = Ground { start: Fen::new(9_900), floor: Fen::new(4_900), cuts_min: 5, cuts_max: 9 };
    let drawn: Vec<i64> = pieces(&ground, 20_261_122).unwrap().into_iter().map(Fen::get).collect();
    assert_eq!(drawn, [1655, 1224, 867, 674, 414, 92, 48, 26]);
}

#[test]
fn a_friend_helps_while_there_is_something_to_cut_and_time() {
    let running = bargain();
    assert_eq!(may_help(&running, FRIEND, NOW), Ok(()));
    assert_eq!(may_help(&running, OWNER, NOW), Err(Hindrance::OwnBargain));
    assert_eq!(may_help(&running, FRIEND, NOW.plus_millis(1)), Err(Hindrance::Expired));
    let done = Bargain { cut: Fen::new(5_000), ..running };
    assert_eq!(may_help(&done, FRIEND, NOW), Err(Hindrance::FloorReached));
    let held = Bargain { order_id: Some(OrderId::new(4)), ..running };
    assert_eq!(may_help(&held, FRIEND, NOW), Err(Hindrance::BeingBought(None)), "whose order it is stays between them");
    assert_eq!(may_help(&held, FRIEND, NOW.plus_millis(9)), Err(Hindrance::BeingBought(None)), "it is not over yet");
    let bought = Bargain { state: BargainState::Bought, ..held };
    assert_eq!(may_help(&bought, FRIEND, NOW), Err(Hindrance::Bought));
}

#[test]
fn the_owner_buys_when_the_rules_say_so() {
    let running = bargain();
    let buy = |bargain: &Bargain, when| may_buy(bargain, when, OWNER, NOW);
    assert_eq!(buy(&running, BuyRule::AnyPrice), Ok(()));
    assert_eq!(buy(&running, BuyRule::AtFloor), Err(Hindrance::FloorNotReached(Fen::new(4_000))));
    assert_eq!(buy(&Bargain { cut: Fen::new(5_000), ..running }, BuyRule::AtFloor), Ok(()));
    assert_eq!(may_buy(&running, BuyRule::AnyPrice, FRIEND, NOW), Err(Hindrance::NotTheOwner));
    assert_eq!(may_buy(&running, BuyRule::AnyPrice, OWNER, NOW.plus_millis(1)), Err(Hindrance::Expired));
    let order = Some(OrderId::new(4));
    assert_eq!(buy(&Bargain { order_id: order, ..running }, BuyRule::AnyPrice), Err(Hindrance::BeingBought(order)));
    assert_eq!(buy(&Bargain { state: BargainState::Bought, ..running }, BuyRule::AnyPrice), Err(Hindrance::Bought));
}

proptest! {
    #[test]
    fn the_pieces_lead_from_the_start_to_the_floor_exactly(
        floor in 0_i64..1_000_000, above in 0_i64..1_000_000, least in 1_i64..60, more in 0_i64..60, seed in any::<i64>()
    ) {
        let ground = Ground {
            start: Fen::new(floor + above), floor: Fen::new(floor), cuts_min: least, cuts_max: least + more
        };
        match pieces(&ground, seed) {
            None => prop_assert!(above < least),
            Some(pieces) => {
                let count = i64::try_from(pieces.len()).unwrap();
                prop_assert!((least..=least + more).contains(&count));
                prop_assert!(pieces.iter().all(|piece| piece.get() >= 1));
                prop_assert_eq!(Fen::sum(pieces), Some(Fen::new(above)));
            }
        }
    }
}
