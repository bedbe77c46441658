//! An empty database for one test: an SQLite file of its own, or, when `HOURGLASS_TEST_POSTGRES` names a server, a
//! PostgreSQL database of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use futures_util::{StreamExt as _, stream};

use super::faults::Faults;
use super::{Db, DbSettings, migrate_up};
use crate::kernel::time::{Clock, Timestamp};

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A migrated database with a clock that moves only when told.
pub(crate) fn open() -> (Db, Clock) {
    let name = format!("hourglass_scratch_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let url = match std::env::var("HOURGLASS_TEST_POSTGRES") {
        Ok(server) => {
            let mut conn = PgConnection::establish(&format!("{server}/postgres")).expect("the server can be reached");
            conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("the database can be created");
            format!("{server}/{name}")
        }
        Err(_) => {
            let path = std::env::temp_dir().join(&name);
            for suffix in ["", "-wal", "-shm"] {
                // What an earlier process of the same number left behind.
                let _absent = std::fs::remove_file(format!("{}{suffix}", path.display()));
            }
            format!("sqlite://{}", path.display())
        }
    };
    let settings = DbSettings::for_url(&url).expect("the URL is one of ours");
    migrate_up(&settings).expect("the migrations apply");
    let clock = Clock::manual(START);
    let db = Db::open(settings, clock.clone(), 1, Faults::default()).expect("the database opens");
    (db, clock)
}

/// Does all of this at once, though not so much of it that a slow machine would refuse the last in line.
pub(crate) async fn together<W: Future>(work: impl IntoIterator<Item = W>) -> Vec<W::Output> {
    stream::iter(work).buffer_unordered(64).collect().await
}
