//! The shared state of one simulator: short locks, never held over an await.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::apps::{Apps, OpenApp};
use super::dice::Dice;
use super::elsewhere::{Elsewhere, Sms};
use super::journal::{Fact, FactRef, Journal};
use super::keys::Keys;
use super::knobs::Knobs;
use super::ledger::{Ledger, TradeKind};
use super::oauth::Oauth;
use super::open::links::Link;
use super::open::live::Live;
use super::open::messages::Subscriptions;
use super::open::service::Services;
use super::outbox::Outbox;
use super::people::People;
use super::push::Pushes;
use super::tokens::Tokens;
use super::{SimulatorError, SimulatorSettings};
use crate::kernel::time::{Clock, Timestamp};

/// WeChat waits five seconds for the answer to a notice.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(5);
/// Deliveries that may be under way at the same time.
const CONCURRENT_DELIVERIES: usize = 64;

/// A mini-program code that was drawn.
pub(super) struct DrawnCode {
    /// What its page gets.
    pub(super) scene: String,
    /// The page it opens.
    pub(super) page: String,
}

/// Everything the endpoints share.
pub(super) struct World {
    /// The injected clock.
    pub(super) clock: Clock,
    /// The home mini-program, which the merchant is paid in.
    pub(super) app_id: String,
    /// The mobile application that the merchant is paid in.
    pub(super) mobile_app_id: String,
    /// The one merchant this WeChat knows.
    pub(super) mch_id: String,
    /// Keys and secrets.
    pub(super) keys: Keys,
    /// Chance.
    pub(super) dice: Dice,
    /// Everything that may call.
    pub(super) apps: Mutex<Apps>,
    /// Users and their codes.
    pub(super) people: Mutex<People>,
    /// Access tokens of applications.
    pub(super) tokens: Mutex<Tokens>,
    /// Codes and tokens of users who agreed to log in.
    pub(super) oauth: Mutex<Oauth>,
    /// Orders, payments, refunds.
    pub(super) ledger: Mutex<Ledger>,
    /// Notices to the shop.
    pub(super) outbox: Mutex<Outbox>,
    /// Mini-program codes that were drawn.
    pub(super) codes: Mutex<Vec<DrawnCode>>,
    /// Links to the mini-program that were made.
    pub(super) links: Mutex<Vec<Link>>,
    /// What service accounts have.
    pub(super) services: Mutex<Services>,
    /// What people agreed to be sent by mini-programs, and what they were.
    pub(super) subscriptions: Mutex<Subscriptions>,
    /// What the live service remembers.
    pub(super) live: Mutex<Live>,
    /// Codes of other platforms.
    pub(super) elsewhere: Mutex<Elsewhere>,
    /// Text messages.
    pub(super) sms: Mutex<Sms>,
    /// Messages to the shop.
    pub(super) pushes: Mutex<Pushes>,
    /// Trouble that was asked for.
    pub(super) knobs: Mutex<Knobs>,
    /// The client notices are sent with; one for all, so that connections are reused.
    pub(super) client: reqwest::Client,
    /// Bounds the deliveries under way.
    pub(super) delivering: Semaphore,
    /// Wakes those who wait for deliveries to end.
    pub(super) delivered: Notify,
}

impl World {
    /// Builds the state, replaying the journal when there is a data directory.
    pub(super) fn new(settings: &SimulatorSettings) -> Result<Self, SimulatorError> {
        let dice = Dice::new(settings.seed, settings.clock.now());
        let keys = Keys::load(settings, &dice)?;
        let mut apps = Apps::default();
        for app in keys.apps() {
            apps.register(app);
        }
        let memory = Memory::open(settings)?;
        let client = reqwest::Client::builder()
            .timeout(NOTICE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            clock: settings.clock.clone(),
            app_id: settings.app_id.clone(),
            mobile_app_id: settings.mobile_app_id.clone(),
            mch_id: settings.mch_id.clone(),
            keys,
            dice,
            apps: Mutex::new(apps),
            people: Mutex::new(memory.people),
            tokens: Mutex::default(),
            oauth: Mutex::default(),
            ledger: Mutex::new(memory.ledger),
            outbox: Mutex::new(memory.outbox),
            codes: Mutex::default(),
            links: Mutex::default(),
            services: Mutex::default(),
            subscriptions: Mutex::default(),
            live: Mutex::default(),
            elsewhere: Mutex::default(),
            sms: Mutex::default(),
            pushes: Mutex::default(),
            knobs: Mutex::new(Knobs::default()),
            client,
            delivering: Semaphore::new(CONCURRENT_DELIVERIES),
            delivered: Notify::new(),
        })
    }

    /// The application in which orders of this kind are paid.
    pub(super) fn app_of(&self, kind: TradeKind) -> &str {
        if kind == TradeKind::App { &self.mobile_app_id } else { &self.app_id }
    }

    /// An application by its id.
    pub(super) fn app(&self, app_id: &str) -> Option<Arc<OpenApp>> {
        locked(&self.apps).get(app_id)
    }

    /// The present moment.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

struct Memory {
    people: People,
    ledger: Ledger,
    outbox: Outbox,
}

impl Memory {
    fn open(settings: &SimulatorSettings) -> Result<Self, SimulatorError> {
        let journal = Arc::new(Journal::default());
        let mut memory = Self {
            people: People::new(settings.app_id.clone(), journal.clone()),
            ledger: Ledger::new(journal.clone()),
            outbox: Outbox::new(journal.clone()),
        };
        let Some(dir) = settings.data_dir.as_deref() else { return Ok(memory) };
        for fact in Journal::read(dir)? {
            match fact {
                Fact::User(user) => memory.people.recall(user),
                Fact::Trade(trade) => memory.ledger.recall(*trade),
                Fact::Burned(out_trade_no) => memory.ledger.recall_burned(out_trade_no),
                Fact::Notice(notice) => memory.outbox.recall(*notice),
            }
        }
        // Later lines replace earlier ones, so the file is rewritten to the last word on everything.
        let facts = memory.people.users().map(FactRef::User).chain(memory.ledger.facts()).chain(memory.outbox.facts());
        journal.start(dir, facts)?;
        Ok(memory)
    }
}

/// Locks, and goes on after a panic elsewhere: every critical section leaves its data consistent at each step.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
