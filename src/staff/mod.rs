//! Staff: who they are, what they may do, what they did, and what takes two of them.
//!
//! Owns `staff_accounts`, `staff_roles`, `staff_role_permissions`, `staff_account_roles`, `staff_sessions`,
//! `staff_refresh_tokens`, `audit_entries`, `staff_approvals`.
//!
//! * **Permissions** ([`permission`]) are words fixed in code; every back-office endpoint names one as a type. **Roles**
//!   are named sets of them: nine built in, brought in line with the code at each start, and those the shop makes.
//!   Nobody gives, takes or touches what they do not hold themselves, so managing staff is no way to become more.
//! * Access tokens carry permissions. Whatever changes what somebody may do therefore ends their log-ins.
//! * **Logging in**: an attempt is counted before its password is checked and forgiven when it succeeds; five failures
//!   lock the account for a quarter of an hour (that an account is locked can be seen, so its existence can; the lock is
//!   worth more). Passwords are argon2id, checked outside any transaction, a few at a time, against a decoy when nobody
//!   has the username. The optional second factor is a time-based code, each accepted once.
//! * There is always an active **owner**: whoever would remove the last one is refused, also when two try at once.
//! * The **audit log** ([`audit`]) is written with each deed and never changed.
//! * **Approvals** ([`approval`]) carry actions above a limit out when a second person agrees.
//!
//! Deliberately absent: removing accounts (history names them), and log-in by e-mail or phone.

mod admin_api;
pub mod approval;
pub mod audit;
mod error;
mod jobs;
mod model;
mod passwords;
pub mod permission;
pub mod rules;
mod service;
mod store;
mod totp;

pub use admin_api::{AdminApi, admin_routes};
pub use error::StaffError;
pub use jobs::ForgetExpiredTokens;
pub use model::{Account, AccountState, Approval, ApprovalId, ApprovalState, AuditId, AuditRow, Role, RoleId};
pub use passwords::{Attempt, HashedPassword, Passwords, Verified, hash_password};
pub use service::{
    AccountCard, Deed, NewAccountSpec, NewOwner, NewRoleSpec, Refreshed, RoleCard, StaffKeys, StaffLogin,
    begin_confirmation, begin_login, change_own_password, confirm_totp, create_account, create_owner, create_role,
    disable_account, disable_totp, enable_account, ensure_built_in_roles, finish_login, list_accounts, list_roles,
    log_out, permissions_of, recent_revocations, refresh, remove_role, rename_account, replace_role, reset_password,
    reset_totp, set_roles, show_account, start_totp,
};
pub use totp::Enrolment;
