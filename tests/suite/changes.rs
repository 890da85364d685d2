//! What a hand does to a settle under way, as data: each change means what the option means that it stands for.

use gncn::{
    Change, Circuit, Episode, Matrix, Measure, Network, Schedule, SettleOptions, Settled, Settler, VirtualTime,
};
use std::sync::Arc;

const CIRCUIT: &str = r#"(
    name: "hand",
    layers: {
        "x": (size: 6, sense: "x", mean: Sigmoid, likelihood: Bernoulli),
        "h": (size: 5, activation: Tanh, beta: BETA, leak: 0.01),
        "top": (size: 3, beta: 0.1),
    },
    projections: [
        (from: "h", to: "x", feedback: Learned(rate: 1.0)),
        (from: "top", to: "h", feedback: Transposed),
    ],
    init: Gaussian(sd: 0.4),
    settling: (steps: 30, schedule: VirtualTime(OPTIONS)),
)"#;

fn circuit(beta: &str, options: &str) -> Circuit {
    let text = CIRCUIT.replace("BETA", beta).replace("OPTIONS", options);
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{options}: {error}"))
}

/// The states of all layers at the end, and what is known of the way there.
fn settle(circuit: &Circuit) -> (Vec<Vec<u32>>, Settled) {
    let mut network = Network::new(Arc::new(circuit.clone()), 3);
    let wiring = Arc::clone(network.wiring());
    let shown = Matrix::from_fn(2, 6, |row, column| ((row + column) % 2) as f32);
    let episode = Episode::new(circuit, [("x".to_owned(), shown)]).unwrap();
    let options = SettleOptions { measure: Measure::EveryStep, record: true, ..SettleOptions::default() };
    let mut settler = Settler::new();
    let settled = settler.settle(&mut network, &episode, circuit.settling(), options).unwrap();
    let states = circuit.layers().map(|(id, _)| settler.activities().state(&wiring, id));
    (states.map(|state| state.as_slice().iter().map(|z| z.to_bits()).collect()).collect(), settled)
}

#[test]
fn a_change_at_the_start_is_the_option_that_it_stands_for() {
    for (change, option) in [
        (r#"Silence("h.error")"#, r#"lesions: [(population: "h.error", at: 0)]"#),
        (r#"Clock("h", (period: 6))"#, r#"clocks: {"h": (period: 6)}"#),
        (r#"Clock("h", (period: 5, phase: 3, jitter: 4))"#, r#"clocks: {"h": (period: 5, phase: 3, jitter: 4)}"#),
        (r#"Delay("h", "x.error", Uniform(0, 5))"#, r#"delays: [(from: "h", to: "x.error", delay: Uniform(0, 5))]"#),
    ] {
        let changed = settle(&circuit("0.1", &format!("seed: 4, changes: [(at: 0, change: {change})]")));
        let given = settle(&circuit("0.1", &format!("seed: 4, {option}")));
        assert_eq!(changed.0, given.0, "{change}");
        assert_eq!(changed.1.account, given.1.account, "{change}");
        assert_ne!(changed.0, settle(&circuit("0.1", "seed: 4")).0, "{change}");
    }
}

#[test]
fn another_step_size_has_the_bits_of_a_circuit_that_was_born_with_it() {
    for beta in ["0.03", "0.2", "0.0700001", "1.0"] {
        let changed = settle(&circuit("0.1", &format!(r#"changes: [(at: 0, change: Beta("h", {beta}))]"#)));
        assert_eq!(changed.0, settle(&circuit(beta, "")).0, "{beta}");
    }
}

#[test]
fn what_comes_before_a_change_knows_nothing_of_it() {
    let plain = settle(&circuit("0.1", "drop: 0.2, delay: Uniform(0, 3)")).1;
    for change in [
        r#"Beta("h", 0.5)"#,
        r#"Clock("h", (period: 1))"#,
        r#"Clock("x.error", (period: 9))"#,
        r#"Silence("h")"#,
        r#"Delay("h", "x.error", Fixed(9))"#,
        r#"Drop("x.error", "h", 0.9)"#,
    ] {
        let options = format!("drop: 0.2, delay: Uniform(0, 3), changes: [(at: 30, change: {change})]");
        let changed = settle(&circuit("0.1", &options)).1;
        let before = |settled: &Settled| {
            let firings = settled.log.as_ref().unwrap().firings.clone();
            firings.into_iter().filter(|firing| firing.tick.unwrap() < 30).collect::<Vec<_>>()
        };
        assert_eq!(before(&changed), before(&plain), "{change}");
        assert_ne!(changed.log, plain.log, "{change}");
    }
}

#[test]
fn a_faster_clock_uses_what_a_slow_one_would_have_left_unused() {
    // Until the change nobody would hear what `h` sends, because `x.error` is not due before the end.
    let options =
        r#"clocks: {"x.error": (period: 2, phase: 90)}, changes: [(at: 20, change: Clock("x.error", (period: 2)))]"#;
    let settled = settle(&circuit("0.1", options)).1;
    let log = settled.log.unwrap();
    let wiring = gncn::wiring::Wiring::new(&circuit("0.1", ""));
    let (id, _) = wiring.populations().find(|(_, p)| p.name == "x.error").unwrap();
    let first = log.firings.iter().find(|firing| firing.population == id.0).unwrap();
    assert_eq!((first.tick, first.delivered.len()), (Some(20), 10));
}

#[test]
fn a_recorded_run_with_changes_replays_to_its_bits() {
    let options = r#"seed: 7, delay: Uniform(0, 4), changes: [
        (at: 40, change: Silence("top")), (at: 10, change: Beta("h", 0.03)), (at: 20, change: Clock("h", (period: 1))),
        (at: 30, change: Drop("h", "x.error", 0.5))]"#;
    for messages in ["Dense", "Events(threshold: 0.01)"] {
        let circuit = circuit("0.1", options);
        let mut settling = circuit.settling().clone();
        settling.messages = gncn::parse_messages(messages).unwrap();
        let circuit = circuit.with_settling(settling).unwrap();
        let (states, settled) = settle(&circuit);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        settled.log.as_ref().unwrap().save(&path).unwrap();
        let mut settling = circuit.settling().clone();
        settling.schedule = Schedule::Replay(path);
        let replay = settle(&circuit.clone().with_settling(settling).unwrap());
        assert_eq!(replay.0, states, "{messages}");
        assert_eq!(replay.1.account, settled.account, "{messages}");
    }
}

#[test]
fn changes_keep_their_order_in_time_and_their_text() {
    let circuit = circuit(
        "0.1",
        r#"changes: [(at: 9, change: Silence("h")), (at: 3, change: Beta("top", 0.03)), (at: 3, change: Beta("top", 0.04))]"#,
    );
    let Schedule::VirtualTime(time) = &circuit.settling().schedule else { panic!("no virtual time") };
    let at: Vec<_> = time.changes.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [3, 3, 9]);
    assert!(matches!(time.changes[1].1, Change::Beta(_, beta) if beta == 0.04));
    let again = Circuit::parse(circuit.to_ron().as_bytes()).unwrap();
    assert_eq!(again.settling(), circuit.settling());
    assert!(
        !Circuit::parse(CIRCUIT.replace("BETA", "0.1").replace("OPTIONS", "").as_bytes())
            .unwrap()
            .to_ron()
            .contains("changes")
    );
    assert_eq!(VirtualTime::default().changes, []);
}

#[test]
fn impossible_changes_are_refused_by_name() {
    for (change, words) in [
        (r#"Beta("h.error", 0.1)"#, "an error population, which has no step size"),
        (r#"Beta("h", 1.5)"#, "at most 1"),
        (r#"Silence("hh")"#, "`h`"),
        (r#"Delay("h", "top", Fixed(1))"#, "there is no link from `h` to `top`"),
        (r#"Drop("h", "x.error", 1.0)"#, "below 1"),
        (r#"Clock("h", (period: 0))"#, "period"),
    ] {
        let text = CIRCUIT.replace("BETA", "0.1").replace("OPTIONS", &format!("changes: [(at: 1, change: {change})]"));
        let error = Circuit::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("changes[0].change"), "{change}: {error}");
    }
}
