//! Pictures that are kept for three days.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use serde::Serialize;
use serde_json::json;

use crate::kernel::time::{DAY_MS, Timestamp};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::open::{OpenAnswer, OpenRefusal, Parameters, admit, answer, given};
use crate::wechat_simulator::state::{World, locked};

/// How long a picture is kept.
const KEPT_MS: i64 = 3 * DAY_MS;
/// Longest form with a picture.
pub(super) const MOST_BYTES: usize = 11 * 1_024 * 1_024;
/// Pictures that are remembered.
const MOST: usize = 10_000;

/// A picture.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Media {
    /// Names it.
    pub(in crate::wechat_simulator) media_id: String,
    /// Whose it is.
    pub(in crate::wechat_simulator) app_id: String,
    /// How long it is.
    pub(in crate::wechat_simulator) bytes: usize,
    /// When it is gone.
    pub(in crate::wechat_simulator) ends_at: Timestamp,
}

impl super::Live {
    /// Whether this names a picture of the application that is still there.
    pub(super) fn has_media(&self, app_id: &str, media_id: &str, now: Timestamp) -> bool {
        self.media.iter().any(|media| media.media_id == media_id && media.app_id == app_id && now < media.ends_at)
    }
}

/// `POST /cgi-bin/media/upload`, for pictures.
pub(super) async fn upload(world: Data<World>, query: Parameters, request: HttpRequest, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    if given(&query, "type") != Some("image") {
        return Err(OpenRefusal::new(40_004, "invalid media type"));
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let picture = media_part(kind, &body).ok_or_else(|| OpenRefusal::new(41_005, "media data missing"))?;
    if !picture.starts_with(b"\x89PNG\r\n\x1a\n") && !picture.starts_with(b"\xff\xd8\xff") {
        return Err(OpenRefusal::new(40_005, "invalid file type"));
    }
    let media = Media {
        media_id: world.dice.letters(64),
        app_id: app.app_id.clone(),
        bytes: picture.len(),
        ends_at: world.now().plus_millis(KEPT_MS),
    };
    let told = json!({ "type": "image", "media_id": media.media_id, "created_at": world.now().seconds() });
    let mut live = locked(&world.live);
    if live.media.len() >= MOST {
        live.media.remove(0);
    }
    live.media.push(media);
    Ok(answer(&told))
}

/// The bytes of the part `media` of a form.
fn media_part<'a>(kind: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let boundary = kind.strip_prefix("multipart/form-data; boundary=")?.trim_matches('"');
    let mark = format!("--{boundary}");
    let after = body.get(find(body, mark.as_bytes())?.checked_add(mark.len())?..)?;
    let head_end = find(after, b"\r\n\r\n")?;
    let head = std::str::from_utf8(after.get(..head_end)?).ok()?;
    if !head.contains("name=\"media\"") || !head.contains("filename=\"") {
        return None;
    }
    let content = after.get(head_end.checked_add(4)?..)?;
    content.get(..find(content, format!("\r\n{mark}").as_bytes())?)
}

fn find(body: &[u8], what: &[u8]) -> Option<usize> {
    body.windows(what.len()).position(|window| window == what)
}
