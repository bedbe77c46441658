//! One room of this process: opened by its first viewer, kept up to date by its pulse, closed after its last.
//!
//! The tables are the truth. The pulse looks at them when a transaction of any process has said that looking is worth
//! while, and twice a second in any case; what it finds is told to everybody at once. Between two looks it takes a
//! breath, the longer the more people listen, so that what happens meanwhile costs each of them one frame.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OnceCell, broadcast};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::frames::Ending;
use super::stage::{KNOWN_MS, Seat, Stage, Telling};
use super::{Audience, figures};
use crate::kernel::id::UserId;
use crate::live::error::LiveError;
use crate::live::model::{RoomId, Viewer};
use crate::live::service::{audience as service, talking};
use crate::platform::db::{Tx, Wake};

/// Between two rows of viewers.
const PACE: Duration = Duration::from_millis(1);
/// How often a room looks in any case, writes its likes and counts its viewers.
const BEAT: Duration = Duration::from_millis(500);
/// Beats between two looks at the viewers' number and at the page, which may change by the clock.
const SLOW_BEATS: u64 = 10;
/// The shortest and the longest breath, in milliseconds.
const BREATH_MS: (u64, u64) = (10, 80);
/// Viewers that lengthen the breath by a millisecond.
const VIEWERS_PER_MS: u64 = 50;

/// One room of this process.
pub(super) struct Room {
    pub(super) id: RoomId,
    stage: OnceCell<Mutex<Stage>>,
    /// Likes that are not written yet.
    likes: AtomicI64,
    looking: tokio::sync::Mutex<()>,
    /// Viewers whose coming and going is written one after the other, by what they are.
    turns: [tokio::sync::Mutex<()>; TURNS],
    pulse: Mutex<Option<JoinHandle<()>>>,
}

const TURNS: usize = 64;

impl Room {
    pub(super) fn new(id: RoomId) -> Self {
        let turns = std::array::from_fn(|_| tokio::sync::Mutex::default());
        let (looking, pulse) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { id, stage: OnceCell::new(), likes: AtomicI64::new(0), looking, turns, pulse }
    }

    /// Whose turn it is to have their coming or going written: a viewer who leaves and comes back at once is written in
    /// that order.
    pub(super) async fn turn_of(&self, viewer: Viewer) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let number = match viewer {
            Viewer::User(user, _) => user.get(),
            Viewer::Device(device) => device.get(),
        };
        let place = usize::try_from(number.unsigned_abs()).unwrap_or_default() % TURNS;
        Some(self.turns.get(place)?.lock().await)
    }

    /// The room as its viewers see it, read from the tables by whoever comes first.
    pub(super) async fn stage(&self, audience: &Audience) -> Result<&Mutex<Stage>, LiveError> {
        let found = || async {
            let id = self.id;
            let look = move |tx: &mut Tx<'_>| service::first_look(tx, id, KNOWN_MS);
            let first = audience.db().read("live.first_look", look).await?;
            Ok::<_, LiveError>(Mutex::new(Stage::found(&first)))
        };
        self.stage.get_or_try_init(found).await
    }

    /// The stage, once somebody has come in.
    pub(super) fn known(&self) -> Option<MutexGuard<'_, Stage>> {
        self.stage.get().map(|stage| stage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the tables for somebody who has seen more at another server than was told here yet.
    pub(super) async fn come_up_to(&self, audience: &Audience, seen: i64) {
        if self.known().is_some_and(|stage| stage.last() < seen) {
            self.look(audience, service::Wanted::default()).await;
        }
    }

    /// Likes of a viewer; written with those of others at the next beat.
    pub(super) fn like(&self, count: i64) {
        self.likes.fetch_add(count, Ordering::Relaxed);
    }

    /// Starts the pulse, unless it goes on. It runs on the thread of whoever came first, and anew when that has ended.
    pub(super) fn keep_going(self: &Arc<Self>, audience: &Audience) {
        let mut pulse = self.pulse.lock().unwrap_or_else(PoisonError::into_inner);
        if pulse.as_ref().is_none_or(JoinHandle::is_finished) {
            *pulse = Some(tokio::spawn(beat(Arc::clone(self), audience.clone())));
        }
    }

    /// Whether nobody watches and nothing is left to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.known().is_none_or(|stage| stage.watching() == 0) && self.likes.load(Ordering::Relaxed) == 0
    }

    /// Looks at the tables and tells everybody what is new. A database that fails is looked at again at the next beat.
    /// One look after the other, so that everybody is told everything in its order.
    async fn look(&self, audience: &Audience, wanted: service::Wanted) {
        let _turn = self.looking.lock().await;
        let Some(read_to) = self.known().map(|stage| stage.read_to()) else { return };
        let id = self.id;
        let look = move |tx: &mut Tx<'_>| service::look(tx, id, read_to, wanted);
        match audience.db().read("live.look", look).await {
            Ok(found) => self.tell(audience, found).await,
            // Cancelled while people waited for it.
            Err(LiveError::NotFound) => {
                if let Some(stage) = self.known() {
                    stage.send_all_away(Ending::NoSuchRoom);
                }
            }
            Err(error) => tracing::warn!(%error, room = %id, "a room could not be looked at; its viewers wait"),
        }
    }

    async fn tell(&self, audience: &Audience, found: service::Look) {
        let concerned: Vec<UserId> = found.signals.iter().filter_map(service::concerned).collect();
        let now = audience.db().clock().now();
        let telling = self.known().and_then(|mut stage| stage.take_in_look(&found, now));
        let mut paces = interval(PACE);
        paces.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for heard in telling.into_iter().flat_map(Telling::row_by_row) {
            figures::told(heard);
            // Whatever else the server is asked has its turn between two rows.
            paces.tick().await;
        }
        for user in concerned {
            self.judge(audience, user).await;
        }
    }

    /// Tells a user's sockets what they may do from now on.
    async fn judge(&self, audience: &Audience, user: UserId) {
        let seats = self.known().map(|stage| stage.seats_of(user)).unwrap_or_default();
        if seats.is_empty() {
            return;
        }
        let id = self.id;
        let standing = audience.db().read("live.standing", move |tx: &mut Tx<'_>| service::standing(tx, id, user));
        match standing.await {
            Ok(standing) => seats.iter().for_each(|seat| obey(seat, &standing)),
            Err(error) => tracing::warn!(%error, room = %id, "what a user may do could not be read"),
        }
    }

    /// Writes the likes that have come in.
    pub(super) async fn write_likes(&self, audience: &Audience) {
        let likes = self.likes.swap(0, Ordering::Relaxed);
        if likes == 0 {
            return;
        }
        let id = self.id;
        let written = audience.db().write("live.likes", move |tx: &mut Tx<'_>| talking::add_likes(tx, id, likes));
        if let Err(error) = written.await {
            tracing::warn!(%error, room = %id, likes, "likes could not be written; the next beat tries again");
            self.likes.fetch_add(likes, Ordering::Relaxed);
        }
    }

    fn send_away(&self, audience: &Audience) {
        let ended = |seat: &Seat| {
            let over = seat.session.is_some_and(|session| audience.access().revocations.contains(session));
            over.then_some(Ending::Unauthenticated)
        };
        if let Some(stage) = self.known() {
            stage.send_away(audience.db().clock().now(), ended);
        }
    }

    /// How long a look and the wait for the next one take together at the least.
    fn breath(&self) -> Duration {
        let watching = self.known().map_or(0, |stage| stage.watching());
        let (shortest, longest) = BREATH_MS;
        let lengthened = u64::try_from(watching).unwrap_or(u64::MAX) / VIEWERS_PER_MS;
        Duration::from_millis(shortest.saturating_add(lengthened).min(longest))
    }
}

/// What staff decided about a viewer is in force at once.
fn obey(seat: &Seat, standing: &service::UserStanding) {
    if standing.banned {
        return seat.end(Ending::Banned);
    }
    seat.mute(standing.muted);
}

/// A room's pulse: goes on for as long as somebody watches.
async fn beat(room: Arc<Room>, audience: Audience) {
    let (mut wakes, word) = (audience.db().wakes(), service::word_of(room.id));
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut counted = 0_u64;
    loop {
        let due = tokio::select! {
            () = spoken(&mut wakes, &word) => false,
            _ = beats.tick() => true,
        };
        let begun = Instant::now();
        if due {
            counted = counted.wrapping_add(1);
            room.write_likes(&audience).await;
            room.send_away(&audience);
            audience.renew_stays().await;
        }
        let wanted = service::Wanted { counts: due, page: due && counted.is_multiple_of(SLOW_BEATS) };
        room.look(&audience, wanted).await;
        if due && room.is_empty() && audience.forget(&room) {
            break;
        }
        sleep_until(begun + room.breath()).await;
    }
}

/// Waits until a transaction has said that this room has news, or may have.
async fn spoken(wakes: &mut broadcast::Receiver<Wake>, word: &str) {
    loop {
        match wakes.recv().await {
            Ok(Wake::Word(spoken)) if &*spoken != word => {}
            Ok(_) | Err(RecvError::Lagged(_)) => break,
            // Nobody speaks any more: only the beat is left.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    // The look that follows sees whatever was spoken of until now.
    while !matches!(wakes.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
}
