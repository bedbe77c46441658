//! Conditions on what events carry and on what is known about people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::Value;
use super::flaw::{Flaw, expect};

/// Longest name of an event or property.
pub const MAX_NAME: usize = 200;
/// Most filters of one event.
pub const MAX_FILTERS: usize = 20;
/// Longest text that a filter compares with, in characters.
const MAX_TEXT: usize = 1_024;
/// Most texts of a list that a filter compares with.
const MAX_ITEMS: usize = 50;
/// Most values that a filter compares with.
pub const MAX_VALUES: usize = 1_000;

/// Whose property a filter looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = filter::Of)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The event's, as it was when it happened.
    #[default]
    Event,
    /// The person's, as it is today.
    User,
}

/// How a property is compared. A property that is not there fulfils only `ne`, and `is_set` with `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = filter::Op)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equals the value; for a list: has it as an item.
    Eq,
    /// The opposite of `eq`.
    Ne,
    /// Equals one of the values.
    In,
    /// The text has the value inside; for a list: one of its items has.
    Contains,
    /// A number greater than the value.
    Gt,
    /// A number not less than the value.
    Gte,
    /// A number less than the value.
    Lt,
    /// A number not greater than the value.
    Lte,
    /// A number from the first value to the second, both included.
    Between,
    /// Is there at all; with the value `false`: is not.
    IsSet,
}

/// One condition on one property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = filter::Filter)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Whose property.
    #[serde(default)]
    pub of: Of,
    /// Its name.
    pub property: String,
    /// How it is compared.
    pub op: Op,
    /// What it is compared with: one value, several for `in`, two for `between`, none or one for `is_set`.
    #[serde(default)]
    #[schema(value_type = Vec<crate::analytics::model::PropertyValue>, example = json!(["12"]))]
    pub values: Vec<Value>,
}

impl Filter {
    /// Checks the filter; `field` is the path to it.
    ///
    /// # Errors
    /// `name_empty`, `name_too_long`, `too_many_values`, `value_missing`, `value_too_long`, `value_not_a_number`, `range_backwards`.
    pub fn validate(&self, field: &str) -> Result<(), Flaw> {
        check_name(&self.property, &format!("{field}.property"))?;
        let values = format!("{field}.values");
        expect(self.values.len() <= MAX_VALUES, &values, "too_many_values")?;
        let fits = match self.op {
            Op::In => !self.values.is_empty(),
            Op::Between => self.values.len() == 2,
            Op::IsSet => matches!(self.values.as_slice(), [] | [Value::Bool(_)]),
            _ => self.values.len() == 1,
        };
        expect(fits, &values, "value_missing")?;
        expect(self.values.iter().all(is_short), &values, "value_too_long")?;
        let numeric = matches!(self.op, Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::Between);
        let numbers: Vec<f64> = self.values.iter().filter_map(Value::number).collect();
        expect(!numeric || numbers.len() == self.values.len(), &values, "value_not_a_number")?;
        expect(!numeric || numbers.is_sorted(), &values, "range_backwards")
    }

    /// Whether the condition holds for a property that has this value, or none.
    pub fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return match self.op {
                Op::Ne => true,
                Op::IsSet => !self.wants_set(),
                _ => false,
            };
        };
        let first = self.values.first();
        match self.op {
            Op::Eq => first.is_some_and(|wanted| equal(value, wanted)),
            Op::Ne => !first.is_some_and(|wanted| equal(value, wanted)),
            Op::In => self.values.iter().any(|wanted| equal(value, wanted)),
            Op::Contains => first.is_some_and(|wanted| contains(value, wanted)),
            Op::IsSet => self.wants_set(),
            Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::Between => {
                value.number().is_some_and(|number| self.bounds(number))
            }
        }
    }

    fn wants_set(&self) -> bool {
        !matches!(self.values.first(), Some(Value::Bool(false)))
    }

    /// The comparisons of numbers alone, for columns that hold nothing else.
    fn bounds(&self, number: f64) -> bool {
        let Some(first) = self.values.first().and_then(Value::number) else { return false };
        match self.op {
            Op::Gt => number > first,
            Op::Gte => number >= first,
            Op::Lt => number < first,
            Op::Lte => number <= first,
            Op::Between => {
                number >= first && self.values.get(1).and_then(Value::number).is_some_and(|last| number <= last)
            }
            _ => false,
        }
    }
}

/// Whether a value is one that an event could carry.
fn is_short(value: &Value) -> bool {
    let short = |text: &String| text.chars().count() <= MAX_TEXT;
    match value {
        Value::Text(text) => short(text),
        Value::List(items) => items.len() <= MAX_ITEMS && items.iter().all(short),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn equal(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::List(items), Value::Text(text)) => items.iter().any(|item| item == text),
        _ => value == wanted,
    }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    let Value::Text(part) = wanted else { return false };
    match value {
        Value::Text(text) => text.contains(part.as_str()),
        Value::List(items) => items.iter().any(|item| item.contains(part.as_str())),
        _ => false,
    }
}

/// Checks a name of an event or property.
///
/// # Errors
/// `name_empty` or `name_too_long`.
pub fn check_name(name: &str, field: &str) -> Result<(), Flaw> {
    expect(!name.is_empty(), field, "name_empty")?;
    expect(name.len() <= MAX_NAME, field, "name_too_long")
}

/// Which events are meant: those of a name that fulfil every filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = filter::Pick)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The name of the event; `*` for any.
    pub event: String,
    /// Conditions on its properties and on its user; all must hold.
    #[serde(default)]
    pub filters: Vec<Filter>,
}

impl Pick {
    /// Every event of that name.
    pub fn named(event: &str) -> Self {
        Self { event: event.to_owned(), filters: Vec::new() }
    }

    /// Every event whatever.
    pub fn any() -> Self {
        Self::named("*")
    }

    /// The same with one more filter on a property of the event.
    #[must_use]
    pub fn and(mut self, property: &str, op: Op, values: Vec<Value>) -> Self {
        self.filters.push(Filter { of: Of::Event, property: property.to_owned(), op, values });
        self
    }

    /// Whether an event of this name may be meant.
    pub fn names(&self, name: &str) -> bool {
        self.event == "*" || self.event == name
    }

    /// Whether every condition on the event holds.
    pub fn fits(&self, properties: &BTreeMap<String, Value>) -> bool {
        self.filters_of(Of::Event).all(|filter| filter.holds(properties.get(&filter.property)))
    }

    /// The filters on the properties of events, or of users.
    pub fn filters_of(&self, of: Of) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(move |filter| filter.of == of)
    }

    /// Checks the pick; `field` is the path to it.
    ///
    /// # Errors
    /// Those of names and filters, and `too_many_filters`.
    pub fn validate(&self, field: &str) -> Result<(), Flaw> {
        check_name(&self.event, &format!("{field}.event"))?;
        expect(self.filters.len() <= MAX_FILTERS, format!("{field}.filters"), "too_many_filters")?;
        let mut filters = self.filters.iter().enumerate();
        filters.try_for_each(|(at, filter)| filter.validate(&format!("{field}.filters[{at}]")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(op: Op, values: Vec<Value>) -> Filter {
        Filter { of: Of::Event, property: "p".into(), op, values }
    }

    #[test]
    fn every_operator_says_what_its_name_says() {
        let text = Value::from("mug");
        let list = Value::List(vec!["red".into(), "blue".into()]);
        let cases = [
            (Op::Eq, vec!["mug".into()], Some(&text), true),
            (Op::Eq, vec!["red".into()], Some(&list), true),
            (Op::Ne, vec!["mug".into()], Some(&text), false),
            (Op::Ne, vec!["mug".into()], None, true),
            (Op::In, vec!["cup".into(), "mug".into()], Some(&text), true),
            (Op::Contains, vec!["u".into()], Some(&text), true),
            (Op::Contains, vec!["lu".into()], Some(&list), true),
            (Op::Gt, vec![2.0.into()], Some(&Value::Number(2.0)), false),
            (Op::Gte, vec![2.0.into()], Some(&Value::Number(2.0)), true),
            (Op::Lt, vec![2.0.into()], Some(&Value::Number(1.0)), true),
            (Op::Lte, vec![2.0.into()], Some(&text), false),
            (Op::Between, vec![1.0.into(), 2.0.into()], Some(&Value::Number(2.0)), true),
            (Op::Between, vec![1.0.into(), 2.0.into()], Some(&Value::Number(2.5)), false),
            (Op::IsSet, vec![], Some(&text), true),
            (Op::IsSet, vec![], None, false),
            (Op::IsSet, vec![Value::Bool(false)], None, true),
        ];
        for (op, values, value, expected) in cases {
            assert_eq!(filter(op, values.clone()).holds(value), expected, "{op:?} {values:?} {value:?}");
        }
    }

    #[test]
    fn filters_that_make_no_sense_are_refused() {
        let reason = |op, values| filter(op, values).validate("f").map_err(|flaw| flaw.reason);
        assert_eq!(reason(Op::Gt, vec!["x".into()]), Err("value_not_a_number"));
        assert_eq!(reason(Op::Between, vec![2.0.into(), 1.0.into()]), Err("range_backwards"));
        assert_eq!(reason(Op::Eq, vec![]), Err("value_missing"));
        assert_eq!(reason(Op::In, vec!["x".into(); 1_001]), Err("too_many_values"));
        assert_eq!(Pick::named(&"x".repeat(201)).validate("step").map_err(|flaw| flaw.reason), Err("name_too_long"));
    }
}
