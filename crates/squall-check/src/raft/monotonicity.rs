//! `monotonicity` (R6): what only grows never falls, and what was promised stays promised (figure
//! 3.1; section 3.8 for what must outlast a restart; 3.5 for the leader's knowledge of others).
//!
//! - The term never falls, over restarts too, and a vote given in a term stays: what was told once
//!   of either was told to others, who count on it.
//! - The commit index never falls within one incarnation; neither does what a leader knows of a
//!   member's log within one term.
//!
//! That applying goes on step by step is judged by `state-machine-safety`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::members::{Members, Word};
use crate::{Findings, Invariant, Oracle};

/// Terms, commit indexes and known matches never fall; votes never change. Exercised whenever a
/// value is told of which an earlier one is known.
#[derive(Clone, Debug)]
pub struct Monotonicity {
    members: Members,
    known: BTreeMap<NodeName, Known>,
}

/// What one member told.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The highest term of which it told anything that its disk holds.
    term: Option<u64>,
    /// The last term that its disk had, by its own account.
    hard: Option<u64>,
    votes: BTreeMap<u64, NodeName>,
    /// In this incarnation.
    commit: Option<u64>,
    /// In this incarnation, by term and peer.
    matched: BTreeMap<(u64, NodeName), u64>,
}

impl Monotonicity {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self { members: Members::new(group), known: BTreeMap::new() }
    }
}

impl Oracle for Monotonicity {
    fn name(&self) -> &'static str {
        "monotonicity"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R6")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for Monotonicity {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, word)) = self.members.word(record) else { return };
        let known = self.known.entry(who.clone()).or_default();
        if word.ends_incarnation() {
            known.commit = None;
            known.matched.clear();
        }
        let Word::Told(event) = word else { return };
        let mut hearing = Hearing { record, who, findings };
        match event {
            Event::Voted { term, candidate } => known.vote(*term, candidate, &mut hearing),
            Event::HardState { term, vote } => {
                hearing.rises("the term on its disk", &mut known.hard, *term);
                known.tell_term(*term);
                if let Some(candidate) = vote {
                    known.vote(*term, candidate, &mut hearing);
                }
            }
            Event::Committed { index } => hearing.rises("its commit index", &mut known.commit, *index),
            Event::Matched { term, peer, index } => {
                let key = (*term, peer.clone());
                let mut matched = known.matched.get(&key).copied();
                hearing.rises(&format!("what it knows of the log of {peer}"), &mut matched, *index);
                known.matched.insert(key, matched.unwrap_or(*index));
            }
            Event::Recovered { term, vote, .. } => known.recover(*term, vote.as_ref(), &mut hearing),
            _ => {}
        }
    }
}

impl Known {
    fn tell_term(&mut self, term: u64) {
        // A vote may be told when a later term has been entered.
        self.term = self.term.max(Some(term));
    }

    fn vote(&mut self, term: u64, candidate: &NodeName, hearing: &mut Hearing<'_>) {
        self.tell_term(term);
        let Some(before) = self.votes.get(&term) else {
            self.votes.insert(term, candidate.clone());
            return;
        };
        hearing.findings.exercised();
        if before != candidate {
            let who = hearing.who;
            let message =
                format!("{who} votes for {candidate} in term {term}, in which it voted for {before}");
            let evidence = json!({ "term": term, "expected": before, "seen": candidate });
            hearing.violated(message, evidence);
        }
    }

    fn recover(&mut self, term: u64, vote: Option<&NodeName>, hearing: &mut Hearing<'_>) {
        let Some(told) = self.term else { return };
        hearing.findings.exercised();
        let promised = self.votes.get(&told);
        let breaks_vote = term == told && promised.is_some() && promised != vote;
        if term < told || breaks_vote {
            let who = hearing.who;
            let message = match promised.filter(|_| breaks_vote) {
                Some(promised) => {
                    format!("{who} started again in term {term} without its vote for {promised} in that term")
                }
                None => format!("{who} started again in term {term}, after it had told of term {told}"),
            };
            let evidence = json!({
                "expected": { "term": told, "vote": promised },
                "seen": { "term": term, "vote": vote },
            });
            hearing.violated(message, evidence);
        }
    }
}

/// One record, to be judged.
struct Hearing<'h> {
    record: &'h Record,
    who: &'h NodeName,
    findings: &'h mut Findings,
}

impl Hearing<'_> {
    /// `known` was told before, and now `value`.
    fn rises(&mut self, what: &str, known: &mut Option<u64>, value: u64) {
        let Some(before) = known.replace(value) else { return };
        self.findings.exercised();
        if value < before {
            let message = format!("{what} falls from {before} to {value} at {}", self.who);
            self.violated(message, json!({ "expected": before, "seen": value }));
        }
    }

    fn violated(&mut self, message: String, evidence: Value) {
        self.findings.violated(self.record.at, message).node(self.who).evidence(evidence);
    }
}
