//! Where what can be shared says what it looks like: each owner of a kind of thing registers a source.

use std::sync::Arc;

use super::model::{Subject, SubjectKind};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};

/// What a shared thing looks like to those who get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectCard {
    /// What the card says.
    pub title: String,
    /// Path of the picture on it; empty for none.
    pub picture: String,
    /// What it costs.
    pub price: Option<Fen>,
    /// The price to strike through beside it.
    pub market_price: Option<Fen>,
    /// The page of the mini-program it opens, without a slash in front, with its query: `pages/product/index?id=1`.
    pub path: String,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
}

/// Knows the things of one kind.
pub trait SubjectSource: Send + Sync {
    /// Which kind.
    fn kind(&self) -> SubjectKind;

    /// What this one looks like; `None` when there is none, or when it is not shown now.
    ///
    /// # Errors
    /// The database's.
    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>>;
}

/// All sources, one for each kind. Cloning shares them.
#[derive(Clone, Default)]
pub struct SubjectSources(Arc<[Arc<dyn SubjectSource>]>);

impl SubjectSources {
    /// These sources; of two for one kind the first is asked.
    pub fn new(sources: Vec<Arc<dyn SubjectSource>>) -> Self {
        Self(sources.into())
    }

    /// What this looks like; `None` when there is none, when it is not shown now, or when nobody knows the kind.
    ///
    /// # Errors
    /// The database's.
    pub fn describe(&self, tx: &mut Tx<'_>, subject: &Subject) -> DbResult<Option<SubjectCard>> {
        match self.0.iter().find(|source| source.kind() == subject.kind) {
            Some(source) => source.describe(tx, &subject.reference),
            None => Ok(None),
        }
    }
}
