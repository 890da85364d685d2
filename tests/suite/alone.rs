//! Tests that count what belongs to a whole process, such as its threads, run in a process of their own.

use std::process::Command;

/// Runs `body` in a process that runs nothing else; `test` is the full name of the test that calls this.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    const VARIABLE: &str = "GNCN_ALONE";
    if std::env::var_os(VARIABLE).is_some_and(|name| name == test) {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().expect("this test is a program"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(VARIABLE, test);
    let output = command.output().expect("it starts again");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}
