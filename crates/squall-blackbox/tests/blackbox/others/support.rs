//! Histories as short text, and what an analysis of the catalogue says of them.
//!
//! One record a line: `MILLISECONDS CLIENT WHAT [VALUE]`. `5 a add:x 1` invokes `add` on key `x` with
//! argument 1 (`add 1` without a key; a value is JSON), `9 a ok [1, 2]`, `fail`, `info` completes the
//! client's latest operation. After `info` the client goes on under a new process.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_blackbox::{Budget, Event, Findings, catalogue, operations};
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

/// Client operations as they were recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub(crate) records: Vec<(SimTime, Op)>,
}

impl Tape {
    /// What the analysis of that name says, with these options.
    pub(crate) fn judged(&self, name: &str, options: &Value) -> Findings {
        self.judged_within(Budget::default(), name, options)
    }

    pub(crate) fn judged_within(&self, mut budget: Budget, name: &str, options: &Value) -> Findings {
        let entry = catalogue().iter().find(|entry| entry.name == name).unwrap();
        let events = self.records.iter().map(|(at, op)| Event { at: *at, node: None, op });
        let operations = operations(events).unwrap();
        let mut findings = Findings::default();
        entry.build(options).unwrap().analyse(&operations, &mut budget, &mut findings);
        findings
    }

    /// The completion of an operation, if it was this.
    pub(crate) fn completion(&self, id: OpId, phase: Phase) -> Option<(usize, &Value)> {
        let is_it = |(_, op): &&(SimTime, Op)| op.id == id && op.phase == phase;
        let place = self.records.iter().position(|record| is_it(&record))?;
        Some((place, &self.records[place].1.value))
    }

    /// The operations as an independent definition reads them.
    pub(crate) fn spans(&self) -> Vec<Span<'_>> {
        let invoked = self.records.iter().enumerate().filter(|(_, (_, op))| op.phase == Phase::Invoke);
        let span = |(begin, (_, op)): (usize, &'_ (SimTime, Op))| Span {
            op: &self.records[begin].1,
            begin,
            ok: self.completion(op.id, Phase::Ok),
            failed: self.completion(op.id, Phase::Fail).is_some(),
        };
        invoked.map(span).collect()
    }
}

/// An operation by the places of its records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'t> {
    pub(crate) op: &'t Op,
    pub(crate) begin: usize,
    pub(crate) ok: Option<(usize, &'t Value)>,
    pub(crate) failed: bool,
}

impl<'t> Span<'t> {
    pub(crate) fn is(&self, f: &str) -> bool {
        &*self.op.f == f
    }

    /// When it was acknowledged; never: after all else.
    pub(crate) fn end(&self) -> usize {
        self.ok.map_or(usize::MAX, |(end, _)| end)
    }

    pub(crate) fn output(&self) -> &'t Value {
        self.ok.unwrap().1
    }
}

/// The history that `text` tells.
pub(crate) fn told(text: &str) -> Tape {
    let (mut tape, mut processes) = (Tape::default(), 0);
    // Each client's process, and its operation in flight.
    let mut clients: BTreeMap<&str, (ProcessId, Option<Op>)> = BTreeMap::new();
    let mut ops = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let at = SimTime(words[0].parse::<u64>().unwrap() * 1_000_000);
        let (client, word) = (words[1], words[2]);
        let value = words.get(3).map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        let (process, in_flight) = clients.entry(client).or_insert_with(|| {
            processes += 1;
            (ProcessId(processes), None)
        });
        let phase = match word {
            "ok" => Phase::Ok,
            "fail" => Phase::Fail,
            "info" => Phase::Info,
            _ => Phase::Invoke,
        };
        let op = match phase {
            Phase::Invoke => {
                ops += 1;
                let (f, key) = word.split_once(':').map_or((word, None), |(f, key)| (f, Some(key.into())));
                let op = Op { id: OpId(ops), process: *process, phase, f: f.into(), key, value };
                *in_flight = Some(op.clone());
                op
            }
            _ => Op { phase, value, ..in_flight.take().unwrap() },
        };
        if phase == Phase::Info {
            clients.remove(client);
        }
        tape.records.push((at, op));
    }
    tape
}

/// The names of what was found.
pub(crate) fn names(findings: &Findings) -> Vec<&'static str> {
    findings.violations.iter().map(|finding| finding.anomaly.unwrap()).collect()
}

/// Asserts that an analysis finds exactly these anomalies in a history, and says nothing is unknown.
#[track_caller]
pub(crate) fn finds(name: &str, options: Value, text: &str, expected: &[&str]) -> Findings {
    let findings = told(text).judged(name, &options);
    assert_eq!(findings.unknown, None);
    assert_eq!(names(&findings), expected, "{:#?}", findings.violations);
    for finding in &findings.violations {
        assert!(!finding.ops.is_empty() && finding.evidence["count"].as_u64().unwrap() > 0, "{finding:#?}");
        assert!(finding.message.starts_with(|c: char| !c.is_uppercase()) && !finding.message.ends_with('.'));
    }
    findings
}

/// The same without options.
#[track_caller]
pub(crate) fn check(name: &str, text: &str, expected: &[&str]) -> Findings {
    finds(name, json!(null), text, expected)
}

/// Asserts that there is no answer, for this reason.
#[track_caller]
pub(crate) fn no_answer(name: &str, options: Value, text: &str, why: &str) {
    let findings = told(text).judged(name, &options);
    assert!(findings.violations.is_empty(), "{:#?}", findings.violations);
    assert_eq!(findings.unknown.as_deref(), Some(why));
}
