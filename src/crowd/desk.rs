//! Whoever runs the shop: prepares it for the crowd over the same door as any member of staff, and looks afterwards at
//! what came of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::CrowdError;
use super::client::{Answer, Phone, World, unexpected};

/// How long campaigns may take to start, in looks.
const LOOKS: usize = 100;
/// How long it waits in between.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// SKUs of one receipt.
const RECEIVED_TOGETHER: usize = 100;
/// Friends' and the payer's portions of one packet.
const PORTIONS: i64 = 20;
/// What a packet is worth, in fen.
const FACE_FEN: i64 = 4_000;
/// The most a campaign may be given, in fen.
const MOST_BUDGET_FEN: i64 = 1_000_000_000;
/// The price from which a product is worth being bought together, in fen.
const WORTH_A_GROUP_FEN: i64 = 5_000;

/// Whoever owns the shop.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Their name at the log-in.
    pub username: String,
    /// Their password.
    pub password: String,
}

/// What came of the campaigns, and whether the shop's books balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// What each campaign says of itself: its name and the figures of its kind.
    pub campaigns: Vec<(String, Value)>,
    /// Every difference in the books, with the check that found it.
    pub differences: Vec<String>,
}

/// The owner at work.
pub(super) struct Desk {
    seat: Phone,
    owner: Owner,
}

impl Desk {
    /// Logs in.
    ///
    /// # Errors
    /// When the shop does not let them in.
    pub(super) async fn open(world: &World, owner: &Owner) -> Result<Self, CrowdError> {
        let credentials = json!({ "username": owner.username, "password": owner.password });
        let session = world.ask(Method::POST, "/admin/v1/sessions", None, Some(&credentials)).await?;
        let token = session.text("/access_token").ok_or_else(|| unexpected("/admin/v1/sessions", &session))?;
        Ok(Self { seat: Phone::of_staff(world, token), owner: owner.clone() })
    }

    /// The same after a while: a log-in holds for a quarter of an hour, a crowd may stay for longer.
    ///
    /// # Errors
    /// When the shop does not let them in any more.
    pub(super) async fn again(self, world: &World) -> Result<Self, CrowdError> {
        Self::open(world, &self.owner).await
    }

    async fn get(&self, path: &str) -> Result<Answer, CrowdError> {
        expect(path, self.seat.get(path).await?)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer, CrowdError> {
        expect(path, self.seat.post(path, body).await?)
    }

    /// Receives goods for so many shoppers and runs one activity for all of them: packets for whoever pays, and groups of
    /// three. Smaller ones of the same kinds rest meanwhile. Answers the campaigns.
    ///
    /// # Errors
    /// When the shop refuses one of it, or cannot be reached.
    pub(super) async fn prepare(&self, shoppers: u64) -> Result<Vec<String>, CrowdError> {
        let crowd = i64::try_from(shoppers).unwrap_or(i64::MAX);
        let products = self.products().await?;
        self.receive(&products, crowd).await?;
        for kind in ["group_buy", "social_coupon"] {
            self.rest(kind).await?;
        }
        let worth = |product: &&Value| price_of(product) >= WORTH_A_GROUP_FEN;
        let product = products.iter().find(worth).ok_or_else(|| missing("a product worth a group"))?;
        let now = self.seat.now().await?;
        let budget = crowd.saturating_mul(FACE_FEN).min(MOST_BUDGET_FEN);
        let together = group_buy(product).ok_or_else(|| missing("a SKU"))?;
        let drafts = [("social-coupons", packets()), ("group-buys", together)];
        let mut campaigns = Vec::new();
        for (kind, rules) in drafts {
            let draft = json!({ "plan": plan(kind, budget, now)?, "rules": rules });
            campaigns.push(self.run(kind, &draft).await?);
        }
        Ok(campaigns)
    }

    /// Every product on sale, as its own page shows it.
    async fn products(&self) -> Result<Vec<Value>, CrowdError> {
        let mut products = Vec::new();
        let mut page = "/api/v1/products?limit=100".to_owned();
        loop {
            let list = self.get(&page).await?;
            for item in list.list("/items") {
                let Some(id) = item.pointer("/id").and_then(Value::as_str) else { continue };
                products.push(self.get(&format!("/api/v1/products/{id}")).await?.body);
            }
            match list.text("/next_cursor") {
                Some(cursor) => page = format!("/api/v1/products?limit=100&cursor={cursor}"),
                None => return Ok(products),
            }
        }
    }

    async fn receive(&self, products: &[Value], pieces: i64) -> Result<(), CrowdError> {
        let skus: Vec<Value> = products
            .iter()
            .flat_map(|product| product.pointer("/skus").and_then(Value::as_array).into_iter().flatten())
            .filter_map(|sku| sku.pointer("/id"))
            .map(|id| json!({ "sku_id": id, "quantity": pieces }))
            .collect();
        for lines in skus.chunks(RECEIVED_TOGETHER) {
            self.post("/admin/v1/stock/receipts", &json!({ "lines": lines, "reason": "大促备货" })).await?;
        }
        Ok(())
    }

    /// Lets the running campaigns of a kind rest.
    async fn rest(&self, kind: &str) -> Result<(), CrowdError> {
        let running = self.get(&format!("/admin/v1/campaigns?kind={kind}&state=running&limit=100")).await?;
        for campaign in running.list("/items") {
            let Some(id) = campaign.pointer("/campaign_id").and_then(Value::as_str) else { continue };
            let reason = json!({ "reason": "为大型活动让路" });
            self.post(&format!("/admin/v1/campaigns/{id}/pause"), &reason).await?;
        }
        Ok(())
    }

    /// Plans a campaign and waits until it runs; answers its id.
    async fn run(&self, kind: &str, draft: &Value) -> Result<String, CrowdError> {
        let planned = self.post(&format!("/admin/v1/{kind}"), draft).await?;
        let id = ["/campaign_id", "/campaign/campaign_id"].into_iter().find_map(|pointer| planned.text(pointer));
        let id = id.ok_or_else(|| unexpected(kind, &planned))?;
        let path = format!("/admin/v1/campaigns/{id}");
        self.post(&format!("{path}/schedule"), &json!({ "reason": "七夕全城活动" })).await?;
        for _ in 0..LOOKS {
            if self.get(&path).await?.text("/state").as_deref() == Some("running") {
                return Ok(id);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(missing("a campaign that runs; a budget that large may wait for a second member of staff"))
    }

    /// What came of these campaigns, and whether everything in the shop agrees.
    ///
    /// # Errors
    /// When the shop cannot be reached or refuses.
    pub(super) async fn accounts(&self, campaigns: &[String]) -> Result<Accounts, CrowdError> {
        let mut told = Vec::new();
        for id in campaigns {
            let report = self.get(&format!("/admin/v1/campaigns/{id}/report")).await?;
            let figures = report.body.get("of_kind").cloned().unwrap_or_default();
            told.push((report.text("/name").unwrap_or_default(), figures));
        }
        let books = self.get("/admin/v1/books").await?;
        let mut differences = Vec::new();
        for check in books.list("/checks") {
            let name = check.get("name").and_then(Value::as_str).unwrap_or_default();
            let found = check.get("differences").and_then(Value::as_array).into_iter().flatten();
            differences.extend(found.map(|line| format!("{name}: {}", line.as_str().unwrap_or_default())));
        }
        Ok(Accounts { campaigns: told, differences })
    }
}

/// Staff are not refused what they are there for.
fn expect(path: &str, answer: Answer) -> Result<Answer, CrowdError> {
    if answer.status.is_success() { Ok(answer) } else { Err(unexpected(path, &answer)) }
}

fn missing(what: &str) -> CrowdError {
    CrowdError::Unexpected(format!("the shop lacks {what}"))
}

fn price_of(product: &Value) -> i64 {
    product.pointer("/skus/0/price_fen").and_then(Value::as_i64).unwrap_or(0)
}

fn plan(name: &str, budget: i64, now: Timestamp) -> Result<Value, CrowdError> {
    let ends = now.checked_add(SignedDuration::from_hours(72)).map_err(|_| missing("a sensible clock"))?;
    Ok(json!({
        "name": format!("七夕 {name}"), "occasion_kind": "season", "occasion": "七夕", "audience": "everyone",
        "starts_at": now.to_string(), "ends_at": ends.to_string(), "budget_fen": budget,
        "card": { "title": "七夕一起省" },
    }))
}

fn packets() -> Value {
    json!({
        "qualifying_fen": 0, "face_fen": FACE_FEN, "portions": PORTIONS, "minimum_fen": 50, "shape": "random",
        "newcomers_larger": true, "open_hours": 48, "use_threshold_fen": 2_000, "use_within_hours": 72,
        "stackable": true, "packets_per_user": 10, "claims_per_day": 10,
    })
}

/// Three people at nine tenths of the price.
fn group_buy(product: &Value) -> Option<Value> {
    let sku = product.pointer("/skus/0/id")?;
    let id = product.pointer("/summary/id").or_else(|| product.pointer("/id"))?;
    let price = price_of(product).saturating_mul(9).checked_div(10)?;
    let sku = json!({ "sku_id": sku, "prices_fen": [price] });
    Some(json!({ "product_id": id, "sizes": [3], "lifetime_minutes": 1_440, "skus": [sku] }))
}
