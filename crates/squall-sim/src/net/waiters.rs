//! Who waits at a socket: mostly one task, sometimes several, each to be woken.

use std::task::Waker;

/// Wakers in the order they came. The first needs no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Waiters {
    /// Adds a waker, if it is not among them.
    pub(super) fn park(&mut self, waker: &Waker) {
        let mut all = self.first.iter().chain(&self.others);
        if all.any(|waiting| waiting.will_wake(waker)) {
            return;
        }
        if self.first.is_none() && self.others.is_empty() {
            self.first = Some(waker.clone());
        } else {
            self.others.push(waker.clone());
        }
    }
}

impl IntoIterator for Waiters {
    type Item = Waker;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Waker>, std::vec::IntoIter<Waker>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.others)
    }
}
