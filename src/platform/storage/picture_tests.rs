//! Claims about what is taken as a picture.

use image::{Rgba, RgbaImage};

use super::*;

/// A picture of one colour in `format`.
fn sample(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let pixels = DynamicImage::ImageRgba8(RgbaImage::from_pixel(width, height, Rgba([200, 100, 50, 255])));
    let pixels = if format == ImageFormat::Jpeg { DynamicImage::ImageRgb8(pixels.into_rgb8()) } else { pixels };
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A small PNG.
pub(in crate::platform::storage) fn png(width: u32, height: u32) -> Vec<u8> {
    sample(ImageFormat::Png, width, height)
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [kind.as_slice(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [length.as_slice(), &named, &crc32(&named).to_be_bytes()].concat()
}

/// A PNG that declares these sides and this depth of red, green, blue and alpha, and holds next to nothing.
fn declared(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let header = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[depth, 6, 0, 0, 0]].concat();
    let data = chunk(b"IDAT", &[0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]);
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &data, &chunk(b"IEND", b"")].concat()
}

fn refused(bytes: &[u8]) -> PictureRefusal {
    inspect_picture(bytes).unwrap_err()
}

#[test]
fn png_and_jpeg_keep_their_kind_and_gif_and_webp_become_png() {
    for (format, kind) in [
        (ImageFormat::Png, PictureKind::Png),
        (ImageFormat::Jpeg, PictureKind::Jpeg),
        (ImageFormat::Gif, PictureKind::Png),
        (ImageFormat::WebP, PictureKind::Png),
    ] {
        let upload = sample(format, 7, 5);
        assert_eq!(tail(format_of(&upload).unwrap(), &upload), b"", "{format:?}");
        let picture = inspect_picture(&upload).unwrap();
        assert_eq!((picture.kind, picture.width, picture.height), (kind, 7, 5), "{format:?}");
        let again = inspect_picture(&picture.bytes).unwrap();
        assert_eq!(again.kind, kind);
        assert_eq!(picture.sha256.len(), 64);
    }
}

#[test]
fn a_page_behind_a_picture_is_refused() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let mut upload = sample(format, 7, 5);
        upload.extend_from_slice(b"<HTML><Script>alert(1)</script>");
        assert_eq!(refused(&upload), PictureRefusal::TrailingData, "{format:?}");
    }
}

#[test]
fn what_a_phone_appends_to_its_jpeg_is_dropped() {
    let mut upload = sample(ImageFormat::Jpeg, 7, 5);
    upload.extend_from_slice(&sample(ImageFormat::Jpeg, 2, 2));
    upload.extend_from_slice(b"ftypmp42 film");
    let picture = inspect_picture(&upload).unwrap();
    assert_eq!(picture.width, 7);
    assert_eq!(tail(Format::Jpeg, &picture.bytes), b"");
}

#[test]
fn words_hidden_inside_a_picture_do_not_survive() {
    let upload = png(7, 5);
    let hidden = chunk(b"tEXt", b"Comment\0<script>alert(1)</script>");
    let upload = [&upload[..33], &hidden, &upload[33..]].concat();
    let picture = inspect_picture(&upload).unwrap();
    assert!(upload.windows(7).any(|window| window == b"<script"));
    assert!(!picture.bytes.windows(7).any(|window| window == b"<script"));
}

#[test]
fn what_does_not_begin_like_a_picture_is_refused() {
    for upload in [
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".as_slice(),
        b"<?xml version=\"1.0\"?><svg/>",
        b"<!doctype html><html></html>",
        b"GIF90a",
        b"RIFF\x04\0\0\0WAVE",
        b"%PDF-1.7",
        b"BM",
        b"",
    ] {
        assert_eq!(refused(upload), PictureRefusal::UnknownKind);
    }
}

#[test]
fn a_beginning_without_a_picture_is_refused() {
    for upload in [
        b"\x89PNG\r\n\x1a\n<html>".as_slice(),
        b"\xff\xd8\xff\xe0<html>",
        b"GIF89a\x07\0\x05\0<html><script>",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    ] {
        assert!(matches!(refused(upload), PictureRefusal::Undecodable | PictureRefusal::TrailingData));
    }
    let whole = png(40, 40);
    assert_eq!(refused(&whole[..whole.len() / 2]), PictureRefusal::Undecodable);
}

#[test]
fn a_bomb_is_refused_by_what_it_declares() {
    assert_eq!(refused(&declared(60_000, 60_000, 8)), PictureRefusal::TooManyPixels);
    assert_eq!(refused(&declared(8_001, 1, 8)), PictureRefusal::TooManyPixels);
    assert_eq!(refused(&declared(8_000, 8_000, 16)), PictureRefusal::TooManyPixels);
    assert_eq!(refused(&declared(4, 4, 8)), PictureRefusal::Undecodable);
}

#[test]
fn the_orientation_a_camera_noted_is_applied() {
    let upload = sample(ImageFormat::Jpeg, 7, 5);
    // One entry of EXIF: orientation 6, to be turned by a quarter.
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let upload = [&upload[..2], b"\xff\xe1", &length, exif, &upload[2..]].concat();
    let picture = inspect_picture(&upload).unwrap();
    assert_eq!((picture.width, picture.height), (5, 7));
}
