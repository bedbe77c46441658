//! Whoever runs the shop: prepares it for the crowd over the same door as any member of staff, and looks afterwards at
//! what came of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use reqwest::{Method, StatusCode};
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
/// What a coupon on offer takes off, in fen.
const COUPON_FEN: i64 = 1_500;
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

/// What was prepared for a crowd.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// The campaigns that are for it.
    campaigns: Vec<String>,
    /// Those of the shop that rest meanwhile.
    resting: Vec<String>,
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

    /// Receives goods for so many shoppers and runs one activity that has enough for all of them: coupons, packets for
    /// whoever pays, and groups of three. Smaller ones of the same kinds rest until [`Self::close`], or until this fails.
    ///
    /// # Errors
    /// When the shop refuses one of it, or cannot be reached.
    pub(super) async fn prepare(&self, world: &World, shoppers: u64) -> Result<Prepared, CrowdError> {
        let mut prepared = Prepared { campaigns: Vec::new(), resting: Vec::new() };
        let Err(error) = self.make_room(world, shoppers, &mut prepared).await else { return Ok(prepared) };
        match self.wake(&prepared.resting).await {
            Ok(()) => Err(error),
            Err(also) => Err(CrowdError::Unexpected(format!("{error}; and what rests could not be resumed: {also}"))),
        }
    }

    async fn make_room(&self, world: &World, shoppers: u64, prepared: &mut Prepared) -> Result<(), CrowdError> {
        let crowd = i64::try_from(shoppers).unwrap_or(i64::MAX).max(1);
        let products = self.products().await?;
        let worth = |product: &&Value| price_of(product) >= WORTH_A_GROUP_FEN;
        let product = products.iter().find(worth).ok_or_else(|| missing("a product worth a group"))?;
        self.receive(&products, crowd).await?;
        for kind in ["coupon_drop", "group_buy", "social_coupon"] {
            self.rest(kind, &mut prepared.resting).await?;
        }
        let mut waiting = Vec::new();
        for (kind, draft) in drafts(product, crowd, self.seat.now().await?)? {
            let (id, waits) = self.schedule(kind, &draft).await?;
            waiting.extend(waits.then(|| id.clone()));
            prepared.campaigns.push(id);
        }
        if !waiting.is_empty() {
            self.have_agreed(world, &waiting).await?;
        }
        for id in &prepared.campaigns {
            self.await_start(id).await?;
        }
        Ok(())
    }

    /// Lets what rested go on, and tells what came of the campaigns.
    ///
    /// # Errors
    /// When the shop cannot be reached or refuses.
    pub(super) async fn close(&self, prepared: &Prepared) -> Result<Accounts, CrowdError> {
        self.wake(&prepared.resting).await?;
        self.accounts(&prepared.campaigns).await
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

    /// Lets the running campaigns of a kind rest, and notes which.
    async fn rest(&self, kind: &str, resting: &mut Vec<String>) -> Result<(), CrowdError> {
        let running = self.get(&format!("/admin/v1/campaigns?kind={kind}&state=running&limit=100")).await?;
        for campaign in running.list("/items") {
            let Some(id) = campaign.pointer("/campaign_id").and_then(Value::as_str) else { continue };
            let reason = json!({ "reason": "为大型活动让路" });
            self.post(&format!("/admin/v1/campaigns/{id}/pause"), &reason).await?;
            resting.push(id.to_owned());
        }
        Ok(())
    }

    /// Lets what rested go on, all of it, even when one of them cannot.
    async fn wake(&self, resting: &[String]) -> Result<(), CrowdError> {
        let mut failed = Ok(());
        for id in resting {
            let path = format!("/admin/v1/campaigns/{id}/resume");
            let resumed = self.seat.post(&path, &json!({ "reason": "大型活动已结束" })).await;
            // What came to its end meanwhile, or was resumed by somebody else, is left as it is.
            let resumed = resumed.map(|answer| answer.status == StatusCode::CONFLICT || answer.status.is_success());
            match resumed {
                Ok(true) => {}
                Ok(false) => failed = Err(CrowdError::Unexpected(format!("{path} was refused"))),
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    /// Plans and schedules a campaign; answers its id, and whether it waits for a second person.
    async fn schedule(&self, kind: &str, draft: &Value) -> Result<(String, bool), CrowdError> {
        let planned = self.post(&format!("/admin/v1/{kind}"), draft).await?;
        let id = ["/campaign_id", "/campaign/campaign_id"].into_iter().find_map(|pointer| planned.text(pointer));
        let id = id.ok_or_else(|| unexpected(kind, &planned))?;
        let path = format!("/admin/v1/campaigns/{id}/schedule");
        let decided = self.post(&path, &json!({ "reason": "七夕全城活动" })).await?;
        Ok((id, decided.body.get("waits_for_approval") == Some(&Value::Bool(true))))
    }

    async fn await_start(&self, id: &str) -> Result<(), CrowdError> {
        for _ in 0..LOOKS {
            if self.get(&format!("/admin/v1/campaigns/{id}")).await?.text("/state").as_deref() == Some("running") {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(missing("a campaign that runs"))
    }

    /// Asks a second owner to agree to the budgets of these campaigns. Nobody agrees to their own wish, so somebody is
    /// engaged for it, and let go again at once.
    async fn have_agreed(&self, world: &World, campaigns: &[String]) -> Result<(), CrowdError> {
        let roles = self.get("/admin/v1/roles").await?;
        let is_owner = |role: &&Value| role.get("name").and_then(Value::as_str) == Some("owner");
        let role = roles.list("/items").iter().find(is_owner).and_then(|role| role.get("role_id"));
        let role = role.ok_or_else(|| missing("the role of an owner"))?;
        let (number, secret): (u32, u128) = (rand::rng().random(), rand::rng().random());
        let second = Owner { username: format!("second-{number:08x}"), password: format!("Agrees {secret:032x}") };
        let account = json!({
            "username": second.username, "display_name": "预算复核", "password": second.password, "roles": [role],
        });
        let engaged = self.post("/admin/v1/staff", &account).await?;
        let id = engaged.text("/staff_id").ok_or_else(|| unexpected("/admin/v1/staff", &engaged))?;
        let agreed = match Self::open(world, &second).await {
            Ok(second) => second.agree(campaigns).await,
            Err(error) => Err(error),
        };
        self.post(&format!("/admin/v1/staff/{id}/disable"), &json!({ "reason": "预算已复核" })).await?;
        agreed
    }

    async fn agree(&self, campaigns: &[String]) -> Result<(), CrowdError> {
        let waiting = self.get("/admin/v1/approvals?state=waiting&action=campaign.budget&limit=100").await?;
        for campaign in campaigns {
            let of_it = |item: &&Value| item.get("subject_id").and_then(Value::as_str) == Some(campaign.as_str());
            let found = waiting.list("/items").iter().find(of_it).and_then(|item| item.get("approval_id"));
            let id = found.and_then(Value::as_str).ok_or_else(|| missing("a budget to agree to"))?;
            self.post(&format!("/admin/v1/approvals/{id}/approve"), &json!({})).await?;
        }
        Ok(())
    }

    /// What came of these campaigns, and whether everything in the shop agrees.
    async fn accounts(&self, campaigns: &[String]) -> Result<Accounts, CrowdError> {
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

/// The campaigns for so many shoppers, with budgets that would do if everybody took part in everything, as far as a
/// budget goes.
fn drafts(product: &Value, crowd: i64, now: Timestamp) -> Result<[(&'static str, Value); 3], CrowdError> {
    let budget = |each: i64| crowd.saturating_mul(each).clamp(1, MOST_BUDGET_FEN);
    let (rules, saving) = group_buy(product).ok_or_else(|| missing("a SKU"))?;
    let coupons = plan("coupon-drops", budget(COUPON_FEN), now)?;
    let social = plan("social-coupons", budget(FACE_FEN), now)?;
    let together = plan("group-buys", budget(saving), now)?;
    Ok([
        ("coupon-drops", json!({ "plan": coupons, "templates": [coupon(crowd)] })),
        ("social-coupons", json!({ "plan": social, "rules": packets() })),
        ("group-buys", json!({ "plan": together, "rules": rules })),
    ])
}

/// One for everybody.
fn coupon(crowd: i64) -> Value {
    json!({
        "title": "七夕满99减15", "way": "claim", "benefit": "amount_off", "amount_fen": COUPON_FEN,
        "threshold_fen": 9_900, "valid_days": 7, "total_limit": crowd, "per_user_limit": 1, "stackable": true,
    })
}

fn packets() -> Value {
    json!({
        "qualifying_fen": 0, "face_fen": FACE_FEN, "portions": PORTIONS, "minimum_fen": 50, "shape": "random",
        "newcomers_larger": true, "open_hours": 48, "use_threshold_fen": 2_000, "use_within_hours": 72,
        "stackable": true, "packets_per_user": 10, "claims_per_day": 10,
    })
}

/// Three people at nine tenths of the price, and what each of them saves.
fn group_buy(product: &Value) -> Option<(Value, i64)> {
    let (id, sku) = (product.pointer("/id")?, product.pointer("/skus/0/id")?);
    let saving = price_of(product).checked_div(10)?;
    let sku = json!({ "sku_id": sku, "prices_fen": [price_of(product).saturating_sub(saving)] });
    Some((json!({ "product_id": id, "sizes": [3], "lifetime_minutes": 1_440, "skus": [sku] }), saving))
}
