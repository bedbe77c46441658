//! Events as the SDKs of Sensors Analytics write them.

use serde_json::Value;

use crate::analytics::model::{
    AGENT, CAMPAIGN, DEVICE, Flags, Incoming, OPENID, PAGE, Properties, PropertyValue, SCENE, SHARE, SubjectKey,
};
use crate::analytics::rules;
use crate::kernel::time::Timestamp;

/// What the SDKs write where they know nothing.
const MISSING: [&str; 4] = ["未取到值", "取值异常", "直接打开", "value is wrong"];
/// Longest name that a tracker may call somebody by.
const MAX_ID: usize = 128;

/// The event that an object means; `None` when it means none.
pub(super) fn incoming(object: &Value) -> Option<Incoming> {
    let kind = text(object, "type")?;
    let distinct_id = id(object, "distinct_id")?;
    let name = match kind {
        "track" | "track_signup" | "track_id_bind" | "track_id_unbind" => text(object, "event")?.to_owned(),
        // What is said of people and things is an event of its own, from which their state follows.
        "profile_set" | "profile_set_once" | "profile_increment" | "profile_append" | "profile_unset"
        | "profile_delete" | "item_set" | "item_delete" => format!("${kind}"),
        _ => return None,
    };
    if !rules::is_foreign_name(&name) {
        return None;
    }
    let at = moment(object, "time");
    Some(Incoming {
        event_id: event_id(object, kind, &distinct_id),
        name,
        subject: subject(object, &distinct_id),
        same_as: same_as(object, kind, &distinct_id),
        session: session(object),
        at,
        sent_at: moment(object, "_flush_time"),
        flags: Flags::NONE,
        properties: properties(object),
    })
}

fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

fn session(object: &Value) -> Option<String> {
    let session = text(object.get("properties")?, "$session_id")?;
    rules::is_fact(session).then(|| session.to_owned())
}

/// A name that somebody is called by.
fn id(object: &Value, name: &str) -> Option<String> {
    let id = match object.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    ((1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control)).then_some(id)
}

fn moment(object: &Value, name: &str) -> Option<Timestamp> {
    object.get(name).and_then(Value::as_i64).map(Timestamp::from_millis)
}

/// The SDK numbers what it tracks; what it does not number is what it says, but for when it was sent.
fn event_id(object: &Value, kind: &str, distinct_id: &str) -> uuid::Uuid {
    let time = object.get("time").map(Value::to_string).unwrap_or_default();
    let name = text(object, "event").unwrap_or_default();
    let within = match object.get("_track_id") {
        Some(number) => number.to_string(),
        None => {
            let mut told = object.clone();
            if let Some(fields) = told.as_object_mut() {
                fields.remove("_flush_time");
            }
            told.to_string()
        }
    };
    let parts = ["sensors", distinct_id, kind, name, &time, &within];
    rules::derived_id(&parts.map(str::as_bytes))
}

/// Whoever logged in, or else whoever the SDK made a name for; a made name is never the number of a user.
fn subject(object: &Value, distinct_id: &str) -> SubjectKey {
    SubjectKey::LoggedIn(id(object, "login_id").unwrap_or_else(|| distinct_id.to_owned()))
}

/// Who else the same person is: whoever they were before they logged in, and the ids that are bound to them.
fn same_as(object: &Value, kind: &str, distinct_id: &str) -> Vec<SubjectKey> {
    let mut others = Vec::new();
    if kind == "track_signup" {
        others.extend(id(object, "original_id").map(SubjectKey::Tracker));
        others.extend(id(object, "anonymous_id").map(SubjectKey::Tracker));
    }
    if kind == "track_id_bind" {
        others.push(SubjectKey::LoggedIn(distinct_id.to_owned()));
        for (name, value) in object.get("identities").and_then(Value::as_object).into_iter().flatten() {
            let Some(value) = value.as_str().filter(|value| (1..=MAX_ID).contains(&value.len())) else { continue };
            others.push(match name.as_str() {
                "$identity_login_id" => SubjectKey::LoggedIn(value.to_owned()),
                "$identity_anonymous_id" | "$identity_mp_id" => SubjectKey::Tracker(value.to_owned()),
                // An id of another kind may read like one of these, so its kind stands before it.
                kind => SubjectKey::Tracker(format!("{kind}:{value}")),
            });
        }
    }
    others
}

/// What the event says, under our names where there are any.
fn properties(object: &Value) -> Properties {
    let told = object.get("properties").and_then(Value::as_object).into_iter().flatten();
    let known = told.filter(|(_, value)| !value.as_str().is_some_and(|text| MISSING.contains(&text)));
    let mut properties = Properties::new();
    for (name, value) in known {
        let Some(value) = rules::foreign_value(value) else { continue };
        let Some((name, value)) = renamed(name, value) else { continue };
        properties.entry(name).or_insert(value);
    }
    if let Some(share) = object.get("properties").and_then(|told| text(told, "$url_query")).and_then(share_in) {
        properties.insert(SHARE.to_owned(), PropertyValue::Text(share));
    }
    if let Some(openid) = openid(object) {
        properties.entry(OPENID.to_owned()).or_insert(PropertyValue::Text(openid));
    }
    if let Some(device) = id(object, "anonymous_id") {
        properties.entry(DEVICE.to_owned()).or_insert(PropertyValue::Text(device));
    }
    if let Some(lib) = object.get("lib") {
        let version = text(lib, "$lib_version").unwrap_or_default();
        let agent = format!("sensors {} {version}", text(lib, "$lib").unwrap_or_default());
        properties.insert(AGENT.to_owned(), PropertyValue::Text(rules::fitting(agent.trim_end())));
    }
    properties
}

/// A property under our name for it. Their own begin with `$`, as our carried facts do, so they lose it.
fn renamed(name: &str, value: PropertyValue) -> Option<(String, PropertyValue)> {
    let ours = match name {
        "$scene" => SCENE,
        "$url_path" => PAGE,
        "$device_id" => DEVICE,
        "$utm_campaign" => CAMPAIGN,
        // They stand with the event already.
        "$lib" | "$lib_version" | "$session_id" => return None,
        other => other.trim_start_matches('$'),
    };
    if !rules::is_foreign_name(ours) {
        return None;
    }
    let value = match (ours, value) {
        (SCENE, PropertyValue::Text(text)) => PropertyValue::from(text.trim_start_matches("wx-")),
        (SCENE, PropertyValue::Number(number)) => PropertyValue::Text(number.to_string()),
        (_, value) => value,
    };
    Some((ours.to_owned(), value))
}

/// The token of a share in the query of a page.
fn share_in(query: &str) -> Option<String> {
    let fields = query.split('&').filter_map(|field| field.split_once('='));
    let token = fields.filter(|(name, _)| *name == "share").map(|(_, token)| token).next()?;
    (rules::is_fact(token)).then(|| token.to_owned())
}

/// The openid among the ids that the SDK knows: its name holds that of the application.
fn openid(object: &Value) -> Option<String> {
    let identities = object.get("identities").and_then(Value::as_object).into_iter().flatten();
    let mut openids = identities.filter(|(name, _)| name.starts_with("$identity_mp_") && name.ends_with("openid"));
    openids.find_map(|(_, value)| value.as_str()).map(rules::fitting)
}
