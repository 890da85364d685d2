//! `gncn man`: manual pages of the program and of each command.

use super::failure::Failure;
use super::output;
use crate::data::atomic;
use clap::{Args, Command};
use clap_mangen::Man;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn man | man -l -                    Read the page of the program
  gncn man -o ~/.local/share/man/man1    Write a page for each command, too";

/// Print or write manual pages
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ManArguments {
    /// Write a page for each command into this folder
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl ManArguments {
    /// `command` is the command line as a whole.
    pub(super) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let failed = |cause: std::io::Error| Failure::Run(format!("a manual page can't be made: {cause}"));
        // Names such as `gncn-check` are known only then.
        command.build();
        let Some(folder) = &self.out else {
            let mut text = Vec::new();
            Man::new(command).render(&mut text).map_err(failed)?;
            return output::print(String::from_utf8_lossy(&text).trim_end());
        };
        let own = command.get_subcommands().filter(|command| command.get_name() != "help").cloned();
        let pages: Vec<_> = own.collect();
        std::fs::create_dir_all(folder)
            .map_err(|cause| Failure::Request(format!("{}: {cause}; name a folder with -o", folder.display())))?;
        output::announce(folder, &format!("{} manual pages", pages.len() + 1));
        for page in std::iter::once(command).chain(pages) {
            let man = Man::new(page);
            let (name, mut text) = (man.get_filename(), Vec::new());
            man.render(&mut text).map_err(failed)?;
            atomic::write(&folder.join(name), &text)?;
        }
        Ok(())
    }
}
