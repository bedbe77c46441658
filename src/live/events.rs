//! What live rooms record, version 1 of each. Amounts are fen.

use serde::{Deserialize, Serialize};

use super::model::{DropClaim, DropId, DropKind, LineState, Room, RoomId, RoomLine, RoomState, VisitId};
use crate::catalog::{ProductId, SkuId};
use crate::coupon::CouponId;
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// `live.room_planned`: a room was announced. By nobody.
pub const ROOM_PLANNED: &str = "live.room_planned";
/// `live.room_started`: it went on the air for the first time. By nobody.
pub const ROOM_STARTED: &str = "live.room_started";
/// `live.room_paused`: the picture is interrupted. By nobody.
pub const ROOM_PAUSED: &str = "live.room_paused";
/// `live.room_resumed`: it goes on. By nobody.
pub const ROOM_RESUMED: &str = "live.room_resumed";
/// `live.room_ended`: the show is over. By nobody.
pub const ROOM_ENDED: &str = "live.room_ended";
/// `live.replay_shown`: it can be watched again. By nobody.
pub const REPLAY_SHOWN: &str = "live.replay_shown";
/// `live.replay_hidden`: it cannot be watched again any more. By nobody.
pub const REPLAY_HIDDEN: &str = "live.replay_hidden";
/// `live.room_cancelled`: it will not take place. By nobody.
pub const ROOM_CANCELLED: &str = "live.room_cancelled";
/// `live.room_entered`: somebody came to watch. By the viewer, when they are a user.
pub const ROOM_ENTERED: &str = "live.room_entered";
/// `live.room_left`: they left, or were not heard of any more. By the viewer, when they are a user.
pub const ROOM_LEFT: &str = "live.room_left";
/// `live.product_clicked`: a viewer looked at a product of the room. By the viewer, when they are a user.
pub const PRODUCT_CLICKED: &str = "live.product_clicked";
/// `live.commented`: somebody said something. By the viewer.
pub const COMMENTED: &str = "live.commented";
/// `live.liked`: somebody liked the room. By the viewer, once for each call.
pub const LIKED: &str = "live.liked";
/// `live.reminder_asked`: somebody wants to be told when a room starts. By the shopper.
pub const REMINDER_ASKED: &str = "live.reminder_asked";
/// `live.reminder_sent`: WeChat took the message that tells them. By the shopper.
pub const REMINDER_SENT: &str = "live.reminder_sent";
/// `live.drop_caught`: somebody caught what rained. By the viewer.
pub const DROP_CAUGHT: &str = "live.drop_caught";
/// `live.ordered`: a line of an order came from a room. By the buyer.
pub const ORDERED: &str = "live.ordered";
/// `live.paid`: such a line was paid. By the buyer.
pub const PAID: &str = "live.paid";
/// `live.closed`: its order was closed unpaid. By the buyer.
pub const CLOSED: &str = "live.closed";
/// `live.refunded`: its order was refunded as a whole. By the buyer.
pub const REFUNDED: &str = "live.refunded";

/// A room that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomFacts {
    /// The room.
    pub room_id: RoomId,
    /// What it is called.
    pub title: String,
    /// Where it stands now.
    pub state: RoomState,
    /// When it was to start.
    pub starts_at: Timestamp,
}

/// Somebody's part in a room, without more to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerFacts {
    /// The room.
    pub room_id: RoomId,
    /// Where the room stands.
    pub state: RoomState,
    /// The stay; null where there is none, as for a reminder.
    pub visit_id: Option<VisitId>,
    /// How long the stay lasted, in milliseconds; null before its end.
    pub watched_ms: Option<i64>,
}

/// Somebody looked at a product of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickFacts {
    /// The room.
    pub room_id: RoomId,
    /// The product.
    pub product_id: ProductId,
}

/// Somebody liked a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LikeFacts {
    /// The room.
    pub room_id: RoomId,
    /// How often, at once.
    pub likes: i64,
}

/// Somebody caught what rained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchFacts {
    /// The room.
    pub room_id: RoomId,
    /// What rained.
    pub drop_id: DropId,
    /// Coupons or a packet.
    pub kind: DropKind,
    /// The coupon they have now.
    pub coupon_id: CouponId,
    /// What it is worth, for a portion of a packet.
    pub amount_fen: Option<Fen>,
}

/// A line of an order that came from a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFacts {
    /// The room.
    pub room_id: RoomId,
    /// The order.
    pub order_id: OrderId,
    /// Its product.
    pub product_id: ProductId,
    /// What was bought.
    pub sku_id: SkuId,
    /// Pieces.
    pub quantity: i64,
    /// What is paid for it, freight apart.
    pub revenue_fen: Fen,
    /// What became of it.
    pub state: LineState,
    /// Whether it stands for its order in this room: one line of each order does.
    pub counts_order: bool,
}

/// Records that a room moved.
pub(super) fn record_room(tx: &mut Tx<'_>, name: &'static str, room: &Room) -> DbResult<()> {
    let payload =
        &RoomFacts { room_id: room.id, title: room.title.clone(), state: room.state, starts_at: room.starts_at };
    events::record(tx, &NewEvent { name, version: 1, user: None, payload }).map(|_| ())
}

/// Records somebody's part in a room.
pub(super) fn record<P: Serialize>(
    tx: &mut Tx<'_>,
    name: &'static str,
    user: Option<UserId>,
    payload: &P,
) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user, payload }).map(|_| ())
}

/// Records what became of a line from a room.
pub(super) fn record_line(tx: &mut Tx<'_>, name: &'static str, line: &RoomLine, counts_order: bool) -> DbResult<()> {
    let facts = LineFacts {
        room_id: line.room_id,
        order_id: line.order_id,
        product_id: line.product_id,
        sku_id: line.sku_id,
        quantity: line.quantity,
        revenue_fen: line.revenue,
        state: line.state,
        counts_order,
    };
    record(tx, name, Some(line.user_id), &facts)
}

/// Records what somebody caught.
pub(super) fn record_catch(tx: &mut Tx<'_>, room: RoomId, kind: DropKind, claim: &DropClaim) -> DbResult<()> {
    let facts = CatchFacts {
        room_id: room,
        drop_id: claim.drop_id,
        kind,
        coupon_id: claim.coupon_id,
        amount_fen: claim.amount,
    };
    record(tx, DROP_CAUGHT, Some(claim.user_id), &facts)
}
