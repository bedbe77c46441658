//! In which group chat a page was opened, as far as WeChat proves it.

use secrecy::SecretString;

use super::arrive::Comer;
use crate::identity::{self, IdentityKeys};
use crate::platform::db::{DbResult, Tx};
use crate::platform::wechat::{OpenDataRefusal, Sealed, group_id};

/// What the page got from `wx.getGroupEnterInfo` or `wx.getShareInfo`.
#[derive(Clone, Debug)]
pub struct GroupInfo {
    /// `encryptedData`.
    pub data: String,
    /// `iv`.
    pub iv: String,
}

crate::stored_enum! {
    /// Whether the group chat is believed. Only `proven` is kept; the open counts either way.
    pub enum GroupProof {
        /// WeChat proves it.
        Proven = "proven",
        /// It is no base64 of the right length.
        Malformed = "malformed",
        /// It does not open with the session's key: log in again and send it anew.
        Undecipherable = "undecipherable",
        /// It was made for another mini-program.
        ForeignApp = "foreign_app",
        /// It was made too long ago, or in the future.
        Stale = "stale",
        /// It names no group chat.
        Absent = "absent",
        /// There is no session with WeChat that could prove it: log in first.
        NoSession = "no_session",
    }
}

impl From<OpenDataRefusal> for GroupProof {
    fn from(refusal: OpenDataRefusal) -> Self {
        match refusal {
            OpenDataRefusal::Malformed => Self::Malformed,
            OpenDataRefusal::Undecipherable => Self::Undecipherable,
            OpenDataRefusal::ForeignApp => Self::ForeignApp,
            OpenDataRefusal::Stale => Self::Stale,
            OpenDataRefusal::Absent => Self::Absent,
        }
    }
}

/// Opens what the page got with the session key of whoever came; answers the group chat's id, or why it is not believed.
///
/// # Errors
/// The database's.
pub fn prove_group(
    tx: &mut Tx<'_>,
    keys: &IdentityKeys,
    app_id: &str,
    comer: Comer,
    info: &GroupInfo,
) -> DbResult<Result<String, GroupProof>> {
    let Comer::User(user, _) = comer else { return Ok(Err(GroupProof::NoSession)) };
    let Some(key) = identity::wechat_session_key(tx, keys, user, app_id)? else {
        return Ok(Err(GroupProof::NoSession));
    };
    Ok(opened(tx, info, &key, app_id).map_err(GroupProof::from))
}

fn opened(tx: &Tx<'_>, info: &GroupInfo, key: &SecretString, app_id: &str) -> Result<String, OpenDataRefusal> {
    let sealed = Sealed { data: &info.data, iv: &info.iv };
    group_id(&sealed.open(key, app_id, tx.now())?)
}
