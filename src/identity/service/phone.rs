//! Binding a phone number that WeChat or an SMS code vouches for.

use super::IdentityKeys;
use super::linking::{Linked, link_proof, lock};
use crate::identity::error::IdentityError;
use crate::identity::events::{AboutUser, USER_PHONE_BOUND, USER_PHONE_UNBOUND};
use crate::identity::model::{IdentityId, Proof, Provider};
use crate::identity::rules::E164;
use crate::identity::store;
use crate::kernel::id::UserId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// What became of a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneBinding {
    /// It is the user's; what of it may be shown.
    Bound(String),
    /// It is another user's. Staff will find the pair among the conflicts, so this is committed, and only then answered
    /// as a refusal.
    Taken,
}

/// Where the phone of an identity is sealed.
pub(super) fn place(identity: IdentityId) -> String {
    format!("identities.sealed/{identity}")
}

/// The proof that is a phone number: its keyed hash.
pub(super) fn proof(keys: &IdentityKeys, phone: &E164) -> Proof {
    Proof { provider: Provider::Phone, app_id: String::new(), subject: keys.hash.hash("phone", &phone.full()) }
}

/// Binds a phone number to a logged-in user. Binding the same one again changes nothing.
///
/// # Errors
/// [`IdentityError::OtherPhoneBound`], [`IdentityError::UserBlocked`], or the database's.
pub fn bind_phone(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    phone: &E164,
) -> Result<PhoneBinding, IdentityError> {
    lock(tx, user)?;
    match link_proof(tx, keys, user, &proof(keys, phone), Some(phone))? {
        Linked::Newly => {
            record(tx, USER_PHONE_BOUND, user)?;
            Ok(PhoneBinding::Bound(phone.masked()))
        }
        Linked::Already => Ok(PhoneBinding::Bound(phone.masked())),
        Linked::OtherHeld => Err(IdentityError::OtherPhoneBound),
        Linked::Taken => Ok(PhoneBinding::Taken),
    }
}

/// Gives the user's phone number up, so that another can be bound.
///
/// # Errors
/// [`IdentityError::NoPhone`], [`IdentityError::UserBlocked`], or the database's.
pub fn unbind_phone(tx: &mut Tx<'_>, user: UserId) -> Result<(), IdentityError> {
    lock(tx, user)?;
    let identity = store::identity_of(tx, user, Provider::Phone, "")?.ok_or(IdentityError::NoPhone)?;
    if !store::remove_identity(tx, user, identity.id)? {
        return Err(IdentityError::NoPhone);
    }
    Ok(record(tx, USER_PHONE_UNBOUND, user)?)
}

fn record(tx: &mut Tx<'_>, name: &'static str, user: UserId) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: Some(user), payload: &AboutUser { user_id: user } })?;
    Ok(())
}
