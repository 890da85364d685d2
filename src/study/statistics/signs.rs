//! The sign-flip test: were it all chance, each unit's difference could as well have had the other sign.

use crate::rng;
use rand::Rng;
use serde::Serialize;

/// Up to so many units every choice of signs is looked at.
pub const EXACT: usize = 16;

/// What the test came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SignFlips {
    /// Share of sign choices whose mean is as far from 0 as the one that was found, or further.
    pub p: f64,
    /// Whether all choices were looked at; otherwise drawn ones, with the one that was found among them.
    pub exact: bool,
    /// Choices that were looked at.
    pub flips: usize,
}

/// The two-sided test on differences of units; `draws` choices are drawn from `seed` above [`EXACT`] units.
#[must_use]
pub fn sign_flips(differences: &[f64], draws: usize, seed: u64) -> SignFlips {
    let n = differences.len();
    let found = differences.iter().sum::<f64>().abs();
    // Sums in another order differ by a rounding, and the found choice has to count.
    let bar = found - 1e-12 * differences.iter().map(|d| d.abs()).sum::<f64>();
    let reaches = |signs: &dyn Fn(usize) -> bool| {
        let sum: f64 = differences.iter().enumerate().map(|(i, d)| if signs(i) { -d } else { *d }).sum();
        sum.abs() >= bar
    };
    if n <= EXACT {
        // A choice and its opposite are equally far: half of them suffice.
        let flips = 1_usize << n.saturating_sub(1);
        let count = (0..flips).filter(|choice| reaches(&|i| choice >> i & 1 == 1)).count();
        return SignFlips { p: count as f64 / flips as f64, exact: true, flips: 1 << n };
    }
    let mut rng = rng::stream(seed, "study.signs");
    let mut words = vec![0_u64; n.div_ceil(64)];
    let mut count = 1;
    for _ in 0..draws {
        words.iter_mut().for_each(|word| *word = rng.next_u64());
        count += usize::from(reaches(&|i| words[i / 64] >> (i % 64) & 1 == 1));
    }
    SignFlips { p: count as f64 / (draws + 1) as f64, exact: false, flips: draws + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_units_are_tried_in_every_way() {
        let p = |differences: &[f64]| sign_flips(differences, 0, 0).p;
        assert_eq!(p(&[1.0, 2.0, 3.0]), 0.25, "all signs alike, of eight choices");
        assert_eq!(p(&[1.0]), 1.0);
        assert_eq!(p(&[1.0, -1.0]), 1.0);
        assert_eq!(p(&[0.1 + 0.2, -0.3, 0.0]), 1.0);
    }

    #[test]
    fn many_units_are_tried_by_drawing() {
        let differences: Vec<f64> = (0..40).map(|i| f64::from(i % 5) - 1.6).collect();
        let found = sign_flips(&differences, 20_000, 1);
        assert!(
            !found.exact
                && found == sign_flips(&differences, 20_000, 1)
                && found != sign_flips(&differences, 20_000, 2)
        );
        // The normal approximation of the sum of signs.
        let square: f64 = differences.iter().map(|d| d * d).sum();
        let z = differences.iter().sum::<f64>().abs() / square.sqrt();
        use statrs::distribution::{ContinuousCDF, Normal};
        let expected = 2.0 * (1.0 - Normal::standard().cdf(z));
        assert!((found.p - expected).abs() < 0.02, "{found:?} for {expected}");
        let sure = sign_flips(&[1.0; 100], 999, 1);
        assert_eq!(sure.p, 0.001, "never below one of all that were looked at");
    }
}
