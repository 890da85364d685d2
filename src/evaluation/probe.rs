//! Probes: what chosen neurons hold after each firing of their population.
//!
//! Someone who watches firings keeps the values of those neurons, for every sample. How much is kept is bounded before the
//! run begins: every k-th firing, the last n of these, and never more than [`MOST_ROWS`] values. Which firings these are
//! depends on their numbers alone, so that the rows are the same for any number of threads.

use crate::circuit::Circuit;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::executor::{Observed, Observer};
use crate::matrix::Matrix;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Rows that are kept at the most: one for each firing, sample and neuron.
pub const MOST_ROWS: usize = 1 << 21;

/// Neurons of one population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The population.
    pub population: PopulationId,
    /// Its neurons, from 0.
    pub neurons: Range<usize>,
}

/// Which firings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeOptions {
    /// Every so many firings of a population, beginning with its first; at least 1.
    pub every: usize,
    /// The last so many of these; all where it is `None`.
    pub last: Option<usize>,
}

impl Default for ProbeOptions {
    /// Every firing.
    fn default() -> Self {
        Self { every: 1, last: None }
    }
}

/// One row of what was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeRow {
    /// Who fired.
    pub population: PopulationId,
    /// The population's own count of firings, from 1; in lock-step the step.
    pub firing: u64,
    /// Which sample of the batch.
    pub sample: usize,
    /// Which neuron.
    pub neuron: usize,
    /// `z` and `φ(z)` of a state population, `μ` and `e` of an error population.
    pub values: [f32; 2],
}

/// Values by firing and first sample of a part of the batch.
type KeptValues = BTreeMap<(u64, usize), Vec<[f32; 2]>>;

/// Watches a run and keeps what its probes say. Samples of a firing may come in parts, and from several threads.
#[derive(Debug)]
pub struct ProbeRecorder {
    probes: Vec<Probe>,
    every: u64,
    /// Kept firings of each probe, at the most.
    last: u64,
    /// By probe: what is held, and the newest firing.
    held: Vec<Mutex<(KeptValues, u64)>>,
}

impl Probe {
    /// The probe of a text: `z1` for all neurons of a population, `z1:7` for one, `z1:0..20` for those from 0 to 19;
    /// `z1.error` is the error population of `z1`.
    ///
    /// # Errors
    /// A sentence that names the populations or the neurons that there are.
    pub fn parse(text: &str, circuit: &Circuit, wiring: &Wiring) -> Result<Self, String> {
        let (name, range) = text.rsplit_once(':').map_or((text, None), |(name, range)| (name, Some(range)));
        let population = wiring.find(name).ok_or_else(|| {
            let known = wiring.populations.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("there is no population \"{name}\"; there are {known}")
        })?;
        let size = circuit.layer(wiring.population(population).layer).size();
        let Some(range) = range else { return Ok(Self { population, neurons: 0..size }) };
        let number = |text: &str| text.trim().parse::<usize>().ok();
        let neurons = match range.split_once("..") {
            Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| from..to),
            None => number(range).and_then(|neuron| Some(neuron..neuron.checked_add(1)?)),
        };
        let neurons = neurons.ok_or_else(|| {
            format!(
                "\"{range}\" names no neurons; write \"{name}:0..20\" for the first twenty, or \"{name}:7\" for one"
            )
        })?;
        if neurons.is_empty() || neurons.end > size {
            return Err(format!("\"{range}\" names no neurons of \"{name}\", which has those from 0 to {}", size - 1));
        }
        Ok(Self { population, neurons })
    }
}

impl ProbeRecorder {
    /// A recorder for a batch of `samples`.
    ///
    /// # Errors
    /// A sentence where one firing alone has more than [`MOST_ROWS`] rows.
    pub fn new(probes: Vec<Probe>, options: ProbeOptions, samples: usize) -> Result<Self, String> {
        let rows = probes.iter().map(|probe| probe.neurons.len() * samples).sum::<usize>().max(1);
        let most = MOST_ROWS / rows;
        if most == 0 {
            return Err(format!(
                "one firing has {rows} values, more than the {MOST_ROWS} that are kept; probe fewer neurons or samples"
            ));
        }
        let held = probes.iter().map(|_| Mutex::default()).collect();
        let last = options.last.map_or(most, |last| last.min(most)) as u64;
        Ok(Self { probes, every: options.every.max(1) as u64, last, held })
    }

    /// What was kept: probe by probe, firing by firing, sample by sample, neuron by neuron.
    #[must_use]
    pub fn rows(&self) -> Vec<ProbeRow> {
        let mut out = Vec::new();
        for (probe, held) in self.probes.iter().zip(&self.held) {
            let (held, _) = &*held.lock().unwrap_or_else(PoisonError::into_inner);
            for ((firing, first), values) in held {
                let rows = values.chunks(probe.neurons.len()).enumerate();
                out.extend(rows.flat_map(|(row, values)| {
                    let each = values.iter().zip(probe.neurons.clone());
                    each.map(move |(values, neuron)| ProbeRow {
                        population: probe.population,
                        firing: *firing,
                        sample: first + row,
                        neuron,
                        values: *values,
                    })
                }));
            }
        }
        out
    }

    /// How many kept firings were given up for newer ones.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        let given_up = |newest: u64| newest.saturating_sub(1) / self.every + u64::from(newest > 0);
        let of = |held: &Mutex<(KeptValues, u64)>| given_up(held.lock().unwrap_or_else(PoisonError::into_inner).1);
        self.held.iter().map(of).map(|all| all.saturating_sub(self.last)).max().unwrap_or(0)
    }
}

impl Observer for ProbeRecorder {
    fn fired(&self, firing: &Observed<'_>) {
        for (probe, held) in self.probes.iter().zip(&self.held) {
            if probe.population != firing.population || !firing.number.saturating_sub(1).is_multiple_of(self.every) {
                continue;
            }
            let pair = firing.state.zip(firing.activity).or(firing.mean.zip(firing.mismatch));
            let Some(pair) = pair else { continue };
            let (held, newest) = &mut *held.lock().unwrap_or_else(PoisonError::into_inner);
            *newest = firing.number.max(*newest);
            let oldest = newest.saturating_sub((self.last - 1).saturating_mul(self.every));
            held.retain(|(number, _), _| *number >= oldest);
            if firing.number >= oldest {
                held.insert((firing.number, firing.samples.start), values(pair, &probe.neurons));
            }
        }
    }
}

/// Values of some neurons, sample by sample.
fn values((first, second): (&Matrix, &Matrix), neurons: &Range<usize>) -> Vec<[f32; 2]> {
    let of_row = |row: usize| {
        let (first, second) = (&first.row(row)[neurons.clone()], &second.row(row)[neurons.clone()]);
        first.iter().zip(second).map(|(a, b)| [*a, *b])
    };
    (0..first.rows()).flat_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder(options: ProbeOptions) -> ProbeRecorder {
        let probe = Probe { population: PopulationId(0), neurons: 1..3 };
        ProbeRecorder::new(vec![probe], options, 2).expect("few rows")
    }

    fn tell(recorder: &ProbeRecorder, number: u64, sample: usize) {
        let state = Matrix::from_fn(1, 3, |_, j| (100 * number as usize + 10 * sample + j) as f32);
        recorder.fired(&Observed {
            population: PopulationId(0),
            number,
            samples: sample..sample + 1,
            movement: 0.0,
            state: Some(&state),
            activity: Some(&state),
            mean: None,
            mismatch: None,
        });
    }

    #[test]
    fn parts_of_a_batch_may_come_in_any_order() {
        let options = ProbeOptions { every: 2, last: Some(2) };
        let (forth, back) = (recorder(options), recorder(options));
        for number in 1..=9 {
            tell(&forth, number, 0);
            tell(&forth, number, 1);
        }
        // One thread runs ahead of the other by the whole run.
        (1..=9).for_each(|number| tell(&back, number, 1));
        (1..=9).for_each(|number| tell(&back, number, 0));
        assert_eq!(forth.rows(), back.rows());
        let rows = forth.rows();
        let keys: Vec<_> = rows.iter().map(|row| (row.firing, row.sample, row.neuron)).collect();
        assert_eq!(keys, [(7, 0, 1), (7, 0, 2), (7, 1, 1), (7, 1, 2), (9, 0, 1), (9, 0, 2), (9, 1, 1), (9, 1, 2)]);
        assert_eq!(rows[5].values, [902.0, 902.0]);
        assert_eq!(forth.given_up(), 3, "of firings 1, 3, 5, 7, 9 two are kept");
    }

    #[test]
    fn what_one_firing_alone_would_burst_is_refused() {
        let probe = Probe { population: PopulationId(0), neurons: 0..4000 };
        let refused = ProbeRecorder::new(vec![probe], ProbeOptions::default(), 1000).expect_err("too much");
        assert!(refused.contains("probe fewer"), "{refused}");
    }
}
