//! From the bytes of a stranger to a picture that is nothing but a picture.

use std::io::Cursor;

use aws_lc_rs::digest::{SHA256, digest};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};

use crate::platform::storage::ending::{Format, format_of, tail};

/// The longest side a picture may have, in pixels.
const MAX_SIDE: u32 = 8_000;
/// The most memory the pixels of a picture may take when decoded: eight thousand by eight thousand with four bytes
/// each. A picture of those sides with 16 bits a channel is refused.
const MAX_DECODED_BYTES: u64 = 256 * 1024 * 1024;
/// High enough that nobody sees that the picture was encoded again.
const JPEG_QUALITY: u8 = 90;
/// What makes a browser or an interpreter take a file for a page or a program.
const MARKUP: [&[u8]; 5] = [b"<html", b"<script", b"<!doctype", b"<body", b"<?php"];

/// The kinds of picture that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// PNG; also what GIF and WebP become.
    Png,
    /// JPEG.
    Jpeg,
}

impl PictureKind {
    /// The extension of its file name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// A picture that was decoded and encoded anew.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The new bytes.
    pub bytes: Vec<u8>,
    /// Their kind.
    pub kind: PictureKind,
    /// Width in pixels, as seen: the orientation a camera noted has been applied.
    pub width: u32,
    /// Height in pixels, as seen.
    pub height: u32,
    /// SHA-256 of the new bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// Why bytes are not taken as a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureRefusal {
    /// The upload is longer than allowed.
    #[error("the file is too long")]
    TooLong,
    /// The bytes do not begin like PNG, JPEG, GIF or WebP. SVG is among these: it is a program.
    #[error("not a PNG, JPEG, GIF or WebP picture")]
    UnknownKind,
    /// Something that is not picture follows the picture.
    #[error("the file holds more than a picture")]
    TrailingData,
    /// A side is longer than 8,000 pixels, or the pixels would take too much memory.
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// The bytes begin like a picture and are none.
    #[error("the picture is damaged")]
    Undecodable,
}

impl PictureRefusal {
    /// The stable word for this refusal.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::UnknownKind => "unknown_kind",
            Self::TrailingData => "trailing_data",
            Self::TooManyPixels => "too_many_pixels",
            Self::Undecodable => "undecodable",
        }
    }
}

/// Decodes `bytes` and encodes the pixels anew: PNG and JPEG keep their kind, GIF and WebP become PNG (the first
/// picture of an animation). Takes up to seconds of processor time; do not call it on a thread that serves requests.
pub fn inspect_picture(bytes: &[u8]) -> Result<Picture, PictureRefusal> {
    let format = format_of(bytes).ok_or(PictureRefusal::UnknownKind)?;
    if is_suspicious(format, tail(format, bytes)) {
        return Err(PictureRefusal::TrailingData);
    }
    let pixels = decode(format, bytes)?;
    let kind = if format == Format::Jpeg { PictureKind::Jpeg } else { PictureKind::Png };
    let (width, height) = (pixels.width(), pixels.height());
    let bytes = encode(kind, pixels).map_err(|_| PictureRefusal::Undecodable)?;
    let sha256 = hex::encode(digest(&SHA256, &bytes));
    Ok(Picture { bytes, kind, width, height, sha256 })
}

/// Phones append depth maps, second exposures and short films to their JPEGs; those are dropped by encoding anew and
/// only what looks like a page or a program is refused. No other format has a reason to go on after its end.
fn is_suspicious(format: Format, tail: &[u8]) -> bool {
    let markup = |word: &&[u8]| tail.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    match format {
        Format::Jpeg => MARKUP.iter().any(markup),
        Format::Png | Format::Gif | Format::WebP => !tail.is_empty(),
    }
}

fn decode(format: Format, bytes: &[u8]) -> Result<DynamicImage, PictureRefusal> {
    let format = match format {
        Format::Png => ImageFormat::Png,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Gif => ImageFormat::Gif,
        Format::WebP => ImageFormat::WebP,
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    // The decoder checks the declared sides before it allocates anything for them.
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        return Err(PictureRefusal::TooManyPixels);
    }
    let orientation = decoder.orientation().map_err(refusal)?;
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    pixels.apply_orientation(orientation);
    Ok(pixels)
}

fn encode(kind: PictureKind, pixels: DynamicImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    match kind {
        PictureKind::Jpeg => {
            pixels.into_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
        }
        PictureKind::Png if pixels.color().has_alpha() => {
            pixels.into_rgba8().write_with_encoder(PngEncoder::new(&mut bytes))?;
        }
        PictureKind::Png => pixels.into_rgb8().write_with_encoder(PngEncoder::new(&mut bytes))?,
    }
    Ok(bytes)
}

fn refusal(error: ImageError) -> PictureRefusal {
    match error {
        ImageError::Limits(_) => PictureRefusal::TooManyPixels,
        _ => PictureRefusal::Undecodable,
    }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
pub(super) mod tests;
