//! What can be done with packets. Every change takes the caller's transaction.

use serde_json::json;

use super::error::SocialCouponError;
use super::events::{self, PacketFacts, PortionClaimed, Refused};
use super::model::{OWN_PORTION, Packet, PacketId, PacketState, Portion, SocialCoupon};
use super::rules::{self, CODE_LENGTH};
use super::store::{self, Claim, Whose};
use crate::campaign::{self, Action, CampaignError, CampaignFacts, CampaignKind, CampaignState, Grant, Viewer};
use crate::coupon::{self, CouponId, CouponSource, NewCoupon};
use crate::kernel::id::{CampaignId, DeviceId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, Timestamp};
use crate::order;
use crate::platform::db::{DbError, DbResult, FromDb as _, Tx};
use crate::platform::http::ApiError;
use crate::platform::secrets;
use crate::share::{self, Subject, SubjectKind};

/// Most social coupons that run at once and are looked at for a payment.
const MAX_RUNNING: i64 = 20;

/// A payment that may make a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    pub(super) order: OrderId,
    pub(super) user: UserId,
    pub(super) total: Fen,
    pub(super) paid_at: Timestamp,
}

/// An order was paid: it counts for the packets that brought the buyer, and makes a packet of its own when it qualifies.
/// Of several social coupons the one worth most makes it.
pub(super) fn paid(tx: &mut Tx<'_>, payment: Payment) -> DbResult<()> {
    store::note_order(tx, payment.user, payment.order, payment.total, payment.paid_at)?;
    if store::by_order(tx, payment.order)?.is_some() {
        return Ok(());
    }
    // The order itself no longer makes its buyer a customer of old: campaigns for newcomers mean who was one until now.
    let newcomer = order::is_first_paid(tx, payment.user, payment.order)?;
    let viewer = Viewer { user: Some(payment.user), newcomer };
    let mut qualifying: Vec<(CampaignFacts, SocialCoupon)> = Vec::new();
    for facts in campaign::running(tx, CampaignKind::SocialCoupon, MAX_RUNNING)? {
        if campaign::hindrance(tx, &facts, &viewer)?.is_some() {
            continue;
        }
        if let Some(rules) = store::rules(tx, facts.id)?.filter(|rules| payment.total >= rules.qualifying) {
            qualifying.push((facts, rules));
        }
    }
    qualifying.sort_by_key(|(facts, rules)| (std::cmp::Reverse(rules.face), facts.id));
    for (_, rules) in qualifying {
        match tx.attempt(|tx| create(tx, &rules, payment)) {
            Ok(()) => return Ok(()),
            Err(error) => refused(tx, rules.campaign_id, payment, error)?,
        }
    }
    Ok(())
}

/// A packet that was not made is written down with the reason; a failure of the database is tried again by the relay.
fn refused(tx: &mut Tx<'_>, campaign: CampaignId, payment: Payment, error: SocialCouponError) -> DbResult<()> {
    if let Some(failure) = error.db_error() {
        return Err(failure.clone());
    }
    let reason = ApiError::from(error).refusal().code.to_owned();
    let refused = Refused { campaign_id: campaign, order_id: Some(payment.order), packet_id: None, reason };
    events::record_refusal(tx, events::REFUSED, payment.user, &refused)
}

fn create(tx: &mut Tx<'_>, rules: &SocialCoupon, payment: Payment) -> Result<(), SocialCouponError> {
    let campaign = rules.campaign_id;
    campaign::count_use(tx, campaign, payment.user, "packet", rules.packets_per_user, None)?;
    let parent = store::came_through(tx, campaign, payment.user, payment.paid_at)?;
    let now = tx.now();
    let seed = i64::from_be_bytes(random()?);
    let packet = Packet {
        id: PacketId::new(tx.next_id()),
        code: code()?,
        campaign_id: campaign,
        order_id: payment.order,
        user_id: payment.user,
        parent_id: parent.as_ref().map(|parent| parent.id),
        generation: parent.map_or(1, |parent| parent.generation.saturating_add(1)),
        state: PacketState::Open,
        face: rules.face,
        portions: rules.portions,
        claimed: 0,
        own_claimed: false,
        claimed_fen: Fen::ZERO,
        returned_fen: Fen::ZERO,
        seed,
        opened_at: now,
        expires_at: now.plus_millis(rules.open_hours.saturating_mul(HOUR_MS)),
        settled_at: None,
    };
    let amounts = rules::split(rules, seed).ok_or_else(|| defect("the rules of a packet cannot be split"))?;
    let portion = |(amount, no)| Portion {
        packet_id: packet.id,
        no,
        amount,
        claimed_by: None,
        claimed_at: None,
        coupon_id: None,
        newcomer: None,
        acquired: None,
        order_id: None,
        order_fen: None,
    };
    let portions: Vec<Portion> = amounts.into_iter().zip(0..).map(portion).collect();
    store::insert(tx, &packet, &portions)?;
    campaign::spend(tx, &Grant { campaign, reference: &reference(packet.id), amount: packet.face })?;
    Ok(events::record(tx, events::CREATED, &packet)?)
}

fn defect(what: &str) -> DbError {
    DbError::Defect(what.to_owned())
}

fn random<const N: usize>() -> DbResult<[u8; N]> {
    secrets::random_bytes().map_err(|_| defect("the system's randomness failed"))
}

/// What is passed on: 80 random bits, 16 letters and digits that cannot be mistaken for each other.
fn code() -> DbResult<String> {
    const ALPHABET: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz_";
    let letter = |byte: u8| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from);
    Ok(random::<CODE_LENGTH>()?.into_iter().filter_map(letter).collect())
}

/// A packet by what is passed on.
pub(super) fn by_code(tx: &mut Tx<'_>, code: &str) -> DbResult<Option<Packet>> {
    if rules::looks_like_code(code) { store::by_code(tx, code) } else { Ok(None) }
}

/// Under which name the budget remembers a packet.
fn reference(packet: PacketId) -> String {
    format!("packet:{packet}")
}

/// Somebody who claims, with what watches over fraud needs to know.
#[derive(Clone, Debug)]
pub(super) struct Claimer {
    pub(super) user: UserId,
    pub(super) device: Option<DeviceId>,
    /// Address of the request.
    pub(super) address: String,
}

/// A portion somebody has, as a coupon.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) packet: Packet,
    pub(super) portion: Portion,
}

/// Gives a friend a portion. Whoever has one gets the same answer again.
///
/// # Errors
/// Why not; the transaction must then be given up.
pub(super) fn claim(tx: &mut Tx<'_>, code: &str, claimer: &Claimer) -> Result<Claimed, SocialCouponError> {
    let packet = by_code(tx, code)?.ok_or(SocialCouponError::NotFound)?;
    if packet.user_id != claimer.user
        && let Some(portion) = store::portion_of(tx, packet.id, claimer.user)?
    {
        return Ok(Claimed { packet, portion });
    }
    let payers = store::ancestors_payers(tx, &packet)?;
    rules::may_claim(&packet, &payers, claimer.user, tx.now())?;
    let rules = claimable_campaign(tx, &packet, claimer.user)?;
    let newcomer = order::is_newcomer(tx, claimer.user)?;
    let acquisition = share::acquisition_of(tx, claimer.user)?;
    let acquired = acquisition.is_some_and(|acquisition| acquisition.campaign == Some(packet.campaign_id));
    let today = tx.today();
    campaign::count_use(tx, packet.campaign_id, claimer.user, "claim", rules.claims_per_day, Some(today))?;
    let Some((no, amount)) = store::pick(tx, packet.id, rules::pick(&rules, newcomer))? else {
        return Err(none_left(tx, code)?);
    };
    let give = Give { no, amount, user: claimer.user, newcomer, acquired };
    note(tx, &packet, claimer, &give)?;
    match give_portion(tx, &rules, &packet, &give)? {
        Some(claimed) => Ok(claimed),
        None => Err(none_left(tx, code)?),
    }
}

/// Why a friend found no portion. When there seems to be one, another friend holds the last and may yet give it up, so the
/// transaction begins anew.
fn none_left(tx: &mut Tx<'_>, code: &str) -> Result<SocialCouponError, SocialCouponError> {
    let packet = by_code(tx, code)?.ok_or(SocialCouponError::NotFound)?;
    Ok(match rules::claimable(&packet, tx.now()) {
        Err(hindrance) => hindrance,
        Ok(()) if packet.left() == 0 => SocialCouponError::Exhausted,
        Ok(()) => DbError::Conflict(format!("packet {} is being claimed by others", packet.id)).into(),
    })
}

/// Gives the payer their own portion, once they have shared the packet. Asking again answers the same.
///
/// # Errors
/// Why not; the transaction must then be given up.
pub(super) fn claim_own(tx: &mut Tx<'_>, code: &str, user: UserId) -> Result<Claimed, SocialCouponError> {
    let packet = by_code(tx, code)?.ok_or(SocialCouponError::NotFound)?;
    if packet.user_id == user
        && let Some(portion) = store::portion_of(tx, packet.id, user)?
    {
        return Ok(Claimed { packet, portion });
    }
    let subject = Subject { kind: SubjectKind::Packet, reference: packet.code.clone() };
    let shared = share::has_shared(tx, user, &subject)?;
    rules::may_claim_own(&packet, shared, user, tx.now())?;
    let rules = store::rules(tx, packet.campaign_id)?.ok_or(SocialCouponError::NotFound)?;
    let portions = store::portions(tx, packet.id)?;
    let own = portions.into_iter().find(|portion| portion.no == OWN_PORTION);
    let amount = own.ok_or_else(|| defect("a packet has no portion for its payer"))?.amount;
    let give = Give { no: OWN_PORTION, amount, user, newcomer: false, acquired: false };
    give_portion(tx, &rules, &packet, &give)?.ok_or(SocialCouponError::ClaimedAlready)
}

/// A packet is a promise: it can be claimed from after its campaign has ended, but not while that is paused, and not by
/// those who are kept from seeing it.
fn claimable_campaign(tx: &mut Tx<'_>, packet: &Packet, user: UserId) -> Result<SocialCoupon, SocialCouponError> {
    let facts = campaign::facts(tx, packet.campaign_id)?;
    if campaign::is_held_out(facts.id, user, facts.holdout_permille) {
        return Err(CampaignError::NotForYou.into());
    }
    if facts.state == CampaignState::Paused {
        return Err(CampaignError::NotRunning(json!({ "state": facts.state })).into());
    }
    store::rules(tx, packet.campaign_id)?.ok_or(SocialCouponError::NotFound)
}

/// A portion about to be given.
struct Give {
    no: i64,
    amount: Fen,
    user: UserId,
    newcomer: bool,
    acquired: bool,
}

/// Makes a portion somebody's; nothing when the packet has no room or no time for it, and the transaction must then be
/// given up. What is the user's own comes first, then the portion, then the packet, for which its friends wait, and last
/// the row in which all portions of a campaign are counted.
fn give_portion(
    tx: &mut Tx<'_>,
    rules: &SocialCoupon,
    packet: &Packet,
    give: &Give,
) -> Result<Option<Claimed>, SocialCouponError> {
    let new = NewCoupon {
        template: rules.template_id.ok_or_else(|| defect("a packet of a campaign that never ran"))?,
        user: give.user,
        source: CouponSource::Packet,
        source_ref: format!("{}:{}", packet.id, give.no),
        amount: Some(give.amount),
        valid_until: Some(tx.now().plus_millis(rules.use_within_hours.saturating_mul(HOUR_MS))),
    };
    let granted = coupon::grant_anew(tx, &new)?;
    let coupon = granted.id();
    write_claim(tx, packet, give, coupon)?;
    let whose = if give.no == OWN_PORTION { Whose::Own } else { Whose::Friends };
    let Some(after) = store::count_claim(tx, packet.id, whose, give.amount)? else { return Ok(None) };
    let claimed = PortionClaimed {
        packet: PacketFacts::from(&after),
        no: give.no,
        amount_fen: give.amount,
        coupon_id: coupon,
        newcomer: give.newcomer,
    };
    events::record_claim(tx, give.user, &claimed)?;
    let packet = if rules::all_claimed(&after) { exhaust(tx, after)? } else { after };
    let portion = Portion {
        packet_id: packet.id,
        no: give.no,
        amount: give.amount,
        claimed_by: Some(give.user),
        claimed_at: Some(tx.now()),
        coupon_id: Some(coupon),
        newcomer: Some(give.newcomer),
        acquired: Some(give.acquired),
        order_id: None,
        order_fen: None,
    };
    granted.count(tx)?;
    Ok(Some(Claimed { packet, portion }))
}

fn write_claim(tx: &mut Tx<'_>, packet: &Packet, give: &Give, coupon: CouponId) -> Result<(), SocialCouponError> {
    let claim = Claim {
        packet: packet.id,
        no: give.no,
        user: give.user,
        coupon,
        newcomer: give.newcomer,
        acquired: give.acquired,
    };
    // A refusal takes back the whole transaction, so this one statement needs no savepoint of its own.
    match store::claim(tx, &claim) {
        Ok(true) => Ok(()),
        Ok(false) => Err(SocialCouponError::ClaimedAlready),
        Err(error) if error.violates(store::ONE_EACH) => Err(SocialCouponError::ClaimedAlready),
        Err(error) => Err(error.into()),
    }
}

fn exhaust(tx: &mut Tx<'_>, packet: Packet) -> DbResult<Packet> {
    match store::settle(tx, packet.id, PacketState::Exhausted)? {
        Some(done) => {
            events::record(tx, events::EXHAUSTED, &done)?;
            Ok(done)
        }
        None => Ok(packet),
    }
}

fn note(tx: &mut Tx<'_>, packet: &Packet, claimer: &Claimer, give: &Give) -> DbResult<()> {
    let action = Action {
        campaign: packet.campaign_id,
        user: claimer.user,
        what: "claim",
        newcomer: give.newcomer,
        device: claimer.device,
        network: Some(&claimer.address),
        inviter: Some(packet.user_id),
        amount: give.amount,
    };
    campaign::note(tx, &action)
}

/// Writes down that somebody earned nothing because a packet descends from their own.
pub(super) fn note_loop(tx: &mut Tx<'_>, code: &str, user: UserId) -> DbResult<()> {
    let Some(packet) = by_code(tx, code)? else { return Ok(()) };
    let refused = Refused {
        campaign_id: packet.campaign_id,
        order_id: None,
        packet_id: Some(packet.id),
        reason: "social_coupon.loop".to_owned(),
    };
    events::record_refusal(tx, events::CLAIM_REFUSED, user, &refused)
}

/// The whole order was refunded: its packet is void, and what nobody claimed goes back to the budget, once.
pub(super) fn refunded(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let Some(packet) = store::by_order(tx, order)? else { return Ok(()) };
    end(tx, &packet, PacketState::Void)?;
    if !store::rules(tx, packet.campaign_id)?.is_some_and(|rules| rules.revoke_on_refund) {
        return Ok(());
    }
    for portion in store::portions(tx, packet.id)? {
        if let Some(coupon) = portion.coupon_id {
            coupon::revoke_unused(tx, coupon, "packet_refunded")?;
        }
    }
    Ok(())
}

/// A packet's time is over.
pub(super) fn expire(tx: &mut Tx<'_>, id: PacketId) -> DbResult<()> {
    let now = tx.now();
    let due = |packet: &Packet| packet.state == PacketState::Open && packet.expires_at <= now;
    let Some(packet) = store::by_id(tx, id)?.filter(due) else { return Ok(()) };
    end(tx, &packet, PacketState::Expired)
}

fn end(tx: &mut Tx<'_>, packet: &Packet, to: PacketState) -> DbResult<()> {
    let Some(ended) = store::settle(tx, packet.id, to)? else { return Ok(()) };
    campaign::give_back(tx, ended.campaign_id, &reference(ended.id), Some(ended.returned_fen))?;
    let name = if to == PacketState::Void { events::VOID } else { events::EXPIRED };
    events::record(tx, name, &ended)
}

/// A packet as one viewer sees it.
#[derive(Debug)]
pub(super) struct PacketPage {
    pub(super) packet: Packet,
    pub(super) portions: Vec<Portion>,
    pub(super) campaign: CampaignFacts,
    pub(super) may_claim: Option<SocialCouponError>,
    pub(super) may_claim_own: Option<SocialCouponError>,
}

/// A packet as one viewer sees it.
///
/// # Errors
/// 404 when there is none.
pub(super) fn page(tx: &mut Tx<'_>, code: &str, user: Option<UserId>) -> Result<PacketPage, SocialCouponError> {
    let packet = by_code(tx, code)?.ok_or(SocialCouponError::NotFound)?;
    let portions = store::portions(tx, packet.id)?;
    let campaign = campaign::facts(tx, packet.campaign_id)?;
    let (may_claim, may_claim_own) = match user {
        Some(user) => (hindrance(tx, &packet, &portions, user)?, own_hindrance(tx, &packet, user)?),
        None => (rules::claimable(&packet, tx.now()).err(), Some(SocialCouponError::NotYours)),
    };
    Ok(PacketPage { packet, portions, campaign, may_claim, may_claim_own })
}

fn hindrance(
    tx: &mut Tx<'_>,
    packet: &Packet,
    portions: &[Portion],
    user: UserId,
) -> Result<Option<SocialCouponError>, SocialCouponError> {
    if packet.user_id != user && portions.iter().any(|portion| portion.claimed_by == Some(user)) {
        return Ok(Some(SocialCouponError::ClaimedAlready));
    }
    let payers = store::ancestors_payers(tx, packet)?;
    if let Err(refusal) = rules::may_claim(packet, &payers, user, tx.now()) {
        return Ok(Some(refusal));
    }
    match claimable_campaign(tx, packet, user) {
        Ok(_) => Ok(None),
        Err(error) if error.db_error().is_some() => Err(error),
        Err(refusal) => Ok(Some(refusal)),
    }
}

fn own_hindrance(tx: &mut Tx<'_>, packet: &Packet, user: UserId) -> DbResult<Option<SocialCouponError>> {
    if packet.own_claimed && packet.user_id == user {
        return Ok(Some(SocialCouponError::ClaimedAlready));
    }
    let subject = Subject { kind: SubjectKind::Packet, reference: packet.code.clone() };
    let shared = packet.user_id == user && share::has_shared(tx, user, &subject)?;
    Ok(rules::may_claim_own(packet, shared, user, tx.now()).err())
}

/// The packet an order of this user made.
///
/// # Errors
/// 404 when it made none, or is somebody else's.
pub(super) fn of_order(tx: &mut Tx<'_>, order: OrderId, user: UserId) -> Result<Packet, SocialCouponError> {
    let packet = store::by_order(tx, order)?.filter(|packet| packet.user_id == user);
    packet.ok_or(SocialCouponError::NotFound)
}

/// Every place where packets and their portions disagree.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    store::differences(tx)
}
