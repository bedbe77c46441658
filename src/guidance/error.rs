//! Why guidance refuses.

use crate::platform::wechat::WechatError;
use crate::share::ShareError;

crate::refusals! {
    /// Why guidance refuses.
    pub enum GuidanceError: "guidance" {
        /// The shop has no mini-program that a link could open.
        NoMiniProgram => CONFLICT "no_mini_program" "商城没有可用的小程序" "There is no mini-program that a link could open.",
        /// What the share leads to is not shown now.
        SubjectNotFound => NOT_FOUND "subject_not_found" "分享的内容不存在或已下架" "What the share leads to is not shown now.",
        /// The released mini-program has no such page.
        PageNotReleased => CONFLICT "page_not_released" "小程序尚未发布该页面，无法生成链接" "The released mini-program has no such page, so there is no link to it.",
        /// WeChat gave no link.
        LinkUnavailable => SERVICE_UNAVAILABLE "link_unavailable" "暂时无法生成链接，请稍后重试" "WeChat gave no link; try again.",
    }
    passing {
        Share(ShareError),
    }
}

/// WeChat's answers for a page that the released mini-program does not have.
const NO_SUCH_PAGE: [&str; 3] = ["40165", "41030", "85079"];

/// What it means that WeChat gave no link.
pub(super) fn of_wechat(error: &WechatError) -> GuidanceError {
    if error.code().is_some_and(|code| NO_SUCH_PAGE.contains(&code)) {
        return GuidanceError::PageNotReleased;
    }
    tracing::warn!(%error, "WeChat gave no link to the mini-program");
    GuidanceError::LinkUnavailable
}
