//! What a training is, so that going on with it never mixes two: circuit, batches, settling, data, seed, limit.

use super::course;
use super::spec::TrainSpec;
use crate::checkpoint::{Progress, Run, StoreError};
use crate::circuit::Circuit;
use crate::circuit::file::{CircuitFile, SettlingFile};
use crate::data::Dataset;

/// The start of a training of `circuit` on `data`.
pub(super) fn start(circuit: &Circuit, data: &Dataset, spec: &TrainSpec) -> Progress {
    course::start(text_of(circuit, spec), data, spec.seed, spec.limit)
}

/// What a run folder says of a training that has no checkpoint yet; what it does not say is as in `asked`.
pub(super) fn recorded(run: &Run, spec: &TrainSpec, asked: &Progress) -> Result<Progress, StoreError> {
    let told = |key: &str, otherwise: &String| match run.info.data.get(key).and_then(|value| value.as_str()) {
        Some(value) => value.to_owned(),
        None => otherwise.clone(),
    };
    let is_all = run.info.data.get("without_validation").and_then(|value| value.as_bool()).unwrap_or(false);
    let digest = course::mark(told("digest", &asked.data.trim_end_matches(course::ALL_LEARNED).to_owned()), is_all);
    let circuit = run.circuit()?;
    let epochs = circuit.learning().epochs;
    let spec =
        TrainSpec { epochs, batch: circuit.learning().batch, settling: circuit.settling().clone(), ..spec.clone() };
    Ok(Progress {
        seed: run.info.seed,
        circuit: text_of(&circuit, &spec),
        data: digest,
        reading: told("reading", &asked.reading),
        limit: run.info.limit,
        ..Progress::default()
    })
}

/// In words, the first thing in which a training that was begun differs from the one that is asked for.
pub(crate) fn difference(was: &Progress, is: &Progress) -> Option<String> {
    let images = |limit: Option<usize>| limit.map_or("all training images".to_owned(), |n| format!("--limit {n}"));
    let is_all = |progress: &Progress| progress.data.ends_with(course::ALL_LEARNED);
    let held_out = |is_all| if is_all { "--no-validation" } else { "validation images held out" };
    let differs = [
        (was.seed != is.seed, format!("seed {}, not {}", was.seed, is.seed)),
        (was.limit != is.limit, format!("{}, not {}", images(was.limit), images(is.limit))),
        (is_all(was) != is_all(is), format!("{}, not {}", held_out(is_all(was)), held_out(is_all(is)))),
        (was.data != is.data, "other data (their digest differs)".to_owned()),
        (was.reading != is.reading, format!("pixels read as {}, not {}", was.reading, is.reading)),
        (was.circuit != is.circuit, format!("another circuit: {}", difference_of_text(&was.circuit, &is.circuit))),
    ];
    differs.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what)
}

/// The circuit as `spec` trains it. How long it is trained may change, and what is told about it, too.
fn text_of(circuit: &Circuit, spec: &TrainSpec) -> String {
    let mut file = CircuitFile::from(circuit);
    file.about = String::new();
    // How long it is trained changes what is learned only where the rate heads for the end.
    file.learning.epochs = if file.learning.rate_over_time.knows_the_end() { spec.epochs } else { 1 };
    file.learning.batch = spec.batch;
    file.settling = SettlingFile::new(&spec.settling, circuit);
    file.to_ron()
}

/// The first difference of two circuit files that gncn has written: one layer, projection or option on each line.
fn difference_of_text(was: &str, is: &str) -> String {
    let (was, is): (Vec<&str>, Vec<&str>) = (was.lines().map(str::trim).collect(), is.lines().map(str::trim).collect());
    let at = was.iter().zip(&is).take_while(|(was, is)| was == is).count();
    let (was, is) = (was.get(at).copied().unwrap_or(")"), is.get(at).copied().unwrap_or(")"));
    let (name, was) = named(was);
    let (other, is) = named(is);
    if name != other {
        let whole = |name: &str, line: &str| if name.is_empty() { line.to_owned() } else { name.to_owned() };
        return format!("{}, not {}", whole(&name, was), whole(&other, is));
    }
    let (was, is) = between_equal_ends(was, is);
    let of = if name.is_empty() { String::new() } else { format!("{name} ") };
    format!("{of}{was}, not {is}")
}

/// A line's layer or projection, where it is one, and what is said of that.
fn named(line: &str) -> (String, &str) {
    let line = line.trim_end_matches(',');
    if line.starts_with('"')
        && let Some((name, rest)) = line.split_once(": (")
    {
        return (name.to_owned(), rest.trim_end_matches(')'));
    }
    match line.find(", feedback: ") {
        Some(end) if line.starts_with("(from: ") => {
            (line[1..end].to_owned(), line[end + 2..].strip_suffix(')').unwrap_or(&line[end + 2..]))
        }
        _ => (String::new(), line),
    }
}

/// The items of two lines, without those that they begin and end with alike.
fn between_equal_ends<'a>(was: &'a str, is: &'a str) -> (&'a str, &'a str) {
    let (a, b): (Vec<&str>, Vec<&str>) = (was.split(", ").collect(), is.split(", ").collect());
    let begin = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let most = a.len().min(b.len()) - begin;
    let end = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    (inner(was, &a, begin, end), inner(is, &b, begin, end))
}

/// The part of `line` that its `items` make up, without `begin` of them and the last `end`.
fn inner<'a>(line: &'a str, items: &[&str], begin: usize, end: usize) -> &'a str {
    let length = |items: &[&str]| items.iter().map(|item| item.len() + 2).sum::<usize>();
    let to = line.len() - length(&items[items.len() - end..]);
    let part = &line[length(&items[..begin]).min(to)..to];
    if part.is_empty() { "nothing" } else { part }
}

#[cfg(test)]
mod tests {
    use super::difference_of_text;

    #[test]
    fn differences_are_named_with_their_place() {
        let of = |was: &str, is: &str| difference_of_text(&format!("A(\n  {was},\n)"), &format!("A(\n  {is},\n)"));
        let layer = |rest: &str| format!("\"z1\": (size: 6, {rest}leak: 0.0)");
        assert_eq!(of(&layer("beta: 0.1, "), &layer("beta: 0.2, ")), "\"z1\" beta: 0.1, not beta: 0.2");
        assert_eq!(of(&layer(""), &layer("beta: 0.2, ")), "\"z1\" nothing, not beta: 0.2");
        assert_eq!(of("\"z1\": (size: 6)", "\"z2\": (size: 6)"), "\"z1\", not \"z2\"");
        assert_eq!(of("\"z1\": (size: 6)", "\"z1\": (size: 7)"), "\"z1\" size: 6, not size: 7");
        assert_eq!(of("batch: 20", "batch: 10"), "batch: 20, not batch: 10");
        let projection = |feedback: &str| format!("(from: \"z1\", to: \"z0\", feedback: {feedback})");
        assert_eq!(
            of(&projection("Silent"), &projection("Learned(rate: 1.0)")),
            "from: \"z1\", to: \"z0\" feedback: Silent, not feedback: Learned(rate: 1.0)"
        );
    }
}
