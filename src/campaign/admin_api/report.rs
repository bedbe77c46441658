//! The report of a campaign.

use actix_web::{HttpResponse, get, web};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::campaign::error::CampaignError;
use crate::campaign::model::{CampaignKind, CampaignState, Expected};
use crate::campaign::rules::{Side, ratio, uplift};
use crate::campaign::service::{self, Campaigns, DayFigures, HoldOutFigures, Report, Sums};
use crate::kernel::day::Day;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, Path, Staff};
use crate::share::Channel;
use crate::staff::permission;

/// What came of a campaign, held against its plan.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignReportView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// Where it stands; figures are settled a week after its end.
    pub state: CampaignState,
    /// How it is called.
    #[schema(example = "夏日樱桃拼团")]
    pub name: String,
    /// What staff expected.
    pub expected: Expected,
    /// What it may give away.
    pub budget_fen: Fen,
    /// What came.
    pub fact: CampaignFactsView,
    /// By the day orders were placed on, in the shop's zone.
    pub by_day: Vec<CampaignDayView>,
    /// By the channel buyers and new users came by.
    pub by_channel: Vec<CampaignChannelView>,
    /// What the hold-out says; null without one, or before the start.
    pub hold_out: Option<HoldOutView>,
    /// What this kind of campaign adds.
    pub of_kind: Value,
    /// What staff make of it; null before it is reviewed.
    #[schema(example = json!(null))]
    pub conclusions: Option<String>,
}

/// What came of a campaign in all.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignFactsView {
    /// What it gave away and did not get back.
    pub cost_fen: Fen,
    /// Users who took part.
    #[schema(example = 860)]
    pub participants: i64,
    /// Those of them who had never paid for an order.
    #[schema(example = 540)]
    pub newcomers: i64,
    /// Users whom its shares brought to the shop, up to a week after its end.
    #[schema(example = 430)]
    pub new_users: i64,
    /// Users with a paid order of it that stands.
    #[schema(example = 610)]
    pub buyers: i64,
    /// Those of them who had never paid before.
    #[schema(example = 390)]
    pub new_buyers: i64,
    /// Its orders.
    pub orders: CampaignOrdersView,
    /// Return on its cost: (gross margin − cost) / cost, with the gross margin being the plan's rate on the list value of
    /// its paid orders; null without a rate or a cost.
    #[schema(value_type = Option<String>, example = "1.8000")]
    pub roi: Option<Decimal>,
    /// New users for each participant; null without participants.
    #[schema(value_type = Option<String>, example = "0.5000")]
    pub k: Option<Decimal>,
}

/// Orders that carry a campaign.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct CampaignOrdersView {
    /// Placed.
    #[schema(example = 700)]
    pub placed: i64,
    /// Paid.
    #[schema(example = 640)]
    pub paid: i64,
    /// Paid ones of users who had never paid before.
    #[schema(example = 400)]
    pub of_newcomers: i64,
    /// What the paid ones brought.
    pub revenue_fen: Fen,
    /// What of it went back.
    pub refunded_fen: Fen,
    /// What stays.
    pub net_revenue_fen: Fen,
    /// What the campaign took off those that are paid and stand.
    pub taken_off_fen: Fen,
}

/// One day of a campaign.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignDayView {
    /// The day.
    pub day: Day,
    /// Users who first took part on it.
    #[schema(example = 120)]
    pub participants: i64,
    /// Those of them who had never paid for an order.
    #[schema(example = 80)]
    pub newcomers: i64,
    /// Users whom its shares brought on it.
    #[schema(example = 60)]
    pub new_users: i64,
    /// What was given away on it and did not come back.
    pub cost_fen: Fen,
    /// Orders placed on it, and what became of them.
    pub orders: CampaignOrdersView,
}

/// What came by one channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignChannelView {
    /// How the share through which they came was handed on; null when they came by themselves.
    pub channel: Option<Channel>,
    /// Users whom shares of the campaign brought.
    #[schema(example = 60)]
    pub new_users: i64,
    /// Their orders.
    pub orders: CampaignOrdersView,
}

/// One side of the comparison.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SideView {
    /// Users on it, whether they looked at the campaign or not.
    #[schema(example = 9500)]
    pub users: i64,
    /// Those of them who bought anything while it was on.
    #[schema(example = 700)]
    pub buyers: i64,
    /// Buyers for each user; null without users.
    #[schema(value_type = Option<String>, example = "0.0737")]
    pub rate: Option<Decimal>,
    /// What they bought while it was on, less what went back.
    pub net_revenue_fen: Fen,
}

impl SideView {
    fn of(side: Side, net_revenue_fen: Fen) -> Self {
        Self { users: side.users, buyers: side.buyers, rate: ratio(side.buyers, side.users), net_revenue_fen }
    }
}

/// The treated and the held out, compared.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoldOutView {
    /// Thousandths of the users from whom it was held back.
    #[schema(example = 50)]
    pub permille: i64,
    /// Those who could see it.
    pub treated: SideView,
    /// Those who could not.
    pub held_out: SideView,
    /// Difference of the two rates; null when a side is empty.
    #[schema(value_type = Option<String>, example = "0.0120")]
    pub uplift: Option<Decimal>,
    /// Lower end of its 95 % interval.
    #[schema(value_type = Option<String>, example = "0.0040")]
    pub uplift_low: Option<Decimal>,
    /// Upper end of its 95 % interval.
    #[schema(value_type = Option<String>, example = "0.0200")]
    pub uplift_high: Option<Decimal>,
}

impl HoldOutView {
    fn of(permille: i64, figures: HoldOutFigures) -> Self {
        let uplift = uplift(figures.treated, figures.held_out);
        Self {
            permille,
            treated: SideView::of(figures.treated, figures.treated_revenue),
            held_out: SideView::of(figures.held_out, figures.held_out_revenue),
            uplift: uplift.map(|uplift| uplift.difference),
            uplift_low: uplift.map(|uplift| uplift.low),
            uplift_high: uplift.map(|uplift| uplift.high),
        }
    }
}

impl From<&Sums> for CampaignOrdersView {
    fn from(sums: &Sums) -> Self {
        Self {
            placed: sums.placed,
            paid: sums.paid,
            of_newcomers: sums.newcomer_orders,
            revenue_fen: sums.revenue,
            refunded_fen: sums.refunded,
            net_revenue_fen: sums.net_revenue(),
            taken_off_fen: sums.order_cost,
        }
    }
}

impl From<Report> for CampaignReportView {
    fn from(report: Report) -> Self {
        let (plan, row) = (report.campaign.plan(), report.campaign.row);
        let day = |(day, figures): (Day, DayFigures)| CampaignDayView {
            day,
            participants: figures.participants,
            newcomers: figures.newcomers,
            new_users: figures.sums.new_users,
            cost_fen: figures.spent,
            orders: CampaignOrdersView::from(&figures.sums),
        };
        let channel = |(channel, sums): (Option<Channel>, Sums)| CampaignChannelView {
            channel,
            new_users: sums.new_users,
            orders: CampaignOrdersView::from(&sums),
        };
        Self {
            campaign_id: row.id,
            kind: row.kind,
            state: row.state,
            name: row.name,
            expected: plan.expected,
            budget_fen: plan.budget_fen,
            fact: CampaignFactsView {
                cost_fen: report.total.spent,
                participants: report.total.participants,
                newcomers: report.total.newcomers,
                new_users: report.total.sums.new_users,
                buyers: report.buyers,
                new_buyers: report.new_buyers,
                orders: CampaignOrdersView::from(&report.total.sums),
                roi: report.roi,
                k: report.k,
            },
            by_day: report.by_day.into_iter().map(day).collect(),
            by_channel: report.by_channel.into_iter().map(channel).collect(),
            hold_out: report.hold_out.map(|figures| HoldOutView::of(row.holdout_permille, figures)),
            of_kind: report.of_kind,
            conclusions: row.conclusions,
        }
    }
}

/// The report of a campaign
///
/// Plan against fact: cost, new users, orders, net revenue, return, K, by day and by channel, and what the hold-out says.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The report.", body = CampaignReportView))
)]
#[get("/campaigns/{campaign_id}/report")]
pub async fn show_campaign_report(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    _staff: Staff<permission::CampaignRead>,
    path: Path<CampaignId>,
) -> ApiResult<Json<CampaignReportView>> {
    let Path(id) = path;
    let reporting = db.read("show_campaign_report", move |tx| service::report(tx, &campaigns.kinds, id));
    Ok(Json(reporting.await?.into()))
}

/// Exports the report of a campaign
///
/// A table as CSV in UTF-8: in all, by day, by channel.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/campaigns/{campaign_id}/report/export")]
pub async fn export_campaign_report(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    _staff: Staff<permission::CampaignRead>,
    path: Path<CampaignId>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let exporting = db.read("export_campaign_report", move |tx| {
        let report = service::report(tx, &campaigns.kinds, id)?;
        Ok::<_, CampaignError>(service::table(&report)?)
    });
    Ok(exporting.await?.download(&format!("campaign-{id}.csv")))
}
