//! What staff may see of users and do to them. Whatever they do, and every look at a whole phone number, is audited.

use secrecy::SecretString;
use serde_json::json;

use super::phone::{place, proof};
use super::{IdentityKeys, sessions};
use crate::identity::error::IdentityError;
use crate::identity::events::{AboutUser, USER_BLOCKED, USER_UNBLOCKED};
use crate::identity::model::{Conflict, Identity, Provider, User, UserState};
use crate::identity::rules;
use crate::identity::store::{self, UserFilter};
use crate::identity::{address_store, merge_store};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::Cursor;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::http::{Origin, Revocations};
use crate::staff::audit::{self, AuditEntry};

/// Most characters of a part of a nickname to look for.
const NICKNAME_PART_MAX: usize = 32;

/// What staff look for. Every filter given must fit.
#[derive(Debug, Clone, Default)]
pub struct UserSearch {
    /// A part of the nickname, whatever the case of ASCII letters.
    pub nickname: Option<String>,
    /// A whole mobile number of mainland China.
    pub phone: Option<String>,
    /// The state.
    pub state: Option<UserState>,
}

/// A user as staff see them.
#[derive(Debug, Clone)]
pub struct UserCard {
    /// The user.
    pub user: User,
    /// Their proofs; to be masked before they are shown.
    pub identities: Vec<Identity>,
    /// How many addresses they have.
    pub addresses: i64,
    /// How many log-ins go on.
    pub sessions: i64,
    /// The user they became part of, when they did.
    pub merged_into: Option<UserId>,
    /// Users who became part of them.
    pub merged: Vec<UserId>,
}

/// Who does something to a user, why, and from where.
#[derive(Debug, Clone)]
pub struct StaffAct {
    /// Who.
    pub staff: StaffId,
    /// Why: 1 to 200 characters.
    pub reason: String,
    /// From where.
    pub origin: Origin,
}

/// Those of these users who exist, by id.
///
/// # Errors
/// The database's.
pub fn known_users(tx: &mut Tx<'_>, ids: &[UserId]) -> DbResult<Vec<UserId>> {
    store::known_users(tx, ids)
}

/// Users that fit, newest first, each with what of their phone may be shown; one more than `limit` when more follow.
///
/// # Errors
/// [`IdentityError::SearchInvalid`], or the database's.
pub fn search_users(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    search: &UserSearch,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<(User, Option<String>)>, IdentityError> {
    let filter = filter(keys, search)?;
    let users = store::search_users(tx, &filter, after, limit)?;
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let phones: std::collections::HashMap<_, _> = store::masked_phones(tx, &ids)?.into_iter().collect();
    Ok(users
        .into_iter()
        .map(|user| {
            let phone = phones.get(&user.id).cloned().flatten();
            (user, phone)
        })
        .collect())
}

fn filter(keys: &IdentityKeys, search: &UserSearch) -> Result<UserFilter, IdentityError> {
    let flaw = |field: &str, rule: &str| IdentityError::SearchInvalid(json!({ "field": field, "rule": rule }));
    if let Some(nickname) = &search.nickname
        && !(1..=NICKNAME_PART_MAX).contains(&nickname.chars().count())
    {
        return Err(flaw("nickname", "1 to 32 characters"));
    }
    let phone = search.phone.as_deref().map(|number| {
        let number = number.trim();
        let number = number.strip_prefix("+86").unwrap_or(number);
        rules::read_phone("86", number).ok_or_else(|| flaw("phone", "a mobile number of 11 digits"))
    });
    let phone_hash = phone.transpose()?.map(|phone| proof(keys, &phone).subject);
    Ok(UserFilter { nickname: search.nickname.clone(), phone_hash, state: search.state })
}

/// One user as staff see them.
///
/// # Errors
/// [`IdentityError::UserNotFound`], or the database's.
pub fn show_user(tx: &mut Tx<'_>, user: UserId) -> Result<UserCard, IdentityError> {
    let user = store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?;
    Ok(UserCard {
        identities: store::identities_of(tx, user.id)?,
        addresses: address_store::count(tx, user.id)?,
        sessions: store::count_open_sessions(tx, user.id)?,
        merged_into: merge_store::merged_into(tx, user.id)?,
        merged: store::merged_users(tx, user.id)?,
        user,
    })
}

/// Locks a user out: every log-in ends, and none begins until they are let in again.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`], [`IdentityError::UserNotFound`], [`IdentityError::UserStateUnchanged`], or the
/// database's.
pub fn block_user(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    user: UserId,
    act: &StaffAct,
) -> Result<UserCard, IdentityError> {
    move_user(tx, user, UserState::Active, UserState::Blocked, act)?;
    sessions::end_all(tx, revocations, user, "user_blocked")?;
    show_user(tx, user)
}

/// Lets a blocked user in again; they have to log in anew.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`], [`IdentityError::UserNotFound`], [`IdentityError::UserStateUnchanged`], or the
/// database's.
pub fn unblock_user(tx: &mut Tx<'_>, user: UserId, act: &StaffAct) -> Result<UserCard, IdentityError> {
    move_user(tx, user, UserState::Blocked, UserState::Active, act)?;
    show_user(tx, user)
}

fn move_user(
    tx: &mut Tx<'_>,
    user: UserId,
    from: UserState,
    to: UserState,
    act: &StaffAct,
) -> Result<(), IdentityError> {
    let reason = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    if !store::move_user(tx, user, from, to)? {
        let known = store::user(tx, user)?.is_some();
        return Err(if known { IdentityError::UserStateUnchanged } else { IdentityError::UserNotFound });
    }
    let (action, event) = match to {
        UserState::Blocked => ("user.block", USER_BLOCKED),
        UserState::Active => ("user.unblock", USER_UNBLOCKED),
    };
    audit::record(
        tx,
        &AuditEntry {
            staff_id: act.staff,
            action,
            subject_kind: "user",
            subject_id: Some(user.get()),
            reason: Some(&reason),
            before: Some(json!({ "state": from })),
            after: Some(json!({ "state": to })),
            origin: &act.origin,
        },
    )?;
    events::record(tx, &NewEvent { name: event, version: 1, user: Some(user), payload: &AboutUser { user_id: user } })?;
    Ok(())
}

/// A user's whole phone number, for calling them; the look is audited with its reason.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`], [`IdentityError::NoPhone`], or the database's.
pub fn reveal_phone(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    act: &StaffAct,
) -> Result<SecretString, IdentityError> {
    let reason = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    let user = store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?.id;
    let identity = store::identity_of(tx, user, Provider::Phone, "")?.ok_or(IdentityError::NoPhone)?;
    let sealed = identity.sealed.as_deref().ok_or(IdentityError::NoPhone)?;
    let phone = keys.seal.open(&place(identity.id), sealed)?;
    audit::record(
        tx,
        &AuditEntry {
            staff_id: act.staff,
            action: "user.reveal_phone",
            subject_kind: "user",
            subject_id: Some(user.get()),
            reason: Some(&reason),
            before: None,
            after: None,
            origin: &act.origin,
        },
    )?;
    Ok(phone)
}

/// Proofs that could not be brought together, newest first; one more than `limit` when more follow.
///
/// # Errors
/// The database's.
pub fn list_conflicts(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Conflict>> {
    store::conflicts(tx, user, after, limit)
}
