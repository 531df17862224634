//! `durability-at-commit` (R7): what a leader calls committed lies on the disks of a majority
//! (section 3.8; section 10.2.1 lets the leader's own disk be late).
//!
//! Durable is what the *simulator* says would survive a loss of power, never what a member says. Where
//! an entry lies its owner tells: in a file of its log, or in a snapshot. A file that would be lost
//! with its name counts as little as one that was never synced.
//!
//! A member whose disk lied or rotted did what it could: it counts as one that holds what it should,
//! else a group would break its promise by every commit that it helps with.
//!
//! A client's acknowledgement needs no second look: it follows the commit.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeEvent, NodeName, Record};

use super::Group;
use super::log::{Held, MemberDisk, MemberLog};
use super::members::{Leaders, Members, Word};
use crate::truth::{DiskDoubt, DiskTruth};
use crate::{Findings, Invariant, Oracle};

/// When a leader commits an entry, a majority holds the same entry durably. Exercised by every
/// `committed` of a leader that commits something new.
#[derive(Clone, Debug)]
pub struct DurabilityAtCommit {
    group: Group,
    members: Members,
    leaders: Leaders,
    logs: BTreeMap<NodeName, MemberLog>,
    truth: DiskTruth,
    doubt: DiskDoubt,
    /// All entries up to here are committed and were judged.
    committed: u64,
}

impl DurabilityAtCommit {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self {
            group: group.clone(),
            members: Members::new(group),
            leaders: Leaders::default(),
            logs: BTreeMap::new(),
            truth: DiskTruth::default(),
            doubt: DiskDoubt::default(),
            committed: 0,
        }
    }

    /// Who holds the entry durably: in a snapshot, or in the log as an entry of the same term as
    /// most others do. Members may hold another entry there that a past leader left.
    fn holders(&self, index: u64) -> Vec<&NodeName> {
        let mut by_term: BTreeMap<u64, Vec<&NodeName>> = BTreeMap::new();
        let mut holders = Vec::new();
        for (who, log) in &self.logs {
            match log.held(index, MemberDisk::new(&self.truth, who, &self.group)) {
                Some(Held::Snapshot) => holders.push(who),
                Some(Held::Log { term }) => by_term.entry(term).or_default().push(who),
                None => {}
            }
        }
        holders.extend(by_term.into_values().max_by_key(Vec::len).unwrap_or_default());
        holders.extend(self.doubt.nodes().filter(|node| self.members.names().contains(*node)));
        holders.sort();
        holders.dedup();
        holders
    }

    fn judge(&mut self, record: &Record, who: &NodeName, index: u64, findings: &mut Findings) {
        let Some(term) = self.leaders.term_of(who).filter(|_| index > self.committed) else { return };
        findings.exercised();
        let first = self.committed + 1;
        self.committed = index;
        let majority = self.members.majority();
        let mut holders = (first..=index).map(|index| (index, self.holders(index)));
        // One missing entry says it all: they became durable together or not at all.
        let Some((index, holders)) = holders.find(|(_, holders)| holders.len() < majority) else { return };
        let lacking: Vec<&NodeName> =
            self.members.names().iter().filter(|member| !holders.contains(member)).collect();
        let message = format!(
            "{who} commits entry {index} in term {term}, which lies durably on {} of {} disks",
            holders.len(),
            self.members.names().len()
        );
        findings.violated(record.at, message).node(who).evidence(json!({
            "term": term,
            "index": index,
            "expected": majority,
            "seen": holders.len(),
            "durable-on": holders,
            "not-durable-on": lacking,
        }));
    }
}

impl Oracle for DurabilityAtCommit {
    fn name(&self) -> &'static str {
        "durability-at-commit"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R7")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft", "truth.disk"]
    }
}

impl Invariant for DurabilityAtCommit {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        self.truth.observe(record);
        self.doubt.observe(record);
        let Some((who, word)) = self.members.word(record) else { return };
        self.leaders.observe(who, word);
        match word {
            Word::Told(Event::Committed { index }) => self.judge(record, who, *index, findings),
            Word::Told(event) => self.logs.entry(who.clone()).or_default().observe(event),
            Word::Life(NodeEvent::PowerLost) => {
                if let Some(log) = self.logs.get_mut(who) {
                    log.forget_unsynced(MemberDisk::new(&self.truth, who, &self.group));
                }
            }
            Word::Life(_) => {}
        }
    }
}
