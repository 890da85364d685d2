//! Which epoch of a training was the best, by the images held out.

use super::events::EpochMetrics;
use crate::evaluation::Measures;

/// Which weights a finished training leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Those of the last epoch.
    #[default]
    Last,
    /// Those of the epoch that was best by the images held out: of the highest accuracy where the circuit has a label, else
    /// of the lowest BCE, else of the lowest free energy. The earliest of equals.
    Best,
}

impl Keep {
    /// Why the best of these data can't be kept: `held_out` images are held out.
    #[must_use]
    pub fn problem(self, held_out: usize) -> Option<&'static str> {
        (self == Self::Best && held_out == 0).then_some(
            "--keep best: no images are held out of so few, so that no epoch is known to be the best; leave it out, or give \
             more data",
        )
    }

    /// Why a run that was started with `first` can't be asked for the best of its epochs later.
    #[must_use]
    pub fn problem_after(self, first: Self) -> Option<&'static str> {
        (self == Self::Best && first != Self::Best).then_some(
            "--keep best: the run was started without it, so that weights of its earlier epochs are gone; leave it out, or \
             start anew with --overwrite or another --out",
        )
    }
}

/// The best epoch, and by what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestEpoch {
    /// From 1.
    pub epoch: usize,
    /// `accuracy`, `BCE` or `free energy`.
    pub measure: &'static str,
    /// Its value on the images held out.
    pub value: f64,
}

impl BestEpoch {
    /// The best of some epochs; `None` where nothing was held out.
    #[must_use]
    pub fn of(epochs: &[EpochMetrics]) -> Option<Self> {
        let all = epochs.iter().filter_map(|metrics| {
            let (measure, value) = judged(metrics.validation.as_ref()?);
            Some(Self { epoch: metrics.epoch, measure, value })
        });
        // What is no number is no better than anything.
        all.filter(|epoch| !epoch.value.is_nan()).reduce(|best, next| if next.is_better(&best) { next } else { best })
    }

    fn is_better(&self, than: &Self) -> bool {
        if self.measure == ACCURACY { self.value > than.value } else { self.value < than.value }
    }
}

const ACCURACY: &str = "accuracy";

fn judged(measures: &Measures) -> (&'static str, f64) {
    match (measures.accuracy, measures.bce) {
        (Some(accuracy), _) => (ACCURACY, accuracy),
        (None, Some(bce)) => ("BCE", bce),
        (None, None) => ("free energy", measures.total_free_energy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(measures: &[Measures]) -> Vec<EpochMetrics> {
        let of = |(i, measures): (usize, &Measures)| EpochMetrics {
            epoch: i + 1,
            train_free_energy: Default::default(),
            validation: Some(measures.clone()),
            test: None,
            seconds: 0.0,
            samples_per_second: 0.0,
        };
        measures.iter().enumerate().map(of).collect()
    }

    #[test]
    fn the_earliest_of_the_best_is_kept() {
        let bce = |bce| Measures { bce: Some(bce), ..Measures::default() };
        let best = BestEpoch::of(&epochs(&[bce(3.0), bce(2.0), bce(f64::NAN), bce(2.0)])).expect("measured");
        assert_eq!((best.epoch, best.measure, best.value), (2, "BCE", 2.0));
        let accuracy = |share, bce| Measures { accuracy: Some(share), bce: Some(bce), ..Measures::default() };
        let best = BestEpoch::of(&epochs(&[accuracy(0.5, 1.0), accuracy(0.7, 9.0), accuracy(0.6, 0.1)]));
        assert_eq!(best.map(|best| best.epoch), Some(2), "a circuit with a label is to classify");
        assert_eq!(BestEpoch::of(&[]), None);
    }
}
