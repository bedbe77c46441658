//! Logging in: from proofs to a user, from a user to a log-in.

use secrecy::{ExposeSecret as _, SecretString};

use super::merge::{Cause, Joining, merge};
use super::phone;
use super::profile::session_key_place;
use super::{IdentityKeys, LoginListeners, refresh_expiry};
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::events::{USER_LOGGED_IN, USER_REGISTERED, UserLoggedIn, UserRegistered};
use crate::identity::merge_store;
use crate::identity::model::{
    Conflict, ConflictId, Identity, IdentityId, LoginSession, Proof, Provider, User, UserState,
};
use crate::identity::rules::{self, Decision, E164, Owner, Side, ToldFace};
use crate::identity::store::{self, ProfileChange};
use crate::kernel::id::{DeviceId, SessionId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::secrets::RandomToken;

/// How often proofs are looked up again after a parallel request took one.
const TRIES: u32 = 3;

/// A person within one account of WeChat's Open Platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unionid {
    /// The account; empty for the shop's only one.
    pub open_platform: String,
    /// The person.
    pub unionid: String,
}

/// What a platform said about a code of one entrance.
#[derive(Debug, Clone)]
pub struct EntranceProof {
    /// Who vouches for the openid.
    pub provider: Provider,
    /// The entrance's app id.
    pub app_id: String,
    /// The user within it.
    pub openid: String,
    /// The user within the Open Platform account, when it was told.
    pub unionid: Option<Unionid>,
    /// WeChat's key of the session in a mini-program; stored sealed.
    pub session_key: Option<SecretString>,
    /// What the person let the platform tell of themselves.
    pub face: ToldFace,
}

impl EntranceProof {
    /// The proof that is the openid.
    pub(super) fn of_openid(&self) -> Proof {
        Proof { provider: self.provider, app_id: self.app_id.clone(), subject: self.openid.clone() }
    }

    /// The proof that is the unionid.
    pub(super) fn of_unionid(&self) -> Option<Proof> {
        let Unionid { open_platform, unionid } = self.unionid.clone()?;
        Some(Proof { provider: Provider::WechatUnionid, app_id: open_platform, subject: unionid })
    }
}

/// Somebody who comes in through an entrance.
#[derive(Debug, Clone)]
pub struct EntranceLogin {
    /// What its platform said.
    pub proof: EntranceProof,
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

/// Logs in whoever came through an entrance; makes the user when nobody holds the proofs.
///
/// # Errors
/// [`IdentityError::UserBlocked`], or the database's.
pub fn log_in(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    listeners: &LoginListeners,
    login: &EntranceLogin,
) -> Result<Login, IdentityError> {
    let proof = &login.proof;
    let newcomer = Newcomer { face: &proof.face, entrance: proof.provider, phone: None };
    let with = (keys, listeners.accounts());
    let (user_id, registered) = settle_user(tx, with, &newcomer, &proof.of_openid(), proof.of_unionid().as_ref())?;
    let user = store::lock_active_user(tx, user_id)?.ok_or(IdentityError::UserBlocked)?;
    keep_session_key(tx, keys, user_id, proof)?;
    let user = if registered { user } else { show_told_face(tx, user, &proof.face)? };
    let arrival = Arrival { entrance: proof.provider, app_id: &proof.app_id, device: login.device, registered };
    begin(tx, listeners, user, &arrival)
}

/// Logs in whoever has proven a phone number; makes the user when nobody holds it.
///
/// # Errors
/// [`IdentityError::UserBlocked`], or the database's.
pub fn log_in_by_phone(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    listeners: &LoginListeners,
    number: &E164,
    device: Option<DeviceId>,
) -> Result<Login, IdentityError> {
    let newcomer = Newcomer { face: &ToldFace::default(), entrance: Provider::Phone, phone: Some(number) };
    let (user_id, registered) =
        settle_user(tx, (keys, listeners.accounts()), &newcomer, &phone::proof(keys, number), None)?;
    let user = store::lock_active_user(tx, user_id)?.ok_or(IdentityError::UserBlocked)?;
    begin(tx, listeners, user, &Arrival { entrance: Provider::Phone, app_id: "", device, registered })
}

/// How somebody came in.
struct Arrival<'a> {
    entrance: Provider,
    app_id: &'a str,
    device: Option<DeviceId>,
    registered: bool,
}

/// Begins the log-in of a locked user, and tells everybody who acts then.
fn begin(
    tx: &mut Tx<'_>,
    listeners: &LoginListeners,
    user: User,
    arrival: &Arrival<'_>,
) -> Result<Login, IdentityError> {
    let &Arrival { entrance, registered, .. } = arrival;
    let (user_id, app_id) = (user.id, arrival.app_id.to_owned());
    let device_id = known_device(tx, arrival.device, user_id)?;
    if registered {
        let payload = UserRegistered { user_id, entrance, app_id: app_id.clone(), device_id };
        events::record(tx, &NewEvent { name: USER_REGISTERED, version: 1, user: Some(user_id), payload: &payload })?;
    }
    let begun = begin_session(tx, user, device_id)?;
    let payload = UserLoggedIn { user_id, session_id: begun.session, entrance, app_id, device_id, registered };
    events::record(tx, &NewEvent { name: USER_LOGGED_IN, version: 1, user: Some(user_id), payload: &payload })?;
    if registered {
        listeners.tell_registered(tx, user_id)?;
    }
    listeners.tell(tx, user_id, device_id)?;
    Ok(begun)
}

/// What is known about somebody beside their proofs, in case they have to be made.
struct Newcomer<'a> {
    face: &'a ToldFace,
    entrance: Provider,
    /// The number behind a proof that is a phone, which is stored beside its hash.
    phone: Option<&'a E164>,
}

/// Finds or makes the user that the proofs mean; says whether they are new. When a parallel request takes one of the
/// proofs first, the unique index refuses ours and we look again: two first log-ins make one user.
fn settle_user(
    tx: &mut Tx<'_>,
    with: (&IdentityKeys, &Accounts),
    newcomer: &Newcomer<'_>,
    first: &Proof,
    second: Option<&Proof>,
) -> Result<(UserId, bool), IdentityError> {
    for _ in 0..TRIES {
        let one = side(tx, first)?;
        let other = second.map(|proof| side(tx, proof)).transpose()?;
        let decision = rules::link(&one, other.as_ref());
        match tx.attempt(|tx| carry_out(tx, with, newcomer, &decision)) {
            Ok(user) => return Ok((user, decision.user().is_none())),
            Err(error) if lost_to_a_twin(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(DbError::Conflict("proofs kept changing hands".to_owned()).into())
}

/// Whether a proof was taken, a key filled, or a user merged, between looking and writing.
pub(super) fn lost_to_a_twin(error: &IdentityError) -> bool {
    match error {
        IdentityError::Db(error) => error.violates(store::ONE_OWNER) || error.violates(store::ONE_VALUE),
        IdentityError::AlreadyMerged => true,
        _ => false,
    }
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

fn carry_out(
    tx: &mut Tx<'_>,
    (keys, accounts): (&IdentityKeys, &Accounts),
    newcomer: &Newcomer<'_>,
    decision: &Decision,
) -> Result<UserId, IdentityError> {
    match decision {
        Decision::Create(proofs) => {
            let user = new_user(tx, newcomer);
            store::insert_user(tx, &user)?;
            for proof in proofs {
                insert_proof(tx, keys, user.id, proof, newcomer.phone)?;
            }
            Ok(user.id)
        }
        Decision::Keep(user) => Ok(*user),
        Decision::Attach(user, proof) => {
            insert_proof(tx, keys, *user, proof, newcomer.phone)?;
            Ok(*user)
        }
        Decision::Merge { into, from, over } => {
            join(tx, accounts, decision, (*into, *from), over)?;
            Ok(*into)
        }
        Decision::Conflict { kept, other, over } => {
            keep_for_staff(tx, decision, *kept, *other, over)?;
            Ok(*kept)
        }
    }
}

/// Makes two users one, unless staff declared them to be two persons or locked one of them out: then they decide. Says
/// whether the two are one now.
pub(super) fn join(
    tx: &mut Tx<'_>,
    accounts: &Accounts,
    decision: &Decision,
    (into, from): (UserId, UserId),
    over: &Proof,
) -> Result<bool, IdentityError> {
    let mut waits = merge_store::are_apart(tx, into, from)?;
    for user in [into, from] {
        waits |= store::user(tx, user)?.is_none_or(|user| user.state == UserState::Blocked);
    }
    if waits {
        keep_for_staff(tx, decision, into, Some(from), over)?;
        return Ok(false);
    }
    merge(tx, accounts, &Joining { into, from, cause: Cause::Proof(over.clone()) })?;
    Ok(true)
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
        decision: None,
        decided_at: None,
        decided_by: None,
    };
    store::note_conflict(tx, &conflict)
}

fn new_user(tx: &Tx<'_>, newcomer: &Newcomer<'_>) -> User {
    let told = newcomer.face.nickname.clone();
    User {
        id: UserId::new(tx.next_id()),
        state: UserState::Active,
        nickname: told.unwrap_or_else(|| rules::usual_nickname(newcomer.entrance).to_owned()),
        avatar: newcomer.face.avatar.clone(),
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

/// Gives somebody who has not chosen a name yet the name and picture that the platform told.
fn show_told_face(tx: &mut Tx<'_>, mut user: User, face: &ToldFace) -> DbResult<User> {
    let Some(nickname) = face.nickname.clone().filter(|_| rules::is_usual_nickname(&user.nickname)) else {
        return Ok(user);
    };
    let avatar = face.avatar.clone().filter(|_| user.avatar.is_none());
    let change =
        ProfileChange { nickname: Some(nickname.clone()), avatar: avatar.clone().map(Some), updated_at: tx.now() };
    store::change_profile(tx, user.id, &change)?;
    user.nickname = nickname;
    user.avatar = avatar.or(user.avatar);
    user.updated_at = change.updated_at;
    Ok(user)
}

/// Gives a proof to a user. `phone` is the number behind a proof that is a phone.
pub(super) fn insert_proof(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    proof: &Proof,
    phone: Option<&E164>,
) -> Result<(), IdentityError> {
    let id = IdentityId::new(tx.next_id());
    let phone = phone.filter(|_| proof.provider == Provider::Phone);
    let identity = Identity {
        id,
        user_id: user,
        provider: proof.provider,
        app_id: proof.app_id.clone(),
        subject: proof.subject.clone(),
        sealed: phone.map(|phone| keys.seal.seal(&phone::place(id), &phone.full())).transpose()?,
        masked: phone.map(E164::masked),
        created_at: tx.now(),
    };
    Ok(store::insert_identity(tx, &identity)?)
}

/// Stores the session key of the openid, when this user holds it: after a conflict the openid is nobody's.
pub(super) fn keep_session_key(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    user: UserId,
    proof: &EntranceProof,
) -> Result<(), IdentityError> {
    let Some(session_key) = &proof.session_key else {
        return Ok(());
    };
    let held = store::identity_of(tx, user, proof.provider, &proof.app_id)?;
    let Some(identity) = held.filter(|identity| identity.subject == proof.openid) else {
        return Ok(());
    };
    let sealed = keys.seal.seal(&session_key_place(identity.id), session_key.expose_secret())?;
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

/// Begins a log-in of a user who turned out to be the person of another log-in.
///
/// # Errors
/// [`IdentityError::UserBlocked`], or the database's.
pub fn go_on_as(tx: &mut Tx<'_>, user: UserId, device: Option<DeviceId>) -> Result<Login, IdentityError> {
    let user = store::lock_active_user(tx, user)?.ok_or(IdentityError::UserBlocked)?;
    begin_session(tx, user, device)
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
