//! The writer of the embedded database: one thread that commits in groups.
//!
//! SQLite has one writer at a time, and a durable commit costs a disk flush. So the thread takes the next waiting
//! transaction, runs it inside a savepoint, goes on with those that arrived meanwhile, commits once, and only then
//! answers them all. A failed transaction rolls back to its savepoint alone; a failed commit fails its whole group,
//! and nobody was told otherwise.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection as _;

use super::connection::{Conn, DbSettings, Purpose, establish};
use super::dialect::Prepared;
use super::error::{DbError, DbResult};
use super::faults::Faults;

/// Transactions committed together at the most: bounds how long the first of a group waits for the last.
const GROUP: usize = 128;

/// Answers a caller once it is known whether the group was committed.
pub(super) type Completion = Box<dyn FnOnce(DbResult<()>)>;

/// Runs one transaction; says whether its changes are to stay, and how to answer.
pub(super) type Ticket = Box<dyn FnOnce(&mut Conn) -> (bool, Completion) + Send>;

/// Whose move it is with a waiting transaction: it is either begun by the writer or withdrawn by its caller, who has
/// waited long enough.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Takes the move; false when the other side already has.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// The door to the writer thread; the thread ends when the last door is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    tickets: Option<SyncSender<Ticket>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the file for writing and starts the thread.
    pub(super) fn start(settings: DbSettings, faults: Faults) -> DbResult<Self> {
        let (tickets, waiting) = sync_channel(settings.max_waiting);
        let conn = establish(&settings, Purpose::Write)?;
        let thread = std::thread::Builder::new()
            .name("hourglass-writer".to_owned())
            .spawn(move || Turns { settings, faults, conn: Some(conn) }.serve(&waiting))
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        Ok(Self { tickets: Some(tickets), thread: Some(thread) })
    }

    /// Queues a transaction; refuses when too many wait already.
    pub(super) fn submit(&self, ticket: Ticket) -> DbResult<()> {
        let Some(tickets) = &self.tickets else { return Err(stopped()) };
        tickets.try_send(ticket).map_err(|refused| match refused {
            TrySendError::Full(_) => {
                DbError::Unavailable("too many transactions are waiting for the writer".to_owned())
            }
            TrySendError::Disconnected(_) => stopped(),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.tickets.take();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of the writer was reported where it happened; there is nobody left to tell here.
            let _ended = thread.join();
        }
    }
}

fn stopped() -> DbError {
    DbError::Unavailable("the writer has stopped".to_owned())
}

struct Turns {
    settings: DbSettings,
    faults: Faults,
    conn: Option<Conn>,
}

impl Turns {
    fn serve(mut self, waiting: &Receiver<Ticket>) {
        while let Ok(first) = waiting.recv() {
            let mut completions: Vec<Completion> = Vec::new();
            let outcome = self.commit_group(first, waiting, &mut completions);
            if outcome.is_err() {
                // Whatever state the connection is in, a new one is clean.
                self.conn = None;
            }
            for complete in completions {
                complete(outcome.clone());
            }
        }
    }

    fn commit_group(
        &mut self,
        first: Ticket,
        waiting: &Receiver<Ticket>,
        completions: &mut Vec<Completion>,
    ) -> DbResult<()> {
        let mut next = Some(first);
        let begun = self.begin();
        while let Some(ticket) = next {
            match (&begun, &mut self.conn) {
                (Ok(()), Some(conn)) => completions.push(in_savepoint(conn, ticket)?),
                // The ticket is dropped unrun, which its caller hears as "unavailable".
                _ => drop(ticket),
            }
            next = if completions.len() < GROUP { waiting.try_recv().ok() } else { None };
        }
        begun?;
        self.faults.at_commit()?;
        if let Some(conn) = &mut self.conn {
            conn.batch_execute("COMMIT")?;
        }
        self.faults.after_commit()
    }

    fn begin(&mut self) -> DbResult<()> {
        if self.conn.is_none() {
            self.conn = Some(establish(&self.settings, Purpose::Write)?);
        }
        let Some(conn) = &mut self.conn else { return Err(stopped()) };
        let begun = conn.batch_execute("BEGIN IMMEDIATE").map_err(DbError::from);
        if begun.is_err() {
            self.conn = None;
        }
        begun
    }
}

/// Runs one transaction of a group. Fails when its savepoint cannot be ended: a full disk or a failing one makes SQLite
/// roll back the whole group by itself, and then everybody in it has to try again.
fn in_savepoint(conn: &mut Conn, ticket: Ticket) -> DbResult<Completion> {
    let given_up = |error| DbError::Unavailable(format!("the group was given up: {}", DbError::from(error)));
    Prepared(diesel::sql_query("SAVEPOINT turn")).run(conn).map_err(given_up)?;
    // A panic in one transaction must not take the writer, and with it the shop, down.
    let ran = catch_unwind(AssertUnwindSafe(|| ticket(conn)));
    let keep = matches!(&ran, Ok((true, _)));
    if !keep {
        conn.batch_execute("ROLLBACK TO turn").map_err(given_up)?;
    }
    Prepared(diesel::sql_query("RELEASE turn")).run(conn).map_err(given_up)?;
    Ok(match ran {
        Ok((_, completion)) => completion,
        Err(_) => Box::new(|_| ()),
    })
}
