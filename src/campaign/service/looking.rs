//! What the kinds ask of campaigns: what one is like, and whether somebody may take part.

use super::super::error::CampaignError;
use super::super::model::{Audience, CampaignFacts, CampaignKind, Viewer};
use super::super::rules;
use super::super::store;
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};

/// What a campaign is like, whatever its state.
///
/// # Errors
/// [`CampaignError::NotFound`], or the database's.
pub fn facts(tx: &mut Tx<'_>, id: CampaignId) -> Result<CampaignFacts, CampaignError> {
    store::facts(tx, id)?.ok_or(CampaignError::NotFound)
}

/// A campaign of this kind in which this viewer may take part now.
///
/// # Errors
/// [`CampaignError::NotFound`] when there is none of that kind that shoppers know of; [`CampaignError::NotForYou`] when it
/// is for others or held back from this user; [`CampaignError::NotRunning`] when it does not run; or the database's.
pub fn open_for(
    tx: &mut Tx<'_>,
    id: CampaignId,
    kind: CampaignKind,
    viewer: &Viewer,
) -> Result<CampaignFacts, CampaignError> {
    let found = store::facts(tx, id)?.filter(|facts| facts.kind == kind);
    let facts = found.ok_or(CampaignError::NotFound)?;
    match hindrance(tx, &facts, viewer)? {
        None => Ok(facts),
        Some(refusal) => Err(refusal),
    }
}

/// What keeps a viewer from taking part now, for a page that tells them; `None` when nothing does.
///
/// # Errors
/// When the database fails.
pub fn hindrance(tx: &mut Tx<'_>, facts: &CampaignFacts, viewer: &Viewer) -> DbResult<Option<CampaignError>> {
    let listed = match (facts.audience, viewer.user) {
        (Audience::List, Some(user)) => store::is_listed(tx, facts.id, user)?,
        _ => false,
    };
    let hindrance = rules::hindrance(facts, viewer, listed, tx.now());
    Ok(hindrance.map(|hindrance| CampaignError::of(hindrance, facts)))
}

/// Campaigns of a kind that run now, whoever looks; the one that ends first first.
///
/// # Errors
/// When the database fails.
pub fn running(tx: &mut Tx<'_>, kind: CampaignKind, limit: i64) -> DbResult<Vec<CampaignFacts>> {
    store::running(tx, kind, limit)
}
