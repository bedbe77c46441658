//! The words of entrances.

use diesel::prelude::*;
use secrecy::SecretString;

use crate::kernel::time::Timestamp;
use crate::platform::db::schema;

crate::typed_id! {
    /// One client application of the shop.
    EntranceId,
}

/// Most entrances of a shop: the front door looks at all of them every second.
pub const MAX_ENTRANCES: i64 = 100;

crate::stored_enum! {
    /// On what kind of application people come.
    pub enum Platform {
        /// A WeChat mini-program.
        WechatMini = "wechat_mini",
        /// A WeChat service account: pages inside WeChat, and messages.
        WechatService = "wechat_service",
        /// A native app that logs in through WeChat.
        WechatApp = "wechat_app",
        /// A website that logs in by WeChat's QR code.
        WechatWeb = "wechat_web",
        /// An Alipay mini-program.
        AlipayMini = "alipay_mini",
        /// A Douyin mini-program.
        DouyinMini = "douyin_mini",
        /// A Baidu mini-program.
        BaiduMini = "baidu_mini",
        /// A QQ mini-program.
        QqMini = "qq_mini",
    }
}

impl Platform {
    /// Whether WeChat stands behind it, so that WeChat's client speaks for it.
    pub const fn is_wechat(self) -> bool {
        matches!(self, Self::WechatMini | Self::WechatService | Self::WechatApp | Self::WechatWeb)
    }

    /// Whether WeChat pushes messages to it, for which it needs a message token and key.
    pub const fn takes_messages(self) -> bool {
        matches!(self, Self::WechatMini | Self::WechatService)
    }
}

crate::stored_enum! {
    /// Whether people may come in.
    pub enum EntranceState {
        /// They may.
        Enabled = "enabled",
        /// They may not, and no messages are taken.
        Disabled = "disabled",
    }
}

crate::stored_enum! {
    /// Who says that there is this entrance.
    pub enum EntranceOrigin {
        /// The configuration, which also keeps its secret.
        Configuration = "configuration",
        /// Staff.
        Staff = "staff",
    }
}

/// A client application of the shop, with its secrets sealed.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::entrances, treat_none_as_default_value = false)]
pub struct Entrance {
    /// The entrance.
    pub id: EntranceId,
    /// On what kind of application.
    pub platform: Platform,
    /// Its app id there, unique on the platform.
    pub app_id: String,
    /// What staff call it.
    pub name: String,
    /// The account of WeChat's Open Platform it is bound to; empty for the shop's only one, or none.
    pub open_platform: String,
    /// The account's original id (`gh_…`), by which messages are addressed.
    pub original_id: Option<String>,
    /// Who says that there is this entrance.
    pub origin: EntranceOrigin,
    /// Whether people may come in.
    pub state: EntranceState,
    pub(super) sealed_secret: Option<String>,
    /// When the secret was last written.
    pub secret_set_at: Option<Timestamp>,
    pub(super) sealed_message_token: Option<String>,
    /// When the message token was last written.
    pub message_token_set_at: Option<Timestamp>,
    pub(super) sealed_message_aes_key: Option<String>,
    /// When the message key was last written.
    pub message_aes_key_set_at: Option<Timestamp>,
    /// Rises with every change.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for Entrance {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Entrance")
            .field("id", &self.id)
            .field("platform", &self.platform)
            .field("app_id", &self.app_id)
            .field("origin", &self.origin)
            .field("state", &self.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What staff write about an entrance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntranceDraft {
    /// What staff call it, 1–60 characters.
    pub name: String,
    /// The Open Platform account, at most 64 letters, digits, hyphens, underscores or points.
    pub open_platform: String,
    /// The account's original id: `gh_` and letters or digits, at most 32 in all.
    pub original_id: Option<String>,
}

/// Secrets to write; those absent stay as they are.
#[derive(Debug, Clone, Default)]
pub struct NewSecrets {
    /// The application's secret; for Alipay the private key as PEM.
    pub secret: Option<SecretString>,
    /// The token that signs messages, or `Some(None)` to forget it.
    pub message_token: Option<Option<SecretString>>,
    /// The key that seals messages, or `Some(None)` to forget it.
    pub message_aes_key: Option<Option<SecretString>>,
}

/// An entrance about to be added.
#[derive(Debug, Clone)]
pub struct NewEntrance {
    /// On what kind of application.
    pub platform: Platform,
    /// Its app id there: 1–64 letters, digits, hyphens or underscores.
    pub app_id: String,
    /// What is written about it.
    pub draft: EntranceDraft,
    /// Its secrets, of which the application's own must be there.
    pub secrets: NewSecrets,
}
