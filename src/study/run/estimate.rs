//! What a study will cost, before it begins: its synaptic operations, and seconds at a speed that is measured here.

use super::aside::FITTED;
use super::plan::{PlannedPoint, StudyMeasure, StudyPlan, WeightsRecipe};
use crate::circuit::cost::Cost;
use crate::circuit::{Circuit, Settling, Stopping};
use crate::data::Dataset;
use crate::episode::Episode;
use crate::evaluation::{self, Show};
use crate::executor::{Measure, SettleError, SettleOptions, Settler};
use crate::network::Network;
use crate::params::Messages;
use std::sync::Arc;
use std::time::Instant;

/// Updates of the trial.
const TRIED: usize = 4;

/// Images of the trial, at the most.
const TRIED_IMAGES: usize = 100;

/// A learning step costs about as much as so many updates.
const LEARNING: f64 = 3.0;

/// What a study will cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CostEstimate {
    /// Points that are still to be run.
    pub points: usize,
    /// Trainings that are still to be done.
    pub trainings: usize,
    /// Updates of one image, all points and trainings together, each counted by the synapses of its circuit.
    pub operations: f64,
    /// Seconds, at the speed of a short trial of one of the circuits. Schedules with actors, events and a machine that is
    /// shared change it, so that it tells minutes from hours and no more.
    pub seconds: f64,
}

impl CostEstimate {
    /// The estimate for some points and trainings of a plan, at so many seconds an operation.
    pub(super) fn of(plan: &StudyPlan, points: &[usize], trainings: &[usize], images: usize, pace: f64) -> Self {
        let settled: f64 = points.iter().map(|point| of_point(plan, &plan.points[*point])).sum();
        let trained: f64 = trainings.iter().map(|weights| of_training(&plan.weights[*weights].recipe, images)).sum();
        let operations = settled + trained;
        Self { points: points.len(), trainings: trainings.len(), operations, seconds: operations * pace }
    }
}

/// Operations of one update of one image.
fn of_update(circuit: &Circuit) -> f64 {
    Cost::new(circuit).totals.per_update.total() as f64
}

fn of_point(plan: &StudyPlan, point: &PlannedPoint) -> f64 {
    let mut settles = if plan.measures.contains(&StudyMeasure::Work) { 2.0 } else { 1.0 };
    // Shorter runs, hidden halves, and the images that a regression is fitted to.
    let works = plan.measures(|m| matches!(m, StudyMeasure::Work | StudyMeasure::Rest { .. }));
    settles += if works && point.circuit.settling().messages != Messages::Dense { 2.0 } else { 0.0 };
    settles += if plan.measures.contains(&StudyMeasure::MaskedMse) { 1.0 } else { 0.0 };
    settles += if plan.measures.contains(&StudyMeasure::ClassificationError) { 1.0 + FITTED as f64 } else { 0.0 };
    let steps = point.circuit.settling().stopping.max_steps() as f64;
    settles * steps * point.images as f64 * of_update(&point.circuit)
}

fn of_training(recipe: &WeightsRecipe, images: usize) -> f64 {
    let WeightsRecipe::Train { circuit, limit, .. } = recipe else { return 0.0 };
    let shown = (limit.unwrap_or(images).min(images) * circuit.learning().epochs) as f64;
    shown * (circuit.settling().stopping.max_steps() as f64 + LEARNING) * of_update(circuit)
}

/// Seconds an operation takes here, from a few updates on images of the study, with synapses that nobody trained.
pub(super) fn pace(circuit: &Arc<Circuit>, data: &Dataset) -> Result<f64, evaluation::MeasureError> {
    let images = data.test_or_train();
    let rows: Vec<usize> = (0..images.count().min(TRIED_IMAGES)).collect();
    let episode: Episode = evaluation::episode(circuit, images, &rows, Show::ImagesOnly)?;
    let mut network = Network::new(Arc::clone(circuit), 0);
    let settling = Settling { stopping: Stopping::Steps(TRIED), ..circuit.settling().clone() };
    let mut settler = Settler::new();
    let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::default() };
    // The first settle fetches storage and threads, which later ones have.
    let mut once = || -> Result<f64, SettleError> {
        let started = Instant::now();
        match settler.settle(&mut network, &episode, &settling, options) {
            Ok(_) | Err(SettleError::NotFinite { .. }) => Ok(started.elapsed().as_secs_f64()),
            Err(other) => Err(other),
        }
    };
    once()?;
    let seconds = once()?;
    Ok(seconds / (of_update(circuit) * (TRIED * rows.len()).max(1) as f64).max(1.0))
}
