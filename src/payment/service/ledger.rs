//! The ledger of money: double entry, append only, and the questions to the books.

use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
use crate::payment::model::{Account, Entry, EntryId, PostingKind};
use crate::payment::store;
use crate::payment::store::books::ProviderBookLine;
use crate::payment::store::ledger::LedgerFilter;
use crate::platform::db::{DbError, DbResult, Tx};

/// One posting of two lines: `amount` moves from `credit` to `debit`.
pub(super) struct Posting<'a> {
    pub kind: PostingKind,
    pub debit: Account,
    pub credit: Account,
    pub amount: Fen,
    pub order_id: OrderId,
    pub reference: &'a str,
    pub reason: &'a str,
}

/// Writes a posting. The same one twice violates a unique index, so nothing is ever posted twice.
pub(super) fn post(tx: &mut Tx<'_>, posting: &Posting<'_>) -> DbResult<()> {
    let overflow = || DbError::Defect("payment: an amount without an opposite".to_owned());
    let lines = [(posting.debit, posting.amount), (posting.credit, posting.amount.negated().ok_or_else(overflow)?)];
    let (posting_id, at) = (tx.next_id(), tx.now());
    let lines = lines.map(|(account, amount)| Entry {
        id: EntryId::new(tx.next_id()),
        posting_id,
        account,
        kind: posting.kind,
        order_id: Some(posting.order_id),
        reference: posting.reference.to_owned(),
        reason: posting.reason.to_owned(),
        amount,
        at,
    });
    store::ledger::insert(tx, &lines)
}

/// Lines of the ledger, newest first.
pub fn list(tx: &mut Tx<'_>, filter: LedgerFilter, after: Option<Cursor>, limit: i64) -> DbResult<Page<Entry>> {
    let rows = store::ledger::list(tx, filter, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |entry| Cursor { key: 0, id: entry.id.get() }))
}

/// What the books of money (G2, G4) show that must not be, in words; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    store::books::differences(tx)
}

/// What the ledger says of every attempt that brought money, to be compared with the provider's own book (G3).
///
/// # Errors
/// When the database fails.
pub fn provider_book(tx: &mut Tx<'_>) -> DbResult<Vec<ProviderBookLine>> {
    store::books::provider_book(tx)
}
