//! Where states begin (`start`), and what shakes them (`noise`): against closed forms and slow twins.

use gncn::Blamed;
use gncn::circuit::{Circuit, ExecutorKind, Schedule, Settling, Stopping};
use gncn::episode::Episode;
use gncn::executor::{Presentation, Purpose, SettleError, SettleOptions, Settler};
use gncn::matrix::Matrix;
use gncn::network::{Network, Tensors};
use gncn::params::{Messages, Start};
use std::sync::Arc;

fn parse(text: &str) -> Circuit {
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Two free layers above data, all linear, with noise in both.
fn langevin(beta: f32, sd: f32) -> Circuit {
    let noise = if sd > 0.0 { format!("noise: Gaussian(sd: {sd})") } else { String::new() };
    parse(&format!(
        r#"Circuit(
            name: "langevin",
            layers: {{
                "z0": (size: 3, sense: "image"),
                "z1": (size: 2, beta: {beta}, leak: 0.5, derivative: true, {noise}),
                "z2": (size: 1, beta: {beta}, leak: 0.25, derivative: true, {noise}),
            }},
            projections: [
                (from: "z1", to: "z0", feedback: Transposed),
                (from: "z2", to: "z1", feedback: Transposed),
            ],
        )"#
    ))
}

fn weights() -> Tensors {
    let w0 = Matrix::from_vec(3, 2, vec![0.6, -0.4, 0.2, 0.7, -0.5, 0.3]).unwrap();
    let w1 = Matrix::from_vec(2, 1, vec![0.8, -0.6]).unwrap();
    [("z1_to_z0.generative".to_owned(), w0), ("z2_to_z1.generative".to_owned(), w1)].into()
}

fn shown(circuit: &Circuit, rows: usize) -> Episode<'static> {
    let data = Matrix::from_fn(rows, 3, |_, j| [0.5, -1.0, 2.0][j]);
    Episode::new(circuit, [("image".to_owned(), data)]).unwrap()
}

/// States of the free layers side by side, `[rows, 3]`.
fn settled(circuit: &Circuit, episode: &Episode, settling: &Settling, options: SettleOptions) -> Vec<Vec<f32>> {
    let mut network = Network::with_weights(Arc::new(circuit.clone()), &weights()).unwrap();
    let mut settler = Settler::new();
    settler.settle(&mut network, episode, settling, options).unwrap();
    let state = |name| settler.activities().state(network.wiring(), circuit.find(name).unwrap());
    let (z1, z2) = (state("z1"), state("z2"));
    (0..episode.rows()).map(|row| [z1.row(row), z2.row(row)].concat()).collect()
}

fn steps(circuit: &Circuit, count: usize, schedule: Schedule) -> Settling {
    Settling { stopping: Stopping::Steps(count), schedule, ..circuit.settling().clone() }
}

type Three = [[f64; 3]; 3];

fn times(a: &Three, b: &Three) -> Three {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// By Gauss and Jordan.
fn inverse(mut a: Three) -> Three {
    let mut out: Three = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for i in 0..3 {
        let pivot = a[i][i];
        for j in 0..3 {
            (a[i][j], out[i][j]) = (a[i][j] / pivot, out[i][j] / pivot);
        }
        for k in (0..3).filter(|k| *k != i) {
            let factor = a[k][i];
            for j in 0..3 {
                (a[k][j], out[k][j]) = (a[k][j] - factor * a[i][j], out[k][j] - factor * out[i][j]);
            }
        }
    }
    out
}

/// `Λ` of `U = ½|x − W₀ z₁|² + ½|z₁ − W₁ z₂|² + ½ Σ γ z²`, and its pull at 0.
fn energy() -> (Three, [f64; 3]) {
    let (w0, w1) = ([[0.6, -0.4], [0.2, 0.7], [-0.5, 0.3]], [0.8, -0.6]);
    let mut lambda = [[0.0; 3]; 3];
    for i in 0..2 {
        for j in 0..2 {
            lambda[i][j] = (0..3).map(|k| w0[k][i] * w0[k][j]).sum::<f64>() + if i == j { 1.5 } else { 0.0 };
        }
        (lambda[i][2], lambda[2][i]) = (-w1[i], -w1[i]);
    }
    lambda[2][2] = w1[0] * w1[0] + w1[1] * w1[1] + 0.25;
    let pull = |i: usize| w0.iter().zip([0.5, -1.0, 2.0]).map(|(row, x)| row[i] * x).sum::<f64>();
    (lambda, [pull(0), pull(1), 0.0])
}

#[test]
fn noise_samples_the_closed_form_of_a_linear_circuit() {
    const SAMPLES: usize = 20_000;
    for (beta, sd) in [(0.25, 1.0), (0.05, 0.5)] {
        let circuit = langevin(beta, sd);
        let count = (15.0 / beta) as usize;
        let states = settled(
            &circuit,
            &shown(&circuit, SAMPLES),
            &steps(&circuit, count, Schedule::Synchronous),
            Default::default(),
        );
        let (lambda, pull) = energy();
        let narrowed: Three = std::array::from_fn(|i| {
            std::array::from_fn(|j| f64::from(u8::from(i == j)) - 0.5 * f64::from(beta) * lambda[i][j])
        });
        let expected = times(&inverse(lambda), &inverse(narrowed));
        let rest: [f64; 3] = std::array::from_fn(|i| (0..3).map(|j| inverse(lambda)[i][j] * pull[j]).sum());
        let mean: [f64; 3] =
            std::array::from_fn(|i| states.iter().map(|z| f64::from(z[i])).sum::<f64>() / SAMPLES as f64);
        let variance = f64::from(sd * sd);
        for i in 0..3 {
            // Six standard errors.
            let error = 6.0 * (variance * expected[i][i] / SAMPLES as f64).sqrt();
            assert!((mean[i] - rest[i]).abs() < error, "mean {i}: {} against {}", mean[i], rest[i]);
            for j in 0..3 {
                let product = |z: &Vec<f32>| (f64::from(z[i]) - mean[i]) * (f64::from(z[j]) - mean[j]);
                let found = states.iter().map(product).sum::<f64>() / SAMPLES as f64;
                let error = 6.0 * (expected[i][i] * expected[j][j] * 2.0 / SAMPLES as f64).sqrt() * variance;
                let expected = variance * expected[i][j];
                assert!((found - expected).abs() < error, "covariance {i} {j}: {found} against {expected}, β {beta}");
            }
        }
    }
}

#[test]
fn noise_is_that_of_its_sample_presentation_and_firing() {
    let circuit = langevin(0.1, 1.0);
    let many = shown(&circuit, 60);
    let run = |episode: &Episode, schedule: Schedule, presentation| {
        let options = SettleOptions { presentation, ..SettleOptions::default() };
        settled(&circuit, episode, &steps(&circuit, 7, schedule), options)
    };
    let of_run = Presentation::of_run;
    let lockstep = run(&many, Schedule::Synchronous, of_run(3));
    for executor in ["Bounded(staleness: 0)", "VirtualTime()"] {
        assert_eq!(lockstep, run(&many, Schedule::parse(executor, &circuit).unwrap(), of_run(3)), "{executor}");
    }
    assert_eq!(lockstep[0], run(&shown(&circuit, 1), Schedule::Synchronous, of_run(3))[0], "a sample alone");
    assert_ne!(lockstep[0], lockstep[1], "samples");
    assert_ne!(lockstep, run(&many, Schedule::Synchronous, of_run(4)), "seeds");
    assert_ne!(lockstep, run(&many, Schedule::Synchronous, of_run(3).at(Purpose::Settling, 0, 1)), "batches");
    assert_ne!(lockstep, run(&many, Schedule::Synchronous, of_run(3).at(Purpose::Settling, 1, 0)), "epochs");
    // A mask takes the noise of what is observed away, and leaves the rest as it is.
    let calm =
        settled(&langevin(0.1, 0.0), &many, &steps(&circuit, 1, Schedule::Synchronous), SettleOptions::default());
    let once = settled(&circuit, &many, &steps(&circuit, 1, Schedule::Synchronous), SettleOptions::default());
    let draws: Vec<f64> = calm.iter().flatten().zip(once.iter().flatten()).map(|(a, b)| f64::from(b - a)).collect();
    let variance = draws.iter().map(|d| d * d).sum::<f64>() / draws.len() as f64;
    assert!((variance - 0.2).abs() < 0.15, "2 β is {variance}");
}

#[test]
fn a_replay_has_the_noise_of_its_run() {
    let circuit = langevin(0.1, 0.5);
    let episode = shown(&circuit, 5);
    let path = std::env::temp_dir().join(format!("gncn-noise-{}.log", std::process::id()));
    let mut network = Network::with_weights(Arc::new(circuit.clone()), &weights()).unwrap();
    let states = |settler: &Settler, network: &Network| {
        circuit.layers().map(|(id, _)| settler.activities().state(network.wiring(), id)).collect::<Vec<_>>()
    };
    for schedule in ["Free", "VirtualTime(seed: 5, delay: Uniform(0, 3), drop: 0.1)"] {
        let mut settler = Settler::new();
        let options = SettleOptions { record: true, presentation: Presentation::of_run(9), ..SettleOptions::default() };
        let settling = steps(&circuit, 8, Schedule::parse(schedule, &circuit).unwrap());
        let run = settler.settle(&mut network, &episode, &settling, options).unwrap();
        let before = states(&settler, &network);
        run.log.unwrap().save(&path).unwrap();
        // Another seed: the log says what was drawn.
        let settling = steps(&circuit, 8, Schedule::Replay(path.clone()));
        settler.settle(&mut network, &episode, &settling, SettleOptions::default()).unwrap();
        assert_eq!(before, states(&settler, &network), "{schedule}");
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn noise_knows_no_quiet() {
    let circuit = langevin(0.1, 0.5);
    let settling =
        Settling { stopping: Stopping::Quiet { tolerance: 1e-3, max_steps: 10 }, ..circuit.settling().clone() };
    let mut network = Network::new(Arc::new(circuit.clone()), 1);
    let refused = Settler::new().settle(&mut network, &shown(&circuit, 1), &settling, SettleOptions::default());
    assert!(matches!(&refused, Err(error @ SettleError::Onset { .. }) if error.is_request()), "{refused:?}");
    assert!(circuit.with_settling(settling).unwrap_err().to_string().contains("noise"));
}

/// Steps so small that states stay where they began.
fn still() -> Circuit {
    parse(
        r#"Circuit(
            name: "still",
            layers: {
                "x": (size: 4, sense: "x", mean: Sigmoid, likelihood: Bernoulli),
                "a": (size: 3, activation: Tanh, mean: Relu, beta: 1e-9),
                "b": (size: 2, activation: Relu, beta: 1e-9),
                "c": (size: 3, sense: "c", beta: 1e-9),
            },
            projections: [
                (from: "a", to: "x", feedback: Transposed),
                (from: "b", to: "a", feedback: Learned(rate: 1.0)),
                (from: "c", to: "a", feedback: Silent),
                (from: "c", to: "x", feedback: Silent),
                (from: "c", to: "b", feedback: Transposed),
            ],
            init: Gaussian(sd: 0.7),
        )"#,
    )
}

/// Where the layers are after an update that moves nothing.
fn begun(circuit: &Circuit, network: &mut Network, episode: &Episode, settling: &Settling) -> Vec<Matrix> {
    let mut settler = Settler::new();
    settler.settle(network, episode, settling, SettleOptions::default()).unwrap();
    circuit.layers().map(|(id, _)| settler.activities().state(network.wiring(), id)).collect()
}

#[test]
fn forward_begins_at_predictions_from_the_top() {
    let circuit = still();
    let mut network = Network::new(Arc::new(circuit.clone()), 5);
    let tensors = network.tensors();
    let rows = 60;
    let value = |row: usize, i: usize| ((row * 3 + i * 5) % 7) as f32 / 7.0;
    let (x, c) = (Matrix::from_fn(rows, 4, value), Matrix::from_fn(rows, 3, |row, i| value(i, row) - 0.5));
    let seen = Matrix::from_fn(rows, 4, |row, i| ((row + i) % 2) as f32);
    let given = [("x".to_owned(), x.clone()), ("c".to_owned(), c.clone())];
    let masked = Episode::new(&circuit, given).unwrap().mask(&circuit, "x", seen.clone()).unwrap();
    let released = Episode::new(&circuit, [("x".to_owned(), x.clone())]).unwrap();
    for schedule in ["Synchronous", "Bounded(staleness: 1)", "Free", "VirtualTime(until: 3)"] {
        for messages in [Messages::Dense, Messages::events(0.01)] {
            for (episode, shows_c) in [(&masked, true), (&released, false)] {
                let schedule = Schedule::parse(schedule, &circuit).unwrap();
                let settling = Settling { start: Start::Forward, messages, ..steps(&circuit, 1, schedule) };
                let found = begun(&circuit, &mut network, episode, &settling);
                for row in 0..rows {
                    let c: Vec<f32> = if shows_c { c.row(row).to_vec() } else { vec![0.0; 3] };
                    let product = |name: &str, a: &[f32], i: usize| -> f32 {
                        tensors[name].row(i).iter().zip(a).map(|(w, a)| w * a).sum()
                    };
                    let b: Vec<f32> = (0..2).map(|i| product("c_to_b.generative", &c, i)).collect();
                    let sent: Vec<f32> = b.iter().map(|v| v.max(0.0)).collect();
                    let a = |i| product("b_to_a.generative", &sent, i) + product("c_to_a.generative", &c, i);
                    let a: Vec<f32> = (0..3).map(|i| a(i).max(0.0)).collect();
                    let sent: Vec<f32> = a.iter().map(|v| v.tanh()).collect();
                    let drive = |i| product("a_to_x.generative", &sent, i) + product("c_to_x.generative", &c, i);
                    let free = |i: usize| shows_c && seen.row(row)[i] == 0.0;
                    let of_x = |i| if free(i) { 1.0 / (1.0 + (-drive(i)).exp()) } else { x.row(row)[i] };
                    let x: Vec<f32> = (0..4).map(of_x).collect();
                    for (found, expected) in found.iter().zip([x, a, b, c]) {
                        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 5e-6;
                        assert!(found.row(row).iter().zip(&expected).all(near), "{found:?} {expected:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn gaussian_begins_at_draws_of_their_own_for_each_sample() {
    let circuit = still();
    let mut network = Network::new(Arc::new(circuit.clone()), 5);
    let x = |rows| Episode::new(&circuit, [("x".to_owned(), Matrix::from_fn(rows, 4, |_, _| 1.0))]).unwrap();
    let settling = Settling { start: Start::Gaussian { sd: 0.3 }, ..steps(&circuit, 1, Schedule::Synchronous) };
    let many = begun(&circuit, &mut network, &x(4000), &settling);
    assert!(many[0].as_slice().iter().all(|v| *v == 1.0), "data hold");
    for z in &many[1..] {
        let (count, values) = (z.as_slice().len() as f64, z.as_slice().iter().map(|v| f64::from(*v)));
        let square = values.clone().map(|v| v * v).sum::<f64>() / count;
        assert!((square.sqrt() - 0.3).abs() < 0.02 && (values.sum::<f64>() / count).abs() < 0.02);
    }
    let one = begun(&circuit, &mut network, &x(1), &settling);
    assert!(many.iter().zip(&one).all(|(many, one)| many.row(0) == one.row(0)));
}

#[test]
fn last_goes_on_where_the_episode_before_ended() {
    let circuit = langevin(0.1, 0.0);
    let mut network = Network::with_weights(Arc::new(circuit.clone()), &weights()).unwrap();
    let episode = shown(&circuit, 4);
    let mut settle = |settler: &mut Settler, count, start| {
        let settling = Settling { start, ..steps(&circuit, count, Schedule::Synchronous) };
        settler.settle(&mut network, &episode, &settling, SettleOptions::default()).unwrap();
        settler.activities().states(network.wiring())
    };
    let whole = settle(&mut Settler::new(), 12, Start::Zeros);
    let mut settler = Settler::new();
    settle(&mut settler, 5, Start::Last);
    assert_eq!(whole, settle(&mut settler, 7, Start::Last));
    let mut settler = Settler::new();
    let before = settle(&mut settler, 5, Start::Zeros);
    settler.start_at(before);
    assert_eq!(whole, settle(&mut settler, 7, Start::Last), "from outside");
    assert_ne!(whole, settle(&mut settler, 7, Start::Zeros));
}

#[test]
fn a_circle_of_free_layers_has_no_forward() {
    let text = |start: &str, sense: &str| {
        format!(
            r#"Circuit(
                name: "circle",
                layers: {{
                    "x": (size: 2, sense: "x"),
                    "a": (size: 2, beta: 0.1, {sense}),
                    "b": (size: 2, beta: 0.1),
                }},
                projections: [
                    (from: "a", to: "x", feedback: Transposed),
                    (from: "a", to: "b", feedback: Transposed),
                    (from: "b", to: "a", feedback: Transposed),
                ],
                settling: (start: {start}, executor: Threads),
            )"#
        )
    };
    let error = Circuit::parse(text("Forward", "").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("`a`, `b` predict each other"), "{error}");
    let circuit = parse(&text("Forward", "sense: \"a\""));
    assert_eq!((circuit.settling().start, circuit.settling().executor), (Start::Forward, ExecutorKind::Threads));
    let data = || Matrix::from_fn(1, 2, |_, i| i as f32);
    let mut network = Network::new(Arc::new(circuit.clone()), 1);
    let mut run = |episode: Episode| {
        Settler::new().settle(&mut network, &episode, circuit.settling(), SettleOptions::default()).map(|_| ())
    };
    run(Episode::new(&circuit, [("x".to_owned(), data()), ("a".to_owned(), data())]).unwrap()).expect("a is held");
    let error = run(Episode::new(&circuit, [("x".to_owned(), data())]).unwrap()).expect_err("a is free").to_string();
    assert!(error.contains("\"a\", \"b\", which predict each other in a circle"), "{error}");
}
