//! A data set: training images, test images where there are any, what they are called, and which training
//! images are held out.

use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::digest::hexadecimal;
use super::reader::{SenseMoments, SenseReader};
use super::samples::Samples;
use super::{DataError, Images, Pixels};
use crate::params::Reading;
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
    /// What has to be said of how its files were read.
    remarks: Vec<String>,
    /// Where the data set comes with its own validation split: how many of the last training images it is.
    published_validation: usize,
    /// Whether all training images are learned from.
    without_validation: bool,
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
    /// Values of a pixel, where it is more than one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub channels: usize,
    /// How pixels are read: `binary`, `grey`, `standardised`, `raw`.
    pub reading: String,
    /// Whether all training images were learned from, none held out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_validation: bool,
    /// What other senses are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub senses: Vec<ShownSense>,
    /// SHA-256 over shapes, stored pixels and labels, in hexadecimal.
    pub digest: String,
    /// Where this isn't the data set that its name promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What `run.json` says about a sense beside that of the images, or about the images where they were named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownSense {
    /// The sense.
    pub sense: String,
    /// Values of a sample.
    pub size: usize,
    /// How they are read.
    pub reading: String,
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(channels: &usize) -> bool {
    *channels == 1
}

impl Dataset {
    /// A data set of images with one shape.
    ///
    /// # Errors
    /// Where training and test images differ in shape; `file` is named.
    pub fn new(name: &str, mut train: Images, mut test: Option<Images>, file: &str) -> Result<Self, DataError> {
        if let Some(test) = &test
            && test.grid() != train.grid()
        {
            let problem = format!("training images are {} and test images {}", train.grid(), test.grid());
            return Err(DataError::content(file, problem, "both must have the same shape"));
        }
        let mut remarks = train.take_remarks();
        remarks.extend(test.iter_mut().flat_map(Images::take_remarks));
        let mut data = Self {
            name: name.to_owned(),
            train,
            test,
            notice: None,
            remarks: Vec::new(),
            published_validation: 0,
            without_validation: false,
        };
        remarks.into_iter().for_each(|text| data.remark(text));
        Ok(data)
    }

    /// Keeps something that has to be said of how its files were read, once.
    pub(super) fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// What has to be said of how its files were read: which names went unused, what was turned, which classes there are.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// This data set, whose last `count` training images are the validation split that it was published with.
    pub(super) fn with_published_validation(mut self, count: usize) -> Self {
        self.published_validation = count;
        self
    }

    /// This data set, of which nothing is held out: all training images are learned from.
    #[must_use]
    pub fn without_validation(mut self) -> Self {
        self.without_validation = true;
        self
    }

    /// Whether nothing is held out.
    #[must_use]
    pub fn is_all_learned(&self) -> bool {
        self.without_validation
    }

    /// This data set with its images read in another way.
    ///
    /// # Errors
    /// Where real values outside [0, 1] would be binarised.
    pub fn with_reading(self, reading: Reading) -> Result<Self, DataError> {
        let name = self.name.clone();
        self.change(|images| images.with_reading(reading, &name))
    }

    /// This data set with the images of both splits changed alike.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn change<E>(mut self, change: impl Fn(Images) -> Result<Images, E>) -> Result<Self, E> {
        self.train = change(self.train)?;
        self.test = self.test.map(change).transpose()?;
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
    /// the seed. Nothing is held out of data [without validation](Self::without_validation).
    #[must_use]
    pub fn split(&self, seed: u64) -> Split {
        let frames = self.train.frames();
        let count = self.train.count();
        let mut order: Vec<usize> = (0..count).collect();
        if frames > 1 && !self.without_validation {
            return self.split_sequences(seed, frames);
        }
        if self.without_validation {
            return Split { train: order, validation: Vec::new() };
        }
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

    /// As [`Dataset::split`], of whole sequences.
    fn split_sequences(&self, seed: u64, frames: usize) -> Split {
        let count = self.train.count() / frames;
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut rng::stream(seed, "validation"));
        let mut train = order.split_off(HELD_OUT.min(count / 10));
        let images = |sequences: &mut Vec<usize>| {
            sequences.sort_unstable();
            sequences.iter().flat_map(|sequence| sequence * frames..(sequence + 1) * frames).collect()
        };
        Split { train: images(&mut train), validation: images(&mut order) }
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
            channels: self.train.grid().channels,
            reading: self.train.reading().name(),
            without_validation: self.without_validation,
            senses: self.senses(),
            digest: self.digest(),
            notice: self.notice.clone(),
        }
    }

    /// The senses by name, where they were given by name.
    fn senses(&self) -> Vec<ShownSense> {
        let of = |sense: &str, samples: &Samples| ShownSense {
            sense: sense.to_owned(),
            size: samples.size(),
            reading: samples.reader().reading().name(),
        };
        let first = self.train.sense().map(|sense| of(sense, self.train.samples()));
        let others = self.train.others().iter().map(|other| of(&other.sense, &other.samples));
        first.into_iter().chain(others).collect()
    }

    /// Mean and sd of each value of a sense over the training samples `rows`; `None` stands for the images.
    #[must_use]
    pub fn moments(&self, sense: Option<&str>, rows: &[usize]) -> SenseMoments {
        let other = self.train.others().iter().find(|other| Some(other.sense.as_str()) == sense);
        other.map_or(self.train.samples(), |other| &other.samples).moments(rows)
    }

    /// This data set, whose images are read by `reader`.
    ///
    /// # Errors
    /// As [`Samples::read_by`].
    pub fn read_by(self, reader: &SenseReader) -> Result<Self, DataError> {
        let name = self.name.clone();
        self.change(|images| images.read_by(reader.clone(), &name))
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
    // More is hashed only where there is more than grey images: digests of earlier runs stay what they were.
    let grid = images.grid();
    let channels = (grid.channels > 1).then_some(grid.channels);
    let frames = (images.frames() > 1).then_some(images.frames());
    for number in [images.count(), grid.width, grid.height].into_iter().chain(channels).chain(frames) {
        hash.update((number as u64).to_le_bytes());
    }
    digest_samples(images.samples(), hash);
    for other in images.others() {
        hash.update((other.sense.len() as u64).to_le_bytes());
        hash.update(&other.sense);
        hash.update((other.samples.size() as u64).to_le_bytes());
        digest_samples(&other.samples, hash);
    }
    // The length tells absent labels from present ones.
    let labels = images.labels().unwrap_or_default();
    hash.update((labels.len() as u64).to_le_bytes());
    hash.update(labels);
}

fn digest_samples(samples: &Samples, hash: &mut Sha256) {
    match samples.values() {
        Pixels::Bytes(bytes) => hash.update(bytes),
        Pixels::Real(values) => values.iter().for_each(|value| hash.update(value.to_le_bytes())),
    }
}
