//! The world's clients: each performs one operation after the other, tries members in turn, repeats
//! what is not answered, and gives up in the end.

use batch_cluster::raft::message::Command;
use batch_cluster::raft::service::{Reply, Request};

use crate::judge::Operation;
use crate::world::{MS, ToMember, What, World};

/// For each client, how many percent of its operations are reads.
const READS: [u64; 3] = [80, 30, 10];
const ATTEMPT: u64 = 300 * MS;
pub(crate) const PATIENCE: u64 = 2_000 * MS;

pub(crate) struct Client {
    /// Counts operations; commands use it as their count too.
    seq: u64,
    request: Request,
    /// The operation's place in the history.
    record: usize,
    give_up_at: u64,
    attempt: u64,
    member: usize,
    is_busy: bool,
}

impl World {
    pub(crate) fn add_clients(&mut self) {
        for client in 0..READS.len() {
            self.clients.push(Client {
                seq: 0,
                request: Request::Query { question: Vec::new() },
                record: 0,
                give_up_at: 0,
                attempt: 0,
                member: 0,
                is_busy: false,
            });
            self.post(client as u64 * MS, What::Client { client, attempt: 0 });
        }
    }

    pub(crate) fn client_acts(&mut self, client: usize, attempt: u64) {
        let now = self.now;
        let state = &self.clients[client];
        if state.attempt != attempt {
            return;
        }
        if !state.is_busy || now >= state.give_up_at {
            self.begin(client);
        }
        let members = self.machines.len();
        let state = &mut self.clients[client];
        state.attempt += 1;
        let (attempt, to, seq) = (state.attempt, state.member, state.seq);
        state.member = (state.member + 1) % members;
        let request = state.request.clone();
        self.transmit(members, to, What::Member { to, what: ToMember::Request { client, seq, request } });
        self.post(ATTEMPT, What::Client { client, attempt });
    }

    fn begin(&mut self, client: usize) {
        let is_read = self.reads_only || self.draws.percent(READS[client]);
        let seq = self.clients[client].seq + 1;
        let word = format!("{client}.{seq}");
        // Padded, so that a record lies in more than one sector and can be torn.
        let padding = "-".repeat(self.draws.place(1_500));
        let command = format!("{word},{padding}").into_bytes();
        let request = if is_read {
            Request::Query { question: Vec::new() }
        } else {
            Request::Command(Command { client: format!("client-{client}"), seq, command })
        };
        let word = (!is_read).then_some(word);
        self.history.push(Operation { word, invoked: self.now, answered: None });
        let state = &mut self.clients[client];
        (state.seq, state.request, state.is_busy) = (seq, request, true);
        state.record = self.history.len() - 1;
        state.give_up_at = self.now + PATIENCE;
    }

    pub(crate) fn reply(&mut self, client: usize, seq: u64, reply: Reply) {
        let state = &mut self.clients[client];
        if seq != state.seq || !state.is_busy {
            return;
        }
        let mut pause = self.draws.between(MS, 40 * MS);
        match reply {
            Reply::Done { answer } => {
                let is_read = matches!(state.request, Request::Query { .. });
                let list = is_read.then(|| String::from_utf8(answer).expect("a list is text"));
                self.history[state.record].answered = Some((self.now, list));
                state.is_busy = false;
                // Whoever answered leads.
                state.member = (state.member + self.machines.len() - 1) % self.machines.len();
            }
            Reply::NotLeader { leader: Some(leader) } => state.member = leader,
            Reply::NotLeader { leader: None } | Reply::Busy | Reply::Interrupted => {}
            Reply::Superseded => pause = 0,
        }
        state.attempt += 1;
        let attempt = state.attempt;
        self.post(pause, What::Client { client, attempt });
    }
}
