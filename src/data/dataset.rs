//! A data set: training images, test images where there are any, what they are called, and which training
//! images are held out.

use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::digest::hexadecimal;
use super::{DataError, Images, Pixels, Reading};
use crate::rng;

/// How many training images are held out for validation where the data set is large enough.
pub const HELD_OUT: usize = 2000;

/// Training and test images with one shape.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// What it is called in `run.json` and in reports.
    pub name: String,
    /// Training images, validation images included.
    pub train: Images,
    /// Test images, where there are any.
    pub test: Option<Images>,
    /// Where this isn't the data set that its name promises, in words: a report has to repeat it.
    pub notice: Option<String>,
    /// Where the data set comes with its own validation split: how many of the last training images it is.
    published_validation: usize,
}

/// Which training images are learned from and which are held out, as indices in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Images to learn from.
    pub train: Vec<usize>,
    /// Images held out.
    pub validation: Vec<usize>,
}

impl Split {
    /// With the first so many images to learn from only; `None` is all of them.
    #[must_use]
    pub fn limited(mut self, limit: Option<usize>) -> Self {
        self.train.truncate(limit.unwrap_or(usize::MAX));
        self
    }
}

/// What `run.json` says about the data of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Name of the data set.
    pub name: String,
    /// Training images, validation images included.
    pub train: usize,
    /// Test images.
    pub test: usize,
    /// Pixels in a row of an image.
    pub width: usize,
    /// Rows of an image.
    pub height: usize,
    /// Number of classes, 0 where there are no labels.
    pub classes: usize,
    /// How pixels are read: `binary` or `grey`.
    pub reading: String,
    /// SHA-256 over shapes, stored pixels and labels, in hexadecimal.
    pub digest: String,
    /// Where this isn't the data set that its name promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

impl Dataset {
    /// A data set of images with one shape.
    ///
    /// # Errors
    /// Where training and test images differ in shape; `file` is named.
    pub fn new(name: &str, train: Images, test: Option<Images>, file: &str) -> Result<Self, DataError> {
        if let Some(test) = &test
            && (test.width(), test.height()) != (train.width(), train.height())
        {
            let problem = format!(
                "training images are {}x{} and test images {}x{}",
                train.width(),
                train.height(),
                test.width(),
                test.height()
            );
            return Err(DataError::content(file, problem, "both must have the same shape"));
        }
        Ok(Self { name: name.to_owned(), train, test, notice: None, published_validation: 0 })
    }

    /// This data set, whose last `count` training images are the validation split that it was published with.
    pub(super) fn with_published_validation(mut self, count: usize) -> Self {
        self.published_validation = count;
        self
    }

    /// This data set with its images read in another way.
    ///
    /// # Errors
    /// Where real values outside [0, 1] would be binarised.
    pub fn with_reading(mut self, reading: Reading) -> Result<Self, DataError> {
        self.train = self.train.with_reading(reading, &self.name)?;
        self.test = self.test.map(|test| test.with_reading(reading, &self.name)).transpose()?;
        Ok(self)
    }

    /// The test images, or the training images where there are no others.
    #[must_use]
    pub fn test_or_train(&self) -> &Images {
        self.test.as_ref().unwrap_or(&self.train)
    }

    /// Number of classes: one more than the largest label of either split; 0 without labels.
    #[must_use]
    pub fn classes(&self) -> usize {
        let splits = [Some(&self.train), self.test.as_ref()];
        let labels = splits.into_iter().flatten().filter_map(Images::labels);
        labels.flatten().max().map_or(0, |&largest| usize::from(largest) + 1)
    }

    /// Holds out validation images: 2,000, but at most one tenth of the training images, chosen by seed. A data
    /// set that was published with a validation split of its own (Caltech silhouettes) keeps that one, whatever
    /// the seed.
    #[must_use]
    pub fn split(&self, seed: u64) -> Split {
        let count = self.train.count();
        let mut order: Vec<usize> = (0..count).collect();
        if self.published_validation > 0 {
            let validation = order.split_off(count - self.published_validation);
            return Split { train: order, validation };
        }
        order.shuffle(&mut rng::stream(seed, "validation"));
        let mut train = order.split_off(HELD_OUT.min(count / 10));
        order.sort_unstable();
        train.sort_unstable();
        Split { train, validation: order }
    }

    /// Name, counts and digest.
    #[must_use]
    pub fn describe(&self) -> Description {
        Description {
            name: self.name.clone(),
            train: self.train.count(),
            test: self.test.as_ref().map_or(0, Images::count),
            width: self.train.width(),
            height: self.train.height(),
            classes: self.classes(),
            reading: self.train.reading().name().to_owned(),
            digest: self.digest(),
            notice: self.notice.clone(),
        }
    }

    /// SHA-256 over shapes, stored pixels and labels, training images first. The reading is not part of it.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for images in [Some(&self.train), self.test.as_ref()].into_iter().flatten() {
            digest_images(images, &mut hash);
        }
        hexadecimal(hash)
    }
}

fn digest_images(images: &Images, hash: &mut Sha256) {
    for number in [images.count(), images.width(), images.height()] {
        hash.update((number as u64).to_le_bytes());
    }
    match images.pixels() {
        Pixels::Bytes(bytes) => hash.update(bytes),
        Pixels::Real(values) => values.iter().for_each(|value| hash.update(value.to_le_bytes())),
    }
    // The length tells absent labels from present ones.
    let labels = images.labels().unwrap_or_default();
    hash.update((labels.len() as u64).to_le_bytes());
    hash.update(labels);
}
