//! Who belongs to the group, what is said by them and of them, and who of them leads.

use std::collections::{BTreeMap, BTreeSet};

use squall_history::vocab::raft::Event;
use squall_history::{Body, Header, NodeEvent, NodeName, Record};

use super::Group;

/// The members of a group: all nodes of one role.
#[derive(Clone, Debug)]
pub(super) struct Members {
    role: String,
    names: BTreeSet<NodeName>,
    /// The same, for a quick look.
    list: Vec<NodeName>,
}

/// A record about a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word<'r> {
    /// The member says so.
    Told(&'r Event),
    /// The engine says so of it.
    Life(&'r NodeEvent),
}

impl Members {
    pub(super) fn new(group: &Group) -> Self {
        Self { role: group.role.clone(), names: BTreeSet::new(), list: Vec::new() }
    }

    pub(super) fn begin(&mut self, header: &Header) {
        self.names = header.topology.role(&self.role).map(|node| node.name.clone()).collect();
        self.list = self.names.iter().cloned().collect();
    }

    pub(super) fn names(&self) -> &BTreeSet<NodeName> {
        &self.names
    }

    /// How many of them any two majorities have.
    pub(super) fn majority(&self) -> usize {
        self.names.len() / 2 + 1
    }

    /// The member that a record is about, and what it says.
    pub(super) fn word<'r>(&self, record: &'r Record) -> Option<(&'r NodeName, Word<'r>)> {
        let word = match &record.body {
            Body::Raft(event) => Word::Told(event),
            Body::Node(event) => Word::Life(event),
            _ => return None,
        };
        let who = record.node.as_ref()?;
        // In the run itself a name is one and the same text wherever it stands; in a stored history it is not.
        let is_same = |name: &NodeName| std::ptr::eq(name.as_str(), who.as_str());
        (self.list.iter().any(is_same) || self.names.contains(who)).then_some((who, word))
    }
}

impl Word<'_> {
    /// Whether an incarnation of the member's software is over, or another begins.
    pub(super) const fn ends_incarnation(&self) -> bool {
        matches!(
            self,
            Self::Life(
                NodeEvent::Started | NodeEvent::Killed | NodeEvent::PowerLost | NodeEvent::Exited { .. }
            )
        )
    }
}

/// Which members lead, and in which term: from `became-leader` until they say that they stepped
/// down, or are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaders(BTreeMap<NodeName, u64>);

impl Leaders {
    pub(super) fn observe(&mut self, who: &NodeName, word: Word<'_>) {
        match word {
            Word::Told(Event::BecameLeader { term }) => _ = self.0.insert(who.clone(), *term),
            Word::Told(Event::SteppedDown { .. }) => _ = self.0.remove(who),
            word if word.ends_incarnation() => _ = self.0.remove(who),
            _ => {}
        }
    }

    /// The term that a member leads.
    pub(super) fn term_of(&self, who: &NodeName) -> Option<u64> {
        self.0.get(who).copied()
    }
}
