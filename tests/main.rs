//! All integration tests, as one binary.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[path = "suite/account.rs"]
mod account;
#[path = "suite/allocations.rs"]
mod allocations;
#[path = "suite/alone.rs"]
mod alone;
#[path = "suite/asked.rs"]
mod asked;
#[path = "suite/baselines.rs"]
mod baselines;
#[path = "suite/changes.rs"]
mod changes;
#[path = "suite/chaos.rs"]
mod chaos;
#[path = "suite/circuits.rs"]
mod circuits;
#[path = "suite/cli.rs"]
mod cli;
#[path = "suite/conformance.rs"]
mod conformance;
#[path = "suite/cures.rs"]
mod cures;
#[path = "suite/data.rs"]
mod data;
#[path = "suite/determinism.rs"]
mod determinism;
#[path = "suite/draw.rs"]
mod draw;
#[path = "suite/drawing.rs"]
mod drawing;
#[path = "suite/drift.rs"]
mod drift;
#[path = "suite/dynamics.rs"]
mod dynamics;
#[path = "suite/fetch.rs"]
mod fetch;
#[path = "suite/fuzzed.rs"]
mod fuzzed;
#[path = "suite/golden.rs"]
mod golden;
#[cfg(all(unix, feature = "view", feature = "watch"))]
#[path = "suite/guide.rs"]
mod guide;
#[path = "suite/hardening.rs"]
mod hardening;
#[path = "suite/kinds.rs"]
mod kinds;
#[path = "suite/late.rs"]
mod late;
#[path = "suite/layering.rs"]
mod layering;
#[path = "suite/likelihood.rs"]
mod likelihood;
#[path = "suite/looks.rs"]
mod looks;
#[path = "suite/manual.rs"]
mod manual;
#[path = "suite/measured.rs"]
mod measured;
#[path = "suite/measures.rs"]
mod measures;
#[path = "suite/onset.rs"]
mod onset;
#[path = "suite/options.rs"]
mod options;
#[cfg(feature = "view")]
#[path = "suite/page.rs"]
mod page;
#[path = "suite/probes.rs"]
mod probes;
#[path = "suite/properties.rs"]
mod properties;
#[path = "suite/quiet.rs"]
mod quiet;
#[path = "suite/ranks.rs"]
mod ranks;
#[path = "suite/reach.rs"]
mod reach;
#[path = "suite/recall.rs"]
mod recall;
#[path = "suite/reports.rs"]
mod reports;
#[path = "suite/reproduce.rs"]
mod reproduce;
#[path = "suite/resume.rs"]
mod resume;
#[path = "suite/safety.rs"]
mod safety;
#[path = "suite/samples.rs"]
mod samples;
#[path = "suite/spread.rs"]
mod spread;
#[path = "suite/stability.rs"]
mod stability;
#[path = "suite/statistics.rs"]
mod statistics;
#[path = "suite/studies.rs"]
mod studies;
#[path = "suite/study_command.rs"]
mod study_command;
#[path = "suite/studying.rs"]
mod studying;
#[path = "suite/ternary.rs"]
mod ternary;
#[path = "suite/time.rs"]
mod time;
#[path = "suite/travel.rs"]
mod travel;
#[path = "suite/views.rs"]
mod views;

/// The system's allocator, which counts for `allocations`.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;
