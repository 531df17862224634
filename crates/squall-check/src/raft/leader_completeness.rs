//! `leader-completeness` (R4): what was committed in a term is in the logs of the leaders of all
//! later terms (figure 3.2, section 3.6.3).
//!
//! Committed is what a leader says is committed, in the term that it leads; what followers say
//! follows from it. Only entries of *earlier terms* bind a leader: it may come to know of its election
//! when a later leader has committed more already. A log begins behind the member's newest snapshot;
//! that a snapshot holds the right state is judged by `state-machine-safety`.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::log::MemberLog;
use super::members::{Leaders, Members, Word};
use crate::{Findings, Invariant, Oracle};

/// Whoever becomes leader has, in its log or in a snapshot, every entry that was committed in an
/// earlier term. Exercised by every `became-leader` of a member that tells its log, once something
/// was committed in an earlier term.
#[derive(Clone, Debug)]
pub struct LeaderCompleteness {
    members: Members,
    leaders: Leaders,
    logs: BTreeMap<NodeName, MemberLog>,
    /// By index.
    committed: BTreeMap<u64, Committed>,
}

/// A committed entry.
#[derive(Clone, Debug)]
struct Committed {
    /// The term in which a leader committed it first, and who that was.
    in_term: u64,
    by: NodeName,
    /// The entry's own term, once somebody told.
    term: Option<u64>,
}

impl LeaderCompleteness {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self {
            members: Members::new(group),
            leaders: Leaders::default(),
            logs: BTreeMap::new(),
            committed: BTreeMap::new(),
        }
    }

    fn commit(&mut self, who: &NodeName, index: u64) {
        let Some(in_term) = self.leaders.term_of(who) else { return };
        let known = self.committed.last_key_value().map_or(0, |(index, _)| *index);
        let log = self.logs.get(who);
        for index in known + 1..=index {
            // A leader may commit what its own disk has not got yet; whoever applies it tells the rest.
            let term = log.and_then(|log| log.entry(index)).map(|entry| entry.term);
            self.committed.insert(index, Committed { in_term, by: who.clone(), term });
        }
    }

    /// An entry is applied: a committed one has this term.
    fn identify(&mut self, index: u64, term: u64) {
        if let Some(committed) = self.committed.get_mut(&index) {
            committed.term.get_or_insert(term);
        }
    }

    fn judge(&self, record: &Record, who: &NodeName, term: u64, findings: &mut Findings) {
        let Some(log) = self.logs.get(who).filter(|log| log.speaks()) else { return };
        let is_earlier = |committed: &Committed| committed.in_term < term;
        if self.committed.values().next().is_some_and(is_earlier) {
            findings.exercised();
        }
        let behind = self.committed.range(log.snapshot_index() + 1..);
        let mut earlier = behind.filter(|(_, committed)| is_earlier(committed));
        let lost = earlier.find(|(index, committed)| match (log.entry(**index), committed.term) {
            (Some(entry), Some(term)) => entry.term != term,
            (found, _) => found.is_none(),
        });
        let Some((index, Committed { in_term, by, term: entry_term })) = lost else { return };
        let message = format!(
            "{who} leads term {term} without entry {index}, which {by} committed as leader of term {in_term}"
        );
        findings.violated(record.at, message).node(who).evidence(json!({
            "term": term,
            "index": index,
            "expected": { "term": entry_term },
            "seen": log.entry(*index).map_or_else(|| json!("no entry"), |entry| json!(entry)),
            "log-end": log.end(),
            "snapshot": log.snapshot_index(),
        }));
    }
}

impl Oracle for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader-completeness"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R4")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for LeaderCompleteness {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, word)) = self.members.word(record) else { return };
        self.leaders.observe(who, word);
        let Word::Told(event) = word else { return };
        match event {
            Event::BecameLeader { term } => self.judge(record, who, *term, findings),
            Event::Committed { index } => self.commit(who, *index),
            Event::AppliedEntry { index, term, .. } | Event::Applied { index, term } => {
                self.identify(*index, *term);
            }
            _ => self.logs.entry(who.clone()).or_default().observe(event),
        }
    }
}
