//! The small shop that every story begins in: furnished once, copied for each seed.

use std::path::Path;
use std::sync::OnceLock;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::sqlite::SqliteConnection;
use hourglass::kernel::time::{DAY_MS, MINUTE_MS};
use hourglass::platform::db::copy::copy_shop;
use hourglass::platform::db::{Backend, DbSettings, migrate_up};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::postgres::postgres;
use crate::support::shop::{BEGIN, PASSWORD, folder, text};

/// Until when every campaign is planned, after the beginning.
pub const CAMPAIGN_MS: i64 = 6 * DAY_MS;
/// How long a bargain lives.
pub const BARGAIN_MS: i64 = 120 * MINUTE_MS;
/// How long a group lives once its leader has paid.
pub const GROUP_MS: i64 = 60 * MINUTE_MS;
/// In how many cuts a bargain is at its lowest price.
pub const CUTS: i64 = 3;
/// How many orders a bargain campaign may have.
pub const BARGAIN_QUOTA: i64 = 2;
/// Pieces of the flash sale, and how many of them one buyer may have.
pub const FLASH: (i64, i64) = (3, 2);
/// How many coupons of the template there are, and how many one user may have.
pub const COUPONS: (i64, i64) = (6, 2);
/// What goods must cost for a coupon, and what it takes off.
pub const COUPON: (i64, i64) = (5_000, 1_000);
/// Portions of a packet, the payer's own among them, and what they are worth together.
pub const PACKET: (i64, i64) = (3, 900);
/// How many open groups one user may lead.
pub const LEADS: usize = 2;

/// A SKU of the shop, its product, its price and its first stock.
#[derive(Debug, Clone)]
pub struct Goods {
    pub product: i64,
    pub sku: i64,
    pub price: i64,
    pub stock: i64,
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Plain goods, then those of the group buy, the ladder, the bargain and the flash sale.
    pub goods: Vec<Goods>,
    /// People of two; whoever pays late gets a seat elsewhere.
    pub pair: i64,
    /// Two or three people; whoever pays late gets their money back.
    pub ladder: i64,
    pub bargain: i64,
    pub flash: i64,
    pub flash_item: i64,
    pub packets: i64,
    /// The template of coupons that everybody may take.
    pub coupon: i64,
    /// The owner's tokens, which work in every copy.
    pub owner: String,
    pub refresh: String,
    database: Vec<u8>,
}

/// Where a story is told.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// On the embedded database.
    Embedded,
    /// On PostgreSQL.
    Postgres,
}

impl Stage {
    /// The stage of this process.
    pub fn get() -> &'static Self {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| {
            // A system of its own, so that it has ended before anybody copies what it made.
            let building = std::thread::spawn(|| actix_web::rt::System::new().block_on(build()));
            building.join().expect("the shop is furnished")
        })
    }

    /// The end of the flash sale's slot, in milliseconds.
    pub fn flash_ends(&self) -> i64 {
        BEGIN.plus_millis(DAY_MS).millis()
    }

    /// A shop like it; `None` when there is no PostgreSQL, which was said aloud.
    pub async fn opens(&self, kind: &Kind) -> Option<Shop> {
        let place = folder();
        if matches!(kind, Kind::Embedded) {
            let url = self.written_to(&place);
            return Some(Shop::on_copy(url, place, None, self.owner.clone()).await);
        }
        let database = postgres()?.create_database_from("simulation", |url| {
            let scratch = folder();
            let source = DbSettings::for_url(&self.written_to(&scratch)).expect("a URL");
            let target = DbSettings::for_url(url).expect("a URL");
            migrate_up(&target).expect("migrations apply");
            copy_shop(&source, &target).expect("the shop is copied");
            let _gone = std::fs::remove_dir_all(&scratch);
        });
        Some(Shop::on_copy(database.url().to_owned(), place, Some(database), self.owner.clone()).await)
    }

    /// Writes the database into a folder; answers its URL.
    fn written_to(&self, place: &Path) -> String {
        let file = place.join("hourglass.db");
        std::fs::write(&file, &self.database).expect("the database is written");
        format!("sqlite://{}", file.display())
    }
}

/// A number out of an answer.
pub fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| text(value).parse().expect("a number"))
}

async fn build() -> Stage {
    let shop = Shop::on_sqlite().await;
    let mut goods = Vec::new();
    for (price, stock) in [(6_000, 6), (3_000, 4), (10_000, 20), (10_000, 20), (9_900, 20), (10_000, 20)] {
        let product = shop.product(price, stock).await;
        let (product, sku) = (number(&product["summary"]["id"]), number(&product["skus"][0]["id"]));
        goods.push(Goods { product, sku, price, stock });
    }
    let pair = group_buy(&shop, &goods[2], &json!({"sizes": [2], "late_payer": "other_group"})).await;
    let rungs = json!({"sizes": [2, 3], "late_payer": "refund", "sku": {"prices_fen": [8_000, 7_000]}});
    let ladder = group_buy(&shop, &goods[3], &rungs).await;
    let bargain = bargain(&shop, &goods[4]).await;
    let (flash, flash_item) = flash(&shop, &goods[5]).await;
    let packets = packets(&shop).await;
    let terms = json!({
        "amount_fen": COUPON.1, "threshold_fen": COUPON.0, "valid_days": 2, "total_limit": COUPONS.0,
        "per_user_limit": COUPONS.1
    });
    let coupon = shop.coupon_template(terms).await.parse().expect("an id");
    shop.settle().await;
    let login = json!({"username": "owner", "password": PASSWORD});
    let (_, login) = shop.call("POST", "/admin/v1/sessions", None, Some(login)).await;
    let database = bytes_of(&shop);
    Stage {
        goods,
        pair,
        ladder,
        bargain,
        flash,
        flash_item,
        packets,
        coupon,
        owner: text(&login["access_token"]),
        refresh: text(&login["refresh_token"]),
        database,
    }
}

/// The database of a shop as one file.
fn bytes_of(shop: &Shop) -> Vec<u8> {
    let Backend::Sqlite(source) = &shop.app.db().settings().backend else { panic!("the stage is an embedded shop") };
    let scratch = folder();
    let file = scratch.join("copy.db");
    let mut copying = SqliteConnection::establish(&source.to_string_lossy()).expect("the database opens");
    copying.batch_execute(&format!("VACUUM INTO '{}'", file.display())).expect("the database is copied");
    let bytes = std::fs::read(&file).expect("the copy is read");
    let _gone = std::fs::remove_dir_all(&scratch);
    bytes
}

fn plan(shop: &Shop, name: &str) -> Value {
    let end = BEGIN.plus_millis(CAMPAIGN_MS);
    shop.plan(&json!({"name": name, "budget_fen": 1_000_000, "ends_at": end}))
}

async fn group_buy(shop: &Shop, goods: &Goods, rules: &Value) -> i64 {
    let mut rules = rules.clone();
    rules["lifetime_minutes"] = json!(GROUP_MS / MINUTE_MS);
    rules["leads_at_once"] = json!(LEADS);
    let mut draft = shop.group_buy_draft(&goods.product.to_string(), &goods.sku.to_string(), &rules);
    draft["plan"] = plan(shop, "拼团");
    number(&shop.staff_post("/group-buys", draft).await["campaign_id"])
}

async fn bargain(shop: &Shop, goods: &Goods) -> i64 {
    let rules = json!({
        "sku_id": goods.sku.to_string(), "floor_fen": 4_900, "cuts_min": CUTS, "cuts_max": CUTS,
        "lifetime_minutes": BARGAIN_MS / MINUTE_MS, "helpers": "anyone", "buy_when": "any_price",
        "owner_cuts_first": false, "quota": BARGAIN_QUOTA
    });
    let draft = json!({"plan": plan(shop, "砍价"), "rules": rules});
    number(&shop.staff_post("/bargain-campaigns", draft).await["campaign_id"])
}

async fn flash(shop: &Shop, goods: &Goods) -> (i64, i64) {
    let item = json!({
        "sku_id": goods.sku.to_string(), "price_fen": 6_000, "quota": FLASH.0, "per_user_limit": FLASH.1
    });
    let slot = json!({"starts_at": BEGIN, "ends_at": BEGIN.plus_millis(DAY_MS), "items": [item]});
    let draft = json!({"plan": plan(shop, "秒杀"), "rules": {"slots": [slot]}});
    let written = shop.staff_post("/flash-sales", draft).await;
    (number(&written["campaign_id"]), number(&written["slots"][0]["items"][0]["id"]))
}

async fn packets(shop: &Shop) -> i64 {
    let rules = json!({
        "qualifying_fen": 5_000, "face_fen": PACKET.1, "portions": PACKET.0, "minimum_fen": 100, "shape": "random",
        "newcomers_larger": false, "open_hours": 24, "use_threshold_fen": 1_000, "use_within_hours": 24,
        "stackable": true, "packets_per_user": 100, "claims_per_day": 100
    });
    let draft = json!({"plan": plan(shop, "立减金"), "rules": rules});
    number(&shop.staff_post("/social-coupons", draft).await["campaign_id"])
}
