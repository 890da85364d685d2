//! What the frames of a request settled to: their arrays one above the other, their energies, one account of all.

use super::super::failure::Failure;
use super::super::table;
use super::report;
use crate::data::npz::NpzOut;
use crate::executor::{Recalled, Settled, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use indexmap::IndexMap;
use serde::Serialize;

/// Free energies by layer, summed over samples, one for each measurement: of an episode, or of each frame.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum EnergyCurves {
    Episode(IndexMap<String, Vec<f64>>),
    Frames(IndexMap<String, Vec<Vec<f64>>>),
}

/// What frames came to.
pub(super) struct Kept {
    is_framed: bool,
    keeps_arrays: bool,
    frames: Vec<KeptFrame>,
    /// The last episode, with the account of all.
    settled: Settled,
}

struct KeptFrame {
    /// Names of `--out` before that of the layer, layers, values.
    arrays: Vec<(String, Matrix)>,
    energies: IndexMap<String, Vec<f64>>,
}

impl Kept {
    pub(super) fn new(is_framed: bool, keeps_arrays: bool) -> Self {
        Self { is_framed, keeps_arrays, frames: Vec::new(), settled: Settled::default() }
    }

    /// Keeps what was just settled.
    pub(super) fn keep(&mut self, network: &Network, settler: &Settler, mut settled: Settled) {
        let energies = report::energies(network, &settled);
        let arrays = if self.keeps_arrays { report::activities(network, settler) } else { Vec::new() };
        if !self.frames.is_empty() {
            let mut account = std::mem::take(&mut self.settled.account);
            account.add(&settled.account);
            settled.account = account;
        }
        self.frames.push(KeptFrame { arrays, energies });
        self.settled = settled;
    }

    pub(super) fn settled(&self) -> &Settled {
        &self.settled
    }

    /// How many frames there were, where the request was of frames.
    pub(super) fn count(&self) -> Option<usize> {
        self.is_framed.then_some(self.frames.len())
    }

    /// Writes states, means, errors and energies, and what a next frame looks back at.
    pub(super) fn write(&self, mut out: NpzOut, network: &Network, settler: &Settler) -> Result<(), Failure> {
        let names = self.frames.first().into_iter().flat_map(|frame| &frame.arrays).map(|(name, _)| name);
        for (at, name) in names.enumerate() {
            let each: Vec<_> = self.frames.iter().map(|frame| &frame.arrays[at].1).collect();
            if self.is_framed { out.matrices(name, &each)? } else { out.matrix(name, each[0])? }
        }
        for (name, first) in self.frames.first().into_iter().flat_map(|frame| &frame.energies) {
            let each: Vec<_> = self.frames.iter().map(|frame| frame.energies[name].as_slice()).collect();
            let name = format!("energy.{name}");
            if self.is_framed { out.rows(&name, &each)? } else { out.vector(&name, first)? }
        }
        let past: Vec<&Recalled> = settler.past().rev().collect();
        for layer in past.first().into_iter().flat_map(|frame| frame.keys()) {
            let each: Vec<_> = past.iter().filter_map(|frame| frame.get(layer)).collect();
            out.matrices(&format!("past.{}", network.circuit().layer(*layer).name()), &each)?;
        }
        Ok(out.finish()?)
    }

    pub(super) fn curves(&self) -> EnergyCurves {
        let Some(first) = self.frames.first() else { return EnergyCurves::Frames(IndexMap::new()) };
        if !self.is_framed {
            return EnergyCurves::Episode(first.energies.clone());
        }
        let of = |name: &String| self.frames.iter().map(|frame| frame.energies[name].clone()).collect();
        EnergyCurves::Frames(first.energies.keys().map(|name| (name.clone(), of(name))).collect())
    }

    /// The free energies as a table: of an episode first and last, of frames that of each readout.
    pub(super) fn energy_table(&self, samples: usize) -> String {
        match self.curves() {
            EnergyCurves::Episode(energies) => report::energy_table(&energies, samples),
            EnergyCurves::Frames(energies) => frame_table(&energies, self.frames.len(), samples),
        }
    }
}

/// Frames at either end that a table shows.
const ENDS: usize = 25;

/// Free energy per sample at the readout of each frame.
fn frame_table(energies: &IndexMap<String, Vec<Vec<f64>>>, frames: usize, samples: usize) -> String {
    let at = |series: &Vec<Vec<f64>>, frame: usize| series[frame].last().map(|sum| sum / samples as f64);
    let row = |frame: usize| {
        let each: Vec<Option<f64>> = energies.values().map(|series| at(series, frame)).collect();
        let total = each.iter().copied().sum::<Option<f64>>();
        let figures = each.into_iter().chain([total]).map(table::figure_or_dash);
        std::iter::once(frame.to_string()).chain(figures).collect::<Vec<_>>()
    };
    let is_shown = |frame: &usize| *frame < ENDS || *frame + ENDS >= frames;
    let header: Vec<String> = energies.keys().map(|name| format!(">{name}")).collect();
    let mut columns = vec!["free energy per sample, frame"];
    columns.extend(header.iter().map(String::as_str));
    columns.push(">total");
    table::render(&columns, (0..frames).filter(is_shown).map(row).collect())
}
