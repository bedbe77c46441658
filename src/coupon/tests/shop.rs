//! A shop to hold coupons in: twenty products in a tree of categories, offers that set prices, users.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};

use crate::campaign::stage;
use crate::catalog::SkuId;
use crate::coupon::hooks::{ShopCoupons, SocialCoupons, claim_kind};
use crate::coupon::model::*;
use crate::coupon::service::{self, NewCoupon, NewTemplate};
use crate::coupon::{CouponError, CouponTemplateDraft};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Clock;
use crate::platform::db::{Db, DbError, DbResult, Tx, scratch};
use crate::platform::http::ApiError;
use crate::pricing::{
    self, BasketLine, Offer, OfferClaim, OfferFacts, Offers, OrderEvent, PlacedOrder, PricingError, Quote,
    QuoteRequest, Reach, Reduction, Stage,
};

/// Sets the price of the lines claimed, a yuan less; coupons may be used with it or not.
struct Cheaper(&'static str, bool);

impl Offer for Cheaper {
    fn kind(&self) -> &'static str {
        self.0
    }

    fn stage(&self) -> Stage {
        Stage::PriceSetting
    }

    fn adjust(&self, _tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        let off = |claim: &OfferClaim| {
            let reduction = Reduction::new("1", "活动价", Reach::Line(claim.sku_id.unwrap()), Fen::new(100));
            if self.1 { reduction } else { reduction.without_coupons() }
        };
        Ok(facts.claims.iter().map(off).collect())
    }

    fn reserve(&self, _tx: &mut Tx<'_>, _order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        Ok(())
    }

    fn on_order(&self, _tx: &mut Tx<'_>, _order: OrderId, _event: OrderEvent) -> DbResult<()> {
        Ok(())
    }
}

/// The offers of the shop: three that set prices, and coupons.
pub fn offers() -> Offers {
    Offers::new(vec![
        Arc::new(ShopCoupons),
        Arc::new(SocialCoupons),
        Arc::new(Cheaper("group_buy", true)),
        Arc::new(Cheaper("flash_sale", true)),
        Arc::new(Cheaper("bargain", false)),
    ])
}

pub struct Shop {
    pub db: Db,
    pub clock: Clock,
}

impl Shop {
    /// SKUs 1 to 20, each of a product of its own, cost 10, 20 … 200 yuan. Products 1 to 5 hang in category 1, 6 to 10
    /// in 2 below it, 11 to 15 in 3 below that, 16 to 20 in 4. Freight is 8 yuan, free from 500.
    pub async fn open() -> Self {
        let (db, clock) = scratch::open();
        let mut sql = "INSERT INTO categories (id, parent_id, name, position, shown, created_at, updated_at) VALUES \
             (1, NULL, '女装', 0, TRUE, 0, 0), (2, 1, '连衣裙', 0, TRUE, 0, 0), (3, 2, '亚麻', 0, TRUE, 0, 0), \
             (4, NULL, '食品', 0, TRUE, 0, 0); \
             INSERT INTO freight_templates (id, name, measure, version, created_at, updated_at) VALUES (1, '普通', 'piece', 1, 0, 0); \
             INSERT INTO freight_tariffs (id, template_id, provinces, deliverable, first_units, first_fee_fen, next_units, \
             next_fee_fen, free_from_fen) VALUES (1, 1, '[]', TRUE, 1, 800, 1, 0, 50000);"
            .to_owned();
        for id in 1..=20 {
            let (category, price) = ((id - 1) / 5 + 1, id * 1_000);
            sql.push_str(&format!(
                "INSERT INTO products (id, category_id, kind, freight_template_id, title, subtitle, brand, tags, cover, gallery, \
                 description, options, state, sold, version, created_at, updated_at) VALUES ({id}, {category}, 'physical', 1, '商品{id}', \
                 '', '', '[]', '/c.jpg', '[]', '', '[]', 'on_sale', 0, 1, 0, 0); \
                 INSERT INTO skus (id, product_id, code, option_values, price_fen, weight_grams, volume_cm3, position, sellable, \
                 version, created_at, updated_at) VALUES ({id}, {id}, 'S{id}', '[]', {price}, 100, 100, 0, TRUE, 1, 0, 0);"
            ));
        }
        db.write("seed", move |tx| Ok::<_, DbError>(tx.conn()?.batch_execute(&sql)?)).await.unwrap();
        Self { db, clock }
    }

    pub async fn user(&self) -> UserId {
        stage::user(&self.db).await
    }

    /// Anything in a transaction.
    pub async fn does<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, CouponError> + Send + 'static,
    ) -> Result<T, CouponError> {
        self.db.write("does", move |tx| work(tx)).await
    }

    /// An active template: ten yuan off from a hundred on, given by staff, but for these changes.
    pub async fn template(&self, changes: Value) -> CouponTemplateId {
        self.template_of(CouponFamily::Shop, None, changes).await
    }

    pub async fn template_of(
        &self,
        family: CouponFamily,
        campaign: Option<CampaignId>,
        changes: Value,
    ) -> CouponTemplateId {
        let new = NewTemplate { family, campaign, created_by: None, draft: draft(changes) };
        let making = self.does(move |tx| {
            let id = service::create_template(tx, &new)?;
            service::activate_template(tx, id)?;
            Ok(id)
        });
        making.await.unwrap()
    }

    /// A template for portions of packets.
    pub async fn packet(&self, changes: Value) -> CouponTemplateId {
        let mut whole = json!({ "way": "packet", "amount_fen": null, "threshold_fen": 0, "stackable": true,
            "per_user_limit": 1_000, "valid_days": 3 });
        for (name, value) in changes.as_object().unwrap() {
            whole[name] = value.clone();
        }
        self.template_of(CouponFamily::Social, None, whole).await
    }

    pub async fn grants(&self, new: NewCoupon) -> Result<CouponId, CouponError> {
        self.does(move |tx| service::grant(tx, &new)).await
    }

    /// A coupon of this template in this user's hands.
    pub async fn coupon(&self, template: CouponTemplateId, user: UserId) -> CouponId {
        let new = NewCoupon { source_ref: self.db.next_id().to_string(), ..wanted(template, user) };
        self.grants(new).await.unwrap()
    }

    /// A portion worth this much in this user's hands.
    pub async fn portion(&self, template: CouponTemplateId, user: UserId, amount: i64) -> CouponId {
        let new = NewCoupon {
            source: CouponSource::Packet,
            source_ref: self.db.next_id().to_string(),
            amount: Some(Fen::new(amount)),
            ..wanted(template, user)
        };
        self.grants(new).await.unwrap()
    }

    pub async fn state(&self, id: CouponId) -> CouponState {
        self.db.read("state", move |tx| service::state(tx, id)).await.unwrap().unwrap()
    }

    pub async fn quote(&self, request: QuoteRequest) -> Result<Quote, PricingError> {
        self.db.read("quote", move |tx| pricing::quote(tx, &offers(), &request)).await
    }

    /// Writes an order as placement does, as far as coupons care, and lets its coupons be reserved.
    pub async fn places(&self, user: UserId, request: QuoteRequest) -> Result<OrderId, PricingError> {
        let placing = self.db.write("place", move |tx| {
            let (offers, order_id, now) = (offers(), OrderId::new(tx.next_id()), tx.now());
            let quote = pricing::quote(tx, &offers, &request)?;
            let (goods, discount) = (quote.goods.get(), quote.discount.get());
            let (freight, total, id, at) = (quote.freight.get(), quote.total.get(), order_id.get(), now.millis());
            tx.conn()?.batch_execute(&format!(
                "INSERT INTO orders (id, user_id, state, delivery, goods_fen, discount_fen, freight_fen, total_fen, refunded_fen, \
                 refunding_fen, refunding_difference_fen, receiver_name, receiver_phone, province_code, receiver_address, remark, staff_note, \
                 pay_deadline, close_due_at, created_at, version) VALUES ({id}, {user}, 'pending_payment', 'parcel', {goods}, {discount}, \
                 {freight}, {total}, 0, 0, 0, '', '', '44', '', '', '', {at}, {at}, {at}, 1)"
            ))?;
            let order = PlacedOrder {
                order_id,
                user_id: user,
                lines: &quote.lines,
                adjustments: &quote.adjustments,
                claims: &request.claims,
                total: quote.total,
            };
            offers.reserve(tx, &order)?;
            Ok::<_, PricingError>(order_id)
        });
        placing.await
    }

    /// Tells coupons what became of an order, which then stands so.
    pub async fn order_is(&self, order: OrderId, state: &'static str, event: OrderEvent) {
        let telling = self.db.write("event", move |tx| {
            tx.conn()?.batch_execute(&format!("UPDATE orders SET state = '{state}' WHERE id = {order}"))?;
            offers().on_order(tx, order, event)
        });
        telling.await.unwrap();
    }

    /// Ends every coupon whose time is over.
    pub async fn sweeps(&self) {
        use crate::platform::jobs::Sweep as _;
        let sweep = crate::coupon::ExpireCoupons;
        for id in self.db.read("due", move |tx| sweep.due(tx, 100)).await.unwrap() {
            self.db.write("settle", move |tx| sweep.settle(tx, id)).await.unwrap();
            self.db.write("again", move |tx| sweep.settle(tx, id)).await.unwrap();
        }
    }

    pub async fn check_books(&self) {
        let found = self.db.read("books", service::differences).await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}

pub fn draft(changes: Value) -> CouponTemplateDraft {
    let mut body = json!({
        "title": "满100减10", "way": "grant", "benefit": "amount_off", "amount_fen": 1_000, "threshold_fen": 10_000,
        "valid_days": 30, "per_user_limit": 100
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    serde_json::from_value(body).unwrap()
}

pub fn wanted(template: CouponTemplateId, user: UserId) -> NewCoupon {
    NewCoupon {
        template,
        user,
        source: CouponSource::Reward,
        source_ref: "1".to_owned(),
        amount: None,
        valid_until: None,
    }
}

pub fn claim(family: CouponFamily, id: CouponId) -> OfferClaim {
    OfferClaim { kind: claim_kind(family).to_owned(), reference: id.to_string(), sku_id: None }
}

pub fn basket(user: UserId, lines: &[(i64, i64)], claims: Vec<OfferClaim>) -> QuoteRequest {
    let line = |(sku, quantity): &(i64, i64)| BasketLine { sku_id: SkuId::new(*sku), quantity: *quantity };
    QuoteRequest {
        user: Some(user),
        province_code: Some("44".to_owned()),
        picked_up: false,
        lines: lines.iter().map(line).collect(),
        claims,
    }
}

/// The stable code of a refusal.
pub fn code<E: Into<ApiError>>(error: E) -> &'static str {
    error.into().refusal().code
}
