//! Pictures that WeChat keeps for three days.

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;

use crate::platform::wechat::client::{WechatClient, read_api_reply};
use crate::platform::wechat::error::WechatError;

/// Most bytes of a picture.
const MAX_IMAGE: usize = 10 * 1_024 * 1_024;

/// A picture that WeChat keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UploadedImage {
    /// Names it for three days.
    pub media_id: String,
}

impl WechatClient {
    /// Hands a JPEG or PNG over, at most 10 MiB.
    ///
    /// Refusals worth a branch: `40004` and `40006` the picture cannot be used.
    pub async fn upload_image(&self, jpeg_or_png: &[u8]) -> Result<UploadedImage, WechatError> {
        const CALL: &str = "media_upload";
        if jpeg_or_png.is_empty() || jpeg_or_png.len() > MAX_IMAGE {
            return Err(WechatError::invalid(CALL, "image"));
        }
        let (name, kind) =
            if jpeg_or_png.starts_with(b"\x89PNG") { ("cover.png", "image/png") } else { ("cover.jpg", "image/jpeg") };
        let bytes = jpeg_or_png.to_vec();
        let request = |client: &Client, url: String| {
            let part = Part::bytes(bytes.clone()).file_name(name);
            // Both kinds are well formed; a part without one would be sent all the same.
            let part = part.mime_str(kind).unwrap_or_else(|_| Part::bytes(bytes.clone()).file_name(name));
            client.post(url).query(&[("type", "image")]).multipart(Form::new().part("media", part))
        };
        let image: UploadedImage = self.ask(CALL, "/cgi-bin/media/upload", request, read_api_reply).await?;
        if image.media_id.is_empty() { Err(WechatError::bad_reply(CALL, "no media id")) } else { Ok(image) }
    }
}
