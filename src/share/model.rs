//! The words of sharing.

use diesel::prelude::*;

use crate::kernel::id::{CampaignId, DeviceId, UserId};
use crate::kernel::time::{DAY_MS, MINUTE_MS, Timestamp};
use crate::platform::db::schema::{share_opens, share_origins, share_tokens};

crate::typed_id! {
    /// A page handed on once.
    ShareId,
    /// The arrivals of one visitor through one token.
    OpenId,
}

/// Most characters of the reference of a subject.
pub const MAX_REFERENCE: usize = 128;
/// Opens of one visitor through one token within this time count once: a page that is reloaded is no new arrival.
pub const SAME_VISIT_MS: i64 = 30 * MINUTE_MS;
/// How long after somebody was first seen an open still belongs to their first-ever session. It is the gap that ends a
/// session in every report.
pub const FIRST_SESSION_MS: i64 = 30 * MINUTE_MS;
/// How long after coming through a token a user's own shares are taken to go on from it, when the client does not say.
pub const CHAIN_MS: i64 = DAY_MS;
/// Highest scene number that WeChat could mean.
pub const MAX_SCENE: i64 = 99_999;

crate::stored_enum! {
    /// How a page was handed on.
    pub enum Channel {
        /// A card to one person.
        Friend = "friend",
        /// A card to a group chat.
        GroupChat = "group_chat",
        /// A post in Moments.
        Timeline = "timeline",
        /// A picture with a code.
        Poster = "poster",
        /// A code alone.
        Qr = "qr",
        /// A link out of the native app.
        AppLink = "app_link",
    }
}

crate::stored_enum! {
    /// What kind of thing was handed on.
    pub enum SubjectKind {
        /// A page of the mini-program; its reference is the page's path, with or without a query.
        Page = "page",
        /// A product.
        Product = "product",
        /// A group of a group buy.
        Group = "group",
        /// A bargain.
        Bargain = "bargain",
        /// A packet of coupons.
        Packet = "packet",
        /// A campaign's own page.
        Campaign = "campaign",
        /// A live room.
        Room = "room",
        /// An article.
        Article = "article",
    }
}

crate::stored_enum! {
    /// What an open is to the spread of the shop.
    pub enum Edge {
        /// The visitor's first-ever session came through this token: the sharer brought them.
        Acquisition = "acquisition",
        /// Somebody came who had been here before, or had been brought by another.
        Spread = "spread",
        /// Nobody knows yet who it was; settled when the device logs in.
        Anonymous = "anonymous",
    }
}

/// What is handed on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Subject {
    /// Of which kind.
    pub kind: SubjectKind,
    /// Which one: an id, or the path of a page.
    pub reference: String,
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_tokens, treat_none_as_default_value = false)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// What travels with the page; at most 32 characters, safe in a mini-program's scene.
    pub token: String,
    /// Who handed the page on.
    pub sharer_id: UserId,
    /// What kind of thing.
    pub subject_kind: SubjectKind,
    /// Which one.
    pub subject_ref: String,
    /// How.
    pub channel: Channel,
    /// The campaign it belongs to, if any.
    pub campaign_id: Option<CampaignId>,
    /// The token through which the sharer had come.
    pub parent_id: Option<ShareId>,
    /// How many hands the page had gone through before.
    pub depth: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl Share {
    /// What was handed on.
    pub fn subject(&self) -> Subject {
        Subject { kind: self.subject_kind, reference: self.subject_ref.clone() }
    }
}

/// How a user came, written once.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_origins, treat_none_as_default_value = false)]
pub(super) struct Origin {
    pub(super) user_id: UserId,
    pub(super) inviter_id: Option<UserId>,
    pub(super) token_id: Option<ShareId>,
    pub(super) channel: Option<Channel>,
    pub(super) campaign_id: Option<CampaignId>,
    pub(super) depth: i64,
    pub(super) at: Timestamp,
}

/// The arrivals of one visitor through one token.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_opens, treat_none_as_default_value = false)]
pub(super) struct Open {
    pub(super) id: OpenId,
    pub(super) token_id: ShareId,
    pub(super) user_id: Option<UserId>,
    pub(super) device_id: Option<DeviceId>,
    pub(super) edge: Edge,
    pub(super) opens: i64,
    pub(super) scene: Option<i64>,
    pub(super) group_id: Option<String>,
    pub(super) first_opened_at: Timestamp,
    pub(super) last_opened_at: Timestamp,
}

/// Who came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visitor {
    /// A user.
    User(UserId),
    /// A device that nobody has logged in on.
    Device(DeviceId),
}

/// The share through which a user came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The token.
    pub token: String,
    /// Whose it is.
    pub sharer: UserId,
    /// How it was handed on.
    pub channel: Channel,
    /// What was handed on.
    pub subject: Subject,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
    /// When the user last came through it.
    pub at: Timestamp,
}

/// How a user was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquisition {
    /// By whom.
    pub inviter: UserId,
    /// Through which token.
    pub token: String,
    /// How it was handed on.
    pub channel: Channel,
    /// What was handed on.
    pub subject: Subject,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
    /// How many steps the user is away from somebody who came by themselves; at least 1.
    pub depth: i64,
    /// When they came.
    pub at: Timestamp,
}

/// How many users a campaign's shares brought through one channel in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    /// How the shares were handed on.
    pub channel: Channel,
    /// The beginning of the hour; reports fold hours into days of the shop's zone.
    pub hour: Timestamp,
    /// How many came.
    pub users: i64,
}
