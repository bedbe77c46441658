//! The shop at a glance, while things happen: who is there now, and today against yesterday.
//!
//! * **Online** is everybody with an event in the last five minutes.
//! * **Visits** are sessions as the analysis of sessions divides them, counted where they began; midnight begins none.
//! * **Visitors** are different people with any event.
//! * **Orders, money and new users** are the shop's own events, which nobody else can tell. Revenue is what was paid,
//!   before refunds.
//!
//! Everything comes from one walk through the events of two days. An answer stands for a few seconds and is made once
//! for all who ask meanwhile, so that a wall of screens costs as much as one.

mod api;
mod figures;

use std::sync::Arc;

use tokio::sync::Mutex;

pub use self::api::{OverviewApi, overview_routes};
use self::figures::{Overview, Plan};
use super::engine::calendar::Period;
use super::error::AnalyticsError;
use super::reports::{Reports, View};
use crate::kernel::time::SECOND_MS;

/// For how long an answer stands.
const FRESH_MS: i64 = 3 * SECOND_MS;

/// Whoever keeps the latest overviews. Cloning shares them.
#[derive(Clone)]
pub struct Overviews(Arc<Inner>);

struct Inner {
    reports: Reports,
    /// By what they are counted by. Whoever makes one holds the lock, and all others have it from them.
    kept: Mutex<Vec<(Period, Arc<Overview>)>>,
}

impl Overviews {
    /// Overviews of what these reports answer from.
    pub fn new(reports: Reports) -> Self {
        Self(Arc::new(Inner { reports, kept: Mutex::default() }))
    }

    /// The overview as it is now, or was a moment ago.
    async fn latest(&self, bucket: Period) -> Result<Arc<Overview>, AnalyticsError> {
        let mut kept = self.0.kept.lock().await;
        let now = self.0.reports.db().clock().now();
        let fresh = |overview: &Overview| (0..FRESH_MS).contains(&now.millis_since(overview.as_of));
        if let Some((_, overview)) = kept.iter().find(|(of, overview)| *of == bucket && fresh(overview)) {
            return Ok(Arc::clone(overview));
        }
        let made = self.0.reports.work(View::default(), move |data| Plan::of(data, bucket).answer(data)).await?;
        let made = Arc::new(made);
        kept.retain(|(of, _)| *of != bucket);
        kept.push((bucket, Arc::clone(&made)));
        Ok(made)
    }
}
