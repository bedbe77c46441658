//! What staff have WeChat do with rooms, and what a look at WeChat's rooms brings. Calls are made between transactions.

use std::sync::Arc;

use super::model::{OfficialGoods, OfficialRoom, ShownGoods};
use super::store::{self, Look};
use super::{pictures, rules};
use crate::catalog::ProductId;
use crate::entrance::{EntranceId, Entrances, OpenEntrance, Platform, WechatClients};
use crate::kernel::id::StaffId;
use crate::live::error::LiveError;
use crate::live::model::{Actor, Replay, ReplayId, ReplaySource, Room, RoomId, RoomSource, RoomState};
use crate::live::service::{self, moves};
use crate::live::store::rooms;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::http::Origin;
use crate::platform::storage::Storage;
use crate::platform::wechat::live::{
    CreatedRoom, LiveReplay, LiveRoomDraft, LiveRoomInfo, LiveSwitches, LiveTrouble, SharedCode,
};
use crate::platform::wechat::{WechatClient, WechatError};
use crate::staff::audit::{self, AuditEntry};

/// Longest side of a room's picture.
const COVER_SIDE: u32 = 1_920;
/// Rooms asked for at once.
const PAGE: i64 = 100;
/// Most of WeChat's rooms that are looked through for one.
const LOOKED_THROUGH: i64 = 1_000;

/// Everything that mirroring needs. Cloning shares it.
#[derive(Clone)]
pub struct OfficialDesk {
    pub(super) db: Db,
    pub(super) entrances: Entrances,
    clients: WechatClients,
    storage: Storage,
    /// The page of the mini-program that shows a product.
    pub(super) product_page: Arc<str>,
}

/// What staff say of a room that WeChat is to have.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// In which mini-program; the shop's own when absent.
    pub(super) entrance_id: Option<EntranceId>,
    /// The anchor's WeChat number.
    pub(super) anchor_wechat: String,
    /// Whether the picture is published, and not shown by the anchor's phone.
    pub(super) published: bool,
    /// Whether WeChat's own lists may show it.
    pub(super) feeds_public: bool,
    /// What is switched off.
    pub(super) switches: LiveSwitches,
}

/// A room with what mirrors it, and what WeChat shows in it.
#[derive(Clone, Debug)]
pub(super) struct Mirrored {
    pub(super) room: Room,
    pub(super) official: OfficialRoom,
    pub(super) shelf: Vec<(ShownGoods, OfficialGoods)>,
}

/// Who of the staff acts, and from where.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    pub(super) staff_id: StaffId,
    pub(super) origin: Origin,
}

impl Hand {
    /// Writes a deed about a room down.
    pub(super) fn note(&self, tx: &mut Tx<'_>, action: &str, room: RoomId) -> Result<(), LiveError> {
        let entry = AuditEntry {
            staff_id: self.staff_id,
            action,
            subject_kind: "live_room",
            subject_id: Some(room.get()),
            reason: None,
            before: None,
            after: None,
            origin: &self.origin,
        };
        Ok(audit::record(tx, &entry)?)
    }
}

/// A mirrored room.
///
/// # Errors
/// 404 for an unknown room; 409 for one that mirrors none of WeChat's.
pub(super) fn mirrored(tx: &mut Tx<'_>, id: RoomId) -> Result<Mirrored, LiveError> {
    let room = service::room(tx, id)?;
    let official = store::room(tx, id)?.ok_or(LiveError::NotMirrored)?;
    let shelf = store::shelf(tx, id)?;
    Ok(Mirrored { room, official, shelf })
}

impl Mirrored {
    /// WeChat's number of the room.
    ///
    /// # Errors
    /// 409 when WeChat has not made it.
    pub(super) fn number(&self) -> Result<i64, LiveError> {
        self.official.room_number.ok_or(LiveError::NotMirrored)
    }
}

impl OfficialDesk {
    /// Mirrors rooms of these entrances.
    pub fn new(db: Db, (entrances, clients): (Entrances, WechatClients), storage: Storage, product_page: &str) -> Self {
        Self { db, entrances, clients, storage, product_page: product_page.into() }
    }

    /// The mini-program that is meant.
    pub(super) fn mini_program(&self, id: Option<EntranceId>) -> Result<Arc<OpenEntrance>, LiveError> {
        let found = match id {
            Some(id) => self.entrances.by_id(id),
            None => self.entrances.default_of(Platform::WechatMini),
        };
        let mini = found.filter(|open| open.entrance.platform == Platform::WechatMini);
        mini.ok_or_else(|| crate::live::rules::invalid("entrance_id"))
    }

    /// The client that speaks for an entrance.
    pub(super) fn client(&self, entrance: EntranceId) -> Result<WechatClient, LiveError> {
        let open = self.mini_program(Some(entrance))?;
        Ok(self.clients.client_of(&open))
    }

    /// A mirrored room as it is now.
    pub(super) async fn look(&self, id: RoomId) -> Result<Mirrored, LiveError> {
        self.db.read("live.official_room", move |tx| mirrored(tx, id)).await
    }

    /// Hands a picture of the shop's over; answers its media id.
    pub(super) async fn upload(&self, client: &WechatClient, path: &str, side: u32) -> Result<String, LiveError> {
        let missing = || crate::live::rules::invalid("cover");
        let key = Storage::key_of(path).ok_or_else(missing)?;
        let stored = self.storage.get(key).await.map_err(|error| DbError::Unavailable(error.to_string()))?;
        let (bytes, _) = stored.ok_or_else(missing)?;
        let made = tokio::task::spawn_blocking(move || pictures::fitted(&bytes, side)).await;
        let jpeg = made.map_err(|error| DbError::Defect(error.to_string()))?.map_err(|_| missing())?;
        let uploaded = client.upload_image(&jpeg).await.map_err(|error| rules::refused(&error))?;
        Ok(uploaded.media_id)
    }

    /// Has WeChat make a room, or change the one it has.
    ///
    /// # Errors
    /// 409 when the room is not planned any more; 422 for what WeChat would refuse for certain; 502
    /// when it cannot be reached. The reason stays with the room.
    pub(super) async fn submit(&self, id: RoomId, wish: Wish, hand: Hand) -> Result<Mirrored, LiveError> {
        let open = self.mini_program(wish.entrance_id)?;
        let entrance = open.entrance.id;
        let anchor = wish.anchor_wechat.clone();
        let begin = move |tx: &mut Tx<'_>| {
            if !store::set_source(tx, id, RoomSource::Wechat)? {
                let state = service::room(tx, id)?.state;
                return Err(LiveError::WrongState(serde_json::json!({ "state": state })));
            }
            store::put_room(tx, id, entrance, &anchor)?;
            hand.note(tx, "live.official_room_submitted", id)?;
            mirrored(tx, id)
        };
        let before = self.db.write("live.official_begin", begin).await?;
        let client = self.client(before.official.entrance_id)?;
        match self.carry_out(&client, &before, &wish).await {
            Ok((made, media)) => {
                let note = move |tx: &mut Tx<'_>| {
                    store::set_media(tx, id, &media)?;
                    match &made {
                        CreatedRoom::Made(number) => store::note_made(tx, id, Some(*number), None)?,
                        CreatedRoom::AnchorUnverified { qr_code_url } => {
                            store::note_made(tx, id, None, Some(qr_code_url))?;
                        }
                    }
                    mirrored(tx, id)
                };
                self.db.write("live.official_made", note).await
            }
            Err(error) => {
                let failure = error.to_string();
                self.db.write("live.official_failed", move |tx| store::note_room_failure(tx, id, &failure)).await?;
                Err(error.into())
            }
        }
    }

    async fn carry_out(
        &self,
        client: &WechatClient,
        before: &Mirrored,
        wish: &Wish,
    ) -> Result<(CreatedRoom, String), Failed> {
        let media = self.upload(client, &before.room.cover, COVER_SIDE).await.map_err(Failed::Before)?;
        let draft = LiveRoomDraft {
            name: &before.room.title,
            cover_media: &media,
            share_media: &media,
            feeds_media: &media,
            starts_at: before.room.starts_at,
            ends_at: before.room.ends_at,
            anchor_name: &before.room.anchor_name,
            anchor_wechat: &wish.anchor_wechat,
            published: wish.published,
            feeds_public: wish.feeds_public,
            switches: wish.switches,
        };
        let now = self.db.clock().now();
        if let Some(number) = before.official.room_number {
            client.edit_live_room(number, &draft, now).await?;
            return Ok((CreatedRoom::Made(number), media));
        }
        // After a failure WeChat may have the room although no answer came.
        if before.official.failure.is_some()
            && let Some(found) = self.find(client, |info| is_meant(info, &before.room)).await?
        {
            return Ok((CreatedRoom::Made(found.room_id), media));
        }
        Ok((client.create_live_room(&draft, now).await?, media))
    }

    /// Looks through WeChat's rooms, newest first.
    async fn find(
        &self,
        client: &WechatClient,
        wanted: impl Fn(&LiveRoomInfo) -> bool,
    ) -> Result<Option<LiveRoomInfo>, WechatError> {
        let mut start = 0_i64;
        loop {
            let page = client.live_rooms(start, PAGE).await?;
            let last = page.rooms.is_empty();
            if let Some(found) = page.rooms.into_iter().find(&wanted) {
                return Ok(Some(found));
            }
            start = start.saturating_add(PAGE);
            if last || start >= page.total || start >= LOOKED_THROUGH {
                return Ok(None);
            }
        }
    }

    /// Has WeChat remove its room, and forgets it; a room that is still planned shows the shop's own picture again.
    ///
    /// # Errors
    /// 409 when the show has begun; 422 when WeChat's rules forbid it.
    pub(super) async fn remove(&self, id: RoomId, hand: Hand) -> Result<(), LiveError> {
        let before = self.look(id).await?;
        if before.room.state.on_air() {
            return Err(LiveError::WrongState(serde_json::json!({ "state": before.room.state })));
        }
        if let Some(number) = before.official.room_number {
            let removed = self.client(before.official.entrance_id)?.delete_live_room(number).await;
            if let Err(error) = removed
                && LiveTrouble::of(&error) != Some(LiveTrouble::NoSuchRoom)
            {
                return Err(rules::refused(&error));
            }
        }
        let forget = move |tx: &mut Tx<'_>| {
            store::forget_room(tx, id)?;
            store::set_source(tx, id, RoomSource::Own)?;
            hand.note(tx, "live.official_room_removed", id)
        };
        self.db.write("live.official_removed", forget).await
    }

    /// Looks at WeChat's room, and moves the room to where it stands.
    ///
    /// # Errors
    /// 422 when WeChat's rules forbid it; 502 when it cannot be reached.
    pub(super) async fn mirror(&self, id: RoomId) -> Result<(), LiveError> {
        let before = self.look(id).await?;
        let Some(number) = before.official.room_number else { return Ok(()) };
        let client = self.client(before.official.entrance_id)?;
        let asked = async {
            let found = self.find(&client, |info| info.room_id == number).await?;
            let over = found.is_none() || before.room.state == RoomState::Ended;
            let replays = if over { replays_of(&client, number).await? } else { Vec::new() };
            let code = if before.official.page_path.is_none() {
                Some(client.live_shared_code(number, None).await?)
            } else {
                None
            };
            let push = match client.live_push_url(number).await {
                Ok(address) => Some(address),
                // Of a room that the anchor's phone shows, or one that is over.
                Err(error) if LiveTrouble::of(&error).is_some() => None,
                Err(error) => return Err(error),
            };
            Ok::<_, WechatError>(Seen { found, replays, code, push })
        };
        let seen = asked.await.map_err(|error| rules::refused(&error))?;
        self.db.write("live.official_mirrored", move |tx| take_in(tx, id, &seen)).await
    }
}

/// What a look at WeChat brought.
struct Seen {
    found: Option<LiveRoomInfo>,
    replays: Vec<LiveReplay>,
    code: Option<SharedCode>,
    push: Option<String>,
}

async fn replays_of(client: &WechatClient, number: i64) -> Result<Vec<LiveReplay>, WechatError> {
    match client.live_replays(number).await {
        Err(error) if LiveTrouble::of(&error) == Some(LiveTrouble::NoSuchRoom) => Ok(Vec::new()),
        outcome => outcome,
    }
}

/// Why a room was not made.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// WeChat, or the way to it.
    #[error("{0}")]
    Wechat(#[from] WechatError),
    /// Something of the shop's, such as the picture.
    #[error("{0}")]
    Before(LiveError),
}

impl From<Failed> for LiveError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Wechat(error) => rules::refused(&error),
            Failed::Before(error) => error,
        }
    }
}

/// Whether a room of WeChat's is the one that was asked for.
fn is_meant(info: &LiveRoomInfo, room: &Room) -> bool {
    info.name == room.title
        && info.anchor_name == room.anchor_name
        && info.starts_at.seconds() == room.starts_at.seconds()
        && info.ends_at.seconds() == room.ends_at.seconds()
}

/// Writes down what a look brought, and moves the room.
fn take_in(tx: &mut Tx<'_>, id: RoomId, seen: &Seen) -> Result<(), LiveError> {
    let Some(official) = store::room(tx, id)? else { return Ok(()) };
    let mut room = service::room(tx, id)?;
    let status = seen.found.as_ref().map(|info| info.status);
    for event in status.map_or(&[][..], |status| rules::steps(room.state, status)) {
        let cause = moves::Cause { actor: Actor::Wechat, reason: "mirrored" };
        room = moves::advance(tx, id, *event, cause)?;
    }
    for replay in &seen.replays {
        file_replay(tx, &room, replay)?;
    }
    if let Some(info) = &seen.found {
        mirror_shelf(tx, &official, info)?;
    }
    let has_replay = !rooms::replays(tx, id)?.is_empty();
    let look = Look {
        status: status.map(|status| status.number()),
        push_address: seen.push.clone(),
        code: seen.code.as_ref().map(|code| (code.cdn_url.clone(), code.page_path.clone())),
        next: rules::next_look(&room, has_replay, tx.now()),
    };
    Ok(store::note_look(tx, &official, &look)?)
}

fn file_replay(tx: &mut Tx<'_>, room: &Room, told: &LiveReplay) -> Result<(), LiveError> {
    let replay = Replay {
        id: ReplayId::new(tx.next_id()),
        room_id: room.id,
        media_url: told.media_url.clone(),
        source: ReplaySource::Wechat,
        began_at: room.went_live_at.unwrap_or(room.starts_at),
        duration_ms: None,
        expires_at: told.expires_at,
        created_at: tx.now(),
    };
    rooms::insert_replay(tx, &replay)?;
    Ok(())
}

/// What WeChat shows, as far as the shop knows those goods.
fn mirror_shelf(tx: &mut Tx<'_>, official: &OfficialRoom, info: &LiveRoomInfo) -> Result<(), LiveError> {
    let numbers: Vec<i64> = info.goods.iter().map(|goods| goods.goods_id).collect();
    let known = store::goods_numbered(tx, official.entrance_id, &numbers)?;
    let before = store::shelf(tx, official.room_id)?;
    let now = tx.now();
    let row = |(number, position): (&i64, i64)| {
        let goods = known.iter().find(|goods| goods.goods_id == Some(*number))?;
        let was = before.iter().find(|(shown, _)| shown.goods_row_id == goods.id);
        let on_sale = was.is_none_or(|(shown, _)| shown.on_sale);
        Some(ShownGoods { room_id: official.room_id, goods_row_id: goods.id, on_sale, position, mirrored_at: now })
    };
    let shown: Vec<ShownGoods> = numbers.iter().zip(0_i64..).filter_map(row).collect();
    Ok(store::set_shelf(tx, official.room_id, &shown)?)
}

/// The products of a room's own shelf, in order.
pub(super) fn own_shelf(tx: &mut Tx<'_>, id: RoomId) -> Result<Vec<ProductId>, LiveError> {
    let items = crate::live::store::shelf::items(tx, id, false)?;
    Ok(items.into_iter().map(|item| item.product_id).collect())
}
