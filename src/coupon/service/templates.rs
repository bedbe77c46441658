//! Writing templates and letting their coupons be had.

use serde_json::{Value, json};

use super::desk::{AtDesk, Deed, require_users};
use super::drops;
use crate::catalog;
use crate::coupon::draft::CouponTemplateDraft;
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    Allotment, CouponAudience, CouponBenefit, CouponFamily, CouponTemplate, CouponTemplateId, CouponTemplateState,
    MAX_USERS,
};
use crate::coupon::rules::{self, CheckedDraft, TemplateStep};
use crate::coupon::store::{self, TemplateFigures, TemplateFilter};
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};

/// A template that does not exist yet.
#[derive(Clone, Debug)]
pub struct NewTemplate {
    /// Whose coupons they will be.
    pub family: CouponFamily,
    /// The campaign that starts and stops it, and whose budget pays.
    pub campaign: Option<CampaignId>,
    /// Who of the staff wrote it.
    pub created_by: Option<StaffId>,
    /// What it says.
    pub draft: CouponTemplateDraft,
}

/// Writes a template down as a draft.
///
/// # Errors
/// When a field does not fit, or its code is taken.
pub fn create_template(tx: &mut Tx<'_>, new: &NewTemplate) -> Result<CouponTemplateId, CouponError> {
    let draft = rules::checked(new.family, &new.draft, tx.now())?;
    require_face(new.campaign.is_some(), &draft)?;
    require_goods(tx, &draft)?;
    let id = CouponTemplateId::new(tx.next_id());
    let now = tx.now();
    let blank = CouponTemplate {
        id,
        campaign_id: new.campaign,
        family: new.family,
        way: draft.0.way,
        state: CouponTemplateState::Draft,
        title: String::new(),
        description: String::new(),
        benefit: draft.0.benefit,
        amount: None,
        off_permille: None,
        cap: None,
        threshold: draft.0.threshold_fen,
        scope: draft.0.scope,
        category_ids: String::new(),
        product_ids: String::new(),
        excluded_product_ids: String::new(),
        stackable: draft.0.stackable,
        valid_from: None,
        valid_until: None,
        valid_days: None,
        claims_from: None,
        claims_until: None,
        audience: draft.0.audience,
        per_user_limit: draft.0.per_user_limit,
        per_user_daily_limit: None,
        shared_code: None,
        created_by: new.created_by,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let allotment = Allotment {
        template_id: id,
        total_limit: draft.0.total_limit,
        daily_limit: draft.0.daily_limit,
        issued: 0,
        day: tx.today(),
        issued_today: 0,
    };
    let template = written(blank, &draft);
    tx.attempt(|tx| store::insert_template(tx, &template, &allotment)).map_err(code_taken)?;
    Ok(id)
}

fn code_taken(error: crate::platform::db::DbError) -> CouponError {
    if error.violates(store::ONE_SHARED_CODE) { CouponError::SharedCodeTaken } else { error.into() }
}

/// The template with what the draft says.
fn written(template: CouponTemplate, draft: &CheckedDraft) -> CouponTemplate {
    let (category_ids, product_ids) = (draft.category_ids(), draft.product_ids());
    let excluded_product_ids = draft.excluded_product_ids();
    let draft = &draft.0;
    CouponTemplate {
        way: draft.way,
        title: draft.title.clone(),
        description: draft.description.clone(),
        benefit: draft.benefit,
        amount: draft.amount_fen,
        off_permille: draft.off_permille,
        cap: draft.cap_fen,
        threshold: draft.threshold_fen,
        scope: draft.scope,
        category_ids,
        product_ids,
        excluded_product_ids,
        stackable: draft.stackable,
        valid_from: draft.valid_from,
        valid_until: draft.valid_until,
        valid_days: draft.valid_days,
        claims_from: draft.claims_from,
        claims_until: draft.claims_until,
        audience: draft.audience,
        per_user_limit: draft.per_user_limit,
        per_user_daily_limit: draft.per_user_daily_limit,
        shared_code: draft.shared_code.clone(),
        ..template
    }
}

/// A budget must know what a coupon may cost at the most.
fn require_face(of_campaign: bool, draft: &CheckedDraft) -> Result<(), CouponError> {
    let open = draft.0.benefit == CouponBenefit::Shipping && draft.0.amount_fen.is_none();
    if of_campaign && open { Err(CouponError::field("amount_fen", "is needed in a campaign")) } else { Ok(()) }
}

/// Refuses categories and products that do not exist.
fn require_goods(tx: &mut Tx<'_>, draft: &CheckedDraft) -> Result<(), CouponError> {
    let draft = &draft.0;
    if !draft.category_ids.is_empty() {
        let known = catalog::category_paths(tx, &draft.category_ids)?;
        if !draft.category_ids.iter().all(|id| known.contains_key(id)) {
            return Err(CouponError::field("category_ids", "names a category that does not exist"));
        }
    }
    for (field, ids) in [("product_ids", &draft.product_ids), ("excluded_product_ids", &draft.excluded_product_ids)] {
        let known = if ids.is_empty() { Default::default() } else { catalog::product_categories(tx, ids)? };
        if !ids.iter().all(|id| known.contains_key(id)) {
            return Err(CouponError::field(field, "names a product that does not exist"));
        }
    }
    Ok(())
}

/// Staff write a template.
///
/// # Errors
/// When a field does not fit, or its code is taken.
pub(in crate::coupon) fn write_draft(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    draft: &CouponTemplateDraft,
) -> Result<TemplateFile, CouponError> {
    let new = NewTemplate {
        family: CouponFamily::Shop,
        campaign: None,
        created_by: Some(desk.staff_id),
        draft: draft.clone(),
    };
    let id = create_template(tx, &new)?;
    let file = file_of_template(tx, id)?;
    let after = Some(audited(&file.template, &file.allotment));
    note(tx, desk, id, ("coupon.create", None), (None, after))?;
    Ok(file)
}

fn note(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CouponTemplateId,
    (action, reason): (&str, Option<&str>),
    (before, after): (Option<Value>, Option<Value>),
) -> DbResult<()> {
    desk.note(tx, Deed { action, subject: ("coupon_template", id.get()), reason, before, after })
}

/// What the audit log keeps of a template: what decides about money.
pub(super) fn audited(template: &CouponTemplate, allotment: &Allotment) -> Value {
    json!({
        "title": template.title, "state": template.state, "way": template.way, "benefit": template.benefit,
        "amount_fen": template.amount, "off_permille": template.off_permille, "cap_fen": template.cap,
        "threshold_fen": template.threshold, "scope": template.scope, "audience": template.audience,
        "valid_until": template.valid_until, "valid_days": template.valid_days, "stackable": template.stackable,
        "total_limit": allotment.total_limit, "daily_limit": allotment.daily_limit,
        "per_user_limit": template.per_user_limit, "version": template.version,
    })
}

/// Writes a draft anew if nobody else did since `version`.
///
/// # Errors
/// When it is no draft any more, a field does not fit, or somebody else was faster.
pub(in crate::coupon) fn rewrite_draft(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CouponTemplateId,
    (version, draft): (i64, &CouponTemplateDraft),
) -> Result<TemplateFile, CouponError> {
    let before = own_file(tx, id)?;
    if before.template.state != CouponTemplateState::Draft {
        return Err(CouponError::NotDraft);
    }
    let checked = rules::checked(before.template.family, draft, tx.now())?;
    require_face(before.template.campaign_id.is_some(), &checked)?;
    require_goods(tx, &checked)?;
    let template = written(before.template.clone(), &checked);
    let day = tx.today();
    if !tx.attempt(|tx| store::rewrite(tx, version, &template)).map_err(code_taken)? {
        return Err(CouponError::Outdated);
    }
    store::set_limits(tx, id, (checked.0.total_limit, checked.0.daily_limit), day)?;
    let after = file_of_template(tx, id)?;
    let change = (Some(audited(&before.template, &before.allotment)), Some(audited(&after.template, &after.allotment)));
    if let (Some(campaign), (Some(was), Some(is))) = (before.template.campaign_id, change.clone()) {
        drops::note_rules(tx, desk, campaign, (was, is))?;
    }
    note(tx, desk, id, ("coupon.rewrite", None), change)?;
    Ok(after)
}

/// What may change of a template whose coupons can be had.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct OfferChange {
    /// How people read it.
    pub(in crate::coupon) title: String,
    /// The small print.
    pub(in crate::coupon) description: String,
    /// First moment at which it can no longer be had.
    pub(in crate::coupon) claims_until: Option<Timestamp>,
    /// Most there may ever be.
    pub(in crate::coupon) total_limit: Option<i64>,
    /// Most there may be in a day.
    pub(in crate::coupon) daily_limit: Option<i64>,
}

/// Changes what may change while coupons are out, if nobody else changed the template since `version`. What coupons are
/// worth never changes once they can be had.
///
/// # Errors
/// When it ended, a field does not fit, more were issued than the limit, or somebody else was faster.
pub(in crate::coupon) fn change_offer(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CouponTemplateId,
    (version, change): (i64, &OfferChange),
) -> Result<TemplateFile, CouponError> {
    let before = own_file(tx, id)?;
    if before.template.state == CouponTemplateState::Ended {
        return Err(CouponError::IllegalMove(json!({ "state": before.template.state })));
    }
    rules::changeable(change.title.trim(), &change.description, (change.total_limit, change.daily_limit))?;
    let template = CouponTemplate {
        title: change.title.trim().to_owned(),
        description: change.description.trim().to_owned(),
        claims_until: change.claims_until,
        ..before.template.clone()
    };
    if !store::touch(tx, version, &template)? {
        return Err(CouponError::Outdated);
    }
    let day = tx.today();
    if !store::set_limits(tx, id, (change.total_limit, change.daily_limit), day)? {
        return Err(CouponError::LimitBelowIssued);
    }
    let after = file_of_template(tx, id)?;
    let change = (Some(audited(&before.template, &before.allotment)), Some(audited(&after.template, &after.allotment)));
    note(tx, desk, id, ("coupon.change", None), change)?;
    Ok(after)
}

/// Staff start or stop a template. One that belongs to a campaign is started and paused with it; ending it for good is
/// theirs alone.
///
/// # Errors
/// When its state does not allow it, or its campaign does that.
pub(in crate::coupon) fn audited_move(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CouponTemplateId,
    step: TemplateStep,
) -> Result<TemplateFile, CouponError> {
    let before = own_file(tx, id)?.template;
    if before.campaign_id.is_some() && step != TemplateStep::End {
        return Err(CouponError::OfCampaign);
    }
    let to = advance(tx, &before, step)?;
    let change = (Some(json!({ "state": before.state })), Some(json!({ "state": to })));
    let action = match step {
        TemplateStep::Activate => "coupon.activate",
        TemplateStep::Pause => "coupon.pause",
        TemplateStep::End => "coupon.end",
    };
    note(tx, desk, id, (action, None), change)?;
    file_of_template(tx, id)
}

fn advance(tx: &mut Tx<'_>, template: &CouponTemplate, step: TemplateStep) -> Result<CouponTemplateState, CouponError> {
    let to = rules::next_template(template.state, step)?;
    if store::move_template(tx, template.id, template.state, to)? { Ok(to) } else { Err(CouponError::Outdated) }
}

/// Lets a campaign's coupons be had, as its campaign says; nothing happens when they can already.
///
/// # Errors
/// When it ended; or there is no such template.
pub fn activate_template(tx: &mut Tx<'_>, id: CouponTemplateId) -> Result<(), CouponError> {
    move_by_campaign(tx, id, TemplateStep::Activate, CouponTemplateState::Active)
}

/// Keeps a campaign's coupons from being had for a while; nothing happens when they cannot already.
///
/// # Errors
/// When it is not begun or ended; or there is no such template.
pub fn pause_template(tx: &mut Tx<'_>, id: CouponTemplateId) -> Result<(), CouponError> {
    move_by_campaign(tx, id, TemplateStep::Pause, CouponTemplateState::Paused)
}

/// Keeps a campaign's coupons from ever being had again; nothing happens the second time.
///
/// # Errors
/// When there is no such template.
pub fn end_template(tx: &mut Tx<'_>, id: CouponTemplateId) -> Result<(), CouponError> {
    move_by_campaign(tx, id, TemplateStep::End, CouponTemplateState::Ended)
}

fn move_by_campaign(
    tx: &mut Tx<'_>,
    id: CouponTemplateId,
    step: TemplateStep,
    to: CouponTemplateState,
) -> Result<(), CouponError> {
    let template = store::find_template(tx, id)?.ok_or(CouponError::TemplateNotFound)?;
    if template.state == to { Ok(()) } else { advance(tx, &template, step).map(drop) }
}

/// Puts users on a template's list; answers how many are on it.
///
/// # Errors
/// When the template is not for a list, or some users do not exist.
pub(in crate::coupon) fn add_to_list(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CouponTemplateId,
    users: &[UserId],
) -> Result<i64, CouponError> {
    let template = own_file(tx, id)?.template;
    if template.audience != CouponAudience::List {
        return Err(CouponError::field("audience", "is not a list"));
    }
    if template.state == CouponTemplateState::Ended {
        return Err(CouponError::IllegalMove(json!({ "state": template.state })));
    }
    let users = distinct(users)?;
    require_users(tx, &users)?;
    let added = store::add_listed(tx, id, &users)?;
    let listed = store::count_listed(tx, id)?;
    note(tx, desk, id, ("coupon.list", None), (None, Some(json!({ "added": added, "listed": listed }))))?;
    Ok(listed)
}

/// Users each once, by id, if there are neither none nor too many.
pub(super) fn distinct(users: &[UserId]) -> Result<Vec<UserId>, CouponError> {
    let mut users = users.to_vec();
    users.sort_unstable();
    users.dedup();
    if (1..=MAX_USERS).contains(&users.len()) {
        Ok(users)
    } else {
        Err(CouponError::UsersOutOfRange(json!({ "users": users.len(), "limit": MAX_USERS })))
    }
}

/// A template with how many of its coupons there are.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct TemplateFile {
    /// The template.
    pub(in crate::coupon) template: CouponTemplate,
    /// How many there are.
    pub(in crate::coupon) allotment: Allotment,
    /// The day of the shop on which it was looked at.
    pub(in crate::coupon) day: Day,
}

/// One template.
///
/// # Errors
/// When there is none.
pub(in crate::coupon) fn file_of_template(tx: &mut Tx<'_>, id: CouponTemplateId) -> Result<TemplateFile, CouponError> {
    let (template, allotment) = store::template_of(tx, id)?.ok_or(CouponError::TemplateNotFound)?;
    Ok(TemplateFile { template, allotment, day: tx.today() })
}

/// One template of the shop's own, as staff may change it; a packet's belongs to its campaign.
fn own_file(tx: &mut Tx<'_>, id: CouponTemplateId) -> Result<TemplateFile, CouponError> {
    let file = file_of_template(tx, id)?;
    if file.template.family == CouponFamily::Social { Err(CouponError::OfCampaign) } else { Ok(file) }
}

/// Templates that staff asked for, newest first.
pub(in crate::coupon) fn list(
    tx: &mut Tx<'_>,
    filter: TemplateFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<TemplateFile>> {
    let rows = store::search_templates(tx, filter, after, limit.saturating_add(1))?;
    let day = tx.today();
    let files = rows.into_iter().map(|(template, allotment)| TemplateFile { template, allotment, day }).collect();
    Ok(Page::cut(files, limit, |file: &TemplateFile| Cursor { key: 0, id: file.template.id.get() }))
}

/// What became of a template's coupons.
///
/// # Errors
/// When there is no such template.
pub(in crate::coupon) fn figures(tx: &mut Tx<'_>, id: CouponTemplateId) -> Result<TemplateFigures, CouponError> {
    store::find_template(tx, id)?.ok_or(CouponError::TemplateNotFound)?;
    Ok(store::figures_of(tx, id)?)
}
