//! `leader-exists` (L1): a group of which a majority can work together has a leader soon, and keeps
//! it (sections 4.2.3, 6.2 and 9.6).
//!
//! # Which times are judged
//!
//! A *quiet* time is one in which no member starts, stops, pauses or goes on and no fault begins or
//! ends on a link between members; in which no member stands still and no such link is slow or
//! lossy by a fault; and in which some majority of the members is up and connected pairwise, both
//! ways. Links to others, and other nodes, do not matter. Ten election time-outs after it began a
//! leader must be there, up and connected both ways to a majority, and from then on until the quiet
//! is over it must neither step down nor have a successor.
//!
//! # Why that can be asked for under partial and one-way partitions
//!
//! Let Q be the connected majority. The group has pre-vote (9.6), check-quorum (6.2), and members who
//! have just heard a leader elect no other (4.2.3).
//! - *No leader stays who cannot lead*: one that hears no majority leaves after the time of
//!   check-quorum; one whom no majority hears gets no answers, and leaves too.
//! - *Somebody is elected*: without a leader, all of Q stand sooner or later, at drawn times. The
//!   member of Q with the best log can get the votes of all Q; split votes are drawn anew. A member
//!   outside Q enters a new term only after a majority has answered it, so it cannot push terms up
//!   from where it is heard and hears nothing, and if it can win, it reaches a majority both ways.
//! - *The leader stays*: a majority hears it, and refuses pre-votes; what is left is no majority, so
//!   nobody enters a higher term. That also holds if the leader is outside Q.
//!
//! Terms that differ when the quiet begins cost an election or two; ten time-outs leave room for
//! split votes after that. Without pre-vote or check-quorum it does not hold, and is not meant to.
//!
//! On a network that before any fault loses packets, or whose links take longer than a tenth of the
//! election time-out, none of this can be asked for: not applicable.

use std::collections::BTreeSet;

use serde_json::json;
use squall_history::vocab::raft::Event;
use squall_history::{
    Expect, Header, NetworkProfile, NodeEvent, NodeName, Ppm, Record, SimDuration, SimTime,
};

use super::Group;
use super::members::{Members, Word};
use crate::truth::LinkTruth;
use crate::{Findings, Invariant, Oracle, Promise};

/// How many election time-outs a connected majority may be without a leader.
const TIMEOUTS: u64 = 10;

/// In quiet times there is a leader after ten election time-outs, and it stays. Exercised by every
/// quiet time that lasts so long.
#[derive(Clone, Debug)]
pub struct LeaderExists {
    members: Members,
    links: LinkTruth,
    patience: SimDuration,
    /// Of a link before any fault, if the network is none on which this can be asked for.
    unsuited: Option<NetworkProfile>,
    up: BTreeSet<NodeName>,
    paused: BTreeSet<NodeName>,
    /// The latest to lead, with its term, as long as it does.
    leader: Option<(NodeName, u64)>,
    quiet: Option<Quiet>,
}

/// A quiet time.
#[derive(Clone, Debug)]
struct Quiet {
    since: SimTime,
    /// The majority that is connected.
    connected: Vec<NodeName>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The time-outs are not over.
    Waiting,
    /// There was a leader when they were.
    Led,
    /// Something was wrong; it is said once.
    Broken,
}

impl LeaderExists {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self {
            members: Members::new(group),
            links: LinkTruth::default(),
            patience: SimDuration(group.election_timeout_max.0.saturating_mul(TIMEOUTS)),
            up: BTreeSet::new(),
            paused: BTreeSet::new(),
            leader: None,
            quiet: None,
            unsuited: None,
        }
    }

    /// Judges at its deadline a quiet time that has lasted until `due(deadline)`.
    fn judge(&mut self, due: impl Fn(SimTime) -> bool, findings: &mut Findings) {
        // Asked at every record, and nearly always not due.
        let waiting = self.quiet.as_ref().filter(|quiet| quiet.stage == Stage::Waiting);
        let Some(deadline) = waiting.map(|quiet| quiet.since + self.patience).filter(|at| due(*at)) else {
            return;
        };
        let leads = self.leader.as_ref().is_some_and(|(leader, _)| self.reaches_majority(leader));
        let Some(quiet) = &mut self.quiet else { return };
        findings.exercised();
        quiet.stage = if leads { Stage::Led } else { Stage::Broken };
        if leads {
            return;
        }
        let Quiet { since, connected, .. } = quiet;
        let message = match &self.leader {
            None => {
                format!("no member leads {} after a majority was connected and left alone", self.patience)
            }
            Some((leader, _)) => format!(
                "{leader} leads without a majority {} after another was connected and left alone",
                self.patience
            ),
        };
        let evidence = json!({
            "quiet-since": since,
            "within": self.patience,
            "expected": "a leader connected to a majority",
            "seen": self.leader,
            "connected": connected,
        });
        let found = findings.violated(deadline, message);
        connected.iter().for_each(|member| _ = found.node(member));
        found.evidence(evidence);
    }

    /// What a member says of leading, while the group is left alone.
    fn judge_change(&mut self, record: &Record, who: &NodeName, event: &Event, findings: &mut Findings) {
        let is_leader = self.leader.as_ref().is_some_and(|(leader, _)| leader == who);
        let message = match event {
            Event::BecameLeader { term } => format!("{who} becomes leader of term {term}"),
            Event::SteppedDown { term } if is_leader => format!("{who} steps down from term {term}"),
            _ => return,
        };
        let Some(quiet) = self.quiet.as_mut().filter(|quiet| quiet.stage == Stage::Led) else { return };
        quiet.stage = Stage::Broken;
        let message = format!("{message} in a group that has a leader and is left alone");
        findings.violated(record.at, message).node(who).evidence(json!({
            "quiet-since": quiet.since,
            "expected": self.leader,
            "seen": event,
            "connected": quiet.connected,
        }));
    }

    fn follow(&mut self, who: &NodeName, word: Word<'_>) {
        let leads = self.leader.as_ref().is_some_and(|(leader, _)| leader == who);
        match word {
            Word::Told(Event::BecameLeader { term }) => {
                let is_latest = self.leader.as_ref().is_none_or(|(_, known)| known <= term);
                if is_latest {
                    self.leader = Some((who.clone(), *term));
                }
            }
            Word::Told(Event::SteppedDown { .. }) if leads => self.leader = None,
            Word::Told(_) | Word::Life(NodeEvent::Panicked { .. }) => {}
            Word::Life(NodeEvent::Paused) => _ = self.paused.insert(who.clone()),
            Word::Life(NodeEvent::Resumed) => _ = self.paused.remove(who),
            Word::Life(event) => {
                if leads {
                    self.leader = None;
                }
                self.paused.remove(who);
                if *event == NodeEvent::Started {
                    self.up.insert(who.clone());
                } else {
                    self.up.remove(who);
                }
            }
        }
    }

    /// The quiet that begins at `at`, if the group is as it should be.
    fn quiet_from(&self, at: SimTime) -> Option<Quiet> {
        let disturbed = !self.paused.is_empty() || self.links.is_degraded_among(self.members.names());
        let candidates: Vec<&NodeName> = self.up.iter().filter(|_| !disturbed).collect();
        let mut connected = Vec::new();
        self.connect(&candidates, &mut connected).then(|| Quiet {
            since: at,
            connected: connected.into_iter().cloned().collect(),
            stage: Stage::Waiting,
        })
    }

    /// Adds to `chosen` those of the candidates with which it is a connected majority; false if
    /// there are none. Groups are small: trying is quick.
    fn connect<'n>(&self, candidates: &[&'n NodeName], chosen: &mut Vec<&'n NodeName>) -> bool {
        if chosen.len() >= self.members.majority() {
            return true;
        }
        let Some((first, others)) = candidates.split_first() else { return false };
        if chosen.len() + candidates.len() < self.members.majority() {
            return false;
        }
        let reached: Vec<&NodeName> =
            others.iter().copied().filter(|other| self.are_connected(first, other)).collect();
        chosen.push(first);
        if self.connect(&reached, chosen) {
            return true;
        }
        chosen.pop();
        self.connect(others, chosen)
    }

    fn are_connected(&self, one: &NodeName, other: &NodeName) -> bool {
        !self.links.is_cut(one, other) && !self.links.is_cut(other, one)
    }

    fn reaches_majority(&self, member: &NodeName) -> bool {
        let reached = self.up.iter().filter(|other| self.are_connected(member, other));
        reached.count() >= self.members.majority()
    }
}

impl Oracle for LeaderExists {
    fn name(&self) -> &'static str {
        "leader-exists"
    }

    fn id(&self) -> Option<&'static str> {
        Some("L1")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft", "truth.fault", "truth.node"]
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Invariant for LeaderExists {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
        let most = SimDuration(self.patience.0 / TIMEOUTS / 10);
        let unsuited = |network: &NetworkProfile| network.slowest() > most || network.loss > Ppm::ZERO;
        // The members' links alone count; where it names none of them a profile is of no interest.
        let among = |nodes: &[NodeName]| nodes.iter().any(|node| self.members.names().contains(node));
        let own = header.links.iter().filter(|link| among(&link.from) && among(&link.to));
        let profiles = own.map(|link| link.profile).chain([header.network]);
        self.unsuited = profiles.into_iter().find(unsuited);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if self.unsuited.is_some() {
            return;
        }
        // What happens at the deadline itself still counts.
        self.judge(|deadline| record.at > deadline, findings);
        let mut disturbs = self.links.changes_among(record, self.members.names());
        self.links.observe(record);
        if let Some((who, word)) = self.members.word(record) {
            if let Word::Told(event) = word {
                self.judge_change(record, who, event, findings);
            }
            disturbs |= matches!(word, Word::Life(event) if !matches!(event, NodeEvent::Panicked { .. }));
            self.follow(who, word);
        }
        if disturbs {
            self.quiet = self.quiet_from(record.at);
        }
    }

    fn end(&mut self, at: SimTime, findings: &mut Findings) {
        if let Some(NetworkProfile { latency, jitter, loss, .. }) = self.unsuited {
            return findings.not_applicable(format!(
                "links take up to {latency} and {jitter} and lose {loss} before any fault"
            ));
        }
        self.judge(|deadline| at >= deadline, findings);
    }
}
