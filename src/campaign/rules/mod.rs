//! Pure decisions about campaigns: which moves are allowed, whom a campaign is for, what a plan may say.

mod figures;
mod holdout;
mod patch;
mod plan;
mod risk;
#[cfg(test)]
mod tests;

pub(in crate::campaign) use figures::{Side, ratio, roi, uplift};
pub use holdout::is_held_out;
pub use patch::PlanChanges;
pub(in crate::campaign) use patch::{fixed, needs_second_person};
pub(in crate::campaign) use plan::{Flaw, checked, checked_reason, checked_text};
pub(in crate::campaign) use risk::{Busiest, Figure, Pace, Seen, figure, fires, usual};

use super::model::{Audience, CampaignFacts, CampaignState, Viewer};
use crate::kernel::time::{DAY_MS, Timestamp};

/// What can be done with a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Staff find the plan good: it waits for its time.
    Schedule,
    /// Staff want to change it once more.
    Withdraw,
    /// Its time has come.
    Start,
    /// Staff or a rule stop it.
    Pause,
    /// Staff let it go on.
    Resume,
    /// Its time is over, or staff end it.
    End,
    /// Staff write down what they make of it.
    Review,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 7] =
        [Self::Schedule, Self::Withdraw, Self::Start, Self::Pause, Self::Resume, Self::End, Self::Review];

    /// The word in the change log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Withdraw => "withdraw",
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::End => "end",
            Self::Review => "review",
        }
    }
}

/// A step that a state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalMove {
    /// The state.
    pub from: CampaignState,
    /// The step.
    pub step: Step,
}

/// The state that `step` leads to.
///
/// # Errors
/// When the state does not allow the step.
pub const fn next(from: CampaignState, step: Step) -> Result<CampaignState, IllegalMove> {
    use CampaignState::{Draft, Ended, Paused, Reviewed, Running, Scheduled};
    match (from, step) {
        (Draft, Step::Schedule) => Ok(Scheduled),
        (Scheduled, Step::Withdraw) => Ok(Draft),
        (Scheduled, Step::Start) | (Paused, Step::Resume) => Ok(Running),
        (Running, Step::Pause) => Ok(Paused),
        (Draft | Scheduled | Running | Paused, Step::End) => Ok(Ended),
        (Ended, Step::Review) => Ok(Reviewed),
        (
            Draft | Scheduled | Running | Paused | Ended | Reviewed,
            Step::Schedule | Step::Withdraw | Step::Start | Step::Pause | Step::Resume | Step::End | Step::Review,
        ) => Err(IllegalMove { from, step }),
    }
}

/// Whether the change log may hold a row from one state to another: the first row, a fact that leaves the state as it
/// is, or a step.
pub fn is_recordable(from: Option<CampaignState>, to: CampaignState) -> bool {
    match from {
        None => to == CampaignState::Draft,
        Some(from) => from == to || Step::ALL.into_iter().any(|step| next(from, step) == Ok(to)),
    }
}

/// Why somebody cannot take part in a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// Shoppers know nothing of it.
    Unknown,
    /// It is for others, or held back from this user so that its effect can be measured.
    NotForYou,
    /// It does not run.
    NotRunning,
}

/// What keeps `viewer` from taking part at `now`, if anything. `listed` says whether staff named the user, and matters
/// only when the audience is a list.
pub fn hindrance(facts: &CampaignFacts, viewer: &Viewer, listed: bool, now: Timestamp) -> Option<Hindrance> {
    if facts.state == CampaignState::Draft {
        Some(Hindrance::Unknown)
    } else if !is_for(facts, viewer, listed) {
        Some(Hindrance::NotForYou)
    } else if facts.state != CampaignState::Running || now < facts.starts_at || now >= facts.ends_at {
        Some(Hindrance::NotRunning)
    } else {
        None
    }
}

/// Whether the campaign is meant for this viewer and not held back from them.
pub fn is_for(facts: &CampaignFacts, viewer: &Viewer, listed: bool) -> bool {
    let meant = match facts.audience {
        Audience::Everyone => true,
        Audience::Newcomers => viewer.newcomer,
        Audience::Customers => !viewer.newcomer,
        Audience::List => listed,
    };
    meant && viewer.user.is_none_or(|user| !is_held_out(facts.id, user, facts.holdout_permille))
}

/// Whether an account made at `made` counts as brand-new at `now`: less than a day old.
pub const fn is_fresh(made: Timestamp, now: Timestamp) -> bool {
    now.millis_since(made) < DAY_MS
}
