//! Telling the shop what happened, and looking at what it kept.

use std::sync::Arc;

use hourglass::analytics::intake::{Roll, TakenEvent, tail};
use hourglass::kernel::time::Timestamp;
use hourglass::platform::db::{DbError, DbResult, Tx};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Shop;
use super::shop::text;

/// A new id of an event.
pub fn new_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

/// An event of this name that happened at this moment.
pub fn event(name: &str, at: Timestamp) -> Value {
    json!({"event_id": new_id(), "name": name, "occurred_at": at})
}

/// Events sent at this moment.
pub fn batch(sent_at: Timestamp, events: &[Value]) -> Value {
    json!({"sent_at": sent_at, "events": events})
}

impl Shop {
    /// Everything that waits to be sealed.
    pub async fn kept_events(&self) -> Vec<TakenEvent> {
        self.app.db().read("tail", tail).await.expect("the tail")
    }

    /// The kept event of this id.
    pub async fn kept_event(&self, id: &str) -> TakenEvent {
        let id: Uuid = id.parse().expect("an id");
        let kept = self.kept_events().await.into_iter().find(|event| event.event_id == id);
        kept.unwrap_or_else(|| panic!("{id} was not kept"))
    }

    /// The kept events of this name.
    pub async fn kept_named(&self, name: &str) -> Vec<TakenEvent> {
        self.kept_events().await.into_iter().filter(|event| event.name == name).collect()
    }

    /// Who is who, as it is known to those who read only what changed since they last asked, and to those who read all.
    pub async fn who_is_who(&self) -> Arc<Roll> {
        let known = self.roll.lock().expect("a roll").clone();
        let reading = move |tx: &mut Tx<'_>| DbResult::Ok((Roll::renewed(tx, &known)?, Roll::read(tx)?));
        let (renewed, read) = self.app.db().read("roll", reading).await.expect("a roll");
        assert_eq!(renewed.persons(), read.persons());
        assert!(renewed.users().eq(read.users()));
        assert!((0..).zip(read.persons()).all(|(subject, _)| renewed.marks_of(subject) == read.marks_of(subject)));
        *self.roll.lock().expect("a roll") = Arc::clone(&renewed);
        renewed
    }

    /// The person whom the event of this id is about.
    pub async fn person_of_event(&self, id: &str) -> u32 {
        let subject = self.kept_event(id).await.subject;
        self.who_is_who().await.person_of(subject)
    }

    /// Tells of events as a device or, with a bearer token, as a shopper.
    pub async fn tells(&self, token: Option<&str>, device: Option<&str>, events: &[Value]) -> (u16, Value) {
        let headers: Vec<(&str, &str)> = device.map(|device| ("x-device-token", device)).into_iter().collect();
        let body = batch(self.clock.now(), events);
        self.call_with("POST", "/api/v1/events", token, &headers, Some(body)).await
    }

    /// Tells of one event now, as [`Shop::tells`]; answers its id.
    pub async fn tells_of(&self, token: Option<&str>, device: Option<&str>, name: &str) -> String {
        let event = event(name, self.clock.now());
        let (status, answer) = self.tells(token, device, std::slice::from_ref(&event)).await;
        assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
        text(&event["event_id"])
    }

    /// What the registry says of a name of an event.
    pub async fn event_name(&self, name: &str) -> Value {
        let found = self.try_event_name(name).await;
        found.unwrap_or_else(|| panic!("{name} is not in the registry"))
    }

    /// The same, if there is such a name.
    pub async fn try_event_name(&self, name: &str) -> Option<Value> {
        let mut path = "/analytics/event-names?limit=100".to_owned();
        loop {
            let page = self.staff("GET", &path, None).await;
            let found = page["items"].as_array().expect("names").iter().find(|item| item["name"] == name);
            if let Some(found) = found {
                return Some(found.clone());
            }
            path = format!("/analytics/event-names?limit=100&cursor={}", page["next_cursor"].as_str()?);
        }
    }

    /// Runs one statement that no endpoint has.
    pub async fn runs(&self, sql: &'static str) -> usize {
        use diesel::RunQueryDsl as _;
        let work = move |tx: &mut hourglass::platform::db::Tx<'_>| {
            Ok::<_, DbError>(diesel::sql_query(sql).execute(tx.conn()?)?)
        };
        self.app.db().write("test", work).await.expect("it runs")
    }
}
