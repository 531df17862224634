//! The nemesis: applies the faults of a plan when they are due, ends them, and tells what it did.
//!
//! It binds selectors to nodes at the moment a fault strikes ([`targets`], [`bind`], [`shape`]), keeps
//! the fault budget ([`budget`]), walks through sequences of steps ([`steps`]), and writes down a
//! *bound* plan: the same faults with literal times and targets, whose replay is the same run. Every decision is a function of the plan, the seed and the history so
//! far.

mod act;
mod bind;
mod budget;
mod core;
mod shape;
mod steps;
mod stop;
mod strikes;
mod supervisor;
mod targets;

use std::collections::{BTreeMap, BTreeSet};

use squall_check::FaultCounts;
use squall_history::{
    Body, Draws, FaultEvent, FaultId, Injection, NodeEvent, NodeName, Plan, PlannedFault, Record, SimTime,
    Topology, Veto,
};
use squall_sim::{DiskRuleId, Effects, RuleId};

use crate::FaultBudget;
use crate::engine::capability::EngineSpec;
use crate::engine::{Engine, NodeFaultId};

pub use budget::{Budget, Unavailable};

/// Applies a plan's faults.
pub(crate) struct Nemesis<'a> {
    plan: &'a Plan,
    /// What the engine can do; what it cannot is left out.
    spec: &'static EngineSpec,
    client_roles: Vec<String>,
    draws: Draws,
    /// Those of the plan, then those that steps and swizzles became while the run went on.
    faults: Vec<PlannedFault>,
    /// What is due, in order; at one instant faults end before others begin.
    moments: BTreeSet<(SimTime, Moment)>,
    /// Faults in force, by the order they were applied in: the same order in a bound plan.
    active: BTreeMap<usize, Active>,
    cursors: Vec<steps::Cursor>,
    awaited: BTreeMap<usize, steps::Awaited>,
    /// Nodes that were asked to stop and have not stopped yet, with the fault that asks.
    stopping: BTreeMap<NodeName, usize>,
    /// Nodes that crashed at hook points, in order, and the strikes of each applied hook.
    crashed: Vec<NodeName>,
    strikes: BTreeMap<usize, Vec<Injection>>,
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

/// Something due. The order of the variants, then of their numbers, decides at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Moment {
    /// A fault in force ends.
    End(usize),
    /// The time is over in which nodes may stop by themselves.
    Grace(usize),
    /// A node that crashed at a hook point comes back.
    Back(usize),
    Reseed(usize),
    /// A supervisor's wait for a node is over.
    Restart(usize),
    /// A planned fault is applied.
    Apply(usize),
    /// The next step of a sequence begins.
    Step(usize),
    /// A sequence has waited long enough.
    TimeOut(usize),
}

/// A fault in force.
struct Active {
    /// Its place among the faults.
    place: usize,
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
    /// A fault of running nodes, and those that it may keep from their work.
    Node(NodeFaultId, Vec<NodeName>),
    /// Nothing: it was an instant.
    Done,
}

impl<'a> Nemesis<'a> {
    /// The nemesis of a plan.
    pub(crate) fn new(plan: &'a Plan, client_roles: Vec<String>, tolerates: FaultBudget) -> Self {
        let applies = plan.faults.iter().enumerate().map(|(place, fault)| (fault.at, Moment::Apply(place)));
        let reseeds = plan.reseed.iter().enumerate().map(|(place, it)| (it.at, Moment::Reseed(place)));
        let cursors: Vec<_> = plan.sequences.iter().enumerate().map(steps::Cursor::of).collect();
        let steps = plan.sequences.iter().enumerate().map(|(place, it)| (it.at, Moment::Step(place)));
        let moments = applies.chain(reseeds).chain(steps).collect();
        let mut counts: BTreeMap<String, FaultCounts> = BTreeMap::new();
        for action in plan.actions() {
            counts.entry(action.keyword().to_owned()).or_default().planned += 1;
        }
        Self {
            plan,
            spec: EngineSpec::named(&plan.engine).expect("a plan for an unknown engine is refused"),
            client_roles,
            draws: Draws::new(plan.seed),
            faults: plan.faults.clone(),
            moments,
            active: BTreeMap::new(),
            cursors,
            awaited: BTreeMap::new(),
            stopping: BTreeMap::new(),
            crashed: Vec::new(),
            strikes: BTreeMap::new(),
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
        self.moments.first().map(|(at, _)| *at)
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
            self.moments.insert((at, Moment::Restart(place)));
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
        while let Some(&(at, moment)) = self.moments.first() {
            if at > now {
                return;
            }
            self.moments.pop_first();
            match moment {
                Moment::End(ordinal) => self.end(engine, ordinal),
                Moment::Grace(ordinal) => self.grace_over(engine, ordinal),
                Moment::Back(crash) => self.back(engine, crash),
                Moment::Reseed(place) => {
                    let seed = self.plan.reseed[place].seed;
                    self.draws = Draws::new(seed);
                    engine.reseed(seed);
                }
                Moment::Apply(place) => self.apply(engine, place, now),
                Moment::Step(cursor) => self.advance(engine, cursor, now),
                Moment::TimeOut(cursor) => self.timed_out(engine, cursor, now),
                Moment::Restart(place) => {
                    self.supervisor.restart(engine, place, |node| self.down.contains_key(node));
                }
            }
        }
    }

    /// Ends the account at the end of a run: what faults that still hold have done so far.
    pub(crate) fn close(&mut self, engine: &mut dyn Engine) {
        for mut active in std::mem::take(&mut self.active).into_values() {
            match &active.hold {
                Hold::Rule(rule) | Hold::Cut(rule, _) => active.effects.merge(&engine.remove_rule(*rule)),
                Hold::Paused(nodes) => {
                    nodes.iter().for_each(|node| active.effects.merge(&engine.missed(node)));
                }
                Hold::Disk(rule, _) => active.effects.merge(&engine.remove_disk_rule(*rule)),
                Hold::Node(fault, _) => active.effects.merge(&engine.remove_node_fault(*fault)),
                Hold::Down(_) | Hold::Done => {}
            }
            self.observed(engine, active.place, &active.effects);
        }
    }

    /// The plan with literal targets, what was vetoed, and the account by keyword.
    pub(crate) fn finish(mut self) -> (Plan, BTreeMap<String, FaultCounts>) {
        let (faults, sequences) = (self.literal(), Vec::new());
        let bound = Plan { faults, sequences, vetoes: self.vetoes, ..self.plan.clone() };
        (bound, self.counts)
    }

    fn count(&mut self, place: usize) -> &mut FaultCounts {
        let keyword = self.faults[place].action.keyword();
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
        let id = self.faults[place].id.clone();
        engine.record(None, Body::Fault(FaultEvent::Observed { id, effects }));
    }

    fn not_applied(&self, engine: &mut dyn Engine, id: &FaultId, why: &str) {
        let event = FaultEvent::NotApplied { id: id.clone(), why: why.to_owned() };
        engine.record(None, Body::Fault(event));
    }
}
