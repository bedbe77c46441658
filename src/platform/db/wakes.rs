//! Wakes: words that reach every process of the shop once the transaction that spoke them is committed.
//!
//! A wake says that looking is worth while, never what happened: what happened is in the tables. On PostgreSQL a word
//! travels by `NOTIFY`, in its transaction, and every process that waits for words listens on a connection and a thread
//! of its own (diesel reads notifications without waiting for them, so the thread looks every few milliseconds). The
//! embedded database has one process, in which a word goes from the commit straight to whoever waits. After a broken
//! connection nobody can know what was missed, and everybody who waits is told just that.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{PgConnection, RunQueryDsl as _};
use tokio::sync::broadcast;

use super::connection::{Conn, DbSettings, Purpose, establish};
use super::error::{DbError, DbResult};

/// How often the listening thread looks for words.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long it waits before it connects anew.
const CONNECT_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Words that somebody who waits may be behind; then they are told that some were missed.
const BEHIND: usize = 1_024;
/// The channel of all words.
const CHANNEL: &str = "hourglass";

/// What those who wait are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// Somebody spoke this word.
    Word(Arc<str>),
    /// Words may have been missed: look at everything.
    Perhaps,
}

/// Who waits for words in this process. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) struct Wakes(Arc<Bell>);

#[derive(Debug)]
struct Bell {
    waiting: broadcast::Sender<Wake>,
    listening: OnceLock<()>,
}

impl Default for Wakes {
    fn default() -> Self {
        Self(Arc::new(Bell { waiting: broadcast::Sender::new(BEHIND), listening: OnceLock::new() }))
    }
}

impl Wakes {
    /// Words from now on; begins to listen at the first call.
    pub(super) fn wait(&self, settings: &DbSettings) -> broadcast::Receiver<Wake> {
        self.0.listening.get_or_init(|| listen(Arc::downgrade(&self.0), settings.clone()));
        self.0.waiting.subscribe()
    }

    /// Tells those who wait here. Nobody may be waiting, which is no failure.
    pub(super) fn ring(&self, word: &str) {
        let _nobody = self.0.waiting.send(Wake::Word(word.into()));
    }
}

/// Speaks a word on PostgreSQL; those who listen hear it when the transaction is committed.
pub(super) fn notify(conn: &mut PgConnection, word: &str) -> DbResult<()> {
    let speak = diesel::sql_query("SELECT pg_notify($1, $2)").bind::<Text, _>(CHANNEL).bind::<Text, _>(word);
    speak.execute(conn)?;
    Ok(())
}

/// Starts the listening thread where words come from a server. It ends with the last hold of the database.
fn listen(bell: Weak<Bell>, settings: DbSettings) {
    if matches!(settings.backend, super::Backend::Sqlite(_)) {
        return;
    }
    let started = std::thread::Builder::new().name("hourglass-wakes".to_owned()).spawn(move || {
        while bell.strong_count() > 0 {
            if let Err(error) = hear(&bell, &settings) {
                tracing::warn!(%error, "words of other processes are not heard; connecting anew");
                std::thread::sleep(CONNECT_AGAIN_AFTER);
            }
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread for words of other processes; rooms look at their timers only");
    }
}

/// Hears words until the connection breaks, or until nobody holds the database any more.
fn hear(bell: &Weak<Bell>, settings: &DbSettings) -> DbResult<()> {
    let Conn::Pg(mut conn) = establish(settings, Purpose::Read)? else {
        return Err(DbError::Defect("only a server has words of other processes".to_owned()));
    };
    conn.batch_execute(&format!("LISTEN {CHANNEL}"))?;
    // What was said before this moment went unheard.
    tell(bell, Wake::Perhaps);
    while bell.strong_count() > 0 {
        for word in conn.notifications_iter() {
            tell(bell, Wake::Word(word?.payload.into()));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn tell(bell: &Weak<Bell>, wake: Wake) {
    if let Some(bell) = bell.upgrade() {
        let _nobody = bell.waiting.send(wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::{Tx, scratch};

    async fn next(waiting: &mut broadcast::Receiver<Wake>) -> Arc<str> {
        loop {
            if let Wake::Word(word) = waiting.recv().await.expect("the database is held") {
                return word;
            }
        }
    }

    #[actix_web::test]
    async fn a_word_is_heard_once_committed_and_never_when_taken_back() {
        let (db, _clock) = scratch::open();
        let mut waiting = db.wakes();
        // PostgreSQL's thread says that it listens by saying that words may have been missed.
        if matches!(db.settings().backend, crate::platform::db::Backend::Postgres(_)) {
            assert_eq!(waiting.recv().await.expect("the database is held"), Wake::Perhaps);
        }
        let refused = db.write("test.refused", |tx: &mut Tx<'_>| {
            tx.wake("test:never")?;
            Err::<(), _>(DbError::Defect("taken back".to_owned()))
        });
        assert!(refused.await.is_err());
        db.write("test.spoken", |tx: &mut Tx<'_>| tx.wake("test:once")).await.expect("a commit");
        assert_eq!(&*next(&mut waiting).await, "test:once");
    }
}
