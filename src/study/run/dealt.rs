//! Points of a study dealt to the ranks of a job, as they are done: each rank works on one at a time.
//!
//! The leading rank has the desk, and keeps the journal; a thread of it works on points as every other rank does. Whoever is
//! ready asks the desk and gets a training, a point, or the word that nothing is left. What a point comes to depends on the
//! point alone, so that tables are the same for any number of ranks, but for seconds and for schedules without promised bits.
//!
//! What happens before what:
//!
//! 1. weights that points share are trained once, by one rank: the desk hears that they are there → it gives out the first
//!    point that settles with them;
//! 2. a point is done → the desk hears of it → it is in the journal, for good → the rank gets the next one;
//! 3. somebody has failed or was asked to stop, or nothing is left → every rank that asks hears that nothing is left →
//!    every rank has heard it → the desk closes. What is finished stays finished.
//!
//! Weights and what probes keep are written where they are made, in the folder of the study, which all ranks see; rows,
//! tables and the report are written by the leading rank.

use super::events::{StudyEvent, StudyRunError};
use super::record::PointRecord;
use super::work::{Rests, StudyRun};
use crate::blame::{Blame, Blamed};
use crate::network::Tensors;
use crate::ranks::Ranks;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How long the desk, and who waits for it, sleeps between two looks.
const GLANCE: Duration = Duration::from_millis(1);

/// What a rank says to the desk.
#[derive(Debug)]
enum Said {
    Ready,
    /// The weights that it was to train are there.
    Trained,
    Done(Box<PointRecord>),
    Failed(StudyRunError),
    Stopped,
}

/// The same as it travels.
#[derive(Debug, Serialize, Deserialize)]
enum SaidBytes {
    Ready,
    Trained,
    Done(Box<PointRecord>),
    Failed { who: String, told: String, is_request: bool },
    Stopped,
}

impl Said {
    /// What another rank has said.
    fn of(wire: SaidBytes) -> Self {
        match wire {
            SaidBytes::Ready => Self::Ready,
            SaidBytes::Trained => Self::Trained,
            SaidBytes::Done(record) => Self::Done(record),
            SaidBytes::Failed { who, told, is_request } => {
                Self::Failed(StudyRunError::Elsewhere { who, told, is_request })
            }
            SaidBytes::Stopped => Self::Stopped,
        }
    }

    /// What `ranks`' own rank says, as it travels.
    fn wire(self, ranks: &Ranks) -> SaidBytes {
        match self {
            Self::Ready => SaidBytes::Ready,
            Self::Trained => SaidBytes::Trained,
            Self::Done(record) => SaidBytes::Done(record),
            Self::Failed(error) => {
                let is_request = error.blame() == Blame::Request;
                SaidBytes::Failed { who: ranks.label(), told: error.to_string(), is_request }
            }
            Self::Stopped => SaidBytes::Stopped,
        }
    }
}

/// What the desk answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Task {
    Train(usize),
    Point(usize),
    Nothing,
}

impl<'a> StudyRun<'a> {
    /// [`StudyRun::run`] as one of several ranks, which all call it: the leading one on the study that it has opened, the
    /// others on one that [helps](StudyRun::helping). `is_stopped` says on each of them whether it was asked to stop;
    /// `watch` hears of finished points on the leading one.
    ///
    /// # Errors
    /// As [`StudyRun::run`], on the leading rank; the others have told it theirs.
    pub fn run_over(
        &mut self,
        ranks: &Ranks,
        chosen: &[usize],
        is_stopped: &(dyn Fn() -> bool + Sync),
        watch: &mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), StudyRunError> {
        if !ranks.are_many() {
            return self.run(chosen, watch);
        }
        if !ranks.leads() {
            self.help(is_stopped, &mut |said| ask(ranks, said));
            return Ok(());
        }
        let left = self.left(chosen);
        let mut helper = self.helper();
        let (said, heard) = channel();
        let (give, given) = channel();
        let served = std::thread::scope(|scope| {
            let helper = &mut helper;
            let worker = scope.spawn(move || {
                // Where the desk has gone, nothing is left.
                let mut next = |word| said.send(word).ok().and_then(|()| given.recv().ok()).unwrap_or(Task::Nothing);
                helper.help(is_stopped, &mut next);
            });
            let here = OwnWorker { heard, give, is_gone: &|| worker.is_finished() };
            Handout::new(self, &left, ranks.size()).serve(self, (ranks, &here), is_stopped, watch)
        });
        served?;
        self.has_seen(helper, &left)
    }

    /// Works on what `next` says, who hears first what became of the task before.
    fn help(&mut self, is_stopped: &(dyn Fn() -> bool + Sync), next: &mut dyn FnMut(Said) -> Task) {
        let mut said = Said::Ready;
        let mut known: Option<(usize, Tensors, Rests)> = None;
        loop {
            let done = match next(said) {
                Task::Nothing => return,
                Task::Train(weights) => self.train(weights, is_stopped).map(|_| Said::Trained),
                Task::Point(at) => self.work(at, is_stopped, &mut known).map(|record| Said::Done(Box::new(record))),
            };
            said = match done {
                Ok(said) => said,
                Err(StudyRunError::Stopped) => Said::Stopped,
                Err(error) => Said::Failed(error),
            };
        }
    }

    fn train(&mut self, weights: usize, is_stopped: &(dyn Fn() -> bool + Sync)) -> Result<Tensors, StudyRunError> {
        let mut watch =
            |_: StudyEvent<'_>| if is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        self.weights(weights, &mut watch)
    }

    /// A point, with the weights and rests of the point before where they are the same.
    fn work(
        &mut self,
        at: usize,
        is_stopped: &(dyn Fn() -> bool + Sync),
        known: &mut Option<(usize, Tensors, Rests)>,
    ) -> Result<PointRecord, StudyRunError> {
        if is_stopped() {
            return Err(StudyRunError::Stopped);
        }
        let weights = self.plan().points[at].weights;
        let (_, tensors, rests) = match known.take().filter(|(of, ..)| *of == weights) {
            Some(known_too) => known.insert(known_too),
            None => {
                let tensors = self.train(weights, is_stopped)?;
                known.insert((weights, tensors, Rests::new()))
            }
        };
        self.point(at, tensors, rests)
    }
}

/// What another rank than the leading one does with a word: says it, and waits for the answer.
fn ask(ranks: &Ranks, said: Said) -> Task {
    let mut task = None;
    let mut out = vec![(0, serde_json::to_vec(&said.wire(ranks)).expect("plain data"))];
    loop {
        ranks.trade(std::mem::take(&mut out), &mut |_, bytes| {
            task = Some(serde_json::from_slice(bytes).expect("ranks run the same program"));
        });
        match task {
            Some(task) => return task,
            None => std::thread::sleep(GLANCE),
        }
    }
}

/// Answers as they travel to other ranks than this one, which leads.
fn letters(answers: BTreeMap<usize, Task>) -> Vec<(usize, Vec<u8>)> {
    let others = answers.into_iter().filter(|(rank, _)| *rank != 0);
    others.map(|(rank, task)| (rank, serde_json::to_vec(&task).expect("plain data"))).collect()
}

/// The thread of the leading rank that works on points.
struct OwnWorker<'a> {
    heard: Receiver<Said>,
    give: Sender<Task>,
    /// Whether it has ended.
    is_gone: &'a dyn Fn() -> bool,
}

/// What is left, and who has what.
struct Handout {
    /// Weights to be trained.
    trainings: VecDeque<usize>,
    /// Points with their weights, in the order in which they are given out.
    points: VecDeque<(usize, usize)>,
    /// Weights that are not there yet.
    missing: BTreeSet<usize>,
    /// By rank: what it is at.
    at: Vec<Option<Task>>,
    /// By rank: the weights of its last point.
    last: Vec<Option<usize>>,
    /// Ranks that wait, in the order in which they asked.
    waiting: VecDeque<usize>,
    /// Ranks that were told that nothing is left.
    gone: usize,
    ended: Option<StudyRunError>,
    done: usize,
    of: usize,
    begun: Instant,
}

impl Handout {
    fn new(run: &StudyRun<'_>, left: &[usize], ranks: usize) -> Self {
        let mut points: Vec<_> = left.iter().map(|point| (*point, run.plan().points[*point].weights)).collect();
        points.sort_by_key(|(_, weights)| *weights);
        let missing: BTreeSet<_> = points.iter().map(|(_, w)| *w).filter(|w| run.is_untrained(*w)).collect();
        Self {
            trainings: missing.iter().copied().collect(),
            of: points.len(),
            points: points.into(),
            missing,
            at: vec![None; ranks],
            last: vec![None; ranks],
            waiting: VecDeque::new(),
            gone: 0,
            ended: None,
            done: 0,
            begun: Instant::now(),
        }
    }

    /// Gives out what is left until every rank knows that nothing is.
    fn serve(
        mut self,
        run: &mut StudyRun<'_>,
        (ranks, here): (&Ranks, &OwnWorker<'_>),
        is_stopped: &dyn Fn() -> bool,
        watch: &mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), StudyRunError> {
        let mut answers = BTreeMap::new();
        while self.gone < self.at.len() {
            let mut heard = Vec::new();
            ranks.trade(letters(std::mem::take(&mut answers)), &mut |from, bytes| {
                heard.push((from, Said::of(serde_json::from_slice(bytes).expect("ranks run the same program"))));
            });
            heard.extend(here.heard.try_iter().map(|said| (0, said)));
            // Its panic is told when it is joined.
            let is_done = self.at[0] == Some(Task::Nothing);
            assert!(is_done || !(here.is_gone)(), "the thread that worked on points has panicked");
            if is_stopped() {
                self.end(StudyRunError::Stopped);
            }
            let is_idle = heard.is_empty();
            for (rank, said) in heard {
                self.hear(run, rank, said, watch);
            }
            answers = self.answer();
            if let Some(task) = answers.get(&0) {
                // Where it has gone, that is told above.
                let _ = here.give.send(*task);
            }
            if is_idle && answers.is_empty() {
                std::thread::sleep(GLANCE);
            }
        }
        ranks.trade(letters(answers), &mut |_, _| ());
        self.ended.map_or(Ok(()), Err)
    }

    /// Of several reasons to end, failures come before stops.
    fn end(&mut self, why: StudyRunError) {
        if matches!(self.ended, None | Some(StudyRunError::Stopped)) {
            self.ended = Some(why);
        }
    }

    fn hear(
        &mut self,
        run: &mut StudyRun<'_>,
        rank: usize,
        said: Said,
        watch: &mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>,
    ) {
        let task = self.at[rank].take();
        self.waiting.push_back(rank);
        match (said, task) {
            (Said::Trained, Some(Task::Train(weights))) => drop(self.missing.remove(&weights)),
            (Said::Done(record), _) => {
                if let Err(error) = self.keep(run, *record, watch) {
                    self.end(error);
                }
            }
            (Said::Failed(error), _) => self.end(error),
            (Said::Stopped, _) => self.end(StudyRunError::Stopped),
            (Said::Ready | Said::Trained, _) => {}
        }
    }

    fn keep(
        &mut self,
        run: &mut StudyRun<'_>,
        record: PointRecord,
        watch: &mut dyn FnMut(StudyEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), StudyRunError> {
        let at = record.point;
        run.keep(record)?;
        self.done += 1;
        let (words, record) = (run.plan().words(at), &run.records()[&at]);
        let left = self.begun.elapsed().as_secs_f64() / self.done as f64 * (self.of - self.done) as f64;
        let told = watch(StudyEvent::Point { words: &words, record, done: self.done, of: self.of, left });
        if told.is_break() && self.done < self.of { Err(StudyRunError::Stopped) } else { Ok(()) }
    }

    /// What those who wait get, by rank; who gets nothing yet goes on waiting.
    fn answer(&mut self) -> BTreeMap<usize, Task> {
        let mut answers = BTreeMap::new();
        for rank in std::mem::take(&mut self.waiting) {
            match self.next(rank) {
                None => self.waiting.push_back(rank),
                Some(task) => {
                    self.gone += usize::from(task == Task::Nothing);
                    self.at[rank] = Some(task);
                    answers.insert(rank, task);
                }
            }
        }
        answers
    }

    /// What a rank does next; `None` where it has to wait for weights that another one trains. Points of the weights that
    /// it has at hand come first.
    fn next(&mut self, rank: usize) -> Option<Task> {
        if self.ended.is_some() {
            return Some(Task::Nothing);
        }
        if let Some(weights) = self.trainings.pop_front() {
            return Some(Task::Train(weights));
        }
        let find = |fits: &dyn Fn(usize) -> bool| self.points.iter().position(|(_, weights)| fits(*weights));
        let own = find(&|weights| self.last[rank] == Some(weights));
        match own.or_else(|| find(&|weights| !self.missing.contains(&weights))) {
            Some(at) => {
                let (point, weights) = self.points.remove(at)?;
                self.last[rank] = Some(weights);
                Some(Task::Point(point))
            }
            None => self.points.is_empty().then_some(Task::Nothing),
        }
    }
}
