//! How fast a network settles and learns here: warm-up, repeats, one metered repeat, and the peak of matrix products.

use crate::blame::{Blame, Blamed};
use crate::circuit::{Schedule, Settling, Stopping};
use crate::episode::Episode;
use crate::executor::{Measure, SettleError, SettleOptions, Settled, Settler};
use crate::kernels::meter::{self, Kernel, MeterReading};
use crate::kernels::product;
use crate::network::{LearningError, Network};
use crate::params::When;
use rayon::prelude::*;
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug)]
pub struct SpeedTest<'a> {
    /// Who settles; it learns on its own copy.
    pub network: Network,
    /// What is presented, again and again.
    pub episode: &'a Episode<'a>,
    /// Whether a presentation has a learning step.
    pub learn: bool,
    /// How often a presentation is timed.
    pub repeats: usize,
    /// How often memory was asked for since the process began, where somebody counts: a library has no allocator.
    pub allocations: fn() -> Option<usize>,
}

/// Why no speed could be measured.
#[derive(Debug, thiserror::Error)]
pub enum SpeedError {
    /// Settling failed.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// A learning step was refused.
    #[error(transparent)]
    Learning(#[from] LearningError),
}

impl Blamed for SpeedError {
    fn blame(&self) -> Blame {
        match self {
            Self::Settle(cause) => cause.blame(),
            Self::Learning(cause) => cause.blame(),
        }
    }
}

/// What came out.
#[derive(Debug)]
pub struct Speed {
    /// Seconds of each repeat.
    pub seconds: Vec<f64>,
    /// Seconds of the metered repeat.
    pub metered: f64,
    /// By kind of kernel, all threads together, in the metered repeat.
    pub kernels: [MeterReading; Kernel::ALL.len()],
    /// Allocations of a presentation while it settles; absent where nobody counts them.
    pub allocations: Option<usize>,
    /// Allocations of an update: what all updates take more than the first half of them, by their number. Absent where
    /// there are not two, where a log says how many there are, and where nobody counts.
    pub allocations_per_update: Option<f64>,
    /// What the metered repeat did.
    pub settled: Settled,
}

/// Repeats before anything counts: caches, threads and buffers get warm.
const WARM_UP: usize = 2;

impl SpeedTest<'_> {
    /// Measures.
    ///
    /// # Errors
    /// [`SpeedError`] where a presentation fails.
    pub fn measure(mut self) -> Result<Speed, SpeedError> {
        let mut settler = Settler::new();
        for _ in 0..WARM_UP {
            self.present(&mut settler)?;
        }
        let mut seconds = Vec::with_capacity(self.repeats);
        for _ in 0..self.repeats {
            let start = Instant::now();
            self.present(&mut settler)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        meter::switch(true);
        let start = Instant::now();
        let settled = self.present(&mut settler)?;
        let metered = start.elapsed().as_secs_f64();
        meter::switch(false);
        let kernels = meter::read();
        let settling = self.network.circuit().settling().clone();
        // Learning has changed what moves, so that buffers may have to grow once more.
        self.settle(&mut settler, &settling, false)?;
        let allocations = self.allocations_of(&mut settler, &settling)?;
        let half = Settling { stopping: Stopping::Steps(settled.steps / 2), ..settling };
        let has_half = settled.steps >= 2 && !matches!(half.schedule, Schedule::Replay { .. });
        let of_half = if has_half { self.allocations_of(&mut settler, &half)? } else { None };
        let updates = (settled.steps - settled.steps / 2) as f64;
        let more = allocations.zip(of_half).map(|(all, half)| all as f64 - half as f64);
        let allocations_per_update = more.map(|more| more / updates);
        Ok(Speed { seconds, metered, kernels, allocations, allocations_per_update, settled })
    }

    /// One presentation, with its learning step if asked for.
    fn present(&mut self, settler: &mut Settler) -> Result<Settled, SpeedError> {
        let settling = self.network.circuit().settling().clone();
        let settled = self.settle(settler, &settling, self.learn)?;
        if self.learn && self.network.circuit().learning().when == When::Readout {
            self.network.learn(settler.activities())?;
        }
        Ok(settled)
    }

    fn settle(&mut self, settler: &mut Settler, settling: &Settling, learn: bool) -> Result<Settled, SpeedError> {
        let options = SettleOptions { measure: Measure::Never, learn, ..SettleOptions::default() };
        Ok(settler.settle(&mut self.network, self.episode, settling, options)?)
    }

    /// How often memory is asked for while the episode settles, nothing learned.
    fn allocations_of(&mut self, settler: &mut Settler, settling: &Settling) -> Result<Option<usize>, SpeedError> {
        let before = (self.allocations)();
        self.settle(settler, settling, false)?;
        Ok((self.allocations)().zip(before).map(|(after, before)| after - before))
    }
}

/// The highest rate of matrix products, in multiply-accumulates per second: of one thread while all of them multiply.
#[must_use]
pub fn product_peak() -> f64 {
    const SIZE: usize = 512;
    const FOR: Duration = Duration::from_millis(150);
    let of_thread = |_| {
        let (left, right) = (vec![0.5; SIZE * SIZE], vec![0.25; SIZE * SIZE]);
        let mut out = vec![0.0; SIZE * SIZE];
        let begun = Instant::now();
        let mut best: f64 = 0.0;
        while begun.elapsed() < FOR {
            let start = Instant::now();
            product::whole(&mut out, &left, &right, SIZE, SIZE, SIZE);
            best = best.max((SIZE * SIZE * SIZE) as f64 / start.elapsed().as_secs_f64());
        }
        best
    };
    let rates: Vec<f64> = (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).map(of_thread).collect();
    rates.iter().sum::<f64>() / rates.len() as f64
}
