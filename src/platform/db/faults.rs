//! Planted faults: lets a test fail the Nth database call or commit and see that nothing breaks.
//!
//! A service in production holds [`Faults::none`], whose check is one comparison.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::error::{DbError, DbResult};

/// Which call is to fail; cloning shares the counters.
#[derive(Debug, Clone, Default)]
pub struct Faults(Option<Arc<Planted>>);

#[derive(Debug)]
struct Planted {
    statements: AtomicI64,
    commits: AtomicI64,
    lost_answers: AtomicI64,
}

/// A counter that never reaches its fault.
const NEVER: i64 = i64::MAX;

impl Faults {
    /// No faults, ever.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Faults that can be planted later; none yet.
    pub fn plantable() -> Self {
        let never = || AtomicI64::new(NEVER);
        Self(Some(Arc::new(Planted { statements: never(), commits: never(), lost_answers: never() })))
    }

    /// The `n`th statement from now fails (1 is the next).
    pub fn fail_statement(&self, n: i64) {
        self.set(|planted| &planted.statements, n);
    }

    /// The `n`th commit from now fails and changes nothing.
    pub fn fail_commit(&self, n: i64) {
        self.set(|planted| &planted.commits, n);
    }

    /// The `n`th commit from now happens, but its answer is lost.
    pub fn lose_commit_answer(&self, n: i64) {
        self.set(|planted| &planted.lost_answers, n);
    }

    /// Takes all planted faults back; says whether every one of them had happened.
    pub fn clear(&self) -> bool {
        let Some(planted) = &self.0 else { return true };
        let counters = [&planted.statements, &planted.commits, &planted.lost_answers];
        counters
            .into_iter()
            .map(|counter| counter.swap(NEVER, Ordering::SeqCst))
            .all(|left| left <= 0 || left > NEVER / 2)
    }

    pub(super) fn at_statement(&self) -> DbResult<()> {
        self.hit(|planted| &planted.statements, || DbError::Unavailable("planted fault at a statement".to_owned()))
    }

    pub(super) fn at_commit(&self) -> DbResult<()> {
        self.hit(|planted| &planted.commits, || DbError::Unavailable("planted fault at a commit".to_owned()))
    }

    pub(super) fn after_commit(&self) -> DbResult<()> {
        self.hit(|planted| &planted.lost_answers, || DbError::OutcomeUnknown("planted loss of an answer".to_owned()))
    }

    fn set(&self, counter: impl Fn(&Planted) -> &AtomicI64, n: i64) {
        if let Some(planted) = &self.0 {
            counter(planted).store(n, Ordering::SeqCst);
        }
    }

    fn hit(&self, counter: impl Fn(&Planted) -> &AtomicI64, error: impl Fn() -> DbError) -> DbResult<()> {
        match &self.0 {
            Some(planted) if counter(planted).fetch_sub(1, Ordering::SeqCst) == 1 => Err(error()),
            _ => Ok(()),
        }
    }
}
