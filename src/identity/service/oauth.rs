//! What a browser takes along to WeChat and brings back: it proves that whoever returns is who left.

use crate::entrance::EntranceId;
use crate::identity::error::IdentityError;
use crate::identity::model::OauthStateId;
use crate::identity::proof_store::{self, OauthState};
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::platform::db::Tx;
use crate::platform::secrets::{RandomToken, token_hash};

/// How long the person may take at WeChat, in milliseconds.
pub const OAUTH_STATE_TTL_MS: i64 = 10 * MINUTE_MS;
/// Longest state worth looking up; ours are shorter.
const STATE_MAX: usize = 128;

/// To whom a state belongs: nobody else can bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// One browser, which registered as a device.
    Device(DeviceId),
    /// One logged-in user.
    User(UserId),
}

impl std::fmt::Display for Bearer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Device(device) => write!(out, "device/{device}"),
            Self::User(user) => write!(out, "user/{user}"),
        }
    }
}

/// A state that was just made.
#[derive(Debug)]
pub struct NewOauthState {
    /// What WeChat is to hand back.
    pub state: RandomToken,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Makes a state for one way to WeChat and back.
///
/// # Errors
/// The database's, or when the machine gives no randomness.
pub fn begin_oauth(tx: &mut Tx<'_>, entrance: EntranceId, bearer: Bearer) -> Result<NewOauthState, IdentityError> {
    let state = RandomToken::generate()?;
    let expires_at = tx.now().plus_millis(OAUTH_STATE_TTL_MS);
    let row = OauthState {
        id: OauthStateId::new(tx.next_id()),
        state_hash: state.stored_hash(),
        entrance_id: entrance,
        bound_to: bearer.to_string(),
        expires_at,
        used_at: None,
    };
    proof_store::insert_oauth_state(tx, &row)?;
    Ok(NewOauthState { state, expires_at })
}

/// Uses a state up, and says for which entrance it was made. One that was forged, used before, is too old or belongs to
/// somebody else is refused; which of it is not said.
///
/// # Errors
/// [`IdentityError::StateRefused`], or the database's.
pub fn redeem_oauth_state(tx: &mut Tx<'_>, presented: &str, bearers: &[Bearer]) -> Result<EntranceId, IdentityError> {
    if presented.is_empty() || presented.len() > STATE_MAX {
        return Err(IdentityError::StateRefused);
    }
    let bearers: Vec<String> = bearers.iter().map(Bearer::to_string).collect();
    proof_store::use_oauth_state(tx, &token_hash(presented), &bearers)?.ok_or(IdentityError::StateRefused)
}
