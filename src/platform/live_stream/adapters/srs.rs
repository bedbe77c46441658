//! SRS: JSON by its `http_hooks`.

use serde::Deserialize;

use super::query_of;
use crate::platform::live_stream::event::{Params, Recording, StreamDeed, StreamEvent};

/// Newer servers name connections by a word, older ones by a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Word(String),
    Number(i64),
    Nothing(()),
}

impl Default for Name {
    fn default() -> Self {
        Self::Nothing(())
    }
}

#[derive(Deserialize)]
struct Hook {
    action: String,
    #[serde(default)]
    client_id: Name,
    #[serde(default)]
    ip: String,
    #[serde(default)]
    app: String,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    param: String,
    #[serde(default, rename = "tcUrl")]
    tc_url: String,
    #[serde(default)]
    cwd: String,
    #[serde(default)]
    file: String,
}

pub(super) fn read(body: &[u8]) -> Option<StreamEvent> {
    let hook: Hook = serde_json::from_slice(body).ok()?;
    let deed = match hook.action.as_str() {
        "on_connect" => StreamDeed::Connect,
        "on_publish" => StreamDeed::Publish,
        "on_unpublish" => StreamDeed::Unpublish,
        "on_play" => StreamDeed::Play,
        "on_stop" => StreamDeed::Stop,
        "on_dvr" => StreamDeed::Recorded,
        _ => StreamDeed::Other,
    };
    let recorded = deed == StreamDeed::Recorded && !hook.file.is_empty();
    let recording = recorded.then(|| Recording { file: whole_path(&hook), duration_ms: None, began_at: None });
    Some(StreamEvent {
        deed,
        app: hook.app,
        stream: hook.stream,
        // Some broadcasting programs can give arguments only with the server's address.
        params: if hook.param.is_empty() { query_of(&hook.tc_url) } else { Params::read(&hook.param) },
        client: match hook.client_id {
            Name::Word(word) => word,
            Name::Number(number) => number.to_string(),
            Name::Nothing(()) => String::new(),
        },
        address: hook.ip,
        recording,
    })
}

/// The recording's path; SRS tells one that is relative to its working folder.
fn whole_path(hook: &Hook) -> String {
    if hook.file.starts_with('/') || hook.cwd.is_empty() {
        return hook.file.clone();
    }
    format!("{}/{}", hook.cwd.trim_end_matches('/'), hook.file.trim_start_matches("./"))
}
