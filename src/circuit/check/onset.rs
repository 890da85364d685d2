//! Where states begin and what shakes them.

use super::report::{Legal, Mistakes};
use crate::circuit::file::{SettlingFile, UntilFile};
use crate::circuit::{Circuit, LayerId};
use crate::params::{LayerNoise, Start};

/// Checks the noise of a layer.
pub(super) fn noise(noise: LayerNoise, at: &str, report: &mut Mistakes<'_>) {
    if let LayerNoise::Gaussian { sd } = noise {
        report.number(&format!("{at}.sd"), sd, Legal::Positive);
    }
}

/// Checks where free states begin; which layers an episode leaves free is known in part: all without a sense are.
pub(super) fn start(start: Start, circuit: &Circuit, complete: bool, report: &mut Mistakes<'_>) {
    if let Start::Gaussian { sd } = start {
        report.number("settling.start.sd", sd, Legal::Positive);
    }
    let free: Vec<bool> = circuit.layers().map(|(_, layer)| layer.sense().is_none()).collect();
    if start == Start::Forward
        && complete
        && let Err(cycle) = circuit.downward(&free)
    {
        report.add("settling.start", going_round(circuit, &cycle));
    }
}

/// Why a downward pass is impossible.
fn going_round(circuit: &Circuit, cycle: &[LayerId]) -> String {
    let names: Vec<_> = cycle.iter().map(|id| format!("`{}`", circuit.layer(*id).name())).collect();
    format!(
        "is Forward, but {} predict each other in a circle, so that none can begin at its prediction; use Zeros or \
         Gaussian(sd: 0.1)",
        names.join(", ")
    )
}

/// Noise never comes to rest.
pub(super) fn unquiet(file: &SettlingFile, circuit: &Circuit, report: &mut Mistakes<'_>) {
    let noisy = circuit.layers().find(|(_, layer)| layer.noise() != LayerNoise::None);
    if let (Some(UntilFile::Quiet { .. }), Some((_, layer))) = (file.until, noisy) {
        let name = layer.name();
        report.add(
            "settling.until",
            format!("waits for quiet, and layer `{name}` has noise, which never comes to rest; use `steps: ...`"),
        );
    }
}
