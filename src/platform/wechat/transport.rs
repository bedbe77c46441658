//! One HTTP client for all of WeChat: pooled HTTP/1.1 connections, bounded answers, failures by kind.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, redirect};

use crate::kernel::time::Clock;
use crate::platform::wechat::error::{WechatError, WechatErrorKind};
use crate::platform::wechat::settings::{WechatSettings, WechatSetupError};

/// No answer of WeChat that this client asks for comes near this size; a longer one is cut off.
const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;
/// A connection that takes longer than this to open will not open; the caller learns it while it is still worth it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Idle connections are dropped before the gateways of WeChat drop them.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const POOL_MAX_IDLE: usize = 64;

/// Sends requests and reads whole answers.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: Client,
    clock: Clock,
}

/// A complete answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body, exactly as received: signatures are over these.
    pub body: Vec<u8>,
}

impl Transport {
    /// Builds the client. It follows no redirects and uses no proxy from the environment: WeChat does neither.
    pub(super) fn new(settings: &WechatSettings, clock: Clock) -> Result<Self, WechatSetupError> {
        let timeout = Duration::from_millis(settings.request_timeout_ms);
        let http = Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("hourglass/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_MAX_IDLE)
            .build()
            .map_err(|error| WechatSetupError::new("wechat", format!("no HTTP client: {error}")))?;
        Ok(Self { http, clock })
    }

    /// The client to build requests with.
    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    /// Sends `request` and reads the whole answer, whatever its status. The log gets the name of the call, the
    /// status and the time taken, and nothing of what was said.
    pub(super) async fn exchange(&self, call: &'static str, request: RequestBuilder) -> Result<Reply, WechatError> {
        let started = self.clock.now();
        let outcome = read_reply(request).await;
        let elapsed_ms = self.clock.now().millis_since(started);
        match outcome {
            Ok(reply) => {
                tracing::debug!(call, status = reply.status, elapsed_ms, "WeChat answered");
                Ok(reply)
            }
            Err(kind) => {
                tracing::warn!(call, %kind, elapsed_ms, "WeChat did not answer");
                Err(WechatError::new(call, kind))
            }
        }
    }
}

async fn read_reply(request: RequestBuilder) -> Result<Reply, WechatErrorKind> {
    let mut response = request.send().await.map_err(|error| kind_of(&error))?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| kind_of(&error))? {
        if body.len().saturating_add(chunk.len()) > MAX_REPLY_BYTES {
            return Err(WechatErrorKind::BadReply { reason: "too long" });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body })
}

/// The error itself is dropped: its text holds the address, and addresses of WeChat carry tokens and secrets.
fn kind_of(error: &reqwest::Error) -> WechatErrorKind {
    if error.is_builder() {
        WechatErrorKind::Invalid { field: "request" }
    } else if error.is_connect() {
        WechatErrorKind::Unreachable
    } else if error.is_timeout() {
        WechatErrorKind::Timeout
    } else {
        WechatErrorKind::Lost
    }
}
