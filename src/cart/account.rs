//! What of a user's the cart keeps.

use crate::identity::assets::{add_up, keep_later, number, set_number};
use crate::identity::{AccountAsset, Clash, Erasure, UserRows};
use crate::platform::db::rows::Fields;

/// Most pieces of one line.
const MOST: i64 = 999;

/// The lines of a user's cart.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartAsset;

const ROWS: &[UserRows] = &[UserRows {
    table: "cart_lines",
    clash: Clash::Joins { same: &["sku_id"], join: add_lines, sums: &["quantity"] },
    moments: &[("added_at", "cart.added")],
    erasure: Erasure::Remove,
    ..UserRows::PLAIN
}];

fn add_lines(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    add_up(kept, gone, "quantity");
    if number(kept, "quantity").is_some_and(|pieces| pieces > MOST) {
        set_number(kept, "quantity", MOST);
    }
    keep_later(kept, gone, "updated_at");
    None
}

impl AccountAsset for CartAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
