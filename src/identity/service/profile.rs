//! What a user says about themselves, and which of their ids others may ask for.

use std::collections::HashMap;

use secrecy::SecretString;

use super::IdentityKeys;
use crate::identity::error::IdentityError;
use crate::identity::model::{IdentityId, Provider, User};
use crate::identity::rules;
use crate::identity::store::{self, ProfileChange};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};

/// A user with what of their phone may be shown.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The user.
    pub user: User,
    /// `138****1234`, when a phone is bound.
    pub phone: Option<String>,
}

/// What of a profile is to change; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileEdit {
    /// A new nickname.
    pub nickname: Option<String>,
    /// A new picture, or `Some(None)` for none.
    pub avatar: Option<Option<String>>,
}

/// What other shoppers see of a user on pages that many people look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The first character of the nickname, and `**` for the rest.
    pub masked_name: String,
    /// Their picture, when they chose one.
    pub avatar: Option<String>,
}

/// The faces of these users, for group pages, ladders and rankings; those that do not exist are absent.
///
/// # Errors
/// The database's.
pub fn faces(tx: &mut Tx<'_>, users: &[UserId]) -> DbResult<HashMap<UserId, Face>> {
    let rows = store::faces(tx, users)?;
    let face = |(user, nickname, avatar): (UserId, String, Option<String>)| {
        (user, Face { masked_name: rules::masked_name(&nickname), avatar })
    };
    Ok(rows.into_iter().map(face).collect())
}

/// Users who were known before `moment`, by id, so many after `after`: for whoever counts over all of them.
///
/// # Errors
/// The database's.
pub fn made_before(tx: &mut Tx<'_>, moment: Timestamp, after: UserId, limit: i64) -> DbResult<Vec<UserId>> {
    store::made_before(tx, moment, after, limit)
}

/// A user's profile.
///
/// # Errors
/// [`IdentityError::UserNotFound`], or the database's.
pub fn profile(tx: &mut Tx<'_>, user: UserId) -> Result<Profile, IdentityError> {
    let user = store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?;
    let phone = masked_phone(tx, user.id)?;
    Ok(Profile { user, phone })
}

/// What of a user's phone may be shown, when one is bound.
///
/// # Errors
/// The database's.
pub fn masked_phone(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<String>> {
    Ok(store::identity_of(tx, user, Provider::Phone, "")?.and_then(|identity| identity.masked))
}

/// Changes a profile; answers it as it is afterwards.
///
/// # Errors
/// [`IdentityError::ProfileInvalid`], [`IdentityError::UserNotFound`], or the database's.
pub fn edit_profile(tx: &mut Tx<'_>, user: UserId, edit: &ProfileEdit) -> Result<Profile, IdentityError> {
    let nickname = edit.nickname.as_deref().map(rules::check_nickname).transpose();
    let avatar = match &edit.avatar {
        Some(Some(avatar)) => rules::check_avatar(avatar).map(|avatar| Some(Some(avatar))),
        other => Ok(other.clone()),
    };
    let nickname = nickname.map_err(IdentityError::ProfileInvalid)?;
    let avatar = avatar.map_err(IdentityError::ProfileInvalid)?;
    let change = ProfileChange { nickname, avatar, updated_at: tx.now() };
    if !store::change_profile(tx, user, &change)? {
        return Err(IdentityError::UserNotFound);
    }
    profile(tx, user)
}

/// WeChat's key of the user's last session in a mini-program. It opens what WeChat hands to the page encrypted, and
/// never leaves the server. `None` when there is none, or when it was sealed under a seal key that is no more.
///
/// # Errors
/// The database's.
pub fn wechat_session_key(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    app_id: &str,
) -> DbResult<Option<SecretString>> {
    let Some(identity) = store::identity_of(tx, user, Provider::WechatMini, app_id)? else { return Ok(None) };
    let sealed = store::session_key(tx, identity.id)?;
    Ok(sealed.and_then(|sealed| keys.seal.open(&session_key_place(identity.id), &sealed).ok()))
}

/// Where the session key of an identity is sealed for.
pub(super) fn session_key_place(identity: IdentityId) -> String {
    format!("wechat_session_keys.sealed_key/{identity}")
}

/// The whole nicknames of these users: for staff, and for what users hand on themselves. Those that do not exist are
/// absent.
///
/// # Errors
/// The database's.
pub fn nicknames(tx: &mut Tx<'_>, users: &[UserId]) -> DbResult<HashMap<UserId, String>> {
    Ok(store::faces(tx, users)?.into_iter().map(|(user, nickname, _)| (user, nickname)).collect())
}

/// The user's openid in a mini-program, when they ever logged in there.
///
/// # Errors
/// The database's.
pub fn wechat_openid(tx: &mut Tx<'_>, user: UserId, app_id: &str) -> DbResult<Option<String>> {
    let identity = store::identity_of(tx, user, Provider::WechatMini, app_id)?;
    Ok(identity.map(|identity| identity.subject))
}
