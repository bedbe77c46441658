//! What a shopper's text means: each word becomes a clause, and the clauses are first asked for together, then loosely.
//!
//! Weights are small whole numbers: their sums are exact in floats, so a document scores the same in every segment and
//! on every page, and equal scores are left to the sales.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

use tantivy::query::{BooleanQuery, ConstScoreQuery, EmptyQuery, FuzzyTermQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Score, Searcher, Term};

use super::schema::{BETWEEN_SYLLABLES, Fields};
use super::spelling;
use super::text::{self, Cut, Folded, Lexeme, Nature};
use super::typo;

/// Most characters of a text that are read, and most words of it.
const LONGEST_TEXT: usize = 100;
const MOST_WORDS: usize = 16;
/// Most words of a text for which corrections are looked for, since each look walks through the index's Latin words.
const MOST_CORRECTED: usize = 4;
/// Most letters of one piece that are tried as pinyin.
const LONGEST_PINYIN: usize = 40;
/// Fewest letters of a last Latin word, or of unfinished pinyin, that stand for everything beginning with them.
const SHORTEST_PREFIX: usize = 2;
const SHORTEST_PINYIN_PREFIX: usize = 4;

const IN_TITLE: Score = 16.0;
const IN_LABEL: Score = 6.0;
const IN_SUBTITLE: Score = 3.0;
const IN_TEXT: Score = 1.0;
const WITHIN_TITLE: Score = 4.0;
const WITHIN_LABEL: Score = 2.0;
const VERBATIM: Score = 8.0;
const BY_PARTS: Score = 8.0;
const BEGINS_IN_TITLE: Score = 6.0;
const BEGINS_IN_LABEL: Score = 3.0;
const BY_SOUND: Score = 8.0;
const ACROSS_WORDS: Score = 3.0;
/// More than any one word can score, so that with loose matching more words always beat better ones.
const PER_WORD: Score = 64.0;

/// Words that mean nothing beside others.
const FILLERS: [&str; 10] = ["的", "了", "和", "与", "及", "是", "在", "也", "都", "我"];

/// A part of a query.
pub(super) type Clause = Box<dyn Query>;

/// How strictly the words of a text are asked for; each is tried when the one before finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Every word.
    Every,
    /// At least half of the words.
    Half,
    /// Most neighbouring pairs of Chinese characters, whatever the words are.
    Pairs,
    /// Any word.
    Any,
}

impl Strictness {
    /// From strict to loose.
    pub(super) const ALL: [Self; 4] = [Self::Every, Self::Half, Self::Pairs, Self::Any];
}

/// A text read against an index.
pub(super) struct Reading {
    fields: Fields,
    text: Folded,
    words: Vec<Word>,
}

/// One word of a text and what it may match.
struct Word {
    nature: Nature,
    range: Range<usize>,
    /// Matches that are surely meant.
    sure: Clause,
    /// Those, and those inside longer words.
    full: Clause,
    correction: Option<String>,
}

impl Reading {
    /// Reads a text; `None` when it is empty.
    pub(super) fn of(text: &str, searcher: &Searcher, fields: Fields) -> tantivy::Result<Option<Self>> {
        let text = Folded::of(&text.chars().take(LONGEST_TEXT).collect::<String>());
        let lexemes = meaningful(&text);
        let Some(last) = lexemes.last().map(|lexeme| lexeme.range.end) else { return Ok(None) };
        let matcher = Matcher { searcher, fields, corrections_left: Cell::new(MOST_CORRECTED) };
        let words = lexemes
            .into_iter()
            .map(|Lexeme { nature, range }| {
                let piece = text.piece(&range);
                let Match { sure, full, correction } = match nature {
                    Nature::Latin => matcher.latin(piece, range.end == last)?,
                    Nature::Han | Nature::Symbols => matcher.han(piece),
                };
                Ok(Word { nature, range, sure, full, correction })
            })
            .collect::<tantivy::Result<_>>()?;
        Ok(Some(Self { fields, text, words }))
    }

    /// The query of a strictness; `None` when it would be no other than a stricter one.
    pub(super) fn query(&self, strictness: Strictness) -> Option<Clause> {
        match strictness {
            Strictness::Every => Some(self.every()),
            Strictness::Half if self.words.len() > 2 => self.some(self.words.len().div_ceil(2)),
            Strictness::Pairs => self.pairs(),
            Strictness::Any if self.words.len() > 1 => self.some(1),
            Strictness::Half | Strictness::Any => None,
        }
    }

    /// The text with its typos corrected, when there were any.
    pub(super) fn corrected(&self) -> Option<String> {
        let mut corrected = String::new();
        let mut done = 0;
        for word in &self.words {
            if let Some(correction) = &word.correction {
                corrected.push_str(&self.text.written(&(done..word.range.start)));
                corrected.push_str(correction);
                done = word.range.end;
            }
        }
        corrected.push_str(&self.text.written(&(done..self.text.chars().len())));
        (done > 0).then(|| corrected.trim().to_owned())
    }

    fn every(&self) -> Clause {
        let mut clauses: Vec<(Occur, Clause)> =
            self.words.iter().map(|word| (Occur::Must, word.full.box_clone())).collect();
        if self.words.len() > 1 {
            let runs = self.text.runs();
            let verbatim = runs.iter().filter_map(|run| substring(self.fields.title_grams, self.text.piece(run)));
            clauses.extend(verbatim.map(|clause| (Occur::Should, worth(clause, VERBATIM))));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    /// At least `least` of the words; single characters are too common to be matched alone.
    fn some(&self, least: usize) -> Option<Clause> {
        let clauses: Vec<Clause> = self
            .words
            .iter()
            .filter(|word| word.range.len() > 1)
            .map(|word| all(vec![worth(word.sure.box_clone(), PER_WORD), word.sure.box_clone()]))
            .collect();
        (clauses.len() >= least)
            .then(|| -> Clause { Box::new(BooleanQuery::union_with_minimum_required_clauses(clauses, least)) })
    }

    fn pairs(&self) -> Option<Clause> {
        let mut pairs = Vec::new();
        let mut seen = HashSet::new();
        for stretch in text::stretches(self.text.chars(), |character| text::is_han(*character)) {
            for pair in self.text.piece(&stretch).windows(2).filter(|pair| seen.insert(pair.to_vec())) {
                let pair: String = pair.iter().collect();
                pairs.push(any(vec![
                    worth(term(self.fields.title_grams, &pair), WITHIN_TITLE),
                    worth(term(self.fields.label_grams, &pair), WITHIN_LABEL),
                ]));
            }
        }
        if pairs.len() < 2 {
            return None;
        }
        let least = pairs.len().saturating_mul(2).div_ceil(3);
        let mut clauses: Vec<Clause> = vec![Box::new(BooleanQuery::union_with_minimum_required_clauses(pairs, least))];
        let latin = self.words.iter().filter(|word| word.nature == Nature::Latin);
        clauses.extend(latin.map(|word| word.sure.box_clone()));
        Some(all(clauses))
    }
}

/// The lexemes that say what is searched for: without symbols, fillers and repetitions, unless there is nothing else.
fn meaningful(text: &Folded) -> Vec<Lexeme> {
    let lexemes = text::lexemes(text, Cut::Once);
    let is_filler = |lexeme: &Lexeme| FILLERS.contains(&String::from_iter(text.piece(&lexeme.range)).as_str());
    let is_word = |lexeme: &&Lexeme| lexeme.nature != Nature::Symbols;
    let mut kept: Vec<Lexeme> = lexemes.iter().filter(is_word).filter(|word| !is_filler(word)).cloned().collect();
    if kept.is_empty() {
        kept = lexemes.iter().filter(is_word).cloned().collect();
    }
    if kept.is_empty() {
        kept = lexemes;
    }
    let mut seen = HashSet::new();
    kept.retain(|lexeme| seen.insert(text.piece(&lexeme.range).to_vec()));
    kept.truncate(MOST_WORDS);
    kept
}

/// What a word may match.
struct Match {
    sure: Clause,
    full: Clause,
    correction: Option<String>,
}

/// Finds out what words match in an index.
struct Matcher<'a> {
    searcher: &'a Searcher,
    fields: Fields,
    corrections_left: Cell<usize>,
}

impl Matcher<'_> {
    /// A Chinese word, or symbols.
    fn han(&self, piece: &[char]) -> Match {
        let mut clauses = self.word(&piece.iter().collect::<String>());
        let sure = any(copies(&clauses));
        clauses.extend(self.within(piece));
        Match { sure, full: any(clauses), correction: None }
    }

    /// A Latin word: itself, what it begins, the Chinese it spells, and only if that is nothing, what it may be a typo
    /// of. Looser meanings are tried only when the closer ones match nothing, so that `lyq` stays 连衣裙 where such a
    /// word is sold and never becomes any three characters with those initials.
    fn latin(&self, piece: &[char], last: bool) -> tantivy::Result<Match> {
        let word = text::joined(piece);
        let mut clauses = self.word(&word);
        clauses.extend(self.spelled(&word));
        let exact = self.matches_any(&clauses)?;
        let parts = text::parts(piece);
        if !parts.is_empty() {
            let parts = parts.iter().map(|part| any(self.word(part))).collect();
            clauses.push(worth(all(parts), BY_PARTS));
        }
        if last && word.chars().count() >= SHORTEST_PREFIX {
            clauses.push(worth(beginning(self.fields.title_words, &word), BEGINS_IN_TITLE));
            clauses.push(worth(beginning(self.fields.label_words, &word), BEGINS_IN_LABEL));
        }
        if !exact {
            clauses.extend(self.unfinished_pinyin(&word, last));
        }
        let mut full: Vec<Clause> = copies(&clauses);
        full.extend(self.within(piece));
        let mut correction = None;
        if !self.matches_any(&full)? {
            full.extend(self.initials_across_words(&word).map(|clause| worth(clause, ACROSS_WORDS)));
            if !self.matches_any(&full)? {
                for candidate in self.candidates(&word)? {
                    let meant: Vec<Clause> =
                        self.word(&candidate).into_iter().chain(self.spelled(&candidate)).collect();
                    if self.matches_any(&meant)? {
                        full.extend(copies(&meant));
                        clauses.extend(meant);
                        correction.get_or_insert(candidate);
                    }
                }
            }
        }
        Ok(Match { sure: any(clauses), full: any(full), correction })
    }

    /// What an unknown word may be a typo of.
    fn candidates(&self, word: &str) -> tantivy::Result<Vec<String>> {
        let Some(left) = self.corrections_left.get().checked_sub(1) else { return Ok(Vec::new()) };
        self.corrections_left.set(left);
        typo::candidates(self.searcher, self.fields, word)
    }

    /// A whole word in any text of a product.
    fn word(&self, word: &str) -> Vec<Clause> {
        let fields = &self.fields;
        vec![
            worth(term(fields.title_words, word), IN_TITLE),
            worth(term(fields.label_words, word), IN_LABEL),
            worth(term(fields.subtitle_words, word), IN_SUBTITLE),
            worth(term(fields.text_words, word), IN_TEXT),
        ]
    }

    /// Characters anywhere within titles and labels.
    fn within(&self, piece: &[char]) -> Vec<Clause> {
        let title = substring(self.fields.title_grams, piece).map(|clause| worth(clause, WITHIN_TITLE));
        let label = substring(self.fields.label_grams, piece).map(|clause| worth(clause, WITHIN_LABEL));
        title.into_iter().chain(label).collect()
    }

    /// The pinyin or the initials of a whole word.
    fn spelled(&self, letters: &str) -> Vec<Clause> {
        vec![worth(term(self.fields.sounds, letters), BY_SOUND), worth(term(self.fields.initials, letters), BY_SOUND)]
    }

    /// Pinyin that runs across words, or stops within one.
    fn unfinished_pinyin(&self, letters: &str, last: bool) -> Vec<Clause> {
        if !(SHORTEST_PREFIX..=LONGEST_PINYIN).contains(&letters.len()) {
            return Vec::new();
        }
        let cuts = spelling::cut_syllables(letters);
        let mut clauses: Vec<Clause> = cuts
            .iter()
            .filter_map(|syllables| neighbours(self.fields.syllables, syllables, BETWEEN_SYLLABLES))
            .map(|clause| worth(clause, ACROSS_WORDS))
            .collect();
        if last && letters.len() >= SHORTEST_PINYIN_PREFIX {
            clauses.push(worth(beginning(self.fields.sounds, letters), ACROSS_WORDS));
        }
        clauses
    }

    fn initials_across_words(&self, letters: &str) -> Option<Clause> {
        let letters: Vec<String> = letters.chars().map(String::from).collect();
        let pinyin = letters.len() > 1 && letters.len() <= LONGEST_PINYIN;
        if !pinyin {
            return None;
        }
        neighbours(self.fields.initial_pairs, &letters, "")
    }

    fn matches_any(&self, clauses: &[Clause]) -> tantivy::Result<bool> {
        for clause in clauses {
            if clause.count(self.searcher)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn copies(clauses: &[Clause]) -> Vec<Clause> {
    clauses.iter().map(|clause| clause.box_clone()).collect()
}

/// A clause that scores the same wherever it matches.
fn worth(clause: Clause, score: Score) -> Clause {
    Box::new(ConstScoreQuery::new(clause, score))
}

/// Any of some clauses; their scores add up.
fn any(clauses: Vec<Clause>) -> Clause {
    if clauses.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::union(clauses)) }
}

/// All of some clauses.
fn all(clauses: Vec<Clause>) -> Clause {
    Box::new(BooleanQuery::intersection(clauses))
}

fn term(field: Field, text: &str) -> Clause {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
}

fn beginning(field: Field, text: &str) -> Clause {
    Box::new(FuzzyTermQuery::new_prefix(Term::from_field_text(field, text), 0, true))
}

/// Characters in a row within a field of grams.
fn substring(field: Field, piece: &[char]) -> Option<Clause> {
    let characters: Vec<String> = piece.iter().map(char::to_string).collect();
    neighbours(field, &characters, "")
}

/// Items in a row within a field that holds single items and pairs of neighbours. Every second pair is enough to cover
/// them all.
fn neighbours(field: Field, items: &[String], between: &str) -> Option<Clause> {
    let pairs: Vec<String> = items.windows(2).map(|pair| pair.join(between)).collect();
    let last = pairs.len().saturating_sub(1);
    match (items, pairs.as_slice()) {
        ([], _) => None,
        ([single], _) => Some(term(field, single)),
        (_, [only]) => Some(term(field, only)),
        _ => {
            let covering = pairs.iter().enumerate().filter(|(offset, _)| offset % 2 == 0 || *offset == last);
            let terms = covering.map(|(offset, pair)| (offset, Term::from_field_text(field, pair))).collect();
            Some(Box::new(PhraseQuery::new_with_offset(terms)))
        }
    }
}
