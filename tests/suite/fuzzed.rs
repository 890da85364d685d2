//! Every file of the fuzzer's corpus, again: inputs that once broke a parser, and a few whole ones of every kind.

// The fuzz targets are other packages, which need them public.
#[allow(unreachable_pub)]
#[path = "../../fuzz/inputs.rs"]
mod inputs;

use std::fs;
use std::path::Path;

#[test]
fn every_input_of_the_corpus_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in inputs::ALL {
        let entries = fs::read_dir(corpus.join(name)).unwrap_or_else(|cause| panic!("corpus/{name}: {cause}"));
        let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        assert!(!paths.is_empty(), "corpus/{name} has an input");
        for path in paths {
            let bytes = fs::read(&path).unwrap();
            assert!(bytes.len() <= 10_000, "{} is small", path.display());
            target(&bytes);
            // Cut off anywhere, and with any one byte turned, it is still only bytes.
            for at in (0..bytes.len()).step_by(1 + bytes.len() / 16) {
                target(&bytes[..at]);
                let mut turned = bytes.clone();
                turned[at] ^= 0x81;
                target(&turned);
            }
        }
    }
}

#[test]
fn whole_inputs_are_read_and_not_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (kind, name, arrays) in [
        ("npy", "x.npy", 1),
        ("npz", "x.npz", 2),
        ("idx", "train-images-idx3-ubyte", 1),
        ("matlab", "x.mat", 2),
        ("csv", "x.csv", 2),
        ("picture", "x.png", 1),
    ] {
        let bytes = fs::read(corpus.join(kind).join("whole")).unwrap();
        let found = gncn::data::files::parse(&bytes, Path::new(name)).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(found.len(), arrays, "{kind}");
    }
    let text = fs::read(corpus.join("settle/whole")).unwrap();
    assert!(gncn::Circuit::parse(&text).is_ok());
    let weights = fs::read(corpus.join("weights/whole")).unwrap();
    assert!(!gncn::checkpoint::weights::parse(&weights, Path::new("w")).unwrap().is_empty());
    let checkpoint = fs::read(corpus.join("checkpoint/whole")).unwrap();
    assert!(gncn::Snapshot::parse(&checkpoint, Path::new("c")).is_ok());
    let log = fs::read(corpus.join("log/whole")).unwrap();
    assert!(gncn::DeliveryLog::parse(&log, Path::new("l")).is_ok());
}
