//! What of a user's is kept with packets.

use super::store;
use crate::identity::{AccountAsset, Clash, Handover, UserRows};
use crate::platform::db::rows::Fields;
use crate::platform::db::{DbResult, Tx};

/// The packets a user received and the portions they claimed.
#[derive(Clone, Copy, Debug, Default)]
pub struct PacketAsset;

const PORTIONS: &str = "packet_portions";

const ROWS: &[UserRows] = &[
    UserRows { table: "packets", moments: &[("opened_at", "packet.received")], ..UserRows::PLAIN },
    UserRows {
        table: PORTIONS,
        owner: "claimed_by",
        clash: Clash::Stays("packet.portion_twice"),
        moments: &[("claimed_at", "packet.claimed")],
        ..UserRows::PLAIN
    },
];

impl AccountAsset for PacketAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    /// A friend's portion of one's own packet is not what a friend is for.
    fn settle(&self, tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
        for (packet, no) in store::own_portions_as_friend(tx, handover.kept())? {
            let row = Fields::from([
                ("packet_id".to_owned(), Some(packet.to_string())),
                ("no".to_owned(), Some(no.to_string())),
            ]);
            handover.flag(tx, "packet.claimed_own", PORTIONS, &row)?;
        }
        Ok(())
    }
}
