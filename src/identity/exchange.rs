//! From a code to proofs: the entrance that is meant, and what its platform says about the code. All calls to platforms
//! that a log-in needs are made here, before any transaction begins.

use std::sync::Arc;

use super::error::{IdentityError, of_sign_in, of_wechat};
use super::model::Provider;
use super::rules::{self, ToldFace};
use super::service::{EntranceProof, Unionid};
use crate::entrance::{EntranceId, Entrances, OpenEntrance, Platform, WechatClients};
use crate::platform::sign_in::{AppKeys, MiniPlatform, SignInClient};

/// Asks platforms about codes. Cloning shares its clients.
#[derive(Clone)]
pub struct CodeExchange {
    entrances: Entrances,
    wechat: WechatClients,
    sign_in: SignInClient,
}

impl CodeExchange {
    /// Asks WeChat and the other platforms through these clients.
    pub fn new(entrances: Entrances, wechat: WechatClients, sign_in: SignInClient) -> Self {
        Self { entrances, wechat, sign_in }
    }

    /// The entrance that a request means: the one it names, or else the platform's usual one.
    pub(super) fn entrance(
        &self,
        platform: Platform,
        app_id: Option<&str>,
    ) -> Result<Arc<OpenEntrance>, IdentityError> {
        let found = match app_id {
            Some(app_id) => self.entrances.find(platform, app_id),
            None => self.entrances.default_of(platform),
        };
        found.ok_or(IdentityError::EntranceUnknown)
    }

    /// The entrance that a state was made for, if it is still open and on this platform.
    pub(super) fn entrance_of_state(
        &self,
        platform: Platform,
        id: EntranceId,
    ) -> Result<Arc<OpenEntrance>, IdentityError> {
        let found = self.entrances.by_id(id).filter(|open| open.entrance.platform == platform);
        found.ok_or(IdentityError::StateRefused)
    }

    /// What the entrance's platform says about a code.
    pub(super) async fn prove(&self, open: &OpenEntrance, code: &str) -> Result<EntranceProof, IdentityError> {
        // Other platforms' codes are longer, and looked at where they are sent on.
        if open.entrance.platform.is_wechat() && !rules::check_code(code) {
            return Err(IdentityError::CodeRefused);
        }
        match open.entrance.platform {
            Platform::WechatMini => self.by_mini_program(open, code).await,
            Platform::WechatService => self.by_oauth(open, Provider::WechatService, code).await,
            Platform::WechatApp => self.by_oauth(open, Provider::WechatApp, code).await,
            Platform::WechatWeb => self.by_oauth(open, Provider::WechatWeb, code).await,
            Platform::AlipayMini => self.elsewhere(open, (Provider::AlipayMini, MiniPlatform::Alipay), code).await,
            Platform::DouyinMini => self.elsewhere(open, (Provider::DouyinMini, MiniPlatform::Douyin), code).await,
            Platform::BaiduMini => self.elsewhere(open, (Provider::BaiduMini, MiniPlatform::Baidu), code).await,
            Platform::QqMini => self.elsewhere(open, (Provider::QqMini, MiniPlatform::Qq), code).await,
        }
    }

    async fn by_mini_program(&self, open: &OpenEntrance, code: &str) -> Result<EntranceProof, IdentityError> {
        let session = self.wechat.client_of(open).code_to_session(code).await.map_err(|error| of_wechat(&error))?;
        Ok(EntranceProof {
            provider: Provider::WechatMini,
            app_id: open.entrance.app_id.clone(),
            openid: session.openid,
            unionid: session.unionid.map(|unionid| unionid_at(open, unionid)),
            session_key: Some(session.session_key),
            face: ToldFace::default(),
        })
    }

    async fn by_oauth(
        &self,
        open: &OpenEntrance,
        provider: Provider,
        code: &str,
    ) -> Result<EntranceProof, IdentityError> {
        let client = self.wechat.client_of(open);
        let grant = client.oauth_grant(code).await.map_err(|error| of_wechat(&error))?;
        // The visitor of a snapshot is nobody in particular: everybody who looks at it would be one user.
        if grant.is_snapshot_user {
            return Err(IdentityError::SnapshotUser);
        }
        let (face, told) = if grant.tells_profile {
            let profile = client.oauth_profile(&grant).await.map_err(|error| of_wechat(&error))?;
            (rules::told_face(profile.nickname.as_deref(), profile.picture.as_deref()), profile.unionid)
        } else {
            (ToldFace::default(), None)
        };
        Ok(EntranceProof {
            provider,
            app_id: open.entrance.app_id.clone(),
            openid: grant.openid,
            unionid: told.or(grant.unionid).map(|unionid| unionid_at(open, unionid)),
            session_key: None,
            face,
        })
    }

    async fn elsewhere(
        &self,
        open: &OpenEntrance,
        (provider, platform): (Provider, MiniPlatform),
        code: &str,
    ) -> Result<EntranceProof, IdentityError> {
        let keys = AppKeys { app_id: open.entrance.app_id.clone(), secret: open.secret.clone() };
        let signed = self.sign_in.exchange(platform, &keys, code).await.map_err(|error| of_sign_in(&error))?;
        // What these platforms tell across several applications of one owner is not WeChat's unionid, and nothing of the
        // shop is opened with their session keys: both are left where they came from.
        Ok(EntranceProof {
            provider,
            app_id: open.entrance.app_id.clone(),
            openid: signed.subject,
            unionid: None,
            session_key: None,
            face: ToldFace::default(),
        })
    }
}

fn unionid_at(open: &OpenEntrance, unionid: String) -> Unionid {
    Unionid { open_platform: open.entrance.open_platform.clone(), unionid }
}
