//! A server: the primary of an epoch, or a replica that takes over what the primary sends.
//!
//! It never makes itself a primary: a sentinel fences an epoch, then promotes one server in it. A server that
//! was fenced for an epoch refuses every earlier one, for ever. After a start it is a replica.
//!
//! A primary answers a request once `min-replicas-to-write` replicas have what it has, reads included: a
//! replica that says so has not followed a later primary yet. With 0 it answers at once, as Redis does. One that
//! waits in vain gives up its office: the sentinels may reach whom it does not.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use squall_io::vocab::raft::Event;
use squall_io::{observe, select, task, time};
use tokio::sync::{Mutex, MutexGuard, Notify, mpsc};

use crate::disk::Saved;
use crate::protocol::{FromServer, Op, SERVER_PORT, Store, ToServer};
use crate::rpc::{self, Line, PATIENCE};

/// A pause after a replica gave no answer.
const RETRY: Duration = Duration::from_millis(50);

/// Runs a server until its disk fails it. `peers` are the other servers; after `give_up` without enough of their
/// answers a primary is none any more.
///
/// # Errors
/// What the disk says; and if the port is taken.
pub async fn run(peers: Vec<String>, min_replicas: usize, give_up: Duration) -> io::Result<()> {
    let (failed, mut failure) = mpsc::unbounded_channel();
    let state = State { saved: Saved::open().await?, primary_of: None, round: 0, acked: BTreeMap::new() };
    let server =
        Arc::new(Server { min_replicas, give_up, state: Mutex::new(state), changed: Notify::new(), failed });
    for peer in peers {
        drop(task::spawn(server.clone().replicate_to(peer)));
    }
    let listen = rpc::serve(SERVER_PORT, move |question| {
        let server = server.clone();
        async move { server.answer(question).await }
    });
    select! {
        ended = listen => ended,
        error = failure.recv() => Err(error.expect("the server holds a sender")),
    }
}

/// What a server must not forget.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Durable {
    /// No earlier epoch is followed.
    fenced: u64,
    store: Store,
}

struct State {
    saved: Saved<Durable>,
    /// The epoch in which it is the primary.
    primary_of: Option<u64>,
    /// Counts a primary's requests: a replica has answered a round if it was sent what the primary had then.
    round: u64,
    /// The last round that each replica has answered.
    acked: BTreeMap<String, u64>,
}

struct Server {
    min_replicas: usize,
    give_up: Duration,
    state: Mutex<State>,
    /// There is a new round, a new answer, another primary.
    changed: Notify,
    failed: mpsc::UnboundedSender<io::Error>,
}

impl Server {
    async fn answer(&self, question: ToServer) -> Option<FromServer> {
        match question {
            ToServer::Client(op) => self.execute(op).await,
            ToServer::Ping => Some(FromServer::Pong(self.state.lock().await.primary_of)),
            ToServer::Fence { epoch } => Some(match self.follow(epoch).await {
                Ok(state) => FromServer::Fenced(state.saved.value.store.version),
                Err(later) => FromServer::Refused(later),
            }),
            ToServer::Promote { epoch } => Some(self.promote(epoch).await),
            ToServer::Replicate { epoch, store } => Some(self.take_over(epoch, store).await),
        }
    }

    /// A client's request. No answer: nobody knows what becomes of it.
    async fn execute(&self, op: Op) -> Option<FromServer> {
        let mut state = self.state.lock().await;
        let Some(epoch) = state.primary_of else { return Some(FromServer::NotPrimary) };
        let answer = match op {
            Op::Get(key) => FromServer::Value(state.saved.value.store.values.get(&key).cloned()),
            Op::Put(key, value) => self.write(&mut state, key, |_| value).await,
            Op::Append(key, text) => self.write(&mut state, key, |before| before + &text).await,
        };
        state.round += 1;
        let round = state.round;
        drop(state);
        self.changed.notify_waiters();
        match time::timeout(self.give_up, self.is_replicated(epoch, round)).await {
            Ok(is_replicated) => is_replicated.then_some(answer),
            Err(_) => {
                let mut state = self.state.lock().await;
                if state.primary_of == Some(epoch) {
                    self.step_down(&mut state);
                }
                None
            }
        }
    }

    async fn write(&self, state: &mut State, key: String, new: impl FnOnce(String) -> String) -> FromServer {
        let store = &mut state.saved.value.store;
        let before = store.values.remove(&key).unwrap_or_default();
        store.values.insert(key, new(before));
        store.version.writes += 1;
        self.save(state).await;
        FromServer::Done
    }

    /// Waits until enough replicas have answered the round; false if it is no longer the primary by then.
    async fn is_replicated(&self, epoch: u64, round: u64) -> bool {
        loop {
            let changed = self.changed.notified();
            let state = self.state.lock().await;
            if state.primary_of != Some(epoch) {
                return false;
            }
            if state.acked.values().filter(|acked| **acked >= round).count() >= self.min_replicas {
                return true;
            }
            drop(state);
            changed.await;
        }
    }

    /// Follows an epoch from now on, and no earlier one; gives back a later one that it follows already.
    async fn follow(&self, epoch: u64) -> Result<MutexGuard<'_, State>, u64> {
        let mut state = self.state.lock().await;
        if epoch < state.saved.value.fenced {
            return Err(state.saved.value.fenced);
        }
        if epoch > state.saved.value.fenced {
            state.saved.value.fenced = epoch;
            self.save(&state).await;
            self.step_down(&mut state);
        }
        Ok(state)
    }

    fn step_down(&self, state: &mut State) {
        if let Some(term) = state.primary_of.take() {
            observe(Event::SteppedDown { term });
            self.changed.notify_waiters();
        }
    }

    async fn promote(&self, epoch: u64) -> FromServer {
        let mut state = match self.follow(epoch).await {
            Ok(state) => state,
            Err(later) => return FromServer::Refused(later),
        };
        if state.primary_of.is_none() {
            state.saved.value.store.version.epoch = epoch;
            self.save(&state).await;
            state.primary_of = Some(epoch);
            state.round += 1;
            state.acked.clear();
            observe(Event::BecameLeader { term: epoch });
            self.changed.notify_waiters();
        }
        FromServer::Promoted
    }

    async fn take_over(&self, epoch: u64, store: Store) -> FromServer {
        let mut state = match self.follow(epoch).await {
            Ok(state) => state,
            Err(later) => return FromServer::Refused(later),
        };
        // What comes late is older than what is there.
        if store.version > state.saved.value.store.version {
            state.saved.value.store = store;
            self.save(&state).await;
        }
        FromServer::Replicated
    }

    /// Sends a replica, for ever, what it has not answered yet.
    async fn replicate_to(self: Arc<Self>, peer: String) {
        let mut line = Line::new(&peer, SERVER_PORT, PATIENCE);
        loop {
            let (epoch, round, store) = self.news_for(&peer).await;
            match line.call(&ToServer::Replicate { epoch, store }).await {
                Ok(FromServer::Replicated) => {
                    let mut state = self.state.lock().await;
                    if state.primary_of == Some(epoch) {
                        state.acked.insert(peer.clone(), round);
                        self.changed.notify_waiters();
                    }
                }
                Ok(FromServer::Refused(later)) => drop(self.follow(later).await),
                Ok(_) | Err(_) => time::sleep(RETRY).await,
            }
        }
    }

    /// Waits for a round that the replica has not answered: the primary's epoch, the round, the store.
    async fn news_for(&self, peer: &str) -> (u64, u64, Store) {
        loop {
            let changed = self.changed.notified();
            let state = self.state.lock().await;
            if let Some(epoch) = state.primary_of
                && state.acked.get(peer) != Some(&state.round)
            {
                return (epoch, state.round, state.saved.value.store.clone());
            }
            drop(state);
            changed.await;
        }
    }

    /// Makes the state durable. If the disk cannot, this never returns: the caller holds the lock, so nobody
    /// sees what is not durable, and the server ends.
    async fn save(&self, state: &State) {
        if let Err(error) = state.saved.save().await {
            self.failed.send(error).ok();
            std::future::pending::<()>().await;
        }
    }
}
