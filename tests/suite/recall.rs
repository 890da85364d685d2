//! The associative memory that ships: patterns that were learned whole are recalled from half of them.

use crate::properties::Dice;
use gncn::circuit::{Circuit, Learning};
use gncn::episode::Episode;
use gncn::executor::{SettleOptions, Settler};
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::params::Optimizer;
use std::path::Path;
use std::sync::Arc;

/// The largest mean squared error of a hidden value of a pattern that counts as recalled, as Tang et al. (2023) have it.
const RECALLED: f32 = 0.005;

/// The circuit that ships, at a size of 64.
fn circuit() -> Circuit {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/associative-memory.ron");
    let text = std::fs::read_to_string(path).expect("it ships").replace("(28, 28)", "(8, 8)");
    let circuit = Circuit::parse(text.as_bytes()).expect("sound");
    let learning = Learning { optimizer: Optimizer::Sgd { rate: 0.05 }, ..circuit.learning() };
    circuit.with_learning(learning).expect("sound")
}

/// How many of the first `count` patterns are recalled from their upper halves, after learning them all together.
fn recalled(patterns: &Matrix, count: usize, steps: usize) -> usize {
    let circuit = circuit();
    let shown = || Matrix::from_fn(count, patterns.cols(), |i, j| patterns.row(i)[j]);
    let episode = |data| Episode::new(&circuit, [("image".to_owned(), data)]).expect("fits");
    let (mut network, mut settler) = (Network::new(Arc::new(circuit.clone()), 0), Settler::new());
    for _ in 0..steps {
        let whole = episode(shown());
        settler.settle(&mut network, &whole, circuit.settling(), SettleOptions::default()).expect("settles");
        network.learn(settler.activities()).expect("learns");
    }
    let half = patterns.cols() / 2;
    let seen = Matrix::from_fn(count, patterns.cols(), |_, j| f32::from(u8::from(j < half)));
    let part = episode(shown()).mask(&circuit, "image", seen).expect("fits");
    let settled = settler.settle(&mut network, &part, circuit.settling(), SettleOptions::default()).expect("settles");
    assert!(settled.steps > 1 || steps == 0, "something moves, once something was learned");
    let (layer, wiring) = (circuit.find("pattern").expect("there"), network.wiring());
    let states = settler.activities().state(wiring, layer);
    let error = |row: usize| {
        let pairs = states.row(row)[half..].iter().zip(&patterns.row(row)[half..]);
        pairs.map(|(z, x)| (z - x).powi(2)).sum::<f32>() / half as f32
    };
    (0..count).filter(|row| error(*row) < RECALLED).count()
}

#[test]
fn patterns_are_recalled_from_half_of_them_until_there_are_too_many() {
    let mut dice = Dice::new("test.recall", 1);
    let drawn = dice.matrix(60, 64, 0.0, 1.0);
    let patterns = Matrix::from_fn(60, 64, |i, j| f32::from(u8::from(drawn.row(i)[j] > 0.5)));
    assert_eq!(recalled(&patterns, 8, 0), 0, "nothing is recalled before it was learned");
    assert_eq!(recalled(&patterns, 8, 800), 8);
    // More than half of a pattern has values: no linear memory can tell them apart by their halves.
    assert!(recalled(&patterns, 60, 200) < 30);
}
