//! What staff do with social coupons: write their rules, and read what each generation of packets did.

use serde::Serialize;
use serde_json::json;

use super::error::SocialCouponError;
use super::model::{
    FIELD_ACQUISITION_PERCENT, FIELD_CONVERSION_PERCENT, Packet, PacketId, Portion, SocialCoupon, SocialCouponRules,
};
use super::rules::{self, tenths_of_percent};
use super::store::{self, GenerationRow, PacketFilter};
use crate::campaign::{self, CampaignKind, MAX_EXPORTED, NewCampaign, RulesChange};
use crate::coupon::{
    self, CouponAudience, CouponBenefit, CouponFamily, CouponScope, CouponTemplateDraft, CouponWay, NewTemplate,
};
use crate::identity;
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbError, DbResult, FromDb, Tx};
use crate::platform::http::{Origin, Table};

/// A portion's coupon lives three days at most; each one's own end is set when it is claimed.
const LONGEST_USE_DAYS: i64 = 3;
/// Most characters of a coupon's title.
const TITLE: usize = 30;
/// Most portions one user may ever claim of one campaign; the rules' limit per day is the one that counts.
const PER_USER: i64 = 1_000;

/// Plans a social coupon: the campaign as a draft, with its rules.
///
/// # Errors
/// 422 when the plan or the rules cannot be meant.
pub(super) fn create(
    tx: &mut Tx<'_>,
    new: &NewCampaign<'_>,
    wanted: &SocialCouponRules,
) -> Result<CampaignId, SocialCouponError> {
    rules::valid(wanted)?;
    let campaign = campaign::create(tx, new)?;
    store::insert_rules(tx, &row(campaign, wanted))?;
    Ok(campaign)
}

/// Writes the rules of a draft anew.
///
/// # Errors
/// 422 when they cannot be meant; 409 when the campaign is no draft; 404 when it is no social coupon.
pub(super) fn change_rules(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    wanted: &SocialCouponRules,
    (staff, origin): (StaffId, &Origin),
) -> Result<(), SocialCouponError> {
    rules::valid(wanted)?;
    let written = store::rules(tx, campaign)?.ok_or(SocialCouponError::NotFound)?;
    let change = RulesChange {
        campaign,
        kind: CampaignKind::SocialCoupon,
        staff,
        origin,
        before: json!(SocialCouponRules::from(&written)),
        after: json!(wanted),
    };
    campaign::change_rules(tx, &change)?;
    store::delete_rules(tx, campaign)?;
    Ok(store::insert_rules(tx, &row(campaign, wanted))?)
}

fn row(campaign: CampaignId, wanted: &SocialCouponRules) -> SocialCoupon {
    SocialCoupon {
        campaign_id: campaign,
        template_id: None,
        qualifying: wanted.qualifying_fen,
        face: wanted.face_fen,
        portions: wanted.portions,
        minimum: wanted.minimum_fen,
        shape: wanted.shape,
        newcomers_larger: wanted.newcomers_larger,
        open_hours: wanted.open_hours,
        use_threshold: wanted.use_threshold_fen,
        use_within_hours: wanted.use_within_hours,
        stackable: wanted.stackable,
        revoke_on_refund: wanted.revoke_on_refund,
        packets_per_user: wanted.packets_per_user,
        claims_per_day: wanted.claims_per_day,
    }
}

/// The campaign runs: from now on there are coupons to be had. The template belongs to no campaign, since the face of a
/// packet is paid out of the budget when it is made.
pub(super) fn start(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    let Some(rules) = store::rules(tx, campaign)?.filter(|rules| rules.template_id.is_none()) else { return Ok(()) };
    let name = campaign::facts(tx, campaign).map_err(into_db)?.name;
    let draft = CouponTemplateDraft {
        title: name.chars().take(TITLE).collect(),
        description: String::new(),
        way: CouponWay::Packet,
        benefit: CouponBenefit::AmountOff,
        amount_fen: None,
        off_permille: None,
        cap_fen: None,
        threshold_fen: rules.use_threshold,
        scope: CouponScope::All,
        category_ids: Vec::new(),
        product_ids: Vec::new(),
        excluded_product_ids: Vec::new(),
        stackable: rules.stackable,
        valid_from: None,
        valid_until: None,
        valid_days: Some(LONGEST_USE_DAYS),
        claims_from: None,
        claims_until: None,
        audience: CouponAudience::Everyone,
        total_limit: None,
        daily_limit: None,
        per_user_limit: PER_USER,
        per_user_daily_limit: None,
        shared_code: None,
    };
    let new = NewTemplate { family: CouponFamily::Social, campaign: None, created_by: None, draft };
    let template = coupon::create_template(tx, &new).map_err(into_db)?;
    coupon::activate_template(tx, template).map_err(into_db)?;
    store::set_template(tx, campaign, template)
}

/// What cannot be refused for a campaign whose rules were checked is a defect, unless the database failed.
fn into_db(error: impl FromDb + std::fmt::Display) -> DbError {
    error.db_error().cloned().unwrap_or_else(|| DbError::Defect(error.to_string()))
}

/// What one generation of packets did.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct GenerationView {
    /// 1 for packets nobody's packet led to, 2 for those of their friends, and so on.
    #[schema(example = 1)]
    pub generation: i64,
    /// Packets made.
    #[schema(example = 120)]
    pub packets: i64,
    /// What they are worth together.
    #[schema(example = 240_000)]
    pub face_fen: Fen,
    /// What was claimed of that.
    #[schema(example = 150_000)]
    pub claimed_fen: Fen,
    /// What went back to the budget.
    #[schema(example = 60_000)]
    pub returned_fen: Fen,
    /// Portions that friends claimed.
    #[schema(example = 400)]
    pub claims: i64,
    /// Of these friends, those who had never paid for anything.
    #[schema(example = 210)]
    pub newcomers: i64,
    /// Of these friends, those whom this campaign's shares brought to the shop.
    #[schema(example = 180)]
    pub new_users: i64,
    /// First orders of friends after their claim.
    #[schema(example = 74)]
    pub orders: i64,
    /// What was paid for those.
    #[schema(example = 880_000)]
    pub revenue_fen: Fen,
    /// Orders per claim, in tenths of a per cent; null without claims.
    #[schema(example = 185)]
    pub conversion_permille: Option<i64>,
}

impl From<GenerationRow> for GenerationView {
    fn from(row: GenerationRow) -> Self {
        Self {
            generation: row.generation,
            packets: row.packets,
            face_fen: Fen::new(row.face_fen),
            claimed_fen: Fen::new(row.claimed_fen),
            returned_fen: Fen::new(row.returned_fen),
            claims: row.claims,
            newcomers: row.newcomers,
            new_users: row.acquired,
            orders: row.orders,
            revenue_fen: Fen::new(row.revenue_fen),
            conversion_permille: tenths_of_percent(row.orders, row.claims),
        }
    }
}

/// What the packets of a campaign did, next to the figures of the field.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct GenerationsView {
    /// Each generation, the first one first.
    pub generations: Vec<GenerationView>,
    /// Users this campaign's packets brought.
    #[schema(example = 260)]
    pub new_users: i64,
    /// Users who came to the shop in any way while the campaign ran.
    #[schema(example = 700)]
    pub all_new_users: i64,
    /// The former in tenths of a per cent of the latter; null when nobody came.
    #[schema(example = 371)]
    pub acquisition_permille: Option<i64>,
    /// What the field sees: from, to, in tenths of a per cent.
    #[schema(example = json!([300, 500]))]
    pub field_acquisition_permille: [i64; 2],
    /// Orders per claim over all generations, in tenths of a per cent; null without claims.
    #[schema(example = 180)]
    pub conversion_permille: Option<i64>,
    /// What the field sees, in tenths of a per cent.
    #[schema(example = 180)]
    pub field_conversion_permille: i64,
}

/// What each generation of a campaign's packets did.
pub(super) fn generations(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<GenerationsView> {
    let rows = store::generations(tx, campaign)?;
    let total = |figure: fn(&GenerationRow) -> i64| rows.iter().map(figure).fold(0_i64, i64::saturating_add);
    let (new_users, orders, claims) = (total(|row| row.acquired), total(|row| row.orders), total(|row| row.claims));
    let all_new_users = match campaign::facts(tx, campaign) {
        Ok(facts) => identity::count_created(tx, facts.starts_at, facts.ends_at)?,
        Err(error) => return Err(into_db(error)),
    };
    let (from, to) = FIELD_ACQUISITION_PERCENT;
    Ok(GenerationsView {
        new_users,
        all_new_users,
        acquisition_permille: tenths_of_percent(new_users, all_new_users),
        field_acquisition_permille: [from.saturating_mul(10), to.saturating_mul(10)],
        conversion_permille: tenths_of_percent(orders, claims),
        field_conversion_permille: FIELD_CONVERSION_PERCENT.saturating_mul(10),
        generations: rows.into_iter().map(GenerationView::from).collect(),
    })
}

/// A packet with how many others descend from it directly.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) packet: Packet,
    pub(super) children: i64,
}

/// Packets of a campaign, newest first: the tree, a level at a time.
pub(super) fn packets(
    tx: &mut Tx<'_>,
    filter: PacketFilter,
    before: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Branch>> {
    let page =
        Page::cut(store::list(tx, filter, before, limit)?, limit, |packet| Cursor { key: 0, id: packet.id.get() });
    let ids: Vec<PacketId> = page.items.iter().map(|packet| packet.id).collect();
    let children = store::children(tx, &ids)?;
    let count = |id: PacketId| children.iter().find(|(parent, _)| *parent == id).map_or(0, |(_, count)| *count);
    Ok(page.map(|packet| Branch { children: count(packet.id), packet }))
}

/// Everybody who claimed a portion, packet by packet, as a table; written down.
///
/// # Errors
/// 404 when there is no such social coupon; 422 when there are too many.
pub(super) fn export(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    (staff, origin): (StaffId, &Origin),
) -> Result<Table, SocialCouponError> {
    store::rules(tx, campaign)?.ok_or(SocialCouponError::NotFound)?;
    let rows = store::claimed_of(tx, campaign, MAX_EXPORTED)?;
    if i64::try_from(rows.len()).is_ok_and(|rows| rows > MAX_EXPORTED) {
        return Err(SocialCouponError::ExportTooLarge);
    }
    campaign::note_export(tx, campaign, (staff, origin), ("portions", rows.len()))?;
    let heads = [
        "packet_id",
        "parent_id",
        "generation",
        "payer_id",
        "portion",
        "amount_yuan",
        "claimed_by",
        "claimed_at",
        "coupon_id",
        "newcomer",
        "new_user",
        "order_id",
        "order_yuan",
    ];
    Ok(Table::of(heads, rows.iter().map(|(packet, portion)| exported(packet, portion)))?)
}

fn exported(packet: &Packet, portion: &Portion) -> [String; 13] {
    fn shown<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    [
        packet.id.to_string(),
        shown(packet.parent_id),
        packet.generation.to_string(),
        packet.user_id.to_string(),
        portion.no.to_string(),
        portion.amount.to_yuan(),
        shown(portion.claimed_by),
        shown(portion.claimed_at),
        shown(portion.coupon_id),
        shown(portion.newcomer),
        shown(portion.acquired),
        shown(portion.order_id),
        shown(portion.order_fen.map(Fen::to_yuan)),
    ]
}
