//! A room as its viewers see it: what was said within the last minutes, how it stands now, and who watches.
//!
//! Everything here happens under one lock and waits for nothing. Whoever is admitted gets what they missed and their
//! place at the feed in the same moment, so that what is said next is neither lost nor heard twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytestring::ByteString;
use serde_json::value::RawValue;
use tokio::sync::{broadcast, watch};

use super::frames::{Ending, RoomMessage, comment_of, message_of};
use super::ring::{Frame, Message, Missed, Ring, framed};
use crate::kernel::id::{SessionId, UserId};
use crate::kernel::time::{MINUTE_MS, SECOND_MS, Timestamp};
use crate::live::model::{Signal, SignalKind, Viewer, VisitId};
use crate::live::service::audience::{Counts, FirstLook, Look, Page};

/// How long what was said is known to those who come back, in milliseconds: a minute, and time to connect.
pub(super) const KNOWN_MS: i64 = 2 * MINUTE_MS;
/// After so long a silence a socket is closed, in milliseconds.
pub(super) const SILENT_MS: i64 = MINUTE_MS;
/// Comments shown to whoever comes in.
const FRESH_COMMENTS: usize = 30;
/// Frames a viewer may be behind at the feed before the newest state takes their place.
const BEHIND: usize = 32;

/// What a viewer may do, and whether they are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Standing {
    /// Whether they may not comment, and until when; an absent end is none.
    pub(super) muted: Option<Option<Timestamp>>,
    /// Why they are to go.
    pub(super) ending: Option<Ending>,
}

/// Somebody who watches through one socket.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) viewer: Viewer,
    /// The log-in, whose end is the end of watching.
    pub(super) session: Option<SessionId>,
    pub(super) standing: watch::Sender<Standing>,
    heard_at: AtomicI64,
}

impl Seat {
    pub(super) fn new(viewer: Viewer, session: Option<SessionId>, now: Timestamp) -> Self {
        let standing = watch::Sender::new(Standing::default());
        Self { viewer, session, standing, heard_at: now.millis().into() }
    }

    /// The viewer was heard of.
    pub(super) fn heard(&self, now: Timestamp) {
        self.heard_at.store(now.millis(), Ordering::Relaxed);
    }

    /// Says whether the viewer may not comment, and until when.
    pub(super) fn mute(&self, muted: Option<Option<Timestamp>>) {
        self.standing.send_if_modified(|standing| std::mem::replace(&mut standing.muted, muted) != muted);
    }

    /// Sends the viewer away.
    pub(super) fn end(&self, why: Ending) {
        self.standing.send_if_modified(|standing| standing.ending.replace(why).is_none());
    }

    fn is_silent(&self, now: Timestamp) -> bool {
        let heard = Timestamp::from_millis(self.heard_at.load(Ordering::Relaxed));
        now.millis_since(heard) > SILENT_MS
    }
}

/// A seat's number within its room.
pub(super) type SeatId = u64;

/// How far apart two purchases are that viewers are told of, in milliseconds: in a rush they would hear of nothing else.
const BOUGHT_EVERY_MS: i64 = SECOND_MS;
/// Viewers who are told in one go. A large room is told row by row, so that whatever else the server does is held up
/// by one row at the most.
const ROW: usize = 64;

/// What everybody is sent at once.
#[derive(Debug, Clone)]
pub(super) struct Told {
    text: ByteString,
    /// What is numbered in it.
    frame: Option<Arc<Frame>>,
}

impl Told {
    /// What somebody is sent who has seen everything up to `seen`, and how far they have seen then; `None` when that is
    /// nothing.
    pub(super) fn to_whom_has_seen(&self, seen: i64) -> Option<(ByteString, i64)> {
        match &self.frame {
            None => Some((self.text.clone(), seen)),
            Some(frame) if frame.first() > seen => Some((self.text.clone(), frame.last())),
            Some(frame) => frame.after(seen).map(|rest| (rest, frame.last())),
        }
    }
}

/// Some of the viewers, with a feed of their own.
#[derive(Debug)]
struct Row {
    taken: usize,
    feed: broadcast::Sender<Told>,
}

/// What is to be sent, and the rows it is to be sent to, one after the other.
#[derive(Debug)]
pub(super) struct Telling {
    told: Told,
    rows: Vec<broadcast::Sender<Told>>,
}

impl Telling {
    /// Each row, told when it is asked for; answers how many heard it.
    pub(super) fn row_by_row(self) -> impl Iterator<Item = usize> {
        let told = self.told;
        // Nobody may be listening, which is no failure.
        self.rows.into_iter().map(move |feed| feed.send(told.clone()).unwrap_or_default())
    }
}

/// A seat that is taken.
#[derive(Debug)]
struct Taken {
    seat: Arc<Seat>,
    row: usize,
}

/// What somebody who comes in gets.
pub(super) struct Admission {
    pub(super) feed: broadcast::Receiver<Told>,
    /// The place after which messages follow, those that are sent now among them.
    pub(super) from: i64,
    /// The place of the last message among those that are sent now, or were sent before.
    pub(super) seq: i64,
    pub(super) gap: bool,
    /// What is sent first.
    pub(super) frames: Vec<ByteString>,
}

/// A room as its viewers see it.
#[derive(Debug)]
pub(super) struct Stage {
    ring: Ring,
    /// The number of the last signal read from the table; some say nothing to viewers.
    read_to: i64,
    /// When the last purchase was that viewers were told of.
    bought_at: Option<Timestamp>,
    /// The room's page as a frame.
    page: ByteString,
    on_air: bool,
    counts: Counts,
    seats: HashMap<SeatId, Taken>,
    rows: Vec<Row>,
    /// At how many seats each stay goes on: somebody who comes back may be seated before their broken socket is noticed.
    stays: HashMap<VisitId, usize>,
    next_seat: SeatId,
}

impl Stage {
    /// A room as it was found.
    pub(super) fn found(first: &FirstLook) -> Self {
        let FirstLook { signals, page, counts } = first;
        let after = signals.first().map_or(page.seq, |first| first.sequence.saturating_sub(1));
        let mut stage = Self {
            ring: Ring::starting_after(after),
            read_to: after,
            bought_at: None,
            page: page_frame(page),
            on_air: page.on_air,
            counts: *counts,
            seats: HashMap::new(),
            rows: Vec::new(),
            stays: HashMap::new(),
            next_seat: 0,
        };
        for some in signals.chunks(64) {
            stage.take_in(some);
        }
        stage
    }

    /// The number up to which signals were read.
    pub(super) const fn read_to(&self) -> i64 {
        self.read_to
    }

    pub(super) const fn on_air(&self) -> bool {
        self.on_air
    }

    pub(super) fn watching(&self) -> usize {
        self.seats.len()
    }

    /// Keeps a seat for somebody who is about to come in.
    pub(super) fn take_seat(&mut self, seat: Arc<Seat>) -> SeatId {
        let id = self.next_seat;
        self.next_seat = id.wrapping_add(1);
        let row = self.rows.iter().position(|row| row.taken < ROW).unwrap_or(self.rows.len());
        match self.rows.get_mut(row) {
            Some(row) => row.taken = row.taken.saturating_add(1),
            None => self.rows.push(Row { taken: 1, feed: broadcast::Sender::new(BEHIND) }),
        }
        self.seats.insert(id, Taken { seat, row });
        id
    }

    /// Gives a seat up.
    pub(super) fn give_up(&mut self, id: SeatId) {
        let Some(taken) = self.seats.remove(&id) else { return };
        if let Some(row) = self.rows.get_mut(taken.row) {
            row.taken = row.taken.saturating_sub(1);
        }
    }

    /// A stay begins at a seat, or goes on there.
    pub(super) fn stays(&mut self, visit: VisitId) {
        let seats = self.stays.entry(visit).or_default();
        *seats = seats.saturating_add(1);
    }

    /// Somebody leaves a seat; whether the stay ends there, and does not go on at another one.
    pub(super) fn leaves(&mut self, visit: VisitId) -> bool {
        let Some(seats) = self.stays.get_mut(&visit) else { return true };
        *seats = seats.saturating_sub(1);
        let ends = *seats == 0;
        if ends {
            self.stays.remove(&visit);
        }
        ends
    }

    /// A place at the feed, and what was missed since `after`; without it, the newest comments. `None` when the seat was
    /// given up.
    pub(super) fn admit(&self, seat: SeatId, after: Option<i64>) -> Option<Admission> {
        let fresh = || Missed {
            from: self.ring.last(),
            gap: false,
            frames: self.ring.newest_comments(FRESH_COMMENTS).into_iter().collect(),
        };
        self.admission(seat, after.map_or_else(fresh, |after| self.ring.since(after)))
    }

    /// A new place at the feed for somebody who fell behind.
    pub(super) fn catch_up(&self, seat: SeatId, seen: i64) -> Option<Admission> {
        self.admission(seat, self.ring.since(seen))
    }

    fn admission(&self, seat: SeatId, missed: Missed) -> Option<Admission> {
        let row = self.rows.get(self.seats.get(&seat)?.row)?;
        let Missed { from, gap, frames } = missed;
        let frames = [self.page.clone(), self.counted()].into_iter().chain(frames).collect();
        Some(Admission { feed: row.feed.subscribe(), from, seq: self.ring.last(), gap, frames })
    }

    /// The place of the last message.
    pub(super) fn last(&self) -> i64 {
        self.ring.last()
    }

    /// Takes in what a look at the tables showed; answers what everybody is to be told.
    pub(super) fn take_in_look(&mut self, look: &Look, now: Timestamp) -> Option<Telling> {
        if let Some(page) = &look.page {
            self.page = page_frame(page);
            self.on_air = page.on_air;
        }
        let frame = self.take_in(&look.signals);
        self.ring.forget_before(now.plus_millis(-KNOWN_MS));
        let mut also = Vec::new();
        if let Some(counts) = look.counts {
            also = changes(Some(self.counts), counts);
            self.counts = counts;
        }
        let told = told(frame, &also)?;
        Some(Telling { told, rows: self.rows.iter().map(|row| row.feed.clone()).collect() })
    }

    /// Puts what viewers are to hear into the ring; answers it as a frame.
    fn take_in(&mut self, signals: &[Signal]) -> Option<Arc<Frame>> {
        let (first, last) = (signals.first()?, signals.last()?);
        self.read_to = last.sequence;
        let mut messages: Vec<Message> = Vec::with_capacity(signals.len());
        for signal in signals {
            let comment = match signal.kind {
                // Whom it concerns is told apart from the others.
                SignalKind::Sanction => continue,
                SignalKind::CommentHidden => {
                    let hidden = comment_of(signal);
                    // Hidden in the same breath as said: nobody sees it.
                    messages.retain(|message| message.comment.is_none() || message.comment != hidden);
                    self.ring.withdraw(hidden.as_slice());
                    None
                }
                SignalKind::Bought if self.rushes(signal.at) => continue,
                SignalKind::Comment => comment_of(signal),
                _ => None,
            };
            messages.push(message_of(signal, comment));
        }
        (!messages.is_empty()).then(|| self.ring.push(Frame::of(&messages, first.at)))
    }

    /// Whether a purchase comes too soon after one that was told.
    fn rushes(&mut self, at: Timestamp) -> bool {
        if self.bought_at.is_some_and(|before| at.millis_since(before) < BOUGHT_EVERY_MS) {
            return true;
        }
        self.bought_at = Some(at);
        false
    }

    fn counted(&self) -> ByteString {
        framed(changes(None, self.counts).iter().map(String::as_str))
    }

    /// The seats of this user.
    pub(super) fn seats_of(&self, user: UserId) -> Vec<Arc<Seat>> {
        let seats = self.seats.values().map(|taken| &taken.seat);
        seats.filter(|seat| seat.viewer.user() == Some(user)).cloned().collect()
    }

    /// Sends away whoever was silent for too long and whoever `gone` says.
    pub(super) fn send_away(&self, now: Timestamp, gone: impl Fn(&Seat) -> Option<Ending>) {
        for Taken { seat, .. } in self.seats.values() {
            if let Some(why) = gone(seat) {
                seat.end(why);
            } else if seat.is_silent(now) {
                seat.end(Ending::Silent);
            }
        }
    }

    /// Sends everybody away.
    pub(super) fn send_all_away(&self, why: Ending) {
        self.seats.values().for_each(|taken| taken.seat.end(why));
    }
}

/// One frame of what is numbered and of how things stand; `None` when there is nothing to be said.
fn told(frame: Option<Arc<Frame>>, also: &[String]) -> Option<Told> {
    let also = also.iter().map(String::as_str);
    let Some(frame) = frame else {
        return (also.len() > 0).then(|| Told { text: framed(also), frame: None });
    };
    let text = if also.len() == 0 { frame.text() } else { framed(frame.objects_after(0).chain(also)) };
    Some(Told { text, frame: Some(frame) })
}

/// What is to be said of these counts to whoever knows those.
fn changes(before: Option<Counts>, now: Counts) -> Vec<String> {
    let changed = |of: fn(Counts) -> i64| before.is_none_or(|before| of(before) != of(now));
    let likes = changed(|counts| counts.likes).then(|| RoomMessage::Likes { total: now.likes }.text());
    let viewers = changed(|counts| counts.online).then(|| RoomMessage::Viewers { online: now.online }.text());
    likes.into_iter().chain(viewers).collect()
}

fn page_frame(page: &Page) -> ByteString {
    // What the page was encoded to is JSON; if it were not, whoever comes in would be shown none.
    let json = RawValue::from_string(page.json.clone()).unwrap_or_else(|_| RawValue::NULL.to_owned());
    RoomMessage::Room { room: json }.alone()
}
