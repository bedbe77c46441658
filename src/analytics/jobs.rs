//! What has to be done with events when time has passed.

use super::intake;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Forgets ids of events that came so long ago that no client tries them again.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForgetEventIds;

impl Sweep for ForgetEventIds {
    fn name(&self) -> &'static str {
        "analytics.forget_event_ids"
    }

    fn due(&self, tx: &mut Tx<'_>, _limit: i64) -> DbResult<Vec<i64>> {
        // The oldest are forgotten together, whatever they are.
        Ok(if intake::remembers_too_much(tx)? { vec![0] } else { Vec::new() })
    }

    fn settle(&self, tx: &mut Tx<'_>, _id: i64) -> DbResult<()> {
        intake::forget_some(tx)
    }
}
