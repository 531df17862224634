//! A sentinel: watches the primary, and with the others' consent appoints another.
//!
//! A primary that has not answered pings for `down-after` is *subjectively down*. If a quorum of sentinels
//! says so it is *objectively down*. A sentinel that sees this takes an epoch that nobody has used, asks the
//! others for their votes, and with a majority fails over: it fences the servers for that epoch, promotes the
//! one that has come furthest of those that answered, and tells everybody. A sentinel gives one vote for each
//! epoch, durably: so an epoch belongs to one sentinel.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use squall_io::task::JoinSet;
use squall_io::time::Instant;
use squall_io::{rand, select, task, time};
use tokio::sync::{Mutex, mpsc};

use crate::disk::Saved;
use crate::protocol::{
    Config, FromSentinel, FromServer, Hello, SENTINEL_PORT, SERVER_PORT, ToSentinel, ToServer, Version,
};
use crate::rpc::{self, Line, PATIENCE};
use crate::{FAILOVER_WITHOUT_QUORUM, PROMOTE_ANY_REPLICA};

/// What a sentinel has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// All sentinels.
    pub sentinels: Vec<String>,
    /// All servers.
    pub servers: Vec<String>,
    /// How many replicas a primary waits for.
    pub min_replicas: usize,
    /// How many sentinels must find the primary down.
    pub quorum: usize,
    /// How long a primary may be silent.
    pub down_after: Duration,
    /// Planted bugs that are on.
    pub bugs: squall::BugSet,
}

/// Runs a sentinel until its disk fails it.
///
/// # Errors
/// What the disk says; and if the port is taken.
pub async fn run(settings: Settings) -> io::Result<()> {
    let (failed, mut failure) = mpsc::unbounded_channel();
    let state = State { saved: Saved::open().await?, last_pong: time::now(), others: BTreeMap::new() };
    let sentinel = Arc::new(Sentinel { settings, state: Mutex::new(state), failed });
    drop(task::spawn(sentinel.clone().watch()));
    for peer in sentinel.peers() {
        drop(task::spawn(sentinel.clone().gossip(peer)));
    }
    let listen = rpc::serve(SENTINEL_PORT, move |question| {
        let sentinel = sentinel.clone();
        async move { Some(sentinel.answer(question).await) }
    });
    select! {
        ended = listen => ended,
        error = failure.recv() => Err(error.expect("the sentinel holds a sender")),
    }
}

/// What a sentinel must not forget.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Durable {
    /// It has voted in this epoch, and votes in no earlier one.
    voted: u64,
    config: Config,
}

struct State {
    saved: Saved<Durable>,
    /// When the primary answered last.
    last_pong: Instant,
    /// The epoch whose primary each of the others finds down.
    others: BTreeMap<String, u64>,
}

struct Sentinel {
    settings: Settings,
    state: Mutex<State>,
    failed: mpsc::UnboundedSender<io::Error>,
}

impl Sentinel {
    async fn answer(&self, question: ToSentinel) -> FromSentinel {
        match question {
            ToSentinel::WhoIsPrimary => {
                FromSentinel::Primary(self.state.lock().await.saved.value.config.clone())
            }
            ToSentinel::Hello(hello) => {
                self.hear(hello).await;
                FromSentinel::Hello(self.hello().await)
            }
            ToSentinel::Vote { epoch } => match self.use_up(epoch).await {
                Ok(()) => FromSentinel::Granted,
                Err(later) => FromSentinel::Refused(later),
            },
        }
    }

    async fn hello(&self) -> Hello {
        let state = self.state.lock().await;
        let is_down = self.is_down(&state);
        Hello { from: self.settings.name.clone(), config: state.saved.value.config.clone(), is_down }
    }

    async fn hear(&self, hello: Hello) {
        let mut state = self.state.lock().await;
        match hello.is_down {
            true => state.others.insert(hello.from, hello.config.epoch),
            false => state.others.remove(&hello.from),
        };
        self.learn(&mut state, hello.config).await;
    }

    /// Takes over what is news.
    async fn learn(&self, state: &mut State, config: Config) {
        if config.epoch > state.saved.value.config.epoch {
            state.saved.value.config = config;
            state.last_pong = time::now();
            self.save(state).await;
        }
    }

    /// Votes in an epoch, unless it has voted in this one or a later one.
    async fn use_up(&self, epoch: u64) -> Result<(), u64> {
        let mut state = self.state.lock().await;
        if epoch <= state.saved.value.voted {
            return Err(state.saved.value.voted);
        }
        state.saved.value.voted = epoch;
        self.save(&state).await;
        Ok(())
    }

    /// Subjectively down.
    fn is_down(&self, state: &State) -> bool {
        state.saved.value.config.epoch == 0 || state.last_pong.elapsed() >= self.settings.down_after
    }

    /// Objectively down.
    async fn is_agreed_down(&self) -> bool {
        let state = self.state.lock().await;
        let epoch = state.saved.value.config.epoch;
        let others = state.others.values().filter(|down| **down == epoch).count();
        let agree = 1 + others >= self.settings.quorum;
        // planted bug: its own word is enough
        self.is_down(&state) && (agree || self.settings.bugs.has(FAILOVER_WITHOUT_QUORUM))
    }

    fn ping_every(&self) -> Duration {
        self.settings.down_after / 10
    }

    fn peers(&self) -> Vec<String> {
        self.settings.sentinels.iter().filter(|name| **name != self.settings.name).cloned().collect()
    }

    /// Exchanges with another sentinel, for ever, what both know.
    async fn gossip(self: Arc<Self>, peer: String) {
        let mut line = Line::new(&peer, SENTINEL_PORT, PATIENCE);
        loop {
            if let Ok(FromSentinel::Hello(hello)) = line.call(&ToSentinel::Hello(self.hello().await)).await {
                self.hear(hello).await;
            }
            time::sleep(self.ping_every()).await;
        }
    }

    /// Watches the primary for ever.
    async fn watch(self: Arc<Self>) {
        let mut line = Line::new("", SERVER_PORT, PATIENCE);
        loop {
            let config = self.state.lock().await.saved.value.config.clone();
            if config.primary != line.to() {
                line = Line::new(&config.primary, SERVER_PORT, PATIENCE);
            }
            if config.epoch > 0
                && let Ok(FromServer::Pong(Some(epoch))) = line.call(&ToServer::Ping).await
            {
                let mut state = self.state.lock().await;
                if epoch == state.saved.value.config.epoch {
                    state.last_pong = time::now();
                }
            }
            if self.is_agreed_down().await {
                // So that seldom two try at once.
                time::sleep(rand::between(Duration::ZERO, self.settings.down_after / 2)).await;
                if self.is_agreed_down().await {
                    self.fail_over().await;
                }
            }
            time::sleep(self.ping_every()).await;
        }
    }

    /// Appoints another primary, if it is given an epoch and enough servers answer.
    async fn fail_over(&self) {
        let Some(epoch) = self.win_epoch().await else { return };
        let answers = ask_all(&self.settings.servers, SERVER_PORT, ToServer::Fence { epoch }).await;
        let mut fenced: Vec<(Version, String)> = Vec::new();
        for (server, answer) in answers {
            match answer {
                FromServer::Fenced(version) => fenced.push((version, server)),
                // It follows an epoch that this sentinel has not heard of: the next try goes beyond.
                FromServer::Refused(later) => drop(self.use_up(later).await),
                _ => {}
            }
        }
        if fenced.len() < self.needed() {
            return;
        }
        // planted bug: any of them, however far behind
        let best = match self.settings.bugs.has(PROMOTE_ANY_REPLICA) {
            true => fenced.into_iter().next_back(),
            false => fenced.into_iter().max_by_key(|(version, _)| *version),
        };
        let (_, primary) = best.expect("at least one is needed");
        let answer = Line::new(&primary, SERVER_PORT, PATIENCE).call(&ToServer::Promote { epoch }).await;
        if let Ok(FromServer::Promoted) = answer {
            self.learn(&mut *self.state.lock().await, Config { epoch, primary }).await;
        }
    }

    /// So many servers must be fenced that one of them has every write that was answered: it lies on
    /// `min-replicas-to-write` and one more. With no replica to wait for there is nothing to be had.
    fn needed(&self) -> usize {
        match self.settings.min_replicas {
            0 => 1,
            replicas => self.settings.servers.len() - replicas,
        }
    }

    /// An epoch that is this sentinel's alone, if a majority votes for it.
    async fn win_epoch(&self) -> Option<u64> {
        let epoch = {
            let state = self.state.lock().await;
            state.saved.value.voted.max(state.saved.value.config.epoch) + 1
        };
        self.use_up(epoch).await.ok()?;
        // planted bug: nobody is asked
        if self.settings.bugs.has(FAILOVER_WITHOUT_QUORUM) {
            return Some(epoch);
        }
        let mut votes = 1;
        for (_, answer) in ask_all(&self.peers(), SENTINEL_PORT, ToSentinel::Vote { epoch }).await {
            match answer {
                FromSentinel::Granted => votes += 1,
                FromSentinel::Refused(later) => drop(self.use_up(later).await),
                _ => {}
            }
        }
        (votes > self.settings.sentinels.len() / 2).then_some(epoch)
    }

    /// Makes the state durable. If the disk cannot, this never returns: the caller holds the lock, so nobody
    /// sees what is not durable, and the sentinel ends.
    async fn save(&self, state: &State) {
        if let Err(error) = state.saved.save().await {
            self.failed.send(error).ok();
            std::future::pending::<()>().await;
        }
    }
}

/// Asks several nodes the same at once: the answers that come, in order of names.
async fn ask_all<Q, A>(names: &[String], port: u16, question: Q) -> Vec<(String, A)>
where
    Q: Serialize + Clone + Send + Sync + 'static,
    A: DeserializeOwned + Send + 'static,
{
    let mut asked = JoinSet::new();
    for name in names.iter().cloned() {
        let question = question.clone();
        asked.spawn(async move { (Line::new(&name, port, PATIENCE).call(&question).await, name) });
    }
    let mut answers = Vec::new();
    while let Some(ended) = asked.join_next().await {
        if let Ok((Ok(answer), name)) = ended {
            answers.push((name, answer));
        }
    }
    answers.sort_by(|left, right| left.0.cmp(&right.0));
    answers
}
