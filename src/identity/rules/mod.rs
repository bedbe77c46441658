//! Pure decisions about people: which user a set of proofs means, and what may be written down about them.

mod address;
mod face;
mod linking;
mod oauth;
mod profile;
mod sms;

pub use address::{AddressDraft, MAX_ADDRESSES, check_address, is_phone};
pub use face::{ToldFace, is_usual_nickname, told_face, usual_nickname};
pub use linking::{Decision, Owner, Side, link, strength, would_clash};
pub use oauth::{OauthScope, RedirectRules, authorize_address, check_redirect};
pub use profile::{
    E164, check_avatar, check_code, check_nickname, check_reason, mask_subject, masked_name, read_phone,
};
pub use sms::{SMS_CODE_TRIES, SMS_CODE_TTL_MS, SMS_DAY_SENDS, SMS_PAUSE_MS, is_sms_code, sms_code_of};

use serde_json::{Value, json};

/// What is wrong with a field, for the details of a refusal.
fn flaw(field: &str, rule: &str) -> Value {
    json!({ "field": field, "rule": rule })
}

/// Trims a text and checks its length in characters; control characters are never acceptable.
fn bounded(field: &str, text: &str, most: usize) -> Result<String, Value> {
    let text = text.trim();
    if text.is_empty() {
        return Err(flaw(field, "must not be empty"));
    }
    if text.chars().count() > most {
        return Err(flaw(field, &format!("at most {most} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(flaw(field, "no control characters"));
    }
    Ok(text.to_owned())
}
