//! How coupons come into the world, and how they leave it unused.

use super::funding::{self, Trace};
use super::{Cause, advance, lost_race, tell};
use crate::coupon::error::CouponError;
use crate::coupon::events::{EXPIRED, ISSUED, REVOKED};
use crate::coupon::model::{
    Allotment, Coupon, CouponActor, CouponId, CouponSource, CouponState, CouponTemplate, CouponTemplateId,
    CouponTemplateState,
};
use crate::coupon::rules::{self, Claimer, Step};
use crate::coupon::store;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::order;
use crate::platform::db::{DbResult, Tx};

/// What is written down when a coupon's time is over.
const TIME_OVER: &str = "time_over";

/// A coupon that somebody is to have.
#[derive(Clone, Debug)]
pub struct NewCoupon {
    /// What kind.
    pub template: CouponTemplateId,
    /// Whose.
    pub user: UserId,
    /// What it comes from.
    pub source: CouponSource,
    /// Which one of that kind. One user has one coupon of a template from it, however often it is granted.
    pub source_ref: String,
    /// Its own worth; only for portions of packets, which need one.
    pub amount: Option<Fen>,
    /// Ends it earlier than its template would.
    pub valid_until: Option<Timestamp>,
}

/// Gives somebody a coupon; answers the one they have from this source already, if they do.
///
/// # Errors
/// Why they cannot have it: the template's state, window, audience and limits, or its campaign's budget.
pub fn grant(tx: &mut Tx<'_>, new: &NewCoupon) -> Result<CouponId, CouponError> {
    give(tx, new, &Trace::default())
}

/// Gives somebody a coupon from a source that gives one ever and gave none before, such as a portion that nobody had.
/// What everybody waits for who is given one is left for [`Uncounted::count`].
///
/// # Errors
/// As [`grant`].
pub fn grant_anew(tx: &mut Tx<'_>, new: &NewCoupon) -> Result<Uncounted, CouponError> {
    let (template, allotment) = store::template_of(tx, new.template)?.ok_or(CouponError::TemplateNotFound)?;
    let coupon = drawn(tx, &template, &allotment, new)?;
    store::insert_first(tx, coupon.clone())?;
    tell(tx, ISSUED, &coupon, &template, "")?;
    funding::note(tx, &template, &coupon, &Trace::default())?;
    Ok(Uncounted { template, coupon })
}

/// A coupon that is given, but not yet counted among all of its template.
#[derive(Debug)]
#[must_use]
pub struct Uncounted {
    template: CouponTemplate,
    coupon: Coupon,
}

impl Uncounted {
    /// The coupon.
    pub const fn id(&self) -> CouponId {
        self.coupon.id
    }

    /// Counts it and pays for it. Call it last before the commit: these rows are contended.
    ///
    /// # Errors
    /// As [`grant`]; the transaction must then be given up.
    pub fn count(self, tx: &mut Tx<'_>) -> Result<(), CouponError> {
        count(tx, &self.template, &self.coupon)
    }
}

/// The same as [`grant`], for somebody who takes it themselves.
pub(super) fn give(tx: &mut Tx<'_>, new: &NewCoupon, trace: &Trace) -> Result<CouponId, CouponError> {
    if let Some(had) = store::granted(tx, new.template, new.user, new.source, &new.source_ref)? {
        return Ok(had);
    }
    let (template, allotment) = store::template_of(tx, new.template)?.ok_or(CouponError::TemplateNotFound)?;
    let coupon = issue(tx, &template, &allotment, new, trace)?;
    Ok(coupon.id)
}

fn issue(
    tx: &mut Tx<'_>,
    template: &CouponTemplate,
    allotment: &Allotment,
    new: &NewCoupon,
    trace: &Trace,
) -> Result<Coupon, CouponError> {
    let coupon = drawn(tx, template, allotment, new)?;
    if !store::insert(tx, &coupon)? {
        // A twin of this very request was faster; the transaction begins anew and finds what the twin wrote.
        return Err(lost_race().into());
    }
    tell(tx, ISSUED, &coupon, template, "")?;
    funding::note(tx, template, &coupon, trace)?;
    count(tx, template, &coupon)?;
    Ok(coupon)
}

/// The coupon that somebody is to have, within their own limits; nothing of it is written yet.
fn drawn(
    tx: &mut Tx<'_>,
    template: &CouponTemplate,
    allotment: &Allotment,
    new: &NewCoupon,
) -> Result<Coupon, CouponError> {
    let (now, day) = (tx.now(), tx.today());
    open_to(tx, template, new)?;
    let amount = rules::own_amount(template, new.amount)?;
    let (valid_from, valid_until) = rules::window(template, new.valid_until, now)?;
    rules::some_left(allotment, day)?;
    if !store::take_own(tx, template, new.user, day)? {
        let counts = store::user_counts(tx, new.user, &[template.id])?;
        rules::within_own_limits(template, counts.first(), day)?;
        return Err(lost_race().into());
    }
    Ok(Coupon {
        id: CouponId::new(tx.next_id()),
        template_id: template.id,
        user_id: new.user,
        state: CouponState::Held,
        amount,
        source: new.source,
        source_ref: new.source_ref.clone(),
        valid_from,
        valid_until,
        order_id: None,
        created_at: now,
        state_since: now,
        version: 1,
    })
}

/// Counts a coupon among all of its template, and takes what it is worth out of its campaign's budget.
fn count(tx: &mut Tx<'_>, template: &CouponTemplate, coupon: &Coupon) -> Result<(), CouponError> {
    let day = tx.today();
    if !store::take_from_allotment(tx, template.id, day)? {
        let (_, allotment) = store::template_of(tx, template.id)?.ok_or(CouponError::TemplateNotFound)?;
        rules::some_left(&allotment, day)?;
        return Err(lost_race().into());
    }
    funding::pay(tx, template, coupon)
}

/// Whether this user may have a coupon of the template from this source at this moment.
fn open_to(tx: &mut Tx<'_>, template: &CouponTemplate, new: &NewCoupon) -> Result<(), CouponError> {
    if !rules::fits(template.way, new.source) {
        return Err(CouponError::WrongWay);
    }
    match new.source {
        // A packet stays open for its time, whatever becomes of its campaign; who opens it decides.
        CouponSource::Packet => return Ok(()),
        CouponSource::Staff | CouponSource::Reward if template.state == CouponTemplateState::Active => {}
        _ => rules::on_offer(template, tx.now())?,
    }
    if rules::asks_audience(new.source) {
        rules::may_have(template.audience, claimer(tx, template, new.user)?)?;
    }
    funding::may_take_part(tx, template, new.user, new.source)
}

/// What of a user matters for this template; nothing is asked that does not.
fn claimer(tx: &mut Tx<'_>, template: &CouponTemplate, user: UserId) -> DbResult<Claimer> {
    use crate::coupon::model::CouponAudience::{List, Newcomers};
    Ok(Claimer {
        newcomer: template.audience == Newcomers && order::is_newcomer(tx, user)?,
        listed: template.audience == List && !store::listed_for(tx, user, &[template.id])?.is_empty(),
    })
}

/// Gives whoever comes for the first time what is meant for them. What they cannot have they do without: a coupon is no
/// reason not to let somebody in.
pub(in crate::coupon) fn welcome(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    for template in store::for_registration(tx)? {
        let new = NewCoupon {
            template,
            user,
            source: CouponSource::Registration,
            source_ref: "registration".to_owned(),
            amount: None,
            valid_until: None,
        };
        if let Err(error) = tx.attempt(|tx| grant(tx, &new)) {
            let refused = error.refusal()?;
            tracing::debug!(%template, %refused, "a newcomer goes without a coupon");
        }
    }
    Ok(())
}

/// Takes a coupon back that its user has not used; false when it is reserved, used or over.
///
/// # Errors
/// When the database fails.
pub fn revoke_unused(tx: &mut Tx<'_>, id: CouponId, reason: &str) -> DbResult<bool> {
    revoke(tx, id, Cause { actor: CouponActor::System, reason })
}

pub(super) fn revoke(tx: &mut Tx<'_>, id: CouponId, cause: Cause<'_>) -> DbResult<bool> {
    let Some((coupon, template)) = store::find_with_template(tx, id)? else { return Ok(false) };
    let Some(revoked) = advance(tx, &coupon, Step::Revoke, None, cause)? else { return Ok(false) };
    tell(tx, REVOKED, &revoked, &template, cause.reason)?;
    funding::put_back(tx, &template, &revoked)?;
    Ok(true)
}

/// What a campaign that rewards with coupons needs to know of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewardFacts {
    /// Whether its coupons can be given now.
    pub grantable: bool,
    /// The campaign whose budget pays for them.
    pub campaign: Option<CampaignId>,
}

/// What a campaign that rewards with coupons needs to know of a template; `None` when there is none.
///
/// # Errors
/// When the database fails.
pub fn reward_facts(tx: &mut Tx<'_>, id: CouponTemplateId) -> DbResult<Option<RewardFacts>> {
    let Some((template, _)) = store::template_of(tx, id)? else { return Ok(None) };
    let grantable = template.state == CouponTemplateState::Active && rules::fits(template.way, CouponSource::Reward);
    Ok(Some(RewardFacts { grantable, campaign: template.campaign_id }))
}

/// Where a coupon stands; `None` when there is none.
///
/// # Errors
/// When the database fails.
pub fn state(tx: &mut Tx<'_>, id: CouponId) -> DbResult<Option<CouponState>> {
    Ok(store::find(tx, id)?.map(|coupon| coupon.state))
}

/// Ends a coupon whose time is over.
pub(in crate::coupon) fn expire_overdue(tx: &mut Tx<'_>, id: CouponId) -> DbResult<()> {
    let now = tx.now();
    let Some((coupon, template)) = store::find_with_template(tx, id)? else { return Ok(()) };
    if !coupon.is_over(now) {
        return Ok(());
    }
    let cause = Cause { actor: CouponActor::System, reason: TIME_OVER };
    if let Some(expired) = advance(tx, &coupon, Step::Expire, None, cause)? {
        tell(tx, EXPIRED, &expired, &template, TIME_OVER)?;
        funding::put_back(tx, &template, &expired)?;
    }
    Ok(())
}
