//! A shop to place orders in: two products, buyers with addresses, a campaign that gates what it sells.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::catalog::SkuId;
use crate::identity::AddressId;
use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Clock;
use crate::order::error::OrderError;
use crate::order::hooks::OrderPayable;
use crate::order::jobs::{CloseUnpaid, Complete, ReceiveByItself};
use crate::order::model::*;
use crate::order::service::{self, AtDesk, Basket, Destination, Expected, NewParcel, Orders, PlaceOrder, Placed};
use crate::payment::{PaidOutcome, Payable};
use crate::platform::db::{Db, DbError, DbResult, Tx, scratch};
use crate::platform::http::Origin;
use crate::platform::jobs::Sweep;
use crate::pricing::{
    self, BasketLine, Offer, OfferClaim, OfferFacts, Offers, OrderEvent, PlacedOrder, PricingError, QuoteRequest,
    Reach, Reduction, Stage, Terms,
};
use crate::stock;

/// 99.00 yuan.
pub const DRESS: SkuId = SkuId::new(301);
/// 0.33 yuan.
pub const BUTTON: SkuId = SkuId::new(302);
/// Costs nothing.
pub const LEAFLET: SkuId = SkuId::new(303);
pub const STAFF: StaffId = StaffId::new(901);

/// A campaign that takes 10.00 yuan off, gives ten minutes to pay, and holds the order back.
struct Gating;

impl Offer for Gating {
    fn kind(&self) -> &'static str {
        "gating"
    }

    fn stage(&self) -> Stage {
        Stage::FullReduction
    }

    fn adjust(&self, _tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        let off = |claim: &OfferClaim| Reduction::new(claim.reference.clone(), "立减", Reach::Order, Fen::new(1_000));
        Ok(facts.claims.iter().map(off).collect())
    }

    fn terms(&self, _tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        let ship_gate = order.claims.first().map(|claim| claim.reference.clone());
        Ok(Terms { ship_gate, pay_within_ms: Some(600_000) })
    }

    fn reserve(&self, _tx: &mut Tx<'_>, _order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        Ok(())
    }

    fn on_order(&self, _tx: &mut Tx<'_>, _order: OrderId, _event: OrderEvent) -> DbResult<()> {
        Ok(())
    }
}

#[derive(Clone)]
pub struct Shop {
    pub db: Db,
    pub clock: Clock,
    pub orders: Orders,
}

#[derive(QueryableByName)]
pub struct Number {
    #[diesel(sql_type = BigInt)]
    pub number: i64,
}

impl Shop {
    /// Opens with this many pieces of everything.
    pub async fn open(pieces: i64) -> Self {
        let (db, clock) = scratch::open();
        let offers = Offers::new(vec![Arc::new(Gating)]);
        let orders = Orders { offers, settings: OrderSettings::default() };
        db.write("seed", move |tx| seed(tx, pieces)).await.unwrap();
        Self { db, clock, orders }
    }

    /// A new buyer and their address.
    pub async fn buyer(&self) -> (UserId, AddressId) {
        let id = self.db.next_id();
        let made = self.db.write("buyer", move |tx| {
            let user = format!(
                "INSERT INTO users (id, state, nickname, created_at, updated_at) VALUES ({id}, 'active', '李雷', 0, 0); \
                 INSERT INTO addresses (id, user_id, receiver_name, receiver_phone, province_code, province, city, district, \
                 detail, is_default, created_at, updated_at) VALUES ({id}, {id}, '李雷', '13800001234', '44', '广东省', \
                 '深圳市', '南山区', '科技园1号', TRUE, 0, 0)"
            );
            Ok::<_, DbError>(tx.conn()?.batch_execute(&user)?)
        });
        made.await.unwrap();
        (UserId::new(id), AddressId::new(id))
    }

    /// What a buyer would send after looking at the price.
    pub async fn wish(
        &self,
        (user_id, address_id): (UserId, AddressId),
        lines: &[(SkuId, i64)],
        claims: Vec<OfferClaim>,
    ) -> PlaceOrder {
        let lines: Vec<BasketLine> =
            lines.iter().map(|(sku_id, quantity)| BasketLine { sku_id: *sku_id, quantity: *quantity }).collect();
        let request = QuoteRequest {
            user: Some(user_id),
            province_code: Some("44".to_owned()),
            picked_up: false,
            lines: lines.clone(),
            claims: claims.clone(),
        };
        let offers = self.orders.offers.clone();
        let quote = self.db.read("quote", move |tx| pricing::quote(tx, &offers, &request)).await.unwrap();
        let expected = Expected { total: quote.total, digest: quote.digest };
        let destination = Destination::Address(address_id);
        PlaceOrder { user_id, basket: Basket::Lines(lines), destination, claims, expected, remark: String::new() }
    }

    pub async fn try_place(&self, wish: PlaceOrder) -> Result<Placed, OrderError> {
        let orders = self.orders.clone();
        self.db.write("place", move |tx| service::place(tx, &orders, &wish, |_, placed| Ok(placed))).await
    }

    /// A new buyer's order.
    pub async fn place(&self, lines: &[(SkuId, i64)]) -> Placed {
        let buyer = self.buyer().await;
        self.try_place(self.wish(buyer, lines, Vec::new()).await).await.unwrap()
    }

    /// A new buyer's order in a campaign that holds it back.
    pub async fn place_gated(&self, lines: &[(SkuId, i64)]) -> Placed {
        let claims = vec![OfferClaim { kind: "gating".to_owned(), reference: "7".to_owned(), sku_id: None }];
        let buyer = self.buyer().await;
        self.try_place(self.wish(buyer, lines, claims).await).await.unwrap()
    }

    /// Money comes for an order, as payment applies it; says what became of it.
    pub async fn pay(&self, order: OrderId) -> PaidOutcome {
        let payable = OrderPayable(self.orders.clone());
        let paying = self.db.write("pay", move |tx| {
            crate::payment::lock(tx, order)?;
            let (now, attempt) = (tx.now(), tx.next_id());
            let outcome = payable.on_paid(tx, order, now)?;
            if outcome == PaidOutcome::Kept {
                let paid = format!(
                    "INSERT INTO payment_attempts (id, payment_id, provider, trade_type, out_trade_no, app_id, mch_id, payer, \
                     amount_fen, state, kept, transaction_id, paid_fen, refunded_fen, refunds, created_at, succeeded_at, queries) \
                     SELECT {attempt}, id, 'wechat', 'jsapi', 'T{attempt}', 'wx1', '1900', 'openid-1', amount_fen, 'succeeded', \
                     TRUE, 'W{attempt}', amount_fen, 0, 0, 0, 0, 0 FROM payments WHERE subject_id = {order}; \
                     UPDATE payments SET state = 'paid', paid_at = {} WHERE subject_id = {order}", now.millis()
                );
                tx.conn()?.batch_execute(&paid)?;
            }
            Ok::<_, DbError>(outcome)
        });
        paying.await.unwrap()
    }

    /// The oldest refund of this amount arrived at the payer.
    pub async fn money_returns(&self, order: OrderId, amount: Fen) {
        let payable = OrderPayable(self.orders.clone());
        let refunds = self.file(order).await.refunds;
        let arriving = refunds.iter().find(|refund| refund.amount == amount && refund.arrived_at.is_none());
        let refund = arriving.unwrap_or_else(|| panic!("nothing of {amount:?} is on its way: {refunds:?}")).id;
        self.db.write("refunded", move |tx| payable.on_refunded(tx, order, refund, amount)).await.unwrap();
    }

    pub async fn ship(
        &self,
        order: OrderId,
        number: &str,
        lines: Option<Vec<(OrderLineId, i64)>>,
    ) -> Result<ShipmentId, OrderError> {
        let part = |(line_id, quantity)| crate::order::rules::LineQuantity { line_id, quantity };
        let lines = lines.map(|lines| lines.into_iter().map(part).collect());
        let parcel = NewParcel { carrier_code: "SF".to_owned(), tracking_no: number.to_owned(), lines };
        let (orders, desk) = (self.orders.clone(), desk());
        self.db.write("ship", move |tx| service::ship(tx, &orders, &desk, order, &parcel)).await
    }

    /// Does one thing to the orders in a transaction.
    pub async fn act<T: Send + 'static>(
        &self,
        mut deed: impl FnMut(&mut Tx<'_>, &Orders) -> Result<T, OrderError> + Send + 'static,
    ) -> Result<T, OrderError> {
        let orders = self.orders.clone();
        self.db.write("act", move |tx| deed(tx, &orders)).await
    }

    /// Lets every deadline be looked at, `millis` from now.
    pub async fn sweep_after(&self, millis: i64) {
        self.clock.advance(millis);
        let orders = &self.orders;
        let sweeps: [Arc<dyn Sweep>; 3] = [
            Arc::new(CloseUnpaid(orders.clone())),
            Arc::new(ReceiveByItself(orders.clone())),
            Arc::new(Complete(orders.clone())),
        ];
        for sweep in sweeps {
            let looking = Arc::clone(&sweep);
            for id in self.db.read("due", move |tx| looking.due(tx, 100)).await.unwrap() {
                let settling = Arc::clone(&sweep);
                self.db.write("settle", move |tx| settling.settle(tx, id)).await.unwrap();
            }
        }
    }

    pub async fn file(&self, order: OrderId) -> OrderFile {
        self.db.read("file", move |tx| service::file_for_staff(tx, order)).await.unwrap()
    }

    pub async fn state(&self, order: OrderId) -> OrderState {
        self.file(order).await.order.state
    }

    pub async fn available(&self, sku: SkuId) -> i64 {
        self.db.read("available", move |tx| stock::available(tx, &[sku])).await.unwrap()[&sku]
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let sql = sql.to_owned();
        let counting = self
            .db
            .read("count", move |tx| Ok::<_, DbError>(diesel::sql_query(sql).get_result::<Number>(tx.conn()?)?.number));
        counting.await.unwrap()
    }

    pub async fn events(&self, name: &str) -> i64 {
        let name = name.to_owned();
        let counting = self.db.read("events", move |tx| {
            let query = diesel::sql_query("SELECT COUNT(*) AS number FROM outbox_events WHERE name = $1");
            Ok::<_, DbError>(query.bind::<Text, _>(name).get_result::<Number>(tx.conn()?)?.number)
        });
        counting.await.unwrap()
    }

    /// The books of orders and stock hold.
    pub async fn check_books(&self) {
        let found = self.db.read("books", |tx| {
            let mut found = service::differences(tx)?;
            found.extend(stock::differences(tx)?);
            Ok::<_, DbError>(found)
        });
        let found = found.await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}

pub fn desk() -> AtDesk {
    AtDesk { staff_id: STAFF, origin: Origin { address: "10.0.0.1".to_owned(), request_id: "r1".to_owned() } }
}

/// The stable code of a refusal.
pub fn code(error: OrderError) -> &'static str {
    crate::platform::http::ApiError::from(error).refusal().code
}

fn seed(tx: &mut Tx<'_>, pieces: i64) -> DbResult<()> {
    let sku = |id: i64, price: i64| {
        format!(
            "INSERT INTO skus (id, product_id, code, option_values, price_fen, weight_grams, volume_cm3, position, sellable, \
             version, created_at, updated_at) VALUES ({id}, 201, 'S{id}', '[\"{id}\"]', {price}, 100, 100, 0, TRUE, 1, 0, 0); \
             INSERT INTO stock_items (sku_id, on_hand, held, sold, received, removed, low_at) VALUES ({id}, {pieces}, 0, 0, {pieces}, 0, 0); \
             INSERT INTO stock_movements (id, sku_id, kind, on_hand_change, held_change, reason, at) \
             VALUES ({id}, {id}, 'purchase', {pieces}, 0, 'seed', 0); "
        )
    };
    let shop = format!(
        "INSERT INTO staff_accounts (id, username, display_name, password_hash, state, failed_logins, created_at, updated_at) \
         VALUES (901, 'wang', '王', 'x', 'active', 0, 0, 0); \
         INSERT INTO categories (id, name, position, shown, created_at, updated_at) VALUES (101, '女装', 0, TRUE, 0, 0); \
         INSERT INTO freight_templates (id, name, measure, version, created_at, updated_at) VALUES (1, '包邮', 'piece', 1, 0, 0); \
         INSERT INTO freight_tariffs (id, template_id, provinces, deliverable, first_units, first_fee_fen, next_units, next_fee_fen) \
         VALUES (1, 1, '[]', TRUE, 1, 0, 1, 0); \
         INSERT INTO products (id, category_id, kind, freight_template_id, title, subtitle, brand, tags, cover, gallery, description, \
         options, state, sold, version, created_at, updated_at) VALUES (201, 101, 'physical', 1, '亚麻连衣裙', '', '', '[]', '/c.jpg', '[]', '', \
         '[]', 'on_sale', 0, 1, 0, 0); {}{}{}",
        sku(301, 9_900),
        sku(302, 33),
        sku(303, 0)
    );
    Ok(tx.conn()?.batch_execute(&shop)?)
}
