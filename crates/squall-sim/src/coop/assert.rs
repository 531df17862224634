//! What software asserts about itself, told sparingly.
//!
//! A program asserts at every step; a history holds each `sometimes!` once in a run, and of each broken
//! promise the first few. The caller numbers its assertions densely (`squall-io` does), so that the
//! common case, told already, is a look into a list. The numbers are seen by nobody else.

use squall_history::{Assertion, Body};

use crate::caller;
use crate::world;

/// How often one broken promise is told in a run: it tends to stay broken, at every step.
const BROKEN_MAX: u32 = 100;

/// How often each assertion was told in this run, by number.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<u32>);

impl Told {
    fn count(&mut self, number: usize) -> u32 {
        if self.0.len() <= number {
            self.0.resize(number + 1, 0);
        }
        self.0[number] = self.0[number].saturating_add(1);
        self.0[number]
    }
}

/// A `sometimes!` holds, or a `reachable!` was reached. Nothing outside software on a node.
pub fn reached(number: usize, name: &str) {
    let Some(caller) = caller::get() else { return };
    let is_first = world::with(|world| {
        world.nodes.is_current(caller.node, caller.boot) && world.coop.told.count(number) == 1
    });
    if is_first {
        caller::observe_unfolded(Body::Assert(Assertion::Reached { name: name.to_owned() }));
    }
}

/// An `always!` does not hold, or an `unreachable!` was reached. Nothing outside software on a node.
pub fn broken(number: usize, name: &str, place: String, details: String) {
    let Some(caller) = caller::get() else { return };
    let is_told = world::with(|world| {
        world.nodes.is_current(caller.node, caller.boot) && world.coop.told.count(number) <= BROKEN_MAX
    });
    if is_told {
        caller::observe(Body::Assert(Assertion::Broken { name: name.to_owned(), place, details }));
    }
}
