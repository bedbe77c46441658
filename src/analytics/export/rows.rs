//! Events as a warehouse reads them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::analytics::engine::calendar::Range;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{Event, Flags, Value};
use crate::analytics::engine::figures::{real_signed, whole};
use crate::analytics::engine::flaw::Result;
use crate::kernel::id::UserId;

/// Whoever an event is about, if they ever logged in.
pub(super) fn user(data: &Dataset, event: &Event) -> Option<UserId> {
    data.users.of(data.people.of(event.subject))
}

/// What an event says, as one text of JSON.
pub(super) fn properties(event: &Event) -> String {
    let told = event.properties.iter().map(|(name, value)| (name.as_str(), plain(value)));
    json!(told.collect::<BTreeMap<_, _>>()).to_string()
}

/// A value as JSON; a whole number without a fraction, since it is money more often than not.
fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(yes) => json!(yes),
        Value::Text(text) => json!(text),
        Value::List(items) => json!(items),
        Value::Number(number) => match whole(*number).filter(|whole| real_signed(*whole).total_cmp(number).is_eq()) {
            Some(whole) => json!(whole),
            None => json!(number),
        },
    }
}

/// A text that an event carries.
pub(super) fn text<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    match event.properties.get(name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// A whole number that an event carries.
pub(super) fn number(event: &Event, name: &str) -> Option<i64> {
    event.properties.get(name).and_then(Value::number).and_then(whole)
}

/// Whether figures leave the event out.
pub(super) fn is_left_out(event: &Event) -> bool {
    event.flags.any_of(Flags::HIDDEN)
}

/// Shows every event of a time, or every one of that name, one by one: what is sealed and then what waits.
pub(super) fn each(
    data: &Dataset,
    range: Range,
    name: Option<&str>,
    mut take: impl FnMut(&Event) -> Result<()>,
) -> Result<()> {
    let wanted = |event: &Event| {
        let named = name.is_none_or(|name| event.name == name);
        named && range.contains(event.at) && !data.blocked.contains(&event.name)
    };
    for segment in &data.segments {
        let facts = segment.facts();
        let named = name.is_none_or(|name| facts.counts.iter().any(|count| count.name == name));
        if named && facts.first_at < range.to && facts.last_at >= range.from {
            segment.each(|event| if wanted(&event) { take(&event) } else { Ok(()) })?;
        }
    }
    data.tail.iter().filter(|event| wanted(event)).try_for_each(take)
}
