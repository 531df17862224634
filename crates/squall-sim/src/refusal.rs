//! What software on a node asked the machine for, and was refused, since no seed decides the answer.
//!
//! Here it is noted and told at the end of the run. What is refused, and how a call gets caught, is the
//! business of whoever stands around the simulator; where nobody does, nothing is refused.

use std::cell::RefCell;

use crate::{caller, world};

/// What a run was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusals {
    /// The first one: what it was, of which node, when, in which task, and what to use instead.
    pub first: String,
    /// How many there were.
    pub count: u64,
}

thread_local! {
    static REFUSED: RefCell<Option<Refusals>> = const { RefCell::new(None) };
}

/// Whether a call of this thread to the machine is to be refused: if software on a node makes it. Then it
/// is noted. `what` is the call in the words of the system's author; `instead`, what to use.
pub fn refuse(what: &str, instead: &str) -> bool {
    let Some(caller) = caller::get() else { return false };
    let place = world::look(|world| {
        let node = &world.nodes.get(caller.node).name;
        let now = caller::now();
        match world.tasks.get(caller.task) {
            Some(task) if task.is_first() => format!("{node} at {now}, in its first task"),
            Some(task) => format!("{node} at {now}, in a task started at {}", task.place),
            None => format!("{node} at {now}, in a destructor"),
        }
    });
    let place = place.unwrap_or_else(|| format!("at {}", caller::now()));
    REFUSED.with(|refused| {
        // A call from inside this very function would be the harness's own, and is let through.
        let Ok(mut refused) = refused.try_borrow_mut() else { return false };
        match &mut *refused {
            Some(refused) => refused.count += 1,
            empty => {
                let first = format!("{what} in a system under test ({place}): use {instead}");
                *empty = Some(Refusals { first, count: 1 });
            }
        }
        true
    })
}

/// What was refused so far.
pub(crate) fn take() -> Option<Refusals> {
    REFUSED.take()
}
