//! One viewer's socket: the first frame says who comes in; then what the room says goes out and what the viewer says
//! comes in, until one of them ends it.
//!
//! A frame is queued only when the one before it has gone to the connection, which holds a few dozen of them, all shared
//! with the other viewers. A reader that does not keep up falls behind at the room's feed, and then gets the newest
//! state instead of what it missed of the feed; nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError, Session};
use bytestring::ByteString;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::flood::Flood;
use super::frames::{Ending, HEARTBEAT_SECONDS, RoomMessage, ViewerFrame};
use super::room::Room;
use super::stage::{Admission, Seat, SeatId, Standing, Told};
use super::{Audience, figures};
use crate::kernel::id::SessionId;
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::live::error::LiveError;
use crate::live::model::{MAX_LIKES_AT_ONCE, RoomId, Viewer, VisitId};
use crate::live::service::{reporting, talking};
use crate::platform::db::{DbError, Tx};
use crate::platform::http::auth::Caller;
use crate::platform::http::{ApiError, RequestError};

/// How long a socket may stay silent before it joins, in milliseconds.
const JOIN_WITHIN_MS: i64 = 10 * SECOND_MS;
/// How often the clock is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How a conversation ends: with a word of ours, or without.
enum End {
    Because(Ending),
    /// The viewer has gone.
    Gone,
}

impl From<Ending> for End {
    fn from(why: Ending) -> Self {
        Self::Because(why)
    }
}

/// What the first frame said.
pub(super) struct Joining {
    pub(super) viewer: Viewer,
    session: Option<SessionId>,
    after: Option<i64>,
    pub(super) visit: Option<VisitId>,
    pub(super) share_token: Option<String>,
}

/// Both ends of a socket before anybody joined.
pub(super) struct Socket {
    audience: Audience,
    room_id: RoomId,
    session: Session,
    incoming: AggregatedMessageStream,
    opened: Timestamp,
    flood: Flood,
}

/// A viewer with a seat.
struct Watching {
    socket: Socket,
    room: Arc<Room>,
    seat: Arc<Seat>,
    seat_id: SeatId,
    visit: VisitId,
    standing: watch::Receiver<Standing>,
    feed: broadcast::Receiver<Told>,
    /// The place of the last message that was sent.
    seen: i64,
    /// What the viewer knows of not being allowed to comment.
    muted: Option<Option<Timestamp>>,
}

/// Serves a socket to its end.
pub(super) async fn serve(socket: Socket) {
    let closing = socket.session.clone();
    figures::came();
    let why = Box::pin(socket.run()).await;
    figures::went();
    let reason = match why {
        End::Because(why) => {
            figures::closed(why.code().1);
            Some(why.reason())
        }
        End::Gone => None,
    };
    // Whoever reads nothing any more does not hear why either; nobody waits for them.
    let _unheard = tokio::time::timeout(LOOK_EVERY, closing.close(reason)).await;
}

impl Socket {
    /// A socket that is being opened.
    pub(super) fn new(
        audience: Audience,
        room_id: RoomId,
        (session, incoming): (Session, AggregatedMessageStream),
    ) -> Self {
        let opened = audience.db().clock().now();
        Self { audience, room_id, session, incoming, opened, flood: Flood::starting(opened) }
    }

    async fn run(mut self) -> End {
        let joining = match self.joining().await {
            Ok(joining) => joining,
            Err(end) => return end,
        };
        match Watching::enter(self, joining).await {
            Ok(mut watching) => {
                let end = watching.watch().await;
                watching.leave(&end).await;
                end
            }
            Err(end) => end,
        }
    }

    fn now(&self) -> Timestamp {
        self.audience.db().clock().now()
    }

    /// The first frame; nothing else is taken before it, and it does not take for ever.
    async fn joining(&mut self) -> Result<Joining, End> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            let message = tokio::select! {
                message = self.incoming.recv() => message,
                _ = looks.tick() => {
                    if self.audience.is_closing() {
                        return Err(Ending::GoingAway.into());
                    }
                    if self.now().millis_since(self.opened) > JOIN_WITHIN_MS {
                        return Err(Ending::Silent.into());
                    }
                    continue;
                }
            };
            match self.frame_of(message).await? {
                Some(ViewerFrame::Join { access_token, device_token, after, visit_id: visit, share_token }) => {
                    if !share_token.as_deref().is_none_or(may_be_share) || after.is_some_and(|seq| seq < 0) {
                        return Err(Ending::Malformed.into());
                    }
                    let (viewer, session) = self.identify(access_token, device_token)?;
                    return Ok(Joining { viewer, session, after, visit, share_token });
                }
                Some(_) => return Err(Ending::JoinFirst.into()),
                None => {}
            }
        }
    }

    fn identify(&self, access: Option<String>, device: Option<String>) -> Result<(Viewer, Option<SessionId>), Ending> {
        let now = self.now();
        match (access, device) {
            (Some(token), _) => match self.audience.access().caller(&token, now) {
                Some(Caller::Shopper(shopper)) => {
                    Ok((Viewer::User(shopper.user_id, shopper.device_id), Some(shopper.session_id)))
                }
                _ => Err(Ending::Unauthenticated),
            },
            (None, Some(token)) => {
                let device = self.audience.access().device(&token, now).ok_or(Ending::Unauthenticated)?;
                Ok((Viewer::Device(device), None))
            }
            (None, None) => Err(Ending::Unauthenticated),
        }
    }

    /// What came in as a frame of ours; `None` for what WebSocket keeps to itself.
    async fn frame_of(
        &mut self,
        message: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<Option<ViewerFrame>, End> {
        let message = match message {
            None => return Err(End::Gone),
            Some(Err(ProtocolError::Overflow)) => return Err(Ending::TooLarge.into()),
            Some(Err(ProtocolError::Io(error))) if broke(&error) => return Err(End::Gone),
            // A message in pieces that grew too long has no error of its own.
            Some(Err(ProtocolError::Io(error))) if error.kind() == std::io::ErrorKind::Other => {
                return Err(Ending::TooLarge.into());
            }
            Some(Err(_)) => return Err(Ending::Malformed.into()),
            Some(Ok(message)) => message,
        };
        if !self.flood.allows(self.audience.db().clock().now()) {
            return Err(Ending::Flood.into());
        }
        match message {
            AggregatedMessage::Text(text) => match serde_json::from_str(&text) {
                Ok(frame) => Ok(Some(frame)),
                Err(_) => Err(Ending::Malformed.into()),
            },
            AggregatedMessage::Binary(_) => Err(Ending::Binary.into()),
            AggregatedMessage::Ping(bytes) => match self.session.pong(&bytes).await {
                Ok(()) => Ok(None),
                Err(_) => Err(End::Gone),
            },
            AggregatedMessage::Pong(_) => Ok(None),
            AggregatedMessage::Close(_) => Err(End::Gone),
        }
    }
}

/// Whether a text may be the token of a share, which nobody has looked at yet.
fn may_be_share(token: &str) -> bool {
    (1..=64).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether it was the connection that failed, not what came over it.
fn broke(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<actix_web::error::PayloadError>())
}

/// How a refusal to come in ends the socket.
fn ending_of(error: &LiveError) -> Ending {
    match error {
        LiveError::NotFound => Ending::NoSuchRoom,
        LiveError::Banned(_) => Ending::Banned,
        LiveError::Db(DbError::Unavailable(_) | DbError::Conflict(_) | DbError::OutcomeUnknown(_)) => Ending::Busy,
        error => {
            tracing::error!(%error, "a viewer could not come in for a reason that should not be");
            Ending::Busy
        }
    }
}

impl Watching {
    /// Takes a seat, has the stay written, and sends what the viewer sees first.
    async fn enter(socket: Socket, joining: Joining) -> Result<Self, End> {
        let audience = socket.audience.clone();
        let now = socket.now();
        let seat = Arc::new(Seat::new(joining.viewer, joining.session, now));
        // Whatever becomes of the seat from the moment it is taken is heard.
        let standing = seat.standing.subscribe();
        let seated = audience.seat(socket.room_id, &seat).await;
        let (room, seat_id) = seated.map_err(|error| ending_of(&error))?;
        let entered = match audience.enter(&room, &joining).await {
            Ok(entered) => entered,
            Err(error) => {
                audience.give_up(&room, seat_id);
                return Err(ending_of(&error).into());
            }
        };
        seat.mute(entered.muted);
        if let Some(seen) = joining.after {
            room.come_up_to(&audience, seen).await;
        }
        let admission = room.known().and_then(|stage| stage.admit(seat_id, joining.after));
        // Whoever holds a seat is admitted: there is no seat without a stage.
        let Some(Admission { feed, from, seq, gap, frames }) = admission else { return Err(Ending::Busy.into()) };
        let (visit, muted) = (entered.visit, entered.muted);
        let mut watching = Self { socket, room, seat, seat_id, visit, standing, feed, seen: seq, muted };
        let welcome = watching.welcome(from, gap);
        if let Err(end) = watching.send_all([welcome].into_iter().chain(frames)).await {
            watching.leave(&end).await;
            return Err(end);
        }
        Ok(watching)
    }

    fn welcome(&self, seq: i64, gap: bool) -> ByteString {
        let muted = self.muted;
        let welcome = RoomMessage::Welcome {
            seq,
            visit_id: self.visit,
            server_time: self.socket.now(),
            user_id: self.seat.viewer.user(),
            muted: muted.is_some(),
            muted_until: muted.flatten(),
            gap,
            heartbeat_seconds: HEARTBEAT_SECONDS,
        };
        welcome.alone()
    }

    /// Talks until somebody ends it.
    async fn watch(&mut self) -> End {
        loop {
            let end = tokio::select! {
                biased;
                changed = self.standing.changed() => match changed {
                    Ok(()) => self.obey().await,
                    Err(_) => Err(End::Gone),
                },
                message = self.socket.incoming.recv() => match self.socket.frame_of(message).await {
                    Ok(frame) => self.hear(frame).await,
                    Err(end) => Err(end),
                },
                told = self.feed.recv() => match told {
                    Ok(told) => self.pass_on(told).await,
                    Err(RecvError::Lagged(_)) => self.catch_up().await,
                    Err(RecvError::Closed) => Err(Ending::GoingAway.into()),
                },
            };
            if let Err(end) = end {
                return end;
            }
        }
    }

    async fn obey(&mut self) -> Result<(), End> {
        let standing = *self.standing.borrow_and_update();
        if let Some(why) = standing.ending {
            return Err(why.into());
        }
        if std::mem::replace(&mut self.muted, standing.muted) == standing.muted {
            return Ok(());
        }
        let (muted, muted_until) = (standing.muted.is_some(), standing.muted.flatten());
        self.send(RoomMessage::Standing { muted, muted_until }.alone()).await
    }

    async fn pass_on(&mut self, told: Told) -> Result<(), End> {
        let Some((text, seen)) = told.to_whom_has_seen(self.seen) else { return Ok(()) };
        self.send(text).await?;
        self.seen = seen;
        Ok(())
    }

    /// The newest state, in the place of what this reader was too slow for.
    async fn catch_up(&mut self) -> Result<(), End> {
        figures::skipped();
        let caught = self.room.known().and_then(|stage| stage.catch_up(self.seat_id, self.seen));
        let Some(Admission { feed, seq, gap, frames, .. }) = caught else { return Err(End::Gone) };
        self.feed = feed;
        self.seen = seq;
        let skipped = RoomMessage::Skipped { gap }.alone();
        self.send_all([skipped].into_iter().chain(frames)).await
    }

    async fn send_all(&mut self, frames: impl IntoIterator<Item = ByteString>) -> Result<(), End> {
        for frame in frames {
            self.send(frame).await?;
        }
        Ok(())
    }

    /// Hands a frame to the connection; waits while that holds as many as it may, but not for somebody who is to go.
    async fn send(&mut self, frame: ByteString) -> Result<(), End> {
        let mut standing = self.standing.clone();
        let told_to_go = standing.wait_for(|standing| standing.ending.is_some());
        tokio::select! {
            biased;
            sent = self.socket.session.text(frame) => sent.map_err(|_| End::Gone),
            told = told_to_go => Err(told.ok().and_then(|standing| standing.ending).map_or(End::Gone, End::from)),
        }
    }

    /// Takes in what the viewer sent.
    async fn hear(&mut self, frame: Option<ViewerFrame>) -> Result<(), End> {
        self.seat.heard(self.socket.now());
        match frame {
            None | Some(ViewerFrame::Heartbeat {}) => Ok(()),
            Some(ViewerFrame::Join { .. }) => Err(Ending::JoinFirst.into()),
            Some(ViewerFrame::Comment { client_id, words }) => self.comment(client_id, words).await,
            Some(ViewerFrame::Like { count }) => self.like(count).await,
            Some(ViewerFrame::ProductClick { product_id }) => {
                let (room, viewer) = (self.room.id, self.seat.viewer);
                let click = move |tx: &mut Tx<'_>| reporting::click(tx, room, product_id, Some(viewer));
                let clicked = self.socket.audience.db().write("live.click", click).await;
                self.answer(None, clicked).await
            }
        }
    }

    async fn comment(&mut self, client_id: String, words: String) -> Result<(), End> {
        let Some(user) = self.seat.viewer.user() else {
            let error = ApiError::new(RequestError::UNAUTHENTICATED);
            return self.send(RoomMessage::refused(Some(client_id), &error).alone()).await;
        };
        let (room, name) = (self.room.id, client_id.clone());
        let say = move |tx: &mut Tx<'_>| talking::say(tx, room, user, &words, &name);
        match self.socket.audience.db().write("live.say", say).await {
            Ok(said) => self.send(RoomMessage::Accepted { client_id, sequence: said.sequence }.alone()).await,
            refused => self.answer(Some(client_id), refused).await,
        }
    }

    async fn like(&mut self, count: i64) -> Result<(), End> {
        if !(1..=MAX_LIKES_AT_ONCE).contains(&count) {
            return Err(Ending::Malformed.into());
        }
        if self.room.known().is_some_and(|stage| stage.on_air()) {
            self.room.like(count);
            return Ok(());
        }
        self.answer(None, Err::<(), _>(LiveError::NotOnAir(serde_json::Value::Null))).await
    }

    /// Says no, if it was no; the socket stays open.
    async fn answer<T>(&mut self, client_id: Option<String>, done: Result<T, LiveError>) -> Result<(), End> {
        match done {
            Ok(_) => Ok(()),
            Err(LiveError::Banned(_)) => Err(Ending::Banned.into()),
            Err(error) => self.send(RoomMessage::refused(client_id, &error.into()).alone()).await,
        }
    }

    /// Gives the seat up and has the end of the stay written; when the server stops, all stays end together.
    async fn leave(&self, end: &End) {
        self.socket.audience.give_up(&self.room, self.seat_id);
        if !matches!(end, End::Because(Ending::GoingAway)) {
            self.socket.audience.leave(&self.room, self.seat.viewer, self.visit).await;
        }
    }
}
