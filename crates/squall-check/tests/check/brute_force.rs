//! The law of the linearizability checker: it says what brute force says, on random small
//! histories.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use squall_blackbox::linearizability::{Model, OpView, ValueCall};
use squall_check::{Budget, KvModel, Status, linearizable};
use squall_history::{Body, History, Op, OpId, Phase, ProcessId, Record, SimTime};

use crate::support::{checked, header};

const CASES: u32 = 1_500;

/// Brute force tries all orders: 13,700 of seven operations.
const OPS_MAX: u64 = 7;

#[test]
fn the_search_says_what_brute_force_says() {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let moves = prop::collection::vec((0..3_usize, any::<u8>(), 0..3_u8, 0..12_u8), 8..40);
    let (legal, open) = (Cell::new(0), Cell::new(0));
    runner
        .run(&moves, |moves| {
            let history = play(&moves);
            let spans = spans(&history);
            let expected = has_legal_order(&spans, &mut Vec::new());
            let verdict = checked(linearizable(KvModel), &history, Budget::default());
            prop_assert_eq!(verdict.status == Status::Pass, expected, "{:#?}", history.records);
            prop_assert!(verdict.unknown.is_empty());
            legal.set(legal.get() + u32::from(expected));
            open.set(open.get() + u32::from(spans.iter().any(|span| span.ok.is_none())));
            Ok(())
        })
        .unwrap();
    // A law that is only tried on one side proves nothing: at least a fifth of each.
    let (legal, open) = (legal.get(), open.get());
    assert!(legal * 5 >= CASES && (CASES - legal) * 5 >= CASES, "{legal} of {CASES} were legal");
    assert!(open * 5 >= CASES, "only {open} of {CASES} had an operation without an answer");
}

/// One move of a made-up execution: which process goes on, and what it draws.
type Move = (usize, u8, u8, u8);

/// A process and its operation in flight, with the result once it took effect.
struct Process {
    id: u64,
    in_flight: Option<(Op, Option<Value>)>,
}

/// Plays moves of three processes on a real value: a process invokes, takes effect, completes.
/// Now and then a result is changed.
fn play(moves: &[Move]) -> History {
    let mut value = Value::Null;
    let mut processes: Vec<Process> = (0..3).map(|id| Process { id, in_flight: None }).collect();
    let mut records: Vec<Record> = Vec::new();
    let mut ops = 0;
    for &(who, kind, number, twist) in moves {
        let process = &mut processes[who];
        let op = match process.in_flight.take() {
            None if ops == OPS_MAX => continue,
            None => {
                ops += 1;
                let op = invocation(OpId(ops), ProcessId(process.id), kind, number);
                process.in_flight = Some((op.clone(), None));
                op
            }
            Some((op, None)) if twist < 9 => {
                let result = take_effect(&mut value, &op);
                process.in_flight = Some((op, Some(result)));
                continue;
            }
            Some((op, result)) => completion(op, result, number, twist),
        };
        if op.phase == Phase::Info {
            // The client goes on under a new process.
            process.id += 3;
        }
        let at = SimTime(records.len() as u64);
        records.push(Record { at, node: None, boot: None, body: Body::Op(op) });
    }
    History { header: header(30), records }
}

fn invocation(id: OpId, process: ProcessId, kind: u8, number: u8) -> Op {
    let (f, value) = match kind % 4 {
        0 | 1 => ("get", Value::Null),
        2 => ("put", json!(number)),
        _ => ("cas", json!([number, (number + 1) % 3])),
    };
    Op { id, process, phase: Phase::Invoke, f: f.into(), key: None, value }
}

fn take_effect(value: &mut Value, op: &Op) -> Value {
    match &*op.f {
        "get" => value.clone(),
        "put" => {
            *value = op.value.clone();
            Value::Null
        }
        _ => {
            let matched = *value == op.value[0];
            if matched {
                *value = op.value[1].clone();
            }
            json!(matched)
        }
    }
}

/// The end of an operation: nobody knows, it failed (if it had no effect), or `ok` with its result
/// or with another.
fn completion(op: Op, result: Option<Value>, number: u8, twist: u8) -> Op {
    let (phase, value) = match (result, twist, &*op.f) {
        (None, 10, _) => (Phase::Fail, Value::Null),
        (None, ..) | (Some(_), 9, _) => (Phase::Info, Value::Null),
        (Some(_), 0..3, "get") => (Phase::Ok, json!(number)),
        (Some(matched), 0..3, "cas") => (Phase::Ok, json!(matched != json!(true))),
        (Some(result), ..) => (Phase::Ok, result),
    };
    Op { phase, value, ..op }
}

/// An operation that may have happened: its call, and the places of its invocation and its `ok`.
struct Span {
    call: ValueCall,
    invoked: usize,
    ok: Option<usize>,
}

/// Read without the checker's help.
fn spans(history: &History) -> Vec<Span> {
    let mut spans: BTreeMap<OpId, (&Op, Span)> = BTreeMap::new();
    for (place, record) in history.records.iter().enumerate() {
        let Body::Op(op) = &record.body else { continue };
        match op.phase {
            Phase::Invoke => {
                let span = Span { call: call(op, None), invoked: place, ok: None };
                spans.insert(op.id, (op, span));
            }
            Phase::Ok => {
                let (invoked, span) = spans.get_mut(&op.id).unwrap();
                span.call = call(invoked, Some(&op.value));
                span.ok = Some(place);
            }
            Phase::Fail => _ = spans.remove(&op.id),
            Phase::Info => {}
        }
    }
    spans.into_values().map(|(_, span)| span).collect()
}

fn call(op: &Op, output: Option<&Value>) -> ValueCall {
    KvModel.call(OpView { f: &op.f, key: None, input: &op.value, output }).unwrap()
}

/// Whether some order of all completed operations and any of the others, beginning with `order`,
/// is legal and puts no operation before one that had completed when it was invoked.
fn has_legal_order(spans: &[Span], order: &mut Vec<usize>) -> bool {
    let is_complete = spans.iter().enumerate().all(|(op, span)| span.ok.is_none() || order.contains(&op));
    if is_complete && is_legal(spans, order) {
        return true;
    }
    (0..spans.len()).any(|op| {
        if order.contains(&op) {
            return false;
        }
        order.push(op);
        let found = has_legal_order(spans, order);
        order.pop();
        found
    })
}

fn is_legal(spans: &[Span], order: &[usize]) -> bool {
    let too_late = |(place, &op): (usize, &usize)| {
        order[..place].iter().any(|&earlier| spans[op].ok.is_some_and(|end| end < spans[earlier].invoked))
    };
    let end = order.iter().try_fold(KvModel.init(), |state, &op| KvModel.step(&state, &spans[op].call));
    end.is_some() && !order.iter().enumerate().any(too_late)
}
