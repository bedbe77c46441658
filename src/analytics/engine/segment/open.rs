//! Opening a segment and reading the columns that a question needs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use parquet::basic::Type;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{BoolType, DataType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::serialized_reader::SerializedPageReader;
use uuid::Uuid;

use super::column::Cells;
use super::pages::{Chunk, Texts, texts};
use super::{FACTS_KEY, Facts, VERSION};
use crate::analytics::engine::event::{Event, Flags, Value};
use crate::analytics::engine::flaw::{EngineError, Result};

/// An open segment: its facts and the map of its file. Cheap to share; the file itself is opened by each question.
#[derive(Clone, Debug)]
pub struct Segment {
    path: PathBuf,
    facts: Arc<Facts>,
    metadata: Arc<ParquetMetaData>,
}

impl Segment {
    /// Opens a file that [`write`](super::write) made.
    ///
    /// # Errors
    /// When it cannot be read, is no segment, or is of an unknown version.
    pub fn open(path: &Path) -> Result<Self> {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&File::open(path)?)?;
        let pairs = metadata.file_metadata().key_value_metadata().ok_or(EngineError::Damaged("facts"))?;
        let json = pairs.iter().find(|pair| pair.key == FACTS_KEY).and_then(|pair| pair.value.as_deref());
        let facts: Facts = serde_json::from_str(json.unwrap_or_default()).map_err(|_| EngineError::Damaged("facts"))?;
        if facts.version != VERSION || metadata.num_row_groups() != 1 {
            return Err(EngineError::Damaged("version"));
        }
        Ok(Self { path: path.to_owned(), facts: Arc::new(facts), metadata: Arc::new(metadata) })
    }

    /// Whether the file's bytes are those that were written.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn intact(&self, sha256: &str) -> Result<bool> {
        let mut file = File::open(&self.path)?;
        let mut digest = Context::new(&SHA256);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                let found: String = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                return Ok(found == sha256);
            }
            digest.update(buffer.get(..length).unwrap_or_default());
        }
    }

    /// What the segment says about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file for reading columns.
    pub(crate) fn columns(&self) -> Result<Columns<'_>> {
        let rows = usize::try_from(self.facts.rows).map_err(|_| EngineError::TooMany)?;
        Ok(Columns { segment: self, file: File::open(&self.path)?, rows })
    }

    /// Every event, in the order of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn events(&self) -> Result<Vec<Event>> {
        self.columns()?.events()
    }
}

/// The columns of a segment whose file is open.
pub(crate) struct Columns<'a> {
    segment: &'a Segment,
    file: File,
    pub(crate) rows: usize,
}

impl Columns<'_> {
    fn position(&self, name: &str) -> Option<usize> {
        let schema = self.segment.metadata.file_metadata().schema_descr();
        schema.columns().iter().position(|column| column.name() == name)
    }

    fn pages(&mut self, name: &str) -> Result<(usize, SerializedPageReader<Chunk>)> {
        let position = self.position(name).ok_or(EngineError::Damaged("missing column"))?;
        let group = self.segment.metadata.row_groups().first().ok_or(EngineError::Damaged("row group"))?;
        let column = group.columns().get(position).ok_or(EngineError::Damaged("missing column"))?;
        let (from, length) = column.byte_range();
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| EngineError::TooMany)?];
        self.file.seek(SeekFrom::Start(from))?;
        self.file.read_exact(&mut bytes)?;
        let chunk = Chunk { from, bytes: Bytes::from(bytes) };
        Ok((position, SerializedPageReader::new(Arc::new(chunk), column, self.rows, None)?))
    }

    fn typed<T: DataType>(&mut self, name: &str, there: Option<&mut Vec<i16>>) -> Result<Vec<T::T>> {
        let (position, pages) = self.pages(name)?;
        let descriptor = self.segment.metadata.file_metadata().schema_descr().column(position);
        if descriptor.physical_type() != T::get_physical_type() {
            return Err(EngineError::Damaged("type of a column"));
        }
        let optional = descriptor.max_def_level() == 1;
        let mut unused = Vec::new();
        let there = if optional { Some(there.unwrap_or(&mut unused)) } else { None };
        let mut values = Vec::with_capacity(self.rows);
        let mut reader = ColumnReaderImpl::<T>::new(descriptor, Box::new(pages));
        let (rows, ..) = reader.read_records(self.rows, there, None, &mut values)?;
        if rows == self.rows { Ok(values) } else { Err(EngineError::Damaged("rows of a column")) }
    }

    /// A column of 32-bit numbers that is always there.
    pub(crate) fn ints(&mut self, name: &str) -> Result<Vec<i32>> {
        self.typed::<Int32Type>(name, None)
    }

    /// A column of 64-bit numbers that is always there.
    pub(crate) fn longs(&mut self, name: &str) -> Result<Vec<i64>> {
        self.typed::<Int64Type>(name, None)
    }

    fn texts(&mut self, name: &str, optional: bool) -> Result<Texts> {
        let (_, mut pages) = self.pages(name)?;
        texts(&mut pages, optional, self.rows)
    }

    /// The names of events: a code for every row, and the names by code less one.
    pub(crate) fn names(&mut self) -> Result<(Vec<u32>, Vec<String>)> {
        let names = self.texts("name", false)?;
        Ok((names.codes, names.entries))
    }

    /// The sessions.
    pub(crate) fn sessions(&mut self) -> Result<Cells> {
        Ok(Cells::texts(self.texts("session", true)?))
    }

    /// A property, wherever it is kept.
    pub(crate) fn cells(&mut self, property: &str) -> Result<Cells> {
        let own = match self.segment.facts.columns.get(property) {
            Some(column) => self.own_column(column)?,
            None => Cells::Absent,
        };
        if !self.segment.facts.rest.contains(property) {
            return Ok(own);
        }
        let rest = Cells::rest(&self.texts("rest", true)?, property);
        Ok(own.or(rest, self.rows))
    }

    fn own_column(&mut self, column: &str) -> Result<Cells> {
        let position = self.position(column).ok_or(EngineError::Damaged("missing column"))?;
        let kind = self.segment.metadata.file_metadata().schema_descr().column(position).physical_type();
        match kind {
            Type::BYTE_ARRAY => Ok(Cells::texts(self.texts(column, true)?)),
            Type::DOUBLE => {
                let mut there = Vec::new();
                let mut values = self.typed::<DoubleType>(column, Some(&mut there))?.into_iter();
                let spread = |bit: i16| if bit == 1 { values.next().unwrap_or(f64::NAN) } else { f64::NAN };
                Ok(Cells::Numbers(there.into_iter().map(spread).collect()))
            }
            Type::BOOLEAN => {
                let mut there = Vec::new();
                let mut values = self.typed::<BoolType>(column, Some(&mut there))?.into_iter();
                let code = |bit: i16| if bit == 1 { values.next().map_or(0, |yes| if yes { 2 } else { 1 }) } else { 0 };
                let codes = there.into_iter().map(code).collect();
                Ok(Cells::Coded { codes, entries: vec![None, Some(Value::Bool(false)), Some(Value::Bool(true))] })
            }
            _ => Err(EngineError::Damaged("type of a column")),
        }
    }

    fn events(&mut self) -> Result<Vec<Event>> {
        let (codes, names) = self.names()?;
        let ids = self.typed::<FixedLenByteArrayType>("event_id", None)?;
        let (subjects, flags) = (self.ints("subject")?, self.ints("flags")?);
        let (ats, seqs, received) = (self.longs("at")?, self.longs("seq")?, self.longs("received")?);
        let sessions = self.sessions()?;
        let rest = self.texts("rest", true)?;
        let facts = Arc::clone(&self.segment.facts);
        let mut own = Vec::new();
        for (property, column) in &facts.columns {
            own.push((property, self.own_column(column)?));
        }
        let mut events = Vec::with_capacity(self.rows);
        let columns = subjects.into_iter().zip(flags).zip(ats).zip(seqs).zip(received).zip(ids).zip(codes);
        for (row, ((((((subject, flags), at), seq), received), id), code)) in columns.enumerate() {
            let name = crate::analytics::engine::figures::place(code).checked_sub(1).and_then(|code| names.get(code));
            let mut properties = rest_of(&rest, row);
            properties.extend(own.iter().filter_map(|(name, cells)| Some(((*name).clone(), cells.value(row)?))));
            events.push(Event {
                seq,
                event_id: Uuid::from_slice(id.data()).map_err(|_| EngineError::Damaged("event id"))?,
                name: name.ok_or(EngineError::Damaged("name"))?.clone(),
                subject: subject.cast_unsigned(),
                session: sessions.value(row).map(|session| session.label()),
                at,
                received,
                flags: Flags::from_bits(u16::try_from(flags).map_err(|_| EngineError::Damaged("flags"))?),
                properties,
            });
        }
        Ok(events)
    }
}

fn rest_of(rest: &Texts, row: usize) -> BTreeMap<String, Value> {
    let code = rest.codes.get(row).copied().map_or(0, crate::analytics::engine::figures::place);
    let text = code.checked_sub(1).and_then(|code| rest.entries.get(code));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
