//! The tables as files: `TABLE-DATA.json` and `TABLE-DATA.md`.

use super::error::PaperError;
use super::plan::{PaperRequest, TableRows};
use super::report::PaperReport;
use super::{models, render};
use crate::data::atomic;

/// Writes the tables as things stand, and returns what they hold. `command` is the command line that asked for them.
///
/// # Errors
/// [`PaperError`] where a folder is somebody else's or files can't be written.
pub fn write_tables(
    request: &PaperRequest<'_>,
    tables: &[TableRows],
    command: &[String],
) -> Result<Vec<PaperReport>, PaperError> {
    let folder = request.folder;
    std::fs::create_dir_all(folder)
        .map_err(|cause| PaperError::Run(format!("cannot create {}: {cause}", folder.display())))?;
    let mut reports = Vec::new();
    for (column, rows) in tables {
        let report = PaperReport::new(request, column, rows, command)?;
        // Other readings than the usual one have files of their own.
        let is_usual = models::settings().first() == Some(&request.settings);
        let settings = if is_usual { String::new() } else { format!("-{}", request.settings) };
        let name = format!("{}-{}{settings}", request.table.name(), column.name);
        let text = serde_json::to_vec_pretty(&report).expect("texts and numbers are JSON");
        atomic::write(&folder.join(format!("{name}.json")), &text)?;
        atomic::write(&folder.join(format!("{name}.md")), render::markdown(&report).as_bytes())?;
        reports.push(report);
    }
    Ok(reports)
}
