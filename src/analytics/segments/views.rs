//! Segments of people on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::SegmentRow;
use super::{SegmentId, SegmentKind, condition_of};
use crate::analytics::engine::audience::Condition;
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;

/// A segment of people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SegmentView {
    /// The segment.
    pub segment_id: SegmentId,
    /// How it is called.
    #[schema(example = "下单未付款")]
    pub name: String,
    /// How it knows its people.
    pub kind: SegmentKind,
    /// The condition that they fulfil, or fulfilled once; null for those who were behind a figure.
    pub condition: Option<Condition>,
    /// How many persons it had when they were last counted, with those who never logged in.
    #[schema(example = 128)]
    pub people: i64,
    /// When that was.
    pub counted_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<SegmentRow> for SegmentView {
    fn from(row: SegmentRow) -> Self {
        Self {
            segment_id: row.id,
            condition: condition_of(&row).ok(),
            name: row.name,
            kind: row.kind,
            people: row.people,
            counted_at: row.counted_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A condition to be kept as a segment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSegmentBody {
    /// How it is called.
    #[schema(min_length = 1, max_length = 60, example = "三十天内两次购买")]
    pub name: String,
    /// The condition. Another segment is asked for by its id.
    pub condition: Condition,
    /// Whether those who fulfil it now are kept, instead of the condition.
    #[serde(default)]
    #[schema(example = false)]
    pub fixed: bool,
}

/// Another name and condition of a living segment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentBody {
    /// How it is called.
    #[schema(min_length = 1, max_length = 60, example = "三十天内两次购买")]
    pub name: String,
    /// The condition. Another segment is asked for by its id.
    pub condition: Condition,
}

/// The people of a segment now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SegmentPeople {
    /// The segment, counted anew.
    pub segment: SegmentView,
    /// As of when.
    pub as_of: Timestamp,
    /// How many persons there are, with those who never logged in.
    #[schema(example = 128)]
    pub people: u64,
    /// How many of them ever logged in.
    #[schema(example = 96)]
    pub users: usize,
    /// The first thousand of those who logged in.
    pub user_ids: Vec<UserId>,
}

/// Two segments to be compared.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentPair {
    /// The one.
    pub one: SegmentId,
    /// The other.
    pub other: SegmentId,
}

/// How two segments overlap.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct SegmentOverlap {
    /// As of when.
    pub as_of: Timestamp,
    /// Persons of the one alone.
    #[schema(example = 40)]
    pub only_one: u64,
    /// Persons of both.
    #[schema(example = 88)]
    pub both: u64,
    /// Persons of the other alone.
    #[schema(example = 12)]
    pub only_other: u64,
}
