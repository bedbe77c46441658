//! RFM (definitions §9): how recently, how often and for how much people bought.
#![allow(clippy::float_arithmetic, reason = "means that a person is compared with")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{read_moment, write_moment};
use super::dataset::Dataset;
use super::figures::{count, mean, real_signed};
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use crate::kernel::id::UserId;

/// Where scores begin: four rising limits, the first of which earns a 2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = rfm::Limits)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Days since the last order, falling: at most the first of them earns a 2, at most the last a 5.
    #[schema(min_items = 4, max_items = 4, example = json!([180, 90, 60, 30]))]
    pub recency_days: [i64; 4],
    /// Orders: at least the first of them earns a 2.
    #[schema(min_items = 4, max_items = 4, example = json!([2, 3, 5, 8]))]
    pub frequency: [i64; 4],
    /// Fen: at least the first of them earns a 2.
    #[schema(min_items = 4, max_items = 4, example = json!([5000, 10000, 30000, 80000]))]
    pub monetary_fen: [i64; 4],
}

/// A question for RFM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = rfm::Rfm)]
#[serde(deny_unknown_fields)]
pub struct Rfm {
    /// The moment that recency is counted up to; later orders do not count.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub as_of: i64,
    /// The merchant's own limits; without them, scores are quintiles.
    #[serde(default)]
    pub limits: Option<Limits>,
}

/// One buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = rfm::Buyer)]
pub struct Buyer {
    /// The user; null for somebody who never logged in, for staff who may not see who is behind figures, and in saved answers.
    pub user_id: Option<UserId>,
    /// Who, as the engine counts people.
    #[serde(skip)]
    pub person: Person,
    /// Whole days of the shop from the last paid order to the day of `as_of`.
    pub recency_days: i64,
    /// Paid orders that were not fully refunded.
    pub frequency: u64,
    /// Paid less refunded, in fen.
    pub monetary_fen: i64,
    /// Scores of recency, frequency and money, 1 to 5.
    pub scores: [u64; 3],
    /// Whether each of them is above the mean, as `101`.
    pub class: String,
}

/// One of the eight classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = rfm::Class)]
pub struct Class {
    /// `111` and so on: recency, frequency, money above the mean.
    pub class: &'static str,
    /// Its name in Chinese.
    pub name: &'static str,
    /// How many people.
    pub people: u64,
    /// What they paid together, in fen.
    pub monetary_fen: i64,
}

/// What RFM answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = rfm::RfmAnswer)]
pub struct RfmAnswer {
    /// The eight classes.
    pub classes: Vec<Class>,
    /// Everybody who bought, by number.
    pub buyers: Vec<Buyer>,
}

/// Those of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = rfm::RfmFigure)]
#[serde(deny_unknown_fields)]
pub struct RfmFigure {
    /// The class, such as `111`.
    pub class: String,
}

/// The classes and their names.
pub const CLASSES: [(&str, &str); 8] = [
    ("111", "重要价值"),
    ("101", "重要发展"),
    ("011", "重要保持"),
    ("001", "重要挽留"),
    ("110", "一般价值"),
    ("100", "一般发展"),
    ("010", "一般保持"),
    ("000", "一般挽留"),
];

impl Tabular for RfmAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["user_id", "recency_days", "frequency", "monetary_fen", "r", "f", "m", "class"]);
        for buyer in &self.buyers {
            let figures = [buyer.recency_days.to_string(), buyer.frequency.to_string(), buyer.monetary_fen.to_string()];
            let scores = buyer.scores.map(|score| score.to_string());
            let who = std::iter::once(cell(buyer.user_id));
            table.row(who.chain(figures).chain(scores).chain([buyer.class.clone()]));
        }
        table
    }
}

/// What one person bought: days since, orders, fen.
type Bought = (i64, u64, i64);

fn bought(data: &Dataset, as_of: i64) -> BTreeMap<Person, Bought> {
    let today = data.zone.day_of(as_of);
    let mut all: BTreeMap<Person, Bought> = BTreeMap::new();
    for order in data.shares.orders.iter().filter(|order| order.at <= as_of) {
        let person = data.people.of(order.buyer);
        if data.counts(person) {
            let days = today - data.zone.day_of(order.at);
            let sum = all.entry(person).or_insert((days, 0, 0));
            // A fully refunded order is no purchase that counts, but it was a paid order that somebody came for.
            *sum = (sum.0.min(days), sum.1 + u64::from(order.net_fen > 0), sum.2 + order.net_fen);
        }
    }
    all
}

/// Scores by quintile: 1 + ⌊5 · (least rank − 1) / n⌋, so that those who tie share the lower rank.
fn quintiles(values: &[i64]) -> Vec<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let below = |value: &i64| count(sorted.partition_point(|other| other < value));
    values.iter().map(|value| 1 + 5 * below(value) / count(values.len()).max(1)).collect()
}

fn limited(values: &[i64], limits: &[i64; 4]) -> Vec<u64> {
    values.iter().map(|value| 1 + count(limits.iter().filter(|limit| value >= limit).count())).collect()
}

/// Whether each value is above the mean of all.
fn above(values: &[i64]) -> Vec<bool> {
    let numbers: Vec<f64> = values.iter().map(|value| real_signed(*value)).collect();
    let middle = mean(&numbers).unwrap_or(0.0);
    numbers.iter().map(|number| *number > middle).collect()
}

fn buyers(data: &Dataset, as_of: i64, limits: Option<&Limits>) -> Vec<Buyer> {
    let all = bought(data, as_of);
    // Few days since the last order are good, so recency is turned round.
    let recency: Vec<i64> = all.values().map(|bought| -bought.0).collect();
    let frequency: Vec<i64> = all.values().map(|bought| i64::try_from(bought.1).unwrap_or(i64::MAX)).collect();
    let monetary: Vec<i64> = all.values().map(|bought| bought.2).collect();
    let scores = match limits {
        None => [quintiles(&recency), quintiles(&frequency), quintiles(&monetary)],
        Some(limits) => [
            limited(&recency, &limits.recency_days.map(|days| -days)),
            limited(&frequency, &limits.frequency),
            limited(&monetary, &limits.monetary_fen),
        ],
    };
    let above = [above(&recency), above(&frequency), above(&monetary)];
    let buyer = |(at, (person, bought)): (usize, (&Person, &Bought))| Buyer {
        user_id: data.users.of(*person),
        person: *person,
        recency_days: bought.0,
        frequency: bought.1,
        monetary_fen: bought.2,
        scores: [0, 1, 2].map(|of: usize| scores.get(of).and_then(|scores| scores.get(at)).copied().unwrap_or(1)),
        class: above.iter().map(|above| if above.get(at) == Some(&true) { '1' } else { '0' }).collect(),
    };
    all.iter().enumerate().map(buyer).collect()
}

/// Everybody of a class at a moment.
pub(crate) fn of_class(data: &Dataset, as_of: i64, class: &str) -> PersonSet {
    buyers(data, as_of, None).iter().filter(|buyer| buyer.class == class).map(|buyer| buyer.person).collect()
}

impl Analysis for Rfm {
    type Answer = RfmAnswer;
    type Figure = RfmFigure;

    fn validate(&self) -> Result<(), Flaw> {
        if let Some(limits) = &self.limits {
            let falling = limits.recency_days.is_sorted_by(|one, other| one >= other);
            expect(falling, "limits.recency_days", "limits_out_of_order")?;
            expect(limits.frequency.is_sorted(), "limits.frequency", "limits_out_of_order")?;
            expect(limits.monetary_fen.is_sorted(), "limits.monetary_fen", "limits_out_of_order")?;
        }
        Ok(())
    }

    fn answer(&self, data: &Dataset) -> Result<RfmAnswer> {
        self.validate()?;
        let buyers = buyers(data, self.as_of, self.limits.as_ref());
        let class = |(class, name): (&'static str, &'static str)| {
            let members = buyers.iter().filter(|buyer| buyer.class == class);
            let (people, monetary_fen) = members.fold((0, 0), |(n, sum), buyer| (n + 1, sum + buyer.monetary_fen));
            Class { class, name, people, monetary_fen }
        };
        Ok(RfmAnswer { classes: CLASSES.map(class).to_vec(), buyers })
    }

    fn people(&self, data: &Dataset, figure: &RfmFigure) -> Result<PersonSet> {
        let known = CLASSES.iter().any(|(class, _)| *class == figure.class);
        expect(known, "figure.class", "no_such_figure")?;
        let answer = self.answer(data)?;
        Ok(answer.buyers.iter().filter(|buyer| buyer.class == figure.class).map(|buyer| buyer.person).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analytics::engine::shares::{Order, Shares};
    use crate::analytics::engine::testing::{DAY, MONDAY, history};

    fn shop(orders: &[(u32, i64, i64)]) -> Dataset {
        let order = |(buyer, day, net_fen): &(u32, i64, i64)| Order {
            buyer: *buyer,
            at: MONDAY + day * DAY,
            net_fen: *net_fen,
            token: None,
        };
        let shares = Shares { orders: orders.iter().map(order).collect(), ..Shares::default() };
        Dataset { shares: Arc::new(shares), ..history(Vec::new()) }
    }

    #[test]
    fn scores_are_quintiles_whose_ties_share_the_lower_rank() {
        assert_eq!(quintiles(&[10, 20, 30, 40, 50]), vec![1, 2, 3, 4, 5]);
        assert_eq!(quintiles(&[1, 1, 1, 1, 9]), vec![1, 1, 1, 1, 5]);
        assert_eq!(quintiles(&[1, 5, 5, 5, 9]), vec![1, 2, 2, 2, 5]);
        assert_eq!(quintiles(&[7]), vec![1]);
    }

    #[test]
    fn classes_compare_with_the_mean_and_refunds_do_not_count() {
        let data = shop(&[(1, 9, 500), (1, 8, 500), (2, 0, 100), (3, 9, 0), (3, 1, 50), (4, 50, 1)]);
        let asked = Rfm { as_of: MONDAY + 9 * DAY + 3, limits: None };
        let answer = asked.answer(&data).unwrap();
        let told: Vec<_> = answer
            .buyers
            .iter()
            .map(|buyer| (buyer.recency_days, buyer.frequency, buyer.monetary_fen, buyer.class.as_str()))
            .collect();
        assert_eq!(told, vec![(0, 2, 1_000, "111"), (9, 1, 100, "000"), (0, 1, 50, "100")]);
        assert_eq!(answer.classes.iter().map(|class| class.people).sum::<u64>(), 3);
        let figure = RfmFigure { class: "111".into() };
        assert_eq!(asked.people(&data, &figure).unwrap().iter().collect::<Vec<_>>(), vec![1]);
        let limits = Limits { recency_days: [30, 20, 10, 1], frequency: [2, 3, 4, 5], monetary_fen: [1, 60, 100, 999] };
        let limited = Rfm { limits: Some(limits), ..asked }.answer(&data).unwrap();
        assert_eq!(limited.buyers[0].scores, [5, 2, 5]);
        assert_eq!(limited.buyers[1].scores, [4, 1, 4]);
    }
}
