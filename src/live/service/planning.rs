//! What staff plan: rooms, what is on their shelves, what it costs there, and recordings.

use serde_json::{Value, json};

use super::moves::{self, Cause};
use super::signal;
use crate::catalog::{self, ProductId};
use crate::kernel::id::StaffId;
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::events;
use crate::live::model::{
    Actor, MAX_SHELF, MAX_SLOW_MODE_SECONDS, Replay, ReplayId, ReplaySource, Room, RoomId, RoomSource, RoomState,
    ShelfItem, SignalKind,
};
use crate::live::rules::{self, RoomEvent};
use crate::live::store;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Origin;
use crate::platform::secrets::random_bytes;
use crate::staff::audit::{self, AuditEntry};

/// Who of the staff acts, and from where.
#[derive(Clone, Debug)]
pub(in crate::live) struct Desk {
    /// Who.
    pub(in crate::live) staff: StaffId,
    /// From where.
    pub(in crate::live) origin: Origin,
}

impl Desk {
    /// Writes a deed about a room down.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::live) fn note(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        room: RoomId,
        (before, after): (Option<Value>, Option<Value>),
    ) -> DbResult<()> {
        let entry = AuditEntry {
            staff_id: self.staff,
            action,
            subject_kind: "live_room",
            subject_id: Some(room.get()),
            reason: None,
            before,
            after,
            origin: &self.origin,
        };
        audit::record(tx, &entry)
    }
}

/// What staff write of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live) struct RoomDraft {
    /// What it is called.
    pub(in crate::live) title: String,
    /// Path of its picture; empty for none.
    pub(in crate::live) cover: String,
    /// Who presents.
    pub(in crate::live) anchor_name: String,
    /// Path of their picture; empty for none.
    pub(in crate::live) anchor_picture: String,
    /// What they say of themselves.
    pub(in crate::live) anchor_introduction: String,
    /// When it is to start.
    pub(in crate::live) starts_at: Timestamp,
    /// When it is to be over.
    pub(in crate::live) ends_at: Timestamp,
}

/// Announces a room.
///
/// # Errors
/// 422 for a draft that cannot be meant.
pub(in crate::live) fn plan(
    tx: &mut Tx<'_>,
    draft: RoomDraft,
    source: RoomSource,
    desk: &Desk,
) -> Result<Room, LiveError> {
    let room = Room {
        id: RoomId::new(tx.next_id()),
        title: draft.title,
        cover: draft.cover,
        anchor_name: draft.anchor_name,
        anchor_picture: draft.anchor_picture,
        anchor_introduction: draft.anchor_introduction,
        starts_at: draft.starts_at,
        ends_at: draft.ends_at,
        source,
        state: RoomState::Planned,
        stream_name: random_name()?,
        publish_secret: random_name()?,
        slow_mode_seconds: 0,
        comments_open: true,
        blocked_words: "[]".to_owned(),
        likes: 0,
        peak_viewers: 0,
        comment_sequence: 0,
        signal_sequence: 0,
        pinned_sequence: None,
        explaining_id: None,
        explaining_since: None,
        silent_since: None,
        went_live_at: None,
        ended_at: None,
        version: 1,
        created_at: tx.now(),
    };
    rules::valid(&room, tx.now())?;
    store::rooms::insert(tx, &room)?;
    moves::note(tx, &room, None, Cause { actor: Actor::Staff(desk.staff), reason: "planned" })?;
    events::record_room(tx, events::ROOM_PLANNED, &room)?;
    desk.note(tx, "live.plan", room.id, (None, Some(json!({ "title": room.title, "starts_at": room.starts_at }))))?;
    Ok(room)
}

/// A name that nobody can guess: 128 random bits in hexadecimal, safe in every address.
///
/// # Errors
/// When the machine gives no randomness.
pub(in crate::live) fn random_name() -> DbResult<String> {
    let bytes = random_bytes::<16>().map_err(|error| DbError::Defect(error.to_string()))?;
    Ok(hex::encode(bytes))
}

/// Writes a room anew that has not ended. The schedule of one that has started stays as it was.
///
/// # Errors
/// 409 when it was changed since `version`, or is over; 422 for what cannot be meant.
pub(in crate::live) fn edit(
    tx: &mut Tx<'_>,
    id: RoomId,
    version: i64,
    draft: RoomDraft,
    desk: &Desk,
) -> Result<Room, LiveError> {
    let before = super::room(tx, id)?;
    if matches!(before.state, RoomState::Cancelled | RoomState::Ended | RoomState::Replay) {
        return Err(LiveError::WrongState(json!({ "state": before.state })));
    }
    let (starts_at, ends_at) = if before.state == RoomState::Planned {
        (draft.starts_at, draft.ends_at)
    } else {
        (before.starts_at, before.ends_at)
    };
    let after = Room {
        title: draft.title,
        cover: draft.cover,
        anchor_name: draft.anchor_name,
        anchor_picture: draft.anchor_picture,
        anchor_introduction: draft.anchor_introduction,
        starts_at,
        ends_at,
        version,
        ..before.clone()
    };
    if before.state == RoomState::Planned {
        rules::valid(&after, tx.now())?;
    } else {
        rules::valid_words(&after)?;
    }
    rewrite(tx, &before, &after, desk)
}

/// How viewers may talk in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live) struct TalkRules {
    /// Seconds between two comments of one viewer.
    pub(in crate::live) slow_mode_seconds: i64,
    /// Whether anybody may comment.
    pub(in crate::live) comments_open: bool,
    /// Words that no comment may contain.
    pub(in crate::live) blocked_words: Vec<String>,
}

/// Says how viewers may talk in a room.
///
/// # Errors
/// 422 for what cannot be meant; 409 when somebody else wrote it at the same moment.
pub(in crate::live) fn set_talk(tx: &mut Tx<'_>, id: RoomId, talk: &TalkRules, desk: &Desk) -> Result<Room, LiveError> {
    if !(0..=MAX_SLOW_MODE_SECONDS).contains(&talk.slow_mode_seconds) {
        return Err(rules::invalid("slow_mode_seconds"));
    }
    let before = super::room(tx, id)?;
    let after = Room {
        slow_mode_seconds: talk.slow_mode_seconds,
        comments_open: talk.comments_open,
        blocked_words: rules::word_list(&talk.blocked_words)?,
        ..before.clone()
    };
    rewrite(tx, &before, &after, desk)
}

fn rewrite(tx: &mut Tx<'_>, before: &Room, after: &Room, desk: &Desk) -> Result<Room, LiveError> {
    if !store::rooms::rewrite(tx, after)? {
        let version = super::room(tx, before.id)?.version;
        return Err(LiveError::Changed(json!({ "version": version })));
    }
    let told = |room: &Room| {
        json!({
            "title": room.title, "anchor_name": room.anchor_name, "starts_at": room.starts_at,
            "ends_at": room.ends_at, "slow_mode_seconds": room.slow_mode_seconds,
            "comments_open": room.comments_open, "blocked_words": rules::listed(&room.blocked_words).len(),
        })
    };
    desk.note(tx, "live.edit", before.id, (Some(told(before)), Some(told(after))))?;
    let seen = json!({
        "title": after.title, "anchor_name": after.anchor_name, "slow_mode_seconds": after.slow_mode_seconds,
        "comments_open": after.comments_open,
    });
    signal(tx, before.id, SignalKind::Room, &seen)?;
    super::room(tx, before.id)
}

/// Puts products onto the shelf, after those that are there. What is there already stays where it is.
///
/// # Errors
/// 422 when one is not on sale or the shelf would be too full.
pub(in crate::live) fn shelve(
    tx: &mut Tx<'_>,
    id: RoomId,
    products: &[ProductId],
    desk: &Desk,
) -> Result<(), LiveError> {
    super::room(tx, id)?;
    let there = store::shelf::items(tx, id, false)?;
    let mut new: Vec<ProductId> = Vec::new();
    for product in products {
        if !new.contains(product) && !there.iter().any(|item| item.product_id == *product) {
            new.push(*product);
        }
    }
    if there.len().saturating_add(new.len()) > MAX_SHELF {
        return Err(LiveError::ShelfFull);
    }
    let known = catalog::product_facts_of(tx, &new)?;
    for product in &new {
        if !known.iter().any(|facts| facts.product_id == *product && facts.on_sale) {
            return Err(LiveError::ProductNotOnSale(json!({ "product_id": product })));
        }
    }
    let first = there.last().map_or(0, |item| item.position.saturating_add(1));
    let added_at = tx.now();
    for (product, place) in new.iter().zip(0_i64..) {
        let item = ShelfItem {
            room_id: id,
            product_id: *product,
            position: first.saturating_add(place),
            clicks: 0,
            explained_at: None,
            added_at,
            removed_at: None,
        };
        store::shelf::put(tx, &item)?;
    }
    desk.note(tx, "live.shelve", id, (None, Some(json!({ "product_ids": new }))))?;
    tell_shelf(tx, id)
}

/// Takes a product off the shelf; if it is explained, nothing is explained any more.
///
/// # Errors
/// 422 when it is not there.
pub(in crate::live) fn unshelve(tx: &mut Tx<'_>, id: RoomId, product: ProductId, desk: &Desk) -> Result<(), LiveError> {
    let room = super::room(tx, id)?;
    if !store::shelf::remove(tx, id, product)? {
        return Err(LiveError::NotOnShelf(json!({ "product_id": product })));
    }
    if room.explaining_id == Some(product) {
        store::rooms::set_explaining(tx, id, None)?;
        signal(tx, id, SignalKind::Explaining, &json!({ "product_id": null }))?;
    }
    desk.note(tx, "live.unshelve", id, (Some(json!({ "product_id": product })), None))?;
    tell_shelf(tx, id)
}

/// Puts the shelf into this order.
///
/// # Errors
/// 422 when the order does not name each product once.
pub(in crate::live) fn order_shelf(tx: &mut Tx<'_>, id: RoomId, order: &[ProductId]) -> Result<(), LiveError> {
    super::room(tx, id)?;
    let mut there: Vec<ProductId> = store::shelf::items(tx, id, false)?.iter().map(|item| item.product_id).collect();
    let mut wanted = order.to_vec();
    there.sort_unstable();
    wanted.sort_unstable();
    if there != wanted {
        return Err(LiveError::OrderIncomplete);
    }
    for (product, position) in order.iter().zip(0_i64..) {
        store::shelf::place(tx, id, *product, position)?;
    }
    tell_shelf(tx, id)
}

fn tell_shelf(tx: &mut Tx<'_>, id: RoomId) -> Result<(), LiveError> {
    let products: Vec<ProductId> = store::shelf::items(tx, id, false)?.iter().map(|item| item.product_id).collect();
    Ok(signal(tx, id, SignalKind::Shelf, &json!({ "product_ids": products }))?)
}

/// Explains a product from now on, or none. On the air the moment is marked, so that a replay leads back to it.
///
/// # Errors
/// 422 when it is not on the shelf; 409 when the room is over.
pub(in crate::live) fn explain(tx: &mut Tx<'_>, id: RoomId, product: Option<ProductId>) -> Result<Room, LiveError> {
    let room = super::room(tx, id)?;
    if !room.state.on_air() && room.state != RoomState::Planned {
        return Err(LiveError::WrongState(json!({ "state": room.state })));
    }
    if let Some(product) = product {
        let there = store::shelf::item(tx, id, product)?.is_some_and(|item| item.removed_at.is_none());
        if !there {
            return Err(LiveError::NotOnShelf(json!({ "product_id": product })));
        }
        store::shelf::note_explained(tx, id, product)?;
        moves::mark(tx, &room, product)?;
    }
    store::rooms::set_explaining(tx, id, product)?;
    signal(tx, id, SignalKind::Explaining, &json!({ "product_id": product, "since": tx.now() }))?;
    super::room(tx, id)
}

/// What is known of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live) struct NewReplay {
    /// Where it can be fetched.
    pub(in crate::live) media_url: String,
    /// The moment of the show at its beginning; the beginning of the show when absent.
    pub(in crate::live) began_at: Option<Timestamp>,
    /// How long it is.
    pub(in crate::live) duration_ms: Option<i64>,
}

/// Adds a recording that staff tell of. It is shown once the room is a replay.
///
/// # Errors
/// 422 for an address that is none; 409 when the room was never on the air.
pub(in crate::live) fn add_replay(
    tx: &mut Tx<'_>,
    id: RoomId,
    new: NewReplay,
    desk: &Desk,
) -> Result<Replay, LiveError> {
    let room = super::room(tx, id)?;
    let wrong = || LiveError::WrongState(json!({ "state": room.state }));
    let began = room.went_live_at.filter(|_| room.state != RoomState::Cancelled).ok_or_else(wrong)?;
    if !rules::is_address(&new.media_url) {
        return Err(rules::invalid("media_url"));
    }
    if new.duration_ms.is_some_and(|length| length <= 0) {
        return Err(rules::invalid("duration_ms"));
    }
    let replay = Replay {
        id: ReplayId::new(tx.next_id()),
        room_id: id,
        media_url: new.media_url,
        source: ReplaySource::Staff,
        began_at: new.began_at.unwrap_or(began),
        duration_ms: new.duration_ms,
        expires_at: None,
        created_at: tx.now(),
    };
    if store::rooms::insert_replay(tx, &replay)? {
        desk.note(tx, "live.add_replay", id, (None, Some(json!({ "media_url": replay.media_url }))))?;
        return Ok(replay);
    }
    let known = store::rooms::replays(tx, id)?.into_iter().find(|known| known.media_url == replay.media_url);
    known.ok_or(LiveError::ReplayNotFound)
}

/// Lets a show that is over be watched again.
///
/// # Errors
/// [`LiveError::NoReplay`] without a recording; [`LiveError::WrongState`].
pub(in crate::live) fn show_replay(tx: &mut Tx<'_>, id: RoomId, desk: &Desk) -> Result<Room, LiveError> {
    let now = tx.now();
    let replays = store::rooms::replays(tx, id)?;
    if !replays.iter().any(|replay| replay.expires_at.is_none_or(|end| now < end)) {
        super::room(tx, id)?;
        return Err(LiveError::NoReplay);
    }
    let cause = Cause { actor: Actor::Staff(desk.staff), reason: "replay_shown" };
    moves::advance(tx, id, RoomEvent::ShowReplay, cause)
}

/// Takes a recording away; a replay without any is over again.
///
/// # Errors
/// 404 when there is none.
pub(in crate::live) fn remove_replay(
    tx: &mut Tx<'_>,
    id: RoomId,
    replay: ReplayId,
    desk: &Desk,
) -> Result<(), LiveError> {
    let room = super::room(tx, id)?;
    if !store::rooms::delete_replay(tx, id, replay)? {
        return Err(LiveError::ReplayNotFound);
    }
    desk.note(tx, "live.remove_replay", id, (Some(json!({ "replay_id": replay })), None))?;
    if room.state == RoomState::Replay && store::rooms::replays(tx, id)?.is_empty() {
        let cause = Cause { actor: Actor::Staff(desk.staff), reason: "replay_removed" };
        moves::advance(tx, id, RoomEvent::HideReplay, cause)?;
    }
    Ok(())
}
