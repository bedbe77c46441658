//! Links that open the mini-program from outside WeChat: from a text message, a web page or the native app.

use serde::{Deserialize, Serialize};

use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::codes::EnvVersion;
use crate::platform::wechat::error::WechatError;

/// How long a link may live, in days.
pub const MAX_LINK_DAYS: i64 = 30;
/// Most characters of a query.
const MAX_QUERY: usize = 1_024;
/// A life in days, and not until a moment.
const BY_DAYS: u8 = 1;

/// Where a link leads.
#[derive(Debug, Clone, Copy)]
pub struct LinkTarget<'a> {
    /// The page, without a slash in front and without a query.
    pub page: &'a str,
    /// Its query.
    pub query: &'a str,
    /// Which version of the mini-program it opens.
    pub env_version: EnvVersion,
    /// How long it lives, 1–30 days.
    pub days: i64,
}

impl LinkTarget<'_> {
    fn check(&self, call: &'static str) -> Result<(), WechatError> {
        if self.page.is_empty() || self.page.starts_with('/') || self.page.contains(['?', '#']) {
            return Err(WechatError::invalid(call, "page"));
        }
        if self.query.len() > MAX_QUERY || !self.query.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WechatError::invalid(call, "query"));
        }
        if (1..=MAX_LINK_DAYS).contains(&self.days) { Ok(()) } else { Err(WechatError::invalid(call, "days")) }
    }
}

#[derive(Serialize)]
struct UrlLinkRequest<'a> {
    path: &'a str,
    query: &'a str,
    env_version: EnvVersion,
    expire_type: u8,
    expire_interval: i64,
}

#[derive(Deserialize)]
struct UrlLinkReply {
    url_link: String,
}

#[derive(Serialize)]
struct SchemeRequest<'a> {
    jump_wxa: JumpTo<'a>,
    is_expire: bool,
    expire_type: u8,
    expire_interval: i64,
}

#[derive(Serialize)]
struct JumpTo<'a> {
    path: &'a str,
    query: &'a str,
    env_version: EnvVersion,
}

#[derive(Deserialize)]
struct SchemeReply {
    openlink: String,
}

impl WechatClient {
    /// A web address that opens the mini-program: for text messages, e-mail and web pages.
    ///
    /// Refusals worth a branch: `40165` and `85079` the released version has no such page.
    pub async fn url_link(&self, target: &LinkTarget<'_>) -> Result<String, WechatError> {
        const CALL: &str = "generate_urllink";
        target.check(CALL)?;
        let LinkTarget { page: path, query, env_version, days } = *target;
        let request = UrlLinkRequest { path, query, env_version, expire_type: BY_DAYS, expire_interval: days };
        let reply: UrlLinkReply = self.post(CALL, "/wxa/generate_urllink", &request).await?;
        if reply.url_link.is_empty() { Err(WechatError::bad_reply(CALL, "no link")) } else { Ok(reply.url_link) }
    }

    /// An address of WeChat's own scheme that opens the mini-program: for native apps.
    ///
    /// Refusals worth a branch: as [`url_link`](Self::url_link).
    pub async fn scheme_link(&self, target: &LinkTarget<'_>) -> Result<String, WechatError> {
        const CALL: &str = "generatescheme";
        target.check(CALL)?;
        let LinkTarget { page: path, query, env_version, days } = *target;
        let jump_wxa = JumpTo { path, query, env_version };
        let request = SchemeRequest { jump_wxa, is_expire: true, expire_type: BY_DAYS, expire_interval: days };
        let reply: SchemeReply = self.post(CALL, "/wxa/generatescheme", &request).await?;
        if reply.openlink.is_empty() { Err(WechatError::bad_reply(CALL, "no link")) } else { Ok(reply.openlink) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::wechat::test_server::{Answer, TestServer, clock, settings};

    fn target() -> LinkTarget<'static> {
        LinkTarget { page: "pages/a/b", query: "id=1&share=abc", env_version: EnvVersion::Release, days: 30 }
    }

    #[actix_web::test]
    async fn both_links_say_where_they_lead_and_how_long_they_live() {
        let server = TestServer::start(|seen| match seen.path_and_query.as_str() {
            "/cgi-bin/stable_token" => Answer::json(json!({"access_token": "T", "expires_in": 7200})),
            path if path.starts_with("/wxa/generate_urllink?") => {
                Answer::json(json!({"errcode": 0, "errmsg": "ok", "url_link": "https://wxaurl.cn/abc"}))
            }
            _ => Answer::json(json!({"errcode": 0, "errmsg": "ok", "openlink": "weixin://dl/business/?t=abc"})),
        });
        let wechat = WechatClient::new(settings(&server.url), clock()).unwrap();
        assert_eq!(wechat.url_link(&target()).await.unwrap(), "https://wxaurl.cn/abc");
        let asked = server.seen().last().unwrap().json();
        let expected = json!({
            "path": "pages/a/b", "query": "id=1&share=abc", "env_version": "release", "expire_type": 1,
            "expire_interval": 30
        });
        assert_eq!(asked, expected);
        assert_eq!(wechat.scheme_link(&target()).await.unwrap(), "weixin://dl/business/?t=abc");
        let asked = server.seen().last().unwrap().json();
        let jump = json!({"path": "pages/a/b", "query": "id=1&share=abc", "env_version": "release"});
        assert_eq!(asked, json!({"jump_wxa": jump, "is_expire": true, "expire_type": 1, "expire_interval": 30}));

        let before = server.seen().len();
        let long = "a".repeat(1_025);
        for wrong in [
            LinkTarget { page: "", ..target() },
            LinkTarget { page: "/pages/a", ..target() },
            LinkTarget { page: "pages/a?b=1", ..target() },
            LinkTarget { query: &long, ..target() },
            LinkTarget { query: "a b", ..target() },
            LinkTarget { days: 0, ..target() },
            LinkTarget { days: 31, ..target() },
        ] {
            assert!(wechat.url_link(&wrong).await.is_err(), "{wrong:?}");
            assert!(wechat.scheme_link(&wrong).await.is_err(), "{wrong:?}");
        }
        assert_eq!(server.seen().len(), before, "what breaks the rules is not sent");
    }
}
