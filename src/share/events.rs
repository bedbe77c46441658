//! What sharing records, version 1 of each.

use serde::{Deserialize, Serialize};

use super::model::{Channel, Edge, Share, ShareId, Subject};
use crate::kernel::id::{CampaignId, DeviceId, UserId};

/// `share.created`
pub const CREATED: &str = "share.created";
/// `share.opened`, once for each open that counts
pub const OPENED: &str = "share.opened";
/// `share.acquired`, once for each user who was brought
pub const ACQUIRED: &str = "share.acquired";

/// A token, as subscribers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareFacts {
    /// Which.
    pub share_id: ShareId,
    /// What stands in links and codes.
    #[serde(default)]
    pub token: String,
    /// Who handed the page on.
    pub sharer: UserId,
    /// What was handed on.
    pub subject: Subject,
    /// How.
    pub channel: Channel,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
    /// How many hands the page had gone through before the sharer's.
    pub depth: i64,
}

impl ShareFacts {
    /// The facts of this token.
    pub fn of(share: &Share) -> Self {
        Self {
            share_id: share.id,
            token: share.token.clone(),
            sharer: share.sharer_id,
            subject: share.subject(),
            channel: share.channel,
            campaign: share.campaign_id,
            depth: share.depth,
        }
    }
}

/// A page was handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareCreated {
    /// Through which token.
    pub share: ShareFacts,
    /// The token through which the sharer had come.
    pub parent_id: Option<ShareId>,
}

/// Somebody came through a token. The sharer's own opens and repeated ones are not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareOpened {
    /// Which token.
    pub share: ShareFacts,
    /// Who came, when they are known.
    pub user: Option<UserId>,
    /// The device that came, when nobody is known on it.
    pub device: Option<DeviceId>,
    /// What this open is to the spread of the shop.
    pub edge: Edge,
    /// How many hands the page has gone through, the sharer's included; at least 1.
    pub depth: i64,
    /// WeChat's number for where it was opened.
    pub scene: Option<i64>,
    /// WeChat's id of the group chat it was opened in.
    pub group_id: Option<String>,
}

/// A user was brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareAcquired {
    /// Through which token.
    pub share: ShareFacts,
    /// Who.
    pub user: UserId,
    /// How many steps they are away from somebody who came by themselves; at least 1.
    pub depth: i64,
}
