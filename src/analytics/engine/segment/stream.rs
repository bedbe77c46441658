//! Reading a segment event by event, a page of each column at a time, however large the segment is.

use std::collections::BTreeMap;
use std::fs::File;

use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use rustc_hash::FxHashMap;
use uuid::Uuid;

use super::Segment;
use crate::analytics::engine::event::{Event, Flags, Value};
use crate::analytics::engine::flaw::{EngineError, Result};

impl Segment {
    /// Shows every event, in the order of the file.
    ///
    /// # Errors
    /// When the file cannot be read, or what `take` says.
    pub fn each(&self, mut take: impl FnMut(Event) -> Result<()>) -> Result<()> {
        let properties: FxHashMap<&str, &str> =
            self.facts().columns.iter().map(|(property, column)| (column.as_str(), property.as_str())).collect();
        let reader = SerializedFileReader::new(File::open(self.path())?)?;
        for row in RowIter::from_file_into(Box::new(reader)) {
            take(event(row?, &properties)?)?;
        }
        Ok(())
    }
}

fn event(row: Row, properties: &FxHashMap<&str, &str>) -> Result<Event> {
    let mut event = Event {
        seq: 0,
        event_id: Uuid::nil(),
        name: String::new(),
        subject: 0,
        session: None,
        at: 0,
        received: 0,
        flags: Flags::NONE,
        properties: BTreeMap::new(),
    };
    for (column, field) in row.into_columns() {
        match (column.as_str(), field) {
            (_, Field::Null) => {}
            ("subject", Field::UInt(subject)) => event.subject = subject,
            ("at", Field::TimestampMillis(at)) => event.at = at,
            ("received", Field::TimestampMillis(received)) => event.received = received,
            ("seq", Field::Long(seq)) => event.seq = seq,
            ("name", Field::Str(name)) => event.name = name,
            ("session", Field::Str(session)) => event.session = Some(session),
            ("event_id", Field::Bytes(id)) => {
                event.event_id = Uuid::from_slice(id.data()).map_err(|_| EngineError::Damaged("event id"))?;
            }
            ("flags", Field::Int(flags)) => {
                event.flags = Flags::from_bits(u16::try_from(flags).map_err(|_| EngineError::Damaged("flags"))?);
            }
            ("rest", Field::Str(rest)) => {
                let rest: BTreeMap<String, Value> =
                    serde_json::from_str(&rest).map_err(|_| EngineError::Damaged("rest"))?;
                event.properties.extend(rest);
            }
            (column, field) => {
                let property = properties.get(column).ok_or(EngineError::Damaged("unknown column"))?;
                event.properties.insert((*property).to_owned(), value(field)?);
            }
        }
    }
    Ok(event)
}

fn value(field: Field) -> Result<Value> {
    Ok(match field {
        Field::Str(text) => Value::Text(text),
        Field::Double(number) => Value::Number(number),
        Field::Bool(yes) => Value::Bool(yes),
        _ => return Err(EngineError::Damaged("type of a column")),
    })
}
