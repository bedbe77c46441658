//! Use cases of staff administration. Each takes the transaction it runs in; passwords are hashed and checked before.

mod accounts;
mod own;
mod roles;
mod sessions;
#[cfg(test)]
mod tests;

pub use accounts::{
    AccountCard, Deed, NewAccountSpec, NewOwner, create_account, create_owner, disable_account, enable_account,
    list_accounts, rename_account, reset_password, reset_totp, set_roles, show_account,
};
pub use own::{change_own_password, confirm_totp, disable_totp, start_totp};
pub use roles::{
    NewRoleSpec, RoleCard, create_role, ensure_built_in_roles, list_roles, permissions_of, remove_role, replace_role,
};
pub use sessions::{
    Refreshed, StaffLogin, begin_confirmation, begin_login, finish_login, log_out, recent_revocations, refresh,
};

use crate::platform::secrets::{SealKey, SecretError};

/// The key that keeps second factors secret at rest. It comes from the configuration and has no default.
#[derive(Debug, Clone)]
pub struct StaffKeys {
    /// Seals the secrets of second factors.
    pub seal: SealKey,
}

impl StaffKeys {
    /// A key of exactly 32 bytes.
    ///
    /// # Errors
    /// When it has another length.
    pub fn new(seal_key: &[u8]) -> Result<Self, SecretError> {
        Ok(Self { seal: SealKey::new(seal_key)? })
    }
}
