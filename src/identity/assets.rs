//! What belongs to a user, told by those who own it: the same list drives merging two accounts, taking a merge back,
//! the timeline of a person, handing out everything about them, and forgetting them.

use std::sync::Arc;

use super::handover::Handover;
use super::model::Merge;
use super::service::Moment;
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::rows::Fields;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Revocations;

/// Rows of one table that belong to users.
#[derive(Clone, Copy)]
pub struct UserRows {
    /// The table.
    pub table: &'static str,
    /// The column that says whose a row is.
    pub owner: &'static str,
    /// What becomes of rows that both of two users have, when the two become one.
    pub clash: Clash,
    /// Columns that are moments of the user's life, and what happened then.
    pub moments: &'static [(&'static str, &'static str)],
    /// Tables whose rows are parts of these, with the column that refers to them; they are handed out together.
    pub parts: &'static [(&'static str, &'static str)],
    /// Columns that are not handed out: secrets, and what concerns others.
    pub withheld: &'static [&'static str],
    /// What becomes of them when the user is forgotten.
    pub erasure: Erasure,
    /// A column and those of its values with which the user cannot be forgotten yet.
    pub unfinished: Option<(&'static str, &'static [&'static str])>,
}

impl UserRows {
    /// Rows that simply change hands, have no moments, and stay when the user is forgotten.
    pub const PLAIN: Self = Self {
        table: "",
        owner: "user_id",
        clash: Clash::Never,
        moments: &[],
        parts: &[],
        withheld: &[],
        erasure: Erasure::Keep,
        unfinished: None,
    };
}

/// What becomes of rows that both users have.
#[derive(Clone, Copy)]
pub enum Clash {
    /// No rule speaks of several rows of one user, so every row changes hands.
    Never,
    /// A row that cannot be the kept user's beside theirs stays with the merged one, which is written down under this
    /// code: it is history, and what a person may have only once they had twice.
    Stays(&'static str),
    /// A row that cannot be the kept user's as it is changes first.
    Edited(Edit),
    /// Where both have a row that agrees in these columns, the kept user's takes the other in.
    Joins {
        /// Which columns make two rows the same.
        same: &'static [&'static str],
        /// Takes the second row into the first; says under which code this is to be looked at, when it is.
        join: fn(&mut Fields, &Fields) -> Option<&'static str>,
        /// Columns that were added up, and are taken apart again as sums.
        sums: &'static [&'static str],
    },
    /// The asset sees to it itself.
    Own,
}

/// How a row changes so that it can be the kept user's.
#[derive(Clone, Copy)]
pub struct Edit {
    /// Changes it; told whose it was.
    pub edit: fn(&mut Fields, UserId),
    /// Under which code this is to be looked at, when it is.
    pub flag: Option<&'static str>,
}

/// What becomes of rows when their user is forgotten.
#[derive(Clone, Copy)]
pub enum Erasure {
    /// They stay: the books need them, and without the user's name they are nobody's.
    Keep,
    /// They go.
    Remove,
    /// They stay without what tells who it was: columns and what they hold from then on.
    Blank(&'static [(&'static str, &'static str)]),
}

/// Whoever owns rows of users: implemented by every capability that has some.
pub trait AccountAsset: Send + Sync {
    /// The rows.
    fn rows(&self) -> &'static [UserRows];

    /// What else has to be done when two users become one, after the rows have changed hands.
    ///
    /// # Errors
    /// The database's; nothing is merged then.
    fn settle(&self, _tx: &mut Tx<'_>, _handover: &mut Handover) -> DbResult<()> {
        Ok(())
    }

    /// What else has to be done when a merge was taken back, after the rows are where they were.
    ///
    /// # Errors
    /// The database's; nothing is taken back then.
    fn settle_undone(&self, _tx: &mut Tx<'_>, _merge: &Merge) -> DbResult<()> {
        Ok(())
    }

    /// What the user did that no column of [`UserRows::moments`] tells, before a moment and newest first, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    fn deeds(&self, _tx: &mut Tx<'_>, _user: UserId, _before: Timestamp, _limit: i64) -> DbResult<Vec<Moment>> {
        Ok(Vec::new())
    }

    /// What is kept about the user in rows that know them by another name than a user's id: the table and what its row
    /// says. An export of everything about a person holds these too.
    ///
    /// # Errors
    /// The database's.
    fn otherwise_named(&self, _tx: &mut Tx<'_>, _user: UserId) -> DbResult<Vec<(&'static str, Fields)>> {
        Ok(Vec::new())
    }

    /// What has to go before the rows of a user who is to be forgotten can.
    ///
    /// # Errors
    /// The database's; nothing is forgotten then.
    fn before_erasure(&self, _tx: &mut Tx<'_>, _user: UserId) -> DbResult<()> {
        Ok(())
    }
}

/// Everybody who owns rows of users, in the order in which transactions lock them, and the memory of ended log-ins.
/// Cloning shares them.
#[derive(Clone, Default)]
pub struct Accounts {
    assets: Arc<[Arc<dyn AccountAsset>]>,
    pub(super) revocations: Revocations,
}

impl Accounts {
    /// These owners.
    pub fn new(assets: Vec<Arc<dyn AccountAsset>>, revocations: Revocations) -> Self {
        Self { assets: assets.into(), revocations }
    }

    pub(super) fn assets(&self) -> impl Iterator<Item = &Arc<dyn AccountAsset>> {
        self.assets.iter()
    }

    /// Every declared list of rows.
    pub fn rows(&self) -> impl Iterator<Item = &'static UserRows> {
        self.assets.iter().flat_map(|asset| asset.rows())
    }
}

/// The number in a column, when it holds one.
pub fn number(row: &Fields, column: &str) -> Option<i64> {
    row.get(column)?.as_deref()?.parse().ok()
}

/// Puts a number into a column.
pub fn set_number(row: &mut Fields, column: &str, value: i64) {
    row.insert(column.to_owned(), Some(value.to_string()));
}

/// Adds a column of the second row to the first's.
pub fn add_up(kept: &mut Fields, gone: &Fields, column: &str) {
    if let (Some(one), Some(other)) = (number(kept, column), number(gone, column)) {
        set_number(kept, column, one.saturating_add(other));
    }
}

/// Leaves the later of two moments in the first row.
pub fn keep_later(kept: &mut Fields, gone: &Fields, column: &str) {
    if number(gone, column) > number(kept, column) {
        kept.insert(column.to_owned(), gone.get(column).cloned().flatten());
    }
}

/// Leaves the earlier of two moments in the first row.
pub fn keep_earlier(kept: &mut Fields, gone: &Fields, column: &str) {
    if number(gone, column).is_some_and(|other| number(kept, column).is_none_or(|one| other < one)) {
        kept.insert(column.to_owned(), gone.get(column).cloned().flatten());
    }
}

/// Two rows that only say that something is so: the first says it for both.
pub fn says_the_same(_kept: &mut Fields, _gone: &Fields) -> Option<&'static str> {
    None
}
