//! Histories of transactions as short text.
//!
//! One transaction a line: `WHO PHASE MICRO, MICRO…`, as in `0 ok append x 1, r y [1,2]`. `WHO` is a process
//! number; with `0@3-5` it is invoked at 3 and completes at 5. Without times all are invoked before any
//! completes. `PHASE` is `ok`, `fail`, `info`, or `open` for one that never completes. A key is a word, a
//! value is JSON without spaces; a read whose value is left out did not return.

use serde_json::{Value, json};
use squall_blackbox::{Analysis, Budget, Completion, Findings, Moment, Operation};
use squall_history::{OpId, Phase, ProcessId, SimTime};

pub(crate) struct Row {
    pub(crate) process: u64,
    pub(crate) invoked: usize,
    pub(crate) completed: Option<(usize, Phase)>,
    pub(crate) input: Value,
    pub(crate) output: Value,
}

/// Transactions in order of invocation.
#[derive(Default)]
pub(crate) struct Txns {
    pub(crate) rows: Vec<Row>,
}

impl Txns {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut rows: Vec<Row> = lines.enumerate().map(|(place, line)| row(place, line)).collect();
        rows.sort_by_key(|row| row.invoked);
        Self { rows }
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        (1..).zip(&self.rows).map(|(id, row)| row.operation(id)).collect()
    }

    /// What an analysis has to say with a great budget.
    pub(crate) fn judged(&self, analysis: &(impl Analysis + ?Sized)) -> Findings {
        let mut findings = Findings::default();
        let mut budget = Budget { steps: 1 << 40, bytes: 1 << 40, ..Budget::default() };
        analysis.analyse(&self.operations(), &mut budget, &mut findings);
        findings
    }

    /// The anomalies found, each once, in the order of report.
    pub(crate) fn anomalies(&self, analysis: &(impl Analysis + ?Sized)) -> Vec<&'static str> {
        anomalies(&self.judged(analysis))
    }
}

impl Row {
    fn operation(&self, id: u64) -> Operation<'_> {
        let moment = |place: usize| Moment { at: SimTime(place as u64 * 1_000_000), place };
        let completion = |(place, phase)| Completion { moment: moment(place), phase, value: &self.output };
        Operation {
            id: OpId(id),
            process: ProcessId(self.process),
            node: None,
            f: "txn",
            key: None,
            input: &self.input,
            invoked: moment(self.invoked),
            completed: self.completed.map(completion),
        }
    }
}

/// The smallest history with an anomaly, and one nearby.
pub(crate) struct Case {
    pub(crate) anomaly: &'static str,
    pub(crate) history: &'static str,
    /// What else is in it, and must be.
    pub(crate) besides: &'static [&'static str],
    /// With no anomaly at all.
    pub(crate) near_miss: &'static str,
}

/// Judges each case and its near miss.
pub(crate) fn all_as_expected(cases: &[Case], analysis: &(impl Analysis + ?Sized)) {
    let mut wrong = Vec::new();
    for Case { anomaly, history, besides, near_miss } in cases {
        let mut found = Txns::parse(history).anomalies(analysis);
        let mut expected = [&[*anomaly], *besides].concat();
        found.sort_unstable();
        expected.sort_unstable();
        if found != expected {
            wrong.push(format!("{anomaly}: {found:?} in\n{history}"));
        }
        let found = Txns::parse(near_miss).anomalies(analysis);
        if !found.is_empty() {
            wrong.push(format!("near {anomaly}: {found:?} in\n{near_miss}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The names of the anomalies found, each once.
pub(crate) fn anomalies(findings: &Findings) -> Vec<&'static str> {
    assert_eq!(findings.unknown, None);
    let mut names: Vec<_> = findings.violations.iter().map(|finding| finding.anomaly.unwrap()).collect();
    names.dedup();
    names
}

fn row(place: usize, line: &str) -> Row {
    let (who, rest) = line.split_once(' ').unwrap();
    let (phase, micros) = rest.trim().split_once(' ').unwrap();
    let (process, times) = who.split_once('@').map_or((who, None), |(who, times)| (who, Some(times)));
    let (invoked, end) = match times {
        Some(times) => {
            let (from, to) = times.split_once('-').unwrap();
            (from.parse().unwrap(), to.parse().unwrap_or(usize::MAX))
        }
        None => (place, 1_000 + place),
    };
    let phase = match phase {
        "ok" => Some(Phase::Ok),
        "fail" => Some(Phase::Fail),
        "info" => Some(Phase::Info),
        "open" => None,
        other => panic!("there is no phase {other}"),
    };
    let micros: Vec<Vec<&str>> = micros.split(", ").map(|micro| micro.split_whitespace().collect()).collect();
    let value = |text: Option<&&str>| text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    let asked = micros.iter().map(|micro| match micro[0] {
        "r" => json!(["r", micro[1], null]),
        write => json!([write, micro[1], value(micro.get(2))]),
    });
    let done = micros.iter().map(|micro| json!([micro[0], micro[1], value(micro.get(2))]));
    Row {
        process: process.parse().unwrap(),
        invoked,
        completed: phase.map(|phase| (end, phase)),
        input: asked.collect(),
        output: if phase == Some(Phase::Ok) { done.collect() } else { json!("timeout") },
    }
}
