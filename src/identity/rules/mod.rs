//! Pure decisions about people: which user a set of proofs means, and what may be written down about them.

mod address;
mod linking;
mod profile;

pub use address::{AddressDraft, MAX_ADDRESSES, check_address, is_phone};
pub use linking::{Decision, Owner, Side, link, strength};
pub use profile::{
    E164, check_avatar, check_code, check_nickname, check_reason, mask_subject, masked_name, read_phone,
};

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
