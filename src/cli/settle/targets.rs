//! The files that a request writes: whether they can be, and what they will hold.

use super::super::failure::Failure;
use super::super::output;
use super::SettleArguments;
use crate::circuit::{Circuit, Schedule};
use crate::data::{SenseFiles, Source};
use std::path::PathBuf;

impl SettleArguments {
    /// The files that are to be written.
    pub(super) fn targets(&self) -> impl Iterator<Item = &PathBuf> {
        let files = [&self.out, &self.learn, &self.record, &self.trace, &self.timeline];
        files.into_iter().flatten().chain(self.probing.target())
    }

    /// Refuses files that can't be written or that are read: the circuit, weights, inputs, masks and a log.
    pub(super) fn check_targets(&self, circuit: &Circuit) -> Result<(), Failure> {
        let written = [
            ("--out", &self.out, "npz"),
            ("--learn", &self.learn, "safetensors"),
            ("--record", &self.record, ""),
            ("--trace", &self.trace, "parquet"),
            ("--timeline", &self.timeline, "json"),
        ];
        let mut written: Vec<_> =
            written.iter().filter_map(|(option, path, ending)| Some((*option, path.as_deref()?, *ending))).collect();
        written.extend(self.probing.target().map(|path| ("--probe-out", path.as_path(), self.probing.ending())));
        let given = SenseFiles { train: self.input.clone(), test: self.mask.clone() };
        let mut read = Source::Senses(given).paths();
        read.push(self.circuit.clone());
        read.extend(self.weights.clone());
        read.extend(self.from.clone());
        if let Schedule::Replay(log) = &circuit.settling().schedule {
            read.push(log.clone());
        }
        output::check_targets(&written, &read)
    }

    pub(super) fn announce(&self) {
        if let Some(path) = &self.out {
            output::announce(path, "states, means, errors, energies");
        }
        if let Some(path) = &self.learn {
            output::announce(path, "weights after one learning step");
        }
        if let Some(path) = &self.record {
            output::announce(path, "delivery log");
        }
        if let Some(path) = &self.trace {
            output::announce(path, "a row for each firing");
        }
        if let Some(path) = &self.timeline {
            output::announce(path, "timeline for ui.perfetto.dev");
        }
    }
}
