//! Names, senses and projections: whether the layers hang together.

use super::plasticity;
use super::report::{Legal, Mistakes};
use super::time;
use crate::circuit::error::shown;
use crate::circuit::file::{CircuitFile, LayerFile, ProjectionFile};
use crate::circuit::{LayerId, Projection};
use crate::params::Feedback;
use std::collections::{HashMap, HashSet};

/// Layers and projections of one circuit. Wiring takes time in their product.
pub(super) const MOST_LAYERS: usize = 4096;
const MOST_PROJECTIONS: usize = 16_384;

/// What the layers do to each other.
pub(super) struct Roles {
    /// Projections whose two ends exist.
    pub(super) projections: Vec<Projection>,
    /// Layers that some projection predicts.
    pub(super) predicted: HashSet<LayerId>,
    /// Whether there are projections and all of them name layers that exist. If not, what seems to be missing
    /// may be meant by the misspelt ones.
    pub(super) complete: bool,
}

/// Whether the file is of a size that can be checked at all.
pub(super) fn is_readable(file: &CircuitFile, report: &mut Mistakes<'_>) -> bool {
    let (layers, projections) = (file.layers.0.len(), file.projections.len());
    if layers == 0 {
        report.add("layers", "there is no layer; a circuit needs two or more, of which one has a sense");
    }
    layers > 0
        && report.count("layers", layers as u64, 0, MOST_LAYERS as u64)
        && report.count("projections", projections as u64, 0, MOST_PROJECTIONS as u64)
}

/// Checks names, senses and projections.
pub(super) fn roles(file: &CircuitFile, report: &mut Mistakes<'_>) -> Roles {
    let names = names(file, report);
    let sensitive = senses(file, report);
    let projections = projections(file, &names, report);
    let complete = !projections.is_empty() && projections.len() == file.projections.len();
    let predicted: HashSet<_> = projections.iter().map(|p| p.to).collect();
    let roles = Roles { projections: without_twins(file, &projections, report), predicted, complete };
    // Without any sense, the layer that lacks it would be reported again as one that takes no part.
    if complete && sensitive {
        idle(file, &names, &roles, report);
    }
    roles
}

/// Layers by name; a name that is given again keeps its first meaning.
fn names<'f>(file: &'f CircuitFile, report: &mut Mistakes<'_>) -> HashMap<&'f str, LayerId> {
    let mut names = HashMap::new();
    let mut given: HashMap<&str, usize> = HashMap::new();
    for (name, _) in &file.layers.0 {
        let at = format!("layers.{name}");
        let times = given.entry(name).or_default();
        if *times > 0 {
            let first = report.line_of(&at, 0);
            report.add_nth(
                &at,
                *times,
                format!("the layer stands here again, after the one{first}; rename one of them"),
            );
        } else {
            names.insert(name.as_str(), LayerId(names.len()));
            if let Err(why) = layer_name(name) {
                report.add(&at, why);
            }
        }
        *times += 1;
    }
    names
}

/// Populations are `NAME` and `NAME.error`, tensors `NAME_to_NAME.generative`: a layer's name must leave these
/// readable in one way only.
fn layer_name(name: &str) -> Result<(), String> {
    plain_name(name, "layer")?;
    if name.contains("_to_") || name.starts_with("to_") || name.ends_with("_to") {
        return Err(format!(
            "a layer cannot be called `{}`, because tensors are named `A_to_B`; \
             use a name without `_to_`, not beginning with `to_` or ending in `_to`",
            shown(name)
        ));
    }
    Ok(())
}

/// Names stand in names of files and in `--input NAME=FILE`.
fn plain_name(name: &str, what: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("the name of this {what} is empty; use letters, digits, `-` and `_`"));
    }
    let strange = name.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
    strange.map_or(Ok(()), |c| {
        let shown = shown(name);
        Err(format!("a {what} cannot be called `{shown}`, because of {c:?}; use letters, digits, `-` and `_`"))
    })
}

/// Whether there is a sense at all.
fn senses(file: &CircuitFile, report: &mut Mistakes<'_>) -> bool {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for (name, layer) in &file.layers.0 {
        let Some(sense) = &layer.sense else { continue };
        let at = format!("layers.{name}.sense");
        if let Err(why) = plain_name(sense, "sense") {
            report.add(&at, why);
        } else if let Some(owner) = owners.insert(sense, name).filter(|owner| owner != name) {
            let (sense, owner) = (shown(sense), shown(owner));
            report.add(&at, format!("the sense \"{sense}\" already clamps layer `{owner}`; give each layer its own"));
        }
    }
    let any = file.layers.0.iter().any(|(_, layer)| layer.sense.is_some());
    if !any {
        report.add(
            "layers",
            "no layer has a sense, so no input would ever reach the circuit; \
             add `sense: \"image\"` to the layer that holds the input",
        );
    }
    any
}

/// The projections whose ends exist.
fn projections(file: &CircuitFile, names: &HashMap<&str, LayerId>, report: &mut Mistakes<'_>) -> Vec<Projection> {
    if file.projections.is_empty() {
        let example = "(from: \"z1\", to: \"z0\", feedback: Transposed)";
        report.add(
            "projections",
            format!("there is no projection, so nothing predicts anything; add one, such as {example}"),
        );
    }
    let mut found = Vec::new();
    for (i, projection) in file.projections.iter().enumerate() {
        feedback(projection.feedback, &format!("projections[{i}].feedback"), report);
        time::delay(projection.delay, projection.feedback, &format!("projections[{i}]"), report);
        plasticity::projection(projection, file.learning, &format!("projections[{i}]"), report);
        let mut end = |field: &str, name: &str| {
            let id = names.get(name).copied();
            if id.is_none() {
                unknown(file, &format!("projections[{i}].{field}"), name, report);
            }
            id
        };
        let (from, to) = (end("from", &projection.from), end("to", &projection.to));
        if let (Some(from), Some(to)) = (from, to) {
            let ProjectionFile { feedback, init, sign, learning, reach, delay, .. } = *projection;
            found.push(Projection { from, to, feedback, init, sign, learning, reach, delay });
        }
    }
    found
}

/// A layer that isn't there; the name of a sense is an easy slip.
fn unknown(file: &CircuitFile, at: &str, name: &str, report: &mut Mistakes<'_>) {
    let owner = file.layers.0.iter().find(|(_, layer)| layer.sense.as_deref() == Some(name));
    if let Some((owner, _)) = owner {
        let (name, owner) = (shown(name), shown(owner));
        report.add(at, format!("`{name}` is the name of a sense; the layer that it clamps is called `{owner}`"));
    } else {
        report.unknown(at, "layer", name, file.layers.0.iter().map(|(name, _)| name.as_str()));
    }
}

fn feedback(feedback: Feedback, at: &str, report: &mut Mistakes<'_>) {
    match feedback {
        Feedback::Learned { rate } => report.number(&format!("{at}.rate"), rate, Legal::NotNegative),
        Feedback::ScaledTranspose { gain } => report.number(&format!("{at}.gain"), gain, Legal::NotNegative),
        Feedback::Transposed | Feedback::Silent => true,
    };
}

/// Each pair of layers once; the later ones of a pair are mistakes.
fn without_twins(file: &CircuitFile, found: &[Projection], report: &mut Mistakes<'_>) -> Vec<Projection> {
    let mut first: HashMap<(&str, &str), usize> = HashMap::new();
    for (i, projection) in file.projections.iter().enumerate() {
        let pair = (projection.from.as_str(), projection.to.as_str());
        let twin = *first.entry(pair).or_insert(i);
        if twin != i {
            let (from, to) = (shown(pair.0), shown(pair.1));
            let line = report.line_of(&format!("projections[{twin}]"), 0);
            report.add(
                &format!("projections[{i}]"),
                format!("`{from}` already predicts `{to}` by projections[{twin}]{line}; keep one of the two"),
            );
        }
    }
    let mut pairs = HashSet::new();
    found.iter().copied().filter(|p| pairs.insert((p.from, p.to))).collect()
}

/// Layers that take no part: not sensory and predicting nothing, or sensory and connected to nothing.
fn idle(file: &CircuitFile, names: &HashMap<&str, LayerId>, roles: &Roles, report: &mut Mistakes<'_>) {
    let predicts: HashSet<_> = roles.projections.iter().map(|p| p.from).collect();
    for (name, layer) in &file.layers.0 {
        let Some(id) = names.get(name.as_str()) else { continue };
        if !predicts.contains(id) {
            lone(name, layer, roles.predicted.contains(id), report);
        }
    }
}

fn lone(name: &str, layer: &LayerFile, predicted: bool, report: &mut Mistakes<'_>) {
    let text = match (layer.sense.is_some(), predicted) {
        (true, true) => return,
        (true, false) => "the layer is in no projection, so its sense reaches nothing; add a projection to it",
        (false, true) => {
            "the layer neither predicts another nor has a sense, so it learns nothing from the input; \
             add a projection from it, or a sense"
        }
        (false, false) => "the layer is in no projection and has no sense; add a projection from it, or remove it",
    };
    report.add(&format!("layers.{name}"), text);
}
