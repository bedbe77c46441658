//! What analytics does when something happened in the shop: makes an event of it, and learns whose a device is.

use serde_json::{Number, Value};

use super::events::{self, About, Each, ServerEvent, Taken, Whom};
use super::intake::{self, accept, prepared};
use super::model::{
    Admission, Batch, CAMPAIGN, ENTRANCE, Flags, Incoming, Properties, PropertyValue, SHARE, SubjectKey,
};
use super::rules;
use crate::campaign;
use crate::identity::events::{USER_BLOCKED, USER_LOGGED_IN, USER_UNBLOCKED};
use crate::identity::{self, LoginListener};
use crate::kernel::id::{DeviceId, OrderId, UserId};
use crate::kernel::time::DAY_MS;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};
use crate::share;

/// How long before an order a share counts as what brought its buyer.
const SHARE_LOOK_BACK_MS: i64 = 7 * DAY_MS;

/// Makes events of what capabilities record.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordServerEvents;

impl Subscriber for RecordServerEvents {
    fn name(&self) -> &'static str {
        "analytics.record"
    }

    fn wants(&self, event_name: &str) -> bool {
        events::find(event_name).is_some()
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        let Some(known) = events::find(&event.name) else { return Ok(()) };
        let payload: Value =
            serde_json::from_str(&event.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        learn_marks(tx, event)?;
        let made = made_of(tx, known, event, &payload)?;
        let batch = prepared(Batch { received: event.recorded_at, admission: Admission::Own, events: made });
        match accept(tx, &batch) {
            Ok(_) => Ok(()),
            Err(super::error::AnalyticsError::Db(error)) => Err(error),
            Err(refused) => Err(DbError::Defect(refused.to_string())),
        }
    }
}

/// Keeps what is known about a user in step with what staff decided.
fn learn_marks(tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
    let Some(user) = event.user else { return Ok(()) };
    if event.name == USER_BLOCKED {
        intake::mark(tx, user, Flags::BLOCKED, Flags::NONE)?;
    } else if event.name == USER_UNBLOCKED {
        intake::mark(tx, user, Flags::NONE, Flags::BLOCKED)?;
    }
    Ok(())
}

fn made_of(tx: &mut Tx<'_>, known: &ServerEvent, event: &RecordedEvent, payload: &Value) -> DbResult<Vec<Incoming>> {
    let whom = whom(known.about, event.user, payload);
    let mut carried = carried(tx, known, event, payload)?;
    if known.recorded == USER_LOGGED_IN
        && let (Whom::User(user), Some(entrance)) = (whom, payload.pointer("/entrance").and_then(Value::as_str))
    {
        let subject = intake::resolve(tx, &SubjectKey::User(user))?;
        intake::number_claims(tx)?;
        intake::note_entrance(tx, subject.number, entrance)?;
    }
    let mut whole = carried.clone();
    whole.extend(known.properties.iter().flat_map(|some| taken(payload, some)));
    let same_as = follower_of(known.about, whom, payload);
    let made = |part: usize, name: &str, flags: Flags, subject: SubjectKey, properties: Properties| Incoming {
        event_id: rules::derived_id(&[b"outbox", event.id.to_string().as_bytes(), part.to_string().as_bytes()]),
        name: name.to_owned(),
        subject,
        same_as: same_as.iter().cloned().collect(),
        session: None,
        at: Some(event.recorded_at),
        sent_at: None,
        flags: Flags::TRUSTED.with(flags),
        properties,
    };
    let subject = subject(whom);
    let mut made_events = vec![made(0, known.name, Flags::NONE, subject.clone(), whole.clone())];
    if let Some(Each { list, name, properties }) = known.each {
        carried.extend(payload.pointer("/order/order_id").and_then(value).map(|id| ("order_id".to_owned(), id)));
        for item in payload.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            let mut one = carried.clone();
            one.extend(taken(item, properties));
            made_events.push(made(made_events.len(), name, Flags::NONE, subject.clone(), one));
        }
    }
    // A seat that the shop filled was taken by nobody, and is told as such.
    let filled = payload.pointer("/filled").and_then(Value::as_u64).unwrap_or_default();
    for _ in 0..filled.min(1_000) {
        let seat = made(made_events.len(), events::SEAT_FILLED, Flags::AUTO_FILLED, SubjectKey::Shop, whole.clone());
        made_events.push(seat);
    }
    Ok(made_events)
}

fn subject(whom: Whom) -> SubjectKey {
    match whom {
        Whom::User(user) => SubjectKey::User(user),
        Whom::Device(device) => SubjectKey::Device(device),
        Whom::Follower(following) => follower(following),
        Whom::Shop => SubjectKey::Shop,
    }
}

/// How a follower of a service account is called among trackers' names.
fn follower(following: i64) -> SubjectKey {
    SubjectKey::Tracker(format!("follower:{following}"))
}

/// The follower that a known user is.
fn follower_of(about: About, whom: Whom, payload: &Value) -> Option<SubjectKey> {
    let (About::FollowerAt(_, place), Whom::User(_)) = (about, whom) else { return None };
    payload.pointer(place).and_then(Value::as_str).and_then(|id| id.parse().ok()).map(follower)
}

fn whom(about: About, recorder: Option<UserId>, payload: &Value) -> Whom {
    let text = |place: &str| payload.pointer(place).and_then(Value::as_str);
    let user_at = |place: &str| text(place).and_then(|id| id.parse().ok()).map(Whom::User);
    let device_at = |place: &str| text(place).and_then(|id| id.parse().ok()).map(Whom::Device);
    let follower_at = |place: &str| text(place).and_then(|id| id.parse().ok()).map(Whom::Follower);
    let found = match about {
        About::Recorder => recorder.map(Whom::User),
        About::UserAt(place) => user_at(place),
        About::VisitorAt(user, device) => user_at(user).or_else(|| device_at(device)),
        About::FollowerAt(user, following) => user_at(user).or_else(|| follower_at(following)),
        About::Shop => None,
    };
    found.unwrap_or(Whom::Shop)
}

/// What an order's event carries beside what it says: the campaigns of the order, the share its buyer came through last,
/// and the entrance they came in by.
fn carried(tx: &mut Tx<'_>, known: &ServerEvent, event: &RecordedEvent, payload: &Value) -> DbResult<Properties> {
    let mut carried = Properties::new();
    let Some(place) = known.order else { return Ok(carried) };
    let order = payload.pointer(place).and_then(Value::as_str).and_then(|id| id.parse::<OrderId>().ok());
    if let Some(order) = order {
        let campaigns: Vec<String> = campaign::carried_by(tx, order)?.iter().map(ToString::to_string).collect();
        if let Some(first) = campaigns.first() {
            carried.insert(CAMPAIGN.to_owned(), PropertyValue::Text(first.clone()));
            carried.insert("campaign_ids".to_owned(), PropertyValue::List(campaigns));
        }
    }
    let Some(user) = event.user else { return Ok(carried) };
    let since = event.recorded_at.plus_millis(-SHARE_LOOK_BACK_MS);
    if let Some(touch) = share::last_touch(tx, user, since)?.filter(|touch| touch.at <= event.recorded_at) {
        carried.insert(SHARE.to_owned(), PropertyValue::Text(touch.token));
    }
    if let Some(entrance) = intake::resolve(tx, &SubjectKey::User(user))?.entrance {
        carried.insert(ENTRANCE.to_owned(), PropertyValue::Text(entrance));
    }
    Ok(carried)
}

/// The properties that stand at these places.
fn taken<'a>(from: &'a Value, places: &'static [Taken]) -> impl Iterator<Item = (String, PropertyValue)> + 'a {
    places.iter().filter_map(|(name, place)| Some(((*name).to_owned(), at(from, place, name)?)))
}

fn at(from: &Value, place: &str, name: &str) -> Option<PropertyValue> {
    let found = match place.split_once("/*") {
        None => value(from.pointer(place)?)?,
        Some((list, of_item)) => {
            let items = from.pointer(list)?.as_array()?.iter();
            let texts = items.filter_map(|item| if of_item.is_empty() { Some(item) } else { item.pointer(of_item) });
            PropertyValue::List(texts.filter_map(Value::as_str).map(str::to_owned).collect())
        }
    };
    // Carried facts are texts, whatever they are where they come from.
    Some(match found {
        PropertyValue::Number(number) if name.starts_with('$') => PropertyValue::Text(number.to_string()),
        found => found,
    })
}

fn value(value: &Value) -> Option<PropertyValue> {
    match value {
        Value::String(text) => Some(PropertyValue::Text(rules::fitting(text))),
        Value::Number(number) => Some(PropertyValue::Number(Number::clone(number))),
        Value::Bool(flag) => Some(PropertyValue::Flag(*flag)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Gives the anonymous past of a device to its first user.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimDevice;

impl LoginListener for ClaimDevice {
    fn on_login(&self, tx: &mut Tx<'_>, _user: UserId, device: Option<DeviceId>) -> DbResult<()> {
        let Some(device) = device else { return Ok(()) };
        // The device's first user may be another than the one who logs in now.
        match identity::hold_device(tx, device)? {
            Some(first) => intake::claim_device(tx, device, first),
            None => Ok(()),
        }
    }
}
