//! What staff administration refuses.

use crate::platform::db::DbError;
use crate::platform::secrets::SecretError;
use crate::refusals;
use crate::staff::approval::ActionError;

refusals! {
    /// Why staff administration refuses.
    pub enum StaffError: "staff" {
        /// The username or the password is wrong; which of them is not said.
        InvalidCredentials => UNAUTHORIZED "invalid_credentials" "用户名或密码错误" "The username or the password is wrong.",
        /// Too many attempts failed; the details say until when nobody can log in.
        Locked(details) => TOO_MANY_REQUESTS "locked" "登录失败次数过多，账号已暂时锁定" "Too many attempts failed; the account is locked for a while.",
        /// The password is right, and a code of the second factor is needed.
        TotpRequired => UNAUTHORIZED "totp_required" "请输入动态验证码" "A code of the second factor is required.",
        /// The code is wrong, too old, or was used before.
        TotpInvalid => UNAUTHORIZED "totp_invalid" "动态验证码错误或已使用" "The code of the second factor is wrong or was used before.",
        /// The second factor is on already.
        TotpAlreadyOn => CONFLICT "totp_already_on" "已启用动态验证码" "The second factor is on already.",
        /// The second factor is off, or no secret waits for its first code.
        TotpNotOn => CONFLICT "totp_not_on" "未启用动态验证码" "The second factor is off.",
        /// The account is disabled.
        AccountDisabled => FORBIDDEN "account_disabled" "账号已停用" "This account is disabled.",
        /// The refresh token is unknown or expired.
        RefreshTokenInvalid => UNAUTHORIZED "refresh_token_invalid" "登录已过期，请重新登录" "The refresh token is unknown or expired; log in again.",
        /// The log-in has ended, or its refresh token was used twice, which ends it.
        SessionEnded => UNAUTHORIZED "session_ended" "登录已失效，请重新登录" "This log-in has ended; log in again.",
        /// Too many passwords are being checked at this moment.
        Busy => SERVICE_UNAVAILABLE "busy" "登录人数过多，请稍后重试" "Too many people are logging in; try again.",
        /// The password breaks a rule; the details say which.
        PasswordWeak(details) => UNPROCESSABLE_ENTITY "password_weak" "密码不符合要求" "The password breaks a rule.",
        /// A field of the account breaks a rule; the details name it.
        AccountInvalid(details) => UNPROCESSABLE_ENTITY "account_invalid" "员工信息有误" "A field of the account is not acceptable.",
        /// The username is taken.
        UsernameTaken => CONFLICT "username_taken" "用户名已被使用" "This username is taken.",
        /// There is no such account.
        AccountNotFound => NOT_FOUND "account_not_found" "员工不存在" "There is no such account.",
        /// The account is already in the state asked for.
        AccountStateUnchanged => CONFLICT "account_state_unchanged" "员工已处于该状态" "The account is already in that state.",
        /// The shop would be left without an owner.
        LastOwner => CONFLICT "last_owner" "至少保留一名店主" "The last owner can be neither disabled nor demoted.",
        /// Nobody can give or take what they do not hold themselves.
        BeyondAuthority => FORBIDDEN "beyond_authority" "超出您的权限范围" "This goes beyond your own permissions.",
        /// There is no such role.
        RoleNotFound => NOT_FOUND "role_not_found" "角色不存在" "There is no such role.",
        /// A field of the role breaks a rule; the details name it.
        RoleInvalid(details) => UNPROCESSABLE_ENTITY "role_invalid" "角色信息有误" "A field of the role is not acceptable.",
        /// The name of the role is taken.
        RoleNameTaken => CONFLICT "role_name_taken" "角色标识已被使用" "This name of a role is taken.",
        /// The product brings this role along.
        RoleBuiltIn => CONFLICT "role_built_in" "内置角色不可修改" "A built-in role cannot be changed.",
        /// Somebody has this role.
        RoleInUse => CONFLICT "role_in_use" "角色仍有员工使用" "Somebody still has this role.",
        /// As many roles exist as are allowed.
        TooManyRoles => UNPROCESSABLE_ENTITY "too_many_roles" "角色数量已达上限" "No more roles are allowed.",
        /// The reason is missing or too long.
        ReasonInvalid => UNPROCESSABLE_ENTITY "reason_invalid" "请填写 1 至 200 字的原因" "A reason of 1 to 200 characters is required.",
        /// There is no such approval.
        ApprovalNotFound => NOT_FOUND "approval_not_found" "审批不存在" "There is no such approval.",
        /// Somebody has decided already.
        ApprovalDecided => CONFLICT "approval_decided" "审批已处理" "This has been decided already.",
        /// The same action waits for its decision already.
        ApprovalWaiting => CONFLICT "approval_waiting" "已有相同的审批待处理" "The same action is waiting for approval already.",
        /// Nobody approves their own request.
        ApprovalOwn => FORBIDDEN "approval_own" "不能审批自己提交的申请" "A second person has to decide.",
    }
    passing {
        /// What carrying the approved action out refused.
        Action(ActionError),
    }
}

impl From<SecretError> for StaffError {
    fn from(error: SecretError) -> Self {
        Self::Db(DbError::Defect(error.to_string()))
    }
}
