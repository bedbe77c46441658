//! What of a user's is kept with live rooms.

use crate::identity::assets::{add_up, number, says_the_same, set_number};
use crate::identity::{AccountAsset, Clash, Edit, Erasure, UserRows};
use crate::kernel::id::UserId;
use crate::platform::db::rows::Fields;

/// What a user watched, said, bought and caught in live rooms.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "live_price_buyers",
        clash: Clash::Joins { same: &["price_id"], join: add_pieces, sums: &["quantity"] },
        ..UserRows::PLAIN
    },
    UserRows { table: "live_price_takings", ..UserRows::PLAIN },
    UserRows { table: "live_order_lines", moments: &[("placed_at", "live.ordered")], ..UserRows::PLAIN },
    UserRows {
        table: "live_drop_claims",
        clash: Clash::Stays("live.caught_twice"),
        moments: &[("at", "live.drop_caught")],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "live_reminders",
        clash: Clash::Joins { same: &["room_id"], join: says_the_same, sums: &[] },
        moments: &[("asked_at", "live.reminder_asked")],
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
    UserRows {
        table: "live_comments",
        clash: Clash::Edited(Edit { edit: name_apart, flag: None }),
        moments: &[("at", "live.commented")],
        withheld: &["hidden_by"],
        erasure: Erasure::Blank(&[("words", "")]),
        ..UserRows::PLAIN
    },
    UserRows {
        table: "live_sanctions",
        moments: &[("created_at", "live.sanctioned")],
        withheld: &["created_by", "lifted_by"],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "live_visits",
        moments: &[("joined_at", "live.entered"), ("left_at", "live.left")],
        withheld: &["process"],
        ..UserRows::PLAIN
    },
];

/// Both bought at the same price: together they may have more than one may.
fn add_pieces(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    add_up(kept, gone, "quantity");
    let (pieces, most) = (number(kept, "quantity")?, number(kept, "per_user_limit")?);
    if pieces <= most {
        return None;
    }
    set_number(kept, "per_user_limit", pieces);
    Some("live.limit_passed")
}

/// Two persons' clients may have named their comments alike.
fn name_apart(row: &mut Fields, from: UserId) {
    let named = row.get("client_id").cloned().flatten().unwrap_or_default();
    row.insert("client_id".to_owned(), Some(format!("{named}@{from}")));
}

impl AccountAsset for LiveAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
