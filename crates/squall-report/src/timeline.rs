//! A run's timeline, for `replay`: one line for each record that matters, `t  node  what`.
//!
//! Client operations between two such lines are counted on one line of their own; with
//! [`Detail::Trace`] every record has its line. Judges nothing: violations are handed in.

mod assertion;
mod batch;

use std::fmt::Write as _;

use serde_json::Value;
use squall_check::Violation;
use squall_history::vocab::batch::FirstTold;
use squall_history::vocab::{Custom, raft};
use squall_history::{
    Assertion, Body, Boot, DiskEvent, FaultEvent, History, NodeEvent, NodeName, Op, Phase, Record, SimTime,
};

use crate::Style;
use crate::style::Tone;
use crate::text::{count, counted, one_line};
use crate::words::{action_words, node_list};

/// Characters of what the system said that are shown on one line.
const WORDS_CHARS_MAX: usize = 300;
/// Width of the column of nodes; a longer name moves its own line only.
const NODE_WIDTH: usize = 14;

/// How much a timeline shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Detail {
    /// Faults, lives of nodes, leaders, panics, violations; operations counted.
    #[default]
    Summary,
    /// Every record.
    Trace,
}

/// The timeline of `history` and of what was violated in it, up to and including the instant
/// `until` (to the end if there is none).
pub fn timeline(
    history: &History,
    violations: &[Violation],
    detail: Detail,
    until: Option<SimTime>,
    style: Style,
) -> String {
    let until = until.unwrap_or(SimTime::MAX);
    let mut lines = Lines {
        text: heading(history, style),
        detail,
        style,
        ops: Tally::default(),
        started: None,
        told: FirstTold::default(),
    };
    let mut violations: Vec<&Violation> = violations.iter().filter(|found| found.at <= until).collect();
    violations.sort_by_key(|found| found.at);
    let mut violations = violations.into_iter().peekable();
    let shown = history.records.partition_point(|record| record.at <= until);
    for record in &history.records[..shown] {
        while let Some(found) = violations.next_if(|found| found.at < record.at) {
            lines.violation(found);
        }
        lines.record(record);
    }
    violations.for_each(|found| lines.violation(found));
    lines.settle();
    let left = history.records.len() - shown;
    if left > 0 {
        let rest = format!("{} after {until}", counted(left as u64, "more record"));
        lines.write(until, "…", &rest, Tone::Quiet);
    }
    lines.text
}

fn heading(history: &History, style: Style) -> String {
    let header = &history.header;
    let bugs = match header.bugs.is_empty() {
        true => String::new(),
        false => format!(", bugs {}", one_line(&header.bugs.join(", "), WORDS_CHARS_MAX)),
    };
    format!(
        "{} seed {} on {}, system {}{bugs}, {} of simulated time\n",
        style.paint(Tone::Strong, &one_line(&header.scenario, WORDS_CHARS_MAX)),
        header.seed,
        one_line(&header.engine, WORDS_CHARS_MAX),
        one_line(&header.system, WORDS_CHARS_MAX),
        header.duration
    )
}

/// The timeline so far, and what waits to be told on one line.
struct Lines {
    text: String,
    detail: Detail,
    style: Style,
    ops: Tally,
    started: Option<Started>,
    /// Every controller tells what the log says; once is enough.
    told: FirstTold,
}

/// Nodes that started at one instant.
struct Started {
    at: SimTime,
    nodes: Vec<NodeName>,
}

/// Operations since the last line.
#[derive(Default)]
struct Tally {
    last: SimTime,
    by_phase: [u64; 4],
}

impl Lines {
    fn record(&mut self, record: &Record) {
        let node = record.node.as_ref().map_or("–", NodeName::as_str);
        match &record.body {
            Body::Op(op) if self.detail == Detail::Summary => self.ops.count(record.at, op.phase),
            Body::Op(op) => self.line(record.at, node, &op_words(op), Tone::Quiet),
            Body::Node(NodeEvent::Started) if first_boot(record.boot) => self.first_start(record),
            Body::Node(event) => {
                let (what, tone) = node_words(event, record.boot);
                self.line(record.at, node, &what, tone);
            }
            Body::Fault(event) => {
                let (id, what, tone) = fault_words(event);
                self.line(record.at, &one_line(id, WORDS_CHARS_MAX), &what, tone);
            }
            Body::Raft(event) => {
                let leads =
                    matches!(event, raft::Event::BecameLeader { .. } | raft::Event::SteppedDown { .. });
                if leads || self.detail == Detail::Trace {
                    let tone = if leads { Tone::Strong } else { Tone::Quiet };
                    self.line(record.at, node, &raft_words(event), tone);
                }
            }
            Body::Batch(event) if self.told.is_news(record, event) => {
                let remarkable = batch::is_remarkable(event);
                if remarkable || self.detail == Detail::Trace {
                    let tone = if remarkable { Tone::Strong } else { Tone::Quiet };
                    self.line(record.at, node, &batch::words(event), tone);
                }
            }
            Body::Custom(word) if self.detail == Detail::Trace => {
                self.line(record.at, node, &custom_words(word), Tone::Quiet);
            }
            Body::Disk(event) if self.detail == Detail::Trace => {
                self.line(record.at, node, &disk_words(event), Tone::Quiet);
            }
            Body::Assert(event @ Assertion::Broken { .. }) => {
                self.line(record.at, node, &assertion::words(event), Tone::Bad);
            }
            Body::Assert(event) if self.detail == Detail::Trace => {
                self.line(record.at, node, &assertion::words(event), Tone::Quiet);
            }
            Body::Batch(_) | Body::Custom(_) | Body::Disk(_) | Body::Assert(_) => {}
        }
    }

    fn violation(&mut self, found: &Violation) {
        let node = match found.nodes.is_empty() {
            true => "–".to_owned(),
            false => node_list(&found.nodes),
        };
        let what = format!("VIOLATED {}: {}", found.oracle, found.message);
        self.line(found.at, &node, &what, Tone::Bad);
    }

    /// First boots of one instant share a line; a topology of 500 nodes must not fill the screen.
    fn first_start(&mut self, record: &Record) {
        let Some(node) = record.node.clone() else { return };
        match &mut self.started {
            Some(started) if started.at == record.at => started.nodes.push(node),
            _ => {
                self.settle();
                self.started = Some(Started { at: record.at, nodes: vec![node] });
            }
        }
    }

    /// Writes one line, after all that waits before it.
    fn line(&mut self, at: SimTime, node: &str, what: &str, tone: Tone) {
        self.settle();
        self.write(at, node, what, tone);
    }

    fn settle(&mut self) {
        if let Some(started) = self.started.take() {
            let who = match started.nodes.as_slice() {
                [only] => only.to_string(),
                nodes => counted(nodes.len() as u64, "node"),
            };
            let what = match started.nodes.as_slice() {
                [_] => "starts".to_owned(),
                nodes => format!("start: {}", node_list(nodes)),
            };
            self.write(started.at, &who, &what, Tone::Quiet);
        }
        let tally = std::mem::take(&mut self.ops);
        if let Some(what) = tally.words() {
            self.write(tally.last, "clients", &what, Tone::Quiet);
        }
    }

    fn write(&mut self, at: SimTime, node: &str, what: &str, tone: Tone) {
        let what = self.style.paint(tone, &one_line(what, WORDS_CHARS_MAX));
        let node = one_line(node, WORDS_CHARS_MAX);
        writeln!(self.text, "{at:>9}  {node:<NODE_WIDTH$}  {what}").expect("writing to a string");
    }
}

impl Tally {
    const PHASES: [(Phase, &str); 4] =
        [(Phase::Invoke, "invoked"), (Phase::Ok, "ok"), (Phase::Fail, "fail"), (Phase::Info, "info")];

    fn count(&mut self, at: SimTime, phase: Phase) {
        self.last = at;
        let place = Self::PHASES.iter().position(|(known, _)| *known == phase);
        self.by_phase[place.expect("PHASES lists every phase")] += 1;
    }

    fn words(&self) -> Option<String> {
        let counted = Self::PHASES.iter().zip(self.by_phase).filter(|(_, number)| *number > 0);
        let parts: Vec<String> =
            counted.map(|((_, word), number)| format!("{} {word}", count(number))).collect();
        (!parts.is_empty()).then(|| format!("operations: {}", parts.join(", ")))
    }
}

/// One record in words, on one line: who, and what.
pub(crate) fn record_words(record: &Record) -> String {
    let what = match &record.body {
        Body::Op(op) => op_words(op),
        Body::Node(NodeEvent::Started) if first_boot(record.boot) => "starts".to_owned(),
        Body::Node(event) => node_words(event, record.boot).0,
        Body::Fault(event) => {
            let (id, what, _) = fault_words(event);
            format!("{id} {what}")
        }
        Body::Raft(event) => raft_words(event),
        Body::Batch(event) => batch::words(event),
        Body::Custom(word) => custom_words(word),
        Body::Disk(event) => disk_words(event),
        Body::Assert(event) => assertion::words(event),
    };
    let text = match &record.node {
        Some(node) => format!("{node} {what}"),
        None => what,
    };
    one_line(&text, WORDS_CHARS_MAX)
}

fn first_boot(boot: Option<Boot>) -> bool {
    boot.is_none_or(|boot| boot.0 <= 1)
}

fn node_words(event: &NodeEvent, boot: Option<Boot>) -> (String, Tone) {
    match event {
        NodeEvent::Started => match boot {
            Some(Boot(boot)) => (format!("starts again (boot {boot})"), Tone::Good),
            None => ("starts".to_owned(), Tone::Good),
        },
        NodeEvent::Killed => ("is killed".to_owned(), Tone::Fault),
        NodeEvent::PowerLost => ("loses power".to_owned(), Tone::Fault),
        NodeEvent::Paused => ("stands still".to_owned(), Tone::Fault),
        NodeEvent::Resumed => ("goes on".to_owned(), Tone::Good),
        NodeEvent::Stopping => ("is asked to stop".to_owned(), Tone::Fault),
        NodeEvent::Wiped => ("loses its disks".to_owned(), Tone::Fault),
        NodeEvent::Exited { error: None } => ("exits".to_owned(), Tone::Quiet),
        NodeEvent::Exited { error: Some(error) } => (format!("exits with an error: {error}"), Tone::Died),
        NodeEvent::Panicked { message, location } => (format!("PANICS at {location}: {message}"), Tone::Died),
    }
}

fn fault_words(event: &FaultEvent) -> (&str, String, Tone) {
    match event {
        FaultEvent::Applied { id, action, beyond_budget } => {
            let beyond = if *beyond_budget { "  (beyond what the system tolerates)" } else { "" };
            (&id.0, format!("applied: {}{beyond}", action_words(action)), Tone::Fault)
        }
        FaultEvent::Ended { id } => (&id.0, "ended".to_owned(), Tone::Fault),
        FaultEvent::Observed { id, effects } => {
            let seen: Vec<String> = effects
                .iter()
                .filter(|(_, number)| **number > 0)
                .map(|(effect, number)| format!("{effect} {}", count(*number)))
                .collect();
            match seen.is_empty() {
                true => (&id.0, "had no effect".to_owned(), Tone::Doubtful),
                false => (&id.0, format!("observed: {}", seen.join(", ")), Tone::Quiet),
            }
        }
        FaultEvent::NotApplied { id, why } => (&id.0, format!("not applied: {why}"), Tone::Doubtful),
        FaultEvent::Vetoed { id, why } => (&id.0, format!("vetoed by the budget: {why}"), Tone::Quiet),
    }
}

fn raft_words(event: &raft::Event) -> String {
    match event {
        raft::Event::BecameLeader { term } => format!("becomes leader of term {term}"),
        raft::Event::SteppedDown { term } => format!("steps down from term {term}"),
        raft::Event::Voted { term, candidate } => format!("votes for {candidate} in term {term}"),
        raft::Event::Appended { index, term } => format!("appended up to {index} (term {term})"),
        raft::Event::Committed { index } => format!("committed up to {index}"),
        raft::Event::Applied { index, term } => format!("applied {index} (term {term})"),
        raft::Event::AppliedEntry { index, term, state, .. } => {
            format!("applied {index} (term {term}), state {state:016x}")
        }
        raft::Event::SentAppend { term } => format!("speaks as leader of term {term}"),
        raft::Event::Matched { term, peer, index } => format!("{peer} has {index} (term {term})"),
        raft::Event::HardState { term, vote: None } => format!("keeps term {term}"),
        raft::Event::HardState { term, vote: Some(vote) } => format!("keeps term {term}, vote {vote}"),
        raft::Event::Logged { file, entries } => match (entries.first(), entries.last()) {
            (Some(first), Some(last)) => format!("wrote {} to {} in {file}", first.index, last.index),
            _ => format!("wrote nothing in {file}"),
        },
        raft::Event::Truncated { index } => format!("cut its log behind {index}"),
        raft::Event::Durable { index } => format!("durable up to {index}"),
        raft::Event::SnapshotTaken(snapshot) => format!("took a snapshot at {}", snapshot.index),
        raft::Event::SnapshotInstalled(snapshot) => format!("installed a snapshot at {}", snapshot.index),
        raft::Event::SnapshotRestored { index, state, .. } => {
            format!("restored a snapshot at {index}, state {state:016x}")
        }
        raft::Event::Recovered { term, snapshot, index, .. } => {
            let snapshot = snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
            format!("recovered term {term}, snapshot {snapshot}, log up to {index}")
        }
        raft::Event::Executed { client, seq, index, .. } => format!("executed {client}#{seq} at {index}"),
        raft::Event::Replied { client, seq, .. } => format!("replied to {client}#{seq}"),
    }
}

fn op_words(op: &Op) -> String {
    let phase = Tally::PHASES.iter().find(|(phase, _)| *phase == op.phase);
    let phase = match phase.expect("PHASES lists every phase") {
        (Phase::Invoke, _) => "invoke",
        (_, word) => word,
    };
    let key = op.key.as_ref().map_or_else(String::new, |key| format!(" {key}"));
    let value = match &op.value {
        Value::Null => String::new(),
        value => format!(" {value}"),
    };
    format!("op {} of process {}: {phase} {}{key}{value}", op.id.0, op.process.0, op.f)
}

fn disk_words(event: &DiskEvent) -> String {
    let DiskEvent::Holds { file, ranges } = event;
    if ranges.is_empty() {
        return format!("nothing of {file} is durable");
    }
    let ranges: Vec<String> = ranges.iter().map(|range| format!("{}–{}", range.start, range.end)).collect();
    format!("durable of {file}: bytes {}", ranges.join(", "))
}

fn custom_words(word: &Custom) -> String {
    let mut text = format!("{}/{}", word.vocab, word.name);
    for (field, value) in &word.fields {
        write!(text, " {field}={value}").expect("writing to a string");
    }
    text
}
