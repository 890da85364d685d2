//! `gncn completions`: what a shell needs to complete commands and options.

use super::failure::Failure;
use super::output;
use clap::{Args, Command};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  gncn completions bash > ~/.local/share/bash-completion/completions/gncn
  gncn completions zsh > ~/.zfunc/_gncn
  gncn completions fish > ~/.config/fish/completions/gncn.fish";

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

impl CompletionsArguments {
    /// `command` is the command line as a whole.
    pub(super) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "gncn", &mut text);
        output::print(String::from_utf8_lossy(&text).trim_end())
    }
}
