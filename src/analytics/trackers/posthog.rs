//! Events as PostHog's SDKs write them.

use serde_json::Value;
use uuid::Uuid;

use crate::analytics::model::{
    AGENT, CAMPAIGN, DEVICE, Flags, Incoming, PAGE, Properties, PropertyValue, SHARE, SubjectKey,
};
use crate::analytics::rules;
use crate::kernel::time::Timestamp;

/// Longest name that a tracker may call somebody by.
const MAX_ID: usize = 200;
/// What an SDK says of a person beside an event, and what stands before each of its names here.
const OF_PERSON: [(&str, &str); 2] = [("$set", "set_"), ("$set_once", "set_once_")];

/// The event that an object means; `None` when it means none.
pub(super) fn incoming(object: &Value, sent_at: Option<Timestamp>) -> Option<Incoming> {
    let name = text(object, "event")?;
    let empty = Value::Null;
    let told = object.get("properties").unwrap_or(&empty);
    let distinct_id = text(object, "distinct_id").or_else(|| text(told, "distinct_id"))?;
    if !rules::is_foreign_name(name) || !is_id(distinct_id) {
        return None;
    }
    let at = text(object, "timestamp").and_then(Timestamp::parse_rfc3339);
    Some(Incoming {
        event_id: event_id(object),
        name: name.to_owned(),
        subject: SubjectKey::LoggedIn(distinct_id.to_owned()),
        same_as: same_as(name, told),
        session: text(told, "$session_id").filter(|session| rules::is_fact(session)).map(str::to_owned),
        at,
        sent_at,
        flags: Flags::NONE,
        properties: properties(object, told),
    })
}

fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// The SDK's own id of the event; what has none is what it says.
fn event_id(object: &Value) -> Uuid {
    let given = text(object, "uuid").and_then(|id| Uuid::try_parse(id).ok());
    given.unwrap_or_else(|| rules::derived_id(&[b"posthog", object.to_string().as_bytes()]))
}

/// Who else the same person is: whoever they were before they were identified, and their other names.
fn same_as(name: &str, told: &Value) -> Vec<SubjectKey> {
    let other = match name {
        "$identify" => text(told, "$anon_distinct_id"),
        "$create_alias" => text(told, "alias"),
        _ => None,
    };
    other.filter(|id| is_id(id)).map(|id| SubjectKey::LoggedIn(id.to_owned())).into_iter().collect()
}

/// What the event says, under our names where there are any.
fn properties(object: &Value, told: &Value) -> Properties {
    let mut properties = Properties::new();
    for (name, value) in told.as_object().into_iter().flatten() {
        if OF_PERSON.iter().any(|(theirs, _)| theirs == name) {
            continue;
        }
        let ours = match name.as_str() {
            "$pathname" | "$current_url" => PAGE,
            "$device_id" => DEVICE,
            "$utm_campaign" | "utm_campaign" => CAMPAIGN,
            "share" => SHARE,
            "$lib" | "$lib_version" | "$session_id" | "distinct_id" | "token" => continue,
            other => other.trim_start_matches('$'),
        };
        put(&mut properties, ours, value);
    }
    for (theirs, before) in OF_PERSON {
        let said = told.get(theirs).or_else(|| object.get(theirs));
        for (name, value) in said.and_then(Value::as_object).into_iter().flatten() {
            put(&mut properties, &format!("{before}{}", name.trim_start_matches('$')), value);
        }
    }
    if let Some(lib) = text(told, "$lib") {
        let agent = format!("{lib} {}", text(told, "$lib_version").unwrap_or_default());
        properties.insert(AGENT.to_owned(), PropertyValue::Text(rules::fitting(agent.trim_end())));
    }
    properties
}

fn put(properties: &mut Properties, name: &str, value: &Value) {
    if rules::is_foreign_name(name)
        && let Some(value) = rules::foreign_value(value)
    {
        properties.entry(name.to_owned()).or_insert(value);
    }
}
