//! What flash sales record, version 1 of each. Amounts are fen.

use serde::{Deserialize, Serialize};

use super::model::{ItemId, SlotId, Taking};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// `flash_sale.taken`: an order set pieces aside.
pub const TAKEN: &str = "flash_sale.taken";
/// `flash_sale.sold`: the order was paid.
pub const SOLD: &str = "flash_sale.sold";
/// `flash_sale.given_back`: the order was closed or refunded.
pub const GIVEN_BACK: &str = "flash_sale.given_back";
/// `flash_sale.reminder_asked`: somebody wants to be told before a slot starts.
pub const REMINDER_ASKED: &str = "flash_sale.reminder_asked";
/// `flash_sale.reminder_due`: it is time to tell them.
pub const REMINDER_DUE: &str = "flash_sale.reminder_due";

/// What an order took, sold or gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakingFacts {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The item.
    pub item_id: ItemId,
    /// The order.
    pub order_id: OrderId,
    /// Pieces.
    pub quantity: i64,
    /// What the shop gives away with them.
    pub discount_fen: Fen,
}

/// Records what happened to pieces an order took.
pub(super) fn record(tx: &mut Tx<'_>, name: &'static str, campaign: CampaignId, taking: &Taking) -> DbResult<()> {
    let facts = TakingFacts {
        campaign_id: campaign,
        item_id: taking.item_id,
        order_id: taking.order_id,
        quantity: taking.quantity,
        discount_fen: taking.discount,
    };
    events::record(tx, &NewEvent { name, version: 1, user: Some(taking.user_id), payload: &facts }).map(|_| ())
}

/// A wish to be told before a slot starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderFacts {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The slot.
    pub slot_id: SlotId,
    /// Whose wish it is.
    pub user_id: UserId,
}

/// Records what happened to such a wish.
pub(super) fn record_reminder(tx: &mut Tx<'_>, name: &'static str, facts: &ReminderFacts) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: Some(facts.user_id), payload: facts }).map(|_| ())
}
