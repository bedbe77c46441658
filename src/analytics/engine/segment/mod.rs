//! Segments: the sealed events of one day of the shop, each an immutable Parquet file.
//!
//! Rows are sorted by person (as known when the day was sealed), time and order of intake. Names and properties are
//! coded by dictionaries; the commonest properties have a typed column of their own, and the rest of an event's
//! properties is one text of JSON. Columns that every question reads are not compressed, only packed.
//!
//! | column | type | holds |
//! |---|---|---|
//! | `subject` | uint32 | the number of the device or user |
//! | `at`, `received` | timestamp (ms, UTC) | effective time, time of receipt |
//! | `seq` | int64 | order of intake |
//! | `event_id` | uuid | the event's id |
//! | `name` | string | what happened |
//! | `session` | string, optional | the session |
//! | `flags` | int32 | the bits of [`Flags`](super::event::Flags) |
//! | `p_<property>` | string, double or boolean, optional | a common property |
//! | `rest` | JSON, optional | every other property |

mod column;
mod open;
mod pages;
mod stream;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::column::Cells;
pub use self::open::Segment;
pub use self::write::{Sealing, write};

/// The key under which a segment's facts stand in the footer of its file.
const FACTS_KEY: &str = "hourglass.segment";
/// The version of the layout.
const VERSION: u32 = 1;

/// How many events there are of a name and with the same flags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = segment::NameCount)]
pub struct NameCount {
    /// The name.
    pub name: String,
    /// The flags.
    pub flags: u16,
    /// How many.
    pub count: u64,
}

/// What a segment says about itself, to skip it or to answer from it without reading its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = segment::Facts)]
pub struct Facts {
    /// The version of the layout.
    pub version: u32,
    /// The day, in days since 1970-01-01.
    pub day: i64,
    /// The first moment of the day in the zone it was sealed in, UTC milliseconds.
    pub day_from: i64,
    /// The first moment after the day.
    pub day_to: i64,
    /// How many events there are.
    pub rows: u64,
    /// The earliest effective time.
    pub first_at: i64,
    /// The latest effective time.
    pub last_at: i64,
    /// The lowest order of intake.
    pub first_seq: i64,
    /// The highest order of intake.
    pub last_seq: i64,
    /// The highest number of a subject.
    pub last_subject: u32,
    /// Every flag that any event has.
    pub flags: u16,
    /// Events by name and flags.
    pub counts: Vec<NameCount>,
    /// The properties that have a column, by the column's name.
    pub columns: BTreeMap<String, String>,
    /// The properties that are found among the rest.
    pub rest: BTreeSet<String>,
}

/// A file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = segment::SegmentInfo)]
pub struct SegmentInfo {
    /// Its facts.
    pub facts: Facts,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

#[cfg(test)]
mod tests;
