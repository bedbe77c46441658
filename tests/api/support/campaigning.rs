//! Campaigns as their kinds use them: through the front door, inside the service.

use std::fmt::Display;

use hourglass::campaign::{self, CampaignError, CampaignKind, Grant, NewCampaign, Plan};
use hourglass::kernel::id::{CampaignId, StaffId};
use hourglass::kernel::money::Fen;
use hourglass::kernel::time::{DAY_MS, Timestamp};
use hourglass::platform::db::Tx;
use hourglass::platform::http::Origin;
use serde_json::{Value, json};

use super::Shop;
use super::shop::text;

impl Shop {
    /// A plan for a week from now with a budget of 1,000 yuan, but for these changes, as staff send it.
    pub fn plan(&self, changes: &Value) -> Value {
        let now = self.clock.now();
        let mut plan = json!({
            "name": "夏日樱桃", "occasion_kind": "season", "occasion": "樱桃季", "audience": "everyone",
            "starts_at": now, "ends_at": now.plus_millis(7 * DAY_MS), "budget_fen": 100_000,
            "intro": "三人成团，每箱立减 20 元。", "card": {"title": "樱桃立减"},
        });
        for (name, value) in changes.as_object().expect("changes") {
            plan[name] = value.clone();
        }
        plan
    }

    /// A draft, written down as its kind would.
    pub async fn campaign(&self, kind: CampaignKind, changes: &Value) -> CampaignId {
        let plan: Plan = serde_json::from_value(self.plan(changes)).expect("a plan");
        let owner = text(&self.staff("GET", "/me", None).await["staff_id"]);
        let staff = StaffId::new(owner.parse().expect("an id"));
        let drafting = self.app.db().write("draft", move |tx| {
            let origin = Origin { address: "203.0.113.9".to_owned(), request_id: "test".to_owned() };
            campaign::create(tx, &NewCampaign { kind, plan: &plan, staff, origin: &origin })
        });
        drafting.await.expect("a draft")
    }

    /// Schedules a draft and lets it start, if its time has come.
    pub async fn starts(&self, id: impl Display) {
        let answer = self.staff_post(&format!("/campaigns/{id}/schedule"), json!({"reason": "按计划上线"})).await;
        assert_eq!(answer["waits_for_approval"], false, "{answer}");
        self.settle().await;
    }

    /// A campaign that runs.
    pub async fn running_campaign(&self, kind: CampaignKind, changes: &Value) -> CampaignId {
        let id = self.campaign(kind, changes).await;
        self.starts(id).await;
        id
    }

    /// A step of staff's that must be possible.
    pub async fn steps(&self, id: CampaignId, step: &str) -> Value {
        self.staff_post(&format!("/campaigns/{id}/{step}"), json!({"reason": "演练"})).await
    }

    /// A kind gives something away.
    pub async fn spends(&self, campaign: CampaignId, reference: &str, amount: i64) -> Result<(), CampaignError> {
        let reference = reference.to_owned();
        let spending = move |tx: &mut Tx<'_>| {
            campaign::spend(tx, &Grant { campaign, reference: &reference, amount: Fen::new(amount) })
        };
        self.app.db().write("spend", spending).await
    }

    /// The latest moment of the shop.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
