//! What coupons keep to, whatever the basket.

use proptest::prelude::*;

use super::*;
use crate::catalog::{CategoryId, FreightTemplateId, GoodsKind, ProductId, SkuFacts, SkuId};
use crate::coupon::draft::CouponTemplateDraft;
use crate::coupon::model::{
    CouponBenefit, CouponId, CouponScope, CouponSettings, CouponTemplateId, Goods, MAX_FEN, ONE_TIME_CODE_LENGTH, Worth,
};
use crate::kernel::id::{CampaignId, UserId};
use crate::platform::http::ApiError;
use crate::pricing::{PricedLine, Reach};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn line(id: i64, category: i64, payable: i64, coupons_allowed: bool) -> PricedLine {
    PricedLine {
        sku: SkuFacts {
            sku_id: SkuId::new(id),
            product_id: ProductId::new(id),
            category_id: CategoryId::new(category),
            kind: GoodsKind::Physical,
            freight_template_id: FreightTemplateId::new(1),
            title: String::new(),
            option_text: String::new(),
            picture: String::new(),
            price: Fen::new(payable),
            market_price: None,
            weight_grams: 0,
            volume_cm3: 0,
            tags: Vec::new(),
            unavailable: None,
        },
        quantity: 1,
        goods: Fen::new(payable),
        payable: Fen::new(payable),
        priced_by: None,
        coupons_allowed,
        freight: Fen::ZERO,
    }
}

/// Category 2 hangs below 1, and 3 below 2; 4 stands alone.
fn tree() -> CategoryPaths {
    let path = |ids: &[i64]| ids.iter().map(|id| CategoryId::new(*id)).collect::<Vec<_>>();
    [(1, path(&[1])), (2, path(&[1, 2])), (3, path(&[1, 2, 3])), (4, path(&[4]))]
        .into_iter()
        .map(|(id, path)| (CategoryId::new(id), path))
        .collect()
}

fn terms(worth: Worth, threshold: i64, goods: Goods) -> Terms {
    Terms { family: CouponFamily::Shop, worth, threshold: Fen::new(threshold), goods, stackable: true }
}

fn all() -> Goods {
    Goods::AllBut(Vec::new())
}

fn off(terms: &Terms, lines: &[PricedLine]) -> Result<i64, Hindrance> {
    take_off(terms, lines, &tree()).map(|taken| taken.amount.get())
}

fn draft() -> CouponTemplateDraft {
    serde_json::from_value(json!({
        "title": " 满100减10 ", "way": "claim", "benefit": "amount_off", "amount_fen": 1_000,
        "threshold_fen": 10_000, "valid_days": 30
    }))
    .unwrap()
}

#[test]
fn many_coupons_or_dear_ones_need_a_second_person_unless_a_budget_pays() {
    let settings = CouponSettings { approval_above: Fen::new(10_000), approval_above_count: 50 };
    let worth = |amount| CouponTemplate { amount: Some(Fen::new(amount)), ..template(&draft()) };
    let needs = |template: &CouponTemplate, coupons| needs_second_person(&settings, template, coupons);
    assert!(!needs(&worth(1_000), 10));
    assert!(needs(&worth(1_000), 11), "110.00 yuan");
    assert!(!needs(&worth(1), 50));
    assert!(needs(&worth(1), 51), "51 coupons");
    assert!(needs(&worth(i64::MAX), 2), "more than can be counted");
    let cap = Some(Fen::new(2_000));
    let share = CouponTemplate { benefit: CouponBenefit::PercentOff, amount: None, cap, ..template(&draft()) };
    assert!(!needs(&share, 5) && needs(&share, 6));
    let freight = CouponTemplate { benefit: CouponBenefit::Shipping, amount: None, ..template(&draft()) };
    assert!(needs(&freight, 1), "nobody can say what all of the freight comes to");
    let paid_for = CouponTemplate { campaign_id: Some(CampaignId::new(1)), ..worth(1_000) };
    assert!(!needs(&paid_for, 1_000));
}

fn template(draft: &CouponTemplateDraft) -> CouponTemplate {
    CouponTemplate {
        id: CouponTemplateId::new(1),
        campaign_id: None,
        family: CouponFamily::Shop,
        way: draft.way,
        state: CouponTemplateState::Active,
        title: draft.title.clone(),
        description: String::new(),
        benefit: draft.benefit,
        amount: draft.amount_fen,
        off_permille: draft.off_permille,
        cap: draft.cap_fen,
        threshold: draft.threshold_fen,
        scope: draft.scope,
        category_ids: "[]".to_owned(),
        product_ids: "[]".to_owned(),
        excluded_product_ids: "[]".to_owned(),
        stackable: draft.stackable,
        valid_from: draft.valid_from,
        valid_until: draft.valid_until,
        valid_days: draft.valid_days,
        claims_from: draft.claims_from,
        claims_until: draft.claims_until,
        audience: draft.audience,
        per_user_limit: draft.per_user_limit,
        per_user_daily_limit: draft.per_user_daily_limit,
        shared_code: None,
        created_by: None,
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}

fn code(error: CouponError) -> &'static str {
    ApiError::from(error).refusal().code
}

#[test]
fn a_coupon_that_is_over_or_taken_back_never_moves_again() {
    for state in CouponState::ALL.iter().copied() {
        for step in Step::ALL {
            let to = next(state, step);
            if matches!(state, CouponState::Expired | CouponState::Revoked) {
                assert_eq!(to, None, "{state} {step:?}");
            }
            assert!(to.is_none_or(|to| is_recordable(state, to)), "{state} {step:?}");
        }
    }
    assert!(!is_recordable(CouponState::Held, CouponState::Used), "used without an order");
    assert!(!is_recordable(CouponState::Reserved, CouponState::Revoked), "taken out of an order");
    assert!(!is_recordable(CouponState::Expired, CouponState::Held), "back from the end");
}

#[test]
fn a_template_that_ended_stays_so() {
    use CouponTemplateState::{Active, Draft, Ended, Paused};
    assert!(matches!(next_template(Draft, TemplateStep::Activate), Ok(Active)));
    assert!(matches!(next_template(Active, TemplateStep::Pause), Ok(Paused)));
    assert!(matches!(next_template(Paused, TemplateStep::Activate), Ok(Active)));
    assert!(next_template(Draft, TemplateStep::Pause).is_err());
    for step in [TemplateStep::Activate, TemplateStep::Pause, TemplateStep::End] {
        assert!(next_template(Ended, step).is_err());
    }
}

#[test]
fn a_category_coupon_reaches_everything_below_and_nothing_excluded() {
    let goods = Goods::In(vec![CategoryId::new(1)], vec![ProductId::new(12)]);
    let coupon = terms(Worth::Amount(Fen::new(10_000)), 0, goods);
    let lines = [line(11, 3, 500, true), line(12, 2, 700, true), line(13, 4, 900, true), line(14, 1, 300, true)];
    let taken = take_off(&coupon, &lines, &tree()).unwrap();
    assert_eq!(taken.amount, Fen::new(800), "never more than what is left of what it is for");
    assert_eq!(taken.reach, Reach::Lines(vec![SkuId::new(11), SkuId::new(14)]));
    assert_eq!(off(&coupon, &[line(13, 4, 900, true)]), Err(Hindrance::OutOfScope));
}

#[test]
fn a_threshold_counts_only_what_the_coupon_is_for_and_may_be_used_with() {
    let coupon = terms(Worth::Amount(Fen::new(100)), 1_000, Goods::Only(vec![ProductId::new(1), ProductId::new(2)]));
    let lines = [line(1, 1, 600, true), line(2, 1, 600, false), line(3, 1, 5_000, true)];
    assert_eq!(off(&coupon, &lines), Err(Hindrance::BelowThreshold(Fen::new(600), Fen::new(1_000))));
    assert_eq!(off(&coupon, &[line(1, 1, 1_000, true)]), Ok(100));
    assert!(off(&coupon, &[line(1, 1, 999, true)]).is_err());
    assert_eq!(off(&coupon, &[line(1, 1, 5_000, false)]), Err(Hindrance::NotWithCampaign));
}

#[test]
fn a_share_is_rounded_half_up_and_capped() {
    let share = |permille: i64, cap: i64| terms(Worth::Share { permille, cap: Fen::new(cap) }, 0, all());
    assert_eq!(off(&share(150, 1_000), &[line(1, 1, 103, true)]), Ok(15), "15.45");
    assert_eq!(off(&share(150, 1_000), &[line(1, 1, 110, true)]), Ok(17), "16.5");
    assert_eq!(off(&share(150, 10), &[line(1, 1, 110, true)]), Ok(10));
    assert_eq!(off(&share(1, 10), &[line(1, 1, 10, true)]), Err(Hindrance::SavesNothing));
    let huge = [line(1, 1, i64::MAX / 2, true)];
    assert_eq!(off(&share(999, 1_000_000), &huge), Ok(1_000_000), "no product leaves the range of money");
}

#[test]
fn a_shipping_coupon_reaches_for_the_freight_alone() {
    let taken = take_off(&terms(Worth::Freight(None), 500, all()), &[line(1, 1, 500, true)], &tree()).unwrap();
    assert_eq!((taken.reach, taken.amount), (Reach::Freight, MAX_FEN));
    assert!(off(&terms(Worth::Freight(Some(Fen::new(800))), 501, all()), &[line(1, 1, 500, true)]).is_err());
}

#[test]
fn a_coupon_is_usable_from_its_first_moment_until_its_last() {
    let coupon = |state, from: i64, until: i64| Coupon {
        id: CouponId::new(1),
        template_id: CouponTemplateId::new(1),
        user_id: UserId::new(1),
        state,
        amount: None,
        source: CouponSource::Claim,
        source_ref: String::new(),
        valid_from: NOW.plus_millis(from),
        valid_until: NOW.plus_millis(until),
        order_id: None,
        created_at: NOW,
        state_since: NOW,
        version: 1,
    };
    assert_eq!(usable(&coupon(CouponState::Held, 0, 1), NOW), Ok(()));
    assert_eq!(usable(&coupon(CouponState::Held, -1, 0), NOW), Err(Hindrance::Expired));
    assert_eq!(usable(&coupon(CouponState::Held, 1, 2), NOW), Err(Hindrance::NotYetValid(NOW.plus_millis(1))));
    for state in [CouponState::Reserved, CouponState::Used, CouponState::Revoked] {
        assert_eq!(usable(&coupon(state, 0, 1), NOW), Err(Hindrance::NotHeld(state)));
    }
    assert_eq!(usable(&coupon(CouponState::Expired, 0, 1), NOW), Err(Hindrance::Expired));
}

#[test]
fn a_window_ends_with_whichever_end_comes_first() {
    let days = template(&draft());
    assert_eq!(window(&days, None, NOW).ok(), Some((NOW, NOW.plus_millis(30 * DAY_MS))));
    assert_eq!(window(&days, Some(NOW.plus_millis(5)), NOW).ok(), Some((NOW, NOW.plus_millis(5))));
    let dated = CouponTemplate {
        valid_from: Some(NOW.plus_millis(10)),
        valid_until: Some(NOW.plus_millis(20)),
        ..template(&draft())
    };
    assert_eq!(window(&dated, None, NOW).ok(), Some((NOW.plus_millis(10), NOW.plus_millis(20))));
    assert!(window(&dated, None, NOW.plus_millis(20)).is_err(), "it could never be used");
    let open = CouponTemplate { valid_days: None, ..template(&draft()) };
    assert!(window(&open, None, NOW).is_err(), "a coupon without an end");
}

#[test]
fn a_limit_of_a_day_counts_that_day_alone() {
    let (today, tomorrow) = (Day::new(7), Day::new(8));
    let counted =
        |today_too| UserCount { template_id: CouponTemplateId::new(1), issued: 5, day: today, issued_today: today_too };
    let daily = CouponTemplate { per_user_limit: 10, per_user_daily_limit: Some(2), ..template(&draft()) };
    let refused = within_own_limits(&daily, Some(&counted(2)), today).err().map(code);
    assert_eq!(refused, Some("coupon.daily_limit_reached"));
    assert!(within_own_limits(&daily, Some(&counted(2)), tomorrow).is_ok());
    let once = CouponTemplate { per_user_limit: 5, ..template(&draft()) };
    let refused = within_own_limits(&once, Some(&counted(0)), tomorrow).err().map(code);
    assert_eq!(refused, Some("coupon.limit_reached"));
    let allotment = Allotment {
        template_id: CouponTemplateId::new(1),
        total_limit: Some(9),
        daily_limit: Some(3),
        issued: 8,
        day: today,
        issued_today: 3,
    };
    assert_eq!(some_left(&allotment, today).err().map(code), Some("coupon.sold_out_today"));
    assert!(some_left(&allotment, tomorrow).is_ok());
    let gone = Allotment { issued: 9, ..allotment };
    assert_eq!(some_left(&gone, tomorrow).err().map(code), Some("coupon.sold_out"));
}

#[test]
fn each_source_gives_only_what_is_had_that_way() {
    for way in CouponWay::ALL.iter().copied() {
        for source in CouponSource::ALL.iter().copied() {
            let packet = way == CouponWay::Packet || source == CouponSource::Packet;
            if packet {
                assert_eq!(fits(way, source), way == CouponWay::Packet && source == CouponSource::Packet);
            }
        }
        assert_eq!(fits(way, CouponSource::Staff), way != CouponWay::Packet);
    }
    assert!(!fits(CouponWay::Grant, CouponSource::Claim));
    assert!(!fits(CouponWay::Claim, CouponSource::SharedCode));
}

#[test]
fn a_draft_says_what_does_not_fit() {
    let field = |changes: serde_json::Value| {
        let mut body = json!({
            "title": "满100减10", "way": "claim", "benefit": "amount_off", "amount_fen": 1_000, "valid_days": 30
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let draft: CouponTemplateDraft = serde_json::from_value(body).unwrap();
        match checked(CouponFamily::Shop, &draft, NOW) {
            Ok(_) => "fits".to_owned(),
            Err(CouponError::InvalidTemplate(details)) => details["field"].as_str().unwrap().to_owned(),
            Err(other) => panic!("{other}"),
        }
    };
    let past = NOW.plus_millis(-1);
    for (changes, wrong) in [
        (json!({}), "fits"),
        (json!({ "title": "  " }), "title"),
        (json!({ "title": "长".repeat(31) }), "title"),
        (json!({ "title": "a\u{7}" }), "title"),
        (json!({ "description": "长".repeat(501) }), "description"),
        (json!({ "way": "packet" }), "way"),
        (json!({ "amount_fen": null }), "amount_fen"),
        (json!({ "amount_fen": 0 }), "amount_fen"),
        (json!({ "amount_fen": -5 }), "amount_fen"),
        (json!({ "amount_fen": 1_000_000_001 }), "amount_fen"),
        (json!({ "cap_fen": 5 }), "cap_fen"),
        (json!({ "off_permille": 5 }), "off_permille"),
        (json!({ "threshold_fen": -1 }), "threshold_fen"),
        (json!({ "benefit": "percent_off", "amount_fen": null, "off_permille": 150, "cap_fen": 500 }), "fits"),
        (
            json!({ "benefit": "percent_off", "amount_fen": null, "off_permille": 1_000, "cap_fen": 500 }),
            "off_permille",
        ),
        (json!({ "benefit": "percent_off", "amount_fen": null, "off_permille": 150 }), "cap_fen"),
        (json!({ "benefit": "percent_off", "off_permille": 150, "cap_fen": 500 }), "amount_fen"),
        (json!({ "benefit": "shipping", "amount_fen": null }), "fits"),
        (json!({ "benefit": "shipping", "scope": "products", "product_ids": ["1"] }), "scope"),
        (json!({ "scope": "products" }), "product_ids"),
        (json!({ "scope": "categories" }), "category_ids"),
        (json!({ "category_ids": ["1"] }), "category_ids"),
        (json!({ "scope": "products", "product_ids": ["1"], "excluded_product_ids": ["2"] }), "excluded_product_ids"),
        (
            json!({ "excluded_product_ids": (0..201).map(|id| id.to_string()).collect::<Vec<_>>() }),
            "excluded_product_ids",
        ),
        (json!({ "valid_days": null }), "valid_until"),
        (json!({ "valid_days": 0 }), "valid_days"),
        (json!({ "valid_until": past }), "valid_until"),
        (json!({ "claims_until": past }), "claims_until"),
        (json!({ "claims_from": NOW.plus_millis(9), "valid_until": NOW.plus_millis(5) }), "claims_from"),
        (json!({ "total_limit": 0 }), "total_limit"),
        (json!({ "daily_limit": -1 }), "daily_limit"),
        (json!({ "per_user_limit": 0 }), "per_user_limit"),
        (json!({ "per_user_daily_limit": 1_001 }), "per_user_daily_limit"),
        (json!({ "shared_code": "SPRING" }), "shared_code"),
        (json!({ "way": "shared_code" }), "shared_code"),
        (json!({ "way": "shared_code", "shared_code": "春天来了" }), "shared_code"),
        (json!({ "way": "shared_code", "shared_code": "spring26" }), "fits"),
    ] {
        assert_eq!(field(changes.clone()), wrong, "{changes}");
    }
}

#[test]
fn a_code_is_read_however_it_is_typed() {
    let code = random_code().unwrap();
    assert_eq!(code.len(), ONE_TIME_CODE_LENGTH);
    assert!(code.bytes().all(|letter| !b"01IO".contains(&letter) && letter.is_ascii_alphanumeric()), "{code}");
    assert_eq!(normalised(&printed(&code)).as_deref(), Some(code.as_str()));
    assert_eq!(normalised(&format!(" {} ", printed(&code).to_lowercase())).as_deref(), Some(code.as_str()));
    assert_ne!(hashed(&code), hashed(&random_code().unwrap()));
    for nonsense in ["", " - ", "ABCDEFGHJKLMN", "优惠券", "' OR 1=1 --"] {
        assert_eq!(normalised(nonsense), None, "{nonsense}");
    }
    assert_eq!(normalised(&"A".repeat(65)), None);
}

#[test]
fn of_equal_choices_the_one_with_fewer_coupons_that_ends_first_is_best() {
    let trial = |place, family, stackable, saving, ends| Trial {
        place,
        family,
        stackable,
        saving: Fen::new(saving),
        valid_until: NOW.plus_millis(ends),
    };
    use CouponFamily::{Shop, Social};
    let trials = [trial(0, Shop, true, 500, 9), trial(1, Shop, false, 800, 5), trial(2, Social, true, 800, 3)];
    assert_eq!(partners(&trials), [(trials[0], trials[2])], "a pair allows each other");
    let pair = Choice { places: vec![0, 2], saving: Fen::new(800), valid_until: NOW };
    let chosen = best(trials.iter().map(Trial::alone).chain([pair])).unwrap();
    assert_eq!(chosen.places, [2]);
    assert_eq!(best([]), None);
    assert_eq!(best([Choice { places: vec![0], saving: Fen::ZERO, valid_until: NOW }]), None);
}

fn any_worth() -> impl Strategy<Value = Worth> {
    prop_oneof![
        (1_i64..5_000_000).prop_map(|amount| Worth::Amount(Fen::new(amount))),
        (1_i64..=999, 1_i64..5_000_000).prop_map(|(permille, cap)| Worth::Share { permille, cap: Fen::new(cap) }),
    ]
}

fn any_goods() -> impl Strategy<Value = Goods> {
    let products = || proptest::collection::vec((1_i64..8).prop_map(ProductId::new), 0..4);
    prop_oneof![
        products().prop_map(Goods::AllBut),
        (proptest::collection::vec((1_i64..=4).prop_map(CategoryId::new), 1..3), products())
            .prop_map(|(categories, excluded)| Goods::In(categories, excluded)),
        products().prop_map(Goods::Only),
    ]
}

proptest! {
    #[test]
    fn a_coupon_takes_something_off_its_own_goods_and_never_more_than_is_left_of_them(
        parts in proptest::collection::vec((1_i64..=4, 0_i64..2_000_000, any::<bool>()), 1..12),
        worth in any_worth(),
        goods in any_goods(),
        threshold in 0_i64..3_000_000,
    ) {
        let lines: Vec<PricedLine> = parts
            .iter()
            .zip(1_i64..)
            .map(|((category, payable, allowed), id)| line(id, *category, *payable, *allowed))
            .collect();
        let coupon = terms(worth, threshold, goods.clone());
        let mut backwards = lines.clone();
        backwards.reverse();
        let (there, back) = (take_off(&coupon, &lines, &tree()), take_off(&coupon, &backwards, &tree()));
        prop_assert_eq!(there.as_ref().map(|taken| taken.amount), back.as_ref().map(|taken| taken.amount));
        if let Ok(taken) = there {
            let Reach::Lines(skus) = taken.reach else { panic!("freight") };
            let reached: Vec<&PricedLine> = lines.iter().filter(|line| skus.contains(&line.sku.sku_id)).collect();
            let left: i64 = reached.iter().map(|line| line.payable.get()).sum();
            prop_assert!(taken.amount > Fen::ZERO && taken.amount.get() <= left && left >= threshold);
            for line in reached {
                prop_assert!(line.coupons_allowed);
                let path = tree().remove(&line.sku.category_id).unwrap();
                prop_assert!(fits_product(&goods, line.sku.product_id, &path));
            }
            match worth {
                Worth::Amount(amount) => prop_assert_eq!(taken.amount.get(), amount.get().min(left)),
                Worth::Share { permille, cap } => {
                    let exact = (i128::from(left) * i128::from(permille) * 2 + 1_000) / 2_000;
                    prop_assert_eq!(i128::from(taken.amount.get()), exact.min(i128::from(cap.get())));
                }
                Worth::Freight(_) => unreachable!(),
            }
        }
    }

    #[test]
    fn a_draft_that_fits_makes_terms_that_hold(permille in 1_i64..=999, cap in 1_i64..1_000_000_000) {
        let draft = CouponTemplateDraft {
            benefit: CouponBenefit::PercentOff, amount_fen: None, off_permille: Some(permille),
            cap_fen: Some(Fen::new(cap)), scope: CouponScope::All, ..draft()
        };
        let checked = checked(CouponFamily::Shop, &draft, NOW).unwrap();
        prop_assert_eq!(checked.0.title.as_str(), "满100减10");
        let terms = Terms::of(&template(&checked.0), None);
        prop_assert_eq!(terms.worth, Worth::Share { permille, cap: Fen::new(cap) });
    }
}
