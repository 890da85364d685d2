//! `gncn data`: which images there are to train on.

mod fetch;
mod make;

use super::failure::Failure;
use super::{output, table};
use crate::data::source::VARIABLE;
use crate::data::{DataError, Description, NAMES, Source, load, sets};
use clap::{Args, Subcommand};
use indexmap::IndexMap;
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  gncn data list
  gncn data make --out drawn
  GNCN_DATA=~/data gncn data list --json";

/// Show which image data there are, or draw some
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct DataArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(ListArguments),
    Make(make::MakeArguments),
    Fetch(fetch::FetchArguments),
}

/// List the data sets that --data can name, and how to get the others
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct ListArguments {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What is known of one data set.
#[derive(Debug, Serialize)]
struct Entry {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    /// Under which conditions it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'static str>,
    /// Why it can't be used, where it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

impl DataArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.action {
            Action::List(list) => list.run(),
            Action::Make(make) => make.run(),
            Action::Fetch(fetch) => fetch.run(),
        }
    }
}

impl ListArguments {
    fn run(&self) -> Result<(), Failure> {
        let entries: Vec<_> = NAMES.iter().map(|name| entry(name)).collect();
        if self.json {
            return output::print_json(&entries);
        }
        output::print(&table::render(
            &["data", ">train", ">test", ">size", ">classes"],
            entries.iter().map(row).collect(),
        ))?;
        for (text, names) in remarks(&entries) {
            output::print(&format!("\n{}", table::wrap(&format!("{}: {text}", names.join(", ")))))?;
        }
        output::print(&format!("\n{}", table::wrap(HOW)))
    }
}

/// How to get what is not there.
const HOW: &str = "`digits` are drawn by gncn itself, `moving-digits` are sequences of them, `digits8x8` are inside it, and all three are always there. The others are looked up in the folder that \
                   GNCN_DATA names, each in a folder of its own with the files it is published in (mnist/ holds \
                   train-images-idx3-ubyte.gz and so on; caltech/ the .mat file); `gncn data fetch NAME` downloads them. --data also takes any folder or file \
                   of IDX, .npy, .npz, .mat or .csv arrays, and folders of PNG or JPEG files, one for each class.";

fn entry(name: &'static str) -> Entry {
    let licence = sets::find(name).map(|set| set.licence.as_str());
    let (description, missing) = match describe(name) {
        Ok(description) => (Some(description), None),
        Err(DataError::Name { problem, .. }) => (None, Some(problem)),
        Err(error) => (None, Some(error.to_string())),
    };
    Entry { name, description, licence, missing }
}

fn describe(name: &str) -> Result<Description, DataError> {
    tracing::debug!("looking for {name}, {VARIABLE} is {:?}", std::env::var_os(VARIABLE));
    Ok(load(&Source::parse(Some(name)))?.describe())
}

/// What has to be said of data sets, each remark once, with the names that it holds for.
fn remarks(entries: &[Entry]) -> IndexMap<&str, Vec<&str>> {
    let mut remarks = IndexMap::<_, Vec<_>>::new();
    for entry in entries {
        let notice = entry.description.as_ref().and_then(|found| found.notice.as_ref());
        for text in notice.into_iter().chain(&entry.missing) {
            remarks.entry(text.as_str()).or_default().push(entry.name);
        }
    }
    remarks
}

fn row(entry: &Entry) -> Vec<String> {
    let Some(found) = &entry.description else {
        let dash = || "-".to_owned();
        return vec![entry.name.to_owned(), "not here".to_owned(), dash(), dash(), dash()];
    };
    let number = |n: usize| table::count(n as u64);
    let size = format!("{}x{}", found.width, found.height);
    vec![found.name.clone(), number(found.train), number(found.test), size, number(found.classes)]
}
