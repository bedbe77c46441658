//! What the service account records, version 1 of each.

use serde::{Deserialize, Serialize};

use super::model::{CodeId, FollowingId, PushKind};
use crate::entrance::EntranceId;
use crate::kernel::id::{CampaignId, UserId};
use crate::share::Subject;

/// `service_account.followed`
pub const FOLLOWED: &str = "service_account.followed";
/// `service_account.unfollowed`
pub const UNFOLLOWED: &str = "service_account.unfollowed";
/// `service_account.follower_known`, when it turns out which user a follower is
pub const FOLLOWER_KNOWN: &str = "service_account.follower_known";
/// `service_account.code_made`
pub const CODE_MADE: &str = "service_account.code_made";
/// `service_account.code_scanned`
pub const CODE_SCANNED: &str = "service_account.code_scanned";
/// `service_account.message_received`: words, and taps on menus
pub const MESSAGE_RECEIVED: &str = "service_account.message_received";
/// `service_account.template_settled`, when WeChat tells what became of a template message
pub const TEMPLATE_SETTLED: &str = "service_account.template_settled";

/// Somebody began or ceased to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowingChanged {
    /// Who, as the account knows them.
    pub following_id: FollowingId,
    /// Which account.
    pub entrance_id: EntranceId,
    /// The user, when known.
    pub user: Option<UserId>,
    /// Through which code they came.
    pub code_id: Option<CodeId>,
}

/// A follower turned out to be a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowerKnown {
    /// Who, as the account knows them.
    pub following_id: FollowingId,
    /// Which account.
    pub entrance_id: EntranceId,
    /// The user.
    pub user: UserId,
}

/// A code was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeMade {
    /// Which.
    pub code_id: CodeId,
    /// Of which account.
    pub entrance_id: EntranceId,
    /// The share it carries.
    pub share_token: Option<String>,
    /// What it leads to.
    pub subject: Option<Subject>,
}

/// A code was scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeScanned {
    /// Which code.
    pub code_id: CodeId,
    /// Of which account.
    pub entrance_id: EntranceId,
    /// By whom, as the account knows them.
    pub following_id: FollowingId,
    /// The user, when known.
    pub user: Option<UserId>,
    /// Whether they began to follow by it.
    pub followed: bool,
    /// The share it carries.
    pub share_token: Option<String>,
    /// What it leads to.
    pub subject: Option<Subject>,
    /// The campaign that belongs to.
    pub campaign: Option<CampaignId>,
}

/// Somebody wrote or tapped. What they wrote is not among the facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReceived {
    /// Which account.
    pub entrance_id: EntranceId,
    /// By whom, as the account knows them.
    pub following_id: FollowingId,
    /// The user, when known.
    pub user: Option<UserId>,
    /// Of which kind.
    pub kind: PushKind,
    /// The key of the menu that was tapped.
    pub menu_key: Option<String>,
    /// Whether it was answered without a person.
    pub answered: bool,
}

/// WeChat tells what became of a template message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSettled {
    /// Which account.
    pub entrance_id: EntranceId,
    /// The user it was for, when known.
    pub user: Option<UserId>,
    /// WeChat's number of the message.
    pub message_id: String,
    /// `success`, or why not in WeChat's words.
    pub status: String,
}
