//! Packets whose time is over.

use super::model::PacketId;
use super::{service, store};
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Ends packets whose time is over and gives back what nobody claimed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpirePackets;

impl Sweep for ExpirePackets {
    fn name(&self) -> &'static str {
        "social_coupon.expire"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let now = tx.now();
        Ok(store::due(tx, now, limit)?.into_iter().map(PacketId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::expire(tx, PacketId::new(id))
    }
}
