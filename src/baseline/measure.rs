//! Codes, reconstructions and measures of a trained model, without noise.

use super::entropy::binary_cross_entropy;
use super::error::BaselineError;
use super::net::{Net, matrix, tensor};
use super::spec::{ComparedKind, Spec};
use super::weights::ComparedWeights;
use crate::data::{Batches, Images};
use crate::evaluation::{Completed, Hidden, Measures, highest};
use crate::matrix::Matrix;
use indexmap::IndexMap;

/// Images computed at once.
const BATCH: usize = 500;

/// Rounds of a completion: as many as the updates that the paper gives a circuit.
pub const ROUNDS: usize = 50;

/// A code with magnitude above this counts as active, as for circuits.
const ACTIVE: f32 = 1e-6;

/// A trained model that encodes and decodes.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    spec: &'a Spec,
    weights: &'a ComparedWeights,
}

impl<'a> Codes<'a> {
    /// A model with these weights.
    #[must_use]
    pub fn new(spec: &'a Spec, weights: &'a ComparedWeights) -> Self {
        Self { spec, weights }
    }

    /// The mean codes of images `[N, J]`, `[N, L]`; for a DSRN the logits of the classes, `[N, C]`.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn encode(&self, images: &Matrix) -> Result<Matrix, BaselineError> {
        let variables = self.weights.variables()?;
        let network = if self.spec.model == ComparedKind::Dsrn { "classifier" } else { "encoder" };
        let output = Net::new(&variables, network).forward(&tensor(images)?)?;
        let wanted =
            if self.spec.model == ComparedKind::Gvae { output.narrow(1, 0, self.spec.latent)? } else { output };
        matrix(&wanted)
    }

    /// The parameters.
    #[must_use]
    pub fn weights(&self) -> &'a ComparedWeights {
        self.weights
    }

    /// Which model it is.
    #[must_use]
    pub fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// The mean codes of the images `rows`, `[rows, L]`; those of a mixture on pixels are the images.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn encode_rows(&self, images: &Images, rows: &[usize]) -> Result<Matrix, BaselineError> {
        if self.spec.model == ComparedKind::Gmm {
            return Ok(images.matrix(rows));
        }
        let mut all = Vec::with_capacity(rows.len() * self.spec.latent);
        for batch in &Batches::in_order(rows, BATCH) {
            all.extend_from_slice(self.encode(&images.matrix(batch))?.as_slice());
        }
        let size = all.len() / rows.len().max(1);
        Ok(Matrix::from_vec(rows.len(), size, all).expect("one row for each image"))
    }

    /// The probability of each pixel for codes `[N, L]`, `[N, J]`.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn decode(&self, codes: &Matrix) -> Result<Matrix, BaselineError> {
        let variables = self.weights.variables()?;
        let mut logits = matrix(&Net::new(&variables, "decoder").forward(&tensor(codes)?)?)?;
        logits.as_mut_slice().iter_mut().for_each(|l| *l = 1.0 / (1.0 + (-*l).exp()));
        Ok(logits)
    }

    /// What the model makes of images `[N, J]`.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn reconstruct(&self, images: &Matrix) -> Result<Matrix, BaselineError> {
        self.decode(&self.encode(images)?)
    }

    /// The images `rows` with their right halves hidden and completed: the hidden pixels start at 0, as in a circuit,
    /// and [`ROUNDS`] times take what the model makes of the image as it then is (Rezende et al., 2014, with means in the
    /// place of samples).
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn complete(&self, images: &Images, rows: &[usize]) -> Result<Completed, BaselineError> {
        let truth = images.matrix(rows);
        let observed = Hidden::Right.observed(images.grid(), rows);
        let mut settled = truth.clone();
        let pixels = settled.as_mut_slice().iter_mut().zip(observed.as_slice());
        pixels.for_each(|(pixel, seen)| *pixel *= seen);
        for _ in 0..ROUNDS {
            let made = self.reconstruct(&settled)?;
            let pixels = settled.as_mut_slice().iter_mut().zip(observed.as_slice()).zip(made.as_slice());
            pixels.filter(|((_, seen), _)| **seen == 0.0).for_each(|((pixel, _), made)| *pixel = *made);
        }
        Ok(Completed { images: truth, observed, settled })
    }

    /// M-MSE of an auto-encoder: the squared error over the hidden halves, summed over pixels, mean over images.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn masked_error(&self, images: &Images, rows: &[usize]) -> Result<f64, BaselineError> {
        let mut sum = 0.0;
        for batch in &Batches::in_order(rows, BATCH) {
            sum += self.complete(images, batch)?.squared_errors().iter().sum::<f64>();
        }
        Ok(sum / rows.len().max(1) as f64)
    }

    /// BCE and active codes of an auto-encoder, or the accuracy of a DSRN, on the images `rows`.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn measure(&self, images: &Images, rows: &[usize]) -> Result<Measures, BaselineError> {
        let (mut bce, mut active, mut right) = (0.0, 0_usize, 0_usize);
        for batch in &Batches::in_order(rows, BATCH) {
            let shown = images.matrix(batch);
            let codes = self.encode(&shown)?;
            if self.spec.model == ComparedKind::Dsrn {
                let labels = images.labels().ok_or(BaselineError::NoLabels)?;
                let is_right = |(i, row): (usize, &usize)| highest(codes.row(i)) == usize::from(labels[*row]);
                right += batch.iter().enumerate().filter(|pair| is_right(*pair)).count();
            } else {
                active += codes.as_slice().iter().filter(|code| **code > ACTIVE).count();
                bce += binary_cross_entropy(&self.decode(&codes)?, &shown);
            }
        }
        let count = rows.len().max(1) as f64;
        let autoencoder = self.spec.model.is_autoencoder();
        let share = active as f64 / (count * self.spec.latent as f64);
        Ok(Measures {
            images: rows.len(),
            bce: autoencoder.then_some(bce / count),
            sparsity: if autoencoder { IndexMap::from([("code".to_owned(), share)]) } else { IndexMap::new() },
            accuracy: (!autoencoder).then_some(right as f64 / count),
            ..Measures::default()
        })
    }
}
