//! Which kernels a command runs on: what was asked for, what there is, and how that is told.
//!
//! A program holds the kernels of one level. Where several are at hand a launcher has chosen before this one started
//! ([`Level`]); what is left here is to refuse another level than one's own.

use super::failure::Failure;
use super::table;
use crate::machine::level::Level;
use crate::machine::{self, KernelBuild};

/// Refuses what these kernels aren't, and says where they are slower than they could be and nobody has asked for that.
pub(super) fn fit(option: Option<Level>, computes: bool) -> Result<(), Failure> {
    let variable = Level::of_variable(std::env::var_os(Level::VARIABLE).as_deref()).map_err(Failure::Request)?;
    let own = Level::of_build();
    match option.or(variable) {
        Some(asked) if asked == own => Ok(()),
        Some(asked) => Err(Failure::Request(format!(
            "--cpu (or {}): {} was asked for, and this program holds kernels for {} only; take an archive that holds all \
             levels (.ci/archive), or build with RUSTFLAGS=\"-C target-cpu={}\"",
            Level::VARIABLE,
            asked.name(),
            own.name(),
            asked.name()
        ))),
        None => {
            if let Some(told) = machine::slower_than_it_could_be().filter(|_| computes) {
                tracing::warn!("{told}");
            }
            Ok(())
        }
    }
}

/// Whether the command line asks for more than a version.
pub(super) fn is_asked_for() -> bool {
    let is_verbose = |word: &str| word == "--verbose" || word.strip_prefix('-').is_some_and(is_letters_with_v);
    std::env::args_os().skip(1).any(|word| is_verbose(&word.to_string_lossy()))
}

/// Short options that were put together, `v` among them: `vV`.
fn is_letters_with_v(word: &str) -> bool {
    word.contains('v') && word.chars().all(|letter| "vVh".contains(letter))
}

/// `--version --verbose`.
pub(super) fn version() -> String {
    let KernelBuild { level, features, commit } = KernelBuild::this();
    let list = |words: &[String]| if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    let extras = [
        ("baselines", cfg!(feature = "baselines")),
        ("cli", cfg!(feature = "cli")),
        ("counting", cfg!(feature = "counting")),
        ("mpi", cfg!(feature = "mpi")),
        ("pictures", cfg!(feature = "pictures")),
        ("png", cfg!(feature = "png")),
        ("tables", cfg!(feature = "tables")),
        ("view", cfg!(feature = "view")),
        ("watch", cfg!(feature = "watch")),
    ];
    let extras: Vec<_> = extras.iter().filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect();
    let mut lines = vec![
        format!("gncn {}", env!("CARGO_PKG_VERSION")),
        format!("commit: {}", commit.as_deref().unwrap_or("not known")),
        format!("kernels: {level} ({})", list(&features)),
        format!("machine: {} ({})", Level::of_machine().name(), list(&machine::cpu_features())),
        format!("system: {} {}", std::env::consts::OS, std::env::consts::ARCH),
        format!("cargo features: {}", list(&extras)),
    ];
    let slower = machine::slower_than_it_could_be().filter(|_| !is_meant());
    lines.extend(slower.map(|told| table::wrap(&format!("warning: {told}"))));
    lines.join("\n")
}

/// Whether these very kernels were asked for. What is wrong with the request is told where it is met.
fn is_meant() -> bool {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let asked = Level::asked(&words, std::env::var_os(Level::VARIABLE).as_deref());
    asked.is_ok_and(|asked| asked == Some(Level::of_build()))
}
