//! What judging a recording came to, as text.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_check::blackbox::{Completion, Moment, Operation};
use squall_check::{Status, Verdict, Violation};
use squall_history::{OpId, Phase, ProcessId, SimTime};
use squall_report::{Judged, JudgedEnding, JudgedTimes, Style, judged_json, judged_text};

/// The `k`-th operation, which takes some nanoseconds.
fn operation<'a>(k: u64, took: u64, input: &'a Value, end: Option<(Phase, &'a Value)>) -> Operation<'a> {
    let at = 1_000_000_000 * k;
    let moment = |at, place: u64| Moment { at: SimTime(at), place: usize::try_from(place).unwrap() };
    Operation {
        id: OpId(k),
        process: ProcessId(k % 3),
        node: None,
        f: "add",
        key: Some("x"),
        input,
        invoked: moment(at, 2 * k),
        completed: end.map(|(phase, value)| Completion {
            moment: moment(at + took, 2 * k + 1),
            phase,
            value,
        }),
    }
}

fn verdict(violations: Vec<Violation>) -> Verdict {
    let status = if violations.is_empty() { Status::Pass } else { Status::Fail };
    Verdict {
        status,
        violations,
        exercised: BTreeMap::from([("set".to_owned(), 3)]),
        not_applicable: BTreeMap::new(),
        unknown: BTreeMap::new(),
        conditions: BTreeMap::new(),
    }
}

fn judged<'a>(operations: &'a [Operation<'a>], verdict: &'a Verdict, ending: JudgedEnding) -> Judged<'a> {
    const NOTHING: &BTreeMap<&str, Value> = &BTreeMap::new();
    Judged {
        file: "h.edn",
        format: "jepsen",
        by: "set",
        promise: Some("no element is lost"),
        operations,
        line: &|place| Some(place as u64 + 1),
        timing: JudgedTimes::Recorded,
        verdict,
        measured: NOTHING,
        ending,
    }
}

#[test]
fn operations_and_evidence_in_short() {
    let (one, null, long) = (json!(1), Value::Null, json!("a\u{1b}[31m".repeat(40)));
    let operations = [
        operation(1, 500, &one, Some((Phase::Ok, &null))),
        operation(2, 2_000, &long, Some((Phase::Info, &long))),
        operation(3, 1_000_000, &one, Some((Phase::Fail, &null))),
        operation(4, 0, &null, None),
    ];
    let evidence = json!({
        "cycle": ["op 1 reads what op 2 wrote", "op 2 overwrites what op 1 read"],
        "diagram": "a → b\nb → a",
        "examples": [{ "add": operations[0].evidence(), "element": 1, "read": operations[3].evidence() }],
        "lacks": operations[2].evidence(),
        "nothing": null,
        "count": 1,
    });
    let violation = Violation {
        oracle: "set".to_owned(),
        at: SimTime(3_001_000_000),
        nodes: Vec::new(),
        ops: [4, 2, 1, 3].map(OpId).to_vec(),
        message: "the element 1 is lost".to_owned(),
        anomaly: Some("lost".to_owned()),
        evidence,
    };
    let verdict = verdict(vec![violation]);
    let judged = judged(&operations, &verdict, JudgedEnding::Violated);
    insta::assert_snapshot!(judged_text(&judged, Style::Plain));
    // Without times, only places are left.
    let places = Judged { timing: JudgedTimes::Places, ..judged };
    let text = judged_text(&places, Style::Plain);
    assert!(!text.contains("invoked") && !text.contains("t=3.001s"), "{text}");
    let told = judged_json(&places);
    assert_eq!(told["verdict"]["violations"][0]["operations"][1]["line"], 5);
    assert_eq!(told["verdict"]["violations"][0]["operations"][3]["end"], Value::Null);
}

#[test]
fn many_violations_are_counted() {
    let (one, null) = (json!(1), Value::Null);
    let operations: Vec<Operation<'_>> =
        (0..30).map(|k| operation(k, 5_000_000, &one, Some((Phase::Ok, &null)))).collect();
    let violation = |k: u64| Violation {
        oracle: "set".to_owned(),
        at: SimTime(k),
        nodes: Vec::new(),
        ops: (0..30).map(OpId).collect(),
        message: format!("violation {k}"),
        anomaly: None,
        evidence: json!({ "lines": (0..30).map(|k| format!("line {k}")).collect::<Vec<_>>() }),
    };
    let verdict = verdict((0..12).map(violation).collect());
    let text = judged_text(&judged(&operations, &verdict, JudgedEnding::Violated), Style::Plain);
    assert_eq!(text.matches("VIOLATED").count(), 10);
    assert!(text.contains("and 2 more violations; --message-format json has all"), "{text}");
    assert!(text.contains("and 10 more operations") && text.contains("and 11 more lines"), "{text}");
    assert!(text.ends_with("violated: 12 violations\n"), "{text}");
}

#[test]
fn what_was_measured_and_why_there_is_no_answer() {
    let operations = [];
    let mut verdict = verdict(Vec::new());
    verdict.unknown.insert("set".to_owned(), "memory ran out".to_owned());
    verdict.not_applicable.insert("other".to_owned(), "no\nread".to_owned());
    let measured = BTreeMap::from([("elements", json!({ "lost": 2, "stale": 0 })), ("total", json!(7))]);
    let judged = Judged { measured: &measured, ..judged(&operations, &verdict, JudgedEnding::Unknown) };
    insta::assert_snapshot!(judged_text(&judged, Style::Plain));
}
