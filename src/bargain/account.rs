//! What of a user's is kept with bargains.

use super::store::{pieces, ranking};
use crate::identity::assets::{add_up, keep_later};
use crate::identity::{AccountAsset, Clash, Handover, Merge, UserRows};
use crate::platform::db::rows::Fields;
use crate::platform::db::{DbResult, Tx};

/// The bargains a user opened, the cuts they made for friends, their places and prizes.
#[derive(Clone, Copy, Debug, Default)]
pub struct BargainAsset;

const PIECES: &str = "bargain_pieces";

const ROWS: &[UserRows] = &[
    UserRows {
        table: "bargains",
        clash: Clash::Stays("bargain.running_twice"),
        moments: &[("opened_at", "bargain.opened"), ("floor_at", "bargain.reached_floor")],
        withheld: &["seed"],
        ..UserRows::PLAIN
    },
    UserRows {
        table: PIECES,
        owner: "helper_id",
        clash: Clash::Stays("bargain.helped_twice"),
        moments: &[("taken_at", "bargain.cut")],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "bargain_ranks",
        clash: Clash::Joins { same: &["campaign_id"], join: add_helpers, sums: &["helpers"] },
        ..UserRows::PLAIN
    },
    UserRows {
        table: "bargain_awards",
        clash: Clash::Stays("bargain.prize_twice"),
        moments: &[("settled_at", "bargain.prize_paid")],
        ..UserRows::PLAIN
    },
];

fn add_helpers(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    add_up(kept, gone, "helpers");
    keep_later(kept, gone, "reached");
    None
}

impl AccountAsset for BargainAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    /// A cut for oneself is not a friend's help; and a bargain that could not follow takes its helpers out of the ranking
    /// of the one who stays.
    fn settle(&self, tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
        for (bargain, number) in pieces::own_cuts_as_helper(tx, handover.kept())? {
            let row = Fields::from([
                ("bargain_id".to_owned(), Some(bargain.to_string())),
                ("number".to_owned(), Some(number.to_string())),
            ]);
            handover.flag(tx, "bargain.helped_oneself", PIECES, &row)?;
        }
        ranking::recount(tx, &[handover.merged(), handover.kept()])
    }

    fn settle_undone(&self, tx: &mut Tx<'_>, merge: &Merge) -> DbResult<()> {
        ranking::recount(tx, &[merge.merged_user_id, merge.kept_user_id])
    }
}
