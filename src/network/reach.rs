//! Synapses of projections that don't reach everybody: from the tensors of a file to a pattern, and back.
//!
//! | reach | tensor | order |
//! |---|---|---|
//! | `Patch` | `[positions · a·b·c_to, c_from]`, in files `[positions, a·b·c_to, c_from]` | positions row-major; rows, columns, channels of the field |
//! | `Random`, `OneToOne` | `[1, n]`, in files `[n]`, and `….index` `[n, 2]` of (to, from) | ascending |
//!
//! E has the layout of W: the value of a pair stands at the same place in both.

use super::error::WeightsError;
use crate::circuit::{Circuit, Projection};
use crate::kernels::pattern::Pattern;
use crate::matrix::Matrix;
use crate::params::Reach;
use crate::rng;
use crate::synapse::Synapses;
use crate::weights::Weights;
use rand::seq::index as choice;
use std::collections::BTreeMap;
use std::sync::Arc;

/// PairList (to, from) in the order of a tensor.
type PairList = Vec<(u32, u32)>;

/// Which side of the pairs a block of synapses belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SynapseKind {
    Generative,
    Feedback,
}

impl SynapseKind {
    fn of(kind: &str) -> Self {
        if kind == "generative" { Self::Generative } else { Self::Feedback }
    }

    /// (presynaptic, postsynaptic) of (to, from), and the other way round.
    fn turned(self, (one, other): (u32, u32)) -> (u32, u32) {
        match self {
            Self::Generative => (other, one),
            Self::Feedback => (one, other),
        }
    }
}

/// The name of the list of pairs of a tensor.
fn index_name(name: &str) -> String {
    format!("{name}.index")
}

fn is_listed(reach: Reach) -> bool {
    matches!(reach, Reach::Random { .. } | Reach::OneToOne)
}

/// The shape as a matrix of the tensor of one block of synapses.
pub(super) fn shape(circuit: &Circuit, projection: &Projection, kind: &str) -> [usize; 2] {
    let (from, to) = (circuit.layer(projection.from()), circuit.layer(projection.to()));
    let count = circuit.synapses(projection) as usize;
    match (projection.reach(), SynapseKind::of(kind)) {
        (Reach::All, SynapseKind::Generative) => [to.size(), from.size()],
        (Reach::All, SynapseKind::Feedback) => [from.size(), to.size()],
        (Reach::Patch { .. }, _) => {
            let channels = from.shape().map_or(1, |shape| shape[2]);
            [count / channels, channels]
        }
        (Reach::Random { .. } | Reach::OneToOne, _) => [1, count],
    }
}

/// Adds the tensors of one block of synapses, with their shapes as matrices.
pub(super) fn shapes(
    circuit: &Circuit,
    projection: &Projection,
    kind: &str,
    shapes: &mut BTreeMap<String, [usize; 2]>,
) {
    let name = circuit.tensor_name(projection, kind);
    let shape = shape(circuit, projection, kind);
    if is_listed(projection.reach()) {
        shapes.insert(index_name(&name), [shape[1], 2]);
    }
    shapes.insert(name, shape);
}

/// By place in the tensor of a block: how many synapses of the block the postsynaptic neuron of that one has, and how many
/// the presynaptic neuron.
pub(super) fn ends(circuit: &Circuit, projection: &Projection, kind: &str) -> Box<dyn Fn(usize) -> (usize, usize)> {
    let (from, to) = (circuit.layer(projection.from()).size(), circuit.layer(projection.to()).size());
    let role = SynapseKind::of(kind);
    if projection.reach() == Reach::All {
        let of_all = if role == SynapseKind::Generative { (from, to) } else { (to, from) };
        return Box::new(move |_| of_all);
    }
    let pairs = pairs(circuit, projection);
    let (mut of_to, mut of_from) = (vec![0; to], vec![0; from]);
    for (i, j) in &pairs {
        of_to[*i as usize] += 1;
        of_from[*j as usize] += 1;
    }
    Box::new(move |at| {
        let (i, j) = pairs[at];
        let (at_to, at_from) = (of_to[i as usize], of_from[j as usize]);
        if role == SynapseKind::Generative { (at_to, at_from) } else { (at_from, at_to) }
    })
}

/// The list of pairs that goes with a tensor called `name`, where that is the name of such a list.
pub(super) fn drawn_index(circuit: &Circuit, name: &str) -> Option<Matrix> {
    let tensor = name.strip_suffix(".index")?;
    let (ends, _) = tensor.rsplit_once('.')?;
    let is_it = |p: &&Projection| circuit.tensor_name(p, "").trim_end_matches('.') == ends;
    Some(index(&pairs(circuit, circuit.projections().iter().find(is_it)?)))
}

fn index(pairs: &[(u32, u32)]) -> Matrix {
    Matrix::from_fn(pairs.len(), 2, |i, side| if side == 0 { pairs[i].0 as f32 } else { pairs[i].1 as f32 })
}

/// Which pairs have a synapse, as the circuit says.
fn pairs(circuit: &Circuit, projection: &Projection) -> PairList {
    let (from, to) = (circuit.layer(projection.from()), circuit.layer(projection.to()));
    match projection.reach() {
        Reach::All => (0..to.size() as u32).flat_map(|i| (0..from.size() as u32).map(move |j| (i, j))).collect(),
        Reach::OneToOne => (0..from.size() as u32).map(|i| (i, i)).collect(),
        Reach::Random { seed, .. } => {
            let name = format!("reach {}_to_{}", from.name(), to.name());
            let (all, count) = (from.size() * to.size(), circuit.synapses(projection) as usize);
            let mut chosen = choice::sample(&mut rng::stream(seed, &name), all, count).into_vec();
            chosen.sort_unstable();
            chosen.into_iter().map(|at| ((at / from.size()) as u32, (at % from.size()) as u32)).collect()
        }
        Reach::Patch { field, stride } => {
            let shape = |shape: Option<[usize; 3]>| shape.expect("a patch was checked with its circuit");
            patches(shape(from.shape()), shape(to.shape()), field, stride)
        }
    }
}

fn patches([rows, cols, own]: [usize; 3], to: [usize; 3], field: (usize, usize), stride: (usize, usize)) -> PairList {
    let [_, wide, channels] = to;
    let mut pairs = Vec::with_capacity(rows * cols * field.0 * field.1 * channels * own);
    for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
        for (y, x) in (0..field.0).flat_map(|y| (0..field.1).map(move |x| (y, x))) {
            let pixel = (i * stride.0 + y) * wide + j * stride.1 + x;
            for (k, c) in (0..channels).flat_map(|k| (0..own).map(move |c| (k, c))) {
                pairs.push(((pixel * channels + k) as u32, ((i * cols + j) * own + c) as u32));
            }
        }
    }
    pairs
}

/// For each pair in the order of a pattern, its place in the order of the tensor.
fn places(pairs: &[(u32, u32)], role: SynapseKind) -> Vec<((u32, u32), u32)> {
    let mut places: Vec<_> = pairs.iter().map(|pair| role.turned(*pair)).zip(0_u32..).collect();
    places.sort_unstable();
    places
}

/// Weights of a projection that does not reach everybody, from its tensors.
///
/// # Errors
/// [`WeightsError`] where a list of pairs is missing, or is no list of pairs.
pub(super) fn weights(
    circuit: &Circuit,
    projection: &Projection,
    kind: &str,
    (tensor, tensors): (&Matrix, &BTreeMap<String, Matrix>),
) -> Result<Weights, WeightsError> {
    let (role, name) = (SynapseKind::of(kind), circuit.tensor_name(projection, kind));
    let (from, to) = (circuit.layer(projection.from()).size(), circuit.layer(projection.to()).size());
    let pairs = match is_listed(projection.reach()) {
        false => pairs(circuit, projection),
        true => {
            let list = index_name(&name);
            let found = || tensors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let missing = || WeightsError::Missing { name: list.clone(), found: found() };
            read_index(tensors.get(&list).ok_or_else(missing)?, tensor, [to, from])
                .filter(|read| projection.reach() != Reach::OneToOne || *read == pairs(circuit, projection))
                .ok_or_else(|| WeightsError::Index { name: list.clone(), sizes: [to, from] })?
        }
    };
    let places = places(&pairs, role);
    let values = places.iter().map(|(_, at)| tensor.as_slice()[*at as usize]).collect();
    let pairs: Vec<_> = places.into_iter().map(|(pair, _)| pair).collect();
    let (pre, post) = if role == SynapseKind::Generative { (from, to) } else { (to, from) };
    Ok(Weights::of_pattern(Arc::new(Pattern::new(pre, post, &pairs)), values))
}

/// Weights of a projection that another process has.
pub(super) fn elsewhere(circuit: &Circuit, projection: &Projection, kind: &str) -> Weights {
    let (from, to) = (circuit.layer(projection.from()).size(), circuit.layer(projection.to()).size());
    match SynapseKind::of(kind) {
        SynapseKind::Generative => Weights::elsewhere(from, to),
        SynapseKind::Feedback => Weights::elsewhere(to, from),
    }
}

/// A list of pairs out of numbers; `None` where they don't ascend, aren't whole, or lie outside of `sizes`.
fn read_index(list: &Matrix, values: &Matrix, sizes: [usize; 2]) -> Option<PairList> {
    if list.cols() != 2 || list.rows() != values.as_slice().len() {
        return None;
    }
    let whole =
        |value: f32, size: usize| (value.fract() == 0.0 && (0.0..size as f32).contains(&value)).then_some(value as u32);
    let pair = |row: &[f32]| Some((whole(row[0], sizes[0])?, whole(row[1], sizes[1])?));
    let pairs: PairList = list.as_slice().chunks_exact(2).map(pair).collect::<Option<_>>()?;
    pairs.windows(2).all(|two| two[0] < two[1]).then_some(pairs)
}

/// The tensors of a block of synapses, in the layout of files.
pub(super) fn tensors(circuit: &Circuit, synapses: &Synapses) -> Vec<(String, Matrix)> {
    let name = synapses.name();
    let weights = synapses.weights();
    let Some(pattern) = weights.pattern() else { return vec![(name.to_owned(), weights.values().transposed())] };
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
    let role = SynapseKind::of(kind);
    let projection = circuit.projections().iter().find(|p| circuit.tensor_name(p, kind) == name);
    let projection = projection.expect("synapses belong to a projection");
    let listed = is_listed(projection.reach());
    let pairs = match listed {
        false => pairs(circuit, projection),
        true => {
            let mut pairs: PairList = pattern.pairs().map(|pair| role.turned(pair)).collect();
            pairs.sort_unstable();
            pairs
        }
    };
    let mut values = vec![0.0; pairs.len()];
    for ((_, at), value) in places(&pairs, role).iter().zip(weights.values().as_slice()) {
        values[*at as usize] = *value;
    }
    let matrix = |rows: usize, cols: usize, values| Matrix::from_vec(rows, cols, values).unwrap_or_default();
    if listed {
        let values = matrix(1, pairs.len(), values).as_vector();
        return vec![(index_name(name), self::index(&pairs)), (name.to_owned(), values)];
    }
    let from = circuit.layer(projection.from());
    let channels = from.shape().map_or(1, |shape| shape[2]);
    let values = matrix(pairs.len() / channels, channels, values).in_blocks(from.size() / channels);
    vec![(name.to_owned(), values)]
}
