//! Mini-program codes.

use serde::Serialize;
use serde::de::IgnoredAny;

use crate::platform::wechat::client::{WechatClient, read_api_reply};
use crate::platform::wechat::error::WechatError;
use crate::platform::wechat::transport::Reply;

const CALL: &str = "getwxacodeunlimit";
/// Most characters of a scene.
const MAX_SCENE: usize = 32;
/// What a scene may hold beside letters and digits.
const SCENE_MARKS: &[u8] = b"!#$&'()*+,/:;=?@-._~";
/// How wide a code may be, in pixels.
const WIDTHS: std::ops::RangeInclusive<u32> = 280..=1280;

/// Which version of the mini-program a code opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvVersion {
    /// The released one.
    Release,
    /// The one under trial.
    Trial,
    /// The one in development.
    Develop,
}

/// A code of which any number may be made.
#[derive(Debug, Clone, Serialize)]
pub struct UnlimitedCode<'a> {
    /// What the page gets as `scene`: 1–32 letters, digits and a few marks.
    pub scene: &'a str,
    /// The page it opens, without a slash in front and without a query.
    pub page: &'a str,
    /// Whether WeChat refuses pages that the released version does not have.
    pub check_path: bool,
    /// Which version it opens.
    pub env_version: EnvVersion,
    /// How wide it is, 280–1280 pixels.
    pub width: u32,
}

impl UnlimitedCode<'_> {
    fn check(&self) -> Result<(), WechatError> {
        let in_scene = |byte: u8| byte.is_ascii_alphanumeric() || SCENE_MARKS.contains(&byte);
        if self.scene.is_empty() || self.scene.len() > MAX_SCENE || !self.scene.bytes().all(in_scene) {
            return Err(WechatError::invalid(CALL, "scene"));
        }
        if self.page.is_empty() || self.page.starts_with('/') || self.page.contains(['?', '#']) {
            return Err(WechatError::invalid(CALL, "page"));
        }
        if WIDTHS.contains(&self.width) { Ok(()) } else { Err(WechatError::invalid(CALL, "width")) }
    }
}

impl WechatClient {
    /// Has WeChat draw a mini-program code; answers the bytes of a JPEG or PNG as WeChat sent them.
    ///
    /// Refusals worth a branch: `41030` the released version has no such page, `45009` too many in this minute.
    pub async fn unlimited_code(&self, code: &UnlimitedCode<'_>) -> Result<Vec<u8>, WechatError> {
        code.check()?;
        self.post_for(CALL, "/wxa/getwxacodeunlimit", code, picture).await
    }
}

/// WeChat answers a picture, or a refusal as JSON; the type it names is not to be relied on.
fn picture(call: &'static str, reply: &Reply) -> Result<Vec<u8>, WechatError> {
    let is_picture = reply.body.starts_with(b"\xff\xd8\xff") || reply.body.starts_with(b"\x89PNG\r\n\x1a\n");
    if reply.status == 200 && is_picture {
        return Ok(reply.body.clone());
    }
    read_api_reply::<IgnoredAny>(call, reply)?;
    Err(WechatError::bad_reply(call, "neither a picture nor a refusal"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::wechat::test_server::{Answer, TestServer, clock, settings};
    use serde_json::json;

    fn code(scene: &str) -> UnlimitedCode<'_> {
        UnlimitedCode { scene, page: "pages/a/b", check_path: true, env_version: EnvVersion::Release, width: 430 }
    }

    fn answering(answer: fn() -> Answer) -> TestServer {
        TestServer::start(move |seen| {
            if seen.path_and_query == "/cgi-bin/stable_token" {
                return Answer::json(json!({"access_token": "T", "expires_in": 7200}));
            }
            answer()
        })
    }

    fn client(server: &TestServer) -> WechatClient {
        WechatClient::new(settings(&server.url), clock()).unwrap()
    }

    #[actix_web::test]
    async fn a_picture_is_handed_on_and_a_refusal_keeps_its_code() {
        let png = || Answer::Reply { status: 200, headers: Vec::new(), body: "\u{89}PNG".to_owned() };
        let server = answering(png);
        let broken = client(&server).unlimited_code(&code("abc")).await.unwrap_err();
        assert!(broken.outcome_unknown(), "these bytes only begin like a picture: {broken}");
        let asked = server.seen().last().unwrap().json();
        let expected =
            json!({"scene": "abc", "page": "pages/a/b", "check_path": true, "env_version": "release", "width": 430});
        assert_eq!(asked, expected);

        let server = answering(|| Answer::json(json!({"errcode": 41030, "errmsg": "invalid page"})));
        assert_eq!(client(&server).unlimited_code(&code("abc")).await.unwrap_err().code(), Some("41030"));
        assert_eq!(picture(CALL, &reply(b"\xff\xd8\xff\xe0rest")).unwrap(), b"\xff\xd8\xff\xe0rest");
        assert!(picture(CALL, &reply(b"{}")).is_err());
    }

    fn reply(body: &[u8]) -> Reply {
        Reply { status: 200, headers: reqwest::header::HeaderMap::new(), body: body.to_vec() }
    }

    #[actix_web::test]
    async fn what_breaks_the_rules_is_not_sent() {
        let server = answering(|| Answer::json(json!({})));
        let wechat = client(&server);
        for scene in ["", "a%20b", "中文", "a b", "0123456789012345678901234567890123"] {
            assert!(wechat.unlimited_code(&code(scene)).await.is_err(), "{scene}");
        }
        for page in ["", "/pages/a", "pages/a?b=1"] {
            assert!(wechat.unlimited_code(&UnlimitedCode { page, ..code("a") }).await.is_err(), "{page}");
        }
        assert!(wechat.unlimited_code(&UnlimitedCode { width: 279, ..code("a") }).await.is_err());
        assert!(server.seen().is_empty());
    }
}
