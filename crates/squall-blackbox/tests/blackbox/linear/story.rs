//! Made-up executions: clients on a real object that invoke, take effect and complete. Now and then
//! a result is twisted or gets lost.

use serde_json::Value;
use squall_history::{Op, OpId, Phase, ProcessId};

use super::brute_force::Span;
use super::naive::{Ask, Draws, Naive, State, Told};

const OPS_MAX: usize = 8;

const PROCESSES: i64 = 4;

/// How the executions on an object are drawn.
pub(super) struct Tuning {
    /// Of a hundred results, how many are twisted.
    pub(super) twisted: u64,
    /// Of a hundred operations, how many never answer.
    pub(super) open: u64,
}

/// What was recorded, and what may have happened.
pub(super) struct Story {
    pub(super) events: Vec<Op>,
    pub(super) spans: Vec<Span>,
    /// Which of the spans an operation is; none if it failed.
    pub(super) of_op: Vec<Option<usize>>,
}

struct Client {
    process: i64,
    in_flight: Option<(usize, Ask, Option<Told>)>,
}

struct Stage<'a> {
    naive: &'a Naive,
    tuning: &'a Tuning,
    draws: Draws,
    state: State,
    events: Vec<Op>,
    spans: Vec<Span>,
    failed: Vec<usize>,
    processes: i64,
}

/// An execution; the same for the same case.
pub(super) fn play(naive: &Naive, tuning: &Tuning, case: u64) -> Story {
    let mut stage = Stage {
        naive,
        tuning,
        draws: Draws(case.wrapping_mul(0x1234_5678_9abc_def1)),
        state: (naive.init)(),
        events: Vec::new(),
        spans: Vec::new(),
        failed: Vec::new(),
        processes: PROCESSES,
    };
    let client = |process| Client { process, in_flight: None };
    let mut clients: Vec<Client> = (0..PROCESSES).map(client).collect();
    let busy = 2 + stage.draws.below(PROCESSES as u64 - 1);
    for _ in 0..12 + stage.draws.below(28) {
        let client = &mut clients[stage.draws.below(busy) as usize];
        client.in_flight = match client.in_flight.take() {
            None if stage.spans.len() == OPS_MAX => None,
            None => Some(stage.invoke(client.process)),
            Some((op, ask, None)) if stage.draws.below(8) > 0 => Some(stage.take_effect(op, ask)),
            Some((op, ask, told)) => {
                client.process = stage.complete(op, &ask, told);
                None
            }
        };
    }
    stage.end()
}

impl Stage<'_> {
    fn invoke(&mut self, process: i64) -> (usize, Ask, Option<Told>) {
        let op = self.spans.len();
        let (f, mut args) = (self.naive.draw)(&mut self.draws);
        if self.naive.name == "distinct" && f == "write" {
            args = vec![op as i64];
        }
        let ask = Ask { process, f, args };
        self.spans.push(Span { ask: ask.clone(), invoked: self.events.len(), ok: None });
        let value = (self.naive.record)(&ask, None).0;
        self.record(op, &ask, Phase::Invoke, value);
        (op, ask, None)
    }

    fn take_effect(&mut self, op: usize, ask: Ask) -> (usize, Ask, Option<Told>) {
        let mut outcomes = (self.naive.outcomes)(&self.state, &ask);
        if outcomes.is_empty() {
            return (op, ask, None);
        }
        let (next, told) = outcomes.swap_remove(self.draws.below(outcomes.len() as u64) as usize);
        self.state = next;
        (op, ask, Some(told))
    }

    /// The operation completes, with what it told if it took effect; under which process its client goes
    /// on.
    fn complete(&mut self, op: usize, ask: &Ask, told: Option<Told>) -> i64 {
        let happened = told.is_some();
        let told = match told {
            _ if self.draws.below(100) < self.tuning.open => None,
            Some(_) if self.draws.below(100) < self.tuning.twisted => {
                Some((self.naive.twist)(ask, &mut self.draws))
            }
            Some(_) if ask.may_be_silent() && self.draws.below(3) == 0 => Some(Vec::new()),
            told => told,
        };
        let value = (self.naive.record)(ask, told.as_ref()).1;
        let (phase, process) = match told {
            Some(told) => {
                self.spans[op].ok = Some((self.events.len(), told));
                (Phase::Ok, ask.process)
            }
            None if !happened && self.draws.below(2) == 0 => {
                self.failed.push(op);
                (Phase::Fail, ask.process)
            }
            None => {
                self.processes += 1;
                (Phase::Info, self.processes)
            }
        };
        self.record(op, ask, phase, value);
        process
    }

    fn record(&mut self, op: usize, ask: &Ask, phase: Phase, value: Value) {
        let (id, process) = (OpId(op as u64), ProcessId(ask.process as u64));
        self.events.push(Op { id, process, phase, f: ask.f.into(), key: Some("k".into()), value });
    }

    /// What failed did not happen.
    fn end(self) -> Story {
        let mut happened = 0;
        let place = |op| {
            let place = (!self.failed.contains(&op)).then_some(happened);
            happened += usize::from(place.is_some());
            place
        };
        let of_op: Vec<Option<usize>> = (0..self.spans.len()).map(place).collect();
        let spans = self.spans.into_iter().zip(&of_op).filter(|(_, place)| place.is_some());
        Story { spans: spans.map(|(span, _)| span).collect(), events: self.events, of_op }
    }
}
