//! `monotonic`: what is read only grows.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::{Value, json};
use squall_history::ProcessId;

use crate::anomalies::{Anomalies, Example, of_key};
use crate::answer::{NoAnswer, answer, bad_result, hold};
use crate::entry::read_options;
use crate::keys::{Object, objects};
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "monotonic",
    meaning: "the values of each key only grow, for each process or in real time",
    options: "of: list of operations, `read` by default, across: real-time or process, growth: weak or strict",
    build: |options| read_options::<Monotonic>(options).map(|monotonic| Box::new(monotonic) as _),
};

/// The results of some operations never fall: of a counter that only grows, a clock, an epoch.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `read` (or those named) | – | an integer; `null` is less than all of them |
///
/// | anomaly | what it is |
/// |---|---|
/// | `decreased` | a result is less than one that came before it |
/// | `repeated` | a result equals one that came before it, where growth is strict (not told of `null`) |
///
/// What comes before what is a matter of [`Across`]. Each key is judged on its own; other operations are
/// not looked at. Exercised once for each result that has one before it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Monotonic {
    /// The operations whose results grow.
    pub of: Vec<String>,
    /// Which results come before which.
    pub across: Across,
    /// How they grow.
    pub growth: Growth,
}

impl Default for Monotonic {
    fn default() -> Self {
        Self { of: vec!["read".to_owned()], across: Across::default(), growth: Growth::default() }
    }
}

/// Which results come before which.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Across {
    /// Those that had come when an operation was invoked, whoever got them.
    #[default]
    RealTime,
    /// Those that the same process got earlier.
    Process,
}

/// How results grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Growth {
    /// They may stay the same.
    #[default]
    Weak,
    /// They differ: timestamps, tickets.
    Strict,
}

impl Analysis for Monotonic {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&["decreased", "repeated"]);
            for object in objects(operations, budget)? {
                let bytes = budget.bytes;
                self.judge(&object, (&mut anomalies, budget), findings)?;
                budget.bytes = bytes;
            }
            anomalies.report(findings);
            Ok(())
        });
    }
}

/// A result; `None` is `null`, and less than all.
type Outcome<'a, 'h> = (Option<i128>, &'a Operation<'h>);

impl Monotonic {
    fn judge(
        &self,
        object: &Object<'_, '_>,
        (anomalies, budget): (&mut Anomalies, &mut Budget),
        findings: &mut Findings,
    ) -> Result<(), NoAnswer> {
        let operations = &object.operations;
        hold::<(Option<Outcome<'_, '_>>, [(usize, usize); 2])>(budget, operations.len())?;
        // Places of invocations and results, each with its operation.
        let mut moments: Vec<(usize, usize)> = Vec::with_capacity(2 * operations.len());
        for (place, operation) in operations.iter().enumerate() {
            let Some((end, _)) = operation.ok().filter(|_| self.of.iter().any(|f| f == operation.f)) else {
                continue;
            };
            moments.extend([(operation.invoked.place, place), (end.place, place)]);
        }
        moments.sort_unstable();
        let mut before: Vec<Option<Outcome<'_, '_>>> = vec![None; operations.len()];
        let mut largest = None;
        let mut of_process: FxHashMap<ProcessId, Outcome<'_, '_>> = FxHashMap::default();
        for (moment, place) in moments {
            let operation = operations[place];
            let own = || of_process.get(&operation.process).copied();
            if operation.invoked.place == moment {
                before[place] = if self.across == Across::RealTime { largest } else { own() };
                continue;
            }
            let result = (value(operation)?, operation);
            if let Some(before) = before[place] {
                findings.exercised();
                self.compare(object.key, before, result, anomalies);
            }
            largest = Some(greater(largest, result));
            of_process.insert(operation.process, greater(own(), result));
        }
        Ok(())
    }

    fn compare(
        &self,
        key: Option<&str>,
        (before, earlier): Outcome<'_, '_>,
        (now, later): Outcome<'_, '_>,
        anomalies: &mut Anomalies,
    ) {
        let is_repeated = now == before && now.is_some() && self.growth == Growth::Strict;
        let name = match now < before {
            true => "decreased",
            false if is_repeated => "repeated",
            false => return,
        };
        let at = later.ok().expect("it has a result").0.at;
        anomalies.found(name, at, || {
            let [before, now] =
                [before, now].map(|value| value.map_or("nothing".to_owned(), |one| one.to_string()));
            let (f, of, again) = (later.f, of_key(key), if is_repeated { " again" } else { "" });
            let message = format!("`{f}`{of} gave {now}{again} after {before}");
            let values = json!({ "before": before, "now": now });
            Example::new(message).op("earlier", earlier).op("later", later).with("values", values)
        });
    }
}

fn greater<'a, 'h>(before: Option<Outcome<'a, 'h>>, now: Outcome<'a, 'h>) -> Outcome<'a, 'h> {
    before.filter(|before| before.0 >= now.0).unwrap_or(now)
}

fn value(operation: &Operation<'_>) -> Result<Option<i128>, NoAnswer> {
    let (_, output) = operation.ok().expect("only such have a moment");
    let integer = |value: &Value| value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    match output {
        Value::Null => Ok(None),
        output => match integer(output) {
            Some(value) => Ok(Some(value)),
            None => Err(bad_result(ENTRY.name, operation, "an integer")),
        },
    }
}
