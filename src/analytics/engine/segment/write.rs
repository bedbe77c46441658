//! Writing a segment.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::{FACTS_KEY, Facts, NameCount, SegmentInfo, VERSION};
use crate::analytics::engine::calendar::Zone;
use crate::analytics::engine::event::{Event, Value};
use crate::analytics::engine::figures::{count, number};
use crate::analytics::engine::flaw::{EngineError, Result, expect};
use crate::analytics::engine::people::People;

/// Most properties that get a column of their own.
const MAX_COLUMNS: usize = 24;
/// Dictionaries up to this size are kept; beyond it, values are written as they are.
const DICTIONARY_BYTES: usize = 8 * 1024 * 1024;

/// Under what a day is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// The day, in days since 1970-01-01.
    pub day: i64,
    /// The shop's zone.
    pub zone: &'a Zone,
    /// Who is who now; rows are sorted by person.
    pub people: &'a People,
}

/// Writes the events of one day as a segment, and makes sure that it has reached the disk, with its place in the folder.
///
/// # Errors
/// `events_empty` or `event_of_another_day` when the events are not those of one day, or what the disk says.
pub fn write(path: &Path, sealing: Sealing<'_>, mut events: Vec<Event>) -> Result<SegmentInfo> {
    expect(!events.is_empty(), "events", "events_empty")?;
    let (from, to) = (sealing.zone.start_of(sealing.day), sealing.zone.start_of(sealing.day + 1));
    expect(events.iter().all(|event| (from..to).contains(&event.at)), "events", "event_of_another_day")?;
    events.sort_by_key(|event| (sealing.people.of(event.subject), event.at, event.seq));
    let columns = Layout::of(&events);
    let facts = facts(sealing.day, (from, to), &events, &columns);
    let mut sink = Hashing { file: File::create(path)?, digest: Context::new(&SHA256), bytes: 0 };
    write_file(&mut sink, &facts, &columns, &events)?;
    sink.file.sync_all()?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    let sha256 = sink.digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(SegmentInfo { facts, bytes: sink.bytes, sha256 })
}

/// A file whose bytes are hashed on their way.
struct Hashing {
    file: File,
    digest: Context,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.bytes += count(written);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// The type of a property's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Text,
    Number,
    Bool,
}

impl Kind {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(_) => Some(Self::Text),
            // Parquet's readers see a difference between a missing number and NaN that questions do not make.
            Value::Number(number) => number.is_finite().then_some(Self::Number),
            Value::Bool(_) => Some(Self::Bool),
            Value::List(_) => None,
        }
    }
}

/// Which properties get a column, and of which type.
struct Layout<'a> {
    columns: BTreeMap<&'a str, Kind>,
}

impl<'a> Layout<'a> {
    fn of(events: &'a [Event]) -> Self {
        let mut found: BTreeMap<(&str, Kind), u64> = BTreeMap::new();
        for (name, value) in events.iter().flat_map(|event| &event.properties) {
            if let Some(kind) = Kind::of(value) {
                *found.entry((name, kind)).or_default() += 1;
            }
        }
        let mut ranked: Vec<_> = found.into_iter().filter(|((name, _), _)| column_name(name).is_some()).collect();
        ranked.sort_by_key(|((name, kind), times)| (Reverse(*times), *name, *kind));
        let mut columns = BTreeMap::new();
        // Tools that do not tell large letters from small ones must not find a name twice.
        let mut taken = BTreeSet::new();
        for ((name, kind), _) in ranked {
            if columns.len() < MAX_COLUMNS && taken.insert(name.to_lowercase()) {
                columns.insert(name, kind);
            }
        }
        Self { columns }
    }

    /// Whether that property of an event is found among the rest.
    fn rests(&self, name: &str, value: &Value) -> bool {
        self.columns.get(name).copied() != Kind::of(value) || Kind::of(value).is_none()
    }
}

fn column_name(property: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
    (property.len() <= 64 && property.chars().all(plain)).then(|| format!("p_{property}"))
}

fn facts(day: i64, (day_from, day_to): (i64, i64), events: &[Event], layout: &Layout<'_>) -> Facts {
    let mut counts: BTreeMap<(&str, u16), u64> = BTreeMap::new();
    let mut rest = BTreeSet::new();
    for event in events {
        *counts.entry((&event.name, event.flags.bits())).or_default() += 1;
        for (name, value) in &event.properties {
            if layout.rests(name, value) && !rest.contains(name) {
                rest.insert(name.clone());
            }
        }
    }
    let named = |(name, _): (&&str, _)| column_name(name).map(|column| ((*name).to_owned(), column));
    let counts = counts.into_iter().map(|((name, flags), count)| NameCount { name: name.to_owned(), flags, count });
    Facts {
        version: VERSION,
        day,
        day_from,
        day_to,
        rows: count(events.len()),
        first_at: events.iter().map(|event| event.at).min().unwrap_or(day_from),
        last_at: events.iter().map(|event| event.at).max().unwrap_or(day_from),
        first_seq: events.iter().map(|event| event.seq).min().unwrap_or(0),
        last_seq: events.iter().map(|event| event.seq).max().unwrap_or(0),
        last_subject: events.iter().map(|event| event.subject).max().unwrap_or(0),
        flags: events.iter().fold(0, |all, event| all | event.flags.bits()),
        counts: counts.collect(),
        columns: layout.columns.iter().filter_map(named).collect(),
        rest,
    }
}

/// The values of one column, ready to be written.
enum Data {
    Ints(Vec<i32>),
    Longs(Vec<i64>),
    Ids(Vec<FixedLenByteArray>),
    Texts(Vec<ByteArray>, Option<Vec<i16>>),
    Doubles(Vec<f64>, Vec<i16>),
    Bools(Vec<bool>, Vec<i16>),
}

impl Data {
    fn write(&self, writer: &mut SerializedColumnWriter<'_>) -> parquet::errors::Result<usize> {
        match self {
            Self::Ints(values) => writer.typed::<Int32Type>().write_batch(values, None, None),
            Self::Longs(values) => writer.typed::<Int64Type>().write_batch(values, None, None),
            Self::Ids(values) => writer.typed::<FixedLenByteArrayType>().write_batch(values, None, None),
            Self::Texts(values, there) => writer.typed::<ByteArrayType>().write_batch(values, there.as_deref(), None),
            Self::Doubles(values, there) => writer.typed::<DoubleType>().write_batch(values, Some(there), None),
            Self::Bools(values, there) => writer.typed::<BoolType>().write_batch(values, Some(there), None),
        }
    }
}

fn optional_texts(texts: impl Iterator<Item = Option<String>>) -> Data {
    let mut there = Vec::new();
    let mut values = Vec::new();
    for text in texts {
        there.push(i16::from(text.is_some()));
        values.extend(text.map(|text| ByteArray::from(text.into_bytes())));
    }
    Data::Texts(values, Some(there))
}

fn property(events: &[Event], name: &str, kind: Kind) -> Data {
    let (mut there, mut numbers, mut bools) = (Vec::new(), Vec::new(), Vec::new());
    match kind {
        Kind::Text => optional_texts(events.iter().map(|event| match event.properties.get(name) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        })),
        Kind::Number => {
            for event in events {
                let value = event.properties.get(name).and_then(Value::number).filter(|number| number.is_finite());
                there.push(i16::from(value.is_some()));
                numbers.extend(value);
            }
            Data::Doubles(numbers, there)
        }
        Kind::Bool => {
            for event in events {
                let value = match event.properties.get(name) {
                    Some(Value::Bool(yes)) => Some(*yes),
                    _ => None,
                };
                there.push(i16::from(value.is_some()));
                bools.extend(value);
            }
            Data::Bools(bools, there)
        }
    }
}

fn rest(event: &Event, layout: &Layout<'_>) -> Option<String> {
    let left: BTreeMap<&String, &Value> =
        event.properties.iter().filter(|(name, value)| layout.rests(name, value)).collect();
    if left.is_empty() { None } else { serde_json::to_string(&left).ok() }
}

/// The columns in the order in which they stand in the file, with the line of the schema of each.
fn columns(events: &[Event], layout: &Layout<'_>) -> Vec<(String, Data)> {
    let bytes = |text: &str| ByteArray::from(text.as_bytes().to_vec());
    let id = |event: &Event| FixedLenByteArray::from(event.event_id.as_bytes().to_vec());
    let subjects = events.iter().map(|event| event.subject.cast_signed()).collect();
    let time = "(TIMESTAMP(MILLIS,true))";
    let mut columns = vec![
        ("required int32 subject (INTEGER(32,false))".to_owned(), Data::Ints(subjects)),
        (format!("required int64 at {time}"), Data::Longs(events.iter().map(|event| event.at).collect())),
        ("required int64 seq".to_owned(), Data::Longs(events.iter().map(|event| event.seq).collect())),
        (
            "required binary name (STRING)".to_owned(),
            Data::Texts(events.iter().map(|event| bytes(&event.name)).collect(), None),
        ),
        (
            "required int32 flags".to_owned(),
            Data::Ints(events.iter().map(|event| i32::from(event.flags.bits())).collect()),
        ),
        ("required fixed_len_byte_array(16) event_id (UUID)".to_owned(), Data::Ids(events.iter().map(id).collect())),
        (format!("required int64 received {time}"), Data::Longs(events.iter().map(|event| event.received).collect())),
        (
            "optional binary session (STRING)".to_owned(),
            optional_texts(events.iter().map(|event| event.session.clone())),
        ),
    ];
    for (name, kind) in &layout.columns {
        let Some(column) = column_name(name) else { continue };
        let line = match kind {
            Kind::Text => format!("optional binary {column} (STRING)"),
            Kind::Number => format!("optional double {column}"),
            Kind::Bool => format!("optional boolean {column}"),
        };
        columns.push((line, property(events, name, *kind)));
    }
    let rests = events.iter().map(|event| rest(event, layout));
    columns.push(("optional binary rest (JSON)".to_owned(), optional_texts(rests)));
    columns
}

fn properties(facts: &Facts) -> Result<WriterProperties> {
    let json = serde_json::to_string(facts).map_err(|_| EngineError::Damaged("facts"))?;
    let path = |name: &str| ColumnPath::from(name);
    let mut builder = WriterProperties::builder()
        .set_created_by("hourglass".to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(FACTS_KEY.to_owned(), json)]))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_data_page_row_count_limit(1 << 20)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for column in ["subject", "at", "seq", "received"] {
        builder = builder
            .set_column_dictionary_enabled(path(column), false)
            .set_column_encoding(path(column), Encoding::DELTA_BINARY_PACKED);
    }
    for column in ["subject", "at", "seq", "name", "flags", "event_id"] {
        builder = builder.set_column_compression(path(column), Compression::UNCOMPRESSED);
    }
    Ok(builder.set_column_dictionary_enabled(path("event_id"), false).set_max_row_group_row_count(None).build())
}

fn write_file(sink: &mut Hashing, facts: &Facts, layout: &Layout<'_>, events: &[Event]) -> Result<()> {
    expect(number(events.len()) < u32::MAX, "events", "too_many_events")?;
    let columns = columns(events, layout);
    let lines: Vec<String> = columns.iter().map(|(line, _)| format!("  {line};")).collect();
    let schema = parse_message_type(&format!("message events {{\n{}\n}}", lines.join("\n")))?;
    let mut file = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties(facts)?))?;
    let mut group = file.next_row_group()?;
    for (_, data) in &columns {
        let mut column = group.next_column()?.ok_or(EngineError::Damaged("schema"))?;
        data.write(&mut column)?;
        column.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(())
}
