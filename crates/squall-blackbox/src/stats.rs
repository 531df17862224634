//! `stats`: how often each kind of operation was tried, and whether it ever worked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use squall_history::Phase;

use crate::anomalies::{Anomalies, Example};
use crate::answer::answer;
use crate::entry::read_options;
use crate::{Analysis, Budget, Entry, Findings, Operation, Scope};

pub(crate) const ENTRY: Entry = Entry {
    name: "stats",
    meaning: "every kind of operation that was tried succeeded at least once",
    options: "except: list of kinds that need not succeed",
    build: |options| {
        let Options { except } = read_options(options)?;
        Ok(Box::new(Stats { except }))
    },
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    except: Vec<String>,
}

/// A test whose reads all fail proves nothing of reads: the anomaly `never-succeeded` is a kind of
/// operation (`f`) that was tried and has no `ok`.
///
/// Reads any history. Exercised once for each kind, except those that need not succeed. The summary
/// counts under `operations` how those of each kind ended; `open` are those that never did.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    except: Vec<String>,
}

impl Stats {
    /// These kinds need not succeed.
    pub fn except(kinds: impl IntoIterator<Item = String>) -> Self {
        Self { except: kinds.into_iter().collect() }
    }
}

/// How the operations of one kind ended.
struct Ends<'a, 'h> {
    ok: u64,
    fail: u64,
    info: u64,
    open: u64,
    /// The last one that was tried.
    last: &'a Operation<'h>,
}

impl Ends<'_, '_> {
    fn value(&self) -> serde_json::Value {
        json!({ "ok": self.ok, "fail": self.fail, "info": self.info, "open": self.open })
    }
}

impl Analysis for Stats {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    /// What has not succeeded yet may still.
    fn scope(&self) -> Scope {
        Scope::WholeRun
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            budget.spend(operations.len() as u64)?;
            let mut kinds: BTreeMap<&str, Ends<'_, '_>> = BTreeMap::new();
            for last in operations {
                let none = || Ends { ok: 0, fail: 0, info: 0, open: 0, last };
                let ends = kinds.entry(last.f).or_insert_with(none);
                ends.last = last;
                match last.completed.map(|end| end.phase) {
                    Some(Phase::Ok) => ends.ok += 1,
                    Some(Phase::Fail) => ends.fail += 1,
                    Some(Phase::Info) => ends.info += 1,
                    Some(Phase::Invoke) | None => ends.open += 1,
                }
            }
            self.judge(&kinds, findings);
            Ok(())
        });
    }
}

impl Stats {
    fn judge(&self, kinds: &BTreeMap<&str, Ends<'_, '_>>, findings: &mut Findings) {
        let mut anomalies = Anomalies::new(&["never-succeeded"]);
        for (&f, ends) in kinds {
            if self.except.iter().any(|kind| kind == f) {
                continue;
            }
            findings.exercised();
            if ends.ok == 0 {
                let at = ends.last.completed.map_or(ends.last.invoked, |end| end.moment).at;
                anomalies.found("never-succeeded", at, || {
                    let tried = ends.fail + ends.info + ends.open;
                    let times = if tried == 1 { "once".to_owned() } else { format!("{tried} times") };
                    let message = format!("`{f}` was tried {times} and never succeeded");
                    Example::new(message).op("last", ends.last).with("ends", ends.value())
                });
            }
        }
        let operations: BTreeMap<_, _> = kinds.iter().map(|(f, ends)| (f, ends.value())).collect();
        findings.measured("operations", json!(operations));
        anomalies.report(findings);
    }
}
