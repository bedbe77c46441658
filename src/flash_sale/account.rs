//! What of a user's is kept with flash sales.

use crate::identity::assets::{add_up, number, says_the_same, set_number};
use crate::identity::{AccountAsset, Clash, Erasure, UserRows};
use crate::platform::db::rows::Fields;

/// What a user bought at flash sales, and of what they want to be reminded.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlashSaleAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "flash_sale_buyers",
        clash: Clash::Joins { same: &["item_id"], join: add_pieces, sums: &["quantity"] },
        ..UserRows::PLAIN
    },
    UserRows { table: "flash_sale_takings", moments: &[("at", "flash_sale.bought")], ..UserRows::PLAIN },
    UserRows {
        table: "flash_sale_reminders",
        clash: Clash::Joins { same: &["slot_id"], join: says_the_same, sums: &[] },
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
];

/// Both bought the same: together they may have more than one may.
fn add_pieces(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    add_up(kept, gone, "quantity");
    let (pieces, most) = (number(kept, "quantity")?, number(kept, "per_user_limit")?);
    if pieces <= most {
        return None;
    }
    set_number(kept, "per_user_limit", pieces);
    Some("flash_sale.limit_passed")
}

impl AccountAsset for FlashSaleAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
