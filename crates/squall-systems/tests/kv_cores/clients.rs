//! The world's clients: each performs one operation after the other, tries servers in turn, repeats
//! what is not answered, and gives up in the end.

use squall_systems::kv::protocol::{Answer, Op, Outcome, Request};

use crate::judge::Operation;
use crate::world::{Event, MS, ToServer, World};

/// For each client, how many percent of its operations are reads. One that hardly writes stays with
/// a primary that nobody else can hear.
const READS: [u64; 3] = [95, 40, 20];
const ATTEMPT: u64 = 300 * MS;
pub(crate) const PATIENCE: u64 = 2_000 * MS;

pub(crate) struct Client {
    seq: u64,
    op: Op,
    /// The operation's place in the history.
    record: usize,
    give_up_at: u64,
    attempt: u64,
    server: usize,
    busy: bool,
}

impl World {
    pub(crate) fn add_clients(&mut self) {
        for client in 0..READS.len() {
            let op = Op::Get { key: String::new() };
            let state = Client { seq: 0, op, record: 0, give_up_at: 0, attempt: 0, server: 0, busy: false };
            self.clients.push(state);
            self.post(client as u64 * MS, Event::Client { client, attempt: 0 });
        }
    }

    pub(crate) fn client_acts(&mut self, client: usize, attempt: u64) {
        let now = self.now;
        let state = &self.clients[client];
        if state.attempt != attempt {
            return;
        }
        if !state.busy || now >= state.give_up_at {
            self.begin(client);
        }
        let places = self.machines.len();
        let state = &mut self.clients[client];
        state.attempt += 1;
        let (attempt, to) = (state.attempt, state.server);
        state.server = (state.server + 1) % places;
        let request = Request { client: format!("client-{client}"), seq: state.seq, op: state.op.clone() };
        self.transmit(places, to, Event::Server { to, what: ToServer::Request { client, request } });
        self.post(ATTEMPT, Event::Client { client, attempt });
    }

    fn begin(&mut self, client: usize) {
        let read = self.reads_only || self.draws.percent(READS[client]);
        let key = "list".to_owned();
        let seq = self.clients[client].seq + 1;
        let word = format!("{client}.{seq}");
        let op = if read { Op::Get { key } } else { Op::Append { key, text: format!("{word},") } };
        let word = (!read).then_some(word);
        self.history.push(Operation { word, invoked: self.now, answered: None });
        let state = &mut self.clients[client];
        (state.seq, state.op, state.busy) = (seq, op, true);
        state.record = self.history.len() - 1;
        state.give_up_at = self.now + PATIENCE;
    }

    pub(crate) fn reply(&mut self, client: usize, seq: u64, outcome: Outcome) {
        let state = &mut self.clients[client];
        if seq != state.seq || !state.busy {
            return;
        }
        let mut pause = self.draws.between(MS, 40 * MS);
        match outcome {
            Outcome::Executed(answer) => {
                let list = match answer {
                    Answer::Value(value) => Some(value.unwrap_or_default()),
                    Answer::Done => None,
                    other => panic!("neither an append nor a get gives {other:?}"),
                };
                self.history[state.record].answered = Some((self.now, list));
                state.busy = false;
                // Whoever answered is primary.
                state.server = (state.server + self.machines.len() - 1) % self.machines.len();
            }
            Outcome::NotPrimary { primary: Some(primary) } => state.server = primary,
            Outcome::NotPrimary { primary: None } | Outcome::Busy | Outcome::Interrupted => {}
            Outcome::Superseded => pause = 0,
        }
        state.attempt += 1;
        let attempt = state.attempt;
        self.post(pause, Event::Client { client, attempt });
    }
}
