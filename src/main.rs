//! The binary: everything is in [`gncn::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gncn::cli::main()
}
