//! Tables as HTML: every number a link to the row that it comes from.

use super::data::{ReportCell, ReportTable};
use super::text::{escape, number, rows_in_words};
use std::fmt::Write;

/// Columns that a telephone shows at once, about; a wider table says there that it goes on.
const NARROW: usize = 3;

/// A table that scrolls by itself where the page is narrow; the keyboard can reach it.
pub(super) fn scrolling(table: &ReportTable, caption: &str) -> String {
    region(caption, table.labels.len() + table.measures.len(), &(head(table) + &body(table, None)))
}

/// A table each of whose rows is a row of the points, can be linked to, and leads to the file.
pub(super) fn listing(table: &ReportTable, file: &str) -> String {
    let head = head(table).replacen("<tr>", "<tr><th scope=\"col\">row</th>", 1);
    let columns = 1 + table.labels.len() + table.measures.len();
    region(&format!("Every row of {file}"), columns, &(head + &body(table, Some(file))))
}

/// A table in the region that it scrolls in. Shades at the edges, and on a telephone a line above it, tell that there is more:
/// many browsers there show no bar until one scrolls.
fn region(caption: &str, columns: usize, rows: &str) -> String {
    let caption = escape(caption);
    let hint = match columns {
        0..=NARROW => String::new(),
        _ => format!("<p class=\"hint\">{columns} columns: scroll the table sideways →</p>\n"),
    };
    format!(
        "{hint}<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table>\n\
         <caption>{caption}</caption>\n{rows}</table>\n</div>\n"
    )
}

fn head(table: &ReportTable) -> String {
    let mut out = String::from("<thead><tr>");
    for label in &table.labels {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(label));
    }
    for measure in &table.measures {
        let _ = write!(out, "<th scope=\"col\" class=\"number\">{}</th>", escape(measure));
    }
    out.push_str("</tr></thead>\n");
    out
}

fn body(table: &ReportTable, file: Option<&str>) -> String {
    let mut out = String::from("<tbody>\n");
    for (i, row) in table.rows.iter().enumerate() {
        match file {
            Some(file) => {
                // RFC 7111 numbers the header of a CSV file, too.
                let (row, at, file) = (i + 1, i + 2, escape(file));
                let _ = write!(out, "<tr id=\"row-{row}\"><td><a href=\"{file}#row={at}\">{row}</a></td>");
            }
            None => out.push_str("<tr>"),
        }
        for (at, label) in row.labels.iter().enumerate() {
            let tag = if at == 0 && file.is_none() { "th scope=\"row\"" } else { "td" };
            let end = &tag[..2];
            let _ = write!(out, "<{tag}>{}</{end}>", escape(label));
        }
        for measured in &row.cells {
            let _ = write!(out, "<td class=\"number\">{}</td>", cell(measured, file.is_none()));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n");
    out
}

/// A number with its deviation, a word, or a dash.
fn cell(cell: &ReportCell, links: bool) -> String {
    let text = match (&cell.word, cell.value, cell.deviation) {
        (Some(word), ..) => escape(word),
        (None, Some(value), Some(deviation)) => format!("{} ± {}", number(value), number(deviation)),
        (None, Some(value), None) => number(value),
        (None, None, _) => return "–".to_owned(),
    };
    match cell.rows.first() {
        Some(row) if links => {
            format!("<a href=\"#row-{row}\" title=\"{}\">{text}</a>", rows_in_words(&cell.rows))
        }
        _ => text,
    }
}
