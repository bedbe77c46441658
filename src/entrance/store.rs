//! All SQL on entrances.

use diesel::prelude::*;

use super::model::{Entrance, EntranceDraft, EntranceId, EntranceOrigin, EntranceState, Platform};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::schema::entrances;
use crate::platform::db::{Constraint, DbResult, Tx, columns};

/// The rule that an application is one entrance.
pub(super) const ONE_APP: Constraint =
    Constraint { index: "entrances_app", columns: "entrances.platform, entrances.app_id" };

/// The rule that an original id names one account.
pub(super) const ONE_ORIGINAL: Constraint =
    Constraint { index: "entrances_original", columns: "entrances.original_id" };

pub(super) fn insert(tx: &mut Tx<'_>, entrance: &Entrance) -> DbResult<()> {
    diesel::insert_into(entrances::table).values(entrance).execute(tx.conn()?)?;
    Ok(())
}

/// Adds it unless the application is an entrance already.
pub(super) fn insert_if_absent(tx: &mut Tx<'_>, entrance: &Entrance) -> DbResult<()> {
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(entrances::table).values(entrance).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

pub(super) fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(entrances::table.count().get_result(tx.conn()?)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: EntranceId) -> DbResult<Option<Entrance>> {
    Ok(entrances::table.find(id).select(columns::<Entrance>()).first(tx.conn()?).optional()?)
}

/// Every entrance, oldest first.
pub(super) fn all(tx: &mut Tx<'_>) -> DbResult<Vec<Entrance>> {
    Ok(entrances::table.select(columns::<Entrance>()).order(entrances::id).load(tx.conn()?)?)
}

/// Entrances by id.
pub(super) fn page(
    tx: &mut Tx<'_>,
    (platform, state): (Option<Platform>, Option<EntranceState>),
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Entrance>> {
    let after = EntranceId::new(after.map_or(0, |cursor| cursor.id));
    let mut query = entrances::table
        .select(columns::<Entrance>())
        .filter(entrances::id.gt(after))
        .order(entrances::id)
        .limit(limit)
        .into_boxed();
    if let Some(platform) = platform {
        query = query.filter(entrances::platform.eq(platform));
    }
    if let Some(state) = state {
        query = query.filter(entrances::state.eq(state));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Writes what staff changed, if the entrance still has this version; false when it has another.
pub(super) fn change(tx: &mut Tx<'_>, id: EntranceId, version: i64, draft: &EntranceDraft) -> DbResult<bool> {
    let now = tx.now();
    let seen = entrances::table.find(id).filter(entrances::version.eq(version));
    let changed = diesel::update(seen)
        .set((
            entrances::name.eq(&draft.name),
            entrances::open_platform.eq(&draft.open_platform),
            entrances::original_id.eq(draft.original_id.as_deref()),
            entrances::version.eq(entrances::version + 1),
            entrances::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// Sealed secrets to write; `None` leaves one as it is, `Some(None)` forgets it.
#[derive(AsChangeset, Default)]
#[diesel(table_name = entrances)]
pub(super) struct SealedSecrets {
    pub(super) sealed_secret: Option<Option<String>>,
    pub(super) secret_set_at: Option<Option<Timestamp>>,
    pub(super) sealed_message_token: Option<Option<String>>,
    pub(super) message_token_set_at: Option<Option<Timestamp>>,
    pub(super) sealed_message_aes_key: Option<Option<String>>,
    pub(super) message_aes_key_set_at: Option<Option<Timestamp>>,
}

pub(super) fn write_secrets(tx: &mut Tx<'_>, id: EntranceId, secrets: &SealedSecrets) -> DbResult<()> {
    let now = tx.now();
    diesel::update(entrances::table.find(id))
        .set((secrets, entrances::version.eq(entrances::version + 1), entrances::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Enables or disables an entrance of the staff's; false when it was so already.
pub(super) fn set_state(tx: &mut Tx<'_>, id: EntranceId, state: EntranceState) -> DbResult<bool> {
    let now = tx.now();
    let other = entrances::table.find(id).filter(entrances::state.ne(state));
    let changed = diesel::update(other)
        .set((entrances::state.eq(state), entrances::version.eq(entrances::version + 1), entrances::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// Leaves the entrances of a former configuration to the staff, shut, since nobody has their secrets.
pub(super) fn leave_to_staff(tx: &mut Tx<'_>, platform: Platform, app_id: &str) -> DbResult<()> {
    let now = tx.now();
    let former = entrances::table
        .filter(entrances::origin.eq(EntranceOrigin::Configuration))
        .filter(entrances::platform.ne(platform).or(entrances::app_id.ne(app_id)));
    diesel::update(former)
        .set((
            entrances::origin.eq(EntranceOrigin::Staff),
            entrances::state.eq(EntranceState::Disabled),
            entrances::version.eq(entrances::version + 1),
            entrances::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Takes an entrance of the staff's over into the configuration: enabled, and without the secret that they wrote.
pub(super) fn take_over(tx: &mut Tx<'_>, platform: Platform, app_id: &str) -> DbResult<()> {
    let now = tx.now();
    let theirs = entrances::table
        .filter(entrances::origin.eq(EntranceOrigin::Staff))
        .filter(entrances::platform.eq(platform))
        .filter(entrances::app_id.eq(app_id));
    diesel::update(theirs)
        .set((
            entrances::origin.eq(EntranceOrigin::Configuration),
            entrances::state.eq(EntranceState::Enabled),
            entrances::sealed_secret.eq(None::<String>),
            entrances::secret_set_at.eq(None::<Timestamp>),
            entrances::version.eq(entrances::version + 1),
            entrances::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}
