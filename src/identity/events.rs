//! What identity tells the rest of the shop.

use serde::{Deserialize, Serialize};

use super::model::Provider;
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
