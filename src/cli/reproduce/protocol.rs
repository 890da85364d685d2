//! The protocol of the paper, and what a shorter one changes of it.

use super::super::eval::{COMPONENTS, Part};
use crate::evaluation::PRIOR_IMAGES;
use clap::Args;
use serde_json::{Value, json};

/// Draws of the paper for log p(x).
const DRAWS: usize = 5000;
/// Images and draws of `gncn eval` for log_px_is.
const IS: (usize, usize) = (500, 1000);

/// How each model is trained and measured.
#[derive(Debug, Clone, Args)]
pub(super) struct Protocol {
    /// Passes over the data [default: as the circuit files have it; 50 for the compared models]
    #[arg(long, value_name = "N", value_parser = super::super::positive)]
    pub(super) epochs: Option<usize>,
    /// Images in a batch [default: 200, as the circuit files have it]
    #[arg(long, value_name = "N", value_parser = super::super::positive)]
    pub(super) batch: Option<usize>,
    /// Learn from the first N training images only
    #[arg(long, value_name = "N", value_parser = super::super::positive)]
    pub(super) limit: Option<usize>,
    /// Measure on the first N test images only
    #[arg(long, value_name = "N", value_parser = super::super::positive)]
    pub(super) test_limit: Option<usize>,
    /// Measure these parts only, with commas between them
    #[arg(long, value_name = "PARTS", value_enum, value_delimiter = ',')]
    pub(super) only: Vec<Part>,
    /// Training images that a mixture is fitted to, the same number of each class
    #[arg(long, value_name = "N", default_value_t = PRIOR_IMAGES, value_parser = super::super::positive)]
    prior_images: usize,
    /// Components of a mixture
    #[arg(long, value_name = "N", default_value_t = COMPONENTS, value_parser = super::super::positive)]
    components: usize,
    /// Draws from a mixture for log_px
    #[arg(long, value_name = "N", default_value_t = DRAWS, value_parser = super::super::positive)]
    pub(super) draws: usize,
    /// Test images for log_px_is, the first ones
    #[arg(long, value_name = "N", default_value_t = IS.0, value_parser = super::super::positive)]
    pub(super) is_images: usize,
    /// Draws for each image for log_px_is
    #[arg(long, value_name = "N", default_value_t = IS.1, value_parser = super::super::positive)]
    is_draws: usize,
    /// Seed of the first trial; trial n has this seed plus n - 1
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
}

impl Protocol {
    /// The seed of a trial, counted from 1.
    pub(super) fn seed_of(&self, trial: usize) -> u64 {
        self.seed.wrapping_add(trial as u64 - 1)
    }

    /// What differs from the full protocol, as options.
    pub(super) fn overrides(&self) -> Vec<String> {
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
    pub(super) fn refuse_mixture(&self, learned: usize) -> Option<String> {
        let images = learned.min(self.limit.unwrap_or(usize::MAX)).min(self.prior_images);
        (images < self.components).then(|| {
            let Self { components, .. } = self;
            format!("--components: {components} need as many training images, not {images}; give fewer, or more images")
        })
    }

    /// Options of a training; `images` takes the place of `--limit`.
    pub(super) fn training(&self, trial: usize, images: Option<usize>) -> Vec<String> {
        let given = [("--epochs", self.epochs), ("--batch", self.batch), ("--limit", images.or(self.limit))];
        let seed = [("--seed", self.seed_of(trial).to_string())];
        let given = given.into_iter().filter_map(|(name, n)| Some((name, n?.to_string())));
        words(seed.into_iter().chain(given))
    }

    /// Options of measuring a compared model, of which `--limit` and `--seed` are those of its training.
    pub(super) fn comparison(&self) -> Vec<String> {
        let numbers = [
            ("--mixture-images", Some(self.prior_images)),
            ("--components", Some(self.components)),
            ("--draws", Some(self.draws)),
            ("--test-limit", self.test_limit),
        ];
        words(numbers.into_iter().filter_map(|(name, n)| Some((name, n?.to_string()))))
    }

    /// Options of measuring a circuit.
    pub(super) fn evaluation(&self, trial: usize) -> Vec<String> {
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
    pub(super) fn asked(&self, trial: usize, images: usize, is_circuit: bool) -> Vec<(&'static str, Value)> {
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
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        protocol: Protocol,
    }

    fn protocol(words: &[&str]) -> Protocol {
        Command::try_parse_from([&["gncn"], words].concat()).expect("options").protocol
    }

    #[test]
    fn trials_have_seeds_one_after_another() {
        let full = protocol(&[]);
        assert_eq!([1, 2, 10].map(|trial| full.seed_of(trial)), [0, 1, 9]);
        let other = protocol(&["--seed", "40"]);
        assert_eq!([1, 3].map(|trial| other.seed_of(trial)), [40, 42]);
        assert_eq!(other.training(3, None), ["--seed", "42"]);
        assert_eq!(other.evaluation(3)[..2], ["--seed", "42"]);
    }

    #[test]
    fn only_what_differs_from_the_protocol_is_told() {
        assert!(protocol(&["--seed", "4", "--draws", "5000"]).overrides().is_empty());
        let short = protocol(&["--epochs", "1", "--components", "3", "--only", "bce,log_px"]);
        assert_eq!(short.overrides(), ["--epochs 1", "--components 3", "--only bce,log_px"]);
    }
}
