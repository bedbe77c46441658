//! Notices to the shop: what is to be told, when the next try is due, what the shop answered.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal::{FactRef, Journal};
use crate::kernel::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// The documented waits after the first and each further failed try.
const RETRY_AFTER_MS: [i64; 15] = [
    15 * SECOND_MS,
    15 * SECOND_MS,
    30 * SECOND_MS,
    3 * MINUTE_MS,
    10 * MINUTE_MS,
    20 * MINUTE_MS,
    30 * MINUTE_MS,
    30 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    3 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    6 * HOUR_MS,
];
/// Finished notices kept for the tester to look at.
const FINISHED_KEPT: usize = 20_000;

/// How far a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NoticeState {
    /// Waits for its next try.
    Pending,
    /// Kept back; only the tester sends it.
    Withheld,
    /// Lost on the way, never tried again.
    Lost,
    /// The shop said 2xx.
    Delivered,
    /// All tries were answered badly.
    GivenUp,
}

/// One try.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// When, by the simulator's clock.
    pub(super) at: Timestamp,
    /// What was sent: the notice itself, or which distortion of it.
    pub(super) sent: String,
    /// The shop's status; absent when it could not be reached.
    pub(super) status: Option<u16>,
    /// The shop's body, or why it could not be reached.
    pub(super) body: String,
}

impl Answer {
    /// Whether WeChat takes the answer as received.
    pub(super) fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What is to be told, before it has an id.
pub(super) struct Draft {
    /// The shop's address.
    pub(super) url: String,
    /// Such as `TRANSACTION.SUCCESS`.
    pub(super) event_type: String,
    /// Such as `transaction`; also the associated data of the cipher.
    pub(super) original_type: String,
    /// A sentence.
    pub(super) summary: String,
    /// The resource before encryption.
    pub(super) resource: Value,
}

/// A notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Notice {
    /// The id of the delivery, the same in all tries.
    pub(super) id: String,
    /// The shop's address.
    pub(super) url: String,
    /// Such as `TRANSACTION.SUCCESS`.
    pub(super) event_type: String,
    /// Such as `transaction`.
    pub(super) original_type: String,
    /// A sentence.
    pub(super) summary: String,
    /// The resource before encryption, as it was when the notice was born.
    pub(super) resource: Value,
    /// When it was born.
    pub(super) created_at: Timestamp,
    /// When the next try is due.
    pub(super) due_at: Timestamp,
    /// Tries that were answered badly.
    pub(super) failed_tries: usize,
    /// How far it is.
    pub(super) state: NoticeState,
    /// All tries.
    pub(super) answers: Vec<Answer>,
}

/// All notices.
pub(super) struct Outbox {
    notices: HashMap<String, Notice>,
    order: VecDeque<String>,
    due: BTreeSet<(Timestamp, String)>,
    in_flight: HashSet<String>,
    journal: Arc<Journal>,
}

impl Outbox {
    /// No notices yet.
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self {
            notices: HashMap::new(),
            order: VecDeque::new(),
            due: BTreeSet::new(),
            in_flight: HashSet::new(),
            journal,
        }
    }

    /// Takes a notice back from the journal.
    pub(super) fn recall(&mut self, notice: Notice) {
        if let Some(before) = self.notices.get(&notice.id) {
            self.due.remove(&(before.due_at, before.id.clone()));
        } else {
            self.order.push_back(notice.id.clone());
        }
        if notice.state == NoticeState::Pending {
            self.due.insert((notice.due_at, notice.id.clone()));
        }
        self.notices.insert(notice.id.clone(), notice);
    }

    /// Everything worth keeping.
    pub(super) fn facts(&self) -> impl Iterator<Item = FactRef<'_>> {
        self.notices().map(FactRef::Notice)
    }

    /// All notices, oldest first.
    pub(super) fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.order.iter().filter_map(|id| self.notices.get(id))
    }

    /// One notice.
    pub(super) fn notice(&self, id: &str) -> Option<&Notice> {
        self.notices.get(id)
    }

    /// Files a new notice.
    pub(super) fn add(&mut self, notice: Notice) {
        self.journal.record(&FactRef::Notice(&notice));
        self.recall(notice);
        self.forget_old();
    }

    /// Ids of pending notices that nobody is delivering and that are due by `now`.
    pub(super) fn claimable(&self, now: Timestamp) -> Vec<String> {
        let due = self.due.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, id)| id).filter(|id| !self.in_flight.contains(*id)).cloned().collect()
    }

    /// Ids of all pending notices, those under way included, the earliest due first.
    pub(super) fn pending(&self) -> Vec<String> {
        self.due.iter().map(|(_, id)| id.clone()).collect()
    }

    /// Takes a pending notice for delivery. `None` when somebody else has it or it is finished.
    pub(super) fn claim(&mut self, id: &str) -> Option<Notice> {
        let notice = self.notices.get(id).filter(|notice| notice.state == NoticeState::Pending)?.clone();
        self.in_flight.insert(id.to_owned()).then_some(notice)
    }

    /// Whether a delivery is under way.
    pub(super) fn is_in_flight(&self, id: &str) -> bool {
        self.in_flight.contains(id)
    }

    /// Files what a claimed delivery brought: done, or the next try by the documented schedule.
    pub(super) fn release(&mut self, id: &str, answers: Vec<Answer>, now: Timestamp) {
        self.in_flight.remove(id);
        let Some(notice) = self.notices.get_mut(id) else { return };
        let accepted = answers.iter().any(|answer| answer.sent == "notice" && answer.accepted());
        notice.answers.extend(answers);
        self.due.remove(&(notice.due_at, notice.id.clone()));
        if accepted {
            notice.state = NoticeState::Delivered;
        } else if let Some(wait) = RETRY_AFTER_MS.get(notice.failed_tries) {
            notice.failed_tries = notice.failed_tries.saturating_add(1);
            notice.due_at = now.plus_millis(*wait);
            self.due.insert((notice.due_at, notice.id.clone()));
        } else {
            notice.state = NoticeState::GivenUp;
        }
        self.journal.record(&FactRef::Notice(notice));
    }

    /// Files what the tester's own sending brought. An accepted undistorted one also ends the retries.
    pub(super) fn note(&mut self, id: &str, answers: &[Answer]) {
        let Some(notice) = self.notices.get_mut(id) else { return };
        notice.answers.extend_from_slice(answers);
        if answers.iter().any(|answer| answer.sent == "notice" && answer.accepted()) {
            self.due.remove(&(notice.due_at, notice.id.clone()));
            notice.state = NoticeState::Delivered;
        }
        self.journal.record(&FactRef::Notice(notice));
    }

    fn forget_old(&mut self) {
        while self.order.len() > FINISHED_KEPT {
            let finished = self.order.front().and_then(|id| self.notices.get(id));
            if finished.is_some_and(|notice| notice.state == NoticeState::Pending) {
                return;
            }
            if let Some(id) = self.order.pop_front() {
                self.notices.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(id: &str, due_at: Timestamp) -> Notice {
        Notice {
            id: id.to_owned(),
            url: "http://localhost/".to_owned(),
            event_type: "TRANSACTION.SUCCESS".to_owned(),
            original_type: "transaction".to_owned(),
            summary: String::new(),
            resource: Value::Null,
            created_at: due_at,
            due_at,
            failed_tries: 0,
            state: NoticeState::Pending,
            answers: Vec::new(),
        }
    }

    fn answer(status: u16) -> Answer {
        Answer { at: Timestamp::from_millis(0), sent: "notice".to_owned(), status: Some(status), body: String::new() }
    }

    #[test]
    fn a_refused_notice_is_tried_by_the_documented_schedule_and_then_given_up() {
        let mut outbox = Outbox::new(Arc::new(Journal::default()));
        let mut now = Timestamp::from_millis(0);
        outbox.add(pending("EV-1", now));
        for wait in RETRY_AFTER_MS {
            assert_eq!(outbox.claimable(now), ["EV-1"]);
            assert!(outbox.claim("EV-1").is_some());
            assert!(outbox.claim("EV-1").is_none());
            assert!(outbox.claimable(now).is_empty());
            outbox.release("EV-1", vec![answer(500)], now);
            assert!(outbox.claimable(now.plus_millis(wait - 1)).is_empty());
            now = now.plus_millis(wait);
        }
        outbox.claim("EV-1").unwrap();
        outbox.release("EV-1", vec![answer(500)], now);
        assert_eq!(outbox.notice("EV-1").unwrap().state, NoticeState::GivenUp);
        assert!(outbox.pending().is_empty());
    }

    #[test]
    fn an_accepted_notice_is_not_due_again() {
        let mut outbox = Outbox::new(Arc::new(Journal::default()));
        outbox.add(pending("EV-1", Timestamp::from_millis(0)));
        outbox.claim("EV-1").unwrap();
        outbox.release("EV-1", vec![answer(204)], Timestamp::from_millis(0));
        assert!(outbox.pending().is_empty());
        assert_eq!(outbox.notice("EV-1").unwrap().state, NoticeState::Delivered);
    }
}
