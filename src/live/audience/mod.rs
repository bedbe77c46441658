//! The audience: everybody who watches a room over a WebSocket.
//!
//! A **socket** belongs to one viewer of one room. Its first frame joins with a token and may name the last message that
//! was seen; from then on the room's messages go out ([`frames`]) and the viewer's frames come in. A **room** of this
//! process keeps what was said within the last two minutes in a **ring**, and its **pulse** looks at the tables whenever
//! a transaction of any process says that there is news. A message is encoded once, and its bytes are shared by all who
//! hear it; a viewer owns a cursor, not a queue.
//!
//! What always holds. Numbered messages reach a viewer in their order, each once, also across a break of a minute, a
//! killed server, or another server: they are rows of `live_signals`, whose numbers rise in the order of commits. A
//! comment is accepted when it is stored. Nobody waits for a slow reader: they are given the room as it is now. Whoever
//! is banned is sent away at once and does not come in again.
//!
//! Decisions. A frame goes to the viewers of a large room in rows a millisecond apart, so that whatever else the server is
//! asked waits for one row and not for all. Viewers and likes are counted by the tables, since several processes have viewers; likes are written
//! together twice a second, so that a killed process loses half a second of them. Time-outs go by the shop's clock, and
//! only how often something is looked at goes by the machine's. Crate `actix-ws` is the framework's own WebSocket: a
//! connection of it needs no actor and no thread.

mod figures;
mod flood;
mod frames;
mod ring;
mod room;
mod socket;
mod stage;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::{HttpRequest, HttpResponse, get, web};

use self::frames::{Ending, MAX_FRAME, RoomFrame, ViewerFrame};
use self::room::Room;
use self::socket::{Joining, Socket};
use self::stage::{Seat, SeatId};
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::live::error::LiveError;
use crate::live::model::{RoomId, Viewer, VisitId};
use crate::live::service::audience::{self as service, Entered};
use crate::live::service::watching::{self, Arrival};
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::auth::Access;
use crate::platform::http::{ApiResult, Path};

/// How often it is written that the viewers of this process are still there, in milliseconds.
const RENEW_EVERY_MS: i64 = 30 * SECOND_MS;

/// Everybody who watches through this process. Cloning shares it.
#[derive(Clone)]
pub struct Audience(Arc<Hub>);

struct Hub {
    db: Db,
    access: Access,
    /// This process, as stays name it.
    process: String,
    rooms: Mutex<HashMap<RoomId, Arc<Room>>>,
    closing: AtomicBool,
    renewed_at: AtomicI64,
}

impl Audience {
    /// An audience that nobody has joined yet.
    pub fn new(db: Db, access: Access) -> Self {
        let process = format!("{:032x}", rand::random::<u128>());
        let renewed_at = db.clock().now().millis().into();
        let (rooms, closing) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Hub { db, access, process, rooms, closing, renewed_at }))
    }

    fn db(&self) -> &Db {
        &self.0.db
    }

    fn access(&self) -> &Access {
        &self.0.access
    }

    fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<Room>>> {
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends everybody away and lets nobody in any more: the server is about to stop.
    pub fn send_all_away(&self) {
        self.0.closing.store(true, Ordering::Release);
        for room in self.rooms().values() {
            if let Some(stage) = room.known() {
                stage.send_all_away(Ending::GoingAway);
            }
        }
    }

    /// Writes what is left to be written of those who were sent away: their likes, and that they are gone.
    pub async fn settle(&self) {
        let rooms: Vec<Arc<Room>> = self.rooms().values().cloned().collect();
        for room in rooms {
            room.write_likes(self).await;
        }
        if let Err(error) = self.all_leave().await {
            tracing::warn!(%error, "stays could not be ended; they end by themselves");
        }
    }

    async fn all_leave(&self) -> DbResult<()> {
        let mut ended = 1;
        while ended > 0 {
            let process = self.0.process.clone();
            ended =
                self.db().write("live.some_leave", move |tx: &mut Tx<'_>| service::some_leave(tx, &process)).await?;
        }
        Ok(())
    }

    /// A seat in a room of this process, which is opened if need be.
    async fn seat(&self, id: RoomId, seat: &Arc<Seat>) -> Result<(Arc<Room>, SeatId), LiveError> {
        loop {
            let room = Arc::clone(self.rooms().entry(id).or_insert_with(|| Arc::new(Room::new(id))));
            let opened = room.stage(self).await.map(|_| ());
            let rooms = self.rooms();
            // Closed meanwhile by its pulse: another one is opened.
            if !rooms.get(&id).is_some_and(|known| Arc::ptr_eq(known, &room)) && opened.is_ok() {
                continue;
            }
            let seated = room.known().map(|mut stage| stage.take_seat(Arc::clone(seat)));
            drop(rooms);
            room.keep_going(self);
            opened?;
            if self.is_closing() {
                seat.end(Ending::GoingAway);
            }
            let Some(seat_id) = seated else { continue };
            return Ok((room, seat_id));
        }
    }

    fn give_up(&self, room: &Room, seat: SeatId) {
        if let Some(mut stage) = room.known() {
            stage.give_up(seat);
        }
    }

    /// Forgets a room that nobody watches; false when somebody has come in.
    fn forget(&self, room: &Arc<Room>) -> bool {
        let mut rooms = self.rooms();
        if !room.is_empty() {
            return false;
        }
        if rooms.get(&room.id).is_some_and(|known| Arc::ptr_eq(known, room)) {
            rooms.remove(&room.id);
        }
        true
    }

    /// Has it written that a viewer comes in, if they may.
    async fn enter(&self, room: &Room, joining: &Joining) -> Result<Entered, LiveError> {
        let _turn = room.turn_of(joining.viewer).await;
        let (id, viewer, visit) = (room.id, joining.viewer, joining.visit);
        let (process, share_token) = (self.0.process.clone(), joining.share_token.clone());
        let enter = move |tx: &mut Tx<'_>| {
            let arrival = Arrival { viewer, visit, share_token: share_token.as_deref(), process: &process };
            service::enter(tx, id, &arrival)
        };
        let entered = self.db().write("live.enter", enter).await?;
        if let Some(mut stage) = room.known() {
            stage.stays(entered.visit);
        }
        Ok(entered)
    }

    /// Has it written that a viewer has gone, unless the stay goes on through another socket.
    async fn leave(&self, room: &Room, viewer: Viewer, visit: VisitId) {
        let _turn = room.turn_of(viewer).await;
        if !room.known().is_some_and(|mut stage| stage.leaves(visit)) {
            return;
        }
        let process = self.0.process.clone();
        let left = self.db().write("live.leave", move |tx: &mut Tx<'_>| service::leave(tx, visit, &process)).await;
        if let Err(error) = left {
            tracing::warn!(%error, "the end of a stay could not be written; it ends by itself");
        }
    }

    /// Has it written now and then that those who watch are still there.
    async fn renew_stays(&self) {
        let now = self.db().clock().now();
        let before = self.0.renewed_at.load(Ordering::Relaxed);
        let due = now.millis_since(Timestamp::from_millis(before)) >= RENEW_EVERY_MS;
        let renewed = &self.0.renewed_at;
        if !due || renewed.compare_exchange(before, now.millis(), Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let process = self.0.process.clone();
        let heard = self.db().write("live.heard_of", move |tx: &mut Tx<'_>| watching::heard_of_all(tx, &process)).await;
        if let Err(error) = heard {
            tracing::warn!(%error, "it could not be written that viewers are still there");
        }
    }
}

/// The endpoint of sockets.
#[derive(utoipa::OpenApi)]
#[openapi(paths(watch_live_room), components(schemas(ViewerFrame, RoomFrame)))]
pub struct AudienceApi;

/// Registers the endpoint of sockets.
pub fn audience_routes(config: &mut web::ServiceConfig) {
    config.service(watch_live_room);
}

/// Watches a room
///
/// Opens a WebSocket. The first frame sent is `join`, within ten seconds; frames of viewers and of rooms are the schemas
/// `ViewerFrame` and `RoomFrame`. Close codes: 1001 the server stops, 1003 a binary frame, 1009 a frame above 4,096
/// bytes, 1013 try again later, 4400 a malformed frame, 4401 no valid token or the log-in ended, 4403 banned, 4404 no
/// such room, 4408 a minute of silence, 4412 another frame before `join` or a second `join`, 4429
/// too many frames.
#[utoipa::path(
    tag = "live",
    security(()),
    params(("id" = RoomId, Path, description = "The room.")),
    responses(
        (status = 101, description = "The socket is open."),
        (status = 426, description = "The request asks for no WebSocket.", body = serde_json::Value,
            example = json!({"code": "live.socket_needed", "message": {"zh": "请使用 WebSocket 连接", "en": "This address answers WebSockets only."}, "details": null}))
    )
)]
#[get("/live-rooms/{id}/stream")]
pub async fn watch_live_room(
    request: HttpRequest,
    body: web::Payload,
    audience: web::Data<Audience>,
    id: Path<RoomId>,
) -> ApiResult<HttpResponse> {
    let (response, session, incoming) = actix_ws::handle(&request, body).map_err(|_| LiveError::SocketNeeded)?;
    let incoming = incoming.max_frame_size(MAX_FRAME).aggregate_continuations().max_continuation_size(MAX_FRAME);
    let socket = Socket::new(Audience::clone(&audience), id.0, (session, incoming));
    actix_web::rt::spawn(socket::serve(socket));
    Ok(response)
}
