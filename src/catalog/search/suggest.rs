//! Suggestions while a shopper types: the words of titles, brands and categories under everything they may begin with.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::SearchDocument;
use super::spelling;
use super::text::{self, Cut, Folded, Nature};

/// Where a suggested text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuggestionKind {
    /// The name of a category.
    Category,
    /// The name of a brand.
    Brand,
    /// A word of titles.
    Word,
}

impl SuggestionKind {
    /// The stable name of the kind on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Brand => "brand",
            Self::Word => "word",
        }
    }
}

/// A text to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The text as shops write it.
    pub text: String,
    /// Where it comes from.
    pub kind: SuggestionKind,
    /// How many products mention it.
    pub count: usize,
}

/// A text that a product mentions.
pub(super) struct Mention {
    folded: String,
    written: String,
    kind: SuggestionKind,
}

/// The texts that a product mentions, each once; a brand or category counts as such even when the title repeats it, and
/// a piece of the brand's name is not suggested beside the name.
pub(super) fn mentions(product: &SearchDocument) -> Vec<Mention> {
    let mut found = Vec::new();
    for (name, kind) in [(&product.category_name, SuggestionKind::Category), (&product.brand, SuggestionKind::Brand)] {
        let written = name.trim().to_owned();
        found.push(Mention { folded: key(&Folded::of(&written)), written, kind });
    }
    let title = Folded::of(&product.title);
    let brand = Folded::of(&product.brand);
    let in_brand = |piece: &[char]| brand.chars().windows(piece.len().max(1)).any(|window| window == piece);
    for lexeme in text::lexemes(&title, Cut::Once) {
        let piece = title.piece(&lexeme.range);
        let worth_suggesting =
            lexeme.nature != Nature::Symbols && piece.iter().any(|character| character.is_alphabetic());
        if piece.len() > 1 && worth_suggesting && !in_brand(piece) {
            let (folded, written) = (piece.iter().collect(), title.written(&lexeme.range));
            found.push(Mention { folded, written, kind: SuggestionKind::Word });
        }
    }
    let mut seen = HashSet::new();
    found.retain(|mention| !mention.folded.is_empty() && seen.insert(mention.folded.clone()));
    found
}

/// The folded text with single spaces.
fn key(text: &Folded) -> String {
    let runs: Vec<String> = text.runs().iter().map(|run| text.piece(run).iter().collect()).collect();
    runs.join(" ")
}

/// A text that at least one product mentions.
struct Phrase {
    folded: String,
    written: String,
    count: usize,
    brands: usize,
    categories: usize,
    sales: i128,
}

impl Phrase {
    fn kind(&self) -> SuggestionKind {
        match (self.categories, self.brands) {
            (0, 0) => SuggestionKind::Word,
            (0, _) => SuggestionKind::Brand,
            _ => SuggestionKind::Category,
        }
    }

    /// Everything a shopper may type the beginning of.
    fn keys(&self) -> HashSet<String> {
        let characters: Vec<char> = self.folded.chars().collect();
        let mut keys: HashSet<String> = spelling::pinyin_of(&characters).into_iter().collect();
        keys.extend(spelling::initials_of(&characters));
        keys.insert(self.folded.clone());
        keys.insert(text::joined(&characters));
        keys.remove("");
        keys
    }
}

/// What one product contributes, kept so that it can be taken back.
struct Contribution {
    sales: i64,
    mentioned: Vec<(u32, SuggestionKind)>,
}

/// The suggestions of all products.
#[derive(Default)]
pub(super) struct Suggester {
    phrases: HashMap<u32, Phrase>,
    numbers: HashMap<String, u32>,
    keys: BTreeSet<(String, u32)>,
    by_product: HashMap<i64, Contribution>,
    next_number: u32,
}

impl Suggester {
    /// Takes in a product, replacing what it mentioned before.
    pub(super) fn put(&mut self, product: i64, sales: i64, mentions: Vec<Mention>) {
        self.remove(product);
        let mut mentioned = Vec::with_capacity(mentions.len());
        for mention in mentions {
            let kind = mention.kind;
            let number = self.number(mention);
            if let Some(phrase) = self.phrases.get_mut(&number) {
                phrase.count = phrase.count.saturating_add(1);
                phrase.brands = phrase.brands.saturating_add(usize::from(kind == SuggestionKind::Brand));
                phrase.categories = phrase.categories.saturating_add(usize::from(kind == SuggestionKind::Category));
                phrase.sales = phrase.sales.saturating_add(i128::from(sales));
                mentioned.push((number, kind));
            }
        }
        self.by_product.insert(product, Contribution { sales, mentioned });
    }

    /// Forgets a product.
    pub(super) fn remove(&mut self, product: i64) {
        let Some(Contribution { sales, mentioned }) = self.by_product.remove(&product) else { return };
        for (number, kind) in mentioned {
            let Some(phrase) = self.phrases.get_mut(&number) else { continue };
            phrase.count = phrase.count.saturating_sub(1);
            phrase.brands = phrase.brands.saturating_sub(usize::from(kind == SuggestionKind::Brand));
            phrase.categories = phrase.categories.saturating_sub(usize::from(kind == SuggestionKind::Category));
            phrase.sales = phrase.sales.saturating_sub(i128::from(sales));
            if phrase.count == 0 {
                for key in phrase.keys() {
                    self.keys.remove(&(key, number));
                }
                self.numbers.remove(&phrase.folded);
                self.phrases.remove(&number);
            }
        }
    }

    /// The texts that begin with what was typed, those that sell most first and names before words.
    pub(super) fn suggest(&self, typed: &str, limit: usize) -> Vec<Suggestion> {
        let typed = key(&Folded::of(typed));
        if typed.is_empty() {
            return Vec::new();
        }
        let tail = self.keys.range((typed.clone(), 0)..).take_while(|(key, _)| key.starts_with(&typed));
        let numbers: HashSet<u32> = tail.map(|(_, number)| *number).collect();
        let mut found: Vec<&Phrase> = numbers.iter().filter_map(|number| self.phrases.get(number)).collect();
        let order = |phrase: &&Phrase| (Reverse(phrase.sales), phrase.kind(), Reverse(phrase.count));
        found.sort_unstable_by(|left, right| {
            order(left).cmp(&order(right)).then_with(|| left.folded.cmp(&right.folded))
        });
        let shown =
            |phrase: &Phrase| Suggestion { text: phrase.written.clone(), kind: phrase.kind(), count: phrase.count };
        found.into_iter().take(limit).map(shown).collect()
    }

    /// The number of a phrase, which is new when nobody mentioned it before.
    fn number(&mut self, mention: Mention) -> u32 {
        if let Some(number) = self.numbers.get(&mention.folded) {
            return *number;
        }
        let number = self.next_number;
        self.next_number = self.next_number.wrapping_add(1);
        let Mention { folded, written, .. } = mention;
        let phrase = Phrase { folded, written, count: 0, brands: 0, categories: 0, sales: 0 };
        self.keys.extend(phrase.keys().into_iter().map(|key| (key, number)));
        self.numbers.insert(phrase.folded.clone(), number);
        self.phrases.insert(number, phrase);
        number
    }
}
