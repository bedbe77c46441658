//! One property of every row, in the form in which questions look at it.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use super::pages::Texts;
use crate::analytics::engine::event::Value;
use crate::analytics::engine::figures::{number, place};

/// A property of every row of a segment or of the tail.
#[derive(Clone, Debug)]
pub enum Cells {
    /// No row has it.
    Absent,
    /// Rows name one of few values; the entry 0 is the missing one.
    Coded {
        /// The entry of every row.
        codes: Vec<u32>,
        /// The values.
        entries: Vec<Option<Value>>,
    },
    /// Rows hold a number of their own; NaN where there is none.
    Numbers(Vec<f64>),
}

impl Cells {
    /// The cells of texts as they were read.
    pub(super) fn texts(texts: Texts) -> Self {
        let values = texts.entries.into_iter().map(|entry| Some(Value::Text(entry)));
        Self::Coded { codes: texts.codes, entries: std::iter::once(None).chain(values).collect() }
    }

    /// The cells of values row by row.
    pub fn of(values: impl Iterator<Item = Option<Value>>) -> Self {
        let mut entries = vec![None];
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut code = |value: Option<Value>| {
            let Some(value) = value else { return 0 };
            // The kind is part of the key, since the text "1" is not the number 1.
            let key = format!("{value:?}");
            *known.entry(key).or_insert_with(|| {
                entries.push(Some(value));
                number(entries.len() - 1)
            })
        };
        let codes = values.map(&mut code).collect();
        Self::Coded { codes, entries }
    }

    /// One property out of the texts of JSON that hold the rest.
    pub(super) fn rest(rest: &Texts, property: &str) -> Self {
        let parse = |text: &String| {
            let mut all: HashMap<String, Value> = serde_json::from_str(text).ok()?;
            all.remove(property)
        };
        let entries = std::iter::once(None).chain(rest.entries.iter().map(parse)).collect();
        Self::Coded { codes: rest.codes.clone(), entries }
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Coded { codes, entries } => entries.get(place(*codes.get(row)?))?.clone(),
            Self::Numbers(numbers) => {
                numbers.get(row).filter(|number| !number.is_nan()).map(|number| Value::Number(*number))
            }
        }
    }

    /// These cells, and where they have nothing, those of `other`.
    #[must_use]
    pub fn or(self, other: Self, rows: usize) -> Self {
        match (self, other) {
            (mine, Self::Absent) => mine,
            (Self::Absent, theirs) => theirs,
            (mine, theirs) => Self::of((0..rows).map(|row| mine.value(row).or_else(|| theirs.value(row)))),
        }
    }

    /// What a test says of every row.
    pub fn test(&self, rows: usize, holds: impl Fn(Option<&Value>) -> bool) -> Vec<bool> {
        match self {
            Self::Absent => vec![holds(None); rows],
            Self::Coded { codes, entries } => {
                let verdicts: Vec<bool> = entries.iter().map(|entry| holds(entry.as_ref())).collect();
                codes.iter().map(|code| verdicts.get(place(*code)).copied().unwrap_or(false)).collect()
            }
            Self::Numbers(numbers) => numbers
                .iter()
                .map(|number| if number.is_nan() { holds(None) } else { holds(Some(&Value::Number(*number))) })
                .collect(),
        }
    }

    /// Every row's value as a number; NaN where it is none.
    pub fn numbers(self, rows: usize) -> Vec<f64> {
        match self {
            Self::Absent => vec![f64::NAN; rows],
            Self::Numbers(numbers) => numbers,
            Self::Coded { codes, entries } => {
                let number = |entry: &Option<Value>| entry.as_ref().and_then(Value::number).unwrap_or(f64::NAN);
                let numbers: Vec<f64> = entries.iter().map(number).collect();
                codes.iter().map(|code| numbers.get(place(*code)).copied().unwrap_or(f64::NAN)).collect()
            }
        }
    }

    /// Every row's value as a code that `name` gives to its label; 0 where there is none.
    pub fn labels(self, rows: usize, mut name: impl FnMut(&str) -> u32) -> Vec<u32> {
        match self {
            Self::Absent => vec![0; rows],
            Self::Coded { codes, entries } => {
                let global: Vec<u32> =
                    entries.iter().map(|entry| entry.as_ref().map_or(0, |value| name(&value.label()))).collect();
                codes.iter().map(|code| global.get(place(*code)).copied().unwrap_or(0)).collect()
            }
            Self::Numbers(numbers) => {
                let mut known: FxHashMap<u64, u32> = FxHashMap::default();
                let mut code = |number: f64| match number.is_nan() {
                    true => 0,
                    false => *known.entry(number.to_bits()).or_insert_with(|| name(&Value::Number(number).label())),
                };
                numbers.iter().map(|number| code(*number)).collect()
            }
        }
    }
}
