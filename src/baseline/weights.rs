//! The parameters of a model, and one step of its optimiser.

use super::error::BaselineError;
use super::spec::Spec;
use crate::checkpoint::{Progress, Snapshot};
use crate::learning::{Ascent, Moments};
use crate::matrix::Matrix;
use crate::network::Tensors;
use crate::params::Optimizer;
use crate::rng;
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use rand_distr::{Distribution as _, Normal};
use std::collections::BTreeMap;

/// Parameters by name, such as `encoder.0.weight` `[in, out]` and `encoder.0.bias` `[1, out]`, and what each optimiser
/// remembers of them.
#[derive(Debug, Clone)]
pub struct ComparedWeights {
    values: Tensors,
    /// By `optimiser/parameter`.
    ascents: BTreeMap<String, Ascent>,
    optimizer: Optimizer,
    radius: f32,
}

/// The parameters as variables of one computation.
pub(super) type Variables = BTreeMap<String, Var>;

impl ComparedWeights {
    /// Weights drawn for rectifiers, N(0, 2 / in) (He et al., 2015), each from a random stream of its own; biases 0.
    #[must_use]
    pub fn new(spec: &Spec, seed: u64) -> Self {
        let mut values = Tensors::new();
        for (network, sizes) in spec.networks() {
            for (layer, pair) in sizes.windows(2).enumerate() {
                let name = format!("{network}.{layer}.weight");
                let mut random = rng::stream(seed, &format!("baseline {name}"));
                let normal = Normal::new(0.0, (2.0 / pair[0] as f32).sqrt()).expect("a finite deviation above 0");
                values.insert(name, Matrix::from_fn(pair[0], pair[1], |_, _| normal.sample(&mut random)));
                values.insert(format!("{network}.{layer}.bias"), Matrix::zeros(1, pair[1]));
            }
        }
        Self::of(values, BTreeMap::new(), spec)
    }

    pub(super) fn of(values: Tensors, moments: BTreeMap<String, Moments>, spec: &Spec) -> Self {
        let optimizer = Optimizer::adam(spec.rate);
        let ascent = |(name, moments)| {
            let mut ascent = Ascent::new(optimizer);
            ascent.restore(moments);
            (name, ascent)
        };
        Self { values, ascents: moments.into_iter().map(ascent).collect(), optimizer, radius: spec.radius }
    }

    /// The weights of a checkpoint.
    #[must_use]
    pub fn restore(snapshot: Snapshot, spec: &Spec) -> (Self, Progress) {
        let (values, moments, progress) = snapshot.into_parts();
        (Self::of(values, moments, spec), progress)
    }

    /// A checkpoint of them.
    #[must_use]
    pub fn snapshot(&self, progress: Progress) -> Snapshot {
        let moments = self.ascents.iter().map(|(name, ascent)| (name.clone(), ascent.moments().clone()));
        Snapshot::new(self.values.clone(), moments.collect(), progress)
    }

    /// All parameters.
    #[must_use]
    pub fn tensors(&self) -> &Tensors {
        &self.values
    }

    /// The parameters as variables of a new computation.
    pub(super) fn variables(&self) -> Result<Variables, BaselineError> {
        let variable = |(name, m): (&String, &Matrix)| {
            Ok((name.clone(), Var::from_slice(m.as_slice(), (m.rows(), m.cols()), &Device::Cpu)?))
        };
        self.values.iter().map(variable).collect()
    }

    /// One step of the optimiser called `name` down `loss`, for the parameters of `networks` alone. The gradient of all
    /// of them together is rescaled to the ball.
    pub(super) fn descend(
        &mut self,
        loss: &Tensor,
        variables: &Variables,
        name: &str,
        networks: &[&str],
    ) -> Result<(), BaselineError> {
        let gradients = gradients(&loss.backward()?, variables, networks)?;
        let norm = gradients.iter().flat_map(|(_, g)| g).map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let scale = (f64::from(self.radius) / norm.max(1e-30)).min(1.0) as f32;
        for (parameter, mut gradient) in gradients {
            // An ascent goes up its rule.
            gradient.iter_mut().for_each(|g| *g *= -scale);
            let ascent = self.ascents.entry(format!("{name}/{parameter}"));
            let ascent = ascent.or_insert_with(|| Ascent::new(self.optimizer));
            let value = self.values.get_mut(parameter).expect("a variable is made from a parameter");
            ascent.step(value.as_mut_slice(), &gradient);
        }
        Ok(())
    }
}

fn gradients<'a>(
    store: &GradStore,
    variables: &'a Variables,
    networks: &[&str],
) -> Result<Vec<(&'a str, Vec<f32>)>, BaselineError> {
    let chosen = |name: &str| networks.iter().any(|network| name.split('.').next() == Some(network));
    let mut found = Vec::new();
    for (name, variable) in variables.iter().filter(|(name, _)| chosen(name)) {
        if let Some(gradient) = store.get(variable) {
            found.push((name.as_str(), gradient.flatten_all()?.to_vec1()?));
        }
    }
    Ok(found)
}
