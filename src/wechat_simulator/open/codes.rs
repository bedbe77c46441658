//! Mini-program codes. The real ones are round and only WeChat reads them; these are QR codes that say what they open,
//! so that a person in front of the demonstration sees that it is the right one.

use std::io::Cursor;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma, imageops};
use qrcode::{Color, EcLevel, QrCode};
use serde_json::Value;

use super::{OpenAnswer, OpenRefusal, Parameters, admit, read_body};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::state::{DrawnCode, World, locked};

/// Most characters of a scene.
const MAX_SCENE: usize = 32;
/// What a scene may hold beside letters and digits.
const SCENE_MARKS: &str = "!#$&'()*+,/:;=?@-._~";
/// How wide a code is when nothing is said.
const USUAL_WIDTH: u64 = 430;
/// White modules around a code.
const MARGIN: u32 = 4;
/// Codes that are remembered for the tester.
const KEPT: usize = 10_000;

/// `POST /wxa/getwxacodeunlimit`.
pub(super) async fn draw_unlimited_code(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let code = read_code(&body)?;
    let width = body.get("width").map_or(Some(USUAL_WIDTH), Value::as_u64);
    let width = width.and_then(|width| u32::try_from(width.clamp(280, 1280)).ok());
    let width = width.ok_or_else(|| OpenRefusal::new(47001, "data format error"))?;
    let picture = draw(&app.app_id, &code, width).ok_or_else(|| OpenRefusal::new(-1, "system error"))?;
    let mut codes = locked(&world.codes);
    if codes.len() < KEPT {
        codes.push(code);
    }
    Ok(HttpResponse::Ok().content_type("image/jpeg").body(picture))
}

fn read_code(body: &Value) -> Result<DrawnCode, OpenRefusal> {
    let scene = body.get("scene").and_then(Value::as_str).unwrap_or_default();
    if scene.is_empty() || scene.chars().count() > MAX_SCENE {
        return Err(OpenRefusal::new(40169, "invalid length for scene, or the data is not json string"));
    }
    if !scene.chars().all(|letter| letter.is_ascii_alphanumeric() || SCENE_MARKS.contains(letter)) {
        return Err(OpenRefusal::new(40129, "invalid scene"));
    }
    let page = body.get("page").and_then(Value::as_str).unwrap_or("pages/index/index");
    if page.is_empty() || page.starts_with('/') || page.contains('?') {
        return Err(OpenRefusal::new(41030, "invalid page"));
    }
    Ok(DrawnCode { scene: scene.to_owned(), page: page.to_owned() })
}

fn draw(app_id: &str, code: &DrawnCode, width: u32) -> Option<Vec<u8>> {
    let says = format!("weixin://simulated/{app_id}/{}?scene={}", code.page, code.scene);
    picture(&says, width)
}

/// A text as a QR code in a JPEG.
pub(super) fn picture(says: &str, width: u32) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(says, EcLevel::M).ok()?;
    let side = u32::try_from(code.width()).ok()?;
    let whole = side.checked_add(MARGIN.checked_mul(2)?)?;
    let mut small = GrayImage::from_pixel(whole, whole, Luma([255]));
    let modules = code.to_colors();
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    for ((x, y), _) in places.zip(modules).filter(|(_, module)| *module == Color::Dark) {
        small.put_pixel(x.checked_add(MARGIN)?, y.checked_add(MARGIN)?, Luma([0]));
    }
    let picture = imageops::resize(&small, width, width, imageops::FilterType::Nearest);
    let mut bytes = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).ok()?;
    Some(bytes.into_inner())
}
