//! Campaigns as staff see them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::campaign::model::{
    Audience, Campaign, CampaignChangeId, CampaignKind, CampaignState, ChangeRow, OccasionKind, Plan, RiskAlert,
    RiskRule,
};
use crate::campaign::rules::{Step, next};
use crate::campaign::service::{RiskState, SpentToday};
use crate::kernel::day::{Day, Zone};
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// A campaign in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignRowView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// Where it stands.
    pub state: CampaignState,
    /// How it is called.
    #[schema(example = "夏日樱桃拼团")]
    pub name: String,
    /// What gives rise to it.
    pub occasion_kind: OccasionKind,
    /// Whom it is for.
    pub audience: Audience,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How much it may give away.
    pub budget_fen: Fen,
    /// How much it gave away and did not get back.
    pub spent_fen: Fen,
}

impl From<Campaign> for CampaignRowView {
    fn from(Campaign { row, budget }: Campaign) -> Self {
        Self {
            campaign_id: row.id,
            kind: row.kind,
            state: row.state,
            name: row.name,
            occasion_kind: row.occasion_kind,
            audience: row.audience,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            budget_fen: budget.budget,
            spent_fen: budget.spent,
        }
    }
}

/// Campaigns on the days of a calendar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignCalendarView {
    /// The first day.
    pub from: Day,
    /// The first day no longer shown.
    pub until: Day,
    /// Every campaign with a day among them, by its beginning.
    pub items: Vec<CalendarEntryView>,
}

/// A campaign in the calendar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarEntryView {
    /// The first day of the campaign, in the shop's zone.
    pub first_day: Day,
    /// Its last day.
    pub last_day: Day,
    /// The campaign.
    pub campaign: CampaignRowView,
}

impl CalendarEntryView {
    pub(super) fn of(campaign: Campaign, zone: &Zone) -> Self {
        let (starts, ends) = (campaign.row.starts_at, campaign.row.ends_at);
        Self {
            first_day: zone.day_of(starts),
            // It ends before this moment, which may be the first of a day on which nothing of it is left.
            last_day: zone.day_of(ends.plus_millis(-1)),
            campaign: campaign.into(),
        }
    }
}

/// A campaign's money.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct CampaignMoneyView {
    /// How much it may give away.
    pub budget_fen: Fen,
    /// How much of that on one day; null for no cap.
    pub daily_cap_fen: Option<Fen>,
    /// How much it gave away and did not get back.
    pub spent_fen: Fen,
    /// How much of that today.
    pub spent_today_fen: Fen,
    /// How much is left.
    pub left_fen: Fen,
    /// Up to which budget a second person agreed; zero when nobody had to.
    pub approved_budget_fen: Fen,
    /// When a grant first left too little for another like it; null while there is enough.
    pub exhausted_at: Option<Timestamp>,
}

/// A campaign in full.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// Where it stands.
    pub state: CampaignState,
    /// Its plan.
    pub plan: Plan,
    /// Its money.
    pub money: CampaignMoneyView,
    /// How many users staff named for it; matters when its audience is a list.
    #[schema(example = 0)]
    pub listed_users: i64,
    /// Which steps its state allows: `schedule`, `withdraw`, `pause`, `resume`, `end`, `review`.
    #[schema(example = json!(["pause", "end"]))]
    pub steps: Vec<&'static str>,
    /// What staff make of it; null before it is reviewed.
    #[schema(example = json!(null))]
    pub conclusions: Option<String>,
    /// Who planned it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// When it began; null when it has not.
    pub started_at: Option<Timestamp>,
    /// When it was over; null while it is not.
    pub ended_at: Option<Timestamp>,
    /// When it was reviewed; null before that.
    pub reviewed_at: Option<Timestamp>,
    /// Rises with every change; an edit names the one it is based on.
    #[schema(example = 3)]
    pub version: i64,
}

impl CampaignView {
    pub(super) fn of((campaign, SpentToday(spent_today_fen), listed_users): (Campaign, SpentToday, i64)) -> Self {
        let (plan, Campaign { row, budget }) = (campaign.plan(), campaign);
        let by_staff = |step: &Step| *step != Step::Start && next(row.state, *step).is_ok();
        Self {
            campaign_id: row.id,
            kind: row.kind,
            state: row.state,
            plan,
            money: CampaignMoneyView {
                budget_fen: budget.budget,
                daily_cap_fen: budget.daily_cap,
                spent_fen: budget.spent,
                spent_today_fen,
                left_fen: budget.budget.minus(budget.spent).unwrap_or(Fen::ZERO),
                approved_budget_fen: row.approved_budget,
                exhausted_at: budget.exhausted_at,
            },
            listed_users,
            steps: Step::ALL.iter().filter(|step| by_staff(step)).map(|step| step.as_str()).collect(),
            conclusions: row.conclusions,
            created_by: row.created_by,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            reviewed_at: row.reviewed_at,
            version: row.version,
        }
    }
}

/// What became of a wish that a second person may have to agree to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignDecisionView {
    /// The campaign as it is now.
    pub campaign: CampaignView,
    /// Whether a second member of staff must agree to its budget first.
    pub waits_for_approval: bool,
}

/// Whether a campaign can be scheduled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignCheckView {
    /// Whether nothing is missing.
    pub ready: bool,
    /// What is.
    pub problems: Vec<CampaignProblemView>,
}

/// Something that keeps a campaign from being scheduled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignProblemView {
    /// Stable code.
    #[schema(example = "campaign.nobody_listed")]
    pub code: &'static str,
    /// For people.
    #[schema(example = "the list of users is empty")]
    pub message: String,
}

/// One row of a change log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignChangeView {
    /// The row.
    pub change_id: CampaignChangeId,
    /// The version of the campaign this made.
    #[schema(example = 4)]
    pub version: i64,
    /// What was done.
    #[schema(example = "pause")]
    pub action: String,
    /// The state before; null for the first row.
    pub from_state: Option<CampaignState>,
    /// The state after.
    pub to_state: CampaignState,
    /// Who of the staff; null when the clock or a rule did it.
    pub staff_id: Option<StaffId>,
    /// Why.
    #[schema(example = "优惠券领取异常")]
    pub reason: String,
    /// What of it changed, as it was.
    pub before: Value,
    /// What of it changed, as it is.
    pub after: Value,
    /// When.
    pub at: Timestamp,
}

impl From<ChangeRow> for CampaignChangeView {
    fn from(row: ChangeRow) -> Self {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
        Self {
            change_id: row.id,
            version: row.version,
            action: row.action,
            from_state: row.from_state,
            to_state: row.to_state,
            staff_id: row.staff_id,
            reason: row.reason,
            before: json(row.before),
            after: json(row.after),
            at: row.at,
        }
    }
}

/// How watching a campaign stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignRiskView {
    /// From when on it is watched: its start, or when staff last resumed it; null before it starts.
    pub watched_since: Option<Timestamp>,
    /// The rules that watch it.
    pub rules: Vec<WatchingRuleView>,
    /// The latest times rules fired, at most 50.
    pub alerts: Vec<RiskAlert>,
}

/// A rule and what it makes of this moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WatchingRuleView {
    /// The rule.
    pub rule: RiskRule,
    /// Its figure now; null while too little happens to say anything.
    #[schema(example = 120)]
    pub figure: Option<i64>,
    /// The device, network or inviter behind it; null when there is none.
    #[schema(example = "203.0.113.0/24")]
    pub culprit: Option<String>,
}

impl From<RiskState> for CampaignRiskView {
    fn from(state: RiskState) -> Self {
        let rules = state.rules.into_iter().map(|(rule, figure)| {
            let value = figure.as_ref().map(|figure| figure.value);
            WatchingRuleView { rule, figure: value, culprit: figure.and_then(|figure| figure.culprit) }
        });
        Self { watched_since: state.since, rules: rules.collect(), alerts: state.alerts }
    }
}
