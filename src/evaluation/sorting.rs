//! How well what a circuit makes up matches the classes of what it has seen: a classifier that was fitted to training images
//! sorts ancestral samples.
//!
//! The samples are the means of the image under draws from the prior, as `gncn sample` shows them, and the classifier is a
//! multinomial logistic regression on pixels. It errs, so that what it makes of the test images stands beside.

use super::logistic::Logistic;
use crate::matrix::Matrix;
use serde::{Deserialize, Serialize};

/// Samples that are sorted unless asked otherwise.
pub const SAMPLES: usize = 10_000;

/// The classifier is sure of an image where its likeliest class has this probability or more.
pub const SURE: f64 = 0.9;

/// How samples fall into classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SortedSamples {
    /// Samples that were sorted.
    pub samples_count: usize,
    /// The distance between the frequencies of classes among samples and among labels of the training images: half the sum
    /// of absolute differences, from 0 (alike) to 1 (no class in common).
    pub samples_distance: f64,
    /// The share of samples whose likeliest class has a probability of 0.9 or more.
    pub samples_sure: f64,
    /// By class: its share of the samples.
    pub samples_frequencies: Vec<f64>,
    /// By class: its share of the training images.
    pub samples_data_frequencies: Vec<f64>,
    /// The share of test images that the classifier puts into a wrong class.
    pub samples_classifier_error: f64,
    /// The same distance of the test images, as the classifier sorts them.
    pub samples_test_distance: f64,
    /// The share of test images that the classifier is sure of.
    pub samples_test_sure: f64,
}

impl SortedSamples {
    /// Sorts `samples` `[n, pixels]` and, beside them, `test` images with their labels; `learned` are the labels of the
    /// images that the classifier was fitted to.
    #[must_use]
    pub fn new(classifier: &Logistic, samples: &Matrix, learned: &[u8], (test, test_labels): (&Matrix, &[u8])) -> Self {
        let classes = classifier.classes();
        let labels = learned.iter().map(|label| usize::from(*label));
        let data = frequencies(labels, learned.len(), classes);
        let (found, sure) = sorted(classifier, samples);
        let (of_test, test_sure) = sorted(classifier, test);
        Self {
            samples_count: samples.rows(),
            samples_distance: distance(&found, &data),
            samples_sure: sure,
            samples_frequencies: found,
            samples_classifier_error: classifier.error(test, test_labels),
            samples_test_distance: distance(&of_test, &data),
            samples_test_sure: test_sure,
            samples_data_frequencies: data,
        }
    }
}

/// Frequencies of classes among images, and the share that the classifier is sure of.
fn sorted(classifier: &Logistic, images: &Matrix) -> (Vec<f64>, f64) {
    let told = classifier.tell(images);
    let sure = told.iter().filter(|(_, probability)| *probability >= SURE).count();
    let share = sure as f64 / told.len().max(1) as f64;
    (frequencies(told.iter().map(|(class, _)| *class), told.len(), classifier.classes()), share)
}

fn frequencies(found: impl Iterator<Item = usize>, count: usize, classes: usize) -> Vec<f64> {
    let mut counts = vec![0_usize; classes];
    found.for_each(|class| counts[class] += 1);
    counts.into_iter().map(|n| n as f64 / count.max(1) as f64).collect()
}

/// Total variation.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    0.5 * a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::super::logistic::LogisticOptions;
    use super::*;

    #[test]
    fn samples_are_counted_and_compared() {
        // Three classes, each with a pixel of its own.
        let image = |class: usize, shade: f32| (0..3).map(move |pixel| if pixel == class { shade } else { 0.0 });
        let of = |shown: &[(usize, f32)]| {
            let pixels = shown.iter().flat_map(|(class, shade)| image(*class, *shade)).collect();
            Matrix::from_vec(shown.len(), 3, pixels).expect("three pixels each")
        };
        let learned: Vec<(usize, f32)> = (0..40).map(|i| (usize::from(i >= 20) + usize::from(i >= 30), 1.0)).collect();
        let labels: Vec<u8> = learned.iter().map(|(class, _)| *class as u8).collect();
        let options = LogisticOptions { inverse_penalty: 1e3, ..LogisticOptions::default() };
        let classifier = Logistic::fit(&of(&learned), &labels, 3, &options);
        // Half of the last class, none of the second, and one shade that says little.
        let samples = of(&[(0, 1.0), (2, 1.0), (2, 1.0), (0, 0.1)]);
        let found = SortedSamples::new(&classifier, &samples, &labels, (&of(&learned), &labels));
        assert_eq!(found.samples_data_frequencies, [0.5, 0.25, 0.25]);
        assert_eq!(found.samples_frequencies, [0.5, 0.0, 0.5]);
        assert_eq!((found.samples_count, found.samples_distance, found.samples_sure), (4, 0.25, 0.75));
        let control = (found.samples_classifier_error, found.samples_test_distance, found.samples_test_sure);
        assert_eq!(control, (0.0, 0.0, 1.0));
    }
}
