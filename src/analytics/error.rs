//! Why events, and what staff do about their names, are refused.

use super::engine::flaw::{EngineError, Flaw};
use crate::platform::db::DbError;

crate::refusals! {
    /// Why events, and what staff do about their names, are refused.
    pub enum AnalyticsError: "analytics" {
        /// An event is not what an event may be; the details name it.
        EventInvalid(details) => UNPROCESSABLE_ENTITY "event_invalid" "事件内容有误" "An event is not what an event may be.",
        /// There is no event, or more than a batch may bring.
        BatchOutOfRange => UNPROCESSABLE_ENTITY "batch_out_of_range" "一次可上报1至100个事件" "A batch brings 1 to 100 events.",
        /// The shop has as many names of events or properties as it takes.
        TooManyNames(details) => UNPROCESSABLE_ENTITY "too_many_names" "事件名或属性名数量已达上限" "There are as many names of events or properties as the shop takes.",
        /// So much waits to be written that no more is taken now.
        BufferFull => SERVICE_UNAVAILABLE "buffer_full" "事件缓冲已满，请稍后重试" "Too many events are waiting; try again.",
        /// A tracker's key is not the shop's, or the shop has none.
        ProjectKeyInvalid => UNAUTHORIZED "project_key_invalid" "项目密钥无效" "The project key is not valid.",
        /// A tracker's body cannot be read.
        BodyUnreadable => BAD_REQUEST "body_unreadable" "无法解析上报内容" "The body cannot be read.",
        /// There is no such name.
        NameNotFound => NOT_FOUND "name_not_found" "名称不存在" "There is no such name.",
        /// What is written about a name is too long or malformed.
        NameEditInvalid(details) => UNPROCESSABLE_ENTITY "name_edit_invalid" "名称信息有误" "What is written about the name is too long or malformed.",
        /// A question is not one that can be answered; the details name the field and the reason.
        QuestionInvalid(details) => UNPROCESSABLE_ENTITY "question_invalid" "分析条件有误" "The question is not one that can be answered.",
        /// As many questions as the shop answers at once are being answered.
        TooBusy => SERVICE_UNAVAILABLE "too_busy" "分析任务繁忙，请稍后重试" "Other questions are being answered; try again.",
        /// There is no such ready-made question.
        ReadyMadeNotFound => NOT_FOUND "ready_made_not_found" "没有这个现成的分析" "There is no such ready-made question.",
        /// There is no such segment.
        SegmentNotFound => NOT_FOUND "segment_not_found" "分群不存在" "There is no such segment.",
        /// A segment's name has 1 to 60 characters of one line.
        SegmentNameInvalid => UNPROCESSABLE_ENTITY "segment_name_invalid" "分群名称须为1至60个字" "A segment's name has 1 to 60 characters of one line.",
        /// Another segment has this name.
        SegmentNameTaken => CONFLICT "segment_name_taken" "分群名称已存在" "Another segment has this name.",
        /// The shop has as many segments as it keeps.
        TooManySegments => CONFLICT "too_many_segments" "分群数量已达上限" "There are as many segments as the shop keeps.",
        /// Another segment asks for this one.
        SegmentInUse => CONFLICT "segment_in_use" "分群被其他分群引用" "Another segment asks for this one.",
        /// A segment would ask for itself, directly or by way of others.
        SegmentCycle => UNPROCESSABLE_ENTITY "segment_cycle" "分群不能循环引用" "A segment cannot ask for itself.",
        /// A fixed segment has no condition to be changed.
        SegmentFixed => CONFLICT "segment_fixed" "静态分群的条件不能修改" "A fixed segment has no condition to be changed.",
        /// There is no such saved question.
        SavedQuestionNotFound => NOT_FOUND "saved_question_not_found" "保存的分析不存在" "There is no such saved question.",
        /// A saved question's name has 1 to 60 characters of one line.
        SavedQuestionNameInvalid => UNPROCESSABLE_ENTITY "saved_question_name_invalid" "分析名称须为1至60个字" "A saved question's name has 1 to 60 characters of one line.",
        /// Another saved question has this name.
        SavedQuestionNameTaken => CONFLICT "saved_question_name_taken" "分析名称已存在" "Another saved question has this name.",
        /// The shop has as many saved questions as it keeps.
        TooManySavedQuestions => CONFLICT "too_many_saved_questions" "保存的分析数量已达上限" "There are as many saved questions as the shop keeps.",
        /// Nothing has been answered yet.
        NotAnsweredYet => NOT_FOUND "not_answered_yet" "尚无分析结果" "The question has not been answered yet.",
        /// An answer is too large to be kept.
        AnswerTooLarge => UNPROCESSABLE_ENTITY "answer_too_large" "分析结果过大，无法保存" "The answer is too large to be kept.",
        /// Only days that have begun can be exported.
        ExportDayNotBegun => UNPROCESSABLE_ENTITY "export_day_not_begun" "该日期尚未开始，无法导出" "Only days that have begun can be exported.",
        /// There is no such user.
        UserNotFound => UNPROCESSABLE_ENTITY "user_not_found" "用户不存在" "There is no such user.",
    }
}

impl From<EngineError> for AnalyticsError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Flaw(flaw) => flaw.into(),
            other => DbError::Defect(other.to_string()).into(),
        }
    }
}

impl From<Flaw> for AnalyticsError {
    fn from(flaw: Flaw) -> Self {
        Self::QuestionInvalid(serde_json::json!({ "field": flaw.field, "reason": flaw.reason }))
    }
}
