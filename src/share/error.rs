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
    }
}
