//! The relay: hands pending events to their subscribers.

use std::sync::Arc;

use super::store::{Failure, Pending};
use super::{FailureState, RecordedEvent, Subscriber, store};
use crate::platform::db::{Db, DbError, DbResult, Tx};

/// Events looked at together.
const BATCH: i64 = 200;
/// Events handed over in one transaction: many, since each transaction costs about as much as the few rows that an event
/// changes, and not too many, since others wait for it to end.
const TOGETHER: usize = 50;

/// Hands pending events to subscribers. Several relays may run at once, in one process or more: a delivery is noted in
/// the transaction that makes it, and noting it twice is impossible.
#[derive(Clone)]
pub struct Relay {
    db: Db,
    subscribers: Arc<[Arc<dyn Subscriber>]>,
}

impl Relay {
    /// A relay for these subscribers.
    pub fn new(db: Db, subscribers: Vec<Arc<dyn Subscriber>>) -> Self {
        Self { db, subscribers: subscribers.into() }
    }

    /// Delivers what is pending; says how many events are settled for everybody. A delivery that failed is tried again
    /// after a pause that grows, and in the end given up for staff to see; neither holds up other subscribers or other
    /// events, however many such events there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn round(&self) -> DbResult<usize> {
        let (mut settled, mut after) = (0, 0);
        loop {
            let pending = self.db.read("events.pending", move |tx| store::pending(tx, after, BATCH)).await?;
            let more = i64::try_from(pending.events.len()).is_ok_and(|count| count == BATCH);
            after = pending.events.last().map_or(after, |event| event.id);
            settled += self.batch(pending).await?;
            if !more {
                return Ok(settled);
            }
        }
    }

    async fn batch(&self, pending: Pending) -> DbResult<usize> {
        let Pending { events, failures } = pending;
        let failed_before = |event: &RecordedEvent| failures.iter().any(|failure| failure.event_id == event.id);
        let (odd, mut fresh): (Vec<_>, Vec<_>) = events.into_iter().partition(failed_before);
        let mut settled = self.one_by_one(odd, &failures).await?;
        while !fresh.is_empty() {
            let later = fresh.split_off(fresh.len().min(TOGETHER));
            settled += match self.deliver_together(&fresh).await {
                Ok(()) => fresh.len(),
                // Nothing was delivered; whichever of them failed must not hold up the others.
                Err(_) => self.one_by_one(fresh, &[]).await?,
            };
            fresh = later;
        }
        Ok(settled)
    }

    /// Hands events that nobody has refused yet to everybody who wants them, all or none.
    async fn deliver_together(&self, events: &[RecordedEvent]) -> DbResult<()> {
        let (subscribers, events) = (Arc::clone(&self.subscribers), events.to_vec());
        let deliver = move |tx: &mut Tx<'_>| {
            for event in &events {
                for subscriber in subscribers.iter().filter(|subscriber| subscriber.wants(&event.name)) {
                    if store::note_delivery(tx, event.id, subscriber.name())? {
                        subscriber.deliver(tx, event)?;
                    }
                }
            }
            store::finish(tx, &events.iter().map(|event| event.id).collect::<Vec<_>>())
        };
        self.db.write("events.deliver", deliver).await
    }

    async fn one_by_one(&self, events: Vec<RecordedEvent>, failures: &[Failure]) -> DbResult<usize> {
        let mut settled = Vec::with_capacity(events.len());
        for event in events {
            let id = event.id;
            let failures = failures.iter().filter(|failure| failure.event_id == id);
            if self.deliver(event, &failures.collect::<Vec<_>>()).await {
                settled.push(id);
            }
        }
        let count = settled.len();
        if count > 0 {
            self.db.write("events.finish", move |tx| store::finish(tx, &settled)).await?;
        }
        Ok(count)
    }

    /// Hands an event to everybody who wants it; says whether all of them have had it or were given up.
    async fn deliver(&self, event: RecordedEvent, failures: &[&Failure]) -> bool {
        let now = self.db.clock().now();
        let mut settled = true;
        for subscriber in self.subscribers.iter().filter(|subscriber| subscriber.wants(&event.name)) {
            let failure = failures.iter().find(|failure| failure.subscriber == subscriber.name());
            match failure {
                Some(failure) if failure.state == FailureState::Dead => {}
                Some(failure) if failure.try_at > now => settled = false,
                _ => settled &= self.hand_over(subscriber, &event, failure.map(|failure| failure.attempts)).await,
            }
        }
        settled
    }

    /// Hands an event to one subscriber, who has refused it so many times before; says whether that is settled now.
    async fn hand_over(&self, subscriber: &Arc<dyn Subscriber>, event: &RecordedEvent, before: Option<i64>) -> bool {
        let (name, id) = (subscriber.name(), event.id);
        let (taker, event) = (Arc::clone(subscriber), event.clone());
        let deliver = move |tx: &mut Tx<'_>| {
            if store::note_delivery(tx, id, name)? {
                taker.deliver(tx, &event)?;
            }
            if before.is_some() { store::forget_failure(tx, id, name) } else { Ok(()) }
        };
        let error = match self.db.write("events.deliver", deliver).await {
            Ok(()) => return true,
            Err(error) => error,
        };
        tracing::warn!(event = id, subscriber = name, %error, "an event could not be delivered; it will be offered again");
        // A database that is away says nothing about the event.
        if matches!(error, DbError::Unavailable(_) | DbError::OutcomeUnknown(_)) {
            return false;
        }
        let (why, before) = (error.to_string(), before.unwrap_or(0));
        match self.db.write("events.failed", move |tx| store::note_failure(tx, id, name, before, &why)).await {
            Ok(given_up) => {
                if given_up {
                    metrics::counter!("hourglass_events_dead_total", "subscriber" => name).increment(1);
                    tracing::error!(event = id, subscriber = name, "an event was given up; staff must look at it");
                }
                given_up
            }
            Err(error) => {
                tracing::warn!(event = id, subscriber = name, %error, "a failed delivery could not be counted");
                false
            }
        }
    }
}
