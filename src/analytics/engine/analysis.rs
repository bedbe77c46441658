//! What every analysis has in common.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use super::flaw::{Flaw, Result};
use super::people::PersonSet;

/// An answer as a table, for CSV: headers, and rows of cells; an empty cell is a figure that there is not, or not yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = analysis::Table)]
pub struct Table {
    /// The names of the columns.
    pub headers: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no row yet.
    pub fn new(headers: &[&str]) -> Self {
        Self { headers: headers.iter().map(|header| (*header).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// A figure as the cell of a table; empty when there is none.
pub fn cell<T: ToString>(figure: Option<T>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}

/// An answer that can be laid out as a table.
pub trait Tabular: Serialize {
    /// The table.
    fn table(&self) -> Table;
}

/// The definition of an analysis.
pub trait Analysis: Serialize + DeserializeOwned {
    /// What it answers.
    type Answer: Tabular;
    /// What names one figure of the answer that counts people.
    type Figure: Serialize + DeserializeOwned;

    /// Checks the definition.
    ///
    /// # Errors
    /// What is wrong with it.
    fn validate(&self) -> Result<(), Flaw>;

    /// Answers.
    ///
    /// # Errors
    /// What is wrong with the definition, or what the disk says.
    fn answer(&self, data: &Dataset) -> Result<Self::Answer>;

    /// The persons behind one figure of the answer.
    ///
    /// # Errors
    /// `no_such_figure`, what is wrong with the definition, or what the disk says.
    fn people(&self, data: &Dataset, figure: &Self::Figure) -> Result<PersonSet>;
}
