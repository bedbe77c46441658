//! Why campaigns refuse.

use serde_json::json;

use super::model::CampaignFacts;
use super::rules::{Flaw, Hindrance, IllegalMove};
use crate::platform::db::DbError;
use crate::staff::StaffError;

crate::refusals! {
    /// Why campaigns refuse.
    pub enum CampaignError: "campaign" {
        /// No such campaign, or none that shoppers know of.
        NotFound => NOT_FOUND "not_found" "活动不存在" "There is no such campaign.",
        /// It is for others.
        NotForYou => FORBIDDEN "not_for_you" "您暂不能参与该活动" "This is not open to you.",
        /// It does not run now; details hold its state and window.
        NotRunning(details) => CONFLICT "not_running" "活动未开始或已结束" "The campaign is not running.",
        /// What it may give away is given.
        BudgetExhausted => CONFLICT "budget_exhausted" "活动优惠已发完" "The campaign's budget is used up.",
        /// What it may give away today is given.
        DailyCapReached => CONFLICT "daily_cap_reached" "今日活动优惠已发完，请明天再来" "What the campaign may give today is used up.",
        /// The user did this as often as they may; details hold what and how often.
        LimitReached(details) => CONFLICT "limit_reached" "已达参与次数上限" "You have done this as often as you may.",
        /// Its state does not allow this, or it changed meanwhile; details name the state.
        StateConflict(details) => CONFLICT "state_conflict" "活动状态已变化，请刷新后再试" "The state of the campaign does not allow this, or it changed meanwhile.",
        /// Fields of the plan break their rules; details list them.
        InvalidPlan(details) => UNPROCESSABLE_ENTITY "invalid_plan" "活动计划不符合要求" "The plan breaks a rule.",
        /// It cannot be scheduled yet; details list what is missing.
        NotReady(details) => UNPROCESSABLE_ENTITY "not_ready" "活动尚未准备好" "The campaign is not ready to be scheduled.",
        /// This part of the plan cannot be changed any more; details name the fields.
        Fixed(details) => UNPROCESSABLE_ENTITY "fixed" "该内容已不能修改" "This can no longer be changed.",
        /// Less than what was given away already; details say how much.
        BelowSpent(details) => UNPROCESSABLE_ENTITY "below_spent" "不能低于已使用的金额" "This is less than what was given away already.",
        /// Some of the users do not exist; details name them.
        UsersNotFound(details) => UNPROCESSABLE_ENTITY "users_not_found" "部分用户不存在" "Some of these users do not exist.",
        /// A reason or a text is missing or too long; details name the field.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field is empty, too long, or out of range.",
    }
    passing { Staff(StaffError) }
}

impl CampaignError {
    /// Why a viewer cannot take part.
    pub(super) fn of(hindrance: Hindrance, facts: &CampaignFacts) -> Self {
        match hindrance {
            Hindrance::Unknown => Self::NotFound,
            Hindrance::NotForYou => Self::NotForYou,
            Hindrance::NotRunning => Self::NotRunning(
                json!({ "state": facts.state, "starts_at": facts.starts_at, "ends_at": facts.ends_at }),
            ),
        }
    }

    /// A plan with flaws.
    pub(super) fn flaws(flaws: &[Flaw]) -> Self {
        Self::InvalidPlan(json!({ "flaws": flaws }))
    }

    /// A field that breaks its rule.
    pub(super) fn field(name: &str, rule: &str) -> Self {
        Self::InvalidField(json!({ "field": name, "rule": rule }))
    }

    /// It changed while it was being looked at.
    pub(super) fn lost_race() -> Self {
        Self::StateConflict(json!({ "reason": "changed_meanwhile" }))
    }

    /// For callers that cannot refuse, such as a sweep: a database failure stays what it is; anything else means that
    /// the row changed meanwhile, so that the transaction is taken back and tried again.
    pub(super) fn into_db(self) -> DbError {
        match crate::platform::db::FromDb::db_error(&self) {
            Some(error) => error.clone(),
            None => DbError::Conflict(self.to_string()),
        }
    }
}

impl From<IllegalMove> for CampaignError {
    fn from(refused: IllegalMove) -> Self {
        Self::StateConflict(json!({ "state": refused.from, "step": refused.step.as_str() }))
    }
}
