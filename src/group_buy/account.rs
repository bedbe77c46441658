//! What of a user's is kept with group-buys.

use crate::identity::{AccountAsset, Clash, Edit, UserRows};
use crate::kernel::id::UserId;
use crate::platform::db::rows::Fields;

/// The groups a user leads and the seats they have.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupBuyAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "buy_groups",
        owner: "leader_id",
        clash: Clash::Edited(Edit { edit: without_number, flag: None }),
        moments: &[("created_at", "group.opened")],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "group_seats",
        clash: Clash::Stays("group.seat_twice"),
        moments: &[("held_at", "group.joined"), ("kept_at", "group.formed")],
        ..UserRows::PLAIN
    },
];

/// Each led a group as their first: one of them is led without a number, as one that was handed over.
fn without_number(group: &mut Fields, _of: UserId) {
    group.insert("lead_no".to_owned(), None);
}

impl AccountAsset for GroupBuyAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
