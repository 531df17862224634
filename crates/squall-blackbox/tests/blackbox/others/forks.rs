//! `long-fork`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::Op;

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Tape, check, names, no_answer};

#[test]
fn reads_that_order_two_writes_differently_are_a_long_fork() {
    let text = r#"1 a write [["w", "x", 1]]
        2 b write [["w", "y", 1]]
        3 c read [["r", "x", null], ["r", "y", null]]
        4 d txn [["r", "y", null], ["r", "x", null]]
        5 c ok [["r", "x", 1], ["r", "y", null]]
        6 d ok [["r", "y", 1], ["r", "x", null]]"#;
    let findings = check("long-fork", text, &["long-fork"]);
    let message = "one read sees the write of key \"x\" and not that of key \"y\", another read the reverse";
    assert_eq!(findings.violations[0].message, message);
    assert_eq!(findings.exercised, 2);
    // The second read sees both, or reads another group.
    check("long-fork", &text.replace("[\"r\", \"x\", null]]\"", "[\"r\", \"x\", 1]]"), &["long-fork"]);
    let near = text.replace(
        "6 d ok [[\"r\", \"y\", 1], [\"r\", \"x\", null]]",
        "6 d ok [[\"r\", \"y\", 1], [\"r\", \"x\", 1]]",
    );
    check("long-fork", &near, &[]);
    let other = text.replace(
        "6 d ok [[\"r\", \"y\", 1], [\"r\", \"x\", null]]",
        "6 d ok [[\"r\", \"y\", 1], [\"r\", \"z\", null]]",
    );
    check("long-fork", &other, &[]);
    // What a transaction wrote itself it may see before others do.
    let own = r#"1 a txn [["w", "x", 1], ["r", "x", null], ["r", "y", null]]
        2 b txn [["w", "y", 1], ["r", "x", null], ["r", "y", null]]
        3 a ok [["w", "x", 1], ["r", "x", 1], ["r", "y", null]]
        4 b ok [["w", "y", 1], ["r", "x", null], ["r", "y", 1]]"#;
    check("long-fork", own, &[]);
}

#[test]
fn a_value_that_nobody_wrote_is_unexpected() {
    let read = r#"3 c read [["r", "x", null], ["r", "y", null]]
        4 c ok [["r", "x", 1], ["r", "y", null]]"#;
    check("long-fork", read, &["unexpected"]);
    check("long-fork", &format!("1 a write [[\"w\", \"x\", 1]]\n2 a fail\n{read}"), &["unexpected"]);
    check("long-fork", &format!("{read}\n5 a write [[\"w\", \"x\", 1]]"), &["unexpected"]);
    check("long-fork", &format!("1 a write [[\"w\", \"x\", 2]]\n{read}"), &["unexpected"]);
    check("long-fork", &format!("1 a write [[\"w\", \"x\", 1]]\n2 a info\n{read}"), &[]);
}

#[test]
fn keys_are_written_once_or_there_is_no_answer() {
    let twice = "1 a write [[\"w\", \"x\", 1]]\n2 a ok\n3 a write [[\"w\", \"x\", 2]]";
    no_answer("long-fork", json!(null), twice, "key \"x\" is written by op 1 and again by op 2");
    check("long-fork", &twice.replace("ok", "fail"), &[]);
    let shape = "a list of `[\"r\", key, value]` and `[\"w\", key, value]`";
    let why = format!("op 1: the model `long-fork` cannot read the argument 1 of `write`: it takes {shape}");
    no_answer("long-fork", json!(null), "1 a write 1", &why);
}

/// Three keys, written once each; reads of all, now and then with one forgotten.
struct Forks {
    written: Vec<u64>,
    begun: u64,
    keys: u64,
}

impl Play for Forks {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        if draw.1 < 128 && self.begun < self.keys {
            self.begun += 1;
            return ("write", None, json!([["w", self.begun, 1]]));
        }
        let mut keys: Vec<Value> = (1..=self.keys).map(|key| json!(["r", key, null])).collect();
        // Another group.
        keys.truncate(if draw.1 < 240 { keys.len() } else { 2 });
        keys.rotate_left(usize::from(draw.2 % 2));
        ("read", None, json!(keys))
    }

    fn effect(&mut self, op: &Op) -> Value {
        if &*op.f == "write" {
            self.written.push(op.value[0][1].as_u64().unwrap());
            return op.value.clone();
        }
        let read = |step: &Value| {
            let is_written = self.written.contains(&step[1].as_u64().unwrap());
            json!(["r", step[1], is_written.then_some(1)])
        };
        json!(op.value.as_array().unwrap().iter().map(read).collect::<Vec<_>>())
    }

    fn twist(&mut self, op: &Op, mut result: Value, draw: Move) -> Value {
        if &*op.f == "read" && draw.1 < 120 {
            let count = op.value.as_array().unwrap().len();
            result[usize::from(draw.2) % count][2] = Value::Null;
        }
        result
    }
}

/// Whether the writes of each group have an order of which every read sees a beginning.
fn has_an_order(tape: &Tape) -> bool {
    let mut groups: BTreeMap<Vec<u64>, Vec<Vec<u64>>> = BTreeMap::new();
    for read in tape.spans().iter().filter(|span| span.is("read") && span.ok.is_some()) {
        let steps = read.output().as_array().unwrap();
        let key = |step: &Value| step[1].as_u64().unwrap();
        let mut group: Vec<u64> = steps.iter().map(key).collect();
        group.sort_unstable();
        let seen = steps.iter().filter(|step| !step[2].is_null()).map(key).collect();
        groups.entry(group).or_default().push(seen);
    }
    let fits = |order: &[u64], seen: &Vec<u64>| {
        let (beginning, rest) = order.split_at(seen.len());
        beginning.iter().all(|key| seen.contains(key)) && !rest.iter().any(|key| seen.contains(key))
    };
    groups
        .iter()
        .all(|(group, reads)| orders(group).iter().any(|order| reads.iter().all(|seen| fits(order, seen))))
}

fn orders(keys: &[u64]) -> Vec<Vec<u64>> {
    if keys.is_empty() {
        return vec![Vec::new()];
    }
    let begin_with = |&first: &u64| {
        let rest: Vec<u64> = keys.iter().copied().filter(|&key| key != first).collect();
        orders(&rest).into_iter().map(move |rest| [vec![first], rest].concat())
    };
    keys.iter().flat_map(begin_with).collect()
}

#[test]
fn the_writes_of_each_group_have_an_order_exactly_if_there_is_no_long_fork() {
    law(
        12,
        || Forks { written: Vec::new(), begun: 0, keys: 3 },
        |tape| {
            let expected = has_an_order(tape);
            let found = tape.judged("long-fork", &json!(null));
            prop_assert_eq!(names(&found).is_empty(), expected, "{:#?}", tape);
            prop_assert_eq!(found.unknown, None);
            Ok(expected)
        },
    );
}

/// Two replicas. A client writes and reads at its own; writes reach the other at once, or later.
struct Replicas {
    bug: Option<&'static str>,
    replicas: [Vec<u64>; 2],
    on_the_way: Vec<(usize, u64)>,
    written: u64,
}

impl Replicas {
    fn with(bug: Option<&'static str>) -> Self {
        Self { bug, replicas: [Vec::new(), Vec::new()], on_the_way: Vec::new(), written: 0 }
    }
}

impl System for Replicas {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        if draws.once_in(2) {
            self.written += 1;
            return ("write", None, json!([["w", self.written, 1]]));
        }
        // Groups of two neighbours, the latest or the one before.
        let last = self.written / 2 * 2 + 1;
        let first = last.saturating_sub(2 * draws.below(2)).max(1);
        ("read", None, json!([["r", first, null], ["r", first + 1, null]]))
    }

    fn perform(&mut self, process: u64, op: &Op, draws: &mut Draws) -> Value {
        let home = usize::try_from(process % 2).unwrap();
        if draws.once_in(6) || self.bug.is_none() {
            for (replica, key) in std::mem::take(&mut self.on_the_way) {
                self.replicas[replica].push(key);
            }
        }
        if &*op.f == "write" {
            let key = op.value[0][1].as_u64().unwrap();
            self.replicas[home].push(key);
            match self.bug {
                Some("long-fork") => self.on_the_way.push((1 - home, key)),
                _ => self.replicas[1 - home].push(key),
            }
            return Value::Null;
        }
        let unknown = self.bug == Some("unexpected") && draws.once_in(8);
        let read = |step: &Value| {
            let is_there = self.replicas[home].contains(&step[1].as_u64().unwrap());
            let value = if unknown { 7 } else { 1 };
            json!(["r", step[1], is_there.then_some(value)])
        };
        json!(op.value.as_array().unwrap().iter().map(read).collect::<Vec<_>>())
    }
}

#[test]
fn replicas_that_lag_are_named() {
    is_named(("long-fork", json!(null)), Replicas::with, "long-fork", &[]);
    is_named(("long-fork", json!(null)), Replicas::with, "unexpected", &[]);
}
