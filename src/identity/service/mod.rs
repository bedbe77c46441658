//! Use cases of identity. Each takes the transaction it runs in.

mod addresses;
mod back_office;
mod conflicts;
mod linking;
mod login;
mod merge;
mod merges;
mod oauth;
mod person;
mod phone;
mod presence;
mod profile;
mod proofs;
mod sessions;
mod sms;
#[cfg(test)]
mod tests;
mod undo;

pub use addresses::{add_address, address, change_address, list_addresses, remove_address};
pub use back_office::{
    StaffAct, UserCard, UserSearch, block_user, known_users, list_conflicts, reveal_phone, search_users, show_user,
    unblock_user,
};
pub use conflicts::{decide_conflict, merge_by_staff, settle_flag};
pub use linking::{Linked, identities_of, link_entrance};
pub use login::{EntranceLogin, EntranceProof, Login, Unionid, go_on_as, log_in, log_in_by_phone, register_device};
pub use merge::{follow, merged_users, perhaps_the_same};
pub use merges::{MergeCard, due_to_follow, list_merges, show_merge};
pub use oauth::{Bearer, OAUTH_STATE_TTL_MS, begin_oauth, redeem_oauth_state};
pub use person::{Moment, erase, export, export_by_staff, timeline};
pub use phone::{PhoneBinding, bind_phone, unbind_phone};
pub use presence::{count_created, first_seen, has_logged_in_on, hold_device, lock_user};
pub use profile::{
    Face, Profile, ProfileEdit, edit_profile, faces, made_before, masked_phone, nicknames, profile, wechat_openid,
    wechat_session_key,
};
pub use proofs::{has_phone, holder_of, link_known};
pub use sessions::{Refreshed, log_out, log_out_everywhere, recent_revocations, refresh};
pub use sms::{SmsPurpose, request_sms_code, sms_sent, sms_to_send, try_sms_code};
pub use undo::undo_merge;

use std::sync::Arc;

use super::assets::Accounts;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{DbResult, Tx};
use crate::platform::secrets::{HashKey, SealKey, SecretError};

/// How long a refresh token lives, in milliseconds: 30 days, begun anew with each refresh.
pub const REFRESH_TTL_MS: i64 = 30 * DAY_MS;

/// The keys that keep phones and session keys secret at rest. They come from the configuration and have no default.
#[derive(Debug, Clone)]
pub struct IdentityKeys {
    /// Seals phone numbers and session keys.
    pub seal: SealKey,
    /// Finds a phone number again without storing it. Changing it makes every stored phone unfindable.
    pub hash: HashKey,
}

impl IdentityKeys {
    /// Keys of exactly 32 bytes for sealing and at least 32 for hashing.
    ///
    /// # Errors
    /// When a key has the wrong length.
    pub fn new(seal_key: &[u8], hash_key: &[u8]) -> Result<Self, SecretError> {
        Ok(Self { seal: SealKey::new(seal_key)?, hash: HashKey::new(hash_key)? })
    }
}

/// Somebody who acts when a user logs in, within the same transaction: the cart brings the device's cart along.
pub trait LoginListener: Send + Sync {
    /// `user` has logged in, on `device` if it is registered.
    ///
    /// # Errors
    /// The database's; the log-in then fails.
    fn on_login(&self, tx: &mut Tx<'_>, user: UserId, device: Option<DeviceId>) -> DbResult<()>;

    /// `user` has come for the first time; [`on_login`](Self::on_login) follows. Most have nothing to do then.
    ///
    /// # Errors
    /// The database's; the log-in then fails.
    fn on_registration(&self, _tx: &mut Tx<'_>, _user: UserId) -> DbResult<()> {
        Ok(())
    }
}

/// Everybody who acts when a user logs in, in this order, and the accounts that a log-in may show to be one. Cloning
/// shares them.
#[derive(Clone, Default)]
pub struct LoginListeners {
    listeners: Arc<[Arc<dyn LoginListener>]>,
    accounts: Accounts,
}

impl LoginListeners {
    /// These listeners.
    pub fn new(listeners: Vec<Arc<dyn LoginListener>>, accounts: Accounts) -> Self {
        Self { listeners: listeners.into(), accounts }
    }

    /// The accounts that a log-in may show to be one.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    fn tell_registered(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
        self.listeners.iter().try_for_each(|listener| listener.on_registration(tx, user))
    }

    fn tell(&self, tx: &mut Tx<'_>, user: UserId, device: Option<DeviceId>) -> DbResult<()> {
        self.listeners.iter().try_for_each(|listener| listener.on_login(tx, user, device))
    }
}

/// When a refresh token issued now expires.
fn refresh_expiry(tx: &Tx<'_>) -> Timestamp {
    tx.now().plus_millis(REFRESH_TTL_MS)
}
