//! The seam through which each kind of campaign brings its own rules.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::model::{CampaignKind, CampaignState};
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};

/// Something that keeps a campaign from being scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable code, such as `group_buy.no_price`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// What a kind of campaign adds to what all have: its rules, which it keeps in a table of its own.
pub trait KindRules: Send + Sync {
    /// Which kind.
    fn kind(&self) -> CampaignKind;

    /// What is missing or contradicts itself; a campaign is scheduled only when nothing is.
    ///
    /// # Errors
    /// The database's.
    fn problems(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<Problem>>;

    /// Told in the transaction that moves a campaign of this kind, after it moved.
    ///
    /// # Errors
    /// The database's; the move is then taken back.
    fn on_state(&self, tx: &mut Tx<'_>, id: CampaignId, state: CampaignState) -> DbResult<()>;

    /// The kind's own part of the report.
    ///
    /// # Errors
    /// The database's.
    fn figures(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Value>;
}

/// Every kind's rules. Cloning shares them.
#[derive(Clone, Default)]
pub struct CampaignKinds(Arc<[Arc<dyn KindRules>]>);

impl CampaignKinds {
    /// These rules, one for each kind.
    pub fn new(kinds: Vec<Arc<dyn KindRules>>) -> Self {
        Self(kinds.into())
    }

    fn of(&self, kind: CampaignKind) -> Option<&dyn KindRules> {
        self.0.iter().find(|rules| rules.kind() == kind).map(Arc::as_ref)
    }

    pub(super) fn problems(&self, tx: &mut Tx<'_>, kind: CampaignKind, id: CampaignId) -> DbResult<Vec<Problem>> {
        self.of(kind).map_or(Ok(Vec::new()), |rules| rules.problems(tx, id))
    }

    pub(super) fn on_state(
        &self,
        tx: &mut Tx<'_>,
        kind: CampaignKind,
        id: CampaignId,
        state: CampaignState,
    ) -> DbResult<()> {
        self.of(kind).map_or(Ok(()), |rules| rules.on_state(tx, id, state))
    }

    pub(super) fn figures(&self, tx: &mut Tx<'_>, kind: CampaignKind, id: CampaignId) -> DbResult<Value> {
        self.of(kind).map_or(Ok(Value::Null), |rules| rules.figures(tx, id))
    }
}

impl std::fmt::Debug for CampaignKinds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.0.iter().map(|rules| rules.kind())).finish()
    }
}
