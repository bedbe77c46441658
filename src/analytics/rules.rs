//! What an event may be, when it happened, and what makes it the same as another. No input or output here.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Number, json};
use uuid::{Builder, Uuid};

use super::model::{
    Flags, Incoming, MAX_FACT_CHARS, MAX_LIST, MAX_NAME_CHARS, MAX_PROPERTIES, MAX_TEXT_BYTES, MAX_WHOLE, Properties,
    PropertyValue,
};
use crate::kernel::time::{DAY_MS, MINUTE_MS, Timestamp};

/// How long before its receipt an event may have happened.
pub const LATEST_MS: i64 = 7 * DAY_MS;
/// How long after its receipt an event may claim to happen.
pub const EARLIEST_MS: i64 = 10 * MINUTE_MS;

/// What is wrong with an event: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) field: String,
    pub(super) reason: &'static str,
}

impl Flaw {
    fn new(field: impl Into<String>, reason: &'static str) -> Self {
        Self { field: field.into(), reason }
    }
}

/// When an event happened by the shop's clock: receipt less what passed on the sender's clock between the event and its
/// sending, so that a wrong clock does no harm. Both ends of what may be believed are inside it; beyond them the moment
/// of receipt stands, and a flag says so.
pub fn effective(received: Timestamp, at: Option<Timestamp>, sent_at: Option<Timestamp>) -> (Timestamp, Flags) {
    let Some(at) = at else { return (received, Flags::NONE) };
    let moment = match sent_at {
        Some(sent_at) => received.plus_millis(sent_at.millis_since(at).saturating_neg()),
        None => at,
    };
    let late = received.millis_since(moment);
    if (-EARLIEST_MS..=LATEST_MS).contains(&late) { (moment, Flags::NONE) } else { (received, Flags::CLOCK) }
}

/// Whether our own clients may call an event or a property so: a letter, then letters, digits and `_`.
fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.len() <= MAX_NAME_CHARS
}

/// Whether a tracker of another maker may call an event or a property so: one line of 1 to 64 visible characters.
pub(super) fn is_foreign_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && name.trim() == name && !name.chars().any(char::is_control)
}

/// Most characters of the name of a segment or a saved question.
pub(super) const MAX_TITLE: usize = 60;

/// Whether staff may call a segment or a saved question so: one line of 1 to 60 characters.
pub(super) fn is_title(name: &str) -> bool {
    (1..=MAX_TITLE).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

/// Whether a text may stand for a session, a page or another carried fact.
pub(super) fn is_fact(text: &str) -> bool {
    (1..=MAX_FACT_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_text(text: &str) -> bool {
    text.len() <= MAX_TEXT_BYTES && !text.contains('\0')
}

/// Whether a number is one that every client and the engine read alike.
pub(super) fn is_exact(number: &Number) -> bool {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => (-MAX_WHOLE..=MAX_WHOLE).contains(&whole),
        (None, Some(_)) => false,
        (None, None) => number.as_f64().is_some_and(f64::is_finite),
    }
}

fn check_value(name: &str, value: &PropertyValue) -> Result<(), Flaw> {
    let place = || format!("properties.{name}");
    match value {
        PropertyValue::Text(text) if !is_text(text) => Err(Flaw::new(place(), "at most 1,024 bytes without U+0000")),
        PropertyValue::Number(number) if !is_exact(number) => Err(Flaw::new(place(), "whole numbers up to 2^53")),
        PropertyValue::List(texts) if texts.len() > MAX_LIST => Err(Flaw::new(place(), "at most 50 texts")),
        PropertyValue::List(texts) if !texts.iter().all(|text| is_text(text)) => {
            Err(Flaw::new(place(), "texts of at most 1,024 bytes without U+0000"))
        }
        _ => Ok(()),
    }
}

/// What is wrong with an event of our own clients, before what it carries is added.
pub(super) fn check(name: &str, properties: &Properties) -> Result<(), Flaw> {
    if !is_plain_name(name) {
        return Err(Flaw::new("name", "a letter, then letters, digits and _, at most 64"));
    }
    if properties.len() > MAX_PROPERTIES {
        return Err(Flaw::new("properties", "at most 60"));
    }
    for (name, value) in properties {
        if !is_plain_name(name) {
            return Err(Flaw::new(format!("properties.{name}"), "a letter, then letters, digits and _, at most 64"));
        }
        check_value(name, value)?;
    }
    Ok(())
}

/// The text cut to the bytes that a property takes, without U+0000.
pub(super) fn fitting(text: &str) -> String {
    let text = text.replace('\0', "");
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    text.get(..end).unwrap_or_default().to_owned()
}

/// What a foreign value becomes: what we know as it is, anything nested as its JSON; nothing when it says nothing or
/// cannot be kept.
pub(super) fn foreign_value(value: &serde_json::Value) -> Option<PropertyValue> {
    use serde_json::Value;
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(PropertyValue::Flag(*flag)),
        Value::Number(number) => {
            let exact = is_exact(number);
            Some(if exact { PropertyValue::Number(number.clone()) } else { PropertyValue::Text(number.to_string()) })
        }
        Value::String(text) => Some(PropertyValue::Text(fitting(text))),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts = items.iter().filter_map(Value::as_str).take(MAX_LIST);
            Some(PropertyValue::List(texts.map(fitting).collect()))
        }
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            (text.len() <= MAX_TEXT_BYTES && !text.contains("\\u0000")).then_some(PropertyValue::Text(text))
        }
    }
}

/// What an event says, as a number: equal for equal content. Whom it is about and when it was sent are no part of it,
/// since a client may log in between two tries.
pub(super) fn digest(event: &Incoming) -> i64 {
    let told: BTreeMap<&str, &PropertyValue> =
        event.properties.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let content = json!({
        "name": event.name,
        "session": event.session,
        "at": event.at.map(Timestamp::millis),
        "properties": told.into_iter().filter(|(name, _)| !is_of_the_request(name)).collect::<BTreeMap<_, _>>(),
    });
    let bytes = hashed(&[content.to_string().as_bytes()]);
    let (first, _) = bytes.split_at(8);
    first.try_into().map(i64::from_be_bytes).unwrap_or_default()
}

/// Facts that belong to the request and may differ when a client tries again.
fn is_of_the_request(name: &str) -> bool {
    [super::model::NETWORK, super::model::AGENT, super::model::DEVICE].contains(&name)
}

/// An id made of what names an event elsewhere: the same parts make the same id.
pub fn derived_id(parts: &[&[u8]]) -> Uuid {
    let bytes = hashed(parts);
    let (first, _) = bytes.split_at(16);
    Builder::from_custom_bytes(first.try_into().unwrap_or_default()).into_uuid()
}

fn hashed(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // The length keeps two parts from being read as one.
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// Whether a program that calls itself so is a machine that looks at pages: crawlers, previews, monitors.
pub(super) fn is_machine(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    ["bot", "spider", "crawl", "headless", "preview", "monitor"].iter().any(|word| agent.contains(word))
}
