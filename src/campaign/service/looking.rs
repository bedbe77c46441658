//! Looking at campaigns: what one is like, whether somebody may take part, and the lists of staff.

use super::super::error::CampaignError;
use super::super::model::{Audience, Campaign, CampaignFacts, CampaignKind, ChangeRow, Viewer};
use super::super::rules;
use super::super::store::{self, CampaignFilter};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
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

/// A campaign with its money, and how many users staff named for it.
pub(in crate::campaign) fn campaign(
    tx: &mut Tx<'_>,
    id: CampaignId,
) -> Result<(Campaign, SpentToday, i64), CampaignError> {
    let today = tx.today();
    let campaign = store::find(tx, id)?.ok_or(CampaignError::NotFound)?;
    let spent = store::spent_on(tx, id, today)?.unwrap_or(Fen::ZERO);
    Ok((campaign, SpentToday(spent), store::count_listed(tx, id)?))
}

/// What a campaign gave away today and did not get back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct SpentToday(pub(in crate::campaign) Fen);

/// Campaigns that fit, the newest first.
pub(in crate::campaign) fn page(
    tx: &mut Tx<'_>,
    filter: &CampaignFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Campaign>> {
    let rows = store::list(tx, filter, after, limit)?;
    let page = Page::cut(rows, limit, |(row, _)| Cursor { key: 0, id: row.id.get() });
    Ok(page.map(|(row, budget)| Campaign { row, budget }))
}

/// What was done with a campaign, the latest first.
pub(in crate::campaign) fn changes(
    tx: &mut Tx<'_>,
    id: CampaignId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<ChangeRow>, CampaignError> {
    store::facts(tx, id)?.ok_or(CampaignError::NotFound)?;
    let rows = store::changes(tx, id, after, limit)?;
    Ok(Page::cut(rows, limit, |row| Cursor { key: row.version, id: row.id.get() }))
}
