//! What of a user's is kept with bargains.

use std::collections::BTreeMap;

use super::store::{pieces, ranking};
use crate::identity::assets::{keep_later, number, set_number};
use crate::identity::{AccountAsset, Clash, Handover, Merge, UserRows};
use crate::platform::db::rows::{self, Fields};
use crate::platform::db::{DbResult, Tx};

/// The bargains a user opened, the cuts they made for friends, their places and prizes.
#[derive(Clone, Copy, Debug, Default)]
pub struct BargainAsset;

const PIECES: &str = "bargain_pieces";
const RANKS: &str = "bargain_ranks";

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
    UserRows { table: RANKS, clash: Clash::Own, ..UserRows::PLAIN },
    UserRows {
        table: "bargain_awards",
        clash: Clash::Stays("bargain.prize_twice"),
        moments: &[("settled_at", "bargain.prize_paid")],
        ..UserRows::PLAIN
    },
];

impl AccountAsset for BargainAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    /// A cut for oneself is not a friend's help.
    fn settle(&self, tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
        for (bargain, number) in pieces::own_cuts_as_helper(tx, handover.kept())? {
            let row = Fields::from([
                ("bargain_id".to_owned(), Some(bargain.to_string())),
                ("number".to_owned(), Some(number.to_string())),
            ]);
            handover.flag(tx, "bargain.helped_oneself", PIECES, &row)?;
        }
        join_ranks(tx, handover)
    }

    fn settle_undone(&self, tx: &mut Tx<'_>, merge: &Merge) -> DbResult<()> {
        ranking::recount(tx, &[merge.merged_user_id, merge.kept_user_id])
    }
}

/// The places of both follow from the bargains that changed hands; one that could not follow keeps its helpers where it
/// is. Of two moments the later one counts.
fn join_ranks(tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
    let both = [handover.merged(), handover.kept()];
    let mut there = rows::owned(tx, RANKS, "user_id", both[0].get())?;
    there.extend(rows::owned(tx, RANKS, "user_id", both[1].get())?);
    let mut reached: BTreeMap<i64, Option<String>> = BTreeMap::new();
    for rank in &there {
        let latest = reached.entry(number(rank, "campaign_id").unwrap_or_default()).or_default();
        let mut kept = Fields::from([("reached".to_owned(), latest.clone())]);
        keep_later(&mut kept, rank, "reached");
        *latest = kept.remove("reached").flatten();
    }
    for user in both {
        let counted = ranking::counted(tx, user)?;
        for (campaign, helpers) in &counted {
            let mut becomes = Fields::from([
                ("campaign_id".to_owned(), Some(campaign.to_string())),
                ("user_id".to_owned(), Some(user.to_string())),
                ("reached".to_owned(), reached.get(&campaign.get()).cloned().flatten()),
            ]);
            set_number(&mut becomes, "helpers", *helpers);
            let is_this = |rank: &&Fields| {
                number(rank, "user_id") == Some(user.get()) && number(rank, "campaign_id") == Some(campaign.get())
            };
            match there.iter().find(is_this) {
                Some(rank) => handover.change(tx, RANKS, rank, &becomes)?,
                None => handover.add(tx, RANKS, &becomes)?,
            }
        }
        let is_gone = |rank: &&Fields| {
            let campaign = number(rank, "campaign_id");
            number(rank, "user_id") == Some(user.get())
                && !counted.iter().any(|(counted, _)| Some(counted.get()) == campaign)
        };
        for rank in there.iter().filter(is_gone) {
            handover.remove(tx, RANKS, rank)?;
        }
    }
    Ok(())
}
