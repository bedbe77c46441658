//! The tree of categories.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::catalog::model::{CategoryDraft, CategoryId, CategoryRow};
use crate::platform::db::schema::{categories, products};
use crate::platform::db::{DbResult, Tx, columns};

pub(in crate::catalog) fn all_categories(tx: &mut Tx<'_>) -> DbResult<HashMap<CategoryId, CategoryRow>> {
    let rows = categories::table.select(columns::<CategoryRow>()).load::<CategoryRow>(tx.conn()?)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Which category hangs below which.
pub(in crate::catalog) fn parents(tx: &mut Tx<'_>) -> DbResult<HashMap<CategoryId, Option<CategoryId>>> {
    let rows: Vec<(CategoryId, Option<CategoryId>)> =
        categories::table.select((categories::id, categories::parent_id)).load(tx.conn()?)?;
    Ok(rows.into_iter().collect())
}

pub(in crate::catalog) fn insert_category(tx: &mut Tx<'_>, draft: &CategoryDraft) -> DbResult<CategoryId> {
    let (id, now) = (CategoryId::new(tx.next_id()), tx.now());
    diesel::insert_into(categories::table)
        .values((
            categories::id.eq(id),
            categories::parent_id.eq(draft.parent_id),
            categories::name.eq(&draft.name),
            categories::icon.eq(&draft.icon),
            categories::position.eq(draft.position),
            categories::shown.eq(draft.shown),
            categories::created_at.eq(now),
            categories::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(id)
}

pub(in crate::catalog) fn update_category(tx: &mut Tx<'_>, id: CategoryId, draft: &CategoryDraft) -> DbResult<bool> {
    let now = tx.now();
    let changed = diesel::update(categories::table.find(id))
        .set((
            categories::parent_id.eq(draft.parent_id),
            categories::name.eq(&draft.name),
            categories::icon.eq(&draft.icon),
            categories::position.eq(draft.position),
            categories::shown.eq(draft.shown),
            categories::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

pub(in crate::catalog) fn category_in_use(tx: &mut Tx<'_>, id: CategoryId) -> DbResult<bool> {
    let children: i64 = categories::table.filter(categories::parent_id.eq(id)).count().get_result(tx.conn()?)?;
    let goods: i64 = products::table.filter(products::category_id.eq(id)).count().get_result(tx.conn()?)?;
    Ok(children + goods > 0)
}

pub(in crate::catalog) fn delete_category(tx: &mut Tx<'_>, id: CategoryId) -> DbResult<bool> {
    Ok(diesel::delete(categories::table.find(id)).execute(tx.conn()?)? == 1)
}
