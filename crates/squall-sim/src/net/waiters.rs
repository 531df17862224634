//! Who waits at a socket: mostly one task, sometimes several, each to be woken.

use std::task::Waker;

/// Wakers in the order they came. One needs no memory of its own.
#[derive(Debug, Default)]
pub(super) enum Waiters {
    #[default]
    None,
    One(Waker),
    Several(Vec<Waker>),
}

impl Waiters {
    fn as_slice(&self) -> &[Waker] {
        match self {
            Self::None => &[],
            Self::One(waker) => std::slice::from_ref(waker),
            Self::Several(wakers) => wakers,
        }
    }

    /// Adds a waker, if it is not among them.
    #[inline]
    pub(super) fn park(&mut self, waker: &Waker) {
        if self.as_slice().iter().any(|waiting| waiting.will_wake(waker)) {
            return;
        }
        *self = match std::mem::take(self) {
            Self::None => Self::One(waker.clone()),
            Self::One(first) => Self::Several(vec![first, waker.clone()]),
            Self::Several(mut wakers) => {
                wakers.push(waker.clone());
                Self::Several(wakers)
            }
        };
    }
}

impl IntoIterator for Waiters {
    type Item = Waker;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Waker>, std::vec::IntoIter<Waker>>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        let (one, several) = match self {
            Self::None => (None, Vec::new()),
            Self::One(waker) => (Some(waker), Vec::new()),
            Self::Several(wakers) => (None, wakers),
        };
        one.into_iter().chain(several)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waker::{TaskKey, waker};

    #[test]
    fn each_that_waits_is_there_once_in_the_order_they_came() {
        let wakers = [4, 2, 9].map(|index| waker(1, TaskKey { index, generation: 0 }));
        for count in 0..=wakers.len() {
            let mut waiters = Waiters::default();
            for waker in wakers[..count].iter().chain(&wakers[..count]) {
                waiters.park(waker);
            }
            let all: Vec<Waker> = waiters.into_iter().collect();
            assert_eq!(all.len(), count);
            assert!(all.iter().zip(&wakers).all(|(one, other)| one.will_wake(other)));
        }
    }
}
