//! Roles: named sets of permissions. The built-in ones follow the code; the shop makes further ones.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::accounts::Deed;
use super::sessions;
use crate::kernel::id::StaffId;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Revocations;
use crate::staff::audit::{self, AuditEntry};
use crate::staff::error::StaffError;
use crate::staff::model::{Role, RoleId};
use crate::staff::permission;
use crate::staff::rules::{self, MAX_ROLES};
use crate::staff::store;

/// A role with what it may do and how many have it.
#[derive(Debug, Clone)]
pub struct RoleCard {
    /// The role.
    pub role: Role,
    /// Its permissions.
    pub permissions: Vec<String>,
    /// How many accounts have it.
    pub holders: i64,
}

/// A role as staff describe it.
#[derive(Debug, Clone)]
pub struct NewRoleSpec {
    /// 2 to 32 of `a-z 0-9 _`; cannot be changed later.
    pub name: String,
    /// 1 to 32 characters.
    pub title: String,
    /// Its permissions.
    pub permissions: Vec<String>,
}

/// Brings the built-in roles in line with the code: at the start of every process. Doing it twice changes nothing.
///
/// # Errors
/// The database's.
pub fn ensure_built_in_roles(tx: &mut Tx<'_>) -> DbResult<()> {
    let stored: HashMap<String, Role> =
        store::roles::all(tx)?.into_iter().map(|role| (role.name.clone(), role)).collect();
    let mut held: HashMap<RoleId, BTreeSet<String>> = HashMap::new();
    for (role, name) in store::roles::all_permissions(tx)? {
        held.entry(role).or_default().insert(name);
    }
    for wanted in rules::built_in_roles() {
        let id = match stored.get(wanted.name) {
            Some(role) => role.id,
            None => add_built_in(tx, wanted.name, wanted.title)?,
        };
        let permissions: BTreeSet<String> = wanted.permissions.iter().map(|name| (*name).to_owned()).collect();
        if held.get(&id) != Some(&permissions) {
            store::roles::set_permissions(tx, id, &wanted.permissions)?;
        }
    }
    Ok(())
}

fn add_built_in(tx: &mut Tx<'_>, name: &str, title: &str) -> DbResult<RoleId> {
    let role = Role {
        id: RoleId::new(tx.next_id()),
        name: name.to_owned(),
        title: title.to_owned(),
        built_in: true,
        created_at: tx.now(),
    };
    store::roles::insert_if_absent(tx, &role)?;
    // Another process may have added it meanwhile, under another id.
    let stored = store::roles::find_by_name(tx, name)?;
    stored.map(|role| role.id).ok_or_else(|| DbError::Defect(format!("the role {name} could not be added")))
}

/// What an account may do at this moment.
///
/// # Errors
/// The database's.
pub fn permissions_of(tx: &mut Tx<'_>, staff: StaffId) -> DbResult<Vec<String>> {
    store::roles::permissions_of(tx, staff)
}

/// What an account may do, in the words of the code; a word that the code no longer knows gives nothing.
pub(super) fn known_permissions_of(tx: &mut Tx<'_>, staff: StaffId) -> DbResult<Vec<&'static str>> {
    let names = store::roles::permissions_of(tx, staff)?;
    let mut known: Vec<_> = names.iter().filter_map(|name| permission::find(name)).map(|found| found.name).collect();
    known.sort_unstable();
    Ok(known)
}

/// Every role, the built-in ones first.
///
/// # Errors
/// The database's.
pub fn list_roles(tx: &mut Tx<'_>) -> DbResult<Vec<RoleCard>> {
    let holders: HashMap<RoleId, i64> = store::roles::count_holders(tx)?.into_iter().collect();
    let mut permissions: HashMap<RoleId, Vec<String>> = HashMap::new();
    for (role, name) in store::roles::all_permissions(tx)? {
        permissions.entry(role).or_default().push(name);
    }
    let card = |role: Role| RoleCard {
        permissions: permissions.remove(&role.id).unwrap_or_default(),
        holders: holders.get(&role.id).copied().unwrap_or_default(),
        role,
    };
    Ok(store::roles::all(tx)?.into_iter().map(card).collect())
}

fn card(tx: &mut Tx<'_>, id: RoleId) -> Result<RoleCard, StaffError> {
    let role = store::roles::find(tx, id)?.ok_or(StaffError::RoleNotFound)?;
    let mut permissions = store::roles::permissions_of_roles(tx, &[id])?;
    permissions.sort_unstable();
    let holders = i64::try_from(store::roles::holders_of(tx, id)?.len()).unwrap_or(i64::MAX);
    Ok(RoleCard { role, permissions, holders })
}

/// Makes a role. It can hold nothing that its maker may not do.
///
/// # Errors
/// [`StaffError::RoleInvalid`], [`StaffError::RoleNameTaken`], [`StaffError::TooManyRoles`],
/// [`StaffError::BeyondAuthority`], or the database's.
pub fn create_role(tx: &mut Tx<'_>, deed: &Deed, new: &NewRoleSpec) -> Result<RoleCard, StaffError> {
    let name = rules::check_role_name(&new.name).map_err(StaffError::RoleInvalid)?;
    let title = rules::check_title("title", &new.title).map_err(StaffError::RoleInvalid)?;
    let permissions = rules::check_permissions(&new.permissions).map_err(StaffError::RoleInvalid)?;
    demand_authority(tx, deed.staff, &permissions)?;
    if store::roles::count_custom(tx)? >= MAX_ROLES {
        return Err(StaffError::TooManyRoles);
    }
    let role = Role { id: RoleId::new(tx.next_id()), name, title, built_in: false, created_at: tx.now() };
    if !store::roles::insert_if_absent(tx, &role)? {
        return Err(StaffError::RoleNameTaken);
    }
    store::roles::set_permissions(tx, role.id, &permissions)?;
    let card = card(tx, role.id)?;
    record(tx, deed, "role.create", role.id, (None, Some(described(&card))))?;
    Ok(card)
}

/// Replaces the title and the permissions of a role; the log-ins of all who have it end. Takes every permission that it
/// had or is to have.
///
/// # Errors
/// [`StaffError::RoleNotFound`], [`StaffError::RoleBuiltIn`], [`StaffError::RoleInvalid`],
/// [`StaffError::BeyondAuthority`], or the database's.
pub fn replace_role(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    deed: &Deed,
    id: RoleId,
    title: &str,
    permissions: &[String],
) -> Result<RoleCard, StaffError> {
    let title = rules::check_title("title", title).map_err(StaffError::RoleInvalid)?;
    let permissions = rules::check_permissions(permissions).map_err(StaffError::RoleInvalid)?;
    let old = changeable(tx, id)?;
    let reach: Vec<&str> = old.permissions.iter().map(String::as_str).chain(permissions.iter().copied()).collect();
    demand_authority(tx, deed.staff, &reach)?;
    let holders = store::roles::holders_of(tx, id)?;
    store::accounts::touch(tx, &holders)?;
    store::roles::retitle(tx, id, &title)?;
    store::roles::set_permissions(tx, id, &permissions)?;
    sessions::end_all(tx, revocations, &holders, None, "roles_changed")?;
    let card = card(tx, id)?;
    record(tx, deed, "role.replace", id, (Some(described(&old)), Some(described(&card))))?;
    Ok(card)
}

/// Removes a role that nobody has.
///
/// # Errors
/// [`StaffError::RoleNotFound`], [`StaffError::RoleBuiltIn`], [`StaffError::RoleInUse`], or the database's.
pub fn remove_role(tx: &mut Tx<'_>, deed: &Deed, id: RoleId) -> Result<(), StaffError> {
    let old = changeable(tx, id)?;
    if old.holders > 0 {
        return Err(StaffError::RoleInUse);
    }
    match tx.attempt(|tx| store::roles::remove(tx, id)) {
        // Somebody was given the role since.
        Err(DbError::ForeignKey(_)) => return Err(StaffError::RoleInUse),
        outcome => outcome?,
    }
    Ok(record(tx, deed, "role.remove", id, (Some(described(&old)), None))?)
}

/// A role that the shop made, locked until the end of the transaction.
fn changeable(tx: &mut Tx<'_>, id: RoleId) -> Result<RoleCard, StaffError> {
    if store::roles::lock(tx, &[id])? == 0 {
        return Err(StaffError::RoleNotFound);
    }
    let card = card(tx, id)?;
    if card.role.built_in { Err(StaffError::RoleBuiltIn) } else { Ok(card) }
}

fn demand_authority(tx: &mut Tx<'_>, actor: StaffId, wanted: &[&str]) -> Result<(), StaffError> {
    let own: BTreeSet<String> = store::roles::permissions_of(tx, actor)?.into_iter().collect();
    if rules::covers(&own, wanted.iter().copied()) { Ok(()) } else { Err(StaffError::BeyondAuthority) }
}

fn described(card: &RoleCard) -> Value {
    json!({ "name": card.role.name, "title": card.role.title, "permissions": card.permissions })
}

fn record(
    tx: &mut Tx<'_>,
    deed: &Deed,
    action: &str,
    role: RoleId,
    (before, after): (Option<Value>, Option<Value>),
) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: deed.staff,
            action,
            subject_kind: "role",
            subject_id: Some(role.get()),
            reason: None,
            before,
            after,
            origin: &deed.origin,
        },
    )
}
