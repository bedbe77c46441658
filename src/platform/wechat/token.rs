//! The access token: kept, refreshed early, by one refresher at a time.
//!
//! `stable_token` is used, so that a restart or a second process is handed the current token instead of ending it.
//! WeChat renews the stable token by itself five minutes before its end, therefore asking a little later than that
//! returns the new one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::kernel::time::{Clock, SECOND_MS, Timestamp};
use crate::platform::wechat::client::read_api_reply;
use crate::platform::wechat::error::WechatError;
use crate::platform::wechat::settings::WechatSettings;
use crate::platform::wechat::transport::Transport;

const CALL: &str = "stable_token";
/// How long before its end a token is refreshed.
const EARLY_MS: i64 = 240 * SECOND_MS;
/// How long the old, still valid token is used before the next attempt when an early refresh failed.
const POSTPONE_MS: i64 = 10 * SECOND_MS;

/// A token and its times.
#[derive(Debug)]
pub(super) struct HeldToken {
    value: SecretString,
    refresh_at: Timestamp,
    expires_at: Timestamp,
}

impl HeldToken {
    /// The token itself.
    pub(super) fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

/// Keeps the access token of one app.
#[derive(Debug)]
pub(super) struct TokenKeeper {
    transport: Transport,
    clock: Clock,
    url: String,
    app_id: String,
    app_secret: SecretString,
    held: RwLock<Option<Arc<HeldToken>>>,
    /// Whoever holds this is the refresher.
    refreshing: tokio::sync::Mutex<()>,
    /// Counts finished attempts, so that those who waited for one that failed share its failure instead of each
    /// waiting for a time-out of their own.
    attempts: AtomicU64,
    last_failure: Mutex<Option<WechatError>>,
}

#[derive(Serialize)]
struct TokenRequest<'a> {
    grant_type: &'static str,
    appid: &'a str,
    secret: &'a str,
    force_refresh: bool,
}

#[derive(Deserialize)]
struct TokenReply {
    access_token: String,
    expires_in: i64,
}

impl TokenKeeper {
    /// A keeper that has no token yet.
    pub(super) fn new(settings: &WechatSettings, transport: Transport, clock: Clock) -> Self {
        Self {
            transport,
            clock,
            url: format!("{}/cgi-bin/stable_token", settings.api_url),
            app_id: settings.app_id.clone(),
            app_secret: settings.app_secret.clone(),
            held: RwLock::new(None),
            refreshing: tokio::sync::Mutex::new(()),
            attempts: AtomicU64::new(0),
            last_failure: Mutex::new(None),
        }
    }

    /// A token that is valid now. Near its end one caller refreshes it while the others go on with the old one.
    pub(super) async fn current(&self) -> Result<Arc<HeldToken>, WechatError> {
        let now = self.clock.now();
        match self.held() {
            Some(token) if now < token.refresh_at => Ok(token),
            Some(token) if now < token.expires_at => Ok(self.refresh_early(token).await),
            _ => self.fetch_in_turn().await,
        }
    }

    /// A token other than `rejected`, which WeChat has just refused. When WeChat hands out the refused one again, it
    /// is told to replace it.
    pub(super) async fn replace(&self, rejected: &HeldToken) -> Result<Arc<HeldToken>, WechatError> {
        let _turn = self.refreshing.lock().await;
        if let Some(token) = self.held()
            && token.expose() != rejected.expose()
            && self.clock.now() < token.expires_at
        {
            return Ok(token);
        }
        self.hold(None);
        let token = self.fetch(false).await?;
        if token.expose() == rejected.expose() { self.fetch(true).await } else { Ok(token) }
    }

    async fn refresh_early(&self, token: Arc<HeldToken>) -> Arc<HeldToken> {
        let Ok(_turn) = self.refreshing.try_lock() else {
            return token;
        };
        let now = self.clock.now();
        if let Some(held) = self.held()
            && now < held.refresh_at
        {
            return held;
        }
        match self.fetch(false).await {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::warn!(%error, "early refresh of the access token failed; the old one is still valid");
                let refresh_at = now.plus_millis(POSTPONE_MS).min(token.expires_at);
                let value = token.value.clone();
                self.hold(Some(Arc::new(HeldToken { value, refresh_at, expires_at: token.expires_at })));
                token
            }
        }
    }

    async fn fetch_in_turn(&self) -> Result<Arc<HeldToken>, WechatError> {
        let attempts_before = self.attempts.load(Ordering::SeqCst);
        let _turn = self.refreshing.lock().await;
        if let Some(token) = self.held()
            && self.clock.now() < token.expires_at
        {
            return Ok(token);
        }
        if self.attempts.load(Ordering::SeqCst) != attempts_before
            && let Some(error) = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
        {
            return Err(error);
        }
        self.fetch(false).await
    }

    /// Asks WeChat; only the refresher calls this.
    async fn fetch(&self, force_refresh: bool) -> Result<Arc<HeldToken>, WechatError> {
        let outcome = self.ask(force_refresh).await;
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = outcome.as_ref().err().cloned();
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let token = Arc::new(outcome?);
        self.hold(Some(Arc::clone(&token)));
        Ok(token)
    }

    async fn ask(&self, force_refresh: bool) -> Result<HeldToken, WechatError> {
        let body = TokenRequest {
            grant_type: "client_credential",
            appid: &self.app_id,
            secret: self.app_secret.expose_secret(),
            force_refresh,
        };
        let asked_at = self.clock.now();
        let request = self.transport.http().post(&self.url).json(&body);
        let reply = self.transport.exchange(CALL, request).await?;
        let reply: TokenReply = read_api_reply(CALL, &reply)?;
        if reply.access_token.is_empty() || reply.expires_in <= 0 {
            return Err(WechatError::bad_reply(CALL, "no usable token"));
        }
        let lifetime_ms = reply.expires_in.saturating_mul(SECOND_MS);
        let early_ms = EARLY_MS.min(lifetime_ms / 4);
        let expires_at = asked_at.plus_millis(lifetime_ms);
        let refresh_at = expires_at.plus_millis(-early_ms);
        Ok(HeldToken { value: reply.access_token.into(), refresh_at, expires_at })
    }

    fn held(&self) -> Option<Arc<HeldToken>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, token: Option<Arc<HeldToken>>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}
