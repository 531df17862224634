//! The four session guarantees.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::{Op, ProcessId};

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Span, check, finds, names, no_answer};

#[test]
fn a_read_older_than_the_one_before_is_named() {
    let back = "1 a write:x 1\n2 a ok\n3 b read:x\n4 b ok 1\n5 b read:x\n6 b ok null";
    let findings = check("monotonic-reads", back, &["monotonic-reads"]);
    let finding = &findings.violations[0];
    assert_eq!(finding.message, "process 2 read 1 of key `x` and then nothing, which is older");
    assert_eq!(finding.evidence["examples"][0]["cycle"], json!([1, null, 1]));
    check("monotonic-reads", &back.replace("5 b", "5 c").replace("6 b", "6 c"), &[]);
    check("monotonic-reads", &back.replace("5 b read:x", "5 b read:y"), &[]);
    // The order of two writes of one process is known, that of two processes' is not.
    let two = |b: &str| {
        format!("1 a write 1\n2 a ok\n3 {b} write 2\n4 {b} ok\n5 c read\n6 c ok 2\n7 c read\n8 c ok 1")
    };
    check("monotonic-reads", &two("a"), &["monotonic-reads"]);
    check("monotonic-reads", &two("b"), &[]);
    finds("monotonic-reads", json!({ "order": "real-time" }), &two("b"), &["monotonic-reads"]);
    finds("monotonic-reads", json!({ "order": "values" }), &two("b"), &["monotonic-reads"]);
    finds("monotonic-reads", json!({ "order": "none" }), &two("a"), &[]);
    // Concurrent writes have no order in real time either; two readers who disagree need none.
    let beside = "1 a write 1\n2 b write 2\n3 a ok\n4 b ok\n5 c read\n6 c ok 2\n7 c read\n8 c ok 1";
    finds("monotonic-reads", json!({ "order": "real-time" }), beside, &[]);
    let other = format!("{beside}\n9 d read\n10 d ok 1\n11 d read\n12 d ok 2");
    finds("monotonic-reads", json!({ "order": "none" }), &other, &["monotonic-reads"]);
}

#[test]
fn a_read_older_than_ones_own_write_is_named() {
    let text = "1 a write 1\n2 a ok\n3 a write 2\n4 a ok\n5 a read\n6 a ok 1";
    let findings = check("read-your-writes", text, &["read-your-writes"]);
    assert_eq!(findings.violations[0].message, "process 1 wrote 2 and then read 1, which is older");
    check("read-your-writes", "1 a write 1\n2 a ok\n3 a read\n4 a ok null", &["read-your-writes"]);
    check("read-your-writes", "1 a write 1\n2 a ok\n3 a read\n4 a ok 1", &[]);
    check("read-your-writes", "1 a write 1\n2 a fail\n3 a read\n4 a ok null", &[]);
    check("read-your-writes", "1 a write 1\n2 a ok\n3 b read\n4 b ok null", &[]);
    // Another's write may be newer.
    check("read-your-writes", "1 a write 1\n2 b write 2\n3 a ok\n4 b ok\n5 a read\n6 a ok 2", &[]);
    // Both cannot be.
    let both = "1 a write 1\n2 b write 2\n3 a ok\n4 b ok\n5 a read\n6 a ok 2\n7 b read\n8 b ok 1";
    check("read-your-writes", both, &["read-your-writes"]);
    check("monotonic-reads", both, &[]);
}

const SEEN: &str = "11 r read:y\n12 r ok 2\n13 r read:x\n14 r ok";

#[test]
fn a_write_seen_without_the_one_before_is_named() {
    let writes = "1 a write:x 1\n2 a ok\n3 a write:y 2\n4 a ok\n";
    let findings = check("monotonic-writes", &format!("{writes}{SEEN} null"), &["monotonic-writes"]);
    let message = "process 2 saw 2 of key `y` by process 1 and then read nothing of key `x`, \
                   which is older than 1, which process 1 wrote before";
    assert_eq!(findings.violations[0].message, message);
    check("monotonic-writes", &format!("{writes}{SEEN} 1"), &[]);
    // The reads the other way round, or by different processes.
    check("monotonic-writes", &format!("{writes}11 r read:x\n12 r ok null\n13 r read:y\n14 r ok 2"), &[]);
    check("monotonic-writes", &format!("{writes}11 r read:y\n12 r ok 2\n13 s read:x\n14 s ok null"), &[]);
    // What was read before has nothing to do with it.
    check("writes-follow-reads", &format!("{writes}{SEEN} null"), &[]);
    // Reads that go back are the fault of monotonic reads.
    let back = "1 a write 1\n2 a ok\n3 a write 2\n4 a ok\n11 r read\n12 r ok 2\n13 r read\n14 r ok 1";
    check("monotonic-writes", back, &[]);
    check("monotonic-reads", back, &["monotonic-reads"]);
    // Unless the order of writes is the guarantee's.
    finds("monotonic-writes", json!({ "order": "none" }), back, &["monotonic-writes"]);
}

#[test]
fn a_write_seen_without_what_its_writer_had_read_is_named() {
    let text = format!("1 a write:x 1\n2 a ok\n3 b read:x\n4 b ok 1\n5 b write:y 2\n6 b ok\n{SEEN} null");
    let findings = check("writes-follow-reads", &text, &["writes-follow-reads"]);
    let message = "process 3 saw 2 of key `y` by process 2 and then read nothing of key `x`, \
                   which is older than 1, which process 2 read before";
    assert_eq!(findings.violations[0].message, message);
    check("monotonic-writes", &text, &[]);
    check("writes-follow-reads", &text.replace("14 r ok null", "14 r ok 1"), &[]);
    check("writes-follow-reads", &text.replace("4 b ok 1", "4 b fail"), &[]);
    // The write came before the read.
    let before = format!("1 a write:x 1\n2 a ok\n3 b write:y 2\n4 b ok\n5 b read:x\n6 b ok 1\n{SEEN} null");
    check("writes-follow-reads", &before, &[]);
}

#[test]
fn versions_may_be_numbers() {
    let results = json!({ "order": "results" });
    let text = "1 a write \"p\"\n2 a ok 7\n3 a read\n4 a ok [6, \"o\"]";
    finds("read-your-writes", results.clone(), text, &["read-your-writes"]);
    finds("read-your-writes", results.clone(), &text.replace("[6,", "[8,"), &[]);
    finds("read-your-writes", results.clone(), &text.replace("ok 7", "info"), &[]);
    // Versions that fall within a session.
    let falling = "1 a write \"p\"\n2 a ok 7\n3 a write \"q\"\n4 a ok 6";
    let findings = finds("monotonic-writes", results.clone(), falling, &["monotonic-writes"]);
    let message = "process 1 wrote 7 and then 6, and they took effect the other way round";
    assert_eq!(findings.violations[0].message, message);
    let falling = "1 a read\n2 a ok 7\n3 a write \"q\"\n4 a ok 6";
    finds("writes-follow-reads", results.clone(), falling, &["writes-follow-reads"]);
    finds("writes-follow-reads", results.clone(), &falling.replace('6', "8"), &[]);
    // It is the newest that was read, not the last.
    let last = "1 a read\n2 a ok 7\n3 a read\n4 a ok 5\n5 a write \"q\"\n6 a ok 6";
    finds("writes-follow-reads", results, last, &["writes-follow-reads"]);
}

#[test]
fn what_are_no_sessions_have_no_answer() {
    let twice = "1 a write:x 1\n2 a ok\n3 a write:x 1";
    let why = "the value 1 of key `x` is written by op 1 and again by op 2";
    no_answer("monotonic-reads", json!(null), twice, why);
    finds("monotonic-reads", json!({ "order": "values" }), twice, &[]);
    no_answer(
        "monotonic-reads",
        json!(null),
        "1 a cas 1",
        "op 1: the model `monotonic-reads` knows no operation `cas`",
    );
    let why =
        "op 1: the model `read-your-writes` cannot read the argument \"a\" of `write`: it takes an integer";
    no_answer("read-your-writes", json!({ "order": "values" }), "1 a write \"a\"", why);
    check("monotonic-reads", "1 a read\n2 a ok 1", &["unexpected"]);
    check("monotonic-reads", "1 a write 1\n2 a fail\n3 a read\n4 a ok 1", &["unexpected"]);
    check("monotonic-reads", "1 a read\n2 a ok 1\n3 a write 1", &["unexpected"]);
    check("monotonic-reads", "1 a write 1\n2 a info\n3 b read\n4 b ok 1", &[]);
}

#[test]
fn a_long_chain_of_versions_overflows_no_stack() {
    let mut tape = super::support::told("1 a write 0\n2 a ok");
    let mut text = String::new();
    for value in 1..100_000 {
        text += &format!("1 a write {value}\n1 a ok\n1 b read\n1 b ok {value}\n");
    }
    tape.records.extend(super::support::told(&text).records.into_iter().map(|(at, mut op)| {
        op.id.0 += 1;
        (at, op)
    }));
    let found = tape.judged("monotonic-reads", &json!(null));
    assert!(found.violations.is_empty() && found.unknown.is_none());
    assert_eq!(found.exercised, 99_998);
}

/// Registers `x` and `y`, whose reads may give an old value.
struct Registers {
    written: u64,
    values: [Vec<Value>; 2],
    /// Any old value; or only of `x` for every third process, and never an older one than before.
    is_any: bool,
    x_max: u64,
    x_written: u64,
    last: BTreeMap<ProcessId, usize>,
}

impl Registers {
    fn with_any_old_value() -> Self {
        Self {
            written: 0,
            values: [Vec::new(), Vec::new()],
            is_any: true,
            x_max: 5,
            x_written: 0,
            last: BTreeMap::new(),
        }
    }

    /// So often `x` is written.
    fn lagging_in_x(x_max: u64) -> Self {
        Self { is_any: false, x_max, ..Self::with_any_old_value() }
    }
}

fn place(op: &Op) -> usize {
    usize::from(op.key.as_deref() == Some("y"))
}

impl Play for Registers {
    fn invoke(&mut self, process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        let key = Some(if draw.1.is_multiple_of(2) { "x" } else { "y" });
        // All orders of five versions can be tried; who lags behind looks and does not write.
        let may_write = self.written < 5 && (self.is_any || process % 3 < 2);
        let is_often = match (self.is_any, key) {
            (true, _) => draw.2 % 4 < 2,
            // Early, so that others can have read it before they write `y`.
            (false, Some("x")) => self.x_written < self.x_max,
            (false, _) => draw.2 % 4 < 1,
        };
        if may_write && is_often {
            self.x_written += u64::from(key == Some("x"));
            self.written += 1;
            return ("write", key, json!(self.written));
        }
        ("read", key, Value::Null)
    }

    fn effect(&mut self, op: &Op) -> Value {
        let values = &mut self.values[place(op)];
        if &*op.f == "write" {
            values.push(op.value.clone());
        }
        values.last().cloned().unwrap_or_default()
    }

    fn twist(&mut self, op: &Op, result: Value, draw: Move) -> Value {
        let values = &self.values[place(op)];
        if &*op.f == "write" {
            return Value::Null;
        }
        if self.is_any {
            let old = values.get(usize::from(draw.2) % (values.len() + 1)).cloned();
            return if draw.1 < 220 { old.unwrap_or_default() } else { result };
        }
        if place(op) == 1 || op.process.0 % 3 < 2 {
            return result;
        }
        let last = self.last.entry(op.process).or_default();
        if draw.2 < 30 {
            *last += usize::from(draw.1) % (values.len() + 1 - *last);
        }
        last.checked_sub(1).map(|last| values[last].clone()).unwrap_or_default()
    }
}

/// Whether the rest of a key's versions can be put after those in `order` so that of no pair in `said` the
/// second is older.
fn has_order(order: &mut Vec<Value>, rest: &[Value], said: &[(&Value, &Value)]) -> bool {
    if rest.is_empty() {
        let place = |value: &Value| order.iter().position(|other| other == value).unwrap();
        return said.iter().all(|(one, two)| place(one) <= place(two));
    }
    (0..rest.len()).any(|next| {
        let mut rest = rest.to_vec();
        order.push(rest.remove(next));
        let found = has_order(order, &rest, said);
        order.pop();
        found
    })
}

fn version<'t>(span: &Span<'t>) -> &'t Value {
    if span.is("write") { &span.op.value } else { span.output() }
}

/// The pairs of versions of a key of which a guarantee says that the second is not older, by its words.
fn said<'t>(guarantee: &str, spans: &[Span<'t>], key: &str) -> Vec<(&'t Value, &'t Value)> {
    let acts: Vec<&Span<'_>> =
        spans.iter().filter(|span| !span.failed && (span.is("write") || span.ok.is_some())).collect();
    let is_here = |span: &Span<'_>| span.op.key.as_deref() == Some(key);
    let is_earlier =
        |one: &Span<'_>, two: &Span<'_>| one.op.process == two.op.process && one.begin < two.begin;
    let mut said = Vec::new();
    for later in acts.iter().filter(|span| is_here(span)) {
        for earlier in acts.iter().filter(|span| is_here(span) && is_earlier(span, later)) {
            let is_said = match (guarantee, earlier.is("write"), later.is("write")) {
                ("monotonic-reads", false, false) | ("writes-follow-reads", false, true) => true,
                ("monotonic-writes", true, true) => true,
                ("read-your-writes", true, false) => {
                    let is_between = |span: &&&Span<'_>| {
                        is_here(span)
                            && span.is("write")
                            && is_earlier(earlier, span)
                            && is_earlier(span, later)
                    };
                    earlier.ok.is_some() && !acts.iter().any(|span| is_between(&span))
                }
                _ => false,
            };
            said.extend(is_said.then(|| (version(earlier), version(later))));
        }
        let wanted = match guarantee {
            "monotonic-writes" => "write",
            "writes-follow-reads" => "read",
            _ => continue,
        };
        // What the session read before, who wrote that, and what that one did before.
        for seen in acts.iter().filter(|span| span.is("read") && later.is("read") && is_earlier(span, later))
        {
            let wrote = |span: &&&Span<'_>| {
                let is_it = span.is("write") && span.op.key == seen.op.key && version(span) == version(seen);
                is_it && span.op.process != later.op.process
            };
            for write in acts.iter().filter(wrote) {
                let before =
                    acts.iter().filter(|span| span.is(wanted) && is_here(span) && is_earlier(span, write));
                said.extend(before.map(|before| (version(before), version(later))));
            }
        }
    }
    said
}

/// Whether each key's versions have an order that obeys what is known and what the guarantees say.
fn is_kept(guarantees: &[&str], order: &str, spans: &[Span<'_>]) -> bool {
    ["x", "y"].iter().all(|key| {
        let acts = spans.iter().filter(|span| span.op.key.as_deref() == Some(key) && !span.failed);
        let acts: Vec<_> = acts.filter(|span| span.is("write") || span.ok.is_some()).collect();
        let mut versions: Vec<Value> = acts.iter().map(|span| version(span).clone()).collect();
        versions.sort_by_key(|value| value.as_u64());
        versions.dedup();
        versions.retain(|value| !value.is_null());
        let mut said: Vec<_> = guarantees.iter().flat_map(|one| said(one, spans, key)).collect();
        let writes: Vec<_> = acts.iter().filter(|span| span.is("write")).collect();
        for (one, two) in writes.iter().flat_map(|one| writes.iter().map(move |two| (one, two))) {
            let is_known = match order {
                "sessions" => one.op.process == two.op.process && one.begin < two.begin,
                "real-time" => one.end() < two.begin,
                _ => false,
            };
            said.extend(is_known.then(|| (version(one), version(two))));
        }
        has_order(&mut vec![Value::Null], &versions, &said)
    })
}

/// Holds a guarantee against all orders of the versions, with each thing that may be known of them.
fn orders_law(name: &'static str, ops_max: u64, player: fn() -> Registers) {
    law(ops_max, player, |tape| {
        let spans = tape.spans();
        let mut accepts = true;
        for order in ["sessions", "real-time", "none"] {
            let is_named = names(&tape.judged(name, &json!({ "order": order }))).contains(&name);
            let is_alone = matches!(name, "monotonic-reads" | "read-your-writes");
            let is_excused = !is_alone && !is_kept(&["monotonic-reads"], order, &spans);
            let together: &[&str] = if is_alone { &[name] } else { &["monotonic-reads", name] };
            let is_broken = !is_kept(together, order, &spans);
            prop_assert!(is_named == is_broken || is_excused && !is_named, "{order} {:#?}", tape);
            accepts &= !is_named;
        }
        Ok(accepts)
    });
}

#[test]
fn monotonic_reads_is_named_exactly_if_the_versions_have_no_order() {
    orders_law("monotonic-reads", 18, Registers::with_any_old_value);
}

#[test]
fn read_your_writes_is_named_exactly_if_the_versions_have_no_order() {
    orders_law("read-your-writes", 18, Registers::with_any_old_value);
}

#[test]
fn monotonic_writes_is_named_exactly_if_the_versions_have_no_order() {
    orders_law("monotonic-writes", 28, || Registers::lagging_in_x(3));
}

#[test]
fn writes_follow_reads_is_named_exactly_if_the_versions_have_no_order() {
    orders_law("writes-follow-reads", 38, || Registers::lagging_in_x(2));
}

/// What is said of numbered versions, compared pair by pair.
#[test]
fn numbered_versions_are_compared_pair_by_pair() {
    law(15, Registers::with_any_old_value, |tape| {
        let spans = tape.spans();
        let mut accepts = true;
        for name in ["monotonic-reads", "read-your-writes", "monotonic-writes", "writes-follow-reads"] {
            let is_older = |(one, two): &(&Value, &Value)| one.as_u64() > two.as_u64();
            let expected = ["x", "y"].iter().any(|key| said(name, &spans, key).iter().any(is_older));
            let found = names(&tape.judged(name, &json!({ "order": "values" })));
            prop_assert_eq!(!found.is_empty(), expected, "{} {:#?}", name, tape);
            accepts &= !expected;
        }
        Ok(accepts)
    });
}

/// Two registers with one copy of which each write is a new version, and a second copy that lags behind.
struct Lagging {
    bug: Option<&'static str>,
    versions: [Vec<Value>; 2],
    written: u64,
}

impl Lagging {
    fn with(bug: Option<&'static str>) -> Self {
        Self { bug, versions: [Vec::new(), Vec::new()], written: 0 }
    }
}

impl System for Lagging {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        let key = Some(if draws.once_in(2) { "x" } else { "y" });
        if draws.once_in(3) {
            self.written += 1;
            return ("write", key, json!(self.written));
        }
        ("read", key, Value::Null)
    }

    fn perform(&mut self, process: u64, op: &Op, draws: &mut Draws) -> Value {
        let is_at_second = match self.bug {
            Some("monotonic-reads") => draws.once_in(2),
            Some("read-your-writes") => true,
            // A session stays at its copy, of which only `x` lags.
            Some(_) => process % 2 == 1 && place(op) == 0,
            None => false,
        };
        let versions = &mut self.versions[place(op)];
        if &*op.f == "write" {
            versions.push(op.value.clone());
            return Value::Null;
        }
        let there = if is_at_second { versions.len().saturating_sub(3) } else { versions.len() };
        there.checked_sub(1).map(|last| versions[last].clone()).unwrap_or_default()
    }
}

#[test]
fn copies_that_lag_are_named() {
    for name in ["monotonic-reads", "read-your-writes", "monotonic-writes", "writes-follow-reads"] {
        is_named((name, json!({ "order": "real-time" })), Lagging::with, name, &[]);
        is_named((name, json!(null)), Lagging::with, name, &[]);
    }
}
