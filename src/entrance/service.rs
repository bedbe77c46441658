//! What can be done with entrances.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::error::EntranceError;
use super::model::{
    Entrance, EntranceDraft, EntranceId, EntranceOrigin, EntranceState, MAX_ENTRANCES, NewEntrance, NewSecrets,
    Platform,
};
use super::rules;
use super::store::{self, SealedSecrets};
use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Origin;
use crate::platform::secrets::{SealKey, SecretError};
use crate::staff::audit::{self, AuditEntry};

/// What the configuration's own mini-program is called until staff call it something else.
const CONFIGURED_NAME: &str = "微信小程序";

/// The key that keeps secrets of entrances secret at rest. It comes from the configuration and has no default.
#[derive(Debug, Clone)]
pub struct EntranceKeys(SealKey);

impl EntranceKeys {
    /// A key of exactly 32 bytes.
    ///
    /// # Errors
    /// When it has another length.
    pub fn new(seal_key: &[u8]) -> Result<Self, SecretError> {
        Ok(Self(SealKey::new(seal_key)?))
    }

    fn seal(&self, column: &str, id: EntranceId, secret: &SecretString) -> Result<String, SecretError> {
        self.0.seal(&place(column, id), secret.expose_secret())
    }

    /// Opens what was sealed for this column of this row.
    pub(super) fn open(&self, column: &str, id: EntranceId, sealed: &str) -> Result<SecretString, SecretError> {
        self.0.open(&place(column, id), sealed)
    }
}

/// Where a secret belongs, so that it opens in its own row and column alone.
fn place(column: &str, id: EntranceId) -> String {
    format!("entrances.{column}/{id}")
}

/// The mini-program that the configuration names.
#[derive(Debug, Clone)]
pub struct ConfiguredEntrance {
    /// Its app id.
    pub app_id: String,
    /// Its secret, which is never stored.
    pub secret: SecretString,
}

/// A member of staff at work, and from where.
#[derive(Debug, Clone)]
pub(super) struct AtDesk {
    pub(super) staff_id: StaffId,
    pub(super) origin: Origin,
}

/// Writes the configuration's mini-program down as an entrance. Any number of processes may do so at once.
///
/// # Errors
/// The database's.
pub fn ensure_configured(tx: &mut Tx<'_>, configured: &ConfiguredEntrance) -> DbResult<()> {
    let platform = Platform::WechatMini;
    store::leave_to_staff(tx, platform, &configured.app_id)?;
    store::take_over(tx, platform, &configured.app_id)?;
    let draft = EntranceDraft { name: CONFIGURED_NAME.to_owned(), open_platform: String::new(), original_id: None };
    let fresh = fresh(tx, EntranceOrigin::Configuration, (platform, &configured.app_id), draft);
    store::insert_if_absent(tx, &fresh)
}

fn fresh(tx: &Tx<'_>, origin: EntranceOrigin, (platform, app_id): (Platform, &str), draft: EntranceDraft) -> Entrance {
    let now = tx.now();
    Entrance {
        id: EntranceId::new(tx.next_id()),
        platform,
        app_id: app_id.to_owned(),
        name: draft.name,
        open_platform: draft.open_platform,
        original_id: draft.original_id,
        origin,
        state: EntranceState::Enabled,
        sealed_secret: None,
        secret_set_at: None,
        sealed_message_token: None,
        message_token_set_at: None,
        sealed_message_aes_key: None,
        message_aes_key_set_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Entrances by id.
pub(super) fn page(
    tx: &mut Tx<'_>,
    filter: (Option<Platform>, Option<EntranceState>),
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Entrance>> {
    let rows = store::page(tx, filter, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |entrance| Cursor { key: 0, id: entrance.id.get() }))
}

pub(super) fn find(tx: &mut Tx<'_>, id: EntranceId) -> Result<Entrance, EntranceError> {
    store::find(tx, id)?.ok_or(EntranceError::NotFound)
}

/// Adds an enabled entrance with its secrets.
pub(super) fn add(
    tx: &mut Tx<'_>,
    keys: &EntranceKeys,
    desk: &AtDesk,
    new: &NewEntrance,
) -> Result<Entrance, EntranceError> {
    let new = rules::checked_new(new).map_err(EntranceError::InvalidField)?;
    if store::count(tx)? >= MAX_ENTRANCES {
        return Err(EntranceError::TooMany);
    }
    let mut added = fresh(tx, EntranceOrigin::Staff, (new.platform, &new.app_id), new.draft.clone());
    let sealed = sealed(tx, keys, added.id, &new.secrets)?;
    added.sealed_secret = sealed.sealed_secret.flatten();
    added.secret_set_at = sealed.secret_set_at.flatten();
    added.sealed_message_token = sealed.sealed_message_token.flatten();
    added.message_token_set_at = sealed.message_token_set_at.flatten();
    added.sealed_message_aes_key = sealed.sealed_message_aes_key.flatten();
    added.message_aes_key_set_at = sealed.message_aes_key_set_at.flatten();
    tx.attempt(|tx| store::insert(tx, &added)).map_err(taken)?;
    let mut after = facts(&added);
    if let Some(after) = after.as_object_mut() {
        after.insert("secrets_written".to_owned(), written(&new.secrets));
    }
    write_down(tx, desk, "entrance.create", added.id, (None, after))?;
    Ok(added)
}

/// Replaces what is written about an entrance that staff read at `version`.
pub(super) fn change(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: EntranceId,
    version: i64,
    draft: &EntranceDraft,
) -> Result<Entrance, EntranceError> {
    let draft = rules::checked(draft).map_err(EntranceError::InvalidField)?;
    let before = find(tx, id)?;
    if !tx.attempt(|tx| store::change(tx, id, version, &draft)).map_err(taken)? {
        return Err(EntranceError::Changed(json!({ "version": before.version })));
    }
    let after = find(tx, id)?;
    write_down(tx, desk, "entrance.change", id, (Some(facts(&before)), facts(&after)))?;
    Ok(after)
}

/// Writes new secrets in place of the old ones.
pub(super) fn write_secrets(
    tx: &mut Tx<'_>,
    keys: &EntranceKeys,
    desk: &AtDesk,
    id: EntranceId,
    secrets: &NewSecrets,
) -> Result<Entrance, EntranceError> {
    let before = find(tx, id)?;
    if before.origin == EntranceOrigin::Configuration && secrets.secret.is_some() {
        return Err(EntranceError::Configured);
    }
    rules::check_secrets(before.platform, secrets).map_err(EntranceError::InvalidField)?;
    let sealed = sealed(tx, keys, id, secrets)?;
    store::write_secrets(tx, id, &sealed)?;
    write_down(tx, desk, "entrance.secrets", id, (None, json!({ "secrets_written": written(secrets) })))?;
    find(tx, id)
}

/// Enables or disables an entrance of the staff's; the second time nothing happens.
pub(super) fn set_state(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: EntranceId,
    state: EntranceState,
) -> Result<Entrance, EntranceError> {
    let before = find(tx, id)?;
    if before.origin == EntranceOrigin::Configuration {
        return Err(EntranceError::Configured);
    }
    if state == EntranceState::Enabled && before.sealed_secret.is_none() {
        return Err(EntranceError::NoSecret);
    }
    if store::set_state(tx, id, state)? {
        let (old, new) = (json!({ "state": before.state }), json!({ "state": state }));
        write_down(tx, desk, "entrance.state", id, (Some(old), new))?;
    }
    find(tx, id)
}

fn sealed(
    tx: &Tx<'_>,
    keys: &EntranceKeys,
    id: EntranceId,
    secrets: &NewSecrets,
) -> Result<SealedSecrets, SecretError> {
    let now = tx.now();
    let seal =
        |column: &str, secret: Option<&SecretString>| secret.map(|secret| keys.seal(column, id, secret)).transpose();
    let mut sealed = SealedSecrets::default();
    if let Some(secret) = &secrets.secret {
        sealed.sealed_secret = Some(seal("sealed_secret", Some(secret))?);
        sealed.secret_set_at = Some(Some(now));
    }
    if let Some(token) = &secrets.message_token {
        sealed.sealed_message_token = Some(seal("sealed_message_token", token.as_ref())?);
        sealed.message_token_set_at = Some(token.as_ref().map(|_| now));
    }
    if let Some(key) = &secrets.message_aes_key {
        sealed.sealed_message_aes_key = Some(seal("sealed_message_aes_key", key.as_ref())?);
        sealed.message_aes_key_set_at = Some(key.as_ref().map(|_| now));
    }
    Ok(sealed)
}

/// Which secrets were written and which forgotten, for the audit log.
fn written(secrets: &NewSecrets) -> Value {
    let said = |given: &Option<Option<SecretString>>| match given {
        None => "kept",
        Some(None) => "forgotten",
        Some(Some(_)) => "written",
    };
    json!({
        "secret": if secrets.secret.is_some() { "written" } else { "kept" },
        "message_token": said(&secrets.message_token),
        "message_aes_key": said(&secrets.message_aes_key),
    })
}

fn taken(error: DbError) -> EntranceError {
    if error.violates(store::ONE_APP) {
        EntranceError::AppTaken
    } else if error.violates(store::ONE_ORIGINAL) {
        EntranceError::OriginalTaken
    } else {
        error.into()
    }
}

fn facts(entrance: &Entrance) -> Value {
    json!({
        "platform": entrance.platform, "app_id": entrance.app_id, "name": entrance.name,
        "open_platform": entrance.open_platform, "original_id": entrance.original_id, "state": entrance.state,
    })
}

fn write_down(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    action: &str,
    id: EntranceId,
    (before, after): (Option<Value>, Value),
) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: desk.staff_id,
            action,
            subject_kind: "entrance",
            subject_id: Some(id.get()),
            reason: None,
            before,
            after: Some(after),
            origin: &desk.origin,
        },
    )
}
