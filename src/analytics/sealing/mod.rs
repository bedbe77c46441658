//! Sealing: accepted events leave the database for immutable files of columns.
//!
//! Events that wait in the inbox are written into a file for each day of the shop; the file is made durable first, and
//! then one transaction registers it and takes its events out of the inbox, so that none is lost and none counted twice,
//! whenever the process dies. A day's small files become one when there are many of them or the day is over. A file that
//! was replaced stays for a while, because a question may be reading it.
//!
//! Any number of processes may seal: whoever was slower finds fewer events than it wrote, and gives up its file.
//!
//! Owns `analytics_files`.

mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub(in crate::analytics) use self::store::FileRow;
use super::engine::event::Event;
use super::engine::flaw::EngineError;
use super::engine::people::People;
use super::engine::segment::{self, Segment, SegmentInfo};
use super::intake;
use super::translated;
use crate::kernel::day::Day;
use crate::kernel::time::HOUR_MS;
use crate::platform::db::{Db, DbError, DbResult, Tx};
use crate::platform::storage::{Archive, StorageError};

/// For how long a replaced file stays.
const KEPT_MS: i64 = HOUR_MS;
/// Replaced files removed in one round.
const REMOVED_AT_ONCE: i64 = 100;
/// Most events sealed in one round, which bounds memory.
const AT_MOST: i64 = 50_000;
/// A file of fewer events is small. Two small ones are the most that is in memory at once when they become one, and a
/// large one is never written again, so that what a day's files cost grows with its events and no faster.
const SMALL: i64 = 50_000;
/// Small files of a day that is not over become one when there are so many.
const SMALL_FILES_OF_A_DAY: usize = 8;

/// When events are sealed.
#[derive(Clone, Copy, Debug)]
pub struct SealingSettings {
    /// So many waiting events are sealed at once.
    pub events: i64,
    /// An event that waited so long is sealed with whatever else waits, in milliseconds.
    pub wait_ms: i64,
}

/// Why events could not be sealed. They wait on, and the next round tries again.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store of files.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The thread that wrote ended early.
    #[error("sealing was given up: {0}")]
    GivenUp(#[from] tokio::task::JoinError),
}

/// Seals events. Cloning shares it.
#[derive(Clone)]
pub struct Sealer {
    db: Db,
    archive: Archive,
    settings: SealingSettings,
}

/// A file that was written and is not registered yet.
struct Written {
    day: Day,
    key: String,
    info: SegmentInfo,
}

impl Sealer {
    /// A sealer of this database's events into this archive.
    pub fn new(db: Db, archive: Archive, settings: SealingSettings) -> Self {
        Self { db, archive, settings }
    }

    /// Seals every `pause` until `stop` turns true. Beside the runner of background work, which must not wait for it.
    pub async fn keep_sealing(self, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let sealed = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "events could not be sealed; the next round tries again");
                0
            });
            let rest = if sealed == 0 { pause } else { Duration::ZERO };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// One round: seals what waits if it is enough or old, makes one file of a day's small ones, removes what was replaced.
    /// Says how many events were sealed.
    ///
    /// # Errors
    /// The database, the disk or the bucket.
    pub async fn round(&self) -> Result<usize, SealingError> {
        let settings = self.settings;
        let due = move |tx: &mut Tx<'_>| {
            let oldest = intake::take_first(tx, 1)?;
            let old = oldest.iter().any(|event| event.received.plus_millis(settings.wait_ms) <= tx.now());
            DbResult::Ok(old || intake::waiting(tx)? >= settings.events)
        };
        let sealed = if self.db.read("analytics.seal_due", due).await? { self.seal().await? } else { 0 };
        self.rewrite().await?;
        self.remove_replaced().await?;
        Ok(sealed)
    }

    /// Seals what waits, up to the most of one round; says how many events that were.
    ///
    /// # Errors
    /// The database, the disk or the bucket.
    pub async fn seal(&self) -> Result<usize, SealingError> {
        let waiting = |tx: &mut Tx<'_>| {
            let mut days: BTreeMap<Day, Vec<Event>> = BTreeMap::new();
            for event in intake::take_first(tx, AT_MOST)? {
                days.entry(tx.zone().day_of(event.at)).or_default().push(translated::event(event));
            }
            DbResult::Ok(days)
        };
        let days = self.db.read("analytics.seal_read", waiting).await?;
        let seqs: Vec<i64> = days.values().flatten().map(|event| event.seq).collect();
        if seqs.is_empty() {
            return Ok(0);
        }
        // Who is who only decides how a file is sorted; that is left to its rewriting, when it pays to ask.
        let people = Arc::new(People::apart());
        let mut written = Vec::new();
        for (day, events) in days {
            written.push(self.write(day, &people, move || Ok(events)).await?);
        }
        let count = seqs.len();
        let register = move |tx: &mut Tx<'_>| {
            if intake::remove_sealed(tx, &seqs)? != seqs.len() {
                return Err(DbError::Conflict("somebody else sealed these events".to_owned()));
            }
            written.iter().flatten().try_for_each(|file| register(tx, file))
        };
        self.db.write("analytics.seal", register).await?;
        metrics::counter!("hourglass_analytics_sealed_total").increment(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }

    /// Seals events of one day that were made up and never waited.
    ///
    /// # Errors
    /// Events of another day, the database, the disk or the bucket.
    pub(in crate::analytics) async fn seal_day(&self, day: Day, events: Vec<Event>) -> Result<(), SealingError> {
        let written = self.write(day, &Arc::new(People::apart()), move || Ok(events)).await?;
        let register = move |tx: &mut Tx<'_>| written.iter().try_for_each(|file| register(tx, file));
        Ok(self.db.write("analytics.seal_day", register).await?)
    }

    /// Writes a file under a name of its own, on a thread of its own, and keeps it in the archive; nothing without events.
    async fn write(
        &self,
        day: Day,
        people: &Arc<People>,
        gather: impl FnOnce() -> Result<Vec<Event>, EngineError> + Send + 'static,
    ) -> Result<Option<Written>, SealingError> {
        let key = format!("analytics/{day}/{:032x}.parquet", rand::random::<u128>());
        let (path, people) = (self.archive.place(&key)?, Arc::clone(people));
        let zone = self.db.read("analytics.zone", |tx| DbResult::Ok(translated::zone(tx.zone()))).await?;
        let writing = move || {
            let events = gather()?;
            if events.is_empty() {
                return Ok(None);
            }
            let sealing = segment::Sealing { day: day.get(), zone: &zone, people: &people };
            segment::write(Path::new(&path), sealing, events).map(Some)
        };
        let Some(info) = tokio::task::spawn_blocking(writing).await?? else { return Ok(None) };
        self.archive.keep(&key).await?;
        Ok(Some(Written { day, key, info }))
    }

    /// Makes one file of small ones of a day, where it has many or is over, and writes files anew that hold events of
    /// somebody who asked to be forgotten.
    async fn rewrite(&self) -> Result<(), SealingError> {
        let read = |tx: &mut Tx<'_>| DbResult::Ok((store::live(tx)?, intake::erased(tx)?, tx.today()));
        let (files, erased, today) = self.db.read("analytics.rewrite_due", read).await?;
        let numbers: Arc<BTreeSet<u32>> = Arc::new(erased.iter().map(|(number, _)| *number).collect());
        let last_erased = erased.iter().map(|(_, at)| *at).max();
        let mut days: BTreeMap<Day, Vec<FileRow>> = BTreeMap::new();
        for file in files {
            if last_erased.is_some_and(|at| file.sealed_at <= at) {
                self.rewrite_day(file.day, vec![file], Arc::clone(&numbers)).await?;
            } else if file.events < SMALL {
                days.entry(file.day).or_default().push(file);
            }
        }
        for (day, small) in days {
            if small.len() >= SMALL_FILES_OF_A_DAY || (day < today && small.len() > 1) {
                for some in together(small) {
                    self.rewrite_day(day, some, Arc::clone(&numbers)).await?;
                }
            }
        }
        if let Some(at) = last_erased {
            self.db.write("analytics.forget_erased", move |tx| intake::forget_erased(tx, at)).await?;
        }
        Ok(())
    }

    async fn rewrite_day(&self, day: Day, files: Vec<FileRow>, erased: Arc<BTreeSet<u32>>) -> Result<(), SealingError> {
        let people = Arc::new(translated::people(&*self.db.read("analytics.people", intake::Roll::read).await?));
        let mut segments = Vec::new();
        for file in &files {
            segments.push(Segment::open(&self.archive.fetch(&file.key).await?)?);
        }
        let gather = move || {
            let mut events = Vec::new();
            for segment in &segments {
                events.extend(segment.events()?.into_iter().filter(|event| !erased.contains(&event.subject)));
            }
            Ok(events)
        };
        let written = self.write(day, &people, gather).await?;
        let ids: Vec<i64> = files.iter().map(|file| file.id).collect();
        let replace = move |tx: &mut Tx<'_>| {
            if store::replace(tx, &ids)? != ids.len() {
                return Err(DbError::Conflict("somebody else wrote these files anew".to_owned()));
            }
            written.iter().try_for_each(|file| register(tx, file))
        };
        Ok(self.db.write("analytics.rewrite", replace).await?)
    }

    /// Removes files that were replaced long enough ago that nobody reads them.
    async fn remove_replaced(&self) -> Result<(), SealingError> {
        let old = |tx: &mut Tx<'_>| {
            let before = tx.now().plus_millis(-KEPT_MS);
            store::replaced_before(tx, before, REMOVED_AT_ONCE)
        };
        for file in self.db.read("analytics.replaced", old).await? {
            self.archive.remove(&file.key).await?;
            self.db.write("analytics.forget_file", move |tx| store::forget(tx, file.id)).await?;
        }
        Ok(())
    }
}

/// Small files by those that become one each: as many as stay within twice what is small.
fn together(mut small: Vec<FileRow>) -> Vec<Vec<FileRow>> {
    small.sort_by_key(|file| (file.events, file.id));
    let (mut groups, mut group, mut events) = (Vec::new(), Vec::new(), 0_i64);
    for file in small {
        if events + file.events > 2 * SMALL {
            groups.push(std::mem::take(&mut group));
            events = 0;
        }
        events += file.events;
        group.push(file);
    }
    groups.push(group);
    groups.retain(|group| group.len() > 1);
    groups
}

fn register(tx: &mut Tx<'_>, file: &Written) -> DbResult<()> {
    let counted = |count: u64| i64::try_from(count).map_err(|_| DbError::Defect("a file of too many".to_owned()));
    let row = FileRow {
        id: tx.next_id(),
        day: file.day,
        key: file.key.clone(),
        events: counted(file.info.facts.rows)?,
        bytes: counted(file.info.bytes)?,
        sha256: file.info.sha256.clone(),
        sealed_at: tx.now(),
        replaced_at: None,
    };
    store::insert(tx, &row)
}

/// The files that hold what is sealed, day by day.
///
/// # Errors
/// The database's.
pub(in crate::analytics) fn files(tx: &mut Tx<'_>) -> DbResult<Vec<FileRow>> {
    store::live(tx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::Timestamp;

    fn file(id: i64, events: i64) -> FileRow {
        let (key, sha256) = (id.to_string(), String::new());
        let at = Timestamp::from_millis(0);
        FileRow { id, day: Day::new(0), key, events, bytes: 1, sha256, sealed_at: at, replaced_at: None }
    }

    #[test]
    fn files_become_one_within_bounds_and_none_alone() {
        let sizes = |files: Vec<FileRow>| -> Vec<Vec<i64>> {
            together(files).iter().map(|group| group.iter().map(|file| file.events).collect()).collect()
        };
        assert_eq!(sizes(vec![file(1, 30_000), file(2, 10)]), [[10, 30_000]]);
        assert!(sizes(vec![file(1, 30_000)]).is_empty());
        let many: Vec<FileRow> = (1..=9).map(|id| file(id, 20_000)).collect();
        assert_eq!(sizes(many), [vec![20_000; 5], vec![20_000; 4]]);
        let two = vec![file(1, SMALL - 1), file(2, SMALL - 1)];
        assert_eq!(sizes(two).len(), 1, "two small files can always become one");
    }
}
