//! All SQL on users, identities, devices, log-ins and refresh tokens. Addresses have [`super::address_store`].

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::model::{Conflict, Identity, IdentityId, LoginSession, Proof, Provider, User, UserState};
use crate::kernel::id::{DeviceId, SessionId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::{Prepared, for_update};
use crate::platform::db::schema::{
    devices, identities, identity_conflicts, login_sessions, refresh_tokens, users, wechat_session_keys,
};
use crate::platform::db::{Constraint, DbResult, Tx, columns};

#[diesel::declare_sql_function]
extern "SQL" {
    /// Lower-case text.
    fn lower(text: Text) -> Text;
}

/// The rule that one proof belongs to one user.
pub(super) const ONE_OWNER: Constraint =
    Constraint { index: "identities_subject", columns: "identities.provider, identities.app_id, identities.subject" };

/// The rule that a user holds one value of each key.
pub(super) const ONE_VALUE: Constraint = Constraint {
    index: "identities_one_per_app",
    columns: "identities.user_id, identities.provider, identities.app_id",
};

pub(super) fn user(tx: &mut Tx<'_>, id: UserId) -> DbResult<Option<User>> {
    Ok(users::table.find(id).select(User::as_select()).first(tx.conn()?).optional()?)
}

/// Nicknames and pictures of these users.
pub(super) fn faces(tx: &mut Tx<'_>, ids: &[UserId]) -> DbResult<Vec<(UserId, String, Option<String>)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let known = users::table.filter(users::id.eq_any(ids.to_vec()));
    Ok(known.select((users::id, users::nickname, users::avatar)).load(tx.conn()?)?)
}

/// Users made before `moment`, by id, those after `after` only.
pub(super) fn made_before(tx: &mut Tx<'_>, moment: Timestamp, after: UserId, limit: i64) -> DbResult<Vec<UserId>> {
    let query = users::table.filter(users::id.gt(after).and(users::created_at.lt(moment)));
    Ok(query.order(users::id).limit(limit).select(users::id).load(tx.conn()?)?)
}

pub(super) fn insert_user(tx: &mut Tx<'_>, user: &User) -> DbResult<()> {
    Prepared(diesel::insert_into(users::table).values(user)).execute(tx.conn()?)?;
    Ok(())
}

/// Locks an active user until the end of the transaction, so that what follows cannot pass a block, and so that rules
/// over all rows of a user (addresses, log-ins) are kept by one transaction at a time. Nothing when there is no such
/// active user.
pub(super) fn lock_active_user(tx: &mut Tx<'_>, id: UserId) -> DbResult<Option<User>> {
    let active = users::table.find(id).filter(users::state.eq(UserState::Active)).filter(users::merged_into.is_null());
    let locking = diesel::update(active).set(users::state.eq(UserState::Active)).returning(columns::<User>());
    Ok(Prepared(locking).get_result(tx.conn()?).optional()?)
}

/// What of a profile changes; `None` leaves a field as it is.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = users)]
pub(super) struct ProfileChange {
    pub(super) nickname: Option<String>,
    pub(super) avatar: Option<Option<String>>,
    pub(super) updated_at: Timestamp,
}

pub(super) fn change_profile(tx: &mut Tx<'_>, id: UserId, change: &ProfileChange) -> DbResult<bool> {
    Ok(Prepared(diesel::update(users::table.find(id)).set(change)).execute(tx.conn()?)? == 1)
}

pub(super) fn move_user(tx: &mut Tx<'_>, id: UserId, from: UserState, to: UserState) -> DbResult<bool> {
    let now = tx.now();
    let rows = Prepared(
        diesel::update(users::table.find(id).filter(users::state.eq(from)))
            .set((users::state.eq(to), users::updated_at.eq(now))),
    )
    .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Those of these users who exist, by id.
pub(super) fn known_users(tx: &mut Tx<'_>, ids: &[UserId]) -> DbResult<Vec<UserId>> {
    let known = users::table.filter(users::id.eq_any(ids.to_vec())).order(users::id);
    Ok(known.select(users::id).load(tx.conn()?)?)
}

/// What staff look for.
#[derive(Debug, Clone, Default)]
pub(super) struct UserFilter {
    pub(super) nickname: Option<String>,
    pub(super) phone_hash: Option<String>,
    pub(super) state: Option<UserState>,
}

/// Users, newest first.
pub(super) fn search_users(
    tx: &mut Tx<'_>,
    filter: &UserFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<User>> {
    let mut query = users::table.select(User::as_select()).into_boxed();
    if let Some(nickname) = &filter.nickname {
        let pattern = format!("%{}%", escape_like(&nickname.to_lowercase()));
        query = query.filter(lower(users::nickname).like(pattern).escape('!'));
    }
    if let Some(hash) = &filter.phone_hash {
        let holders = identities::table
            .filter(identities::provider.eq(Provider::Phone))
            .filter(identities::app_id.eq(""))
            .filter(identities::subject.eq(hash))
            .select(identities::user_id);
        query = query.filter(users::id.eq_any(holders));
    }
    if let Some(state) = filter.state {
        query = query.filter(users::state.eq(state));
    }
    if let Some(cursor) = after {
        query = query.filter(users::id.lt(cursor.id));
    }
    Ok(query.order(users::id.desc()).limit(limit.saturating_add(1)).load(tx.conn()?)?)
}

/// Makes a text match itself in `LIKE … ESCAPE '!'`.
fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}

pub(super) fn owner_of(tx: &mut Tx<'_>, proof: &Proof) -> DbResult<Option<UserId>> {
    let owner = identities::table
        .filter(identities::provider.eq(proof.provider))
        .filter(identities::app_id.eq(&proof.app_id))
        .filter(identities::subject.eq(&proof.subject))
        .select(identities::user_id)
        .first(tx.conn()?)
        .optional()?;
    Ok(owner)
}

pub(super) fn identities_of(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Identity>> {
    let rows = identities::table
        .filter(identities::user_id.eq(user))
        .order(identities::id)
        .select(Identity::as_select())
        .load(tx.conn()?)?;
    Ok(rows)
}

pub(super) fn identity_of(
    tx: &mut Tx<'_>,
    user: UserId,
    provider: Provider,
    app_id: &str,
) -> DbResult<Option<Identity>> {
    let row = identities::table
        .filter(identities::user_id.eq(user))
        .filter(identities::provider.eq(provider))
        .filter(identities::app_id.eq(app_id))
        .select(Identity::as_select())
        .first(tx.conn()?)
        .optional()?;
    Ok(row)
}

/// Gives a proof to another user.
pub(super) fn give_identity(tx: &mut Tx<'_>, id: IdentityId, user: UserId) -> DbResult<()> {
    Prepared(diesel::update(identities::table.find(id)).set(identities::user_id.eq(user))).execute(tx.conn()?)?;
    Ok(())
}

/// Users who became part of this one.
pub(super) fn merged_users(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<UserId>> {
    let parts = users::table.filter(users::merged_into.eq(user)).order(users::id);
    Ok(parts.select(users::id).load(tx.conn()?)?)
}

/// The session keys of a user's proofs go.
pub(super) fn forget_session_keys(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    let theirs = identities::table.filter(identities::user_id.eq(user)).select(identities::id);
    let ids: Vec<IdentityId> = theirs.load(tx.conn()?)?;
    diesel::delete(wechat_session_keys::table.filter(wechat_session_keys::identity_id.eq_any(ids)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// The masked phones of these users.
pub(super) fn masked_phones(tx: &mut Tx<'_>, users: &[UserId]) -> DbResult<Vec<(UserId, Option<String>)>> {
    let rows = identities::table
        .filter(identities::user_id.eq_any(users))
        .filter(identities::provider.eq(Provider::Phone))
        .select((identities::user_id, identities::masked))
        .load(tx.conn()?)?;
    Ok(rows)
}

pub(super) fn insert_identity(tx: &mut Tx<'_>, identity: &Identity) -> DbResult<()> {
    Prepared(diesel::insert_into(identities::table).values(identity)).execute(tx.conn()?)?;
    Ok(())
}

/// Removes a proof that has no session key, such as a phone, from its user; false when the user does not hold it.
pub(super) fn remove_identity(tx: &mut Tx<'_>, user: UserId, id: IdentityId) -> DbResult<bool> {
    let held = identities::table.find(id).filter(identities::user_id.eq(user));
    Ok(Prepared(diesel::delete(held)).execute(tx.conn()?)? == 1)
}

/// Keeps the newest session key of an identity.
pub(super) fn keep_session_key(tx: &mut Tx<'_>, identity: IdentityId, sealed_key: &str) -> DbResult<()> {
    let now = tx.now();
    let row = (
        wechat_session_keys::identity_id.eq(identity),
        wechat_session_keys::sealed_key.eq(sealed_key),
        wechat_session_keys::updated_at.eq(now),
    );
    on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(wechat_session_keys::table)
            .values(row)
            .on_conflict(wechat_session_keys::identity_id)
            .do_update()
            .set((wechat_session_keys::sealed_key.eq(sealed_key), wechat_session_keys::updated_at.eq(now)))).execute(conn)
    })?;
    Ok(())
}

/// The newest session key of an identity, sealed.
pub(super) fn session_key(tx: &mut Tx<'_>, identity: IdentityId) -> DbResult<Option<String>> {
    let sealed = wechat_session_keys::table.find(identity).select(wechat_session_keys::sealed_key);
    Ok(sealed.first(tx.conn()?).optional()?)
}

/// Notes a conflict once; the same one again changes nothing.
pub(super) fn note_conflict(tx: &mut Tx<'_>, conflict: &Conflict) -> DbResult<()> {
    on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(identity_conflicts::table).values(conflict).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(())
}

/// Conflicts, newest first.
pub(super) fn conflicts(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Conflict>> {
    let mut query = identity_conflicts::table.select(Conflict::as_select()).into_boxed();
    if let Some(user) = user {
        let involved = identity_conflicts::kept_user_id.eq(user).or(identity_conflicts::other_user_id.eq(user));
        query = query.filter(involved);
    }
    if let Some(cursor) = after {
        query = query.filter(identity_conflicts::id.lt(cursor.id));
    }
    Ok(query.order(identity_conflicts::id.desc()).limit(limit.saturating_add(1)).load(tx.conn()?)?)
}

pub(super) fn insert_device(tx: &mut Tx<'_>, id: DeviceId) -> DbResult<()> {
    let now = tx.now();
    Prepared(diesel::insert_into(devices::table).values((devices::id.eq(id), devices::created_at.eq(now))))
        .execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn knows_device(tx: &mut Tx<'_>, id: DeviceId) -> DbResult<bool> {
    let known = devices::table.find(id).select(devices::id).first::<DeviceId>(tx.conn()?).optional()?;
    Ok(known.is_some())
}

/// Gives an anonymous device to its first user; a device that somebody has stays theirs.
pub(super) fn claim_device(tx: &mut Tx<'_>, id: DeviceId, user: UserId) -> DbResult<()> {
    let now = tx.now();
    Prepared(
        diesel::update(devices::table.find(id).filter(devices::first_user_id.is_null()))
            .set((devices::first_user_id.eq(Some(user)), devices::claimed_at.eq(Some(now)))),
    )
    .execute(tx.conn()?)?;
    Ok(())
}

#[derive(QueryableByName)]
struct DeviceOwner {
    #[diesel(sql_type = Nullable<BigInt>)]
    first_user_id: Option<UserId>,
}

/// The first user of a device, whose row stays locked until the end of the transaction.
pub(super) fn hold_device(tx: &mut Tx<'_>, id: DeviceId) -> DbResult<Option<UserId>> {
    let conn = tx.conn()?;
    let sql = format!("SELECT first_user_id FROM devices WHERE id = $1{}", for_update(conn));
    let found: Option<DeviceOwner> = diesel::sql_query(sql).bind::<BigInt, _>(id).get_result(conn).optional()?;
    Ok(found.and_then(|device| device.first_user_id))
}

pub(super) fn has_logged_in_on(tx: &mut Tx<'_>, user: UserId, device: DeviceId) -> DbResult<bool> {
    let log_ins =
        login_sessions::table.filter(login_sessions::device_id.eq(device)).filter(login_sessions::user_id.eq(user));
    Ok(log_ins.select(login_sessions::id).first::<SessionId>(tx.conn()?).optional()?.is_some())
}

#[derive(QueryableByName)]
struct FirstSeen {
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<Timestamp>,
}

/// How many users were created in `[from, until)`.
pub(super) fn count_created(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> DbResult<i64> {
    let born = users::created_at.ge(from).and(users::created_at.lt(until));
    Ok(users::table.filter(born).count().get_result(tx.conn()?)?)
}

/// The earlier of a user's own beginning and those of the devices that became theirs.
pub(super) fn first_seen(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Timestamp>> {
    let found: FirstSeen = diesel::sql_query(
        "SELECT MIN(seen.created_at) AS at FROM (SELECT created_at FROM users WHERE id = $1 \
         UNION ALL SELECT created_at FROM devices WHERE first_user_id = $2) AS seen",
    )
    .bind::<BigInt, _>(user)
    .bind::<BigInt, _>(user)
    .get_result(tx.conn()?)?;
    Ok(found.at)
}

pub(super) fn insert_session(tx: &mut Tx<'_>, session: &LoginSession) -> DbResult<()> {
    Prepared(diesel::insert_into(login_sessions::table).values(session)).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn session(tx: &mut Tx<'_>, id: SessionId) -> DbResult<Option<LoginSession>> {
    Ok(login_sessions::table.find(id).select(LoginSession::as_select()).first(tx.conn()?).optional()?)
}

/// Ends one log-in; false when it had ended.
pub(super) fn revoke_session(tx: &mut Tx<'_>, id: SessionId, reason: &str) -> DbResult<bool> {
    let now = tx.now();
    let rows = Prepared(
        diesel::update(login_sessions::table.find(id).filter(login_sessions::revoked_at.is_null()))
            .set((login_sessions::revoked_at.eq(Some(now)), login_sessions::revoke_reason.eq(Some(reason)))),
    )
    .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Ends every log-in of a user; answers which.
pub(super) fn revoke_sessions_of(tx: &mut Tx<'_>, user: UserId, reason: &str) -> DbResult<Vec<SessionId>> {
    let now = tx.now();
    let open =
        login_sessions::table.filter(login_sessions::user_id.eq(user)).filter(login_sessions::revoked_at.is_null());
    let ended = diesel::update(open)
        .set((login_sessions::revoked_at.eq(Some(now)), login_sessions::revoke_reason.eq(Some(reason))))
        .returning(login_sessions::id)
        .get_results(tx.conn()?)?;
    Ok(ended)
}

pub(super) fn count_open_sessions(tx: &mut Tx<'_>, user: UserId) -> DbResult<i64> {
    let open =
        login_sessions::table.filter(login_sessions::user_id.eq(user)).filter(login_sessions::revoked_at.is_null());
    Ok(open.count().get_result(tx.conn()?)?)
}

/// Log-ins ended at `since` or later.
pub(super) fn revoked_since(tx: &mut Tx<'_>, since: Timestamp) -> DbResult<Vec<(SessionId, Timestamp)>> {
    let rows = login_sessions::table
        .filter(login_sessions::revoked_at.is_not_null())
        .filter(login_sessions::revoked_at.ge(since))
        .select((login_sessions::id, login_sessions::revoked_at))
        .load::<(SessionId, Option<Timestamp>)>(tx.conn()?)?;
    Ok(rows.into_iter().filter_map(|(id, at)| at.map(|at| (id, at))).collect())
}

pub(super) fn insert_refresh_token(
    tx: &mut Tx<'_>,
    hash: &str,
    session: SessionId,
    expires_at: Timestamp,
) -> DbResult<()> {
    let now = tx.now();
    Prepared(diesel::insert_into(refresh_tokens::table).values((
        refresh_tokens::token_hash.eq(hash),
        refresh_tokens::session_id.eq(session),
        refresh_tokens::issued_at.eq(now),
        refresh_tokens::expires_at.eq(expires_at),
    )))
    .execute(tx.conn()?)?;
    Ok(())
}

/// Whose token this is and until when it could be used.
pub(super) fn refresh_token(tx: &mut Tx<'_>, hash: &str) -> DbResult<Option<(SessionId, Timestamp)>> {
    let row = refresh_tokens::table
        .find(hash)
        .select((refresh_tokens::session_id, refresh_tokens::expires_at))
        .first(tx.conn()?)
        .optional()?;
    Ok(row)
}

/// Uses a refresh token up; false when it was used before.
pub(super) fn rotate(tx: &mut Tx<'_>, hash: &str) -> DbResult<bool> {
    let now = tx.now();
    let rows = Prepared(
        diesel::update(refresh_tokens::table.find(hash).filter(refresh_tokens::rotated_at.is_null()))
            .set(refresh_tokens::rotated_at.eq(Some(now))),
    )
    .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Log-ins that still carry expired refresh tokens.
pub(super) fn sessions_with_expired_tokens(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let ids = refresh_tokens::table
        .filter(refresh_tokens::expires_at.le(now))
        .select(refresh_tokens::session_id)
        .distinct()
        .limit(limit)
        .load(tx.conn()?)?;
    Ok(ids)
}

pub(super) fn forget_expired_tokens(tx: &mut Tx<'_>, session: SessionId) -> DbResult<()> {
    let now = tx.now();
    let expired =
        refresh_tokens::table.filter(refresh_tokens::session_id.eq(session)).filter(refresh_tokens::expires_at.le(now));
    Prepared(diesel::delete(expired)).execute(tx.conn()?)?;
    Ok(())
}
