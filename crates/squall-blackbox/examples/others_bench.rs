//! How long the checkers of sets, queues, counters, banks, forks and sessions take, and how much memory.
//!
//! `cargo build --release -p squall-blackbox --example others_bench`, then, for each figure in a process
//! of its own, `/usr/bin/time -v others_bench NAME OPERATIONS [WORDS]`. `NAME` is that of an analysis. Words:
//! `history-only` makes the history and does not judge it, so that the difference is the checker's; with
//! `short-sessions` a process ends after a hundred operations; `default-budget` is what it says.
//!
//! Histories are correct, which is the checkers' longest way: nothing ends early.
//!
//! Ten clients whose operations overlap. A set is given up for a new one after 500 operations, since its
//! reads give all there is; elsewhere there are at most a hundred keys.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a command line for people")]

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use squall_blackbox::{Budget, Event, Findings, catalogue, operations};
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

/// Clients, each with an operation under way most of the time.
const CLIENTS: usize = 10;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (name, count) = (words[0].as_str(), words[1].parse().unwrap());
    let says = |word: &str| words.iter().any(|other| other == word);
    let session = if says("short-sessions") { 100 } else { count };
    let records = record(name, count, session);
    let events = || records.iter().map(|(at, op)| Event { at: *at, node: None, op });
    let operations = operations(events()).unwrap();
    println!("{name}: {} operations, {} values read", operations.len(), read(&records));
    if says("history-only") {
        return;
    }
    let entry = catalogue().iter().find(|entry| entry.name == name).unwrap();
    let mut findings = Findings::default();
    let mut budget = Budget::default();
    if !says("default-budget") {
        (budget.steps, budget.bytes) = (u64::MAX, u64::MAX);
    }
    let before = budget.steps;
    entry.build(&Value::Null).unwrap().analyse(&operations, &mut budget, &mut findings);
    let (taken, exercised) = (before - budget.steps, findings.exercised);
    println!(
        "{exercised} judged in {taken} steps, {:?}, {:?}",
        findings.unknown,
        findings.violations.first()
    );
    assert!(findings.violations.is_empty() && (says("default-budget") || findings.unknown.is_none()));
}

/// How many values the results hold.
fn read(records: &[(SimTime, Op)]) -> usize {
    let values = |value: &Value| value.as_array().map_or(1, Vec::len);
    records.iter().filter(|(_, op)| op.phase == Phase::Ok).map(|(_, op)| values(&op.value)).sum()
}

/// A correct system for all checkers: what an operation of a client is, and its result.
#[derive(Default)]
struct World {
    made: u64,
    set: Vec<u64>,
    queue: VecDeque<u64>,
    counter: i64,
    balances: [i64; 8],
    registers: Vec<u64>,
    logs: [Vec<u64>; 8],
    positions: BTreeMap<(ProcessId, usize), usize>,
}

/// The records of a history of so many operations, with so many by each process.
fn record(name: &str, count: u64, session: u64) -> Vec<(SimTime, Op)> {
    let mut world = World { balances: [100; 8], registers: vec![0; 100], ..World::default() };
    let mut records = Vec::with_capacity(2 * usize::try_from(count).unwrap());
    let mut under_way: VecDeque<Op> = VecDeque::new();
    for id in 0..count {
        if under_way.len() == CLIENTS {
            let op = under_way.pop_front().unwrap();
            records.push(completed(name, &mut world, op, records.len()));
        }
        let clients = CLIENTS as u64;
        let process = ProcessId(id / (session * clients) * clients + id % clients);
        let (f, key, value) = world.next(name, id);
        let key = key.map(|key| format!("k{key}").into());
        let op = Op { id: OpId(id), process, phase: Phase::Invoke, f: f.into(), key, value };
        records.push((SimTime(records.len() as u64 * 1_000), op.clone()));
        under_way.push_back(op);
    }
    while let Some(op) = under_way.pop_front() {
        records.push(completed(name, &mut world, op, records.len()));
    }
    records
}

fn completed(name: &str, world: &mut World, op: Op, place: usize) -> (SimTime, Op) {
    let value = world.perform(name, &op);
    (SimTime(place as u64 * 1_000), Op { phase: Phase::Ok, value, ..op })
}

impl World {
    fn next(&mut self, name: &str, id: u64) -> (&'static str, Option<u64>, Value) {
        // Mixed, so that no pattern of the ids shows.
        let draw = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        self.made += 1;
        let (is_read, account) = (draw.is_multiple_of(2), |by: u64| (draw / by) % 8);
        match name {
            "set" | "set-full" if id % 25 == 24 => ("read", Some(id / 500), Value::Null),
            "set" | "set-full" => ("add", Some(id / 500), json!(self.made)),
            "queue" | "fifo-queue" if is_read => ("dequeue", None, Value::Null),
            "queue" | "fifo-queue" => ("enqueue", None, json!(self.made)),
            "log" if is_read => ("poll", Some(draw / 2 % 8), Value::Null),
            "log" => ("send", Some(draw / 2 % 8), json!(self.made)),
            "unique-ids" => ("generate", None, Value::Null),
            "bank" if is_read => ("read", None, Value::Null),
            "bank" => ("transfer", None, json!({ "from": account(8), "to": account(64), "amount": 1 })),
            "counter" if !is_read => ("add", None, json!(draw % 5)),
            "long-fork" if !is_read => ("write", None, json!([["w", self.made, 1]])),
            "long-fork" => {
                let first = (self.made - 1) / 3 * 3 + 1;
                ("read", None, json!([["r", first, null], ["r", first + 1, null], ["r", first + 2, null]]))
            }
            "counter" | "monotonic" => ("read", None, Value::Null),
            _ if is_read => ("read", Some(draw / 2 % 100), Value::Null),
            _ => ("write", Some(draw / 2 % 100), json!(self.made)),
        }
    }

    fn perform(&mut self, name: &str, op: &Op) -> Value {
        let key = op.key.as_deref().map_or(0, |key| key[1..].parse::<usize>().unwrap());
        match (name, &*op.f) {
            ("set" | "set-full", "add") => {
                // Elements of earlier keys are forgotten.
                self.set.retain(|&element| element / 500 >= (key as u64).saturating_sub(1));
                self.set.push(op.value.as_u64().unwrap());
                Value::Null
            }
            ("set" | "set-full", _) => {
                let is_here = |element: &&u64| (**element - 1) / 500 == key as u64;
                json!(self.set.iter().filter(is_here).collect::<Vec<_>>())
            }
            (_, "send" | "poll" | "enqueue" | "dequeue") => self.pass_on(key, op),
            ("counter", "add") => {
                self.counter += op.value.as_i64().unwrap();
                Value::Null
            }
            ("counter" | "monotonic" | "unique-ids", _) => {
                self.counter += i64::from(name != "counter");
                json!(self.counter)
            }
            (_, "transfer") => {
                let account = |which: &str| usize::try_from(op.value[which].as_u64().unwrap()).unwrap();
                if self.balances[account("from")] > 0 {
                    self.balances[account("from")] -= 1;
                    self.balances[account("to")] += 1;
                }
                Value::Null
            }
            ("bank", _) => {
                let balances = self.balances.iter().enumerate();
                Value::Object(
                    balances.map(|(account, balance)| (account.to_string(), json!(balance))).collect(),
                )
            }
            ("long-fork", "write") => {
                self.registers.push(op.value[0][1].as_u64().unwrap());
                op.value.clone()
            }
            ("long-fork", _) => {
                let latest = &self.registers[self.registers.len().saturating_sub(50)..];
                let read = |step: &Value| {
                    let is_there = latest.contains(&step[1].as_u64().unwrap());
                    json!(["r", step[1], is_there.then_some(1)])
                };
                json!(op.value.as_array().unwrap().iter().map(read).collect::<Vec<_>>())
            }
            (_, "write") => {
                self.registers[key] = op.value.as_u64().unwrap();
                Value::Null
            }
            _ => match self.registers[key] {
                0 => Value::Null,
                value => json!(value),
            },
        }
    }

    /// Messages, by a log or by a queue.
    fn pass_on(&mut self, key: usize, op: &Op) -> Value {
        match &*op.f {
            "send" => {
                self.logs[key].push(op.value.as_u64().unwrap());
                json!(self.logs[key].len() - 1)
            }
            "poll" => {
                let log = &self.logs[key];
                let position = self.positions.entry((op.process, key)).or_default();
                let end = log.len().min(*position + 10);
                let list: Vec<_> = (*position..end).map(|offset| json!([offset, log[offset]])).collect();
                *position = end;
                json!(list)
            }
            "enqueue" => {
                self.queue.push_back(op.value.as_u64().unwrap());
                Value::Null
            }
            _ => json!(self.queue.pop_front()),
        }
    }
}
