//! The product search: Chinese words, pinyin, initials, prefixes and typos over an index in memory.
//!
//! It owns no tables: the catalogue feeds it documents and keeps the products. Inverted lists, segments and automata are
//! tantivy's (in RAM, one indexing thread, the smallest writer budget), words are jieba's, readings are the pinyin crate's.
//!
//! * **What is indexed.** Titles and labels (brand, category, tags) by word, by character and pair of characters with
//!   positions, and by sound: pinyin and initials of words, syllables and initials in a row. Subtitles and descriptions by
//!   word only. The pairs make every substring of a title findable, whatever the segmenter made of it.
//! * **How words match.** Every word of a query must match; when that finds nothing, half of them, then most pairs of
//!   Chinese characters, then any word. Within a word, closer meanings are preferred (room `query`).
//! * **Order.** Fixed whole-number weights instead of BM25: a shop's catalogue is better ordered by where the word stands
//!   and then by sales than by how rare the word is, and a score that depends on nothing but the document keeps pages
//!   stable while segments merge.
//! * **Invariants.** Equal ranks fall to the smaller id; a position is the rank of the last hit, so paging an unchanged
//!   index repeats and skips nothing; text is never parsed, so no character in it is an operator.
//! * **Size.** The dictionary takes 33 MB once per process; 10,000 products of 400 characters take 9 MB of index and about
//!   as much of suggestions. A search costs in proportion to what matches, a change in proportion to what changed.
//! * **Deliberately absent.** Synonyms and highlighting; hot words and histories, which are rows of the catalogue.

mod query;
mod ranking;
mod schema;
mod spelling;
mod suggest;
mod text;
mod typo;

#[cfg(test)]
mod tests;

use std::ops::Bound;
use std::sync::{Mutex, PoisonError, RwLock};

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::query::{AllQuery, BooleanQuery, ConstScoreQuery, Occur, RangeQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, Term};

pub use self::ranking::SearchCursor;
pub use self::suggest::{Suggestion, SuggestionKind};

use self::query::{Clause, Reading, Strictness};
use self::ranking::{Ranked, Ranking};
use self::schema::Fields;
use self::suggest::Suggester;

/// Most hits on one page.
const MOST_HITS: usize = 100;
/// The writer's budget for changes, which is the engine's smallest: a change allocates in proportion to it.
const CHANGING_BYTES: usize = 15_000_000;
/// The writer's budget while building: enough for [`BUILT_AT_ONCE`] products, so that few segments have to be merged.
const BUILDING_BYTES: usize = 60_000_000;
/// Products that wait for the indexing thread at most; the engine itself would queue ten thousand.
const BUILT_AT_ONCE: usize = 2_000;
/// Segments merge with others of their size only: changes come one by one, and must not rewrite the whole index with
/// every eighth of them. Sizes up to this many documents count as equal, and above that, those within a factor of eight.
const SMALLEST_LAYER: u32 = 64;
const LAYER_FACTOR_LOG2: f64 = 3.0;
/// Share of replaced documents from which a segment is rewritten.
const REWRITE_FROM: f32 = 0.3;

/// A product as the search knows it.
#[derive(Debug, Clone, Default)]
pub struct SearchDocument {
    /// The product's id.
    pub id: i64,
    /// What the product is called; weighs most.
    pub title: String,
    /// What is said below the title.
    pub subtitle: String,
    /// The brand's name; empty when there is none.
    pub brand: String,
    /// The category and all its ancestors, so that a filter by any of them finds the product.
    pub category_path: Vec<i64>,
    /// The category's own name.
    pub category_name: String,
    /// The product's tags, exactly as filters name them.
    pub tags: Vec<String>,
    /// The least price among the product's SKUs, in fen.
    pub min_price_fen: i64,
    /// How many pieces were sold.
    pub sales: i64,
    /// When the product was put on sale, in milliseconds since 1970.
    pub listed_at_ms: i64,
    /// The kinds of campaigns that the product takes part in now.
    pub campaign_kinds: Vec<String>,
    /// The description as plain text.
    pub text: String,
}

impl SearchDocument {
    /// The short names that are searched like a title, but weigh less.
    fn labels(&self) -> impl Iterator<Item = &str> {
        [self.brand.as_str(), self.category_name.as_str()].into_iter().chain(self.tags.iter().map(String::as_str))
    }
}

/// The order of hits. Equal values fall to the sales (or, under [`Sort::Sales`], to the newer), then to the smaller id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Best match first.
    #[default]
    Relevance,
    /// Most sold first.
    Sales,
    /// Last listed first.
    Newest,
    /// Cheapest first.
    PriceAsc,
    /// Dearest first.
    PriceDesc,
}

impl Sort {
    /// The stable name of the order on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Sales => "sales",
            Self::Newest => "newest",
            Self::PriceAsc => "price_asc",
            Self::PriceDesc => "price_desc",
        }
    }

    /// Reads a name; `None` when it is not one of the list.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Relevance, Self::Sales, Self::Newest, Self::PriceAsc, Self::PriceDesc]
            .into_iter()
            .find(|sort| sort.as_str() == name)
    }
}

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct SearchQuery {
    /// What the shopper typed, of which at most 100 characters are read; when it is blank every product matches.
    pub text: String,
    /// Only products of this category or one below it.
    pub category: Option<i64>,
    /// Only products whose least price is at least this, in fen.
    pub min_price_fen: Option<i64>,
    /// Only products whose least price is at most this, in fen.
    pub max_price_fen: Option<i64>,
    /// Only products with all of these tags.
    pub tags: Vec<String>,
    /// Only products in a campaign of this kind.
    pub campaign: Option<String>,
    /// The order of hits.
    pub sort: Sort,
    /// The position after which the page begins; the first page has none.
    pub after: Option<SearchCursor>,
    /// How many hits the page holds, 1 to 100; other numbers are moved into that range.
    pub limit: usize,
}

/// One page of hits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchHits {
    /// The ids of the products, in order.
    pub ids: Vec<i64>,
    /// How many products match on all pages; always exact.
    pub total: usize,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<SearchCursor>,
    /// The text that was searched for instead, when the one given held typos that match nothing.
    pub corrected: Option<String>,
}

/// Why a search could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The cursor was made under another order.
    #[error("the cursor belongs to another order")]
    ForeignCursor,
    /// The engine failed.
    #[error("the search engine failed: {0}")]
    Engine(#[from] tantivy::TantivyError),
}

/// The index. Searching never waits for changes: it reads the last committed state.
pub struct SearchIndex {
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<IndexWriter>,
    suggester: RwLock<Suggester>,
}

impl SearchIndex {
    /// Builds an index of products. This takes processor time in proportion to the catalogue, so it belongs on a
    /// blocking thread; the documents may be produced while it runs.
    ///
    /// # Errors
    /// [`SearchError::Engine`] when the engine cannot start its threads.
    pub fn build(products: impl IntoIterator<Item = SearchDocument>) -> Result<Self, SearchError> {
        let (schema, fields) = Fields::lay_out();
        text::load_dictionary();
        spelling::load_syllables();
        typo::load_automata(fields)?;
        let index = Index::builder().schema(schema).tokenizers(schema::tokenizers()).create_in_ram()?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let suggester = RwLock::default();
        let intake = Intake { fields, reader: &reader, suggester: &suggester };
        let mut writer = open_writer(&index, BUILDING_BYTES)?;
        let mut products = products.into_iter().peekable();
        while products.peek().is_some() {
            intake.take_in(&mut writer, products.by_ref().take(BUILT_AT_ONCE), [])?;
        }
        writer.wait_merging_threads()?;
        reader.reload()?;
        let writer = Mutex::new(open_writer(&index, CHANGING_BYTES)?);
        Ok(Self { fields, reader, writer, suggester })
    }

    /// Takes in changed and new products and forgets removed ones; only these are segmented. All of it becomes
    /// findable at once. A product that is both changed and removed is removed.
    ///
    /// # Errors
    /// [`SearchError::Engine`] when the engine lost its indexing thread; the index then has to be built anew.
    pub fn apply(
        &self,
        changed: impl IntoIterator<Item = SearchDocument>,
        removed: impl IntoIterator<Item = i64>,
    ) -> Result<(), SearchError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let intake = Intake { fields: self.fields, reader: &self.reader, suggester: &self.suggester };
        intake.take_in(&mut writer, changed, removed)
    }

    /// Finds products.
    ///
    /// # Errors
    /// [`SearchError::ForeignCursor`] when the position was reached under another order.
    pub fn search(&self, query: &SearchQuery) -> Result<SearchHits, SearchError> {
        if query.after.is_some_and(|after| after.sort != query.sort) {
            return Err(SearchError::ForeignCursor);
        }
        let searcher = self.reader.searcher();
        let filters = self.filters(query);
        let Some(reading) = Reading::of(&query.text, &searcher, self.fields)? else {
            return Ok(page(query, run(&searcher, query, &filters, Box::new(AllQuery))?, None));
        };
        for strictness in Strictness::ALL {
            let Some(clause) = reading.query(strictness) else { continue };
            let ranked = run(&searcher, query, &filters, clause)?;
            if ranked.total > 0 {
                return Ok(page(query, ranked, reading.corrected()));
            }
        }
        Ok(SearchHits::default())
    }

    /// Completes what a shopper is typing: words of titles, brands and categories that begin with it in Chinese, in
    /// pinyin or by initials, those that sell most first.
    pub fn suggest(&self, prefix: &str, limit: usize) -> Vec<Suggestion> {
        self.suggester.read().unwrap_or_else(PoisonError::into_inner).suggest(prefix, limit)
    }

    /// The clauses of a query that every hit must satisfy whatever its text.
    fn filters(&self, query: &SearchQuery) -> Vec<Clause> {
        let fields = &self.fields;
        let mut terms = Vec::new();
        terms.extend(query.category.map(|category| Term::from_field_i64(fields.category, category)));
        terms.extend(query.campaign.iter().map(|campaign| Term::from_field_text(fields.campaign, campaign)));
        terms.extend(query.tags.iter().map(|tag| Term::from_field_text(fields.tag, tag)));
        let mut filters: Vec<Clause> = Vec::new();
        for term in terms {
            filters.push(Box::new(TermQuery::new(term, IndexRecordOption::Basic)));
        }
        if query.min_price_fen.is_some() || query.max_price_fen.is_some() {
            let bound = |fen: Option<i64>| {
                fen.map_or(Bound::Unbounded, |fen| Bound::Included(Term::from_field_i64(fields.price, fen)))
            };
            filters.push(Box::new(RangeQuery::new(bound(query.min_price_fen), bound(query.max_price_fen))));
        }
        filters
    }
}

/// A writer with one thread to index and one to merge.
fn open_writer(index: &Index, bytes: usize) -> Result<IndexWriter, SearchError> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(bytes)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    let writer = index.writer_with_options(options)?;
    let mut merging = LogMergePolicy::default();
    merging.set_min_layer_size(SMALLEST_LAYER);
    merging.set_level_log_size(LAYER_FACTOR_LOG2);
    merging.set_del_docs_ratio_before_merge(REWRITE_FROM);
    writer.set_merge_policy(Box::new(merging));
    Ok(writer)
}

/// Where changes go.
struct Intake<'a> {
    fields: Fields,
    reader: &'a IndexReader,
    suggester: &'a RwLock<Suggester>,
}

impl Intake<'_> {
    /// Takes in some products, forgets others, and makes it findable.
    fn take_in(
        &self,
        writer: &mut IndexWriter,
        changed: impl IntoIterator<Item = SearchDocument>,
        removed: impl IntoIterator<Item = i64>,
    ) -> Result<(), SearchError> {
        let suggester = || self.suggester.write().unwrap_or_else(PoisonError::into_inner);
        for product in changed {
            writer.delete_term(Term::from_field_i64(self.fields.id, product.id));
            writer.add_document(self.fields.document(&product))?;
            let mentions = suggest::mentions(&product);
            suggester().put(product.id, product.sales, mentions);
        }
        for id in removed {
            writer.delete_term(Term::from_field_i64(self.fields.id, id));
            suggester().remove(id);
        }
        writer.commit()?;
        Ok(self.reader.reload()?)
    }
}

/// Runs a clause under filters, which add nothing to any score.
fn run(searcher: &Searcher, query: &SearchQuery, filters: &[Clause], clause: Clause) -> Result<Ranked, SearchError> {
    let mut clauses = vec![(Occur::Must, clause)];
    for filter in filters {
        clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(filter.box_clone(), 0.0))));
    }
    let keep = query.limit.clamp(1, MOST_HITS).saturating_add(1);
    let ranking = Ranking { sort: query.sort, after: query.after.map(|after| after.rank), keep };
    Ok(searcher.search(&BooleanQuery::new(clauses), &ranking)?)
}

/// Cuts a page from hits of which one more than its length was kept.
fn page(query: &SearchQuery, mut ranked: Ranked, corrected: Option<String>) -> SearchHits {
    let limit = query.limit.clamp(1, MOST_HITS);
    let more = ranked.hits.len() > limit;
    ranked.hits.truncate(limit);
    let last = ranked.hits.last().filter(|_| more);
    SearchHits {
        ids: ranked.hits.iter().map(|rank| rank.id).collect(),
        total: ranked.total,
        next: last.map(|rank| SearchCursor { sort: query.sort, rank: *rank }),
        corrected,
    }
}
