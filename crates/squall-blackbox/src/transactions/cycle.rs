//! One cycle, and what kind it is.

use super::anomaly::{Anomaly, COUNT, Shape, Via};
use super::edges::Class;
use super::history::Txn;

/// Transactions of which each precedes the next, and the last the first; and by which edge.
pub(super) struct Cycle {
    pub(super) anomaly: Anomaly,
    pub(super) steps: Vec<(Txn, Class)>,
}

/// The shortest cycle of each kind.
pub(super) struct Best {
    pub(super) cycles: [Option<Cycle>; COUNT],
    pub(super) offered: u32,
}

impl Default for Best {
    fn default() -> Self {
        Self { cycles: [const { None }; COUNT], offered: 0 }
    }
}

impl Best {
    /// Takes the cycle if it is the shortest of its kind so far.
    pub(super) fn offer(&mut self, cycle: Cycle) {
        self.offered += 1;
        let best = &mut self.cycles[cycle.anomaly.place()];
        if best.as_ref().is_none_or(|best| cycle.steps.len() < best.steps.len()) {
            *best = Some(cycle);
        }
    }

    /// Whether there is one of this shape.
    pub(super) fn has(&self, shape: Shape) -> bool {
        Via::ALL.iter().any(|&via| self.cycles[Anomaly::Cycle(shape, via).place()].is_some())
    }
}

/// What kind of cycle it is, by the classes of its edges.
pub(super) fn kind(steps: &[(Txn, Class)]) -> Anomaly {
    let has = |wanted: &[Class]| steps.iter().any(|(_, class)| wanted.contains(class));
    let via = match () {
        () if has(&[Class::Realtime, Class::RwRealtime]) => Via::Realtime,
        () if has(&[Class::Process, Class::RwProcess]) => Via::Process,
        () => Via::Data,
    };
    let next = |place: usize| steps[(place + 1) % steps.len()].1;
    let in_a_row = (0..steps.len()).any(|place| steps[place].1.is_rw() && next(place).is_rw());
    let shape = match steps.iter().filter(|(_, class)| class.is_rw()).count() {
        0 if has(&[Class::WwOpen, Class::Wr]) => Shape::G1c,
        0 => Shape::G0,
        1 => Shape::GSingle,
        _ if in_a_row => Shape::G2Item,
        _ => Shape::GNonadjacent,
    };
    Anomaly::Cycle(shape, via)
}
