//! The fields of the index and how each of them breaks a text into terms.

use std::ops::Range;

use tantivy::TantivyDocument;
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};

use super::SearchDocument;
use super::spelling;
use super::text::{self, Cut, Folded, Lexeme, Nature};

/// A whole label (brand, category, tag) up to this long is also spelled as one word.
const LONGEST_SPELLED: usize = 8;

/// Characters of a subtitle or description that are read; what shoppers search for stands in its beginning, if at all.
const LONGEST_TEXT: usize = 1_000;

/// What a text field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    /// Words, long and nested, and Latin pieces.
    Words,
    /// Words that [`long_words`] has cut already, each followed by a space.
    Listed,
    /// Every character and every pair of neighbours, at their positions: any substring is a phrase of these.
    Grams,
    /// Full pinyin of words.
    Sounds,
    /// Initials of words.
    Initials,
    /// Syllables and pairs of neighbouring syllables, at their positions.
    Syllables,
    /// Pairs of neighbouring initials, at their positions.
    InitialPairs,
}

impl Terms {
    const ALL: [Self; 7] =
        [Self::Words, Self::Listed, Self::Grams, Self::Sounds, Self::Initials, Self::Syllables, Self::InitialPairs];

    const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Listed => "listed",
            Self::Grams => "grams",
            Self::Sounds => "sounds",
            Self::Initials => "initials",
            Self::Syllables => "syllables",
            Self::InitialPairs => "initial_pairs",
        }
    }

    /// Scores are constants, so norms and frequencies are not kept; positions only where phrases are asked for.
    fn options(self) -> TextOptions {
        let record = match self {
            Self::Grams | Self::Syllables | Self::InitialPairs => IndexRecordOption::WithFreqsAndPositions,
            Self::Words | Self::Listed | Self::Sounds | Self::Initials => IndexRecordOption::Basic,
        };
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default().set_tokenizer(self.name()).set_fieldnorms(false).set_index_option(record),
        )
    }
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) id: Field,
    pub(super) category: Field,
    pub(super) tag: Field,
    pub(super) campaign: Field,
    pub(super) price: Field,
    pub(super) title_words: Field,
    pub(super) label_words: Field,
    pub(super) subtitle_words: Field,
    pub(super) text_words: Field,
    pub(super) title_grams: Field,
    pub(super) label_grams: Field,
    pub(super) sounds: Field,
    pub(super) initials: Field,
    pub(super) syllables: Field,
    pub(super) initial_pairs: Field,
    sales: Field,
    listed: Field,
}

/// Name of the column of ids.
pub(super) const ID: &str = "id";
/// Name of the column of least prices.
pub(super) const PRICE: &str = "price";
/// Name of the column of sales.
pub(super) const SALES: &str = "sales";
/// Name of the column of listing times.
pub(super) const LISTED: &str = "listed";

impl Fields {
    /// Lays out the schema.
    pub(super) fn lay_out() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let fields = Self {
            id: schema.add_i64_field(ID, INDEXED | FAST),
            category: schema.add_i64_field("category", INDEXED),
            tag: schema.add_text_field("tag", STRING),
            campaign: schema.add_text_field("campaign", STRING),
            price: schema.add_i64_field(PRICE, FAST),
            sales: schema.add_i64_field(SALES, FAST),
            listed: schema.add_i64_field(LISTED, FAST),
            title_words: schema.add_text_field("title_words", Terms::Words.options()),
            label_words: schema.add_text_field("label_words", Terms::Words.options()),
            subtitle_words: schema.add_text_field("subtitle_words", Terms::Listed.options()),
            text_words: schema.add_text_field("text_words", Terms::Listed.options()),
            title_grams: schema.add_text_field("title_grams", Terms::Grams.options()),
            label_grams: schema.add_text_field("label_grams", Terms::Grams.options()),
            sounds: schema.add_text_field("sounds", Terms::Sounds.options()),
            initials: schema.add_text_field("initials", Terms::Initials.options()),
            syllables: schema.add_text_field("syllables", Terms::Syllables.options()),
            initial_pairs: schema.add_text_field("initial_pairs", Terms::InitialPairs.options()),
        };
        (schema.build(), fields)
    }

    /// The engine's form of a product.
    pub(super) fn document(&self, product: &SearchDocument) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_i64(self.id, product.id);
        document.add_i64(self.price, product.min_price_fen);
        document.add_i64(self.sales, product.sales);
        document.add_i64(self.listed, product.listed_at_ms);
        for category in &product.category_path {
            document.add_i64(self.category, *category);
        }
        for tag in &product.tags {
            document.add_text(self.tag, tag);
        }
        for campaign in &product.campaign_kinds {
            document.add_text(self.campaign, campaign);
        }
        for field in [self.title_words, self.title_grams] {
            document.add_text(field, &product.title);
        }
        for label in product.labels() {
            document.add_text(self.label_words, label);
            document.add_text(self.label_grams, label);
        }
        for spoken in std::iter::once(product.title.as_str()).chain(product.labels()) {
            for field in [self.sounds, self.initials, self.syllables, self.initial_pairs] {
                document.add_text(field, spoken);
            }
        }
        document.add_text(self.subtitle_words, long_words(&product.subtitle));
        document.add_text(self.text_words, long_words(&product.text));
        document
    }
}

/// The tokenizers that the schema names.
pub(super) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    for terms in Terms::ALL {
        manager.register(terms.name(), TextAnalyzer::from(TermTokenizer { terms }));
    }
    manager
}

/// Breaks a text into the terms of one kind of field.
#[derive(Clone)]
struct TermTokenizer {
    terms: Terms,
}

impl Tokenizer for TermTokenizer {
    type TokenStream<'a> = TermStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> TermStream {
        let folded = if self.terms == Terms::Listed { Folded::of("") } else { Folded::of(text) };
        let mut terms = Collected::default();
        match self.terms {
            Terms::Words => words(&folded, &mut terms),
            Terms::Listed => listed(text, &mut terms),
            Terms::Grams => grams(&folded, &mut terms),
            Terms::Sounds => spellings(&folded, spelling::pinyin_of, &mut terms),
            Terms::Initials => spellings(&folded, spelling::initials_of, &mut terms),
            Terms::Syllables => syllables(&folded, &mut terms),
            Terms::InitialPairs => initial_pairs(&folded, &mut terms),
        }
        TermStream { terms, next: 0, token: Token::default() }
    }
}

/// The terms of a text with their positions, written one behind the other: a catalogue has millions of them, and to
/// allocate each would cost more than to index it.
#[derive(Default)]
struct Collected {
    written: String,
    /// Position and end of each term.
    ends: Vec<(usize, usize)>,
}

impl Collected {
    fn push<'a>(&mut self, position: usize, pieces: impl IntoIterator<Item = &'a str>) {
        let start = self.written.len();
        self.written.extend(pieces);
        if self.written.len() > start {
            self.ends.push((position, self.written.len()));
        }
    }

    fn push_characters<'a>(&mut self, position: usize, characters: impl IntoIterator<Item = &'a char>) {
        self.written.extend(characters);
        self.ends.push((position, self.written.len()));
    }
}

/// The words of a text, each followed by a space, without single Chinese characters, which in long texts mean little
/// and weigh much. This is the costly half of indexing, so it is done where documents are made, while the engine's
/// thread indexes those made before.
fn long_words(text: &str) -> String {
    let folded = Folded::of(&text.chars().take(LONGEST_TEXT).collect::<String>());
    let mut words = String::with_capacity(text.len().saturating_mul(2));
    for lexeme in text::lexemes(&folded, Cut::Nested) {
        if lexeme.range.len() > 1 || lexeme.nature == Nature::Latin {
            for word in words_of(&folded, &lexeme) {
                words.push_str(&word);
                words.push(' ');
            }
        }
    }
    words
}

/// The words of a lexeme: a Latin piece is found joined and by its parts.
fn words_of(text: &Folded, lexeme: &Lexeme) -> Vec<String> {
    let piece = text.piece(&lexeme.range);
    match lexeme.nature {
        Nature::Han => vec![piece.iter().collect()],
        Nature::Latin => std::iter::once(text::joined(piece)).chain(text::parts(piece)).collect(),
        Nature::Symbols => Vec::new(),
    }
}

fn words(text: &Folded, terms: &mut Collected) {
    for lexeme in text::lexemes(text, Cut::Nested) {
        for word in words_of(text, &lexeme) {
            terms.push(lexeme.range.start, [word.as_str()]);
        }
    }
}

fn listed(text: &str, terms: &mut Collected) {
    for (position, word) in text.split(' ').enumerate() {
        terms.push(position, [word]);
    }
}

fn grams(text: &Folded, terms: &mut Collected) {
    for run in text.runs() {
        let characters = text.piece(&run);
        let next = characters.iter().map(Some).skip(1).chain([None]);
        for ((position, character), next) in run.zip(characters).zip(next) {
            terms.push_characters(position, [character]);
            if let Some(next) = next {
                terms.push_characters(position, [character, next]);
            }
        }
    }
}

fn spellings(text: &Folded, spell: fn(&[char]) -> Vec<String>, terms: &mut Collected) {
    let words = text::lexemes(text, Cut::Nested).into_iter().filter(|lexeme| lexeme.nature == Nature::Han);
    let mut ranges: Vec<Range<usize>> = words.map(|lexeme| lexeme.range).collect();
    // A name that the segmenter does not know falls apart, yet people type its initials as those of one word.
    let whole = 0..text.chars().len();
    if whole.len() <= LONGEST_SPELLED && !ranges.contains(&whole) {
        ranges.push(whole);
    }
    for range in ranges {
        for spelling in spell(text.piece(&range)) {
            terms.push(range.start, [spelling.as_str()]);
        }
    }
}

fn syllables(text: &Folded, terms: &mut Collected) {
    for run in text::stretches(text.chars(), |character| text::is_han(*character)) {
        let sounds: Vec<Vec<&str>> = text.piece(&run).iter().copied().map(spelling::readings).collect();
        let next = sounds.iter().skip(1).map(Vec::as_slice).chain([[].as_slice()]);
        for ((position, readings), next) in run.zip(&sounds).zip(next) {
            for reading in readings {
                terms.push(position, [*reading]);
                for following in next {
                    terms.push(position, [reading, BETWEEN_SYLLABLES, following]);
                }
            }
        }
    }
}

/// What stands between two neighbouring syllables in one term.
pub(super) const BETWEEN_SYLLABLES: &str = "'";

fn initial_pairs(text: &Folded, terms: &mut Collected) {
    for run in text::stretches(text.chars(), |character| text::is_han(*character)) {
        let initials: Vec<Vec<&str>> = text.piece(&run).iter().copied().map(spelling::initials).collect();
        for (position, (left, right)) in run.zip(initials.iter().zip(initials.iter().skip(1))) {
            for first in left {
                for second in right {
                    terms.push(position, [*first, *second]);
                }
            }
        }
    }
}

/// Hands collected terms to the engine.
struct TermStream {
    terms: Collected,
    next: usize,
    token: Token,
}

impl TokenStream for TermStream {
    fn advance(&mut self) -> bool {
        let end_of = |index: usize| self.terms.ends.get(index).copied();
        let Some((position, end)) = end_of(self.next) else { return false };
        let start = self.next.checked_sub(1).and_then(end_of).map_or(0, |(_, end)| end);
        self.token.reset();
        self.token.position = position;
        self.token.text.push_str(self.terms.written.get(start..end).unwrap_or_default());
        self.next = self.next.saturating_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
