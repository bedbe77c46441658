//! What social coupons record, version 1 of each. Amounts are fen.

use serde::{Deserialize, Serialize};

use super::model::{Packet, PacketId};
use crate::coupon::CouponId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// `packet.created`: an order made a packet.
pub const CREATED: &str = "packet.created";
/// `packet.refused`: an order qualified and made none, with the reason.
pub const REFUSED: &str = "packet.refused";
/// `packet.claimed`: somebody has a portion.
pub const CLAIMED: &str = "packet.claimed";
/// `packet.claim_refused`: somebody earns nothing from a packet that descends from their own.
pub const CLAIM_REFUSED: &str = "packet.claim_refused";
/// `packet.exhausted`: every portion is claimed.
pub const EXHAUSTED: &str = "packet.exhausted";
/// `packet.expired`: its time is over.
pub const EXPIRED: &str = "packet.expired";
/// `packet.void`: the order it came from was refunded.
pub const VOID: &str = "packet.void";

/// A packet, as subscribers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketFacts {
    /// The packet.
    pub packet_id: PacketId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The order that made it.
    pub order_id: OrderId,
    /// The payer.
    pub payer_id: UserId,
    /// The packet that brought the payer.
    pub parent_id: Option<PacketId>,
    /// How far down the tree it is, from 1.
    pub generation: i64,
    /// What it is worth.
    pub face_fen: Fen,
    /// In how many portions.
    pub portions: i64,
    /// What the claimed ones are worth.
    pub claimed_fen: Fen,
    /// What went back to the budget.
    pub returned_fen: Fen,
}

impl From<&Packet> for PacketFacts {
    fn from(packet: &Packet) -> Self {
        Self {
            packet_id: packet.id,
            campaign_id: packet.campaign_id,
            order_id: packet.order_id,
            payer_id: packet.user_id,
            parent_id: packet.parent_id,
            generation: packet.generation,
            face_fen: packet.face,
            portions: packet.portions,
            claimed_fen: packet.claimed_fen,
            returned_fen: packet.returned_fen,
        }
    }
}

/// Records what became of a packet.
pub(super) fn record(tx: &mut Tx<'_>, name: &'static str, packet: &Packet) -> DbResult<()> {
    let payload = PacketFacts::from(packet);
    events::record(tx, &NewEvent { name, version: 1, user: Some(packet.user_id), payload: &payload }).map(|_| ())
}

/// Somebody has a portion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortionClaimed {
    /// Of which packet.
    pub packet: PacketFacts,
    /// Its number; 0 is the payer's own.
    pub no: i64,
    /// What it is worth.
    pub amount_fen: Fen,
    /// The coupon it became.
    pub coupon_id: CouponId,
    /// Whether they had never paid for anything.
    pub newcomer: bool,
}

/// Records that somebody has a portion.
pub(super) fn record_claim(tx: &mut Tx<'_>, user: UserId, claimed: &PortionClaimed) -> DbResult<()> {
    events::record(tx, &NewEvent { name: CLAIMED, version: 1, user: Some(user), payload: claimed }).map(|_| ())
}

/// Nothing was given, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The order, for a packet that was not made.
    pub order_id: Option<OrderId>,
    /// The packet, for a portion that was not given.
    pub packet_id: Option<PacketId>,
    /// The code of the refusal.
    pub reason: String,
}

/// Records that nothing was given.
pub(super) fn record_refusal(tx: &mut Tx<'_>, name: &'static str, user: UserId, refused: &Refused) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: Some(user), payload: refused }).map(|_| ())
}
