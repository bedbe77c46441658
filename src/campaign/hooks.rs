//! What campaigns do for lower floors: they follow orders, and their pages can be passed on.

use serde::Deserialize;

use super::service;
use crate::kernel::id::{CampaignId, OrderId};
use crate::order::events::{CLOSED, PAID, PRICE_CHANGED, REFUNDED};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};
use crate::share::{SubjectCard, SubjectKind, SubjectSource};

/// Follows the orders that carry campaigns, and counts what hold-outs are compared by.
#[derive(Clone, Copy, Debug, Default)]
pub struct FollowOrders;

/// What all events of orders have in common.
#[derive(Deserialize)]
struct AboutOrder {
    order: OrderRef,
}

#[derive(Deserialize)]
struct OrderRef {
    order_id: OrderId,
}

impl Subscriber for FollowOrders {
    fn name(&self) -> &'static str {
        "campaign.follow_orders"
    }

    fn wants(&self, event_name: &str) -> bool {
        [PAID, CLOSED, REFUNDED, PRICE_CHANGED].contains(&event_name)
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        let about: AboutOrder =
            serde_json::from_str(&event.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        service::follow(tx, about.order.order_id)
    }
}

/// Campaigns' own pages, as things to pass on.
#[derive(Clone, Debug)]
pub struct CampaignPages {
    /// The page of the mini-program that shows a campaign, without a slash in front.
    pub page: String,
}

impl SubjectSource for CampaignPages {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Campaign
    }

    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        let Ok(id) = reference.parse::<CampaignId>() else { return Ok(None) };
        service::card(tx, id, &self.page)
    }
}
