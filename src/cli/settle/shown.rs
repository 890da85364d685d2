//! What is shown: the inputs and masks of a request as episodes, one for each frame.

use super::super::failure::Failure;
use super::super::{output, table};
use super::SettleArguments;
use crate::circuit::{Circuit, Schedule};
use crate::data::SenseFile;
use crate::episode::Episode;
use crate::evaluation;
use crate::matrix::Matrix;
use crate::network::{Network, Tensors};

/// The batches of one array: one for each frame.
type Frames = Vec<Matrix>;

impl SettleArguments {
    /// The episodes of the request, one after the other; one where the circuit takes no frames.
    pub(super) fn frames(&self, circuit: &Circuit, network: &Network) -> Result<Vec<Episode<'static>>, Failure> {
        refuse_repeated("--input", &self.input)?;
        refuse_repeated("--mask", &self.mask)?;
        let weights = self.weights.is_some().then(|| network.moments().clone());
        let masks = self.mask.iter().map(|given| Ok((given, masks(circuit, given)?)));
        let masks: Vec<(&SenseFile, Frames)> = masks.collect::<Result<_, Failure>>()?;
        let mut inputs: Vec<(&SenseFile, Frames)> = Vec::new();
        for given in &self.input {
            let seen = masks.iter().find(|(mask, _)| mask.sense == given.sense).map(|(_, seen)| seen);
            inputs.push((given, input(circuit, given, seen, weights.as_ref())?));
        }
        self.refuse_masks_of_nothing()?;
        let count = self.count(&inputs, &masks)?;
        (0..count).map(|frame| episode(circuit, &inputs, &masks, frame)).collect()
    }

    fn refuse_masks_of_nothing(&self) -> Result<(), Failure> {
        let is_shown = |mask: &SenseFile| self.input.iter().any(|input| input.sense == mask.sense);
        match self.mask.iter().find(|mask| !is_shown(mask)) {
            Some(mask) => Err(Failure::Request(format!(
                "--mask hides parts of \"{0}\", which has no input; add --input {0}=FILE",
                mask.sense
            ))),
            None => Ok(()),
        }
    }

    /// How many frames there are: as many in every input, and in every mask that has any.
    fn count(&self, inputs: &[(&SenseFile, Frames)], masks: &[(&SenseFile, Frames)]) -> Result<usize, Failure> {
        let count = inputs.first().map_or(1, |(_, frames)| frames.len());
        let differs = |frames: &Frames, option: &str, given: &SenseFile| {
            Failure::Request(format!(
                "{option} {}={} has {} frames where the input before it has {count}; give as many",
                given.sense,
                given.file.display(),
                frames.len(),
            ))
        };
        if let Some((given, frames)) = inputs.iter().find(|(_, frames)| frames.len() != count) {
            return Err(differs(frames, "--input", given));
        }
        if let Some((given, frames)) = masks.iter().find(|(_, frames)| ![1, count].contains(&frames.len())) {
            return Err(differs(frames, "--mask", given));
        }
        Ok(count)
    }

    /// Refuses what is about one episode, where there are several.
    pub(super) fn refuse_of_frames(&self, circuit: &Circuit, frames: usize) -> Result<(), Failure> {
        let replays = matches!(circuit.settling().schedule, Schedule::Replay(_));
        let about_one = [
            ("--record", self.record.is_some()),
            ("--trace", self.trace.is_some()),
            ("--timeline", self.timeline.is_some()),
            ("--probe", self.probing.target().is_some()),
            ("Replay", replays),
        ];
        match about_one.iter().find(|(_, is_asked)| *is_asked && frames > 1) {
            Some((option, _)) => Err(Failure::Request(format!(
                "{option} is about one episode, and the input has {frames} frames; settle them one by one, each an input \
                 [1, samples, ...], and go on with --from"
            ))),
            None if self.fixed_point.is_some() && self.from.is_some() && is_late(circuit) => Err(Failure::Request(
                "--fixed-point comes to rest in a first frame, and --from makes this another one, in which delayed \
                 projections predict something else; leave one of them out"
                    .to_owned(),
            )),
            None => Ok(()),
        }
    }
}

fn is_late(circuit: &Circuit) -> bool {
    circuit.projections().iter().any(|projection| projection.delay().is_some())
}

fn input(
    circuit: &Circuit,
    given: &SenseFile,
    seen: Option<&Frames>,
    weights: Option<&Tensors>,
) -> Result<Frames, Failure> {
    let (frames, told) = if circuit.settling().framed {
        evaluation::input_frames(circuit, given, seen.map(Vec::as_slice), weights)?
    } else {
        let (batch, told) = evaluation::input(circuit, given, seen.and_then(|seen| seen.first()), weights)?;
        (vec![batch], told)
    };
    told.iter().for_each(|text| output::note(&table::wrap(text)));
    Ok(frames)
}

fn masks(circuit: &Circuit, given: &SenseFile) -> Result<Frames, Failure> {
    if circuit.settling().framed {
        return Ok(evaluation::observed_frames(circuit, given)?);
    }
    Ok(vec![evaluation::observed(circuit, given)?])
}

fn episode(
    circuit: &Circuit,
    inputs: &[(&SenseFile, Frames)],
    masks: &[(&SenseFile, Frames)],
    frame: usize,
) -> Result<Episode<'static>, Failure> {
    let of_frame = |frames: &Frames| frames[frame.min(frames.len() - 1)].clone();
    let mut episode =
        Episode::new(circuit, inputs.iter().map(|(given, frames)| (given.sense.clone(), of_frame(frames))))?;
    for (mask, observed) in masks {
        let about_mask = |error| Failure::Request(format!("--mask {}: {error}", mask.file.display()));
        episode = episode.mask(circuit, &mask.sense, of_frame(observed)).map_err(about_mask)?;
    }
    Ok(episode)
}

fn refuse_repeated(option: &str, given: &[SenseFile]) -> Result<(), Failure> {
    for (i, one) in given.iter().enumerate() {
        if given[..i].iter().any(|before| before.sense == one.sense) {
            return Err(Failure::Request(format!("{option} names \"{}\" twice; give it once", one.sense)));
        }
    }
    Ok(())
}
