//! How sure a difference between runs is: paired by what was shown and by whose weights, and resampled by the units that are
//! independent of each other.
//!
//! [`compare`] makes a [`PairedComparison`] of pairs: the mean difference with its interval, its effect size, and the sign-flip
//! test, never one without the others. [`correct`] adjusts the tests of a family by Holm's method.
//!
//! What a unit is has to be said, because it decides how much a run is worth. Images that are settled one by one are units.
//! Images of one presentation share its delays and losses, so there the presentation is the unit. Seeds of training are the
//! unit where the claim is about circuits trained that way. Below [`FEWEST`] units the interval is Student's, since the
//! bootstrap knows nothing of a spread that few units don't show: its intervals cover 72 % with 3 units, not 95 %. With
//! 20 they cover 92 %, from 100 on 94.
//!
//! Every figure is a function of the pairs and of [`Options::seed`].

mod bootstrap;
mod compare;
mod holm;
mod interval;
mod moments;
mod signs;
mod units;

pub use bootstrap::{bca, jackknife_of_mean, resampled_means};
pub use compare::{Options, PairedComparison, compare, correct};
pub use holm::holm;
pub use interval::{FEWEST, Interval, Method, student};
pub use signs::{EXACT, SignFlips, sign_flips};
pub use units::{MeasuredPair, StatisticsError, Unit};
