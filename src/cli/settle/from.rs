//! Where an earlier settle ended: the states of its `--out`, and what delayed projections look back at.

use super::super::failure::Failure;
use crate::circuit::wiring::Wiring;
use crate::circuit::{Circuit, Layer};
use crate::data::npz;
use crate::executor::{Recalled, Settler, recalled};
use crate::matrix::Matrix;
use std::path::Path;

/// Lets a settler go on from the file `path`, on as many `samples`.
pub(super) fn go_on(settler: &mut Settler, circuit: &Circuit, path: &Path, samples: usize) -> Result<(), Failure> {
    let of = |layer: &Layer, kind: &str| frames(path, kind, layer, samples);
    let states = circuit.layers().map(|(_, layer)| of(layer, "state"));
    let states: Vec<Vec<Matrix>> = states.collect::<Result<_, Failure>>()?;
    let wiring = Wiring::new(circuit);
    if wiring.memory() > 0 {
        let count = states.iter().map(Vec::len).min().unwrap_or(0);
        let at = |frame: usize| states.iter().map(|layer| layer[frame].clone()).collect::<Vec<_>>();
        let mut past: Vec<Recalled> = (0..count).rev().map(|frame| recalled(circuit, &at(frame))).collect();
        let names = npz::read(path)?;
        let is_told = |layer: &Layer| names.iter().any(|(name, _)| *name == format!("past.{}", layer.name()));
        // Another settle of this circuit has written down more than its own frames.
        for delayed in &wiring.delayed {
            let id = wiring.population(delayed.link.from).layer;
            if is_told(circuit.layer(id)) {
                for (ago, activity) in of(circuit.layer(id), "past")?.into_iter().rev().enumerate() {
                    past.resize_with(past.len().max(ago + 1), Recalled::new);
                    past[ago].insert(id, activity);
                }
            }
        }
        settler.look_back_at(past);
    }
    settler.start_at(states.into_iter().filter_map(|mut frames| frames.pop()).collect());
    Ok(())
}

/// `KIND.NAME` of a layer, `[samples, neurons]` or `[frames, samples, neurons]`, frame by frame.
fn frames(path: &Path, kind: &str, layer: &Layer, samples: usize) -> Result<Vec<Matrix>, Failure> {
    let (name, size) = (layer.name(), layer.size());
    let member = format!("{kind}.{name}");
    let file = format!("{}:{member}", path.display());
    let array = npz::read_member(path, &member)?;
    let shape = array.shape().to_vec();
    let (array, frames) = array.by_frames(size).unwrap_or_else(|array| (array, 1));
    let all = array.into_matrix(true, &file)?;
    if (all.rows(), all.cols()) == (samples * frames, size) {
        return Ok((0..frames).map(|frame| all.rows_copy(frame * samples..(frame + 1) * samples)).collect());
    }
    Err(Failure::Request(format!(
        "--from: {file} is {shape:?}, but layer \"{name}\" settles on {samples} samples of {size} neurons"
    )))
}
