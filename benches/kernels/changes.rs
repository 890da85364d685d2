//! What moved by more than a threshold since it was remembered, where so many per cent of the components have. Items
//! are components that are looked at.

use crate::values::sparse_values;
use crate::{M, ROWS};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gncn::kernels::sparse::List;

const THRESHOLD: f32 = 0.1;

fn run(bencher: Bencher, percent: u32, mut find: impl FnMut(&mut List, &mut [f32], &[f32])) {
    // Two batches by turns, of which that share differs by 2: whichever is remembered, the other has moved.
    let moves = sparse_values("moves", ROWS * M, percent);
    let ahead: Vec<f32> = moves.iter().map(|v| if *v == 0.0 { 0.0 } else { 2.0 }).collect();
    let (back, mut remembered, mut list) = (vec![0.0; ROWS * M], vec![0.0; ROWS * M], List::default());
    let mut turns = [&ahead, &back].into_iter().cycle();
    bencher.counter(ItemsCount::new(ROWS * M)).bench_local(|| {
        list.clear();
        let next = turns.next().expect("turns go on for ever");
        find(black_box(&mut list), black_box(&mut remembered), black_box(next));
    });
}

#[divan::bench(args = [2, 10, 50])]
fn fast(bencher: Bencher, percent: u32) {
    run(bencher, percent, |list, had, new| list.append_changes(None, THRESHOLD, had, new, M));
}

#[divan::bench(args = [2, 10, 50])]
fn slow(bencher: Bencher, percent: u32) {
    let mut found: Vec<(u32, f32)> = Vec::with_capacity(ROWS * M);
    run(bencher, percent, |_, had, new| {
        found.clear();
        for (i, (had, new)) in had.iter_mut().zip(new).enumerate() {
            if (new - *had).abs() > THRESHOLD {
                found.push(((i % M) as u32, *new));
                *had = *new;
            }
        }
    });
}
