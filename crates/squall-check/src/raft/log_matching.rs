//! `log-matching` (R3): if two logs hold an entry of the same index and term, they are the same up
//! to there (figure 3.2, section 3.5).
//!
//! One (index, term) must name one entry and one term before it, wherever and whenever it is written:
//! by induction the prefixes are the same then. Two logs may well differ at an index in different
//! terms; that is what a new leader mends.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::raft::{Event, LoggedEntry};
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::members::{Members, Word};
use crate::{Findings, Invariant, Oracle};

/// An index and a term name one hash and one previous term in the group. Exercised by every entry
/// that was written somewhere before, by another member or in another incarnation.
#[derive(Clone, Debug)]
pub struct LogMatching {
    members: Members,
    /// By index and term: what was written first, and by whom.
    written: BTreeMap<(u64, u64), (LoggedEntry, NodeName)>,
}

impl LogMatching {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self { members: Members::new(group), written: BTreeMap::new() }
    }
}

impl Oracle for LogMatching {
    fn name(&self) -> &'static str {
        "log-matching"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R3")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for LogMatching {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, Word::Told(Event::Logged { entries, .. }))) = self.members.word(record) else {
            return;
        };
        for entry in entries {
            let name = (entry.index, entry.term);
            let Some((known, by)) = self.written.get(&name) else {
                self.written.insert(name, (entry.clone(), who.clone()));
                continue;
            };
            findings.exercised();
            if (known.hash, known.previous_term) == (entry.hash, entry.previous_term) {
                continue;
            }
            let LoggedEntry { index, term, .. } = entry;
            let message = format!("{by} and {who} have different entries {index} of term {term}");
            let found = findings.violated(record.at, message).node(by);
            if by != who {
                found.node(who);
            }
            found.evidence(json!({ "expected": known, "seen": entry, "first-written-by": by }));
        }
    }
}
