//! What completions, latents, embeddings and compositions are made of, on circuits small enough to check by hand.

use gncn::circuit::Circuit;
use gncn::data::{Images, Pixels, Reading};
use gncn::evaluation::{balanced, complete, compose, embed, fields, latents, masked_error, predictors, top_layer};
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::rng;
use rand_distr::{Distribution, StandardNormal};
use std::sync::Arc;

const CIRCUIT: &str = r#"Circuit(name: "small", layers: {
    "z0": (size: 6, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
    "z1": (size: 4, activation: Relu, beta: 0.2),
    "z2": (size: 3, beta: 0.2),
}, projections: [
    (from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Transposed),
    (from: "z2", to: "z0", feedback: Silent),
], init: Gaussian(sd: 0.8), settling: (steps: 60))"#;

fn network() -> Network {
    Network::new(Arc::new(Circuit::parse(CIRCUIT.as_bytes()).expect("a sound circuit")), 4)
}

/// Images of 3x2 pixels with labels.
fn images(count: usize) -> Images {
    let pixels: Vec<f32> = (0..count * 6).map(|i| f32::from(u8::from(i * 5 % 7 < 3))).collect();
    let labels = (0..count).map(|i| u8::from(i % 5 == 0)).collect();
    let images = Images::new(Pixels::Real(pixels), Some(labels), (3, 2), "test").expect("images");
    images.with_reading(Reading::Grey, "test").expect("grey")
}

#[test]
fn a_completion_keeps_what_is_shown_and_moves_what_is_hidden() {
    let (mut network, images, rows) = (network(), images(7), [0, 2, 5, 6]);
    let settling = network.circuit().settling().clone();
    let completed = complete(&mut network, &images, &rows, &settling).expect("it settles");
    assert_eq!(completed.images, images.matrix(&rows));
    for i in 0..rows.len() {
        // Of a row of three pixels the first one is the left half.
        assert_eq!(completed.observed.row(i), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        let mut error = 0.0;
        for pixel in 0..6 {
            let (x, z) = (completed.images.row(i)[pixel], completed.settled.row(i)[pixel]);
            match pixel % 3 {
                0 => assert_eq!(x, z, "image {i}, pixel {pixel}"),
                _ => {
                    assert!(z > 0.0 && z < 1.0, "image {i}: a hidden pixel moves towards its prediction, not to {z}");
                    error += f64::from(x - z).powi(2);
                }
            }
        }
        assert!((completed.squared_errors()[i] - error).abs() < 1e-12);
    }
    let mean = completed.squared_errors().iter().sum::<f64>() / rows.len() as f64;
    let measured = masked_error(&mut network, &images, &rows, &settling, |_| {}).expect("it settles");
    assert!((measured - mean).abs() < 1e-12, "{measured} against {mean}");
}

#[test]
fn balanced_images_have_as_many_of_each_class_as_there_are() {
    let images = images(100);
    let rows: Vec<usize> = (0..90).collect();
    let ones = |chosen: &[usize]| chosen.iter().filter(|row| *row % 5 == 0).count();
    let chosen = balanced(&images, &rows, 30, 1);
    assert_eq!((chosen.len(), ones(&chosen)), (30, 15));
    assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]) && chosen.iter().all(|row| *row < 90));
    // There are 18 of one class, so the other one fills up.
    let chosen = balanced(&images, &rows, 60, 1);
    assert_eq!((chosen.len(), ones(&chosen)), (60, 18));
    assert_eq!(balanced(&images, &rows, 1000, 1), rows);
    assert_ne!(balanced(&images, &rows, 30, 1), balanced(&images, &rows, 30, 2));
}

#[test]
fn an_image_is_the_sum_of_what_its_neurons_add() {
    let (mut network, images, rows) = (network(), images(5), [1, 3]);
    let settling = network.circuit().settling().clone();
    let circuit = Arc::clone(network.circuit());
    let names: Vec<_> =
        predictors(&circuit).expect("an image").iter().map(|id| circuit.layer(*id).name().to_owned()).collect();
    assert_eq!(names, ["z1", "z2"]);
    let (z1, z2) = (circuit.find("z1").expect("z1"), circuit.find("z2").expect("z2"));
    assert_eq!(top_layer(&circuit), Ok(z2));
    let (field, other) = (fields(&network, z1).expect("it predicts"), fields(&network, z2).expect("it predicts"));
    assert_eq!(field, network.tensors()["z1_to_z0.generative"].transposed());
    let parts = compose(&mut network, (z1, &field), &images, &rows, &settling, 4).expect("it settles");
    let [first, second] =
        [z1, z2].map(|layer| latents(&mut network, layer, &images, &rows, &settling, |_| {}).expect("it settles"));
    for (i, part) in parts.iter().enumerate() {
        assert!(part.strongest.windows(2).all(|pair| pair[0].1.abs() >= pair[1].1.abs()), "{part:?}");
        for (neuron, activity) in &part.strongest {
            assert_eq!(first.row(i)[*neuron], *activity);
        }
        for pixel in 0..6 {
            let rest: f32 = (0..3).map(|k| second.row(i)[k] * other.row(k)[pixel]).sum();
            let output = 1.0 / (1.0 + (-part.superposition[pixel] - rest).exp());
            assert!((output - part.output[pixel]).abs() < 1e-5, "{output} against {}", part.output[pixel]);
        }
    }
}

#[test]
fn an_embedding_keeps_clouds_apart_and_follows_from_its_seed() {
    let mut rng = rng::stream(1, "clouds");
    let points = Matrix::from_fn(90, 8, |i, j| {
        let noise: f32 = StandardNormal.sample(&mut rng);
        noise + if j % 3 == i % 3 { 12.0 } else { 0.0 }
    });
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| embed(&points, seed).expect("a thread"))
    };
    let places = with(1, 5);
    assert_eq!(places, with(3, 5));
    assert_ne!(places, with(1, 6));
    let distance = |i: usize, j: usize| (places[i][0] - places[j][0]).hypot(places[i][1] - places[j][1]);
    let is_nearest = |i: usize| {
        let others = (0..90).filter(|j| *j != i);
        others.min_by(|a, b| distance(i, *a).total_cmp(&distance(i, *b))).is_some_and(|j| j % 3 == i % 3)
    };
    assert!((0..90).all(is_nearest), "the nearest neighbour of each point is of its own cloud");
}
