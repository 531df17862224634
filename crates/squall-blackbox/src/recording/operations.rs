//! Operations as JSON objects, one a line or in one array: the format for recorders that have none yet.
//!
//! | field | meaning |
//! |---|---|
//! | `process` | who performs it: a whole number. A text (`"nemesis"`) is no client, and left out |
//! | `type` | `invoke`, `ok`, `fail` or `info` |
//! | `f` | what is done; a completion may leave it out |
//! | `key` | the object acted upon, if there is one: a text, or anything, which is then its JSON |
//! | `value` | the argument of an `invoke`, the result of an `ok` |
//! | `error` | the reason of a `fail` or `info` |
//! | `time` | nanoseconds since some moment; all events have one, or none |
//! | `index` | place of the event; all events have one, or none |
//! | `id` | the operation; without one, a process completes what it invoked last |
//! | `node` | where the client runs |
//!
//! Other fields are errors: a misspelt `value` would be judged as `null`.

use std::io::BufRead;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use squall_history::{NodeName, Phase};

use super::collect::{Collector, Spans, Stamps, Told};
use super::forms::Forms;
use super::jepsen::{phase, unknown_phase};
use super::keys::key_text;
use super::lines::{BYTE_ORDER_MARK, Lines, no_json};
use super::malformed::Problem;
use super::{ReadError, Times};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'l> {
    #[serde(borrow)]
    process: &'l RawValue,
    #[serde(borrow, rename = "type")]
    kind: &'l RawValue,
    #[serde(borrow, default)]
    f: Option<&'l RawValue>,
    #[serde(default)]
    key: Option<Value>,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    error: Value,
    #[serde(borrow, default)]
    time: Option<&'l RawValue>,
    #[serde(borrow, default)]
    index: Option<&'l RawValue>,
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    #[serde(default)]
    node: Option<NodeName>,
}

/// Reads a whole file: lines, or one array of objects.
pub(super) fn read(mut input: impl BufRead, times: Times) -> Result<Collector, ReadError> {
    let head = input.fill_buf()?;
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let mut collector = Collector::new(times, Stamps::AsWritten);
    if head.trim_ascii_start().first() == Some(&b'[') {
        // The brackets of JSON are found as those of EDN.
        let mut forms = Forms::new(input);
        while let Some(form) = forms.next()? {
            let read = Fields::read(form.text, form.line, &mut collector);
            read.map_err(|problem| form.malformed(problem))?;
        }
        return Ok(collector);
    }
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next()? {
        let fields: Fields<'_> =
            serde_json::from_str(line.text).map_err(|error| line.json(&error, "an operation"))?;
        let taken = fields.take(line.text, line.number, &mut collector);
        taken.map_err(|problem| line.malformed(problem))?;
    }
    Ok(collector)
}

impl Fields<'_> {
    /// One operation of an array.
    fn read(text: &str, line: u64, collector: &mut Collector) -> Result<(), Problem> {
        let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| no_json(text, &error))?;
        fields.take(text, line, collector)
    }

    fn take(self, text: &str, line: u64, collector: &mut Collector) -> Result<(), Problem> {
        let place = |field: &RawValue| place(text, field);
        let or_whole = |field: Option<&RawValue>| field.map_or(0..1, place);
        let Some(process) = self.process(place)? else {
            collector.leave_out();
            return Ok(());
        };
        let phase = self.phase(place)?;
        let f = self.f.map(|f| string(f, place(f), "`f`")).transpose()?;
        let key = self.key.filter(|key| !key.is_null()).map(key_text);
        let value = match phase {
            Phase::Fail | Phase::Info if !self.error.is_null() => self.error,
            _ => self.value,
        };
        let spans = Spans {
            id: or_whole(self.id),
            process: place(self.process),
            f: or_whole(self.f),
            time: or_whole(self.time),
            index: or_whole(self.index),
        };
        let count = |field: Option<&RawValue>, name| field.map(|it| number(it, place(it), name)).transpose();
        collector.take(Told {
            line,
            id: count(self.id, "`id`")?,
            process,
            phase,
            f: f.as_deref(),
            key: key.as_deref(),
            value,
            time: count(self.time, "`time`")?,
            index: count(self.index, "`index`")?,
            node: self.node,
            spans,
        })
    }

    fn process(&self, place: impl Fn(&RawValue) -> Range<usize>) -> Result<Option<u64>, Problem> {
        if self.process.get().starts_with('"') {
            return Ok(None);
        }
        number(self.process, place(self.process), "`process`").map(Some)
    }

    fn phase(&self, place: impl Fn(&RawValue) -> Range<usize>) -> Result<Phase, Problem> {
        let word = string(self.kind, place(self.kind), "`type`")?;
        phase(&word).ok_or_else(|| unknown_phase(place(self.kind), &word))
    }
}

/// Where in a text a value stands that was borrowed from it.
pub(super) fn place(text: &str, value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + value.get().len()
}

fn string(value: &RawValue, place: Range<usize>, name: &str) -> Result<String, Problem> {
    serde_json::from_str(value.get()).map_err(|_| Problem::new(place, format!("{name} is a text")))
}

fn number(value: &RawValue, place: Range<usize>, name: &str) -> Result<u64, Problem> {
    let wrong = |_| Problem::new(place, format!("{name} is a whole number from 0 on"));
    serde_json::from_str(value.get()).map_err(wrong)
}
