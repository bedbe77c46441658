//! Whose proofs are: for capabilities that meet people by an id of a platform before they log in.

use super::IdentityKeys;
use super::linking::{link_proof, lock};
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::model::{Proof, Provider};
use crate::identity::store;
use crate::kernel::id::UserId;
use crate::platform::db::{DbResult, Tx};

/// The user who holds a proof, if anybody does.
///
/// # Errors
/// The database's.
pub fn holder_of(tx: &mut Tx<'_>, proof: &Proof) -> DbResult<Option<UserId>> {
    store::owner_of(tx, proof)
}

/// Whether a user has a phone number.
///
/// # Errors
/// The database's.
pub fn has_phone(tx: &mut Tx<'_>, user: UserId) -> DbResult<bool> {
    Ok(store::identity_of(tx, user, Provider::Phone, "")?.is_some())
}

/// Brings an openid and a unionid together that the platform says are of one person, by the rules by which a logged-in
/// user links an id, and answers whose the openid is. Nobody is made of it: when neither is known, the person has not come
/// yet. Two users who hold one each become one. What cannot be brought together waits for staff.
///
/// # Errors
/// [`IdentityError::UserBlocked`], or the database's.
pub fn link_known(
    tx: &mut Tx<'_>,
    with: (&IdentityKeys, &Accounts),
    openid: &Proof,
    unionid: &Proof,
) -> Result<Option<UserId>, IdentityError> {
    if let Some(user) = store::owner_of(tx, unionid)? {
        lock(tx, user)?;
        link_proof(tx, with, user, openid, None)?;
    } else if let Some(user) = store::owner_of(tx, openid)? {
        lock(tx, user)?;
        link_proof(tx, with, user, unionid, None)?;
    }
    Ok(store::owner_of(tx, openid)?)
}
