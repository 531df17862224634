//! A bounded queue towards one other member.
//!
//! The core must never wait for a slow peer. When the queue is full the oldest message goes: every
//! message may be lost, and the newest knows most.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::raft::message::Message;

/// Messages that wait for a peer: a second of heartbeats and a good number of appends.
pub(super) const OUTBOX_LIMIT: usize = 128;

/// Shared by the member, which puts in, and the link, which takes out.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<VecDeque<Message>>,
    filled: Notify,
}

impl Outbox {
    /// Adds a message; drops the oldest if there are too many.
    pub(super) fn put(&self, message: Message) {
        let mut waiting = self.lock();
        if waiting.len() >= OUTBOX_LIMIT {
            waiting.pop_front();
        }
        waiting.push_back(message);
        drop(waiting);
        self.0.filled.notify_one();
    }

    /// All that waits, once there is something. Nothing is lost if the future is dropped.
    pub(super) async fn take(&self) -> VecDeque<Message> {
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
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.0.waiting.lock().expect("nobody panics while holding the queue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let outbox = Outbox::default();
        for term in 0..OUTBOX_LIMIT as u64 + 3 {
            outbox.put(Message::VoteReply { term, granted: true });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let taken = runtime.block_on(outbox.take());
        assert_eq!(taken.len(), OUTBOX_LIMIT);
        assert_eq!(taken[0], Message::VoteReply { term: 3, granted: true });
    }
}
