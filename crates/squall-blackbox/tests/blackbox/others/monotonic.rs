//! `monotonic`.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::Op;

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Tape, check, finds, names, no_answer};

#[test]
fn a_result_less_than_an_earlier_one_is_named() {
    let text = "1 a read\n2 a ok 2\n3 b read\n4 b ok 1";
    let findings = check("monotonic", text, &["decreased"]);
    assert_eq!(findings.violations[0].message, "`read` gave 1 after 2");
    finds("monotonic", json!({ "across": "process" }), text, &[]);
    finds("monotonic", json!({ "across": "process" }), &text.replace('b', "a"), &["decreased"]);
    check("monotonic", "1 a read\n2 b read\n3 a ok 2\n4 b ok 1", &[]);
    check("monotonic", "1 a read:x\n2 a ok 2\n3 b read:y\n4 b ok 1", &[]);
    check("monotonic", "1 a read\n2 a ok 2\n3 b read\n4 b ok null", &["decreased"]);
    check("monotonic", "1 a read\n2 a ok null\n3 b read\n4 b ok 1", &[]);
    // It is the largest that counts, not the latest.
    check("monotonic", "1 a read\n2 b read\n3 a ok 2\n4 b ok 1\n5 b read\n6 b ok 1", &["decreased"]);
    let large = format!("1 a read\n2 a ok {}\n3 b read\n4 b ok {}", u64::MAX, u64::MAX - 1);
    check("monotonic", &large, &["decreased"]);
}

#[test]
fn a_ticket_is_given_once() {
    let text = "1 a take\n2 a ok 1\n3 b take\n4 b ok 1\n5 b read\n6 b ok 0";
    let strict = json!({ "of": ["take"], "growth": "strict" });
    let findings = finds("monotonic", strict, text, &["repeated"]);
    assert_eq!(findings.violations[0].message, "`take` gave 1 again after 1");
    finds("monotonic", json!({ "of": ["take"] }), text, &[]);
    finds("monotonic", json!({ "of": ["take", "read"] }), text, &["decreased"]);
    let why = "op 1: the model `monotonic` cannot read the result \"a\" of `read`: it gives an integer";
    no_answer("monotonic", json!(null), "1 a read\n2 a ok \"a\"", why);
}

#[derive(Default)]
struct Growing(i64);

impl Play for Growing {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        ("read", Some(if draw.1.is_multiple_of(3) { "x" } else { "y" }), Value::Null)
    }

    fn effect(&mut self, _op: &Op) -> Value {
        self.0 += 1;
        json!(self.0)
    }

    fn twist(&mut self, _op: &Op, result: Value, draw: Move) -> Value {
        if draw.1 < 120 { json!(result.as_i64().unwrap() - i64::from(draw.2 % 3)) } else { result }
    }
}

/// Every two results of a key, compared.
fn by_definition(tape: &Tape, is_process: bool) -> Vec<&'static str> {
    let spans = tape.spans();
    let results: Vec<_> = spans.iter().filter(|span| span.ok.is_some()).collect();
    let mut found = [false; 2];
    for later in &results {
        let is_before = |earlier: &&&super::support::Span<'_>| {
            let is_own = earlier.op.process == later.op.process || !is_process;
            earlier.op.key == later.op.key && earlier.end() < later.begin && is_own
        };
        let largest = results.iter().filter(is_before).filter_map(|span| span.output().as_i64()).max();
        let now = later.output().as_i64();
        found[0] |= now < largest;
        found[1] |= now == largest;
    }
    let named = ["decreased", "repeated"].into_iter().zip(found);
    named.filter_map(|(name, is_so)| is_so.then_some(name)).collect()
}

#[test]
fn monotonic_finds_what_its_definition_says() {
    law(10, Growing::default, |tape| {
        let own = tape.judged("monotonic", &json!({ "growth": "strict", "across": "process" }));
        prop_assert_eq!(names(&own), by_definition(tape, true), "{:#?}", tape);
        let all = tape.judged("monotonic", &json!({ "growth": "strict" }));
        let expected = by_definition(tape, false);
        prop_assert_eq!(names(&all), expected.clone(), "{:#?}", tape);
        Ok(expected.is_empty())
    });
}

struct Clock {
    bug: Option<&'static str>,
    now: i64,
}

impl System for Clock {
    fn next(&mut self, _process: u64, _draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        ("read", None, Value::Null)
    }

    fn perform(&mut self, _process: u64, _op: &Op, draws: &mut Draws) -> Value {
        match self.bug.filter(|_| draws.once_in(12)) {
            Some("decreased") => return json!(self.now - 9),
            Some("repeated") => {}
            _ => self.now += 1,
        }
        json!(self.now)
    }
}

#[test]
fn faulty_clocks_are_named() {
    for bug in ["decreased", "repeated"] {
        let options = json!({ "growth": "strict" });
        let allowed: &[&str] = if bug == "decreased" { &["repeated"] } else { &[] };
        is_named(("monotonic", options), |bug| Clock { bug, now: 0 }, bug, allowed);
    }
}
