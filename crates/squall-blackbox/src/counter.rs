//! `counter`: every read lies within the bounds that the additions around it leave.

use serde_json::{Value, json};

use crate::anomalies::{Anomalies, Example, of_key};
use crate::answer::{NoAnswer, answer, bad_argument, bad_result, hold, no_such_operation};
use crate::entry::none;
use crate::keys::{Object, objects};
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "counter",
    meaning: "every read of a counter lies within the bounds that the additions before and beside it leave",
    options: "",
    build: |options| none(options).map(|()| Box::new(Counter) as _),
};

/// Each key is a counter that begins at zero.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `add` | an integer, which may be negative | nothing (is not looked at) |
/// | `read` | – | an integer |
///
/// An addition that was acknowledged before a read began counts in it; one that was invoked after the
/// read ended, or failed, does not; any other may or may not. So a read lies between the sum of what
/// must count and all negative amounts that may, and the same with all positive amounts.
///
/// | anomaly | what it is |
/// |---|---|
/// | `too-low` | a read is below its lower bound |
/// | `too-high` | a read is above its upper bound |
/// | `decreased` | no negative amount was attempted, and a read within its bounds is less than one that had ended before it began |
///
/// Exercised once for each read. The bounds are Jepsen's; a value between them that no subset of the
/// additions gives is accepted, and `decreased` is what this adds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter;

impl Analysis for Counter {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&["too-low", "too-high", "decreased"]);
            for object in objects(operations, budget)? {
                let bytes = budget.bytes;
                sweep(&object, (&mut anomalies, budget), findings)?;
                budget.bytes = bytes;
            }
            anomalies.report(findings);
            Ok(())
        });
    }
}

/// Sums that grow over time. No history has enough amounts to overflow them.
#[derive(Clone, Copy, Default)]
struct Sums {
    positive: i128,
    negative: i128,
}

impl Sums {
    fn add(&mut self, amount: i64) {
        match amount {
            0.. => self.positive += i128::from(amount),
            _ => self.negative += i128::from(amount),
        }
    }
}

/// What was known when a read began.
#[derive(Clone, Copy, Default)]
struct Begin<'a, 'h> {
    acknowledged: Sums,
    /// The largest result of a read that had ended.
    largest: Option<(i64, &'a Operation<'h>)>,
}

/// Goes through invocations and completions in order, with sums of what was attempted and acknowledged.
fn sweep(
    object: &Object<'_, '_>,
    (anomalies, budget): (&mut Anomalies, &mut Budget),
    findings: &mut Findings,
) -> Result<(), NoAnswer> {
    let operations = &object.operations;
    hold::<(usize, usize, Begin<'_, '_>)>(budget, 2 * operations.len())?;
    let mut moments: Vec<(usize, usize)> = Vec::with_capacity(2 * operations.len());
    for (place, operation) in operations.iter().enumerate() {
        moments.push((operation.invoked.place, place));
        moments.extend(operation.ok().map(|(end, _)| (end.place, place)));
    }
    moments.sort_unstable();
    let (mut attempted, mut now) = (Sums::default(), Begin::default());
    let mut begins = vec![Begin::default(); operations.len()];
    for (moment, place) in moments {
        let operation = operations[place];
        let is_begin = operation.invoked.place == moment;
        match (operation.f, is_begin) {
            ("add", true) if operation.failed() => _ = amount(operation)?,
            ("add", true) => attempted.add(amount(operation)?),
            ("add", false) => now.acknowledged.add(amount(operation)?),
            ("read", true) => begins[place] = now,
            ("read", false) => {
                findings.exercised();
                let value = result(operation)?;
                judge(object.key, operation, value, (&begins[place], &attempted), anomalies);
                if now.largest.is_none_or(|(largest, _)| largest < value) {
                    now.largest = Some((value, operation));
                }
            }
            _ => return Err(no_such_operation(ENTRY.name, operation)),
        }
    }
    Ok(())
}

fn amount(operation: &Operation<'_>) -> Result<i64, NoAnswer> {
    operation.input.as_i64().ok_or_else(|| bad_argument(ENTRY.name, operation, "an integer"))
}

fn result(operation: &Operation<'_>) -> Result<i64, NoAnswer> {
    let integer = operation.ok().and_then(|(_, output)| output.as_i64());
    integer.ok_or_else(|| bad_result(ENTRY.name, operation, "an integer"))
}

/// Judges a read at its completion, when this much had been attempted.
fn judge(
    key: Option<&str>,
    read: &Operation<'_>,
    value: i64,
    (begin, attempted): (&Begin<'_, '_>, &Sums),
    anomalies: &mut Anomalies,
) {
    let at = read.ok().expect("it has a result").0.at;
    // What must count of one sign, and what may count of the other.
    let lower = begin.acknowledged.positive + attempted.negative;
    let upper = begin.acknowledged.negative + attempted.positive;
    let of = of_key(key);
    let example = |message: String| {
        let bounds = json!({ "lower": number(lower), "upper": number(upper) });
        Example::new(message).op("read", read).with("bounds", bounds)
    };
    if i128::from(value) < lower {
        anomalies.found("too-low", at, || {
            example(format!("`read`{of} gave {value}, but what was acknowledged leaves at least {lower}"))
        });
    } else if i128::from(value) > upper {
        anomalies.found("too-high", at, || {
            example(format!("`read`{of} gave {value}, but all that was attempted leaves at most {upper}"))
        });
    } else if let Some((largest, earlier)) = begin.largest
        && value < largest
        && attempted.negative == 0
    {
        anomalies.found("decreased", at, || {
            let message = format!("`read`{of} gave {value} after {largest}, and nothing was subtracted");
            example(message).op("earlier-read", earlier)
        });
    }
}

/// JSON has no such large numbers.
fn number(sum: i128) -> Value {
    i64::try_from(sum).map_or_else(|_| json!(sum.to_string()), |sum| json!(sum))
}
