//! Use cases of bargains.

mod books;
mod desk;
mod expiring;
mod helping;
mod looking;
mod opening;
mod planning;
mod ranking;
mod redeeming;

use serde::Serialize;
use serde_json::Value;

pub use books::differences;

pub(super) use desk::{AtDesk, BargainFile, CampaignFile, bargains_table, campaign_file, file, helps_table, list};
pub(super) use expiring::{expire, figures, on_state};
pub(super) use helping::{Helped, help};
pub(super) use looking::{
    BargainPage, CampaignPage, Mine, Product, RankingPage, Rung, Wall, WallItem, campaign_page, card, ladder, mine,
    page, ranking, wall,
};
pub(super) use opening::open;
pub(super) use planning::{change_rules, plan, problems};
pub(super) use ranking::{pay_prize, retry_prizes, settle};
pub(super) use redeeming::{KIND, adjust, on_order, reserve};

pub(super) use super::store::bargains::Wanted;

use super::error::BargainError;
use super::model::RulesRow;
use super::store;
use crate::campaign::{self, Audience, CampaignError, CampaignFacts, CampaignKind, Viewer};
use crate::kernel::id::{CampaignId, DeviceId, UserId};
use crate::order;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::share::{self, Touch};

/// Somebody who takes part, and from where.
#[derive(Clone, Debug)]
pub(super) struct Comer {
    /// Who.
    pub(super) user: UserId,
    /// On which device.
    pub(super) device: Option<DeviceId>,
    /// The address of the request.
    pub(super) address: String,
}

/// Writes down what happened, by or for this user.
fn record<P: Serialize>(tx: &mut Tx<'_>, name: &'static str, user: UserId, payload: &P) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: Some(user), payload }).map(|_| ())
}

/// What of a user matters to a campaign.
fn viewer(tx: &mut Tx<'_>, user: Option<UserId>) -> DbResult<Viewer> {
    Ok(match user {
        Some(user) => Viewer { user: Some(user), newcomer: order::is_newcomer(tx, user)? },
        None => Viewer::STRANGER,
    })
}

/// The rules of a campaign of this kind.
fn rules_of(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<RulesRow, BargainError> {
    Ok(store::rules::find(tx, campaign)?.ok_or(CampaignError::NotFound)?)
}

/// What keeps somebody from going on with a bargain of the campaign that is open already. The audience says who may open
/// one: friends who help need not belong to it, and an owner who meanwhile left it may finish.
fn pause_of(tx: &mut Tx<'_>, campaign: &CampaignFacts, viewer: &Viewer) -> DbResult<Option<CampaignError>> {
    let for_all = CampaignFacts { audience: Audience::Everyone, ..campaign.clone() };
    campaign::hindrance(tx, &for_all, viewer)
}

/// A campaign of this kind that goes on for this viewer.
fn going_on(tx: &mut Tx<'_>, id: CampaignId, viewer: &Viewer) -> Result<CampaignFacts, CampaignError> {
    let facts = campaign::facts(tx, id)?;
    if facts.kind != CampaignKind::Bargain {
        return Err(CampaignError::NotFound);
    }
    match pause_of(tx, &facts, viewer)? {
        None => Ok(facts),
        Some(refusal) => Err(refusal),
    }
}

/// The share of this campaign through which a user came last.
fn touch_of(tx: &mut Tx<'_>, user: UserId, campaign: &CampaignFacts) -> DbResult<Option<Touch>> {
    let touch = share::last_touch(tx, user, campaign.starts_at)?;
    Ok(touch.filter(|touch| touch.campaign == Some(campaign.id)))
}

/// A value as the log and the audit keep it.
fn json<T: Serialize>(value: &T) -> DbResult<Value> {
    serde_json::to_value(value).map_err(|error| DbError::Defect(error.to_string()))
}
