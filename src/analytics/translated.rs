//! What came in, in the words of the engine, which knows neither the database nor HTTP.

use super::engine::calendar;
use super::engine::event::{Event, Flags, Value};
use super::engine::people;
use super::intake::{Roll, TakenEvent};
use super::model::PropertyValue;
use crate::kernel::day::Zone;

/// An event.
pub(super) fn event(taken: TakenEvent) -> Event {
    let properties = taken.properties.into_iter().filter_map(|(name, value)| Some((name, self::value(value)?)));
    Event {
        seq: taken.seq,
        event_id: taken.event_id,
        name: taken.name,
        subject: taken.subject,
        session: taken.session,
        at: taken.at.millis(),
        received: taken.received.millis(),
        flags: Flags::from_bits(u16::try_from(taken.flags.bits()).unwrap_or_default()),
        properties: properties.collect(),
    }
}

/// A value; intake admits only numbers that are exact, so that none is lost here.
fn value(value: PropertyValue) -> Option<Value> {
    Some(match value {
        PropertyValue::Text(text) => Value::Text(text),
        PropertyValue::Number(number) => Value::Number(number.as_f64()?),
        PropertyValue::Flag(yes) => Value::Bool(yes),
        PropertyValue::List(texts) => Value::List(texts),
    })
}

/// Who is who.
pub(super) fn people(roll: &Roll) -> people::People {
    let numbered = (0..).zip(roll.persons().iter().copied());
    people::People::new(numbered.filter(|(subject, person)| subject != person))
}

/// The shop's zone.
pub(super) fn zone(zone: &Zone) -> calendar::Zone {
    calendar::Zone::named(zone.name()).unwrap_or_default()
}
