//! The cart's table: `cart_lines`.

use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use super::model::{CartLine, CartLineId, CartOwner, MAX_QUANTITY};
use crate::catalog::SkuId;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::{Prepared, for_update};
use crate::platform::db::schema::cart_lines;
use crate::platform::db::{DbResult, Tx};

#[derive(Insertable)]
#[diesel(table_name = cart_lines, treat_none_as_default_value = false)]
struct LineRow {
    id: CartLineId,
    user_id: Option<UserId>,
    device_id: Option<DeviceId>,
    sku_id: SkuId,
    quantity: i64,
    selected: bool,
    added_at: Timestamp,
    updated_at: Timestamp,
}

impl CartOwner {
    const fn columns(self) -> (Option<UserId>, Option<DeviceId>) {
        match self {
            Self::User(user_id) => (Some(user_id), None),
            Self::Device(device_id) => (None, Some(device_id)),
        }
    }
}

/// Evaluates one statement with the condition that names the cart's owner.
macro_rules! of_owner {
    ($owner:expr, $own:ident => $statement:expr) => {
        match $owner {
            CartOwner::User(user_id) => {
                let $own = cart_lines::user_id.eq(user_id);
                $statement
            }
            CartOwner::Device(device_id) => {
                let $own = cart_lines::device_id.eq(device_id);
                $statement
            }
        }
    };
}

/// The lines, newest first.
pub(super) fn lines(tx: &mut Tx<'_>, owner: CartOwner) -> DbResult<Vec<CartLine>> {
    let order = (cart_lines::added_at.desc(), cart_lines::id.desc());
    let columns = (cart_lines::sku_id, cart_lines::quantity, cart_lines::selected, cart_lines::added_at);
    let conn = tx.conn()?;
    Ok(of_owner!(owner, own => cart_lines::table.filter(own).order(order).select(columns).load(conn))?)
}

#[derive(QueryableByName)]
struct LockedRow {
    #[diesel(sql_type = BigInt)]
    #[allow(dead_code, reason = "the row is read for its lock")]
    id: i64,
}

/// Makes others who change this cart wait until this transaction ends, so that its lines can be counted. A cart without
/// lines locks nothing, but is far from full.
pub(super) fn lock(tx: &mut Tx<'_>, owner: CartOwner) -> DbResult<()> {
    let conn = tx.conn()?;
    let (column, id) = match owner {
        CartOwner::User(user_id) => ("user_id", user_id.get()),
        CartOwner::Device(device_id) => ("device_id", device_id.get()),
    };
    let sql = format!("SELECT id FROM cart_lines WHERE {column} = $1 ORDER BY id{}", for_update(conn));
    let _locked: Vec<LockedRow> = Prepared(diesel::sql_query(sql).bind::<BigInt, _>(id)).load(conn)?;
    Ok(())
}

/// How many lines there are.
pub(super) fn count(tx: &mut Tx<'_>, owner: CartOwner) -> DbResult<i64> {
    let conn = tx.conn()?;
    Ok(of_owner!(owner, own => cart_lines::table.filter(own).count().get_result(conn))?)
}

/// Puts a line in, or adds its pieces to the line of that SKU; `false` when they would be too many.
pub(super) fn add(tx: &mut Tx<'_>, owner: CartOwner, line: &CartLine) -> DbResult<bool> {
    let (user_id, device_id) = owner.columns();
    let row = LineRow {
        id: CartLineId::new(tx.next_id()),
        user_id,
        device_id,
        sku_id: line.sku_id,
        quantity: line.quantity,
        selected: line.selected,
        added_at: line.added_at,
        updated_at: tx.now(),
    };
    let sum = cart_lines::quantity + excluded(cart_lines::quantity);
    let change = (
        cart_lines::quantity.eq(sum),
        cart_lines::selected.eq(excluded(cart_lines::selected)),
        cart_lines::updated_at.eq(excluded(cart_lines::updated_at)),
    );
    let fits = sum.le(MAX_QUANTITY);
    let changed = match owner {
        CartOwner::User(_) => on_backend!(tx.conn()?, conn => {
            let insert = diesel::insert_into(cart_lines::table).values(&row);
            let target = (cart_lines::user_id, cart_lines::sku_id);
            Prepared(methods::FilterDsl::filter(insert.on_conflict(target).do_update().set(change), fits)).execute(conn)
        }),
        CartOwner::Device(_) => on_backend!(tx.conn()?, conn => {
            let insert = diesel::insert_into(cart_lines::table).values(&row);
            let target = (cart_lines::device_id, cart_lines::sku_id);
            Prepared(methods::FilterDsl::filter(insert.on_conflict(target).do_update().set(change), fits)).execute(conn)
        }),
    }?;
    Ok(changed == 1)
}

/// Sets what is given of a line; `false` when there is no such line.
pub(super) fn change(
    tx: &mut Tx<'_>,
    owner: CartOwner,
    sku_id: SkuId,
    quantity: Option<i64>,
    selected: Option<bool>,
) -> DbResult<bool> {
    let change = (
        quantity.map(|quantity| cart_lines::quantity.eq(quantity)),
        selected.map(|selected| cart_lines::selected.eq(selected)),
        cart_lines::updated_at.eq(tx.now()),
    );
    let conn = tx.conn()?;
    let changed = of_owner!(owner, own => {
        Prepared(diesel::update(cart_lines::table).filter(own.and(cart_lines::sku_id.eq(sku_id))).set(change)).execute(conn)
    })?;
    Ok(changed == 1)
}

/// Selects or unselects lines: those named, or all.
pub(super) fn select(tx: &mut Tx<'_>, owner: CartOwner, skus: Option<&[SkuId]>, selected: bool) -> DbResult<()> {
    let change = (cart_lines::selected.eq(selected), cart_lines::updated_at.eq(tx.now()));
    let conn = tx.conn()?;
    match skus {
        Some(skus) => of_owner!(owner, own => {
            let named = own.and(cart_lines::sku_id.eq_any(skus.to_vec()));
            Prepared(diesel::update(cart_lines::table).filter(named).set(change)).execute(conn)
        }),
        None => {
            of_owner!(owner, own => Prepared(diesel::update(cart_lines::table).filter(own).set(change)).execute(conn))
        }
    }?;
    Ok(())
}

/// Takes lines out; answers how many there were.
pub(super) fn remove(tx: &mut Tx<'_>, owner: CartOwner, skus: &[SkuId]) -> DbResult<usize> {
    let conn = tx.conn()?;
    Ok(of_owner!(owner, own => {
        let named = cart_lines::table.filter(own.and(cart_lines::sku_id.eq_any(skus.to_vec())));
        Prepared(diesel::delete(named)).execute(conn)
    })?)
}

/// Takes every line out and answers them, oldest first. Of two that do so at once, one gets each line.
pub(super) fn take_all(tx: &mut Tx<'_>, owner: CartOwner) -> DbResult<Vec<CartLine>> {
    let columns = (cart_lines::sku_id, cart_lines::quantity, cart_lines::selected, cart_lines::added_at);
    let conn = tx.conn()?;
    let mut taken: Vec<CartLine> =
        of_owner!(owner, own => diesel::delete(cart_lines::table.filter(own)).returning(columns).load(conn))?;
    taken.sort_by_key(|line| (line.added_at, line.sku_id));
    Ok(taken)
}
