//! Steps of a schedule that may have none: a step is over once everybody who counts has made as many firings.

/// Which firings a measurement of free energy at every step is of.
#[derive(Debug, Clone)]
pub(super) enum StepMeasure {
    /// Of the last of everybody when a step is over.
    AtRounds(Rounds),
    /// Those that actors measured, in the replay of a run of theirs; see [`super::energy::by_pace`].
    ByPace {
        /// Whether it was `Free`, and not `Bounded`.
        is_free: bool,
    },
}

use super::plan::Plan;

/// Counts firings until everybody who counts has made one more.
#[derive(Debug, Clone)]
pub(super) struct Rounds {
    counts: Vec<u64>,
    over: u64,
    /// By population.
    counted: Vec<bool>,
}

impl Rounds {
    /// Steps of everybody who fires, as in lock-step.
    pub(super) fn of_all(plan: &Plan, fires: impl Fn(usize) -> bool) -> Self {
        let populations = plan.clamped.len();
        let mut counted = vec![false; populations];
        plan.firing().filter(|id| fires(id.0)).for_each(|id| counted[id.0] = true);
        Self { counts: vec![0; populations], over: 0, counted }
    }

    /// Steps of free state populations: their updates.
    pub(super) fn of_updates(plan: &Plan) -> Self {
        let free: Vec<_> = plan.free_states.iter().map(|id| id.0).collect();
        Self::of_all(plan, |p| free.contains(&p))
    }

    /// A population has fired: says whether a step is over.
    pub(super) fn fired(&mut self, population: usize) -> bool {
        self.counts[population] += 1;
        let least = self.counts.iter().zip(&self.counted).filter(|(_, counted)| **counted).map(|(n, _)| *n).min();
        let over = least.is_some_and(|least| least > self.over);
        self.over += u64::from(over);
        over
    }
}
