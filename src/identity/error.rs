//! What identity refuses.

use crate::platform::db::DbError;
use crate::platform::secrets::SecretError;
use crate::platform::sign_in::{SignInError, SignInErrorKind};
use crate::platform::wechat::{WechatError, WechatErrorKind};
use crate::refusals;

refusals! {
    /// Why identity refuses.
    pub enum IdentityError: "identity" {
        /// The platform does not know the code: malformed, used before, or too old.
        CodeRefused => UNPROCESSABLE_ENTITY "code_refused" "登录凭证无效或已过期，请重试" "The platform refused the code: it is unknown, used or expired.",
        /// WeChat itself has blocked this user.
        BlockedByWechat => FORBIDDEN "blocked_by_wechat" "该微信账号已被微信限制登录" "WeChat has blocked this user.",
        /// WeChat gave no usable answer; nothing was changed.
        WechatUnavailable => SERVICE_UNAVAILABLE "wechat_unavailable" "微信服务暂不可用，请稍后重试" "WeChat cannot be reached; try again.",
        /// Another platform gave no usable answer; nothing was changed.
        PlatformUnavailable => SERVICE_UNAVAILABLE "platform_unavailable" "登录服务暂不可用，请稍后重试" "The platform cannot be reached; try again.",
        /// No enabled entrance of this platform has that app id, or the platform has none.
        EntranceUnknown => UNPROCESSABLE_ENTITY "entrance_unknown" "该入口未开通" "The shop has no such entrance.",
        /// The state was forged, used before, is too old, or belongs to another device, user or entrance.
        StateRefused => UNPROCESSABLE_ENTITY "state_refused" "登录请求无效或已过期，请重新发起" "The state is unknown, used, expired or somebody else's; begin again.",
        /// WeChat must not send people there; the details say why.
        RedirectRefused(details) => UNPROCESSABLE_ENTITY "redirect_refused" "回跳地址不被允许" "WeChat must not send people back to that address.",
        /// The visitor looks at a snapshot of a page and is nobody in particular.
        SnapshotUser => FORBIDDEN "snapshot_user" "当前为快照页，请进入完整页面后登录" "This is the visitor of a snapshot, who cannot log in.",
        /// The id belongs to another user.
        IdentityTaken => CONFLICT "identity_taken" "该账号已绑定其他用户" "This id belongs to another account.",
        /// The user has another id of this application, or another unionid.
        OtherIdentityLinked => CONFLICT "other_identity_linked" "当前用户已绑定该应用的其他账号" "Another id of this application is linked to this account.",
        /// The shop has nobody who carries codes to phones.
        SmsUnavailable => SERVICE_UNAVAILABLE "sms_unavailable" "暂不支持短信验证" "The shop sends no codes by SMS.",
        /// The number got a code a moment ago; the details say how long to wait.
        SmsTooSoon(details) => TOO_MANY_REQUESTS "sms_too_soon" "验证码发送过于频繁，请稍后再试" "A code was sent to this number a moment ago.",
        /// The number got as many codes as a day has.
        SmsDailyLimit => TOO_MANY_REQUESTS "sms_daily_limit" "该手机号今日验证码次数已达上限" "No more codes are sent to this number today.",
        /// The code is wrong, expired, used, for something else, or was tried too often.
        SmsCodeRefused => UNPROCESSABLE_ENTITY "sms_code_refused" "验证码错误或已失效" "The code is wrong or no longer valid.",
        /// Staff have blocked this user.
        UserBlocked => FORBIDDEN "user_blocked" "账号已被冻结，请联系客服" "This account is blocked.",
        /// There is no such user.
        UserNotFound => NOT_FOUND "user_not_found" "用户不存在" "There is no such user.",
        /// The user is already in the state asked for.
        UserStateUnchanged => CONFLICT "user_state_unchanged" "用户已处于该状态" "The user is already in that state.",
        /// One of the users is part of another already, or they are the same.
        AlreadyMerged => CONFLICT "already_merged" "账号已合并" "One of the accounts is part of another already.",
        /// The merged user would hold two values of a key that has one.
        TwoValues => CONFLICT "two_values" "两个账号的同类凭证不同，不能合并" "The accounts hold different values of a key that a person has once.",
        /// There is no such merge.
        MergeNotFound => NOT_FOUND "merge_not_found" "合并记录不存在" "There is no such merge.",
        /// The merge was taken back before.
        MergeUndone => CONFLICT "merge_undone" "该合并已撤销" "This merge was taken back before.",
        /// More than 30 days have passed, or the person was forgotten.
        MergeTooOld => UNPROCESSABLE_ENTITY "merge_too_old" "已超过 30 天，不能撤销合并" "This merge can no longer be taken back.",
        /// The kept user became part of another since: that merge has to be taken back first.
        MergedFurther => CONFLICT "merged_further" "保留的账号又被合并，请先撤销后一次合并" "The kept account was merged since; take that back first.",
        /// What the merge brought to light is settled, or there is no such thing.
        FlagSettled => CONFLICT "flag_settled" "该事项已处理或不存在" "This is settled or does not exist.",
        /// There is no such conflict.
        ConflictNotFound => NOT_FOUND "conflict_not_found" "冲突记录不存在" "There is no such conflict.",
        /// The conflict was decided before.
        ConflictDecided => CONFLICT "conflict_decided" "该冲突已处理" "This conflict was decided before.",
        /// The proof is nobody's, or everything is as it would become.
        NothingToDecide => UNPROCESSABLE_ENTITY "nothing_to_decide" "没有可处理的内容" "There is nothing to decide that way.",
        /// The user was forgotten before.
        AlreadyErased => CONFLICT "already_erased" "账号已注销" "This account was erased before.",
        /// Something of the user's is under way; the details say what.
        Unfinished(details) => CONFLICT "unfinished" "尚有未完成的订单，暂不能注销" "Orders are under way; the account cannot be erased yet.",
        /// The erasure was not confirmed.
        NotConfirmed => UNPROCESSABLE_ENTITY "not_confirmed" "请确认注销账号" "Confirm that the account is to be erased.",
        /// The refresh token is unknown or expired.
        RefreshTokenInvalid => UNAUTHORIZED "refresh_token_invalid" "登录已过期，请重新登录" "The refresh token is unknown or expired; log in again.",
        /// The log-in has ended, or its refresh token was used twice, which ends it.
        SessionEnded => UNAUTHORIZED "session_ended" "登录已失效，请重新登录" "This log-in has ended; log in again.",
        /// The phone number belongs to another user.
        PhoneTaken => CONFLICT "phone_taken" "该手机号已绑定其他账号" "This phone number belongs to another account.",
        /// The user has another phone number already.
        OtherPhoneBound => CONFLICT "other_phone_bound" "账号已绑定其他手机号，请先解绑" "Another phone number is bound; unbind it first.",
        /// The user has no phone number.
        NoPhone => NOT_FOUND "no_phone" "账号未绑定手机号" "No phone number is bound.",
        /// The number WeChat gave is no phone number.
        PhoneUnusable => UNPROCESSABLE_ENTITY "phone_unusable" "手机号格式不受支持" "The phone number cannot be used.",
        /// A field of the profile breaks a rule; the details name it.
        ProfileInvalid(details) => UNPROCESSABLE_ENTITY "profile_invalid" "个人资料有误" "A field of the profile is not acceptable.",
        /// A field of an address breaks a rule; the details name it.
        AddressInvalid(details) => UNPROCESSABLE_ENTITY "address_invalid" "收货地址有误" "A field of the address is not acceptable.",
        /// The user has no such address.
        AddressNotFound => NOT_FOUND "address_not_found" "收货地址不存在" "There is no such address.",
        /// The user has as many addresses as are allowed.
        TooManyAddresses => UNPROCESSABLE_ENTITY "too_many_addresses" "收货地址数量已达上限" "No more addresses are allowed.",
        /// A filter of the search breaks a rule; the details name it.
        SearchInvalid(details) => UNPROCESSABLE_ENTITY "search_invalid" "搜索条件有误" "A search filter is not acceptable.",
        /// The reason is missing or too long.
        ReasonInvalid => UNPROCESSABLE_ENTITY "reason_invalid" "请填写 1 至 200 字的原因" "A reason of 1 to 200 characters is required.",
    }
}

impl From<SecretError> for IdentityError {
    fn from(error: SecretError) -> Self {
        Self::Db(DbError::Defect(error.to_string()))
    }
}

/// WeChat's answers about codes of both kinds: invalid, used, of another user, missing.
const CODE_REFUSALS: [&str; 4] = ["40029", "40163", "40003", "41008"];
/// WeChat's answer for a wrong app id: our setting at login, but a code made in another app for phone numbers.
const OTHER_APP: &str = "40013";
/// WeChat's answer for a user it has blocked.
const BLOCKED: &str = "40226";

/// What a failed exchange of a code means for the client.
pub(super) fn of_wechat(error: &WechatError) -> IdentityError {
    match error.kind() {
        WechatErrorKind::Refused { code, .. } if code == BLOCKED => IdentityError::BlockedByWechat,
        WechatErrorKind::Refused { code, .. } if CODE_REFUSALS.contains(&code.as_str()) => IdentityError::CodeRefused,
        WechatErrorKind::Refused { code, .. } if code == OTHER_APP && error.call() == "getuserphonenumber" => {
            IdentityError::CodeRefused
        }
        WechatErrorKind::Refused { .. } | WechatErrorKind::Invalid { .. } => {
            tracing::error!(%error, "WeChat refused for a reason that no client can cause");
            IdentityError::WechatUnavailable
        }
        _ => {
            tracing::warn!(%error, "WeChat gave no usable answer");
            IdentityError::WechatUnavailable
        }
    }
}

/// What a failed exchange of another platform's code means for the client.
pub(super) fn of_sign_in(error: &SignInError) -> IdentityError {
    match error.kind() {
        SignInErrorKind::CodeRefused { .. } => IdentityError::CodeRefused,
        SignInErrorKind::KeysRefused { .. } => {
            tracing::error!(%error, "a platform refuses the keys of an entrance");
            IdentityError::PlatformUnavailable
        }
        _ => {
            tracing::warn!(%error, "a platform gave no usable answer");
            IdentityError::PlatformUnavailable
        }
    }
}
