//! Binding a phone number that WeChat vouches for.

use super::IdentityKeys;
use super::login::{keep_for_staff, lost_to_a_twin, owner, side};
use crate::identity::error::IdentityError;
use crate::identity::events::{AboutUser, USER_PHONE_BOUND, USER_PHONE_UNBOUND};
use crate::identity::model::{Identity, IdentityId, Proof, Provider};
use crate::identity::rules::{self, Decision, E164, Side};
use crate::identity::store;
use crate::kernel::id::UserId;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// How often a phone is looked up again after a parallel request took it.
const TRIES: u32 = 3;

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
    if store::lock_active_user(tx, user)?.is_none() {
        return Err(IdentityError::UserBlocked);
    }
    let proof = proof(keys, phone);
    for _ in 0..TRIES {
        let asking = owner(tx, user)?;
        let asking = Side::Known(asking.holds.first().unwrap_or(&proof).clone(), asking);
        let decision = rules::link(&asking, Some(&side(tx, &proof)?));
        match tx.attempt(|tx| carry_out(tx, keys, phone, &decision)) {
            Err(IdentityError::Db(error)) if lost_to_a_twin(&error) => {}
            outcome => return outcome,
        }
    }
    Err(DbError::Conflict("the phone kept changing hands".to_owned()).into())
}

fn carry_out(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    phone: &E164,
    decision: &Decision,
) -> Result<PhoneBinding, IdentityError> {
    match decision {
        Decision::Keep(_) => Ok(PhoneBinding::Bound(phone.masked())),
        Decision::Attach(user, proof) => {
            attach(tx, keys, *user, proof, phone)?;
            Ok(PhoneBinding::Bound(phone.masked()))
        }
        Decision::Conflict { other: None, .. } => Err(IdentityError::OtherPhoneBound),
        Decision::Conflict { kept, other: Some(other), over } | Decision::Merge { into: kept, from: other, over } => {
            keep_for_staff(tx, decision, *kept, Some(*other), over)?;
            Ok(PhoneBinding::Taken)
        }
        // A logged-in user is always known.
        Decision::Create(_) => Err(DbError::Defect("a phone was bound to nobody".to_owned()).into()),
    }
}

fn attach(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    proof: &Proof,
    phone: &E164,
) -> Result<(), IdentityError> {
    let id = IdentityId::new(tx.next_id());
    let identity = Identity {
        id,
        user_id: user,
        provider: proof.provider,
        app_id: proof.app_id.clone(),
        subject: proof.subject.clone(),
        sealed: Some(keys.seal.seal(&place(id), &phone.full())?),
        masked: Some(phone.masked()),
        created_at: tx.now(),
    };
    store::insert_identity(tx, &identity)?;
    Ok(record(tx, USER_PHONE_BOUND, user)?)
}

/// Gives the user's phone number up, so that another can be bound.
///
/// # Errors
/// [`IdentityError::NoPhone`], [`IdentityError::UserBlocked`], or the database's.
pub fn unbind_phone(tx: &mut Tx<'_>, user: UserId) -> Result<(), IdentityError> {
    if store::lock_active_user(tx, user)?.is_none() {
        return Err(IdentityError::UserBlocked);
    }
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
