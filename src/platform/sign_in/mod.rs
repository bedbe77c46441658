//! Log-in with the mini-programs of other platforms: a code from the phone becomes the user's id at that platform.
//!
//! One port, [`SignInClient::exchange`], and one adapter for each platform with its documented wire. A code works once
//! and for a few minutes everywhere, so a failed exchange is never repeated here: the page asks its platform for a new
//! code. Secrets, codes and ids are never logged.

mod alipay;
mod baidu;
mod douyin;
mod error;
mod qq;
#[cfg(test)]
mod tests;

use std::time::Duration;

use secrecy::SecretString;

pub use self::error::{SignInError, SignInErrorKind};
use crate::kernel::time::Clock;
use crate::platform::outbound::Outbound;

/// Longest code that is sent on.
const MAX_CODE_BYTES: usize = 512;

/// A platform with mini-programs, other than WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MiniPlatform {
    /// Alipay.
    Alipay,
    /// Douyin and the other apps of its owner.
    Douyin,
    /// Baidu.
    Baidu,
    /// QQ.
    Qq,
}

impl MiniPlatform {
    /// Its name in messages and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Douyin => "douyin",
            Self::Baidu => "baidu",
            Self::Qq => "qq",
        }
    }
}

/// Where each platform is called: the whole address, path included, without a query.
#[derive(Debug, Clone)]
pub struct SignInSettings {
    /// Alipay's gateway, `…/gateway.do`.
    pub alipay_url: String,
    /// Douyin's `…/api/apps/v2/jscode2session`.
    pub douyin_url: String,
    /// Baidu's `…/oauth/jscode2sessionkey`.
    pub baidu_url: String,
    /// QQ's `…/sns/jscode2session`.
    pub qq_url: String,
    /// The longest a call may take, in milliseconds.
    pub timeout_ms: u64,
}

/// What an application proves itself by at its platform.
#[derive(Debug, Clone)]
pub struct AppKeys {
    /// The app id; at Baidu the AppKey, which is what its call asks for.
    pub app_id: String,
    /// The app's secret. At Alipay the app's RSA private key as PEM; a `PUBLIC KEY` in the same text is Alipay's, and
    /// then Alipay's signature under the answer is checked with it.
    pub secret: SecretString,
}

/// Who the code belongs to.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user within this application.
    pub subject: String,
    /// The user within all applications of one owner at this platform, when the platform tells it.
    pub union: Option<String>,
    /// The key of the session, when the platform gives one. It never leaves the server.
    pub session_key: Option<SecretString>,
}

/// Exchanges codes. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct SignInClient {
    settings: SignInSettings,
    outbound: Outbound,
}

impl SignInClient {
    /// Prepares the connections. Nothing is sent.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: SignInSettings, clock: Clock) -> Result<Self, reqwest::Error> {
        let outbound = Outbound::new(Duration::from_millis(settings.timeout_ms), clock)?;
        Ok(Self { settings, outbound })
    }

    /// Exchanges the code that the platform gave the page for the user's ids. Asks once.
    ///
    /// # Errors
    /// [`SignInErrorKind::CodeRefused`] is the page's fault or bad luck, the others are not.
    pub async fn exchange(&self, platform: MiniPlatform, app: &AppKeys, code: &str) -> Result<SignedIn, SignInError> {
        let plain =
            !code.is_empty() && code.len() <= MAX_CODE_BYTES && code.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain {
            return Err(SignInError::new(platform, SignInErrorKind::CodeRefused { code: "malformed".to_owned() }));
        }
        let outcome = match platform {
            MiniPlatform::Alipay => alipay::exchange(&self.outbound, &self.settings.alipay_url, app, code).await,
            MiniPlatform::Douyin => douyin::exchange(&self.outbound, &self.settings.douyin_url, app, code).await,
            MiniPlatform::Baidu => baidu::exchange(&self.outbound, &self.settings.baidu_url, app, code).await,
            MiniPlatform::Qq => qq::exchange(&self.outbound, &self.settings.qq_url, app, code).await,
        };
        outcome.map_err(|kind| SignInError::new(platform, kind))
    }
}

/// What an adapter answers.
type Outcome = Result<SignedIn, SignInErrorKind>;

/// An id that is there and not absurd.
fn id(text: Option<String>) -> Option<String> {
    text.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The user, or the complaint that none was told.
fn signed_in(subject: Option<String>, union: Option<String>, session_key: Option<String>) -> Outcome {
    let subject = id(subject).ok_or(SignInErrorKind::BadReply { reason: "no user" })?;
    let session_key = session_key.filter(|key| !key.is_empty()).map(SecretString::from);
    Ok(SignedIn { subject, union: id(union), session_key })
}
