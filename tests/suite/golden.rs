//! The golden cases: settling and one learning step against an independent NumPy reference in float64.
//! They are re-made only on purpose; what breaks this test has changed the meaning of a circuit.

use gncn::circuit::Circuit;
use gncn::data::npz;
use gncn::episode::Episode;
use gncn::executor::{Measure, SettleOptions, Settler};
use gncn::matrix::Matrix;
use gncn::network::Network;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One case of `tests/golden`.
pub(crate) struct Case {
    pub(crate) name: String,
    folder: PathBuf,
    arrays: Vec<(String, Matrix)>,
}

impl Case {
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let mut folders: Vec<_> =
            std::fs::read_dir(root).expect("golden cases").map(|e| e.expect("entry").path()).collect();
        // Those of frames have their own test.
        folders.retain(|folder| folder.join("arrays.npz").is_file());
        folders.sort();
        folders.into_iter().map(Self::open).collect()
    }

    fn open(folder: PathBuf) -> Self {
        let arrays = npz::read(&folder.join("arrays.npz")).expect("arrays.npz");
        let arrays = arrays.into_iter().map(|(name, array)| {
            let matrix = array.into_matrix(true, &name).expect("a matrix or a vector");
            (name, matrix)
        });
        Self {
            name: folder.file_name().expect("name").to_string_lossy().into_owned(),
            arrays: arrays.collect(),
            folder,
        }
    }

    pub(crate) fn circuit(&self, file: &str) -> Circuit {
        Circuit::load(self.folder.join(file)).expect("a golden circuit is sound")
    }

    pub(crate) fn network(&self, circuit: &Circuit) -> Network {
        let weights = gncn::checkpoint::weights::load(&self.folder.join("weights.safetensors")).expect("weights");
        Network::with_weights(Arc::new(circuit.clone()), &weights).expect("weights fit")
    }

    pub(crate) fn episode(&self, circuit: &Circuit) -> Episode<'static> {
        let inputs = circuit.senses().map(|(sense, _)| {
            let path = self.folder.join(format!("input.{sense}.npy"));
            (sense.to_owned(), gncn::data::read_matrix(&path).expect("input"))
        });
        Episode::new(circuit, inputs).expect("inputs fit")
    }

    /// The populations of the first firings in virtual time, tick by tick.
    pub(crate) fn first_firings(&self) -> Vec<Vec<String>> {
        let text = std::fs::read(self.folder.join("case.json")).expect("case.json");
        let case: serde_json::Value = serde_json::from_slice(&text).expect("json");
        let ticks = case["virtual"]["first_firings"].as_array().expect("ticks");
        let names = |tick: &serde_json::Value| serde_json::from_value(tick[1].clone()).expect("names");
        ticks.iter().map(names).collect()
    }

    /// The expected arrays under a prefix such as `state.`, without it; there is at least one.
    pub(crate) fn expected(&self, prefix: &str) -> Vec<(&str, &Matrix)> {
        let found: Vec<_> = self.arrays.iter().filter_map(|(name, m)| Some((name.strip_prefix(prefix)?, m))).collect();
        assert!(!found.is_empty(), "{}: no {prefix}*", self.name);
        found
    }

    /// Every expected array under a prefix within `tolerance` of what `found` gives for its name.
    pub(crate) fn compare(&self, prefix: &str, tolerance: f32, found: impl Fn(&str) -> Matrix) {
        for (name, expected) in self.expected(prefix) {
            let found = found(name);
            assert_eq!(found.as_slice().len(), expected.as_slice().len(), "{}: {prefix}{name}", self.name);
            let pairs = found.as_slice().iter().zip(expected.as_slice());
            let far = pairs.map(|(f, e)| (f - e).abs()).fold(0.0, f32::max);
            assert!(far <= tolerance, "{}: {prefix}{name} is off by {far}", self.name);
        }
    }
}

#[test]
fn settling_matches_the_reference() {
    for case in Case::all() {
        let circuit = case.circuit("circuit.ron");
        let mut network = case.network(&circuit);
        let mut settler = Settler::new();
        let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::default() };
        let settled =
            settler.settle(&mut network, &case.episode(&circuit), circuit.settling(), options).expect("settles");
        let (activities, wiring) = (settler.activities(), network.wiring());
        let layer = |name: &str| circuit.find(name).expect("layer");
        case.compare("state.", 5e-6, |name| activities.state(wiring, layer(name)));
        case.compare("mean.", 5e-6, |name| activities.mean(wiring, layer(name)).expect("predicted"));
        case.compare("error.", 5e-6, |name| activities.mismatch(wiring, layer(name)).expect("predicted"));
        for (name, expected) in case.expected("energy.") {
            let id = wiring.error_of(layer(name)).expect("predicted");
            let column = settled.energies.populations.iter().position(|p| *p == id).expect("measured");
            assert_eq!(settled.energies.sums.len(), expected.as_slice().len());
            for (step, (sums, expected)) in settled.energies.sums.iter().zip(expected.as_slice()).enumerate() {
                let off = (sums[column] - f64::from(*expected)).abs() / f64::from(expected.abs()).max(1e-6);
                assert!(off <= 1e-4, "{}: energy.{name} at step {step} is off by {off} relative", case.name);
            }
        }
    }
}

#[test]
fn one_learning_step_matches_the_reference() {
    for case in Case::all() {
        let circuit = case.circuit("circuit.ron");
        let mut network = case.network(&circuit);
        let mut settler = Settler::new();
        settler
            .settle(&mut network, &case.episode(&circuit), circuit.settling(), SettleOptions::default())
            .expect("settles");
        network.learn(settler.activities()).expect("learns");
        let learned = network.tensors();
        case.compare("learned.", 5e-6, |name| learned[name].clone());
    }
}
