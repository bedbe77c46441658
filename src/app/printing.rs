//! Answers of commands: the one place that writes to standard output. Everything else is the log, on standard error.

use std::io::Write as _;

/// Writes one line. A reader that has gone away is no reason to fail.
pub fn line(text: &str) {
    let _written = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes rows in columns that are as wide as their widest cell, two spaces apart.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Writes why a command failed, in one line on standard error.
pub fn complain(text: &str) {
    let _written = writeln!(std::io::stderr().lock(), "hourglass: {text}");
}
