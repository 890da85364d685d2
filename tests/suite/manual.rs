//! Completions and manual pages know every command.

use super::cli::{gncn, outcome};
use tempfile::TempDir;

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = outcome(gncn(&["--help"])).out;
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn completions_know_every_command() {
    assert!(commands().len() >= 16, "{:?}", commands());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let told = outcome(gncn(&["completions", shell]));
        assert_eq!(told.code, 0, "{}", told.err);
        for command in commands() {
            assert!(told.out.contains(&command), "{shell} lacks {command}");
        }
        assert!(told.out.contains("schedule"), "{shell} lacks an option");
    }
    assert_eq!(outcome(gncn(&["completions", "cmd"])).code, 2);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = TempDir::new().unwrap();
    let at = folder.path().join("man1");
    let told = outcome(gncn(&["man", "-o", at.to_str().unwrap()]));
    assert_eq!(told.code, 0, "{}", told.err);
    for command in commands() {
        let text =
            std::fs::read_to_string(at.join(format!("gncn-{command}.1"))).unwrap_or_else(|e| panic!("{command}: {e}"));
        assert!(text.contains(".SH SYNOPSIS") && text.contains(&command), "{command}");
    }
    let whole = outcome(gncn(&["man"])).out;
    assert!(
        whole.contains(".SH SUBCOMMANDS")
            && std::fs::read_to_string(at.join("gncn.1")).unwrap().starts_with(&whole[..200])
    );
}
