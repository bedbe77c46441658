//! What of a user's analytics keeps: by which numbers events speak of them. Two users who become one keep their numbers,
//! which mean one person from then on; whoever is forgotten leaves numbers that mean nobody.

use super::intake;
use crate::identity::{AccountAsset, Erasure, UserRows};
use crate::kernel::id::UserId;
use crate::platform::db::{DbResult, Tx};

/// The subjects that are a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnalyticsAsset;

const ROWS: &[UserRows] =
    &[UserRows { table: "analytics_subjects", erasure: Erasure::Remove, withheld: &["marks"], ..UserRows::PLAIN }];

impl AccountAsset for AnalyticsAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    fn before_erasure(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
        intake::erase(tx, user)
    }
}
