//! Pictures as WeChat takes them: JPEG, and not larger than asked for.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageReader, ImageResult, Limits};

/// Most memory a picture may take while it is made smaller, in bytes.
const MEMORY: u64 = 256 * 1_024 * 1_024;
/// Quality of what is made.
const QUALITY: u8 = 88;

/// A picture within a square of `side` pixels, as JPEG.
///
/// # Errors
/// When it cannot be read.
pub(super) fn fitted(bytes: &[u8], side: u32) -> ImageResult<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let picture = reader.decode()?;
    let smaller = picture.width() > side || picture.height() > side;
    let picture = if smaller { picture.thumbnail(side, side) } else { picture };
    let mut jpeg = Cursor::new(Vec::new());
    picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))?;
    Ok(jpeg.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbaImage};

    use super::*;

    #[test]
    fn a_picture_is_made_to_fit_and_its_shape_kept() {
        let mut png = Cursor::new(Vec::new());
        RgbaImage::new(800, 400).write_to(&mut png, ImageFormat::Png).unwrap();
        let made = image::load_from_memory(&fitted(png.get_ref(), 300).unwrap()).unwrap();
        assert_eq!((made.width(), made.height()), (300, 150));
        let same = image::load_from_memory(&fitted(png.get_ref(), 1_000).unwrap()).unwrap();
        assert_eq!((same.width(), same.height()), (800, 400));
        assert!(fitted(b"not a picture", 300).is_err());
    }
}
