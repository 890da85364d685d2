//! What tells series apart, as a list of its own above a drawing, where long names can wrap.

use super::svg::SERIES;
use super::text::{escape, rows_in_words};
use std::fmt::Write;

/// A list of series, in their order.
pub(super) fn legend<'a>(series: impl Iterator<Item = (&'a str, &'a [usize])>) -> String {
    let mut out = String::from("<ul class=\"key\">\n");
    for (i, (name, rows)) in series.enumerate() {
        let place = i % SERIES;
        let _ = writeln!(
            out,
            "<li><svg class=\"swatch\" viewBox=\"0 0 30 10\" aria-hidden=\"true\"><line class=\"curve s{place}\" x1=\"1\" y1=\"5\" \
             x2=\"29\" y2=\"5\"/></svg> <span>{}{}</span></li>",
            escape(name),
            linked(rows)
        );
    }
    out.push_str("</ul>\n");
    out
}

/// The rows behind something, as a small link in parentheses; nothing where there are none.
pub(super) fn linked(rows: &[usize]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    format!(" <a class=\"rows\" href=\"#row-{first}\">{}</a>", rows_in_words(rows))
}
