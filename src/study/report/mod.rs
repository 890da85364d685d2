//! The report of a study: one HTML file that opens from disk without a network, made of plain data.
//!
//! It holds how figures are drawn and worded, and knows nothing of circuits, schedules or how anything was measured: who
//! calls fills a [`StudyReport`] and writes what [`StudyReport::to_html`] returns. The page has no script, no event
//! handler and nothing from elsewhere, and says so to the browser in its policy.
//!
//! Every figure is SVG whose text stays text, with colours from the page's style sheet (light or dark as the reader has it),
//! a title, a description, and the same numbers as a table below it. Series differ by dashes and shades as well as by hue.
//! Every number of the summary and of the reading links to the rows of `points.csv` that it was made of.
//!
//! The charts are drawn by a few hundred lines of our own. Of the crates that draw charts without a browser, those that
//! are maintained write colours into every element, where no style sheet for dark rooms or for print reaches them, give a
//! figure neither title nor description, and have no table beside it.

mod ages;
mod alone;
mod curves;
mod data;
mod heat;
mod legend;
mod page;
mod reading;
mod scale;
mod spreads;
mod svg;
mod tables;
mod text;

pub use data::{
    AgeChart, AgePanel, Chart, Curve, CurveChart, Fact, Finding, HeatCell, HeatMap, Illustration, ReportCell,
    ReportRow, ReportTable, Span, Spread, Spreads, StudyReport,
};
