//! Unpacking what trackers send: forms, Base64, gzip, JSON.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::kernel::time::Timestamp;

/// Most bytes that a body may hold once it is unpacked: what is packed tighter is no list of events.
const MAX_UNPACKED: u64 = 4 * 1_024 * 1_024;
/// Most events of one request: what SDKs keep while they are offline.
const MAX_OBJECTS: usize = 500;
/// The first bytes of whatever is packed by gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Some SDKs leave the padding off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The events of a form that a Sensors Analytics SDK sent.
pub(super) fn sensors_objects(body: &str) -> Option<Vec<Value>> {
    let fields = body.split('&').filter_map(|field| field.split_once('='));
    let packed = fields.filter(|(name, _)| matches!(*name, "data_list" | "data")).map(|(_, value)| value).next()?;
    packed_objects(&unescaped(packed)?)
}

/// The events in a Base64 text, of JSON or of gzip of JSON.
pub(super) fn packed_objects(packed: &str) -> Option<Vec<Value>> {
    // Where a plus sign was taken for a space on the way, it becomes one again.
    let bytes = BASE64.decode(packed.trim().replace(' ', "+")).ok()?;
    objects(serde_json::from_slice(&unpacked(&bytes)?).ok()?)
}

fn objects(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) if items.len() <= MAX_OBJECTS => Some(items),
        object @ Value::Object(_) => Some(vec![object]),
        _ => None,
    }
}

/// The bytes behind gzip, or as they are when they are not packed.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(&GZIP) {
        return Some(bytes.to_vec());
    }
    let mut plain = Vec::new();
    let read = GzDecoder::new(bytes).take(MAX_UNPACKED).read_to_end(&mut plain).ok()?;
    (u64::try_from(read).ok()? < MAX_UNPACKED).then_some(plain)
}

/// The text behind percent signs.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What a PostHog SDK sent.
pub(super) struct PosthogBody {
    pub(super) api_key: String,
    pub(super) sent_at: Option<Timestamp>,
    pub(super) events: Vec<Value>,
}

/// The events of a body that a PostHog SDK sent: a batch, or one.
pub(super) fn posthog(body: &[u8]) -> Option<PosthogBody> {
    let mut told: Value = serde_json::from_slice(&unpacked(body)?).ok()?;
    let text = |told: &Value, name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let api_key = text(&told, "api_key").or_else(|| text(&told, "token")).unwrap_or_default();
    let sent_at = text(&told, "sent_at").and_then(|text| Timestamp::parse_rfc3339(&text));
    let events = match told.get_mut("batch").map(Value::take) {
        Some(batch) => objects(batch)?,
        None => objects(told)?,
    };
    Some(PosthogBody { api_key, sent_at, events })
}
