//! Templates.

use diesel::prelude::*;

use crate::coupon::model::{
    Allotment, CouponAudience, CouponBenefit, CouponFamily, CouponScope, CouponTemplate, CouponTemplateId,
    CouponTemplateState, CouponWay,
};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{coupon_allotments as allotments, coupon_templates as templates};
use crate::platform::db::{Constraint, DbResult, Tx, columns};

/// The rule that a code leads to one template.
pub(in crate::coupon) const ONE_SHARED_CODE: Constraint =
    Constraint { index: "coupon_templates_shared_code", columns: "coupon_templates.shared_code" };

pub(in crate::coupon) fn insert_template(
    tx: &mut Tx<'_>,
    template: &CouponTemplate,
    allotment: &Allotment,
) -> DbResult<()> {
    diesel::insert_into(templates::table).values(template).execute(tx.conn()?)?;
    diesel::insert_into(allotments::table).values(allotment).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::coupon) fn find_template(tx: &mut Tx<'_>, id: CouponTemplateId) -> DbResult<Option<CouponTemplate>> {
    Ok(templates::table.find(id).select(columns::<CouponTemplate>()).first(tx.conn()?).optional()?)
}

/// A template with how many of its coupons there are.
pub(in crate::coupon) fn template_of(
    tx: &mut Tx<'_>,
    id: CouponTemplateId,
) -> DbResult<Option<(CouponTemplate, Allotment)>> {
    let found = allotments::table
        .inner_join(templates::table)
        .filter(templates::id.eq(id))
        .select((columns::<CouponTemplate>(), columns::<Allotment>()));
    Ok(Prepared(found).get_result(tx.conn()?).optional()?)
}

/// The template that people mean by a code they share.
pub(in crate::coupon) fn by_shared_code(tx: &mut Tx<'_>, code: &str) -> DbResult<Option<CouponTemplateId>> {
    let found = templates::table
        .filter(templates::shared_code.eq(Some(code)))
        .filter(templates::state.ne(CouponTemplateState::Ended.spelt_out()));
    Ok(found.select(templates::id).first(tx.conn()?).optional()?)
}

/// Moves a template if it still stands where the caller saw it.
pub(in crate::coupon) fn move_template(
    tx: &mut Tx<'_>,
    id: CouponTemplateId,
    from: CouponTemplateState,
    to: CouponTemplateState,
) -> DbResult<bool> {
    let now = tx.now();
    let moving = diesel::update(templates::table.find(id).filter(templates::state.eq(from))).set((
        templates::state.eq(to),
        templates::updated_at.eq(now),
        templates::version.eq(templates::version + 1),
    ));
    Ok(moving.execute(tx.conn()?)? == 1)
}

/// Everything that can be written anew of a draft.
#[derive(AsChangeset)]
#[diesel(table_name = templates, treat_none_as_null = true)]
struct Rewritten<'a> {
    way: CouponWay,
    title: &'a str,
    description: &'a str,
    benefit: CouponBenefit,
    amount_fen: Option<Fen>,
    off_permille: Option<i64>,
    cap_fen: Option<Fen>,
    threshold_fen: Fen,
    scope: CouponScope,
    category_ids: &'a str,
    product_ids: &'a str,
    excluded_product_ids: &'a str,
    stackable: bool,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    valid_days: Option<i64>,
    claims_from: Option<Timestamp>,
    claims_until: Option<Timestamp>,
    audience: CouponAudience,
    per_user_limit: i64,
    per_user_daily_limit: Option<i64>,
    shared_code: Option<&'a str>,
    updated_at: Timestamp,
}

/// Writes a draft anew if nobody else did since `version`.
pub(in crate::coupon) fn rewrite(tx: &mut Tx<'_>, version: i64, template: &CouponTemplate) -> DbResult<bool> {
    let rewritten = Rewritten {
        way: template.way,
        title: &template.title,
        description: &template.description,
        benefit: template.benefit,
        amount_fen: template.amount,
        off_permille: template.off_permille,
        cap_fen: template.cap,
        threshold_fen: template.threshold,
        scope: template.scope,
        category_ids: &template.category_ids,
        product_ids: &template.product_ids,
        excluded_product_ids: &template.excluded_product_ids,
        stackable: template.stackable,
        valid_from: template.valid_from,
        valid_until: template.valid_until,
        valid_days: template.valid_days,
        claims_from: template.claims_from,
        claims_until: template.claims_until,
        audience: template.audience,
        per_user_limit: template.per_user_limit,
        per_user_daily_limit: template.per_user_daily_limit,
        shared_code: template.shared_code.as_deref(),
        updated_at: tx.now(),
    };
    let same = templates::table
        .find(template.id)
        .filter(templates::version.eq(version))
        .filter(templates::state.eq(CouponTemplateState::Draft));
    let writing = diesel::update(same).set((rewritten, templates::version.eq(templates::version + 1)));
    Ok(writing.execute(tx.conn()?)? == 1)
}

/// Changes what may change of a template whose coupons can be had.
pub(in crate::coupon) fn touch(tx: &mut Tx<'_>, version: i64, template: &CouponTemplate) -> DbResult<bool> {
    let now = tx.now();
    let same = templates::table
        .find(template.id)
        .filter(templates::version.eq(version))
        .filter(templates::state.ne(CouponTemplateState::Ended));
    let touching = diesel::update(same).set((
        templates::title.eq(&template.title),
        templates::description.eq(&template.description),
        templates::claims_until.eq(template.claims_until),
        templates::updated_at.eq(now),
        templates::version.eq(templates::version + 1),
    ));
    Ok(touching.execute(tx.conn()?)? == 1)
}

/// What staff look for among templates.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::coupon) struct TemplateFilter {
    pub(in crate::coupon) family: Option<CouponFamily>,
    pub(in crate::coupon) state: Option<CouponTemplateState>,
    pub(in crate::coupon) way: Option<CouponWay>,
    pub(in crate::coupon) campaign: Option<CampaignId>,
}

/// Templates for staff, newest first.
pub(in crate::coupon) fn search_templates(
    tx: &mut Tx<'_>,
    filter: TemplateFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(CouponTemplate, Allotment)>> {
    let mut query = allotments::table
        .inner_join(templates::table)
        .select((columns::<CouponTemplate>(), columns::<Allotment>()))
        .order(templates::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(family) = filter.family {
        query = query.filter(templates::family.eq(family));
    }
    if let Some(state) = filter.state {
        query = query.filter(templates::state.eq(state));
    }
    if let Some(way) = filter.way {
        query = query.filter(templates::way.eq(way));
    }
    if let Some(campaign) = filter.campaign {
        query = query.filter(templates::campaign_id.eq(Some(campaign)));
    }
    if let Some(cursor) = after {
        query = query.filter(templates::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Templates whose coupons shoppers may take themselves now or soon, newest first.
pub(in crate::coupon) fn offered(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<(CouponTemplate, Allotment)>> {
    let now = tx.now();
    let query = allotments::table
        .inner_join(templates::table)
        .filter(templates::state.eq(CouponTemplateState::Active))
        .filter(templates::way.eq(CouponWay::Claim))
        .filter(templates::claims_until.is_null().or(templates::claims_until.gt(now)))
        .filter(templates::valid_until.is_null().or(templates::valid_until.gt(now)))
        .select((columns::<CouponTemplate>(), columns::<Allotment>()))
        .order(templates::id.desc())
        .limit(limit);
    Ok(query.load(tx.conn()?)?)
}

/// Templates whose coupons whoever comes for the first time is given.
pub(in crate::coupon) fn for_registration(tx: &mut Tx<'_>) -> DbResult<Vec<CouponTemplateId>> {
    let query = templates::table
        .filter(templates::state.eq(CouponTemplateState::Active))
        .filter(templates::way.eq(CouponWay::Registration))
        .order(templates::id);
    Ok(query.select(templates::id).load(tx.conn()?)?)
}

/// The templates of a campaign.
pub(in crate::coupon) fn of_campaign(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<CouponTemplate>> {
    let query = templates::table.filter(templates::campaign_id.eq(Some(campaign))).order(templates::id);
    Ok(query.select(columns::<CouponTemplate>()).load(tx.conn()?)?)
}
