//! A cart as a replica holds it: siblings, and a version vector that says which writes it knows.
//!
//! Dotted version vectors (Almeida and others, "Scalable and Accurate Causality Tracking for Eventually
//! Consistent Stores", DAIS 2014). A *dot* names one write: who coordinated it, and that one's count. The
//! *clock* covers every write that is in the object or was superseded by one that is. A client that read an
//! object sends its clock back as the *context* of its write: what the context covers is superseded, whatever
//! else is there stays beside it, as a sibling.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The number of an item.
pub type Item = u64;
/// Who coordinates writes: a node under a number that it drew when its disk was new.
pub type Actor = (String, u64);
/// The last write of each coordinator.
pub type Clock = BTreeMap<Actor, u64>;

/// A cart, with all that was written to it side by side.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Object {
    /// The writes that it knows.
    pub clock: Clock,
    /// The writes that none of them superseded, by dot.
    pub siblings: BTreeMap<(Actor, u64), BTreeSet<Item>>,
}

fn covers(clock: &Clock, (actor, count): &(Actor, u64)) -> bool {
    clock.get(actor).is_some_and(|known| known >= count)
}

fn join(into: &mut Clock, other: &Clock) {
    for (actor, count) in other {
        let known = into.entry(actor.clone()).or_default();
        *known = (*known).max(*count);
    }
}

impl Object {
    /// A write that `actor` coordinates: it supersedes what `context` covers. The actor has seen all its own
    /// earlier writes of the cart, which is why a count can stand for all up to it.
    pub fn write(&mut self, actor: &Actor, context: &Clock, items: BTreeSet<Item>) {
        self.siblings.retain(|dot, _| !covers(context, dot));
        join(&mut self.clock, context);
        let count = self.clock.entry(actor.clone()).or_default();
        *count += 1;
        self.siblings.insert((actor.clone(), *count), items);
    }

    /// Takes in what another replica holds. A sibling that only one side has stays, unless the other side's
    /// clock covers it: then it was superseded there. In whatever order objects meet, all end up the same.
    pub fn merge(&mut self, other: &Self) {
        self.siblings.retain(|dot, _| other.siblings.contains_key(dot) || !covers(&other.clock, dot));
        for (dot, items) in &other.siblings {
            if !covers(&self.clock, dot) {
                self.siblings.insert(dot.clone(), items.clone());
            }
        }
        join(&mut self.clock, &other.clock);
    }

    /// Throws away all siblings but one. Part of a planted bug: that one need not be the last in time, and
    /// the others were answered too.
    pub fn keep_last(&mut self) {
        while self.siblings.len() > 1 {
            self.siblings.pop_first();
        }
    }

    /// What is in the cart: siblings are united, so an item that was put in by anybody is there.
    pub fn items(&self) -> BTreeSet<Item> {
        self.siblings.values().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(name: &str) -> Actor {
        (name.to_owned(), 0)
    }

    fn put(object: &mut Object, at: &str, context: &Clock, items: &[Item]) {
        object.write(&actor(at), context, items.iter().copied().collect());
    }

    #[test]
    fn a_write_supersedes_what_its_client_read_and_nothing_else() {
        let mut cart = Object::default();
        put(&mut cart, "a", &Clock::new(), &[1]);
        let read = cart.clock.clone();
        put(&mut cart, "a", &Clock::new(), &[2]);
        assert_eq!(cart.siblings.len(), 2, "who read nothing supersedes nothing");
        put(&mut cart, "a", &read, &[1, 3]);
        assert_eq!(cart.siblings.values().map(|items| items.len()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(cart.items(), [1, 2, 3].into());
    }

    #[test]
    fn merging_keeps_what_is_concurrent_and_drops_what_is_superseded() {
        let mut left = Object::default();
        put(&mut left, "a", &Clock::new(), &[1]);
        let mut right = left.clone();
        put(&mut right, "b", &left.clock, &[1, 2]);
        let old = left.clone();
        put(&mut left, "a", &old.clock, &[1, 3]);
        let (mut one, mut two) = (left.clone(), right.clone());
        one.merge(&right);
        two.merge(&left);
        assert_eq!(one, two, "the order does not matter");
        assert_eq!((one.siblings.len(), one.items()), (2, [1, 2, 3].into()));
        one.merge(&old);
        assert_eq!(one, two, "what is old brings nothing back");
    }
}
