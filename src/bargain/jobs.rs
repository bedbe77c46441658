//! What bargains do by themselves.

use super::model::{AwardId, BargainId};
use super::{service, store};
use crate::kernel::id::CampaignId;
use crate::kernel::time::MINUTE_MS;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// How long after the end of a campaign it is settled, so that cuts which were on their way have arrived.
const SETTLE_AFTER_MS: i64 = MINUTE_MS;

/// Ends bargains whose time is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpireBargains;

impl Sweep for ExpireBargains {
    fn name(&self) -> &'static str {
        "bargain.expire"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::bargains::overdue(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::expire(tx, BargainId::new(id))
    }
}

/// Ends the bargains of campaigns that are over, and works out who won their prizes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SettleCampaigns;

impl Sweep for SettleCampaigns {
    fn name(&self) -> &'static str {
        "bargain.settle"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let before = tx.now().plus_millis(-SETTLE_AFTER_MS);
        store::rules::to_rank(tx, before, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::settle(tx, CampaignId::new(id))
    }
}

/// Gives the winners their prizes, one by one.
#[derive(Clone, Copy, Debug, Default)]
pub struct PayPrizes;

impl Sweep for PayPrizes {
    fn name(&self) -> &'static str {
        "bargain.pay_prize"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::ranking::due(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::pay_prize(tx, AwardId::new(id))
    }
}
