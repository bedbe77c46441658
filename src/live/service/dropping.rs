//! Coupons and packets that rain during a show.
//!
//! A drop of coupons gives those of a template that staff wrote; a packet has a template of its own, whose coupons carry
//! the worth of a portion, as those of social coupons do.

use serde_json::json;

use super::planning::Desk;
use super::signal;
use crate::coupon::{
    self, CouponAudience, CouponBenefit, CouponFamily, CouponScope, CouponSource, CouponTemplateDraft,
    CouponTemplateId, CouponWay, NewCoupon, NewTemplate,
};
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::live::error::LiveError;
use crate::live::events;
use crate::live::model::{
    DropClaim, DropId, DropKind, DropPortion, DropState, MAX_DROPPED, Room, RoomDrop, RoomId, RoomState, SignalKind,
    Viewer,
};
use crate::live::rules;
use crate::live::store;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::secrets::random_bytes;

/// What is to rain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) enum DropContent {
    /// Coupons of a template.
    Coupons(CouponTemplateId),
    /// A sum in portions, each good for a purchase from `threshold` on, for so many days.
    Packet {
        /// What all portions are worth together.
        face: Fen,
        /// What the goods must cost at least.
        threshold: Fen,
        /// How many days a portion is good for.
        valid_days: i64,
    },
}

/// Something that is to rain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live) struct NewDrop {
    /// What it is called.
    pub(in crate::live) title: String,
    /// What rains.
    pub(in crate::live) content: DropContent,
    /// How many can be caught.
    pub(in crate::live) quantity: i64,
    /// How long it rains, in seconds.
    pub(in crate::live) open_seconds: i64,
}

/// Prepares a drop.
///
/// # Errors
/// 422 for what cannot be meant or a template that cannot be given; 409 when the room is over.
pub(in crate::live) fn plan(tx: &mut Tx<'_>, id: RoomId, new: &NewDrop, desk: &Desk) -> Result<RoomDrop, LiveError> {
    let room = super::room(tx, id)?;
    if !room.state.on_air() && room.state != RoomState::Planned {
        return Err(LiveError::WrongState(json!({ "state": room.state })));
    }
    if !rules::fits(&new.title, 1, 30) {
        return Err(rules::invalid("title"));
    }
    if !(5..=86_400).contains(&new.open_seconds) {
        return Err(rules::invalid("open_seconds"));
    }
    let drop_id = DropId::new(tx.next_id());
    let (template_id, face, seed, portions) = match new.content {
        DropContent::Coupons(template) => {
            if !(1..=MAX_DROPPED).contains(&new.quantity) {
                return Err(rules::invalid("quantity"));
            }
            require_grantable(tx, template)?;
            (template, None, None, Vec::new())
        }
        DropContent::Packet { face, .. } => {
            let seed = random_seed()?;
            let amounts = rules::portions(face, new.quantity, seed)?;
            let portion = |(no, amount): (i64, Fen)| DropPortion { drop_id, no, amount };
            let portions = (1_i64..).zip(amounts).map(portion).collect();
            (packet_template(tx, new)?, Some(face), Some(seed), portions)
        }
    };
    let drop = RoomDrop {
        id: drop_id,
        room_id: id,
        kind: if face.is_some() { DropKind::Packet } else { DropKind::Coupon },
        title: new.title.clone(),
        template_id,
        quantity: new.quantity,
        claimed: 0,
        face,
        seed,
        state: DropState::Planned,
        open_seconds: new.open_seconds,
        created_at: tx.now(),
        opened_at: None,
        closes_at: None,
        closed_at: None,
    };
    store::drops::insert(tx, &drop, &portions)?;
    let after = json!({ "drop_id": drop.id, "quantity": drop.quantity, "face_fen": drop.face, "title": drop.title });
    desk.note(tx, "live.plan_drop", id, (None, Some(after)))?;
    Ok(drop)
}

fn require_grantable(tx: &mut Tx<'_>, template: CouponTemplateId) -> Result<(), LiveError> {
    match coupon::reward_facts(tx, template)? {
        Some(facts) if facts.grantable => Ok(()),
        _ => Err(LiveError::TemplateUnfit(json!({ "template_id": template }))),
    }
}

fn random_seed() -> Result<i64, LiveError> {
    let bytes = random_bytes::<8>().map_err(|error| DbError::Defect(error.to_string()))?;
    // The partition takes 63 bits of it.
    Ok(i64::from_be_bytes(bytes) & i64::MAX)
}

fn packet_template(tx: &mut Tx<'_>, new: &NewDrop) -> Result<CouponTemplateId, LiveError> {
    let DropContent::Packet { threshold, valid_days, .. } = new.content else {
        return Err(rules::invalid("template_id"));
    };
    if threshold < Fen::ZERO {
        return Err(rules::invalid("threshold_fen"));
    }
    if !(1..=365).contains(&valid_days) {
        return Err(rules::invalid("valid_days"));
    }
    let draft = CouponTemplateDraft {
        title: new.title.clone(),
        description: String::new(),
        way: CouponWay::Packet,
        benefit: CouponBenefit::AmountOff,
        amount_fen: None,
        off_permille: None,
        cap_fen: None,
        threshold_fen: threshold,
        scope: CouponScope::All,
        category_ids: Vec::new(),
        product_ids: Vec::new(),
        excluded_product_ids: Vec::new(),
        stackable: true,
        valid_from: None,
        valid_until: None,
        valid_days: Some(valid_days),
        claims_from: None,
        claims_until: None,
        audience: CouponAudience::Everyone,
        total_limit: Some(new.quantity),
        daily_limit: None,
        per_user_limit: 1,
        per_user_daily_limit: None,
        shared_code: None,
    };
    let new = NewTemplate { family: CouponFamily::Social, campaign: None, created_by: None, draft };
    let template = coupon::create_template(tx, &new)?;
    coupon::activate_template(tx, template)?;
    Ok(template)
}

/// Lets a drop rain: only on the air.
///
/// # Errors
/// 404; 409 when it rained already or the show is not on the air.
pub(in crate::live) fn open(tx: &mut Tx<'_>, room: RoomId, id: DropId, desk: &Desk) -> Result<RoomDrop, LiveError> {
    let state = super::room(tx, room)?.state;
    if state != RoomState::Live {
        return Err(LiveError::NotOnAir(json!({ "state": state })));
    }
    let drop = drop_of(tx, room, id)?;
    let closes_at = tx.now().plus_millis(drop.open_seconds.saturating_mul(1000));
    if !store::drops::open(tx, id, closes_at)? {
        return Err(not_open(&drop));
    }
    desk.note(tx, "live.open_drop", room, (None, Some(json!({ "drop_id": id }))))?;
    let drop = drop_of(tx, room, id)?;
    tell(tx, &drop)?;
    Ok(drop)
}

/// Ends a drop.
///
/// # Errors
/// 404; 409 when it is not open.
pub(in crate::live) fn close(tx: &mut Tx<'_>, room: RoomId, id: DropId, desk: &Desk) -> Result<RoomDrop, LiveError> {
    let drop = drop_of(tx, room, id)?;
    if !store::drops::close(tx, id)? {
        return Err(not_open(&drop));
    }
    desk.note(tx, "live.close_drop", room, (None, Some(json!({ "drop_id": id }))))?;
    let drop = drop_of(tx, room, id)?;
    tell(tx, &drop)?;
    Ok(drop)
}

/// Ends a drop whose time is over.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn close_due(tx: &mut Tx<'_>, id: DropId) -> DbResult<()> {
    let now = tx.now();
    let due = store::drops::one(tx, id)?.filter(|drop| drop.closes_at.is_some_and(|end| end <= now));
    if due.is_none() || !store::drops::close(tx, id)? {
        return Ok(());
    }
    match store::drops::one(tx, id)? {
        Some(drop) => tell(tx, &drop),
        None => Ok(()),
    }
}

fn drop_of(tx: &mut Tx<'_>, room: RoomId, id: DropId) -> Result<RoomDrop, LiveError> {
    store::drops::one(tx, id)?.filter(|drop| drop.room_id == room).ok_or(LiveError::DropNotFound)
}

fn not_open(drop: &RoomDrop) -> LiveError {
    LiveError::DropNotOpen(json!({ "state": drop.state }))
}

fn tell(tx: &mut Tx<'_>, drop: &RoomDrop) -> DbResult<()> {
    let told = json!({
        "drop_id": drop.id, "kind": drop.kind, "title": drop.title, "state": drop.state, "quantity": drop.quantity,
        "left": drop.quantity.saturating_sub(drop.claimed), "closes_at": drop.closes_at,
    });
    signal(tx, drop.room_id, SignalKind::Drop, &told)
}

/// Somebody catches one; asking again answers what they have. What is the catcher's own comes first, then the drop, for
/// which everybody waits.
///
/// # Errors
/// Why not: banned, not open, everything caught, or the coupon's own limits.
pub(in crate::live) fn catch(tx: &mut Tx<'_>, room: RoomId, id: DropId, user: UserId) -> Result<DropClaim, LiveError> {
    let held: Room = super::talking::may_enter(tx, room, Some(Viewer::User(user, None)))?;
    let drop = drop_of(tx, room, id)?;
    if let Some(claim) = store::drops::claim_of(tx, id, user)? {
        return Ok(claim);
    }
    let now = tx.now();
    let raining = drop.state == DropState::Open && drop.closes_at.is_some_and(|end| now < end);
    if !raining || !held.state.on_air() {
        return Err(not_open(&drop));
    }
    let Some(no) = store::drops::count_claim(tx, id)? else {
        // It may have rained its last while this one waited for the row, and this very person may have caught it.
        return store::drops::claim_of(tx, id, user)?.ok_or(LiveError::DropExhausted);
    };
    if let Some(claim) = store::drops::claim_of(tx, id, user)? {
        store::drops::uncount_claim(tx, id)?;
        return Ok(claim);
    }
    let amount = if drop.kind == DropKind::Packet { store::drops::portion(tx, id, no)? } else { None };
    let source = if drop.kind == DropKind::Packet { CouponSource::Packet } else { CouponSource::Reward };
    let new = NewCoupon {
        template: drop.template_id,
        user,
        source,
        source_ref: format!("live:{id}"),
        amount,
        valid_until: None,
    };
    let coupon_id = coupon::grant(tx, &new)?;
    let claim = DropClaim { drop_id: id, user_id: user, no, amount, coupon_id, at: now };
    store::drops::insert_claim(tx, &claim)?;
    events::record_catch(tx, room, drop.kind, &claim)?;
    if no == drop.quantity && store::drops::close(tx, id)? {
        let over = drop_of(tx, room, id)?;
        tell(tx, &over)?;
    }
    Ok(claim)
}
