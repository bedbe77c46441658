//! Calls to other people's services: one pooled HTTP client each, bounded answers, failures by kind, and nothing of what
//! was said in the log.

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, redirect};

use crate::kernel::time::Clock;

/// No answer that is asked for comes near this size; a longer one is cut off.
const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;
/// A connection that takes longer than this to open will not open; the caller learns it while it is still worth it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Idle connections are dropped before the gateways on the other side drop them.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const POOL_MAX_IDLE: usize = 64;

/// Sends requests and reads whole answers. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: Client,
    clock: Clock,
}

/// A complete answer.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body, exactly as received: signatures are over these.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutboundTrouble {
    /// The request cannot be put on the wire.
    #[error("not sent: no valid request")]
    Unsendable,
    /// No connection could be made: the call was not sent.
    #[error("unreachable")]
    Unreachable,
    /// No complete answer within the time allowed.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke after the call had been sent.
    #[error("connection lost before the answer")]
    Lost,
    /// The answer is longer than any that is asked for.
    #[error("answer too long")]
    TooLong,
}

impl Outbound {
    /// Builds the client. It follows no redirects and uses no proxy from the environment.
    ///
    /// # Errors
    /// When the machine's certificates cannot be used.
    pub fn new(timeout: Duration, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("hourglass/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_MAX_IDLE)
            .build()?;
        Ok(Self { http, clock })
    }

    /// The client to build requests with.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// The clock that calls are timed by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sends `request` and reads the whole answer, whatever its status. The log gets the name of the call, the
    /// status and the time taken.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn exchange(&self, call: &'static str, request: RequestBuilder) -> Result<Reply, OutboundTrouble> {
        let started = self.clock.now();
        let outcome = read_reply(request).await;
        let elapsed_ms = self.clock.now().millis_since(started);
        match &outcome {
            Ok(reply) => tracing::debug!(call, status = reply.status, elapsed_ms, "a call outside was answered"),
            Err(trouble) => tracing::warn!(call, %trouble, elapsed_ms, "a call outside was not answered"),
        }
        outcome
    }
}

async fn read_reply(request: RequestBuilder) -> Result<Reply, OutboundTrouble> {
    let mut response = request.send().await.map_err(|error| trouble_of(&error))?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble_of(&error))? {
        if body.len().saturating_add(chunk.len()) > MAX_REPLY_BYTES {
            return Err(OutboundTrouble::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body })
}

/// The error itself is dropped: its text holds the address, and addresses carry tokens and secrets.
fn trouble_of(error: &reqwest::Error) -> OutboundTrouble {
    if error.is_builder() {
        OutboundTrouble::Unsendable
    } else if error.is_connect() {
        OutboundTrouble::Unreachable
    } else if error.is_timeout() {
        OutboundTrouble::Timeout
    } else {
        OutboundTrouble::Lost
    }
}

/// A text as it stands in a query, by RFC 3986: letters, digits and `-._~` stay, every other byte becomes `%XX`.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Pairs as a query or as the body of a form, in the order given.
pub fn form_encoded(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_encoded_byte_by_byte() {
        assert_eq!(percent_encoded("aZ0-._~"), "aZ0-._~");
        assert_eq!(percent_encoded("a b+c*/茶"), "a%20b%2Bc%2A%2F%E8%8C%B6");
        assert_eq!(form_encoded(&[("a", "1&2"), ("b=", "")]), "a=1%262&b%3D=");
    }
}
