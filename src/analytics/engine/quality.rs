//! High-quality users, backwards (definitions §11): where those come from whom a merchant wants more of, and what they
//! did at first. Associations, never causes.
#![allow(clippy::float_arithmetic, reason = "rates and lifts of people")]

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analysis::{Table, Tabular, cell};
use super::audience::{Audience, Condition, Lookup, first_seen};
use super::calendar::{Period, Range};
use super::dataset::Dataset;
use super::figures::{quotient, ratio, real, real_signed, wilson};
use super::filter::check_name;
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet, REGISTRATION_CHANNEL};
use super::scan::{Ask, Full, History, Key};

/// Behaviours are those of the first three days.
const FIRST_DAYS_MS: i64 = 3 * 86_400_000;
/// Behaviours of fewer people say nothing.
const SUPPORT: u64 = 30;

/// What new users are told apart by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = quality::Origin)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Something that is known about them, such as the channel of their registration.
    Attribute(String),
    /// The first value that a property of their events had: a page, a campaign, a share, a group chat.
    FirstValue(String),
}

impl Default for Origin {
    fn default() -> Self {
        Self::Attribute(REGISTRATION_CHANNEL.to_owned())
    }
}

/// A question for the origin of high-quality users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = quality::Quality)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// When the users were first seen; it must have passed.
    pub range: Range,
    /// Who is of high quality.
    pub quality: Audience,
    /// What they are told apart by.
    #[serde(default)]
    pub origin: Origin,
    /// What each origin cost, in fen.
    #[serde(default)]
    #[schema(example = json!({"mini_program": 120_000}))]
    pub cost_fen: BTreeMap<String, i64>,
}

/// One origin.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = quality::OriginFigures)]
pub struct OriginFigures {
    /// The origin; `(none)` when it is not known.
    pub origin: String,
    /// New users.
    pub new: u64,
    /// Of high quality.
    pub hits: u64,
    /// Hits of new users.
    pub rate: Option<f64>,
    /// The interval of 95 % of the rate (Wilson).
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// The rate by the rate of all.
    pub lift: Option<f64>,
    /// Cost of one hit, in fen.
    pub cost_per_hit_fen: Option<f64>,
    /// Of all hits.
    pub share_of_hits: Option<f64>,
    /// Of all new users.
    pub share_of_new: Option<f64>,
}

/// Something that new users did in their first three days.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = quality::Behaviour)]
pub struct Behaviour {
    /// The event.
    pub event: String,
    /// New users who did it, before anything that counts towards quality.
    pub support: u64,
    /// Those of them of high quality.
    pub hits: u64,
    /// P(Q | b) / P(Q).
    pub lift: Option<f64>,
}

/// What the analysis answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = quality::QualityAnswer)]
pub struct QualityAnswer {
    /// New users.
    pub new: u64,
    /// Of high quality.
    pub hits: u64,
    /// By origin, the highest rate first.
    pub origins: Vec<OriginFigures>,
    /// Behaviours of at least 30 people, the highest lift first: associations, not causes.
    pub behaviours: Vec<Behaviour>,
}

/// Which people of the answer are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = quality::QualityFigure)]
#[serde(deny_unknown_fields)]
pub struct QualityFigure {
    /// Only those of high quality.
    pub hits: bool,
    /// Only those of this origin.
    #[serde(default)]
    pub origin: Option<String>,
}

impl Tabular for QualityAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["origin", "new", "hits", "rate", "low", "high", "lift", "cost_per_hit_fen"]);
        for row in &self.origins {
            let figures = [row.rate, row.low, row.high, row.lift, row.cost_per_hit_fen].map(cell);
            table.row([row.origin.clone(), row.new.to_string(), row.hits.to_string()].into_iter().chain(figures));
        }
        table
    }
}

/// New users with their origin, and what they did at first.
struct Found {
    origins: BTreeMap<Person, String>,
    hits: PersonSet,
    behaviours: BTreeMap<String, PersonSet>,
}

impl Quality {
    /// Checks the question.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.quality.validate()?;
        expect(self.cost_fen.len() <= 1_000, "cost_fen", "too_many_values")?;
        match &self.origin {
            Origin::Attribute(name) | Origin::FirstValue(name) => check_name(name, "origin"),
        }
    }

    /// Answers; other audiences are found in `lookup`.
    ///
    /// # Errors
    /// What is wrong with the question (`range_not_passed` while new users may still come), or what the disk says.
    pub fn answer(&self, data: &Dataset, lookup: &dyn Lookup) -> Result<QualityAnswer> {
        let found = self.find(data, lookup)?;
        let new = super::figures::count(found.origins.len());
        let hits = found.hits.len();
        let overall = ratio(hits, new);
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (person, origin) in &found.origins {
            let sum = sums.entry(origin).or_default();
            *sum = (sum.0 + 1, sum.1 + u64::from(found.hits.contains(*person)));
        }
        let lift = |hits: u64, people: u64| {
            ratio(hits, people).zip(overall).and_then(|(rate, overall)| quotient(rate, overall))
        };
        let figures = |(origin, (people, good)): (&str, (u64, u64))| OriginFigures {
            origin: origin.to_owned(),
            new: people,
            hits: good,
            rate: ratio(good, people),
            low: wilson(good, people).map(|interval| interval.0),
            high: wilson(good, people).map(|interval| interval.1),
            lift: lift(good, people),
            cost_per_hit_fen: self.cost_fen.get(origin).and_then(|cost| quotient(real_signed(*cost), real(good))),
            share_of_hits: ratio(good, hits),
            share_of_new: ratio(people, new),
        };
        let mut origins: Vec<OriginFigures> = sums.into_iter().map(figures).collect();
        origins.sort_by(|one, other| other.rate.unwrap_or(0.0).total_cmp(&one.rate.unwrap_or(0.0)));
        let behaviour = |(event, people): (String, PersonSet)| {
            let (support, hits) = (people.len(), people.and(&found.hits).len());
            (support >= SUPPORT).then(|| Behaviour { event, support, hits, lift: lift(hits, support) })
        };
        let mut behaviours: Vec<Behaviour> = found.behaviours.into_iter().filter_map(behaviour).collect();
        behaviours.sort_by(|one, other| other.lift.unwrap_or(0.0).total_cmp(&one.lift.unwrap_or(0.0)));
        Ok(QualityAnswer { new, hits, origins, behaviours })
    }

    /// The persons behind a figure.
    ///
    /// # Errors
    /// As of [`Quality::answer`].
    pub fn people(&self, data: &Dataset, lookup: &dyn Lookup, figure: &QualityFigure) -> Result<PersonSet> {
        let found = self.find(data, lookup)?;
        let meant = |(person, origin): &(&Person, &String)| {
            let of_origin = figure.origin.as_ref().is_none_or(|wanted| wanted == *origin);
            of_origin && (!figure.hits || found.hits.contains(**person))
        };
        Ok(found.origins.iter().filter(meant).map(|(person, _)| *person).collect())
    }

    fn find(&self, data: &Dataset, lookup: &dyn Lookup) -> Result<Found> {
        self.validate()?;
        expect(self.range.to <= data.now, "range", "range_not_passed")?;
        let seen: FxHashMap<Person, i64> =
            first_seen(data, self.range.to)?.into_iter().filter(|(_, at)| self.range.contains(*at)).collect();
        let new: PersonSet = seen.keys().copied().collect();
        let hits = self.quality.members(data, lookup)?.and(&new);
        let part = data.clone().only(new);
        let mut own = BTreeSet::new();
        events_of(&self.quality.condition, &mut own);
        let (behaviours, firsts) = self.first_days(&part, &seen, &own)?;
        let origin = |person: Person| match &self.origin {
            Origin::Attribute(name) => data.attributes.get(person, name).map(super::event::Value::label),
            Origin::FirstValue(_) => firsts.get(&person).cloned(),
        };
        let named = |person: &Person| (*person, origin(*person).unwrap_or_else(|| "(none)".to_owned()));
        Ok(Found { origins: seen.keys().map(named).collect(), hits, behaviours })
    }

    /// What new users did in their first three days before anything that counts towards quality, and the first value
    /// of the property that names their origin.
    fn first_days(
        &self,
        data: &Dataset,
        seen: &FxHashMap<Person, i64>,
        own: &BTreeSet<String>,
    ) -> Result<(BTreeMap<String, PersonSet>, FxHashMap<Person, String>)> {
        let range = Range { from: self.range.from, to: self.range.to + FIRST_DAYS_MS };
        let mut ask = Ask::new(range, Vec::new());
        ask.all = true;
        let property = match &self.origin {
            Origin::FirstValue(name) => Key::property(name),
            Origin::Attribute(_) => Key::Session,
        };
        let history = History::read(data, &ask.keys(vec![Key::Name, property]))?;
        let own: BTreeSet<u32> = own.iter().map(|name| history.lexicon.code(name)).collect();
        type Part = (FxHashMap<u32, PersonSet>, Vec<(Person, u32)>);
        let parts = history.fold(Part::default, |(done, firsts), person, rows: &[Full]| {
            let Some(start) = seen.get(&person) else { return };
            firsts.extend(rows.iter().map(|row| row.keys[1]).find(|code| *code != 0).map(|code| (person, code)));
            let met = rows.iter().find(|row| own.contains(&row.keys[0])).map_or(i64::MAX, |row| row.step.at);
            for row in rows.iter().filter(|row| row.step.at < met && row.step.at < start + FIRST_DAYS_MS) {
                done.entry(row.keys[0]).or_default().insert(person);
            }
        });
        let mut behaviours: BTreeMap<String, PersonSet> = BTreeMap::new();
        let mut firsts = FxHashMap::default();
        for (done, values) in parts {
            for (code, people) in done {
                let all = behaviours.entry(history.lexicon.text(code).unwrap_or_default()).or_default();
                *all = all.or(&people);
            }
            firsts.extend(values.into_iter().filter_map(|(who, code)| Some((who, history.lexicon.text(code)?))));
        }
        Ok((behaviours, firsts))
    }
}

/// The names of the events that a condition looks at: whoever did one of them may have met it.
fn events_of(condition: &Condition, names: &mut BTreeSet<String>) {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|part| events_of(part, names)),
        Condition::Not(part) => events_of(part, names),
        Condition::Did { event, .. }
        | Condition::DidNot { event, .. }
        | Condition::FirstDid { event, .. }
        | Condition::Stopped { event, .. }
        | Condition::Restarted { event, .. }
        | Condition::Regularly { event, .. }
        | Condition::Soon { event, .. } => {
            names.insert(event.event.clone());
        }
        Condition::Sequence { first, then, .. } => {
            names.insert(first.event.clone());
            names.insert(then.event.clone());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analytics::engine::audience::{Alone, Compare, Window};
    use crate::analytics::engine::event::Value;
    use crate::analytics::engine::filter::Pick;
    use crate::analytics::engine::people::Attributes;
    use crate::analytics::engine::testing::{DAY, MONDAY, event, history};

    #[test]
    fn origins_and_first_behaviours_are_told_with_their_uncertainty() {
        let mut events = Vec::new();
        let mut attributes = Attributes::default();
        for person in 0..80_u32 {
            let at = MONDAY + i64::from(person);
            events.push(event(person, "look", at));
            if person % 2 == 0 {
                events.push(event(person, "follow", at + 10));
            }
            if person % 4 == 0 {
                events.push(event(person, "pay", at + DAY));
                events.push(event(person, "review", at + 2 * DAY));
            }
            attributes.set(person, REGISTRATION_CHANNEL, Value::from(if person < 40 { "ad" } else { "share" }));
        }
        let data = Dataset { attributes: Arc::new(attributes), ..history(events) };
        let paid = Condition::Did { event: Pick::named("pay"), compare: Compare::Gte, times: 1, window: Window::Ever };
        let asked = Quality {
            range: Range { from: MONDAY, to: MONDAY + DAY },
            quality: Audience { as_of: MONDAY + 9 * DAY, condition: paid },
            origin: Origin::default(),
            cost_fen: BTreeMap::from([("ad".to_owned(), 1_000)]),
        };
        let answer = asked.answer(&data, &Alone).unwrap();
        assert_eq!((answer.new, answer.hits), (80, 20));
        let ad = answer.origins.iter().find(|origin| origin.origin == "ad").unwrap();
        assert_eq!((ad.new, ad.hits, ad.lift, ad.cost_per_hit_fen), (40, 10, Some(1.0), Some(100.0)));
        assert!(ad.low.unwrap() < 0.25 && 0.25 < ad.high.unwrap());
        let told: Vec<_> = answer.behaviours.iter().map(|b| (b.event.as_str(), b.support, b.lift)).collect();
        assert_eq!(
            told,
            vec![("follow", 40, Some(2.0)), ("look", 80, Some(1.0))],
            "what came after paying says nothing"
        );
        let figure = QualityFigure { hits: true, origin: Some("share".into()) };
        assert_eq!(asked.people(&data, &Alone, &figure).unwrap().len(), 10);
        let early = Dataset { now: MONDAY + 5, ..data };
        assert!(asked.answer(&early, &Alone).unwrap_err().to_string().contains("range_not_passed"));
    }
}
