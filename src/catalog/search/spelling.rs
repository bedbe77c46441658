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

/// What reads as itself.
const PLAIN: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// Every syllable that a common character can have.
static SYLLABLES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
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
pub(super) fn readings(character: char) -> Vec<&'static str> {
    if let Some(at) = PLAIN.find(character) {
        return PLAIN.get(at..=at).into_iter().collect();
    }
    let mut found = Vec::new();
    for reading in character.to_pinyin_multi().into_iter().flatten() {
        for typed in typed_as(reading.plain()) {
            if found.len() < READINGS && typed.is_ascii() && !found.contains(&typed) {
                found.push(typed);
            }
        }
    }
    found
}

/// The ways a syllable is typed on a keyboard without `ü`; a syllable that has none is its own only way, twice.
fn typed_as(plain: &'static str) -> [&'static str; 2] {
    match plain {
        "lü" => ["lv", "lu"],
        "nü" => ["nv", "nu"],
        "lüe" => ["lve", "lue"],
        "nüe" => ["nve", "nue"],
        _ => [plain, plain],
    }
}

/// First letters of the readings of a character.
pub(super) fn initials(character: char) -> Vec<&'static str> {
    let mut found = Vec::new();
    for initial in readings(character).into_iter().filter_map(|reading| reading.get(..1)) {
        if !found.contains(&initial) {
            found.push(initial);
        }
    }
    found
}

/// The full pinyin of a word (`lianyiqun`) in all its readings; none when it holds no Chinese character, or one that no
/// table reads.
pub(super) fn pinyin_of(word: &[char]) -> Vec<String> {
    combinations(word, readings)
}

/// The initials of a word (`lyq`); none for a single character, whose initial says too little.
pub(super) fn initials_of(word: &[char]) -> Vec<String> {
    if word.len() > 1 { combinations(word, initials) } else { Vec::new() }
}

/// Every way of taking one of the choices of each character, at most [`SPELLINGS`], the most common ones first.
fn combinations(word: &[char], choices: fn(char) -> Vec<&'static str>) -> Vec<String> {
    if !word.iter().copied().any(is_han) {
        return Vec::new();
    }
    let mut spellings = vec![String::new()];
    for choices in word.iter().copied().map(choices) {
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

    fn spelled(word: &str) -> (Vec<String>, Vec<String>) {
        let word: Vec<char> = word.chars().collect();
        (pinyin_of(&word), initials_of(&word))
    }

    #[test]
    fn a_word_is_spelled_in_full_and_by_initials() {
        let (full, initials) = spelled("连衣裙");
        assert!(full.contains(&"lianyiqun".to_owned()));
        assert_eq!(initials, ["lyq"]);
    }

    #[test]
    fn polyphones_are_spelled_every_way() {
        let (full, initials) = spelled("长裙");
        assert!(full.contains(&"changqun".to_owned()) && full.contains(&"zhangqun".to_owned()));
        assert!(initials.contains(&"cq".to_owned()) && initials.contains(&"zq".to_owned()));
        let (full, _) = spelled("绿色");
        assert!(full.contains(&"lvse".to_owned()) && full.contains(&"luse".to_owned()));
    }

    #[test]
    fn mixed_words_are_spelled_and_plain_latin_is_not() {
        assert_eq!(spelled("t恤").0, ["txu"]);
        assert_eq!(spelled("nike"), (vec![], vec![]));
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
