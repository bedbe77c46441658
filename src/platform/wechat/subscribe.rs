//! Subscribe messages: one message of a template for each time somebody agreed to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::codes::EnvVersion;
use crate::platform::wechat::error::WechatError;

/// Most characters of a field of type `thing`.
pub const MAX_THING: usize = 20;

/// A message about to be sent.
#[derive(Debug, Clone)]
pub struct SubscribeMessage<'a> {
    /// To whom, within this mini-program.
    pub openid: &'a str,
    /// The template that was agreed to.
    pub template_id: &'a str,
    /// The page it opens, without a slash in front, with its query.
    pub page: &'a str,
    /// Which version of the mini-program it opens.
    pub env_version: EnvVersion,
    /// The template's keywords, such as `thing1`, and what they say.
    pub data: Vec<(&'a str, String)>,
}

#[derive(Serialize)]
struct Request<'a> {
    touser: &'a str,
    template_id: &'a str,
    page: &'a str,
    data: BTreeMap<&'a str, Field<'a>>,
    miniprogram_state: &'static str,
    lang: &'static str,
}

#[derive(Serialize)]
struct Field<'a> {
    value: &'a str,
}

#[derive(Deserialize)]
struct Reply {}

impl WechatClient {
    /// Sends a subscribe message. Sending again after an unknown outcome may send it twice: WeChat takes no number of
    /// ours for it, but each message uses up one agreement.
    ///
    /// Refusals worth a branch: `43101` not agreed, or every agreement is used up; `40003` no such person here;
    /// `40037` no such template; `47003` a field breaks its type's rule.
    ///
    /// # Errors
    /// WeChat's refusal, or that it could not be reached.
    pub async fn send_subscribe_message(&self, message: &SubscribeMessage<'_>) -> Result<(), WechatError> {
        const CALL: &str = "subscribe_message_send";
        let data = message.data.iter().map(|(name, value)| (*name, Field { value: value.as_str() })).collect();
        let body = Request {
            touser: message.openid,
            template_id: message.template_id,
            page: message.page,
            data,
            miniprogram_state: state_of(message.env_version),
            lang: "zh_CN",
        };
        let _accepted: Reply = self.post(CALL, "/cgi-bin/message/subscribe/send", &body).await?;
        Ok(())
    }
}

/// What this call names the versions of the mini-program, unlike all others.
const fn state_of(version: EnvVersion) -> &'static str {
    match version {
        EnvVersion::Release => "formal",
        EnvVersion::Trial => "trial",
        EnvVersion::Develop => "developer",
    }
}

/// A text cut to what a field of type `thing` takes, without line breaks.
pub fn thing(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(MAX_THING).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_has_twenty_characters_on_one_line() {
        assert_eq!(thing("一\n二"), "一二");
        assert_eq!(thing(&"直".repeat(30)).chars().count(), MAX_THING);
    }
}
