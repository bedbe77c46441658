//! Why sharing refuses.

crate::refusals! {
    /// Why sharing refuses.
    pub enum ShareError: "share" {
        /// No such token, or not of this user.
        TokenNotFound => NOT_FOUND "token_not_found" "分享不存在" "There is no such share.",
        /// What was to be handed on does not exist, or is not shown now.
        SubjectNotFound => NOT_FOUND "subject_not_found" "分享的内容不存在或已下架" "What is to be shared does not exist, or is not shown now.",
        /// The reference of the subject is empty, too long, or no reference of its kind.
        SubjectInvalid(details) => UNPROCESSABLE_ENTITY "subject_invalid" "分享内容的标识无效" "The reference of what is to be shared is not valid.",
        /// The scene is no number that WeChat could mean.
        SceneInvalid => UNPROCESSABLE_ENTITY "scene_invalid" "场景值无效" "The scene is not a number from 1 to 99999.",
        /// The released mini-program has no such page, so WeChat draws no code for it.
        PageNotReleased => CONFLICT "page_not_released" "小程序尚未发布该页面，无法生成小程序码" "The released mini-program has no such page, so there is no code for it.",
        /// WeChat gave no code; nothing was changed.
        CodeUnavailable => SERVICE_UNAVAILABLE "code_unavailable" "暂时无法生成小程序码，请稍后重试" "WeChat gave no code; try again.",
        /// The store of files does not answer.
        PicturesUnavailable => SERVICE_UNAVAILABLE "pictures_unavailable" "图片服务暂不可用，请稍后重试" "Pictures cannot be kept at the moment; try again.",
        /// As many posters as may be are being drawn.
        Busy => SERVICE_UNAVAILABLE "busy" "生成海报的人太多，请稍后重试" "Too many posters are being drawn; try again.",
        /// The shop has no address that a QR code could lead to.
        NoAddress => CONFLICT "no_address" "商城未配置网页地址" "The shop has no web address that a code could lead to.",
        /// The width is outside the range.
        WidthInvalid => UNPROCESSABLE_ENTITY "width_invalid" "图片宽度超出范围" "The width must lie between 200 and 1000 pixels.",
        /// The period is empty, or longer than 92 days.
        PeriodInvalid => UNPROCESSABLE_ENTITY "period_invalid" "时间范围无效，最长 92 天" "The period must not be empty nor longer than 92 days.",
        /// No such user.
        UserNotFound => NOT_FOUND "user_not_found" "用户不存在" "There is no such user.",
    }
}
