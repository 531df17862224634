//! `set`: the last read has all that was acknowledged before it, and nothing else.

use serde_json::{Value, json};

use super::members::Members;
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, answer};
use crate::entry::none;
use crate::keys::objects;
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "set",
    meaning: "the last read of each set has every element acknowledged before it, once, and no other",
    options: "",
    build: |options| none(options).map(|()| Box::new(SetAtEnd) as _),
};

/// The last read of each set (by its invocation) has what was acknowledged before it began.
///
/// | anomaly | what it is |
/// |---|---|
/// | `lost` | an element whose `add` was acknowledged before the last read began is not in it |
/// | `unexpected` | an element in it was never added, could not be added, or was only added afterwards |
/// | `duplicated` | an element is in it more than once |
///
/// Exercised once for each element that must be in the last read. The summary counts elements, among
/// them `recovered` ones, which are there though their `add` was not acknowledged. Unlike Jepsen's
/// `set`, an element acknowledged while the last read ran may be absent, and a failed one may not be there.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetAtEnd;

#[derive(Default)]
struct Counts {
    attempted: u64,
    acknowledged: u64,
    recovered: u64,
}

impl Analysis for SetAtEnd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&["lost", "unexpected", "duplicated"]);
            let mut counts = Counts::default();
            for object in objects(operations, budget)? {
                let bytes = budget.bytes;
                let members = Members::of(ENTRY.name, &object, budget)?;
                last_read(members, &mut counts, (&mut anomalies, budget), findings)?;
                budget.bytes = bytes;
            }
            let Counts { attempted, acknowledged, recovered } = counts;
            let elements = json!({
                "attempted": attempted,
                "acknowledged": acknowledged,
                "lost": anomalies.count("lost"),
                "recovered": recovered,
            });
            findings.measured("elements", elements);
            anomalies.report(findings);
            Ok(())
        });
    }
}

fn last_read(
    mut members: Members<'_, '_>,
    counts: &mut Counts,
    (anomalies, budget): (&mut Anomalies, &mut Budget),
    findings: &mut Findings,
) -> Result<(), NoAnswer> {
    let mut seen = Vec::new();
    let last = members.reads.last().copied();
    if last.is_some() {
        members.read(ENTRY.name, members.reads.len() - 1, &mut seen, (anomalies, budget))?;
    }
    let mut is_seen = vec![false; members.elements.len()];
    seen.iter().for_each(|&id| is_seen[id as usize] = true);
    for (id, element) in members.elements.iter().enumerate() {
        counts.attempted += u64::from(element.added.is_some() || element.failed.is_some());
        counts.recovered +=
            u64::from(is_seen[id] && element.added.is_some() && element.acknowledged.is_none());
        let Some(add) = element.acknowledged else { continue };
        counts.acknowledged += 1;
        let (acknowledged, _) = add.ok().expect("it is acknowledged");
        let Some(read) = last.filter(|read| acknowledged.place < read.invoked.place) else { continue };
        findings.exercised();
        if !is_seen[id] {
            let (completed, _) = read.ok().expect("only reads with a result are kept");
            anomalies.found("lost", completed.at, || lost(members.key, members.value(id), add, read));
        }
    }
    Ok(())
}

fn lost(key: Option<&str>, value: &Value, add: &Operation<'_>, read: &Operation<'_>) -> Example {
    let (of, element) = (of_key(key), shown(value));
    let message =
        format!("the last `read`{of} lacks the element {element}, whose `add` was acknowledged before");
    Example::new(message).op("add", add).op("read", read).with("element", value.clone())
}
