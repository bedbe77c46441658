//! What coupons may do, decided without a database.

mod codes;
mod compare;
mod draft;
mod giving;
mod terms;
#[cfg(test)]
mod tests;

pub(super) use codes::{hashed, normalised, printed, random_code};
pub(super) use compare::{Choice, Trial, best, partners};
pub(super) use draft::{CheckedDraft, changeable, checked, listed};
pub(super) use giving::{needs_second_person, worth_together};
pub(super) use terms::{CategoryPaths, Hindrance, Terms, fits_product, take_off};

use serde_json::json;

use super::error::CouponError;
use super::model::{
    Allotment, Coupon, CouponAudience, CouponFamily, CouponSource, CouponState, CouponTemplate, CouponTemplateState,
    CouponWay, MAX_REASON, UserCount,
};
use crate::kernel::day::Day;
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, Timestamp};

/// What can happen to a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An order takes it.
    Reserve,
    /// That order is paid.
    Use,
    /// That order is closed or refunded while the coupon can still be used.
    Return,
    /// That order is closed or refunded too late for that.
    ReturnLate,
    /// Its time is over.
    Expire,
    /// It is taken back.
    Revoke,
}

impl Step {
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] =
        [Self::Reserve, Self::Use, Self::Return, Self::ReturnLate, Self::Expire, Self::Revoke];
}

/// Where a coupon stands after a step; `None` when it cannot take it.
pub(super) const fn next(state: CouponState, step: Step) -> Option<CouponState> {
    use CouponState::{Expired, Held, Reserved, Revoked, Used};
    match (state, step) {
        (Held, Step::Reserve) => Some(Reserved),
        (Held, Step::Expire) => Some(Expired),
        (Held, Step::Revoke) => Some(Revoked),
        (Reserved, Step::Use) => Some(Used),
        (Reserved | Used, Step::Return) => Some(Held),
        (Reserved | Used, Step::ReturnLate) => Some(Expired),
        (Held, Step::Use | Step::Return | Step::ReturnLate)
        | (Reserved, Step::Reserve | Step::Expire | Step::Revoke)
        | (Used, Step::Reserve | Step::Use | Step::Expire | Step::Revoke)
        | (Expired | Revoked, _) => None,
    }
}

/// Whether a row of history may say this.
pub(super) fn is_recordable(from: CouponState, to: CouponState) -> bool {
    let steps = [Step::Reserve, Step::Use, Step::Return, Step::ReturnLate, Step::Expire, Step::Revoke];
    steps.into_iter().any(|step| next(from, step) == Some(to))
}

/// What staff, or a campaign, can do with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TemplateStep {
    /// Its coupons can be had from now on.
    Activate,
    /// They cannot for a while.
    Pause,
    /// They cannot any more.
    End,
}

/// Where a template stands after a step.
///
/// # Errors
/// When its state does not allow it.
pub(super) fn next_template(
    state: CouponTemplateState,
    step: TemplateStep,
) -> Result<CouponTemplateState, CouponError> {
    use CouponTemplateState::{Active, Draft, Ended, Paused};
    match (state, step) {
        (Draft | Paused, TemplateStep::Activate) => Ok(Active),
        (Active, TemplateStep::Pause) => Ok(Paused),
        (Draft | Active | Paused, TemplateStep::End) => Ok(Ended),
        (Active, TemplateStep::Activate) | (Draft | Paused, TemplateStep::Pause) | (Ended, _) => {
            Err(CouponError::IllegalMove(json!({ "state": state })))
        }
    }
}

/// Whether coupons that are had in this way may come from this source. Staff may give any but portions of packets, and
/// campaigns reward with whatever shoppers cannot have by a code.
pub(super) const fn fits(way: CouponWay, source: CouponSource) -> bool {
    match source {
        CouponSource::Claim => matches!(way, CouponWay::Claim),
        CouponSource::SharedCode => matches!(way, CouponWay::SharedCode),
        CouponSource::OneTimeCode => matches!(way, CouponWay::OneTimeCode),
        CouponSource::Registration => matches!(way, CouponWay::Registration),
        CouponSource::Packet => matches!(way, CouponWay::Packet),
        CouponSource::Staff => !matches!(way, CouponWay::Packet),
        CouponSource::Reward => matches!(way, CouponWay::Grant | CouponWay::Claim),
    }
}

/// Whether somebody's having it depends on whom it is for. Whoever gives it decides otherwise.
pub(super) const fn asks_audience(source: CouponSource) -> bool {
    matches!(source, CouponSource::Claim | CouponSource::SharedCode | CouponSource::OneTimeCode)
}

/// Who wants a coupon, as far as that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimer {
    /// Whether they never paid an order.
    pub(super) newcomer: bool,
    /// Whether they are on the template's list.
    pub(super) listed: bool,
}

/// Whether a template is for this person.
pub(super) fn may_have(audience: CouponAudience, claimer: Claimer) -> Result<(), CouponError> {
    let fits = match audience {
        CouponAudience::Everyone => true,
        CouponAudience::Newcomers => claimer.newcomer,
        CouponAudience::List => claimer.listed,
    };
    if fits { Ok(()) } else { Err(CouponError::NotForYou) }
}

/// Whether a template gives coupons away at this moment.
pub(super) fn on_offer(template: &CouponTemplate, now: Timestamp) -> Result<(), CouponError> {
    if template.state != CouponTemplateState::Active {
        return Err(CouponError::NotOnOffer);
    }
    if let Some(from) = template.claims_from.filter(|from| now < *from) {
        return Err(CouponError::ClaimsNotBegun(json!({ "claims_from": from })));
    }
    if template.claims_until.is_some_and(|until| until <= now) { Err(CouponError::ClaimsOver) } else { Ok(()) }
}

/// Whether some are left. What this sees may be out of date, but only so that a guard refuses later what it let through:
/// what is gone never comes back.
pub(super) fn some_left(allotment: &Allotment, day: Day) -> Result<(), CouponError> {
    if allotment.left() == Some(0) {
        return Err(CouponError::SoldOut);
    }
    if allotment.left_on(day) == Some(0) { Err(CouponError::SoldOutToday) } else { Ok(()) }
}

/// Whether a user had fewer than one may have.
pub(super) fn within_own_limits(
    template: &CouponTemplate,
    count: Option<&UserCount>,
    day: Day,
) -> Result<(), CouponError> {
    let Some(count) = count else { return Ok(()) };
    if count.issued >= template.per_user_limit {
        return Err(CouponError::LimitReached(json!({ "limit": template.per_user_limit })));
    }
    let today = if count.day == day { count.issued_today } else { 0 };
    match template.per_user_daily_limit {
        Some(limit) if today >= limit => Err(CouponError::DailyLimitReached(json!({ "limit": limit }))),
        _ => Ok(()),
    }
}

/// When a coupon had at `now` can be used. `until` ends it earlier.
///
/// # Errors
/// [`CouponError::ClaimsOver`] when it could never be used.
pub(super) fn window(
    template: &CouponTemplate,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), CouponError> {
    let from = template.valid_from.map_or(now, |from| from.max(now));
    let by_days = template.valid_days.map(|days| now.plus_millis(days.saturating_mul(DAY_MS)));
    let end = [template.valid_until, by_days, until].into_iter().flatten().min();
    match end {
        Some(end) if from < end => Ok((from, end)),
        _ => Err(CouponError::ClaimsOver),
    }
}

/// The coupon's own worth: only where the template leaves it open.
pub(super) fn own_amount(template: &CouponTemplate, amount: Option<Fen>) -> Result<Option<Fen>, CouponError> {
    let open = template.family == CouponFamily::Social && template.amount.is_none();
    let fits = |amount: Fen| amount > Fen::ZERO && amount <= super::model::MAX_FEN;
    match (open, amount) {
        (true, Some(amount)) if fits(amount) => Ok(Some(amount)),
        (false, None) => Ok(None),
        _ => Err(CouponError::AmountOutOfRange),
    }
}

/// Whether a coupon can be used by its user at this moment.
pub(super) fn usable(coupon: &Coupon, now: Timestamp) -> Result<(), Hindrance> {
    match coupon.state {
        CouponState::Held if coupon.valid_until <= now => Err(Hindrance::Expired),
        CouponState::Held if now < coupon.valid_from => Err(Hindrance::NotYetValid(coupon.valid_from)),
        CouponState::Held => Ok(()),
        CouponState::Expired => Err(Hindrance::Expired),
        state => Err(Hindrance::NotHeld(state)),
    }
}

/// A reason without the spaces around it.
pub(super) fn reason(text: &str) -> Result<&str, CouponError> {
    let text = text.trim();
    let fits = (1..=MAX_REASON).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(CouponError::ReasonOutOfRange) }
}
