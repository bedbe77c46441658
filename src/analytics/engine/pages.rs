//! Pages, clicks and words (definitions §14).
#![allow(clippy::float_arithmetic, reason = "means of times and depths, and the grid of a picture")]

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Period, Range};
use super::dataset::Dataset;
use super::event::PAGE;
use super::figures::{count, mean, number, ratio, real, real_signed, whole};
use super::filter::{Pick, check_name};
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, Full, History, Key};
use super::sessions::GAP_MS;

/// How deep a page was scrolled, as share of its length from 0 to 1.
pub const SCROLL: &str = "$scroll";
/// Where a click was, as share of the width from 0 to 1.
pub const CLICK_X: &str = "$x";
/// Where a click was, in widths from the top.
pub const CLICK_Y: &str = "$y";
/// The id of the element that was clicked.
pub const ELEMENT: &str = "$element";

/// The page table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = pages::Pages)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The time of the views.
    pub range: Range,
    /// The event of a view.
    pub view: Pick,
    /// The property that names what is viewed: the page, or the advertising slot.
    #[serde(default = "page")]
    pub by: String,
}

fn page() -> String {
    PAGE.to_owned()
}

/// One page.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = pages::PageFigures)]
pub struct PageFigures {
    /// Its path.
    pub page: String,
    /// Views.
    pub views: u64,
    /// People who viewed it.
    pub viewers: u64,
    /// Mean time to the next view of the session, in milliseconds; last views have none.
    pub mean_ms: Option<f64>,
    /// Views that are the last of their session, of all.
    pub exit_rate: Option<f64>,
    /// Mean depth of scrolling, of the views that tell.
    pub mean_scroll: Option<f64>,
}

/// What the page table answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = pages::PagesAnswer)]
pub struct PagesAnswer {
    /// The pages, the most viewed first.
    pub pages: Vec<PageFigures>,
}

/// The viewers of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = pages::PageFigure)]
#[serde(deny_unknown_fields)]
pub struct PageFigure {
    /// Its path.
    pub page: String,
}

impl Tabular for PagesAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["page", "views", "viewers", "mean_ms", "exit_rate", "mean_scroll"]);
        for row in &self.pages {
            let rates = [row.mean_ms, row.exit_rate, row.mean_scroll].map(cell);
            table.row([row.page.clone(), row.views.to_string(), row.viewers.to_string()].into_iter().chain(rates));
        }
        table
    }
}

/// What one page gathers.
#[derive(Default)]
struct Seen {
    views: u64,
    viewers: PersonSet,
    exits: u64,
    times: Vec<f64>,
    scrolls: Vec<f64>,
}

impl Pages {
    fn read(&self, data: &Dataset) -> Result<(BTreeMap<u32, Seen>, History)> {
        let mut ask = Ask::new(self.range, vec![self.view.clone()]);
        ask.number = Some(SCROLL.to_owned());
        let history = History::read(data, &ask.keys(vec![Key::property(&self.by)]))?;
        let parts = history.fold(BTreeMap::new, |pages: &mut BTreeMap<u32, Seen>, person, rows: &[Full]| {
            let nexts = rows.iter().skip(1).map(Some).chain([None]);
            for (row, next) in rows.iter().zip(nexts) {
                let page = pages.entry(row.keys[0]).or_default();
                page.views += 1;
                page.viewers.insert(person);
                match next.map(|next| next.step.at - row.step.at).filter(|time| *time <= GAP_MS) {
                    Some(time) => page.times.push(real_signed(time)),
                    None => page.exits += 1,
                }
                page.scrolls.extend(Some(row.number).filter(|number| !number.is_nan()));
            }
        });
        let mut all: BTreeMap<u32, Seen> = BTreeMap::new();
        for (code, part) in parts.into_iter().flatten() {
            let page = all.entry(code).or_default();
            page.views += part.views;
            page.exits += part.exits;
            page.viewers = page.viewers.or(&part.viewers);
            page.times.extend(part.times);
            page.scrolls.extend(part.scrolls);
        }
        Ok((all, history))
    }
}

impl Analysis for Pages {
    type Answer = PagesAnswer;
    type Figure = PageFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.view.validate("view")?;
        check_name(&self.by, "by")
    }

    fn answer(&self, data: &Dataset) -> Result<PagesAnswer> {
        self.validate()?;
        let (pages, history) = self.read(data)?;
        let figures = |(code, seen): (u32, Seen)| PageFigures {
            page: history.lexicon.text(code).unwrap_or_else(|| "(none)".to_owned()),
            views: seen.views,
            viewers: seen.viewers.len(),
            mean_ms: mean(&seen.times),
            exit_rate: ratio(seen.exits, seen.views),
            mean_scroll: mean(&seen.scrolls),
        };
        let mut pages: Vec<PageFigures> = pages.into_iter().map(figures).collect();
        pages.sort_by(|one, other| other.views.cmp(&one.views).then_with(|| one.page.cmp(&other.page)));
        Ok(PagesAnswer { pages })
    }

    fn people(&self, data: &Dataset, figure: &PageFigure) -> Result<PersonSet> {
        self.validate()?;
        let (mut pages, history) = self.read(data)?;
        let code = if figure.page == "(none)" { 0 } else { history.lexicon.code(&figure.page) };
        Ok(pages.remove(&code).map(|seen| seen.viewers).unwrap_or_default())
    }
}

/// Where people click on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = pages::HeatMap)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// The time of the clicks.
    pub range: Range,
    /// The event of a click.
    pub click: Pick,
    /// The page.
    pub page: String,
    /// Cells across the width.
    pub columns: u32,
    /// Cells from the top; what lies further down counts to the last row. Cells are square.
    pub rows: u32,
}

/// What the heat map answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = pages::HeatMapAnswer)]
pub struct HeatMapAnswer {
    /// Clicks by row from the top, and by column from the left.
    pub grid: Vec<Vec<u64>>,
    /// Clicks by element, the most clicked first.
    #[schema(value_type = Vec<Vec<serde_json::Value>>, example = json!([["buy-button", 42]]))]
    pub elements: Vec<(String, u64)>,
    /// Clicks whose place is not known.
    pub nowhere: u64,
}

/// Those who clicked an element; on anything, without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = pages::HeatMapFigure)]
#[serde(deny_unknown_fields)]
pub struct HeatMapFigure {
    /// Its id.
    #[serde(default)]
    pub element: Option<String>,
}

impl Tabular for HeatMapAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["row", "column", "clicks"]);
        for (at, row) in self.grid.iter().enumerate() {
            for (column, clicks) in row.iter().enumerate().filter(|(_, clicks)| **clicks > 0) {
                table.row([at.to_string(), column.to_string(), clicks.to_string()]);
            }
        }
        table
    }
}

impl HeatMap {
    fn read(&self, data: &Dataset) -> Result<History> {
        let click = self.click.clone().and(PAGE, super::filter::Op::Eq, vec![self.page.as_str().into()]);
        let mut ask = Ask::new(self.range, vec![click]);
        ask.time = false;
        ask.number = Some(CLICK_X.to_owned());
        History::read(data, &ask.keys(vec![Key::property(CLICK_Y), Key::property(ELEMENT)]))
    }

    /// The cell of a click.
    fn cell(&self, x: f64, y: Option<f64>) -> Option<(usize, usize)> {
        let y = y.filter(|y| *y >= 0.0)?;
        let columns = real(u64::from(self.columns));
        let place = |share: f64, last: u32| {
            Some(usize::try_from(whole((share * columns).floor())?).ok()?.min(super::figures::place(last - 1)))
        };
        (0.0..=1.0).contains(&x).then_some(())?;
        Some((place(y, self.rows)?, place(x, self.columns)?))
    }
}

impl Analysis for HeatMap {
    type Answer = HeatMapAnswer;
    type Figure = HeatMapFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.click.validate("click")?;
        check_name(&self.page, "page")?;
        expect((1..=200).contains(&self.columns), "columns", "out_of_range")?;
        expect((1..=2_000).contains(&self.rows), "rows", "out_of_range")
    }

    fn answer(&self, data: &Dataset) -> Result<HeatMapAnswer> {
        self.validate()?;
        let history = self.read(data)?;
        type Part = (FxHashMap<(usize, usize), u64>, FxHashMap<u32, u64>, u64);
        let heights = |code: u32| history.lexicon.text(code).and_then(|text| text.parse::<f64>().ok());
        let parts = history.fold(Part::default, |(cells, elements, nowhere), _: Person, rows: &[Full]| {
            for row in rows {
                match self.cell(row.number, heights(row.keys[0])) {
                    Some(cell) => super::figures::add(cells, cell, 1),
                    None => *nowhere += 1,
                }
                super::figures::add(elements, row.keys[1], 1);
            }
        });
        let across = super::figures::place(self.columns);
        let mut answer = HeatMapAnswer {
            grid: vec![vec![0; across]; super::figures::place(self.rows)],
            elements: Vec::new(),
            nowhere: 0,
        };
        let mut elements: BTreeMap<String, u64> = BTreeMap::new();
        for (cells, by_element, nowhere) in parts {
            answer.nowhere += nowhere;
            for ((row, column), clicks) in cells {
                if let Some(cell) = answer.grid.get_mut(row).and_then(|row| row.get_mut(column)) {
                    *cell += clicks;
                }
            }
            for (code, clicks) in by_element {
                *elements.entry(history.lexicon.text(code).unwrap_or_else(|| "(none)".to_owned())).or_default() +=
                    clicks;
            }
        }
        answer.elements = elements.into_iter().collect();
        answer.elements.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        Ok(answer)
    }

    fn people(&self, data: &Dataset, figure: &HeatMapFigure) -> Result<PersonSet> {
        self.validate()?;
        let history = self.read(data)?;
        let code = figure.element.as_ref().map(|element| history.lexicon.code(element));
        let parts = history.fold(Vec::new, |found: &mut Vec<Person>, person, rows: &[Full]| {
            if rows.iter().any(|row| code.is_none_or(|code| row.keys[1] == code)) {
                found.push(person);
            }
        });
        Ok(parts.into_iter().flatten().collect())
    }
}

/// What people search for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = pages::HotWords)]
#[serde(deny_unknown_fields)]
pub struct HotWords {
    /// The time of the searches.
    pub range: Range,
    /// The event of a search.
    pub search: Pick,
    /// The event of a click on a result, which carries the word too.
    pub click: Pick,
    /// The property that holds the word.
    pub word: String,
    /// The property of a search that holds the number of results.
    pub results: String,
    /// How many words are shown.
    pub top: usize,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = pages::Word)]
pub struct Word {
    /// The word.
    pub word: String,
    /// How often it was searched for.
    pub searches: u64,
    /// By how many people.
    pub searchers: u64,
    /// The mean number of results.
    pub mean_results: Option<f64>,
    /// Clicks on results by searches.
    pub click_rate: Option<f64>,
    /// Searches without a result.
    pub empty: u64,
}

/// What hot words answer.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = pages::HotWordsAnswer)]
pub struct HotWordsAnswer {
    /// The words, the most searched for first.
    pub words: Vec<Word>,
    /// The words that found nothing, the most searched for first.
    pub without_results: Vec<Word>,
}

/// Those who searched for a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = pages::WordFigure)]
#[serde(deny_unknown_fields)]
pub struct WordFigure {
    /// The word.
    pub word: String,
}

impl Tabular for HotWordsAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["word", "searches", "searchers", "mean_results", "click_rate", "empty"]);
        for word in &self.words {
            let counts = [word.searches.to_string(), word.searchers.to_string()];
            let rates = [cell(word.mean_results), cell(word.click_rate), word.empty.to_string()];
            table.row(std::iter::once(word.word.clone()).chain(counts).chain(rates));
        }
        table
    }
}

/// What one word gathers.
#[derive(Default)]
struct Sought {
    searches: u64,
    searchers: PersonSet,
    clicks: u64,
    results: Vec<f64>,
}

impl HotWords {
    fn read(&self, data: &Dataset) -> Result<(BTreeMap<u32, Sought>, History)> {
        let mut ask = Ask::new(self.range, vec![self.search.clone(), self.click.clone()]);
        ask.time = false;
        ask.number = Some(self.results.clone());
        let history = History::read(data, &ask.keys(vec![Key::property(&self.word)]))?;
        let parts = history.fold(BTreeMap::new, |words: &mut BTreeMap<u32, Sought>, person, rows: &[Full]| {
            for row in rows.iter().filter(|row| row.keys[0] != 0) {
                let word = words.entry(row.keys[0]).or_default();
                if row.step.mask & 1 == 1 {
                    word.searches += 1;
                    word.searchers.insert(person);
                    word.results.extend(Some(row.number).filter(|number| !number.is_nan()));
                }
                word.clicks += u64::from(row.step.mask & 2 == 2);
            }
        });
        let mut all: BTreeMap<u32, Sought> = BTreeMap::new();
        for (code, part) in parts.into_iter().flatten() {
            let word = all.entry(code).or_default();
            word.searches += part.searches;
            word.clicks += part.clicks;
            word.searchers = word.searchers.or(&part.searchers);
            word.results.extend(part.results);
        }
        Ok((all, history))
    }
}

impl Analysis for HotWords {
    type Answer = HotWordsAnswer;
    type Figure = WordFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.search.validate("search")?;
        self.click.validate("click")?;
        check_name(&self.word, "word")?;
        check_name(&self.results, "results")?;
        expect((1..=1_000).contains(&self.top), "top", "out_of_range")
    }

    fn answer(&self, data: &Dataset) -> Result<HotWordsAnswer> {
        self.validate()?;
        let (words, history) = self.read(data)?;
        let told = |(code, sought): (u32, Sought)| Word {
            word: history.lexicon.text(code).unwrap_or_default(),
            searches: sought.searches,
            searchers: sought.searchers.len(),
            mean_results: mean(&sought.results),
            click_rate: ratio(sought.clicks, sought.searches),
            empty: count(sought.results.iter().filter(|results| **results == 0.0).count()),
        };
        let mut words: Vec<Word> = words.into_iter().map(told).filter(|word| word.searches > 0).collect();
        words.sort_by(|one, other| other.searches.cmp(&one.searches).then_with(|| one.word.cmp(&other.word)));
        let empty = words.iter().filter(|word| word.empty > 0 && word.empty == word.searches);
        let without_results = empty.take(self.top).cloned().collect();
        words.truncate(self.top.min(super::figures::place(number(words.len()))));
        Ok(HotWordsAnswer { words, without_results })
    }

    fn people(&self, data: &Dataset, figure: &WordFigure) -> Result<PersonSet> {
        self.validate()?;
        let (mut words, history) = self.read(data)?;
        Ok(words.remove(&history.lexicon.code(&figure.word)).map(|word| word.searchers).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::engine::testing::{MONDAY, days, event, history};

    #[test]
    fn views_times_and_exits_are_counted_by_page() {
        let view = |who, at, page: &str| event(who, "view", MONDAY + at).with(PAGE, page);
        let data = history(vec![
            view(1, 0, "home"),
            view(1, 1_000, "mug").with(SCROLL, 0.5),
            view(1, GAP_MS + 2_000, "home"),
            view(2, 0, "home"),
        ]);
        let pages = Pages { range: days(1), view: Pick::named("view"), by: page() };
        let answer = pages.answer(&data).unwrap();
        let home = &answer.pages[0];
        assert_eq!((home.views, home.viewers, home.mean_ms, home.exit_rate), (3, 2, Some(1_000.0), Some(2.0 / 3.0)));
        assert_eq!((answer.pages[1].mean_ms, answer.pages[1].mean_scroll), (None, Some(0.5)));
        assert_eq!(
            pages.people(&data, &PageFigure { page: "mug".into() }).unwrap().iter().collect::<Vec<_>>(),
            vec![1]
        );
    }

    #[test]
    fn clicks_fall_into_square_cells() {
        let click = |x: f64, y: f64| event(1, "click", MONDAY).with(PAGE, "home").with(CLICK_X, x).with(CLICK_Y, y);
        let data = history(vec![
            click(0.0, 0.0).with(ELEMENT, "buy"),
            click(1.0, 0.49),
            click(0.5, 9.0),
            click(1.5, 0.0),
            event(2, "click", MONDAY).with(PAGE, "home").with(ELEMENT, "buy"),
            event(2, "click", MONDAY).with(PAGE, "other"),
        ]);
        let map = HeatMap { range: days(1), click: Pick::named("click"), page: "home".into(), columns: 2, rows: 3 };
        let answer = map.answer(&data).unwrap();
        assert_eq!(answer.grid, vec![vec![1, 1], vec![0, 0], vec![0, 1]]);
        assert_eq!((answer.nowhere, answer.elements[0].clone()), (2, ("(none)".into(), 3)));
        let figure = HeatMapFigure { element: Some("buy".into()) };
        assert_eq!(map.people(&data, &figure).unwrap().len(), 2);
        assert_eq!(HeatMap { columns: 0, ..map }.validate().unwrap_err().reason, "out_of_range");
    }

    #[test]
    fn words_are_ranked_and_those_without_results_listed() {
        let search =
            |who, word: &str, results: f64| event(who, "search", MONDAY).with("word", word).with("results", results);
        let data = history(vec![
            search(1, "杯子", 4.0),
            search(2, "杯子", 2.0),
            event(2, "search_click", MONDAY + 1).with("word", "杯子"),
            search(1, "zzz", 0.0),
        ]);
        let words = HotWords {
            range: days(1),
            search: Pick::named("search"),
            click: Pick::named("search_click"),
            word: "word".into(),
            results: "results".into(),
            top: 1,
        };
        let answer = words.answer(&data).unwrap();
        let first = &answer.words[0];
        assert_eq!(
            (first.searches, first.searchers, first.mean_results, first.click_rate),
            (2, 2, Some(3.0), Some(0.5))
        );
        assert_eq!((answer.words.len(), answer.without_results[0].word.as_str()), (1, "zzz"));
        assert_eq!(words.people(&data, &WordFigure { word: "zzz".into() }).unwrap().len(), 1);
    }
}
