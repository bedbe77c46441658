//! Sessions (definitions §7): what somebody did in one go.
//!
//! A gap of more than 30 minutes begins a new session, and so does a new share token or campaign code; midnight does
//! not. A session belongs to the day on which it began.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Period, Range, write_moment};
use super::dataset::Dataset;
use super::event::{CAMPAIGN, PAGE, SHARE};
use super::figures::{count, mean, median, ratio, real_signed};
use super::filter::Pick;
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, Full, History, Key};

/// The usual gap: 30 minutes.
pub const GAP_MS: i64 = 30 * 60_000;
/// The longest gap that may be asked for.
const MAX_GAP_MS: i64 = 24 * 3_600_000;

/// Where a row keeps its share token and its campaign code.
const ARRIVAL: [usize; 2] = [0, 1];

/// What divides sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A longer silence ends a session.
    pub gap_ms: i64,
    /// Whether a new share token or campaign code begins one.
    pub arrivals: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self { gap_ms: GAP_MS, arrivals: true }
    }
}

/// How many rows each session of a person has, in order. Rows carry share token and campaign code as their first keys.
pub fn lengths(rule: Rule, rows: &[Full]) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut last: Option<i64> = None;
    let mut arrival = [0_u32; 2];
    for row in rows {
        let quiet = last.is_none_or(|last| row.step.at - last > rule.gap_ms);
        if quiet {
            arrival = [0; 2];
        }
        let mut arrived = false;
        for (held, key) in arrival.iter_mut().zip(ARRIVAL) {
            let code = row.keys.get(key).copied().unwrap_or(0);
            if code != 0 && code != *held {
                *held = code;
                arrived = true;
            }
        }
        match lengths.last_mut() {
            Some(length) if !quiet && (!arrived || !rule.arrivals) => *length += 1,
            _ => lengths.push(1),
        }
        last = Some(row.step.at);
    }
    lengths
}

/// How everybody's events divide into sessions.
#[derive(Debug, Default)]
pub(crate) struct Begins {
    lengths: FxHashMap<Person, Vec<usize>>,
}

impl Begins {
    /// The lengths of a person's sessions in events.
    pub(crate) fn lengths(&self, person: Person) -> impl Iterator<Item = usize> {
        self.lengths.get(&person).into_iter().flatten().copied()
    }
}

/// Divides by the usual rule.
pub(crate) fn begins(history: &History) -> Begins {
    let parts = history.fold(Vec::new, |found: &mut Vec<(Person, Vec<usize>)>, person, rows: &[Full]| {
        found.push((person, lengths(Rule::default(), rows)));
    });
    Begins { lengths: parts.into_iter().flatten().collect() }
}

fn usual_gap() -> i64 {
    GAP_MS
}

fn yes() -> bool {
    true
}

/// The analysis of sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = sessions::Sessions)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// The time of the events that count.
    pub range: Range,
    /// A longer silence ends a session, in milliseconds.
    #[serde(default = "usual_gap")]
    pub gap_ms: i64,
    /// Whether a new share token or campaign code begins a session.
    #[serde(default = "yes")]
    pub split_on_arrival: bool,
    /// Exits are counted by page instead of by event.
    #[serde(default)]
    pub by_page: bool,
}

/// Sessions that began on one day, or on any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = sessions::SessionFigures)]
pub struct SessionFigures {
    /// How many sessions.
    pub sessions: u64,
    /// Sessions of one event.
    pub bounces: u64,
    /// Bounces of all sessions.
    pub bounce_rate: Option<f64>,
    /// Events of a session on average.
    pub events_per_session: Option<f64>,
    /// Mean time from the first event to the last, in milliseconds.
    pub mean_ms: Option<f64>,
    /// Median time from the first event to the last, in milliseconds.
    pub median_ms: Option<f64>,
}

/// Sessions of a day.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = sessions::SessionDay)]
pub struct SessionDay {
    /// The day on which they began.
    pub day: String,
    /// The figures; none while the day lasts.
    pub figures: Option<SessionFigures>,
    /// Whether the day has not fully passed.
    pub incomplete: bool,
}

/// How often sessions end with an event or on a page.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = sessions::Exit)]
pub struct Exit {
    /// The event or page.
    pub name: String,
    /// What staff want the event to be shown as; none when that is its name.
    pub label: Option<String>,
    /// How often it occurs.
    pub times: u64,
    /// How often it is the last of its session.
    pub last: u64,
    /// `last` of `times`.
    pub exit_rate: Option<f64>,
}

/// What the analysis answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = sessions::SessionAnswer)]
pub struct SessionAnswer {
    /// Over the whole range.
    pub total: SessionFigures,
    /// How many people had sessions.
    pub users: u64,
    /// By day.
    pub by_day: Vec<SessionDay>,
    /// By event or page, the commonest first.
    pub exits: Vec<Exit>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

impl Tabular for SessionAnswer {
    fn table(&self) -> Table {
        let headers = ["day", "sessions", "bounces", "bounce_rate", "events_per_session", "mean_ms", "median_ms"];
        let mut table = Table::new(&headers);
        let days = self.by_day.iter().map(|row| (row.day.as_str(), row.figures.as_ref()));
        for (day, figures) in days.chain([("total", Some(&self.total))]) {
            let empty = || vec![String::new(); headers.len() - 1];
            table.row(std::iter::once(day.to_owned()).chain(figures.map_or_else(empty, SessionFigures::cells)));
        }
        table
    }
}

impl SessionFigures {
    fn cells(&self) -> Vec<String> {
        let rates = [cell(self.bounce_rate), cell(self.events_per_session), cell(self.mean_ms), cell(self.median_ms)];
        [self.sessions.to_string(), self.bounces.to_string()].into_iter().chain(rates).collect()
    }
}

/// Which people of the analysis are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = sessions::SessionFigure)]
#[serde(rename_all = "snake_case")]
pub enum SessionFigure {
    /// Those who had a session.
    Users,
    /// Those who had a session of one event.
    Bounced,
}

/// One session.
struct Session {
    person: Person,
    begin: i64,
    duration: f64,
    events: u64,
}

/// One thread's work.
#[derive(Default)]
struct Work {
    sessions: Vec<Session>,
    exits: FxHashMap<u32, (u64, u64)>,
}

impl Sessions {
    fn read(&self, data: &Dataset) -> Result<(Work, History)> {
        let mut ask = Ask::new(self.range, vec![Pick::any()]);
        ask.all = true;
        let node = if self.by_page { Key::property(PAGE) } else { Key::Name };
        let history = History::read(data, &ask.keys(vec![Key::property(SHARE), Key::property(CAMPAIGN), node]))?;
        let rule = Rule { gap_ms: self.gap_ms, arrivals: self.split_on_arrival };
        let parts = history.fold(Work::default, |work, person, rows: &[Full]| work.divide(rule, person, rows));
        let mut all = Work::default();
        for part in parts {
            all.sessions.extend(part.sessions);
            for (code, (times, last)) in part.exits {
                let exit = all.exits.entry(code).or_default();
                *exit = (exit.0 + times, exit.1 + last);
            }
        }
        Ok((all, history))
    }
}

impl Work {
    fn divide(&mut self, rule: Rule, person: Person, rows: &[Full]) {
        let mut rest = rows;
        for length in lengths(rule, rows) {
            let Some((session, others)) = rest.split_at_checked(length) else { return };
            rest = others;
            let (Some(first), Some(last)) = (session.first(), session.last()) else { return };
            let duration = real_signed(last.step.at - first.step.at);
            self.sessions.push(Session { person, begin: first.step.at, duration, events: count(length) });
            for row in session {
                self.exits.entry(row.keys[2]).or_default().0 += 1;
            }
            self.exits.entry(last.keys[2]).or_default().1 += 1;
        }
    }
}

fn figures<'a>(sessions: impl Iterator<Item = &'a Session>) -> SessionFigures {
    let (mut durations, mut all, mut bounces, mut events) = (Vec::new(), 0, 0, 0);
    for session in sessions {
        all += 1;
        bounces += u64::from(session.events == 1);
        events += session.events;
        durations.push(session.duration);
    }
    durations.sort_unstable_by(f64::total_cmp);
    SessionFigures {
        sessions: all,
        bounces,
        bounce_rate: ratio(bounces, all),
        events_per_session: ratio(events, all),
        mean_ms: mean(&durations),
        median_ms: median(&durations),
    }
}

impl Analysis for Sessions {
    type Answer = SessionAnswer;
    type Figure = SessionFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        expect(self.gap_ms > 0, "gap_ms", "window_zero")?;
        expect(self.gap_ms <= MAX_GAP_MS, "gap_ms", "window_too_long")
    }

    fn answer(&self, data: &Dataset) -> Result<SessionAnswer> {
        self.validate()?;
        let (work, history) = self.read(data)?;
        let days = data.zone.buckets(self.range, Period::Day);
        let mut grouped: BTreeMap<usize, Vec<&Session>> = BTreeMap::new();
        for session in &work.sessions {
            grouped.entry(days.of(session.begin).unwrap_or(0)).or_default().push(session);
        }
        let row = |(at, start): (usize, &i64)| {
            let incomplete = days.end_of(at) > data.now;
            let mine = grouped.get(&at).map_or_else(Vec::new, Clone::clone);
            let figures = (!incomplete).then(|| figures(mine.into_iter()));
            SessionDay { day: data.zone.name(*start, Period::Day), figures, incomplete }
        };
        let exit = |(code, (times, last)): (&u32, &(u64, u64))| {
            let name = history.lexicon.text(*code).unwrap_or_else(|| "(none)".to_owned());
            let label = if self.by_page { None } else { data.label(&name) };
            Exit { name, label, times: *times, last: *last, exit_rate: ratio(*last, *times) }
        };
        let mut exits: Vec<Exit> = work.exits.iter().map(exit).collect();
        exits.sort_by(|one, other| other.times.cmp(&one.times).then_with(|| one.name.cmp(&other.name)));
        Ok(SessionAnswer {
            total: figures(work.sessions.iter()),
            users: work.sessions.iter().map(|session| session.person).collect::<PersonSet>().len(),
            by_day: days.starts().iter().enumerate().map(row).collect(),
            exits,
            settled_until: data.settled_until(),
        })
    }

    fn people(&self, data: &Dataset, figure: &SessionFigure) -> Result<PersonSet> {
        self.validate()?;
        let (work, _) = self.read(data)?;
        let meant = |session: &&Session| *figure == SessionFigure::Users || session.events == 1;
        Ok(work.sessions.iter().filter(meant).map(|session| session.person).collect())
    }
}
