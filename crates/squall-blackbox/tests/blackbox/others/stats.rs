//! `stats` and `unique-ids`.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::Op;

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{check, finds, names, no_answer};

#[test]
fn a_kind_that_never_succeeded_is_named() {
    let text = "1 a read\n2 a ok 1\n3 a write 1\n4 a fail\n5 a write 2\n6 a info\n7 b cas [1,2]";
    let findings = check("stats", text, &["never-succeeded"]);
    let finding = &findings.violations[0];
    assert_eq!(finding.message, "`write` was tried 2 times and never succeeded (and 1 more like it)");
    assert_eq!(findings.exercised, 3);
    let write = json!({ "ok": 0, "fail": 1, "info": 1, "open": 0 });
    assert_eq!(findings.summary["operations"]["write"], write);
    finds("stats", json!({ "except": ["write", "cas"] }), text, &[]);
    check("stats", "1 a read\n2 a fail\n3 a read\n4 a ok 1", &[]);
}

#[test]
fn options_are_read_strictly() {
    let entry = |name| squall_blackbox::catalogue().iter().find(|entry| entry.name == name).unwrap();
    assert!(entry("stats").build(&json!({ "expect": [] })).is_err());
    assert!(entry("set-full").build(&json!({ "visible-within": "soon" })).is_err());
    assert!(entry("counter").build(&json!({ "total": 1 })).is_err());
    assert!(entry("counter").build(&json!({})).is_ok());
}

#[test]
fn an_id_handed_out_twice_is_duplicated() {
    let text = "1 a generate\n2 a ok \"x\"\n3 b generate\n4 b ok \"x\"";
    let findings = check("unique-ids", text, &["duplicated"]);
    assert_eq!(findings.violations[0].message, "`generate` handed out \"x\" again");
    assert_eq!(findings.summary["ids"], json!({ "handed-out": 2, "distinct": 1 }));
    check("unique-ids", "1 a generate\n2 a ok 1\n3 b generate\n4 b ok \"1\"", &[]);
    check("unique-ids", "1 a generate\n2 a ok 1\n3 b generate\n4 b info 1\n5 c read\n6 c ok 1", &[]);
    finds(
        "unique-ids",
        json!({ "f": "read" }),
        "1 a read\n2 a ok [1]\n3 a read\n4 a ok [1]",
        &["duplicated"],
    );
    let budget = squall_blackbox::Budget { steps: 1, ..Default::default() };
    let findings = super::support::told(text).judged_within(budget, "unique-ids", &json!(null));
    assert_eq!(findings.unknown.as_deref(), Some("steps ran out"));
    no_answer("counter", json!(null), text, "op 1: the model `counter` knows no operation `generate`");
}

struct Ids;

impl Play for Ids {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        (if draw.1.is_multiple_of(8) { "read" } else { "generate" }, None, Value::Null)
    }

    fn effect(&mut self, _op: &Op) -> Value {
        Value::Null
    }

    fn twist(&mut self, _op: &Op, _result: Value, draw: Move) -> Value {
        json!(draw.1 % 16)
    }
}

#[test]
fn stats_and_unique_ids_find_what_their_definitions_say() {
    law(
        7,
        || Ids,
        |tape| {
            let spans = tape.spans();
            let ids: Vec<_> = spans.iter().filter(|span| span.is("generate") && span.ok.is_some()).collect();
            let is_unique =
                ids.iter().all(|one| ids.iter().filter(|two| two.output() == one.output()).count() == 1);
            prop_assert_eq!(tape.judged("unique-ids", &json!(null)).violations.is_empty(), is_unique);
            let is_tried = |f: &str| spans.iter().any(|span| span.is(f));
            let works = |f: &str| spans.iter().any(|span| span.is(f) && span.ok.is_some());
            let never = ["read", "generate"].iter().any(|f| is_tried(f) && !works(f));
            prop_assert_eq!(!names(&tape.judged("stats", &json!(null))).is_empty(), never);
            Ok(is_unique)
        },
    );
}

struct Generator {
    bug: Option<&'static str>,
    last: u64,
}

impl System for Generator {
    fn next(&mut self, _process: u64, _draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        ("generate", None, Value::Null)
    }

    fn perform(&mut self, _process: u64, _op: &Op, draws: &mut Draws) -> Value {
        if self.bug.is_none() || !draws.once_in(20) {
            self.last += 1;
        }
        json!(self.last)
    }
}

#[test]
fn a_generator_that_forgets_is_named() {
    is_named(("unique-ids", json!(null)), |bug| Generator { bug, last: 0 }, "duplicated", &[]);
}
