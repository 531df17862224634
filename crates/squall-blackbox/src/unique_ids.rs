//! `unique-ids`: what a generator hands out, it hands out once.

use serde::Deserialize;
use serde_json::json;

use crate::anomalies::{Anomalies, Example, shown};
use crate::answer::{answer, hold};
use crate::entry::read_options;
use crate::keys::Interner;
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "unique-ids",
    meaning: "no id is handed out twice",
    options: "f: the operation that hands out ids, `generate` by default",
    build: |options| {
        let Options { f } = read_options(options)?;
        Ok(Box::new(f.map_or_else(UniqueIds::default, UniqueIds::handed_out_by)))
    },
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    f: Option<String>,
}

/// The results of all acknowledged `generate` (or whatever hands out ids) differ.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `generate` | – | the id, any value |
///
/// The anomaly is `duplicated`: an id that an earlier operation had been given already. Exercised once
/// for each id. Keys make no difference, and other operations are not looked at.
#[derive(Clone, Debug)]
pub struct UniqueIds {
    f: String,
}

impl Default for UniqueIds {
    fn default() -> Self {
        Self::handed_out_by("generate")
    }
}

impl UniqueIds {
    /// Ids are the results of this operation.
    pub fn handed_out_by(f: impl Into<String>) -> Self {
        Self { f: f.into() }
    }
}

impl Analysis for UniqueIds {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            budget.spend(operations.len() as u64)?;
            let mut anomalies = Anomalies::new(&["duplicated"]);
            let (mut ids, mut first) = (Interner::default(), Vec::new());
            let handed_out = operations.iter().filter(|operation| operation.f == self.f);
            for (operation, (end, id)) in
                handed_out.filter_map(|operation| Some((operation, operation.ok()?)))
            {
                findings.exercised();
                let number = ids.id(id, budget)?;
                if number == first.len() {
                    hold::<&Operation<'_>>(budget, 1)?;
                    first.push(operation);
                    continue;
                }
                anomalies.found("duplicated", end.at, || {
                    let message = format!("`{}` handed out {} again", self.f, shown(id));
                    Example::new(message).op("first", first[number]).op("again", operation)
                });
            }
            findings.measured("ids", json!({ "handed-out": findings.exercised, "distinct": ids.len() }));
            anomalies.report(findings);
            Ok(())
        });
    }
}
