//! CSV files: rows of numbers with commas, semicolons or tabs between them, with or without a line of names.

use super::DataError;
use super::array::{Array, Values};

/// Names of a column of labels, in lower case.
const LABELS: [&str; 5] = ["label", "labels", "class", "target", "y"];

/// A table of numbers.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Names of columns, where the first line has them.
    names: Option<Vec<String>>,
    columns: usize,
    /// Row after row.
    values: Vec<f64>,
}

impl Sheet {
    /// The table in the bytes of a CSV file; a cell that is empty, or says `nan` or `NA`, is NaN. `file` is named in errors.
    ///
    /// # Errors
    /// Where rows differ in length, a cell is no number, or there is no row.
    pub(super) fn parse(bytes: &[u8], file: &str) -> Result<Self, DataError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bad =
            |problem: String| DataError::content(file, problem, "every row needs as many numbers as the first one");
        let mut lines = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .delimiter(delimiter(bytes))
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let mut sheet = Self { names: None, columns: 0, values: Vec::new() };
        let mut line = csv::ByteRecord::new();
        while lines.read_byte_record(&mut line).map_err(|cause| bad(format!("it is no CSV file ({cause})")))? {
            let at = line.position().map_or(0, csv::Position::line);
            let is_first = sheet.columns == 0;
            if is_first {
                sheet.columns = line.len();
                if line.iter().any(|cell| number(cell).is_none()) {
                    sheet.names = Some(line.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
                    continue;
                }
            } else if line.len() != sheet.columns {
                return Err(bad(format!("line {at} has {} cells where the first has {}", line.len(), sheet.columns)));
            }
            for (column, cell) in line.iter().enumerate() {
                let text = || String::from_utf8_lossy(cell).chars().take(40).collect::<String>();
                let value = number(cell);
                let value =
                    value.ok_or_else(|| bad(format!("line {at}, column {}: `{}` is no number", column + 1, text())))?;
                sheet.values.push(value);
            }
        }
        if sheet.values.is_empty() {
            return Err(bad("it holds no row of numbers".to_owned()));
        }
        Ok(sheet)
    }

    /// The arrays that the table is as a data set: `values`, and `labels` where a column is called `label`, `class`,
    /// `target` or `y`.
    ///
    /// # Errors
    /// Where there are no values beside the labels.
    pub(super) fn arrays(&self, file: &str) -> Result<Vec<(String, Array)>, DataError> {
        let is_label = |name: &String| LABELS.contains(&name.to_lowercase().as_str());
        let label = self.names.as_ref().and_then(|names| names.iter().position(is_label));
        let rest: Vec<usize> = (0..self.columns).filter(|column| Some(*column) != label).collect();
        if rest.is_empty() {
            return Err(DataError::content(file, "it holds labels and no values", "add a column for each value"));
        }
        let mut arrays = vec![("values".to_owned(), self.take(&rest, true, file)?)];
        if let Some(label) = label {
            arrays.push(("labels".to_owned(), self.take(&[label], false, file)?));
        }
        Ok(arrays)
    }

    /// The column of a name, `[B]`; under the name `values`, all that are no labels.
    ///
    /// # Errors
    /// Where there is no such column; those that are there are named.
    pub(super) fn column(&self, name: &str, file: &str) -> Result<Array, DataError> {
        if let Some(at) = self.names.iter().flatten().position(|found| found == name) {
            return self.take(&[at], false, file);
        }
        if let Some((_, array)) = self.arrays(file)?.into_iter().find(|(found, _)| found == name) {
            return Ok(array);
        }
        let there = match &self.names {
            Some(names) => names.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            None => "no line of names".to_owned(),
        };
        let problem = format!("it has no column `{name}`");
        Err(DataError::content(file, problem, format!("it has {there}; `values` means all columns but labels")))
    }

    /// Some columns, as an array `[B, columns]` or, of one that is to be no matrix, `[B]`. Whole numbers stay whole.
    fn take(&self, columns: &[usize], is_matrix: bool, file: &str) -> Result<Array, DataError> {
        let rows = self.values.chunks(self.columns);
        let count = rows.len();
        let values: Vec<f64> = rows.flat_map(|row| columns.iter().map(|column| row[*column])).collect();
        let is_whole = values.iter().all(|value| value.fract() == 0.0 && value.abs() <= 9.0e15);
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        let shape = if is_matrix { vec![count, columns.len()] } else { vec![count] };
        Array::new(shape, if is_whole { Values::Integers(values) } else { Values::Real(values) }, file)
    }
}

/// The character that the first line has most of, among those that part cells.
fn delimiter(bytes: &[u8]) -> u8 {
    let line = bytes.split(|byte| *byte == b'\n').find(|line| !line.is_empty() && line[0] != b'#').unwrap_or_default();
    let count = |sign: u8| line.iter().filter(|byte| **byte == sign).count();
    // The first of equals, so that a single column is one with commas.
    let better = |best: u8, sign: u8| if count(sign) > count(best) { sign } else { best };
    [b';', b'\t', b' '].into_iter().fold(b',', better)
}

fn number(cell: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?.trim();
    if text.is_empty() || text == "NA" {
        return Some(f64::NAN);
    }
    text.parse().ok()
}
