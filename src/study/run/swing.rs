//! Oscillation: how the mean activity of a layer swings while it settles.
//!
//! Someone who watches firings keeps the mean over neurons of `φ(z)`, image by image. Where it turns, by more than
//! [`FAINT`] of all that it ever moves, is told by its turning points: a damped swing `exp(−σt) cos(ωt)` turns every π/ω,
//! whatever σ is, so that frequencies need no window and no long record.

use crate::circuit::wiring::PopulationId;
use crate::circuit::{Circuit, Clock, Schedule};
use crate::executor::{Observed, Observer};
use std::sync::{Mutex, PoisonError};

/// Turns that are smaller than this share of the whole range are none.
const FAINT: f64 = 0.01;

/// Turns that make a swing: a whole cycle lies between the first and the third.
const TURNS: usize = 3;

/// Watches one state population: the mean activity over its neurons after each firing.
#[derive(Debug)]
pub(super) struct MeanActivity {
    population: PopulationId,
    samples: usize,
    /// By firing, then by sample.
    means: Mutex<Vec<Vec<f64>>>,
}

impl MeanActivity {
    pub(super) fn of(population: PopulationId, samples: usize) -> Self {
        Self { population, samples, means: Mutex::default() }
    }

    /// Whom it watches.
    pub(super) fn population(&self) -> PopulationId {
        self.population
    }

    /// The series of each sample, one value for each firing.
    pub(super) fn series(&self) -> Vec<Vec<f64>> {
        let means = self.means.lock().unwrap_or_else(PoisonError::into_inner);
        (0..self.samples).map(|sample| means.iter().map(|firing| firing[sample]).collect()).collect()
    }
}

impl Observer for MeanActivity {
    fn fired(&self, firing: &Observed<'_>) {
        let Some(activity) = firing.activity.filter(|_| firing.population == self.population) else { return };
        let mut means = self.means.lock().unwrap_or_else(PoisonError::into_inner);
        let at = firing.number.saturating_sub(1) as usize;
        if means.len() <= at {
            means.resize_with(at + 1, || vec![0.0; self.samples]);
        }
        for (row, sample) in firing.samples.clone().enumerate() {
            let sum: f64 = activity.row(row).iter().map(|a| f64::from(*a)).sum();
            means[at][sample] = sum / activity.cols().max(1) as f64;
        }
    }
}

/// How a series swings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Swing {
    /// Cycles a firing.
    pub(super) frequency: f64,
    /// Half the way between two turns in a row, where that is longest.
    pub(super) amplitude: f64,
    /// What the way between turns is multiplied by from one half cycle to the next: below 1 the swing is damped.
    pub(super) decay: f64,
}

impl Swing {
    /// The swing of a series; `None` where it turns less than three times, or is not finite.
    pub(super) fn of(series: &[f64]) -> Option<Self> {
        let turns = turns(series)?;
        let (first, last) = (turns.first()?, turns.last()?);
        if turns.len() < TURNS {
            return None;
        }
        let halves = (turns.len() - 1) as f64;
        let ways: Vec<f64> = turns.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).collect();
        let (begun, ended) = (ways.first()?, ways.last()?);
        Some(Self {
            frequency: halves / (2.0 * (last.0 - first.0)),
            amplitude: ways.iter().copied().fold(0.0, f64::max) / 2.0,
            decay: (ended / begun).powf(1.0 / (halves - 1.0)),
        })
    }
}

/// Where a series turns, and how high it is there: each the top of the parabola through three points.
fn turns(series: &[f64]) -> Option<Vec<(f64, f64)>> {
    let (low, high) = series.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let faint = (high - low) * FAINT;
    if !faint.is_finite() || faint <= 0.0 {
        return None;
    }
    let (mut out, mut best, mut rising) = (Vec::new(), 0, None);
    for (at, value) in series.iter().enumerate() {
        let is_ahead = match rising {
            Some(true) => *value > series[best],
            Some(false) => *value < series[best],
            None => false,
        };
        if is_ahead {
            best = at;
        } else if (value - series[best]).abs() > faint {
            if rising.is_some() {
                out.push(top(series, best));
            }
            (rising, best) = (Some(*value > series[best]), at);
        }
    }
    Some(out)
}

/// The top of the parabola through a point and its neighbours.
fn top(series: &[f64], at: usize) -> (f64, f64) {
    let (Some(before), Some(after)) = (at.checked_sub(1).map(|i| series[i]), series.get(at + 1)) else {
        return (at as f64, series[at]);
    };
    let (slope, bend) = ((after - before) / 2.0, after - 2.0 * series[at] + before);
    if bend == 0.0 {
        return (at as f64, series[at]);
    }
    let shift = (-slope / bend).clamp(-1.0, 1.0);
    (at as f64 + shift, series[at] + slope * shift + bend * shift * shift / 2.0)
}

/// Ticks from one firing of a layer's states to the next: 2 where no clock says otherwise, as in lock-step.
pub(super) fn period(circuit: &Circuit, population: PopulationId) -> f64 {
    let Schedule::VirtualTime(time) = &circuit.settling().schedule else { return Clock::default().period as f64 };
    let own = time.clocks.iter().find(|(id, _)| *id == population).map(|(_, clock)| *clock);
    own.or(time.clock).unwrap_or_default().period as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damped_swing_has_its_frequency_and_its_decay() {
        for (omega, sigma) in [(0.06, 0.005), (0.3, 0.02), (0.06, -0.002)] {
            let series: Vec<f64> =
                (0..400).map(f64::from).map(|t| 3.0 + (-sigma * t).exp() * (omega * t).cos()).collect();
            let swing = Swing::of(&series).expect("it swings");
            let expected = omega / std::f64::consts::TAU;
            assert!((swing.frequency / expected - 1.0).abs() < 0.01, "{swing:?}, {expected}");
            let decay = (-sigma * std::f64::consts::PI / omega).exp();
            assert!((swing.decay / decay - 1.0).abs() < 0.02, "{swing:?}, {decay}");
        }
    }

    #[test]
    fn what_only_rises_and_what_overshoots_once_do_not_swing() {
        let rise: Vec<f64> = (0..100).map(|t| 1.0 - (-f64::from(t) / 9.0).exp()).collect();
        assert_eq!(Swing::of(&rise), None);
        assert_eq!(Swing::of(&[0.0, 1.0, 2.0, 1.5, 1.5]), None);
        assert_eq!(Swing::of(&[1.0; 9]), None);
        assert_eq!(Swing::of(&[0.0, f64::NAN, 1.0]), None);
        assert_eq!(Swing::of(&[]), None);
    }
}
