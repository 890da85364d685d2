//! Axes: where a value stands, and which values get a tick.

/// Maps values to places of a drawing, evenly or by their logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AxisScale {
    low: f64,
    high: f64,
    /// Places of the two ends, in units of the drawing.
    from: f64,
    to: f64,
    logarithmic: bool,
}

/// Values that span more than this, all of them positive, stand on a logarithmic axis.
const DECADES: f64 = 50.0;

/// Values farther from zero stand here, so that ends and steps stay finite; on a logarithmic axis, also nearer to it than one
/// over this.
const FARTHEST: f64 = 1e300;

impl AxisScale {
    /// An axis that shows all finite `values`, from place `from` to place `to`, ends rounded to ticks.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let finite = values.filter(|value| value.is_finite()).map(|value| value.clamp(-FARTHEST, FARTHEST));
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        if low > high {
            return Self { low: 0.0, high: 1.0, from, to, logarithmic: false };
        }
        if low > 0.0 && high / low > DECADES {
            let (low, high) = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
            return Self { low: low.max(1.0 / FARTHEST), high, from, to, logarithmic: true };
        }
        let margin = if high > low { 0.0 } else { (0.1 * low.abs()).max(0.5) };
        let (low, high) = (low - margin, high + margin);
        let step = step(low, high, 5.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, from, to, logarithmic: false }
    }

    /// An axis with given ends.
    pub(super) fn between(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, from, to, logarithmic: false }
    }

    /// Where a value stands; at an end where it lies beyond.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            let value = if value > 0.0 { value } else { self.low };
            (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            // Each half by itself, so that the span of huge values does not overflow.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The same axis between other places.
    pub(super) fn along(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    /// Whether the axis goes by logarithms.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// The values that get a tick, about `count` of them.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        if self.logarithmic {
            return self.powers(count);
        }
        let step = step(self.low, self.high, count.max(1) as f64);
        let (first, last) = ((self.low / step).ceil(), (self.high / step + 1e-9).floor());
        (0..=((last - first).max(0.0) as usize)).map(|i| (first + i as f64) * step).collect()
    }

    /// Powers of ten; where these are few, 2 and 5 times them as well.
    fn powers(&self, count: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().round() as i32, self.high.log10().round() as i32);
        let decades = (last - first).max(1) as usize;
        if decades < 3 {
            let factors = (first..=last).flat_map(|e| [1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(e)));
            return factors.filter(|value| *value <= self.high * (1.0 + 1e-9)).collect();
        }
        (first..=last).step_by(decades.div_ceil(count.max(1)).max(1)).map(|e| 10_f64.powi(e)).collect()
    }
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps fill the span.
fn step(low: f64, high: f64, count: f64) -> f64 {
    let rough = (high / count - low / count).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| rough <= factor * power * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let scale = AxisScale::of([45.1, 61.7].into_iter(), 0.0, 100.0);
        assert_eq!(scale.ticks(5), [45.0, 50.0, 55.0, 60.0, 65.0]);
        assert_eq!((scale.place(45.0), scale.place(65.0), scale.place(55.0)), (0.0, 100.0, 50.0));
        let alike = AxisScale::of([3.0, 3.0].into_iter(), 0.0, 1.0);
        assert!((0.2..0.8).contains(&alike.place(3.0)));
        assert_eq!(AxisScale::of([f64::NAN].into_iter(), 0.0, 1.0).ticks(2), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn wide_spans_go_by_logarithms() {
        let scale = AxisScale::of([48.0, 4650.0, 39_537.0].into_iter(), 0.0, 4.0);
        assert!(scale.is_logarithmic());
        assert_eq!(scale.ticks(5), [1e1, 1e2, 1e3, 1e4, 1e5]);
        assert!((scale.place(1000.0) - 2.0).abs() < 1e-12);
        assert!(!AxisScale::of([-1.0, 1e6].into_iter(), 0.0, 1.0).is_logarithmic());
        let huge = AxisScale::of([1.0, 2e18].into_iter(), 0.0, 1.0);
        assert!(huge.ticks(5).len() <= 7 && huge.place(f64::MAX) == 1.0);
    }
}
