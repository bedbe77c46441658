//! One person: what they did and when, everything kept about them, and forgetting them.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::phone::place;
use super::{IdentityKeys, StaffAct, sessions};
use crate::identity::assets::{Accounts, Erasure, UserRows, number};
use crate::identity::error::IdentityError;
use crate::identity::events::{AboutUser, USER_ERASED};
use crate::identity::model::Provider;
use crate::identity::{merge_store, rules, store};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::rows::{self, Fields};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::staff::audit::{self, AuditEntry};

/// What a user is called whose person was forgotten.
const ERASED_NICKNAME: &str = "已注销用户";

/// Something a person did, or that happened to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What, such as `order.paid`.
    pub what: &'static str,
    /// The kind of thing concerned: the name of its table.
    pub subject_kind: &'static str,
    /// Which one: what names it there.
    pub subject: String,
}

/// What a person did before `before`, newest first, at most `limit`.
///
/// # Errors
/// [`IdentityError::UserNotFound`], or the database's.
pub fn timeline(
    tx: &mut Tx<'_>,
    accounts: &Accounts,
    user: UserId,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Moment>, IdentityError> {
    store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?;
    let mut moments = Vec::new();
    for list in accounts.rows() {
        for (column, what) in list.moments {
            let found = rows::latest(tx, (list.table, list.owner, column), user.get(), before.millis(), limit)?;
            for row in found {
                moments.extend(moment(tx, list, column, what, &row)?);
            }
        }
    }
    for asset in accounts.assets() {
        moments.extend(asset.deeds(tx, user, before, limit)?);
    }
    moments.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.what.cmp(other.what)));
    moments.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(moments)
}

fn moment(
    tx: &mut Tx<'_>,
    list: &UserRows,
    column: &str,
    what: &'static str,
    row: &Fields,
) -> DbResult<Option<Moment>> {
    let Some(at) = number(row, column) else {
        return Ok(None);
    };
    let key = rows::key_of(tx, list.table, row)?;
    let parts: Vec<String> =
        key.into_iter().filter(|(name, _)| name != list.owner).filter_map(|(_, value)| value).collect();
    Ok(Some(Moment { at: Timestamp::from_millis(at), what, subject_kind: list.table, subject: parts.join("/") }))
}

/// Everything that is kept about a user, as one document: their profile, their proofs, and every row of every table that
/// is theirs, under the tables' names, also of those that know them by another name than the shop does.
///
/// # Errors
/// [`IdentityError::UserNotFound`], or the database's.
pub fn export(tx: &mut Tx<'_>, accounts: &Accounts, keys: &IdentityKeys, user: UserId) -> Result<Value, IdentityError> {
    let found = store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?;
    let mut tables: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for list in accounts.rows() {
        let theirs = rows::owned(tx, list.table, list.owner, user.get())?;
        let told = tables.entry(list.table).or_default();
        for row in &theirs {
            told.push(told_row(tx, list, row)?);
        }
    }
    for asset in accounts.assets() {
        for (table, row) in asset.otherwise_named(tx, user)? {
            tables.entry(table).or_default().push(json!(row));
        }
    }
    let profile = json!({
        "user_id": found.id,
        "nickname": found.nickname,
        "avatar": found.avatar,
        "phone": phone(tx, keys, user)?,
        "created_at": found.created_at,
    });
    Ok(json!({ "profile": profile, "tables": tables, "made_at": tx.now() }))
}

/// The same for staff who answer the person's request; the look is audited with its reason.
///
/// # Errors
/// As [`export`], and [`IdentityError::ReasonInvalid`].
pub fn export_by_staff(
    tx: &mut Tx<'_>,
    accounts: &Accounts,
    keys: &IdentityKeys,
    user: UserId,
    act: &StaffAct,
) -> Result<Value, IdentityError> {
    let told = export(tx, accounts, keys, user)?;
    record(tx, "user.export", user, act)?;
    Ok(told)
}

fn record(tx: &mut Tx<'_>, action: &str, user: UserId, act: &StaffAct) -> Result<(), IdentityError> {
    let reason = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    let entry = AuditEntry {
        staff_id: act.staff,
        action,
        subject_kind: "user",
        subject_id: Some(user.get()),
        reason: Some(&reason),
        before: None,
        after: None,
        origin: &act.origin,
    };
    audit::record(tx, &entry)?;
    Ok(())
}

fn told_row(tx: &mut Tx<'_>, list: &UserRows, row: &Fields) -> DbResult<Value> {
    let mut told = json!(shown(list, row));
    for (part, column) in list.parts {
        let Some(id) = number(row, "id") else { continue };
        let parts = rows::owned(tx, part, column, id)?;
        if let Some(fields) = told.as_object_mut() {
            fields.insert((*part).to_owned(), json!(parts));
        }
    }
    Ok(told)
}

fn shown(list: &UserRows, row: &Fields) -> Fields {
    let told = row.iter().filter(|(name, _)| !list.withheld.contains(&name.as_str()));
    told.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn phone(tx: &mut Tx<'_>, keys: &IdentityKeys, user: UserId) -> Result<Option<String>, IdentityError> {
    let Some(identity) = store::identity_of(tx, user, Provider::Phone, "")? else {
        return Ok(None);
    };
    let Some(sealed) = identity.sealed.as_deref() else {
        return Ok(None);
    };
    Ok(Some(keys.seal.open(&place(identity.id), sealed)?.expose_secret().to_owned()))
}

/// Forgets a user, at their own wish or, on their behalf, by staff: what tells who they are goes, what the books need
/// stays and is nobody's. Users who became part of this one are forgotten with them.
///
/// # Errors
/// [`IdentityError::UserNotFound`], [`IdentityError::AlreadyErased`], [`IdentityError::Unfinished`] while orders are
/// under way, [`IdentityError::ReasonInvalid`], or the database's.
pub fn erase(
    tx: &mut Tx<'_>,
    accounts: &Accounts,
    user: UserId,
    by_staff: Option<&StaffAct>,
) -> Result<(), IdentityError> {
    store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?;
    refuse_unfinished(tx, accounts, user)?;
    let also = store::merged_users(tx, user)?;
    if !merge_store::set_erased(tx, user, ERASED_NICKNAME)? {
        return Err(IdentityError::AlreadyErased);
    }
    for gone in also.into_iter().chain([user]) {
        sessions::end_all(tx, &accounts.revocations, gone, "erased")?;
        forget_rows(tx, accounts, gone)?;
        if gone != user {
            merge_store::set_erased(tx, gone, ERASED_NICKNAME)?;
        }
        merge_store::forget_merges(tx, gone)?;
    }
    if let Some(act) = by_staff {
        record(tx, "user.erase", user, act)?;
    }
    let payload = AboutUser { user_id: user };
    events::record(tx, &NewEvent { name: USER_ERASED, version: 1, user: Some(user), payload: &payload })?;
    Ok(())
}

fn refuse_unfinished(tx: &mut Tx<'_>, accounts: &Accounts, user: UserId) -> Result<(), IdentityError> {
    for list in accounts.rows() {
        let Some((column, values)) = list.unfinished else { continue };
        for value in values {
            let at = Fields::from([
                (list.owner.to_owned(), Some(user.to_string())),
                (column.to_owned(), Some((*value).to_owned())),
            ]);
            if !rows::matching(tx, list.table, &at)?.is_empty() {
                return Err(IdentityError::Unfinished(json!({ "kind": list.table, "state": value })));
            }
        }
    }
    Ok(())
}

fn forget_rows(tx: &mut Tx<'_>, accounts: &Accounts, user: UserId) -> DbResult<()> {
    for asset in accounts.assets() {
        asset.before_erasure(tx, user)?;
        for list in asset.rows() {
            let theirs = Fields::from([(list.owner.to_owned(), Some(user.to_string()))]);
            match list.erasure {
                Erasure::Keep => {}
                Erasure::Remove => {
                    rows::remove(tx, list.table, &theirs)?;
                }
                Erasure::Blank(columns) => {
                    let blank = |(name, value): &(&str, &str)| ((*name).to_owned(), Some((*value).to_owned()));
                    rows::change(tx, list.table, &theirs, &columns.iter().map(blank).collect())?;
                }
            }
        }
    }
    Ok(())
}
