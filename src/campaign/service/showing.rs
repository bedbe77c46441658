//! What shoppers see of campaigns.

use std::collections::BTreeSet;

use super::super::error::CampaignError;
use super::super::model::{Audience, CampaignFacts, CampaignKind, CampaignState, Viewer};
use super::super::rules;
use super::super::store;
use super::looking::hindrance;
use crate::kernel::id::{CampaignId, UserId};
use crate::order;
use crate::platform::db::{DbResult, Tx};
use crate::share::SubjectCard;

/// Most campaigns that shoppers are shown together.
const MOST_SHOWN: i64 = 200;

/// A campaign as a viewer finds it.
#[derive(Debug)]
pub(in crate::campaign) struct Shown {
    pub(in crate::campaign) facts: CampaignFacts,
    /// Why they cannot take part now.
    pub(in crate::campaign) hindrance: Option<CampaignError>,
}

fn viewer_of(tx: &mut Tx<'_>, user: Option<UserId>) -> DbResult<Viewer> {
    match user {
        Some(id) => Ok(Viewer { user, newcomer: order::is_newcomer(tx, id)? }),
        None => Ok(Viewer::STRANGER),
    }
}

/// Campaigns that run or are to come and are meant for this user; before log-in, those for everybody and for newcomers.
pub(in crate::campaign) fn shown(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
    kind: Option<CampaignKind>,
) -> DbResult<Vec<CampaignFacts>> {
    let all = store::shown(tx, MOST_SHOWN)?;
    let asks_history = |facts: &CampaignFacts| matches!(facts.audience, Audience::Newcomers | Audience::Customers);
    // Whether somebody ever bought is asked only when a campaign depends on it.
    let viewer = match user {
        Some(_) if all.iter().any(asks_history) => viewer_of(tx, user)?,
        _ => Viewer { user, ..Viewer::STRANGER },
    };
    let of_lists: Vec<CampaignId> =
        all.iter().filter(|facts| facts.audience == Audience::List).map(|facts| facts.id).collect();
    let listed: BTreeSet<CampaignId> = match user {
        Some(user) if !of_lists.is_empty() => store::listed_in(tx, &of_lists, user)?.into_iter().collect(),
        _ => BTreeSet::new(),
    };
    let wanted = |facts: &CampaignFacts| {
        kind.is_none_or(|kind| facts.kind == kind) && rules::is_for(facts, &viewer, listed.contains(&facts.id))
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// One campaign's own page.
pub(in crate::campaign) fn show(tx: &mut Tx<'_>, user: Option<UserId>, id: CampaignId) -> Result<Shown, CampaignError> {
    let facts = store::facts(tx, id)?.ok_or(CampaignError::NotFound)?;
    let viewer = viewer_of(tx, user)?;
    match hindrance(tx, &facts, &viewer)? {
        Some(refusal @ (CampaignError::NotFound | CampaignError::NotForYou)) => Err(refusal),
        hindrance => Ok(Shown { facts, hindrance }),
    }
}

/// How a campaign looks when it is passed on; `None` unless it runs or is to come.
pub(in crate::campaign) fn card(tx: &mut Tx<'_>, id: CampaignId, page: &str) -> DbResult<Option<SubjectCard>> {
    let shown = |facts: &CampaignFacts| matches!(facts.state, CampaignState::Running | CampaignState::Scheduled);
    Ok(store::facts(tx, id)?.filter(shown).map(|facts| {
        let own = facts.card_path.trim_start_matches('/');
        let page = if own.is_empty() { page } else { own };
        let joint = if page.contains('?') { '&' } else { '?' };
        SubjectCard {
            title: facts.card_title,
            picture: facts.card_picture,
            price: None,
            market_price: None,
            path: format!("{page}{joint}id={id}"),
            campaign: Some(id),
        }
    }))
}
