//! Attribution (definitions §10): which channels conversions are owed to.
#![allow(clippy::float_arithmetic, reason = "credits of a conversion; its money is split in whole fen")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Period, Range, write_moment};
use super::dataset::Dataset;
use super::event::{CAMPAIGN, CHANNEL, SHARE};
use super::figures::{count, quotient, real, real_signed, split_fen, whole};
use super::filter::{Pick, check_name};
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, Full, History, Key};
use super::sessions::{Rule, lengths};

const DAY_MS: i64 = 86_400_000;

/// How the credit of a conversion is shared out among the touches before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = attribution::Model)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// All to the first.
    First,
    /// All to the last.
    Last,
    /// All to the last that is not direct; to the last when all are.
    LastNonDirect,
    /// The same to each.
    Linear,
    /// 40 % to the first and the last, 20 % to those between; half each of two; all to one.
    Position,
    /// Half for every half-life that lies between, shared out in proportion.
    TimeDecay {
        /// The half-life in days.
        half_life_days: f64,
    },
}

fn seven() -> i64 {
    7
}

fn direct() -> String {
    "direct".to_owned()
}

/// A question for attribution. A touch is the start of a session that has a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = attribution::Attribution)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// The time of the conversions.
    pub range: Range,
    /// What a conversion is.
    pub conversion: Pick,
    /// The property of a conversion that holds its money in fen.
    #[serde(default)]
    pub money: Option<String>,
    /// Touches count for so many days before a conversion.
    #[serde(default = "seven")]
    pub look_back_days: i64,
    /// How credit is shared out.
    pub model: Model,
    /// The channel of those who came by themselves.
    #[serde(default = "direct")]
    pub direct: String,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = attribution::ChannelCredit)]
pub struct ChannelCredit {
    /// The channel; `(none)` for conversions without a touch.
    pub channel: String,
    /// Touches that got credit.
    pub touches: u64,
    /// The credits of conversions.
    pub conversions: f64,
    /// Of all conversions.
    pub share: Option<f64>,
    /// Money, in fen.
    pub money_fen: i64,
    /// How many people converted with its help.
    pub people: u64,
}

/// What attribution answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = attribution::AttributionAnswer)]
pub struct AttributionAnswer {
    /// How many conversions.
    pub conversions: u64,
    /// Their money, in fen; equal to the sum over channels.
    pub money_fen: i64,
    /// The channels, the most credited first.
    pub channels: Vec<ChannelCredit>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

/// Those who converted with a channel's help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = attribution::ChannelFigure)]
#[serde(deny_unknown_fields)]
pub struct ChannelFigure {
    /// The channel.
    pub channel: String,
}

impl Tabular for AttributionAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["channel", "touches", "conversions", "share", "money_fen", "people"]);
        for channel in &self.channels {
            let head = [channel.channel.clone(), channel.touches.to_string(), channel.conversions.to_string()];
            table.row(head.into_iter().chain([
                cell(channel.share),
                channel.money_fen.to_string(),
                channel.people.to_string(),
            ]));
        }
        table
    }
}

/// What a channel gathers.
#[derive(Default)]
struct Sum {
    touches: u64,
    credit: f64,
    fen: i64,
    people: PersonSet,
}

/// One thread's work.
#[derive(Default)]
struct Work {
    conversions: u64,
    fen: i64,
    channels: BTreeMap<u32, Sum>,
}

/// The credit of each touch, in order of time; `ages` are days before the conversion, `direct` says which are direct.
pub fn credits(model: Model, ages: &[f64], direct: &[bool]) -> Vec<f64> {
    let touches = ages.len();
    let all_to = |chosen: usize| (0..touches).map(|at| if at == chosen { 1.0 } else { 0.0 }).collect();
    let last = touches.saturating_sub(1);
    match model {
        Model::First => all_to(0),
        Model::Last => all_to(last),
        Model::LastNonDirect => all_to(direct.iter().rposition(|direct| !direct).unwrap_or(last)),
        Model::Linear => vec![1.0 / real(count(touches)); touches],
        Model::Position => match touches {
            0 => Vec::new(),
            1 => vec![1.0],
            2 => vec![0.5, 0.5],
            _ => {
                let middle = 0.2 / real(count(touches - 2));
                (0..touches).map(|at| if at == 0 || at == last { 0.4 } else { middle }).collect()
            }
        },
        Model::TimeDecay { half_life_days } => {
            // Ages are taken from the youngest touch on, so that the weights of very old ones do not all become 0.
            let youngest = ages.iter().copied().fold(f64::INFINITY, f64::min);
            let weights: Vec<f64> = ages.iter().map(|age| (-(age - youngest) / half_life_days).exp2()).collect();
            let sum: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| quotient(weight, sum).unwrap_or(0.0)).collect()
        }
    }
}

impl Attribution {
    fn read(&self, data: &Dataset) -> Result<(Work, History)> {
        let range = Range { from: self.range.from - self.look_back_days * DAY_MS, to: self.range.to };
        let mut ask = Ask::new(range, vec![self.conversion.clone()]);
        ask.all = true;
        ask.number.clone_from(&self.money);
        let keys = vec![Key::property(SHARE), Key::property(CAMPAIGN), Key::property(CHANNEL)];
        let history = History::read(data, &ask.keys(keys))?;
        let direct = history.lexicon.code(&self.direct);
        let parts = history.fold(Work::default, |work, person, rows: &[Full]| self.person(work, direct, person, rows));
        let mut all = Work::default();
        for part in parts {
            all.conversions += part.conversions;
            all.fen += part.fen;
            for (code, sum) in part.channels {
                let channel = all.channels.entry(code).or_default();
                channel.touches += sum.touches;
                channel.credit += sum.credit;
                channel.fen += sum.fen;
                channel.people = channel.people.or(&sum.people);
            }
        }
        Ok((all, history))
    }

    fn person(&self, work: &mut Work, direct: u32, person: Person, rows: &[Full]) {
        let mut touches: Vec<(i64, u32)> = Vec::new();
        let mut rest = rows;
        for length in lengths(Rule::default(), rows) {
            let Some((session, others)) = rest.split_at_checked(length) else { return };
            rest = others;
            let channel = session.iter().map(|row| row.keys[2]).find(|code| *code != 0);
            touches.extend(session.first().map(|row| row.step.at).zip(channel));
        }
        for row in rows.iter().filter(|row| row.step.mask & 1 == 1 && self.range.contains(row.step.at)) {
            let since = row.step.at - self.look_back_days * DAY_MS;
            let near: Vec<(i64, u32)> =
                touches.iter().filter(|(at, _)| since < *at && *at <= row.step.at).copied().collect();
            let fen = whole(row.number).unwrap_or(0);
            work.conversions += 1;
            work.fen += fen;
            self.share_out(work, direct, person, (row.step.at, fen), &near);
        }
    }

    fn share_out(&self, work: &mut Work, direct: u32, person: Person, (at, fen): (i64, i64), near: &[(i64, u32)]) {
        if near.is_empty() {
            let none = work.channels.entry(0).or_default();
            none.credit += 1.0;
            none.fen += fen;
            none.people.insert(person);
            return;
        }
        let ages: Vec<f64> = near.iter().map(|(then, _)| real_signed(at - then) / real_signed(DAY_MS)).collect();
        let directs: Vec<bool> = near.iter().map(|(_, code)| *code == direct).collect();
        let credits = credits(self.model, &ages, &directs);
        let parts = split_fen(fen, &credits);
        for (((_, code), credit), part) in near.iter().zip(credits).zip(parts) {
            if credit > 0.0 {
                let channel = work.channels.entry(*code).or_default();
                channel.touches += 1;
                channel.credit += credit;
                channel.fen += part;
                channel.people.insert(person);
            }
        }
    }
}

impl Analysis for Attribution {
    type Answer = AttributionAnswer;
    type Figure = ChannelFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.conversion.validate("conversion")?;
        if let Some(money) = &self.money {
            check_name(money, "money")?;
        }
        expect(self.look_back_days > 0, "look_back_days", "window_zero")?;
        expect(self.look_back_days <= 366, "look_back_days", "window_too_long")?;
        if let Model::TimeDecay { half_life_days } = self.model {
            expect(half_life_days.is_finite() && half_life_days > 0.0, "model.half_life_days", "out_of_range")?;
        }
        check_name(&self.direct, "direct")
    }

    fn answer(&self, data: &Dataset) -> Result<AttributionAnswer> {
        self.validate()?;
        let (work, history) = self.read(data)?;
        let channel = |(code, sum): (u32, Sum)| ChannelCredit {
            channel: history.lexicon.text(code).unwrap_or_else(|| "(none)".to_owned()),
            touches: sum.touches,
            conversions: sum.credit,
            share: quotient(sum.credit, real(work.conversions)),
            money_fen: sum.fen,
            people: sum.people.len(),
        };
        let mut channels: Vec<ChannelCredit> = work.channels.into_iter().map(channel).collect();
        channels.sort_by(|one, other| {
            other.conversions.total_cmp(&one.conversions).then_with(|| one.channel.cmp(&other.channel))
        });
        let settled_until = data.settled_until();
        Ok(AttributionAnswer { conversions: work.conversions, money_fen: work.fen, channels, settled_until })
    }

    fn people(&self, data: &Dataset, figure: &ChannelFigure) -> Result<PersonSet> {
        self.validate()?;
        let (mut work, history) = self.read(data)?;
        let code = if figure.channel == "(none)" { 0 } else { history.lexicon.code(&figure.channel) };
        Ok(work.channels.remove(&code).map(|sum| sum.people).unwrap_or_default())
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions, clippy::needless_range_loop, reason = "small numbers of the tests' own")]
mod tests {
    use super::*;
    use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, days, event, history};

    const MODELS: [Model; 6] = [
        Model::First,
        Model::Last,
        Model::LastNonDirect,
        Model::Linear,
        Model::Position,
        Model::TimeDecay { half_life_days: 7.0 },
    ];

    fn attribution(model: Model) -> Attribution {
        Attribution {
            range: Range { from: MONDAY + 7 * DAY, to: MONDAY + 14 * DAY },
            conversion: Pick::named("pay"),
            money: Some("fen".into()),
            look_back_days: 7,
            model,
            direct: "direct".into(),
        }
    }

    #[test]
    fn each_model_shares_out_as_it_says() {
        let told = |model, touches: usize| credits(model, &vec![1.0; touches], &vec![false; touches]);
        assert_eq!(told(Model::Position, 1), vec![1.0]);
        assert_eq!(told(Model::Position, 2), vec![0.5, 0.5]);
        assert_eq!(told(Model::Position, 4), vec![0.4, 0.1, 0.1, 0.4]);
        assert_eq!(credits(Model::LastNonDirect, &[3.0, 2.0, 1.0], &[false, false, true]), vec![0.0, 1.0, 0.0]);
        assert_eq!(credits(Model::LastNonDirect, &[2.0, 1.0], &[true, true]), vec![0.0, 1.0]);
        let decay = credits(Model::TimeDecay { half_life_days: 1.0 }, &[1.0, 0.0], &[false; 2]);
        assert!((decay[0] - 1.0 / 3.0).abs() < 1e-12);
        let old = credits(Model::TimeDecay { half_life_days: 0.001 }, &[300.0, 299.0], &[false; 2]);
        assert!((old.iter().sum::<f64>() - 1.0).abs() < 1e-9, "very old touches share out too");
    }

    #[test]
    fn look_back_leaves_its_beginning_out_and_the_conversion_in() {
        let at = MONDAY + 8 * DAY;
        let data = history(vec![
            event(1, "open", at - 7 * DAY).with(CHANNEL, "old"),
            event(1, "pay", at).with(CHANNEL, "ad").with("fen", 101.0),
            event(2, "pay", at).with("fen", 7.0),
        ]);
        let asked = attribution(Model::Linear);
        let answer = asked.answer(&data).unwrap();
        let told: Vec<_> =
            answer.channels.iter().map(|channel| (channel.channel.as_str(), channel.money_fen)).collect();
        assert_eq!((answer.conversions, answer.money_fen, told), (2, 108, vec![("(none)", 7), ("ad", 101)]));
        let figure = ChannelFigure { channel: "ad".into() };
        assert_eq!(asked.people(&data, &figure).unwrap().iter().collect::<Vec<_>>(), vec![1]);
        assert_eq!(Attribution { look_back_days: 0, ..asked }.validate().unwrap_err().reason, "window_zero");
    }

    #[test]
    fn credits_sum_to_conversions_and_fen_to_the_money() {
        let recipe = Recipe {
            people: 4,
            events: 60,
            names: &["open", "open", "pay"],
            days: 14,
            grain: 600_000 * 12,
            properties: &[("$channel", &["direct", "ad", "share"]), ("fen", &["1", "99", "10001"])],
        };
        check_random(&recipe, 300, |data, people, seed| {
            for model in MODELS {
                let asked = attribution(model);
                let answer = asked.answer(data).unwrap();
                let paid =
                    people.values().flatten().filter(|event| event.name == "pay" && asked.range.contains(event.at));
                let fen: f64 = paid.clone().filter_map(|event| event.properties.get("fen")?.number()).sum();
                assert_eq!((answer.conversions, real_signed(answer.money_fen)), (paid.count() as u64, fen), "{seed}");
                let credit: f64 = answer.channels.iter().map(|channel| channel.conversions).sum();
                assert!((credit - real(answer.conversions)).abs() < 1e-9, "{seed} {model:?}");
                let money: i64 = answer.channels.iter().map(|channel| channel.money_fen).sum();
                assert_eq!(money, answer.money_fen, "{seed} {model:?}");
                assert_eq!(reference(&asked, people), by_channel(&answer), "{seed} {model:?}");
            }
        });
        assert!(attribution(Model::First).answer(&history(Vec::new())).unwrap().channels.is_empty());
        assert!(days(1).contains(MONDAY));
    }

    fn by_channel(answer: &AttributionAnswer) -> BTreeMap<String, i64> {
        let rounded = |channel: &ChannelCredit| (channel.conversions * 1e6).round() as i64;
        answer.channels.iter().map(|channel| (channel.channel.clone(), rounded(channel))).collect()
    }

    fn reference(
        asked: &Attribution,
        people: &BTreeMap<u32, Vec<crate::analytics::engine::event::Event>>,
    ) -> BTreeMap<String, i64> {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for events in people.values() {
            let events: Vec<_> = events
                .iter()
                .filter(|event| event.at < asked.range.to && event.at >= asked.range.from - 7 * DAY)
                .collect();
            let mut touches: Vec<(i64, String)> = Vec::new();
            for session in events.chunk_by(|one, other| other.at - one.at <= 1_800_000) {
                let named = session.iter().find_map(|event| event.properties.get(CHANNEL));
                touches.extend(named.map(|channel| (session[0].at, channel.label())));
            }
            for pay in events.iter().filter(|event| event.name == "pay" && asked.range.contains(event.at)) {
                let near: Vec<&(i64, String)> =
                    touches.iter().filter(|(at, _)| *at <= pay.at && pay.at - at < 7 * DAY).collect();
                let n = near.len();
                let last = near.iter().rposition(|touch| touch.1 != "direct").unwrap_or(n.saturating_sub(1));
                let age = |at: usize| (pay.at - near[at].0) as f64 / DAY as f64;
                let all: f64 = (0..n).map(|at| 0.5_f64.powf(age(at) / 7.0)).sum();
                for at in 0..n {
                    let credit = match asked.model {
                        Model::First => f64::from(at == 0),
                        Model::Last => f64::from(at + 1 == n),
                        Model::LastNonDirect => f64::from(at == last),
                        Model::Linear => 1.0 / n as f64,
                        Model::Position if n < 3 => 1.0 / n as f64,
                        Model::Position => {
                            if at == 0 || at + 1 == n {
                                0.4
                            } else {
                                0.2 / (n - 2) as f64
                            }
                        }
                        Model::TimeDecay { .. } => 0.5_f64.powf(age(at) / 7.0) / all,
                    };
                    if credit > 0.0 {
                        *sums.entry(near[at].1.clone()).or_default() += credit;
                    }
                }
                if n == 0 {
                    *sums.entry("(none)".into()).or_default() += 1.0;
                }
            }
        }
        sums.into_iter().map(|(name, sum)| (name, (sum * 1e6).round() as i64)).collect()
    }
}
