//! What shoppers see of group buys. A few indexed queries for each page, whatever its size.

use std::collections::HashMap;

use super::super::error::GroupBuyError;
use super::super::model::{Group, GroupId, GroupState, Rules, Seat, SeatState, SkuOffer};
use super::super::rules::{self, Joiner};
use super::super::store;
use super::joining::{is_invited, may_open, may_take_part, viewer};
use super::{into_db, own_rules, rules_of};
use crate::campaign::{self, CampaignError, CampaignFacts, CampaignKind, CampaignState, Viewer};
use crate::catalog::{self, ProductId, SkuFacts, SkuId};
use crate::identity::{self, Face};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, FromDb as _, Tx};
use crate::share::SubjectCard;

/// Most campaigns that run side by side on one page.
const MOST_CAMPAIGNS: i64 = 50;
/// The page of the mini-program that shows a group.
const GROUP_PAGE: &str = "pages/group/index";

/// Which page of a list.
#[derive(Debug, Clone, Copy)]
pub(in crate::group_buy) struct PageOf {
    /// Where the page before ended.
    pub(in crate::group_buy) after: Option<Cursor>,
    /// Most items wanted.
    pub(in crate::group_buy) limit: i64,
}

/// A group buy as shoppers see it.
#[derive(Debug)]
pub(in crate::group_buy) struct CampaignLook {
    pub(in crate::group_buy) facts: CampaignFacts,
    pub(in crate::group_buy) rules: Rules,
    pub(in crate::group_buy) offers: Vec<SkuOffer>,
    pub(in crate::group_buy) skus: Vec<SkuFacts>,
    /// What keeps the viewer from opening a group; absent when nothing does.
    pub(in crate::group_buy) open: Option<GroupBuyError>,
}

/// A group on the wall.
#[derive(Debug)]
pub(in crate::group_buy) struct WallLook {
    pub(in crate::group_buy) group: Group,
    pub(in crate::group_buy) offer: Option<SkuOffer>,
    pub(in crate::group_buy) sku: Option<SkuFacts>,
    pub(in crate::group_buy) leader: Option<Face>,
}

/// Somebody in a group.
#[derive(Debug)]
pub(in crate::group_buy) struct Member {
    pub(in crate::group_buy) seat: Seat,
    pub(in crate::group_buy) face: Option<Face>,
}

/// A group's own page.
#[derive(Debug)]
pub(in crate::group_buy) struct GroupLook {
    pub(in crate::group_buy) group: Group,
    pub(in crate::group_buy) rules: Rules,
    pub(in crate::group_buy) offers: Vec<SkuOffer>,
    pub(in crate::group_buy) skus: Vec<SkuFacts>,
    pub(in crate::group_buy) members: Vec<Member>,
    /// The viewer's latest seat in it.
    pub(in crate::group_buy) own: Option<Seat>,
    /// What keeps the viewer from joining; absent when nothing does.
    pub(in crate::group_buy) join: Option<GroupBuyError>,
    /// What keeps the viewer from opening another group; absent when nothing does.
    pub(in crate::group_buy) open: Option<GroupBuyError>,
}

/// A group that a user has or had a seat in.
#[derive(Debug)]
pub(in crate::group_buy) struct OwnLook {
    pub(in crate::group_buy) seat: Seat,
    pub(in crate::group_buy) group: Group,
    pub(in crate::group_buy) sku: Option<SkuFacts>,
}

/// A refusal as something to show; a failure of the database stays one.
fn shown<T>(decision: Result<T, GroupBuyError>) -> DbResult<Option<GroupBuyError>> {
    match decision {
        Ok(_) => Ok(None),
        Err(error) => error.db_error().cloned().map_or(Ok(Some(error)), Err),
    }
}

/// Group buys that run now and are for this viewer, the one that ends first first.
pub(in crate::group_buy) fn running_campaigns(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
) -> Result<Vec<CampaignLook>, GroupBuyError> {
    let viewer = viewer(tx, user)?;
    let facts = for_viewer(tx, &viewer)?;
    Ok(looks(tx, facts, &viewer)?)
}

/// Campaigns that run now and are for this viewer.
fn for_viewer(tx: &mut Tx<'_>, viewer: &Viewer) -> DbResult<Vec<CampaignFacts>> {
    let mut meant = Vec::new();
    for facts in campaign::running(tx, CampaignKind::GroupBuy, MOST_CAMPAIGNS)? {
        if campaign::hindrance(tx, &facts, viewer)?.is_none() {
            meant.push(facts);
        }
    }
    Ok(meant)
}

fn looks(tx: &mut Tx<'_>, facts: Vec<CampaignFacts>, viewer: &Viewer) -> DbResult<Vec<CampaignLook>> {
    let ids: Vec<CampaignId> = facts.iter().map(|facts| facts.id).collect();
    let mut rules: HashMap<CampaignId, Rules> =
        store::rules_of(tx, &ids)?.into_iter().map(|rules| (rules.campaign_id, rules)).collect();
    let mut offers: HashMap<CampaignId, Vec<SkuOffer>> = HashMap::new();
    for (campaign, offer) in store::offers_of(tx, &ids)? {
        offers.entry(campaign).or_default().push(offer);
    }
    let sku_ids: Vec<SkuId> = offers.values().flatten().map(|offer| offer.sku_id).collect();
    let skus = catalog::sku_facts(tx, &sku_ids)?;
    let mut looks = Vec::with_capacity(facts.len());
    for facts in facts {
        let Some(rules) = rules.remove(&facts.id) else { continue };
        let offers = offers.remove(&facts.id).unwrap_or_default();
        let own = |sku: &&SkuFacts| offers.iter().any(|offer| offer.sku_id == sku.sku_id);
        let skus = skus.iter().filter(own).cloned().collect();
        let open = may_open_now(tx, &facts, viewer)?;
        looks.push(CampaignLook { facts, rules, offers, skus, open });
    }
    Ok(looks)
}

fn may_open_now(tx: &mut Tx<'_>, facts: &CampaignFacts, viewer: &Viewer) -> DbResult<Option<GroupBuyError>> {
    let decision = may_open(tx, facts.id, viewer).and_then(|rules| may_take_part(tx, &rules, viewer.user));
    shown(decision)
}

/// Group buys for a product that run now or will, and are for this viewer.
pub(in crate::group_buy) fn campaigns_of_product(
    tx: &mut Tx<'_>,
    product: ProductId,
    user: Option<UserId>,
) -> Result<Vec<CampaignLook>, GroupBuyError> {
    let viewer = viewer(tx, user)?;
    let mut meant = Vec::new();
    for rules in store::products_rules(tx, product, MOST_CAMPAIGNS)? {
        let facts = campaign::facts(tx, rules.campaign_id)?;
        let announced = matches!(facts.state, CampaignState::Scheduled | CampaignState::Running);
        let hindrance = campaign::hindrance(tx, &facts, &viewer)?;
        if announced && !matches!(hindrance, Some(CampaignError::NotForYou)) {
            meant.push(facts);
        }
    }
    Ok(looks(tx, meant, &viewer)?)
}

/// Open groups that everybody sees, nearly full ones first.
pub(in crate::group_buy) fn wall(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
    product: Option<ProductId>,
    page: PageOf,
) -> Result<Page<WallLook>, GroupBuyError> {
    let viewer = viewer(tx, user)?;
    let campaigns: Vec<CampaignId> = for_viewer(tx, &viewer)?.iter().map(|facts| facts.id).collect();
    let groups = store::listed_groups(tx, &campaigns, product, page.after, page.limit.saturating_add(1))?;
    let groups = Page::cut(groups, page.limit, |group| Cursor { key: group.free, id: group.id.get() });
    let leaders: Vec<UserId> = groups.items.iter().map(|group| group.leader_id).collect();
    let faces = identity::faces(tx, &leaders)?;
    let shown: Vec<CampaignId> = groups.items.iter().map(|group| group.campaign_id).collect();
    let mut offers: HashMap<CampaignId, SkuOffer> = HashMap::new();
    for (campaign, offer) in store::offers_of(tx, &shown)? {
        let cheaper = offers.get(&campaign).is_none_or(|other| offer.member_price() < other.member_price());
        if cheaper {
            offers.insert(campaign, offer);
        }
    }
    let sku_ids: Vec<SkuId> = offers.values().map(|offer| offer.sku_id).collect();
    let skus = catalog::sku_facts(tx, &sku_ids)?;
    Ok(groups.map(|group| {
        let offer = offers.get(&group.campaign_id).cloned();
        let of_offer = |sku: &&SkuFacts| offer.as_ref().is_some_and(|offer| offer.sku_id == sku.sku_id);
        let sku = skus.iter().find(of_offer).cloned();
        WallLook { leader: faces.get(&group.leader_id).cloned(), group, offer, sku }
    }))
}

/// A group's page for those who may see it.
pub(in crate::group_buy) fn group_page(
    tx: &mut Tx<'_>,
    id: GroupId,
    user: Option<UserId>,
    token: Option<&str>,
) -> Result<GroupLook, GroupBuyError> {
    let group = store::find(tx, id)?.ok_or(GroupBuyError::NotFound)?;
    let rules = rules_of(tx, group.campaign_id)?;
    let own = user.map(|user| store::latest_of_user(tx, id, user)).transpose()?.flatten();
    let invited = is_invited(tx, &group, &rules, token)?;
    if own.is_none() && (group.visible_at.is_none() || !invited) {
        return Err(GroupBuyError::NotFound);
    }
    let viewer = viewer(tx, user)?;
    let facts = campaign::facts(tx, group.campaign_id)?;
    let live = own.as_ref().filter(|seat| seat.state.is_live());
    let joiner = Joiner { user, newcomer: viewer.newcomer, invited };
    let join = match rules::may_join(&group, &rules, live, &joiner, tx.now()) {
        Err(refusal) => Some(refusal.into()),
        Ok(()) => match campaign::hindrance(tx, &facts, &viewer)? {
            Some(hindrance) => Some(hindrance.into()),
            None => shown(may_take_part(tx, &rules, user))?,
        },
    };
    let open = may_open_now(tx, &facts, &viewer)?;
    let offers = store::offers(tx, group.campaign_id)?;
    let sku_ids: Vec<SkuId> = offers.iter().map(|offer| offer.sku_id).collect();
    let skus = catalog::sku_facts(tx, &sku_ids)?;
    let members = members(tx, &group)?;
    Ok(GroupLook { group, rules, offers, skus, members, own, join, open })
}

/// Who is in a group, by seat; of an expired one, who had paid.
fn members(tx: &mut Tx<'_>, group: &Group) -> DbResult<Vec<Member>> {
    let mut seats = if group.state == GroupState::Expired {
        store::of_group(tx, group.id)?.into_iter().filter(|seat| seat.paid_at.is_some()).collect()
    } else {
        store::live_seats(tx, group.id)?
    };
    // Nobody sits on a seat that the shop filled.
    seats.retain(|seat| seat.user_id.is_some());
    let users: Vec<UserId> = seats.iter().filter_map(|seat| seat.user_id).collect();
    let faces = identity::faces(tx, &users)?;
    let member = |seat: Seat| {
        let face = seat.user_id.and_then(|user| faces.get(&user).cloned());
        Member { seat, face }
    };
    Ok(seats.into_iter().map(member).collect())
}

/// Groups that a user has or had a seat in, latest first.
pub(in crate::group_buy) fn own_groups(
    tx: &mut Tx<'_>,
    user: UserId,
    page: PageOf,
) -> Result<Page<OwnLook>, GroupBuyError> {
    let rows = store::of_user(tx, user, page.after, page.limit.saturating_add(1))?;
    let rows = Page::cut(rows, page.limit, |(seat, _)| Cursor { key: 0, id: seat.id.get() });
    let sku_ids: Vec<SkuId> = rows.items.iter().filter_map(|(seat, _)| seat.sku_id).collect();
    let skus = catalog::sku_facts(tx, &sku_ids)?;
    Ok(rows.map(|(seat, group)| {
        let sku = skus.iter().find(|sku| Some(sku.sku_id) == seat.sku_id).cloned();
        OwnLook { seat, group, sku }
    }))
}

/// What the card of a group shows that is passed on; nothing for one that cannot be seen or is over.
pub(in crate::group_buy) fn card(tx: &mut Tx<'_>, id: GroupId) -> DbResult<Option<SubjectCard>> {
    let shown = |group: &Group| group.visible_at.is_some() && group.state == GroupState::Open;
    let Some(group) = store::find(tx, id)?.filter(shown) else { return Ok(None) };
    let rules = own_rules(tx, &group)?;
    let facts = campaign::facts(tx, group.campaign_id).map_err(into_db)?;
    let offers = store::offers(tx, group.campaign_id)?;
    let cheapest = offers.iter().min_by_key(|offer| offer.member_price());
    let ids: Vec<SkuId> = cheapest.iter().map(|offer| offer.sku_id).collect();
    let sku = catalog::sku_facts(tx, &ids)?.into_iter().next();
    let missing = rules.least().saturating_sub(group.paid).max(0);
    let title = if missing > 0 { format!("还差{missing}人成团：{}", facts.card_title) } else { facts.card_title };
    let picture = if facts.card_picture.is_empty() {
        sku.as_ref().map(|sku| sku.picture.clone()).unwrap_or_default()
    } else {
        facts.card_picture
    };
    Ok(Some(SubjectCard {
        title,
        picture,
        price: cheapest.map(SkuOffer::member_price),
        market_price: sku.map(|sku| sku.price),
        path: format!("{GROUP_PAGE}?id={id}"),
        campaign: Some(group.campaign_id),
    }))
}

impl GroupLook {
    /// What keeps the viewer from leaving with their money; `None` when there is nothing to leave.
    pub(in crate::group_buy) fn leave(&self) -> Option<Result<(), GroupBuyError>> {
        let own = self.own.as_ref().filter(|seat| matches!(seat.state, SeatState::Paid | SeatState::Kept))?;
        let over = || GroupBuyError::NotOpen(serde_json::json!({ "state": self.group.state }));
        Some(if own.state == SeatState::Paid { Ok(()) } else { Err(over()) })
    }

    /// What keeps the viewer from passing the group on.
    pub(in crate::group_buy) fn share(&self) -> Result<(), GroupBuyError> {
        if self.group.visible_at.is_none() {
            return Err(GroupBuyError::NotFound);
        }
        if self.group.state == GroupState::Open {
            return Ok(());
        }
        Err(GroupBuyError::NotOpen(serde_json::json!({ "state": self.group.state })))
    }
}
