//! What differs between rows folded from scratch and rows that stand in a table.

use crate::rows::Row;

/// The most differences that are told one by one.
pub const DIFFERENCES_MAX: usize = 100;

/// One value that is not what the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In which table.
    pub table: &'static str,
    /// In which row.
    pub key: String,
    /// In which column; `*` for a whole row.
    pub column: &'static str,
    /// What the log says; `(none)` for a row that should not be there.
    pub folded: String,
    /// What the table says; `(none)` for a row that is missing.
    pub stored: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, key, column, folded, stored } = self;
        write!(formatter, "{table} {key} {column}: the log says {folded}, the table {stored}")
    }
}

const NONE: &str = "(none)";

/// Differences found so far: the first ones, and how many there are.
#[derive(Debug, Default)]
pub struct Differences {
    /// How many rows were compared.
    pub rows: u64,
    /// How many differences there are.
    pub count: u64,
    /// The first of them, at most [`DIFFERENCES_MAX`].
    pub first: Vec<Difference>,
}

impl Differences {
    pub(crate) fn between<R: Row>(&mut self, folded: &R, stored: &R) {
        self.rows += 1;
        for (column, folded_value, stored_value) in folded.differences(stored) {
            self.push::<R>(stored, column, folded_value, stored_value);
        }
    }

    pub(crate) fn missing<R: Row>(&mut self, folded: &R) {
        self.rows += 1;
        self.push::<R>(folded, "*", format!("{folded:?}"), NONE.to_owned());
    }

    pub(crate) fn unexpected<R: Row>(&mut self, stored: &R) {
        self.rows += 1;
        self.push::<R>(stored, "*", NONE.to_owned(), format!("{stored:?}"));
    }

    fn push<R: Row>(&mut self, row: &R, column: &'static str, folded: String, stored: String) {
        self.count += 1;
        if self.first.len() < DIFFERENCES_MAX {
            let key = format!("{:?}", row.key());
            self.first.push(Difference { table: R::TABLE, key, column, folded, stored });
        }
    }
}
