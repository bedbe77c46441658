//! What can go wrong with the database, sorted by what the caller can do about it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// The result of a statement.
pub type DbResult<T> = Result<T, DbError>;

/// A failure of the database. Its text is for the log only and never leaves the service.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// A unique or primary key already holds this value. PostgreSQL names the index, SQLite the columns.
    #[error("a unique value exists already: {0}")]
    Unique(String),
    /// A CHECK constraint refused the change; holds its name.
    #[error("a check refused the change: {0}")]
    Check(String),
    /// A foreign key points nowhere, or something still points here.
    #[error("a foreign key refused the change: {0}")]
    ForeignKey(String),
    /// Lost against a parallel transaction; the whole transaction may be tried again.
    #[error("lost against a parallel transaction: {0}")]
    Conflict(String),
    /// The database cannot be reached, is full, or too busy; nothing was changed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The commit was sent and its answer lost: the change may or may not have happened.
    #[error("the outcome of the commit is unknown: {0}")]
    OutcomeUnknown(String),
    /// Anything else: a defect of ours.
    #[error("the database refused a statement: {0}")]
    Defect(String),
}

/// A unique constraint under both of its names.
#[derive(Debug, Clone, Copy)]
pub struct Constraint {
    /// The index, as PostgreSQL reports it.
    pub index: &'static str,
    /// `table.column, table.column`, as SQLite reports it.
    pub columns: &'static str,
}

impl DbError {
    /// Whether this is the violation of that unique constraint.
    pub fn violates(&self, constraint: Constraint) -> bool {
        matches!(self, Self::Unique(name) if name == constraint.index || name == constraint.columns)
    }

    /// Whether the whole transaction may simply be tried again.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether the connection that reported this should not be used again.
    pub(super) const fn breaks_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::OutcomeUnknown(_))
    }
}

/// An error type that can carry a database error, so that a transaction knows whether trying again may help.
pub trait FromDb: From<DbError> {
    /// The database error inside, if that is what this is.
    fn db_error(&self) -> Option<&DbError>;
}

impl FromDb for DbError {
    fn db_error(&self) -> Option<&DbError> {
        Some(self)
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::DatabaseError(kind, information) => from_database(kind, information.as_ref()),
            Error::NotInTransaction | Error::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            other => Self::Defect(other.to_string()),
        }
    }
}

fn from_database(kind: DatabaseErrorKind, information: &(dyn DatabaseErrorInformation + Send + Sync)) -> DbError {
    let message = information.message().to_owned();
    let name = information.constraint_name().map_or_else(|| after_colon(&message), str::to_owned);
    match kind {
        DatabaseErrorKind::UniqueViolation => DbError::Unique(name),
        DatabaseErrorKind::CheckViolation => DbError::Check(name),
        DatabaseErrorKind::ForeignKeyViolation => DbError::ForeignKey(name),
        DatabaseErrorKind::SerializationFailure => DbError::Conflict(message),
        DatabaseErrorKind::ClosedConnection => DbError::Unavailable(message),
        _ => from_message(message),
    }
}

/// diesel has no kind for these; both databases' words for them have been stable for many years.
fn from_message(message: String) -> DbError {
    const CONFLICT: [&str; 2] = ["deadlock detected", "could not serialize access"];
    const UNAVAILABLE: [&str; 22] = [
        "server closed the connection",
        "terminating connection",
        "connection to server",
        "could not connect",
        "could not receive data",
        "could not send data",
        "no connection to the server",
        "connection not open",
        "SSL connection has been closed",
        "the database system is",
        "canceling statement due to",
        "lock timeout",
        "too many clients",
        "remaining connection slots",
        "No space left on device",
        "could not extend file",
        "cannot execute",
        "database is locked",
        "database or disk is full",
        "attempt to write a readonly database",
        "disk I/O error",
        "unable to open database file",
    ];
    if CONFLICT.iter().any(|words| message.contains(words)) {
        DbError::Conflict(message)
    } else if UNAVAILABLE.iter().any(|words| message.contains(words)) {
        DbError::Unavailable(message)
    } else {
        DbError::Defect(message)
    }
}

fn after_colon(message: &str) -> String {
    message.split_once(": ").map_or(message, |(_, names)| names).to_owned()
}
