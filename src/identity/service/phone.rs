//! Binding a phone number that WeChat or an SMS code vouches for.

use super::IdentityKeys;
use super::linking::{Linked, link_proof, lock};
use super::login::{Login, go_on_as};
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::events::{AboutUser, USER_PHONE_BOUND, USER_PHONE_UNBOUND};
use crate::identity::model::{IdentityId, Proof, Provider};
use crate::identity::rules::E164;
use crate::identity::store;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// What became of a phone number.
#[derive(Debug)]
pub enum PhoneBinding {
    /// It is the user's; what of it may be shown.
    Bound(String),
    /// It was another user's, who is the same person: the two are one now, and only the log-in that began with this goes
    /// on. What of the number may be shown comes second.
    Joined(Box<Login>, String),
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

/// Binds a phone number to a logged-in user. Binding the same one again changes nothing. When it is another user's, the
/// two are one person and become one user, unless they conflict.
///
/// # Errors
/// [`IdentityError::OtherPhoneBound`], [`IdentityError::UserBlocked`], or the database's.
pub fn bind_phone(
    tx: &mut Tx<'_>,
    with: (&IdentityKeys, &Accounts),
    (user, device): (UserId, Option<DeviceId>),
    phone: &E164,
) -> Result<PhoneBinding, IdentityError> {
    lock(tx, user)?;
    match link_proof(tx, with, user, &proof(with.0, phone), Some(phone))? {
        Linked::Newly => {
            record(tx, USER_PHONE_BOUND, user)?;
            Ok(PhoneBinding::Bound(phone.masked()))
        }
        Linked::Already => Ok(PhoneBinding::Bound(phone.masked())),
        Linked::Joined(into) if into == user => Ok(PhoneBinding::Bound(phone.masked())),
        Linked::Joined(into) => Ok(PhoneBinding::Joined(Box::new(go_on_as(tx, into, device)?), phone.masked())),
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
