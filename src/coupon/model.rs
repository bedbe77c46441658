//! The words of coupons: ids, states, rows.

use diesel::prelude::*;

use crate::catalog::{CategoryId, ProductId};
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::platform::db::schema;

crate::typed_id! {
    /// One kind of coupon: what it is worth, where, for whom and how it is had.
    CouponTemplateId,
    /// One coupon of one user.
    CouponId,
    /// One row of a coupon's history.
    CouponHistoryId,
    /// One batch of one-time codes.
    CodeBatchId,
    /// One gift of staff to many users at once.
    GrantRunId,
}

/// Most characters of a title.
pub const MAX_TITLE: usize = 30;
/// Most characters of a description.
pub const MAX_DESCRIPTION: usize = 500;
/// Most categories or products a template may name.
pub const MAX_NAMED: usize = 200;
/// Most a coupon may take off or ask for, in fen.
pub const MAX_FEN: Fen = Fen::new(1_000_000_000);
/// Most days a coupon may be valid after receipt.
pub const MAX_VALID_DAYS: i64 = 3_660;
/// Highest limit on how many coupons there may be.
pub const MAX_LIMIT: i64 = 1_000_000_000;
/// Most coupons of one template that one user may ever have.
pub const MAX_PER_USER: i64 = 1_000;
/// Shortest and longest code that many people share. One-time codes are longer, so that the two cannot be mistaken.
pub const SHARED_CODE_LENGTH: std::ops::RangeInclusive<usize> = 4..=10;
/// Characters of a one-time code, without the dashes it is printed with: 60 random bits.
pub const ONE_TIME_CODE_LENGTH: usize = 12;
/// Most one-time codes of a batch.
pub const MAX_BATCH: i64 = 10_000;
/// Most users of one gift or one change of a list.
pub const MAX_USERS: usize = 5_000;
/// Most characters of a reason or note.
pub const MAX_REASON: usize = 200;
/// Most coupons of one export.
pub const MAX_EXPORTED: i64 = 20_000;
/// Most held coupons that are compared for a basket, those that expire first before the others.
pub const MAX_COMPARED: i64 = 100;
/// Wrong codes one user may try within [`TRIES_PERIOD_MS`].
pub const MAX_TRIES_OF_USER: i64 = 10;
/// Wrong codes one address may try within [`TRIES_PERIOD_MS`]; many people share one.
pub const MAX_TRIES_OF_ADDRESS: i64 = 100;
/// How long wrong codes are remembered, in milliseconds.
pub const TRIES_PERIOD_MS: i64 = HOUR_MS;
/// A coupon that ends within this time is said to expire soon, in milliseconds.
pub const SOON_MS: i64 = 3 * DAY_MS;

crate::stored_enum! {
    /// Whose coupon it is: an order may have one of each.
    pub enum CouponFamily {
        /// The shop's own.
        Shop = "shop",
        /// A portion of a social coupon's packet.
        Social = "social",
    }
}

crate::stored_enum! {
    /// What a coupon does.
    pub enum CouponBenefit {
        /// Takes a fixed amount off.
        AmountOff = "amount_off",
        /// Takes a share off, up to a cap.
        PercentOff = "percent_off",
        /// Takes freight off.
        Shipping = "shipping",
    }
}

crate::stored_enum! {
    /// Which goods a coupon is for.
    pub enum CouponScope {
        /// Everything but the excluded products.
        All = "all",
        /// What hangs in these categories or anywhere below them, but for the excluded products.
        Categories = "categories",
        /// These products.
        Products = "products",
    }
}

crate::stored_enum! {
    /// How a coupon is had.
    pub enum CouponWay {
        /// Shoppers take it themselves.
        Claim = "claim",
        /// By a code that many people share.
        SharedCode = "shared_code",
        /// By a code that is good once.
        OneTimeCode = "one_time_code",
        /// Given by staff, or as a campaign's reward.
        Grant = "grant",
        /// Given to whoever comes for the first time.
        Registration = "registration",
        /// A portion of a packet.
        Packet = "packet",
    }
}

crate::stored_enum! {
    /// Whom a coupon is for.
    pub enum CouponAudience {
        /// Everybody.
        Everyone = "everyone",
        /// Whoever never paid an order.
        Newcomers = "newcomers",
        /// Whom staff named.
        List = "list",
    }
}

crate::stored_enum! {
    /// Where a template stands.
    pub enum CouponTemplateState {
        /// Being written.
        Draft = "draft",
        /// Its coupons can be had.
        Active = "active",
        /// Its coupons cannot be had for now; those already had can be used.
        Paused = "paused",
        /// Its coupons can never be had again; those already had can be used. Final.
        Ended = "ended",
    }
}

crate::stored_enum! {
    /// Where a coupon stands.
    pub enum CouponState {
        /// In its user's hands.
        Held = "held",
        /// Set aside for an order that is not paid yet.
        Reserved = "reserved",
        /// Used in an order that was paid.
        Used = "used",
        /// Its time is over. Final.
        Expired = "expired",
        /// Taken back. Final.
        Revoked = "revoked",
    }
}

crate::stored_enum! {
    /// What a coupon came from.
    pub enum CouponSource {
        /// Its user took it.
        Claim = "claim",
        /// A code that many people share.
        SharedCode = "shared_code",
        /// A code that was good once.
        OneTimeCode = "one_time_code",
        /// Staff gave it.
        Staff = "staff",
        /// Its user came for the first time.
        Registration = "registration",
        /// A packet of a social coupon.
        Packet = "packet",
        /// A reward of a campaign.
        Reward = "reward",
    }
}

crate::stored_enum! {
    /// Whether a coupon's use in an order stands.
    pub enum UseState {
        /// The order is not paid yet.
        Reserved = "reserved",
        /// The order was paid.
        Used = "used",
        /// The order was closed or refunded.
        Returned = "returned",
    }
}

crate::stored_enum! {
    /// How far a gift to one of many users got.
    pub enum TargetState {
        /// Not yet looked at.
        Waiting = "waiting",
        /// The user has the coupon.
        Granted = "granted",
        /// The user cannot have it.
        Refused = "refused",
    }
}

crate::stored_enum! {
    /// Who caused a change.
    pub enum CouponActorKind {
        /// The coupon's user.
        Shopper = "shopper",
        /// A member of staff.
        Staff = "staff",
        /// A rule, a deadline, a campaign.
        System = "system",
    }
}

/// Who caused a change, and which one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponActor {
    /// The coupon's user.
    Shopper(UserId),
    /// A member of staff.
    Staff(StaffId),
    /// A rule, a deadline, a campaign.
    System,
}

impl CouponActor {
    /// What kind it is.
    pub const fn kind(self) -> CouponActorKind {
        match self {
            Self::Shopper(_) => CouponActorKind::Shopper,
            Self::Staff(_) => CouponActorKind::Staff,
            Self::System => CouponActorKind::System,
        }
    }

    /// Which one.
    pub const fn id(self) -> Option<i64> {
        match self {
            Self::Shopper(user) => Some(user.get()),
            Self::Staff(staff) => Some(staff.get()),
            Self::System => None,
        }
    }
}

/// A template as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupon_templates, treat_none_as_default_value = false)]
pub struct CouponTemplate {
    /// The template.
    pub id: CouponTemplateId,
    /// The campaign whose budget pays for its coupons.
    pub campaign_id: Option<CampaignId>,
    /// Whose coupons they are.
    pub family: CouponFamily,
    /// How they are had.
    pub way: CouponWay,
    /// Where it stands.
    pub state: CouponTemplateState,
    /// How people read it, such as `满100减10`.
    pub title: String,
    /// The small print.
    pub description: String,
    /// What they do.
    pub benefit: CouponBenefit,
    /// What they take off; of freight, at the most.
    #[diesel(column_name = amount_fen)]
    pub amount: Option<Fen>,
    /// The share they take off, in thousandths.
    pub off_permille: Option<i64>,
    /// The most a share may come to.
    #[diesel(column_name = cap_fen)]
    pub cap: Option<Fen>,
    /// What the goods they are for must cost at least.
    #[diesel(column_name = threshold_fen)]
    pub threshold: Fen,
    /// Which goods they are for.
    pub scope: CouponScope,
    /// JSON list of categories.
    pub category_ids: String,
    /// JSON list of products.
    pub product_ids: String,
    /// JSON list of excluded products.
    pub excluded_product_ids: String,
    /// Whether a coupon of the other family may be used beside.
    pub stackable: bool,
    /// First moment at which they can be used.
    pub valid_from: Option<Timestamp>,
    /// First moment at which they no longer can.
    pub valid_until: Option<Timestamp>,
    /// Days after receipt during which they can be used.
    pub valid_days: Option<i64>,
    /// First moment at which they can be had.
    pub claims_from: Option<Timestamp>,
    /// First moment at which they no longer can.
    pub claims_until: Option<Timestamp>,
    /// Whom they are for.
    pub audience: CouponAudience,
    /// Most that one user may ever have.
    pub per_user_limit: i64,
    /// Most that one user may have in a day.
    pub per_user_daily_limit: Option<i64>,
    /// The code that many people share.
    pub shared_code: Option<String>,
    /// Who of the staff wrote it.
    pub created_by: Option<StaffId>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises with every change.
    pub version: i64,
}

/// How many coupons of a template there may be and are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupon_allotments, treat_none_as_default_value = false)]
pub struct Allotment {
    /// The template.
    pub template_id: CouponTemplateId,
    /// Most there may ever be; absent for no limit.
    pub total_limit: Option<i64>,
    /// Most there may be in a day; absent for no limit.
    pub daily_limit: Option<i64>,
    /// How many there are.
    pub issued: i64,
    /// The day that `issued_today` counts.
    pub day: Day,
    /// How many were issued on that day.
    pub issued_today: i64,
}

impl Allotment {
    /// How many may still be issued; `None` for no limit.
    pub fn left(&self) -> Option<i64> {
        self.total_limit.map(|limit| limit.saturating_sub(self.issued).max(0))
    }

    /// How many may still be issued on this day; `None` for no limit.
    pub fn left_on(&self, day: Day) -> Option<i64> {
        let issued = if self.day == day { self.issued_today } else { 0 };
        self.daily_limit.map(|limit| limit.saturating_sub(issued).max(0))
    }
}

/// How many coupons of a template a user ever had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = schema::coupon_user_counts)]
pub struct UserCount {
    /// The template.
    pub template_id: CouponTemplateId,
    /// How many in all.
    pub issued: i64,
    /// The day that `issued_today` counts.
    pub day: Day,
    /// How many on that day.
    pub issued_today: i64,
}

/// One coupon.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupons, treat_none_as_default_value = false)]
pub struct Coupon {
    /// The coupon.
    pub id: CouponId,
    /// What kind it is.
    pub template_id: CouponTemplateId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where it stands.
    pub state: CouponState,
    /// Its own worth, where the template leaves it open.
    #[diesel(column_name = amount_fen)]
    pub amount: Option<Fen>,
    /// What it came from.
    pub source: CouponSource,
    /// Which one of that kind.
    pub source_ref: String,
    /// First moment at which it can be used.
    pub valid_from: Timestamp,
    /// First moment at which it no longer can.
    pub valid_until: Timestamp,
    /// The order that has it.
    pub order_id: Option<OrderId>,
    /// When its user had it.
    pub created_at: Timestamp,
    /// When it came into its present state.
    pub state_since: Timestamp,
    /// Rises with every change.
    pub version: i64,
}

impl Coupon {
    /// Whether its time is over, whether or not that was noticed yet.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.state == CouponState::Held && self.valid_until <= now
    }
}

/// A coupon with what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponWithTemplate {
    /// The coupon.
    pub coupon: Coupon,
    /// Its template.
    pub template: CouponTemplate,
}

/// A coupon's use in an order.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupon_uses, treat_none_as_default_value = false)]
pub struct CouponUse {
    /// The coupon.
    pub coupon_id: CouponId,
    /// The order.
    pub order_id: OrderId,
    /// The coupon's template.
    pub template_id: CouponTemplateId,
    /// The coupon's family.
    pub family: CouponFamily,
    /// Whether it stands.
    pub state: UseState,
    /// What it took off.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// What was to be paid for the order when it was placed.
    #[diesel(column_name = order_total_fen)]
    pub order_total: Fen,
    /// When the order was placed.
    pub reserved_at: Timestamp,
    /// When the order was paid.
    pub used_at: Option<Timestamp>,
    /// When it came back.
    pub returned_at: Option<Timestamp>,
}

/// One row of a coupon's history.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupon_history, treat_none_as_default_value = false)]
pub struct CouponHistoryRow {
    /// The row.
    pub id: CouponHistoryId,
    /// The coupon.
    pub coupon_id: CouponId,
    /// The version of the coupon that this row made.
    pub version: i64,
    /// The state before.
    pub from_state: CouponState,
    /// The state after.
    pub to_state: CouponState,
    /// What kind of actor caused it.
    pub actor_kind: CouponActorKind,
    /// Which one.
    pub actor_id: Option<i64>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Limits above which a second member of staff must agree to coupons that one gives away, at once or alone in a day. A
/// campaign's coupons are not measured by them: its budget was agreed to.
#[derive(Clone, Copy, Debug)]
pub struct CouponSettings {
    /// What they may be worth together.
    pub approval_above: Fen,
    /// How many they may be.
    pub approval_above_count: i64,
}

/// A batch of one-time codes.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupon_code_batches, treat_none_as_default_value = false)]
pub struct CodeBatch {
    /// The batch.
    pub id: CodeBatchId,
    /// What its codes are good for.
    pub template_id: CouponTemplateId,
    /// How many codes it has.
    pub size: i64,
    /// What staff wrote about it.
    pub note: String,
    /// Who of the staff made it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// Since when its codes are good; `None` while a second member of staff has to agree.
    pub agreed_at: Option<Timestamp>,
    /// When its unused codes became worthless.
    pub voided_at: Option<Timestamp>,
}

/// A gift of staff to many users at once.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::coupon_grant_runs, treat_none_as_default_value = false)]
pub struct GrantRun {
    /// The gift.
    pub id: GrantRunId,
    /// What is given.
    pub template_id: CouponTemplateId,
    /// By whom.
    pub staff_id: StaffId,
    /// Under which the request may be repeated.
    pub request_key: String,
    /// Why.
    pub reason: String,
    /// To how many.
    pub targets: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began; `None` while a second member of staff has to agree.
    pub agreed_at: Option<Timestamp>,
    /// When everybody had been looked at.
    pub finished_at: Option<Timestamp>,
}

/// What a coupon is worth, apart from where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// A fixed amount.
    Amount(Fen),
    /// A share of what is left to pay for the goods it is for, rounded half up to a whole fen, and at most `cap`.
    Share {
        /// In thousandths: 150 takes 15 % off (85折).
        permille: i64,
        /// The most it may come to.
        cap: Fen,
    },
    /// The freight, at most this much; all of it when absent.
    Freight(Option<Fen>),
}

/// Which goods a coupon is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goods {
    /// Everything but these products.
    AllBut(Vec<ProductId>),
    /// What hangs in these categories or below them, but for these products.
    In(Vec<CategoryId>, Vec<ProductId>),
    /// These products.
    Only(Vec<ProductId>),
}
