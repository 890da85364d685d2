//! What both ends of a link remember under ternary messages: values that move by one threshold at a time.
//!
//! `r_j = b_j + n_j θ`, where b is the last whole message and n counts the steps up less those down since then. Because it
//! is the count that moves, r depends on which steps were made and on no order of them: a receiver that was told all has
//! the bits of its sender, whatever overtook what on the way.

/// The memory of one end.
#[derive(Debug, Clone, PartialEq)]
pub struct Stairs {
    /// `b`
    base: Vec<f32>,
    /// `n`
    steps: Vec<i32>,
    /// `θ`, above 0.
    threshold: f32,
}

impl Stairs {
    /// The memory of `len` components that are 0.
    #[must_use]
    pub fn new(len: usize, threshold: f32) -> Self {
        Self { base: vec![0.0; len], steps: vec![0; len], threshold }
    }

    /// `θ`
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// A whole message replaces everything.
    ///
    /// # Panics
    /// Where it has another length.
    pub fn rest_at(&mut self, values: &[f32]) {
        self.base.copy_from_slice(values);
        self.steps.fill(0);
    }

    /// Everything is 0.
    pub fn clear(&mut self) {
        self.base.fill(0.0);
        self.steps.fill(0);
    }

    /// A component moves up (1) or down (−1) by θ: where it is then.
    ///
    /// # Panics
    /// Where there is no such component.
    #[inline(always)]
    pub fn step(&mut self, component: usize, way: i32) -> f32 {
        let steps = &mut self.steps[component];
        *steps = steps.saturating_add(way);
        self.base[component] + *steps as f32 * self.threshold
    }

    /// How far a component has come by its last step, which went up (1) or down (−1).
    ///
    /// # Panics
    /// Where there is no such component.
    #[inline(always)]
    #[must_use]
    pub fn last_move(&self, component: usize, way: i32) -> f32 {
        let (base, steps) = (self.base[component], self.steps[component]);
        let at = |steps: i32| base + steps as f32 * self.threshold;
        at(steps) - at(steps.saturating_sub(way))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_of_steps_leads_to_the_same_bits() {
        let mut ways = [1, 1, -1, 1, 1, 1, -1, -1, 1, 1, 1];
        let end = |ways: &[i32]| {
            let mut stairs = Stairs::new(2, 0.1);
            stairs.rest_at(&[7.0, 0.3]);
            ways.iter().fold(0.0, |_, way| stairs.step(1, *way)).to_bits()
        };
        let expected = end(&ways);
        assert_eq!(expected, (0.3_f32 + 5.0 * 0.1).to_bits());
        for _ in 0..ways.len() {
            ways.rotate_left(3);
            ways.swap(0, 5);
            assert_eq!(end(&ways), expected);
        }
    }

    #[test]
    fn a_step_leads_from_where_it_was() {
        let mut stairs = Stairs::new(1, 0.25);
        assert_eq!((stairs.step(0, -1), stairs.last_move(0, -1)), (-0.25, -0.25));
        assert_eq!((stairs.step(0, 1), stairs.last_move(0, 1)), (0.0, 0.25));
        stairs.clear();
        assert_eq!(stairs, Stairs::new(1, 0.25));
    }
}
