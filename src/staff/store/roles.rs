//! SQL on roles, what they may do, and who has them.

use diesel::prelude::*;

use crate::kernel::id::StaffId;
use crate::on_backend;
use crate::platform::db::schema::{
    staff_account_roles as holders, staff_accounts as accounts, staff_role_permissions as permissions,
    staff_roles as roles,
};
use crate::platform::db::{DbResult, Tx};
use crate::staff::model::{AccountState, Role, RoleId};

pub(in crate::staff) fn all(tx: &mut Tx<'_>) -> DbResult<Vec<Role>> {
    Ok(roles::table.order((roles::built_in.desc(), roles::id)).select(Role::as_select()).load(tx.conn()?)?)
}

pub(in crate::staff) fn count_custom(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(roles::table.filter(roles::built_in.eq(false)).count().get_result(tx.conn()?)?)
}

pub(in crate::staff) fn find(tx: &mut Tx<'_>, id: RoleId) -> DbResult<Option<Role>> {
    Ok(roles::table.find(id).select(Role::as_select()).first(tx.conn()?).optional()?)
}

pub(in crate::staff) fn find_by_name(tx: &mut Tx<'_>, name: &str) -> DbResult<Option<Role>> {
    Ok(roles::table.filter(roles::name.eq(name)).select(Role::as_select()).first(tx.conn()?).optional()?)
}

/// Adds a role; false when its name is taken.
pub(in crate::staff) fn insert_if_absent(tx: &mut Tx<'_>, role: &Role) -> DbResult<bool> {
    let rows = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(roles::table).values(role).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(rows == 1)
}

pub(in crate::staff) fn retitle(tx: &mut Tx<'_>, id: RoleId, title: &str) -> DbResult<bool> {
    Ok(diesel::update(roles::table.find(id)).set(roles::title.eq(title)).execute(tx.conn()?)? == 1)
}

/// Locks roles until the end of the transaction, so that what is counted over their holders stays true and nobody is
/// given them while they change; answers how many of them there are.
pub(in crate::staff) fn lock(tx: &mut Tx<'_>, ids: &[RoleId]) -> DbResult<usize> {
    let named = roles::table.filter(roles::id.eq_any(ids));
    Ok(diesel::update(named).set(roles::built_in.eq(roles::built_in)).execute(tx.conn()?)?)
}

/// Removes a role and what it may do; it must have no holders.
pub(in crate::staff) fn remove(tx: &mut Tx<'_>, id: RoleId) -> DbResult<()> {
    diesel::delete(permissions::table.filter(permissions::role_id.eq(id))).execute(tx.conn()?)?;
    diesel::delete(roles::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}

/// What every role may do, as pairs.
pub(in crate::staff) fn all_permissions(tx: &mut Tx<'_>) -> DbResult<Vec<(RoleId, String)>> {
    let pairs = permissions::table
        .order((permissions::role_id, permissions::permission))
        .select((permissions::role_id, permissions::permission))
        .load(tx.conn()?)?;
    Ok(pairs)
}

/// What these roles may do together.
pub(in crate::staff) fn permissions_of_roles(tx: &mut Tx<'_>, ids: &[RoleId]) -> DbResult<Vec<String>> {
    let names = permissions::table.filter(permissions::role_id.eq_any(ids)).select(permissions::permission).distinct();
    Ok(names.load(tx.conn()?)?)
}

/// What an account may do.
pub(in crate::staff) fn permissions_of(tx: &mut Tx<'_>, staff: StaffId) -> DbResult<Vec<String>> {
    let held = holders::table.filter(holders::staff_id.eq(staff)).select(holders::role_id);
    let names = permissions::table.filter(permissions::role_id.eq_any(held)).select(permissions::permission).distinct();
    Ok(names.load(tx.conn()?)?)
}

/// Makes a role hold exactly these permissions.
pub(in crate::staff) fn set_permissions(tx: &mut Tx<'_>, id: RoleId, names: &[&str]) -> DbResult<()> {
    let surplus = permissions::table.filter(permissions::role_id.eq(id)).filter(permissions::permission.ne_all(names));
    diesel::delete(surplus).execute(tx.conn()?)?;
    let rows: Vec<_> =
        names.iter().map(|name| (permissions::role_id.eq(id), permissions::permission.eq(*name))).collect();
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(permissions::table).values(&rows).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

/// Who has a role.
pub(in crate::staff) fn holders_of(tx: &mut Tx<'_>, id: RoleId) -> DbResult<Vec<StaffId>> {
    Ok(holders::table
        .filter(holders::role_id.eq(id))
        .order(holders::staff_id)
        .select(holders::staff_id)
        .load(tx.conn()?)?)
}

/// How many people have each role.
pub(in crate::staff) fn count_holders(tx: &mut Tx<'_>) -> DbResult<Vec<(RoleId, i64)>> {
    let counts =
        holders::table.group_by(holders::role_id).select((holders::role_id, diesel::dsl::count(holders::staff_id)));
    Ok(counts.load(tx.conn()?)?)
}

/// How many accounts that have a role may log in.
pub(in crate::staff) fn count_active_holders(tx: &mut Tx<'_>, id: RoleId) -> DbResult<i64> {
    let active = accounts::table.filter(accounts::state.eq(AccountState::Active)).select(accounts::id);
    let held = holders::table.filter(holders::role_id.eq(id)).filter(holders::staff_id.eq_any(active));
    Ok(held.count().get_result(tx.conn()?)?)
}

/// The roles of an account.
pub(in crate::staff) fn roles_of(tx: &mut Tx<'_>, staff: StaffId) -> DbResult<Vec<Role>> {
    let held = holders::table.filter(holders::staff_id.eq(staff)).select(holders::role_id);
    Ok(roles::table.filter(roles::id.eq_any(held)).order(roles::id).select(Role::as_select()).load(tx.conn()?)?)
}

/// Which of these accounts have which roles.
pub(in crate::staff) fn roles_of_many(tx: &mut Tx<'_>, staff: &[StaffId]) -> DbResult<Vec<(StaffId, Role)>> {
    let pairs = holders::table
        .inner_join(roles::table)
        .filter(holders::staff_id.eq_any(staff))
        .order(roles::id)
        .select((holders::staff_id, Role::as_select()))
        .load(tx.conn()?)?;
    Ok(pairs)
}

/// Makes an account have exactly these roles.
pub(in crate::staff) fn assign(tx: &mut Tx<'_>, staff: StaffId, ids: &[RoleId]) -> DbResult<()> {
    let surplus = holders::table.filter(holders::staff_id.eq(staff)).filter(holders::role_id.ne_all(ids));
    diesel::delete(surplus).execute(tx.conn()?)?;
    let rows: Vec<_> = ids.iter().map(|id| (holders::staff_id.eq(staff), holders::role_id.eq(*id))).collect();
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(holders::table).values(&rows).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}
