//! Why entrances refuse.

crate::refusals! {
    /// Why entrances refuse.
    pub enum EntranceError: "entrance" {
        /// No such entrance.
        NotFound => NOT_FOUND "not_found" "入口不存在" "There is no such entrance.",
        /// The platform has an entrance with this app id already.
        AppTaken => CONFLICT "app_taken" "该应用已添加" "This application is an entrance already.",
        /// Another entrance has this original id.
        OriginalTaken => CONFLICT "original_taken" "该原始 ID 已被其他入口使用" "Another entrance has this original id.",
        /// It was changed since it was read.
        Changed(details) => CONFLICT "changed" "入口信息已被修改，请刷新后重试" "The entrance was changed meanwhile; read it again.",
        /// The configuration says this of its own entrance.
        Configured => CONFLICT "configured" "该入口由配置文件管理，不可在此修改" "The configuration decides this of its own entrance.",
        /// Without its secret an entrance cannot be enabled.
        NoSecret => CONFLICT "no_secret" "请先填写应用密钥" "The entrance has no secret yet.",
        /// A field is empty, too long, or has characters it must not have; details name it.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field of the entrance is empty, too long, or has characters it must not have.",
        /// More entrances than a shop may have.
        TooMany => UNPROCESSABLE_ENTITY "too_many" "入口数量已达上限" "A shop has at most 100 entrances.",
    }
}

impl From<crate::platform::secrets::SecretError> for EntranceError {
    fn from(error: crate::platform::secrets::SecretError) -> Self {
        Self::Db(crate::platform::db::DbError::Defect(error.to_string()))
    }
}
