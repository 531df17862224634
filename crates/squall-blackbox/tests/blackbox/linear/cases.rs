//! The smallest violations of each model, and beside each the nearest history that is legal.
//!
//! A history is short text: `1 write 5` invokes (process, `f`, argument), `1 ok 5`, `1 fail`, `1 info`
//! complete; steps are separated by `;`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_blackbox::linearizability::Linearizable;
use squall_blackbox::linearizability::models::RegisterModel;
use squall_blackbox::{Analysis, Budget, Event, Finding, Findings, catalogue, operations};
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

fn events(text: &str) -> Vec<Op> {
    let mut in_flight: BTreeMap<u64, Op> = BTreeMap::new();
    let mut next = 0;
    let step = |step: &str| {
        let mut words = step.trim().splitn(3, ' ');
        let process: u64 = words.next().unwrap().parse().unwrap();
        let word = words.next().unwrap();
        let value: Value = words.next().map_or(Value::Null, |value| serde_json::from_str(value).unwrap());
        let phase = match word {
            "ok" => Phase::Ok,
            "fail" => Phase::Fail,
            "info" => Phase::Info,
            _ => Phase::Invoke,
        };
        if phase != Phase::Invoke {
            return Op { phase, value, ..in_flight.remove(&process).unwrap() };
        }
        next += 1;
        let (id, process, f) = (OpId(next), ProcessId(process), word.into());
        let op = Op { id, process, phase, f, key: None, value };
        in_flight.insert(process.0, op.clone());
        op
    };
    text.split(';').map(step).collect()
}

fn judged(checker: &dyn Analysis, text: &str, mut budget: Budget) -> Findings {
    let events = events(text);
    let event = |(at, op)| Event { at: SimTime(at), node: None, op };
    let mut findings = Findings::default();
    checker.analyse(&operations((0..).zip(&events).map(event)).unwrap(), &mut budget, &mut findings);
    findings
}

/// What the analysis of this name says: whether it is legal, or why there is no answer.
fn says(name: &str, text: &str) -> Result<bool, String> {
    let entry = catalogue().iter().find(|entry| entry.name == name).unwrap();
    let findings = judged(&*entry.build(&Value::Null).unwrap(), text, Budget::default());
    match findings.unknown {
        Some(why) => Err(why),
        None => Ok(findings.violations.is_empty()),
    }
}

#[track_caller]
fn legal(name: &str, text: &str) {
    assert_eq!(says(name, text), Ok(true));
}

#[track_caller]
fn illegal(name: &str, text: &str) {
    assert_eq!(says(name, text), Ok(false));
}

#[test]
fn multi_register() {
    let seen = |x: &str, y: &str| {
        format!(
            r#"1 txn [["w","x",1],["w","y",1]];1 ok;2 txn [["r","x",null],["r","y",null]];2 ok [["r","x",{x}],["r","y",{y}]]"#
        )
    };
    legal("multi-register", &seen("1", "1"));
    illegal("multi-register", &seen("1", "null"));
    // Beside the write: all of it or nothing.
    let beside = |x: &str, y: &str| {
        format!(
            r#"1 txn [["w","x",1],["w","y",1]];2 txn [["r","x",null],["r","y",null]];2 ok [["r","x",{x}],["r","y",{y}]];1 ok"#
        )
    };
    legal("multi-register", &beside("1", "1"));
    legal("multi-register", &beside("null", "null"));
    illegal("multi-register", &beside("null", "1"));
    // A transaction reads what it wrote, and what it read before.
    legal(
        "multi-register",
        r#"1 txn [["r","x",null],["w","x",1],["r","x",null]];1 ok [["r","x",null],["w","x",1],["r","x",1]]"#,
    );
    illegal(
        "multi-register",
        r#"1 txn [["r","x",null],["w","x",1],["r","x",null]];1 ok [["r","x",1],["w","x",1],["r","x",1]]"#,
    );
}

#[test]
fn set() {
    legal("linear-set", "1 add 1;1 ok;1 add 2;1 ok;1 read;1 ok [2,1]");
    illegal("linear-set", "1 add 1;1 ok;1 add 2;1 ok;1 read;1 ok [2]");
    illegal("linear-set", "1 add 1;1 ok;1 read;1 ok [1,1]");
    legal("linear-set", "1 add 1;1 ok true;1 add 1;1 ok false;1 remove 1;1 ok true;1 contains 1;1 ok false");
    illegal("linear-set", "1 add 1;1 ok true;1 add 1;1 ok true");
    illegal("linear-set", "1 add 1;1 ok;1 remove 1;1 ok;1 contains 1;1 ok true");
    legal("linear-set", "1 add 1;1 fail;1 contains 1;1 ok false");
    illegal("linear-set", "1 add 1;1 fail;1 contains 1;1 ok true");
}

#[test]
fn queues() {
    for queue in ["linear-queue", "linear-fifo-queue"] {
        legal(queue, "1 enqueue 1;1 ok;1 dequeue;1 ok 1;1 dequeue;1 ok null");
        // Lost, given twice, made up.
        illegal(queue, "1 enqueue 1;1 ok;1 dequeue;1 ok null");
        illegal(queue, "1 enqueue 1;1 ok;1 dequeue;1 ok 1;1 dequeue;1 ok 1");
        illegal(queue, "1 enqueue 1;1 ok;1 dequeue;1 ok 2");
        // An unknown dequeue took it, or an unknown enqueue gave it.
        legal(queue, "1 enqueue 1;1 ok;2 dequeue;2 info;1 dequeue;1 ok null");
        legal(queue, "1 enqueue 1;1 info;2 dequeue;2 ok 1");
        illegal(queue, "1 enqueue 1;1 ok;1 enqueue 2;1 ok;2 dequeue;2 info;1 dequeue;1 ok null");
    }
    let order = "1 enqueue 1;1 ok;1 enqueue 2;1 ok;1 dequeue;1 ok 2";
    legal("linear-queue", order);
    illegal("linear-fifo-queue", order);
    legal("linear-fifo-queue", "1 enqueue 1;2 enqueue 2;1 ok;2 ok;1 dequeue;1 ok 2;1 dequeue;1 ok 1");
    // What was found empty holds nothing that was given before.
    illegal(
        "linear-queue",
        "1 enqueue 1;1 ok;2 dequeue;2 info;1 dequeue;1 ok null;1 enqueue 2;1 ok;1 dequeue;1 ok 1",
    );
}

#[test]
fn counter() {
    legal("linear-counter", "1 add 2;2 add -3;1 ok;1 read;1 ok 2;2 ok;1 read;1 ok -1");
    illegal("linear-counter", "1 add 2;2 add -3;1 ok;1 read;1 ok -3;2 ok");
    legal("linear-counter", "1 add-and-get 2;2 add-and-get 2;1 ok 4;2 ok 2");
    illegal("linear-counter", "1 add-and-get 2;2 add-and-get 2;1 ok 2;2 ok 2");
}

#[test]
fn lock() {
    legal("lock", "1 acquire;1 ok 1;2 acquire;2 ok false;1 release;1 ok;2 acquire;2 ok 2");
    // Two holders, a refusal without a reason, a token that does not grow, a release by another.
    illegal("lock", "1 acquire;1 ok;2 acquire;2 ok");
    illegal("lock", "1 acquire;1 ok false");
    illegal("lock", "1 acquire;1 ok 2;1 release;1 ok;2 acquire;2 ok 2");
    illegal("lock", "1 acquire;1 ok;2 release;2 ok");
    legal("lock", "1 acquire;1 ok;2 release;2 ok false");
    // The owner is whom the operation names, whoever asks.
    legal("lock", r#"1 acquire "a";1 ok;2 release "a";2 ok"#);
    illegal("lock", r#"1 acquire "a";1 ok;1 release "b";1 ok"#);
    // An unknown release may have freed it.
    legal("lock", "1 acquire;1 ok;1 release;1 info;2 acquire;2 ok");
}

#[test]
fn unique_ids() {
    legal("linear-unique-ids", "1 generate;1 ok 7;2 generate;2 ok 8");
    illegal("linear-unique-ids", "1 generate;1 ok 7;2 generate;2 ok 7");
    legal("linear-unique-ids", "1 generate;1 ok 7;2 generate;2 info");
}

#[test]
fn what_a_model_cannot_read_has_no_answer() {
    for (name, text) in [
        ("register", "1 scan;1 ok"),
        ("multi-register", "1 txn [[\"x\",1,2]];1 ok"),
        ("linear-set", "1 read;1 ok 5"),
        ("linear-queue", "1 enqueue;1 ok"),
        ("linear-fifo-queue", "1 peek;1 ok"),
        ("linear-counter", "1 add \"x\";1 ok"),
        ("lock", "1 acquire;1 ok \"x\""),
        ("linear-unique-ids", "1 read;1 ok 5"),
    ] {
        let why = says(name, text).unwrap_err();
        assert!(why.starts_with("op 1: the model `"), "{why}");
    }
}

/// A violation of a register whose values are all different, judged with enough steps to compare zones
/// but none to search.
fn by_zones(text: &str) -> Option<Finding> {
    let steps = text.split(';').filter(|step| !step.contains(" ok")).count() as u64;
    let budget = Budget { steps, ..Budget::default() };
    let findings = judged(&Linearizable::new(RegisterModel), text, budget);
    assert_eq!(findings.unknown, None);
    let searched = judged(&Linearizable::new(RegisterModel).always_searching(), text, Budget::default());
    assert_eq!(findings.violations.is_empty(), searched.violations.is_empty());
    findings.violations.into_iter().next()
}

#[test]
fn zones_say_which_values_contradict_each_other() {
    let why = |text: &str| by_zones(text).map(|finding| finding.message);
    let because = |why: &str| Some(format!("the operations have no legal order: {why}"));
    assert_eq!(why("1 read;1 ok 5"), because("5 was read but never written"));
    assert_eq!(why("1 read;1 ok 5;2 write 5;2 ok"), because("5 was read before its write began"));
    assert_eq!(why("1 read;2 write 5;2 ok;1 ok 5"), None);
    let twice = |last: &str| format!("1 write 5;1 ok;2 write 6;2 ok;1 read;1 ok 5;1 read;1 ok {last}");
    assert_eq!(why(&twice("6")), because("both 5 and 6 must have been there at one moment"));
    assert_eq!(why(&twice("5")), because("6 was written and read while 5 must have been there all the time"));
    assert_eq!(why("1 write 5;1 ok;2 write 6;1 read;1 ok 5;1 read;1 ok 6;2 ok"), None);
    // The value of the beginning is one too.
    assert_eq!(
        why("1 write 5;1 ok;1 read;1 ok null"),
        because("5 was written and read while null must have been there all the time")
    );
    let finding = by_zones(&twice("6")).unwrap();
    assert_eq!(finding.anomaly, Some("not-linearizable"));
    assert_eq!(finding.ops, [OpId(1), OpId(2), OpId(3), OpId(4)]);
    assert_eq!(finding.evidence["clusters"]["values"], json!([5, 6]));
}

#[test]
fn a_write_without_an_answer_may_come_late_or_never() {
    assert_eq!(by_zones("1 write 5;1 info;2 write 6;2 ok;2 read;2 ok 5;2 read;2 ok 5"), None);
    assert!(by_zones("1 write 5;1 info;2 write 6;2 ok;2 read;2 ok 5;2 read;2 ok 6").is_some());
    assert_eq!(by_zones("1 write 5;1 info;2 write 6;2 ok;2 read;2 ok 6;2 read;2 ok 5"), None);
}

#[test]
fn a_violation_has_its_shortest_prefix_and_its_longest_order() {
    let text = "1 write 1;1 ok;2 write 2;1 read;1 ok 2;2 ok;1 read;1 ok 1;1 read;1 ok 2";
    let findings = judged(&Linearizable::new(RegisterModel), text, Budget::default());
    let evidence = &findings.violations[0].evidence;
    let prefix = json!({ "until": 7, "events": 8, "operations": 4 });
    assert_eq!(evidence["shortest-illegal-prefix"], prefix);
    let order: Vec<u64> =
        evidence["longest-order"].as_array().unwrap().iter().map(|op| op["op"].as_u64().unwrap()).collect();
    assert_eq!(order, [1, 2, 3]);
    assert_eq!(evidence["state-after-it"], 2);
    assert_eq!(evidence["cannot-place"]["op"], 4);
    assert_eq!(evidence["clusters"]["why"], "both 1 and 2 must have been there at one moment");
}

#[test]
fn a_prefix_does_not_know_what_is_returned_behind_it() {
    // The second swap returns late that it failed. Until then the read of 3 is explained by it.
    let text = "1 write 1;1 ok;2 cas [1,3];1 read;1 ok 3;2 ok false";
    let findings = judged(&Linearizable::new(RegisterModel), text, Budget::default());
    let violation = &findings.violations[0];
    assert_eq!(violation.evidence["shortest-illegal-prefix"]["events"], 6);
    assert_eq!(violation.evidence["cannot-place"]["f"], "cas");
    assert_eq!(violation.ops[0], OpId(2));
    // Of what failed in the end it is known from the start.
    let text = "1 write 1;1 ok;2 write 3;1 read;1 ok 3;2 fail;1 read;1 ok 1";
    let findings = judged(&Linearizable::new(RegisterModel), text, Budget::default());
    assert_eq!(findings.violations[0].evidence["shortest-illegal-prefix"]["events"], 5);
}

#[test]
fn what_is_hidden_before_a_write_was_invoked_before_it() {
    // The swap of 5 came after the write of 6, so the unknown write of 5 cannot hide before that. That
    // there is another swap, which could, changes nothing.
    let swaps = |first: &str, second: &str| {
        format!("1 write 5;3 cas [9,9];{first}2 write 6;2 ok;{second}4 ok true;2 read;2 ok 6")
    };
    legal("register", &swaps("4 cas [5,7];", ""));
    illegal("register", &swaps("", "4 cas [5,7];"));
}
