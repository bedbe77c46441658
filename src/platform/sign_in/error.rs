//! What can go wrong when a code is exchanged, and what the caller may conclude from it.

use crate::platform::outbound::{OutboundTrouble, Reply};
use crate::platform::sign_in::MiniPlatform;

/// A code that was not exchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("log-in at {}: {kind}", platform.name())]
pub struct SignInError {
    platform: MiniPlatform,
    kind: SignInErrorKind,
}

/// The kinds of failure. Codes are the platform's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInErrorKind {
    /// The code is unknown, used, too old, or of another application.
    #[error("the code is not accepted ({code})")]
    CodeRefused {
        /// The platform's code.
        code: String,
    },
    /// The app id, its secret or its key is wrong: somebody must correct the entrance.
    #[error("the application's keys are not accepted ({code})")]
    KeysRefused {
        /// The platform's code, or what is wrong with a key that could not even be used.
        code: String,
    },
    /// The platform understood and said no for another reason.
    #[error("refused ({code})")]
    Refused {
        /// The platform's code.
        code: String,
    },
    /// A quota is used up.
    #[error("throttled ({code})")]
    Throttled {
        /// The platform's code.
        code: String,
    },
    /// The platform says that it is busy or broken at the moment.
    #[error("busy ({code})")]
    Busy {
        /// The platform's code, or the HTTP status when there was none.
        code: String,
    },
    /// No whole answer came.
    #[error("{0}")]
    Unanswered(OutboundTrouble),
    /// The answer cannot be understood.
    #[error("bad reply: {reason}")]
    BadReply {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The answer is not signed by the platform although it must be.
    #[error("reply not authentic")]
    BadSignature,
}

impl SignInError {
    /// A failure at `platform`.
    pub(super) fn new(platform: MiniPlatform, kind: SignInErrorKind) -> Self {
        Self { platform, kind }
    }

    /// Where it failed.
    pub fn platform(&self) -> MiniPlatform {
        self.platform
    }

    /// The kind of failure.
    pub fn kind(&self) -> &SignInErrorKind {
        &self.kind
    }

    /// Whether a log-in with a new code may succeed later, with nothing changed on our side.
    pub fn retryable(&self) -> bool {
        use SignInErrorKind as Kind;
        match self.kind {
            Kind::Throttled { .. } | Kind::Busy { .. } | Kind::BadReply { .. } | Kind::BadSignature => true,
            Kind::Unanswered(trouble) => trouble != OutboundTrouble::Unsendable,
            Kind::CodeRefused { .. } | Kind::KeysRefused { .. } | Kind::Refused { .. } => false,
        }
    }
}

impl From<OutboundTrouble> for SignInErrorKind {
    fn from(trouble: OutboundTrouble) -> Self {
        Self::Unanswered(trouble)
    }
}

/// The body of an answer whose status says that there is one.
pub(super) fn body_of(reply: &Reply) -> Result<&[u8], SignInErrorKind> {
    match reply.status {
        429 => Err(SignInErrorKind::Throttled { code: "429".to_owned() }),
        500.. => Err(SignInErrorKind::Busy { code: reply.status.to_string() }),
        // Some platforms answer refusals with 400 and the same body as others with 200.
        200..300 | 400..500 => Ok(&reply.body),
        _ => Err(SignInErrorKind::BadReply { reason: "unexpected HTTP status" }),
    }
}
