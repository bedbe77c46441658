//! What social coupons decide without a database.

use serde_json::json;

use super::error::SocialCouponError;
use super::model::{MAX_PORTIONS, Packet, PacketState, SocialCoupon, SocialCouponRules};
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::kernel::partition::partition;
use crate::kernel::time::Timestamp;

/// Most a packet may be worth: ¥10,000.
const MAX_FACE: Fen = Fen::new(1_000_000);
/// Characters of a packet's code.
pub const CODE_LENGTH: usize = 16;
/// Most packets of a payer, or claims a day, that a rule may allow.
const MAX_LIMIT: i64 = 1_000;

/// Whether staff's rules can be meant.
///
/// # Errors
/// [`SocialCouponError::InvalidRules`] with the field in question.
pub fn valid(rules: &SocialCouponRules) -> Result<(), SocialCouponError> {
    let hours = 24..=72;
    let covers = rules.minimum_fen.times(rules.portions).is_some_and(|least| rules.face_fen >= least);
    let checks = [
        ("qualifying_fen", rules.qualifying_fen >= Fen::ZERO),
        ("portions", (2..=MAX_PORTIONS).contains(&rules.portions)),
        ("minimum_fen", rules.minimum_fen > Fen::ZERO),
        ("face_fen", covers && rules.face_fen <= MAX_FACE),
        ("open_hours", hours.contains(&rules.open_hours)),
        ("use_threshold_fen", rules.use_threshold_fen >= Fen::ZERO),
        ("use_within_hours", hours.contains(&rules.use_within_hours)),
        ("packets_per_user", (1..=MAX_LIMIT).contains(&rules.packets_per_user)),
        ("claims_per_day", (1..=MAX_LIMIT).contains(&rules.claims_per_day)),
    ];
    let wrong = checks.into_iter().find(|(_, holds)| !holds);
    wrong.map_or(Ok(()), |(field, _)| Err(SocialCouponError::InvalidRules(json!({ "field": field }))))
}

/// What a packet's portions are worth, the payer's own first. The same seed always gives the same answer.
pub fn split(rules: &SocialCoupon, seed: i64) -> Option<Vec<Fen>> {
    let pieces = usize::try_from(rules.portions).ok()?;
    partition(rules.face, pieces, rules.minimum, rules.shape.into(), seed.cast_unsigned())
}

/// Whether a text could be the code of a packet at all; others are not looked for.
pub fn looks_like_code(text: &str) -> bool {
    text.len() == CODE_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether portions of a packet can be claimed now.
///
/// # Errors
/// Why not.
pub fn claimable(packet: &Packet, now: Timestamp) -> Result<(), SocialCouponError> {
    match packet.state {
        PacketState::Open if now < packet.expires_at => Ok(()),
        PacketState::Open | PacketState::Expired => Err(SocialCouponError::Expired),
        PacketState::Exhausted => Err(SocialCouponError::Exhausted),
        PacketState::Void => Err(SocialCouponError::Void),
    }
}

/// Whether `user` may claim a friend's portion now. `payers` are those who paid for the packet's ancestors.
///
/// # Errors
/// Why not.
pub fn may_claim(packet: &Packet, payers: &[UserId], user: UserId, now: Timestamp) -> Result<(), SocialCouponError> {
    if packet.user_id == user {
        return Err(SocialCouponError::OwnPacket);
    }
    claimable(packet, now)?;
    if packet.left() == 0 {
        return Err(SocialCouponError::Exhausted);
    }
    if payers.contains(&user) { Err(SocialCouponError::Loop) } else { Ok(()) }
}

/// Whether `user` may have the payer's own portion now.
///
/// # Errors
/// Why not.
pub fn may_claim_own(packet: &Packet, shared: bool, user: UserId, now: Timestamp) -> Result<(), SocialCouponError> {
    if packet.user_id != user {
        return Err(SocialCouponError::NotYours);
    }
    claimable(packet, now)?;
    if shared { Ok(()) } else { Err(SocialCouponError::NotShared) }
}

/// Which of the portions left a friend gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The next one.
    Next,
    /// The largest.
    Largest,
    /// The smallest.
    Smallest,
}

/// Which of the portions left a friend gets: newcomers may be promised the larger ones.
pub const fn pick(rules: &SocialCoupon, newcomer: bool) -> Pick {
    match (rules.newcomers_larger, newcomer) {
        (false, _) => Pick::Next,
        (true, true) => Pick::Largest,
        (true, false) => Pick::Smallest,
    }
}

/// Whether every portion of a packet is claimed.
pub const fn all_claimed(packet: &Packet) -> bool {
    packet.own_claimed && packet.left() == 0
}

/// `part` of `whole` in per cent with one decimal, half up, in tenths; `None` of nothing.
pub fn tenths_of_percent(part: i64, whole: i64) -> Option<i64> {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let doubled = part.checked_mul(2_000)?.checked_add(whole)?;
    i64::try_from(doubled.checked_div(whole.checked_mul(2)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::{CampaignId, OrderId};
    use crate::social_coupon::model::{PacketId, PortionShape};

    fn packet(claimed: i64, own_claimed: bool) -> Packet {
        Packet {
            id: PacketId::new(1),
            code: "x".to_owned(),
            campaign_id: CampaignId::new(1),
            order_id: OrderId::new(1),
            user_id: UserId::new(1),
            parent_id: None,
            generation: 1,
            state: PacketState::Open,
            face: Fen::new(500),
            portions: 5,
            claimed,
            own_claimed,
            claimed_fen: Fen::ZERO,
            returned_fen: Fen::ZERO,
            seed: 7,
            opened_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(1000),
            settled_at: None,
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(10);

    fn rules(shape: PortionShape, face: i64, portions: i64, minimum: i64) -> SocialCoupon {
        SocialCoupon {
            campaign_id: CampaignId::new(1),
            template_id: None,
            qualifying: Fen::ZERO,
            face: Fen::new(face),
            portions,
            minimum: Fen::new(minimum),
            shape,
            newcomers_larger: true,
            open_hours: 24,
            use_threshold: Fen::ZERO,
            use_within_hours: 24,
            stackable: true,
            revoke_on_refund: false,
            packets_per_user: 1,
            claims_per_day: 1,
        }
    }

    #[test]
    fn a_payer_claims_nothing_from_their_own_packet_but_the_own_portion_and_that_only_after_sharing() {
        let payer = UserId::new(1);
        assert!(matches!(may_claim(&packet(0, false), &[], payer, NOW), Err(SocialCouponError::OwnPacket)));
        assert!(matches!(may_claim_own(&packet(0, false), false, payer, NOW), Err(SocialCouponError::NotShared)));
        assert!(may_claim_own(&packet(0, false), true, payer, NOW).is_ok());
        assert!(matches!(
            may_claim_own(&packet(0, false), true, UserId::new(2), NOW),
            Err(SocialCouponError::NotYours)
        ));
    }

    #[test]
    fn whoever_paid_for_an_ancestor_earns_nothing_from_its_descendants() {
        let friend = UserId::new(9);
        assert!(may_claim(&packet(0, false), &[UserId::new(8)], friend, NOW).is_ok());
        assert!(matches!(may_claim(&packet(0, false), &[friend], friend, NOW), Err(SocialCouponError::Loop)));
    }

    #[test]
    fn the_payers_own_portion_stays_theirs_when_friends_took_the_rest() {
        let full = packet(4, false);
        assert!(matches!(may_claim(&full, &[], UserId::new(9), NOW), Err(SocialCouponError::Exhausted)));
        assert!(may_claim_own(&full, true, UserId::new(1), NOW).is_ok());
        assert!(!all_claimed(&full));
        assert!(all_claimed(&packet(4, true)));
    }

    #[test]
    fn nothing_is_claimed_from_the_moment_a_packet_expires() {
        let late = Timestamp::from_millis(1000);
        assert!(matches!(may_claim(&packet(0, false), &[], UserId::new(9), late), Err(SocialCouponError::Expired)));
    }

    #[test]
    fn percentages_round_half_up_to_a_tenth() {
        assert_eq!(tenths_of_percent(1, 3), Some(333));
        assert_eq!(tenths_of_percent(18, 100), Some(180));
        assert_eq!(tenths_of_percent(1, 2000), Some(1));
        assert_eq!(tenths_of_percent(1, 0), None);
    }

    proptest::proptest! {
        #[test]
        fn portions_sum_to_the_face_and_each_is_worth_the_minimum_at_least(
            portions in 2_i64..=100, minimum in 1_i64..=50, spare in 0_i64..=10_000, seed: i64, random: bool,
        ) {
            let shape = if random { PortionShape::Random } else { PortionShape::Equal };
            let face = portions * minimum + spare;
            let parts = split(&rules(shape, face, portions, minimum), seed).unwrap();
            proptest::prop_assert_eq!(parts.len(), usize::try_from(portions).unwrap());
            proptest::prop_assert_eq!(Fen::sum(parts.iter().copied()), Some(Fen::new(face)));
            proptest::prop_assert!(parts.iter().all(|part| part.get() >= minimum));
        }
    }
}
