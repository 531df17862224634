//! A server: openraft, and a listener that hands it what comes in.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{CheckIsLeaderError, ClientWriteError, RaftError};
use openraft::{BasicNode, Config, Raft, Snapshot, SnapshotPolicy};
use squall_io::net::{TcpListener, TcpStream};
use squall_io::task::JoinSet;
use squall_io::vocab::raft;
use squall_io::{buggify, observe, rand, stop, task, time};
use squall_wire::{frame, read_frame};
use tokio::io::AsyncWriteExt;

use crate::bugs::Bugs;
use crate::network::Network;
use crate::protocol::{Answer, Call, Kv, Op, Outcome, PORT, Reply, Request};
use crate::store::{self, Machine};

/// A request that takes longer has no answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection on which nothing comes for this long is closed.
const IDLE: Duration = Duration::from_secs(30);

/// The longest that an unlikely turn delays an answer.
const LATE_MAX: Duration = Duration::from_millis(150);

/// What a server has to know.
#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    /// Its number, from 1: its place in `servers`.
    pub(crate) id: u64,
    pub(crate) servers: Vec<String>,
    pub(crate) heartbeat: Duration,
    pub(crate) election: Duration,
    pub(crate) snapshot_every: u64,
    pub(crate) bugs: Bugs,
}

impl ServerConfig {
    /// The settings of openraft.
    ///
    /// # Errors
    /// If they contradict each other.
    pub(crate) fn raft(&self) -> io::Result<Config> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let config = Config {
            cluster_name: "openraft-kv".to_owned(),
            heartbeat_interval: millis(self.heartbeat),
            election_timeout_min: millis(self.election),
            election_timeout_max: millis(self.election * 2),
            install_snapshot_timeout: 2_000,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_every),
            max_in_snapshot_log_to_keep: self.snapshot_every / 2,
            replication_lag_threshold: self.snapshot_every * 2,
            ..Config::default()
        };
        config.validate().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
    }

    fn members(&self) -> BTreeMap<u64, BasicNode> {
        let ids = 1..;
        ids.zip(&self.servers).map(|(id, name)| (id, BasicNode::new(name))).collect()
    }
}

/// Runs a server until its node is asked to stop.
///
/// # Errors
/// If the disk fails or openraft gives up: a server must not go on when it does not know what is durable.
pub(crate) async fn run(config: ServerConfig) -> io::Result<()> {
    let settings = Arc::new(config.raft()?);
    let (log, machine) = store::open(&config).await?;
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let raft =
        Raft::new(config.id, settings, Network, log, machine.clone()).await.map_err(io::Error::other)?;
    // Safe to do on every server, as long as all name the same members; it is refused on one that has a past.
    if let Err(RaftError::Fatal(error)) = raft.initialize(config.members()).await {
        return Err(io::Error::other(error));
    }
    let mut listening = JoinSet::new();
    listening.spawn(listen(listener, Service { raft: raft.clone(), machine, bugs: config.bugs }));
    match stop::until_stopped(failed(&raft)).await {
        Some(error) => Err(error),
        None => raft.shutdown().await.map_err(|error| io::Error::other(error.to_string())),
    }
}

/// Waits until openraft has given up, and says why.
async fn failed(raft: &Raft<Kv>) -> io::Error {
    let mut metrics = raft.metrics();
    loop {
        if let Err(error) = &metrics.borrow_and_update().running_state {
            return io::Error::other(error.clone());
        }
        if metrics.changed().await.is_err() {
            return io::Error::other("openraft has ended");
        }
    }
}

async fn listen(listener: TcpListener, service: Service) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service.clone();
                // How a connection ends concerns nobody but the other side.
                task::spawn(async move { service.serve(stream).await.ok() });
            }
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

#[derive(Clone)]
struct Service {
    raft: Raft<Kv>,
    machine: Machine,
    bugs: Bugs,
}

impl Service {
    async fn serve(self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let call = time::timeout(IDLE, read_frame(&mut stream)).await??;
            let reply = time::timeout(REQUEST_TIMEOUT, self.answer(call)).await??;
            if buggify!("openraft-kv/late-answer", p = 5%) {
                time::sleep(rand::between(Duration::ZERO, LATE_MAX)).await;
            }
            time::timeout(REQUEST_TIMEOUT, stream.write_all(&frame(&reply))).await??;
        }
    }

    async fn answer(&self, call: Call) -> io::Result<Reply> {
        Ok(match call {
            Call::Append(request) => {
                Reply::Append(self.raft.append_entries(request).await.map_err(io::Error::other)?)
            }
            Call::Vote(request) => Reply::Vote(self.raft.vote(request).await.map_err(io::Error::other)?),
            Call::Snapshot { vote, meta, data } => {
                let snapshot = Snapshot { meta, snapshot: Box::new(data) };
                let installed = self.raft.install_full_snapshot(vote, snapshot).await;
                Reply::Snapshot(installed.map_err(io::Error::other)?)
            }
            Call::Client(Request { op: Op::Get { key }, .. }) => Reply::Client(self.read(&key).await?),
            Call::Client(request) => Reply::Client(self.write(request).await?),
        })
    }

    async fn read(&self, key: &str) -> io::Result<Outcome> {
        // planted bug
        if !self.bugs.local_read || self.raft.current_leader().await != Some(self.raft.metrics().borrow().id)
        {
            match self.raft.ensure_linearizable().await {
                Ok(_) => {}
                Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to))) => {
                    return Ok(Outcome::TryElsewhere(to.leader_id));
                }
                Err(RaftError::APIError(_)) => return Ok(Outcome::TryElsewhere(None)),
                Err(RaftError::Fatal(error)) => return Err(io::Error::other(error)),
            }
        }
        Ok(Outcome::Executed(Answer::Value(self.machine.get(key))))
    }

    async fn write(&self, request: Request) -> io::Result<Outcome> {
        let (client, seq) = (request.client.clone(), request.seq);
        match self.raft.client_write(request).await {
            Ok(written) => {
                let reply = store::hash(&written.data);
                if written.data != Answer::Superseded {
                    observe(raft::Event::Replied { client, seq, reply });
                }
                Ok(Outcome::Executed(written.data))
            }
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
                Ok(Outcome::TryElsewhere(to.leader_id))
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
