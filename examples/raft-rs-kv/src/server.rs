//! The shell around the library: a loop that feeds it messages, proposals and time, and carries out what it
//! then is *ready* for.
//!
//! The library does no IO and has no clock. Each turn of the loop hands it what came in; `on_ready` asks it
//! what is to be sent, written and applied, and does so in the order that its documentation demands: what it
//! calls persisted messages leaves after the disk has the entries and the vote that they speak of.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use protobuf::Message as _;
use raft::eraftpb::{Entry, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use squall_io::net::{TcpListener, TcpStream};
use squall_io::task::JoinSet;
use squall_io::vocab::raft::Event;
use squall_io::{buggify, hook, observe, rand, select, task, time};
use squall_wire::peer::{self, RECEIPT, Receipt};
use squall_wire::{Outbox, encode, frame, read_frame};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};

use crate::PERSIST_AFTER_SEND;
use crate::protocol::{Inbound, Op, PORT, Reply};
use crate::storage::{Storage, Store};

/// The library's unit of time.
const TICK: Duration = Duration::from_millis(50);
/// Ticks between a leader's heartbeats.
const HEARTBEAT: usize = 2;
/// Ticks without a heartbeat before the most impatient server stands for election.
const ELECTION: usize = 10;
/// By so many ticks each server is more patient than the one before it.
const STAGGER: usize = 3;
/// Messages that wait for a peer.
const OUTBOX: usize = 256;
/// A connection on which nothing comes for this long is closed.
const IDLE: Duration = Duration::from_secs(20);

/// What the loop is told.
enum Input {
    Message(Message),
    Propose(Op, oneshot::Sender<Reply>),
    Tick,
}

/// Runs a server, the one at `place` of `servers`, until its disk fails it.
///
/// # Errors
/// What the disk says; if the port is taken; if the library refuses what it is given.
pub async fn run(place: usize, servers: Vec<String>, bugs: squall::BugSet) -> io::Result<()> {
    let storage = Storage::open(servers.len()).await?;
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let (inputs, inbox) = mpsc::channel(1_024);
    let mut tasks = JoinSet::new();
    let outboxes: Vec<Outbox<Message>> = servers.iter().map(|_| Outbox::new(OUTBOX)).collect();
    for (to, outbox) in outboxes.iter().enumerate().filter(|(to, _)| *to != place) {
        tasks.spawn(peer::keep_up(servers[to].clone(), PORT, outbox.clone(), as_frame));
    }
    tasks.spawn(tick(inputs.clone()));
    tasks.spawn(listen(listener, inputs));
    Server::new(place, servers, storage, outboxes, bugs)?.run(inbox).await
}

struct Server {
    servers: Vec<String>,
    node: RawNode<MemStorage>,
    storage: Storage,
    store: Store,
    outboxes: Vec<Outbox<Message>>,
    /// Who waits for what was proposed here, by the number that goes with it through the log.
    waiting: BTreeMap<u64, oneshot::Sender<Reply>>,
    /// The term that it leads.
    leads: Option<u64>,
    bugs: squall::BugSet,
}

impl Server {
    fn new(
        place: usize,
        servers: Vec<String>,
        storage: Storage,
        outboxes: Vec<Outbox<Message>>,
        bugs: squall::BugSet,
    ) -> io::Result<Self> {
        // The library draws election time-outs from the thread's generator, which all nodes of a simulation
        // would share. So it is left one number to draw from, ours: the server's own, and no other's.
        let patience =
            ELECTION + STAGGER * place + usize::try_from(rand::below(STAGGER as u64)).expect("small");
        let config = Config {
            id: id(place),
            election_tick: ELECTION,
            min_election_tick: patience,
            max_election_tick: patience + 1,
            heartbeat_tick: HEARTBEAT,
            pre_vote: true,
            check_quorum: true,
            max_inflight_msgs: 64,
            max_size_per_msg: 64 * 1_024,
            ..Config::default()
        };
        let silent = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, storage.memory(), &silent).map_err(io::Error::other)?;
        let hard = node.raft.hard_state();
        let vote = named(&servers, hard.vote).map(|name| name.as_str().into());
        observe(Event::Recovered { term: hard.term, vote, snapshot: None, index: storage.last_index() });
        let (store, waiting) = (Store::default(), BTreeMap::new());
        Ok(Self { servers, node, storage, store, outboxes, waiting, leads: None, bugs })
    }

    async fn run(mut self, mut inbox: mpsc::Receiver<Input>) -> io::Result<()> {
        loop {
            let input = inbox.recv().await.expect("the listener holds a sender");
            if matches!(input, Input::Tick) {
                self.storage.catch_up().await?;
            }
            self.take(input);
            // What has come meanwhile shares one write.
            while let Ok(input) = inbox.try_recv() {
                self.take(input);
            }
            while self.node.has_ready() {
                self.on_ready().await?;
            }
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            // What it cannot use it says so, and nothing is to be done about it.
            Input::Message(message) => _ = self.node.step(message).ok(),
            Input::Tick => _ = self.node.tick(),
            Input::Propose(op, reply) => {
                let number = rand::bits();
                let proposed = self.leads.is_some()
                    && self.node.propose(number.to_le_bytes().to_vec(), encode(&op)).is_ok();
                if proposed {
                    self.waiting.insert(number, reply);
                } else {
                    let leader = named(&self.servers, self.node.raft.leader_id).cloned();
                    reply.send(Reply::NotLeader(leader)).ok();
                }
            }
        }
    }

    async fn on_ready(&mut self) -> io::Result<()> {
        let mut ready = self.node.ready();
        if let Some(soft) = ready.ss() {
            self.tell_office(soft.raft_state);
        }
        self.send(ready.take_messages());
        self.apply(&ready.take_committed_entries());
        hook!("raft-rs-kv/before-persist").await;
        // planted bug: the disk gets it with the next tick, and whoever trusts in it is told before
        if self.bugs.has(PERSIST_AFTER_SEND) {
            self.storage.persist_later(ready.entries(), ready.hs())?;
        } else {
            self.storage.persist(ready.entries(), ready.hs()).await?;
        }
        if let Some(hard) = ready.hs() {
            let vote = named(&self.servers, hard.vote).map(|name| name.as_str().into());
            observe(Event::HardState { term: hard.term, vote });
        }
        self.send(ready.take_persisted_messages());
        let mut light = self.node.advance(ready);
        self.send(light.take_messages());
        self.apply(&light.take_committed_entries());
        self.node.advance_apply();
        Ok(())
    }

    fn tell_office(&mut self, role: StateRole) {
        let term = self.node.raft.term;
        if let Some(term) = self.leads.take_if(|led| role != StateRole::Leader || *led != term) {
            observe(Event::SteppedDown { term });
            // Nobody knows what becomes of these: their connections end without an answer.
            self.waiting.clear();
        }
        if role == StateRole::Leader && self.leads.is_none() {
            self.leads = Some(term);
            observe(Event::BecameLeader { term });
        }
    }

    fn send(&self, messages: Vec<Message>) {
        for message in messages {
            let to = usize::try_from(message.to - 1).expect("an id of ours");
            self.outboxes[to].put(message);
        }
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            let answer = self.store.apply(entry);
            let number = entry.context.as_ref().try_into().map(u64::from_le_bytes);
            if let Ok(number) = number
                && let Some(reply) = self.waiting.remove(&number)
            {
                // The client may be gone.
                reply.send(Reply::Done(answer)).ok();
            }
        }
    }
}

fn id(place: usize) -> u64 {
    place as u64 + 1
}

/// The server of an id; 0 is nobody's.
fn named(servers: &[String], id: u64) -> Option<&String> {
    servers.get(usize::try_from(id.checked_sub(1)?).ok()?)
}

fn as_frame(message: Message, receipt: Receipt) -> Vec<u8> {
    let message = message.write_to_bytes().expect("a message in memory can be written");
    frame(&Inbound::Raft { message, receipt })
}

async fn tick(inputs: mpsc::Sender<Input>) {
    let mut ticks = time::interval(TICK);
    loop {
        ticks.tick().await;
        if inputs.send(Input::Tick).await.is_err() {
            return;
        }
    }
}

async fn listen(listener: TcpListener, inputs: mpsc::Sender<Input>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(task::spawn(converse(stream, inputs.clone()))),
            // The pause keeps a lasting error from spinning.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection, from a server or a client.
async fn converse(mut stream: TcpStream, inputs: mpsc::Sender<Input>) -> io::Result<()> {
    let stopped = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    loop {
        let inbound = select! {
            inbound = read_frame(&mut stream) => inbound?,
            () = time::sleep(IDLE) => return Ok(()),
        };
        match inbound {
            Inbound::Raft { message, receipt } => {
                let message = Message::parse_from_bytes(&message)?;
                inputs.send(Input::Message(message)).await.map_err(|_| stopped(()))?;
                if receipt == Receipt::Wanted {
                    stream.write_all(&RECEIPT).await?;
                }
            }
            Inbound::Client(op) => {
                let (reply, answer) = oneshot::channel();
                inputs.send(Input::Propose(op, reply)).await.map_err(|_| stopped(()))?;
                let answer = answer.await.map_err(|_| stopped(()))?;
                if buggify!("raft-rs-kv/late-answer", p = 5%) {
                    time::sleep(rand::between(Duration::ZERO, TICK)).await;
                }
                stream.write_all(&frame(&answer)).await?;
            }
        }
    }
}
