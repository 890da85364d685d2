//! What became of a settling circuit, told from its free energy: a rest, a way that is not done, a swing, or none of these.

use serde::{Deserialize, Serialize};

/// F counts as still where it stays within this share of itself.
const STILL: f64 = 0.01;

/// Turns of F that make a swing, over the last half of the updates.
const TURNS: usize = 3;

/// What became of a settling circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Over the last quarter of the updates F stayed within one in a hundred.
    Rests,
    /// F still goes somewhere.
    Moves,
    /// Over the last half of the updates F turned at least three times, by more than one in a hundred.
    Oscillates,
    /// A value was no longer finite, or F ended above where it started.
    Diverges,
}

impl Phase {
    /// The phase of a curve of F, one value for each update.
    #[must_use]
    pub fn of(curve: &[f64]) -> Self {
        let (Some(first), Some(last)) = (curve.first(), curve.last()) else { return Self::Diverges };
        if curve.iter().any(|f| !f.is_finite()) || (last - first) > STILL * first.abs() {
            return Self::Diverges;
        }
        let late = &curve[curve.len() * 3 / 4..];
        let (low, high) = late.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), f| (l.min(*f), h.max(*f)));
        if high - low <= STILL * last.abs() {
            return Self::Rests;
        }
        if turns(&curve[curve.len() / 2..], STILL * last.abs()) >= TURNS { Self::Oscillates } else { Self::Moves }
    }

    /// As tables have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rests => "rests",
            Self::Moves => "moves",
            Self::Oscillates => "oscillates",
            Self::Diverges => "diverges",
        }
    }
}

/// How often a curve turns, by at least `swing` each time.
fn turns(curve: &[f64], swing: f64) -> usize {
    let Some(mut extreme) = curve.first().copied() else { return 0 };
    let (mut count, mut rising) = (0, None);
    for f in curve {
        let is_ahead = match rising {
            Some(true) => *f > extreme,
            Some(false) => *f < extreme,
            None => false,
        };
        if is_ahead {
            extreme = *f;
        } else if (f - extreme).abs() > swing {
            count += usize::from(rising.is_some());
            (rising, extreme) = (Some(*f > extreme), *f);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_told_from_the_curve() {
        let curve = |f: &dyn Fn(f64) -> f64| (0..=100).map(|t| f(f64::from(t))).collect::<Vec<_>>();
        assert_eq!(Phase::of(&curve(&|t| 46.0 + 100.0 * (-t / 8.0).exp())), Phase::Rests);
        assert_eq!(Phase::of(&curve(&|t| 46.0 + 100.0 * (-t / 80.0).exp())), Phase::Moves);
        assert_eq!(Phase::of(&curve(&|t| 60.0 - 0.4 * t + 10.0 * (t / 3.0).cos())), Phase::Oscillates);
        assert_eq!(Phase::of(&curve(&|t| 46.0 + (t / 10.0).exp())), Phase::Diverges);
        assert_eq!(Phase::of(&curve(&|t| if t > 50.0 { f64::NAN } else { 1.0 })), Phase::Diverges);
        assert_eq!(Phase::of(&[]), Phase::Diverges);
    }

    #[test]
    fn small_wobbles_are_no_turns() {
        assert_eq!(turns(&[0.0, 5.0, 0.0, 5.0, 0.0], 1.0), 3);
        assert_eq!(turns(&[0.0, 0.5, 0.0, 0.5, 0.0], 1.0), 0);
        assert_eq!(turns(&[0.0, 2.0, 1.5, 4.0, 3.5, 6.0], 1.0), 0);
    }
}
