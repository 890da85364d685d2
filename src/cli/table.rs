//! Tables of at most 80 columns; in their cells, numbers as people read them.

pub(super) use crate::view::numbers::{bytes, count, figure, figure_or_dash, percent, seconds};

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use std::borrow::Cow;

/// Columns of a terminal that everybody has.
const WIDTH: u16 = 80;

/// Characters of a cell.
const MOST: usize = 160;

/// One rule under the header and nothing else: figures are what is looked at.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table. In `header`, a name that starts with `>` stands over a column of numbers, to the right.
pub(super) fn render(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(header.iter().map(|name| name.trim_start_matches('>')));
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| clipped(cell))));
    for (column, _) in header.iter().enumerate().filter(|(_, name)| name.starts_with('>')) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// The beginning of a cell that would fill a page; wrapping it would take longer than reading it.
fn clipped(cell: &str) -> Cow<'_, str> {
    match cell.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &cell[..end])),
        None => Cow::Borrowed(cell),
    }
}

/// Text in lines of at most 80 columns, broken between words.
pub(super) fn wrap(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 {
            let fits = column + 1 + length <= usize::from(WIDTH);
            out.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        out.push_str(word);
        column += length;
    }
    out
}
