//! Squall's `history.ndjson`: the header, then a record a line.
//!
//! For black-box analyses only the records of client operations count; the others are passed over.
//! [`read_history`] reads all of them, as `History::read_ndjson` does, with places for what is wrong.

use std::io::BufRead;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;
use squall_history::{HISTORY_FORMAT, Header, History, NodeName, Op, Record, SimTime};

use super::collect::{Collector, Spans, Stamps, Told};
use super::lines::{Line, Lines};
use super::malformed::{Problem, empty};
use super::operations::place;
use super::{ReadError, Times};

/// As much of a record as concerns clients.
#[derive(Deserialize)]
struct OpRecord<'l> {
    #[serde(borrow)]
    at: &'l RawValue,
    #[serde(default)]
    node: Option<NodeName>,
    #[serde(borrow, default)]
    op: Option<&'l RawValue>,
}

/// Reads the header and the client operations.
pub(super) fn read(input: impl BufRead, times: Times) -> Result<(Option<Header>, Collector), ReadError> {
    let mut lines = Lines::new(input);
    let header = header(&mut lines)?;
    let mut collector = Collector::new(times, Stamps::AsWritten);
    while let Some(line) = lines.next()? {
        let record: OpRecord<'_> =
            serde_json::from_str(line.text).map_err(|error| line.json(&error, "a record"))?;
        match record.op {
            Some(op) => {
                record.take(op, &line, &mut collector).map_err(|problem| line.malformed(problem))?;
            }
            None => collector.leave_out(),
        }
    }
    Ok((Some(header), collector))
}

impl OpRecord<'_> {
    fn take(&self, op: &RawValue, line: &Line<'_>, collector: &mut Collector) -> Result<(), Problem> {
        let (whole, time) = (place(line.text, op), place(line.text, self.at));
        let wrong = |place: &Range<usize>| {
            let place = place.clone();
            move |error: serde_json::Error| Problem::new(place, error.to_string())
        };
        let Op { id, process, phase, f, key, value } =
            serde_json::from_str(op.get()).map_err(wrong(&whole))?;
        let at: SimTime = serde_json::from_str(self.at.get()).map_err(wrong(&time))?;
        let [id_place, process_place, f_place] = std::array::from_fn(|_| whole.clone());
        collector.take(Told {
            line: line.number,
            id: Some(id.0),
            process: process.0,
            phase,
            f: Some(&f),
            key: key.as_deref(),
            value,
            time: Some(at.0),
            index: None,
            node: self.node.clone(),
            spans: Spans { id: id_place, process: process_place, f: f_place, time, index: whole },
        })
    }
}

/// Reads a Squall history with all its records.
///
/// # Errors
/// If the input cannot be read, is no Squall history of this version, or not in order of time.
pub fn read_history(input: impl BufRead) -> Result<History, ReadError> {
    let mut lines = Lines::new(input);
    let header = header(&mut lines)?;
    let mut records: Vec<Record> = Vec::new();
    while let Some(line) = lines.next()? {
        let record: Record =
            serde_json::from_str(line.text).map_err(|error| line.json(&error, "a record"))?;
        if let Some(last) = records.last().filter(|last| last.at > record.at) {
            let title = format!("time runs backwards: {}ns after {}ns", record.at.0, last.at.0);
            return Err(line.malformed(Problem::new(0..1, title)));
        }
        records.push(record);
    }
    Ok(History { header, records })
}

fn header<R: BufRead>(lines: &mut Lines<R>) -> Result<Header, ReadError> {
    let Some(line) = lines.next()? else { return Err(empty().into()) };
    let header: Header = serde_json::from_str(line.text).map_err(|error| not_a_header(&line, &error))?;
    if header.format != HISTORY_FORMAT {
        let found = header.format;
        let title = format!("the history has format {found}, this version reads {HISTORY_FORMAT}");
        return Err(line.malformed(Problem::new(0..1, title)));
    }
    Ok(header)
}

fn not_a_header(line: &Line<'_>, error: &serde_json::Error) -> ReadError {
    match line.json(error, "the header") {
        ReadError::Malformed(mut malformed) => {
            malformed.help.get_or_insert_with(|| "a Squall history begins with its header".to_owned());
            ReadError::Malformed(malformed)
        }
        other => other,
    }
}
