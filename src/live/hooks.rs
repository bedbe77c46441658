//! Live rooms as pricing, orders, shares and events know them.

use serde::Deserialize;

use super::error::LiveError;
use super::events::{LineFacts, PAID};
use super::model::{KIND, RoomId};
use super::service::selling::{self, Wish};
use super::service::{reporting, talking};
use crate::kernel::id::OrderId;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};
use crate::pricing::{
    Offer, OfferFacts, OrderEvent, PlacedOrder, PricedLine, PricingError, Reach, Reduction, Stage, Terms,
};
use crate::share::events::{CREATED, ShareCreated};
use crate::share::{SubjectCard, SubjectKind, SubjectSource};

/// Purchases from rooms: a claim names the room, and the line it is for; without a line, all that the room shows.
/// `{"kind": "live", "reference": "<room id>", "sku_id": "<sku id>"}`.
#[derive(Clone, Copy, Debug)]
pub struct LiveOffer {
    /// How long a buyer has to pay for what they have at a live price, in milliseconds.
    pub pay_within_ms: i64,
}

impl LiveOffer {
    fn reductions(tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, LiveError> {
        let user = facts.user.ok_or(LiveError::NotFound)?;
        let wish = |line: &PricedLine| Wish {
            sku: line.sku.sku_id,
            product: line.sku.product_id,
            quantity: line.quantity,
            priced_otherwise: line.priced_by.is_some(),
        };
        let wishes: Vec<Wish> = facts.lines.iter().map(wish).collect();
        let mut reductions = Vec::new();
        for claimed in selling::claimed(tx, user, facts.claims, &wishes)? {
            let line = facts.lines.iter().find(|line| line.sku.sku_id == claimed.sku);
            let (Some(price), Some(line)) = (claimed.price, line) else { continue };
            let amount = super::rules::discount(line.sku.price, price.price, line.quantity);
            let amount = amount.ok_or(PricingError::AmountTooLarge)?;
            let reach = Reach::Line(claimed.sku);
            let reduction = Reduction::new(claimed.room.id.to_string(), claimed.room.title, reach, amount);
            reductions.push(if price.coupons_allowed { reduction } else { reduction.without_coupons() });
        }
        Ok(reductions)
    }
}

impl Offer for LiveOffer {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn stage(&self) -> Stage {
        Stage::PriceSetting
    }

    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        if facts.claims.is_empty() {
            return Ok(Vec::new());
        }
        Self::reductions(tx, facts).map_err(PricingError::refused_by)
    }

    fn terms(&self, _tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        let priced = order.adjustments.iter().any(|adjustment| adjustment.source == KIND);
        Ok(Terms { ship_gate: None, pay_within_ms: priced.then_some(self.pay_within_ms) })
    }

    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        selling::take(tx, order).map_err(PricingError::refused_by)
    }

    fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()> {
        match event {
            OrderEvent::Paid => selling::sell(tx, order_id),
            OrderEvent::Closed => selling::close(tx, order_id),
            OrderEvent::Refunded => selling::refund(tx, order_id),
            // Pieces go back when the money has.
            OrderEvent::RefundAsked => Ok(()),
        }
    }
}

/// Rooms, as things to pass on.
#[derive(Clone, Debug)]
pub struct Rooms {
    /// The page of the mini-program that shows one.
    pub page: String,
}

impl SubjectSource for Rooms {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Room
    }

    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        let Ok(id) = reference.parse::<RoomId>() else { return Ok(None) };
        let room = match talking::may_enter(tx, id, None) {
            Ok(room) => room,
            Err(LiveError::Db(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        Ok(Some(SubjectCard {
            title: room.title,
            picture: room.cover,
            price: None,
            market_price: None,
            path: format!("{}?id={id}", self.page),
            campaign: None,
        }))
    }
}

/// Counts what rooms brought once it is true, away from the transactions of buyers, who would wait for each other there.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountForRooms;

impl Subscriber for CountForRooms {
    fn name(&self) -> &'static str {
        "live.count"
    }

    fn wants(&self, event_name: &str) -> bool {
        [PAID, CREATED].contains(&event_name)
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        if event.name == PAID {
            let line: LineFacts = read(event)?;
            reporting::count_paid(tx, &line, event.recorded_at)?;
            return reporting::tell_bought(tx, &line, event.user);
        }
        let made: ShareCreated = read(event)?;
        match made.share.subject.reference.parse::<RoomId>() {
            Ok(room) if made.share.subject.kind == SubjectKind::Room => {
                reporting::count_share(tx, room, event.recorded_at)
            }
            _ => Ok(()),
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(event: &RecordedEvent) -> DbResult<T> {
    serde_json::from_str(&event.payload).map_err(|error| DbError::Defect(error.to_string()))
}
