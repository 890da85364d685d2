//! What bytes from outside may do to gncn: be read, or be refused in words. Nothing here may panic, hang, or take more
//! memory than the bytes are worth. The targets of the fuzzer call these, and so does a test that replays the corpus.

use gncn::checkpoint::{Snapshot, weights};
use gncn::circuit::cost::Cost;
use gncn::data::files;
use gncn::executor::{DeliveryLog, Measure, SettleOptions};
use gncn::study::Study;
use gncn::{Circuit, Episode, Matrix, Network, Schedule, Settler, Stopping};
use std::path::Path;
use std::sync::Arc;

/// A name and what reads or refuses bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, by the names of their folders in `corpus/`.
pub const ALL: [Target; 12] = [
    ("checkpoint", checkpoint),
    ("circuit", circuit),
    ("csv", csv),
    ("idx", idx),
    ("log", log),
    ("matlab", matlab),
    ("npy", npy),
    ("npz", npz),
    ("picture", picture),
    ("settle", settle),
    ("study", study),
    ("weights", weights),
];

/// A circuit that is read is written so that it reads back as itself.
pub fn circuit(bytes: &[u8]) {
    match Circuit::parse(bytes) {
        Ok(circuit) => {
            let text = circuit.to_ron();
            let again = Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(again.to_ron(), text);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A study; the files that it names are not there.
pub fn study(bytes: &[u8]) {
    if let Err(error) = Study::parse(bytes, Path::new("/nonexistent")) {
        assert!(!error.to_string().is_empty());
    }
}

/// An array of NumPy.
pub fn npy(bytes: &[u8]) {
    arrays(bytes, "x.npy");
}

/// An archive of arrays.
pub fn npz(bytes: &[u8]) {
    arrays(bytes, "x.npz");
}

/// An IDX file, compressed or not.
pub fn idx(bytes: &[u8]) {
    arrays(bytes, "train-images-idx3-ubyte");
}

/// Variables of MATLAB.
pub fn matlab(bytes: &[u8]) {
    arrays(bytes, "x.mat");
}

/// A table of numbers.
pub fn csv(bytes: &[u8]) {
    arrays(bytes, "x.csv");
}

/// A PNG or JPEG file.
pub fn picture(bytes: &[u8]) {
    arrays(bytes, "x.png");
}

/// A delivery log.
pub fn log(bytes: &[u8]) {
    let _ = DeliveryLog::parse(bytes, Path::new("x.gncnlog"));
}

/// Weights.
pub fn weights(bytes: &[u8]) {
    let _ = weights::parse(bytes, Path::new("x.safetensors"));
}

/// A checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    let _ = Snapshot::parse(bytes, Path::new("x.ckpt"));
}

/// Every array of a file becomes a batch, images and labels, or is refused.
fn arrays(bytes: &[u8], name: &str) {
    let Ok(arrays) = files::parse(bytes, Path::new(name)) else { return };
    for (_, array) in arrays {
        let _ = array.clone().into_labels(name);
        let _ = array.clone().into_images(name);
        let _ = array.into_matrix(true, name);
    }
}

/// A circuit of a few neurons settles twice to the same bits where its schedule promises that, or stops with an error.
pub fn settle(bytes: &[u8]) {
    let Ok(circuit) = Circuit::parse(bytes) else { return };
    if !is_tiny(&circuit) {
        return;
    }
    let circuit = Arc::new(circuit);
    let ones = |layer| Matrix::from_fn(2, circuit.layer(layer).size(), |i, j| ((i + j) % 2) as f32);
    let inputs: Vec<_> = circuit.senses().map(|(sense, layer)| (sense.to_owned(), ones(layer))).collect();
    let Ok(episode) = Episode::new(&circuit, inputs) else { return };
    let states = || {
        let mut network = Network::new(Arc::clone(&circuit), 1);
        let mut settler = Settler::new();
        let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::default() };
        settler.settle(&mut network, &episode, circuit.settling(), options).ok()?;
        let layers = circuit.layers().map(|(id, _)| settler.activities().state(network.wiring(), id));
        Some(
            layers
                .map(|state| state.as_slice().iter().map(|value| value.to_bits()).collect())
                .collect::<Vec<Vec<u32>>>(),
        )
    };
    let first = states();
    if circuit.settling().promises_bits() {
        assert_eq!(states(), first);
    }
}

/// Whether a circuit settles within milliseconds, without threads of its own.
fn is_tiny(circuit: &Circuit) -> bool {
    let settling = circuit.settling();
    let updates = match settling.stopping {
        Stopping::Steps(steps) => steps,
        Stopping::Quiet { max_steps, .. } => max_steps,
    };
    let is_short = match &settling.schedule {
        Schedule::Synchronous | Schedule::Sweep { .. } => true,
        Schedule::VirtualTime(time) => time.until.is_none_or(|until| until <= 200),
        _ => false,
    };
    let totals = Cost::new(circuit).totals;
    is_short && updates <= 50 && totals.neurons <= 200 && totals.parameters <= 5000
}
