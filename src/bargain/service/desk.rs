//! What staff see of bargains: lists, one bargain with the proof of its pieces, the ranking's winners, exports.

use std::collections::HashMap;

use serde_json::Value;

use super::super::error::BargainError;
use super::super::model::{
    Award, Bargain, BargainId, MAX_EXPORTED, MAX_PRIZED_RANK, Piece, Quota, Rank, Redemption, Rules,
};
use super::super::rules::{self, Ground};
use super::super::store::{self, bargains::Wanted, pieces::Help};
use super::planning::current;
use super::rules_of;
use crate::campaign::{self, CampaignError, CampaignFacts};
use crate::identity::{self, Face};
use crate::kernel::id::{CampaignId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::{Origin, Table};
use crate::staff::audit::{self, AuditEntry};

/// A member of staff at work, and from where.
#[derive(Debug, Clone)]
pub(in crate::bargain) struct AtDesk {
    /// Who.
    pub(in crate::bargain) staff_id: StaffId,
    /// From where.
    pub(in crate::bargain) origin: Origin,
}

/// Writes down what staff did with a campaign of bargains.
pub(super) fn audit(tx: &mut Tx<'_>, desk: &AtDesk, action: &str, campaign: CampaignId, after: Value) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: desk.staff_id,
            action,
            subject_kind: "campaign",
            subject_id: Some(campaign.get()),
            reason: None,
            before: None,
            after: Some(after),
            origin: &desk.origin,
        },
    )
}

/// A campaign of bargains as staff see it.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct CampaignFile {
    pub(in crate::bargain) campaign: CampaignFacts,
    pub(in crate::bargain) rules: Rules,
    pub(in crate::bargain) quota: Quota,
    pub(in crate::bargain) ranked_at: Option<Timestamp>,
    /// The places that would win, or won, a prize, and the next ones up to a hundred.
    pub(in crate::bargain) ranking: Vec<(Rank, Option<Face>)>,
    /// The prizes and whose they are, once the ranking is settled.
    pub(in crate::bargain) awards: Vec<Award>,
}

/// A campaign of bargains with its rules, its ranking and who won what.
pub(in crate::bargain) fn campaign_file(tx: &mut Tx<'_>, id: CampaignId) -> Result<CampaignFile, BargainError> {
    let row = rules_of(tx, id)?;
    let ranking = store::ranking::top(tx, id, MAX_PRIZED_RANK)?;
    let people: Vec<UserId> = ranking.iter().map(|rank| rank.user_id).collect();
    let faces = identity::faces(tx, &people)?;
    Ok(CampaignFile {
        campaign: campaign::facts(tx, id)?,
        rules: current(tx, id)?.ok_or(CampaignError::NotFound)?,
        quota: store::rules::quota(tx, id)?.ok_or(CampaignError::NotFound)?,
        ranked_at: row.ranked_at,
        ranking: ranking.into_iter().map(|rank| (rank, faces.get(&rank.user_id).cloned())).collect(),
        awards: store::ranking::awards(tx, id)?,
    })
}

/// The bargains of a campaign, latest first.
pub(in crate::bargain) fn list(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    wanted: Wanted,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<Bargain>, BargainError> {
    rules_of(tx, campaign)?;
    let rows = store::bargains::of_campaign(tx, campaign, wanted, after, limit)?;
    Ok(Page::cut(rows, limit, |bargain| Cursor { key: 0, id: bargain.id.get() }))
}

/// One bargain with everything that happened to it, and the proof that its pieces are those of its seed.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct BargainFile {
    pub(in crate::bargain) bargain: Bargain,
    pub(in crate::bargain) pieces: Vec<Piece>,
    pub(in crate::bargain) faces: HashMap<UserId, Face>,
    pub(in crate::bargain) redemptions: Vec<Redemption>,
    /// Whether the stored pieces are what the seed gives again.
    pub(in crate::bargain) pieces_match_seed: bool,
}

/// One bargain as staff see it.
pub(in crate::bargain) fn file(tx: &mut Tx<'_>, id: BargainId) -> Result<BargainFile, BargainError> {
    let bargain = store::bargains::find(tx, id)?.ok_or(BargainError::NotFound)?;
    let promised = rules_of(tx, bargain.campaign_id)?;
    let pieces = store::pieces::all(tx, id)?;
    let ground =
        Ground { start: bargain.start, floor: bargain.floor, cuts_min: promised.cuts_min, cuts_max: promised.cuts_max };
    let stored: Vec<Fen> = pieces.iter().map(|piece| piece.amount).collect();
    let mut people: Vec<UserId> = pieces.iter().filter_map(|piece| piece.helper_id).collect();
    people.push(bargain.user_id);
    Ok(BargainFile {
        faces: identity::faces(tx, &people)?,
        redemptions: store::orders::of_bargain(tx, id)?,
        pieces_match_seed: rules::pieces(&ground, bargain.seed) == Some(stored),
        pieces,
        bargain,
    })
}

/// The bargains of a campaign as a table for a spreadsheet.
pub(in crate::bargain) fn bargains_table(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
) -> Result<(usize, Table), BargainError> {
    rules_of(tx, campaign)?;
    let rows = store::bargains::of_campaign(tx, campaign, Wanted::default(), None, MAX_EXPORTED)?;
    within(rows.len())?;
    let heads = [
        "bargain_id",
        "user_id",
        "state",
        "start_yuan",
        "floor_yuan",
        "price_yuan",
        "pieces",
        "cuts",
        "helpers",
        "opened_at",
        "expires_at",
        "floor_at",
        "order_id",
        "ended_at",
    ];
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let row = |bargain: &Bargain| {
        [
            bargain.id.to_string(),
            bargain.user_id.to_string(),
            bargain.state.to_string(),
            bargain.start.to_yuan(),
            bargain.floor.to_yuan(),
            bargain.price().to_yuan(),
            bargain.pieces.to_string(),
            bargain.taken.to_string(),
            bargain.helpers.to_string(),
            bargain.opened_at.to_string(),
            bargain.expires_at.to_string(),
            moment(bargain.floor_at),
            bargain.order_id.map(|order| order.to_string()).unwrap_or_default(),
            moment(bargain.ended_at),
        ]
    };
    Ok((rows.len(), Table::of(heads, rows.iter().map(row))?))
}

/// The cuts of a campaign as a table for a spreadsheet.
pub(in crate::bargain) fn helps_table(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<(usize, Table), BargainError> {
    rules_of(tx, campaign)?;
    let rows = store::pieces::of_campaign(tx, campaign, MAX_EXPORTED.saturating_add(1))?;
    within(rows.len())?;
    let heads = [
        "bargain_id",
        "owner_id",
        "helper_id",
        "piece",
        "amount_yuan",
        "by_owner",
        "newcomer",
        "counted",
        "reward",
        "taken_at",
    ];
    let row = |help: &Help| {
        [
            help.bargain_id.to_string(),
            help.owner_id.to_string(),
            help.helper_id.to_string(),
            help.number.to_string(),
            help.amount_fen.to_yuan(),
            help.by_owner.to_string(),
            help.newcomer.to_string(),
            help.counted.to_string(),
            help.reward.to_string(),
            help.taken_at.to_string(),
        ]
    };
    Ok((rows.len(), Table::of(heads, rows.iter().map(row))?))
}

fn within(rows: usize) -> Result<(), BargainError> {
    let fits = i64::try_from(rows).is_ok_and(|rows| rows <= MAX_EXPORTED);
    if fits { Ok(()) } else { Err(BargainError::ExportTooLarge) }
}
