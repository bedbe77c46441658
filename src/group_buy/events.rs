//! What group buys record, version 1 of each.

use serde::{Deserialize, Serialize};

use super::model::{EndReason, Group, GroupId, Seat};
use crate::catalog::{ProductId, SkuId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// `group_buy.joined`: somebody took a seat, the leader of a new group too. By the buyer.
pub const JOINED: &str = "group_buy.joined";
/// `group_buy.paid`: the money for a seat came while the group was open. By the buyer.
pub const PAID: &str = "group_buy.paid";
/// `group_buy.opened`: a group can be seen, since its leader has paid. By the leader.
pub const OPENED: &str = "group_buy.opened";
/// `group_buy.left`: somebody gave up their seat in an open group. By the buyer.
pub const LEFT: &str = "group_buy.left";
/// `group_buy.leader_changed`: the leader left, and the group was handed on. By the new leader.
pub const LEADER_CHANGED: &str = "group_buy.leader_changed";
/// `group_buy.moved`: somebody who paid after their seat was lost has one in another group. By the buyer.
pub const MOVED: &str = "group_buy.moved";
/// `group_buy.formed`: a group is complete. By nobody.
pub const FORMED: &str = "group_buy.formed";
/// `group_buy.succeeded`: the order of a member of a group that formed can be sent. By the buyer, once for each member.
pub const SUCCEEDED: &str = "group_buy.succeeded";
/// `group_buy.expired`: a group was not complete in time, or given up before. By nobody.
pub const EXPIRED: &str = "group_buy.expired";

/// A group as subscribers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// The group.
    pub group_id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// What is bought together.
    pub product_id: ProductId,
    /// Who leads it.
    pub leader_id: UserId,
    /// How many seats it has.
    pub seats: i64,
    /// How many are free.
    pub free: i64,
    /// How many are paid.
    pub paid: i64,
    /// When it ends.
    pub deadline: Timestamp,
}

impl GroupFacts {
    /// The facts of this group.
    pub const fn of(group: &Group) -> Self {
        Self {
            group_id: group.id,
            campaign_id: group.campaign_id,
            product_id: group.product_id,
            leader_id: group.leader_id,
            seats: group.seats,
            free: group.free,
            paid: group.paid,
            deadline: group.deadline,
        }
    }
}

/// What somebody did in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDid {
    /// The group as it is after it.
    pub group: GroupFacts,
    /// Their order.
    pub order_id: Option<OrderId>,
    /// What they bought.
    pub sku_id: Option<SkuId>,
    /// How many pieces.
    pub quantity: i64,
    /// What a piece costs them.
    pub price_fen: Fen,
    /// Whether they lead the group.
    pub leads: bool,
    /// Whether they never paid for an order before.
    pub newcomer: bool,
    /// Whose share brought them; known when they join.
    pub inviter_id: Option<UserId>,
}

impl MemberDid {
    /// What the buyer of this seat did.
    pub fn of(group: &Group, seat: &Seat) -> Self {
        Self {
            group: GroupFacts::of(group),
            order_id: seat.order_id,
            sku_id: seat.sku_id,
            quantity: seat.quantity,
            price_fen: seat.price,
            leads: seat.user_id == Some(group.leader_id),
            newcomer: seat.newcomer,
            inviter_id: None,
        }
    }
}

/// A group ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupEnded {
    /// The group.
    pub group: GroupFacts,
    /// Why.
    pub reason: EndReason,
    /// Seats that the shop filled; staff are to know.
    pub filled: i64,
    /// How many people made the size that was reached; absent when none was.
    pub size: Option<i64>,
    /// When it could first be seen; absent when it never was.
    pub visible_at: Option<Timestamp>,
}
