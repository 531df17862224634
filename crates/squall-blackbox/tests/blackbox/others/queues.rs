//! `queue`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::{Op, Phase};

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Tape, check, finds, names, no_answer};

#[test]
fn an_acknowledged_message_that_a_drain_does_not_bring_is_lost() {
    let text = "1 a enqueue 1\n2 a ok\n3 b drain\n4 b ok []";
    let findings = check("queue", text, &["lost"]);
    assert_eq!(findings.violations[0].message, "the message 1 was acknowledged and never came out");
    for near in [
        // Not acknowledged before, or never drained, or taken by somebody.
        "1 a enqueue 1\n2 b drain\n3 a ok\n4 b ok []",
        "1 a enqueue 1\n2 a info\n3 b drain\n4 b ok []",
        "1 a enqueue 1\n2 a ok\n3 b dequeue\n4 b ok null",
        "1 a enqueue 1\n2 a ok\n3 b drain\n4 b fail",
        "1 a enqueue 1\n2 a ok\n3 c dequeue\n4 b drain\n5 b ok []\n6 c ok 1",
        // Perhaps taken by somebody.
        "1 a enqueue 1\n2 a ok\n3 c dequeue\n4 b drain\n5 b ok []\n6 c info",
        "1 a enqueue 1\n2 a ok\n3 c drain\n4 b drain\n5 b ok []\n6 c info",
    ] {
        check("queue", near, &[]);
    }
    // One operation without a result does not take two messages, nor one after the drain.
    let two = "1 a enqueue 1\n2 a ok\n3 a enqueue 2\n4 a ok\n5 c dequeue\n6 b drain\n7 b ok []";
    let findings = check("queue", two, &["lost"]);
    assert_eq!(findings.summary["messages"]["may-be-taken"], 1);
    check("queue", &format!("{text}\n5 c dequeue"), &["lost"]);
    // Without a drain, only at the end.
    let left = "1 a enqueue 1\n2 a ok\n3 b dequeue\n4 b ok null";
    finds("queue", json!({ "drained": "at-end" }), left, &["lost"]);
    check("queue", "1 a enqueue:x 1\n2 a ok\n3 b drain:y\n4 b ok []", &[]);
}

#[test]
fn a_message_that_comes_out_twice_is_duplicated() {
    let text = "1 a enqueue 1\n2 a ok\n3 b dequeue\n4 b ok 1\n5 b dequeue\n6 b ok 1";
    let findings = check("queue", text, &["duplicated"]);
    assert_eq!(findings.violations[0].ops.len(), 3);
    finds("queue", json!({ "delivery": "at-least-once" }), text, &[]);
    check("queue", "1 a enqueue 1\n2 a ok\n3 b drain\n4 b ok [1, 1]", &["duplicated"]);
    check("queue", &format!("0 c enqueue 1\n0 c info\n{text}"), &[]);
}

#[test]
fn a_message_out_of_nowhere_is_unexpected() {
    check("queue", "3 b dequeue\n4 b ok 1", &["unexpected"]);
    check("queue", "1 a enqueue 1\n2 a fail\n3 b dequeue\n4 b ok 1", &["unexpected"]);
    check("queue", "3 b dequeue\n4 b ok 1\n5 a enqueue 1\n6 a ok", &["unexpected"]);
    let findings = check("queue", "1 a enqueue 1\n2 a info\n3 b dequeue\n4 b ok 1", &[]);
    assert_eq!(findings.summary["messages"]["recovered"], 1);
}

#[test]
fn what_is_no_queue_has_no_answer() {
    let why = "op 1: the model `queue` cannot read the result 1 of `drain`: it gives an array of messages";
    no_answer("queue", json!(null), "1 a drain\n2 a ok 1", why);
    no_answer("queue", json!(null), "1 a peek", "op 1: the model `queue` knows no operation `peek`");
}

/// Few messages, put in more than once.
#[derive(Default)]
struct Queues(Vec<Value>);

impl Play for Queues {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        match draw.1 % 9 {
            message @ 0..4 => ("enqueue", None, json!(message)),
            4..7 => ("dequeue", None, Value::Null),
            _ => ("drain", None, Value::Null),
        }
    }

    fn effect(&mut self, op: &Op) -> Value {
        match &*op.f {
            "enqueue" => {
                self.0.push(op.value.clone());
                Value::Null
            }
            "dequeue" => self.0.pop().unwrap_or_default(),
            _ => json!(std::mem::take(&mut self.0)),
        }
    }

    fn twist(&mut self, op: &Op, result: Value, draw: Move) -> Value {
        match (&*op.f, result, draw.1) {
            ("dequeue", Value::Null, 0..200) => json!(draw.2 % 4),
            ("drain", Value::Array(mut all), 0..200) => {
                all.pop();
                json!(all)
            }
            (_, result, _) => result,
        }
    }
}

/// The definition with multisets of values.
fn by_definition(tape: &Tape) -> Vec<&'static str> {
    let spans = tape.spans();
    let puts: Vec<_> = spans.iter().filter(|span| span.is("enqueue") && !span.failed).collect();
    let mut out: Vec<(u64, usize)> = Vec::new();
    for span in spans.iter().filter(|span| span.ok.is_some() && !span.is("enqueue")) {
        match span.output() {
            Value::Null => {}
            Value::Array(all) => out.extend(all.iter().map(|one| (one.as_u64().unwrap(), span.end()))),
            one => out.push((one.as_u64().unwrap(), span.end())),
        }
    }
    let is_of = |value: u64| move |put: &&&super::support::Span<'_>| put.op.value == value;
    let came_from =
        |&(value, end): &(u64, usize)| puts.iter().filter(is_of(value)).any(|put| put.begin < end);
    let unexpected = !out.iter().all(came_from);
    let outs = |value: u64| out.iter().filter(|&&(other, _)| other == value).count();
    let duplicated = (0..4).any(|value| {
        let put = puts.iter().filter(is_of(value)).count();
        let expected: Vec<_> = out.iter().filter(|&&(other, _)| other == value).collect();
        // The occurrence that is too many is only told if it is not unexpected.
        expected.len() > put && expected[put..].iter().any(|one| came_from(one))
    });
    let drain = spans.iter().rfind(|span| span.is("drain") && span.ok.is_some());
    let lost = drain.is_some_and(|drain| {
        let mut due: BTreeMap<u64, usize> = BTreeMap::new();
        for put in puts.iter().filter(|put| put.end() < drain.begin) {
            *due.entry(put.op.value.as_u64().unwrap()).or_default() += 1;
        }
        let missing: usize = due.iter().map(|(&value, &count)| count.saturating_sub(outs(value))).sum();
        let unseen = |f: &'static str| {
            let spans = spans.iter();
            spans.filter(move |span| {
                span.is(f) && span.ok.is_none() && !span.failed && span.begin < drain.end()
            })
        };
        missing > unseen("dequeue").count() && unseen("drain").count() == 0
    });
    let all = [(lost, "lost"), (duplicated, "duplicated"), (unexpected, "unexpected")];
    all.into_iter().filter_map(|(is_so, name)| is_so.then_some(name)).collect()
}

#[test]
fn queue_finds_what_its_definition_says() {
    law(10, Queues::default, |tape| {
        let expected = by_definition(tape);
        prop_assert_eq!(names(&tape.judged("queue", &json!(null))), expected.clone(), "{:#?}", tape);
        Ok(expected.is_empty())
    });
}

/// A queue; each bug is named like what it does.
pub(crate) struct FaultyQueue {
    bug: Option<&'static str>,
    messages: Vec<u64>,
    put: u64,
}

impl FaultyQueue {
    pub(crate) fn with(bug: Option<&'static str>) -> Self {
        Self { bug, messages: Vec::new(), put: 0 }
    }
}

impl System for FaultyQueue {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        if draws.once_in(2) {
            return ("dequeue", None, Value::Null);
        }
        self.put += 1;
        ("enqueue", None, json!(self.put))
    }

    fn perform(&mut self, _process: u64, op: &Op, draws: &mut Draws) -> Value {
        let bug = self.bug.filter(|_| draws.once_in(6));
        match &*op.f {
            "enqueue" => {
                if !matches!(bug, Some("lost" | "skipped")) {
                    self.messages.push(op.value.as_u64().unwrap());
                }
                if bug == Some("duplicated") {
                    self.messages.push(op.value.as_u64().unwrap());
                }
                Value::Null
            }
            "dequeue" if bug == Some("unexpected") => json!(1_000_000),
            "dequeue" if bug == Some("premature-empty") => Value::Null,
            "dequeue" if self.messages.is_empty() => Value::Null,
            "dequeue" if bug == Some("reordered") => json!(self.messages.pop()),
            "dequeue" => json!(self.messages.remove(0)),
            _ => json!(std::mem::take(&mut self.messages)),
        }
    }

    fn last(&mut self) -> Option<(&'static str, Option<&'static str>, Value)> {
        Some(("drain", None, Value::Null))
    }
}

#[test]
fn faulty_queues_are_named() {
    for bug in ["lost", "duplicated", "unexpected"] {
        is_named(("queue", json!(null)), FaultyQueue::with, bug, &[]);
    }
}

#[test]
fn a_consumer_that_dies_with_a_message_in_its_hand_loses_nothing() {
    let tape = super::faulty::run(3, &mut FaultyQueue::with(None));
    assert!(tape.records.iter().any(|(_, op)| op.phase == Phase::Info && &*op.f == "dequeue"));
    let missing = tape.judged("queue", &json!(null)).summary["messages"]["missing"].clone();
    assert!(missing.as_u64().unwrap() > 0, "{missing}");
}
