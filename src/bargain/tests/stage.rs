//! A campaign of bargains with people in it.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::bargain::error::BargainError;
use crate::bargain::hooks::BargainKind;
use crate::bargain::jobs::{ExpireBargains, PayPrizes, SettleCampaigns};
use crate::bargain::model::*;
use crate::bargain::service::{self, Comer, Helped};
use crate::bargain::store;
use crate::campaign::{self, CampaignKind, CampaignState, KindRules as _, Plan};
use crate::catalog::{SkuId, goods};
use crate::coupon::{
    self, CouponAudience, CouponBenefit, CouponFamily, CouponScope, CouponTemplateDraft, CouponTemplateId, CouponWay,
    NewTemplate,
};
use crate::kernel::id::{CampaignId, DeviceId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Clock;
use crate::platform::db::{Db, DbError, scratch};
use crate::platform::http::ApiError;
use crate::platform::jobs::Sweep;
use crate::stock::{self, Receipt, StockLine};

/// Costs 10.00 yuan.
pub const DRESS: SkuId = SkuId::new(301);

pub struct Stage {
    pub db: Db,
    pub clock: Clock,
    pub campaign: CampaignId,
}

/// From 10.00 yuan to 5.00 yuan in ten cuts, as often as anybody likes.
pub fn rules() -> Rules {
    Rules {
        sku_id: DRESS,
        start_fen: None,
        floor_fen: Fen::new(500),
        cuts_min: 10,
        cuts_max: 10,
        lifetime_minutes: 60,
        helpers: HelperRule::Anyone,
        helps_per_day: None,
        helps_per_campaign: None,
        bargains_per_user: None,
        buy_when: BuyRule::AnyPrice,
        owner_cuts_first: false,
        reward_template_id: None,
        quota: 100,
        prizes: Vec::new(),
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Stage {
    /// A campaign that runs by these rules.
    pub async fn with(rules: Rules) -> Self {
        Self::planned(rules, |plan| plan).await
    }

    /// A campaign that runs by these rules and this plan.
    pub async fn planned(rules: Rules, plan: impl FnOnce(Plan) -> Plan) -> Self {
        let (db, clock) = scratch::open();
        goods::goods(&db, &[DRESS.get()]).await;
        let receipt =
            Receipt { lines: vec![StockLine { sku_id: DRESS, quantity: 50 }], reason: "到货".into(), staff_id: None };
        db.write("receive", move |tx| stock::receive(tx, &receipt).map(drop)).await.unwrap();
        let plan = plan(campaign::stage::plan(clock.now(), 1_000_000));
        let campaign = campaign::stage::running(&db, CampaignKind::Bargain, plan).await;
        let stage = Self { db, clock, campaign };
        stage.promise(rules).await;
        stage
    }

    /// Other rules than those it began with.
    pub async fn promise(&self, rules: Rules) {
        let campaign = self.campaign;
        let writing = self.db.write("rules", move |tx| match store::rules::find(tx, campaign)? {
            None => store::rules::insert(tx, campaign, &rules),
            Some(_) => store::rules::replace(tx, campaign, &rules),
        });
        writing.await.unwrap();
    }

    /// So many people who never bought anything.
    pub async fn people(&self, count: usize) -> Vec<UserId> {
        let ids: Vec<UserId> = (0..count).map(|_| UserId::new(self.db.next_id())).collect();
        for some in ids.chunks(500) {
            let row = |id: &UserId| format!("({id}, 'active', '李雷', 0, 0)");
            let rows: Vec<String> = some.iter().map(row).collect();
            let sql =
                format!("INSERT INTO users (id, state, nickname, created_at, updated_at) VALUES {}", rows.join(", "));
            self.run(sql).await;
        }
        ids
    }

    /// Somebody who never bought anything.
    pub async fn newcomer(&self) -> UserId {
        self.people(1).await[0]
    }

    /// Somebody who paid for an order.
    pub async fn customer(&self) -> UserId {
        let user = self.newcomer().await;
        let order = self.db.next_id();
        self.run(format!(
            "INSERT INTO orders (id, user_id, state, delivery, goods_fen, discount_fen, freight_fen, total_fen, refunded_fen, \
             refunding_fen, refunding_difference_fen, receiver_name, receiver_phone, province_code, receiver_address, remark, staff_note, \
             pay_deadline, close_due_at, created_at, paid_at, version) VALUES ({order}, {user}, 'paid', 'parcel', 0, 0, 0, 0, 0, 0, 0, \
             '', '', '44', '', '', '', 0, 0, 0, 1, 1)"
        ))
        .await;
        user
    }

    pub async fn run(&self, sql: String) {
        self.db.write("run", move |tx| Ok::<_, DbError>(tx.conn()?.batch_execute(&sql)?)).await.unwrap();
    }

    pub async fn opens(&self, user: UserId) -> Result<Bargain, BargainError> {
        self.opens_on(user, None).await
    }

    pub async fn opens_on(&self, user: UserId, device: Option<DeviceId>) -> Result<Bargain, BargainError> {
        let campaign = self.campaign;
        let who = Comer { user, device, address: "203.0.113.7".to_owned() };
        self.db.write("open", move |tx| service::open(tx, campaign, &who)).await
    }

    pub async fn helps(&self, user: UserId, bargain: &Bargain) -> Result<Helped, BargainError> {
        self.helps_on(user, bargain, None).await
    }

    pub async fn helps_on(
        &self,
        user: UserId,
        bargain: &Bargain,
        device: Option<DeviceId>,
    ) -> Result<Helped, BargainError> {
        let id = bargain.id;
        let who = Comer { user, device, address: "203.0.113.8".to_owned() };
        self.db.write("help", move |tx| service::help(tx, id, &who)).await
    }

    pub async fn bargain(&self, id: BargainId) -> Bargain {
        self.db.read("bargain", move |tx| store::bargains::find(tx, id)).await.unwrap().unwrap()
    }

    /// The pieces of a bargain, in the order of the partition.
    pub async fn pieces(&self, id: BargainId) -> Vec<Piece> {
        self.db.read("pieces", move |tx| store::pieces::all(tx, id)).await.unwrap()
    }

    /// The cut that a user made.
    pub async fn cut_of(&self, user: UserId, id: BargainId) -> Piece {
        self.db.read("piece", move |tx| store::pieces::of_helper(tx, id, user)).await.unwrap().unwrap()
    }

    pub async fn top(&self) -> Vec<(UserId, i64)> {
        let campaign = self.campaign;
        let top = self.db.read("top", move |tx| store::ranking::top(tx, campaign, 10)).await.unwrap();
        top.iter().map(|rank| (rank.user_id, rank.helpers)).collect()
    }

    pub async fn awards(&self) -> Vec<Award> {
        let campaign = self.campaign;
        self.db.read("awards", move |tx| store::ranking::awards(tx, campaign)).await.unwrap()
    }

    /// A coupon that can be a reward; at most so many.
    pub async fn coupon(&self, total: i64) -> CouponTemplateId {
        let draft = CouponTemplateDraft {
            title: "助力券".to_owned(),
            description: String::new(),
            way: CouponWay::Grant,
            benefit: CouponBenefit::AmountOff,
            amount_fen: Some(Fen::new(100)),
            off_permille: None,
            cap_fen: None,
            threshold_fen: Fen::ZERO,
            scope: CouponScope::All,
            category_ids: Vec::new(),
            product_ids: Vec::new(),
            excluded_product_ids: Vec::new(),
            stackable: false,
            valid_from: None,
            valid_until: None,
            valid_days: Some(30),
            claims_from: None,
            claims_until: None,
            audience: CouponAudience::Everyone,
            total_limit: Some(total),
            daily_limit: None,
            per_user_limit: 10,
            per_user_daily_limit: None,
            shared_code: None,
        };
        let new = NewTemplate { family: CouponFamily::Shop, campaign: None, created_by: None, draft };
        let writing = self.db.write("coupon", move |tx| {
            let id = coupon::create_template(tx, &new)?;
            coupon::activate_template(tx, id)?;
            Ok::<_, coupon::CouponError>(id)
        });
        writing.await.unwrap()
    }

    /// Ends the campaign as its kind hears of it.
    pub async fn ends(&self) {
        let campaign = self.campaign;
        self.db.write("end", move |tx| BargainKind.on_state(tx, campaign, CampaignState::Ended)).await.unwrap();
    }

    /// Lets everything that is due happen, `millis` from now.
    pub async fn later(&self, millis: i64) {
        self.clock.advance(millis);
        let sweeps: [Arc<dyn Sweep>; 3] = [Arc::new(SettleCampaigns), Arc::new(ExpireBargains), Arc::new(PayPrizes)];
        for sweep in sweeps {
            let looking = Arc::clone(&sweep);
            for id in self.db.read("due", move |tx| looking.due(tx, 1_000)).await.unwrap() {
                let settling = Arc::clone(&sweep);
                self.db.write("settle", move |tx| settling.settle(tx, id)).await.unwrap();
            }
        }
    }

    pub async fn events(&self, name: &str) -> i64 {
        let name = name.to_owned();
        let counting = self.db.read("events", move |tx| {
            let query = diesel::sql_query("SELECT COUNT(*) AS number FROM outbox_events WHERE name = $1");
            Ok::<_, DbError>(query.bind::<Text, _>(name).get_result::<Number>(tx.conn()?)?.number)
        });
        counting.await.unwrap()
    }

    /// The books of bargains hold.
    pub async fn books_balance(&self) {
        let found = self.db.read("books", service::differences).await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// The stable code of a refusal.
pub fn code<T>(result: Result<T, BargainError>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(error) => ApiError::from(error).refusal().code,
    }
}
