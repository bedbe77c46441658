//! Which products changed since a process last looked. The counter's row makes writers take turns, so a revision that is
//! visible has no lower one still to come.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::catalog::model::ProductId;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{catalog_changes, catalog_revisions};
use crate::platform::db::{DbResult, Tx};

#[derive(QueryableByName)]
struct Counter {
    #[diesel(sql_type = BigInt)]
    revision: i64,
}

/// Notes a change of one product, or of the tree when no product is named.
pub(in crate::catalog) fn note_change(tx: &mut Tx<'_>, product: Option<ProductId>) -> DbResult<()> {
    let now = tx.now();
    let counter: Counter =
        diesel::sql_query("UPDATE catalog_revisions SET revision = revision + 1 WHERE id = 1 RETURNING revision")
            .get_result(tx.conn()?)?;
    diesel::insert_into(catalog_changes::table)
        .values((
            catalog_changes::revision.eq(counter.revision),
            catalog_changes::product_id.eq(product.map(ProductId::get)),
            catalog_changes::at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::catalog) fn revision(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(catalog_revisions::table.select(catalog_revisions::revision).first(tx.conn()?)?)
}

/// What changed after `revision`; `None` when that is so long ago that only a new look at everything helps.
pub(in crate::catalog) fn changes_since(tx: &mut Tx<'_>, revision: i64) -> DbResult<Option<Vec<Option<ProductId>>>> {
    let next: Option<i64> = catalog_changes::table
        .filter(catalog_changes::revision.gt(revision))
        .select(diesel::dsl::min(catalog_changes::revision))
        .first(tx.conn()?)?;
    if next.is_some_and(|next| next > revision + 1) {
        return Ok(None);
    }
    let query = catalog_changes::table.filter(catalog_changes::revision.gt(revision)).order(catalog_changes::revision);
    let changed: Vec<Option<i64>> = query.select(catalog_changes::product_id).load(tx.conn()?)?;
    Ok(Some(changed.into_iter().map(|id| id.map(ProductId::new)).collect()))
}

pub(in crate::catalog) fn forget_changes_before(tx: &mut Tx<'_>, moment: Timestamp) -> DbResult<usize> {
    Ok(diesel::delete(catalog_changes::table.filter(catalog_changes::at.lt(moment))).execute(tx.conn()?)?)
}
