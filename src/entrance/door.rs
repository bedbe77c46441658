//! The front door: the enabled entrances of this process, their secrets open, renewed when the table changes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use secrecy::SecretString;
use tokio::sync::{Mutex, watch};

use super::model::{Entrance, EntranceId, EntranceOrigin, EntranceState, Platform};
use super::service::{ConfiguredEntrance, EntranceKeys};
use super::store;
use crate::platform::db::{Db, DbResult};

/// An enabled entrance with its secrets.
#[derive(Debug, Clone)]
pub struct OpenEntrance {
    /// What is known about it.
    pub entrance: Entrance,
    /// The application's secret; for Alipay the private key as PEM.
    pub secret: SecretString,
    /// The token that signs messages, once staff have written it.
    pub message_token: Option<SecretString>,
    /// The key that seals messages, once staff have written it: 43 characters.
    pub message_aes_key: Option<SecretString>,
}

/// The enabled entrances in memory. Cloning shares them.
#[derive(Clone)]
pub struct Entrances(Arc<Living>);

struct Living {
    db: Db,
    keys: EntranceKeys,
    configured: ConfiguredEntrance,
    door: ArcSwap<Door>,
    renewing: Mutex<()>,
}

/// What was read last, and what of it is open.
#[derive(Default)]
struct Door {
    rows: Vec<Entrance>,
    open: Vec<Arc<OpenEntrance>>,
}

impl Entrances {
    /// Reads the entrances and opens those that are enabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(db: Db, keys: EntranceKeys, configured: ConfiguredEntrance) -> DbResult<Self> {
        let living = Living { db, keys, configured, door: ArcSwap::default(), renewing: Mutex::new(()) };
        let entrances = Self(Arc::new(living));
        entrances.renew().await?;
        Ok(entrances)
    }

    /// The enabled entrance of that application.
    pub fn find(&self, platform: Platform, app_id: &str) -> Option<Arc<OpenEntrance>> {
        self.pick(|entrance| entrance.platform == platform && entrance.app_id == app_id)
    }

    /// The enabled entrance with that id.
    pub fn by_id(&self, id: EntranceId) -> Option<Arc<OpenEntrance>> {
        self.pick(|entrance| entrance.id == id)
    }

    /// The entrance meant when a request names none: the configuration's, or else the oldest enabled one of the platform.
    pub fn default_of(&self, platform: Platform) -> Option<Arc<OpenEntrance>> {
        let configured = |entrance: &Entrance| entrance.origin == EntranceOrigin::Configuration;
        self.pick(|entrance| entrance.platform == platform && configured(entrance))
            .or_else(|| self.pick(|entrance| entrance.platform == platform))
    }

    /// Every enabled entrance, oldest first.
    pub fn all(&self) -> Vec<Arc<OpenEntrance>> {
        self.0.door.load().open.clone()
    }

    fn pick(&self, wanted: impl Fn(&Entrance) -> bool) -> Option<Arc<OpenEntrance>> {
        self.0.door.load().open.iter().find(|open| wanted(&open.entrance)).cloned()
    }

    /// Takes in whatever changed in the table.
    ///
    /// # Errors
    /// When the database fails; what was in force stays in force.
    pub async fn renew(&self) -> DbResult<()> {
        let _turn = self.0.renewing.lock().await;
        let rows = self.0.db.read("entrances.load", store::all).await?;
        if rows == self.0.door.load().rows {
            return Ok(());
        }
        let open = rows.iter().filter_map(|row| self.opened(row)).map(Arc::new).collect();
        self.0.door.store(Arc::new(Door { rows, open }));
        Ok(())
    }

    /// Takes in what this process has just committed; should that fail, the next tick does it.
    pub(super) async fn renew_at_once(&self) {
        if let Err(error) = self.renew().await {
            tracing::warn!(%error, "a change of the entrances is not in force yet");
        }
    }

    /// Renews on every tick until `stop` turns true.
    pub async fn keep_fresh(&self, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.renew().await {
                tracing::warn!(%error, "the entrances could not be renewed; what was in force stays");
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// An enabled entrance with its secrets; `None` when it is disabled or its secret does not open.
    fn opened(&self, row: &Entrance) -> Option<OpenEntrance> {
        if row.state == EntranceState::Disabled {
            return None;
        }
        let Living { keys, configured, .. } = &*self.0;
        let reveal = |column: &str, sealed: Option<&String>| {
            let opened = keys.open(column, row.id, sealed?);
            opened
                .inspect_err(
                    |error| tracing::error!(%error, entrance = %row.id, column, "a secret must be written anew"),
                )
                .ok()
        };
        let secret = match row.origin {
            // Another process may have been configured otherwise; whose mini-program this is, only that one can open.
            EntranceOrigin::Configuration if row.app_id != configured.app_id => None,
            EntranceOrigin::Configuration => Some(configured.secret.clone()),
            EntranceOrigin::Staff => reveal("sealed_secret", row.sealed_secret.as_ref()),
        };
        Some(OpenEntrance {
            entrance: row.clone(),
            secret: secret?,
            message_token: reveal("sealed_message_token", row.sealed_message_token.as_ref()),
            message_aes_key: reveal("sealed_message_aes_key", row.sealed_message_aes_key.as_ref()),
        })
    }
}
