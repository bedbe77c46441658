//! What time does to groups, and what their end means for each order.

use super::model::{GroupId, SeatId, SeatState};
use super::service::{self, GroupBuys};
use super::store;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Ends groups whose time is over: facts only.
#[derive(Clone, Copy, Debug)]
pub struct EndGroups;

impl Sweep for EndGroups {
    fn name(&self) -> &'static str {
        "group_buy.end"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due_groups(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::settle_group(tx, GroupId::new(id))
    }
}

/// Lets the orders of groups that formed be sent, one by one.
#[derive(Clone, Copy, Debug)]
pub struct OpenGates;

impl Sweep for OpenGates {
    fn name(&self) -> &'static str {
        "group_buy.open_gate"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due_seats(tx, SeatState::Kept, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::settle_kept(tx, SeatId::new(id))
    }
}

/// Asks the money of those back whose group did not form, one by one.
#[derive(Clone, Debug)]
pub struct RefundSeats(pub GroupBuys);

impl Sweep for RefundSeats {
    fn name(&self) -> &'static str {
        "group_buy.refund"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due_seats(tx, SeatState::RefundDue, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::settle_refund_due(tx, &self.0, SeatId::new(id))
    }
}
