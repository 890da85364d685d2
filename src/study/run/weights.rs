//! Weights of a study: read, or trained in its folder, once.

use super::events::{Machine, StudyEvent, StudyRunError};
use super::plan::{PlannedWeights, WeightsRecipe};
use crate::checkpoint::{Run, RunInfo, weights};
use crate::circuit::Circuit;
use crate::data::Dataset;
use crate::network::{Network, Tensors};
use crate::training::{Ended, Event, Flow, TrainSpec, Training};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is told while weights are trained; may stop it.
pub(super) type Watch<'a> = &'a mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>;

/// The weights; a training that was begun goes on to the very bits that it would have reached.
pub(super) fn get(
    planned: &PlannedWeights,
    folder: &Path,
    machine: &Machine,
    load: &mut dyn FnMut(&str) -> Result<Arc<Dataset>, StudyRunError>,
    watch: Watch<'_>,
) -> Result<Tensors, StudyRunError> {
    match &planned.recipe {
        WeightsRecipe::File(path) => Ok(weights::load(path)?),
        WeightsRecipe::Run(path) => Ok(Run::open(path)?.weights()?),
        WeightsRecipe::Train { circuit, data, seed, limit } => {
            let own = self::folder(folder, planned);
            if let Ok(run) = Run::open(&own)
                && run.info.finished
            {
                return Ok(run.weights()?);
            }
            let source = data.clone();
            let data = load(data)?;
            let spec = spec(circuit, *seed, *limit);
            let info = RunInfo {
                source: Some(source),
                data: serde_json::to_value(data.describe()).unwrap_or_default(),
                schedule: circuit.settling().schedule.name().to_owned(),
                limit: *limit,
                cpu: machine.cpu.clone(),
                threads: machine.threads,
                ..RunInfo::begun(machine.command.clone(), *seed)
            };
            train(&own, (circuit, &data), spec, info, &planned.name, watch)
        }
    }
}

fn spec(circuit: &Circuit, seed: u64, limit: Option<usize>) -> TrainSpec {
    TrainSpec { limit, ..TrainSpec::of(circuit, seed) }
}

fn train(
    folder: &Path,
    (circuit, data): (&Arc<Circuit>, &Dataset),
    spec: TrainSpec,
    info: RunInfo,
    name: &str,
    watch: Watch<'_>,
) -> Result<Tensors, StudyRunError> {
    let (epochs, network) = (spec.epochs, Network::new(Arc::clone(circuit), spec.seed));
    let (mut run, begun) = match Run::open(folder) {
        Ok(run) => (run, true),
        Err(_) => (Run::create(folder, circuit, info, false)?, false),
    };
    let mut training = match begun {
        true => Training::resume(&mut run, network, data, spec)?,
        false => Training::start(&mut run, network, data, spec),
    };
    let ended = training.run(&mut |event| {
        let go_on = match event {
            Event::Batch { epoch, done, of, .. } => watch(StudyEvent::Training {
                circuit: circuit.name(),
                weights: name,
                epoch: *epoch,
                epochs,
                done: *done,
                of: *of,
            }),
            _ => ControlFlow::Continue(()),
        };
        if go_on.is_break() { Flow::Stop } else { Flow::GoOn }
    })?;
    match ended {
        Ended::Finished => Ok(run.weights()?),
        Ended::Stopped => Err(StudyRunError::Stopped),
    }
}

/// Where weights are trained.
pub(super) fn folder(study: &Path, planned: &PlannedWeights) -> PathBuf {
    study.join("weights").join(format!("{}-{}", file_name(&planned.circuit), file_name(&planned.name)))
}

/// A name as the name of a folder.
fn file_name(name: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' };
    name.chars().map(keep).collect()
}
