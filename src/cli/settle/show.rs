//! `--show`: what a population holds at the end of a run, or at the firing where a replay stops.

use super::super::failure::Failure;
use super::super::table;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::executor::Settler;
use crate::matrix::Matrix;
use serde::Serialize;

/// One array of a population, in figures.
#[derive(Debug, Serialize)]
pub(super) struct ShownPopulation {
    population: String,
    /// `state` and `activity` of a state population; `mean` and `mismatch` of an error population.
    array: &'static str,
    /// Samples and neurons.
    shape: [usize; 2],
    mean: f64,
    sd: f64,
    min: f32,
    max: f32,
    /// Share of components that are not 0.
    nonzero: f64,
    /// Every value of the first sample.
    first_sample: Vec<f32>,
}

/// The populations of these names.
pub(super) fn find(names: &[String], wiring: &Wiring) -> Result<Vec<PopulationId>, Failure> {
    let known = || wiring.populations.iter().map(|p| p.name.clone()).collect::<Vec<_>>().join(", ");
    let one = |name: &String| {
        let unknown = || Failure::Request(format!("--show: there is no population \"{name}\"; there are {}", known()));
        wiring.find(name).ok_or_else(unknown)
    };
    names.iter().map(one).collect()
}

/// What populations hold now.
pub(super) fn shown(populations: &[PopulationId], wiring: &Wiring, settler: &Settler) -> Vec<ShownPopulation> {
    let activities = settler.activities();
    let arrays = |id: &PopulationId| {
        let spec = wiring.population(*id);
        let layer = spec.layer;
        let pair = match spec.kind {
            Kind::State => [
                Some(("state", activities.state(wiring, layer))),
                Some(("activity", activities.activity(wiring, layer))),
            ],
            Kind::Error => [
                activities.mean(wiring, layer).map(|m| ("mean", m)),
                activities.mismatch(wiring, layer).map(|m| ("mismatch", m)),
            ],
        };
        pair.into_iter().flatten().map(|(array, values)| figures(&spec.name, array, &values)).collect::<Vec<_>>()
    };
    populations.iter().flat_map(arrays).collect()
}

fn figures(population: &str, array: &'static str, values: &Matrix) -> ShownPopulation {
    let all = values.as_slice();
    let count = all.len().max(1) as f64;
    let mean = all.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let variance = all.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
    ShownPopulation {
        population: population.to_owned(),
        array,
        shape: [values.rows(), values.cols()],
        mean,
        sd: variance.sqrt(),
        min: all.iter().copied().fold(f32::INFINITY, f32::min),
        max: all.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        nonzero: all.iter().filter(|v| **v != 0.0).count() as f64 / count,
        first_sample: values.row(0).to_vec(),
    }
}

pub(super) fn render(shown: &[ShownPopulation]) -> String {
    let row = |s: &ShownPopulation| {
        vec![
            format!("{} {}", s.population, s.array),
            format!("{}x{}", s.shape[0], s.shape[1]),
            table::figure(s.mean),
            table::figure(s.sd),
            table::figure(f64::from(s.min)),
            table::figure(f64::from(s.max)),
            table::percent(s.nonzero),
        ]
    };
    let header = ["population", ">shape", ">mean", ">sd", ">min", ">max", ">not 0"];
    table::render(&header, shown.iter().map(row).collect())
}
