//! What identity tells the rest of the shop.

use serde::{Deserialize, Serialize};

use super::model::{MergeCause, MergeId, Provider};
use crate::kernel::id::{DeviceId, SessionId, UserId};

/// `user.registered`: a new person came.
pub const USER_REGISTERED: &str = "user.registered";
/// `user.logged_in`: a log-in began.
pub const USER_LOGGED_IN: &str = "user.logged_in";
/// `user.identity_linked`: a logged-in user proved another entrance for the first time.
pub const USER_IDENTITY_LINKED: &str = "user.identity_linked";
/// `user.phone_bound`: a phone number was proven for the first time.
pub const USER_PHONE_BOUND: &str = "user.phone_bound";
/// `user.phone_unbound`: a user gave their phone number up.
pub const USER_PHONE_UNBOUND: &str = "user.phone_unbound";
/// `user.blocked`: staff locked a user out.
pub const USER_BLOCKED: &str = "user.blocked";
/// `user.unblocked`: staff let a user in again.
pub const USER_UNBLOCKED: &str = "user.unblocked";

/// `user.merged`: two users became one.
pub const USER_MERGED: &str = "user.merged";
/// `user.merge_undone`: they are two again.
pub const USER_MERGE_UNDONE: &str = "user.merge_undone";
/// `user.erased`: a user was forgotten.
pub const USER_ERASED: &str = "user.erased";

/// Version 1 of `user.registered`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserRegistered {
    /// Who.
    pub user_id: UserId,
    /// Through which kind of entrance.
    pub entrance: Provider,
    /// Through which client application.
    pub app_id: String,
    /// On which device.
    pub device_id: Option<DeviceId>,
}

/// Version 1 of `user.logged_in`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserLoggedIn {
    /// Who.
    pub user_id: UserId,
    /// The log-in.
    pub session_id: SessionId,
    /// Through which kind of entrance.
    pub entrance: Provider,
    /// Through which client application.
    pub app_id: String,
    /// On which device.
    pub device_id: Option<DeviceId>,
    /// Whether the user was new.
    pub registered: bool,
}

/// Version 1 of `user.identity_linked`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdentityLinked {
    /// Who.
    pub user_id: UserId,
    /// Which kind of entrance.
    pub entrance: Provider,
    /// Which client application.
    pub app_id: String,
}

/// Version 1 of every event that only says whom it is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AboutUser {
    /// Who.
    pub user_id: UserId,
}

/// Version 1 of `user.merged`: what speaks of the merged user speaks of the kept one from now on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMerged {
    /// The merge.
    pub merge_id: MergeId,
    /// Who stays.
    pub kept_user_id: UserId,
    /// Who became part of them.
    pub merged_user_id: UserId,
    /// Why.
    pub cause: MergeCause,
    /// How many rows changed.
    pub rows: i64,
    /// How many things came to light that one person may have only once.
    pub flags: i64,
}

/// Version 1 of `user.merge_undone`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMergeUndone {
    /// The merge.
    pub merge_id: MergeId,
    /// Who had stayed.
    pub kept_user_id: UserId,
    /// Who is a user of their own again.
    pub merged_user_id: UserId,
    /// How many rows had changed since and stay as they are.
    pub left_alone: i64,
}
