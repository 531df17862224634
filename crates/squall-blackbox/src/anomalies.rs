//! Anomalies of one analysis, gathered by name: a system that lost ten thousand elements gets one
//! finding that counts them and shows the earliest.

use serde_json::{Value, json};
use squall_history::{OpId, SimTime};

use crate::{Findings, Operation};

/// Examples kept of each anomaly.
const EXAMPLES_MAX: usize = 16;

/// Entries of an array or object that evidence still shows.
const ENTRIES_MAX: usize = 16;

/// What was found so far.
#[derive(Debug)]
pub(crate) struct Anomalies {
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    name: &'static str,
    count: u64,
    /// The earliest, in order of time; among equal ones, in the order found.
    examples: Vec<(SimTime, Example)>,
}

/// One occurrence.
#[derive(Debug)]
pub(crate) struct Example {
    message: String,
    ops: Vec<OpId>,
    nodes: Vec<squall_history::NodeName>,
    evidence: Value,
}

impl Anomalies {
    /// None yet, of these names. They are reported in this order.
    pub(crate) fn new(names: &[&'static str]) -> Self {
        let kind = |&name| Kind { name, count: 0, examples: Vec::new() };
        Self { kinds: names.iter().map(kind).collect() }
    }

    /// One more, proved at `at`. `example` is only called if it is among the earliest.
    pub(crate) fn found(&mut self, name: &'static str, at: SimTime, example: impl FnOnce() -> Example) {
        let kind = self.kinds.iter_mut().find(|kind| kind.name == name);
        let kind = kind.expect("every anomaly is named when the collection is made");
        kind.count += 1;
        let place = kind.examples.partition_point(|&(other, _)| other <= at);
        if place < EXAMPLES_MAX {
            kind.examples.insert(place, (at, example()));
            kind.examples.truncate(EXAMPLES_MAX);
        }
    }

    /// How many there are of that name.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.kinds.iter().find(|kind| kind.name == name).map_or(0, |kind| kind.count)
    }

    /// A finding for each name of which there are any.
    pub(crate) fn report(self, findings: &mut Findings) {
        for Kind { name, count, examples } in self.kinds {
            let Some((at, first)) = examples.first() else { continue };
            let more = match count {
                1 => String::new(),
                _ => format!(" (and {} more like it)", count - 1),
            };
            let finding = findings.violated(*at, format!("{}{more}", first.message)).anomaly(name);
            let mut ops: Vec<OpId> = examples.iter().flat_map(|(_, one)| one.ops.iter().copied()).collect();
            ops.sort_unstable();
            ops.dedup();
            finding.ops = ops;
            let mut nodes: Vec<_> = examples.iter().flat_map(|(_, one)| one.nodes.iter().cloned()).collect();
            nodes.sort_unstable();
            nodes.dedup();
            finding.nodes = nodes;
            let shown: Vec<Value> = examples.into_iter().map(|(at, one)| one.into_value(at)).collect();
            finding.evidence(json!({ "count": count, "examples": shown }));
        }
    }
}

impl Example {
    /// Told by one sentence, lower case, no full stop.
    pub(crate) fn new(message: String) -> Self {
        Self { message, ops: Vec::new(), nodes: Vec::new(), evidence: json!({}) }
    }

    /// Proved by this operation, whose role is `role`.
    pub(crate) fn op(mut self, role: &'static str, op: &Operation<'_>) -> Self {
        self.ops.push(op.id);
        self.nodes.extend(op.node.cloned());
        self.with(role, witness(op))
    }

    /// Concerns this operation too, which its evidence tells of otherwise.
    pub(crate) fn also(mut self, op: &Operation<'_>) -> Self {
        self.ops.push(op.id);
        self.nodes.extend(op.node.cloned());
        self
    }

    /// With this in its evidence.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.evidence[name] = value.into();
        self
    }

    fn into_value(self, at: SimTime) -> Value {
        let Self { message, mut evidence, .. } = self;
        evidence["message"] = message.into();
        evidence["at"] = json!(at);
        evidence
    }
}

/// A value on one line: `nothing`, or JSON of at most 60 characters.
pub(crate) fn shown(value: &Value) -> String {
    if value.is_null() {
        return "nothing".to_owned();
    }
    if entries(value) > ENTRIES_MAX {
        return format!("{} entries", entries(value));
    }
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// ` of key `x``, or nothing where there are no keys.
pub(crate) fn of_key(key: Option<&str>) -> String {
    key.map_or(String::new(), |key| format!(" of key `{key}`"))
}

/// The operation as evidence. A result of a hundred thousand elements is only counted.
fn witness(op: &Operation<'_>) -> Value {
    let small = |value: &Value| match entries(value) {
        count if count > ENTRIES_MAX => json!({ "entries": count }),
        _ => value.clone(),
    };
    json!({
        "op": op.id,
        "process": op.process,
        "node": op.node,
        "f": op.f,
        "key": op.key,
        "input": small(op.input),
        "output": op.ok().map(|(_, output)| small(output)),
        "invoked": op.invoked.at,
        "completed": op.completed.map(|end| end.moment.at),
        "phase": op.completed.map(|end| end.phase),
    })
}

fn entries(value: &Value) -> usize {
    match value {
        Value::Array(all) => all.len(),
        Value::Object(all) => all.len(),
        _ => 0,
    }
}
