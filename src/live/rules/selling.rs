//! What a room's prices and drops may be, and who may have them.

use serde_json::json;

use super::invalid;
use crate::kernel::money::Fen;
use crate::kernel::partition::{Shape, partition};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{MAX_PORTIONS, MAX_QUOTA, Price, Room, RoomState};

/// Most that a packet may be worth: 10,000 yuan. What is worth more is a campaign with a budget.
pub(in crate::live) const MAX_FACE: Fen = Fen::new(1_000_000);

/// Whether what staff wrote of a price can be meant, beside a usual price.
///
/// # Errors
/// [`LiveError::InvalidField`] or [`LiveError::PriceNotLower`].
pub(in crate::live) fn valid_price(price: &Price, usual: Fen) -> Result<(), LiveError> {
    if price.price <= Fen::ZERO {
        return Err(invalid("price_fen"));
    }
    if !(1..=MAX_QUOTA).contains(&price.quota) || price.quota < price.taken {
        return Err(invalid("quota"));
    }
    if !(1..=999).contains(&price.per_user_limit) {
        return Err(invalid("per_user_limit"));
    }
    if price.starts_at.zip(price.ends_at).is_some_and(|(from, until)| until <= from) {
        return Err(invalid("ends_at"));
    }
    if price.price < usual {
        return Ok(());
    }
    Err(LiveError::PriceNotLower(json!({ "sku_id": price.sku_id, "usual_price_fen": usual })))
}

/// Whether a price can be had by anybody at this moment: its room is live, its window open and not all of it is gone.
pub(in crate::live) fn holds(price: &Price, room: RoomState, now: Timestamp) -> bool {
    room == RoomState::Live
        && price.withdrawn_at.is_none()
        && price.left() > 0
        && price.starts_at.is_none_or(|from| from <= now)
        && price.ends_at.is_none_or(|until| now < until)
}

/// Whether a buyer who has `bought` pieces gets `quantity` more at the price. A price that cannot be had any more is no
/// price, and the usual one holds; a wish for more than can be had is refused, so that the buyer chooses how many.
///
/// # Errors
/// [`LiveError::SoldOut`] when fewer are left, [`LiveError::LimitReached`] when the buyer may have fewer.
pub(in crate::live) fn applies(
    price: &Price,
    room: &Room,
    bought: i64,
    quantity: i64,
    now: Timestamp,
) -> Result<bool, LiveError> {
    if !holds(price, room.state, now) || bought >= price.per_user_limit {
        return Ok(false);
    }
    if price.left() < quantity {
        return Err(sold_out(price));
    }
    if bought.saturating_add(quantity) > price.per_user_limit {
        return Err(limit_reached(price, bought));
    }
    Ok(true)
}

/// Too few pieces are left.
pub(in crate::live) fn sold_out(price: &Price) -> LiveError {
    LiveError::SoldOut(json!({ "sku_id": price.sku_id, "left": price.left() }))
}

/// The buyer would have more than one buyer may have.
pub(in crate::live) fn limit_reached(price: &Price, bought: i64) -> LiveError {
    LiveError::LimitReached(json!({ "sku_id": price.sku_id, "limit": price.per_user_limit, "bought": bought }))
}

/// What the shop gives away with so many pieces; `None` when it leaves the range of money.
pub(in crate::live) fn discount(usual: Fen, live: Fen, quantity: i64) -> Option<Fen> {
    if usual <= live { Some(Fen::ZERO) } else { usual.minus(live)?.times(quantity) }
}

/// The portions of a packet, drawn from a seed: each at least a fen, together its face.
///
/// # Errors
/// [`LiveError::InvalidField`] when it cannot be split so.
pub(in crate::live) fn portions(face: Fen, quantity: i64, seed: i64) -> Result<Vec<Fen>, LiveError> {
    if !(1..=MAX_PORTIONS).contains(&quantity) {
        return Err(invalid("quantity"));
    }
    if face > MAX_FACE {
        return Err(invalid("face_fen"));
    }
    let pieces = usize::try_from(quantity).map_err(|_| invalid("quantity"))?;
    partition(face, pieces, Fen::new(1), Shape::Random, seed.unsigned_abs()).ok_or_else(|| invalid("face_fen"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::SkuId;
    use crate::live::model::{PriceId, RoomId};
    use crate::live::rules::tests::room;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn price(taken: i64) -> Price {
        Price {
            id: PriceId::new(1),
            room_id: RoomId::new(1),
            sku_id: SkuId::new(1),
            price: Fen::new(100),
            quota: 5,
            taken,
            per_user_limit: 2,
            coupons_allowed: true,
            starts_at: Some(at(1000)),
            ends_at: Some(at(2000)),
            created_at: at(0),
            withdrawn_at: None,
        }
    }

    #[test]
    fn a_price_holds_in_its_window_and_only_while_the_room_is_live() {
        for (moment, holding) in [(999, false), (1000, true), (1999, true), (2000, false)] {
            assert_eq!(applies(&price(0), &room(), 0, 1, at(moment)).unwrap(), holding, "{moment}");
        }
        for state in RoomState::ALL {
            assert_eq!(holds(&price(0), *state, at(1500)), *state == RoomState::Live, "{state}");
        }
        let withdrawn = Price { withdrawn_at: Some(at(1)), ..price(0) };
        assert!(!holds(&withdrawn, RoomState::Live, at(1500)));
    }

    #[test]
    fn a_wish_for_more_than_is_left_is_refused_and_one_for_what_is_gone_costs_the_usual_price() {
        let now = at(1500);
        assert!(matches!(applies(&price(4), &room(), 0, 2, now), Err(LiveError::SoldOut(_))));
        assert!(!applies(&price(5), &room(), 0, 1, now).unwrap());
        assert!(matches!(applies(&price(0), &room(), 1, 2, now), Err(LiveError::LimitReached(_))));
        assert!(!applies(&price(0), &room(), 2, 1, now).unwrap());
    }

    #[test]
    fn a_packet_is_split_to_the_fen() {
        let parts = portions(Fen::new(1_000), 7, 42).unwrap();
        assert_eq!((parts.len(), Fen::sum(parts.iter().copied())), (7, Some(Fen::new(1_000))));
        assert_eq!(parts, portions(Fen::new(1_000), 7, 42).unwrap());
        assert!(portions(Fen::new(6), 7, 42).is_err());
        assert!(portions(MAX_FACE.plus(Fen::new(1)).unwrap(), 7, 42).is_err());
    }

    #[test]
    fn a_price_that_is_not_lower_is_none() {
        assert!(valid_price(&price(0), Fen::new(101)).is_ok());
        assert!(matches!(valid_price(&price(0), Fen::new(100)), Err(LiveError::PriceNotLower(_))));
        assert!(valid_price(&Price { quota: 3, ..price(4) }, Fen::new(101)).is_err());
    }
}
