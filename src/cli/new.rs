//! `gncn new`: a small commented file to start from.

use super::failure::Failure;
use super::output;
use crate::data::atomic;
use crate::view::starters;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  gncn new circuit mine     Writes mine.ron: gncn check mine.ron
  gncn new study late       Writes late.ron and late-circuit.ron:
                            gncn study late.ron -o late --quick

A file that is there is never replaced.";

/// What to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Starter {
    /// A circuit of two hidden layers
    Circuit,
    /// A study of two schedules, with a circuit of its own
    Study,
}

/// Write a small commented file to start from
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct NewArguments {
    /// What to begin
    what: Starter,
    /// Its name; the file is NAME.ron
    name: String,
}

impl NewArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with(['.', '-']) || !self.name.chars().all(legal) {
            return Err(Failure::Request(format!(
                "\"{}\" names no file: use letters, digits, -, _ and ., such as my-circuit",
                self.name
            )));
        }
        let circuit = match self.what {
            Starter::Circuit => self.name.clone(),
            Starter::Study => format!("{}-circuit", self.name),
        };
        let mut files: Vec<(PathBuf, String)> = vec![(file(&circuit), starters::circuit(&circuit))];
        if self.what == Starter::Study {
            files.push((file(&self.name), starters::study(&self.name, &format!("{circuit}.ron"))));
        }
        if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
            let path = path.display();
            return Err(Failure::Request(format!("{path} is there already; choose another name, or move it away")));
        }
        for (path, text) in &files {
            atomic::write(path, text.as_bytes())?;
            output::print(&format!("wrote {}", path.display()))?;
        }
        Ok(())
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(&format!("{name}.ron")).to_owned()
}
