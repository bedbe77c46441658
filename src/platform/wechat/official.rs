//! What a service account may ask: who follows it, and codes that carry a scene.

use serde::{Deserialize, Serialize};

use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::error::WechatError;

/// Most characters of a scene.
const MAX_SCENE: usize = 64;
/// Longest life of a temporary code, in seconds: thirty days.
const MAX_LIFE_SECONDS: i64 = 2_592_000;
/// Shortest life of a temporary code, in seconds.
const MIN_LIFE_SECONDS: i64 = 60;

/// What a service account knows of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// Whether they follow it; if not, nothing else is known.
    pub follows: bool,
    /// The person within the Open Platform account, when the service account is bound to one.
    pub unionid: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How they came to follow it, such as `ADD_SCENE_QR_CODE`.
    pub scene: Option<String>,
}

#[derive(Deserialize)]
struct FollowerReply {
    subscribe: i64,
    #[serde(default)]
    unionid: Option<String>,
    #[serde(default)]
    subscribe_time: Option<i64>,
    #[serde(default)]
    subscribe_scene: Option<String>,
}

/// A code about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewSceneCode<'a> {
    /// What comes back when somebody scans it: 1–64 characters.
    pub scene: &'a str,
    /// How long it lives, 60 seconds to 30 days; `None` for ever, of which an account has 100,000.
    pub life_seconds: Option<i64>,
}

/// A code that was made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SceneCode {
    /// Fetches WeChat's own picture of it.
    pub ticket: String,
    /// What the code says; any QR code of this text is the code.
    pub url: String,
    /// How long it lives, in seconds; absent when it lives for ever.
    #[serde(default)]
    pub expire_seconds: Option<i64>,
}

#[derive(Serialize)]
struct CodeRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_seconds: Option<i64>,
    action_name: &'static str,
    action_info: ActionInfo<'a>,
}

#[derive(Serialize)]
struct ActionInfo<'a> {
    scene: Scene<'a>,
}

#[derive(Serialize)]
struct Scene<'a> {
    scene_str: &'a str,
}

impl NewSceneCode<'_> {
    fn check(&self, call: &'static str) -> Result<(), WechatError> {
        if self.scene.is_empty() || self.scene.chars().count() > MAX_SCENE {
            return Err(WechatError::invalid(call, "scene"));
        }
        let life = self.life_seconds.is_none_or(|life| (MIN_LIFE_SECONDS..=MAX_LIFE_SECONDS).contains(&life));
        if life { Ok(()) } else { Err(WechatError::invalid(call, "life_seconds")) }
    }
}

impl WechatClient {
    /// What the service account of this client knows of a person.
    ///
    /// Refusals worth a branch: `40003` the openid is of another account.
    pub async fn follower(&self, openid: &str) -> Result<Follower, WechatError> {
        const CALL: &str = "user_info";
        let fields = [("openid", openid), ("lang", "zh_CN")];
        let reply: FollowerReply = self.get(CALL, "/cgi-bin/user/info", &fields).await?;
        let follows = reply.subscribe == 1;
        let said = |text: Option<String>| text.filter(|text| follows && !text.is_empty());
        let since = reply.subscribe_time.filter(|_| follows);
        Ok(Follower {
            follows,
            unionid: said(reply.unionid),
            since: since.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(SECOND_MS))),
            scene: said(reply.subscribe_scene),
        })
    }

    /// Has WeChat make a code of the service account of this client; whoever scans it is asked to follow, and the shop
    /// is told the scene.
    ///
    /// Refusals worth a branch: `45029` there are 100,000 codes that live for ever.
    pub async fn scene_code(&self, code: &NewSceneCode<'_>) -> Result<SceneCode, WechatError> {
        const CALL: &str = "qrcode_create";
        code.check(CALL)?;
        let action_name = if code.life_seconds.is_some() { "QR_STR_SCENE" } else { "QR_LIMIT_STR_SCENE" };
        let action_info = ActionInfo { scene: Scene { scene_str: code.scene } };
        let request = CodeRequest { expire_seconds: code.life_seconds, action_name, action_info };
        let made: SceneCode = self.post(CALL, "/cgi-bin/qrcode/create", &request).await?;
        if made.ticket.is_empty() || made.url.is_empty() {
            return Err(WechatError::bad_reply(CALL, "no ticket or no address"));
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::wechat::test_server::{Answer, Seen, TestServer, clock, settings};

    fn server(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> TestServer {
        TestServer::start(move |seen| {
            if seen.path_and_query == "/cgi-bin/stable_token" {
                return Answer::json(json!({"access_token": "T", "expires_in": 7200}));
            }
            answer(seen)
        })
    }

    fn client(server: &TestServer) -> WechatClient {
        WechatClient::new(settings(&server.url), clock()).unwrap()
    }

    #[actix_web::test]
    async fn of_somebody_who_does_not_follow_nothing_is_known() {
        let server = server(|seen| {
            assert!(seen.path_and_query.starts_with("/cgi-bin/user/info?"), "{}", seen.path_and_query);
            if seen.path_and_query.contains("openid=o1&") {
                return Answer::json(json!({
                    "subscribe": 1, "openid": "o1", "subscribe_time": 1_434_093_047, "unionid": "u1", "remark": "",
                    "groupid": 0, "tagid_list": [128, 2], "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0,
                    "qr_scene_str": "abc"
                }));
            }
            Answer::json(json!({"subscribe": 0, "openid": "o2", "unionid": "u2"}))
        });
        let wechat = client(&server);
        let known = wechat.follower("o1").await.unwrap();
        let since = Some(Timestamp::from_millis(1_434_093_047_000));
        assert_eq!((known.follows, known.unionid.as_deref(), known.since), (true, Some("u1"), since));
        assert_eq!(known.scene.as_deref(), Some("ADD_SCENE_QR_CODE"));
        let left = wechat.follower("o2").await.unwrap();
        assert_eq!(left, Follower { follows: false, unionid: None, since: None, scene: None });
        let asked = server.seen().last().unwrap().path_and_query.clone();
        assert_eq!(asked, "/cgi-bin/user/info?openid=o2&lang=zh_CN&access_token=T");
    }

    #[actix_web::test]
    async fn a_token_that_is_refused_is_replaced_once_for_a_question_too() {
        let server = server(|_| Answer::json(json!({"errcode": 42001, "errmsg": "access_token expired"})));
        let error = client(&server).follower("o1").await.unwrap_err();
        assert!(error.retryable(), "{error}");
        let asked = server.seen().iter().filter(|seen| seen.path_and_query.contains("user/info")).count();
        assert_eq!(asked, 2);
    }

    #[actix_web::test]
    async fn a_code_carries_its_scene_where_wechat_looks_for_it() {
        let answer = || {
            Answer::json(json!({"ticket": "gQH47joAAA==", "expire_seconds": 60, "url": "http://weixin.qq.com/q/kZ"}))
        };
        let server = server(move |_| answer());
        let wechat = client(&server);
        let made = wechat.scene_code(&NewSceneCode { scene: "abc", life_seconds: Some(60) }).await.unwrap();
        assert_eq!((made.url.as_str(), made.expire_seconds), ("http://weixin.qq.com/q/kZ", Some(60)));
        let info = json!({"scene": {"scene_str": "abc"}});
        let asked = server.seen().last().unwrap().json();
        assert_eq!(asked, json!({"expire_seconds": 60, "action_name": "QR_STR_SCENE", "action_info": info}));
        wechat.scene_code(&NewSceneCode { scene: "abc", life_seconds: None }).await.unwrap();
        let asked = server.seen().last().unwrap().json();
        assert_eq!(asked, json!({"action_name": "QR_LIMIT_STR_SCENE", "action_info": info}));

        let before = server.seen().len();
        let long = "a".repeat(65);
        for (scene, life_seconds) in [("", None), (long.as_str(), None), ("a", Some(59)), ("a", Some(2_592_001))] {
            assert!(
                wechat.scene_code(&NewSceneCode { scene, life_seconds }).await.is_err(),
                "{scene} {life_seconds:?}"
            );
        }
        assert_eq!(server.seen().len(), before, "what breaks the rules is not sent");
    }
}
