//! What orders look like on the wire, for staff.

use serde::Serialize;
use utoipa::ToSchema;

use super::views::{
    ActionView, DeadlineView, OrderLineView, OrderPriceView, OrderRefundView, ReceiverView, ShipGateView, ShipmentView,
    deadline_of, receiver_of,
};
use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::order::model::{ActorKind, Delivery, HistoryRow, OrderFile, OrderState, OrderWithLines, PickUpFile};
use crate::order::rules;
use crate::pick_up::StoreId;

/// One row of an order's history, as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HistoryView {
    /// The state before; null for the first row.
    pub from_state: Option<OrderState>,
    /// The state after; the same as before when something happened that is no move.
    pub to_state: OrderState,
    /// What kind of actor caused it.
    pub by: ActorKind,
    /// The member of staff, when it was one.
    pub staff_id: Option<StaffId>,
    /// Why, or what happened.
    #[schema(example = "payment_timeout")]
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl From<HistoryRow> for HistoryView {
    fn from(row: HistoryRow) -> Self {
        let staff = row.actor_id.filter(|_| row.actor_kind == ActorKind::Staff);
        Self {
            from_state: row.from_state,
            to_state: row.to_state,
            by: row.actor_kind,
            staff_id: staff.map(StaffId::new),
            reason: row.reason,
            at: row.at,
        }
    }
}

/// What staff may do with an order, whatever their permissions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffActionsView {
    /// Change its price.
    pub reprice: ActionView,
    /// Close it unpaid.
    pub close: ActionView,
    /// Send a parcel.
    pub ship: ActionView,
    /// Give all the money back before shipping.
    pub refund: ActionView,
}

/// An order in a list for staff.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffOrderRowView {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where it stands.
    pub state: OrderState,
    /// How it reaches its buyer.
    pub delivery: Delivery,
    /// What it costs.
    pub total_fen: Fen,
    /// What went back.
    #[schema(example = 0)]
    pub refunded_fen: Fen,
    /// What is on its way back.
    #[schema(example = 0)]
    pub refunding_fen: Fen,
    /// Where it is sent, or who collects it; null when there is nothing to carry.
    pub receiver: Option<ReceiverView>,
    /// What the buyer wrote.
    #[schema(example = "请放在门口")]
    pub remark: String,
    /// What staff wrote.
    #[schema(example = "已电话确认")]
    pub staff_note: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it was paid; null while it is not.
    pub paid_at: Option<Timestamp>,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
}

impl From<OrderWithLines> for StaffOrderRowView {
    fn from(found: OrderWithLines) -> Self {
        let OrderWithLines { order, lines } = found;
        Self {
            order_id: order.id,
            user_id: order.user_id,
            state: order.state,
            delivery: order.delivery,
            total_fen: order.total,
            refunded_fen: order.refunded,
            refunding_fen: order.refunding,
            receiver: receiver_of(&order),
            remark: order.remark,
            staff_note: order.staff_note,
            created_at: order.created_at,
            paid_at: order.paid_at,
            lines: lines.into_iter().map(Into::into).collect(),
        }
    }
}

/// Where an order is collected, as staff see it: the code is the buyer's alone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffPickUpView {
    /// The store.
    pub store_id: StoreId,
    /// What it is called.
    #[schema(example = "南山旗舰店")]
    pub store_name: String,
    /// When the buyer got a code; null while they have none.
    pub ready_at: Option<Timestamp>,
    /// When it was handed out; null while it was not.
    pub picked_up_at: Option<Timestamp>,
    /// Who handed it out.
    pub handed_out_by: Option<StaffId>,
}

impl From<PickUpFile> for StaffPickUpView {
    fn from(file: PickUpFile) -> Self {
        Self {
            store_id: file.store.id,
            store_name: file.store.name,
            ready_at: file.pick_up.issued_at,
            picked_up_at: file.pick_up.verified_at,
            handed_out_by: file.pick_up.verified_by,
        }
    }
}

/// Everything staff see of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffOrderDetailView {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where it stands.
    pub state: OrderState,
    /// How it reaches its buyer.
    pub delivery: Delivery,
    /// What it costs.
    pub price: OrderPriceView,
    /// Where it is sent, or who collects it; null when there is nothing to carry.
    pub receiver: Option<ReceiverView>,
    /// Where it is collected; null when it is sent.
    pub pick_up: Option<StaffPickUpView>,
    /// What the buyer wrote.
    #[schema(example = "请放在门口")]
    pub remark: String,
    /// What staff wrote.
    #[schema(example = "已电话确认")]
    pub staff_note: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it was paid; null while it is not.
    pub paid_at: Option<Timestamp>,
    /// Why it was closed; null unless it was.
    #[schema(example = "payment_timeout")]
    pub close_reason: Option<String>,
    /// What happens by itself, and when; null when nothing does.
    pub deadline: Option<DeadlineView>,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
    /// What holds it back from shipping.
    pub gates: Vec<ShipGateView>,
    /// Its parcels.
    pub shipments: Vec<ShipmentView>,
    /// What was asked back of it, first to last.
    pub refunds: Vec<OrderRefundView>,
    /// What happened to it, first to last.
    pub history: Vec<HistoryView>,
    /// What can be done with it now.
    pub may: StaffActionsView,
}

impl StaffOrderDetailView {
    /// The order as staff see it at `now`.
    pub(in crate::order) fn of(file: OrderFile, now: Timestamp) -> Self {
        let OrderFile { order, lines, adjustments, gates, parcels, pick_up, refunds, history } = file;
        Self {
            order_id: order.id,
            user_id: order.user_id,
            state: order.state,
            delivery: order.delivery,
            pick_up: pick_up.map(Into::into),
            price: OrderPriceView::of(&order, adjustments),
            receiver: receiver_of(&order),
            deadline: deadline_of(&order, now),
            server_time: now,
            may: StaffActionsView {
                reprice: rules::may_close(&order).into(),
                close: rules::may_close(&order).into(),
                ship: rules::may_ship(&order, &gates).into(),
                refund: rules::may_refund_unshipped(&order, &lines).into(),
            },
            gates: gates.into_iter().map(Into::into).collect(),
            shipments: parcels.into_iter().map(Into::into).collect(),
            refunds: refunds.into_iter().map(Into::into).collect(),
            history: history.into_iter().map(Into::into).collect(),
            lines: lines.into_iter().map(Into::into).collect(),
            remark: order.remark,
            staff_note: order.staff_note,
            created_at: order.created_at,
            paid_at: order.paid_at,
            close_reason: order.close_reason,
        }
    }
}
