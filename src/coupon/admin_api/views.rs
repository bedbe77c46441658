//! How staff see coupons.

use serde::Serialize;
use utoipa::ToSchema;

use crate::coupon::api::views::{CouponTermsView, CouponUseView, CouponView};
use crate::coupon::model::{
    CodeBatchId, CouponActorKind, CouponAudience, CouponHistoryRow, CouponState, CouponTemplateId, CouponTemplateState,
    CouponWay, CouponWithTemplate, GrantRunId,
};
use crate::coupon::service::{CouponFile, RunFile, TemplateFile};
use crate::coupon::store::{BatchFigures, TemplateFigures};
use crate::kernel::id::{CampaignId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// A template.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponTemplateView {
    /// The template.
    pub template_id: CouponTemplateId,
    /// The campaign that starts and stops it.
    #[schema(example = json!(null))]
    pub campaign_id: Option<CampaignId>,
    /// Where it stands.
    pub state: CouponTemplateState,
    /// How it is had.
    pub way: CouponWay,
    /// What it is worth, and where.
    pub terms: CouponTermsView,
    /// First moment at which it can be used.
    #[schema(example = json!(null))]
    pub valid_from: Option<Timestamp>,
    /// First moment at which it no longer can.
    #[schema(example = json!(null))]
    pub valid_until: Option<Timestamp>,
    /// Days after receipt during which it can be used.
    #[schema(example = 30)]
    pub valid_days: Option<i64>,
    /// First moment at which it can be had.
    #[schema(example = json!(null))]
    pub claims_from: Option<Timestamp>,
    /// First moment at which it no longer can.
    #[schema(example = json!(null))]
    pub claims_until: Option<Timestamp>,
    /// Whom it is for.
    pub audience: CouponAudience,
    /// Most there may ever be; null for no limit.
    #[schema(example = 1000)]
    pub total_limit: Option<i64>,
    /// Most there may be in one day of the shop; null for no limit.
    #[schema(example = json!(null))]
    pub daily_limit: Option<i64>,
    /// Most that one user may ever have.
    #[schema(example = 1)]
    pub per_user_limit: i64,
    /// Most that one user may have in one day of the shop; null for no limit.
    #[schema(example = json!(null))]
    pub per_user_daily_limit: Option<i64>,
    /// The code that many people share.
    #[schema(example = json!(null))]
    pub shared_code: Option<String>,
    /// How many there are.
    #[schema(example = 120)]
    pub issued: i64,
    /// How many were issued today.
    #[schema(example = 7)]
    pub issued_today: i64,
    /// Who of the staff wrote it.
    pub created_by: Option<StaffId>,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises with every change; to be sent with the next.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<TemplateFile> for CouponTemplateView {
    fn from(file: TemplateFile) -> Self {
        let TemplateFile { template, allotment, day } = file;
        Self {
            template_id: template.id,
            campaign_id: template.campaign_id,
            state: template.state,
            way: template.way,
            terms: CouponTermsView::of(&template, None),
            valid_from: template.valid_from,
            valid_until: template.valid_until,
            valid_days: template.valid_days,
            claims_from: template.claims_from,
            claims_until: template.claims_until,
            audience: template.audience,
            total_limit: allotment.total_limit,
            daily_limit: allotment.daily_limit,
            per_user_limit: template.per_user_limit,
            per_user_daily_limit: template.per_user_daily_limit,
            shared_code: template.shared_code,
            issued: allotment.issued,
            issued_today: if allotment.day == day { allotment.issued_today } else { 0 },
            created_by: template.created_by,
            created_at: template.created_at,
            updated_at: template.updated_at,
            version: template.version,
        }
    }
}

/// What became of a template's coupons.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CouponFiguresView {
    /// How many were issued.
    #[schema(example = 120)]
    pub issued: i64,
    /// To how many users.
    #[schema(example = 118)]
    pub users: i64,
    /// How many are in their users' hands.
    #[schema(example = 70)]
    pub held: i64,
    /// How many are in unpaid orders.
    #[schema(example = 2)]
    pub reserved: i64,
    /// How many were used.
    #[schema(example = 40)]
    pub used: i64,
    /// How many expired.
    #[schema(example = 7)]
    pub expired: i64,
    /// How many were taken back.
    #[schema(example = 1)]
    pub revoked: i64,
    /// How many paid orders they were used in.
    #[schema(example = 40)]
    pub orders: i64,
    /// What they took off those orders.
    #[schema(example = 40_000)]
    pub cost_fen: Fen,
    /// What those orders were to cost when they were placed.
    #[schema(example = 480_000)]
    pub revenue_fen: Fen,
}

impl From<TemplateFigures> for CouponFiguresView {
    fn from(figures: TemplateFigures) -> Self {
        Self {
            issued: figures.issued,
            users: figures.users,
            held: figures.held,
            reserved: figures.reserved,
            used: figures.used,
            expired: figures.expired,
            revoked: figures.revoked,
            orders: figures.orders,
            cost_fen: figures.cost,
            revenue_fen: figures.revenue,
        }
    }
}

/// A coupon as staff see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StaffCouponView {
    /// Whose it is.
    pub user_id: UserId,
    /// The coupon as its user sees it.
    pub coupon: CouponView,
    /// When it came into its present state.
    pub state_since: Timestamp,
}

impl StaffCouponView {
    pub(super) fn at(held: &CouponWithTemplate, now: Timestamp) -> Self {
        let coupon = CouponView::at(held, now);
        Self { user_id: held.coupon.user_id, coupon, state_since: held.coupon.state_since }
    }
}

/// One row of a coupon's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponHistoryView {
    /// The state before.
    pub from_state: CouponState,
    /// The state after.
    pub to_state: CouponState,
    /// What kind of actor caused it.
    pub actor_kind: CouponActorKind,
    /// Which one.
    #[schema(example = json!(null))]
    pub actor_id: Option<String>,
    /// Why.
    #[schema(example = "order_placed")]
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl From<CouponHistoryRow> for CouponHistoryView {
    fn from(row: CouponHistoryRow) -> Self {
        Self {
            from_state: row.from_state,
            to_state: row.to_state,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id.map(|id| id.to_string()),
            reason: row.reason,
            at: row.at,
        }
    }
}

/// Everything about one coupon.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StaffCouponDetailView {
    /// The coupon.
    pub coupon: StaffCouponView,
    /// The orders it was in, latest first.
    pub uses: Vec<CouponUseView>,
    /// What became of it.
    pub history: Vec<CouponHistoryView>,
}

impl From<CouponFile> for StaffCouponDetailView {
    fn from(file: CouponFile) -> Self {
        Self {
            coupon: StaffCouponView::at(&file.held, file.at),
            uses: file.uses.into_iter().map(Into::into).collect(),
            history: file.history.into_iter().map(Into::into).collect(),
        }
    }
}

/// A batch of one-time codes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponCodeBatchView {
    /// The batch.
    pub batch_id: CodeBatchId,
    /// What its codes are good for.
    pub template_id: CouponTemplateId,
    /// How many codes it has.
    #[schema(example = 500)]
    pub size: i64,
    /// How many of them were redeemed.
    #[schema(example = 12)]
    pub redeemed: i64,
    /// What staff wrote about it.
    #[schema(example = "门店地推")]
    pub note: String,
    /// Who of the staff made it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// Whether its codes are good only once a second member of staff agrees.
    #[schema(example = false)]
    pub waits_for_approval: bool,
    /// When its unused codes became worthless.
    #[schema(example = json!(null))]
    pub voided_at: Option<Timestamp>,
}

impl From<BatchFigures> for CouponCodeBatchView {
    fn from(figures: BatchFigures) -> Self {
        let BatchFigures { batch, redeemed } = figures;
        Self {
            batch_id: batch.id,
            template_id: batch.template_id,
            size: batch.size,
            redeemed,
            note: batch.note,
            created_by: batch.created_by,
            created_at: batch.created_at,
            waits_for_approval: batch.agreed_at.is_none(),
            voided_at: batch.voided_at,
        }
    }
}

/// How many users could not be given a coupon for one reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponGrantRefusalView {
    /// Why, as a stable code.
    #[schema(example = "coupon.limit_reached")]
    pub code: String,
    /// How many.
    #[schema(example = 2)]
    pub users: i64,
}

/// A gift to many users, and how far it got.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponGrantView {
    /// The gift.
    pub run_id: GrantRunId,
    /// What is given.
    pub template_id: CouponTemplateId,
    /// By whom.
    pub staff_id: StaffId,
    /// Why.
    #[schema(example = "会员日回馈")]
    pub reason: String,
    /// To how many.
    #[schema(example = 100)]
    pub targets: i64,
    /// How many were not looked at yet.
    #[schema(example = 0)]
    pub waiting: i64,
    /// How many have theirs.
    #[schema(example = 98)]
    pub granted: i64,
    /// How many cannot have one, by reason.
    pub refused: Vec<CouponGrantRefusalView>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Whether it begins only once a second member of staff agrees.
    #[schema(example = false)]
    pub waits_for_approval: bool,
    /// When everybody had been looked at.
    pub finished_at: Option<Timestamp>,
}

impl From<RunFile> for CouponGrantView {
    fn from(file: RunFile) -> Self {
        let RunFile { run, progress } = file;
        let refused = progress.refused.into_iter().map(|(code, users)| CouponGrantRefusalView { code, users });
        Self {
            run_id: run.id,
            template_id: run.template_id,
            staff_id: run.staff_id,
            reason: run.reason,
            targets: run.targets,
            waiting: progress.waiting,
            granted: progress.granted,
            refused: refused.collect(),
            created_at: run.created_at,
            waits_for_approval: run.agreed_at.is_none(),
            finished_at: run.finished_at,
        }
    }
}
