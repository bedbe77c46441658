//! The applications that this WeChat knows: of one owner, unless the tester registers others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dice::Dice;

/// The account of the Open Platform that the owner's applications hang on.
pub(super) const OWNER: &str = "owner";

/// What an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AppKind {
    /// A mini-program.
    Mini,
    /// A service account.
    Service,
    /// An application on phones.
    Mobile,
    /// A website.
    Website,
}

/// One application.
#[derive(Clone, Debug, Serialize)]
pub(super) struct OpenApp {
    /// What it is.
    pub(super) kind: AppKind,
    /// Its app id.
    pub(super) app_id: String,
    /// Its secret.
    pub(super) secret: String,
    /// The account of the Open Platform it hangs on; people have one unionid for each. Empty for none.
    pub(super) open_platform: String,
    /// The name by which pushes call it, `gh_…`.
    pub(super) original_id: String,
    /// What pushes are signed with.
    pub(super) message_token: String,
    /// What pushes are sealed with: 43 characters.
    pub(super) message_aes_key: String,
}

impl OpenApp {
    /// An application with secrets of its own.
    pub(super) fn new(kind: AppKind, app_id: String, open_platform: String, dice: &Dice) -> Self {
        Self {
            kind,
            app_id,
            secret: dice.hex(32),
            open_platform,
            original_id: format!("gh_{}", dice.hex(12)),
            message_token: dice.letters(24),
            message_aes_key: dice.letters(43),
        }
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Apps(Vec<Arc<OpenApp>>);

impl Apps {
    /// Registers one. `false` when its id is taken.
    pub(super) fn register(&mut self, app: OpenApp) -> bool {
        let free = self.get(&app.app_id).is_none();
        if free {
            self.0.push(Arc::new(app));
        }
        free
    }

    /// One by its id.
    pub(super) fn get(&self, app_id: &str) -> Option<Arc<OpenApp>> {
        self.0.iter().find(|app| app.app_id == app_id).cloned()
    }

    /// The first of a kind.
    pub(super) fn first(&self, kind: AppKind) -> Option<Arc<OpenApp>> {
        self.0.iter().find(|app| app.kind == kind).cloned()
    }

    /// All, as they were registered.
    pub(super) fn all(&self) -> &[Arc<OpenApp>] {
        &self.0
    }
}
