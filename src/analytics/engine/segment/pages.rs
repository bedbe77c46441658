//! Decoding of texts from pages to codes of a dictionary, which the general reader would spread out row by row.

use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use rustc_hash::FxHashMap;

use crate::analytics::engine::figures::{number, place};
use crate::analytics::engine::flaw::{EngineError, Result};

/// The bytes of one column, under the positions that they have in the file.
pub(super) struct Chunk {
    pub(super) from: u64,
    pub(super) bytes: Bytes,
}

impl Chunk {
    fn cut(&self, start: u64, length: Option<usize>) -> parquet::errors::Result<Bytes> {
        let outside = || ParquetError::EOF("column ends early".to_owned());
        let start = usize::try_from(start.checked_sub(self.from).ok_or_else(outside)?).map_err(|_| outside())?;
        let end = length.map_or(Some(self.bytes.len()), |length| start.checked_add(length)).ok_or_else(outside)?;
        if start > end || end > self.bytes.len() {
            return Err(outside());
        }
        Ok(self.bytes.slice(start..end))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.from + crate::analytics::engine::figures::count(self.bytes.len())
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.cut(start, None)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.cut(start, Some(length))
    }
}

/// Texts by code: the code 0 says that there is none, and the code k names `entries[k − 1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) codes: Vec<u32>,
    pub(super) entries: Vec<String>,
}

const SHORT: EngineError = EngineError::Damaged("page ends early");

/// Reads a column of texts; `optional` when the schema lets them be absent.
pub(super) fn texts(pages: &mut dyn PageReader, optional: bool, rows: usize) -> Result<Texts> {
    let mut found = Texts { codes: Vec::with_capacity(rows), entries: Vec::new() };
    // Values that are written out beyond the dictionary are looked up here, when there are any.
    let mut known: Option<FxHashMap<String, u32>> = None;
    while let Some(page) = pages.get_next_page()? {
        match page {
            Page::DictionaryPage { buf, num_values, .. } => found.entries = plain(&buf, place(num_values))?,
            Page::DataPage { buf, num_values, encoding, .. } => {
                let total = place(num_values);
                let (there, body) = if optional { levels(&buf, total)? } else { (None, &*buf) };
                let present = there.as_ref().map_or(total, |there| there.iter().filter(|bit| **bit == 1).count());
                let codes = match encoding {
                    Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => dictionary_codes(body, present)?,
                    Encoding::PLAIN => {
                        let known = known.get_or_insert_with(|| index(&found.entries));
                        intern(plain(body, present)?, known, &mut found.entries)
                    }
                    _ => return Err(EngineError::Damaged("encoding of a text")),
                };
                spread(codes, there, &mut found.codes)?;
            }
            Page::DataPageV2 { .. } => return Err(EngineError::Damaged("version of a page")),
        }
    }
    let last = number(found.entries.len());
    if found.codes.len() == rows && found.codes.iter().all(|code| *code <= last) { Ok(found) } else { Err(SHORT) }
}

fn index(entries: &[String]) -> FxHashMap<String, u32> {
    entries.iter().enumerate().map(|(at, entry)| (entry.clone(), number(at + 1))).collect()
}

fn intern(texts: Vec<String>, known: &mut FxHashMap<String, u32>, entries: &mut Vec<String>) -> Vec<u32> {
    let code = |text: String| {
        if let Some(code) = known.get(&text) {
            return *code;
        }
        entries.push(text.clone());
        let code = number(entries.len());
        known.insert(text, code);
        code
    };
    texts.into_iter().map(code).collect()
}

/// Gives every row its code, 0 where there is no value.
fn spread(codes: Vec<u32>, there: Option<Vec<u32>>, into: &mut Vec<u32>) -> Result<()> {
    let Some(there) = there else {
        into.extend(codes);
        return Ok(());
    };
    let mut codes = codes.into_iter();
    for bit in there {
        into.push(if bit == 1 { codes.next().ok_or(SHORT)? } else { 0 });
    }
    Ok(())
}

/// The levels in front of an optional column's page, and what follows them.
fn levels(page: &[u8], rows: usize) -> Result<(Option<Vec<u32>>, &[u8])> {
    let (length, rest) = page.split_first_chunk::<4>().ok_or(SHORT)?;
    let (levels, body) = rest.split_at_checked(place(u32::from_le_bytes(*length))).ok_or(SHORT)?;
    let mut bits = Vec::with_capacity(rows);
    hybrid(levels, 1, rows, 0, &mut bits)?;
    Ok((Some(bits), body))
}

fn dictionary_codes(body: &[u8], present: usize) -> Result<Vec<u32>> {
    let mut codes = Vec::with_capacity(present);
    if present > 0 {
        let (width, runs) = body.split_first().ok_or(SHORT)?;
        hybrid(runs, u32::from(*width), present, 1, &mut codes)?;
    }
    Ok(codes)
}

/// Texts one after the other, each behind its length.
fn plain(mut bytes: &[u8], values: usize) -> Result<Vec<String>> {
    let mut texts = Vec::with_capacity(values.min(bytes.len()));
    for _ in 0..values {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(SHORT)?;
        let (text, rest) = rest.split_at_checked(place(u32::from_le_bytes(*length))).ok_or(SHORT)?;
        texts.push(String::from_utf8_lossy(text).into_owned());
        bytes = rest;
    }
    Ok(texts)
}

fn variable(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Parquet's mixture of repeated and bit-packed numbers, each raised by `raise`.
fn hybrid(mut bytes: &[u8], width: u32, values: usize, raise: u32, into: &mut Vec<u32>) -> Result<()> {
    if width > 31 {
        return Err(EngineError::Damaged("width of a code"));
    }
    let wanted = into.len() + values;
    let step = place(width);
    while into.len() < wanted {
        let head = variable(&mut bytes).ok_or(SHORT)?;
        let length = usize::try_from(head >> 1).map_err(|_| SHORT)?;
        if head & 1 == 0 {
            let (value, rest) = bytes.split_at_checked(step.div_ceil(8)).ok_or(SHORT)?;
            let value = value.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            let run = length.min(wanted - into.len());
            into.resize(into.len() + run, value + raise);
            bytes = rest;
        } else {
            let (packed, rest) = bytes.split_at_checked(length.saturating_mul(step).min(bytes.len())).ok_or(SHORT)?;
            unpack(packed, width, length.saturating_mul(8).min(wanted - into.len()), raise, into)?;
            bytes = rest;
        }
        if length == 0 {
            return Err(SHORT);
        }
    }
    Ok(())
}

/// Numbers of `width` bits, packed from the lowest bit upwards; eight of them fill `width` bytes.
fn unpack(packed: &[u8], width: u32, values: usize, raise: u32, into: &mut Vec<u32>) -> Result<()> {
    let wanted = into.len() + values;
    if width == 0 {
        into.resize(wanted, raise);
        return Ok(());
    }
    let low = (1_u64 << width) - 1;
    let step = place(width);
    if width <= 8 {
        for group in packed.chunks(step) {
            let mut word = [0_u8; 8];
            word.iter_mut().zip(group).for_each(|(to, from)| *to = *from);
            let word = u64::from_le_bytes(word);
            into.extend((0..8_u32).map(|at| low_bits(word >> (at * width) & low) + raise));
        }
    } else {
        let mut pool = 0_u64;
        let mut held = 0_u32;
        for byte in packed {
            pool |= u64::from(*byte) << held;
            held += 8;
            while held >= width {
                into.push(low_bits(pool & low) + raise);
                pool >>= width;
                held -= width;
            }
        }
    }
    if into.len() < wanted {
        return Err(SHORT);
    }
    into.truncate(wanted);
    Ok(())
}

fn low_bits(word: u64) -> u32 {
    u32::try_from(word & 0xffff_ffff).unwrap_or(u32::MAX)
}
