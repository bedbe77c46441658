//! What of a user's the catalogue keeps.

use crate::identity::assets::keep_later;
use crate::identity::{AccountAsset, Clash, Erasure, UserRows};
use crate::platform::db::rows::Fields;

/// The words a user searched for.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchAsset;

const ROWS: &[UserRows] = &[UserRows {
    table: "search_history",
    clash: Clash::Joins { same: &["word"], join: last_searched, sums: &[] },
    moments: &[("searched_at", "word.searched")],
    erasure: Erasure::Remove,
    ..UserRows::PLAIN
}];

fn last_searched(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    keep_later(kept, gone, "searched_at");
    None
}

impl AccountAsset for SearchAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
