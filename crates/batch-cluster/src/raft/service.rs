//! A member that serves clients: the core with the state it replicates. Still no I/O.
//!
//! A command is proposed once, however often the client repeats it: what was applied is answered
//! from the client's session, what is under way is waited for. A client that is told that its
//! command's outcome is unknown repeats it with the same count, here or elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use squall_io::hook_now;
use squall_io::vocab::raft;

use crate::Error;
use crate::codec::hash;

use super::core::{Core, Durable, Input, Moment, Output, ReadId, Settings, Token, Write};
use super::message::{Command, Entry, EntryId, Message, Payload};
use super::replica::{Known, Replica, StateMachine};

/// Most commands and most reads that may wait; more are turned away as busy.
pub const MAX_WAITING: usize = 1_024;
/// Most repetitions of one command that may wait for it: one connection at a time asks, so a
/// handful is plenty.
const MAX_REPETITIONS: usize = 8;
/// Longest command in bytes, and longest question.
pub const MAX_COMMAND: usize = 4 << 20;
/// Longest name of a client in bytes.
pub const MAX_CLIENT: usize = 1_024;

/// Where the reply to one request goes; the shell gives it meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ReplyTo(pub u64);

/// What a client asks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// To execute a command, once.
    Command(Command),
    /// To answer a question from a state that is not older than the question.
    Query {
        /// What, as the state machine reads it.
        #[serde(with = "serde_bytes")]
        question: Vec<u8>,
    },
    /// To answer a question from this member's own state, however old.
    Peek {
        /// What, as the state machine reads it.
        #[serde(with = "serde_bytes")]
        question: Vec<u8>,
    },
}

/// What became of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done; this is the state machine's answer.
    Done {
        /// The answer.
        #[serde(with = "serde_bytes")]
        answer: Vec<u8>,
    },
    /// Not here, and not done. Try that member.
    NotLeader {
        /// The leader's place, if it is known.
        leader: Option<usize>,
    },
    /// Too much is waiting. Not done.
    Busy,
    /// It may or may not be done: the leader lost its office. Repeat it.
    Interrupted,
    /// A later command of this client was done; this one never will be.
    Superseded,
}

/// What can happen to a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// [`wake_at`](Service::wake_at) has come.
    Tick {
        /// 64 random bits.
        draw: u64,
    },
    /// The writes of all tokens up to this one are durable.
    Persisted {
        /// The last of them.
        token: Token,
    },
    /// Another member says something.
    Message {
        /// Its place.
        from: usize,
        /// What.
        message: Message,
    },
    /// A client asks for something.
    Request {
        /// Where the one reply goes.
        reply_to: ReplyTo,
        /// What.
        request: Request,
    },
}

/// What a member does. The first four are the core's, with the same meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Write, sync, then say so.
    Persist {
        /// The batch's name.
        token: Token,
        /// In this order.
        writes: Vec<Write>,
    },
    /// Send to another member, or tell the harness: an output that a gate let or will let through.
    Gated(Output),
    /// Reply to a client: once for each request.
    Reply {
        /// To which request.
        to: ReplyTo,
        /// What.
        reply: Reply,
    },
}

/// One member with its state.
#[derive(Debug)]
pub struct Service<S> {
    core: Core,
    replica: Replica<S>,
    /// Who waits for a command of (client, seq).
    waiting: BTreeMap<(String, u64), Vec<ReplyTo>>,
    reads: BTreeMap<ReadId, (ReplyTo, Vec<u8>)>,
    reads_begun: u64,
    /// The newest snapshot, durable or not, holds entries up to here.
    frozen: u64,
    effects: Vec<Effect>,
}

impl<S: StateMachine> Service<S> {
    /// A member that starts at `now` with what its disk kept, and what it has to tell; `draw` is 64
    /// random bits.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if the state machine does not take its own snapshot back.
    ///
    /// # Panics
    /// As [`Core::new`].
    pub fn new(
        settings: Settings,
        durable: Durable,
        machine: S,
        now: Moment,
        draw: u64,
    ) -> Result<(Self, Vec<Effect>), Error> {
        let mut replica = Replica::new(machine, settings.bugs.clone());
        let mut effects = Vec::new();
        let mut frozen = 0;
        if let Some(snapshot) = &durable.snapshot {
            let applied = EntryId { index: durable.applied, ..snapshot.id };
            effects.push(observe(replica.thaw(snapshot, applied)?));
            frozen = snapshot.id.index;
        }
        let core = Core::new(settings, durable, now, draw);
        let (waiting, reads) = (BTreeMap::new(), BTreeMap::new());
        let service = Self { core, replica, waiting, reads, reads_begun: 0, frozen, effects: Vec::new() };
        Ok((service, effects))
    }

    /// Takes an event; gives what is to be done, in order.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if the leader sent a state that the state machine does not take.
    pub fn step(&mut self, now: Moment, event: Event) -> Result<Vec<Effect>, Error> {
        match event {
            Event::Tick { draw } => self.drive(now, Input::Tick { draw })?,
            Event::Persisted { token } => self.drive(now, Input::Persisted { token })?,
            Event::Message { from, message } => self.drive(now, Input::Message { from, message })?,
            Event::Request { reply_to, request } => self.on_request(now, reply_to, request)?,
        }
        if self.replica.last().index >= self.frozen + self.core.settings().snapshot_every {
            let snapshot = self.replica.freeze();
            self.frozen = snapshot.id.index;
            self.drive(now, Input::Snapshot(snapshot))?;
        }
        Ok(std::mem::take(&mut self.effects))
    }

    /// When it wants its next [`Event::Tick`].
    pub fn wake_at(&self) -> Moment {
        self.core.wake_at()
    }

    /// The member without its state.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The state.
    pub fn replica(&self) -> &Replica<S> {
        &self.replica
    }

    fn drive(&mut self, now: Moment, input: Input) -> Result<(), Error> {
        for output in self.core.step(now, input) {
            match output {
                Output::Persist { token, writes } => self.effects.push(Effect::Persist { token, writes }),
                Output::Send { .. } | Output::Observe { .. } => self.effects.push(Effect::Gated(output)),
                Output::Apply { entries } => {
                    hook_now!("raft/between-commit-and-apply");
                    for entry in &entries {
                        let told = self.replica.apply(entry);
                        self.effects.extend(told.into_iter().map(observe));
                        self.answer_command(entry);
                    }
                }
                Output::Restore(snapshot) => {
                    self.frozen = self.frozen.max(snapshot.id.index);
                    let told = self.replica.thaw(&snapshot, snapshot.id)?;
                    self.effects.push(observe(told));
                }
                Output::ReadReady { id } => {
                    if let Some((to, question)) = self.reads.remove(&id) {
                        let answer = self.replica.machine().query(&question);
                        self.reply(to, Reply::Done { answer });
                    }
                }
                Output::ReadFailed { id } => {
                    if let Some((to, _)) = self.reads.remove(&id) {
                        self.turn_away(to);
                    }
                }
                Output::Deposed => self.release_all(),
            }
        }
        Ok(())
    }

    fn on_request(&mut self, now: Moment, to: ReplyTo, request: Request) -> Result<(), Error> {
        match request {
            Request::Command(command) => self.on_command(now, to, command)?,
            Request::Query { .. } if !self.core.leads() => self.turn_away(to),
            Request::Query { .. } if self.reads.len() >= MAX_WAITING => self.reply(to, Reply::Busy),
            Request::Query { question } => {
                self.reads_begun += 1;
                let id = ReadId(self.reads_begun);
                self.reads.insert(id, (to, question));
                self.drive(now, Input::Read { id })?;
            }
            Request::Peek { question } => {
                let answer = self.replica.machine().query(&question);
                self.reply(to, Reply::Done { answer });
            }
        }
        Ok(())
    }

    fn on_command(&mut self, now: Moment, to: ReplyTo, command: Command) -> Result<(), Error> {
        if !self.core.leads() {
            self.turn_away(to);
            return Ok(());
        }
        match self.replica.known(&command.client, command.seq) {
            Known::Answered(answer) => self.reply_to_command(&command, to, answer),
            Known::Superseded => self.reply(to, Reply::Superseded),
            Known::New => {
                let name = (command.client.clone(), command.seq);
                if let Some(others) = self.waiting.get_mut(&name) {
                    if others.len() < MAX_REPETITIONS {
                        others.push(to);
                    } else {
                        self.reply(to, Reply::Interrupted);
                    }
                } else if self.waiting.len() >= MAX_WAITING {
                    self.reply(to, Reply::Busy);
                } else {
                    self.waiting.insert(name, vec![to]);
                    self.drive(now, Input::Propose { command })?;
                }
            }
        }
        Ok(())
    }

    /// Answers those who wait for the command in an entry that was just applied.
    fn answer_command(&mut self, entry: &Entry) {
        let Payload::Command(command) = &entry.payload else { return };
        let name = (command.client.clone(), command.seq);
        for to in self.waiting.remove(&name).unwrap_or_default() {
            match self.replica.known(&command.client, command.seq) {
                Known::Answered(answer) => self.reply_to_command(command, to, answer),
                Known::New | Known::Superseded => self.reply(to, Reply::Superseded),
            }
        }
    }

    fn reply_to_command(&mut self, command: &Command, to: ReplyTo, answer: Vec<u8>) {
        let (client, seq, reply) = (command.client.clone(), command.seq, hash(&[&answer]));
        self.effects.push(observe(raft::Event::Replied { client, seq, reply }));
        self.reply(to, Reply::Done { answer });
    }

    fn turn_away(&mut self, to: ReplyTo) {
        self.reply(to, Reply::NotLeader { leader: self.core.leader() });
    }

    /// The office is lost: nobody here knows what will become of the commands under way.
    fn release_all(&mut self) {
        for to in std::mem::take(&mut self.waiting).into_values().flatten() {
            self.reply(to, Reply::Interrupted);
        }
        for (to, _) in std::mem::take(&mut self.reads).into_values() {
            self.turn_away(to);
        }
    }

    fn reply(&mut self, to: ReplyTo, reply: Reply) {
        self.effects.push(Effect::Reply { to, reply });
    }
}

fn observe(event: raft::Event) -> Effect {
    Effect::Gated(Output::Observe { event, after: None })
}
