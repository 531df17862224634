//! `counter`.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::Op;

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Tape, check, names, no_answer};

#[test]
fn a_read_without_an_acknowledged_addition_is_too_low() {
    let findings = check("counter", "1 a add 2\n2 a ok\n3 b read\n4 b ok 1", &["too-low"]);
    let message = "`read` gave 1, but what was acknowledged leaves at least 2";
    assert_eq!(findings.violations[0].message, message);
    check("counter", "1 a add 2\n2 a ok\n3 b read\n4 b ok 2", &[]);
    check("counter", "1 a add 2\n2 b read\n3 a ok\n4 b ok 0", &[]);
    check("counter", "1 a add 2\n2 a info\n3 b read\n4 b ok 0", &[]);
    // A subtraction that may have happened.
    check("counter", "1 a add 2\n2 a ok\n3 c add -1\n4 b read\n5 b ok 1", &[]);
    check("counter", "1 a add:x 2\n2 a ok\n3 b read:y\n4 b ok 0", &[]);
}

#[test]
fn a_read_of_what_nobody_added_is_too_high() {
    check("counter", "1 a add 2\n2 a fail\n3 b read\n4 b ok 2", &["too-high"]);
    check("counter", "3 b read\n4 b ok 2\n5 a add 2\n6 a ok", &["too-high"]);
    check("counter", "1 a add -2\n2 a ok\n3 b read\n4 b ok 0", &["too-high"]);
    check("counter", "3 b read\n4 a add 2\n5 b ok 2", &[]);
    check("counter", "1 a add -2\n2 a info\n3 b read\n4 b ok 0", &[]);
}

#[test]
fn a_counter_that_only_grows_does_not_shrink() {
    let unsure = "1 a add 2\n2 a info\n3 b read\n4 b ok 2\n5 b read\n6 b ok 0";
    check("counter", unsure, &["decreased"]);
    check("counter", "1 a add 2\n2 a info\n3 b read\n4 c read\n5 b ok 2\n6 c ok 0", &[]);
    check("counter", "1 a add 2\n2 a info\n3 c add -1\n4 b read\n5 b ok 2\n6 b read\n7 b ok 1", &[]);
}

#[test]
fn what_is_no_counter_has_no_answer() {
    let why = "op 1: the model `counter` cannot read the argument 0.5 of `add`: it takes an integer";
    no_answer("counter", json!(null), "1 a add 0.5\n2 a ok", why);
    let why = "op 1: the model `counter` cannot read the result null of `read`: it gives an integer";
    no_answer("counter", json!(null), "1 a read\n2 a ok", why);
    // Amounts as large as they get do not overflow.
    let max = i64::MAX;
    let text = format!("1 a add {max}\n2 a ok\n3 a add {max}\n4 a ok\n5 a read\n6 a ok {max}");
    check("counter", &text, &["too-low"]);
}

#[derive(Default)]
struct Counters(i64);

impl Play for Counters {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        match draw.1 % 8 {
            0..3 => ("add", None, json!(draw.2 % 3)),
            3 => ("add", None, json!(-i64::from(draw.2 % 2))),
            _ => ("read", None, Value::Null),
        }
    }

    fn effect(&mut self, op: &Op) -> Value {
        self.0 += op.value.as_i64().unwrap_or(0);
        json!(self.0)
    }

    fn twist(&mut self, _op: &Op, result: Value, draw: Move) -> Value {
        let by = [-2, -1, 1, 2].get(usize::from(draw.1 / 12)).copied().unwrap_or(0);
        json!(result.as_i64().unwrap() + by)
    }
}

/// The definition, read by read: which additions must count, may count, cannot count.
fn by_definition(tape: &Tape) -> Vec<&'static str> {
    let spans = tape.spans();
    let reads = || spans.iter().filter(|span| span.is("read") && span.ok.is_some());
    let mut found = [false; 3];
    for read in reads() {
        let value = read.output().as_i64().unwrap();
        let (mut lower, mut upper, mut grows) = (0, 0, true);
        for add in spans.iter().filter(|span| span.is("add") && !span.failed && span.begin < read.end()) {
            let amount = add.op.value.as_i64().unwrap();
            let is_certain = add.end() < read.begin;
            lower += if is_certain { amount } else { amount.min(0) };
            upper += if is_certain { amount } else { amount.max(0) };
            grows &= amount >= 0;
        }
        let shrank =
            reads().any(|other| other.end() < read.begin && other.output().as_i64().unwrap() > value);
        found[0] |= value < lower;
        found[1] |= value > upper;
        found[2] |= (lower..=upper).contains(&value) && grows && shrank;
    }
    let named = ["too-low", "too-high", "decreased"].into_iter().zip(found);
    named.filter_map(|(name, is_so)| is_so.then_some(name)).collect()
}

#[test]
fn counter_finds_what_its_definition_says() {
    law(10, Counters::default, |tape| {
        let expected = by_definition(tape);
        prop_assert_eq!(names(&tape.judged("counter", &json!(null))), expected.clone(), "{:#?}", tape);
        Ok(expected.is_empty())
    });
}

struct FaultyCounter {
    bug: Option<&'static str>,
    value: i64,
    reads: i64,
}

impl System for FaultyCounter {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        match draws.below(3) {
            0 => ("read", None, Value::Null),
            // A counter that may shrink hides that it did.
            1 if self.bug != Some("decreased") => ("add", None, json!(-i64::from(draws.once_in(2)))),
            _ => ("add", None, json!(draws.below(5))),
        }
    }

    fn perform(&mut self, _process: u64, op: &Op, draws: &mut Draws) -> Value {
        if &*op.f == "add" {
            let amount = op.value.as_i64().unwrap();
            let times = match self.bug {
                Some("too-low") if draws.once_in(4) => 0,
                Some("too-high") if draws.once_in(4) => 2,
                _ => 1,
            };
            self.value += times * amount.max(0) + amount.min(0);
            return Value::Null;
        }
        self.reads += 1;
        let is_odd = self.reads % 5 == 0 && self.bug == Some("decreased");
        json!(self.value - i64::from(is_odd))
    }
}

#[test]
fn faulty_counters_are_named() {
    let with = |bug| FaultyCounter { bug, value: 0, reads: 0 };
    is_named(("counter", json!(null)), with, "too-low", &[]);
    is_named(("counter", json!(null)), with, "too-high", &[]);
    // A read one less than the truth is often below what was acknowledged too.
    is_named(("counter", json!(null)), with, "decreased", &["too-low"]);
}
