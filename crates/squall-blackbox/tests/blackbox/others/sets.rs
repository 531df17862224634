//! `set` and `set-full`.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::Op;

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Span, Tape, check, finds, names, no_answer, told};

#[test]
fn an_acknowledged_element_that_the_last_read_lacks_is_lost() {
    let text = "1 a add 1\n2 a ok\n3 b read\n4 b ok []";
    let findings = check("set", text, &["lost"]);
    let message = "the last `read` lacks the element 1, whose `add` was acknowledged before";
    assert_eq!(findings.violations[0].message, message);
    check("set-full", text, &["lost"]);
    // Acknowledged while the read ran, or not at all, or seen earlier only.
    for near in [
        "1 a add 1\n2 b read\n3 a ok\n4 b ok []",
        "1 a add 1\n2 a info\n3 b read\n4 b ok []",
        "1 a add 1\n2 a fail\n3 b read\n4 b ok []",
        "1 a add 1\n2 a ok\n3 b read\n4 b ok [1]",
        "1 a add:x 1\n2 a ok\n3 b read:y\n4 b ok []",
    ] {
        check("set", near, &[]);
        check("set-full", near, &[]);
    }
}

#[test]
fn what_was_read_before_anybody_added_it_is_unexpected() {
    for text in [
        "3 b read\n4 b ok [1]",
        "1 a add 1\n2 a fail\n3 b read\n4 b ok [1]",
        "3 b read\n4 b ok [1]\n5 a add 1\n6 a ok",
        "1 a add \"1\"\n2 a info\n3 b read\n4 b ok [1]",
    ] {
        check("set", text, &["unexpected"]);
        check("set-full", text, &["unexpected"]);
    }
    for near in ["3 b read\n4 a add 1\n5 b ok [1]", "1 a add 1\n2 a info\n3 b read\n4 b ok [1]"] {
        check("set", near, &[]);
        check("set-full", near, &[]);
    }
}

#[test]
fn an_element_twice_in_one_read_is_duplicated() {
    let text = "1 a add 1\n2 a ok\n3 b read\n4 b ok [1,1]";
    check("set", text, &["duplicated"]);
    check("set-full", text, &["duplicated"]);
    let near = "1 a add 1\n2 a ok\n3 a add 1\n4 a ok\n5 b read\n6 b ok [1]\n7 b read\n8 b ok [1]";
    check("set", near, &[]);
    check("set-full", near, &[]);
}

#[test]
fn an_element_that_comes_back_was_stale() {
    let text = "1 a add 1\n2 a ok\n10 b read\n11 b ok []\n12 b read\n13 b ok [1]";
    let findings = check("set-full", text, &["stale"]);
    let evidence = &findings.violations[0].evidence["examples"][0];
    assert_eq!(evidence["window"]["latency"], json!("8ms"));
    assert_eq!(evidence["lacking"]["op"], 2);
    check("set", text, &[]);
    // A read makes known too.
    let seen = "1 a add 1\n2 b read\n3 b ok [1]\n4 b read\n5 b ok []\n6 b read\n7 b ok [1]\n8 a ok";
    check("set-full", seen, &["stale"]);
    // The read was under way when the element became known.
    let near = "1 a add 1\n2 b read\n3 c read\n4 b ok [1]\n5 c ok []\n6 a ok\n7 b read\n8 b ok [1]";
    check("set-full", near, &[]);
}

#[test]
fn elements_may_be_given_time() {
    let text = "1 a add 1\n2 a ok\n10 b read\n11 b ok []\n12 b read\n13 b ok [1]";
    finds("set-full", json!({ "visible-within": "8ms" }), text, &["stale"]);
    let findings = finds("set-full", json!({ "visible-within": "9ms" }), text, &[]);
    assert_eq!(findings.summary["stable-latency"]["1"], json!("8ms"));
    let findings = finds("set-full", json!({ "visible-within": "eventually" }), text, &[]);
    assert_eq!(findings.summary["elements"]["stable"], 1);
    let lost = "1 a add 1\n2 a ok\n10 b read\n11 b ok [1]\n12 b read\n13 b ok []";
    finds("set-full", json!({ "visible-within": "eventually" }), lost, &["lost"]);
    // Not overdue, and never seen afterwards.
    finds("set-full", json!({ "visible-within": "1s" }), lost, &[]);
}

#[test]
fn a_loss_is_told_with_its_window() {
    let text = "1 a add 1\n2 a ok\n3 b read\n4 b ok []\n5 b read\n6 b ok [1]\n7 b read\n8 b ok []\n9 b read\n10 b ok []";
    let findings = check("set-full", text, &["lost"]);
    let window = &findings.violations[0].evidence["examples"][0]["window"];
    let expected = json!({
        "known": 2_000_000, "first-lacking": 7_000_000, "last-lacking": 9_000_000, "last-seen": 5_000_000,
        "latency": "7ms",
    });
    assert_eq!(window, &expected);
}

#[test]
fn thousands_of_losses_are_one_finding() {
    let mut text = String::new();
    for n in 0..100 {
        text += &format!("{} a add {n}\n{} a ok\n", 2 * n, 2 * n + 1);
    }
    text += "300 a read\n301 a ok [7]";
    let findings = check("set", &text, &["lost"]);
    let finding = &findings.violations[0];
    assert_eq!((finding.evidence["count"].as_u64(), finding.ops.len()), (Some(99), 17));
    assert!(finding.message.ends_with("(and 98 more like it)"), "{}", finding.message);
    assert_eq!(findings.summary["elements"]["lost"], 99);
}

#[test]
fn what_is_no_set_has_no_answer() {
    let null = "1 a read\n2 a ok";
    let why =
        "op 1: the model `set-full` cannot read the result null of `read`: it gives an array of elements";
    no_answer("set-full", json!(null), null, why);
    no_answer("set", json!(null), "1 a remove 1", "op 1: the model `set` knows no operation `remove`");
    let text = told("1 a add 1\n2 a ok\n3 b read\n4 b ok []");
    for (steps, bytes, what) in [(1, 1 << 20, "steps"), (1_000, 40, "memory")] {
        let budget = squall_blackbox::Budget { steps, bytes, ..Default::default() };
        let findings = text.judged_within(budget, "set-full", &json!(null));
        assert_eq!(findings.unknown, Some(format!("{what} ran out")));
        assert!(findings.violations.is_empty());
    }
}

/// Adds of three elements, reads of the real set of which a twist now and then takes or gives one.
struct Sets {
    real: Vec<Value>,
    /// Of 256 reads so many are twisted.
    twists: u8,
}

impl Sets {
    fn twisted(twists: u8) -> Self {
        Self { real: Vec::new(), twists }
    }
}

impl Play for Sets {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        match draw.1 % 5 {
            element @ 0..3 => ("add", None, json!(element)),
            _ => ("read", None, Value::Null),
        }
    }

    fn effect(&mut self, op: &Op) -> Value {
        if &*op.f == "add" {
            if !self.real.contains(&op.value) {
                self.real.push(op.value.clone());
            }
            return Value::Null;
        }
        json!(self.real)
    }

    fn twist(&mut self, op: &Op, result: Value, draw: Move) -> Value {
        let Some(elements) = result.as_array().filter(|_| &*op.f == "read" && draw.1 < self.twists) else {
            return result;
        };
        let mut elements = elements.clone();
        match draw.1 % 4 {
            0 => elements.push(json!(draw.2 % 3)),
            1 | 2 => _ = elements.pop(),
            _ => elements.reverse(),
        }
        json!(elements)
    }
}

fn has(read: &Span<'_>, element: &Value) -> bool {
    read.output().as_array().unwrap().contains(element)
}

fn is_a_set(read: &Span<'_>) -> bool {
    let elements = read.output().as_array().unwrap();
    elements.iter().enumerate().all(|(place, element)| !elements[..place].contains(element))
}

/// Whether some moment between two records is one at which the element can have come: all operations
/// that it had to precede end after it, and all that it had to follow begin before it.
fn has_a_moment(element: &Value, spans: &[Span<'_>], records: usize) -> bool {
    let adds = || spans.iter().filter(|span| span.is("add") && span.op.value == *element && !span.failed);
    let reads = || spans.iter().filter(|span| span.is("read") && span.ok.is_some());
    let fits = |moment: usize| {
        // The moment before the record of that number; the last one is never.
        let never = moment > records;
        (never || adds().any(|add| add.begin < moment))
            && adds().all(|add| add.ok.is_none() || (!never && moment <= add.end()))
            && reads().all(|read| match has(read, element) {
                true => !never && moment <= read.end(),
                false => never || read.begin < moment,
            })
    };
    (0..=records + 1).any(fits)
}

#[test]
fn each_element_has_a_moment_at_which_it_came_exactly_if_set_full_accepts() {
    law(
        9,
        || Sets::twisted(80),
        |tape| {
            let spans = tape.spans();
            let read_sets = spans.iter().filter(|span| span.is("read") && span.ok.is_some()).all(is_a_set);
            let elements = [0, 1, 2].map(|element| json!(element));
            let expected =
                read_sets && elements.iter().all(|one| has_a_moment(one, &spans, tape.records.len()));
            let findings = tape.judged("set-full", &json!(null));
            prop_assert_eq!(findings.violations.is_empty(), expected, "{:#?}", tape);
            prop_assert_eq!(findings.unknown, None);
            Ok(expected)
        },
    );
}

/// The definition of `set`, word by word.
fn anomalies_of_the_last_read(tape: &Tape) -> Vec<&'static str> {
    let spans = tape.spans();
    let Some(last) = spans.iter().rfind(|span| span.is("read") && span.ok.is_some()) else {
        return Vec::new();
    };
    let adds: Vec<_> = spans.iter().filter(|span| span.is("add")).collect();
    let lost = adds.iter().any(|add| add.end() < last.begin && !has(last, &add.op.value));
    let may_be = |element: &Value| {
        adds.iter().any(|add| !add.failed && add.op.value == *element && add.begin < last.end())
    };
    let unexpected = !last.output().as_array().unwrap().iter().all(may_be);
    let all = [(lost, "lost"), (unexpected, "unexpected"), (!is_a_set(last), "duplicated")];
    all.into_iter().filter_map(|(is_so, name)| is_so.then_some(name)).collect()
}

#[test]
fn set_finds_in_the_last_read_what_its_definition_says() {
    law(
        9,
        || Sets::twisted(240),
        |tape| {
            let expected = anomalies_of_the_last_read(tape);
            let findings = tape.judged("set", &json!(null));
            prop_assert_eq!(names(&findings), expected.clone(), "{:#?}", tape);
            Ok(expected.is_empty())
        },
    );
}

/// A set of several clients; each bug is named like what it does.
struct FaultySet {
    bug: Option<&'static str>,
    elements: Vec<u64>,
    added: u64,
    reads: u64,
}

impl FaultySet {
    fn with(bug: Option<&'static str>) -> Self {
        Self { bug, elements: Vec::new(), added: 0, reads: 0 }
    }
}

impl System for FaultySet {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        if draws.once_in(3) {
            return ("read", None, Value::Null);
        }
        self.added += 1;
        ("add", None, json!(self.added))
    }

    fn perform(&mut self, _process: u64, op: &Op, draws: &mut Draws) -> Value {
        if &*op.f == "add" {
            if self.bug != Some("lost") || !draws.once_in(10) {
                self.elements.push(op.value.as_u64().unwrap());
            }
            return Value::Null;
        }
        self.reads += 1;
        let mut elements = self.elements.clone();
        match self.bug {
            Some("stale") if self.reads.is_multiple_of(4) => {
                elements.truncate(elements.len().saturating_sub(8))
            }
            Some("unexpected") => elements.push(1_000_000),
            Some("duplicated") => elements.extend(self.elements.first()),
            _ => {}
        }
        json!(elements)
    }

    fn last(&mut self) -> Option<(&'static str, Option<&'static str>, Value)> {
        // The last read is a good one, else what is stale would look lost.
        self.reads = 0;
        Some(("read", None, Value::Null))
    }
}

#[test]
fn faulty_sets_are_named() {
    for bug in ["lost", "stale", "unexpected", "duplicated"] {
        is_named(("set-full", json!(null)), FaultySet::with, bug, &[]);
    }
    for bug in ["lost", "unexpected", "duplicated"] {
        is_named(("set", json!(null)), FaultySet::with, bug, &[]);
    }
}
