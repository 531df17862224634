//! What judging a recording came to: for people a few lines for each violation with the operations
//! that prove it, for programs one JSON object.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use squall_check::blackbox::Operation;
use squall_check::{Verdict, Violation};
use squall_history::{OpId, Phase, SimTime};
use tabled::builder::Builder;
use tabled::settings::{Padding, Style as Lines};

use crate::style::{Style, Tone};
use crate::terminal::{LABEL_WIDTH, WORDS_CHARS_MAX};
use crate::text::{count, counted, one_line};

/// Version of the JSON form.
pub const JUDGED_FORMAT: u32 = 1;

/// Violations shown to people; the JSON form has all.
const SHOWN: usize = 10;
/// Operations shown of one violation.
const OPERATIONS_SHOWN: usize = 20;
/// Lines of evidence shown of one violation, and characters of a line.
const EVIDENCE_LINES: usize = 20;
const EVIDENCE_CHARS: usize = 160;
/// Characters of a call or a result.
const CELL_CHARS: usize = 48;

/// A recording and what was said of it.
pub struct Judged<'a> {
    /// The file, as the user named it.
    pub file: &'a str,
    /// Its format.
    pub format: &'a str,
    /// The model, if one was chosen, or what else judged.
    pub by: &'a str,
    /// What the model promises, if one was chosen.
    pub promise: Option<&'a str>,
    /// The operations, in order of invocation.
    pub operations: &'a [Operation<'a>],
    /// The line of the file on which the event at a place stands.
    pub line: &'a dyn Fn(usize) -> Option<u64>,
    /// Whether the recording has times; otherwise events have places only.
    pub timing: JudgedTimes,
    /// What was said.
    pub verdict: &'a Verdict,
    /// What was counted or measured on the way, by name.
    pub measured: &'a BTreeMap<&'static str, Value>,
    /// The verdict in one word, and the exit code that goes with it.
    pub ending: JudgedEnding,
}

/// Whether a recording has times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JudgedTimes {
    /// It has.
    Recorded,
    /// It has not, or they do not count.
    Places,
}

/// How judging ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JudgedEnding {
    /// Nothing is violated.
    Pass,
    /// Something is.
    Violated,
    /// There is no answer: a budget ran out, an operation could not be read.
    Unknown,
    /// Nothing was judged: no operation concerned the model.
    Nothing,
}

impl JudgedEnding {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Violated => "violated",
            Self::Unknown => "unknown",
            Self::Nothing => "nothing-judged",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Pass => Tone::Good,
            Self::Violated => Tone::Bad,
            Self::Unknown | Self::Nothing => Tone::Doubtful,
        }
    }
}

/// As text for people.
pub fn judged_text(judged: &Judged<'_>, style: Style) -> String {
    let mut text = head(judged);
    for violation in judged.verdict.violations.iter().take(SHOWN) {
        text += &one_violation(judged, violation, style);
    }
    let mut note = |label: &str, tone: Tone, words: &str| {
        let label = style.paint(tone, &format!("{label:>LABEL_WIDTH$}"));
        writeln!(text, "{label} {}", one_line(words, 4 * WORDS_CHARS_MAX)).expect("writing to a string");
    };
    let hidden = judged.verdict.violations.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let more = counted(hidden as u64, "more violation");
        note("", Tone::Quiet, &format!("and {more}; --message-format json has all"));
    }
    for (name, value) in judged.measured {
        note("measured", Tone::Quiet, &format!("{name} {}", fields_in_short(value)));
    }
    for (name, why) in &judged.verdict.unknown {
        note("UNKNOWN", Tone::Doubtful, &format!("{name}: {why}"));
    }
    for (name, why) in &judged.verdict.not_applicable {
        note("inapplicable", Tone::Quiet, &format!("{name}: {why}"));
    }
    text += &conclusion(judged, style);
    text
}

/// As one JSON object.
pub fn judged_json(judged: &Judged<'_>) -> Value {
    let violations = judged.verdict.violations.iter().map(|violation| {
        let operations = found(judged.operations, &violation.ops).map(|op| {
            let mut told = op.evidence();
            told["line"] = json!((judged.line)(op.invoked.place));
            told["end"] = json!(op.completed.map(|end| end.phase));
            told
        });
        let mut told = serde_json::to_value(violation).expect("a violation is plain data");
        told["operations"] = operations.collect();
        told
    });
    let mut verdict = serde_json::to_value(judged.verdict).expect("a verdict is plain data");
    verdict["violations"] = violations.collect();
    json!({
        "v": JUDGED_FORMAT,
        "file": judged.file,
        "format": judged.format,
        "by": judged.by,
        "operations": judged.operations.len(),
        "processes": processes(judged.operations),
        "outcome": judged.ending.name(),
        "measured": judged.measured,
        "verdict": verdict,
    })
}

fn head(judged: &Judged<'_>) -> String {
    let operations = counted(judged.operations.len() as u64, "operation");
    let processes = processes(judged.operations);
    let of = if processes == 1 { "process" } else { "processes" };
    let file = one_line(judged.file, WORDS_CHARS_MAX);
    let mut text = format!("{file}: {operations} of {} {of} ({})\n", count(processes), judged.format);
    let by = judged.by;
    match judged.promise {
        Some(promise) => writeln!(text, "judged by {by}: {promise}"),
        None => writeln!(text, "judged by {by}"),
    }
    .expect("writing to a string");
    text
}

fn processes(operations: &[Operation<'_>]) -> u64 {
    let mut processes: Vec<u64> = operations.iter().map(|op| op.process.0).collect();
    processes.sort_unstable();
    processes.dedup();
    processes.len() as u64
}

fn one_violation(judged: &Judged<'_>, violation: &Violation, style: Style) -> String {
    let label = style.paint(Tone::Bad, &format!("{:>LABEL_WIDTH$}", "VIOLATED"));
    let anomaly = violation.anomaly.as_deref().map_or_else(String::new, |name| format!(" [{name}]"));
    let message = one_line(&violation.message, 4 * WORDS_CHARS_MAX);
    let at = match judged.timing {
        JudgedTimes::Recorded => format!(" at t={}", violation.at),
        JudgedTimes::Places => String::new(),
    };
    let mut text = format!("\n{label} {}{anomaly}{at}: {message}\n", violation.oracle);
    text += &table(judged, &violation.ops);
    for line in evidence_lines(&violation.evidence) {
        writeln!(text, "    {}", style.paint(Tone::Quiet, &line)).expect("writing to a string");
    }
    text
}

/// The operations with these ids, in order of invocation.
fn found<'a>(operations: &'a [Operation<'a>], ids: &[OpId]) -> impl Iterator<Item = &'a Operation<'a>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    operations.iter().filter(move |op| ids.binary_search(&op.id).is_ok())
}

fn table(judged: &Judged<'_>, ids: &[OpId]) -> String {
    let mut rows = Builder::new();
    let times: &[&str] = match judged.timing {
        JudgedTimes::Recorded => &["invoked", "completed"],
        JudgedTimes::Places => &[],
    };
    let head = ["op", "process", "call", "result"].iter().chain(times).chain(&["line"]);
    rows.push_record(head.map(ToString::to_string));
    let operations: Vec<&Operation<'_>> = found(judged.operations, ids).collect();
    if operations.is_empty() {
        return String::new();
    }
    let hidden = operations.len().saturating_sub(OPERATIONS_SHOWN) as u64;
    let operations = &operations[..operations.len().min(OPERATIONS_SHOWN)];
    let decimals = decimals(operations);
    operations.iter().for_each(|op| rows.push_record(row(judged, op, decimals)));
    let mut table = rows.build();
    table.with(Lines::blank()).with(Padding::new(2, 0, 0, 0));
    let mut text = String::new();
    for line in table.to_string().lines() {
        writeln!(text, "  {}", line.trim_end()).expect("writing to a string");
    }
    if hidden > 0 {
        writeln!(text, "    and {}", counted(hidden, "more operation")).expect("writing to a string");
    }
    text
}

/// How many decimals of a second tell the moments of these operations apart: three, six or nine.
fn decimals(operations: &[&Operation<'_>]) -> usize {
    let ends = operations.iter().filter_map(|op| op.completed.map(|end| end.moment.at));
    let mut moments: Vec<SimTime> = operations.iter().map(|op| op.invoked.at).chain(ends).collect();
    moments.sort_unstable();
    let gaps = moments.windows(2).map(|pair| (pair[1] - pair[0]).as_nanos());
    match gaps.filter(|gap| *gap > 0).min() {
        Some(0..1_000) => 9,
        Some(1_000..1_000_000) => 6,
        _ => 3,
    }
}

/// Seconds with so many decimals.
fn seconds(at: SimTime, decimals: usize) -> String {
    let (whole, rest) = (at.0 / 1_000_000_000, at.0 % 1_000_000_000);
    format!("{whole}.{}s", &format!("{rest:09}")[..decimals])
}

fn row(judged: &Judged<'_>, op: &Operation<'_>, decimals: usize) -> Vec<String> {
    let key = op.key.map_or_else(String::new, |key| format!(" {key}"));
    let input = if op.input.is_null() { String::new() } else { format!(" {}", op.input) };
    let call = one_line(&format!("{}{key}{input}", op.f), CELL_CHARS);
    let result = match op.completed {
        None => "never completed".to_owned(),
        Some(end) => {
            let word = match end.phase {
                Phase::Invoke | Phase::Ok => "ok",
                Phase::Fail => "fail",
                Phase::Info => "info",
            };
            let value = if end.value.is_null() { String::new() } else { format!(" {}", end.value) };
            one_line(&format!("{word}{value}"), CELL_CHARS)
        }
    };
    let mut row = vec![op.id.0.to_string(), op.process.0.to_string(), call, result];
    if judged.timing == JudgedTimes::Recorded {
        row.push(seconds(op.invoked.at, decimals));
        let end = op.completed.map(|end| seconds(end.moment.at, decimals));
        row.push(end.unwrap_or_else(|| "–".to_owned()));
    }
    row.push((judged.line)(op.invoked.place).map_or_else(String::new, |line| line.to_string()));
    row
}

/// Evidence by lines: texts as they are, operations in short, anything else as compact JSON; each behind
/// its name, lists with an item a line.
fn evidence_lines(evidence: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match evidence {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Null => {}
                    Value::String(text) if text.contains('\n') => {
                        lines.push(format!("{name}:"));
                        lines.extend(text.lines().map(|line| format!("  {line}")));
                    }
                    Value::Array(items) if items.iter().any(|it| it.is_string() || it.is_object()) => {
                        lines.push(format!("{name}:"));
                        lines.extend(items.iter().map(|item| format!("  {}", in_short(item))));
                    }
                    other => lines.push(format!("{name}: {}", in_short(other))),
                }
            }
        }
        other => lines.push(other.to_string()),
    }
    let hidden = lines.len().saturating_sub(EVIDENCE_LINES);
    lines.truncate(EVIDENCE_LINES);
    lines.iter_mut().for_each(|line| *line = one_line(line, EVIDENCE_CHARS));
    if hidden > 0 {
        lines.push(format!("and {}", counted(hidden as u64, "more line")));
    }
    lines
}

/// Whether it is an operation as [`Operation::evidence`] tells it.
fn is_operation(value: &Value) -> bool {
    ["op", "process", "f", "input"].iter().all(|field| value.get(field).is_some())
}

/// A text as it is, an operation as `op 5, process 2: cas [0,1] → true`, the fields of an object one after
/// the other, anything else as JSON.
fn in_short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) if is_operation(value) => operation_in_short(value),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let value = if is_operation(value) { operation_in_short(value) } else { value.to_string() };
                format!("{name} {value}")
            };
            fields.iter().map(field).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn operation_in_short(value: &Value) -> String {
    let spaced = |value: &Value| if value.is_null() { String::new() } else { format!(" {value}") };
    let f = value["f"].as_str().unwrap_or_default();
    let key = value["key"].as_str().map_or_else(String::new, |key| format!(" {key}"));
    let (input, output) = (spaced(&value["input"]), &value["output"]);
    let phase = value["phase"].as_str().filter(|phase| *phase != "ok");
    let result = match (phase, output.is_null(), value["completed"].is_null()) {
        (Some(phase), _, _) => format!(" → {phase}"),
        (None, false, _) => format!(" → {output}"),
        (None, true, false) => " → ok".to_owned(),
        (None, true, true) => " → unknown".to_owned(),
    };
    format!("op {}, process {}: {f}{key}{input}{result}", value["op"], value["process"])
}

/// The fields of an object as `lost 3, recovered 1`, anything else as JSON.
fn fields_in_short(value: &Value) -> String {
    let Value::Object(fields) = value else { return value.to_string() };
    fields.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn conclusion(judged: &Judged<'_>, style: Style) -> String {
    let word = style.paint(judged.ending.tone(), judged.ending.name());
    let exercised: u64 = judged.verdict.exercised.values().sum();
    let what = match judged.ending {
        JudgedEnding::Violated => counted(judged.verdict.violations.len() as u64, "violation"),
        JudgedEnding::Pass => format!("{} judged, nothing is violated", count(exercised)),
        JudgedEnding::Unknown => "there is no answer".to_owned(),
        JudgedEnding::Nothing => "nothing in the recording concerns it, which proves nothing".to_owned(),
    };
    format!("{word}: {what}\n")
}
