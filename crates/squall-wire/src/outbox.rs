//! A bounded queue towards one peer.
//!
//! A core must never wait for a slow peer. When the queue is full the oldest message goes: every
//! message may be lost, and the newest knows most.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

/// Shared by whoever puts in and the line that takes out. Clones are the same queue.
#[derive(Debug)]
pub struct Outbox<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    limit: usize,
    waiting: Mutex<VecDeque<T>>,
    filled: Notify,
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Outbox<T> {
    /// An empty queue in which so many messages may wait.
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn new(limit: usize) -> Self {
        assert!(limit > 0, "a queue without room loses everything");
        Self(Arc::new(Inner { limit, waiting: Mutex::default(), filled: Notify::new() }))
    }

    /// Adds a message; drops the oldest if there are too many.
    pub fn put(&self, message: T) {
        let mut waiting = self.lock();
        if waiting.len() >= self.0.limit {
            waiting.pop_front();
            squall_io::assert::reachable!("wire/outbox-full");
        }
        waiting.push_back(message);
        drop(waiting);
        self.0.filled.notify_one();
    }

    /// All that waits, once there is something. Nothing is lost if the future is dropped.
    pub async fn take(&self) -> VecDeque<T> {
        loop {
            // Before the look, so that a message put in between is not slept through: the queue
            // keeps one permit.
            let filled = self.0.filled.notified();
            let taken = std::mem::take(&mut *self.lock());
            if !taken.is_empty() {
                return taken;
            }
            filled.await;
        }
    }

    /// Drops what waits: it is too old to be of use.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.0.waiting.lock().expect("nobody panics while holding the queue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let outbox = Outbox::new(5);
        (0..8).for_each(|message| outbox.put(message));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(outbox.take()), [3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_put_in_later_wakes_the_taker() {
        let outbox = Outbox::new(1);
        let mut taking = std::pin::pin!(outbox.take());
        let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(taking.as_mut().poll(&mut nobody).is_pending());
        outbox.put("late");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(taking), ["late"]);
    }
}
