//! From a checked study to what is run: weights, points with their circuits, repeats, and who is compared with whom.

use super::file::{AskedMeasure, WeightsFrom};
use super::plan::{GridPoint, PointError, Study, StudyCircuit};
use super::run::{PlannedPoint, PlannedWeights, StudyMeasure, StudyPlan, WeightsRecipe};
use crate::circuit::Learning;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Lays a study out: circuit by circuit, weights by weights, point by point, repeat by repeat.
///
/// # Errors
/// [`PointError`] where values of axes that fit one by one don't fit together.
pub fn lay_out(study: &Study) -> Result<StudyPlan, PointError> {
    let mut weights: Vec<PlannedWeights> = Vec::new();
    let mut own: Vec<Vec<usize>> = Vec::new();
    for circuit in &study.circuits {
        let planned = weights_of(study, circuit);
        own.push((weights.len()..weights.len() + planned.len()).collect());
        weights.extend(planned);
    }
    let mut points: Vec<PlannedPoint> = Vec::new();
    let mut first: HashMap<(GridPoint, usize), usize> = HashMap::new();
    let mut of: Vec<GridPoint> = Vec::new();
    for point in study.points() {
        let circuit = Arc::new(study.circuit(&point)?);
        let values: Vec<String> =
            study.axes.iter().zip(&point.values).map(|(axis, value)| axis.values[*value].clone()).collect();
        let (data, seed) = (study.data(&point), study.seed(&point));
        for weights in &own[point.circuit] {
            first.insert((point.clone(), *weights), points.len());
            for repeat in 0..study.repeats(&circuit) {
                of.push(point.clone());
                points.push(PlannedPoint {
                    weights: *weights,
                    circuit: Arc::clone(&circuit),
                    values: values.clone(),
                    data: data.name.clone(),
                    images: data.images,
                    seed,
                    repeat,
                    baseline: None,
                });
            }
        }
    }
    for (planned, point) in points.iter_mut().zip(&of) {
        let baseline = study.baseline_of(point).filter(|baseline| baseline != point);
        planned.baseline = baseline.and_then(|baseline| first.get(&(baseline, planned.weights)).copied());
    }
    let measures = measures(&study.measures);
    let axes = study.axes.iter().map(|axis| axis.path.clone()).collect();
    let (name, question, probes) = (study.name.clone(), study.question.clone(), study.probes.clone());
    Ok(StudyPlan { name, question, axes, weights, points, measures, probes })
}

fn weights_of(study: &Study, entry: &StudyCircuit) -> Vec<PlannedWeights> {
    let planned = |name: String, seed: u64, recipe| PlannedWeights { circuit: entry.name.clone(), name, seed, recipe };
    match &entry.weights {
        WeightsFrom::Train { data, epochs, seeds } => {
            let learning = Learning { epochs: *epochs, ..entry.circuit.learning() };
            // The file was checked, and epochs of a checked study are legal.
            let trained = entry.circuit.clone().with_learning(learning).unwrap_or_else(|_| entry.circuit.clone());
            let circuit = Arc::new(trained);
            let of_seed = |seed: &u64| {
                let (circuit, data, limit) = (Arc::clone(&circuit), data.clone(), study.limit);
                planned(seed.to_string(), *seed, WeightsRecipe::Train { circuit, data, seed: *seed, limit })
            };
            seeds.iter().map(of_seed).collect()
        }
        WeightsFrom::Runs(runs) => {
            let of_run = |(i, run): (usize, &String)| {
                let path = Path::new(run);
                let name = path.file_name().map_or_else(|| run.clone(), |name| name.to_string_lossy().into_owned());
                planned(name, i as u64, WeightsRecipe::Run(path.to_owned()))
            };
            runs.iter().enumerate().map(of_run).collect()
        }
    }
}

fn measures(asked: &[AskedMeasure]) -> Vec<StudyMeasure> {
    let planned = |measure: &AskedMeasure| match measure {
        AskedMeasure::FreeEnergy => StudyMeasure::FreeEnergy,
        AskedMeasure::Bce => StudyMeasure::Bce,
        AskedMeasure::Work => StudyMeasure::Work,
        AskedMeasure::Rest { within } => StudyMeasure::Rest { within: *within },
        AskedMeasure::Distance => StudyMeasure::Distance,
        AskedMeasure::Ages => StudyMeasure::Ages,
        AskedMeasure::Monotone => StudyMeasure::Rises,
        AskedMeasure::Oscillation { layer } => StudyMeasure::Oscillation { layer: layer.clone() },
        AskedMeasure::MaskedMse => StudyMeasure::MaskedMse,
        AskedMeasure::ClassificationError => StudyMeasure::ClassificationError,
    };
    asked.iter().map(planned).collect()
}
