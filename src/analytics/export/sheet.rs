//! A Parquet file that is written row by row: what every warehouse loads. Memory holds one group of rows, whatever the
//! file comes to.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use crate::analytics::engine::flaw::{EngineError, Result};

/// Rows of a group.
const GROUP_ROWS: usize = 20_000;

/// What a column holds; any cell may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Milliseconds since 1970, UTC.
    Time,
    Flag,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Number(i64),
    Time(i64),
    Flag(bool),
}

impl Cell {
    /// The text, if there is one.
    pub(super) fn text(text: Option<impl ToString>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_string()))
    }

    /// The number, if there is one.
    pub(super) fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    /// The moment, if there is one.
    pub(super) fn time(at: Option<i64>) -> Self {
        at.map_or(Self::Empty, Self::Time)
    }
}

/// The names and kinds of a table's columns.
pub(super) type Heads = &'static [(&'static str, Kind)];

/// One column of the group that is being filled.
struct Column {
    kind: Kind,
    there: Vec<i16>,
    texts: Vec<ByteArray>,
    numbers: Vec<i64>,
    flags: Vec<bool>,
}

/// A file on its way.
pub(super) struct Sheet {
    writer: SerializedFileWriter<File>,
    columns: Vec<Column>,
    waiting: usize,
    rows: u64,
}

impl Sheet {
    /// Begins to fill a file with these columns.
    pub(super) fn begin(file: File, name: &str, heads: Heads) -> Result<Self> {
        let line = |(name, kind): &(&str, Kind)| match kind {
            Kind::Text => format!("  optional binary {name} (STRING);"),
            Kind::Number => format!("  optional int64 {name};"),
            Kind::Time => format!("  optional int64 {name} (TIMESTAMP(MILLIS,true));"),
            Kind::Flag => format!("  optional boolean {name};"),
        };
        let lines: Vec<String> = heads.iter().map(line).collect();
        let schema = parse_message_type(&format!("message {name} {{\n{}\n}}", lines.join("\n")))?;
        let properties = WriterProperties::builder()
            .set_created_by("hourglass".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer, columns: heads.iter().map(|(_, kind)| Column::of(*kind)).collect(), waiting: 0, rows: 0 })
    }

    /// Adds a row with a cell for each column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.take(cell)?;
        }
        self.waiting += 1;
        if self.waiting >= GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let mut writer = group.next_column()?.ok_or(EngineError::Damaged("schema"))?;
            column.write(&mut writer)?;
            writer.close()?;
        }
        group.close()?;
        self.rows += u64::try_from(self.waiting).unwrap_or(u64::MAX);
        self.waiting = 0;
        Ok(())
    }

    /// Ends the file; says how many rows it has.
    pub(super) fn finish(mut self) -> Result<u64> {
        if self.waiting > 0 {
            self.write_group()?;
        }
        self.writer.finish()?;
        Ok(self.rows)
    }
}

impl Column {
    fn of(kind: Kind) -> Self {
        Self { kind, there: Vec::new(), texts: Vec::new(), numbers: Vec::new(), flags: Vec::new() }
    }

    fn take(&mut self, cell: Cell) -> Result<()> {
        self.there.push(i16::from(cell != Cell::Empty));
        match (self.kind, cell) {
            (_, Cell::Empty) => {}
            (Kind::Text, Cell::Text(text)) => self.texts.push(ByteArray::from(text.into_bytes())),
            (Kind::Number, Cell::Number(number)) | (Kind::Time, Cell::Time(number)) => self.numbers.push(number),
            (Kind::Flag, Cell::Flag(yes)) => self.flags.push(yes),
            _ => return Err(EngineError::Damaged("kind of a cell")),
        }
        Ok(())
    }

    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let there = Some(self.there.as_slice());
        match self.kind {
            Kind::Text => writer.typed::<ByteArrayType>().write_batch(&self.texts, there, None)?,
            Kind::Number | Kind::Time => writer.typed::<Int64Type>().write_batch(&self.numbers, there, None)?,
            Kind::Flag => writer.typed::<BoolType>().write_batch(&self.flags, there, None)?,
        };
        *self = Self::of(self.kind);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    #[test]
    fn rows_of_several_groups_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.parquet");
        let heads: Heads = &[("name", Kind::Text), ("size", Kind::Number), ("at", Kind::Time), ("good", Kind::Flag)];
        let mut sheet = Sheet::begin(File::create(&path).unwrap(), "things", heads).unwrap();
        let rows = i64::try_from(GROUP_ROWS).unwrap() + 5;
        for number in 0..rows {
            let name = Cell::text((number % 2 == 0).then(|| format!("茶 {number}")));
            sheet.row([name, Cell::number(Some(number)), Cell::time(None), Cell::Flag(number % 3 == 0)]).unwrap();
        }
        assert_eq!(sheet.finish().unwrap(), rows.unsigned_abs());
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let told: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(told.len(), GROUP_ROWS + 5);
        assert_eq!(told[20_004], "{name: \"茶 20004\", size: 20004, at: null, good: true}");
        assert_eq!(told[1], "{name: null, size: 1, at: null, good: false}");
    }

    #[test]
    fn a_cell_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("a")).unwrap();
        let mut sheet = Sheet::begin(file, "things", &[("size", Kind::Number)]).unwrap();
        assert!(sheet.row([Cell::Flag(true)]).is_err());
    }
}
