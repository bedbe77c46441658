//! Several segments of one day become one.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::{Sealing, Segment, SegmentInfo, write};
use crate::analytics::engine::flaw::{Result, expect};

/// Writes the events of several segments of one day as one segment. Of events with the same id the one that was taken
/// in first stays.
///
/// # Errors
/// `event_of_another_day` when a segment is of another day, or what the disk says.
pub fn compact(path: &Path, sealing: Sealing<'_>, segments: &[Segment]) -> Result<SegmentInfo> {
    let same = segments.iter().all(|segment| segment.facts().day == sealing.day);
    expect(same, "segments", "event_of_another_day")?;
    let mut events = Vec::new();
    for segment in segments {
        events.extend(segment.events()?);
    }
    events.sort_by_key(|event| event.seq);
    let mut seen = FxHashSet::default();
    events.retain(|event| seen.insert(event.event_id));
    write(path, sealing, events)
}
