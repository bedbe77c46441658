//! A logged-in user proves another id: another entrance of the shop, or a phone number.

use super::IdentityKeys;
use super::login::{EntranceProof, insert_proof, join, keep_for_staff, keep_session_key, lost_to_a_twin, owner, side};
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::events::{IdentityLinked, USER_IDENTITY_LINKED};
use crate::identity::model::{Identity, Proof};
use crate::identity::rules::{self, Decision, E164, Side};
use crate::identity::store;
use crate::kernel::id::UserId;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// How often a proof is looked up again after a parallel request took it.
const TRIES: u32 = 3;

/// What became of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// The user holds it from now on.
    Newly,
    /// They held it already.
    Already,
    /// It was another user's, who is the same person: the two are this one now.
    Joined(UserId),
    /// They hold another value of a key that has only one. Staff will find the pair among the conflicts.
    OtherHeld,
    /// It is another user's. Staff will find the pair among the conflicts, so this is committed, and only then answered as
    /// a refusal.
    Taken,
}

/// Links what a platform said about a code to a logged-in user. Who the person is across entrances decides first: when
/// that is somebody else, nothing of it is linked. Answers also who the user is from then on: an id of another user who
/// is the same person makes the two one.
///
/// # Errors
/// [`IdentityError::UserBlocked`], or the database's.
pub fn link_entrance(
    tx: &mut Tx<'_>,
    with: (&IdentityKeys, &Accounts),
    user: UserId,
    proof: &EntranceProof,
) -> Result<(Linked, UserId), IdentityError> {
    lock(tx, user)?;
    let mut user = user;
    if let Some(unionid) = proof.of_unionid() {
        match link_proof(tx, with, user, &unionid, None)? {
            outcome @ (Linked::Taken | Linked::OtherHeld) => return Ok((outcome, user)),
            Linked::Joined(into) => user = into,
            Linked::Newly | Linked::Already => {}
        }
    }
    let outcome = link_proof(tx, with, user, &proof.of_openid(), None)?;
    if let Linked::Joined(into) = outcome {
        user = into;
    }
    if matches!(outcome, Linked::Newly | Linked::Already | Linked::Joined(_)) {
        keep_session_key(tx, with.0, user, proof)?;
    }
    if outcome == Linked::Newly {
        let payload = IdentityLinked { user_id: user, entrance: proof.provider, app_id: proof.app_id.clone() };
        events::record(tx, &NewEvent { name: USER_IDENTITY_LINKED, version: 1, user: Some(user), payload: &payload })?;
    }
    Ok((outcome, user))
}

/// The ids that a user has proven, oldest first.
///
/// # Errors
/// The database's.
pub fn identities_of(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Identity>> {
    store::identities_of(tx, user)
}

/// Locks a user who may still use the shop.
pub(super) fn lock(tx: &mut Tx<'_>, user: UserId) -> Result<(), IdentityError> {
    if store::lock_active_user(tx, user)?.is_none() {
        return Err(IdentityError::UserBlocked);
    }
    Ok(())
}

/// Links one proof to a locked user. `phone` is the number behind a proof that is a phone.
pub(super) fn link_proof(
    tx: &mut Tx<'_>,
    with: (&IdentityKeys, &Accounts),
    user: UserId,
    proof: &Proof,
    phone: Option<&E164>,
) -> Result<Linked, IdentityError> {
    for _ in 0..TRIES {
        let asking = owner(tx, user)?;
        let asking = Side::Known(asking.holds.first().unwrap_or(proof).clone(), asking);
        let decision = rules::link(&asking, Some(&side(tx, proof)?));
        match tx.attempt(|tx| carry_out(tx, with, phone, &decision)) {
            Err(error) if lost_to_a_twin(&error) => {}
            outcome => return outcome,
        }
    }
    Err(DbError::Conflict("a proof kept changing hands".to_owned()).into())
}

fn carry_out(
    tx: &mut Tx<'_>,
    (keys, accounts): (&IdentityKeys, &Accounts),
    phone: Option<&E164>,
    decision: &Decision,
) -> Result<Linked, IdentityError> {
    match decision {
        Decision::Keep(_) => Ok(Linked::Already),
        Decision::Attach(user, proof) => {
            insert_proof(tx, keys, *user, proof, phone)?;
            Ok(Linked::Newly)
        }
        Decision::Conflict { kept, other, over } => {
            keep_for_staff(tx, decision, *kept, *other, over)?;
            Ok(if other.is_some() { Linked::Taken } else { Linked::OtherHeld })
        }
        Decision::Merge { into, from, over } => {
            let joined = join(tx, accounts, decision, (*into, *from), over)?;
            Ok(if joined { Linked::Joined(*into) } else { Linked::Taken })
        }
        // A logged-in user is always known.
        Decision::Create(_) => Err(DbError::Defect("a proof was linked to nobody".to_owned()).into()),
    }
}
