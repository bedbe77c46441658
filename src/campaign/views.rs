//! What a viewer may do on a campaign's page and why not: the same shape for every kind.

use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::http::ApiError;

/// Something a viewer could do, and whether they may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignActionView)]
pub struct ActionView {
    /// What, such as `join`.
    #[schema(example = "join")]
    pub action: &'static str,
    /// Whether they may.
    pub allowed: bool,
    /// Why not; null when they may.
    pub refusal: Option<RefusalView>,
}

/// Why something is not allowed: the refusal that trying it would answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusalView {
    /// Stable code.
    #[schema(example = "campaign.not_running")]
    pub code: &'static str,
    /// For people who read Chinese.
    #[schema(example = "活动未开始或已结束")]
    pub message_zh: &'static str,
    /// For people who read English.
    #[schema(example = "The campaign is not running.")]
    pub message_en: &'static str,
}

impl ActionView {
    /// Something that is allowed when nothing hinders it, such as `ActionView::of("join", hindrance)`.
    pub fn of<E: Into<ApiError>>(action: &'static str, hindrance: Option<E>) -> Self {
        let refusal = hindrance.map(|error| RefusalView::of(&error.into()));
        Self { action, allowed: refusal.is_none(), refusal }
    }
}

impl RefusalView {
    /// The refusal that this error would answer.
    pub fn of(error: &ApiError) -> Self {
        let refusal = error.refusal();
        Self { code: refusal.code, message_zh: refusal.zh, message_en: refusal.en }
    }
}
