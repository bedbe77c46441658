//! Asking: what is sealed and what waits is put together as of one moment, and a question is answered on a thread of its
//! own, a bounded number at once, so that the shop is never slowed by those who look at it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::known;
use crate::analytics::engine::analysis::Analysis;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::flaw::EngineError;
use crate::analytics::engine::people::{People, PersonSet, Users};
use crate::analytics::engine::segment::Segment;
use crate::analytics::error::AnalyticsError;
use crate::analytics::events::is_the_shops;
use crate::analytics::intake::{self, Roll};
use crate::analytics::sealing::{self, FileRow};
use crate::analytics::translated;
use crate::platform::db::{Db, DbError, DbResult, Tx};
use crate::platform::storage::Archive;

/// How questions are answered.
#[derive(Clone, Copy, Debug)]
pub struct ReportSettings {
    /// Questions answered at once; others wait.
    pub at_once: usize,
    /// Threads of one question.
    pub workers: usize,
    /// How long a question waits for its turn.
    pub wait: Duration,
}

/// What of everything a question is asked of.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Whether machines, staff, test accounts, locked-out users and seats the shop filled count too.
    pub show_all: bool,
    /// Whether what is known about shares, orders and people beside single events is gathered first.
    pub with_known: bool,
    /// Whether users are named, which whoever asks must be allowed to see.
    pub with_users: bool,
    /// The only persons whose events count; none for everybody.
    pub only: Option<Arc<PersonSet>>,
}

impl View {
    /// Conditions on people need what is known about them, whatever the question is.
    pub(in crate::analytics) fn for_question(self, question: &impl serde::Serialize) -> Self {
        let asks_users = serde_json::to_string(question).is_ok_and(|text| text.contains(r#""of":"user""#));
        Self { with_known: self.with_known || asks_users, ..self }
    }
}

/// Answers questions. Cloning shares it.
#[derive(Clone)]
pub struct Reports(Arc<Inner>);

struct Inner {
    db: Db,
    archive: Archive,
    settings: ReportSettings,
    turns: Semaphore,
    /// Files that were opened before, by key. A file never changes.
    open: Mutex<HashMap<String, Segment>>,
    who: Mutex<Who>,
}

/// Who is who as last asked, and the same in the words of the engine.
#[derive(Clone, Default)]
struct Who {
    roll: Arc<Roll>,
    people: Arc<People>,
    users: Arc<Users>,
}

impl Reports {
    /// Questions about this database's events and the files in this archive.
    pub fn new(db: Db, archive: Archive, settings: ReportSettings) -> Self {
        let turns = Semaphore::new(settings.at_once);
        Self(Arc::new(Inner { db, archive, settings, turns, open: Mutex::default(), who: Mutex::default() }))
    }

    /// The database.
    pub(in crate::analytics) fn db(&self) -> &Db {
        &self.0.db
    }

    /// Answers a question.
    ///
    /// # Errors
    /// What is wrong with it, [`AnalyticsError::TooBusy`], or the database's.
    pub async fn ask<A>(&self, question: A, view: View) -> Result<A::Answer, AnalyticsError>
    where
        A: Analysis + Send + 'static,
        A::Answer: Send + 'static,
    {
        question.validate()?;
        self.work(view.for_question(&question), move |data| question.answer(data)).await
    }

    /// The persons behind one figure of an answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn people<A>(&self, question: A, figure: A::Figure, view: View) -> Result<PersonSet, AnalyticsError>
    where
        A: Analysis + Send + 'static,
        A::Figure: Send + 'static,
    {
        question.validate()?;
        self.work(view.for_question(&question), move |data| question.people(data, &figure)).await
    }

    /// Lets `work` look at everything, when it is its turn.
    pub(in crate::analytics) async fn work<T: Send + 'static>(
        &self,
        view: View,
        work: impl FnOnce(&Dataset) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, AnalyticsError> {
        let turn = tokio::time::timeout(self.0.settings.wait, self.0.turns.acquire()).await;
        let _turn = turn.map_err(|_| AnalyticsError::TooBusy)?.map_err(|_| AnalyticsError::TooBusy)?;
        let data = self.dataset(view.with_users).await?;
        let asked = tokio::task::spawn_blocking(move || {
            let data = if view.show_all { data.showing_all() } else { data };
            let data = if view.with_known { known::completed(data)? } else { data };
            // What is known is known of everybody, such as who brought whom.
            work(&Dataset { only: view.only, ..data })
        });
        match asked.await {
            Ok(answer) => Ok(answer?),
            Err(ended) => Err(DbError::Defect(format!("a question was not answered: {ended}")).into()),
        }
    }

    /// What there is now. Files and tail are of one moment: what is sealed meanwhile is counted once. Names that staff
    /// blocked are left out, but for the shop's own, which other figures are made of.
    async fn dataset(&self, with_users: bool) -> Result<Dataset, AnalyticsError> {
        let reports = self.clone();
        let reading = move |tx: &mut Tx<'_>| {
            let (files, tail) = (sealing::files(tx)?, intake::tail(tx)?);
            let known = (reports.who(tx)?, intake::shown_names(tx)?);
            DbResult::Ok((files, tail, known, tx.now(), tx.zone().clone()))
        };
        let (files, tail, (who, names), now, zone) = self.0.db.read("analytics.dataset", reading).await?;
        let segments = self.segments(files).await?;
        let tail = tail.into_iter().map(translated::event).collect();
        Ok(Dataset {
            segments,
            tail: Arc::new(tail),
            people: who.people,
            users: if with_users { who.users } else { Arc::default() },
            labels: Arc::new(names.events),
            blocked: Arc::new(names.blocked_events.into_iter().filter(|name| !is_the_shops(name)).collect()),
            workers: self.0.settings.workers,
            ..Dataset::empty(translated::zone(&zone), now.millis())
        })
    }

    /// Who is who now.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::analytics) async fn roll(&self) -> DbResult<Arc<Roll>> {
        let reports = self.clone();
        Ok(self.0.db.read("analytics.roll", move |tx: &mut Tx<'_>| reports.who(tx)).await?.roll)
    }

    /// The same for whoever reads; what a transaction that writes sees may never come to be.
    fn who(&self, tx: &mut Tx<'_>) -> DbResult<Who> {
        let broken = || DbError::Defect("what is known about who is who is broken".to_owned());
        let known = self.0.who.lock().map_err(|_| broken())?.clone();
        let roll = Roll::renewed(tx, &known.roll)?;
        if Arc::ptr_eq(&roll, &known.roll) {
            return Ok(known);
        }
        let who = Who { people: Arc::new(translated::people(&roll)), users: Arc::new(roll.users().collect()), roll };
        *self.0.who.lock().map_err(|_| broken())? = who.clone();
        Ok(who)
    }

    async fn segments(&self, files: Vec<FileRow>) -> Result<Vec<Segment>, AnalyticsError> {
        let mut segments = Vec::with_capacity(files.len());
        for file in &files {
            let known = self.0.open.lock().map_err(|_| broken())?.get(&file.key).cloned();
            let segment = match known {
                Some(segment) => segment,
                None => Segment::open(&self.0.archive.fetch(&file.key).await.map_err(|error| lost(&error))?)?,
            };
            segments.push((file.key.clone(), segment));
        }
        // What was replaced is forgotten with this.
        *self.0.open.lock().map_err(|_| broken())? = segments.iter().cloned().collect();
        Ok(segments.into_iter().map(|(_, segment)| segment).collect())
    }
}

fn broken() -> AnalyticsError {
    DbError::Defect("the list of open files is broken".to_owned()).into()
}

fn lost(error: &impl std::fmt::Display) -> AnalyticsError {
    DbError::Unavailable(error.to_string()).into()
}
