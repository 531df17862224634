//! `log`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::{Op, ProcessId};

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Span, Tape, check, names, no_answer};

/// Three messages at offsets 0, 1 and 2.
const THREE: &str = "1 a send 10\n2 a ok 0\n3 a send 11\n4 a ok 1\n5 a send 12\n6 a ok 2\n";

#[test]
fn a_message_that_nobody_polled_is_lost_once_somebody_is_past_it() {
    let text = format!("{THREE}7 b poll\n8 b ok [[0, 10], [2, 12]]");
    let findings = check("log", &text, &["lost"]);
    let message = "the message 11 was acknowledged at offset 1, and nobody ever polled it";
    assert_eq!(findings.violations[0].message, message);
    check("log", &format!("{THREE}7 b poll\n8 b ok [[0, 10]]\n9 b poll\n10 b ok [[2, 12]]"), &["lost"]);
    // Nobody went past it; not acknowledged; another consumer, or the same one assigned anew.
    check("log", &format!("{THREE}7 b poll\n8 b ok [[0, 10]]"), &[]);
    check("log", &format!("{THREE}7 b poll\n8 b ok [[2, 12]]"), &[]);
    check("log", &text.replace("4 a ok 1\n5 a", "4 a info\n5 a"), &[]);
    check("log", &format!("{THREE}7 b poll\n8 b ok [[0, 10]]\n9 c poll\n10 c ok [[2, 12]]"), &[]);
    let anew = "7 b poll\n8 b ok [[0, 10]]\n8 b assign\n8 b ok\n9 b poll\n10 b ok [[2, 12]]";
    check("log", &format!("{THREE}{anew}"), &[]);
    // Offsets may have gaps, and partitions are apart.
    check("log", "1 a send 10\n2 a ok 0\n3 a send 11\n4 a ok 5\n5 b poll\n6 b ok [[0, 10], [5, 11]]", &[]);
    check("log", &text.replace("send 11", "send:p 11"), &[]);
}

#[test]
fn every_lost_message_is_counted_once() {
    let text = format!(
        "{THREE}6 a send 13\n6 a ok 3\n6 a send 14\n6 a ok 4\n\
         7 b poll\n8 b ok [[0, 10], [2, 12]]\n7 c poll\n8 c ok [[0, 10], [4, 14]]"
    );
    let findings = check("log", &text, &["lost", "poll-skip"]);
    assert_eq!(findings.violations[0].evidence["count"], 2);
}

#[test]
fn a_consumer_that_skips_what_others_polled_is_named() {
    let text = format!("{THREE}7 b poll\n8 b ok [[0, 10], [2, 12]]\n9 c poll\n10 c ok [[1, 11]]");
    let findings = check("log", &text, &["poll-skip"]);
    assert_eq!(findings.violations[0].message, "process 2 polled offset 0 and then offset 2");
    assert_eq!(findings.violations[0].evidence["examples"][0]["skipped"], 1);
    check("log", &text.replace("[[0, 10], [2, 12]]", "[[0, 10], [1, 11], [2, 12]]"), &[]);
}

#[test]
fn offsets_that_go_back_are_named() {
    let back = format!("{THREE}7 b poll\n8 b ok [[0, 10], [1, 11], [0, 10]]");
    let findings = check("log", &back, &["nonmonotonic-poll"]);
    assert_eq!(findings.violations[0].message, "process 2 polled offset 1 and then offset 0");
    check("log", &back.replace(", [0, 10]]", "]\n9 b subscribe\n9 b ok\n9 b poll\n9 b ok [[0, 10]]"), &[]);
    let sent = "1 a send 10\n2 a ok 1\n3 a send 11\n4 a ok [0, 11]";
    let findings = check("log", sent, &["nonmonotonic-send"]);
    assert_eq!(findings.violations[0].message, "process 1 sent to offset 1 and then to offset 0");
    check("log", &sent.replace("3 a", "3 b").replace("4 a", "4 b"), &[]);
}

#[test]
fn an_offset_holds_one_message_and_a_message_has_one_offset() {
    let two = "1 a send 10\n2 a ok 0\n3 b send 11\n4 b ok 0";
    let findings = check("log", two, &["inconsistent-offset"]);
    assert_eq!(findings.violations[0].message, "offset 0 was told to hold 10, and 11");
    check("log", &two.replace("send 11", "send:p 11"), &[]);
    let twice = "1 a send 10\n2 a ok 0\n3 b poll\n4 b ok [[0, 10], [1, 10]]";
    let findings = check("log", twice, &["duplicated"]);
    assert_eq!(findings.violations[0].message, "the message 10 is at offset 0 and at offset 1");
    check("log", &format!("{twice}\n5 c send 10\n6 c info"), &[]);
}

#[test]
fn a_polled_message_was_sent() {
    check("log", "1 b poll\n2 b ok [[0, 10]]", &["unexpected"]);
    check("log", "1 a send 10\n2 a fail\n3 b poll\n4 b ok [[0, 10]]", &["unexpected"]);
    check("log", "3 b poll\n4 b ok [[0, 10]]\n5 a send 10\n6 a ok 0", &["unexpected"]);
    check("log", "1 a send:p 10\n2 a info\n3 b poll\n4 b ok {\"p\": [[0, 10]], \"q\": []}", &[]);
    check("log", "1 a send:p 10\n2 a info\n3 b poll\n4 b ok {\"q\": [[0, 10]]}", &["unexpected"]);
    let why = "op 1: the model `log` cannot read the result 1 of `poll`: \
               it gives `[offset, message]` for each message, by partition";
    no_answer("log", json!(null), "1 a poll\n2 a ok 1", why);
    no_answer("log", json!(null), "1 a seek 1", "op 1: the model `log` knows no operation `seek`");
}

#[test]
fn jepsen_writes_steps() {
    let text = r#"1 a send [["send", 0, 10]]
        2 a ok [["send", 0, [0, 10]]]
        3 a txn [["send", 0, 11], ["poll"]]
        4 a ok [["send", 0, [1, 11]], ["poll", {"0": [[0, 10]]}]]
        5 a send [["send", 0, 12]]
        6 a ok [["send", 0, [2, 12]]]
        7 b poll [["poll"]]
        8 b ok [["poll", {"0": [[0, 10], [2, 12]]}]]"#;
    check("log", text, &["lost"]);
    check("log", &text.replace("[0, 10], [2", "[0, 10], [1, 11], [2"), &[]);
    // An offset that nobody was told, and a send that failed.
    check("log", &text.replace("[1, 11]]", "[null, 11]]"), &[]);
    let failed = "1 a send [[\"send\", 0, 10]]\n2 a fail\n3 b poll [[\"poll\"]]\n";
    check("log", &format!("{failed}4 b ok [[\"poll\", {{\"0\": [[0, 10]]}}]]"), &["unexpected"]);
}

/// A log, consumers who skip and go back, producers who are told wrong offsets.
#[derive(Default)]
struct Logs {
    messages: Vec<Value>,
    sent: u64,
    positions: BTreeMap<ProcessId, usize>,
}

impl Play for Logs {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        match draw.1 % 10 {
            0..5 => {
                self.sent += 1;
                ("send", None, json!(self.sent))
            }
            9 => ("assign", None, Value::Null),
            _ => ("poll", None, Value::Null),
        }
    }

    fn effect(&mut self, op: &Op) -> Value {
        match &*op.f {
            "send" => {
                self.messages.push(op.value.clone());
                json!(self.messages.len() - 1)
            }
            "poll" => {
                let position = self.positions.entry(op.process).or_default();
                let list =
                    (*position..self.messages.len()).map(|offset| json!([offset, self.messages[offset]]));
                let list: Vec<_> = list.collect();
                *position = self.messages.len();
                json!(list)
            }
            _ => {
                self.positions.remove(&op.process);
                Value::Null
            }
        }
    }

    fn twist(&mut self, op: &Op, result: Value, draw: Move) -> Value {
        match (&*op.f, result, draw.1) {
            ("send", _, 0..12) => json!(draw.2 % 4),
            ("poll", Value::Array(mut all), 0..60) if all.len() > 1 => {
                match draw.1 % 4 {
                    0 => all.reverse(),
                    1 => all.push(all[0].clone()),
                    2 => all[0][1] = json!(draw.2 % 8),
                    _ => _ = all.remove(all.len() / 2),
                }
                json!(all)
            }
            (_, result, _) => result,
        }
    }
}

/// A message told to be at an offset.
type Told<'s, 't> = (i64, Value, &'s Span<'t>);

/// All that the words of the table say, pair by pair.
fn by_definition(tape: &Tape) -> BTreeSet<&'static str> {
    let spans = tape.spans();
    let is_told = |f: &'static str| spans.iter().filter(move |span| span.is(f) && span.ok.is_some());
    let sent: Vec<Told<'_, '_>> =
        is_told("send").map(|span| (span.output().as_i64().unwrap(), span.op.value.clone(), span)).collect();
    let pairs = |span| {
        let pair = move |pair: &Value| (pair[0].as_i64().unwrap(), pair[1].clone(), span);
        Span::output(span).as_array().unwrap().iter().map(pair).collect::<Vec<_>>()
    };
    let polled: Vec<Told<'_, '_>> = is_told("poll").flat_map(pairs).collect();
    let all: Vec<_> = sent.iter().chain(&polled).collect();
    let mut found = BTreeSet::new();
    let sends = |message: &Value| {
        let message = message.clone();
        spans.iter().filter(move |span| span.is("send") && !span.failed && span.op.value == message)
    };
    for (offset, message, span) in &all {
        let is_other = all.iter().any(|(at, other, _)| at == offset && other != message);
        found.extend(is_other.then_some("inconsistent-offset"));
        let at: BTreeSet<_> =
            all.iter().filter(|(_, other, _)| other == message).map(|(at, ..)| at).collect();
        let count = sends(message).count();
        found.extend((count > 0 && at.len() > count).then_some("duplicated"));
        let is_sent = sends(message).any(|send| send.begin < span.end());
        found.extend((!is_sent).then_some("unexpected"));
    }
    for (one, _, first) in &sent {
        let is_later = |span: &Span<'_>| span.op.process == first.op.process && span.begin > first.begin;
        let is_back = sent.iter().any(|(two, _, span)| is_later(span) && two < one);
        found.extend(is_back.then_some("nonmonotonic-send"));
    }
    let is_anew = |one: &Span<'_>, two: &Span<'_>| {
        let between = |span: &Span<'_>| one.begin < span.begin && span.begin < two.begin;
        let is_own = |span: &Span<'_>| span.op.process == two.op.process;
        spans.iter().any(|span| span.is("assign") && is_own(span) && between(span))
    };
    for (place, (to, _, later)) in polled.iter().enumerate() {
        let earlier = polled[..place].iter().rfind(|(.., span)| span.op.process == later.op.process);
        let Some((from, ..)) = earlier.filter(|(.., span)| !is_anew(span, later)) else { continue };
        found.extend((to <= from).then_some("nonmonotonic-poll"));
        for (offset, ..) in all.iter().filter(|(offset, ..)| from < offset && offset < to) {
            let is_read = polled.iter().any(|(at, ..)| at == offset);
            found.insert(if is_read { "poll-skip" } else { "lost" });
        }
    }
    found
}

#[test]
fn log_finds_what_its_definition_says() {
    law(14, Logs::default, |tape| {
        let expected = by_definition(tape);
        let found: BTreeSet<_> = names(&tape.judged("log", &json!(null))).into_iter().collect();
        prop_assert_eq!(&found, &expected, "{:#?}", tape);
        Ok(expected.is_empty())
    });
}

struct FaultyLog {
    bug: Option<&'static str>,
    messages: BTreeMap<i64, Value>,
    sent: u64,
    last: i64,
    positions: BTreeMap<u64, i64>,
}

impl FaultyLog {
    fn with(bug: Option<&'static str>) -> Self {
        Self { bug, messages: BTreeMap::new(), sent: 0, last: 0, positions: BTreeMap::new() }
    }
}

impl System for FaultyLog {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        self.sent += 1;
        match draws.below(5) {
            0..2 => ("send", Some("p"), json!(self.sent)),
            2 if draws.once_in(4) => ("assign", None, Value::Null),
            _ => ("poll", None, Value::Null),
        }
    }

    fn perform(&mut self, process: u64, op: &Op, draws: &mut Draws) -> Value {
        let bug = self.bug.filter(|_| draws.once_in(6));
        match &*op.f {
            "send" => {
                self.last += 1;
                let offset = match bug {
                    Some("inconsistent-offset") => self.last - 1,
                    Some("nonmonotonic-send") => -self.last,
                    _ => self.last,
                };
                if bug != Some("lost") {
                    self.messages.entry(offset).or_insert(op.value.clone());
                }
                if bug == Some("duplicated") {
                    self.last += 1;
                    self.messages.insert(self.last, op.value.clone());
                }
                json!(offset)
            }
            "poll" => {
                let position = self.positions.entry(process).or_insert(i64::MIN);
                let mut list: Vec<(i64, Value)> = self
                    .messages
                    .range(*position..)
                    .take(4)
                    .map(|(at, value)| (*at, value.clone()))
                    .collect();
                *position = list.last().map_or(*position, |last| last.0 + 1);
                match bug {
                    Some("poll-skip") if list.len() > 2 => _ = list.remove(1),
                    Some("nonmonotonic-poll") if !list.is_empty() => *position -= 1,
                    Some("unexpected") => list.push((*position, json!(1_000_000))),
                    _ => {}
                }
                json!({ "p": list })
            }
            _ => {
                self.positions.remove(&process);
                Value::Null
            }
        }
    }
}

#[test]
fn faulty_logs_are_named() {
    let all: [(&'static str, &[&str]); 7] = [
        ("inconsistent-offset", &["lost"]),
        ("duplicated", &[]),
        ("unexpected", &["inconsistent-offset", "nonmonotonic-poll"]),
        ("lost", &[]),
        ("poll-skip", &["lost"]),
        ("nonmonotonic-poll", &[]),
        // A message far behind the consumers is one that they are past when they begin anew.
        ("nonmonotonic-send", &["lost", "poll-skip"]),
    ];
    for (bug, allowed) in all {
        is_named(("log", json!(null)), FaultyLog::with, bug, allowed);
    }
}
