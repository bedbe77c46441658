//! Where a picture ends: whatever follows its last byte is not picture and is how one file pretends to be two.

/// The picture formats that are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Gif,
    WebP,
}

/// The format the first bytes name; `None` for everything else, SVG and HTML included.
pub(super) fn format_of(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Format::Png)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some(Format::Jpeg)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(Format::Gif)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(Format::WebP)
    } else {
        None
    }
}

/// What follows the picture. Empty when the end cannot be found: then the decoder has the last word.
pub(super) fn tail(format: Format, bytes: &[u8]) -> &[u8] {
    let end = match format {
        Format::Png => end_of_png(bytes),
        Format::Jpeg => end_of_jpeg(bytes),
        Format::Gif => end_of_gif(bytes),
        Format::WebP => end_of_webp(bytes),
    };
    end.and_then(|end| bytes.get(end..)).unwrap_or_default()
}

/// Chunks of length, kind, data and checksum, up to and including `IEND`.
fn end_of_png(bytes: &[u8]) -> Option<usize> {
    let mut at: usize = 8;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
        let kind = bytes.get(at.checked_add(4)?..at.checked_add(8)?)?;
        at = at.checked_add(12)?.checked_add(usize::try_from(length).ok()?)?;
        if kind == b"IEND" {
            return Some(at);
        }
    }
}

/// Segments up to the end-of-image marker. After a start of scan the compressed data runs to the next marker that is
/// neither a stuffed byte nor a restart.
fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at: usize = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        while *bytes.get(at)? == 0xff {
            at = at.checked_add(1)?;
        }
        let marker = *bytes.get(at)?;
        at = at.checked_add(1)?;
        match marker {
            0xd9 => return Some(at),
            0x01 | 0xd0..=0xd8 => {}
            _ => {
                let length = u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?);
                at = at.checked_add(usize::from(length))?;
                if marker == 0xda {
                    at = end_of_scan(bytes, at)?;
                }
            }
        }
    }
}

fn end_of_scan(bytes: &[u8], from: usize) -> Option<usize> {
    let data = bytes.get(from..)?;
    let ends = |pair: &[u8]| matches!(pair, [0xff, after] if !matches!(after, 0x00 | 0xd0..=0xd7 | 0xff));
    from.checked_add(data.windows(2).position(ends)?)
}

/// A header, colour tables, and blocks of sub-blocks up to and including the trailer.
fn end_of_gif(bytes: &[u8]) -> Option<usize> {
    let mut at = 13_usize.checked_add(colour_table(*bytes.get(10)?))?;
    loop {
        match *bytes.get(at)? {
            0x3b => return at.checked_add(1),
            0x21 => at = end_of_sub_blocks(bytes, at.checked_add(2)?)?,
            0x2c => {
                let flags = *bytes.get(at.checked_add(9)?)?;
                let table = colour_table(flags);
                at = end_of_sub_blocks(bytes, at.checked_add(11)?.checked_add(table)?)?;
            }
            _ => return None,
        }
    }
}

/// The bytes of the colour table that `flags` announce.
fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 0x07) + 1) }
}

fn end_of_sub_blocks(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let length = *bytes.get(at)?;
        at = at.checked_add(1)?.checked_add(usize::from(length))?;
        if length == 0 {
            return Some(at);
        }
    }
}

/// One container whose length stands at its beginning, padded to an even number of bytes.
fn end_of_webp(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    8_usize.checked_add(length)?.checked_add(length % 2)
}
