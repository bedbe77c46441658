//! When a template makes sense.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::coupon::draft::CouponTemplateDraft;
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    CouponBenefit, CouponFamily, CouponScope, CouponWay, MAX_DESCRIPTION, MAX_FEN, MAX_LIMIT, MAX_NAMED, MAX_PER_USER,
    MAX_TITLE, MAX_VALID_DAYS, SHARED_CODE_LENGTH,
};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// A draft that makes sense: trimmed, with its code as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::coupon) struct CheckedDraft(pub(in crate::coupon) CouponTemplateDraft);

/// A list of ids out of a stored one; what cannot be read is empty, and only ever written by [`stored`].
pub(in crate::coupon) fn listed<T: DeserializeOwned>(stored: &str) -> Vec<T> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// A list of ids as it is stored.
fn stored<T: Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

impl CheckedDraft {
    pub(in crate::coupon) fn category_ids(&self) -> String {
        stored(&self.0.category_ids)
    }

    pub(in crate::coupon) fn product_ids(&self) -> String {
        stored(&self.0.product_ids)
    }

    pub(in crate::coupon) fn excluded_product_ids(&self) -> String {
        stored(&self.0.excluded_product_ids)
    }
}

/// Checks everything about a template that needs no database.
///
/// # Errors
/// With the field that does not fit.
pub(in crate::coupon) fn checked(
    family: CouponFamily,
    draft: &CouponTemplateDraft,
    now: Timestamp,
) -> Result<CheckedDraft, CouponError> {
    let mut draft = draft.clone();
    draft.title = draft.title.trim().to_owned();
    draft.description = draft.description.trim().to_owned();
    text("title", &draft.title, 1, MAX_TITLE)?;
    text("description", &draft.description, 0, MAX_DESCRIPTION)?;
    if (family == CouponFamily::Social) != (draft.way == CouponWay::Packet) {
        return wrong("way", "portions come from packets, and nothing else does");
    }
    worth(family, &draft)?;
    scope(&mut draft)?;
    windows(&draft, now)?;
    limits(&draft)?;
    code(&mut draft)?;
    Ok(CheckedDraft(draft))
}

fn wrong<T>(field: &str, reason: &str) -> Result<T, CouponError> {
    Err(CouponError::field(field, reason))
}

fn text(field: &str, text: &str, least: usize, most: usize) -> Result<(), CouponError> {
    if !(least..=most).contains(&text.chars().count()) {
        return wrong(field, "has the wrong length");
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return wrong(field, "has characters it must not have");
    }
    Ok(())
}

/// Refuses what belongs to another choice, so that nobody thinks it counts.
fn absent<T>(field: &str, value: &Option<T>) -> Result<(), CouponError> {
    if value.is_none() { Ok(()) } else { wrong(field, "does not belong to this kind of coupon") }
}

fn amount(field: &str, amount: Fen) -> Result<(), CouponError> {
    if amount > Fen::ZERO && amount <= MAX_FEN { Ok(()) } else { wrong(field, "must lie between 1 and 1000000000") }
}

fn worth(family: CouponFamily, draft: &CouponTemplateDraft) -> Result<(), CouponError> {
    if !(Fen::ZERO..=MAX_FEN).contains(&draft.threshold_fen) {
        return wrong("threshold_fen", "must lie between 0 and 1000000000");
    }
    match draft.benefit {
        CouponBenefit::AmountOff => {
            absent("off_permille", &draft.off_permille)?;
            absent("cap_fen", &draft.cap_fen)?;
            match draft.amount_fen {
                // Each portion has its own.
                None if family == CouponFamily::Social => Ok(()),
                None => wrong("amount_fen", "is needed"),
                Some(off) => amount("amount_fen", off),
            }
        }
        CouponBenefit::PercentOff => {
            absent("amount_fen", &draft.amount_fen)?;
            if !draft.off_permille.is_some_and(|permille| (1..=999).contains(&permille)) {
                return wrong("off_permille", "must lie between 1 and 999");
            }
            match draft.cap_fen {
                None => wrong("cap_fen", "is needed"),
                Some(cap) => amount("cap_fen", cap),
            }
        }
        CouponBenefit::Shipping => {
            absent("off_permille", &draft.off_permille)?;
            absent("cap_fen", &draft.cap_fen)?;
            if draft.scope != CouponScope::All || !draft.excluded_product_ids.is_empty() {
                return wrong("scope", "freight is for all goods together");
            }
            draft.amount_fen.map_or(Ok(()), |most| amount("amount_fen", most))
        }
    }
}

fn scope(draft: &mut CouponTemplateDraft) -> Result<(), CouponError> {
    ids("category_ids", &mut draft.category_ids, draft.scope == CouponScope::Categories, true)?;
    ids("product_ids", &mut draft.product_ids, draft.scope == CouponScope::Products, true)?;
    ids("excluded_product_ids", &mut draft.excluded_product_ids, draft.scope != CouponScope::Products, false)
}

/// Sorts a list, takes out what is named twice, and checks that it belongs to the scope.
fn ids<T: Ord>(field: &str, list: &mut Vec<T>, belongs: bool, needed: bool) -> Result<(), CouponError> {
    list.sort_unstable();
    list.dedup();
    if !belongs && !list.is_empty() {
        return wrong(field, "does not belong to this scope");
    }
    if belongs && needed && list.is_empty() {
        return wrong(field, "is needed for this scope");
    }
    if list.len() > MAX_NAMED { wrong(field, "names more than 200") } else { Ok(()) }
}

fn windows(draft: &CouponTemplateDraft, now: Timestamp) -> Result<(), CouponError> {
    if draft.valid_until.is_none() && draft.valid_days.is_none() && draft.way != CouponWay::Packet {
        return wrong("valid_until", "this or valid_days is needed");
    }
    if draft.valid_days.is_some_and(|days| !(1..=MAX_VALID_DAYS).contains(&days)) {
        return wrong("valid_days", "must lie between 1 and 3660");
    }
    let before =
        |from: Option<Timestamp>, until: Option<Timestamp>| from.zip(until).is_none_or(|(from, until)| from < until);
    if draft.valid_until.is_some_and(|until| until <= now) || !before(draft.valid_from, draft.valid_until) {
        return wrong("valid_until", "must come after valid_from and now");
    }
    if draft.claims_until.is_some_and(|until| until <= now) || !before(draft.claims_from, draft.claims_until) {
        return wrong("claims_until", "must come after claims_from and now");
    }
    if !before(draft.claims_from, draft.valid_until) {
        return wrong("claims_from", "must come before valid_until");
    }
    Ok(())
}

fn limits(draft: &CouponTemplateDraft) -> Result<(), CouponError> {
    let within = |limit: Option<i64>, most: i64| limit.is_none_or(|limit| (1..=most).contains(&limit));
    if !within(draft.total_limit, MAX_LIMIT) {
        return wrong("total_limit", "must lie between 1 and 1000000000");
    }
    if !within(draft.daily_limit, MAX_LIMIT) {
        return wrong("daily_limit", "must lie between 1 and 1000000000");
    }
    if !within(Some(draft.per_user_limit), MAX_PER_USER) {
        return wrong("per_user_limit", "must lie between 1 and 1000");
    }
    if !within(draft.per_user_daily_limit, MAX_PER_USER) {
        return wrong("per_user_daily_limit", "must lie between 1 and 1000");
    }
    Ok(())
}

fn code(draft: &mut CouponTemplateDraft) -> Result<(), CouponError> {
    match (draft.way, &draft.shared_code) {
        (CouponWay::SharedCode, Some(code)) => {
            let code = code.trim().to_ascii_uppercase();
            let fits =
                SHARED_CODE_LENGTH.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !fits {
                return wrong("shared_code", "must be 4 to 10 letters and digits");
            }
            draft.shared_code = Some(code);
            Ok(())
        }
        (CouponWay::SharedCode, None) => wrong("shared_code", "is needed"),
        (_, code) => absent("shared_code", code),
    }
}

/// Checks what may change of a template whose coupons can be had.
///
/// # Errors
/// With the field that does not fit.
pub(in crate::coupon) fn changeable(
    title: &str,
    description: &str,
    (total, daily): (Option<i64>, Option<i64>),
) -> Result<(), CouponError> {
    text("title", title, 1, MAX_TITLE)?;
    text("description", description, 0, MAX_DESCRIPTION)?;
    for (field, limit) in [("total_limit", total), ("daily_limit", daily)] {
        if limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
            return wrong(field, "must lie between 1 and 1000000000");
        }
    }
    Ok(())
}
