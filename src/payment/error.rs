//! Why payment refuses.

use crate::platform::db::{DbError, FromDb};

/// Why payment refuses.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl FromDb for PaymentError {
    fn db_error(&self) -> Option<&DbError> {
        let Self::Db(error) = self;
        Some(error)
    }
}
