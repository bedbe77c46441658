//! What shoppers see: a bargain's page, their own bargains, the wall, a campaign's page, the ranking.

use std::collections::HashMap;

use serde_json::json;

use super::super::error::BargainError;
use super::super::model::{
    Bargain, BargainId, BargainState, LADDER_SHOWN, Piece, Quota, RANKING_SHOWN, Rank, Rules, RulesRow, WALL_SHOWN,
};
use super::super::{rules, store};
use super::helping::HELP;
use super::opening::OPEN;
use super::planning::current;
use super::{pause_of, rules_of, viewer};
use crate::campaign::{self, ActionView, CampaignError, CampaignFacts, CampaignKind, CampaignState, Viewer};
use crate::catalog::{self, SkuFacts, SkuId};
use crate::identity::{self, Face};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::{ApiError, RequestError};
use crate::share::SubjectCard;

/// What is bargained over, as it is now.
pub(in crate::bargain) type Product = SkuFacts;

/// One cut and whose it is.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct Rung {
    /// The cut.
    pub(in crate::bargain) piece: Piece,
    /// Who made it.
    pub(in crate::bargain) face: Option<Face>,
}

/// A bargain's own page.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct BargainPage {
    pub(in crate::bargain) now: Timestamp,
    pub(in crate::bargain) campaign: CampaignFacts,
    pub(in crate::bargain) bargain: Bargain,
    pub(in crate::bargain) product: Option<Product>,
    pub(in crate::bargain) owner: Option<Face>,
    pub(in crate::bargain) mine: bool,
    /// The viewer's own cut.
    pub(in crate::bargain) own_cut: Option<Piece>,
    pub(in crate::bargain) ladder: Ladder,
    pub(in crate::bargain) actions: Vec<ActionView>,
}

/// Cuts, latest first.
pub(in crate::bargain) type Ladder = Page<Rung>;

/// A bargain's own page, for anybody who has its link.
pub(in crate::bargain) fn page(
    tx: &mut Tx<'_>,
    id: BargainId,
    user: Option<UserId>,
) -> Result<BargainPage, BargainError> {
    let bargain = store::bargains::find(tx, id)?.ok_or(BargainError::NotFound)?;
    let promised = rules_of(tx, bargain.campaign_id)?;
    let campaign = campaign::facts(tx, bargain.campaign_id)?;
    let own_cut = match user {
        Some(user) => store::pieces::of_helper(tx, id, user)?,
        None => None,
    };
    let actions = actions(tx, &At { bargain: &bargain, promised: &promised, campaign: &campaign, own_cut }, user)?;
    let pieces = store::pieces::ladder(tx, id, None, LADDER_SHOWN)?;
    let mut people: Vec<UserId> = pieces.iter().filter_map(|piece| piece.helper_id).collect();
    people.push(bargain.user_id);
    let faces = identity::faces(tx, &people)?;
    Ok(BargainPage {
        now: tx.now(),
        product: products(tx, &[bargain.sku_id])?.remove(&bargain.sku_id),
        owner: faces.get(&bargain.user_id).cloned(),
        mine: user == Some(bargain.user_id),
        own_cut,
        ladder: rungs(pieces, LADDER_SHOWN, &faces),
        actions,
        campaign,
        bargain,
    })
}

/// More of a bargain's cuts.
pub(in crate::bargain) fn ladder(
    tx: &mut Tx<'_>,
    id: BargainId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Ladder, BargainError> {
    store::bargains::find(tx, id)?.ok_or(BargainError::NotFound)?;
    let pieces = store::pieces::ladder(tx, id, after, limit)?;
    let people: Vec<UserId> = pieces.iter().filter_map(|piece| piece.helper_id).collect();
    let faces = identity::faces(tx, &people)?;
    Ok(rungs(pieces, limit, &faces))
}

fn rungs(pieces: Vec<Piece>, limit: i64, faces: &HashMap<UserId, Face>) -> Ladder {
    let key = |piece: &Piece| Cursor { key: piece.taken_at.map_or(0, Timestamp::millis), id: piece.number };
    let face = |piece: &Piece| piece.helper_id.and_then(|helper| faces.get(&helper).cloned());
    Page::cut(pieces, limit, key).map(|piece| Rung { face: face(&piece), piece })
}

fn products(tx: &mut Tx<'_>, skus: &[SkuId]) -> DbResult<HashMap<SkuId, Product>> {
    let mut wanted = skus.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    Ok(catalog::sku_facts(tx, &wanted)?.into_iter().map(|sku| (sku.sku_id, sku)).collect())
}

/// A bargain with what decides about what a viewer may do.
struct At<'a> {
    bargain: &'a Bargain,
    promised: &'a RulesRow,
    campaign: &'a CampaignFacts,
    own_cut: Option<Piece>,
}

/// Everything a viewer could do on a bargain's page, and why not.
fn actions(tx: &mut Tx<'_>, at: &At<'_>, user: Option<UserId>) -> Result<Vec<ActionView>, BargainError> {
    let Some(user) = user else {
        let nobody = || Some(ApiError::new(RequestError::UNAUTHENTICATED));
        return Ok(["help", "buy", "share", "open"].map(|action| ActionView::of(action, nobody())).to_vec());
    };
    let viewer = viewer(tx, Some(user))?;
    let pause = |tx: &mut Tx<'_>| pause_of(tx, at.campaign, &viewer);
    let help = match cannot_help(at, user, tx.now()) {
        Some(refusal) => Some(refusal),
        None => match pause(tx)? {
            Some(refusal) => Some(refusal.into()),
            None => helped_enough(tx, at.promised, user)?,
        },
    };
    let buy = match rules::may_buy(at.bargain, at.promised.buy_when, user, tx.now()) {
        Err(hindrance) => Some(hindrance.into()),
        Ok(()) => match pause(tx)? {
            Some(refusal) => Some(refusal.into()),
            None => sold_out(tx, at.bargain.campaign_id)?,
        },
    };
    let share = match at.bargain.state_at(tx.now()) {
        BargainState::Running => pause(tx)?.map(BargainError::from),
        BargainState::Bought => Some(BargainError::Bought),
        BargainState::Expired => Some(BargainError::Expired),
    };
    let open = cannot_open(tx, at.campaign, at.promised, &viewer)?;
    Ok(vec![
        ActionView::of("help", help),
        ActionView::of("buy", buy),
        ActionView::of("share", share),
        ActionView::of("open", open),
    ])
}

fn cannot_help(at: &At<'_>, user: UserId, now: Timestamp) -> Option<BargainError> {
    match at.own_cut {
        Some(piece) if !piece.by_owner => Some(BargainError::AlreadyHelped(json!({ "amount_fen": piece.amount }))),
        _ => rules::may_help(at.bargain, user, now).err().map(BargainError::from),
    }
}

fn helped_enough(tx: &mut Tx<'_>, promised: &RulesRow, user: UserId) -> DbResult<Option<BargainError>> {
    let today = tx.today();
    for (limit, day) in [(promised.helps_per_day, Some(today)), (promised.helps_per_campaign, None)] {
        if let Some(limit) = limit
            && campaign::used(tx, promised.campaign_id, user, HELP, day)? >= limit
        {
            return Ok(Some(CampaignError::LimitReached(json!({ "what": HELP, "limit": limit })).into()));
        }
    }
    Ok(None)
}

fn sold_out(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Option<BargainError>> {
    let quota = store::rules::quota(tx, campaign)?;
    Ok(quota.is_none_or(|quota| quota.left() < 1).then_some(BargainError::SoldOut))
}

/// Why a viewer cannot open a bargain of their own, as far as a page can say.
fn cannot_open(
    tx: &mut Tx<'_>,
    campaign: &CampaignFacts,
    promised: &RulesRow,
    viewer: &Viewer,
) -> DbResult<Option<BargainError>> {
    if let Some(refusal) = campaign::hindrance(tx, campaign, viewer)? {
        return Ok(Some(refusal.into()));
    }
    let Some(user) = viewer.user else { return Ok(None) };
    if let Some(open) = store::bargains::running_of(tx, campaign.id, user)?
        && open.state_at(tx.now()) == BargainState::Running
    {
        return Ok(Some(BargainError::AlreadyOpen(json!({ "bargain_id": open.id }))));
    }
    if let Some(limit) = promised.bargains_per_user
        && campaign::used(tx, campaign.id, user, OPEN, None)? >= limit
    {
        return Ok(Some(CampaignError::LimitReached(json!({ "what": OPEN, "limit": limit })).into()));
    }
    sold_out(tx, campaign.id)
}

/// A bargain with what it is over, for lists.
pub(in crate::bargain) type Mine = (Bargain, Option<Product>);

/// A user's own bargains, latest first.
pub(in crate::bargain) fn mine(
    tx: &mut Tx<'_>,
    user: UserId,
    state: Option<BargainState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Mine>> {
    let rows = store::bargains::of_user(tx, user, state, after, limit)?;
    let skus: Vec<SkuId> = rows.iter().map(|bargain| bargain.sku_id).collect();
    let products = products(tx, &skus)?;
    let page = Page::cut(rows, limit, |bargain| Cursor { key: 0, id: bargain.id.get() });
    Ok(page.map(|bargain| (bargain, products.get(&bargain.sku_id).cloned())))
}

/// One campaign on the wall.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct WallItem {
    pub(in crate::bargain) campaign: CampaignFacts,
    pub(in crate::bargain) promised: RulesRow,
    pub(in crate::bargain) quota: Quota,
    pub(in crate::bargain) product: Product,
    /// The viewer's own bargain in it.
    pub(in crate::bargain) own: Option<Bargain>,
}

/// What can be bargained over now.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct Wall {
    pub(in crate::bargain) now: Timestamp,
    pub(in crate::bargain) items: Vec<WallItem>,
}

/// What this viewer can bargain over now; the campaign that ends first first.
pub(in crate::bargain) fn wall(tx: &mut Tx<'_>, user: Option<UserId>) -> DbResult<Wall> {
    let now = tx.now();
    let viewer = viewer(tx, user)?;
    let mut open = Vec::new();
    for campaign in campaign::running(tx, CampaignKind::Bargain, WALL_SHOWN)? {
        if campaign::hindrance(tx, &campaign, &viewer)?.is_none() {
            open.push(campaign);
        }
    }
    let ids: Vec<CampaignId> = open.iter().map(|campaign| campaign.id).collect();
    let promised = store::rules::of_campaigns(tx, &ids)?;
    let promised: HashMap<CampaignId, (RulesRow, Quota)> =
        promised.into_iter().map(|(row, quota)| (row.campaign_id, (row, quota))).collect();
    let skus: Vec<SkuId> = promised.values().map(|(row, _)| row.sku_id).collect();
    let products = products(tx, &skus)?;
    let own = match user {
        Some(user) => store::bargains::all_running_of(tx, user)?,
        None => Vec::new(),
    };
    let item = |campaign: CampaignFacts| {
        let (promised, quota) = promised.get(&campaign.id).copied()?;
        let product = products.get(&promised.sku_id).filter(|product| product.unavailable.is_none())?.clone();
        let running =
            |bargain: &&Bargain| bargain.campaign_id == campaign.id && bargain.state_at(now) == BargainState::Running;
        let own = own.iter().find(running).copied();
        Some(WallItem { campaign, promised, quota, product, own })
    };
    Ok(Wall { now, items: open.into_iter().filter_map(item).collect() })
}

/// A campaign's own page.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct CampaignPage {
    pub(in crate::bargain) now: Timestamp,
    pub(in crate::bargain) campaign: CampaignFacts,
    pub(in crate::bargain) rules: Rules,
    pub(in crate::bargain) quota: Quota,
    pub(in crate::bargain) product: Option<Product>,
    pub(in crate::bargain) own: Option<Bargain>,
    pub(in crate::bargain) actions: Vec<ActionView>,
}

/// A campaign of bargains that shoppers know of, and that is for this viewer.
fn known(tx: &mut Tx<'_>, id: CampaignId, viewer: &Viewer) -> Result<CampaignFacts, BargainError> {
    let facts = campaign::facts(tx, id)?;
    if facts.kind != CampaignKind::Bargain || facts.state == CampaignState::Draft {
        return Err(CampaignError::NotFound.into());
    }
    match campaign::hindrance(tx, &facts, viewer)? {
        // What is over or has not begun can still be looked at.
        None | Some(CampaignError::NotRunning(_)) => Ok(facts),
        Some(refusal) => Err(refusal.into()),
    }
}

/// A campaign's own page, as far as it is for this viewer.
pub(in crate::bargain) fn campaign_page(
    tx: &mut Tx<'_>,
    id: CampaignId,
    user: Option<UserId>,
) -> Result<CampaignPage, BargainError> {
    let viewer = viewer(tx, user)?;
    let campaign = known(tx, id, &viewer)?;
    let promised = rules_of(tx, id)?;
    let quota = store::rules::quota(tx, id)?.ok_or(CampaignError::NotFound)?;
    let now = tx.now();
    let own = match user {
        Some(user) => store::bargains::running_of(tx, id, user)?,
        None => None,
    };
    let open = match user {
        Some(_) => ActionView::of("open", cannot_open(tx, &campaign, &promised, &viewer)?),
        None => ActionView::of("open", Some(ApiError::new(RequestError::UNAUTHENTICATED))),
    };
    Ok(CampaignPage {
        now,
        rules: current(tx, id)?.ok_or(CampaignError::NotFound)?,
        quota,
        product: products(tx, &[promised.sku_id])?.remove(&promised.sku_id),
        own: own.filter(|own| own.state_at(now) == BargainState::Running),
        actions: vec![open],
        campaign,
    })
}

/// The ranking of a campaign.
#[derive(Clone, Debug)]
pub(in crate::bargain) struct RankingPage {
    pub(in crate::bargain) now: Timestamp,
    pub(in crate::bargain) campaign: CampaignFacts,
    pub(in crate::bargain) rules: Rules,
    pub(in crate::bargain) settled_at: Option<Timestamp>,
    /// The first places.
    pub(in crate::bargain) places: Vec<(Rank, Option<Face>)>,
    /// The viewer's own line and place.
    pub(in crate::bargain) own: Option<(Rank, i64)>,
}

/// The ranking of a campaign, as far as it is for this viewer.
pub(in crate::bargain) fn ranking(
    tx: &mut Tx<'_>,
    id: CampaignId,
    user: Option<UserId>,
) -> Result<RankingPage, BargainError> {
    let viewer = viewer(tx, user)?;
    let campaign = known(tx, id, &viewer)?;
    let top = store::ranking::top(tx, id, RANKING_SHOWN)?;
    let people: Vec<UserId> = top.iter().map(|rank| rank.user_id).collect();
    let faces = identity::faces(tx, &people)?;
    let own = match user {
        Some(user) => own_place(tx, id, user)?,
        None => None,
    };
    Ok(RankingPage {
        now: tx.now(),
        rules: current(tx, id)?.ok_or(CampaignError::NotFound)?,
        settled_at: rules_of(tx, id)?.ranked_at,
        places: top.into_iter().map(|rank| (rank, faces.get(&rank.user_id).cloned())).collect(),
        own,
        campaign,
    })
}

fn own_place(tx: &mut Tx<'_>, campaign: CampaignId, user: UserId) -> DbResult<Option<(Rank, i64)>> {
    let Some(rank) = store::ranking::of_user(tx, campaign, user)? else { return Ok(None) };
    let ahead = store::ranking::ahead_of(tx, &rank)?;
    Ok(Some((rank, ahead.saturating_add(1))))
}

/// How a bargain looks when it is passed on, while it runs.
pub(in crate::bargain) fn card(tx: &mut Tx<'_>, id: BargainId, page: &str) -> DbResult<Option<SubjectCard>> {
    let now = tx.now();
    let running = |bargain: &Bargain| bargain.state_at(now) == BargainState::Running;
    let Some(bargain) = store::bargains::find(tx, id)?.filter(running) else { return Ok(None) };
    let campaign = match campaign::facts(tx, bargain.campaign_id) {
        Ok(campaign) => campaign,
        Err(error) => return Err(BargainError::from(error).into_db()),
    };
    let product = products(tx, &[bargain.sku_id])?.remove(&bargain.sku_id);
    let picture = product.map(|product| product.picture).filter(|_| campaign.card_picture.is_empty());
    Ok(Some(SubjectCard {
        title: campaign.card_title,
        picture: picture.unwrap_or(campaign.card_picture),
        price: Some(bargain.price()),
        market_price: Some(bargain.start),
        path: format!("{page}?id={id}"),
        campaign: Some(bargain.campaign_id),
    }))
}
