//! The order of a downward pass: predictors before what they predict.

use super::description::{Circuit, Projection};
use super::ids::LayerId;

impl Circuit {
    /// The layers of `free`, by place, each behind those of them that predict it: an order in which every layer can begin
    /// at its prediction.
    ///
    /// # Errors
    /// The layers that stand in circles, or between them.
    pub fn downward(&self, free: &[bool]) -> Result<Vec<LayerId>, Vec<LayerId>> {
        let is_free = |id: LayerId| free.get(id.0) == Some(&true);
        let mut order: Vec<LayerId> = Vec::new();
        let mut left: Vec<LayerId> = self.layers().map(|(id, _)| id).filter(|id| is_free(*id)).collect();
        while !left.is_empty() {
            let waits = |id: &LayerId| self.present().any(|p| p.to() == *id && left.contains(&p.from()));
            let (waiting, ready): (Vec<_>, Vec<_>) = left.iter().copied().partition(waits);
            if ready.is_empty() {
                return Err(self.circle(waiting));
            }
            order.extend(ready);
            left = waiting;
        }
        Ok(order)
    }

    /// Projections that predict from the present: what is past orders nothing.
    fn present(&self) -> impl Iterator<Item = &Projection> {
        self.projections().iter().filter(|p| p.delay().is_none())
    }

    /// What is left of `layers` without those that predict none of the others: the circles, and what links them.
    fn circle(&self, mut layers: Vec<LayerId>) -> Vec<LayerId> {
        loop {
            let predicts = |id: &LayerId| self.present().any(|p| p.from() == *id && layers.contains(&p.to()));
            let left: Vec<_> = layers.iter().copied().filter(predicts).collect();
            if left.len() == layers.len() {
                return layers;
            }
            layers = left;
        }
    }
}
