//! `--probe`: what chosen neurons hold after each firing, into a table.

use super::super::failure::Failure;
use super::super::output;
use crate::circuit::wiring::Wiring;
use crate::data::atomic;
use crate::evaluation::{Probe, ProbeOptions, ProbeRecorder};
use crate::executor::Settler;
use crate::network::Network;
use crate::study::run::{probe_table, write_parquet};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which neurons are probed, how often, and where that is written.
#[derive(Debug, Args)]
pub(super) struct ProbeArguments {
    /// Keep what neurons hold after each firing: z1:0..20 (from 0 to 19), z1:7, z1
    /// for all, z1.error:0..20; can be repeated
    #[arg(long, value_name = "NEURONS", requires = "probe_out")]
    probe: Vec<String>,
    /// Write what --probe kept here, a row for each firing, sample and neuron
    /// (.parquet or .csv)
    #[arg(long, value_name = "FILE", requires = "probe")]
    probe_out: Option<PathBuf>,
    /// Keep every N-th firing of a population only
    #[arg(long, value_name = "N", requires = "probe", value_parser = clap::value_parser!(u32).range(1..))]
    probe_every: Option<u32>,
    /// Keep the last N of these firings only
    #[arg(long, value_name = "N", requires = "probe", value_parser = clap::value_parser!(u32).range(1..))]
    probe_last: Option<u32>,
}

impl ProbeArguments {
    /// The file to be written.
    pub(super) fn target(&self) -> Option<&PathBuf> {
        self.probe_out.as_ref()
    }

    /// What that file has to end in.
    pub(super) fn ending(&self) -> &'static str {
        if self.is_csv() { "csv" } else { "parquet" }
    }

    fn is_csv(&self) -> bool {
        let ending = self.probe_out.as_deref().and_then(Path::extension);
        ending.is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
    }

    /// Lets a recorder watch the settler, where anything is probed.
    pub(super) fn watch(
        &self,
        settler: &mut Settler,
        network: &Network,
        samples: usize,
    ) -> Result<Option<Arc<ProbeRecorder>>, Failure> {
        let Some(path) = &self.probe_out else { return Ok(None) };
        let (circuit, wiring) = (network.circuit(), network.wiring());
        let failed = |problem: String| Failure::Request(format!("--probe: {problem}"));
        let probes = self.probe.iter().map(|text| Probe::parse(text, circuit, wiring)).collect::<Result<Vec<_>, _>>();
        let every = self.probe_every.map_or(1, |every| every as usize);
        let options = ProbeOptions { every, last: self.probe_last.map(|last| last as usize) };
        let recorder = Arc::new(ProbeRecorder::new(probes.map_err(failed)?, options, samples).map_err(failed)?);
        output::announce(path, "what the probes kept");
        settler.watch(Arc::<ProbeRecorder>::clone(&recorder));
        Ok(Some(recorder))
    }

    /// Writes what was kept, whole or not at all.
    pub(super) fn write(&self, recorder: &ProbeRecorder, wiring: &Wiring) -> Result<(), Failure> {
        let Some(path) = &self.probe_out else { return Ok(()) };
        let table = probe_table(recorder, wiring);
        if self.probe_last.is_none() && recorder.given_up() > 0 {
            output::note(&format!(
                "probes kept the last firings only and gave up {} earlier ones, to stay within memory; probe fewer neurons, \
                 or give --probe-every",
                recorder.given_up()
            ));
        }
        if self.is_csv() {
            return Ok(atomic::write(path, table.to_csv().as_bytes())?);
        }
        Ok(write_parquet(path, &table)?)
    }
}
