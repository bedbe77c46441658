//! Text as the index sees it: folded characters, and the words, Latin pieces and symbols they form.
//!
//! Documents and queries go through the same functions, so a word typed the way it is printed is always found.

use std::ops::Range;
use std::sync::LazyLock;

use jieba_rs::Jieba;

/// The segmenter's dictionary takes about 33 MB, so the process holds one for all indexes it ever builds.
static SEGMENTER: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// Loads the dictionary now rather than inside the first query.
pub(super) fn load_dictionary() {
    LazyLock::force(&SEGMENTER);
}

/// A text folded for comparison: half-width, lower-case, without accents or control characters.
///
/// Folding maps one character to one character, so a range of folded characters is also a range of the original.
pub(super) struct Folded {
    folded: Vec<char>,
    original: Vec<char>,
}

impl Folded {
    /// Folds a text; invisible joining characters disappear, every other control character becomes a space.
    pub(super) fn of(text: &str) -> Self {
        let (mut folded, mut original) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for character in text.chars().filter(|character| !is_invisible(*character)) {
            let single = if character.is_control() || character.is_whitespace() { ' ' } else { character };
            folded.push(fold(single));
            original.push(single);
        }
        Self { folded, original }
    }

    /// The folded characters.
    pub(super) fn chars(&self) -> &[char] {
        &self.folded
    }

    /// The folded characters of a range.
    pub(super) fn piece(&self, range: &Range<usize>) -> &[char] {
        self.folded.get(range.clone()).unwrap_or_default()
    }

    /// A range as it was written.
    pub(super) fn written(&self, range: &Range<usize>) -> String {
        self.original.get(range.clone()).unwrap_or_default().iter().collect()
    }

    /// The ranges between spaces.
    pub(super) fn runs(&self) -> Vec<Range<usize>> {
        stretches(&self.folded, |character| *character != ' ')
    }
}

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// A word of the segmenter that holds at least one Chinese character (`连衣裙`, `t恤`).
    Han,
    /// Letters and digits of any other script, with what joins them (`iphone15`, `t-shirt`, `levi's`).
    Latin,
    /// Anything else that is not a space.
    Symbols,
}

/// A stretch of a folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lexeme {
    /// What it is.
    pub(super) nature: Nature,
    /// Where it is, in characters.
    pub(super) range: Range<usize>,
}

/// How finely Chinese is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Each character belongs to one word.
    Once,
    /// Long words are followed by the shorter words inside them, which is how documents are indexed.
    Nested,
}

/// Cuts a text into lexemes, in the order of their ends.
pub(super) fn lexemes(text: &Folded, cut: Cut) -> Vec<Lexeme> {
    // The dictionary writes the Latin letters of mixed words in capitals (T恤, 卡拉OK).
    let capitals: String = text.folded.iter().map(char::to_ascii_uppercase).collect();
    let tokens = match cut {
        Cut::Once => SEGMENTER.cut(&capitals, true),
        Cut::Nested => SEGMENTER.cut_for_search(&capitals, true),
    };
    let mut covered = vec![false; text.folded.len()];
    let mut found = Vec::with_capacity(tokens.len());
    for token in tokens {
        let range = token.start..token.end;
        if text.piece(&range).iter().copied().any(is_han) {
            covered.get_mut(range.clone()).unwrap_or_default().fill(true);
            found.push(Lexeme { nature: Nature::Han, range });
        }
    }
    let rest: Vec<char> =
        text.folded.iter().zip(&covered).map(|(character, covered)| if *covered { ' ' } else { *character }).collect();
    for run in stretches(&rest, |character| *character != ' ') {
        cut_run(&rest, run, &mut found);
    }
    found.sort_by_key(|lexeme| (lexeme.range.end, lexeme.range.start));
    found
}

/// Cuts a run without Chinese into Latin pieces and symbols.
fn cut_run(characters: &[char], run: Range<usize>, found: &mut Vec<Lexeme>) {
    let at = |index: usize| if run.contains(&index) { characters.get(index).copied() } else { None };
    let is_letter = |index: usize| at(index).is_some_and(char::is_alphanumeric);
    let joins = |index: usize| {
        at(index).is_some_and(is_joiner) && index.checked_sub(1).is_some_and(is_letter) && is_letter(index + 1)
    };
    let mut start = run.start;
    while start < run.end {
        let latin = is_letter(start);
        let mut end = start + 1;
        while end < run.end && latin == (is_letter(end) || (latin && joins(end))) {
            end += 1;
        }
        let nature = if latin { Nature::Latin } else { Nature::Symbols };
        found.push(Lexeme { nature, range: start..end });
        start = end;
    }
}

/// A Latin piece without what joins it: `t-shirt` is `tshirt`.
pub(super) fn joined(piece: &[char]) -> String {
    piece.iter().filter(|character| character.is_alphanumeric()).collect()
}

/// The parts of a Latin piece, cut where it is joined and between letters and digits: `iphone15-pro` is `iphone`,
/// `15`, `pro`. Empty when there is but one part.
pub(super) fn parts(piece: &[char]) -> Vec<String> {
    let class = |character: &char| (character.is_alphanumeric(), character.is_numeric());
    let parts: Vec<String> = piece
        .chunk_by(|left, right| class(left) == class(right))
        .filter(|chunk| chunk.iter().any(|character| character.is_alphanumeric()))
        .map(|chunk| chunk.iter().collect())
        .collect();
    if parts.len() > 1 { parts } else { Vec::new() }
}

/// Whether a character is a Chinese one.
pub(super) fn is_han(character: char) -> bool {
    matches!(character, '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The ranges of neighbours that all satisfy `keep`.
pub(super) fn stretches<T>(items: &[T], keep: impl Fn(&T) -> bool) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut ranges = Vec::new();
    for stretch in items.chunk_by(|left, right| keep(left) == keep(right)) {
        let end = start + stretch.len();
        if stretch.first().is_some_and(&keep) {
            ranges.push(start..end);
        }
        start = end;
    }
    ranges
}

fn is_joiner(character: char) -> bool {
    matches!(character, '-' | '.' | '&' | '\'' | '’' | '+' | '_' | '/' | '·')
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe0f}' | '\u{feff}')
}

fn fold(character: char) -> char {
    let half_width = match character {
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(character).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(character)
        }
        _ => character,
    };
    let lower = half_width.to_lowercase().next().unwrap_or(half_width);
    match lower {
        'à'..='å' | 'ā' => 'a',
        'ç' => 'c',
        'è'..='ë' | 'ē' | 'ě' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' | 'ō' => 'o',
        'ù'..='û' | 'ū' => 'u',
        // Pinyin is typed with a v where it is written with a ü.
        'ü' => 'v',
        'ý' | 'ÿ' => 'y',
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, cut: Cut) -> Vec<String> {
        let text = Folded::of(text);
        lexemes(&text, cut).iter().map(|lexeme| text.piece(&lexeme.range).iter().collect()).collect()
    }

    #[test]
    fn width_case_accents_and_control_characters_are_folded() {
        let folded = |text: &str| Folded::of(text).chars().iter().collect::<String>();
        assert_eq!(folded("ＮＩＫＥ　Ａｉｒ\u{0}９０"), "nike air 90");
        assert_eq!(folded("Nestlé连\u{200b}衣裙"), "nestle连衣裙");
    }

    #[test]
    fn chinese_latin_and_symbols_are_cut_apart_but_mixed_words_stay_whole() {
        assert_eq!(words("法式连衣裙 Nike T恤 100%", Cut::Once), ["法式", "连衣裙", "nike", "t恤", "100", "%"]);
        assert!(words("法式连衣裙", Cut::Nested).contains(&"衣裙".to_owned()));
    }

    #[test]
    fn a_latin_piece_is_known_joined_and_by_its_parts() {
        let piece: Vec<char> = "iphone15-pro".chars().collect();
        assert_eq!(joined(&piece), "iphone15pro");
        assert_eq!(parts(&piece), ["iphone", "15", "pro"]);
        assert!(parts(&['a', 'b']).is_empty());
        assert_eq!(words("levi's-t -- x", Cut::Once), ["levi's-t", "--", "x"]);
    }
}
