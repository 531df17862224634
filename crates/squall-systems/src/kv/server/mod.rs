//! The shell around the core: sockets, files, time and randomness.
//!
//! One task owns the core and never waits for anything but the next event: the disk, the lines to
//! the other servers and the connections have tasks of their own. It decides nothing.

mod listen;

use std::collections::{BTreeMap, VecDeque};
use std::io;

use squall_io::net::TcpListener;
use squall_io::task::JoinSet;
use squall_io::{assert, buggify, hook, hook_now, knob, observe, rand, select, time};
use squall_wire::{Alarm, Outbox, frame, peer};
use tokio::sync::{mpsc, oneshot};

use super::Error;
use super::config::ServerConfig;
use super::core::{Core, Input, Moment, Output, ReplyTo, Settings, Token, Word};
use super::protocol::{Inbound, Message, Outcome, Request};
use super::wal::{Record, Wal};

/// Events that may wait for the core; connections stand still beyond it.
const EVENT_LIMIT: usize = 1_024;
/// Messages that wait for a peer; 256 are five seconds of heartbeats and ten batches a second.
const OUTBOX_LIMIT: usize = 256;

/// What the other tasks tell the one that owns the core.
enum Event {
    Message { from: usize, message: Message },
    Request { request: Request, reply: oneshot::Sender<Outcome> },
    Persisted(Token),
    DiskFailed(Error),
}

/// Runs one server, for ever.
///
/// # Errors
/// If the configuration cannot work, the port is taken, the write-ahead log is damaged or the disk
/// fails. A server whose disk failed must not go on: it no longer knows what is durable.
pub async fn run(config: ServerConfig) -> io::Result<()> {
    let place = config.place()?;
    let (wal, durable) = Wal::open(&config.directory, &config.name).await?;
    let listener = TcpListener::bind(("0.0.0.0", config.port)).await?;
    let (events, inbox) = mpsc::channel(EVENT_LIMIT);
    // Aborted when this returns.
    let mut tasks = JoinSet::new();
    let outboxes: Vec<Outbox<Message>> = config.servers.iter().map(|_| Outbox::new(OUTBOX_LIMIT)).collect();
    for (to, outbox) in outboxes.iter().enumerate().filter(|(to, _)| *to != place) {
        let encode = move |message, receipt| frame(&Inbound::Server { from: place, message, receipt });
        tasks.spawn(peer::keep_up(config.servers[to].clone(), config.port, outbox.clone(), encode));
    }
    let (records, batches) = mpsc::unbounded_channel();
    tasks.spawn(write_batches(wal, batches, events.clone()));
    tasks.spawn(listen::run(listener, events));
    let settings = Settings {
        place,
        servers: config.servers,
        lease: config.lease,
        heartbeat: config.heartbeat,
        bugs: config.bugs,
    };
    let core = Core::new(settings, durable, now(), rand::bits());
    let shell =
        Shell { core, outboxes, records, replies: BTreeMap::new(), held: VecDeque::new(), durable: Token(0) };
    shell.run(inbox).await?;
    Ok(())
}

/// Writes batches in order, as many at a time as have come together, and tells when they are
/// durable. The queue is unbounded by itself, not in fact: a primary takes only so many writes
/// before a majority has answered, and a backup is sent no more than that.
async fn write_batches(
    mut wal: Wal,
    mut batches: mpsc::UnboundedReceiver<(Token, Vec<Record>)>,
    events: mpsc::Sender<Event>,
) {
    while let Some((mut token, mut records)) = batches.recv().await {
        let mut merged = 1;
        while !buggify!("kv/one-batch-at-a-time")
            && let Ok((later, more)) = batches.try_recv()
        {
            token = later;
            records.extend(more);
            merged += 1;
        }
        assert::sometimes!(merged > 1, "kv/group-commit");
        let event = match wal.write(&records).await {
            Ok(()) => Event::Persisted(token),
            Err(error) => Event::DiskFailed(error),
        };
        hook!("kv/after-sync").await;
        let failed = matches!(event, Event::DiskFailed(_));
        if events.send(event).await.is_err() || failed {
            return;
        }
    }
}

struct Shell {
    core: Core,
    outboxes: Vec<Outbox<Message>>,
    records: mpsc::UnboundedSender<(Token, Vec<Record>)>,
    replies: BTreeMap<ReplyTo, oneshot::Sender<Outcome>>,
    /// Outputs that wait for a token, in order.
    held: VecDeque<(Token, Output)>,
    durable: Token,
}

impl Shell {
    async fn run(mut self, mut inbox: mpsc::Receiver<Event>) -> Result<(), Error> {
        let (mut next_reply, mut alarm) = (0_u64, Alarm::new());
        loop {
            let wait = self.core.wake_at().since(now());
            let event = select! {
                event = inbox.recv() => Some(event.expect("the listener holds a sender")),
                () = alarm.until(time::now() + wait) => None,
            };
            let input = match event {
                None => tick(),
                Some(Event::Message { from, message }) => Input::Message { from, message },
                Some(Event::Persisted(token)) => {
                    assert::always!(token >= self.durable, "kv/durable-never-falls");
                    self.durable = token;
                    self.release();
                    Input::Persisted { token }
                }
                Some(Event::DiskFailed(error)) => return Err(error),
                Some(Event::Request { request, reply }) => {
                    next_reply += 1;
                    self.replies.insert(ReplyTo(next_reply), reply);
                    Input::Request { reply_to: ReplyTo(next_reply), request }
                }
            };
            // Read after the input has come: the lease is judged by it.
            let now = now();
            for output in self.core.step(now, input) {
                self.carry_out(output);
            }
            // Not even a flood of messages keeps the clock from being looked at.
            if self.core.wake_at() <= now || buggify!("kv/early-tick") {
                for output in self.core.step(now, tick()) {
                    self.carry_out(output);
                }
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { after: Some(token), .. } | Output::Observe { after: Some(token), .. }
                if token > self.durable =>
            {
                self.held.push_back((token, output));
            }
            Output::Persist { token, records } => {
                // It fails only if the disk task has ended, and then its last word is on its way.
                self.records.send((token, records)).ok();
            }
            Output::Send { to, message, .. } => self.outboxes[to].put(message),
            Output::Observe { word: Word::Raft(event), .. } => observe(event),
            Output::Observe { word: Word::Custom(word), .. } => observe(word),
            Output::Reply { to, outcome } => {
                hook_now!("kv/before-reply");
                let reply = self.replies.remove(&to).expect("the core replies once to each request");
                // The client may be gone.
                reply.send(outcome).ok();
            }
        }
    }

    fn release(&mut self) {
        while let Some((_, output)) = self.held.pop_front_if(|(token, _)| *token <= self.durable) {
            self.carry_out(output);
        }
    }
}

/// Time has passed. The extremes make every server wait the same time before it stands for election.
fn tick() -> Input {
    Input::Tick { draw: knob!("kv/election-draw", rand::bits(), 0, u64::MAX) }
}

fn now() -> Moment {
    Moment(time::now().as_nanos())
}
