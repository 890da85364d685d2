//! The tables and the runs of `gncn reproduce` in 80 columns.

use super::super::table;
use crate::paper::{PaperReport, TrialJob, banners, sections, title};
use std::fmt::Write as _;

/// The whole report.
pub(super) fn screen(report: &PaperReport) -> String {
    let mut text = format!("{}\n", title(report));
    for banner in banners(report) {
        let _ = write!(text, "\n{}\n", table::wrap(&banner.replace(['*', '`'], "")));
    }
    for section in sections(report) {
        let _ = write!(text, "\n{}\n{}\n", section.title, table::render(&section.header, section.rows));
    }
    text
}

/// All runs for a person.
pub(super) fn list(jobs: &[TrialJob<'_>]) -> String {
    let row = |job: &TrialJob<'_>| {
        let images = job.row.images.map_or_else(|| "all".to_owned(), |images| table::count(images as u64));
        let (trial, seed) = (job.trial.number.to_string(), job.trial.seed.to_string());
        vec![job.data.to_owned(), job.row.model.title.to_owned(), images, trial, seed, job.state().to_owned()]
    };
    table::render(&["data", "model", ">images", ">trial", ">seed", "state"], jobs.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::screen;

    #[test]
    fn a_report_fits_a_terminal() {
        let terminal = screen(&crate::paper::example());
        assert!(terminal.contains("46.00 ± 1.41") && terminal.contains("z1 is not finite"), "{terminal}");
        assert!(terminal.lines().all(|line| line.chars().count() <= 80), "{terminal}");
    }
}
