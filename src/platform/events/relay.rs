//! The relay: hands pending events to their subscribers.

use std::sync::Arc;

use super::{RecordedEvent, Subscriber, store};
use crate::platform::db::{Db, DbError, DbResult};

/// Events looked at together.
const BATCH: i64 = 200;

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

    /// Delivers what is pending; says how many events are settled for everybody. An event whose subscriber failed stays
    /// pending and is offered again, without holding up those behind it, however many such events there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn round(&self) -> DbResult<usize> {
        let (mut settled, mut after) = (0, 0);
        loop {
            let events = self.db.read("events.pending", move |tx| store::pending(tx, after, BATCH)).await?;
            let more = i64::try_from(events.len()).is_ok_and(|count| count == BATCH);
            after = events.last().map_or(after, |event| event.id);
            settled += self.batch(events).await?;
            if !more {
                return Ok(settled);
            }
        }
    }

    async fn batch(&self, events: Vec<RecordedEvent>) -> DbResult<usize> {
        let mut settled = Vec::with_capacity(events.len());
        for event in events {
            let id = event.id;
            match self.deliver(event).await {
                Ok(()) => settled.push(id),
                Err(error) => {
                    tracing::warn!(event = id, %error, "an event could not be delivered; it will be offered again")
                }
            }
        }
        let count = settled.len();
        if count > 0 {
            self.db.write("events.finish", move |tx| store::finish(tx, &settled)).await?;
        }
        Ok(count)
    }

    async fn deliver(&self, event: RecordedEvent) -> DbResult<()> {
        let interested = self.subscribers.iter().filter(|subscriber| subscriber.wants(&event.name));
        for subscriber in interested {
            let (subscriber, event) = (Arc::clone(subscriber), event.clone());
            let deliver = move |tx: &mut crate::platform::db::Tx<'_>| {
                if store::note_delivery(tx, event.id, subscriber.name())? {
                    subscriber.deliver(tx, &event)?;
                }
                Ok::<(), DbError>(())
            };
            self.db.write("events.deliver", deliver).await?;
        }
        Ok(())
    }
}
