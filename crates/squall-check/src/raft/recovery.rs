//! `recovery-finds-what-was-synced` (the first half of S8): a member that starts again finds at least
//! what its disk held durably when it went down (section 3.8).
//!
//! Durable is what the simulator says, as in `durability-at-commit`. It is noted when the power goes,
//! or when the member starts again, whichever is first: what a recovery does to the files is judged
//! and must not be the measure. A crash during recovery takes nothing away either, so what was noted
//! holds until the member says what it found. It may find more: what was written and not synced may
//! be there.
//!
//! A disk that rotted, or lied, owes nothing any more: one turned bit may hide all that lies behind it.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::raft::{Event, Snapshot};
use squall_history::{Expect, Header, NodeEvent, NodeName, Record};

use super::Group;
use super::log::{MemberDisk, MemberLog};
use super::members::{Members, Word};
use crate::truth::{DiskDoubt, DiskTruth};
use crate::{Findings, Invariant, Oracle};

/// `recovered` tells of a snapshot as new, and a log as long, as lay durably on the disk. Exercised
/// by every `recovered` of a member whose disk held something.
#[derive(Clone, Debug)]
pub struct RecoveryFindsWhatWasSynced {
    group: Group,
    members: Members,
    logs: BTreeMap<NodeName, MemberLog>,
    /// What must be found, of members that went down and did not say yet what they found.
    owed: BTreeMap<NodeName, Owed>,
    truth: DiskTruth,
    doubt: DiskDoubt,
}

/// What a disk held durably.
#[derive(Clone, Debug)]
struct Owed {
    snapshot: u64,
    /// The terms of the entries that follow the snapshot without a gap.
    entries: BTreeMap<u64, u64>,
}

impl Owed {
    /// How far the log must reach if this is the newest snapshot found. A snapshot that was not
    /// certain to be there may be; if the log holds another entry than its last, or does not reach
    /// that far, then what lies behind it is void.
    fn end(&self, found: Option<&Snapshot>) -> u64 {
        let end = self.entries.last_key_value().map_or(self.snapshot, |(index, _)| *index);
        match found {
            Some(found)
                if found.index > self.snapshot && self.entries.get(&found.index) != Some(&found.term) =>
            {
                found.index
            }
            _ => end,
        }
    }
}

impl RecoveryFindsWhatWasSynced {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self {
            group: group.clone(),
            members: Members::new(group),
            logs: BTreeMap::new(),
            owed: BTreeMap::new(),
            truth: DiskTruth::default(),
            doubt: DiskDoubt::default(),
        }
    }

    fn note(&mut self, who: &NodeName) {
        let Some(log) = self.logs.get(who).filter(|_| !self.owed.contains_key(who)) else { return };
        let (snapshot, entries) = log.synced(MemberDisk::new(&self.truth, who, &self.group));
        self.owed.insert(who.clone(), Owed { snapshot, entries });
    }

    fn judge(
        &mut self,
        record: &Record,
        who: &NodeName,
        (snapshot, index): (Option<&Snapshot>, u64),
        findings: &mut Findings,
    ) {
        let Some(owed) = self.owed.remove(who).filter(|_| !self.doubt.is_doubtful(who)) else { return };
        let end = owed.end(snapshot);
        if end == 0 {
            return;
        }
        findings.exercised();
        let found = snapshot.map_or(0, |snapshot| snapshot.index);
        let message = if found < owed.snapshot {
            format!("{who} recovered snapshot {found}, and snapshot {} was durable", owed.snapshot)
        } else if index < end {
            format!("{who} recovered its log up to {index}, and it was durable up to {end}")
        } else {
            return;
        };
        findings.violated(record.at, message).node(who).evidence(json!({
            "expected": { "snapshot": owed.snapshot, "index": end },
            "seen": { "snapshot": found, "index": index },
        }));
    }
}

impl Oracle for RecoveryFindsWhatWasSynced {
    fn name(&self) -> &'static str {
        "recovery-finds-what-was-synced"
    }

    fn id(&self) -> Option<&'static str> {
        Some("S8")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft", "truth.disk"]
    }
}

impl Invariant for RecoveryFindsWhatWasSynced {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        self.truth.observe(record);
        self.doubt.observe(record);
        let Some((who, word)) = self.members.word(record) else { return };
        match word {
            Word::Life(NodeEvent::PowerLost | NodeEvent::Started) => self.note(who),
            Word::Life(_) => {}
            Word::Told(event) => {
                if let Event::Recovered { snapshot, index, .. } = event {
                    self.judge(record, who, (snapshot.as_ref(), *index), findings);
                }
                self.logs.entry(who.clone()).or_default().observe(event);
            }
        }
    }
}
