//! Tables for spreadsheets: CSV in UTF-8 with a byte order mark, which spreadsheets need to recognise Chinese.
//!
//! Written by the `csv` crate, whose quoting is the one spreadsheets read. A cell that a spreadsheet would take for a
//! formula is defused, whoever typed it.

use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::platform::db::{DbError, DbResult};

/// Every kind of character that makes a spreadsheet read a cell as a formula.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A whole table, ready to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table(Vec<u8>);

impl Table {
    /// A table with these heads and rows.
    ///
    /// # Errors
    /// When it cannot be written, which memory alone could cause.
    pub fn of<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> DbResult<Self> {
        Self::of_width(&heads, rows)
    }

    /// A table whose width is known only now: every row has a cell for each head.
    ///
    /// # Errors
    /// When a row has not; or when it cannot be written, which memory alone could cause.
    pub fn of_width<R: IntoIterator<Item = String>>(
        heads: &[impl AsRef<[u8]>],
        rows: impl IntoIterator<Item = R>,
    ) -> DbResult<Self> {
        let failed = |error: csv::Error| DbError::Defect(error.to_string());
        let mut writer = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]);
        writer.write_record(heads).map_err(failed)?;
        for row in rows {
            writer.write_record(row.into_iter().map(defused)).map_err(failed)?;
        }
        writer.into_inner().map(Self).map_err(|error| DbError::Defect(error.to_string()))
    }

    /// Answers it as a file of this name, never to be shown as a page.
    pub fn download(self, name: &str) -> HttpResponse {
        self.with(HttpResponse::Ok(), name)
    }

    /// The same, on top of an answer that has a status or headers of its own.
    pub fn with(self, mut answer: HttpResponseBuilder, name: &str) -> HttpResponse {
        answer
            .content_type("text/csv; charset=utf-8")
            .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
            .insert_header(("x-content-type-options", "nosniff"))
            .body(self.0)
    }

    /// What a test reads of it.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap()
    }
}

/// A cell that a spreadsheet will not take for a formula. A negative amount stays the number it is.
fn defused(cell: String) -> String {
    let amount = cell.strip_prefix('-').is_some_and(is_amount);
    if cell.starts_with(FORMULA) && !amount { format!("'{cell}") } else { cell }
}

fn is_amount(text: &str) -> bool {
    let of_number = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(of_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_amounts_are_not() {
        for cell in ["=1+1", "+86", "-1+1", "-cmd", "@SUM(A1)", "\tx"] {
            assert!(defused(cell.to_owned()).starts_with('\''), "{cell:?}");
        }
        for cell in ["李=雷", "-12.50", "-3", "12.50", ""] {
            assert_eq!(defused(cell.to_owned()), cell);
        }
    }

    #[test]
    fn a_table_begins_with_its_mark_and_heads_and_quotes_what_needs_it() {
        let rows = [["甲,乙".to_owned(), "\"".to_owned()]];
        let table = Table::of(["name", "note"], rows).unwrap();
        assert_eq!(table.text(), "\u{feff}name,note\n\"甲,乙\",\"\"\"\"\n");
    }
}
