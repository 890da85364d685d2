//! The models of the tables, and the circuit files that stand for the GNCNs. A further circuit file is one line here.

use super::error::PaperError;
use crate::circuit::Circuit;
use crate::data::digest::hexadecimal;
use crate::evaluation::EvaluationPart;
use crate::evaluation::image_sense;
use sha2::{Digest, Sha256};

/// One row of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct PaperModel {
    /// In options, folders and JSON.
    pub key: &'static str,
    /// In tables.
    pub title: &'static str,
    /// Whether it is a circuit; else it is one of the models of `gncn baseline`.
    pub is_circuit: bool,
    /// What can be measured of it.
    pub parts: &'static [EvaluationPart],
}

const CIRCUIT: &[EvaluationPart] = &[
    EvaluationPart::Bce,
    EvaluationPart::Mmse,
    EvaluationPart::Classification,
    EvaluationPart::LogPx,
    EvaluationPart::LogPxIs,
];
const AUTOENCODER: &[EvaluationPart] =
    &[EvaluationPart::Bce, EvaluationPart::Mmse, EvaluationPart::Classification, EvaluationPart::LogPx];

/// All of them, in the order of the paper's table.
pub const MODELS: [PaperModel; 10] = [
    PaperModel::compared("gmm", "GMM", &[EvaluationPart::LogPx]),
    PaperModel::compared("rae", "RAE", AUTOENCODER),
    PaperModel::compared("gvae-cv", "GVAE-CV", AUTOENCODER),
    PaperModel::compared("gvae", "GVAE", AUTOENCODER),
    PaperModel::compared("gan-ae", "GAN-AE", AUTOENCODER),
    PaperModel::compared("dsrn", "DSRN", &[EvaluationPart::Classification]),
    PaperModel::circuit("gncn-t1-rao", "GNCN-t1/Rao"),
    PaperModel::circuit("gncn-t1-sigma-friston", "GNCN-t1-Σ/Friston"),
    PaperModel::circuit("gncn-t2-l-sigma", "GNCN-t2-LΣ"),
    PaperModel::circuit("gncn-pdh", "GNCN-PDH"),
];

impl PaperModel {
    const fn compared(key: &'static str, title: &'static str, parts: &'static [EvaluationPart]) -> Self {
        Self { key, title, is_circuit: false, parts }
    }

    const fn circuit(key: &'static str, title: &'static str) -> Self {
        Self { key, title, is_circuit: true, parts: CIRCUIT }
    }
}

/// A circuit file that is part of the program.
#[derive(Debug)]
pub(super) struct ShippedCircuit {
    settings: &'static str,
    model: &'static str,
    /// Its path in `circuits/`.
    file: &'static str,
    text: &'static str,
}

macro_rules! shipped {
    ($settings:literal, $model:literal, $file:literal) => {
        ShippedCircuit {
            settings: $settings,
            model: $model,
            file: $file,
            text: include_str!(concat!("../../circuits/", $file)),
        }
    };
}

const SHIPPED: &[ShippedCircuit] = &[
    shipped!("tuned", "gncn-t1-rao", "tuned/gncn-t1-rao.ron"),
    shipped!("tuned", "gncn-t1-sigma-friston", "tuned/gncn-t1-sigma-friston.ron"),
    shipped!("tuned", "gncn-t2-l-sigma", "tuned/gncn-t2-l-sigma.ron"),
    shipped!("tuned", "gncn-pdh", "tuned/gncn-pdh.ron"),
    shipped!("paper", "gncn-t1-rao", "gncn-t1-rao.ron"),
    shipped!("paper", "gncn-t1-sigma-friston", "gncn-t1-sigma-friston.ron"),
    shipped!("paper", "gncn-t2-l-sigma", "gncn-t2-l-sigma.ron"),
    shipped!("paper", "gncn-pdh", "gncn-pdh.ron"),
    shipped!("authors", "gncn-t1-sigma-friston", "gncn-t1-sigma-friston-ngclearn.ron"),
    shipped!("authors", "gncn-pdh", "gncn-pdh-ngclearn.ron"),
];

/// Readings of the GNCNs; the first one that has files is the default.
const SETTINGS: [&str; 3] = ["tuned", "paper", "authors"];

/// The readings that have files.
pub fn settings() -> Vec<&'static str> {
    let has_files = |name: &&str| SHIPPED.iter().any(|shipped| shipped.settings == *name);
    SETTINGS.into_iter().filter(has_files).collect()
}

/// The circuit file that stands for a model, if there is one.
pub(super) fn shipped(settings: &str, model: &str) -> Option<&'static ShippedCircuit> {
    SHIPPED.iter().find(|shipped| shipped.settings == settings && shipped.model == model)
}

/// A circuit that fits images of some size.
#[derive(Debug, Clone)]
pub struct FittedCircuit {
    /// The name of its file.
    pub file: String,
    /// The text of the circuit.
    pub text: String,
    /// The circuit.
    pub circuit: Circuit,
}

impl ShippedCircuit {
    /// The circuit for images of `pixels` pixels: as it ships where they are as many as in MNIST, else with another
    /// layer of the image.
    pub(super) fn fit(&self, pixels: usize) -> Result<FittedCircuit, PaperError> {
        let name = self.file.rsplit('/').next().unwrap_or(self.file);
        let circuit = Circuit::parse(self.text.as_bytes())?;
        let (_, image) = image_sense(&circuit)?;
        if circuit.layer(image).size() == pixels {
            return Ok(FittedCircuit { file: name.to_owned(), text: self.text.to_owned(), circuit });
        }
        let circuit = circuit.with_size(image, pixels)?;
        let file = format!("{}-{pixels}.ron", name.trim_end_matches(".ron"));
        Ok(FittedCircuit { file, text: circuit.to_ron(), circuit })
    }
}

/// SHA-256 of a text, in hexadecimal.
pub(super) fn digest(text: &str) -> String {
    hexadecimal(Sha256::new_with_prefix(text))
}

#[cfg(test)]
mod tests {
    use super::{MODELS, SHIPPED, settings, shipped};
    use crate::circuit::LayerId;

    #[test]
    fn every_file_is_a_sound_circuit_of_a_known_model() {
        for shipped in SHIPPED {
            assert!(MODELS.iter().any(|model| model.key == shipped.model && model.is_circuit), "{}", shipped.model);
            assert!(super::SETTINGS.contains(&shipped.settings), "{}", shipped.settings);
            assert_eq!(shipped.fit(784).expect("a circuit").text, shipped.text);
            let small = shipped.fit(256).expect("a circuit of another size");
            assert_eq!(small.circuit.layer(LayerId(0)).size(), 256);
            assert!(small.file.ends_with("-256.ron"), "{}", small.file);
        }
    }

    #[test]
    fn readings_without_files_are_not_offered() {
        assert!(settings().contains(&"paper") && settings().contains(&"authors"));
        assert!(shipped("authors", "gncn-pdh").is_some() && shipped("authors", "gncn-t1-rao").is_none());
        assert!(shipped("paper", "rae").is_none());
    }
}
