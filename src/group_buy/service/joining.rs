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
use crate::pricing::{OfferClaim, PlacedOrder, Terms};
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
    /// The group that was to be joined; absent for one that is to be opened.
    group: Option<Group>,
}

/// What an order for a group was promised, left for the moment when it is taken.
struct Promised {
    priced: Priced,
    /// The group as it was seen, or as it is to be opened.
    group: Group,
    touch: Option<Touch>,
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
    let (group, rules) = match wish {
        Wish::Open(campaign) => (None, may_open(tx, campaign, &viewer)?),
        Wish::Join { group, token } => {
            let (group, rules) = may_join(tx, group, token.as_deref(), &viewer)?;
            (Some(group), rules)
        }
    };
    let leads = group.is_none();
    may_take_part(tx, &rules, asked.user)?;
    let offer = store::offer(tx, rules.campaign_id, sku)?.ok_or(GroupBuyError::SkuNotIncluded)?;
    rules::may_take(&rules, &offer, quantity)?;
    if let Some(user) = asked.user {
        tx.leave(Priced { user, newcomer: viewer.newcomer, rules: rules.clone(), offer: offer.clone(), group });
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

/// Whether a viewer may join a group now; answers it with its rules.
pub(super) fn may_join(
    tx: &mut Tx<'_>,
    id: GroupId,
    token: Option<&str>,
    viewer: &Viewer,
) -> Result<(Group, Rules), GroupBuyError> {
    let (group, rules) = store::group_with_rules(tx, id)?.ok_or(GroupBuyError::NotFound)?;
    let own = viewer.user.map(|user| store::live_of_user(tx, id, user)).transpose()?.flatten();
    let invited = is_invited(tx, &group, &rules, token)?;
    let joiner = Joiner { user: viewer.user, newcomer: viewer.newcomer, invited };
    rules::may_join(&group, &rules, own.as_ref(), &joiner, tx.now())?;
    campaign::open_for(tx, group.campaign_id, CampaignKind::GroupBuy, viewer)?;
    Ok((group, rules))
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

/// What a group asks of an order whose claim was priced in this transaction: to wait for it before it is sent, and to be
/// paid before its end.
pub(in crate::group_buy) fn terms(
    tx: &mut Tx<'_>,
    settings: &GroupBuySettings,
    order: &PlacedOrder<'_>,
) -> Result<Terms, GroupBuyError> {
    let priced: Priced = tx.take_left().filter(|left: &Priced| left.user == order.user_id).ok_or_else(unpriced)?;
    let group = match &priced.group {
        Some(group) => group.clone(),
        None => {
            let facts = campaign::facts(tx, priced.rules.campaign_id)?;
            let deadline = rules::deadline(&priced.rules, facts.ends_at, tx.now());
            open_group(tx, &priced.rules, order.user_id, None, deadline)
        }
    };
    let touch = share::last_touch(tx, order.user_id, tx.now().plus_millis(-DAY_MS))?;
    let pay_within = settings.pay_within_ms.min(group.deadline.millis_since(tx.now()));
    let terms = Terms { ship_gate: Some(group.id.to_string()), pay_within_ms: Some(pay_within) };
    tx.leave(Promised { priced, group, touch });
    Ok(terms)
}

fn unpriced() -> DbError {
    DbError::Defect("group buy: an order is placed whose claim was not priced".to_owned())
}

/// Takes a seat for an order that has just been written.
pub(in crate::group_buy) fn reserve(tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), GroupBuyError> {
    let Promised { priced, group: seen, touch } = tx.take_left().ok_or_else(unpriced)?;
    let line = order.lines.first().ok_or(GroupBuyError::OneSkuOnly)?;
    let own = own_price(&priced, line.unit_price);
    // What concerns the buyer alone is written before the group, for which others wait.
    let leads = seen.leader_id == order.user_id;
    take_part(tx, order, &priced, leads, touch.as_ref(), given_away(line.unit_price, own, line.quantity)?)?;
    let (group, seat_no) = if priced.group.is_some() {
        join(tx, order, &priced.rules, &seen)?
    } else {
        (open(tx, &priced.rules, seen)?, 1)
    };
    let seat = seat_of(tx, order, &priced, &group, seat_no);
    store::insert_first_seat(tx, seat.clone())?;
    let inviter_id = touch.map(|touch| touch.sharer);
    record(tx, JOINED, Some(order.user_id), &MemberDid { inviter_id, ..MemberDid::of(&group, &seat) })?;
    let Priced { rules, offer, .. } = priced;
    if offer.quota.is_some() && !store::take_quota(tx, rules.campaign_id, offer.sku_id, line.quantity)? {
        let left = store::offer(tx, rules.campaign_id, offer.sku_id)?.and_then(|offer| offer.left());
        return Err(GroupBuyError::SoldOut(serde_json::json!({ "left": left })));
    }
    let amount = given_away(line.unit_price, seat.least_price, line.quantity)?;
    let grant = Grant { campaign: rules.campaign_id, reference: &grant_of(&seat), amount };
    Ok(campaign::spend_anew(tx, &grant)?)
}

/// What a seat costs its buyer, never more than without a group.
fn own_price(priced: &Priced, base: Fen) -> Fen {
    rules::price_of(&priced.offer, priced.group.is_none()).min(base)
}

fn given_away(base: Fen, price: Fen, quantity: i64) -> DbResult<Fen> {
    let piece = base.minus(price).map(|off| off.max(Fen::ZERO));
    let amount = piece.and_then(|off| off.times(quantity));
    amount.ok_or_else(|| DbError::Defect("group buy: a discount left the range of money".to_owned()))
}

/// Writes a group that nobody but its leader sees until they have paid. The user's turn comes first, so that whoever
/// opens several groups at once gets a number for each.
fn open(tx: &mut Tx<'_>, rules: &Rules, planned: Group) -> Result<Group, GroupBuyError> {
    take_turn(tx, rules, planned.leader_id)?;
    let lead_no = Some(next_lead_number(tx, rules, planned.leader_id)?);
    let group = Group { lead_no, ..planned };
    store::insert_group(tx, &group)?;
    Ok(group)
}

/// Takes one of the free seats of a group, and with it the group's lock, and the buyer's turn; answers the lowest number
/// that is free.
fn join(tx: &mut Tx<'_>, order: &PlacedOrder<'_>, rules: &Rules, seen: &Group) -> Result<(Group, i64), GroupBuyError> {
    let group = joined(tx, seen.id)?;
    if group.deadline != seen.deadline {
        // The order was to be paid by another time; the transaction begins anew.
        return Err(DbError::Conflict(format!("the end of group {} was moved", group.id)).into());
    }
    take_turn(tx, rules, order.user_id)?;
    let taken = store::taken_places(tx, group.id)?;
    if let Some(own) = taken.iter().find(|seat| seat.user_id == Some(order.user_id)) {
        return Err(GroupBuyError::AlreadyIn(serde_json::json!({ "order_id": own.order_id })));
    }
    let numbers: Vec<i64> = taken.iter().map(|seat| seat.seat_no).collect();
    let seat_no = rules::free_number(&numbers, group.seats).ok_or(GroupBuyError::Full)?;
    Ok((group, seat_no))
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

/// The seat of an order.
fn seat_of(tx: &Tx<'_>, order: &PlacedOrder<'_>, priced: &Priced, group: &Group, seat_no: i64) -> Seat {
    let line = order.lines.first();
    let price = own_price(priced, line.map_or(Fen::ZERO, |line| line.unit_price));
    Seat {
        id: SeatId::new(tx.next_id()),
        group_id: group.id,
        campaign_id: group.campaign_id,
        seat_no,
        of_seats: group.seats,
        user_id: Some(order.user_id),
        order_id: Some(order.order_id),
        sku_id: Some(priced.offer.sku_id),
        quantity: line.map_or(0, |line| line.quantity),
        price,
        least_price: price.min(priced.offer.least_price()),
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
    }
}

/// Counts one more time that a user takes part.
fn take_turn(tx: &mut Tx<'_>, rules: &Rules, user: UserId) -> Result<(), GroupBuyError> {
    Ok(campaign::count_use(tx, rules.campaign_id, user, JOIN, rules.per_user, None)?)
}

/// Tells the campaign who came, by whom, for what.
fn take_part(
    tx: &mut Tx<'_>,
    order: &PlacedOrder<'_>,
    priced: &Priced,
    leads: bool,
    touch: Option<&Touch>,
    cost: Fen,
) -> DbResult<()> {
    let (campaign, user, newcomer) = (priced.rules.campaign_id, order.user_id, priced.newcomer);
    let inviter = touch.map(|touch| touch.sharer);
    let what = if leads { "open" } else { JOIN };
    let (device, network) = (None, None);
    campaign::note(tx, &Action { campaign, user, what, newcomer, device, network, inviter, amount: cost })?;
    let placed = CampaignOrder {
        campaign,
        order_id: order.order_id,
        user,
        newcomer,
        channel: touch.map(|touch| touch.channel),
        inviter,
        cost,
        total: order.total,
    };
    campaign::attribute(tx, &placed)
}
