//! Log-in by the browser or a native app: OAuth of service accounts, websites and mobile applications.
//!
//! The person agrees at WeChat, which sends them back with a code; the code becomes a grant with the openid, and, when
//! they agreed to more than their bare id, their profile. The grant's token speaks for the person, not for the account: it
//! is used once here and never kept.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::error::WechatError;

/// The scopes under which WeChat tells a profile.
const TELLING: [&str; 2] = ["snsapi_userinfo", "snsapi_login"];

/// What a code of OAuth proves.
#[derive(Debug, Clone)]
pub struct OauthGrant {
    /// The user within this application.
    pub openid: String,
    /// The user within the Open Platform account, when WeChat tells it at once.
    pub unionid: Option<String>,
    /// Whether this is the virtual visitor of a page's snapshot, who is nobody.
    pub is_snapshot_user: bool,
    /// Whether the profile may be asked for.
    pub tells_profile: bool,
    token: SecretString,
}

/// What the user agreed to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthProfile {
    /// The name they have at WeChat.
    pub nickname: Option<String>,
    /// Their picture there.
    pub picture: Option<String>,
    /// The user within the Open Platform account; only when the application is bound to one.
    pub unionid: Option<String>,
}

#[derive(Deserialize)]
struct GrantReply {
    access_token: String,
    openid: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    unionid: Option<String>,
    #[serde(default)]
    is_snapshotuser: i64,
}

#[derive(Deserialize)]
struct ProfileReply {
    openid: String,
    #[serde(default)]
    nickname: Option<String>,
    #[serde(default)]
    headimgurl: Option<String>,
    #[serde(default)]
    unionid: Option<String>,
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl WechatClient {
    /// Exchanges the code that WeChat sent the person back with. A code works once and for five minutes.
    ///
    /// Refusals worth a branch: `40029` invalid code, `40163` used code.
    pub async fn oauth_grant(&self, code: &str) -> Result<OauthGrant, WechatError> {
        const CALL: &str = "oauth2/access_token";
        let secret = self.app_secret().expose_secret();
        let fields =
            [("appid", self.app_id()), ("secret", secret), ("code", code), ("grant_type", "authorization_code")];
        let reply: GrantReply = self.get_openly(CALL, "/sns/oauth2/access_token", &fields).await?;
        if reply.openid.is_empty() || reply.access_token.is_empty() {
            return Err(WechatError::bad_reply(CALL, "no openid or no token"));
        }
        Ok(OauthGrant {
            openid: reply.openid,
            unionid: filled(reply.unionid),
            is_snapshot_user: reply.is_snapshotuser != 0,
            tells_profile: reply.scope.split(',').any(|scope| TELLING.contains(&scope.trim())),
            token: reply.access_token.into(),
        })
    }

    /// Asks for the profile of whom a grant is about.
    ///
    /// Refusals worth a branch: `48001` the user agreed to their bare id only.
    pub async fn oauth_profile(&self, grant: &OauthGrant) -> Result<OauthProfile, WechatError> {
        const CALL: &str = "sns/userinfo";
        let fields =
            [("access_token", grant.token.expose_secret()), ("openid", grant.openid.as_str()), ("lang", "zh_CN")];
        let reply: ProfileReply = self.get_openly(CALL, "/sns/userinfo", &fields).await?;
        if reply.openid != grant.openid {
            return Err(WechatError::bad_reply(CALL, "the profile of somebody else"));
        }
        Ok(OauthProfile {
            nickname: filled(reply.nickname),
            picture: filled(reply.headimgurl),
            unionid: filled(reply.unionid),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::wechat::WechatErrorKind;
    use crate::platform::wechat::test_server::{APP_ID, Answer, TestServer, clock, settings};

    fn client(server: &TestServer) -> WechatClient {
        WechatClient::new(settings(&server.url), clock()).unwrap()
    }

    fn granted(more: serde_json::Value) -> Answer {
        let mut reply = json!({"access_token": "USER-TOKEN", "expires_in": 7200, "refresh_token": "R", "openid": "o1"});
        reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Answer::json(reply)
    }

    #[actix_web::test]
    async fn a_code_becomes_a_grant_and_the_grant_a_profile() {
        let server = TestServer::start(|seen| match seen.path_and_query.starts_with("/sns/oauth2") {
            true => granted(json!({"scope": "snsapi_base,snsapi_userinfo"})),
            false => Answer::json(json!({"openid": "o1", "nickname": "小红", "headimgurl": "", "unionid": "u1"})),
        });
        let client = client(&server);
        let grant = client.oauth_grant("a&b").await.unwrap();
        assert_eq!((grant.openid.as_str(), &grant.unionid), ("o1", &None));
        assert!(grant.tells_profile && !grant.is_snapshot_user);
        assert!(!format!("{grant:?}").contains("USER-TOKEN"));
        let profile = client.oauth_profile(&grant).await.unwrap();
        let told = OauthProfile { nickname: Some("小红".to_owned()), picture: None, unionid: Some("u1".to_owned()) };
        assert_eq!(profile, told);
        let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.path_and_query).collect();
        let code = format!("appid={APP_ID}&secret=app-secret&code=a%26b&grant_type=authorization_code");
        assert_eq!(
            asked,
            [
                format!("/sns/oauth2/access_token?{code}"),
                "/sns/userinfo?access_token=USER-TOKEN&openid=o1&lang=zh_CN".to_owned()
            ]
        );
    }

    #[actix_web::test]
    async fn a_bare_scope_tells_no_profile_and_a_snapshot_is_nobody() {
        let server = TestServer::start(|seen| match seen.path_and_query.contains("code=snapshot") {
            true => granted(json!({"scope": "snsapi_base", "is_snapshotuser": 1})),
            false => granted(json!({"scope": "snsapi_base", "unionid": "u1"})),
        });
        let client = client(&server);
        let bare = client.oauth_grant("plain").await.unwrap();
        assert!(!bare.tells_profile && !bare.is_snapshot_user);
        assert_eq!(bare.unionid.as_deref(), Some("u1"));
        assert!(client.oauth_grant("snapshot").await.unwrap().is_snapshot_user);
    }

    #[actix_web::test]
    async fn refusals_carry_wechats_code_and_a_foreign_profile_is_no_answer() {
        let server = TestServer::start(|seen| match seen.path_and_query.as_str() {
            path if path.contains("code=used") => Answer::json(json!({"errcode": 40163, "errmsg": "code been used"})),
            path if path.contains("code=empty") => Answer::json(json!({"access_token": "", "openid": ""})),
            path if path.starts_with("/sns/oauth2") => granted(json!({"scope": "snsapi_login"})),
            _ => Answer::json(json!({"openid": "somebody else"})),
        });
        let client = client(&server);
        assert_eq!(client.oauth_grant("used").await.unwrap_err().code(), Some("40163"));
        let empty = client.oauth_grant("empty").await.unwrap_err();
        assert!(matches!(empty.kind(), WechatErrorKind::BadReply { .. }));
        let grant = client.oauth_grant("good").await.unwrap();
        let foreign = client.oauth_profile(&grant).await.unwrap_err();
        assert!(matches!(foreign.kind(), WechatErrorKind::BadReply { .. }));
    }
}
