//! `state-machine-safety` (R5): no two members apply different entries at one index (figure 3.2,
//! section 3.6.3), and as they apply the same, they come to the same state.
//!
//! The second half is no property of consensus but of what it drives: it finds state machines that
//! depend on something besides the log, and snapshots that do not hold the whole state. It rests on
//! the states that members tell; from those that tell entries alone, the entries are judged.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::members::{Members, Word};
use crate::{Findings, Invariant, Oracle};

/// Each index is applied as the same entry and with the same state after it everywhere; each
/// incarnation applies without gap or repetition from its snapshot, or from the first entry; and a
/// snapshot has the state that was reached by applying. Exercised whenever two of those are compared.
#[derive(Clone, Debug)]
pub struct StateMachineSafety {
    members: Members,
    /// By index, as it was applied first.
    applied: BTreeMap<u64, Applied>,
    progress: BTreeMap<NodeName, Progress>,
}

/// An entry as somebody applied it.
#[derive(Clone, Debug)]
struct Applied {
    term: u64,
    hash: Option<u64>,
    state: Option<u64>,
    by: NodeName,
}

/// How far an incarnation came.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    last: u64,
    /// It was found to be wrong: whatever follows is wrong as well and says nothing new.
    diverged: bool,
}

impl StateMachineSafety {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self { members: Members::new(group), applied: BTreeMap::new(), progress: BTreeMap::new() }
    }

    fn apply(&mut self, record: &Record, index: u64, now: Applied, findings: &mut Findings) {
        let progress = self.progress.entry(now.by.clone()).or_default();
        let last = std::mem::replace(&mut progress.last, index);
        if progress.diverged {
            return;
        }
        let who = now.by.clone();
        if index != last + 1 {
            progress.diverged = true;
            let message = format!("{who} applies entry {index} after entry {last}");
            let evidence = json!({ "expected": last + 1, "seen": index });
            findings.violated(record.at, message).node(&who).evidence(evidence);
            return;
        }
        let Some(known) = self.applied.get_mut(&index) else {
            self.applied.insert(index, now);
            return;
        };
        findings.exercised();
        let what = if known.term != now.term || differ(known.hash, now.hash) {
            "different entries"
        } else if differ(known.state, now.state) {
            "different states after entry"
        } else {
            known.hash = known.hash.or(now.hash);
            known.state = known.state.or(now.state);
            return;
        };
        progress.diverged = true;
        let message = match known.by == who {
            true => format!("{who} applies {what} {index} in two incarnations"),
            false => format!("{} and {who} apply {what} {index}", known.by),
        };
        let found = findings.violated(record.at, message).node(&known.by);
        if known.by != who {
            found.node(&who);
        }
        found.evidence(json!({ "index": index, "expected": known.evidence(), "seen": now.evidence() }));
    }

    /// A snapshot at `index` has this state.
    fn snapshot(&self, record: &Record, who: &NodeName, (index, state): (u64, u64), findings: &mut Findings) {
        // Where nobody tells what it applies, there is nothing to compare with.
        if index == 0 || self.applied.is_empty() {
            return;
        }
        findings.exercised();
        let known = self.applied.get(&index);
        let message = match known.map(|known| known.state) {
            None => format!("{who} has a snapshot at {index}, which nobody has applied"),
            Some(Some(known)) if known != state => {
                format!("{who} has a snapshot at {index} of another state than was applied")
            }
            Some(_) => return,
        };
        let expected = known.map(Applied::evidence);
        let evidence = json!({ "index": index, "expected": expected, "seen": { "state": hex(state) } });
        findings.violated(record.at, message).node(who).evidence(evidence);
    }
}

impl Applied {
    fn evidence(&self) -> Value {
        let Self { term, hash, state, by } = self;
        json!({ "term": term, "hash": hash.map(hex), "state": state.map(hex), "by": by })
    }
}

/// Whether two are known and not the same.
fn differ(one: Option<u64>, other: Option<u64>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

fn hex(number: u64) -> String {
    format!("{number:016x}")
}

impl Oracle for StateMachineSafety {
    fn name(&self) -> &'static str {
        "state-machine-safety"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R5")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for StateMachineSafety {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, word)) = self.members.word(record) else { return };
        if word.ends_incarnation() {
            self.progress.remove(who);
        }
        let Word::Told(event) = word else { return };
        let by = who.clone();
        match event {
            Event::Applied { index, term } => {
                self.apply(record, *index, Applied { term: *term, hash: None, state: None, by }, findings);
            }
            Event::AppliedEntry { index, term, hash, state } => {
                let now = Applied { term: *term, hash: Some(*hash), state: Some(*state), by };
                self.apply(record, *index, now, findings);
            }
            Event::SnapshotTaken(snapshot) | Event::SnapshotInstalled(snapshot) => {
                self.snapshot(record, who, (snapshot.index, snapshot.state), findings);
            }
            Event::SnapshotRestored { index, state, .. } => {
                self.progress.insert(by, Progress { last: *index, diverged: false });
                self.snapshot(record, who, (*index, *state), findings);
            }
            _ => {}
        }
    }
}
