//! Many objects: with threads and without, the same is said of them.

use serde_json::json;
use squall_blackbox::linearizability::models::{CounterModel, RegisterModel};
use squall_blackbox::linearizability::{Linearizable, Model};
use squall_blackbox::{Analysis, Budget, Event, Findings, catalogue, operations};
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

use super::naive::Draws;

/// Reads and writes (or additions) of three clients on as many keys, one key after the other in
/// turns; of the reads on the key `wrong` one is.
fn events(f: &'static str, keys: u64, rounds: u64, wrong: Option<u64>) -> Vec<Op> {
    let draws = &mut Draws(7);
    let mut events = Vec::new();
    let mut state = vec![0_i64; keys as usize];
    let mut id = 0;
    for round in 0..rounds {
        for key in 0..keys {
            let amount = draws.int(5);
            let after = if f == "add" { state[key as usize] + amount } else { amount };
            let seen = if wrong == Some(key) && round == rounds / 2 { -1 } else { after };
            state[key as usize] = after;
            let name = format!("key-{key:03}");
            let mut op = |process, phase, f: &str, value| {
                let (id, process) = (OpId(id + process), ProcessId(process));
                events.push(Op { id, process, phase, f: f.into(), key: Some(name.as_str().into()), value });
            };
            op(0, Phase::Invoke, f, json!(amount));
            op(1, Phase::Invoke, "read", json!(null));
            op(0, Phase::Ok, f, json!(null));
            op(1, Phase::Ok, "read", json!(after));
            op(2, Phase::Invoke, "read", json!(null));
            op(2, Phase::Ok, "read", json!(seen));
            id += 3;
        }
    }
    events
}

fn findings<M: Model>(checker: Linearizable<M>, events: &[Op], mut budget: Budget) -> Findings {
    let event = |(at, op)| Event { at: SimTime(at), node: None, op };
    let operations = operations((0..).zip(events).map(event)).unwrap();
    let (mut findings, before) = (Findings::default(), budget.bytes);
    checker.analyse(&operations, &mut budget, &mut findings);
    assert_eq!(budget.bytes, before, "what was held is given back");
    findings
}

#[test]
fn threads_change_nothing() {
    for wrong in [None, Some(0), Some(17), Some(39)] {
        let (writes, additions) = (events("write", 40, 30, wrong), events("add", 40, 30, wrong));
        let said = |threads: usize| {
            let registers = Linearizable::new(RegisterModel).with_threads(threads);
            let counters = Linearizable::new(CounterModel).with_threads(threads);
            let searched = registers.always_searching();
            let budget = Budget::default();
            let said = [
                findings(registers, &writes, budget),
                findings(searched, &writes, budget),
                findings(counters, &additions, budget),
            ];
            assert!(said.iter().all(|findings| findings.violations.is_empty() == wrong.is_none()));
            format!("{said:?}")
        };
        let alone = said(1);
        for threads in [2, 3, 7, 64] {
            assert_eq!(said(threads), alone, "{threads} threads, {wrong:?}");
        }
    }
}

#[test]
fn of_several_illegal_keys_the_first_is_told() {
    let mut both = events("write", 40, 30, Some(31));
    let other = events("write", 40, 30, Some(12));
    for (op, other) in both.iter_mut().zip(other) {
        if op.key.as_deref() == Some("key-012") {
            *op = other;
        }
    }
    for threads in [1, 4] {
        let checker = Linearizable::new(RegisterModel).with_threads(threads);
        let findings = findings(checker, &both, Budget::default());
        assert_eq!(findings.violations[0].evidence["key"], "key-012");
    }
}

#[test]
fn what_exceeds_the_budget_is_unknown_with_threads_too() {
    let additions = events("add", 40, 30, None);
    for threads in [1, 3] {
        let checker = Linearizable::new(CounterModel).with_threads(threads);
        let steps = Budget { steps: 500, ..Budget::default() };
        let why = findings(checker, &additions, steps).unknown.unwrap();
        assert!(why.starts_with("steps ran out with "), "{why}");
        let bytes = Budget { bytes: 2_000, ..Budget::default() };
        assert_eq!(
            findings(checker, &additions, bytes).unknown.unwrap(),
            "memory ran out with 40 of 40 objects undecided"
        );
    }
}

#[test]
fn threads_are_an_option_of_every_model() {
    let names = [
        "kv",
        "register",
        "multi-register",
        "linear-set",
        "linear-queue",
        "linear-fifo-queue",
        "linear-counter",
        "lock",
        "linear-unique-ids",
    ];
    for name in names {
        let entry = catalogue().iter().find(|entry| entry.name == name).unwrap();
        assert!(entry.build(&json!({ "threads": 2 })).is_ok());
        assert!(entry.build(&json!({})).is_ok());
        for wrong in [json!({ "threads": 0 }), json!({ "thread": 1 }), json!({ "threads": "two" }), json!(2)]
        {
            assert!(entry.build(&wrong).is_err(), "{wrong}");
        }
    }
}
