//! What virtual goods do when orders are ready.

use super::service;
use crate::order::Orders;
use crate::order::events::{OrderVirtualReady, VIRTUAL_READY};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};

/// Delivers the virtual lines of an order once they are ready. What cannot be delivered is tried again and in the end
/// waits for staff, visibly, like every event that nobody could take.
#[derive(Clone, Debug)]
pub struct DeliverVirtualGoods(pub Orders);

impl Subscriber for DeliverVirtualGoods {
    fn name(&self) -> &'static str {
        "digital.deliver"
    }

    fn wants(&self, event_name: &str) -> bool {
        event_name == VIRTUAL_READY
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        let ready: OrderVirtualReady =
            serde_json::from_str(&event.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        service::deliver(tx, &self.0, ready.order.order_id)
    }
}
