//! A member on real or simulated ground: the service with sockets, files, time and randomness.
//!
//! One task owns the service and never waits for anything but the next event: the disk, the lines
//! to the other members and the connections have tasks of their own. It decides nothing.

mod handle;
mod listen;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use squall_io::net::TcpListener;
use squall_io::task::JoinSet;
use squall_io::{assert, buggify, hook, hook_now, knob, observe, rand, select, time};
use squall_wire::peer::{self, Receipt};
use squall_wire::{Alarm, Outbox, frame};
use tokio::sync::{mpsc, oneshot, watch};

use super::config::MemberConfig;
use super::core::{Gate, Moment, Output, Settings, Token, Write};
use super::message::Message;
use super::replica::StateMachine;
use super::service::{Effect, Event, Reply, ReplyTo, Request, Service};
use super::storage::{Disk, Storage, recover};

pub use handle::{Handle, Status};

/// Events that may wait for the service; connections stand still beyond it.
const EVENT_LIMIT: usize = 1_024;
/// The longest that an unlikely turn takes here: a good part of an election time-out.
const SLOW_TURN: Duration = Duration::from_millis(100);
/// Messages that wait for a peer: a second of heartbeats and a good number of appends.
const OUTBOX_LIMIT: usize = 128;

/// The first thing on a connection, and each after it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Inbound {
    /// Another member's.
    Member { from: usize, message: Message, receipt: Receipt },
    /// A client's.
    Client(Request),
}

/// What the other tasks tell the one that owns the service.
pub(crate) enum News {
    Message { from: usize, message: Message },
    Request { request: Request, reply: oneshot::Sender<Reply> },
    Persisted(Token),
    DiskFailed(io::Error),
}

/// A member that has read its disk and listens, and does nothing yet.
#[derive(Debug)]
pub struct Member<S> {
    service: Service<S>,
    effects: Vec<Effect>,
    outboxes: Vec<Outbox<Message>>,
    batches: mpsc::UnboundedSender<(Token, Vec<Write>)>,
    inbox: mpsc::Receiver<News>,
    status: watch::Sender<Status>,
    handle: Handle,
    gate: Gate,
    replies: BTreeMap<ReplyTo, oneshot::Sender<Reply>>,
    requests: u64,
    /// Aborted when the member is dropped.
    _tasks: JoinSet<()>,
}

impl<S: StateMachine> Member<S> {
    /// Reads the disk, puts it in order, and takes the port.
    ///
    /// # Errors
    /// If the configuration cannot work, the port is taken, the files are damaged or the disk fails.
    pub async fn open(config: MemberConfig, machine: S) -> io::Result<Self> {
        let mut settings = config.settings()?;
        settings.snapshot_every = knob!("raft/snapshot-every", settings.snapshot_every, 1, 3);
        let (mut disk, files) = Disk::open(&config.directory).await?;
        let recovered = recover(&settings, &files)?;
        drop(files);
        disk.carry_out(recovered.steps).await?;
        let (service, effects) =
            Service::new(settings.clone(), recovered.durable, machine, now(), rand::bits())?;
        let listener = TcpListener::bind(("0.0.0.0", config.port)).await?;
        let (news, inbox) = mpsc::channel(EVENT_LIMIT);
        let (status, watched) = watch::channel(Status::default());
        let handle = Handle::new(news.clone(), watched);
        let mut tasks = JoinSet::new();
        let outboxes = link_all(&mut tasks, &settings, config.port);
        let (batches, queue) = mpsc::unbounded_channel();
        tasks.spawn(write_batches(recovered.storage, disk, queue, news));
        tasks.spawn(listen::run(listener, handle.clone()));
        Ok(Self {
            service,
            effects,
            outboxes,
            batches,
            inbox,
            status,
            handle,
            gate: Gate::default(),
            replies: BTreeMap::new(),
            requests: 0,
            _tasks: tasks,
        })
    }

    /// A way to talk to this member from within its process.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs, for ever.
    ///
    /// # Errors
    /// If the disk fails, or the leader sends a state that the state machine does not take. A member
    /// whose disk failed must not go on: it no longer knows what is durable.
    pub async fn run(mut self) -> io::Result<()> {
        let effects = std::mem::take(&mut self.effects);
        effects.into_iter().for_each(|effect| self.carry_out(effect));
        let mut alarm = Alarm::new();
        loop {
            let wait = self.service.wake_at().since(now());
            let news = select! {
                news = self.inbox.recv() => Some(news.expect("the handle holds a sender")),
                () = alarm.until(time::now() + wait) => None,
            };
            let event = match news {
                None => tick(),
                Some(News::Message { from, message }) => Event::Message { from, message },
                Some(News::Persisted(token)) => {
                    let released = self.gate.release(token);
                    released.into_iter().for_each(|output| self.let_through(output));
                    Event::Persisted { token }
                }
                Some(News::DiskFailed(error)) => return Err(error),
                Some(News::Request { request, reply }) => {
                    self.requests += 1;
                    let reply_to = ReplyTo(self.requests);
                    self.replies.insert(reply_to, reply);
                    Event::Request { reply_to, request }
                }
            };
            // Read after the event has come.
            let now = now();
            self.step(now, event)?;
            // Not even a flood of messages keeps the clock from being looked at.
            if self.service.wake_at() <= now || buggify!("raft/early-tick") {
                self.step(now, tick())?;
            }
            self.tell_status();
        }
    }

    fn step(&mut self, now: Moment, event: Event) -> io::Result<()> {
        for effect in self.service.step(now, event)? {
            self.carry_out(effect);
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Persist { token, writes } => {
                // It fails only if the disk task has ended, and then its last word is on its way.
                self.batches.send((token, writes)).ok();
            }
            Effect::Gated(output) => {
                if let Some(output) = self.gate.pass(output) {
                    self.let_through(output);
                }
            }
            Effect::Reply { to, reply } => {
                hook_now!("raft/before-reply");
                let waiting = self.replies.remove(&to).expect("the service replies once to each request");
                // The client may be gone.
                waiting.send(reply).ok();
            }
        }
    }

    fn let_through(&self, output: Output) {
        match output {
            Output::Send { to, message, .. } => self.send(to, message),
            Output::Observe { event, .. } => observe(event),
            other => unreachable!("the service keeps {other:?} to itself"),
        }
    }

    /// Every message may be lost, and come twice.
    fn send(&self, to: usize, message: Message) {
        if matches!(message, Message::VoteReply { granted: true, .. }) {
            hook_now!("raft/before-vote-reply");
        }
        assert::sometimes!(matches!(message, Message::Chunk(_)), "raft/snapshot-sent");
        if buggify!("raft/message-lost", p = 3%) {
            return;
        }
        if buggify!("raft/message-twice", p = 10%) {
            self.outboxes[to].put(message.clone());
        }
        self.outboxes[to].put(message);
    }

    fn tell_status(&self) {
        let core = self.service.core();
        let status = Status {
            term: core.term(),
            leader: core.leader(),
            leads: core.leads(),
            applied: self.service.replica().last().index,
        };
        let before = self.handle.status();
        assert::always!(
            status.term >= before.term && status.applied >= before.applied,
            "raft/neither-term-nor-applied-falls",
            "{before:?}, then {status:?}"
        );
        self.status.send_if_modified(|known| std::mem::replace(known, status) != status);
    }
}

/// Time has passed. The extremes make every member wait the same time before it stands for election.
fn tick() -> Event {
    Event::Tick { draw: knob!("raft/election-draw", rand::bits(), 0, u64::MAX) }
}

/// A line to every other member.
fn link_all(tasks: &mut JoinSet<()>, settings: &Settings, port: u16) -> Vec<Outbox<Message>> {
    let outboxes: Vec<Outbox<Message>> = settings.members.iter().map(|_| Outbox::new(OUTBOX_LIMIT)).collect();
    let from = settings.place;
    let encode = move |message, receipt| frame(&Inbound::Member { from, message, receipt });
    for (to, outbox) in outboxes.iter().enumerate().filter(|(to, _)| *to != from) {
        tasks.spawn(peer::keep_up(settings.members[to].clone(), port, outbox.clone(), encode));
    }
    outboxes
}

/// Writes batches in order, as many at a time as have come together, and tells when they are
/// durable. The queue is unbounded by itself, not in fact: a leader takes only so many commands
/// before a majority has answered, and a follower is sent no more than a window beyond that.
async fn write_batches(
    mut storage: Storage,
    mut disk: Disk,
    mut batches: mpsc::UnboundedReceiver<(Token, Vec<Write>)>,
    news: mpsc::Sender<News>,
) {
    while let Some((mut token, mut writes)) = batches.recv().await {
        let mut merged = 1;
        while !buggify!("raft/one-batch-at-a-time")
            && let Ok((later, more)) = batches.try_recv()
        {
            token = later;
            writes.extend(more);
            merged += 1;
        }
        assert::sometimes!(merged > 1, "raft/group-commit");
        if buggify!("raft/slow-disk-task", p = 10%) {
            time::sleep(rand::between(Duration::ZERO, SLOW_TURN)).await;
        }
        let told = match disk.carry_out(storage.write(&writes)).await {
            Ok(()) => News::Persisted(token),
            Err(error) => News::DiskFailed(error),
        };
        hook!("raft/after-sync").await;
        let failed = matches!(told, News::DiskFailed(_));
        if news.send(told).await.is_err() || failed {
            return;
        }
    }
}

fn now() -> Moment {
    Moment(time::now().as_nanos())
}
