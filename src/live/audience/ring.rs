//! What a room said within the last minute, as frames that every viewer shares.
//!
//! A frame is one WebSocket message of several of the room's messages; its text is made once. The ring answers what
//! somebody missed: whole frames as they are, and the first cut to what they have not seen, so that nothing comes twice
//! and nothing is lost. What staff removed is cut out and never said again.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytestring::ByteString;

use crate::kernel::time::Timestamp;

/// Frames kept at the most, whatever their age: bounds the memory of a room in which everybody shouts.
const MOST_FRAMES: usize = 4_096;
const OPEN: &str = r#"{"messages":["#;
const CLOSE: &str = "]}";

/// One message with its place in the room's sequence.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Its place, from 1 on.
    pub(super) seq: i64,
    /// The number of the comment it says, if it says one.
    pub(super) comment: Option<i64>,
    /// A JSON object.
    pub(super) text: String,
}

/// Several messages as one text.
#[derive(Debug)]
pub(super) struct Frame {
    /// When it was made.
    at: Timestamp,
    /// The place of its last message.
    last: i64,
    /// What is sent.
    text: ByteString,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    seq: i64,
    comment: Option<i64>,
    place: Range<usize>,
}

/// Objects as the text of one frame.
pub(super) fn framed<'a>(objects: impl IntoIterator<Item = &'a str>) -> ByteString {
    let mut text = String::from(OPEN);
    for object in objects {
        if text.len() > OPEN.len() {
            text.push(',');
        }
        text.push_str(object);
    }
    text.push_str(CLOSE);
    text.into()
}

impl Frame {
    /// A frame of these messages, which are in the room's order.
    pub(super) fn of(messages: &[Message], at: Timestamp) -> Self {
        let mut parts = Vec::with_capacity(messages.len());
        let mut begin = OPEN.len();
        for message in messages {
            let end = begin.saturating_add(message.text.len());
            parts.push(Part { seq: message.seq, comment: message.comment, place: begin..end });
            // The comma between two of them.
            begin = end.saturating_add(1);
        }
        let last = messages.last().map_or(0, |message| message.seq);
        Self { at, last, text: framed(messages.iter().map(|message| message.text.as_str())), parts }
    }

    /// What is sent.
    pub(super) fn text(&self) -> ByteString {
        self.text.clone()
    }

    /// What is sent; `None` when all of it was removed.
    fn whole(&self) -> Option<ByteString> {
        (!self.parts.is_empty()).then(|| self.text())
    }

    /// The place of its first message.
    pub(super) fn first(&self) -> i64 {
        self.parts.first().map_or(self.last, |part| part.seq)
    }

    /// The place of its last message.
    pub(super) const fn last(&self) -> i64 {
        self.last
    }

    /// What is sent to whoever has seen everything up to `seen`; `None` when that is nothing.
    pub(super) fn after(&self, seen: i64) -> Option<ByteString> {
        let mut rest = self.objects_after(seen).peekable();
        rest.peek().is_some().then(|| framed(rest))
    }

    /// The JSON objects in it whose place is after `seen`.
    pub(super) fn objects_after(&self, seen: i64) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |part| part.seq > seen).filter_map(|part| self.text.get(part.place.clone()))
    }

    /// The same frame without what says these comments; `None` when it says none of them.
    fn without(&self, removed: &[i64]) -> Option<Self> {
        let stays = |part: &&Part| part.comment.is_none_or(|comment| !removed.contains(&comment));
        if self.parts.iter().all(|part| stays(&part)) {
            return None;
        }
        let messages: Vec<Message> = self.parts.iter().filter(stays).filter_map(|part| self.message(part)).collect();
        Some(Self { last: self.last, ..Self::of(&messages, self.at) })
    }

    fn message(&self, part: &Part) -> Option<Message> {
        let text = self.text.get(part.place.clone())?.to_owned();
        Some(Message { seq: part.seq, comment: part.comment, text })
    }
}

/// What somebody missed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missed {
    /// The place after which what is sent begins.
    pub(super) from: i64,
    /// Whether more was said than is still known.
    pub(super) gap: bool,
    /// What is to be sent, in this order.
    pub(super) frames: Vec<ByteString>,
}

/// The last minute of a room.
#[derive(Debug)]
pub(super) struct Ring {
    /// The place after which everything is known.
    after: i64,
    frames: VecDeque<Arc<Frame>>,
}

impl Ring {
    /// An empty ring of a room that had come so far.
    pub(super) const fn starting_after(seq: i64) -> Self {
        Self { after: seq, frames: VecDeque::new() }
    }

    /// The place of the last thing said.
    pub(super) fn last(&self) -> i64 {
        self.frames.back().map_or(self.after, |frame| frame.last)
    }

    /// Adds what was just said, at least one message.
    pub(super) fn push(&mut self, frame: Frame) -> Arc<Frame> {
        let frame = Arc::new(frame);
        self.frames.push_back(Arc::clone(&frame));
        while self.frames.len() > MOST_FRAMES {
            self.forget_oldest();
        }
        frame
    }

    /// Forgets what was said before `moment`.
    pub(super) fn forget_before(&mut self, moment: Timestamp) {
        while self.frames.front().is_some_and(|frame| frame.at < moment) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.after = frame.last;
        }
    }

    /// Cuts out comments that staff removed.
    pub(super) fn withdraw(&mut self, removed: &[i64]) {
        if removed.is_empty() {
            return;
        }
        for frame in &mut self.frames {
            if let Some(cut) = frame.without(removed) {
                *frame = Arc::new(cut);
            }
        }
    }

    /// What somebody missed who has seen everything up to `seen`. A place that this room has not come to yet was never
    /// given out by it, so everything that is known is answered.
    pub(super) fn since(&self, seen: i64) -> Missed {
        let known = seen <= self.last();
        let from = if known { seen.max(self.after) } else { self.after };
        let behind = self.frames.iter().filter(|frame| frame.last > from);
        let frames = behind.filter_map(|frame| if frame.first() > from { frame.whole() } else { frame.after(from) });
        Missed { from, gap: !known || seen < self.after, frames: frames.collect() }
    }

    /// The newest comments, for whoever has just come in; at most so many.
    pub(super) fn newest_comments(&self, most: usize) -> Option<ByteString> {
        let parts = self.frames.iter().rev().flat_map(|frame| frame.parts.iter().rev().map(move |part| (frame, part)));
        let comments = parts.filter(|(_, part)| part.comment.is_some());
        let mut newest: Vec<&str> =
            comments.filter_map(|(frame, part)| frame.text.get(part.place.clone())).take(most).collect();
        newest.reverse();
        (!newest.is_empty()).then(|| framed(newest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(seq: i64) -> Message {
        Message { seq, comment: Some(seq * 10), text: format!(r#"{{"seq":{seq}}}"#) }
    }

    fn frame(seqs: Range<i64>, at: i64) -> Frame {
        Frame::of(&seqs.map(said).collect::<Vec<_>>(), Timestamp::from_millis(at))
    }

    /// The places that these frames say, in order.
    fn places(frames: &[ByteString]) -> Vec<i64> {
        let read = |text: &ByteString| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        let of = |value: serde_json::Value| value["messages"].as_array().expect("messages").clone();
        frames.iter().flat_map(|text| of(read(text))).map(|message| message["seq"].as_i64().expect("seq")).collect()
    }

    fn ring() -> Ring {
        let mut ring = Ring::starting_after(4);
        ring.push(frame(5..8, 1_000));
        ring.push(frame(8..9, 2_000));
        ring.push(frame(9..13, 3_000));
        ring
    }

    #[test]
    fn whoever_comes_back_hears_exactly_what_they_missed() {
        let ring = ring();
        for seen in 4..=12 {
            let missed = ring.since(seen);
            assert!(!missed.gap, "{seen}");
            assert_eq!(places(&missed.frames), (seen + 1..13).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_longer_absence_is_said_aloud() {
        let mut ring = ring();
        assert!(ring.since(3).gap);
        ring.forget_before(Timestamp::from_millis(2_000));
        let missed = ring.since(6);
        assert!(missed.gap);
        assert_eq!(places(&missed.frames), (8..13).collect::<Vec<_>>());
        assert!(!ring.since(7).gap);
    }

    #[test]
    fn a_place_never_given_out_is_answered_with_all_that_is_known() {
        let missed = ring().since(1_000);
        assert!(missed.gap);
        assert_eq!(places(&missed.frames), (5..13).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_removed_is_not_said_again() {
        let mut ring = ring();
        ring.withdraw(&[60, 80, 120]);
        assert_eq!(places(&ring.since(4).frames), [5, 7, 9, 10, 11]);
        assert_eq!(ring.last(), 12);
        assert_eq!(places(&[ring.newest_comments(2).expect("comments")]), [10, 11]);
    }
}
