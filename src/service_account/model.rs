//! The words of the service account.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::entrance::EntranceId;
use crate::kernel::id::UserId;
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::schema::{
    code_scans, following_changes, followings, service_codes, service_pushes, service_replies,
};
use crate::share::{Subject, SubjectKind};

crate::typed_id! {
    /// One person, as one service account knows them.
    FollowingId,
    /// One time that somebody began or ceased to follow.
    FollowingChangeId,
    /// One code of a service account.
    CodeId,
    /// One scan of a code.
    ScanId,
    /// One message of WeChat's.
    PushId,
    /// One answer that is given without a person.
    ReplyId,
}

/// Most answers of one account: all of them are read for each message.
pub const MAX_REPLIES: i64 = 500;
/// Most characters of a name, of words to look for, and of a menu's key.
pub const MAX_NAME: usize = 60;
/// Most characters of an answer; WeChat takes 2,048 bytes.
pub const MAX_TEXT: usize = 600;
/// How long what WeChat told is kept, in milliseconds.
pub const KEPT_MS: i64 = 30 * DAY_MS;
/// How long a temporary code lives, in seconds: as long as WeChat allows.
pub const CODE_LIFE_SECONDS: i64 = 30 * 24 * 60 * 60;
/// A temporary code that lives less than this is made anew when somebody asks for it, in milliseconds.
pub const CODE_FRESH_MS: i64 = DAY_MS;

crate::stored_enum! {
    /// Whether somebody follows.
    pub enum FollowingState {
        /// They do.
        Following = "following",
        /// They did, or never did.
        Left = "left",
    }
}

crate::stored_enum! {
    /// What changed.
    pub enum FollowingChange {
        /// They began to follow.
        Followed = "followed",
        /// They ceased to.
        Unfollowed = "unfollowed",
    }
}

crate::stored_enum! {
    /// How long a code lives.
    pub enum CodeKind {
        /// Thirty days.
        Temporary = "temporary",
        /// For ever.
        Permanent = "permanent",
    }
}

crate::stored_enum! {
    /// What a scan was to the share that the code carries.
    pub enum ScanOutcome {
        /// It is not known yet which user it was.
        Waiting = "waiting",
        /// It was told as an open of the share.
        Opened = "opened",
        /// The code carries no share.
        NoShare = "no_share",
    }
}

crate::stored_enum! {
    /// What WeChat tells of.
    pub enum PushKind {
        /// Somebody began to follow.
        Subscribe = "subscribe",
        /// Somebody ceased to follow.
        Unsubscribe = "unsubscribe",
        /// A follower scanned a code.
        Scan = "scan",
        /// A menu was tapped that has a key.
        Click = "click",
        /// A menu was tapped that opens a page.
        View = "view",
        /// Words.
        Text = "text",
        /// What became of a template message.
        TemplateSent = "template_sent",
        /// Anything else; it is noted and nothing follows from it.
        Other = "other",
    }
}

crate::stored_enum! {
    /// When an answer is given.
    pub enum Occasion {
        /// Somebody wrote certain words.
        Keyword = "keyword",
        /// Somebody tapped a menu that has a key.
        Menu = "menu",
        /// Somebody began to follow.
        Welcome = "welcome",
        /// Somebody wrote, and no other answer fits.
        Default = "default",
    }
}

crate::stored_enum! {
    /// How words are looked for.
    pub enum Matching {
        /// They are all that was written.
        Exact = "exact",
        /// They are part of it.
        Contains = "contains",
    }
}

crate::stored_enum! {
    /// On what a user can be reached.
    pub enum ReachChannel {
        /// Template messages of a service account that they follow.
        ServiceTemplate = "service_template",
        /// Text messages to their phone.
        Sms = "sms",
    }
}

/// One person, as one service account knows them.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = followings, treat_none_as_default_value = false)]
pub struct Following {
    /// Its id.
    pub id: FollowingId,
    /// Which account.
    pub entrance_id: EntranceId,
    /// The person within it.
    pub openid: String,
    /// The person within the Open Platform account, once WeChat said.
    pub unionid: Option<String>,
    /// The user, once known.
    pub user_id: Option<UserId>,
    /// Whether they follow.
    pub state: FollowingState,
    /// Since when, or when they last began to.
    pub followed_at: Option<Timestamp>,
    /// When they ceased to; only while they do not follow.
    pub unfollowed_at: Option<Timestamp>,
    /// How WeChat says they came, such as `ADD_SCENE_QR_CODE`.
    pub scene: Option<String>,
    /// Through which code they came.
    pub code_id: Option<CodeId>,
    /// WeChat's moment of the last word on it.
    pub told_at: Timestamp,
    /// When the shop first heard of them.
    pub created_at: Timestamp,
    /// When something here was last written.
    pub updated_at: Timestamp,
}

/// One time that somebody began or ceased to follow.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = following_changes, treat_none_as_default_value = false)]
pub struct FollowingChanged {
    /// Its id.
    pub id: FollowingChangeId,
    /// Whose.
    pub following_id: FollowingId,
    /// What changed.
    pub change: FollowingChange,
    /// Through which code.
    pub code_id: Option<CodeId>,
    /// WeChat's moment of it.
    pub at: Timestamp,
    /// When the shop heard of it.
    pub recorded_at: Timestamp,
}

/// A code of a service account.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_codes, treat_none_as_default_value = false)]
pub struct ServiceCode {
    /// Its id.
    pub id: CodeId,
    /// Of which account.
    pub entrance_id: EntranceId,
    /// What WeChat tells when somebody scans it.
    pub scene: String,
    /// What staff call it; empty for a shopper's.
    pub name: String,
    /// How long it lives.
    pub kind: CodeKind,
    /// The share it carries.
    pub share_token: Option<String>,
    /// What kind of thing it leads to.
    pub subject_kind: Option<SubjectKind>,
    /// Which one.
    pub subject_ref: Option<String>,
    /// Whose share it carries.
    pub user_id: Option<UserId>,
    /// Fetches WeChat's own picture of it.
    pub ticket: Option<String>,
    /// What the code says.
    pub url: Option<String>,
    /// Until when it works; nothing for one that lasts.
    pub expires_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When WeChat made it.
    pub made_at: Option<Timestamp>,
}

impl ServiceCode {
    /// What it leads to.
    pub fn subject(&self) -> Option<Subject> {
        self.subject_kind.zip(self.subject_ref.clone()).map(|(kind, reference)| Subject { kind, reference })
    }
}

/// A scan of a code.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = code_scans, treat_none_as_default_value = false)]
pub struct CodeScan {
    /// Its id.
    pub id: ScanId,
    /// Of which code.
    pub code_id: CodeId,
    /// By whom.
    pub following_id: FollowingId,
    /// Whether they began to follow by it.
    pub followed: bool,
    /// What it was to the share.
    pub outcome: ScanOutcome,
    /// WeChat's moment of it.
    pub at: Timestamp,
    /// When the shop heard of it.
    pub recorded_at: Timestamp,
}

/// What WeChat told of.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_pushes, treat_none_as_default_value = false)]
pub struct Push {
    /// Its id.
    pub id: PushId,
    /// To which account.
    pub entrance_id: EntranceId,
    /// What makes it the same message when it comes again.
    pub dedup_key: String,
    /// What its signature was drawn for.
    pub nonce_key: String,
    /// By whom.
    pub openid: String,
    /// Of which kind.
    pub kind: PushKind,
    /// What was written, the key of the menu or the scene; empty for none.
    pub words: String,
    /// What was answered, before it was sealed.
    pub reply: Option<String>,
    /// WeChat's moment of it.
    pub sent_at: Timestamp,
    /// When the shop heard of it.
    pub received_at: Timestamp,
}

/// An answer as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_replies, treat_none_as_default_value = false)]
pub struct ReplyRow {
    /// Its id.
    pub id: ReplyId,
    /// Of which account.
    pub entrance_id: EntranceId,
    /// When it is given.
    pub occasion: Occasion,
    /// How words are looked for; only for keywords.
    pub matching: Option<Matching>,
    /// Which words, or which menu's key.
    pub words: Option<String>,
    /// JSON of [`ReplyContent`].
    pub content: String,
    /// Which of several that fit is given: the lowest.
    pub position: i64,
    /// Whether it is given at all.
    pub enabled: bool,
    /// Rises with every change.
    pub version: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReplyContent {
    /// Words.
    #[schema(title = "ReplyText")]
    Text {
        /// 1–600 characters, at most 2,048 bytes.
        #[schema(example = "客服在线时间 9:00–21:00", min_length = 1, max_length = 600)]
        text: String,
    },
    /// A card that opens a web page.
    #[schema(title = "ReplyNews")]
    News {
        /// Its headline, 1–60 characters.
        #[schema(example = "春季上新", min_length = 1, max_length = 60)]
        title: String,
        /// The words under it, at most 120 characters.
        #[serde(default)]
        #[schema(example = "满 199 减 30", max_length = 120)]
        description: String,
        /// What it opens: an https address.
        #[schema(example = "https://shop.example/spring", max_length = 512)]
        url: String,
        /// Its picture: an https address, or null for none.
        #[serde(default)]
        #[schema(example = "https://shop.example/spring.jpg", max_length = 512)]
        picture_url: Option<String>,
    },
    /// Words that open a page of the mini-program.
    #[schema(title = "ReplyMiniProgram")]
    MiniProgram {
        /// What is shown, 1–60 characters.
        #[schema(example = "点击查看我的订单", min_length = 1, max_length = 60)]
        text: String,
        /// The page with its query, without a slash in front.
        #[schema(example = "pages/orders/index", max_length = 256)]
        path: String,
    },
}

/// An answer with everything that decides when it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyDraft {
    /// When it is given.
    pub occasion: Occasion,
    /// How words are looked for.
    pub matching: Option<Matching>,
    /// Which words, or which menu's key.
    pub words: Option<String>,
    /// What is answered.
    pub content: ReplyContent,
    /// Whether it is given at all.
    pub enabled: bool,
}
