//! What a run is asked to do beside settling, and which presentation of data it is.

/// What to do beside settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettleOptions {
    /// When free energy is measured.
    pub measure: Measure,
    /// Whether a circuit that learns at every firing does; learning at the readout is [`Network::learn`].
    ///
    /// [`Network::learn`]: crate::network::Network::learn
    pub learn: bool,
    /// Whether a delivery log is written down.
    pub record: bool,
    /// Whether every firing is traced.
    pub trace: bool,
    /// For [`Schedule::Replay`]: stop after so many firings of the log, before the readout.
    ///
    /// [`Schedule::Replay`]: crate::circuit::Schedule::Replay
    pub stop_at: Option<usize>,
    /// Which presentation this is: streams of noise are keyed by it.
    pub presentation: Presentation,
}

impl SettleOptions {
    /// Nothing beside settling; the `at`-th of the batches that are looked at.
    #[must_use]
    pub fn measuring(at: usize) -> Self {
        Self { presentation: Presentation::default().at(Purpose::Measuring, 0, at), ..Self::default() }
    }
}

/// When free energy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Never.
    #[default]
    Never,
    /// At the readout.
    Readout,
    /// At every step, and at the readout. A step is over once every population that fires has made as many firings;
    /// under `Free` once every free state population has made as many updates.
    EveryStep,
}

/// One batch shown once. Jitter, delays and losses are drawn anew for each presentation, unless the schedule says
/// `noise: Frozen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presentation {
    /// Seed of the run.
    pub seed: u64,
    /// What the batch is shown for.
    pub purpose: Purpose,
    /// Passes over the data before this one.
    pub epoch: u64,
    /// Batches before this one in the pass.
    pub batch: u64,
    /// Frames before this one in the batch. Any but the first begins where the settler's last episode ended, and its
    /// delayed projections predict from what was read out then.
    pub frame: u64,
}

/// What a batch is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To be settled, by itself.
    #[default]
    Settling,
    /// To be learned from.
    Learning,
    /// To be measured.
    Measuring,
}

impl Presentation {
    /// A presentation by itself, in a run of this seed.
    #[must_use]
    pub fn of_run(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The same run's presentation of a batch of an epoch, both counted from 0.
    #[must_use]
    pub fn at(self, purpose: Purpose, epoch: usize, batch: usize) -> Self {
        Self { purpose, epoch: epoch as u64, batch: batch as u64, ..self }
    }

    /// The same presentation's frame, counted from 0.
    #[must_use]
    pub fn frame(self, frame: usize) -> Self {
        Self { frame: frame as u64, ..self }
    }

    /// What the names of this presentation's streams begin with.
    pub(super) fn label(&self) -> String {
        let Self { seed, purpose, epoch, batch, frame } = self;
        // A first frame draws as an episode by itself does.
        let frame = if *frame == 0 { String::new() } else { format!("frame {frame} ") };
        format!("{purpose:?} {seed} {epoch} {batch} {frame}")
    }
}
