//! The order of hits, and the collector that keeps the best of them after a position.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::Sort;
use super::schema::{ID, LISTED, PRICE, SALES};

/// Where a hit stands: greater `first` comes earlier, then greater `second`, then smaller id, so no two are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank {
    first: i64,
    second: i64,
    pub(super) id: i64,
}

impl Ord for Rank {
    /// Earlier hits are smaller.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.first, other.second, self.id).cmp(&(self.first, self.second, other.id))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A position in the hits of a query: that of the last hit seen, under the sort it was seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    pub(super) sort: Sort,
    pub(super) rank: Rank,
}

impl SearchCursor {
    /// The opaque text of this position.
    pub fn encode(self) -> String {
        let Rank { first, second, id } = self.rank;
        URL_SAFE_NO_PAD.encode(format!("{}.{first}.{second}.{id}", self.sort.as_str()))
    }

    /// Reads a position; `None` when the text was not made by [`SearchCursor::encode`].
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.split('.');
        let sort = Sort::parse(parts.next()?)?;
        let mut number = || parts.next()?.parse::<i64>().ok();
        let rank = Rank { first: number()?, second: number()?, id: number()? };
        parts.next().is_none().then_some(Self { sort, rank })
    }
}

/// Keeps the first `keep` hits after a position and counts all of them.
pub(super) struct Ranking {
    pub(super) sort: Sort,
    pub(super) after: Option<Rank>,
    pub(super) keep: usize,
}

/// What [`Ranking`] gathers.
#[derive(Default)]
pub(super) struct Ranked {
    /// How many documents matched, before any position.
    pub(super) total: usize,
    /// The hits kept, in order.
    pub(super) hits: Vec<Rank>,
}

impl Collector for Ranking {
    type Fruit = Ranked;
    type Child = SegmentRanking;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentRanking> {
        let column = |name| Ok::<_, tantivy::TantivyError>(segment.fast_fields().i64(name)?.first_or_default_col(0));
        let (first, second) = match self.sort {
            Sort::Relevance => (None, Some(column(SALES)?)),
            Sort::Sales => (Some(column(SALES)?), Some(column(LISTED)?)),
            Sort::Newest => (Some(column(LISTED)?), None),
            Sort::PriceAsc | Sort::PriceDesc => (Some(column(PRICE)?), Some(column(SALES)?)),
        };
        Ok(SegmentRanking {
            columns: Columns { sort: self.sort, id: column(ID)?, first, second },
            after: self.after,
            keep: self.keep,
            total: 0,
            best: BinaryHeap::with_capacity(self.keep.saturating_add(1)),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance
    }

    fn merge_fruits(&self, segments: Vec<Ranked>) -> tantivy::Result<Ranked> {
        let mut all = Ranked::default();
        for segment in segments {
            all.total = all.total.saturating_add(segment.total);
            all.hits.extend(segment.hits);
        }
        all.hits.sort_unstable();
        all.hits.truncate(self.keep);
        Ok(all)
    }
}

type Column = Arc<dyn ColumnValues<i64>>;

/// The values of one segment that decide the order.
struct Columns {
    sort: Sort,
    id: Column,
    first: Option<Column>,
    second: Option<Column>,
}

impl Columns {
    fn rank(&self, document: DocId, score: Score) -> Rank {
        let value = |column: &Option<Column>| column.as_ref().map_or(0, |column| column.get_val(document));
        let first = match self.sort {
            // The bits of floats that are not negative are ordered as the floats are.
            Sort::Relevance => i64::from(score.to_bits()),
            Sort::PriceAsc => value(&self.first).saturating_neg(),
            Sort::Sales | Sort::Newest | Sort::PriceDesc => value(&self.first),
        };
        Rank { first, second: value(&self.second), id: self.id.get_val(document) }
    }
}

/// [`Ranking`] within one segment.
pub(super) struct SegmentRanking {
    columns: Columns,
    after: Option<Rank>,
    keep: usize,
    total: usize,
    /// The last of those kept is on top.
    best: BinaryHeap<Rank>,
}

impl SegmentCollector for SegmentRanking {
    type Fruit = Ranked;

    fn collect(&mut self, document: DocId, score: Score) {
        self.total = self.total.saturating_add(1);
        let rank = self.columns.rank(document, score);
        if self.after.is_some_and(|after| rank <= after) {
            return;
        }
        if self.best.len() < self.keep {
            self.best.push(rank);
        } else if self.best.peek().is_some_and(|worst| rank < *worst) {
            self.best.pop();
            self.best.push(rank);
        }
    }

    fn harvest(self) -> Ranked {
        Ranked { total: self.total, hits: self.best.into_sorted_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_nonsense_is_no_cursor() {
        let cursor = SearchCursor { sort: Sort::PriceAsc, rank: Rank { first: -5, second: 3, id: 9 } };
        assert_eq!(SearchCursor::decode(&cursor.encode()), Some(cursor));
        assert_eq!(SearchCursor::decode("relevance"), None);
        assert_eq!(SearchCursor::decode(&URL_SAFE_NO_PAD.encode("sales.1.2.3.4")), None);
    }

    #[test]
    fn ties_go_to_the_smaller_id() {
        let rank = |first, second, id| Rank { first, second, id };
        let mut ranks = [rank(1, 1, 2), rank(2, 0, 9), rank(1, 1, 1), rank(1, 5, 7)];
        ranks.sort_unstable();
        assert_eq!(ranks.iter().map(|rank| rank.id).collect::<Vec<_>>(), [9, 7, 1, 2]);
    }
}
