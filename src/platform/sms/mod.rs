//! Text messages to phones: one port, [`SmsSender`], and an adapter for each way of sending.
//!
//! * [`SmsSettings::Aliyun`]: Alibaba Cloud's `SendSms`.
//! * [`SmsSettings::Console`]: no phone at all. Messages go into a short book in memory, for development; the log says that
//!   something was sent and never what. Configuration refuses it in production.
//! * [`SmsSettings::Off`]: nothing is sent, and every attempt is refused.
//!
//! A message is sent outside transactions, by a job. Whether it arrived cannot be known when the connection broke: then
//! [`SmsError::outcome_unknown`] says so, and sending it again may send it twice. Numbers and texts are never logged.

mod aliyun;
mod error;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use self::aliyun::Aliyun;
pub use self::error::{SmsError, SmsErrorKind};
use crate::kernel::time::{Clock, Timestamp};
use crate::platform::outbound::Outbound;

/// Messages the console's book holds.
const BOOK: usize = 1_000;

/// How text messages are sent.
#[derive(Debug, Clone)]
pub enum SmsSettings {
    /// Not at all.
    Off,
    /// Into a book in memory.
    Console,
    /// By Alibaba Cloud.
    Aliyun(AliyunSettings),
}

/// An account at Alibaba Cloud.
#[derive(Debug, Clone)]
pub struct AliyunSettings {
    /// Where `SendSms` is called: an address without a query.
    pub url: String,
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret of the access key.
    pub access_key_secret: SecretString,
    /// The approved name that messages begin with.
    pub sign_name: String,
    /// The approved template of log-in codes, with one variable `code`.
    pub code_template: String,
    /// The longest a call may take, in milliseconds.
    pub timeout_ms: u64,
}

/// What a message is for; each has a template of its own at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsTemplate {
    /// A code that proves a phone number; its parameter is `code`.
    Code,
}

/// A message in the console's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentSms {
    /// To whom.
    pub number: String,
    /// What for.
    pub template: SmsTemplate,
    /// The template's parameters.
    pub params: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
}

/// Sends text messages. Cloning shares connections and the console's book.
#[derive(Debug, Clone)]
pub struct SmsSender(Arc<Way>);

#[derive(Debug)]
enum Way {
    Off,
    Console { clock: Clock, book: Mutex<VecDeque<SentSms>> },
    Aliyun(Aliyun),
}

impl SmsSender {
    /// Prepares the connections. Nothing is sent.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: SmsSettings, clock: Clock) -> Result<Self, reqwest::Error> {
        let way = match settings {
            SmsSettings::Off => Way::Off,
            SmsSettings::Console => Way::Console { clock, book: Mutex::default() },
            SmsSettings::Aliyun(settings) => {
                let outbound = Outbound::new(Duration::from_millis(settings.timeout_ms), clock)?;
                Way::Aliyun(Aliyun::new(settings, outbound))
            }
        };
        Ok(Self(Arc::new(way)))
    }

    /// Whether anything can be sent.
    pub fn is_on(&self) -> bool {
        !matches!(*self.0, Way::Off)
    }

    /// Sends one message to a number in E.164 form (`+8613800001234`). Asks the provider once.
    ///
    /// # Errors
    /// When the message was not taken, or when that cannot be known.
    pub async fn send(&self, number: &str, template: SmsTemplate, params: &[(&str, &str)]) -> Result<(), SmsError> {
        let digits = number.strip_prefix('+').unwrap_or_default();
        if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SmsErrorKind::NumberRefused { code: "malformed".to_owned() }.into());
        }
        match &*self.0 {
            Way::Off => Err(SmsErrorKind::Off.into()),
            Way::Aliyun(aliyun) => aliyun.send(digits, template, params).await,
            Way::Console { clock, book } => {
                let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                let sent = SentSms { number: number.to_owned(), template, params, at: clock.now() };
                let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
                if book.len() >= BOOK {
                    book.pop_front();
                }
                book.push_back(sent);
                tracing::info!(template = ?template, "sent: a text message went into the console's book");
                Ok(())
            }
        }
    }

    /// What the console sent, oldest first; nothing for any other way.
    pub fn book(&self) -> Vec<SentSms> {
        match &*self.0 {
            Way::Console { book, .. } => book.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect(),
            Way::Off | Way::Aliyun(_) => Vec::new(),
        }
    }
}
