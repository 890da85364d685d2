//! The binary: everything is in [`gncn::cli`].

use std::process::ExitCode;

/// The system's allocator, which counts what `gncn bench` and `gncn reproduce` report.
///
/// An allocator belongs to the whole process and can't be changed once it runs, and a switch inside one would need
/// unsafe code. So it is chosen when the program is built, and only `--features counting` chooses this one: otherwise
/// all threads of every run would share its counters.
#[cfg(feature = "counting")]
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    gncn::cli::main()
}
