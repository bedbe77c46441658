//! nginx with its RTMP module: a form, whose own fields come first and the arguments of the client's address last.
//!
//! A client may put the module's field names into its address; therefore the first field of each name is the module's, and
//! whatever follows under the same name is one of the client's arguments.

use crate::platform::live_stream::event::{Params, Recording, StreamDeed, StreamEvent};

pub(super) fn read(body: &[u8]) -> Option<StreamEvent> {
    let mut fields = Params::read(std::str::from_utf8(body).ok()?);
    let deed = match fields.take("call")?.as_str() {
        "connect" => StreamDeed::Connect,
        "publish" => StreamDeed::Publish,
        "publish_done" => StreamDeed::Unpublish,
        "update_publish" => StreamDeed::KeepPublishing,
        "play" => StreamDeed::Play,
        "play_done" => StreamDeed::Stop,
        "update_play" => StreamDeed::KeepPlaying,
        "record_done" => StreamDeed::Recorded,
        _ => StreamDeed::Other,
    };
    let mut own = |name| fields.take(name).unwrap_or_default();
    let (app, stream, client, address) = (own("app"), own("name"), own("clientid"), own("addr"));
    // Told with every call and of no use here; taken out, so that what is left are the client's arguments.
    for told in ["flashver", "swfurl", "tcurl", "pageurl", "epoch"] {
        own(told);
    }
    let recording = if deed == StreamDeed::Recorded {
        let file = own("path");
        (!file.is_empty()).then_some(Recording { file, duration_ms: None, began_at: None })
    } else {
        None
    };
    Some(StreamEvent { deed, app, stream, params: fields, client, address, recording })
}
