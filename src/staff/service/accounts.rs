//! Accounts of colleagues. Nobody can reach beyond what they may do themselves: to change somebody's account takes every
//! permission that they have or are to have. Changing what somebody may do ends their log-ins, since access tokens carry
//! permissions.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{roles, sessions};
use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::{Origin, Revocations};
use crate::staff::audit::{self, AuditEntry};
use crate::staff::error::StaffError;
use crate::staff::model::{Account, AccountState, NewAccount, Role, RoleId};
use crate::staff::passwords::HashedPassword;
use crate::staff::rules::{self, MAX_ROLES_PER_ACCOUNT, OWNER};
use crate::staff::store;

/// Who does something, and from where.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Who.
    pub staff: StaffId,
    /// From where.
    pub origin: Origin,
}

/// An account with its roles.
#[derive(Debug, Clone)]
pub struct AccountCard {
    /// The account.
    pub account: Account,
    /// Its roles.
    pub roles: Vec<Role>,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccountSpec {
    /// 3 to 32 of `a-z 0-9 . _ -`.
    pub username: String,
    /// 1 to 32 characters.
    pub display_name: String,
    /// The password, hashed before.
    pub password: HashedPassword,
    /// The roles.
    pub roles: Vec<RoleId>,
}

/// The first account of a shop, or one more that may do everything.
#[derive(Debug, Clone)]
pub struct NewOwner {
    /// 3 to 32 of `a-z 0-9 . _ -`.
    pub username: String,
    /// 1 to 32 characters.
    pub display_name: String,
    /// The password, hashed before.
    pub password: HashedPassword,
}

/// Opens an account that may do everything: for the command line, which nobody without the machine can reach. It is
/// audited as the new account's own deed.
///
/// # Errors
/// [`StaffError::AccountInvalid`], [`StaffError::UsernameTaken`], or the database's.
pub fn create_owner(tx: &mut Tx<'_>, new: &NewOwner) -> Result<StaffId, StaffError> {
    roles::ensure_built_in_roles(tx)?;
    let owner = owner_role(tx)?;
    let id = open(tx, &new.username, &new.display_name, &new.password, &[owner.id])?;
    let origin = Origin { address: "command line".to_owned(), request_id: String::new() };
    let after = json!({ "username": new.username, "roles": [OWNER] });
    record(tx, &Deed { staff: id, origin }, ("staff.create_owner", id), None, (None, Some(after)))?;
    Ok(id)
}

/// Opens an account.
///
/// # Errors
/// [`StaffError::AccountInvalid`], [`StaffError::UsernameTaken`], [`StaffError::RoleNotFound`],
/// [`StaffError::BeyondAuthority`], or the database's.
pub fn create_account(tx: &mut Tx<'_>, deed: &Deed, new: &NewAccountSpec) -> Result<AccountCard, StaffError> {
    let wanted = checked_roles(tx, &new.roles)?;
    demand_authority(tx, deed.staff, None, &wanted)?;
    let id = open(tx, &new.username, &new.display_name, &new.password, &wanted)?;
    let card = show_account(tx, id)?;
    let after = json!({ "username": card.account.username, "display_name": card.account.display_name, "roles": names(&card.roles) });
    record(tx, deed, ("staff.create", id), None, (None, Some(after)))?;
    Ok(card)
}

fn open(
    tx: &mut Tx<'_>,
    username: &str,
    display_name: &str,
    password: &HashedPassword,
    roles: &[RoleId],
) -> Result<StaffId, StaffError> {
    let username = rules::check_username(username).map_err(StaffError::AccountInvalid)?;
    let display_name = rules::check_title("display_name", display_name).map_err(StaffError::AccountInvalid)?;
    let account = NewAccount {
        id: StaffId::new(tx.next_id()),
        username: &username,
        display_name: &display_name,
        password_hash: password.as_str(),
        state: AccountState::Active,
        failed_logins: 0,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    match tx.attempt(|tx| store::accounts::insert(tx, &account)) {
        Err(error) if error.violates(store::accounts::USERNAME) => return Err(StaffError::UsernameTaken),
        outcome => outcome?,
    }
    store::roles::assign(tx, account.id, roles)?;
    Ok(account.id)
}

/// Accounts, newest first, with their roles; one more than `limit` when more follow.
///
/// # Errors
/// The database's.
pub fn list_accounts(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Vec<AccountCard>> {
    let accounts = store::accounts::list(tx, after, limit)?;
    let ids: Vec<StaffId> = accounts.iter().map(|account| account.id).collect();
    let mut roles: HashMap<StaffId, Vec<Role>> = HashMap::new();
    for (staff, role) in store::roles::roles_of_many(tx, &ids)? {
        roles.entry(staff).or_default().push(role);
    }
    let card = |account: Account| AccountCard { roles: roles.remove(&account.id).unwrap_or_default(), account };
    Ok(accounts.into_iter().map(card).collect())
}

/// One account with its roles.
///
/// # Errors
/// [`StaffError::AccountNotFound`], or the database's.
pub fn show_account(tx: &mut Tx<'_>, id: StaffId) -> Result<AccountCard, StaffError> {
    let account = store::accounts::find(tx, id)?.ok_or(StaffError::AccountNotFound)?;
    Ok(AccountCard { roles: store::roles::roles_of(tx, id)?, account })
}

/// Changes the name that colleagues see.
///
/// # Errors
/// [`StaffError::AccountInvalid`], [`StaffError::AccountNotFound`], [`StaffError::BeyondAuthority`], or the database's.
pub fn rename_account(
    tx: &mut Tx<'_>,
    deed: &Deed,
    id: StaffId,
    display_name: &str,
) -> Result<AccountCard, StaffError> {
    let display_name = rules::check_title("display_name", display_name).map_err(StaffError::AccountInvalid)?;
    let old = show_account(tx, id)?;
    demand_authority(tx, deed.staff, Some(id), &[])?;
    if !store::accounts::rename(tx, id, &display_name)? {
        return Err(StaffError::AccountNotFound);
    }
    let change =
        (Some(json!({ "display_name": old.account.display_name })), Some(json!({ "display_name": display_name })));
    record(tx, deed, ("staff.rename", id), None, change)?;
    show_account(tx, id)
}

/// Gives an account exactly these roles; its log-ins end.
///
/// # Errors
/// [`StaffError::AccountNotFound`], [`StaffError::RoleNotFound`], [`StaffError::BeyondAuthority`],
/// [`StaffError::LastOwner`], or the database's.
pub fn set_roles(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    deed: &Deed,
    id: StaffId,
    roles: &[RoleId],
) -> Result<AccountCard, StaffError> {
    let owner = lock_owners(tx)?;
    let wanted = checked_roles(tx, roles)?;
    lock_account(tx, id)?;
    let old = show_account(tx, id)?;
    demand_authority(tx, deed.staff, Some(id), &wanted)?;
    store::roles::assign(tx, id, &wanted)?;
    keep_an_owner(tx, owner)?;
    sessions::end_all(tx, revocations, &[id], None, "roles_changed")?;
    let card = show_account(tx, id)?;
    let change = (Some(json!({ "roles": names(&old.roles) })), Some(json!({ "roles": names(&card.roles) })));
    record(tx, deed, ("staff.set_roles", id), None, change)?;
    Ok(card)
}

/// Disables an account: its log-ins end and none begins.
///
/// # Errors
/// [`StaffError::ReasonInvalid`], [`StaffError::AccountNotFound`], [`StaffError::AccountStateUnchanged`],
/// [`StaffError::BeyondAuthority`], [`StaffError::LastOwner`], or the database's.
pub fn disable_account(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    deed: &Deed,
    id: StaffId,
    reason: &str,
) -> Result<AccountCard, StaffError> {
    let owner = lock_owners(tx)?;
    move_state(tx, deed, id, AccountState::Active, AccountState::Disabled, reason)?;
    keep_an_owner(tx, owner)?;
    sessions::end_all(tx, revocations, &[id], None, "account_disabled")?;
    show_account(tx, id)
}

/// Enables a disabled account again.
///
/// # Errors
/// [`StaffError::ReasonInvalid`], [`StaffError::AccountNotFound`], [`StaffError::AccountStateUnchanged`],
/// [`StaffError::BeyondAuthority`], or the database's.
pub fn enable_account(tx: &mut Tx<'_>, deed: &Deed, id: StaffId, reason: &str) -> Result<AccountCard, StaffError> {
    move_state(tx, deed, id, AccountState::Disabled, AccountState::Active, reason)?;
    show_account(tx, id)
}

fn move_state(
    tx: &mut Tx<'_>,
    deed: &Deed,
    id: StaffId,
    from: AccountState,
    to: AccountState,
    reason: &str,
) -> Result<(), StaffError> {
    let reason = rules::check_reason(reason).ok_or(StaffError::ReasonInvalid)?;
    lock_account(tx, id)?;
    demand_authority(tx, deed.staff, Some(id), &[])?;
    if !store::accounts::move_state(tx, id, from, to)? {
        return Err(StaffError::AccountStateUnchanged);
    }
    let action = if to == AccountState::Disabled { "staff.disable" } else { "staff.enable" };
    let change = (Some(json!({ "state": from })), Some(json!({ "state": to })));
    Ok(record(tx, deed, (action, id), Some(&reason), change)?)
}

/// Sets a new password for somebody who lost theirs; their log-ins end and their lock is lifted.
///
/// # Errors
/// [`StaffError::AccountNotFound`], [`StaffError::BeyondAuthority`], or the database's.
pub fn reset_password(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    deed: &Deed,
    id: StaffId,
    new: &HashedPassword,
) -> Result<(), StaffError> {
    lock_account(tx, id)?;
    demand_authority(tx, deed.staff, Some(id), &[])?;
    if !store::accounts::set_password(tx, id, new.as_str())? {
        return Err(StaffError::AccountNotFound);
    }
    sessions::end_all(tx, revocations, &[id], None, "password_reset")?;
    Ok(record(tx, deed, ("staff.reset_password", id), None, (None, None))?)
}

/// Turns the second factor of somebody off who lost it; their log-ins end.
///
/// # Errors
/// [`StaffError::AccountNotFound`], [`StaffError::BeyondAuthority`], [`StaffError::TotpNotOn`], or the database's.
pub fn reset_totp(tx: &mut Tx<'_>, revocations: &Revocations, deed: &Deed, id: StaffId) -> Result<(), StaffError> {
    lock_account(tx, id)?;
    demand_authority(tx, deed.staff, Some(id), &[])?;
    if !store::accounts::turn_totp_off(tx, id)? {
        return Err(StaffError::TotpNotOn);
    }
    sessions::end_all(tx, revocations, &[id], None, "totp_reset")?;
    Ok(record(tx, deed, ("staff.reset_totp", id), None, (None, None))?)
}

/// Each role once; all of them known, and locked.
fn checked_roles(tx: &mut Tx<'_>, ids: &[RoleId]) -> Result<Vec<RoleId>, StaffError> {
    let wanted: Vec<RoleId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    if wanted.is_empty() || wanted.len() > MAX_ROLES_PER_ACCOUNT {
        return Err(StaffError::AccountInvalid(json!({ "field": "roles", "rule": "1 to 20 roles" })));
    }
    let known = store::roles::lock(tx, &wanted)?;
    if known == wanted.len() { Ok(wanted) } else { Err(StaffError::RoleNotFound) }
}

/// Demands that the actor holds whatever the account may do and whatever the roles would give it.
fn demand_authority(
    tx: &mut Tx<'_>,
    actor: StaffId,
    over: Option<StaffId>,
    giving: &[RoleId],
) -> Result<(), StaffError> {
    let own: BTreeSet<String> = store::roles::permissions_of(tx, actor)?.into_iter().collect();
    let mut reach = store::roles::permissions_of_roles(tx, giving)?;
    if let Some(over) = over {
        reach.extend(store::roles::permissions_of(tx, over)?);
    }
    if rules::covers(&own, reach.iter().map(String::as_str)) { Ok(()) } else { Err(StaffError::BeyondAuthority) }
}

fn lock_account(tx: &mut Tx<'_>, id: StaffId) -> Result<(), StaffError> {
    if store::accounts::touch(tx, &[id])? == 1 { Ok(()) } else { Err(StaffError::AccountNotFound) }
}

fn owner_role(tx: &mut Tx<'_>) -> DbResult<Role> {
    let missing = || DbError::Defect("the built-in roles are missing".to_owned());
    store::roles::find_by_name(tx, OWNER)?.ok_or_else(missing)
}

/// Lets one transaction at a time change who the owners are, so that two owners cannot remove each other.
fn lock_owners(tx: &mut Tx<'_>) -> DbResult<RoleId> {
    let owner = owner_role(tx)?.id;
    store::roles::lock(tx, &[owner])?;
    Ok(owner)
}

fn keep_an_owner(tx: &mut Tx<'_>, owner: RoleId) -> Result<(), StaffError> {
    if store::roles::count_active_holders(tx, owner)? > 0 { Ok(()) } else { Err(StaffError::LastOwner) }
}

fn names(roles: &[Role]) -> Vec<&str> {
    roles.iter().map(|role| role.name.as_str()).collect()
}

fn record(
    tx: &mut Tx<'_>,
    deed: &Deed,
    (action, on): (&str, StaffId),
    reason: Option<&str>,
    (before, after): (Option<Value>, Option<Value>),
) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: deed.staff,
            action,
            subject_kind: "staff",
            subject_id: Some(on.get()),
            reason,
            before,
            after,
            origin: &deed.origin,
        },
    )
}
