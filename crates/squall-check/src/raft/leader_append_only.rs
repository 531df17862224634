//! `leader-append-only` (R2): a leader never removes or rewrites an entry of its own log (figure
//! 3.2, section 3.5).
//!
//! Judged by what is written: a cut is told when it is on the disk. What a member did to its log as a
//! follower is there before it is elected, since its vote for itself was written after it.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::log::MemberLog;
use super::members::{Leaders, Members, Word};
use crate::{Findings, Invariant, Oracle};

/// While it leads, a member neither cuts its log nor writes another entry in the place of one.
/// Exercised by everything that a leader writes to its log.
#[derive(Clone, Debug)]
pub struct LeaderAppendOnly {
    members: Members,
    leaders: Leaders,
    logs: BTreeMap<NodeName, MemberLog>,
}

impl LeaderAppendOnly {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self { members: Members::new(group), leaders: Leaders::default(), logs: BTreeMap::new() }
    }
}

impl Oracle for LeaderAppendOnly {
    fn name(&self) -> &'static str {
        "leader-append-only"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R2")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for LeaderAppendOnly {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, word)) = self.members.word(record) else { return };
        self.leaders.observe(who, word);
        let Word::Told(event) = word else { return };
        let log = self.logs.entry(who.clone()).or_default();
        if let Some(term) = self.leaders.term_of(who) {
            judge(record, who, term, (log, event), findings);
        }
        log.observe(event);
    }
}

fn judge(
    record: &Record,
    who: &NodeName,
    term: u64,
    (log, event): (&MemberLog, &Event),
    findings: &mut Findings,
) {
    match event {
        Event::Truncated { index } => {
            findings.exercised();
            if log.end() > *index {
                let message = format!("{who} leads term {term} and cuts its log behind {index}");
                let evidence =
                    json!({ "term": term, "expected": { "end": log.end() }, "seen": { "end": index } });
                findings.violated(record.at, message).node(who).evidence(evidence);
            }
        }
        Event::Logged { entries, .. } => {
            findings.exercised();
            let is_other = |index, hash| log.entry(index).filter(|known| known.hash != hash);
            let rewritten =
                entries.iter().find_map(|entry| Some((is_other(entry.index, entry.hash)?, entry)));
            if let Some((known, entry)) = rewritten {
                let message = format!("{who} leads term {term} and rewrites its entry {}", entry.index);
                let evidence = json!({ "term": term, "expected": known, "seen": entry });
                findings.violated(record.at, message).node(who).evidence(evidence);
            }
        }
        _ => {}
    }
}
