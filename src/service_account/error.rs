//! Why the service account refuses.

use crate::identity::IdentityError;
use crate::platform::wechat::WechatError;
use crate::share::ShareError;

crate::refusals! {
    /// Why the service account refuses.
    pub enum ServiceAccountError: "service_account" {
        /// The message is not proven to be WeChat's word to this account, now.
        NotBelieved => FORBIDDEN "not_believed" "消息来源无法验证" "The message is not proven to come from WeChat.",
        /// What came is no message.
        NoMessage => BAD_REQUEST "no_message" "消息格式不正确" "This is no message.",
        /// There is no such service account, or it takes nobody in.
        EntranceNotFound => NOT_FOUND "entrance_not_found" "公众号不存在或未启用" "There is no such service account, or it is disabled.",
        /// The code does not exist, or is another's.
        CodeNotFound => NOT_FOUND "code_not_found" "二维码不存在" "There is no such code.",
        /// WeChat has not made the code yet.
        CodeNotMade => CONFLICT "code_not_made" "二维码尚未生成，请重新生成" "WeChat has not made this code yet; ask for it again.",
        /// A code carries nothing more than its name, or a subject that is not shown now.
        SubjectNotFound => NOT_FOUND "subject_not_found" "二维码的内容不存在或已下架" "What the code is to lead to does not exist, or is not shown now.",
        /// WeChat gave no code; what was written down waits for the next try.
        CodeUnavailable => SERVICE_UNAVAILABLE "code_unavailable" "暂时无法生成二维码，请稍后重试" "WeChat gave no code; try again.",
        /// WeChat refuses to make more codes that last.
        TooManyCodes => CONFLICT "too_many_codes" "永久二维码数量已达微信上限" "WeChat makes no more permanent codes for this account.",
        /// There is no such reply.
        ReplyNotFound => NOT_FOUND "reply_not_found" "自动回复不存在" "There is no such reply.",
        /// It was changed since it was read.
        ReplyChanged(details) => CONFLICT "reply_changed" "自动回复已被修改，请刷新后重试" "The reply was changed meanwhile; read it again.",
        /// The account has a reply for this occasion and these words already.
        ReplyTaken => CONFLICT "reply_taken" "该场景或关键词已有自动回复" "There is a reply for this occasion and these words already.",
        /// The account has as many replies as it may.
        TooManyReplies => UNPROCESSABLE_ENTITY "too_many_replies" "自动回复数量已达上限" "An account has at most 500 replies.",
        /// The order does not name each reply of the account once.
        OrderIncomplete => UNPROCESSABLE_ENTITY "order_incomplete" "排序须包含该公众号的全部自动回复" "The order must name every reply of the account once.",
        /// A field breaks its rule; details name it.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field breaks its rule.",
        /// There is no such follower.
        FollowingNotFound => NOT_FOUND "following_not_found" "粉丝不存在" "There is no such follower.",
        /// There is no such user.
        UserNotFound => NOT_FOUND "user_not_found" "用户不存在" "There is no such user.",
    }
    passing {
        Identity(IdentityError),
        Share(ShareError),
    }
}

/// WeChat's answer when an account has all the codes that last.
const NO_MORE_CODES: &str = "45029";

/// What it means that WeChat gave no code.
pub(super) fn of_wechat(error: &WechatError) -> ServiceAccountError {
    if error.code() == Some(NO_MORE_CODES) {
        return ServiceAccountError::TooManyCodes;
    }
    tracing::warn!(%error, "WeChat gave no code of a service account");
    ServiceAccountError::CodeUnavailable
}
