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

/// What a text field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    /// Words, long and nested, and Latin pieces.
    Words,
    /// As [`Terms::Words`] without single Chinese characters, which in long texts mean little and weigh much.
    LongWords,
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
        [Self::Words, Self::LongWords, Self::Grams, Self::Sounds, Self::Initials, Self::Syllables, Self::InitialPairs];

    const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::LongWords => "long_words",
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
            Self::Words | Self::LongWords | Self::Sounds | Self::Initials => IndexRecordOption::Basic,
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
            subtitle_words: schema.add_text_field("subtitle_words", Terms::LongWords.options()),
            text_words: schema.add_text_field("text_words", Terms::LongWords.options()),
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
        document.add_text(self.subtitle_words, &product.subtitle);
        document.add_text(self.text_words, &product.text);
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
        let folded = Folded::of(text);
        let mut terms = Collected::default();
        match self.terms {
            Terms::Words => words(&folded, 1, &mut terms),
            Terms::LongWords => words(&folded, 2, &mut terms),
            Terms::Grams => grams(&folded, &mut terms),
            Terms::Sounds => spellings(&folded, |spelling| spelling.full, &mut terms),
            Terms::Initials => spellings(&folded, |spelling| spelling.initials, &mut terms),
            Terms::Syllables => syllables(&folded, &mut terms),
            Terms::InitialPairs => initial_pairs(&folded, &mut terms),
        }
        TermStream { terms: terms.0.into_iter(), token: Token::default() }
    }
}

/// The terms of a text with their positions.
#[derive(Default)]
struct Collected(Vec<(usize, String)>);

impl Collected {
    fn push(&mut self, position: usize, term: String) {
        if !term.is_empty() {
            self.0.push((position, term));
        }
    }
}

fn words(text: &Folded, shortest_han: usize, terms: &mut Collected) {
    for Lexeme { nature, range } in text::lexemes(text, Cut::Nested) {
        let piece = text.piece(&range);
        match nature {
            Nature::Han if piece.len() >= shortest_han => terms.push(range.start, piece.iter().collect()),
            Nature::Latin => {
                terms.push(range.start, text::joined(piece));
                for part in text::parts(piece) {
                    terms.push(range.start, part);
                }
            }
            Nature::Han | Nature::Symbols => {}
        }
    }
}

fn grams(text: &Folded, terms: &mut Collected) {
    for run in text.runs() {
        let characters = text.piece(&run);
        let next = characters.iter().map(Some).skip(1).chain([None]);
        for ((position, character), next) in run.zip(characters).zip(next) {
            terms.push(position, character.to_string());
            if let Some(next) = next {
                terms.push(position, String::from_iter([character, next]));
            }
        }
    }
}

fn spellings(text: &Folded, choose: impl Fn(spelling::Spelling) -> Vec<String>, terms: &mut Collected) {
    let words = text::lexemes(text, Cut::Nested).into_iter().filter(|lexeme| lexeme.nature == Nature::Han);
    let mut ranges: Vec<Range<usize>> = words.map(|lexeme| lexeme.range).collect();
    // A name that the segmenter does not know falls apart, yet people type its initials as those of one word.
    let whole = 0..text.chars().len();
    if whole.len() <= LONGEST_SPELLED && !ranges.contains(&whole) {
        ranges.push(whole);
    }
    for range in ranges {
        for spelling in choose(spelling::spell(text.piece(&range))) {
            terms.push(range.start, spelling);
        }
    }
}

fn syllables(text: &Folded, terms: &mut Collected) {
    for run in text::stretches(text.chars(), |character| text::is_han(*character)) {
        let sounds: Vec<Vec<String>> = text.piece(&run).iter().copied().map(spelling::readings).collect();
        let next = sounds.iter().skip(1).map(Vec::as_slice).chain([[].as_slice()]);
        for ((position, readings), next) in run.zip(&sounds).zip(next) {
            for reading in readings {
                terms.push(position, reading.clone());
                for following in next {
                    terms.push(position, syllable_pair(reading, following));
                }
            }
        }
    }
}

/// The term of two neighbouring syllables.
pub(super) fn syllable_pair(first: &str, second: &str) -> String {
    format!("{first}'{second}")
}

fn initial_pairs(text: &Folded, terms: &mut Collected) {
    for run in text::stretches(text.chars(), |character| text::is_han(*character)) {
        let initials: Vec<Vec<char>> = text.piece(&run).iter().copied().map(spelling::initials).collect();
        for (position, (left, right)) in run.zip(initials.iter().zip(initials.iter().skip(1))) {
            for first in left {
                for second in right {
                    terms.push(position, String::from_iter([first, second]));
                }
            }
        }
    }
}

/// Hands collected terms to the engine.
struct TermStream {
    terms: std::vec::IntoIter<(usize, String)>,
    token: Token,
}

impl TokenStream for TermStream {
    fn advance(&mut self) -> bool {
        let Some((position, text)) = self.terms.next() else { return false };
        self.token = Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
