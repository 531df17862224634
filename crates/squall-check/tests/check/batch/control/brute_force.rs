//! The law of R8's model: a search with it says what brute force says that tries every order of the
//! operations and, between any two of them, every move that a cluster may make by itself.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use squall_check::batch::linearizable_control;
use squall_check::{Budget, Status};
use squall_history::{Body, History, Op, OpId, Phase, ProcessId, Record, SimTime};

use crate::support::{checked, header};

const CASES: u32 = 1_500;
const OPS_MAX: u64 = 8;

/// Ids that jobs may have, versions that datasets may have, contents, reasons to fail.
const IDS: [u64; 2] = [1, 2];
const VERSIONS: [u64; 3] = [1, 2, 3];
const CONTENTS: [u64; 2] = [1, 2];
const REASONS: [&str; 2] = ["x", "y"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Phased {
    Running,
    Succeeded(u64),
    Failed(&'static str),
}

/// A cluster in full: every job with its phase, named or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct World {
    jobs: Vec<(Option<u64>, Phased)>,
    /// Version, place of the job, content.
    newest: Option<(u64, usize, u64)>,
    setting: Option<(u64, String)>,
}

impl World {
    fn named(&self, id: u64) -> Option<usize> {
        self.jobs.iter().position(|(name, _)| *name == Some(id))
    }

    /// Every state that one move of the cluster's own leads to.
    fn moves(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for (place, &(name, phase)) in self.jobs.iter().enumerate() {
            let mut with = |change: &dyn Fn(&mut Self)| {
                let mut next = self.clone();
                change(&mut next);
                all.push(next);
            };
            if name.is_none() {
                for id in IDS.into_iter().filter(|id| self.named(*id).is_none()) {
                    with(&|next| next.jobs[place].0 = Some(id));
                }
            }
            if phase == Phased::Running {
                REASONS.iter().for_each(|why| with(&|next| next.jobs[place].1 = Phased::Failed(why)));
                let newer =
                    VERSIONS.into_iter().filter(|version| self.newest.is_none_or(|(now, ..)| now < *version));
                for version in newer {
                    for content in CONTENTS {
                        with(&|next| {
                            next.jobs[place].1 = Phased::Succeeded(version);
                            next.newest = Some((version, place, content));
                        });
                    }
                }
            }
        }
        all
    }

    /// What an operation answers, and what it makes of the world.
    fn answer(&mut self, op: &Op, id: u64) -> Value {
        match &*op.f {
            "submit" => {
                self.jobs.push((Some(id), Phased::Running));
                json!({ "job": id })
            }
            "status" => match self.named(op.value["job"].as_u64().unwrap()).map(|place| self.jobs[place].1) {
                None => json!({ "state": "unknown" }),
                Some(Phased::Running) => json!({ "state": "running" }),
                Some(Phased::Succeeded(version)) => json!({ "state": "succeeded", "version": version }),
                Some(Phased::Failed(why)) => json!({ "state": "failed", "why": why }),
            },
            "get" => self.newest.map_or(Value::Null, |(version, place, content)| {
                json!({ "version": version, "job": self.jobs[place].0, "text": format!("w {content}") })
            }),
            "config-read" => match &self.setting {
                None => Value::Null,
                Some((version, value)) => json!({ "version": version, "value": value }),
            },
            _ => {
                let before = self.setting.as_ref().map_or(0, |(version, _)| *version);
                if op.value["if-version"].as_u64().is_some_and(|version| version != before) {
                    return json!({ "conflict": before });
                }
                self.setting = Some((before + 1, op.value["value"].as_str().unwrap().to_owned()));
                json!({ "version": before + 1 })
            }
        }
    }
}

#[test]
fn the_model_says_what_brute_force_says() {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let moves = prop::collection::vec((0..5_usize, any::<u8>(), any::<u8>(), 0..14_u8), 30..90);
    let (legal, unnamed) = (Cell::new(0), Cell::new(0));
    runner
        .run(&moves, |moves| {
            let history = play(&moves);
            let spans = spans(&history);
            let expected = is_legal(&spans);
            let verdict = checked(linearizable_control(), &history, Budget::default());
            prop_assert_eq!(verdict.status == Status::Pass, expected, "{:#?}", spans);
            prop_assert!(verdict.unknown.is_empty(), "{:?}", verdict.unknown);
            legal.set(legal.get() + u32::from(expected));
            let open = spans.iter().any(|span| span.ok.is_none() && &*span.op.f == "submit");
            unnamed.set(unnamed.get() + u32::from(open));
            Ok(())
        })
        .unwrap();
    // A law that is only tried on one side proves nothing: at least a fifth of each.
    let (legal, unnamed) = (legal.get(), unnamed.get());
    assert!(legal * 5 >= CASES && (CASES - legal) * 5 >= CASES, "{legal} of {CASES} were legal");
    assert!(unnamed * 5 >= CASES, "only {unnamed} of {CASES} had a submission without an answer");
}

/// One move of a made-up execution: who goes on (or the cluster by itself), and what it draws.
type Move = (usize, u8, u8, u8);

/// Plays moves of three processes on a world that moves by itself; now and then an answer is that of
/// an earlier world, or of another one.
fn play(moves: &[Move]) -> History {
    let mut worlds = vec![World::default()];
    let mut in_flight: [Option<(Op, Option<Value>)>; 3] = [const { None }; 3];
    let mut processes = [0_u64, 1, 2];
    let mut records: Vec<Record> = Vec::new();
    let (mut ops, mut ids) = (0, IDS.into_iter());
    for &(who, kind, number, twist) in moves {
        let mut world = worlds.last().unwrap().clone();
        if who >= 3 {
            let next = world.moves();
            worlds.extend(next.get(usize::from(number) % next.len().max(1)).cloned());
            continue;
        }
        let op = match in_flight[who].take() {
            None if ops == OPS_MAX => continue,
            None => {
                ops += 1;
                let op = invocation(OpId(ops), ProcessId(processes[who]), kind, number);
                in_flight[who] = Some((op.clone(), None));
                op
            }
            Some((op, None)) if twist < 11 => {
                let past = usize::from(number) % worlds.len();
                let answer = match (&*op.f, twist) {
                    ("submit", _) => match ids.next() {
                        Some(id) => world.answer(&op, id),
                        None => Value::Null,
                    },
                    // A stale read, and one of a cluster that went another way.
                    ("status" | "get" | "config-read", 0..5) => worlds[past].clone().answer(&op, 0),
                    ("status" | "get", 5..8) => {
                        let other = worlds[past].moves().into_iter().nth(usize::from(number) % 8);
                        other.unwrap_or(world.clone()).answer(&op, 0)
                    }
                    _ => world.answer(&op, 0),
                };
                worlds.push(world);
                in_flight[who] = Some((op, Some(answer)));
                continue;
            }
            Some((op, answer)) => {
                let (phase, value) = match (answer, twist) {
                    (None, _) | (Some(Value::Null), _) if &*op.f == "submit" => (Phase::Info, Value::Null),
                    (None, 12) => (Phase::Fail, Value::Null),
                    (None, _) | (Some(_), 10) => (Phase::Info, Value::Null),
                    (Some(answer), _) => (Phase::Ok, answer),
                };
                Op { phase, value, ..op }
            }
        };
        if op.phase == Phase::Info {
            // The client goes on under a new process.
            processes[who] += 3;
        }
        let at = SimTime(records.len() as u64);
        records.push(Record { at, node: None, boot: None, body: Body::Op(op) });
    }
    History { header: header(30), records }
}

fn invocation(id: OpId, process: ProcessId, kind: u8, number: u8) -> Op {
    let (f, value) = match kind % 10 {
        // Without a job there is little to be wrong about.
        _ if id.0 == 1 => ("submit", Value::Null),
        0 | 1 => ("submit", Value::Null),
        2..6 => ("status", json!({ "job": if number.is_multiple_of(4) { IDS[1] } else { IDS[0] } })),
        6 | 7 => ("get", Value::Null),
        8 => ("config-read", Value::Null),
        _ => {
            let condition = [Value::Null, json!(0), json!(1)][usize::from(number) % 3].clone();
            ("config-write", json!({ "value": format!("v{}", number % 4), "if-version": condition }))
        }
    };
    Op { id, process, phase: Phase::Invoke, f: f.into(), key: Some("d".into()), value }
}

/// An operation that may have happened: its invocation, and the places of it and of its `ok`, with
/// the answer.
#[derive(Debug)]
struct Span {
    op: Op,
    invoked: usize,
    ok: Option<(usize, Value)>,
}

/// Read without the checker's help.
fn spans(history: &History) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (place, record) in history.records.iter().enumerate() {
        let Body::Op(op) = &record.body else { continue };
        match op.phase {
            Phase::Invoke => spans.push(Span { op: op.clone(), invoked: place, ok: None }),
            Phase::Ok => {
                let span = spans.iter_mut().find(|span| span.op.id == op.id).unwrap();
                span.ok = Some((place, op.value.clone()));
            }
            Phase::Fail => spans.retain(|span| span.op.id != op.id),
            Phase::Info => {}
        }
    }
    spans
}

/// Whether some order of the completed operations and any of the others, with any moves of the
/// cluster between them, gives all answers.
fn is_legal(spans: &[Span]) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![(0_u32, World::default())];
    while let Some((done, world)) = open.pop() {
        if !seen.insert((done, world.clone())) {
            continue;
        }
        let is_done = |place: usize| done >> place & 1 == 1;
        if spans.iter().enumerate().all(|(place, span)| span.ok.is_none() || is_done(place)) {
            return true;
        }
        let left = || spans.iter().enumerate().filter(|(place, _)| !is_done(*place));
        let first_end = left().filter_map(|(_, span)| span.ok.as_ref()).map(|(end, _)| *end).min();
        for (place, span) in left().filter(|(_, span)| first_end.is_none_or(|end| span.invoked < end)) {
            open.extend(results(&world, span).into_iter().map(|next| (done | 1 << place, next)));
        }
        open.extend(world.moves().into_iter().map(|next| (done, next)));
    }
    false
}

/// The worlds after an operation, if it can have the answer that it had.
fn results(world: &World, span: &Span) -> Vec<World> {
    let Some((_, answer)) = &span.ok else {
        let mut next = world.clone();
        match &*span.op.f {
            // Its id is found out later.
            "submit" => next.jobs.push((None, Phased::Running)),
            _ => _ = next.answer(&span.op, 0),
        }
        return vec![next];
    };
    let id = answer["job"].as_u64().unwrap_or(0);
    if &*span.op.f == "submit" && world.named(id).is_some() {
        return Vec::new();
    }
    let mut next = world.clone();
    if next.answer(&span.op, id) == *answer { vec![next] } else { Vec::new() }
}
