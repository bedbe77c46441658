//! Logging in: from proofs to a user, from a user to a log-in.

use secrecy::{ExposeSecret as _, SecretString};

use super::profile::session_key_place;
use super::{IdentityKeys, LoginListeners, refresh_expiry};
use crate::identity::error::IdentityError;
use crate::identity::events::{USER_LOGGED_IN, USER_REGISTERED, UserLoggedIn, UserRegistered};
use crate::identity::model::{
    Conflict, ConflictId, Identity, IdentityId, LoginSession, Proof, Provider, User, UserState,
};
use crate::identity::rules::{self, Decision, Owner, Side};
use crate::identity::store;
use crate::kernel::id::{DeviceId, SessionId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::secrets::RandomToken;

/// The name of a user who has not chosen one.
const DEFAULT_NICKNAME: &str = "微信用户";
/// How often proofs are looked up again after a parallel request took one.
const TRIES: u32 = 3;

/// What WeChat said about a login code.
#[derive(Debug, Clone)]
pub struct WechatMiniLogin {
    /// The mini-program.
    pub app_id: String,
    /// The user within it.
    pub openid: String,
    /// The user within the Open Platform account.
    pub unionid: Option<String>,
    /// The key of the session; stored sealed.
    pub session_key: SecretString,
    /// The device that asks, if it registered.
    pub device: Option<DeviceId>,
}

/// A log-in that began or went on.
#[derive(Debug, Clone)]
pub struct Login {
    /// Who.
    pub user: User,
    /// The log-in.
    pub session: SessionId,
    /// On which device.
    pub device: Option<DeviceId>,
    /// What prolongs it.
    pub refresh: RandomToken,
    /// Until when it can be prolonged.
    pub refresh_expires_at: Timestamp,
    /// The moment of this transaction, from which the access token counts.
    pub at: Timestamp,
}

/// Registers an anonymous device.
///
/// # Errors
/// The database's.
pub fn register_device(tx: &mut Tx<'_>) -> DbResult<DeviceId> {
    let id = DeviceId::new(tx.next_id());
    store::insert_device(tx, id)?;
    Ok(id)
}

/// Logs a user of the mini-program in; makes the user when nobody holds the proofs.
///
/// # Errors
/// [`IdentityError::UserBlocked`], or the database's.
pub fn log_in_wechat_mini(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    listeners: &LoginListeners,
    login: &WechatMiniLogin,
) -> Result<Login, IdentityError> {
    let proof = |provider, app_id: &str, subject: &str| Proof {
        provider,
        app_id: app_id.to_owned(),
        subject: subject.to_owned(),
    };
    let openid = proof(Provider::WechatMini, &login.app_id, &login.openid);
    let unionid = login.unionid.as_deref().map(|unionid| proof(Provider::WechatUnionid, "", unionid));
    let (user_id, registered) = settle_user(tx, &openid, unionid.as_ref())?;
    let user = store::lock_active_user(tx, user_id)?.ok_or(IdentityError::UserBlocked)?;
    keep_session_key(tx, keys, user_id, login)?;
    let device = known_device(tx, login.device, user_id)?;
    if registered {
        let payload =
            UserRegistered { user_id, entrance: Provider::WechatMini, app_id: login.app_id.clone(), device_id: device };
        events::record(tx, &NewEvent { name: USER_REGISTERED, version: 1, user: Some(user_id), payload: &payload })?;
    }
    let login_made = begin_session(tx, user, device)?;
    let payload = UserLoggedIn {
        user_id,
        session_id: login_made.session,
        entrance: Provider::WechatMini,
        app_id: login.app_id.clone(),
        device_id: device,
        registered,
    };
    events::record(tx, &NewEvent { name: USER_LOGGED_IN, version: 1, user: Some(user_id), payload: &payload })?;
    if registered {
        listeners.tell_registered(tx, user_id)?;
    }
    listeners.tell(tx, user_id, device)?;
    Ok(login_made)
}

/// Finds or makes the user that the proofs mean; says whether they are new. When a parallel request takes one of the
/// proofs first, the unique index refuses ours and we look again: two first log-ins make one user.
fn settle_user(tx: &mut Tx<'_>, first: &Proof, second: Option<&Proof>) -> Result<(UserId, bool), IdentityError> {
    for _ in 0..TRIES {
        let one = side(tx, first)?;
        let other = second.map(|proof| side(tx, proof)).transpose()?;
        let decision = rules::link(&one, other.as_ref());
        match tx.attempt(|tx| carry_out(tx, &decision)) {
            Ok(user) => return Ok((user, decision.user().is_none())),
            Err(error) if lost_to_a_twin(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(DbError::Conflict("proofs kept changing hands".to_owned()).into())
}

/// Whether a proof was taken, or a key filled, between looking and writing.
pub(super) fn lost_to_a_twin(error: &DbError) -> bool {
    error.violates(store::ONE_OWNER) || error.violates(store::ONE_VALUE)
}

/// Who holds a proof, with everything else they hold.
pub(super) fn side(tx: &mut Tx<'_>, proof: &Proof) -> DbResult<Side> {
    let Some(user) = store::owner_of(tx, proof)? else {
        return Ok(Side::Unknown(proof.clone()));
    };
    Ok(Side::Known(proof.clone(), owner(tx, user)?))
}

/// A user with every proof they hold.
pub(super) fn owner(tx: &mut Tx<'_>, user: UserId) -> DbResult<Owner> {
    let holds = store::identities_of(tx, user)?.iter().map(Identity::proof).collect();
    Ok(Owner { user, holds })
}

fn carry_out(tx: &mut Tx<'_>, decision: &Decision) -> DbResult<UserId> {
    match decision {
        Decision::Create(proofs) => {
            let user = new_user(tx);
            store::insert_user(tx, &user)?;
            for proof in proofs {
                insert_proof(tx, user.id, proof)?;
            }
            Ok(user.id)
        }
        Decision::Keep(user) => Ok(*user),
        Decision::Attach(user, proof) => {
            insert_proof(tx, *user, proof)?;
            Ok(*user)
        }
        Decision::Merge { into: kept, from, over } => {
            keep_for_staff(tx, decision, *kept, Some(*from), over)?;
            Ok(*kept)
        }
        Decision::Conflict { kept, other, over } => {
            keep_for_staff(tx, decision, *kept, *other, over)?;
            Ok(*kept)
        }
    }
}

/// Writes down that two proofs could not be brought together. Each pair is written down once.
pub(super) fn keep_for_staff(
    tx: &mut Tx<'_>,
    decision: &Decision,
    kept: UserId,
    other: Option<UserId>,
    over: &Proof,
) -> DbResult<()> {
    let Some(reason) = decision.for_staff() else {
        return Ok(());
    };
    let conflict = Conflict {
        id: ConflictId::new(tx.next_id()),
        kept_user_id: kept,
        other_user_id: other,
        provider: over.provider,
        app_id: over.app_id.clone(),
        subject: over.subject.clone(),
        reason,
        created_at: tx.now(),
    };
    store::note_conflict(tx, &conflict)
}

fn new_user(tx: &Tx<'_>) -> User {
    User {
        id: UserId::new(tx.next_id()),
        state: UserState::Active,
        nickname: DEFAULT_NICKNAME.to_owned(),
        avatar: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

fn insert_proof(tx: &mut Tx<'_>, user: UserId, proof: &Proof) -> DbResult<()> {
    let identity = Identity {
        id: IdentityId::new(tx.next_id()),
        user_id: user,
        provider: proof.provider,
        app_id: proof.app_id.clone(),
        subject: proof.subject.clone(),
        sealed: None,
        masked: None,
        created_at: tx.now(),
    };
    store::insert_identity(tx, &identity)
}

/// Stores the session key of the openid, when this user holds it: after a conflict the openid is nobody's.
fn keep_session_key(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    login: &WechatMiniLogin,
) -> Result<(), IdentityError> {
    let held = store::identity_of(tx, user, Provider::WechatMini, &login.app_id)?;
    let Some(identity) = held.filter(|identity| identity.subject == login.openid) else {
        return Ok(());
    };
    let sealed = keys.seal.seal(&session_key_place(identity.id), login.session_key.expose_secret())?;
    Ok(store::keep_session_key(tx, identity.id, &sealed)?)
}

/// The device, if the shop knows it; from its first log-in on it is this user's.
fn known_device(tx: &mut Tx<'_>, device: Option<DeviceId>, user: UserId) -> DbResult<Option<DeviceId>> {
    let Some(device) = device else {
        return Ok(None);
    };
    if !store::knows_device(tx, device)? {
        return Ok(None);
    }
    store::claim_device(tx, device, user)?;
    Ok(Some(device))
}

fn begin_session(tx: &mut Tx<'_>, user: User, device: Option<DeviceId>) -> Result<Login, IdentityError> {
    let session = LoginSession {
        id: SessionId::new(tx.next_id()),
        user_id: user.id,
        device_id: device,
        created_at: tx.now(),
        revoked_at: None,
        revoke_reason: None,
    };
    store::insert_session(tx, &session)?;
    let refresh = RandomToken::generate()?;
    let refresh_expires_at = refresh_expiry(tx);
    store::insert_refresh_token(tx, &refresh.stored_hash(), session.id, refresh_expires_at)?;
    Ok(Login { user, session: session.id, device, refresh, refresh_expires_at, at: tx.now() })
}
