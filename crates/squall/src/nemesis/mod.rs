//! The nemesis: applies the faults of a plan when they are due, ends them, and tells what it did.
//!
//! It binds selectors to nodes at the moment a fault strikes ([`bind`], [`shape`]), keeps the fault
//! budget ([`budget`]), and writes down a *bound* plan: the same faults with literal targets, whose
//! replay is the same run. Every decision is a function of the plan, the seed and the history so
//! far.

mod act;
mod bind;
mod budget;
mod shape;
mod supervisor;

use std::collections::{BTreeMap, BTreeSet};

use squall_check::FaultCounts;
use squall_history::{
    Body, Draws, FaultEvent, FaultId, NodeEvent, NodeName, Plan, PlannedFault, Record, SimTime, Topology,
    Veto,
};
use squall_sim::{DiskRuleId, Effects, RuleId};

use crate::{Engine, FaultBudget};

pub use budget::{Budget, Unavailable};

/// Applies a plan's faults.
pub(crate) struct Nemesis<'a> {
    plan: &'a Plan,
    client_roles: Vec<String>,
    draws: Draws,
    /// What is due, in order; at one instant faults end before others begin.
    moments: BTreeMap<(SimTime, Moment), ()>,
    active: BTreeMap<usize, Active>,
    /// How many faults keep a node down, and standing still.
    down: BTreeMap<NodeName, u32>,
    paused: BTreeMap<NodeName, u32>,
    /// Nodes whose disks have lied or rotted: what they hold is in doubt for ever.
    distrusted: BTreeSet<NodeName>,
    /// Nodes whose software ended with an error.
    gave_up: BTreeSet<NodeName>,
    budget: Budget,
    supervisor: supervisor::Supervisor<'a>,
    leader: Option<NodeName>,
    bound: Vec<PlannedFault>,
    vetoes: Vec<Veto>,
    counts: BTreeMap<String, FaultCounts>,
}

/// Something due. The order of the variants, then of the plan, decides at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Moment {
    End(usize),
    Reseed(usize),
    Apply(usize),
    /// A supervisor's wait for a node is over.
    Restart(usize),
}

/// A fault in force.
struct Active {
    hold: Hold,
    effects: Effects,
}

/// What must be undone when it ends.
enum Hold {
    Down(Vec<NodeName>),
    Paused(Vec<NodeName>),
    Rule(RuleId),
    Cut(RuleId, Vec<(NodeName, NodeName)>),
    /// A fault of disks, and the nodes that it keeps from their work.
    Disk(DiskRuleId, Vec<NodeName>),
}

impl<'a> Nemesis<'a> {
    /// The nemesis of a plan.
    pub(crate) fn new(plan: &'a Plan, client_roles: Vec<String>, tolerates: FaultBudget) -> Self {
        let applies = plan.faults.iter().enumerate().map(|(place, fault)| (fault.at, Moment::Apply(place)));
        let reseeds = plan.reseed.iter().enumerate().map(|(place, it)| (it.at, Moment::Reseed(place)));
        let moments = applies.chain(reseeds).map(|key| (key, ())).collect();
        let mut counts: BTreeMap<String, FaultCounts> = BTreeMap::new();
        for fault in &plan.faults {
            counts.entry(fault.action.keyword().to_owned()).or_default().planned += 1;
        }
        Self {
            plan,
            client_roles,
            draws: Draws::new(plan.seed),
            moments,
            active: BTreeMap::new(),
            down: BTreeMap::new(),
            paused: BTreeMap::new(),
            distrusted: BTreeSet::new(),
            gave_up: BTreeSet::new(),
            budget: Budget::new(tolerates, &plan.topology),
            supervisor: supervisor::Supervisor::new(&plan.topology),
            leader: None,
            bound: Vec::new(),
            vetoes: plan.vetoes.clone(),
            counts,
        }
    }

    /// When it acts next.
    pub(crate) fn next_at(&self) -> Option<SimTime> {
        self.moments.first_key_value().map(|((at, _), ())| *at)
    }

    /// The latest node to become leader, for `target: leader`.
    pub(crate) fn set_leader(&mut self, leader: Option<&NodeName>) {
        if self.leader.as_ref() != leader {
            self.leader = leader.cloned();
        }
    }

    /// Takes what happened to a node.
    pub(crate) fn heard(&mut self, record: &Record) {
        if let Some((at, place)) = self.supervisor.heard(record) {
            self.moments.insert((at, Moment::Restart(place)), ());
        }
        match (&record.body, &record.node) {
            (Body::Node(NodeEvent::Exited { error: Some(_) }), Some(node)) => {
                self.gave_up.insert(node.clone());
            }
            (Body::Node(NodeEvent::Started), Some(node)) => _ = self.gave_up.remove(node),
            _ => {}
        }
    }

    /// Does everything that is due at `now`.
    pub(crate) fn act(&mut self, engine: &mut dyn Engine, now: SimTime) {
        while let Some((&(at, moment), ())) = self.moments.first_key_value() {
            if at > now {
                return;
            }
            self.moments.pop_first();
            match moment {
                Moment::End(place) => self.end(engine, place),
                Moment::Reseed(place) => {
                    let seed = self.plan.reseed[place].seed;
                    self.draws = Draws::new(seed);
                    engine.reseed(seed);
                }
                Moment::Apply(place) => self.apply(engine, place, now),
                Moment::Restart(place) => {
                    self.supervisor.restart(engine, place, |node| self.down.contains_key(node));
                }
            }
        }
    }

    /// Ends the account at the end of a run: what faults that still hold have done so far.
    pub(crate) fn close(&mut self, engine: &mut dyn Engine) {
        for (place, mut active) in std::mem::take(&mut self.active) {
            match &active.hold {
                Hold::Rule(rule) | Hold::Cut(rule, _) => active.effects.merge(&engine.remove_rule(*rule)),
                Hold::Paused(nodes) => {
                    nodes.iter().for_each(|node| active.effects.merge(&engine.missed(node)));
                }
                Hold::Disk(rule, _) => active.effects.merge(&engine.remove_disk_rule(*rule)),
                Hold::Down(_) => {}
            }
            self.observed(engine, place, &active.effects);
        }
    }

    /// The plan with literal targets, what was vetoed, and the account by keyword.
    pub(crate) fn finish(self) -> (Plan, BTreeMap<String, FaultCounts>) {
        let bound = Plan { faults: self.bound, vetoes: self.vetoes, ..self.plan.clone() };
        (bound, self.counts)
    }

    fn fault(&self, place: usize) -> &'a PlannedFault {
        &self.plan.faults[place]
    }

    fn count(&mut self, place: usize) -> &mut FaultCounts {
        let keyword = self.plan.faults[place].action.keyword();
        self.counts.get_mut(keyword).expect("counted when the plan was read")
    }

    fn topology(&self) -> &'a Topology {
        &self.plan.topology
    }

    /// Tells what a fault has done; `Observed` comes once for each applied fault.
    fn observed(&mut self, engine: &mut dyn Engine, place: usize, effects: &Effects) {
        if !effects.is_empty() {
            self.count(place).observed += 1;
        }
        let effects = effects.iter().map(|(name, count)| (name.to_owned(), count)).collect();
        let id = self.fault(place).id.clone();
        engine.record(None, Body::Fault(FaultEvent::Observed { id, effects }));
    }

    fn not_applied(&self, engine: &mut dyn Engine, id: &FaultId, why: &str) {
        let event = FaultEvent::NotApplied { id: id.clone(), why: why.to_owned() };
        engine.record(None, Body::Fault(event));
    }
}
