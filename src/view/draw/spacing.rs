//! Numbers on a line, as near as possible to where they want to be and not nearer to each other than they may.

/// Puts numbers that keep their order at least `gaps[i]` apart (between i and i + 1), with the least sum of weighted squared
/// distances from `wanted`: pools of neighbours that push each other move together (Best & Chakravarti, 1990).
pub(super) fn spread(wanted: &[f64], weights: &[f64], gaps: &[f64]) -> Vec<f64> {
    let mut shift = vec![0.0; wanted.len()];
    for i in 1..wanted.len() {
        shift[i] = shift[i - 1] + gaps[i - 1];
    }
    // Without the gaps what remains is to be made non-decreasing.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for i in 0..wanted.len() {
        let mut pool = (wanted[i] - shift[i], weights[i], 1);
        while let Some(before) = pools.last().filter(|before| before.0 > pool.0) {
            let weight = before.1 + pool.1;
            pool = ((before.0 * before.1 + pool.0 * pool.1) / weight, weight, before.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let levels = pools.iter().flat_map(|(value, _, count)| std::iter::repeat_n(*value, *count));
    levels.zip(&shift).map(|(value, shift)| value + shift).collect()
}

/// Two upright lines of different links are never nearer than this.
pub(super) const APART: f64 = 5.0;

/// A line that looks for its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeker {
    /// Where it wants to be.
    pub(super) wanted: f64,
    /// Where its other end is: only exactly there, straight, may it be near it.
    pub(super) partner: Option<f64>,
    /// How far behind it the next may follow.
    pub(super) room: f64,
}

/// Puts lines in their order between `low` and `high`, not within [`APART`] of what is `taken` on the other side.
///
/// Where `high − low` is at least the sum of `room + 2 · APART` this always works, because what is taken is itself at least
/// `2 · APART` apart, so that no line has to make way twice.
pub(super) fn fit(seekers: &[Seeker], low: f64, high: f64, taken: &[f64]) -> Vec<f64> {
    let wanted: Vec<f64> = seekers.iter().map(|s| s.wanted.clamp(low, high)).collect();
    let gaps: Vec<f64> = seekers.iter().map(|s| s.room).collect();
    let ideal = spread(&wanted, &vec![1.0; wanted.len()], &gaps);
    let forward = settle(seekers, &ideal, low, taken);
    if forward.last().is_none_or(|last| *last <= high) {
        return forward;
    }
    let backward = retreat(seekers, &ideal, low, high, taken);
    // At the worst, everything as far to the left as it goes.
    backward.unwrap_or_else(|| settle(seekers, &vec![low; seekers.len()], low, taken))
}

/// From the left: each at its place or behind the one before it, and then to the right until nothing is in the way.
fn settle(seekers: &[Seeker], ideal: &[f64], low: f64, taken: &[f64]) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::with_capacity(seekers.len());
    for (i, seeker) in seekers.iter().enumerate() {
        let least = if i == 0 { low } else { places[i - 1] + seekers[i - 1].room };
        let mut place = ideal[i].max(least);
        while let Some(other) = in_the_way(seeker, place, taken) {
            place = other + APART;
        }
        places.push(place);
    }
    places
}

/// The same from the right; `None` where that ends left of `low`.
fn retreat(seekers: &[Seeker], ideal: &[f64], low: f64, high: f64, taken: &[f64]) -> Option<Vec<f64>> {
    let mut places = vec![0.0; seekers.len()];
    for (i, seeker) in seekers.iter().enumerate().rev() {
        let most = if i + 1 == seekers.len() { high } else { places[i + 1] - seeker.room };
        let mut place = ideal[i].min(most);
        while let Some(other) = in_the_way(seeker, place, taken) {
            place = other - APART;
        }
        places[i] = place;
    }
    places.first().is_none_or(|first| *first >= low).then_some(places)
}

fn in_the_way(seeker: &Seeker, place: f64, taken: &[f64]) -> Option<f64> {
    let is_straight = seeker.partner.is_some_and(|partner| (partner - place).abs() < 1e-6);
    // What is exactly APART is fine, to rounding.
    taken.iter().copied().find(|other| !is_straight && (other - place).abs() < APART - 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_moves_as_little_as_it_can() {
        assert_eq!(spread(&[0.0, 10.0], &[1.0, 1.0], &[5.0]), [0.0, 10.0]);
        assert_eq!(spread(&[0.0, 0.0], &[1.0, 1.0], &[4.0]), [-2.0, 2.0]);
        assert_eq!(spread(&[0.0, 0.0], &[3.0, 1.0], &[4.0]), [-1.0, 3.0]);
        assert_eq!(spread(&[8.0, 0.0, 1.0], &[1.0; 3], &[1.0, 1.0]), [2.0, 3.0, 4.0]);
        assert!(spread(&[], &[], &[]).is_empty());
    }

    #[test]
    fn lines_keep_away_from_what_is_taken() {
        let taken: Vec<f64> = (0..10).map(|i| f64::from(i) * 14.0).collect();
        let seeker = |wanted: f64| Seeker { wanted, partner: None, room: 14.0 };
        let seekers: Vec<Seeker> = (0..5).map(|i| seeker(60.0 + f64::from(i))).collect();
        for (low, high) in [(0.0, 130.0), (10.0, 130.0), (0.0, 400.0)] {
            let places = fit(&seekers, low, high, &taken);
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 14.0), "{places:?}");
            assert!(places.iter().all(|p| taken.iter().all(|t| (t - p).abs() >= APART - 1e-6)), "{places:?}");
            assert!(places.iter().all(|p| (low..=high).contains(p)), "{places:?}");
        }
        let straight = Seeker { wanted: 28.0, partner: Some(28.0), room: 14.0 };
        assert_eq!(fit(&[straight], 0.0, 100.0, &taken), [28.0]);
    }
}
