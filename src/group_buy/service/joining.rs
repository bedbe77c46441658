//! Taking a seat: what it costs, and setting it aside with the order.

use super::super::error::GroupBuyError;
use super::super::events::{JOINED, MemberDid};
use super::super::model::{Group, GroupId, GroupState, Rules, Seat, SeatId, SeatState, SkuOffer, Visibility, Wish};
use super::super::rules::{self, Joiner};
use super::super::store;
use super::{GroupBuySettings, JOIN, grant_of, record, rules_of};
use crate::campaign::{self, Action, CampaignError, CampaignKind, CampaignOrder, Grant, Viewer};
use crate::catalog::SkuId;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::order;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::pricing::{OfferClaim, PlacedOrder, Reservation};
use crate::share::{self, SubjectKind, Touch};

/// A basket for which somebody claims a group's price.
#[derive(Clone, Copy, Debug)]
pub(in crate::group_buy) struct Asked<'a> {
    /// Who; absent before log-in.
    pub(in crate::group_buy) user: Option<UserId>,
    /// What they claim.
    pub(in crate::group_buy) claims: &'a [OfferClaim],
    /// The only line of the basket, if there is but one.
    pub(in crate::group_buy) line: Option<(SkuId, i64)>,
}

/// What a claim comes to.
#[derive(Clone, Debug)]
pub(in crate::group_buy) struct Seating {
    /// The rules it goes by.
    pub(in crate::group_buy) rules: Rules,
    /// What the SKU costs there.
    pub(in crate::group_buy) offer: SkuOffer,
    /// Whether the buyer would lead a new group.
    pub(in crate::group_buy) leads: bool,
}

/// What a claim's price was made of, left for its order in the same transaction.
struct Priced {
    user: UserId,
    newcomer: bool,
    rules: Rules,
    offer: SkuOffer,
}

impl Priced {
    /// What the price of this SKU in a campaign was made of for a user, as it was left or anew.
    fn of(tx: &mut Tx<'_>, campaign: CampaignId, sku: SkuId, user: UserId) -> Result<Self, GroupBuyError> {
        let same = |left: &Self| left.user == user && left.rules.campaign_id == campaign && left.offer.sku_id == sku;
        if let Some(left) = tx.take_left().filter(same) {
            return Ok(left);
        }
        let offer = store::offer(tx, campaign, sku)?.ok_or(GroupBuyError::SkuNotIncluded)?;
        Ok(Self { user, newcomer: order::is_newcomer(tx, user)?, rules: rules_of(tx, campaign)?, offer })
    }
}

impl Seating {
    /// What a piece costs the buyer by the campaign.
    pub(in crate::group_buy) fn price(&self) -> Fen {
        rules::price_of(&self.offer, self.leads)
    }
}

/// Reads a claim: one group, one SKU, nothing else in the basket.
fn understood(asked: &Asked<'_>) -> Result<(Wish, SkuId, i64), GroupBuyError> {
    let ([claim], Some((sku, quantity))) = (asked.claims, asked.line) else {
        return Err(GroupBuyError::OneSkuOnly);
    };
    if claim.sku_id.is_some_and(|wanted| wanted != sku) {
        return Err(GroupBuyError::OneSkuOnly);
    }
    let wish = Wish::parse(&claim.reference).ok_or(GroupBuyError::BadReference)?;
    Ok((wish, sku, quantity))
}

/// What a claim comes to for a basket, if it holds now. Reads only: what several buyers compete for is decided when the
/// order is placed.
pub(in crate::group_buy) fn price(tx: &mut Tx<'_>, asked: &Asked<'_>) -> Result<Seating, GroupBuyError> {
    let (wish, sku, quantity) = understood(asked)?;
    let viewer = viewer(tx, asked.user)?;
    let leads = matches!(wish, Wish::Open(_));
    let rules = match wish {
        Wish::Open(campaign) => may_open(tx, campaign, &viewer)?,
        Wish::Join { group, token } => may_join(tx, group, token.as_deref(), &viewer)?,
    };
    may_take_part(tx, &rules, asked.user)?;
    let offer = store::offer(tx, rules.campaign_id, sku)?.ok_or(GroupBuyError::SkuNotIncluded)?;
    rules::may_take(&rules, &offer, quantity)?;
    if let Some(user) = asked.user {
        tx.leave(Priced { user, newcomer: viewer.newcomer, rules: rules.clone(), offer: offer.clone() });
    }
    Ok(Seating { rules, offer, leads })
}

/// Whoever looks, as campaigns know them.
pub(super) fn viewer(tx: &mut Tx<'_>, user: Option<UserId>) -> DbResult<Viewer> {
    let newcomer = user.map(|user| order::is_newcomer(tx, user)).transpose()?.unwrap_or(true);
    Ok(Viewer { user, newcomer })
}

/// Whether a viewer may open a group in a campaign now; answers its rules.
pub(super) fn may_open(tx: &mut Tx<'_>, campaign: CampaignId, viewer: &Viewer) -> Result<Rules, GroupBuyError> {
    let facts = campaign::open_for(tx, campaign, CampaignKind::GroupBuy, viewer)?;
    let rules = rules_of(tx, campaign)?;
    rules::may_open(facts.ends_at, tx.now())?;
    if let Some(user) = viewer.user {
        next_lead_number(tx, &rules, user)?;
    }
    Ok(rules)
}

/// Whether a viewer may join a group now; answers its rules.
pub(super) fn may_join(
    tx: &mut Tx<'_>,
    id: GroupId,
    token: Option<&str>,
    viewer: &Viewer,
) -> Result<Rules, GroupBuyError> {
    let group = store::find(tx, id)?.ok_or(GroupBuyError::NotFound)?;
    let rules = rules_of(tx, group.campaign_id)?;
    let own = viewer.user.map(|user| store::live_of_user(tx, id, user)).transpose()?.flatten();
    let invited = is_invited(tx, &group, &rules, token)?;
    let joiner = Joiner { user: viewer.user, newcomer: viewer.newcomer, invited };
    rules::may_join(&group, &rules, own.as_ref(), &joiner, tx.now())?;
    campaign::open_for(tx, group.campaign_id, CampaignKind::GroupBuy, viewer)?;
    Ok(rules)
}

/// Whether whoever brings this token may see the group: everybody may see a public one, and those whom the share of
/// somebody in it brought may see the others.
pub(super) fn is_invited(tx: &mut Tx<'_>, group: &Group, rules: &Rules, token: Option<&str>) -> DbResult<bool> {
    if rules.visibility == Visibility::Public {
        return Ok(true);
    }
    let Some(share) = token.map(|token| share::find(tx, token)).transpose()?.flatten() else { return Ok(false) };
    let this = share.subject_kind == SubjectKind::Group && share.subject_ref == group.id.to_string();
    Ok(this && store::live_of_user(tx, group.id, share.sharer_id)?.is_some())
}

/// Whether a user may take part once more.
pub(super) fn may_take_part(tx: &mut Tx<'_>, rules: &Rules, user: Option<UserId>) -> Result<(), GroupBuyError> {
    let Some(user) = user else { return Ok(()) };
    if campaign::used(tx, rules.campaign_id, user, JOIN, None)? < rules.per_user {
        return Ok(());
    }
    let details = serde_json::json!({ "what": JOIN, "limit": rules.per_user });
    Err(CampaignError::LimitReached(details).into())
}

/// The lowest number that none of the groups has which a user leads now.
fn next_lead_number(tx: &mut Tx<'_>, rules: &Rules, user: UserId) -> Result<i64, GroupBuyError> {
    let led = store::lead_numbers(tx, rules.campaign_id, user)?;
    let too_many = || GroupBuyError::LeadsTooMany(serde_json::json!({ "limit": rules.leads_at_once }));
    rules::free_number(&led, rules.leads_at_once).ok_or_else(too_many)
}

/// Takes a seat for an order that has just been written and whose claim was priced in this transaction.
pub(in crate::group_buy) fn reserve(
    tx: &mut Tx<'_>,
    settings: &GroupBuySettings,
    order: &PlacedOrder<'_>,
) -> Result<Reservation, GroupBuyError> {
    let only = if let [line] = order.lines { Some(line) } else { None };
    let line = only.ok_or(GroupBuyError::OneSkuOnly)?;
    let asked = Asked { user: Some(order.user_id), claims: order.claims, line: Some((line.sku_id, line.quantity)) };
    let (wish, sku, quantity) = understood(&asked)?;
    let (group, priced, leads) = match wish {
        Wish::Open(campaign) => {
            let priced = Priced::of(tx, campaign, sku, order.user_id)?;
            // The user's turn comes first, so that whoever opens several groups at once gets a number for each.
            take_turn(tx, &priced.rules, order.user_id)?;
            (new_group(tx, &priced.rules, order.user_id)?, priced, true)
        }
        Wish::Join { group, .. } => {
            let group = joined(tx, group)?;
            let priced = Priced::of(tx, group.campaign_id, sku, order.user_id)?;
            take_turn(tx, &priced.rules, order.user_id)?;
            (group, priced, false)
        }
    };
    let seat = seated(tx, &group, order, &priced, leads)?;
    let Priced { rules, offer, .. } = priced;
    take_part(tx, &rules, order, &group, &seat, line.unit_price)?;
    if offer.quota.is_some() && !store::take_quota(tx, rules.campaign_id, sku, quantity)? {
        let left = store::offer(tx, rules.campaign_id, sku)?.and_then(|offer| offer.left());
        return Err(GroupBuyError::SoldOut(serde_json::json!({ "left": left })));
    }
    let amount = given_away(line.unit_price, seat.least_price, quantity)?;
    campaign::spend(tx, &Grant { campaign: rules.campaign_id, reference: &grant_of(&seat), amount })?;
    let pay_within = settings.pay_within_ms.min(group.deadline.millis_since(tx.now()));
    Ok(Reservation { ship_gate: Some(group.id.to_string()), pay_within_ms: Some(pay_within) })
}

fn given_away(base: Fen, price: Fen, quantity: i64) -> DbResult<Fen> {
    let piece = base.minus(price).map(|off| off.max(Fen::ZERO));
    let amount = piece.and_then(|off| off.times(quantity));
    amount.ok_or_else(|| DbError::Defect("group buy: a discount left the range of money".to_owned()))
}

/// A group that nobody but its leader sees until they have paid.
fn new_group(tx: &mut Tx<'_>, rules: &Rules, leader: UserId) -> Result<Group, GroupBuyError> {
    let number = next_lead_number(tx, rules, leader)?;
    let facts = campaign::facts(tx, rules.campaign_id)?;
    let deadline = rules::deadline(rules, facts.ends_at, tx.now());
    let group = open_group(tx, rules, leader, Some(number), deadline);
    store::insert_group(tx, &group)?;
    Ok(group)
}

/// An open group with one seat taken, that of its leader.
pub(super) fn open_group(
    tx: &Tx<'_>,
    rules: &Rules,
    leader_id: UserId,
    lead_no: Option<i64>,
    deadline: Timestamp,
) -> Group {
    Group {
        id: GroupId::new(tx.next_id()),
        campaign_id: rules.campaign_id,
        product_id: rules.product_id,
        leader_id,
        lead_no,
        state: GroupState::Open,
        seats: rules.seats(),
        free: rules.seats().saturating_sub(1),
        paid: 0,
        filled: 0,
        step: None,
        listed: false,
        deadline,
        settle_at: deadline,
        created_at: tx.now(),
        visible_at: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    }
}

/// Takes one of the free seats of a group and locks it.
fn joined(tx: &mut Tx<'_>, id: GroupId) -> Result<Group, GroupBuyError> {
    if let Some(group) = store::take_seat(tx, id)? {
        return Ok(group);
    }
    // Somebody was faster between looking and taking.
    let group = store::find(tx, id)?.ok_or(GroupBuyError::NotFound)?;
    if group.state != GroupState::Open {
        return Err(GroupBuyError::NotOpen(serde_json::json!({ "state": group.state })));
    }
    Err(if group.deadline <= tx.now() { GroupBuyError::TimeOver } else { GroupBuyError::Full })
}

/// Writes the seat, under the lowest number that is free. The group is locked.
fn seated(
    tx: &mut Tx<'_>,
    group: &Group,
    order: &PlacedOrder<'_>,
    priced: &Priced,
    leads: bool,
) -> Result<Seat, GroupBuyError> {
    let offer = &priced.offer;
    let taken = if leads { Vec::new() } else { store::taken_places(tx, group.id)? };
    if let Some(own) = taken.iter().find(|seat| seat.user_id == Some(order.user_id)) {
        return Err(GroupBuyError::AlreadyIn(serde_json::json!({ "order_id": own.order_id })));
    }
    let numbers: Vec<i64> = taken.iter().map(|seat| seat.seat_no).collect();
    let seat_no = rules::free_number(&numbers, group.seats).ok_or(GroupBuyError::Full)?;
    let base = order.lines.first().map_or(Fen::ZERO, |line| line.unit_price);
    let price = rules::price_of(offer, leads).min(base);
    let seat = Seat {
        id: SeatId::new(tx.next_id()),
        group_id: group.id,
        campaign_id: group.campaign_id,
        seat_no,
        of_seats: group.seats,
        user_id: Some(order.user_id),
        order_id: Some(order.order_id),
        sku_id: Some(offer.sku_id),
        quantity: order.lines.first().map_or(0, |line| line.quantity),
        price,
        least_price: price.min(offer.least_price()),
        newcomer: priced.newcomer,
        state: SeatState::Held,
        held_at: tx.now(),
        paid_at: None,
        kept_at: None,
        refund_due_at: None,
        released_at: None,
        reason: None,
        settle_at: None,
        tries: 0,
        failure: None,
        given_back_at: None,
        moved_to: None,
    };
    store::insert_seat(tx, &seat)?;
    Ok(seat)
}

/// Counts one more time that a user takes part.
fn take_turn(tx: &mut Tx<'_>, rules: &Rules, user: UserId) -> Result<(), GroupBuyError> {
    Ok(campaign::count_use(tx, rules.campaign_id, user, JOIN, rules.per_user, None)?)
}

/// Tells the campaign who came, by whom, for what.
fn take_part(
    tx: &mut Tx<'_>,
    rules: &Rules,
    order: &PlacedOrder<'_>,
    group: &Group,
    seat: &Seat,
    base: Fen,
) -> Result<(), GroupBuyError> {
    let (campaign, user) = (rules.campaign_id, order.user_id);
    let since = tx.now().plus_millis(-DAY_MS);
    let touch = share::last_touch(tx, user, since)?;
    let inviter = touch.as_ref().map(|touch: &Touch| touch.sharer);
    let cost = given_away(base, seat.price, seat.quantity)?;
    let leads = user == group.leader_id;
    let action = Action {
        campaign,
        user,
        what: if leads { "open" } else { JOIN },
        newcomer: seat.newcomer,
        device: None,
        network: None,
        inviter,
        amount: cost,
    };
    campaign::note(tx, &action)?;
    let placed = CampaignOrder {
        campaign,
        order_id: order.order_id,
        user,
        newcomer: seat.newcomer,
        channel: touch.as_ref().map(|touch| touch.channel),
        inviter,
        cost,
        total: order.total,
    };
    campaign::attribute(tx, &placed)?;
    let did = MemberDid { inviter_id: inviter, ..MemberDid::of(group, seat) };
    Ok(record(tx, JOINED, Some(user), &did)?)
}
