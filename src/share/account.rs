//! What of a user's is kept with shares, and how two places in the tree become one.
//!
//! The earlier of the two arrivals is how the person came. Whom either brought, they brought; what they opened of their
//! own they did not open. Depths below are counted anew.

use super::store;
use crate::identity::assets::{add_up, keep_earlier, keep_later, number, set_number};
use crate::identity::{AccountAsset, Clash, Handover, Merge, UserRows};
use crate::kernel::id::UserId;
use crate::platform::db::rows::{self, Fields};
use crate::platform::db::{DbResult, Tx};

/// Shares, opens, and the place in the tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShareAsset;

const ORIGINS: &str = "share_origins";
const OPENS: &str = "share_opens";

const OPENS_OF_USER: UserRows = UserRows {
    table: OPENS,
    clash: Clash::Own,
    moments: &[("first_opened_at", "share.opened")],
    withheld: &["group_id"],
    ..UserRows::PLAIN
};
const BROUGHT: UserRows = UserRows {
    table: ORIGINS,
    owner: "inviter_id",
    clash: Clash::Own,
    // Whom they brought is the friend's to ask for.
    withheld: &["user_id"],
    ..UserRows::PLAIN
};

const ROWS: &[UserRows] = &[
    UserRows { table: "share_tokens", owner: "sharer_id", moments: &[("created_at", "share.made")], ..UserRows::PLAIN },
    OPENS_OF_USER,
    UserRows {
        table: ORIGINS,
        clash: Clash::Own,
        moments: &[("at", "share.arrived")],
        withheld: &["inviter_id"],
        ..UserRows::PLAIN
    },
    BROUGHT,
    UserRows { table: "share_merged_users", clash: Clash::Own, ..UserRows::PLAIN },
];

impl AccountAsset for ShareAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    fn settle(&self, tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
        let into = handover.kept();
        join_origins(tx, handover)?;
        join_opens(tx, handover)?;
        if !store::is_merged(tx, into)? && store::has_shared_anything(tx, into)? {
            handover.add(tx, "share_merged_users", &of_user(into))?;
        }
        store::deepen(tx, into)
    }

    fn settle_undone(&self, tx: &mut Tx<'_>, merge: &Merge) -> DbResult<()> {
        let both = [merge.merged_user_id, merge.kept_user_id];
        // Who came since through a share that is another's again was brought by that one.
        store::follow_sharers(tx, &both)?;
        for user in both {
            store::deepen(tx, user)?;
        }
        Ok(())
    }
}

fn of_user(user: UserId) -> Fields {
    Fields::from([("user_id".to_owned(), Some(user.to_string()))])
}

fn one(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Fields>> {
    Ok(rows::owned(tx, ORIGINS, "user_id", user.get())?.into_iter().next())
}

/// The earlier arrival is the person's; whoever stands below either stands below them.
fn join_origins(tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
    let (from, into) = (handover.merged(), handover.kept());
    let Some(gone) = one(tx, from)? else {
        return Ok(());
    };
    match one(tx, into)? {
        None => {
            let mut arrived = gone.clone();
            arrived.extend(of_user(into));
            handover.add(tx, ORIGINS, &arrived)?;
        }
        Some(kept) => {
            let mut arrived = earlier(&gone, &kept, into).clone();
            arrived.extend(of_user(into));
            if number(&arrived, "inviter_id").is_some_and(|inviter| inviter == from.get() || inviter == into.get()) {
                // They brought themselves, which is to have come on one's own.
                for column in ["inviter_id", "token_id", "channel", "campaign_id"] {
                    arrived.insert(column.to_owned(), None);
                }
                set_number(&mut arrived, "depth", 0);
            }
            handover.change(tx, ORIGINS, &kept, &arrived)?;
        }
    }
    for brought in rows::owned(tx, ORIGINS, "inviter_id", from.get())? {
        handover.relabel(tx, &BROUGHT, &brought)?;
    }
    handover.remove(tx, ORIGINS, &gone)
}

/// Of two arrivals at the same moment, the one that the other did not bring about.
fn earlier<'f>(gone: &'f Fields, kept: &'f Fields, into: UserId) -> &'f Fields {
    let (one, other) = (number(gone, "at"), number(kept, "at"));
    let brought_by_kept = number(gone, "inviter_id") == Some(into.get());
    if one < other || (one == other && !brought_by_kept) { gone } else { kept }
}

/// What both opened was opened by one; what one opened of the other's was their own; one of the opens is how they came.
fn join_opens(tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
    let (from, into) = (handover.merged(), handover.kept());
    let came_through = one(tx, into)?.and_then(|origin| number(&origin, "token_id"));
    for open in rows::owned(tx, OPENS, "user_id", into.get())? {
        if store::is_shared_by(tx, number(&open, "token_id"), into)? {
            handover.remove(tx, OPENS, &open)?;
        } else {
            handover.change(tx, OPENS, &open, &edge(&open, came_through))?;
        }
    }
    for open in rows::owned(tx, OPENS, "user_id", from.get())? {
        if store::is_shared_by(tx, number(&open, "token_id"), into)? {
            handover.remove(tx, OPENS, &open)?;
            continue;
        }
        let mut at = of_user(into);
        at.insert("token_id".to_owned(), open.get("token_id").cloned().flatten());
        match rows::matching(tx, OPENS, &at)?.into_iter().next() {
            Some(kept) => {
                let mut joined = edge(&kept, came_through);
                add_up(&mut joined, &open, "opens");
                keep_earlier(&mut joined, &open, "first_opened_at");
                keep_later(&mut joined, &open, "last_opened_at");
                handover.remove(tx, OPENS, &open)?;
                handover.change(tx, OPENS, &kept, &joined)?;
            }
            None => {
                let mut moved = edge(&open, came_through);
                moved.extend(of_user(into));
                handover.change(tx, OPENS, &open, &moved)?;
            }
        }
    }
    Ok(())
}

/// The open with the edge it has when the person came through `came_through`.
fn edge(open: &Fields, came_through: Option<i64>) -> Fields {
    let is_arrival = came_through.is_some() && number(open, "token_id") == came_through;
    let mut open = open.clone();
    open.insert("edge".to_owned(), Some(if is_arrival { "acquisition" } else { "spread" }.to_owned()));
    open
}
