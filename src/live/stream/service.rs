//! What engines ask and tell. Every change takes the caller's transaction.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::model::{Publishing, PublishingId, REPORT_MS, StreamDesk};
use super::rules::{self, refused};
use super::store;
use crate::kernel::id::StaffId;
use crate::live::error::LiveError;
use crate::live::model::{Replay, ReplayId, ReplaySource, Room, RoomId, RoomSource, Viewer};
use crate::live::service::{self, moves, talking};
use crate::live::store::rooms;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Origin;
use crate::platform::live_stream::{
    Intent, Pass, PlayAddress, PushAddress, StreamDeed, StreamEvent, StreamRefusal, StreamSettings,
};
use crate::platform::secrets::random_bytes;
use crate::staff::audit::{self, AuditEntry};

/// Random bytes of a room's pass.
const PASS_BYTES: usize = 16;

/// What an engine says, and how far it is to be believed.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Which engine: a short word.
    pub(super) engine: &'static str,
    /// What.
    pub(super) event: StreamEvent,
    /// Whether the engine looked at the signature of the address by itself, as CSS does, and only tells.
    pub(super) decided: bool,
}

/// Whether a deed changes anything here; the others are only answered.
pub(super) const fn changes(deed: StreamDeed) -> bool {
    matches!(deed, StreamDeed::Publish | StreamDeed::Unpublish | StreamDeed::KeepPublishing | StreamDeed::Recorded)
}

/// Answers an engine: nothing to say against it, or a refusal.
///
/// # Errors
/// [`LiveError::StreamRefused`] with the reason.
pub(super) fn hear(tx: &mut Tx<'_>, desk: &StreamDesk, told: &Told) -> Result<(), LiveError> {
    let settings = desk.engine.as_ref().ok_or_else(|| refused("off"))?;
    match told.event.deed {
        StreamDeed::Connect if told.event.app == settings.app => Ok(()),
        StreamDeed::Connect => Err(refused("wrong_app")),
        StreamDeed::Publish => publish(tx, (desk, settings), told),
        StreamDeed::KeepPublishing => keep_publishing(tx, (desk, settings), told),
        StreamDeed::Unpublish => Ok(unpublish(tx, told)?),
        StreamDeed::Play => {
            let now = tx.now();
            let proven = settings.authorise(Intent::Play, place(&told.event), &told.event.params, now);
            play(tx, proven, &told.event)
        }
        StreamDeed::KeepPlaying => {
            let proven = settings.recognise(Intent::Play, place(&told.event), &told.event.params);
            play(tx, proven, &told.event)
        }
        StreamDeed::Recorded => Ok(record(tx, desk, told)?),
        StreamDeed::Stop | StreamDeed::Other => Ok(()),
    }
}

fn place(event: &StreamEvent) -> (&str, &str) {
    (&event.app, &event.stream)
}

fn unproven(refusal: StreamRefusal) -> LiveError {
    refused(match refusal {
        StreamRefusal::WrongApp => "wrong_app",
        StreamRefusal::Unsigned => "unsigned",
        StreamRefusal::WrongSignature => "wrong_signature",
        StreamRefusal::Expired => "expired",
        StreamRefusal::NoViewer => "no_viewer",
    })
}

fn room_of(tx: &mut Tx<'_>, stream: &str) -> Result<Room, LiveError> {
    // A name with a character that no name has is nobody's; not every database keeps each character.
    if stream.contains('\0') {
        return Err(refused("unknown_room"));
    }
    rooms::room_of_stream(tx, stream)?.ok_or_else(|| refused("unknown_room"))
}

/// The room that this publisher may publish to.
fn published_room(
    tx: &mut Tx<'_>,
    desk: &StreamDesk,
    proven: Result<Pass, StreamRefusal>,
    told: &Told,
) -> Result<Room, LiveError> {
    if !told.decided {
        proven.map_err(unproven)?;
    }
    let room = room_of(tx, &told.event.stream)?;
    let pass = told.event.params.get("pass").unwrap_or_default();
    if verify_slices_are_equal(pass.as_bytes(), room.publish_secret.as_bytes()).is_err() {
        return Err(refused("withdrawn"));
    }
    let now = tx.now();
    rules::may_publish(&room, desk.early_ms, now)?;
    Ok(room)
}

fn publish(tx: &mut Tx<'_>, (desk, settings): (&StreamDesk, &StreamSettings), told: &Told) -> Result<(), LiveError> {
    let now = tx.now();
    let proven = settings.authorise(Intent::Publish, place(&told.event), &told.event.params, now);
    let room = published_room(tx, desk, proven, told)?;
    take_over(tx, &room, told)?;
    Ok(())
}

/// The picture comes from this connection and no other.
fn take_over(tx: &mut Tx<'_>, room: &Room, told: &Told) -> Result<Publishing, LiveError> {
    // Moves or touches the room's row first, so that two who publish at one moment come one after the other.
    moves::picture_comes(tx, room.id, "published")?;
    if let Some(before) = store::open(tx, room.id)? {
        store::stop(tx, before.id)?;
    }
    let publishing = Publishing {
        id: PublishingId::new(tx.next_id()),
        room_id: room.id,
        engine: told.engine.to_owned(),
        client_id: rules::client_name(&told.event.client),
        address: rules::client_name(&told.event.address),
        started_at: tx.now(),
        stopped_at: None,
        heard_at: None,
    };
    store::insert(tx, &publishing)?;
    Ok(publishing)
}

fn is_from(publishing: &Publishing, told: &Told) -> bool {
    publishing.engine == told.engine && publishing.client_id == rules::client_name(&told.event.client)
}

/// An engine says which connection publishes: if it is another than was thought, it is the engine that knows.
fn keep_publishing(
    tx: &mut Tx<'_>,
    (desk, settings): (&StreamDesk, &StreamSettings),
    told: &Told,
) -> Result<(), LiveError> {
    let proven = settings.recognise(Intent::Publish, place(&told.event), &told.event.params);
    let room = published_room(tx, desk, proven, told)?;
    let publishing = match store::open(tx, room.id)? {
        Some(open) if is_from(&open, told) => open,
        _ => take_over(tx, &room, told)?,
    };
    Ok(store::heard(tx, publishing.id)?)
}

fn unpublish(tx: &mut Tx<'_>, told: &Told) -> DbResult<()> {
    let Ok(room) = room_of(tx, &told.event.stream) else { return Ok(()) };
    match store::open(tx, room.id)? {
        Some(open) if is_from(&open, told) => cease(tx, &open),
        // One that was refused, or whose place another took.
        _ => Ok(()),
    }
}

fn cease(tx: &mut Tx<'_>, publishing: &Publishing) -> DbResult<()> {
    if store::stop(tx, publishing.id)? {
        moves::picture_ceases(tx, publishing.room_id)?;
    }
    Ok(())
}

/// A reporting engine has not spoken of this connection for too long: its picture has ceased.
///
/// # Errors
/// When the database fails.
pub(super) fn lose(tx: &mut Tx<'_>, id: PublishingId) -> DbResult<()> {
    let Some(publishing) = store::still_open(tx, id)? else { return Ok(()) };
    let lost = publishing.heard_at.is_some_and(|heard| heard.plus_millis(REPORT_MS) <= tx.now());
    if lost { cease(tx, &publishing) } else { Ok(()) }
}

fn play(tx: &mut Tx<'_>, proven: Result<Pass, StreamRefusal>, event: &StreamEvent) -> Result<(), LiveError> {
    let viewer = proven.map_err(unproven)?.viewer.and_then(|word| rules::viewer_of(&word));
    let viewer = viewer.ok_or_else(|| refused("no_viewer"))?;
    let room = room_of(tx, &event.stream)?;
    rules::may_play(&room)?;
    match talking::may_enter(tx, room.id, Some(viewer)) {
        Ok(_) => Ok(()),
        Err(LiveError::Banned(_)) => Err(refused("banned")),
        Err(error) => Err(error),
    }
}

/// Files a recording as a replay of its room.
fn record(tx: &mut Tx<'_>, desk: &StreamDesk, told: &Told) -> DbResult<()> {
    let Some(recording) = &told.event.recording else { return Ok(()) };
    let Ok(room) = room_of(tx, &told.event.stream) else { return Ok(()) };
    let Some(media_url) = rules::recording_url(&recording.file, desk.record_url.as_deref()) else {
        tracing::warn!(room = %room.id, "a recording was not filed: nobody knows where it is fetched from");
        return Ok(());
    };
    let began_at = match recording.began_at {
        Some(told) => Some(told),
        None => store::last(tx, room.id)?.map(|publishing| publishing.started_at),
    };
    let replay = Replay {
        id: ReplayId::new(tx.next_id()),
        room_id: room.id,
        media_url,
        source: ReplaySource::Engine,
        began_at: began_at.or(room.went_live_at).unwrap_or(tx.now()),
        duration_ms: recording.duration_ms,
        expires_at: None,
        created_at: tx.now(),
    };
    rooms::insert_replay(tx, &replay).map(|_| ())
}

fn engine_of(desk: &StreamDesk) -> Result<&StreamSettings, LiveError> {
    desk.engine.as_ref().ok_or(LiveError::StreamOff)
}

/// A room whose picture is the shop's own.
fn own_room(tx: &mut Tx<'_>, id: RoomId) -> Result<Room, LiveError> {
    let room = service::room(tx, id)?;
    if room.source == RoomSource::Own { Ok(room) } else { Err(LiveError::StreamElsewhere) }
}

/// Where a room's picture is published to.
///
/// # Errors
/// 404 for an unknown room; 409 when there is no engine, the picture is WeChat's, or the show is over.
pub(super) fn push_address(tx: &mut Tx<'_>, desk: &StreamDesk, id: RoomId) -> Result<PushAddress, LiveError> {
    let settings = engine_of(desk)?;
    let room = own_room(tx, id)?;
    if !room.state.on_air() && room.state != crate::live::model::RoomState::Planned {
        return Err(LiveError::WrongState(serde_json::json!({ "state": room.state })));
    }
    let now = tx.now();
    Ok(settings.push_address(&room.stream_name, &room.publish_secret, now))
}

/// Withdraws every address to publish to that was given out for a room, and answers a new one.
///
/// # Errors
/// As [`push_address`].
pub(super) fn renew_push_address(
    tx: &mut Tx<'_>,
    desk: &StreamDesk,
    id: RoomId,
    (staff_id, origin): (StaffId, &Origin),
) -> Result<PushAddress, LiveError> {
    push_address(tx, desk, id)?;
    let bytes = random_bytes::<PASS_BYTES>().map_err(|error| DbError::Defect(error.to_string()))?;
    rooms::set_publish_secret(tx, id, &hex::encode(bytes))?;
    let entry = AuditEntry {
        staff_id,
        action: "live.push_address_renewed",
        subject_kind: "live_room",
        subject_id: Some(id.get()),
        reason: None,
        before: None,
        after: None,
        origin,
    };
    audit::record(tx, &entry)?;
    push_address(tx, desk, id)
}

/// Where a viewer plays a room's picture.
///
/// # Errors
/// 404 for a room that is not shown; 403 for the banned; 409 when there is no engine, the picture is WeChat's, or the show
/// is not on the air.
pub(super) fn play_addresses(
    tx: &mut Tx<'_>,
    desk: &StreamDesk,
    id: RoomId,
    viewer: Viewer,
) -> Result<Vec<PlayAddress>, LiveError> {
    let room = talking::may_enter(tx, id, Some(viewer))?;
    if room.source != RoomSource::Own {
        return Err(LiveError::StreamElsewhere);
    }
    if !room.state.on_air() {
        return Err(LiveError::NotOnAir(serde_json::json!({ "state": room.state })));
    }
    let now = tx.now();
    Ok(engine_of(desk)?.play_addresses(&room.stream_name, &rules::viewer_word(viewer), now))
}
