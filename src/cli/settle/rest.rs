//! Where a circuit comes to rest: what `--fixed-point` measures distances to.

use super::super::failure::Failure;
use super::super::output;
use super::super::progress::Bar;
use crate::circuit::Stopping;
use crate::episode::Episode;
use crate::executor::{Observed, Observer, SettleError, SettleOptions, Settler, StopFlag};
use crate::matrix::Matrix;
use crate::network::Network;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Steps after which a circuit counts as one that doesn't come to rest.
const MOST: usize = 100_000;

/// How often a line tells how far it is.
const EVERY: Duration = Duration::from_secs(10);

/// Where the circuit comes to rest in lock-step on this episode: the states, by layer.
pub(super) fn fixed_point(
    network: &mut Network,
    episode: &Episode,
    stop: StopFlag,
    tolerance: f32,
) -> Result<Vec<Matrix>, Failure> {
    let mut settler = Settler::stopped_by(stop);
    settler.watch(Arc::new(RestWatch::new(tolerance)));
    let stopping = Stopping::Quiet { tolerance, max_steps: MOST };
    let settling = network.circuit().settling().in_lock_step(stopping);
    let never = |what: String| {
        let next =
            "there is no fixed point to measure a distance to; leave --fixed-point out, or give a larger TOLERANCE";
        Failure::Request(format!("--fixed-point: {what}: {next}"))
    };
    let settled = match settler.settle(network, episode, &settling, SettleOptions::default()) {
        Ok(settled) => settled,
        Err(error @ SettleError::NotFinite { .. }) => return Err(never(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    if settled.quiet != Some(true) {
        let moved = settled.movement;
        return Err(never(format!("after {MOST} synchronous steps a state still moves by {moved:e} in a step")));
    }
    output::note(&format!("fixed point: at rest after {} synchronous steps", settled.steps));
    let layers = network.circuit().layers();
    Ok(layers.map(|(id, _)| settler.activities().state(network.wiring(), id)).collect())
}

/// The legal values of `--fixed-point`.
pub(super) fn tolerance(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|v: &f32| v.is_finite() && *v > 0.0);
    value.ok_or_else(|| "a number above 0 is needed, such as 1e-5".to_owned())
}

/// Shows how far the search for rest is: a bar on a terminal, and a line every few seconds anywhere.
struct RestWatch {
    tolerance: f32,
    bar: Bar,
    seen: Mutex<RestStand>,
}

/// The step under way, the largest change in it so far, and when the last line was told.
struct RestStand {
    step: u64,
    movement: f32,
    told: Instant,
}

impl RestWatch {
    fn new(tolerance: f32) -> Self {
        let seen = Mutex::new(RestStand { step: 0, movement: 0.0, told: Instant::now() });
        Self { tolerance, bar: Bar::named("looking for rest", MOST), seen }
    }
}

impl Observer for RestWatch {
    fn fired(&self, firing: &Observed<'_>) {
        if firing.state.is_none() {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if firing.number > seen.step {
            let (step, movement) = (seen.step, seen.movement);
            if seen.told.elapsed() >= EVERY {
                seen.told = Instant::now();
                let tolerance = self.tolerance;
                self.bar.milestone(&format!(
                    "looking for rest: step {step} of at most {MOST}, a state moves by {movement:.1e}, sought {tolerance:.1e}"
                ));
            }
            self.bar.advance(usize::try_from(firing.number - step).unwrap_or_default());
            (seen.step, seen.movement) = (firing.number, 0.0);
        }
        seen.movement = seen.movement.max(firing.movement);
    }
}
