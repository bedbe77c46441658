//! Placing an order: one transaction from the basket to the open payment.
//!
//! What several buyers compete for comes last: campaign rows, then stock, after even the answer is written down, so that
//! their locks are held for the shortest time. What is written before them is written one row after the other with
//! nothing asked in between, so that it travels together.

use serde_json::json;

use super::super::error::OrderError;
use super::super::events::{OrderFacts, OrderPlaced, PLACED};
use super::super::model::{
    Actor, Delivery, Order, OrderAdjustment, OrderAdjustmentId, OrderLine, OrderLineId, OrderState, PickUp, ShipGate,
};
use super::super::store;
use super::{Cause, Orders, checked_line, checked_phone, checked_text, moves, note_row, record};
use crate::cart;
use crate::identity::{self, Address, AddressId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::{self, OpenPayment};
use crate::pick_up::{self, StoreId, StoreState};
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{
    self, BasketLine, Gone, OfferClaim, OfferRefusal, PlacedOrder, PricingError, Quote, QuoteRequest,
};
use crate::stock::{self, StockLine};

/// What is to be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) enum Basket {
    /// These lines.
    Lines(Vec<BasketLine>),
    /// The selected lines of the cart, which leave it.
    Cart,
}

/// The price the buyer saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) struct Expected {
    /// The total.
    pub(in crate::order) total: Fen,
    /// The digest of the quote.
    pub(in crate::order) digest: String,
}

/// Where an order is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) enum Destination {
    /// To an address of the buyer's.
    Address(AddressId),
    /// To a store, where it is collected.
    Store(PickUpWish),
    /// Nowhere, since there is nothing to carry.
    Nowhere,
}

/// Who collects where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) struct PickUpWish {
    /// The store.
    pub(in crate::order) store_id: StoreId,
    /// Who comes.
    pub(in crate::order) contact_name: String,
    /// Their phone.
    pub(in crate::order) contact_phone: String,
}

/// Where an order goes, as it is written down with it.
struct Receiver {
    delivery: Delivery,
    name: String,
    phone: String,
    province_code: String,
    address: String,
    store: Option<StoreId>,
}

impl Receiver {
    /// Nobody receives what needs no carrying.
    const fn nobody() -> Self {
        Self {
            delivery: Delivery::Virtual,
            name: String::new(),
            phone: String::new(),
            province_code: String::new(),
            address: String::new(),
            store: None,
        }
    }
}

/// What an order is to be, once its offers had their say.
struct Agreed {
    id: OrderId,
    pay_deadline: Timestamp,
    gates: Vec<ShipGate>,
}

/// An order about to be placed.
#[derive(Debug, Clone)]
pub(in crate::order) struct PlaceOrder {
    /// Who buys.
    pub(in crate::order) user_id: UserId,
    /// What.
    pub(in crate::order) basket: Basket,
    /// Where to.
    pub(in crate::order) destination: Destination,
    /// With which offers.
    pub(in crate::order) claims: Vec<OfferClaim>,
    /// At which price.
    pub(in crate::order) expected: Expected,
    /// What the buyer wrote.
    pub(in crate::order) remark: String,
}

/// An order as it was placed.
#[derive(Debug, Clone)]
pub(in crate::order) struct Placed {
    /// The order.
    pub(in crate::order) order: Order,
    /// Its lines.
    pub(in crate::order) lines: Vec<OrderLine>,
    /// What made its price.
    pub(in crate::order) adjustments: Vec<OrderAdjustment>,
    /// What holds it back from shipping.
    pub(in crate::order) gates: Vec<ShipGate>,
}

/// Places an order. `note` writes down what the buyer is told, before stock is taken.
///
/// # Errors
/// Every reason of product rules and prices why it cannot be; nothing is left behind then.
pub(in crate::order) fn place<T>(
    tx: &mut Tx<'_>,
    orders: &Orders,
    wish: &PlaceOrder,
    note: impl FnOnce(&mut Tx<'_>, Placed) -> Result<T, OrderError>,
) -> Result<T, OrderError> {
    let remark = checked_text("remark", &wish.remark, 0)?;
    let receiver = receiver_of(tx, wish)?;
    let request = QuoteRequest {
        user: Some(wish.user_id),
        province_code: Some(receiver.province_code.clone()).filter(|_| receiver.delivery == Delivery::Parcel),
        picked_up: receiver.delivery == Delivery::PickUp,
        lines: basket_lines(tx, wish)?,
        claims: wish.claims.clone(),
    };
    let quote = quote_now(tx, orders, &request)?;
    // Where nothing is carried, an address or a store is not needed and not written down.
    let receiver = if quote.lines.iter().all(|line| line.kind.is_virtual()) { Receiver::nobody() } else { receiver };
    if receiver.delivery == Delivery::Virtual && quote.freight_pending {
        return Err(OrderError::DestinationUnclear);
    }
    if quote.total != wish.expected.total || quote.digest != wish.expected.digest {
        return Err(OrderError::PriceChanged(json!(pricing::QuoteView::from(quote))));
    }
    let order_id = OrderId::new(tx.next_id());
    let facts = PlacedOrder {
        order_id,
        user_id: wish.user_id,
        lines: &quote.lines,
        adjustments: &quote.adjustments,
        claims: &wish.claims,
        total: quote.total,
    };
    let agreed = agree(tx, orders, &facts)?;
    if wish.basket == Basket::Cart {
        let skus: Vec<_> = quote.lines.iter().map(|line| line.sku_id).collect();
        cart::remove_bought(tx, wish.user_id, &skus)?;
    }
    let mut placed = write_order(tx, wish, &quote, &receiver, remark, agreed)?;
    payment::open(tx, payment_of(&placed))?;
    let event =
        OrderPlaced { order: OrderFacts::of(&placed.order, &placed.lines), pay_deadline: placed.order.pay_deadline };
    record(tx, PLACED, &placed.order, &event)?;
    let wanted = quote.lines.iter().map(|line| StockLine { sku_id: line.sku_id, quantity: line.quantity });
    let hold = stock::write_hold(tx, order_id, &wanted.collect::<Vec<_>>())?;
    let take = |tx: &mut Tx<'_>| {
        orders.offers.reserve(tx, &facts)?;
        Ok::<_, OrderError>(stock::take(tx, hold)?)
    };
    if placed.order.total == Fen::ZERO {
        // Paid at once: the stock has to be held before it can be sold.
        take(tx)?;
        settle_free(tx, orders, &mut placed)?;
        return note(tx, placed);
    }
    let noted = note(tx, placed)?;
    take(tx)?;
    Ok(noted)
}

/// The price now. Something that was shown and can no longer be bought is the buyer's to hear, with what the rest costs;
/// something that never existed was never shown. A claim that lapsed since is told with what it costs without.
fn quote_now(tx: &mut Tx<'_>, orders: &Orders, request: &QuoteRequest) -> Result<Quote, OrderError> {
    let refused = match pricing::quote(tx, &orders.offers, request) {
        Ok(quote) => return Ok(quote),
        Err(refused @ (PricingError::NotSellable(_) | PricingError::Undeliverable(_))) => refused,
        Err(PricingError::Offer(refusal)) => return Err(without_lapsed(tx, orders, request, refusal)),
        Err(other) => return Err(other.into()),
    };
    let left = pricing::remainder(tx, &orders.offers, request)?;
    if left.gone.iter().any(|line| line.reason == Gone::NotFound) {
        return Err(refused.into());
    }
    let quote = left.quote.map(pricing::QuoteView::from);
    Err(OrderError::BasketChanged(json!({ "skus": left.gone, "quote": quote })))
}

/// What a buyer hears of a refused claim: when it lapsed since they saw the price, the price without it.
fn without_lapsed(tx: &mut Tx<'_>, orders: &Orders, request: &QuoteRequest, refusal: OfferRefusal) -> OrderError {
    let lapsed = refusal.lapsed().filter(|kind| request.claims.iter().any(|claim| claim.kind == *kind));
    let Some(kind) = lapsed else { return PricingError::Offer(refusal).into() };
    let claims = request.claims.iter().filter(|claim| claim.kind != kind).cloned().collect();
    match quote_now(tx, orders, &QuoteRequest { claims, ..request.clone() }) {
        Ok(quote) => {
            let mut details = json!(pricing::QuoteView::from(quote));
            if let Some(details) = details.as_object_mut() {
                details.insert("lapsed".to_owned(), json!({ "kind": kind, "refusal": refusal.answer().body() }));
            }
            OrderError::PriceChanged(details)
        }
        Err(other) => other,
    }
}

fn basket_lines(tx: &mut Tx<'_>, wish: &PlaceOrder) -> Result<Vec<BasketLine>, OrderError> {
    let lines = match &wish.basket {
        Basket::Lines(lines) => lines.clone(),
        Basket::Cart => cart::selected_lines(tx, wish.user_id)?,
    };
    if lines.is_empty() && wish.basket == Basket::Cart { Err(OrderError::NothingSelected) } else { Ok(lines) }
}

fn write_order(
    tx: &mut Tx<'_>,
    wish: &PlaceOrder,
    quote: &Quote,
    receiver: &Receiver,
    remark: &str,
    Agreed { id, pay_deadline, gates }: Agreed,
) -> DbResult<Placed> {
    let now = tx.now();
    let order = Order {
        id,
        user_id: wish.user_id,
        state: OrderState::PendingPayment,
        delivery: receiver.delivery,
        goods: quote.goods,
        discount: quote.discount,
        freight: quote.freight,
        total: quote.total,
        refunded: Fen::ZERO,
        refunding: Fen::ZERO,
        refunding_difference: Fen::ZERO,
        receiver_name: receiver.name.clone(),
        receiver_phone: receiver.phone.clone(),
        province_code: receiver.province_code.clone(),
        receiver_address: receiver.address.clone(),
        remark: remark.to_owned(),
        staff_note: String::new(),
        pay_deadline,
        close_due_at: pay_deadline,
        created_at: now,
        paid_at: None,
        shipped_at: None,
        receive_due_at: None,
        received_at: None,
        complete_due_at: None,
        completed_at: None,
        closed_at: None,
        close_reason: None,
        hidden_at: None,
        version: 1,
    };
    let lines = lines_of(tx, id, quote);
    let adjustments = adjustments_of(tx, id, quote, &lines);
    store::insert(tx, &order)?;
    store::insert_lines(tx, &lines)?;
    store::insert_adjustments(tx, &adjustments)?;
    if let Some(store_id) = receiver.store {
        let (code, issued_at, verified_at, verified_by) = (None, None, None, None);
        store::insert_pick_up(tx, &PickUp { order_id: id, store_id, code, issued_at, verified_at, verified_by })?;
    }
    note_row(tx, &order, None, Cause { actor: Actor::Shopper(wish.user_id), reason: "placed" })?;
    gates.iter().try_for_each(|gate| store::insert_gate(tx, gate))?;
    Ok(Placed { order, lines, adjustments, gates })
}

/// Where it goes: an address that is the buyer's own, or a store that takes orders.
fn receiver_of(tx: &mut Tx<'_>, wish: &PlaceOrder) -> Result<Receiver, OrderError> {
    match &wish.destination {
        Destination::Address(id) => {
            let address = identity::address(tx, wish.user_id, *id)?.ok_or(OrderError::AddressNotFound)?;
            let line = one_line(&address);
            let Address { receiver_name: name, receiver_phone: phone, province_code, .. } = address;
            Ok(Receiver { delivery: Delivery::Parcel, name, phone, province_code, address: line, store: None })
        }
        Destination::Store(collecting) => {
            let name = checked_line("contact_name", &collecting.contact_name, 32)?.to_owned();
            let phone = checked_phone("contact_phone", &collecting.contact_phone)?.to_owned();
            let store = pick_up::find(tx, collecting.store_id)?.filter(|store| store.state == StoreState::Open);
            let store = store.ok_or(OrderError::StoreNotFound)?;
            let address = format!("{}（{}）", store.name, store.address);
            let (delivery, province_code, store) = (Delivery::PickUp, String::new(), Some(store.id));
            Ok(Receiver { delivery, name, phone, province_code, address, store })
        }
        Destination::Nowhere => Ok(Receiver::nobody()),
    }
}

/// The address as a courier reads it. Municipalities are province and city at once and named once.
fn one_line(address: &Address) -> String {
    let city = if address.city == address.province { "" } else { address.city.as_str() };
    [address.province.as_str(), city, &address.district, &address.detail].concat()
}

fn lines_of(tx: &Tx<'_>, order_id: OrderId, quote: &Quote) -> Vec<OrderLine> {
    let line = |quoted: &pricing::QuotedLine| OrderLine {
        id: OrderLineId::new(tx.next_id()),
        order_id,
        product_id: quoted.product_id,
        sku_id: quoted.sku_id,
        kind: quoted.kind,
        title: quoted.title.clone(),
        option_text: quoted.option_text.clone(),
        picture: quoted.picture.clone(),
        unit_price: quoted.unit_price,
        quantity: quoted.quantity,
        goods: quoted.goods,
        discount: quoted.discount,
        freight: quoted.freight,
        payable: quoted.payable,
        shipped_quantity: 0,
        refunded_quantity: 0,
        refunded: Fen::ZERO,
    };
    quote.lines.iter().map(line).collect()
}

fn adjustments_of(tx: &Tx<'_>, order_id: OrderId, quote: &Quote, lines: &[OrderLine]) -> Vec<OrderAdjustment> {
    let adjustment = |made: &pricing::Adjustment| OrderAdjustment {
        id: OrderAdjustmentId::new(tx.next_id()),
        order_id,
        line_id: lines.iter().find(|line| Some(line.sku_id) == made.sku_id).map(|line| line.id),
        source: made.source.clone(),
        source_ref: made.source_ref.clone(),
        title: made.title.clone(),
        on_freight: made.on_freight,
        amount: made.amount,
    };
    quote.adjustments.iter().map(adjustment).collect()
}

/// Takes over what campaigns ask of an order: less time to pay, a ship gate.
fn agree(tx: &mut Tx<'_>, orders: &Orders, order: &PlacedOrder<'_>) -> Result<Agreed, OrderError> {
    let (id, now) = (order.order_id, tx.now());
    let mut agreed = Agreed { id, pay_deadline: now.plus_millis(orders.settings.pay_within_ms), gates: Vec::new() };
    for (source, terms) in orders.offers.terms(tx, order)? {
        if let Some(within) = terms.pay_within_ms {
            agreed.pay_deadline = agreed.pay_deadline.min(now.plus_millis(within));
        }
        if let Some(source_ref) = terms.ship_gate {
            let source = source.to_owned();
            agreed.gates.push(ShipGate { order_id: id, source, source_ref, created_at: now, opened_at: None });
        }
    }
    Ok(agreed)
}

fn payment_of(placed: &Placed) -> OpenPayment {
    let first = placed.lines.first().map(|line| line.title.as_str()).unwrap_or_default();
    let description =
        if placed.lines.len() > 1 { format!("{first} 等{}种商品", placed.lines.len()) } else { first.to_owned() };
    OpenPayment {
        subject: placed.order.id,
        user_id: placed.order.user_id,
        amount: placed.order.total,
        description,
        expires_at: placed.order.pay_deadline,
    }
}

/// Nothing is to be paid, so it is paid at once, without a provider.
fn settle_free(tx: &mut Tx<'_>, orders: &Orders, placed: &mut Placed) -> Result<(), OrderError> {
    payment::settle_free(tx, placed.order.id)?;
    let now = tx.now();
    placed.order = moves::pay(tx, orders, placed.order.id, now)?;
    Ok(())
}
