//! Tencent Cloud CSS: JSON callbacks, signed with a key of their own. They tell and ask nothing: CSS itself refuses
//! addresses whose signature is wrong.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::platform::live_stream::event::{Params, Recording, StreamDeed, StreamEvent};
use crate::platform::live_stream::signing::{md5_hex, same};

/// Why a callback is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CssTrouble {
    /// It is no callback.
    #[error("not a callback")]
    Malformed,
    /// It is not proven to be from CSS, or its time is over.
    #[error("not believed")]
    NotBelieved,
}

#[derive(Deserialize)]
struct Callback {
    event_type: i64,
    t: i64,
    sign: String,
    #[serde(default)]
    stream_id: String,
    #[serde(default)]
    channel_id: String,
    #[serde(default)]
    appname: String,
    #[serde(default)]
    stream_param: String,
    #[serde(default)]
    sequence: String,
    #[serde(default)]
    user_ip: String,
    #[serde(default)]
    video_url: String,
    #[serde(default)]
    duration: Option<i64>,
    #[serde(default)]
    start_time: Option<i64>,
}

pub(super) fn read(key: Option<&SecretString>, body: &[u8], now: Timestamp) -> Result<StreamEvent, CssTrouble> {
    let told: Callback = serde_json::from_slice(body).map_err(|_| CssTrouble::Malformed)?;
    let key = key.ok_or(CssTrouble::NotBelieved)?;
    let sign = md5_hex(format!("{}{}", key.expose_secret(), told.t).as_bytes());
    if !same(&sign, &told.sign) || now.seconds() > told.t {
        return Err(CssTrouble::NotBelieved);
    }
    let deed = match told.event_type {
        1 => StreamDeed::Publish,
        0 => StreamDeed::Unpublish,
        100 => StreamDeed::Recorded,
        _ => StreamDeed::Other,
    };
    let moment = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(SECOND_MS));
    let recorded = deed == StreamDeed::Recorded && !told.video_url.is_empty();
    Ok(StreamEvent {
        deed,
        app: told.appname,
        stream: if told.stream_id.is_empty() { told.channel_id } else { told.stream_id },
        params: Params::read(&told.stream_param),
        // The same for the start and the end of one push.
        client: told.sequence,
        address: told.user_ip,
        recording: recorded.then_some(Recording {
            file: told.video_url,
            duration_ms: told.duration.map(|seconds| seconds.saturating_mul(SECOND_MS)),
            began_at: told.start_time.map(moment),
        }),
    })
}
