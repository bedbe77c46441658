//! What transactions promise about their statements, on both databases: rows that wait for the next statement, and
//! statements that stay prepared.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use hourglass::platform::db::dialect::Prepared;
use hourglass::platform::db::schema::devices;
use hourglass::platform::db::{Conn, DbError, DbResult, Tx};

use crate::support::Shop;

/// Writes a device of that number, whenever the transaction sees fit.
fn write(tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
    tx.write_row(diesel::insert_into(devices::table).values((devices::id.eq(id), devices::created_at.eq(1_i64))))
}

/// Which of the devices with numbers below a hundred there are.
fn devices(tx: &mut Tx<'_>) -> DbResult<Vec<i64>> {
    let small = devices::table.filter(devices::id.lt(100_i64)).order(devices::id).select(devices::id);
    Ok(small.load(tx.conn()?)?)
}

async fn kept(shop: &Shop) -> Vec<i64> {
    shop.app.db().read("test", devices).await.expect("devices")
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Moves a device, by a statement that is worth keeping; says how many it moved.
fn moves(tx: &mut Tx<'_>, id: i64, at: i64) -> DbResult<usize> {
    let moving = diesel::update(devices::table.find(id)).set(devices::created_at.eq(at));
    Ok(Prepared(moving).execute(tx.conn()?)?)
}

on_both_databases! {
    async fn rows_that_wait_are_there_for_whatever_comes_after_them(shop: &Shop) {
        let seen = shop.app.db().write("test", |tx| {
            (1..=3).try_for_each(|id| write(tx, id))?;
            let seen = devices(tx)?;
            write(tx, 4)?;
            Ok::<_, DbError>(seen)
        });
        assert_eq!(seen.await.expect("a commit"), [1, 2, 3]);
        assert_eq!(kept(shop).await, [1, 2, 3, 4], "the last one waited for the end");
    }

    async fn a_row_refused_at_the_end_takes_everything_back(shop: &Shop) {
        let twice = shop.app.db().write("test", |tx| {
            write(tx, 1)?;
            write(tx, 2)?;
            write(tx, 1)
        });
        let refused = twice.await.expect_err("one number twice");
        assert!(matches!(refused, DbError::Unique(_)), "{refused}");
        assert_eq!(kept(shop).await, [0_i64; 0]);
    }

    async fn an_attempt_takes_back_its_own_rows_and_no_others(shop: &Shop) {
        let done = shop.app.db().write("test", |tx| {
            write(tx, 1)?;
            let refused = tx.attempt(|tx| {
                write(tx, 2)?;
                write(tx, 1)
            });
            assert!(matches!(refused, Err(DbError::Unique(_))), "{refused:?}");
            let given_up = tx.attempt(|tx| {
                write(tx, 3)?;
                Err::<(), _>(DbError::Conflict("on purpose".to_owned()))
            });
            assert!(given_up.is_err());
            tx.attempt(|tx| write(tx, 4))
        });
        done.await.expect("a commit");
        assert_eq!(kept(shop).await, [1, 4]);
    }

    async fn a_change_says_how_many_rows_it_changed_and_stays_prepared(shop: &Shop) {
        let prepared = shop.app.db().write("test", |tx| {
            write(tx, 1)?;
            assert_eq!((moves(tx, 1, 5)?, moves(tx, 2, 5)?, moves(tx, 1, 6)?), (1, 0, 1));
            let Conn::Pg(conn) = tx.conn()? else { return Ok(None) };
            let known = "SELECT COUNT(*) AS number FROM pg_prepared_statements WHERE statement LIKE 'UPDATE \"devices\"%'";
            Ok::<_, DbError>(Some(diesel::sql_query(known).get_result::<Number>(conn)?.number))
        });
        // The embedded database does not tell what it has prepared.
        let prepared = prepared.await.expect("a commit");
        assert!(prepared.is_none_or(|prepared| prepared == 1), "{prepared:?}");
    }
}
