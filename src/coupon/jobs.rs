//! Background work of coupons: those whose time is over, and gifts to many.

use futures_util::future::BoxFuture;

use super::model::{CouponId, TRIES_PERIOD_MS};
use super::service::{self, RunToCarryOut};
use super::store;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::jobs::{ClaimedJob, JobFailure, JobHandler, Sweep};

/// The kind of job that gives many users a coupon.
pub const GRANT_RUN: &str = "coupon.grant_run";

/// Ends coupons whose time is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpireCoupons;

impl Sweep for ExpireCoupons {
    fn name(&self) -> &'static str {
        "coupon.expire"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::expire_overdue(tx, CouponId::new(id))
    }
}

/// Forgets wrong codes that no longer count against anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForgetWrongCodes;

impl Sweep for ForgetWrongCodes {
    fn name(&self) -> &'static str {
        "coupon.forget_wrong_codes"
    }

    fn due(&self, tx: &mut Tx<'_>, _limit: i64) -> DbResult<Vec<i64>> {
        // All of them are settled at once, whatever the number.
        let before = tx.now().plus_millis(-TRIES_PERIOD_MS);
        Ok(if store::has_tries_before(tx, before)? { vec![0] } else { Vec::new() })
    }

    fn settle(&self, tx: &mut Tx<'_>, _id: i64) -> DbResult<()> {
        let before = tx.now().plus_millis(-TRIES_PERIOD_MS);
        store::forget_tries(tx, before)
    }
}

/// Gives many users a coupon, a few in each transaction.
#[derive(Clone)]
pub struct CarryOutGrants(pub Db);

impl CarryOutGrants {
    async fn carry_out(&self, job: &ClaimedJob) -> Result<(), JobFailure> {
        let wanted: RunToCarryOut =
            serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
        let id = wanted.run_id;
        while self.0.write("coupon.grant_run", move |tx| service::carry_on(tx, id)).await? {}
        Ok(())
    }
}

impl JobHandler for CarryOutGrants {
    fn kind(&self) -> &'static str {
        GRANT_RUN
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(self.carry_out(job))
    }
}
