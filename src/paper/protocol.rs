//! The protocol of the paper, and what a shorter one changes of it.

use crate::evaluation::{COMPONENTS, EvaluationPart, PRIOR_IMAGES};
use serde_json::{Value, json};

/// Draws of the paper for log p(x).
pub const DRAWS: usize = 5000;
/// Images and draws of `gncn eval` for log_px_is.
pub const IS: (usize, usize) = (500, 1000);

/// How each model is trained and measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// Passes over the data [default: as the circuit files have it; 50 for the compared models]
    pub epochs: Option<usize>,
    /// Images in a batch [default: 200, as the circuit files have it]
    pub batch: Option<usize>,
    /// Learn from the first N training images only
    pub limit: Option<usize>,
    /// Measure on the first N test images only
    pub test_limit: Option<usize>,
    /// Measure these parts only, with commas between them
    pub only: Vec<EvaluationPart>,
    /// Training images that a mixture is fitted to, the same number of each class
    pub prior_images: usize,
    /// Components of a mixture
    pub components: usize,
    /// Draws from a mixture for log_px
    pub draws: usize,
    /// Test images for log_px_is, the first ones
    pub is_images: usize,
    /// Draws for each image for log_px_is
    pub is_draws: usize,
    /// Seed of the first trial; trial n has this seed plus n - 1
    pub seed: u64,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            epochs: None,
            batch: None,
            limit: None,
            test_limit: None,
            only: Vec::new(),
            prior_images: PRIOR_IMAGES,
            components: COMPONENTS,
            draws: DRAWS,
            is_images: IS.0,
            is_draws: IS.1,
            seed: 0,
        }
    }
}

impl Protocol {
    /// The seed of a trial, counted from 1.
    pub fn seed_of(&self, trial: usize) -> u64 {
        self.seed.wrapping_add(trial as u64 - 1)
    }

    /// What differs from the full protocol, as options.
    pub fn overrides(&self) -> Vec<String> {
        let given = [
            ("--epochs", self.epochs),
            ("--batch", self.batch),
            ("--limit", self.limit),
            ("--test-limit", self.test_limit),
            ("--prior-images", Some(self.prior_images).filter(|n| *n != PRIOR_IMAGES)),
            ("--components", Some(self.components).filter(|n| *n != COMPONENTS)),
            ("--draws", Some(self.draws).filter(|n| *n != DRAWS)),
            ("--is-images", Some(self.is_images).filter(|n| *n != IS.0)),
            ("--is-draws", Some(self.is_draws).filter(|n| *n != IS.1)),
        ];
        let mut overrides: Vec<_> = given.iter().filter_map(|(name, n)| Some(format!("{name} {}", (*n)?))).collect();
        if !self.only.is_empty() {
            let names: Vec<_> = self.only.iter().map(|part| part.name()).collect();
            overrides.push(format!("--only {}", names.join(",")));
        }
        overrides
    }

    /// Why no mixture can be fitted after learning from so many images, if none can.
    pub fn refuse_mixture(&self, learned: usize) -> Option<String> {
        let images = learned.min(self.limit.unwrap_or(usize::MAX)).min(self.prior_images);
        (images < self.components).then(|| {
            let Self { components, .. } = self;
            format!("--components: {components} need as many training images, not {images}; give fewer, or more images")
        })
    }

    /// Options of a training; `images` takes the place of `--limit`.
    pub fn training(&self, trial: usize, images: Option<usize>) -> Vec<String> {
        let given = [("--epochs", self.epochs), ("--batch", self.batch), ("--limit", images.or(self.limit))];
        let seed = [("--seed", self.seed_of(trial).to_string())];
        let given = given.into_iter().filter_map(|(name, n)| Some((name, n?.to_string())));
        words(seed.into_iter().chain(given))
    }

    /// Options of measuring a compared model, of which `--limit` and `--seed` are those of its training.
    pub fn comparison(&self) -> Vec<String> {
        let numbers = [
            ("--mixture-images", Some(self.prior_images)),
            ("--components", Some(self.components)),
            ("--draws", Some(self.draws)),
            ("--test-limit", self.test_limit),
        ];
        words(numbers.into_iter().filter_map(|(name, n)| Some((name, n?.to_string()))))
    }

    /// Options of measuring a circuit.
    pub fn evaluation(&self, trial: usize) -> Vec<String> {
        let numbers = [
            ("--prior-images", Some(self.prior_images)),
            ("--components", Some(self.components)),
            ("--draws", Some(self.draws)),
            ("--is-images", Some(self.is_images)),
            ("--is-draws", Some(self.is_draws)),
            ("--limit", self.test_limit),
        ];
        let seed = [("--seed", self.seed_of(trial).to_string())];
        words(seed.into_iter().chain(numbers.into_iter().filter_map(|(name, n)| Some((name, n?.to_string())))))
    }

    /// What the request of an `eval.json` has to say, where there are `images` to measure on.
    pub fn asked(&self, trial: usize, images: usize, is_circuit: bool) -> Vec<(&'static str, Value)> {
        let images = images.min(self.test_limit.unwrap_or(usize::MAX));
        let mut asked = vec![
            ("images", json!(images)),
            ("prior_images", json!(self.prior_images)),
            ("components", json!(self.components)),
            ("draws", json!(self.draws)),
            ("seed", json!(self.seed_of(trial))),
        ];
        if is_circuit {
            asked.extend([("is_images", json!(self.is_images.min(images))), ("is_draws", json!(self.is_draws))]);
        }
        asked
    }
}

fn words(options: impl Iterator<Item = (&'static str, String)>) -> Vec<String> {
    options.flat_map(|(name, value)| [name.to_owned(), value]).collect()
}

#[cfg(test)]
mod tests {
    use super::Protocol;
    use crate::evaluation::EvaluationPart;

    #[test]
    fn trials_have_seeds_one_after_another() {
        let full = Protocol::default();
        assert_eq!([1, 2, 10].map(|trial| full.seed_of(trial)), [0, 1, 9]);
        let other = Protocol { seed: 40, ..Protocol::default() };
        assert_eq!([1, 3].map(|trial| other.seed_of(trial)), [40, 42]);
        assert_eq!(other.training(3, None), ["--seed", "42"]);
        assert_eq!(other.evaluation(3)[..2], ["--seed", "42"]);
    }

    #[test]
    fn only_what_differs_from_the_protocol_is_told() {
        assert!(Protocol { seed: 4, draws: 5000, ..Protocol::default() }.overrides().is_empty());
        let only = vec![EvaluationPart::Bce, EvaluationPart::LogPx];
        let short = Protocol { epochs: Some(1), components: 3, only, ..Protocol::default() };
        assert_eq!(short.overrides(), ["--epochs 1", "--components 3", "--only bce,log_px"]);
    }
}
