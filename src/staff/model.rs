//! Accounts, roles, sessions, audit entries and approvals as they are stored.

use diesel::prelude::*;

use crate::kernel::id::{SessionId, StaffId};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{audit_entries, staff_accounts, staff_approvals, staff_roles, staff_sessions};
use crate::{stored_enum, typed_id};

typed_id! {
    /// One role: a named set of permissions.
    RoleId,
    /// One entry of the audit log.
    AuditId,
    /// One action that waits for, or got, a second person's word.
    ApprovalId,
}

stored_enum! {
    /// Whether an account may log in.
    pub enum AccountState {
        /// It may.
        Active = "active",
        /// It may not, and its sessions have ended.
        Disabled = "disabled",
    }
}

stored_enum! {
    /// Where an approval stands.
    pub enum ApprovalState {
        /// Nobody has decided yet.
        Waiting = "waiting",
        /// A second person agreed, and the action was carried out.
        Approved = "approved",
        /// A second person refused.
        Rejected = "rejected",
    }
}

/// One member of staff.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = staff_accounts)]
pub struct Account {
    /// Its id.
    pub id: StaffId,
    /// The name to log in with: lower-case, unique.
    pub username: String,
    /// The name colleagues see.
    pub display_name: String,
    /// The password as a PHC string (argon2id).
    pub password_hash: String,
    /// The sealed secret of the second factor, when it is on.
    pub sealed_totp: Option<String>,
    /// A sealed secret that waits for its first code.
    pub pending_totp: Option<String>,
    /// The time step of the last code accepted; no code of this step or an earlier one is accepted again.
    pub totp_step: Option<i64>,
    /// Whether it may log in.
    pub state: AccountState,
    /// Log-in attempts since the last success.
    pub failed_logins: i64,
    /// Until when nobody can log in to it.
    pub locked_until: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A new account.
#[derive(Debug, Insertable)]
#[diesel(table_name = staff_accounts, treat_none_as_default_value = false)]
pub(super) struct NewAccount<'a> {
    pub(super) id: StaffId,
    pub(super) username: &'a str,
    pub(super) display_name: &'a str,
    pub(super) password_hash: &'a str,
    pub(super) state: AccountState,
    pub(super) failed_logins: i64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// One role.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = staff_roles, treat_none_as_default_value = false)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its stable name, such as `customer_service`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Whether the product brings it along; such a role cannot be changed or removed.
    pub built_in: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One log-in of a member of staff: a family of refresh tokens.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = staff_sessions, treat_none_as_default_value = false)]
pub struct StaffSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When it ended, when it has.
    pub revoked_at: Option<Timestamp>,
    /// Why it ended.
    pub revoke_reason: Option<String>,
}

/// One entry of the audit log.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
pub struct AuditRow {
    /// Its id; entries are listed newest first by it.
    pub id: AuditId,
    /// Who.
    pub staff_id: StaffId,
    /// Did what, such as `order.refund`.
    pub action: String,
    /// To what kind of thing, such as `order`.
    pub subject_kind: String,
    /// To which one.
    pub subject_id: Option<i64>,
    /// Why, in the words of the actor.
    pub reason: Option<String>,
    /// The thing before, as JSON.
    pub before: Option<String>,
    /// The thing afterwards, as JSON.
    pub after: Option<String>,
    /// The network address it was done from.
    pub address: String,
    /// The request it was done by.
    pub request_id: String,
    /// When.
    pub at: Timestamp,
}

/// One action above a limit, and what a second person said to it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = staff_approvals, treat_none_as_default_value = false)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// What is to be done, such as `order.refund`.
    pub action: String,
    /// To which thing.
    pub subject_id: i64,
    /// Everything the action needs, as JSON, in the shape its capability chose.
    pub payload: String,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who asked.
    pub requested_by: StaffId,
    /// Who decided; never the one who asked.
    pub decided_by: Option<StaffId>,
    /// Why it was asked for.
    pub reason: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}
