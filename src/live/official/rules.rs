//! What mirroring decides without a database.

use serde_json::json;

use super::model::{ON_AIR_MS, OfficialGoods, QUIET_MS, REPLAY_WAIT_MS};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{Room, RoomState};
use crate::live::rules::{RoomEvent, invalid};
use crate::platform::wechat::live::{GoodsPrice, LiveStatus, LiveTrouble};
use crate::platform::wechat::{WechatError, WechatErrorKind};

/// Widest name of goods: a Chinese character counts as two.
const NAME_WIDTH: usize = 28;

/// What a room has to go through to be where WeChat's stands. A room that staff ended stays ended.
pub(super) const fn steps(state: RoomState, status: LiveStatus) -> &'static [RoomEvent] {
    match (state, status) {
        (RoomState::Planned | RoomState::Paused, LiveStatus::Live) => &[RoomEvent::GoLive],
        (RoomState::Planned, LiveStatus::Paused | LiveStatus::Abnormal) => &[RoomEvent::GoLive, RoomEvent::Pause],
        (RoomState::Live, LiveStatus::Paused | LiveStatus::Abnormal) => &[RoomEvent::Pause],
        // It began and ended between two looks.
        (RoomState::Planned, LiveStatus::Ended) => &[RoomEvent::GoLive, RoomEvent::End],
        (RoomState::Live | RoomState::Paused, LiveStatus::Ended | LiveStatus::Banned | LiveStatus::Expired) => {
            &[RoomEvent::End]
        }
        (RoomState::Planned, LiveStatus::Banned | LiveStatus::Expired) => &[RoomEvent::Cancel],
        _ => &[],
    }
}

/// When a room is looked at next: more often while its show goes on, and no more once there is nothing to wait for.
pub(super) fn next_look(room: &Room, has_replay: bool, now: Timestamp) -> Option<Timestamp> {
    match room.state {
        RoomState::Live | RoomState::Paused => Some(now.plus_millis(ON_AIR_MS)),
        RoomState::Planned if now.plus_millis(QUIET_MS) >= room.starts_at => Some(now.plus_millis(ON_AIR_MS)),
        RoomState::Planned => Some(now.plus_millis(QUIET_MS)),
        RoomState::Ended if !has_replay => {
            let waited = room.ended_at.is_some_and(|ended| ended.plus_millis(REPLAY_WAIT_MS) <= now);
            (!waited).then(|| now.plus_millis(QUIET_MS))
        }
        RoomState::Ended | RoomState::Replay | RoomState::Cancelled => None,
    }
}

/// A title as goods are called: cut where it becomes too wide.
pub(super) fn goods_name(title: &str) -> String {
    let mut width = 0_usize;
    let fits = |letter: &char| {
        width = width.saturating_add(if letter.is_ascii() { 1 } else { 2 });
        width <= NAME_WIDTH
    };
    title.chars().take_while(fits).collect()
}

/// How prices of SKUs are shown: one, or from the lowest to the highest. `None` when nothing can be bought.
pub(super) fn goods_price(prices: impl Iterator<Item = Fen> + Clone) -> Option<GoodsPrice> {
    let (lowest, highest) = prices.clone().min().zip(prices.max())?;
    Some(if lowest == highest { GoodsPrice::Fixed(lowest) } else { GoodsPrice::Range(lowest, highest) })
}

/// The price of a row as the client wants it.
pub(super) fn price_of(goods: &OfficialGoods) -> GoodsPrice {
    match goods.second_price {
        Some(highest) if goods.price_kind == 2 => GoodsPrice::Range(goods.price, highest),
        _ => GoodsPrice::Fixed(goods.price),
    }
}

/// What staff are told when WeChat did not do what was asked.
pub(super) fn refused(error: &WechatError) -> LiveError {
    if let WechatErrorKind::Invalid { field } = error.kind() {
        let field = match *field {
            "name" => "title",
            "media" | "cover_media" | "image" => "cover",
            other => other,
        };
        return invalid(field);
    }
    let trouble = LiveTrouble::of(error).map(LiveTrouble::word);
    let details = json!({
        "call": error.call(), "code": error.code(), "reason": trouble, "retryable": error.retryable(),
    });
    if trouble.is_some() { LiveError::WechatRule(details) } else { LiveError::WechatRefused(details) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::rules::next;

    const STATUSES: [LiveStatus; 7] = [
        LiveStatus::Live,
        LiveStatus::NotStarted,
        LiveStatus::Ended,
        LiveStatus::Banned,
        LiveStatus::Paused,
        LiveStatus::Abnormal,
        LiveStatus::Expired,
    ];
    const STATES: [RoomState; 6] = [
        RoomState::Planned,
        RoomState::Live,
        RoomState::Paused,
        RoomState::Ended,
        RoomState::Replay,
        RoomState::Cancelled,
    ];

    #[test]
    fn every_step_may_be_taken_and_leads_to_where_wechats_room_stands() {
        for state in STATES {
            for status in STATUSES {
                let mut reached = state;
                for event in steps(state, status) {
                    reached = next(reached, *event).unwrap_or_else(|_| panic!("{state:?} {status:?} {event:?}"));
                }
                assert!(steps(reached, status).is_empty(), "{state:?} {status:?} is not settled");
                let settled = match status {
                    LiveStatus::Live => !matches!(reached, RoomState::Planned | RoomState::Paused),
                    LiveStatus::Paused | LiveStatus::Abnormal => {
                        !matches!(reached, RoomState::Planned | RoomState::Live)
                    }
                    LiveStatus::Ended | LiveStatus::Banned | LiveStatus::Expired => {
                        !reached.on_air() && reached != RoomState::Planned
                    }
                    LiveStatus::NotStarted | LiveStatus::Other(_) => reached == state,
                };
                assert!(settled, "{state:?} {status:?} ends as {reached:?}");
            }
        }
    }

    #[test]
    fn names_are_cut_and_prices_joined() {
        assert_eq!(goods_name("法式碎花连衣裙"), "法式碎花连衣裙");
        assert_eq!(goods_name(&"茶".repeat(20)), "茶".repeat(14));
        assert_eq!(goods_name(&format!("a{}", "茶".repeat(20))), format!("a{}", "茶".repeat(13)));
        let price = |fen: &[i64]| goods_price(fen.iter().copied().map(Fen::new));
        assert_eq!(price(&[]), None);
        assert_eq!(price(&[5, 5]), Some(GoodsPrice::Fixed(Fen::new(5))));
        assert_eq!(price(&[7, 5]), Some(GoodsPrice::Range(Fen::new(5), Fen::new(7))));
    }
}
