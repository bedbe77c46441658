//! Words of the index that a mistyped Latin word may stand for.

use std::cmp::Reverse;
use std::collections::HashMap;

use tantivy::query::FuzzyTermQuery;
use tantivy::{Searcher, Term};

use super::schema::Fields;

/// Letters from which one edit is forgiven, and from which two are.
const ONE_EDIT: usize = 4;
const TWO_EDITS: usize = 8;
/// Longer words are not corrected: the automaton grows with them and nobody means them.
const LONGEST: usize = 32;
/// The first byte that no ASCII term begins with.
const BEYOND_LATIN: [u8; 1] = [0x80];
/// Most candidates offered.
const OFFERED: usize = 4;

/// Builds the tables of the automata now rather than inside the first query with a typo.
pub(super) fn load_automata(fields: Fields) -> tantivy::Result<()> {
    for edits in [1, 2] {
        FuzzyTermQuery::new(Term::from_field_text(fields.title_words, "a"), edits, true).automaton()?;
    }
    Ok(())
}

/// Words of titles and labels, and pinyin of their words, within the edits that the length of `word` forgives: the
/// closest first, and among those the ones most products have. An exchange of neighbours is one edit.
pub(super) fn candidates(searcher: &Searcher, fields: Fields, word: &str) -> tantivy::Result<Vec<String>> {
    let letters = word.chars().count();
    let most_edits = match letters {
        ONE_EDIT..TWO_EDITS => 1,
        TWO_EDITS..=LONGEST => 2,
        _ => 0,
    };
    for edits in 1..=most_edits {
        let found = within(searcher, fields, word, edits)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn within(searcher: &Searcher, fields: Fields, word: &str, edits: u8) -> tantivy::Result<Vec<String>> {
    let mut frequencies: HashMap<String, u32> = HashMap::new();
    for field in [fields.title_words, fields.label_words, fields.sounds] {
        let automaton = FuzzyTermQuery::new(Term::from_field_text(field, word), edits, true).automaton()?;
        for segment in searcher.segment_readers() {
            let index = segment.inverted_index(field)?;
            // Chinese terms are sorted behind Latin ones and would all be walked through, edit by edit.
            let mut terms = index.terms().search(&automaton).lt(BEYOND_LATIN).into_stream()?;
            while terms.advance() {
                if let Ok(term) = std::str::from_utf8(terms.key()) {
                    let frequency = frequencies.entry(term.to_owned()).or_default();
                    *frequency = frequency.saturating_add(terms.value().doc_freq);
                }
            }
        }
    }
    let mut found: Vec<(String, u32)> = frequencies.into_iter().collect();
    found.sort_unstable_by(|left, right| (Reverse(left.1), &left.0).cmp(&(Reverse(right.1), &right.0)));
    Ok(found.into_iter().map(|(term, _)| term).take(OFFERED).collect())
}
