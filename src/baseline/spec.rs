//! Which model, how large, and what its losses weigh.

use serde::{Deserialize, Serialize};

/// Synapses of `gncn-pdh.ron`, generative and error synapses together: what a compared model may have.
pub const SYNAPSES: usize = 1_494_720;

/// The compared models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparedKind {
    /// Gaussian mixture on the pixels.
    Gmm,
    /// Regularised auto-encoder.
    Rae,
    /// Gaussian variational auto-encoder with a constant variance.
    GvaeCv,
    /// Gaussian variational auto-encoder.
    Gvae,
    /// Adversarial auto-encoder.
    GanAe,
    /// Discriminative sparse rectifier network.
    Dsrn,
}

impl ComparedKind {
    /// All of them, in the order of the paper's table.
    pub const ALL: [Self; 6] = [Self::Gmm, Self::Rae, Self::GvaeCv, Self::Gvae, Self::GanAe, Self::Dsrn];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gmm => "gmm",
            Self::Rae => "rae",
            Self::GvaeCv => "gvae-cv",
            Self::Gvae => "gvae",
            Self::GanAe => "gan-ae",
            Self::Dsrn => "dsrn",
        }
    }

    /// The model of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it has a latent code and a decoder.
    #[must_use]
    pub fn is_autoencoder(self) -> bool {
        matches!(self, Self::Rae | Self::GvaeCv | Self::Gvae | Self::GanAe)
    }
}

/// A model to be trained. Two trainings with equal specs, seeds and data are the same training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Which model.
    pub model: ComparedKind,
    /// Pixels of an image.
    pub pixels: usize,
    /// Neurons of each hidden layer; all hidden layers have as many.
    pub hidden: usize,
    /// Neurons of the latent code.
    pub latent: usize,
    /// Classes of the labels.
    pub classes: usize,
    /// Images in a batch.
    pub batch: usize,
    /// Adam's rate.
    pub rate: f32,
    /// The gradient of all parameters together is rescaled to this norm where it is larger.
    pub radius: f32,
    /// What the squared weights of an RAE weigh in its loss.
    pub weight_penalty: f32,
    /// What half the squared latent code of an RAE weighs in its loss.
    pub latent_penalty: f32,
    /// Variance of the code of a GVAE-CV. The paper chooses it from [0.025, 1] on validation images.
    pub variance: f32,
    /// What the mean absolute activity of a DSRN's hidden layers weighs in its loss.
    pub activity_penalty: f32,
}

impl Spec {
    /// A model for images of `pixels` pixels with about `synapses` synapses, and otherwise the protocol of the paper:
    /// four layers, 20 neurons on top, batches of 200, Adam at 0.001.
    #[must_use]
    pub fn new(model: ComparedKind, pixels: usize, classes: usize, synapses: usize) -> Self {
        let mut spec = Self {
            model,
            pixels,
            hidden: 1,
            latent: 20,
            classes,
            batch: 200,
            rate: 0.001,
            radius: 5.0,
            weight_penalty: 1e-4,
            latent_penalty: 1e-2,
            variance: 0.1,
            activity_penalty: 1e-3,
        };
        // Synapses grow with the hidden layers, so the largest that fits is found by halving.
        let (mut fits, mut too_many) = (1, synapses.max(2));
        while fits + 1 < too_many {
            spec.hidden = fits.midpoint(too_many);
            if spec.synapses() <= synapses { fits = spec.hidden } else { too_many = spec.hidden }
        }
        spec.hidden = fits;
        spec
    }

    /// The networks of the model: name, and neurons of each layer from input to output.
    #[must_use]
    pub fn networks(&self) -> Vec<(&'static str, Vec<usize>)> {
        let Self { pixels, hidden: h, latent, classes, .. } = *self;
        let decoder = ("decoder", vec![latent, h, h, pixels]);
        match self.model {
            ComparedKind::Gmm => Vec::new(),
            ComparedKind::Rae | ComparedKind::GvaeCv => vec![("encoder", vec![pixels, h, h, latent]), decoder],
            // Mean and log variance of each latent neuron.
            ComparedKind::Gvae => vec![("encoder", vec![pixels, h, h, 2 * latent]), decoder],
            ComparedKind::GanAe => {
                vec![("encoder", vec![pixels, h, h, latent]), decoder, ("discriminator", vec![latent, h, h, 1])]
            }
            ComparedKind::Dsrn => vec![("classifier", vec![pixels, h, h, h, classes])],
        }
    }

    /// Synapses of all networks, without biases.
    #[must_use]
    pub fn synapses(&self) -> usize {
        let of = |sizes: &[usize]| sizes.windows(2).map(|pair| pair[0].saturating_mul(pair[1])).sum::<usize>();
        self.networks().iter().map(|(_, sizes)| of(sizes)).sum()
    }

    /// What a run folder says of it: one setting on each line.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and names are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::{ComparedKind, SYNAPSES, Spec};

    #[test]
    fn models_have_about_as_many_synapses_as_the_circuits() {
        for kind in ComparedKind::ALL.into_iter().filter(|kind| *kind != ComparedKind::Gmm) {
            let spec = Spec::new(kind, 784, 10, SYNAPSES);
            let (synapses, name) = (spec.synapses(), kind.name());
            assert!(synapses <= SYNAPSES && synapses as f64 > 0.99 * SYNAPSES as f64, "{name}: {synapses}");
            let larger = Spec { hidden: spec.hidden + 1, ..spec.clone() };
            assert!(larger.synapses() > SYNAPSES, "{name}: {} neurons are not the most", spec.hidden);
            assert_eq!(ComparedKind::named(name), Some(kind));
        }
        assert_eq!(ComparedKind::named("vae"), None);
    }
}
