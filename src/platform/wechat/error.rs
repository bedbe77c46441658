//! What can go wrong in a call to WeChat, and what the caller may conclude from it.

use std::fmt;

/// A failed call to WeChat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("WeChat call {call}: {kind}")]
pub struct WechatError {
    call: &'static str,
    kind: WechatErrorKind,
    retryable: bool,
    outcome_unknown: bool,
}

/// The kinds of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WechatErrorKind {
    /// WeChat says that it is busy or broken at the moment.
    Busy {
        /// WeChat's code: `-1`, or a code such as `SYSTEM_ERROR`, or the HTTP status when there was no code.
        code: String,
    },
    /// A rate or a daily quota is used up.
    Throttled {
        /// WeChat's code.
        code: String,
    },
    /// The access token was refused twice, the second time right after it had been fetched anew.
    TokenExpired,
    /// WeChat understood and said no.
    Refused {
        /// WeChat's code: digits of `errcode`, or a word such as `ORDER_PAID`.
        code: String,
        /// WeChat's words, for people; they are not stable.
        message: String,
    },
    /// No connection could be made: the call was not sent.
    Unreachable,
    /// No complete answer within the time allowed.
    Timeout,
    /// The connection broke after the call had been sent.
    Lost,
    /// The answer cannot be understood, or is about something else than was asked.
    BadReply {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The answer is not proven to come from WeChat Pay.
    BadSignature {
        /// Why the proof fails; the stable reason of [`super::pay::NoticeRefusal`].
        reason: &'static str,
    },
    /// The request breaks WeChat's rules and was not sent.
    Invalid {
        /// The field at fault.
        field: &'static str,
    },
    /// The call needs WeChat Pay, which is not configured.
    PayNotConfigured,
}

impl fmt::Display for WechatErrorKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { code } => write!(out, "busy ({code})"),
            Self::Throttled { code } => write!(out, "throttled ({code})"),
            Self::TokenExpired => out.write_str("access token refused"),
            Self::Refused { code, message } => write!(out, "refused ({code}): {message}"),
            Self::Unreachable => out.write_str("unreachable"),
            Self::Timeout => out.write_str("no answer in time"),
            Self::Lost => out.write_str("connection lost before the answer"),
            Self::BadReply { reason } => write!(out, "bad reply: {reason}"),
            Self::BadSignature { reason } => write!(out, "reply not authentic: {reason}"),
            Self::Invalid { field } => write!(out, "request not sent: invalid {field}"),
            Self::PayNotConfigured => out.write_str("WeChat Pay is not configured"),
        }
    }
}

impl WechatError {
    /// A failure of `call` with the usual conclusions for its kind.
    pub(super) fn new(call: &'static str, kind: WechatErrorKind) -> Self {
        use WechatErrorKind as Kind;
        let outcome_unknown = matches!(
            kind,
            Kind::Busy { .. } | Kind::Timeout | Kind::Lost | Kind::BadReply { .. } | Kind::BadSignature { .. }
        );
        let retryable =
            outcome_unknown || matches!(kind, Kind::Throttled { .. } | Kind::TokenExpired | Kind::Unreachable);
        Self { call, kind, retryable, outcome_unknown }
    }

    /// The same failure, marked as one that may pass by itself.
    pub(super) fn passing(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The same failure, marked as one after which WeChat may still have carried the call out.
    pub(super) fn of_unknown_outcome(mut self) -> Self {
        self.outcome_unknown = true;
        self.retryable = true;
        self
    }

    /// A reply that cannot be used.
    pub(super) fn bad_reply(call: &'static str, reason: &'static str) -> Self {
        Self::new(call, WechatErrorKind::BadReply { reason })
    }

    /// A request that is not sent because `field` breaks the rules.
    pub(super) fn invalid(call: &'static str, field: &'static str) -> Self {
        Self::new(call, WechatErrorKind::Invalid { field })
    }

    /// The name of the call that failed.
    pub fn call(&self) -> &'static str {
        self.call
    }

    /// The kind of failure.
    pub fn kind(&self) -> &WechatErrorKind {
        &self.kind
    }

    /// WeChat's own code, when it gave one.
    pub fn code(&self) -> Option<&str> {
        match &self.kind {
            WechatErrorKind::Refused { code, .. }
            | WechatErrorKind::Busy { code }
            | WechatErrorKind::Throttled { code } => Some(code),
            _ => None,
        }
    }

    /// Whether WeChat may have carried the call out. A call that moves money must then be repeated under the same
    /// number, or asked about, and never be repeated under a new one.
    pub fn outcome_unknown(&self) -> bool {
        self.outcome_unknown
    }

    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.retryable
    }
}
