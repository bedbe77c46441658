//! What is aimed at: groups with all seats but the leader's free, bargains nobody has cut, packets nobody has opened.
//!
//! One paid order makes a group and a packet at once: its buyer leads the group, and the payment earns the packet.

use serde_json::{Value, json};

use super::super::load::request;
use super::crew::{Crew, Person, Phone, everybody};
use super::{Deed, FRIENDS, PLACES, Stage, fresh_key, patiently, text};

/// Who leads groups and earns packets; each leads as many groups as the rules allow.
const LEADERS: usize = 32;
/// Bargains that cuts are spread over; as many again are aimed at one after the other.
const BARGAINS: usize = 64;

/// A group that lacks everybody but its leader, and what joining it costs.
pub struct Group {
    id: String,
    expected: Value,
}

/// All of them.
pub struct Targets {
    sku: String,
    /// Groups.
    pub groups: Vec<Group>,
    /// Ids of bargains.
    pub bargains: Vec<String>,
    /// Codes of packets.
    pub packets: Vec<String>,
}

impl Targets {
    /// Twice as many groups and packets as `half`, and bargains.
    pub fn made(stage: &Stage<'_>, half: usize) -> Self {
        let (product, sku) = (&stage.fixture.products[11], &stage.fixture.skus[11]);
        let places = PLACES + 1;
        let rules = json!({
            "product_id": product, "sizes": [places], "lifetime_minutes": 4_320, "per_user": 1_000,
            "leads_at_once": 100, "skus": [{"sku_id": sku, "prices_fen": [9_800]}],
        });
        let group_buy = ("百人团", json!({ "rules": rules }));
        let (group_buy, _) = stage.desk.runs(stage.service, "group-buys", group_buy);
        let rules = json!({
            "qualifying_fen": 0, "face_fen": 10_000, "portions": places, "minimum_fen": 10, "shape": "random",
            "newcomers_larger": true, "open_hours": 72, "use_threshold_fen": 0, "use_within_hours": 72,
            "stackable": true, "packets_per_user": 1_000, "claims_per_day": 1_000,
        });
        stage.desk.runs(stage.service, "social-coupons", ("百份立减金", json!({ "rules": rules })));
        let leaders = Crew::come_in(stage.service, stage.simulator, LEADERS).people;
        let led = everybody(stage.service, stage.simulator, half * 2, async |phone: &mut Phone, number| {
            lead(phone, &leaders[number % LEADERS], &group_buy, sku).await
        });
        let (groups, packets) = led.into_iter().unzip();
        Self { sku: sku.clone(), groups, packets, bargains: bargains(stage, sku) }
    }

    /// Joining a group: an order with its claim.
    pub fn join(&self, group: &Group, friend: &Person) -> Deed {
        let wish = json!({
            "lines": [{"sku_id": self.sku, "quantity": 1}], "claims": claim(&group.id),
            "address_id": friend.address_id, "expected": group.expected,
        });
        let headers = format!("{}{}", friend.headers, fresh_key());
        Deed { request: request("POST", "/api/v1/orders", &headers, Some(&wish)), status: 201 }
    }
}

fn claim(reference: &str) -> Value {
    json!([{"kind": "group_buy", "reference": reference}])
}

/// Opens a group and pays, which makes it visible and earns a packet.
async fn lead(phone: &mut Phone, leader: &Person, campaign: &str, sku: &str) -> (Group, String) {
    let lines = json!([{"sku_id": sku, "quantity": 1}]);
    let order = phone.order(leader, &lines, &claim(&format!("new:{campaign}"))).await;
    let (order, id) = (text(&order, "/order_id"), text(&order, "/gates/0/source_ref"));
    phone.pay(leader, &order).await;
    // Whoever asks what joining costs has to be somebody else than the leader.
    let path = format!("/api/v1/group-buys/groups/{id}");
    patiently(async || phone.look(&path, "").await).await;
    let basket = json!({"lines": lines, "claims": claim(&id), "province_code": "44"});
    let quote = phone.shop("/api/v1/quotes", "", Some(&basket), 200).await;
    let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
    let path = format!("/api/v1/orders/{order}/packet");
    let packet = patiently(async || phone.look(&path, &leader.headers).await).await;
    (Group { id, expected }, text(&packet, "/code"))
}

fn bargains(stage: &Stage<'_>, sku: &str) -> Vec<String> {
    let rules = json!({
        "sku_id": sku, "floor_fen": 900, "cuts_min": 1_000, "cuts_max": 1_000, "lifetime_minutes": 4_320,
        "helpers": "newcomers_cut_more", "buy_when": "any_price", "owner_cuts_first": false, "quota": 1_000,
    });
    let (campaign, _) = stage.desk.runs(stage.service, "bargain-campaigns", ("千刀砍价", json!({ "rules": rules })));
    const { assert!(FRIENDS < 1_000, "nobody may find a bargain at its floor") };
    everybody(stage.service, stage.simulator, BARGAINS * 2, async |phone: &mut Phone, _| {
        let owner = phone.newcomer().await;
        let bargain =
            phone.shop("/api/v1/bargains", &owner.headers, Some(&json!({"campaign_id": campaign})), 201).await;
        text(&bargain, "/bargain_id")
    })
}
