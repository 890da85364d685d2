//! A table of named columns, and its text as CSV (RFC 4180).

use serde_json::Value;

/// A table: columns of one length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StudyTable {
    /// The columns, in their order.
    pub columns: Vec<TableColumn>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct TableColumn {
    /// Its name, unique in the table.
    pub name: String,
    /// Its values.
    pub values: ColumnValues,
}

/// Values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Words.
    Text(Vec<String>),
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Numbers, where there are any.
    Real(Vec<Option<f64>>),
}

impl StudyTable {
    /// Adds a column.
    pub(super) fn add(&mut self, name: impl Into<String>, values: ColumnValues) {
        self.columns.push(TableColumn { name: name.into(), values });
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.iter().map(|column| column.values.len()).min().unwrap_or(0)
    }

    /// The rows as a list of objects; what is missing is null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let row =
            |row: usize| self.columns.iter().map(|column| (column.name.clone(), column.values.json(row))).collect();
        Value::Array((0..self.rows()).map(|at| Value::Object(row(at))).collect())
    }

    /// The text of the table, its header first. What is missing is empty; numbers read back as the very same.
    ///
    /// # Examples
    /// ```
    /// use gncn::study::run::{ColumnValues, StudyTable, TableColumn};
    ///
    /// let column = |name: &str, values| TableColumn { name: name.to_owned(), values };
    /// let table = StudyTable {
    ///     columns: vec![
    ///         column("schedule", ColumnValues::Text(vec!["Bounded(a, \"b\")".to_owned()])),
    ///         column("bce", ColumnValues::Real(vec![Some(0.1)])),
    ///     ],
    /// };
    /// assert_eq!(table.to_csv(), "schedule,bce\n\"Bounded(a, \"\"b\"\")\",0.1\n");
    /// ```
    #[must_use]
    pub fn to_csv(&self) -> String {
        let line = |cells: Vec<String>| cells.join(",") + "\n";
        let mut out = line(self.columns.iter().map(|column| quoted(&column.name)).collect());
        for row in 0..self.rows() {
            out.push_str(&line(self.columns.iter().map(|column| column.values.text(row)).collect()));
        }
        out
    }
}

impl ColumnValues {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Real(values) => values.len(),
        }
    }

    fn text(&self, row: usize) -> String {
        quoted(&self.plain(row))
    }

    fn json(&self, row: usize) -> Value {
        match self {
            Self::Text(values) => Value::from(values[row].as_str()),
            Self::Whole(values) => Value::from(values[row]),
            Self::Real(values) => values[row].map_or(Value::Null, Value::from),
        }
    }

    /// A value as text that nobody has to read back out of a line.
    pub(super) fn plain(&self, row: usize) -> String {
        match self {
            Self::Text(values) => values[row].clone(),
            Self::Whole(values) => values[row].to_string(),
            Self::Real(values) => values[row].map(|value| format!("{value}")).unwrap_or_default(),
        }
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
