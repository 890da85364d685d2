//! Starts the build of gncn that fits the machine: of `levels/gncn-v4`, `-v3` and `-v2` beside it the highest that the
//! machine offers, or the one that `--cpu` or `GNCN_CPU` asks for. The words of the command line go on as they are.
//!
//! It is compiled for plain x86-64, so that it can say what is missing where the program could only die.

#[path = "../machine/level.rs"]
mod level;

use level::Level;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The request was wrong, as with every command of gncn.
const REQUEST: u8 = 2;
/// The run failed.
const RUN: u8 = 1;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let (code, problem) = match chosen(words.get(1..).unwrap_or_default()) {
        Ok(program) => match start(&program, &words) {
            Ok(code) => return code,
            Err(cause) => (RUN, format!("{} can't be started: {cause}", program.display())),
        },
        Err(problem) => (REQUEST, problem),
    };
    eprintln!("error: {problem}");
    ExitCode::from(code)
}

/// The program to start.
fn chosen(words: &[OsString]) -> Result<PathBuf, String> {
    let asked = Level::asked(words, std::env::var_os(Level::VARIABLE).as_deref())?;
    let own = std::env::current_exe().map_err(|cause| format!("the folder of this program can't be found: {cause}"))?;
    of_folder(&own.parent().unwrap_or(Path::new(".")).join("levels"), asked, Level::of_machine())
}

/// Of the programs in `folder` the one that was asked for, or else the highest that the machine can run.
fn of_folder(folder: &Path, asked: Option<Level>, machine: Level) -> Result<PathBuf, String> {
    if let Some(asked) = asked.filter(|asked| *asked > machine) {
        let (asked, machine) = (asked.name(), machine.name());
        return Err(format!(
            "{asked} was asked for, and this machine offers {machine}; ask for no more than that, or not at all"
        ));
    }
    let path = |level: &Level| folder.join(format!("gncn-{}{}", level.word(), std::env::consts::EXE_SUFFIX));
    let there: Vec<Level> = Level::ALL.into_iter().filter(|level| path(level).is_file()).collect();
    let fits = |level: &&Level| asked.map_or(**level <= machine, |asked| **level == asked);
    there.iter().rev().find(fits).map(path).ok_or_else(|| {
        let wanted = asked.unwrap_or(machine).name();
        let words: Vec<_> = there.iter().map(|level| level.word()).collect();
        let there = if words.is_empty() { "nothing; unpack the archive whole".to_owned() } else { words.join(", ") };
        format!("{} has no build of gncn for {wanted}: there is {there}", folder.display())
    })
}

/// Becomes the program, which is called by the name that this one was called by.
#[cfg(unix)]
fn start(program: &Path, words: &[OsString]) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let (name, words) = words.split_first().map_or((program.into(), words), |(name, rest)| (name.clone(), rest));
    Err(Command::new(program).arg0(name).args(words).exec())
}

/// Starts the program, waits for it, and ends as it does.
#[cfg(not(unix))]
fn start(program: &Path, words: &[OsString]) -> std::io::Result<ExitCode> {
    let status = Command::new(program).args(words.get(1..).unwrap_or_default()).status()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(RUN)))
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn name(found: Result<PathBuf, String>) -> String {
        found.map_or_else(|problem| problem, |path| path.file_name().unwrap().to_string_lossy().into_owned())
    }

    #[test]
    fn the_highest_that_runs_is_taken_or_the_one_that_is_asked_for() {
        let folder = std::env::temp_dir().join(format!("gncn-levels-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let of = |asked, machine| name(of_folder(&folder, asked, machine));
        assert!(of(None, Level::V4).ends_with("for x86-64-v4: there is nothing; unpack the archive whole"));
        for level in ["v2", "v3", "v4"] {
            std::fs::write(folder.join(format!("gncn-{level}")), "").unwrap();
        }
        assert_eq!(of(None, Level::V4), "gncn-v4");
        assert_eq!(of(None, Level::V3), "gncn-v3");
        assert_eq!(of(Some(Level::V3), Level::V4), "gncn-v3");
        assert_eq!(of(Some(Level::V2), Level::V2), "gncn-v2");
        assert!(
            of(Some(Level::V4), Level::V3).starts_with("x86-64-v4 was asked for, and this machine offers x86-64-v3")
        );
        assert!(of(None, Level::Base).ends_with("for x86-64: there is v2, v3, v4"));
        std::fs::remove_file(folder.join("gncn-v3")).unwrap();
        assert_eq!(of(None, Level::V3), "gncn-v2");
        assert!(of(Some(Level::V3), Level::V4).contains("no build of gncn for x86-64-v3: there is v2, v4"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
