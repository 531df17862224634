//! `election-safety` (R1): a term has at most one leader (figure 3.2, section 3.4).
//!
//! Leading is what a member says of itself: that it became leader, or that its first append of a
//! term left. One that led a term already may say so again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::members::{Members, Word};
use crate::{Findings, Invariant, Oracle};

/// At most one node leads each term. Exercised by every `became-leader`.
#[derive(Clone, Debug)]
pub struct ElectionSafety {
    members: Members,
    leaders: BTreeMap<u64, BTreeSet<NodeName>>,
}

impl ElectionSafety {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self { members: Members::new(group), leaders: BTreeMap::new() }
    }
}

impl Oracle for ElectionSafety {
    fn name(&self) -> &'static str {
        "election-safety"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R1")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for ElectionSafety {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, Word::Told(event))) = self.members.word(record) else { return };
        let term = match event {
            Event::BecameLeader { term } => {
                findings.exercised();
                term
            }
            Event::SentAppend { term } => term,
            _ => return,
        };
        let leaders = self.leaders.entry(*term).or_default();
        let others: Vec<NodeName> = leaders.iter().filter(|other| *other != who).cloned().collect();
        let is_news = leaders.insert(who.clone());
        if let (true, Some(other)) = (is_news, others.first()) {
            let found = findings.violated(record.at, format!("{other} and {who} both lead term {term}"));
            others.iter().for_each(|other| _ = found.node(other));
            found.node(who).evidence(json!({ "term": term, "expected": other, "seen": who }));
        }
    }
}
