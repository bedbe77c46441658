//! Live prices: what staff set, what orders take of them, and which lines come from rooms.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::planning::Desk;
use super::signal;
use crate::catalog::{self, SkuId};
use crate::kernel::id::{OrderId, UserId, parse};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::events;
use crate::live::model::{
    KIND, LineState, Price, PriceId, Room, RoomId, RoomLine, RoomState, SignalKind, Taking, TakingState, Viewer,
};
use crate::live::rules;
use crate::live::store;
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{OfferClaim, PlacedOrder, PricingError, QuotedLine};

/// What staff say of a live price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) struct PriceDraft {
    /// What one piece costs.
    pub(in crate::live) price: Fen,
    /// Pieces that may be sold at it.
    pub(in crate::live) quota: i64,
    /// Pieces one buyer may have.
    pub(in crate::live) per_user_limit: i64,
    /// Whether coupons may be used with it.
    pub(in crate::live) coupons_allowed: bool,
    /// From when on.
    pub(in crate::live) starts_at: Option<Timestamp>,
    /// Until when.
    pub(in crate::live) ends_at: Option<Timestamp>,
}

impl PriceDraft {
    fn over(self, price: Price) -> Price {
        Price {
            price: self.price,
            quota: self.quota,
            per_user_limit: self.per_user_limit,
            coupons_allowed: self.coupons_allowed,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            ..price
        }
    }
}

/// Sets a live price for a SKU whose product is on the shelf.
///
/// # Errors
/// 422 for what cannot be meant; 409 when the SKU has one.
pub(in crate::live) fn set_price(
    tx: &mut Tx<'_>,
    id: RoomId,
    sku: SkuId,
    draft: PriceDraft,
    desk: &Desk,
) -> Result<Price, LiveError> {
    let room = super::room(tx, id)?;
    if matches!(room.state, RoomState::Ended | RoomState::Replay | RoomState::Cancelled) {
        return Err(LiveError::WrongState(json!({ "state": room.state })));
    }
    let blank = Price {
        id: PriceId::new(tx.next_id()),
        room_id: id,
        sku_id: sku,
        price: Fen::ZERO,
        quota: 0,
        taken: 0,
        per_user_limit: 0,
        coupons_allowed: true,
        starts_at: None,
        ends_at: None,
        created_at: tx.now(),
        withdrawn_at: None,
    };
    let price = draft.over(blank);
    rules::valid_price(&price, usual_price(tx, id, sku)?)?;
    if !store::prices::insert(tx, &price)? {
        return Err(LiveError::PriceTaken);
    }
    desk.note(tx, "live.set_price", id, (None, Some(described(&price))))?;
    tell_price(tx, &price)?;
    Ok(price)
}

fn described(price: &Price) -> serde_json::Value {
    json!({
        "price_id": price.id, "sku_id": price.sku_id, "price_fen": price.price, "quota": price.quota,
        "per_user_limit": price.per_user_limit, "starts_at": price.starts_at, "ends_at": price.ends_at,
    })
}

fn usual_price(tx: &mut Tx<'_>, room: RoomId, sku: SkuId) -> Result<Fen, LiveError> {
    let unknown = || LiveError::ProductNotOnSale(json!({ "sku_id": sku }));
    let facts =
        catalog::sku_facts(tx, &[sku])?.pop().filter(|facts| facts.unavailable.is_none()).ok_or_else(unknown)?;
    let there = store::shelf::item(tx, room, facts.product_id)?.is_some_and(|item| item.removed_at.is_none());
    if there { Ok(facts.price) } else { Err(LiveError::NotOnShelf(json!({ "product_id": facts.product_id }))) }
}

/// Changes a live price. The quota never falls below what was taken.
///
/// # Errors
/// 404, or 422 for what cannot be meant.
pub(in crate::live) fn change_price(
    tx: &mut Tx<'_>,
    (room, id): (RoomId, PriceId),
    draft: PriceDraft,
    desk: &Desk,
) -> Result<Price, LiveError> {
    let before = price_of(tx, room, id)?;
    let after = draft.over(before);
    rules::valid_price(&after, usual_price(tx, room, before.sku_id)?)?;
    if !store::prices::rewrite(tx, &after)? {
        return Err(rules::invalid("quota"));
    }
    desk.note(tx, "live.change_price", room, (Some(described(&before)), Some(described(&after))))?;
    let after = price_of(tx, room, id)?;
    tell_price(tx, &after)?;
    Ok(after)
}

/// Takes a live price back. What was taken of it stays sold.
///
/// # Errors
/// 404 when there is none.
pub(in crate::live) fn withdraw_price(
    tx: &mut Tx<'_>,
    (room, id): (RoomId, PriceId),
    desk: &Desk,
) -> Result<(), LiveError> {
    let before = price_of(tx, room, id)?;
    if !store::prices::withdraw(tx, id)? {
        return Err(LiveError::PriceNotFound);
    }
    desk.note(tx, "live.withdraw_price", room, (Some(described(&before)), None))?;
    Ok(signal(tx, room, SignalKind::Price, &json!({ "price_id": id, "sku_id": before.sku_id, "gone": true }))?)
}

fn price_of(tx: &mut Tx<'_>, room: RoomId, id: PriceId) -> Result<Price, LiveError> {
    let found = store::prices::price(tx, id)?;
    found.filter(|price| price.room_id == room && price.withdrawn_at.is_none()).ok_or(LiveError::PriceNotFound)
}

fn tell_price(tx: &mut Tx<'_>, price: &Price) -> DbResult<()> {
    let told = json!({
        "price_id": price.id, "sku_id": price.sku_id, "price_fen": price.price, "left": price.left(),
        "per_user_limit": price.per_user_limit, "starts_at": price.starts_at, "ends_at": price.ends_at, "gone": false,
    });
    signal(tx, price.room_id, SignalKind::Price, &told)
}

/// A line that a buyer says comes from a room.
#[derive(Clone, Debug)]
pub(in crate::live) struct ClaimedLine {
    /// Which line.
    pub(in crate::live) sku: SkuId,
    /// Which room.
    pub(in crate::live) room: Room,
    /// The live price that holds for it, if any.
    pub(in crate::live) price: Option<Price>,
}

/// A line as far as rooms are concerned.
#[derive(Clone, Copy, Debug)]
pub(in crate::live) struct Wish {
    /// What.
    pub(in crate::live) sku: SkuId,
    /// Its product.
    pub(in crate::live) product: catalog::ProductId,
    /// How many pieces.
    pub(in crate::live) quantity: i64,
    /// Whether another offer sets its price: then no live price is had for it.
    pub(in crate::live) priced_otherwise: bool,
}

/// Which lines come from which room, and at which live price. A line that several claims name comes from the room of
/// the first that names it alone.
///
/// # Errors
/// Why a claim does not hold: no such room, a ban, nothing of the basket on its shelf, more wished for than can be had.
pub(in crate::live) fn claimed(
    tx: &mut Tx<'_>,
    user: UserId,
    claims: &[OfferClaim],
    wishes: &[Wish],
) -> Result<Vec<ClaimedLine>, LiveError> {
    let mut lines: BTreeMap<SkuId, ClaimedLine> = BTreeMap::new();
    let (alone, whole): (Vec<&OfferClaim>, Vec<&OfferClaim>) = claims.iter().partition(|claim| claim.sku_id.is_some());
    for claim in alone.into_iter().chain(whole) {
        let room = claimed_room(tx, user, claim)?;
        let mut fitting = false;
        for wish in wishes.iter().filter(|wish| claim.sku_id.is_none_or(|sku| sku == wish.sku)) {
            if store::shelf::item(tx, room.id, wish.product)?.is_none() {
                continue;
            }
            fitting = true;
            if let Entry::Vacant(place) = lines.entry(wish.sku) {
                let price = price_for(tx, &room, user, wish)?;
                place.insert(ClaimedLine { sku: wish.sku, room: room.clone(), price });
            }
        }
        if !fitting {
            return Err(LiveError::NotOnShelf(json!({ "room_id": room.id, "sku_id": claim.sku_id })));
        }
    }
    Ok(lines.into_values().collect())
}

fn claimed_room(tx: &mut Tx<'_>, user: UserId, claim: &OfferClaim) -> Result<Room, LiveError> {
    let id = parse(&claim.reference).map(RoomId::new).map_err(|_| LiveError::NotFound)?;
    super::talking::may_enter(tx, id, Some(Viewer::User(user, None)))
}

fn price_for(tx: &mut Tx<'_>, room: &Room, user: UserId, wish: &Wish) -> Result<Option<Price>, LiveError> {
    if wish.priced_otherwise || room.state != RoomState::Live {
        return Ok(None);
    }
    let Some(price) = store::prices::of_sku(tx, room.id, wish.sku)? else { return Ok(None) };
    let bought = store::prices::bought(tx, price.id, user)?;
    let applies = rules::applies(&price, room, bought, wish.quantity, tx.now())?;
    Ok(applies.then_some(price))
}

/// Writes down which lines of an order come from rooms, and sets aside what they promise of live prices. Rows that many
/// buyers want are taken in the order of their ids, so that orders never wait for each other in a circle.
///
/// # Errors
/// Why not; the transaction must then be given up.
pub(in crate::live) fn take(tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), LiveError> {
    let ours = |sku: SkuId| {
        order.adjustments.iter().any(|adjustment| adjustment.source == KIND && adjustment.sku_id == Some(sku))
    };
    let wish = |line: &QuotedLine| Wish {
        sku: line.sku_id,
        product: line.product_id,
        quantity: line.quantity,
        priced_otherwise: !ours(line.sku_id),
    };
    let wishes: Vec<Wish> = order.lines.iter().map(wish).collect();
    let mut claimed = claimed(tx, order.user_id, order.claims, &wishes)?;
    claimed.sort_by_key(|line| line.price.map(|price| price.id));
    let mut rooms = BTreeSet::new();
    for line in &claimed {
        let Some(quoted) = order.lines.iter().find(|quoted| quoted.sku_id == line.sku) else { continue };
        write_line(tx, order, (line.room.id, rooms.insert(line.room.id)), quoted)?;
    }
    for line in &claimed {
        let Some(quoted) = order.lines.iter().find(|quoted| quoted.sku_id == line.sku) else { continue };
        match line.price {
            Some(price) => take_pieces(tx, order, &price, quoted)?,
            // It was promised when the price was settled, and is gone since.
            None if ours(line.sku) => return Err(LiveError::SoldOut(json!({ "sku_id": line.sku, "left": 0 }))),
            None => {}
        }
    }
    Ok(())
}

fn write_line(
    tx: &mut Tx<'_>,
    order: &PlacedOrder<'_>,
    (room, counts_order): (RoomId, bool),
    quoted: &QuotedLine,
) -> Result<(), LiveError> {
    let line = RoomLine {
        order_id: order.order_id,
        sku_id: quoted.sku_id,
        product_id: quoted.product_id,
        room_id: room,
        user_id: order.user_id,
        quantity: quoted.quantity,
        revenue: quoted.goods.minus(quoted.discount).ok_or(PricingError::AmountTooLarge)?,
        state: LineState::Placed,
        placed_at: tx.now(),
        paid_at: None,
    };
    store::prices::insert_line(tx, &line)?;
    Ok(events::record_line(tx, events::ORDERED, &line, counts_order)?)
}

fn take_pieces(tx: &mut Tx<'_>, order: &PlacedOrder<'_>, price: &Price, quoted: &QuotedLine) -> Result<(), LiveError> {
    let discount = rules::discount(quoted.unit_price, price.price, quoted.quantity);
    let taking = Taking {
        order_id: order.order_id,
        price_id: price.id,
        user_id: order.user_id,
        quantity: quoted.quantity,
        discount: discount.ok_or(PricingError::AmountTooLarge)?,
        state: TakingState::Held,
        at: tx.now(),
    };
    store::prices::insert_taking(tx, &taking)?;
    if !store::prices::count_buyer(tx, price, order.user_id, quoted.quantity)? {
        return Err(rules::limit_reached(price, store::prices::bought(tx, price.id, order.user_id)?));
    }
    if !store::prices::take(tx, price.id, quoted.quantity)? {
        let now = store::prices::price(tx, price.id)?.ok_or(LiveError::PriceNotFound)?;
        return Err(rules::sold_out(&now));
    }
    Ok(())
}

/// The order was paid: what it took is sold, and its lines count for their rooms.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn sell(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    store::prices::move_takings(tx, order, TakingState::Held, TakingState::Sold)?;
    let paid = settle_lines(tx, order, LineState::Placed, (LineState::Paid, events::PAID))?;
    if paid > 0 { store::prices::note_paid(tx, order) } else { Ok(()) }
}

/// The order was closed unpaid: what it took goes back, once.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn close(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    give_back(tx, order, TakingState::Held)?;
    settle_lines(tx, order, LineState::Placed, (LineState::Closed, events::CLOSED)).map(|_| ())
}

/// The order was refunded as a whole: what it took goes back, once.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn refund(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    give_back(tx, order, TakingState::Sold)?;
    settle_lines(tx, order, LineState::Paid, (LineState::Refunded, events::REFUNDED)).map(|_| ())
}

fn give_back(tx: &mut Tx<'_>, order: OrderId, from: TakingState) -> DbResult<()> {
    for taking in store::prices::move_takings(tx, order, from, TakingState::GivenBack)? {
        store::prices::uncount_buyer(tx, taking.price_id, taking.user_id, taking.quantity)?;
        store::prices::untake(tx, taking.price_id, taking.quantity)?;
    }
    Ok(())
}

/// Moves an order's lines and records so; the first line of each room counts as its order there.
fn settle_lines(
    tx: &mut Tx<'_>,
    order: OrderId,
    from: LineState,
    (to, name): (LineState, &'static str),
) -> DbResult<usize> {
    let mut moved = store::prices::move_lines(tx, order, from, to)?;
    moved.sort_by_key(|line| (line.room_id, line.sku_id));
    let mut last: Option<RoomId> = None;
    for line in &moved {
        events::record_line(tx, name, line, last != Some(line.room_id))?;
        last = Some(line.room_id);
    }
    Ok(moved.len())
}
