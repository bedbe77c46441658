//! Shoppers who take coupons, and who redeem codes.

use serde_json::json;

use super::funding::Trace;
use super::granting::{NewCoupon, give};
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    CouponId, CouponSource, CouponTemplateId, CouponWithTemplate, MAX_TRIES_OF_ADDRESS, MAX_TRIES_OF_USER,
    ONE_TIME_CODE_LENGTH, TRIES_PERIOD_MS,
};
use crate::coupon::rules;
use crate::coupon::store;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, FromDb as _, Tx};

/// Takes a coupon. The same `key` answers the same coupon.
///
/// # Errors
/// Why this user cannot have it.
pub(in crate::coupon) fn claim(
    tx: &mut Tx<'_>,
    user: UserId,
    template: CouponTemplateId,
    (key, trace): (&str, &Trace),
) -> Result<CouponWithTemplate, CouponError> {
    let id = give(tx, &wanted(template, user, CouponSource::Claim, key), trace)?;
    with_template(tx, id)
}

fn wanted(template: CouponTemplateId, user: UserId, source: CouponSource, source_ref: &str) -> NewCoupon {
    NewCoupon { template, user, source, source_ref: source_ref.to_owned(), amount: None, valid_until: None }
}

pub(super) fn with_template(tx: &mut Tx<'_>, id: CouponId) -> Result<CouponWithTemplate, CouponError> {
    let (coupon, template) = store::find_with_template(tx, id)?.ok_or(CouponError::NotFound)?;
    Ok(CouponWithTemplate { coupon, template })
}

/// Somebody who types a code.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct Redemption {
    /// Who.
    pub(in crate::coupon) user: UserId,
    /// What they typed.
    pub(in crate::coupon) code: String,
    /// Under which key they may repeat it.
    pub(in crate::coupon) key: String,
    /// From which address.
    pub(in crate::coupon) address: String,
    /// On which device.
    pub(in crate::coupon) device: Option<DeviceId>,
}

/// What a code leads to.
enum Meaning {
    /// A coupon to be had once more.
    Template(CouponTemplateId, CouponSource, String),
    /// Nothing.
    Unknown,
    /// A coupon that somebody else had.
    Used,
}

/// Redeems a code. A refusal is an answer here and not a failure, because the wrong tries that lead to it are to be
/// remembered: the transaction must be committed.
///
/// # Errors
/// The database's.
pub(in crate::coupon) fn redeem(
    tx: &mut Tx<'_>,
    wish: &Redemption,
) -> DbResult<Result<CouponWithTemplate, CouponError>> {
    let Some(code) = rules::normalised(&wish.code) else { return Ok(Err(CouponError::CodeUnknown)) };
    let (person, place) = (format!("user:{}", wish.user), format!("address:{}", wish.address));
    let since = tx.now().plus_millis(-TRIES_PERIOD_MS);
    if let Some(refusal) = address_refused(tx, &place, since)? {
        return Ok(Err(refusal));
    }
    // Counted before it is looked up, so that tries made at once cannot outrun the count.
    if !store::count_try(tx, &person, since, MAX_TRIES_OF_USER)? {
        let first = store::tries_of(tx, &person)?.map(|(since, _)| since);
        return Ok(Err(too_many(first.unwrap_or_else(|| tx.now()))));
    }
    let (template, source, source_ref) = match meaning(tx, &code, wish)? {
        Meaning::Template(template, source, source_ref) => (template, source, source_ref),
        Meaning::Unknown => {
            store::count_try(tx, &place, since, i64::MAX)?;
            return Ok(Err(CouponError::CodeUnknown));
        }
        Meaning::Used => return Ok(Err(CouponError::CodeUsed)),
    };
    store::forgive_try(tx, &person)?;
    let trace = Trace { device: wish.device, address: Some(wish.address.clone()) };
    let granted = tx.attempt(|tx| {
        let id = give(tx, &wanted(template, wish.user, source, &source_ref), &trace)?;
        if source == CouponSource::OneTimeCode {
            mark_redeemed(tx, &source_ref, wish.user)?;
        }
        with_template(tx, id)
    });
    match granted {
        Err(error) if error.db_error().is_some() => error.refusal().map(Err),
        outcome => Ok(outcome),
    }
}

fn address_refused(tx: &mut Tx<'_>, place: &str, since: Timestamp) -> DbResult<Option<CouponError>> {
    let tries = store::tries_of(tx, place)?.filter(|(from, tries)| *from > since && *tries >= MAX_TRIES_OF_ADDRESS);
    Ok(tries.map(|(from, _)| too_many(from)))
}

fn too_many(since: Timestamp) -> CouponError {
    CouponError::TooManyTries(json!({ "until": since.plus_millis(TRIES_PERIOD_MS) }))
}

fn meaning(tx: &mut Tx<'_>, code: &str, wish: &Redemption) -> DbResult<Meaning> {
    if code.len() < ONE_TIME_CODE_LENGTH {
        let template = store::by_shared_code(tx, code)?;
        return Ok(template.map_or(Meaning::Unknown, |template| {
            Meaning::Template(template, CouponSource::SharedCode, wish.key.clone())
        }));
    }
    let hash = rules::hashed(code);
    Ok(match store::template_of_code(tx, &hash)? {
        None => Meaning::Unknown,
        Some((_, Some(redeemer))) if redeemer != wish.user => Meaning::Used,
        Some((template, _)) => Meaning::Template(template, CouponSource::OneTimeCode, hash),
    })
}

/// Notes who redeemed a code; refuses when somebody else was faster. Whoever did it before finds their coupon again.
fn mark_redeemed(tx: &mut Tx<'_>, hash: &str, user: UserId) -> Result<(), CouponError> {
    if store::redeem(tx, hash, user)? {
        return Ok(());
    }
    let redeemer = store::template_of_code(tx, hash)?.and_then(|(_, redeemer)| redeemer);
    if redeemer == Some(user) { Ok(()) } else { Err(CouponError::CodeUsed) }
}
