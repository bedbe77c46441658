//! The stage, without sockets or tables: who hears what, in which order, however rows and arrivals fall.

use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::stage::{Admission, Seat, SeatId, Stage, Telling, Told};
use crate::kernel::id::DeviceId;
use crate::kernel::time::Timestamp;
use crate::live::model::{RoomId, Signal, SignalKind, Viewer};
use crate::live::service::audience::{Counts, FirstLook, Look, Page};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn signal(sequence: i64, kind: SignalKind, payload: &str) -> Signal {
    Signal { room_id: RoomId::new(1), sequence, kind, payload: payload.to_owned(), at: NOW }
}

/// The comment of this number, under the same number among signals.
fn comment(number: i64) -> Signal {
    signal(number, SignalKind::Comment, &format!(r#"{{"sequence":{number}}}"#))
}

fn page(seq: i64) -> Page {
    Page { json: "{}".to_owned(), on_air: true, seq }
}

fn stage() -> Stage {
    let counts = Counts { likes: 0, online: 0 };
    Stage::found(&FirstLook { signals: Vec::new(), page: page(0), counts })
}

fn look(signals: Vec<Signal>) -> Look {
    Look { signals, page: None, counts: None }
}

/// The numbered messages of a frame.
fn numbers(text: &str) -> Vec<i64> {
    let frame: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let messages = frame["messages"].as_array().expect("messages");
    messages.iter().filter_map(|message| message["seq"].as_i64()).collect()
}

/// A viewer as their socket task is one: a place at the feed, and how far they have seen.
struct Listener {
    seat: SeatId,
    feed: Receiver<Told>,
    seen: i64,
    heard: Vec<i64>,
}

impl Listener {
    fn comes(stage: &mut Stage, number: i64, after: Option<i64>) -> Self {
        let seat = stage.take_seat(Arc::new(Seat::new(Viewer::Device(DeviceId::new(number)), None, NOW)));
        let admission = stage.admit(seat, after).expect("a seat");
        let mut heard = Vec::new();
        // Without a place to go on from, the newest comments are a courtesy and no part of what is counted.
        if after.is_some() {
            admission.frames.iter().for_each(|text| heard.extend(numbers(text)));
        }
        Self { seat, feed: admission.feed, seen: admission.seq, heard }
    }

    fn listens(&mut self, stage: &Stage) {
        loop {
            match self.feed.try_recv() {
                Ok(told) => {
                    if let Some((text, seen)) = told.to_whom_has_seen(self.seen) {
                        self.heard.extend(numbers(&text));
                        self.seen = seen;
                    }
                }
                Err(TryRecvError::Lagged(_)) => {
                    let Admission { feed, seq, gap, frames, .. } =
                        stage.catch_up(self.seat, self.seen).expect("a seat");
                    assert!(!gap, "it is all within the last minute");
                    frames.iter().for_each(|text| self.heard.extend(numbers(text)));
                    (self.feed, self.seen) = (feed, seq);
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }
}

/// The rows that are still to be told.
type Rows = Box<dyn Iterator<Item = usize>>;

fn rows(telling: Telling) -> Rows {
    Box::new(telling.row_by_row())
}

#[test]
fn everybody_hears_everything_once_and_in_order_however_they_come_and_listen() {
    let seed = rand::random::<u64>();
    let mut random = SmallRng::seed_from_u64(seed);
    for _ in 0..20 {
        let mut stage = stage();
        let mut listeners: Vec<(i64, Listener)> = Vec::new();
        let (mut said, mut telling): (i64, Option<Rows>) = (0, None);
        for step in 0..600 {
            match random.random_range(0..4) {
                0 => {
                    // A look begins only when the one before has told every row.
                    telling.take().into_iter().flatten().for_each(drop);
                    let count = random.random_range(1..6);
                    let signals = (said + 1..=said + count).map(comment).collect();
                    said += count;
                    let told = stage.take_in_look(&look(signals), NOW);
                    telling = told.map(rows);
                }
                1 => {
                    let after = random.random_range(0..=said);
                    listeners.push((after, Listener::comes(&mut stage, step, Some(after))));
                }
                2 => {
                    if let Some(rows) = telling.as_mut() {
                        rows.next();
                    }
                }
                _ if !listeners.is_empty() => {
                    let at = random.random_range(0..listeners.len());
                    listeners[at].1.listens(&stage);
                }
                _ => {}
            }
        }
        telling.take().into_iter().flatten().for_each(drop);
        for (after, listener) in &mut listeners {
            listener.listens(&stage);
            assert_eq!(listener.heard, (*after + 1..=said).collect::<Vec<_>>(), "seed {seed}");
        }
    }
}

#[test]
fn sanctions_are_told_to_nobody_and_what_is_hidden_at_once_is_never_seen() {
    let mut stage = stage();
    let mut listener = Listener::comes(&mut stage, 1, Some(0));
    let signals = vec![
        comment(1),
        signal(2, SignalKind::Sanction, r#"{"user_id":"7"}"#),
        signal(3, SignalKind::CommentHidden, r#"{"sequence":1}"#),
        comment(4),
    ];
    let told = stage.take_in_look(&look(signals), NOW).expect("something is told");
    assert_eq!(told.row_by_row().sum::<usize>(), 1);
    listener.listens(&stage);
    assert_eq!(listener.heard, [3, 4]);
    assert_eq!(Listener::comes(&mut stage, 2, Some(0)).heard, [3, 4]);
    assert_eq!(stage.read_to(), 4);
}

#[test]
fn of_many_purchases_one_a_second_is_told() {
    let mut stage = stage();
    let mut listener = Listener::comes(&mut stage, 1, Some(0));
    let bought = |number: i64| Signal {
        at: NOW.plus_millis(number * 400),
        ..signal(number, SignalKind::Bought, r#"{"quantity":1}"#)
    };
    stage
        .take_in_look(&look((1..=9).map(bought).collect()), NOW)
        .expect("something is told")
        .row_by_row()
        .for_each(drop);
    listener.listens(&stage);
    assert_eq!(listener.heard, [1, 4, 7]);
}

#[test]
fn a_look_that_shows_nothing_new_tells_nobody() {
    let mut stage = stage();
    let _listener = Listener::comes(&mut stage, 1, None);
    let same = Look { signals: Vec::new(), page: Some(page(0)), counts: Some(Counts { likes: 0, online: 0 }) };
    assert!(stage.take_in_look(&same, NOW).is_none());
    let liked = Look { counts: Some(Counts { likes: 3, online: 0 }), ..same };
    assert!(stage.take_in_look(&liked, NOW).is_some());
}

#[test]
fn a_stay_ends_with_the_last_of_its_seats() {
    let (mut stage, visit) = (stage(), crate::live::model::VisitId::new(9));
    stage.stays(visit);
    stage.stays(visit);
    assert!(!stage.leaves(visit));
    assert!(stage.leaves(visit));
}
