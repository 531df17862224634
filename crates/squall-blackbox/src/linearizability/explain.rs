//! Why a history is not linearizable, for people and as evidence.

use serde_json::{Value, json};

use super::Model;
use super::prefix::Illegal;
use crate::{Findings, Operation};

/// Operations shown of the order before the one that found no place: the latest ones matter, and
/// a history may have a hundred thousand.
const ORDER_MAX: usize = 64;

/// Operations named as concurrent with it.
const CONCURRENT_MAX: usize = 16;

/// Adds the violation: the first completion up to which the history cannot be explained, and the
/// longest legal order of what can.
pub(super) fn illegal<M: Model>(model: &M, illegal: &Illegal<'_, M>, findings: &mut Findings) {
    let Illegal { object, stuck, operations, calls, values, order, is_shortest } = illegal;
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
        prefix: { "until": completed.at, "events": completed.place + 1, "operations": begun },
        "longest-order": shown,
        "longest-order-omitted": omitted,
        "state-after-it": model.show(&state, &legal, values),
        "concurrent": concurrent.iter().map(|other| other.evidence()).collect::<Vec<_>>(),
    });
    let violation =
        findings.violated(completed.at, message).anomaly("not-linearizable").op(stuck.id).evidence(evidence);
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

/// A result on one line: `nothing`, or JSON of at most 60 characters.
fn short(value: &Value) -> String {
    if value.is_null() {
        return "nothing".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
