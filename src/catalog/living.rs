//! The living catalogue: the snapshot and the search index of this process, renewed when the tables change.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Mutex, Notify, watch};

use super::error::CatalogError;
use super::model::ProductId;
use super::search::{SearchIndex, SearchQuery};
use super::snapshot::Snapshot;
use super::store;
use super::words::SearchTally;
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::platform::db::{Db, DbError, DbResult, Tx};

/// How often counts of pieces sold are looked at again, in milliseconds. They change with every payment and matter
/// little to the second.
const SOLD_PERIOD_MS: i64 = MINUTE_MS;

/// How many products are named in one statement.
const READ_AT_ONCE: usize = 1_000;

/// The catalogue in memory. Cloning shares it.
#[derive(Clone)]
pub struct Catalog(Arc<Living>);

struct Living {
    db: Db,
    snapshot: ArcSwap<Snapshot>,
    index: ArcSwapOption<SearchIndex>,
    renewing: Mutex<()>,
    changed: Arc<Notify>,
    sold_seen_at: AtomicI64,
    tally: SearchTally,
}

impl Catalog {
    /// Reads the catalogue. The search index is not built yet: call [`Catalog::renew`] or [`Catalog::keep_fresh`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(db: Db) -> DbResult<Self> {
        let snapshot = db.read("catalog.load", whole).await?;
        let now = db.clock().now().millis();
        Ok(Self(Arc::new(Living {
            db,
            snapshot: ArcSwap::from_pointee(snapshot),
            index: ArcSwapOption::empty(),
            renewing: Mutex::new(()),
            changed: Arc::new(Notify::new()),
            sold_seen_at: AtomicI64::new(now),
            tally: SearchTally::default(),
        })))
    }

    /// What shoppers see now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    /// The search index.
    ///
    /// # Errors
    /// While it is still being built after a start.
    pub fn index(&self) -> Result<Arc<SearchIndex>, CatalogError> {
        self.0.index.load_full().ok_or(CatalogError::SearchStarting)
    }

    /// The searches counted since they were last written down.
    pub(super) fn tally(&self) -> &SearchTally {
        &self.0.tally
    }

    /// Has this process look at the tables at once when this transaction is committed, instead of at the next tick.
    pub fn poke_after(&self, tx: &mut Tx<'_>) {
        let changed = Arc::clone(&self.0.changed);
        tx.after_commit(move || changed.notify_one());
    }

    /// Takes in whatever changed in the tables; builds the search index when there is none.
    ///
    /// # Errors
    /// When the database or the index fails; what was in force stays in force.
    pub async fn renew(&self) -> DbResult<()> {
        let _turn = self.0.renewing.lock().await;
        self.renew_products().await?;
        self.renew_sold().await?;
        if self.0.index.load().is_none() {
            self.build_index().await?;
        }
        self.flush_words().await
    }

    /// Renews on every tick and poke until `stop` turns true.
    pub async fn keep_fresh(&self, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.renew().await {
                tracing::warn!(%error, "the catalogue could not be renewed; what was in force stays");
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.0.changed.notified() => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn renew_products(&self) -> DbResult<()> {
        let old = self.snapshot();
        let known = old.revision;
        let found = self.0.db.read("catalog.changes", move |tx| changes(tx, known)).await?;
        let (snapshot, changed) = match found {
            Changes::None => return Ok(()),
            Changes::Everything(snapshot) => (*snapshot, None),
            Changes::Products(revision, ids, fresh) => (old.with(revision, &ids, fresh), Some(ids)),
        };
        self.swap(snapshot, changed).await
    }

    async fn renew_sold(&self) -> DbResult<()> {
        let now = self.0.db.clock().now().millis();
        if now.saturating_sub(self.0.sold_seen_at.load(Ordering::Relaxed)) < SOLD_PERIOD_MS {
            return Ok(());
        }
        self.0.sold_seen_at.store(now, Ordering::Relaxed);
        let old = self.snapshot();
        let shown = Arc::clone(&old);
        let found = self.0.db.read("catalog.sold", move |tx| {
            let changed = shown.sold_otherwise(&store::sold_counts(tx)?);
            let mut fresh = Vec::new();
            for some in changed.chunks(READ_AT_ONCE) {
                fresh.extend(store::listed_products(tx, Some(some))?);
            }
            Ok::<_, DbError>((changed, fresh))
        });
        match found.await? {
            (changed, _) if changed.is_empty() => Ok(()),
            (changed, fresh) => self.swap(old.with(old.revision, &changed, fresh), Some(changed)).await,
        }
    }

    /// Puts a snapshot in force and tells the index. `changed` are the products that differ; all when `None`.
    async fn swap(&self, snapshot: Snapshot, changed: Option<Vec<ProductId>>) -> DbResult<()> {
        self.0.snapshot.store(Arc::new(snapshot));
        let (Some(index), Some(changed)) = (self.0.index.load_full(), changed) else {
            return if self.0.index.load().is_some() { self.build_index().await } else { Ok(()) };
        };
        let snapshot = self.snapshot();
        let apply = move || {
            let gone: Vec<i64> = changed.iter().filter(|id| !snapshot.shows(**id)).map(|id| id.get()).collect();
            index.apply(snapshot.search_documents(&changed), gone)
        };
        on_blocking_thread(apply).await
    }

    async fn build_index(&self) -> DbResult<()> {
        let living = Arc::clone(&self.0);
        let build = move || {
            let snapshot = living.snapshot.load_full();
            living.index.store(Some(Arc::new(SearchIndex::build(snapshot.all_search_documents())?)));
            Ok(())
        };
        on_blocking_thread(build).await
    }

    async fn flush_words(&self) -> DbResult<()> {
        let counted = self.0.tally.take();
        if counted.is_empty() {
            return Ok(());
        }
        self.0.db.write("catalog.words", move |tx| super::words::write_down(tx, &counted)).await
    }

    /// Searches on a blocking thread, since segmenting and scoring take processor time.
    ///
    /// # Errors
    /// While the index is being built, or when the cursor belongs to another order.
    pub async fn search(&self, query: SearchQuery) -> Result<super::search::SearchHits, CatalogError> {
        let index = self.index()?;
        let searched = tokio::task::spawn_blocking(move || index.search(&query)).await;
        let searched = searched.map_err(|error| DbError::Defect(error.to_string()))?;
        searched.map_err(|error| match error {
            super::search::SearchError::ForeignCursor => {
                CatalogError::InvalidSearch(serde_json::json!({ "field": "cursor" }))
            }
            other => CatalogError::Db(DbError::Defect(other.to_string())),
        })
    }
}

async fn on_blocking_thread(
    work: impl FnOnce() -> Result<(), super::search::SearchError> + Send + 'static,
) -> DbResult<()> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| DbError::Defect(error.to_string()))?;
    done.map_err(|error| DbError::Defect(error.to_string()))
}

enum Changes {
    None,
    Products(i64, Vec<ProductId>, Vec<super::model::Product>),
    Everything(Box<Snapshot>),
}

fn whole(tx: &mut Tx<'_>) -> DbResult<Snapshot> {
    Ok(Snapshot::of(store::revision(tx)?, store::all_categories(tx)?, store::listed_products(tx, None)?))
}

fn changes(tx: &mut Tx<'_>, known: i64) -> DbResult<Changes> {
    let revision = store::revision(tx)?;
    if revision == known {
        return Ok(Changes::None);
    }
    let listed = store::changes_since(tx, known)?;
    let ids: Option<Vec<ProductId>> = listed.and_then(|changes| changes.into_iter().collect());
    match ids {
        Some(mut ids) if revision > known => {
            ids.sort_unstable();
            ids.dedup();
            let fresh = store::listed_products(tx, Some(&ids))?;
            Ok(Changes::Products(revision, ids, fresh))
        }
        // The tree changed, or this process slept for longer than changes are kept.
        _ => Ok(Changes::Everything(Box::new(whole(tx)?))),
    }
}

/// A moment before which nobody needs changes any more: every running process looks many times a minute.
pub(super) fn changes_kept_from(now: Timestamp) -> Timestamp {
    now.plus_millis(-60 * MINUTE_MS)
}
