//! What of a user's is kept about what they like and looked at.

use crate::identity::assets::{keep_later, says_the_same};
use crate::identity::{AccountAsset, Clash, Erasure, UserRows};
use crate::platform::db::rows::Fields;

/// Favourites and footprints.
#[derive(Clone, Copy, Debug, Default)]
pub struct FavouriteAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "favourites",
        clash: Clash::Joins { same: &["product_id"], join: says_the_same, sums: &[] },
        moments: &[("created_at", "favourite.marked")],
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
    UserRows {
        table: "footprints",
        clash: Clash::Joins { same: &["product_id"], join: last_seen, sums: &[] },
        moments: &[("seen_at", "product.seen")],
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
];

fn last_seen(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    keep_later(kept, gone, "seen_at");
    None
}

impl AccountAsset for FavouriteAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
