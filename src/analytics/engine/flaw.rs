//! What is wrong with a question, and what can go wrong in answering it.

use serde::Serialize;

/// What is wrong with a definition: a stable reason, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error, utoipa::ToSchema)]
#[schema(as = flaw::Flaw)]
#[error("{field}: {reason}")]
pub struct Flaw {
    /// The field, with the path to it.
    pub field: String,
    /// A stable code for the reason.
    pub reason: &'static str,
}

impl Flaw {
    /// A flaw at `field`.
    pub fn new(field: impl Into<String>, reason: &'static str) -> Self {
        Self { field: field.into(), reason }
    }
}

/// Refuses with `reason` at `field` unless `holds`.
///
/// # Errors
/// The flaw.
pub fn expect(holds: bool, field: impl Into<String>, reason: &'static str) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::new(field, reason)) }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The question is wrong.
    #[error("{0}")]
    Flaw(#[from] Flaw),
    /// A file could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A file is no Parquet file, or one that cannot be made sense of.
    #[error("{0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A file is a Parquet file, but not a segment of ours, or it is damaged.
    #[error("damaged segment: {0}")]
    Damaged(&'static str),
    /// There are more rows than the engine counts to.
    #[error("too many rows")]
    TooMany,
}

/// An answer or why there is none.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;
