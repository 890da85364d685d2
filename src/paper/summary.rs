//! Figures of several trials as one.

use serde::Serialize;

/// Mean and spread over trials, and how far they are from what is published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What the paper prints, where it is of the same data.
    pub published: Option<f64>,
    /// Mean over trials.
    pub mean: Option<f64>,
    /// Sample standard deviation over trials; one trial has none.
    pub sd: Option<f64>,
    /// Trials.
    pub n: usize,
    /// Mean less published.
    pub difference: Option<f64>,
}

impl Summary {
    /// Of the figures of some trials.
    pub fn of(figures: &[f64], published: Option<f64>) -> Self {
        let n = figures.len();
        let mean = (n > 0).then(|| figures.iter().sum::<f64>() / n as f64);
        let squares = |mean: f64| figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>();
        let sd = mean.filter(|_| n > 1).map(|mean| (squares(mean) / (n - 1) as f64).sqrt());
        Self { published, mean, sd, n, difference: mean.zip(published).map(|(mean, published)| mean - published) }
    }

    /// `47.31 ± 0.12`, without a spread where there is none; figures are shown `scale` times as large.
    pub fn ours(&self, scale: f64) -> String {
        match (self.mean, self.sd) {
            (Some(mean), Some(sd)) => format!("{:.2} ± {:.2}", scale * mean, scale * sd),
            (Some(mean), None) => format!("{:.2}", scale * mean),
            _ => "-".to_owned(),
        }
    }

    /// `+0.06`
    pub fn difference(&self) -> String {
        self.difference.map_or_else(|| "-".to_owned(), |difference| format!("{difference:+.2}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn mean_and_sample_deviation_over_trials() {
        let summary = Summary::of(&[1.0, 2.0, 6.0], Some(2.5));
        assert_eq!((summary.mean, summary.n, summary.difference), (Some(3.0), 3, Some(0.5)));
        assert!(summary.sd.is_some_and(|sd| (sd - 7.0_f64.sqrt()).abs() < 1e-12), "{summary:?}");
        assert_eq!((summary.ours(1.0), summary.difference()), ("3.00 ± 2.65".to_owned(), "+0.50".to_owned()));
    }

    #[test]
    fn one_trial_has_no_deviation_and_none_has_nothing() {
        let one = Summary::of(&[-97.3], Some(-97.26));
        assert_eq!((one.sd, one.ours(1.0), one.difference()), (None, "-97.30".to_owned(), "-0.04".to_owned()));
        let none = Summary::of(&[], Some(1.0));
        assert_eq!((none.mean, none.sd, none.difference), (None, None, None));
        assert_eq!((none.ours(100.0), none.difference()), ("-".to_owned(), "-".to_owned()));
    }
}
