//! SQL on cases for a person to look at.

use diesel::prelude::*;

use super::columns;
use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::payment::model::{Review, ReviewId, ReviewKind, ReviewState};
use crate::platform::db::schema::payment_reviews as reviews;
use crate::platform::db::{DbResult, Tx};

/// Opens a case unless there is one of this kind about the same thing; says whether it is new.
pub(in crate::payment) fn open_once(
    tx: &mut Tx<'_>,
    kind: ReviewKind,
    reference: &str,
    details: &str,
) -> DbResult<bool> {
    let row = (
        reviews::id.eq(ReviewId::new(tx.next_id())),
        reviews::kind.eq(kind),
        reviews::reference.eq(reference),
        reviews::details.eq(details),
        reviews::state.eq(ReviewState::Open),
        reviews::created_at.eq(tx.now()),
    );
    let opened = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(reviews::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(opened == 1)
}

pub(in crate::payment) fn by_id(tx: &mut Tx<'_>, id: ReviewId) -> DbResult<Option<Review>> {
    Ok(reviews::table.filter(reviews::id.eq(id)).select(columns::<Review>()).first(tx.conn()?).optional()?)
}

/// Cases, newest first.
pub(in crate::payment) fn list(
    tx: &mut Tx<'_>,
    state: Option<ReviewState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Review>> {
    let mut query = reviews::table.select(columns::<Review>()).order(reviews::id.desc()).limit(limit).into_boxed();
    if let Some(state) = state {
        query = query.filter(reviews::state.eq(state));
    }
    if let Some(cursor) = after {
        query = query.filter(reviews::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Closes a case; false when somebody else has.
pub(in crate::payment) fn resolve(tx: &mut Tx<'_>, id: ReviewId, staff: StaffId, resolution: &str) -> DbResult<bool> {
    let now = tx.now();
    let open = reviews::table.filter(reviews::id.eq(id)).filter(reviews::state.eq(ReviewState::Open));
    let set = (
        reviews::state.eq(ReviewState::Resolved),
        reviews::resolved_at.eq(Some(now)),
        reviews::resolved_by.eq(Some(staff)),
        reviews::resolution.eq(Some(resolution)),
    );
    Ok(diesel::update(open).set(set).execute(tx.conn()?)? == 1)
}
