//! One HTTP client for all of WeChat, with failures in WeChat's terms.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};

use crate::kernel::time::Clock;
use crate::platform::outbound::{Outbound, OutboundTrouble};
use crate::platform::wechat::error::{WechatError, WechatErrorKind};
use crate::platform::wechat::settings::{WechatSettings, WechatSetupError};

pub(super) use crate::platform::outbound::Reply;

/// Sends requests and reads whole answers.
#[derive(Debug, Clone)]
pub(super) struct Transport(Outbound);

impl Transport {
    /// Builds the client.
    pub(super) fn new(settings: &WechatSettings, clock: Clock) -> Result<Self, WechatSetupError> {
        let timeout = Duration::from_millis(settings.request_timeout_ms);
        Outbound::new(timeout, clock)
            .map(Self)
            .map_err(|error| WechatSetupError::new("wechat", format!("no HTTP client: {error}")))
    }

    /// The client to build requests with.
    pub(super) fn http(&self) -> &Client {
        self.0.http()
    }

    /// Sends `request` and reads the whole answer, whatever its status.
    pub(super) async fn exchange(&self, call: &'static str, request: RequestBuilder) -> Result<Reply, WechatError> {
        self.0.exchange(call, request).await.map_err(|trouble| WechatError::new(call, kind_of(trouble)))
    }
}

fn kind_of(trouble: OutboundTrouble) -> WechatErrorKind {
    match trouble {
        OutboundTrouble::Unsendable => WechatErrorKind::Invalid { field: "request" },
        OutboundTrouble::Unreachable => WechatErrorKind::Unreachable,
        OutboundTrouble::Timeout => WechatErrorKind::Timeout,
        OutboundTrouble::Lost => WechatErrorKind::Lost,
        OutboundTrouble::TooLong => WechatErrorKind::BadReply { reason: "too long" },
    }
}
