//! SQL on the ledger: lines are added and read, never changed.

use diesel::prelude::*;

use super::columns;
use crate::kernel::id::OrderId;
use crate::kernel::page::Cursor;
use crate::payment::model::{Account, Entry};
use crate::platform::db::schema::ledger_entries as entries;
use crate::platform::db::{DbResult, Tx};

/// Which lines staff want to see.
#[derive(Debug, Clone, Copy, Default)]
pub struct LedgerFilter {
    /// Of this order.
    pub order_id: Option<OrderId>,
    /// On this account.
    pub account: Option<Account>,
}

/// Adds the lines of one posting.
pub(in crate::payment) fn insert(tx: &mut Tx<'_>, lines: &[Entry]) -> DbResult<()> {
    crate::insert_rows!(tx.conn()?, entries::table, lines)?;
    Ok(())
}

/// Lines, newest first.
pub(in crate::payment) fn list(
    tx: &mut Tx<'_>,
    filter: LedgerFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Entry>> {
    let mut query = entries::table.select(columns::<Entry>()).order(entries::id.desc()).limit(limit).into_boxed();
    if let Some(order) = filter.order_id {
        query = query.filter(entries::subject_id.eq(order));
    }
    if let Some(account) = filter.account {
        query = query.filter(entries::account.eq(account));
    }
    if let Some(cursor) = after {
        query = query.filter(entries::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}
