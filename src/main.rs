//! The binary: everything is in [`gncn::cli`].

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::process::ExitCode;

/// The system's allocator, which counts what `gncn bench` reports. Settling hardly allocates, so counting costs nothing.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    gncn::cli::main()
}
