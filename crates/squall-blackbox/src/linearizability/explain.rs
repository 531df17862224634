//! Why a history is not linearizable, for people and as evidence.

use serde_json::{Value, json};

use super::Model;
use super::prefix::{Illegal, Unexplained};
use super::zones::Conflict;
use super::{RegisterCall, Values};
use crate::{Findings, Operation};

/// Operations shown of the order before the one that found no place: the latest ones matter, and
/// a history may have a hundred thousand.
const ORDER_MAX: usize = 64;

/// Operations named as concurrent with it.
const CONCURRENT_MAX: usize = 16;

/// What the field calls it.
const ANOMALY: &str = "not-linearizable";

/// Adds the violation: the first completion up to which the history cannot be explained, and the
/// longest legal order of what can.
pub(super) fn illegal<M: Model>(model: &M, illegal: &Illegal<'_, M>, findings: &mut Findings) {
    let Illegal { object, stuck, operations, calls, values, order, conflict, is_shortest } = illegal;
    let (completed, output) = stuck.ok().expect("only a completion stops the search");
    let omitted = order.len().saturating_sub(ORDER_MAX);
    let shown: Vec<Value> = order[omitted..].iter().map(|&op| operations[op].evidence()).collect();
    let beside = |other: &&Operation<'_>| other.id != stuck.id && other.overlaps(stuck);
    let concurrent: Vec<&Operation<'_>> = operations.iter().filter(beside).take(CONCURRENT_MAX).collect();
    let key = object.key.map_or(String::new(), |key| format!(" of key `{key}`"));
    let message = format!(
        "`{}`{key} by {} returned {}, which fits no legal order of the operations",
        stuck.f,
        stuck.node.map_or_else(|| format!("process {}", stuck.process.0), ToString::to_string),
        short(output)
    );
    let legal: Vec<&M::Call> = order.iter().map(|&op| &calls[op]).collect();
    let step = |state: M::State, call: &&M::Call| model.step(&state, call);
    let state = legal.iter().try_fold(model.init(), step);
    let state = state.expect("the search went along this order");
    let begun = operations.iter().filter(|other| other.invoked.place < completed.place).count();
    let prefix = if *is_shortest { "shortest-illegal-prefix" } else { "illegal-prefix" };
    let evidence = json!({
        "model": model.name(),
        "key": object.key,
        "result": object.result,
        "cannot-place": stuck.evidence(),
        "clusters": conflict.map(|conflict| clusters(conflict, values)),
        prefix: { "until": completed.at, "events": completed.place + 1, "operations": begun },
        "longest-order": shown,
        "longest-order-omitted": omitted,
        "state-after-it": model.show(&state, &legal, values),
        "concurrent": concurrent.iter().map(|other| other.evidence()).collect::<Vec<_>>(),
    });
    let violation = findings.violated(completed.at, message).anomaly(ANOMALY).op(stuck.id).evidence(evidence);
    if let Some(node) = stuck.node {
        violation.node(node);
    }
    // The last of the order is what the result contradicts, where nothing is concurrent.
    let last = order.last().map(|&op| operations[op].id);
    let mut named: Vec<_> = concurrent.iter().map(|other| other.id).chain(last).collect();
    named.sort_unstable();
    named.dedup();
    for op in named {
        violation.op(op);
    }
}

/// Adds the violation where the budget did not suffice for the search: the values that contradict
/// each other, and the operations that name them.
pub(super) fn contradictory<M: Model>(
    all: &[Operation<'_>],
    model: &M,
    found: &Unexplained<'_, M>,
    findings: &mut Findings,
) {
    let Unexplained { object, calls, values, conflict } = found;
    let named = conflict.values();
    let names = |call: &M::Call| match model.register(call) {
        Some(RegisterCall::Read(Some(value)) | RegisterCall::Write(value)) => named.contains(&Some(value)),
        _ => false,
    };
    let operations = object.members.iter().map(|&member| &all[member as usize]).zip(calls);
    let concerned: Vec<&Operation<'_>> =
        operations.filter(|(_, call)| names(call)).map(|(op, _)| op).collect();
    let last = concerned.iter().filter_map(|op| op.ok()).map(|(moment, _)| moment.at).max();
    let at = last.expect("a contradiction is of operations that completed");
    let key = object.key.map_or(String::new(), |key| format!(" of key `{key}`"));
    let clusters = clusters(*conflict, values);
    let message =
        format!("the operations{key} have no legal order: {}", clusters["why"].as_str().unwrap_or_default());
    let shown = &concerned[..concerned.len().min(CONCURRENT_MAX)];
    let evidence = json!({
        "model": model.name(),
        "key": object.key,
        "clusters": clusters,
        "operations": shown.iter().map(|op| op.evidence()).collect::<Vec<_>>(),
    });
    let violation = findings.violated(at, message).anomaly(ANOMALY).evidence(evidence);
    for op in shown {
        violation.op(op.id);
    }
}

/// What the zones of a register showed.
fn clusters(conflict: Conflict, values: &Values<'_>) -> Value {
    let named = conflict.values().map(|value| value.map(|value| values.value(value)));
    let text = |which: usize| named[which].map_or(String::new(), short_value);
    let (first, second) = (text(0), text(1));
    let why = match conflict {
        Conflict::NeverWritten(_) => format!("{first} was read but never written"),
        Conflict::ReadBeforeWrite(_) => format!("{first} was read before its write began"),
        Conflict::BothAtOnce(..) => format!("both {first} and {second} must have been there at one moment"),
        Conflict::Within(..) => {
            format!("{first} was written and read while {second} must have been there all the time")
        }
    };
    json!({ "values": named.into_iter().flatten().collect::<Vec<_>>(), "why": why })
}

/// A result on one line.
fn short(value: &Value) -> String {
    if value.is_null() { "nothing".to_owned() } else { short_value(value) }
}

/// JSON of at most 60 characters.
fn short_value(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
