//! Pure decisions about orders: what comes next, who may do what and why not, what a parcel holds, what a changed
//! price does to the lines.

use super::model::{Delivery, Order, OrderLine, OrderLineId, OrderState, PickUp, ShipGate};
use crate::kernel::money::{Fen, prorate};
use crate::kernel::time::Timestamp;

/// What moves an order from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The money came.
    Pay,
    /// It will not be paid.
    Close,
    /// The last of what is to be sent has left.
    ShipAll,
    /// The buyer has it.
    Receive,
    /// The time for after-sale is over.
    Complete,
    /// The last of the money went back.
    RefundAll,
}

impl Step {
    /// Every step.
    pub const ALL: &'static [Self] =
        &[Self::Pay, Self::Close, Self::ShipAll, Self::Receive, Self::Complete, Self::RefundAll];
}

/// A step that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalMove {
    /// Where the order stands.
    pub from: OrderState,
    /// What was asked for.
    pub step: Step,
}

/// Where a step leads.
///
/// # Errors
/// When the state does not allow it.
pub const fn next(from: OrderState, step: Step) -> Result<OrderState, IllegalMove> {
    use OrderState as S;
    match (from, step) {
        (S::PendingPayment, Step::Pay) => Ok(S::Paid),
        (S::PendingPayment, Step::Close) => Ok(S::Closed),
        (S::Paid, Step::ShipAll) => Ok(S::Shipped),
        (S::Shipped, Step::Receive) => Ok(S::Received),
        (S::Received, Step::Complete) => Ok(S::Completed),
        (S::Paid | S::Shipped | S::Received, Step::RefundAll) => Ok(S::Refunded),
        (S::PendingPayment, Step::ShipAll | Step::Receive | Step::Complete | Step::RefundAll)
        | (S::Paid, Step::Pay | Step::Close | Step::Receive | Step::Complete)
        | (S::Shipped, Step::Pay | Step::Close | Step::ShipAll | Step::Complete)
        | (S::Received, Step::Pay | Step::Close | Step::ShipAll | Step::Receive)
        | (S::Completed | S::Closed | S::Refunded, _) => Err(IllegalMove { from, step }),
    }
}

/// Whether a recorded row of history could have been written: a first row, a fact, or an allowed move.
pub fn is_recordable(from: Option<OrderState>, to: OrderState) -> bool {
    match from {
        None => to == OrderState::PendingPayment,
        Some(from) if from == to => true,
        Some(from) => Step::ALL.iter().any(|step| next(from, *step) == Ok(to)),
    }
}

/// Why somebody may not do something with an order now. The word is stable and shown to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// It no longer waits for payment.
    NotPending,
    /// It is not paid, or no longer.
    NotPaid,
    /// It is not on its way, or has arrived.
    NotShipped,
    /// Some or all of it has been sent.
    AlreadyShipped,
    /// Its money is on its way back.
    RefundRunning,
    /// A campaign holds it back.
    WaitingForCampaign,
    /// It is not over yet.
    NotFinished,
    /// It is hidden already.
    AlreadyHidden,
    /// The time to pay has passed; it is about to be closed.
    DeadlinePassed,
    /// The buyer collects it at a store.
    CollectedAtStore,
}

impl Denial {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotPending => "not_pending",
            Self::NotPaid => "not_paid",
            Self::NotShipped => "not_shipped",
            Self::AlreadyShipped => "already_shipped",
            Self::RefundRunning => "refund_running",
            Self::WaitingForCampaign => "waiting_for_campaign",
            Self::NotFinished => "not_finished",
            Self::AlreadyHidden => "already_hidden",
            Self::DeadlinePassed => "deadline_passed",
            Self::CollectedAtStore => "collected_at_store",
        }
    }
}

/// Whether the buyer may still start to pay.
///
/// # Errors
/// Why not.
pub fn may_pay(order: &Order, now: Timestamp) -> Result<(), Denial> {
    require(order.state == OrderState::PendingPayment, Denial::NotPending)?;
    require(now < order.pay_deadline, Denial::DeadlinePassed)
}

/// Whether an order may be closed unpaid, or its price changed.
///
/// # Errors
/// Why not.
pub fn may_close(order: &Order) -> Result<(), Denial> {
    require(order.state == OrderState::PendingPayment, Denial::NotPending)
}

/// Whether the buyer may say that it arrived.
///
/// # Errors
/// Why not.
pub fn may_receive(order: &Order) -> Result<(), Denial> {
    require(order.state == OrderState::Shipped, Denial::NotShipped)
}

/// Whether the buyer may hide it from their list.
///
/// # Errors
/// Why not.
pub fn may_hide(order: &Order) -> Result<(), Denial> {
    require(order.state.is_final(), Denial::NotFinished)?;
    require(order.hidden_at.is_none(), Denial::AlreadyHidden)
}

/// Whether all the money may go back at once: paid, nothing sent, nothing on its way back.
///
/// # Errors
/// Why not.
pub fn may_refund_unshipped(order: &Order, lines: &[OrderLine]) -> Result<(), Denial> {
    match order.state {
        OrderState::Paid => {}
        OrderState::Shipped | OrderState::Received | OrderState::Completed => return Err(Denial::AlreadyShipped),
        OrderState::PendingPayment | OrderState::Closed | OrderState::Refunded => return Err(Denial::NotPaid),
    }
    require(!order.is_refunding(), Denial::RefundRunning)?;
    require(lines.iter().all(|line| line.shipped_quantity == 0), Denial::AlreadyShipped)
}

/// Whether a difference of price may go back: paid and not over, and not all of it on its way back already.
///
/// # Errors
/// Why not.
pub fn may_refund_difference(order: &Order) -> Result<(), Denial> {
    require(matches!(order.state, OrderState::Paid | OrderState::Shipped | OrderState::Received), Denial::NotPaid)?;
    require(!order.is_refunding(), Denial::RefundRunning)
}

/// How money that came back is spread over the lines: in proportion to what is left of each, by largest remainder.
/// `None` when more came back than is left.
pub fn spread_refund(lines: &[OrderLine], amount: Fen) -> Option<Vec<Fen>> {
    let left = lines.iter().map(|line| line.payable.minus(line.refunded)).collect::<Option<Vec<Fen>>>()?;
    if amount > Fen::sum(left.iter().copied())? { None } else { prorate(amount, &left) }
}

/// Whether a parcel may be sent: to be sent at all, and free to leave.
///
/// # Errors
/// Why not.
pub fn may_ship(order: &Order, gates: &[ShipGate]) -> Result<(), Denial> {
    require(order.delivery != Delivery::PickUp, Denial::CollectedAtStore)?;
    may_leave(order, gates)
}

/// Whether anything of it may leave the shop: paid, no money on its way back, every gate open.
///
/// # Errors
/// Why not.
pub fn may_leave(order: &Order, gates: &[ShipGate]) -> Result<(), Denial> {
    match order.state {
        OrderState::Paid => {}
        OrderState::Shipped | OrderState::Received | OrderState::Completed => return Err(Denial::AlreadyShipped),
        OrderState::PendingPayment | OrderState::Closed | OrderState::Refunded => return Err(Denial::NotPaid),
    }
    require(!order.is_refunding(), Denial::RefundRunning)?;
    require(gates.iter().all(|gate| gate.opened_at.is_some()), Denial::WaitingForCampaign)
}

/// The code that a buyer can show at the store: theirs once it was made, until it is used or the money goes back.
pub fn usable_code<'a>(order: &Order, pick_up: &'a PickUp) -> Option<&'a str> {
    let waits = order.state == OrderState::Paid && !order.is_refunding() && pick_up.verified_at.is_none();
    pick_up.code.as_deref().filter(|_| waits)
}

fn require(holds: bool, denial: Denial) -> Result<(), Denial> {
    if holds { Ok(()) } else { Err(denial) }
}

/// So many pieces of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineQuantity {
    /// The line.
    pub line_id: OrderLineId,
    /// Pieces.
    pub quantity: i64,
}

/// Why a parcel cannot hold what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParcelRefusal {
    /// The order has no such line.
    NoSuchLine(OrderLineId),
    /// Fewer than one piece, the same line twice, or more than is left to send.
    Quantity(OrderLineId),
    /// There is nothing to carry of this line.
    Virtual(OrderLineId),
    /// Nothing is left to send.
    Empty,
}

/// What a parcel holds: what was asked for, or everything that is left to carry when nothing particular was.
///
/// # Errors
/// When it cannot hold that.
pub fn fill_parcel(lines: &[OrderLine], wanted: Option<&[LineQuantity]>) -> Result<Vec<LineQuantity>, ParcelRefusal> {
    let Some(wanted) = wanted else {
        let left = left_of(lines, |line| !line.kind.is_virtual());
        return if left.is_empty() { Err(ParcelRefusal::Empty) } else { Ok(left) };
    };
    for (position, part) in wanted.iter().enumerate() {
        let line = lines.iter().find(|line| line.id == part.line_id).ok_or(ParcelRefusal::NoSuchLine(part.line_id))?;
        if line.kind.is_virtual() {
            return Err(ParcelRefusal::Virtual(part.line_id));
        }
        let named_before = wanted.iter().take(position).any(|other| other.line_id == part.line_id);
        if named_before || part.quantity < 1 || part.quantity > line.to_ship() {
            return Err(ParcelRefusal::Quantity(part.line_id));
        }
    }
    if wanted.is_empty() { Err(ParcelRefusal::Empty) } else { Ok(wanted.to_vec()) }
}

/// Every virtual line that was not delivered yet.
pub fn undelivered(lines: &[OrderLine]) -> Vec<LineQuantity> {
    left_of(lines, |line| line.kind.is_virtual())
}

/// Whether all that has to be carried is on its way.
pub fn all_carried(lines: &[OrderLine]) -> bool {
    left_of(lines, |line| !line.kind.is_virtual()).is_empty()
}

fn left_of(lines: &[OrderLine], wanted: impl Fn(&OrderLine) -> bool) -> Vec<LineQuantity> {
    let left = lines.iter().filter(|line| wanted(line) && line.to_ship() > 0);
    left.map(|line| LineQuantity { line_id: line.id, quantity: line.to_ship() }).collect()
}

/// Whether nothing is left to send once this parcel has left.
pub fn completes(lines: &[OrderLine], parcel: &[LineQuantity]) -> bool {
    let sent =
        |line: &OrderLine| parcel.iter().filter(|part| part.line_id == line.id).map(|part| part.quantity).sum::<i64>();
    lines.iter().all(|line| line.to_ship() <= sent(line))
}

/// What an order costs after staff changed its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrice {
    /// What is taken off the goods now.
    pub discount: Fen,
    /// The freight now.
    pub freight: Fen,
    /// The total now.
    pub total: Fen,
    /// How the goods' price changed; negative is cheaper.
    pub goods_change: Fen,
    /// How the freight changed; negative is cheaper.
    pub freight_change: Fen,
    /// The lines' new discount, freight and payable, in the order of the lines given.
    pub lines: Vec<NewLinePrice>,
}

/// What a line costs after staff changed the order's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewLinePrice {
    /// The line.
    pub line_id: OrderLineId,
    /// What is taken off it now.
    pub discount: Fen,
    /// Its share of the freight now.
    pub freight: Fen,
    /// What is paid for it now.
    pub payable: Fen,
}

/// Spreads a price that staff agreed with the buyer over the lines: a cheaper price in proportion to what each line
/// still costs, a dearer one in proportion to what was taken off each, so that no line falls below zero or rises above
/// its base price. `None` when the total is not within 1 fen and base price plus freight, or less than the freight, or
/// when there would be freight on an order that nobody carries.
pub fn reprice(order: &Order, lines: &[OrderLine], total: Fen, freight: Option<Fen>) -> Option<NewPrice> {
    let freight = freight.unwrap_or(order.freight);
    let discount = order.goods.plus(freight)?.minus(total)?;
    let carried = order.delivery == Delivery::Parcel || freight == Fen::ZERO;
    let in_range =
        carried && total > Fen::ZERO && freight >= Fen::ZERO && discount >= Fen::ZERO && discount <= order.goods;
    if !in_range {
        return None;
    }
    let change = discount.minus(order.discount)?;
    let discounts = if change >= Fen::ZERO {
        let left = lines.iter().map(|line| line.goods.minus(line.discount)).collect::<Option<Vec<Fen>>>()?;
        shift(lines, &prorate(change, &left)?, Fen::plus)?
    } else {
        let taken: Vec<Fen> = lines.iter().map(|line| line.discount).collect();
        shift(lines, &prorate(change.negated()?, &taken)?, Fen::minus)?
    };
    let freights = if freight == order.freight {
        lines.iter().map(|line| line.freight).collect()
    } else {
        let weight = |line: &OrderLine| if line.kind.is_virtual() { Fen::ZERO } else { line.goods };
        prorate(freight, &lines.iter().map(weight).collect::<Vec<Fen>>())?
    };
    let mut priced = Vec::with_capacity(lines.len());
    for ((line, discount), freight) in lines.iter().zip(discounts).zip(freights) {
        let payable = line.goods.minus(discount)?.plus(freight)?;
        priced.push(NewLinePrice { line_id: line.id, discount, freight, payable });
    }
    let (goods_change, freight_change) = (change.negated()?, freight.minus(order.freight)?);
    Some(NewPrice { discount, freight, total, goods_change, freight_change, lines: priced })
}

fn shift(lines: &[OrderLine], parts: &[Fen], apply: fn(Fen, Fen) -> Option<Fen>) -> Option<Vec<Fen>> {
    lines.iter().zip(parts).map(|(line, part)| apply(line.discount, *part)).collect()
}

/// A phone number of which only the last four digits can be read.
pub fn masked_phone(phone: &str) -> String {
    let length = phone.chars().count();
    let hidden = |position: usize| position.saturating_add(4) < length && position >= 3;
    phone.chars().enumerate().map(|(position, digit)| if hidden(position) { '*' } else { digit }).collect()
}

#[cfg(test)]
mod tests;
