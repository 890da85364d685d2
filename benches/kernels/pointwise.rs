//! What happens to components one by one after a product: mismatches, lateral synapses, updates. Items are components.

use crate::{M, ROWS, values};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gncn::kernels::lateral::lateral_row;
use gncn::kernels::mismatch;
use gncn::kernels::update::{self, Pulls, UpdateRule};
use gncn::params::{Activation, Lateral, Prior};

const COLUMNS: Lateral = Lateral::Columns { size: 12, excite: 0.15, inhibit: 0.1 };
const BAND: Lateral = Lateral::Band { width: 6, excite: 0.15, inhibit: 0.1 };

/// An update of the hidden layers of GNCN-PDH, but with a leak that keeps states in bounds however often it runs.
const RULE: UpdateRule = UpdateRule {
    activation: Activation::Relu,
    derivative: false,
    beta: 0.1,
    leak: 0.5,
    prior: Prior::None,
    lateral: COLUMNS,
};

/// `μ = sigmoid(h)`, `e = t − μ`
mod mismatch_of_bernoulli {
    use super::*;

    fn run(bencher: Bencher, compare: impl Fn(&[f32], &[f32], &mut [f32], &mut [f32])) {
        let (target, drive) = (values("target", ROWS * M), values("drive", ROWS * M));
        let (mut mean, mut e) = (vec![0.0; ROWS * M], vec![0.0; ROWS * M]);
        bencher
            .counter(ItemsCount::new(ROWS * M))
            .bench_local(|| compare(black_box(&target), black_box(&drive), black_box(&mut mean), black_box(&mut e)));
    }

    #[divan::bench]
    fn fast(bencher: Bencher) {
        run(bencher, mismatch::bernoulli_sigmoid);
    }

    #[divan::bench]
    fn slow(bencher: Bencher) {
        run(bencher, |target, drive, mean, e| {
            for i in 0..target.len() {
                mean[i] = 1.0 / (1.0 + (-drive[i]).exp());
                e[i] = target[i] - mean[i];
            }
        });
    }
}

/// `V φ` in O(J), beside the dense matrix
mod lateral {
    use super::*;

    fn run(bencher: Bencher, mut lateral: impl FnMut(&[f32], &mut [f32])) {
        let (activity, mut out) = (values("activity", ROWS * M), vec![0.0; ROWS * M]);
        bencher.counter(ItemsCount::new(ROWS * M)).bench_local(|| {
            for (activity, out) in black_box(&activity).chunks_exact(M).zip(black_box(&mut out).chunks_exact_mut(M)) {
                lateral(activity, out);
            }
        });
    }

    #[divan::bench]
    fn columns_fast(bencher: Bencher) {
        run(bencher, |activity, out| lateral_row(COLUMNS, activity, out));
    }

    #[divan::bench]
    fn band_fast(bencher: Bencher) {
        run(bencher, |activity, out| lateral_row(BAND, activity, out));
    }

    #[divan::bench]
    fn any_slow(bencher: Bencher) {
        let matrix = values("lateral", M * M);
        run(bencher, |activity, out| {
            for (i, out) in out.iter_mut().enumerate() {
                *out = matrix[i * M..][..M].iter().zip(activity).map(|(v, a)| v * a).sum();
            }
        });
    }
}

/// `z ← z + β (up − e − γ z − V φ(z))`
mod update_with_columns {
    use super::*;

    fn run(bencher: Bencher, mut update: impl FnMut(&mut [f32], &Pulls<'_>)) {
        let [drive, own, activity] = ["drive", "own", "activity"].map(|name| values(name, ROWS * M));
        let mut z = vec![0.0; ROWS * M];
        let pulls = Pulls { drive: &drive, own: Some(&own), activity: &activity, observed: None };
        bencher.counter(ItemsCount::new(ROWS * M)).bench_local(|| update(black_box(&mut z), black_box(&pulls)));
    }

    #[divan::bench]
    fn fast(bencher: Bencher) {
        let mut scratch = Vec::new();
        run(bencher, |z, pulls| {
            black_box(update::update(&RULE, z, pulls, M, &mut scratch));
        });
    }

    #[divan::bench]
    fn slow(bencher: Bencher) {
        let own = |pulls: &Pulls<'_>, i: usize| pulls.own.map_or(0.0, |own| own[i]);
        run(bencher, |z, pulls| {
            let mut movement: f32 = 0.0;
            for group in (0..z.len()).step_by(12) {
                let sum: f32 = pulls.activity[group..group + 12].iter().sum();
                for i in group..group + 12 {
                    let lateral = 0.1 * (sum - pulls.activity[i]) - 0.15 * pulls.activity[i];
                    let step = RULE.beta * (pulls.drive[i] - own(pulls, i) - RULE.leak * z[i] - lateral);
                    z[i] += step;
                    movement = movement.max(step.abs());
                }
            }
            black_box(movement);
        });
    }
}
