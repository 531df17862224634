//! Linearizability by its definition: try every order of the completed operations and of any of
//! the others. It remembers nothing and leaves nothing out but what is wrong already.

use super::naive::{Ask, Naive, State, Told};

/// An operation that may have happened.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) ask: Ask,
    /// Places of its invocation and of its `ok` among the events.
    pub(super) invoked: usize,
    pub(super) ok: Option<(usize, Told)>,
}

impl Span {
    /// As it is known before this place.
    fn before(&self, place: usize) -> Option<Self> {
        let ok = self.ok.clone().filter(|(end, _)| *end < place);
        (self.invoked < place).then(|| Self { ok, ..self.clone() })
    }

    fn end(&self) -> usize {
        self.ok.as_ref().map_or(usize::MAX, |(end, _)| *end)
    }
}

pub(super) fn is_linearizable(naive: &Naive, spans: &[Span]) -> bool {
    has_order(naive, spans, &mut vec![false; spans.len()], &(naive.init)())
}

fn has_order(naive: &Naive, spans: &[Span], placed: &mut [bool], state: &State) -> bool {
    let waiting = |placed: &[bool]| {
        spans.iter().zip(placed).filter(|(_, placed)| !**placed).map(|(span, _)| span.end()).min()
    };
    // Nothing may stand after an operation that completed before it was invoked.
    let first_end = waiting(placed).unwrap_or(usize::MAX);
    if first_end == usize::MAX {
        return true;
    }
    (0..spans.len()).any(|op| {
        if placed[op] || spans[op].invoked > first_end {
            return false;
        }
        placed[op] = true;
        let told = spans[op].ok.as_ref().map(|(_, told)| told);
        let after = naive.after(state, &spans[op].ask, told);
        let found = after.iter().any(|next| has_order(naive, spans, placed, next));
        placed[op] = false;
        found
    })
}

/// How many events there are in the shortest beginning that is not linearizable.
pub(super) fn shortest_illegal_prefix(naive: &Naive, spans: &[Span]) -> Option<usize> {
    let mut ends: Vec<usize> =
        spans.iter().filter_map(|span| span.ok.as_ref().map(|(end, _)| end + 1)).collect();
    ends.sort_unstable();
    let illegal = |end: &usize| {
        let known: Vec<Span> = spans.iter().filter_map(|span| span.before(*end)).collect();
        !is_linearizable(naive, &known)
    };
    ends.into_iter().find(illegal)
}

/// Whether these operations, in this order, are legal and obey real time.
pub(super) fn is_order(naive: &Naive, spans: &[Span], order: &[usize]) -> bool {
    let mut states = vec![(naive.init)()];
    for (place, &op) in order.iter().enumerate() {
        if order[place..].iter().any(|&later| spans[later].end() < spans[op].invoked) {
            return false;
        }
        let told = spans[op].ok.as_ref().map(|(_, told)| told);
        states = states.iter().flat_map(|state| naive.after(state, &spans[op].ask, told)).collect();
    }
    !states.is_empty()
}
