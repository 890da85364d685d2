//! Products of a batch with synapses: dense, and over lists. Items are multiply-accumulates.

use crate::values::sparse_values;
use crate::{M, N, ROWS, values};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gncn::kernels::dense;
use gncn::kernels::panels::Panels;
use gncn::kernels::sparse::{self, List};

/// `out = batch · weights`
mod dense_product {
    use super::*;

    fn run(bencher: Bencher, product: impl Fn(&mut [f32], &[f32], &[f32])) {
        let (batch, weights) = (values("batch", ROWS * N), values("weights", N * M));
        let mut out = vec![0.0; ROWS * M];
        let counted = bencher.counter(ItemsCount::new(ROWS * N * M));
        counted.bench_local(|| product(black_box(&mut out), black_box(&batch), black_box(&weights)));
    }

    #[divan::bench]
    fn fast(bencher: Bencher) {
        let panels = Panels::new(&values("weights", N * M), N, M);
        run(bencher, |out, batch, _| dense::accumulate(out, batch, &panels));
    }

    #[divan::bench]
    fn slow(bencher: Bencher) {
        run(bencher, |out, batch, weights| {
            for (out, row) in out.chunks_exact_mut(M).zip(batch.chunks_exact(N)) {
                for (j, out) in out.iter_mut().enumerate() {
                    *out = (0..N).map(|k| row[k] * weights[k * M + j]).sum();
                }
            }
        });
    }
}

/// `out[i] += Σ_j v_ij weights[j, :]` where so many per cent of the batch are not zero. Items are the terms that are
/// there, so that rates at different densities tell what one of them costs.
mod sparse_product {
    use super::*;

    fn run(bencher: Bencher, percent: u32, product: impl Fn(&mut [f32], &List, &[f32])) {
        let (batch, weights) = (sparse_values("batch", ROWS * N, percent), values("weights", N * M));
        let (mut list, mut out) = (List::default(), vec![0.0; ROWS * M]);
        list.of_nonzero(&batch, N);
        let counted = bencher.counter(ItemsCount::new(list.len() * M));
        counted.bench_local(|| product(black_box(&mut out), black_box(&list), black_box(&weights)));
    }

    #[divan::bench(args = [2, 5, 10, 20, 35, 50])]
    fn fast(bencher: Bencher, percent: u32) {
        let panels = Panels::new(&values("weights", N * M), N, M);
        run(bencher, percent, |out, list, _| sparse::accumulate(out, list, &panels));
    }

    #[divan::bench(args = [2, 5, 10, 20, 35, 50])]
    fn slow(bencher: Bencher, percent: u32) {
        run(bencher, percent, |out, list, weights| {
            for (out, (neurons, values)) in out.chunks_exact_mut(M).zip(list.samples()) {
                for (neuron, value) in neurons.iter().zip(values) {
                    let row = &weights[*neuron as usize * M..][..M];
                    out.iter_mut().zip(row).for_each(|(out, w)| *out += value * w);
                }
            }
        });
    }
}
