//! What can go wrong with a text message, and what the caller may conclude from it.

use crate::platform::outbound::OutboundTrouble;

/// A message that was not sent, or perhaps was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("text message: {0}")]
pub struct SmsError(SmsErrorKind);

/// The kinds of failure. Codes are the provider's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmsErrorKind {
    /// No provider is set.
    #[error("no provider is set")]
    Off,
    /// The number cannot be written to.
    #[error("the number is not accepted ({code})")]
    NumberRefused {
        /// The provider's code.
        code: String,
    },
    /// The key, the name, the template or the account is wrong: somebody must correct the settings.
    #[error("the account is not accepted ({code})")]
    AccountRefused {
        /// The provider's code.
        code: String,
    },
    /// Too many, in all or to this number.
    #[error("throttled ({code})")]
    Throttled {
        /// The provider's code.
        code: String,
    },
    /// The provider says that it is busy or broken at the moment.
    #[error("busy ({code})")]
    Busy {
        /// The provider's code, or the HTTP status when there was none.
        code: String,
    },
    /// No whole answer came.
    #[error("{0}")]
    Unanswered(OutboundTrouble),
    /// The answer cannot be understood.
    #[error("bad reply")]
    BadReply,
}

impl From<SmsErrorKind> for SmsError {
    fn from(kind: SmsErrorKind) -> Self {
        Self(kind)
    }
}

impl SmsError {
    /// The kind of failure.
    pub fn kind(&self) -> &SmsErrorKind {
        &self.0
    }

    /// Whether the same message may be taken later, with nothing changed on our side.
    pub fn retryable(&self) -> bool {
        use SmsErrorKind as Kind;
        match self.0 {
            Kind::Throttled { .. } | Kind::Busy { .. } | Kind::BadReply => true,
            Kind::Unanswered(trouble) => trouble != OutboundTrouble::Unsendable,
            Kind::Off | Kind::NumberRefused { .. } | Kind::AccountRefused { .. } => false,
        }
    }

    /// Whether the message may have been sent all the same.
    pub fn outcome_unknown(&self) -> bool {
        use OutboundTrouble as Trouble;
        match &self.0 {
            SmsErrorKind::Unanswered(trouble) => matches!(trouble, Trouble::Timeout | Trouble::Lost | Trouble::TooLong),
            SmsErrorKind::BadReply => true,
            _ => false,
        }
    }
}
