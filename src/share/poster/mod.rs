//! Posters: one picture that shows what is shared, what it costs, and a code that leads there.
//!
//! Drawing takes some tenths of a second of processor time and some megabytes, both bounded; do not call it on a thread
//! that serves requests.
#![allow(clippy::float_arithmetic, reason = "drawing is geometry, no money here")]

mod text;

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _, ImageReader, Limits};
use tiny_skia::{Color, FillRule, IntSize, Paint, PathBuilder, Pixmap, PixmapPaint, Rect, Transform};

use text::{Place, Script};

use crate::kernel::money::Fen;
use crate::platform::qr::Matrix;

/// Width of a poster, in pixels: that of the screens mini-programs are drawn for.
pub(super) const WIDTH: u32 = 750;
/// Height of a poster, in pixels.
pub(super) const HEIGHT: u32 = 1_200;
/// Longest side of a picture that is put on a poster. Longer ones are left out: decoding them would take too much.
const MAX_SIDE: u32 = 6_000;
/// Most memory that decoding one picture may take.
const MAX_BYTES: u64 = 112 * 1024 * 1024;
/// Width and height of the code.
const CODE: u32 = 210;
const MARGIN: f32 = 40.0;

/// What a poster shows.
#[derive(Clone, Debug)]
pub(super) struct Poster {
    /// What is shared; two lines of it fit.
    pub(super) title: String,
    /// What it costs.
    pub(super) price: Option<Fen>,
    /// The price to strike through beside it.
    pub(super) market_price: Option<Fen>,
    /// Who shares it.
    pub(super) nickname: Option<String>,
    /// The name of the shop.
    pub(super) shop_name: String,
    /// Its picture, as it is stored.
    pub(super) picture: Option<Vec<u8>>,
    /// What to do with the code.
    pub(super) hint: &'static str,
    /// The code, as a picture.
    pub(super) code: Vec<u8>,
}

/// Why a poster was not drawn: a defect of ours, or a code that is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum PosterError {
    /// The canvas or the font could not be had.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// The code cannot be read as a picture.
    #[error("the code is no picture")]
    Code,
    /// The picture could not be written.
    #[error("the picture cannot be written: {0}")]
    Encode(#[from] image::ImageError),
}

struct Ink(u8, u8, u8);

const BLACK: Ink = Ink(0x22, 0x22, 0x22);
const GREY: Ink = Ink(0x99, 0x99, 0x99);
const RED: Ink = Ink(0xe0, 0x2b, 0x2b);
const PALE: Ink = Ink(0xf3, 0xf0, 0xec);
const WHITE: Ink = Ink(0xff, 0xff, 0xff);

impl Ink {
    fn paint(&self) -> Paint<'static> {
        let mut paint = Paint::default();
        paint.set_color_rgba8(self.0, self.1, self.2, 255);
        paint
    }
}

/// Draws a poster of [`WIDTH`] by [`HEIGHT`] as PNG. A picture that cannot be read is left out.
///
/// # Errors
/// [`PosterError`].
pub(super) fn draw(poster: &Poster) -> Result<Vec<u8>, PosterError> {
    let script = Script::of_the_house().ok_or(PosterError::Missing("font"))?;
    let mut canvas = Pixmap::new(WIDTH, HEIGHT).ok_or(PosterError::Missing("canvas"))?;
    canvas.fill(Color::WHITE);
    fill(&mut canvas, (0.0, 0.0, 750.0, 750.0), &PALE);
    match poster.picture.as_deref().and_then(|bytes| square(bytes, WIDTH)) {
        Some(picture) => put(&mut canvas, &picture, 0, 0),
        None => {
            let at = Place { x: 375.0 - script.width(&poster.shop_name, 56.0) / 2.0, y: 395.0, size: 56.0 };
            script.write(&mut canvas, &poster.shop_name, at, &GREY.paint());
        }
    }
    let title = script.lines(&poster.title, 38.0, 670.0, 2);
    for (line, y) in title.iter().zip([812.0, 864.0]) {
        script.write(&mut canvas, line, Place { x: MARGIN, y, size: 38.0 }, &BLACK.paint());
    }
    prices(&mut canvas, &script, poster);
    words(&mut canvas, &script, poster);
    let code = square(&poster.code, CODE).ok_or(PosterError::Code)?;
    fill(&mut canvas, (494.0, 894.0, 222.0, 222.0), &WHITE);
    put(&mut canvas, &code, 500, 900);
    let at = Place { x: 605.0 - script.width(poster.hint, 24.0) / 2.0, y: 1_150.0, size: 24.0 };
    script.write(&mut canvas, poster.hint, at, &GREY.paint());
    encode(&canvas)
}

fn prices(canvas: &mut Pixmap, script: &Script, poster: &Poster) {
    let Some(price) = poster.price else { return };
    let price = format!("¥{}", price.to_yuan());
    script.write(canvas, &price, Place { x: MARGIN, y: 972.0, size: 54.0 }, &RED.paint());
    let Some(market) = poster.market_price else { return };
    let (market, x) = (format!("¥{}", market.to_yuan()), MARGIN + script.width(&price, 54.0) + 18.0);
    let width = script.width(&market, 28.0);
    // A price of many digits leaves no room beside it.
    if x + width < 480.0 {
        script.write(canvas, &market, Place { x, y: 972.0, size: 28.0 }, &GREY.paint());
        fill(canvas, (x, 961.0, width, 2.0), &GREY);
    }
}

fn words(canvas: &mut Pixmap, script: &Script, poster: &Poster) {
    let nickname = poster.nickname.as_deref().and_then(|name| script.lines(name, 30.0, 300.0, 1).into_iter().next());
    if let Some(name) = nickname {
        let line = format!("{name} 推荐给你");
        script.write(canvas, &line, Place { x: MARGIN, y: 1_060.0, size: 30.0 }, &BLACK.paint());
    }
    for line in script.lines(&poster.shop_name, 26.0, 420.0, 1) {
        script.write(canvas, &line, Place { x: MARGIN, y: 1_108.0, size: 26.0 }, &GREY.paint());
    }
}

fn fill(canvas: &mut Pixmap, (x, y, width, height): (f32, f32, f32, f32), ink: &Ink) {
    if let Some(place) = Rect::from_xywh(x, y, width, height) {
        let path = PathBuilder::from_rect(place);
        canvas.fill_path(&path, &ink.paint(), FillRule::Winding, Transform::identity(), None);
    }
}

fn put(canvas: &mut Pixmap, picture: &Pixmap, x: i32, y: i32) {
    canvas.draw_pixmap(x, y, picture.as_ref(), &PixmapPaint::default(), Transform::identity(), None);
}

/// A stored picture as a square of this side, cut to it around its middle; `None` when it cannot be read within limits.
fn square(bytes: &[u8], side: u32) -> Option<Pixmap> {
    let picture = decode(bytes)?;
    let picture = picture.resize_to_fill(side, side, FilterType::Triangle).into_rgba8();
    let mut data = picture.into_raw();
    // Where a picture is transparent, the white of the poster shows.
    for pixel in data.chunks_exact_mut(4) {
        let [red, green, blue, alpha] = pixel else { continue };
        for channel in [red, green, blue] {
            let mixed = u32::from(*channel) * u32::from(*alpha) + 255 * (255 - u32::from(*alpha));
            *channel = u8::try_from(mixed / 255).unwrap_or(u8::MAX);
        }
        *alpha = 255;
    }
    Pixmap::from_vec(data, IntSize::from_wh(side, side)?)
}

fn decode(bytes: &[u8]) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits);
    reader.decode().ok()
}

fn encode(canvas: &Pixmap) -> Result<Vec<u8>, PosterError> {
    let opaque: Vec<u8> = canvas.data().chunks_exact(4).flat_map(|pixel| pixel.iter().take(3).copied()).collect();
    png(&opaque, canvas.width(), canvas.height(), ExtendedColorType::Rgb8)
}

fn png(pixels: &[u8], width: u32, height: u32, colour: ExtendedColorType) -> Result<Vec<u8>, PosterError> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, PngFilter::Adaptive);
    encoder.write_image(pixels, width, height, colour)?;
    Ok(bytes)
}

/// A picture of a code, whatever its format, as PNG of shades of grey or of colours as it was.
///
/// # Errors
/// [`PosterError::Code`] when it is no picture.
pub(super) fn code_as_png(bytes: &[u8]) -> Result<Vec<u8>, PosterError> {
    let picture = decode(bytes).ok_or(PosterError::Code)?.into_rgb8();
    png(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
}

/// A QR code as PNG, exactly this wide.
///
/// # Errors
/// [`PosterError::Missing`] when the code does not fit so few pixels.
pub(super) fn matrix_as_png(matrix: &Matrix, width: u32) -> Result<Vec<u8>, PosterError> {
    matrix.png(width).ok_or(PosterError::Missing("room"))
}

#[cfg(test)]
mod tests;
