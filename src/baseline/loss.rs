//! What each model descends in one batch. `x` are images `[B, J]`, `z` codes `[B, L]`, `l` logits of the pixels; sums
//! over neurons, means over images.

use super::error::BaselineError;
use super::net::{Net, class_cross_entropy, cross_entropy, tensor};
use super::spec::{ComparedKind, Spec};
use super::weights::ComparedWeights;
use super::weights::Variables;
use crate::matrix::Matrix;
use candle_core::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// One batch of images, with labels where the model learns them.
pub(super) struct Batch<'a> {
    /// `[B, J]`
    pub(super) images: &'a Matrix,
    /// `[B, C]`, one-hot.
    pub(super) labels: Option<&'a Matrix>,
}

/// Learns from one batch and returns the cross-entropy of the pixels, or of the label of a DSRN, per image, in nats.
/// `random` is the noise of this batch alone.
pub(super) fn learn(
    spec: &Spec,
    weights: &mut ComparedWeights,
    batch: &Batch<'_>,
    mut random: ChaCha8Rng,
) -> Result<f64, BaselineError> {
    let images = tensor(batch.images)?;
    let variables = weights.variables()?;
    let (error, penalty) = match (spec.model, batch.labels) {
        (ComparedKind::Dsrn, Some(labels)) => classify(spec, &variables, &images, &tensor(labels)?)?,
        (ComparedKind::Dsrn, None) => return Err(BaselineError::NoLabels),
        _ => reconstruct(spec, &variables, &images, &mut random)?,
    };
    let loss = (&error + penalty)?;
    weights.descend(&loss, &variables, "learn", &["encoder", "decoder", "classifier"])?;
    if spec.model == ComparedKind::GanAe {
        match_prior(spec, weights, &images, &mut random)?;
    }
    Ok(f64::from(error.to_scalar::<f32>()?))
}

/// Cross-entropy of the pixels, and what the model adds to it.
fn reconstruct(
    spec: &Spec,
    variables: &Variables,
    images: &Tensor,
    random: &mut ChaCha8Rng,
) -> Result<(Tensor, Tensor), BaselineError> {
    let (encoder, decoder) = (Net::new(variables, "encoder"), Net::new(variables, "decoder"));
    let (code, (rows, latent)) = (encoder.forward(images)?, (images.dims2()?.0, spec.latent));
    let per_image = |sum: Tensor, weight: f64| Ok::<_, BaselineError>((sum * (weight / rows as f64))?);
    let (code, penalty) = match spec.model {
        ComparedKind::Rae => {
            let weights = (encoder.squared_weights()? + decoder.squared_weights()?)?;
            let latent = per_image(code.sqr()?.sum_all()?, f64::from(spec.latent_penalty) / 2.0)?;
            (code, ((weights * f64::from(spec.weight_penalty))? + latent)?)
        }
        ComparedKind::GvaeCv => {
            // KL(N(m, σ² I) ‖ N(0, I)) = ½ Σ (m² + σ² − 1 − log σ²)
            let variance = f64::from(spec.variance);
            let constant = 0.5 * latent as f64 * (variance - 1.0 - variance.ln());
            let divergence = (per_image(code.sqr()?.sum_all()?, 0.5)? + constant)?;
            ((code + (noise(rows, latent, random)? * variance.sqrt())?)?, divergence)
        }
        ComparedKind::Gvae => {
            // KL(N(m, diag s) ‖ N(0, I)) = ½ Σ (m² + s − 1 − log s)
            let (mean, log_variance) = (code.narrow(1, 0, latent)?, code.narrow(1, latent, latent)?);
            let terms = (((mean.sqr()? + log_variance.exp()?)? - &log_variance)? - 1.0)?;
            let deviation = (&log_variance * 0.5)?.exp()?;
            ((&mean + (deviation * noise(rows, latent, random)?)?)?, per_image(terms.sum_all()?, 0.5)?)
        }
        _ => (code, Tensor::zeros((), candle_core::DType::F32, &Device::Cpu)?),
    };
    Ok((cross_entropy(&decoder.forward(&code)?, images)?, penalty))
}

/// Cross-entropy of the class, and the L1 norm of the hidden activities.
fn classify(
    spec: &Spec,
    variables: &Variables,
    images: &Tensor,
    labels: &Tensor,
) -> Result<(Tensor, Tensor), BaselineError> {
    let (logits, hidden) = Net::new(variables, "classifier").forward_through(images)?;
    let mut activity = Tensor::zeros((), candle_core::DType::F32, &Device::Cpu)?;
    for layer in &hidden {
        // Rectified, so activities are their own magnitudes.
        activity = (activity + layer.sum_all()?)?;
    }
    let weight = f64::from(spec.activity_penalty) / images.dims2()?.0 as f64;
    Ok((class_cross_entropy(&logits, labels)?, (activity * weight)?))
}

/// The two adversarial steps of Makhzani et al. (2015): the discriminator learns to tell codes from the prior N(0, I),
/// and then the encoder learns to pass for the prior.
fn match_prior(
    spec: &Spec,
    weights: &mut ComparedWeights,
    images: &Tensor,
    random: &mut ChaCha8Rng,
) -> Result<(), BaselineError> {
    let rows = images.dims2()?.0;
    let (yes, no) = (constant(rows, 1.0)?, constant(rows, 0.0)?);
    let variables = weights.variables()?;
    let discriminator = Net::new(&variables, "discriminator");
    let codes = Net::new(&variables, "encoder").forward(images)?.detach();
    let told = cross_entropy(&discriminator.forward(&noise(rows, spec.latent, random)?)?, &yes)?;
    let loss = (told + cross_entropy(&discriminator.forward(&codes)?, &no)?)?;
    weights.descend(&loss, &variables, "tell", &["discriminator"])?;

    let variables = weights.variables()?;
    let codes = Net::new(&variables, "encoder").forward(images)?;
    let passed = cross_entropy(&Net::new(&variables, "discriminator").forward(&codes)?, &yes)?;
    weights.descend(&passed, &variables, "pass", &["encoder"])
}

/// `[rows, cols]` of draws from N(0, 1).
fn noise(rows: usize, cols: usize, random: &mut ChaCha8Rng) -> Result<Tensor, BaselineError> {
    let values: Vec<f32> = (0..rows * cols).map(|_| StandardNormal.sample(random)).collect();
    Ok(Tensor::from_vec(values, (rows, cols), &Device::Cpu)?)
}

fn constant(rows: usize, value: f32) -> Result<Tensor, BaselineError> {
    Ok(Tensor::from_vec(vec![value; rows], (rows, 1), &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::{reconstruct, tensor};
    use crate::baseline::{ComparedKind, ComparedWeights, Spec};
    use crate::matrix::Matrix;
    use crate::rng;

    fn total(spec: &Spec, weights: &ComparedWeights, images: &Matrix) -> f64 {
        let variables = weights.variables().expect("variables");
        let images = tensor(images).expect("images");
        let random = &mut rng::stream(5, "test");
        let (error, penalty) = reconstruct(spec, &variables, &images, random).expect("a loss");
        f64::from((error + penalty).expect("a sum").to_scalar::<f32>().expect("a number"))
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let images = Matrix::from_fn(6, 9, |i, j| ((i * 7 + j * 3) % 2) as f32);
        for model in [ComparedKind::Rae, ComparedKind::GvaeCv, ComparedKind::Gvae] {
            let spec = Spec { latent: 3, weight_penalty: 0.01, latent_penalty: 0.3, ..Spec::new(model, 9, 2, 200) };
            let weights = ComparedWeights::new(&spec, 1);
            let variables = weights.variables().expect("variables");
            let random = &mut rng::stream(5, "test");
            let batch = tensor(&images).expect("images");
            let (error, penalty) = reconstruct(&spec, &variables, &batch, random).expect("a loss");
            let gradients = (error + penalty).expect("a sum").backward().expect("gradients");
            for name in ["encoder.0.weight", "encoder.2.weight", "decoder.0.weight", "decoder.2.bias"] {
                let gradient = gradients.get(&variables[name]).expect("a gradient");
                let gradient: Vec<f32> = gradient.flatten_all().and_then(|g| g.to_vec1()).expect("numbers");
                for at in [0, gradient.len() / 2, gradient.len() - 1] {
                    let moved = |by: f32| {
                        let mut tensors = weights.tensors().clone();
                        tensors.get_mut(name).expect("a parameter").as_mut_slice()[at] += by;
                        total(&spec, &ComparedWeights::of(tensors, Default::default(), &spec), &images)
                    };
                    let numeric = (moved(1e-3) - moved(-1e-3)) / 2e-3;
                    let (exact, most) = (f64::from(gradient[at]), 0.01 + 0.02 * numeric.abs());
                    assert!((numeric - exact).abs() < most, "{model:?} {name}[{at}]: {exact}, not {numeric}");
                }
            }
        }
    }
}
