//! How Chinese sounds in Latin letters: readings of characters, spellings of words, and typed pinyin cut into syllables.

use std::collections::HashSet;
use std::sync::LazyLock;

use pinyin::ToPinyinMulti as _;

use super::text::is_han;

/// Most readings of one character that are considered; the pinyin tables list the common ones first.
const READINGS: usize = 5;
/// Most spellings of one word, so that a word of many polyphones does not flood the index.
const SPELLINGS: usize = 16;
/// Most ways of cutting typed pinyin into syllables (`fangan` is `fan gan` and `fang an`).
const CUTS: usize = 6;
/// Letters of the longest syllable (`zhuang`).
const LONGEST: usize = 6;

/// Every syllable that a common character can have.
static SYLLABLES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    ('\u{4e00}'..='\u{9fa5}')
        .flat_map(readings)
        .filter(|syllable| syllable.contains(['a', 'e', 'i', 'o', 'u', 'v']))
        .collect()
});

/// Loads the table of syllables now rather than inside the first query.
pub(super) fn load_syllables() {
    LazyLock::force(&SYLLABLES);
}

/// The readings of a character without tones, the common ones first; a Latin letter or digit reads as itself.
///
/// `ü` is both `v` and `u`, since people type either.
pub(super) fn readings(character: char) -> Vec<String> {
    if character.is_ascii_alphanumeric() {
        return vec![character.to_string()];
    }
    let mut found: Vec<String> = Vec::new();
    let mut keep = |reading: String| {
        if found.len() < READINGS && reading.is_ascii() && !found.contains(&reading) {
            found.push(reading);
        }
    };
    for reading in character.to_pinyin_multi().into_iter().flatten() {
        let plain = reading.plain();
        keep(plain.replace('ü', "v"));
        keep(plain.replace('ü', "u"));
    }
    found
}

/// First letters of the readings of a character.
pub(super) fn initials(character: char) -> Vec<char> {
    let mut found = Vec::new();
    for initial in readings(character).iter().filter_map(|reading| reading.chars().next()) {
        if !found.contains(&initial) {
            found.push(initial);
        }
    }
    found
}

/// The ways a word can be typed in Latin letters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spelling {
    /// Full pinyin: `lianyiqun`.
    pub(super) full: Vec<String>,
    /// Initials, of words of at least two characters: `lyq`.
    pub(super) initials: Vec<String>,
}

/// Spells a word; nothing when it holds no Chinese character, or one that no table reads.
pub(super) fn spell(word: &[char]) -> Spelling {
    if !word.iter().copied().any(is_han) {
        return Spelling::default();
    }
    let sounds: Vec<Vec<String>> = word.iter().copied().map(readings).collect();
    let first: Vec<Vec<String>> =
        word.iter().map(|character| initials(*character).iter().map(char::to_string).collect()).collect();
    let initials = if word.len() > 1 { combinations(&first) } else { Vec::new() };
    Spelling { full: combinations(&sounds), initials }
}

/// Every way of taking one reading of each character, at most [`SPELLINGS`]; the most common readings come first.
fn combinations(readings: &[Vec<String>]) -> Vec<String> {
    let mut spellings = vec![String::new()];
    for choices in readings {
        spellings = choices
            .iter()
            .flat_map(|choice| spellings.iter().map(move |start| format!("{start}{choice}")))
            .take(SPELLINGS)
            .collect();
    }
    spellings
}

/// The ways of cutting letters into syllables, longer syllables first; empty when they are not pinyin.
pub(super) fn cut_syllables(letters: &str) -> Vec<Vec<String>> {
    let mut cutter = Cutter::default();
    cutter.cut(letters);
    cutter.found
}

/// The state of one search for cuts.
#[derive(Default)]
struct Cutter {
    so_far: Vec<String>,
    found: Vec<Vec<String>>,
    /// Lengths of endings that are known not to be pinyin: without them hostile letters would be tried in every way.
    dead_ends: HashSet<usize>,
}

impl Cutter {
    /// Tries every first syllable of `letters`; tells whether any of them led to a complete cut.
    fn cut(&mut self, letters: &str) -> bool {
        if letters.is_empty() {
            if !self.so_far.is_empty() {
                self.found.push(self.so_far.clone());
            }
            return true;
        }
        if self.dead_ends.contains(&letters.len()) {
            return false;
        }
        let mut complete = false;
        for length in (1..=LONGEST.min(letters.len())).rev() {
            let Some((syllable, rest)) = letters.split_at_checked(length) else { continue };
            if self.found.len() < CUTS && SYLLABLES.contains(syllable) {
                self.so_far.push(syllable.to_owned());
                complete |= self.cut(rest);
                self.so_far.pop();
            }
        }
        if !complete && self.found.len() < CUTS {
            self.dead_ends.insert(letters.len());
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(word: &str) -> Spelling {
        spell(&word.chars().collect::<Vec<_>>())
    }

    #[test]
    fn a_word_is_spelled_in_full_and_by_initials() {
        let spelling = spelled("连衣裙");
        assert!(spelling.full.contains(&"lianyiqun".to_owned()));
        assert_eq!(spelling.initials, ["lyq"]);
    }

    #[test]
    fn polyphones_are_spelled_every_way() {
        let long = spelled("长裙");
        assert!(long.full.contains(&"changqun".to_owned()) && long.full.contains(&"zhangqun".to_owned()));
        assert!(long.initials.contains(&"cq".to_owned()) && long.initials.contains(&"zq".to_owned()));
        let green = spelled("绿色");
        assert!(green.full.contains(&"lvse".to_owned()) && green.full.contains(&"luse".to_owned()));
    }

    #[test]
    fn mixed_words_are_spelled_and_plain_latin_is_not() {
        assert_eq!(spelled("t恤").full, ["txu"]);
        assert_eq!(spelled("nike"), Spelling::default());
    }

    #[test]
    fn pinyin_is_cut_every_way_and_english_is_mostly_not_pinyin() {
        assert!(cut_syllables("lianyiqun").contains(&vec!["lian".to_owned(), "yi".to_owned(), "qun".to_owned()]));
        let ways = cut_syllables("fangan");
        assert!(ways.contains(&vec!["fang".to_owned(), "an".to_owned()]));
        assert!(ways.contains(&vec!["fan".to_owned(), "gan".to_owned()]));
        assert!(cut_syllables("iphone").is_empty() && cut_syllables("").is_empty() && cut_syllables("lyq").is_empty());
    }
}
