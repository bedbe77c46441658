//! Made-up histories: weeks of a shop that never was, sealed like real ones, with everything about them known.
//!
//! Figures can only be trusted when there is a truth to hold them against. Here people come through channels of different
//! quality, some of them by what others shared, more at weekends and most during a campaign; they return or do not, share
//! or do not, and buy or do not. [`Truth`] is what was decided about them, written down while deciding and never worked
//! out from events. Money in such a history is made up like the rest, and none of it is in the books: it belongs into a
//! shop for trying things out.
//!
//! The same seed tells the same history. `rand` draws, since product dependencies have it already.

mod channels;
mod story;
mod truth;

pub use self::truth::{ChannelTruth, DayTruth, ShareTruth, Truth};

use self::story::{Story, Told};
use super::intake;
use super::sealing::{Sealer, SealingError};
use crate::kernel::day::Day;
use crate::platform::db::{Db, DbError, DbResult, Tx};

/// Most days of a history: those on which a person came are one bit each.
pub const MAX_DAYS: u16 = 60;
/// Most people of a history.
pub const MAX_PEOPLE: u32 = 10_000_000;
/// Most events of a day, which are in memory at once.
pub const MAX_EVENTS_OF_A_DAY: u64 = 2_000_000;

/// How much happens in a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPlan {
    /// People who come, each at least once.
    pub people: u32,
    /// Events, about: the last visit of a day is told to its end.
    pub events: u64,
    /// Days; the last of them is yesterday.
    pub days: u16,
    /// What everything is drawn from.
    pub seed: u64,
}

/// Why a history was not told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The plan asks for what cannot be.
    #[error(
        "a history has 1 to {MAX_DAYS} days, 1 to {MAX_PEOPLE} people and at most {MAX_EVENTS_OF_A_DAY} events a day"
    )]
    Plan,
    /// A history of this seed is there already.
    #[error("the history of this seed was told here before")]
    ToldBefore,
    /// The files or the database.
    #[error(transparent)]
    Sealing(#[from] SealingError),
}

impl From<DbError> for HistoryError {
    fn from(error: DbError) -> Self {
        Self::Sealing(error.into())
    }
}

impl HistoryPlan {
    fn checked(self) -> Result<Self, HistoryError> {
        let fits = (1..=MAX_DAYS).contains(&self.days)
            && (1..=MAX_PEOPLE).contains(&self.people)
            && self.events <= MAX_EVENTS_OF_A_DAY.saturating_mul(u64::from(self.days));
        if fits { Ok(self) } else { Err(HistoryError::Plan) }
    }
}

/// Tells a history: its people become subjects, and each of its days a file of sealed events.
///
/// # Errors
/// [`HistoryError`]; days that were told before a failure stay.
pub async fn tell(db: &Db, sealer: &Sealer, plan: HistoryPlan) -> Result<Truth, HistoryError> {
    let plan = plan.checked()?;
    let number = move |tx: &mut Tx<'_>| {
        let first = intake::number_made_up(tx, plan.seed, plan.people)?;
        DbResult::Ok((first, tx.today(), tx.zone().clone()))
    };
    let (first, today, zone) = db.write("analytics.number_made_up", number).await?;
    let first = first.ok_or(HistoryError::ToldBefore)?;
    let begin = Day::new(today.get() - i64::from(plan.days));
    let mut story = Story::begin(plan, begin, zone, first);
    for place in 0..plan.days {
        let day = Day::new(begin.get() + i64::from(place));
        let telling = tokio::task::spawn_blocking(move || {
            let events = story.day(place);
            Told { story, events }
        });
        let told = telling.await.map_err(SealingError::from)?;
        story = told.story;
        sealer.seal_day(day, told.events).await?;
    }
    Ok(story.truth())
}
