//! Changing a plan: which parts of it may still change once a campaign has begun.

use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::campaign::model::{Audience, CampaignState, Card, Expected, OccasionKind, Plan};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// Changes of a plan; what is absent stays as it is. While the campaign runs or is paused, its beginning, audience,
/// hold-out and expectations are fixed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = CampaignPlanChanges)]
#[serde(deny_unknown_fields, default)]
pub struct PlanChanges {
    /// How it is called, 1–60 characters.
    #[schema(example = "夏日樱桃拼团", min_length = 1, max_length = 60)]
    name: Option<String>,
    /// What gives rise to it.
    occasion_kind: Option<OccasionKind>,
    /// The season, product, topic or event, at most 100 characters.
    #[schema(example = "樱桃季", max_length = 100)]
    occasion: Option<String>,
    /// Whom it is for.
    audience: Option<Audience>,
    /// When it begins.
    starts_at: Option<Timestamp>,
    /// When it ends: within 366 days of its beginning.
    ends_at: Option<Timestamp>,
    /// How much it may give away.
    budget_fen: Option<Fen>,
    /// How much of that on one day of the shop's zone; null takes the cap away.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Fen>)]
    daily_cap_fen: Option<Option<Fen>>,
    /// What staff expect of it.
    expected: Option<Expected>,
    /// Thousandths of the list price that are gross margin, 0–1000; null when that is not known.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<i64>, example = 400, minimum = 0, maximum = 1000)]
    margin_permille: Option<Option<i64>>,
    /// Thousandths of the users who never see it, 0–500.
    #[schema(example = 50, minimum = 0, maximum = 500)]
    holdout_permille: Option<i64>,
    /// What it tells shoppers, at most 2000 characters.
    #[schema(example = "三人拼团，每箱立减 20 元。", max_length = 2000)]
    intro: Option<String>,
    /// How it looks when it is passed on.
    card: Option<Card>,
}

/// Tells a null from an absent field.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl PlanChanges {
    /// The plan with these changes.
    pub(in crate::campaign) fn applied_to(self, plan: Plan) -> Plan {
        Plan {
            name: self.name.unwrap_or(plan.name),
            occasion_kind: self.occasion_kind.unwrap_or(plan.occasion_kind),
            occasion: self.occasion.unwrap_or(plan.occasion),
            audience: self.audience.unwrap_or(plan.audience),
            starts_at: self.starts_at.unwrap_or(plan.starts_at),
            ends_at: self.ends_at.unwrap_or(plan.ends_at),
            budget_fen: self.budget_fen.unwrap_or(plan.budget_fen),
            daily_cap_fen: self.daily_cap_fen.unwrap_or(plan.daily_cap_fen),
            expected: self.expected.unwrap_or(plan.expected),
            margin_permille: self.margin_permille.unwrap_or(plan.margin_permille),
            holdout_permille: self.holdout_permille.unwrap_or(plan.holdout_permille),
            intro: self.intro.unwrap_or(plan.intro),
            card: self.card.unwrap_or(plan.card),
        }
    }
}

/// What of a plan may not change any more and would: once people take part, whom it is for and from when on, who is held
/// out, and what it is measured by are fixed.
pub(in crate::campaign) fn fixed(state: CampaignState, before: &Plan, after: &Plan) -> Vec<&'static str> {
    if matches!(state, CampaignState::Draft | CampaignState::Scheduled) {
        return Vec::new();
    }
    let changes = [
        (before.starts_at != after.starts_at, "plan.starts_at"),
        (before.audience != after.audience, "plan.audience"),
        (before.holdout_permille != after.holdout_permille, "plan.holdout_permille"),
        (before.expected != after.expected, "plan.expected"),
    ];
    changes.into_iter().filter(|(changed, _)| *changed).map(|(_, field)| field).collect()
}

/// Whether a budget needs a second person: it lies above the limit and above what one agreed to already.
pub(in crate::campaign) fn needs_second_person(budget: Fen, limit: Fen, approved: Fen) -> bool {
    budget > limit && budget > approved
}
