//! Rows changing hands while two users become one, each written down as it was and as it became.

use super::assets::{AccountAsset, Clash, Edit, UserRows};
use super::merge_store as store;
use super::model::{Merge, MergeFlag, MergeRow, RowDeed};
use crate::kernel::id::UserId;
use crate::platform::db::rows::{self, Fields};
use crate::platform::db::{DbError, DbResult, Tx};

/// A merge under way: what an asset changes rows through, so that it can be taken back.
pub struct Handover {
    merge: Merge,
    rows: i64,
    flags: i64,
}

impl Handover {
    /// Goes on with a merge, after what was already written down of it.
    pub(super) fn of(tx: &mut Tx<'_>, merge: Merge) -> DbResult<Self> {
        let rows = store::last_row(tx, merge.id)?;
        let flags = store::last_flag(tx, merge.id)?;
        Ok(Self { merge, rows, flags })
    }

    /// Who becomes part of the other.
    pub const fn merged(&self) -> UserId {
        self.merge.merged_user_id
    }

    /// Who stays.
    pub const fn kept(&self) -> UserId {
        self.merge.kept_user_id
    }

    pub(super) const fn counted(&self) -> (i64, i64) {
        (self.rows, self.flags)
    }

    /// Brings everything of one asset along.
    pub(super) fn bring(&mut self, tx: &mut Tx<'_>, asset: &dyn AccountAsset) -> DbResult<()> {
        for list in asset.rows() {
            self.bring_list(tx, list)?;
        }
        asset.settle(tx, self)
    }

    fn bring_list(&mut self, tx: &mut Tx<'_>, list: &UserRows) -> DbResult<()> {
        if matches!(list.clash, Clash::Own) {
            return Ok(());
        }
        for row in rows::owned(tx, list.table, list.owner, self.merged().get())? {
            match list.clash {
                Clash::Never => self.relabel(tx, list, &row)?,
                Clash::Stays(code) => self.relabel_or_leave(tx, list, &row, code)?,
                Clash::Edited(how) => self.relabel_or_edit(tx, list, row, how)?,
                Clash::Joins { same, join, .. } => self.join(tx, list, &row, same, join)?,
                Clash::Own => {}
            }
        }
        Ok(())
    }

    /// Gives a row to the kept user.
    ///
    /// # Errors
    /// The database's, such as a rule that the row breaks there.
    pub fn relabel(&mut self, tx: &mut Tx<'_>, list: &UserRows, row: &Fields) -> DbResult<()> {
        let theirs = Fields::from([(list.owner.to_owned(), Some(self.kept().to_string()))]);
        self.change(tx, list.table, row, &theirs)
    }

    fn relabel_or_leave(&mut self, tx: &mut Tx<'_>, list: &UserRows, row: &Fields, code: &'static str) -> DbResult<()> {
        match tx.attempt(|tx| self.relabel(tx, list, row)) {
            Err(DbError::Unique(_)) => self.flag(tx, code, list.table, row),
            outcome => outcome,
        }
    }

    fn relabel_or_edit(&mut self, tx: &mut Tx<'_>, list: &UserRows, row: Fields, how: Edit) -> DbResult<()> {
        match tx.attempt(|tx| self.relabel(tx, list, &row)) {
            Err(DbError::Unique(_)) => {}
            outcome => return outcome,
        }
        let mut edited = row.clone();
        (how.edit)(&mut edited, self.merged());
        edited.insert(list.owner.to_owned(), Some(self.kept().to_string()));
        self.change(tx, list.table, &row, &edited)?;
        match how.flag {
            Some(code) => self.flag(tx, code, list.table, &edited),
            None => Ok(()),
        }
    }

    fn join(
        &mut self,
        tx: &mut Tx<'_>,
        list: &UserRows,
        row: &Fields,
        same: &[&str],
        join: fn(&mut Fields, &Fields) -> Option<&'static str>,
    ) -> DbResult<()> {
        let mut at: Fields = same.iter().map(|name| ((*name).to_owned(), row.get(*name).cloned().flatten())).collect();
        at.insert(list.owner.to_owned(), Some(self.kept().to_string()));
        let Some(kept) = rows::matching(tx, list.table, &at)?.into_iter().next() else {
            return self.relabel(tx, list, row);
        };
        let mut joined = kept.clone();
        let code = join(&mut joined, row);
        self.remove(tx, list.table, row)?;
        self.change(tx, list.table, &kept, &joined)?;
        match code {
            Some(code) => self.flag(tx, code, list.table, &kept),
            None => Ok(()),
        }
    }

    /// Changes those columns of a row that `becomes` names and that differ.
    ///
    /// # Errors
    /// The database's.
    pub fn change(&mut self, tx: &mut Tx<'_>, table: &str, row: &Fields, becomes: &Fields) -> DbResult<()> {
        let after: Fields = becomes
            .iter()
            .filter(|(name, value)| row.get(*name) != Some(*value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if after.is_empty() {
            return Ok(());
        }
        let before: Fields = after.keys().map(|name| (name.clone(), row.get(name).cloned().flatten())).collect();
        let key = rows::key_of(tx, table, row)?;
        rows::change(tx, table, &key, &after)?;
        // Where the key itself changed, the row is found under what it became.
        let key = key.into_iter().map(|(name, value)| (name.clone(), after.get(&name).cloned().unwrap_or(value)));
        self.write_down(tx, table, RowDeed::Changed, &key.collect(), Some(&before), Some(&after))
    }

    /// Takes a row away.
    ///
    /// # Errors
    /// The database's.
    pub fn remove(&mut self, tx: &mut Tx<'_>, table: &str, row: &Fields) -> DbResult<()> {
        let key = rows::key_of(tx, table, row)?;
        rows::remove(tx, table, &key)?;
        self.write_down(tx, table, RowDeed::Removed, &key, Some(row), None)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The database's.
    pub fn add(&mut self, tx: &mut Tx<'_>, table: &str, row: &Fields) -> DbResult<()> {
        let key = rows::key_of(tx, table, row)?;
        rows::put(tx, table, row)?;
        self.write_down(tx, table, RowDeed::Added, &key, None, Some(row))
    }

    /// Writes down that one person now has what they may have only once.
    ///
    /// # Errors
    /// The database's.
    pub fn flag(&mut self, tx: &mut Tx<'_>, code: &'static str, table: &str, row: &Fields) -> DbResult<()> {
        let row_key = text_of(&rows::key_of(tx, table, row)?)?;
        if store::has_flag(tx, self.merge.id, code, table, &row_key)? {
            return Ok(());
        }
        self.flags = self.flags.saturating_add(1);
        let flag = MergeFlag {
            merge_id: self.merge.id,
            number: self.flags,
            code: code.to_owned(),
            table_name: table.to_owned(),
            row_key,
            found_at: tx.now(),
            settled_at: None,
            settled_by: None,
            note: None,
        };
        store::insert_flag(tx, &flag)
    }

    fn write_down(
        &mut self,
        tx: &mut Tx<'_>,
        table: &str,
        deed: RowDeed,
        key: &Fields,
        before: Option<&Fields>,
        after: Option<&Fields>,
    ) -> DbResult<()> {
        self.rows = self.rows.saturating_add(1);
        let row = MergeRow {
            merge_id: self.merge.id,
            number: self.rows,
            table_name: table.to_owned(),
            deed,
            row_key: text_of(key)?,
            before: before.map(text_of).transpose()?,
            after: after.map(text_of).transpose()?,
        };
        store::insert_row(tx, &row)
    }
}

/// Fields as they are kept.
pub(super) fn text_of(fields: &Fields) -> DbResult<String> {
    serde_json::to_string(fields).map_err(|error| DbError::Defect(error.to_string()))
}

/// Fields as they were kept.
pub(super) fn fields_of(text: &str) -> DbResult<Fields> {
    serde_json::from_str(text).map_err(|error| DbError::Defect(error.to_string()))
}
