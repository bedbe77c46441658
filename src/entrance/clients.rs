//! WeChat's clients, one for each entrance of WeChat's, so that each keeps the access token of its own application.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use super::door::OpenEntrance;
use super::model::{EntranceId, EntranceOrigin};
use crate::platform::wechat::WechatClient;

/// Clients of WeChat by entrance. Cloning shares them with their tokens.
#[derive(Clone)]
pub struct WechatClients(Arc<Inner>);

struct Inner {
    main: WechatClient,
    others: Mutex<HashMap<EntranceId, (SecretString, WechatClient)>>,
}

impl WechatClients {
    /// Clients beside `main`, which speaks for the configuration's own mini-program and whose connections they share.
    pub fn new(main: WechatClient) -> Self {
        Self(Arc::new(Inner { main, others: Mutex::default() }))
    }

    /// The client that speaks for an entrance. After its secret was written anew it is another one, without a token yet.
    pub fn client_of(&self, open: &OpenEntrance) -> WechatClient {
        if open.entrance.origin == EntranceOrigin::Configuration {
            return self.0.main.clone();
        }
        let mut others = self.0.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((secret, client)) = others.get(&open.entrance.id)
            && secret.expose_secret() == open.secret.expose_secret()
        {
            return client.clone();
        }
        let client = self.0.main.for_app(&open.entrance.app_id, open.secret.clone());
        others.insert(open.entrance.id, (open.secret.clone(), client.clone()));
        client
    }
}
