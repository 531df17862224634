//! Applying and ending one fault.

use squall_history::{
    Action, Body, BudgetRule, DiskTrouble, FaultEvent, HookAct, Identity, LinkTrouble, NodeName, NodeTrouble,
    PlannedFault, Ppm, SimTime, Veto,
};
use squall_sim::{Effects, Rule};

use super::bind::Binder;
use super::targets::Act;
use super::{Active, Hold, Moment, Nemesis, Unavailable};
use crate::engine::{self, Engine};

impl Nemesis<'_> {
    pub(super) fn apply(&mut self, engine: &mut dyn Engine, place: usize, now: SimTime) {
        let fault = self.faults[place].clone();
        if let Action::Core(size) = fault.action {
            return self.leave_core(engine, &fault, size, now);
        }
        if let Some(parts) = self.unfolded(engine, &fault) {
            return self.unfold(engine, &fault, parts);
        }
        if let Some(why) = self.spec.lacks(fault.action.keyword()) {
            self.count(place).skipped += 1;
            let why = format!("engine {} cannot: {why}", self.spec.name);
            return self.not_applied(engine, &fault.id, &why);
        }
        let bound = match self.bind(engine, &fault) {
            Ok(bound) => bound,
            Err(why) => return self.not_applied(engine, &fault.id, why),
        };
        let mut over = self.budget.broken_by(&self.unavailable_with(&bound.act));
        if fault.budget == BudgetRule::QuorumReturns && fault.lasts.is_some() && comes_back(&bound.act) {
            over = None;
        }
        if let Some(why) = over.clone().filter(|_| fault.budget.may_refuse()) {
            self.count(place).vetoed += 1;
            self.vetoes.push(Veto { id: fault.id.clone(), at: now, why: why.clone() });
            engine.record(None, Body::Fault(FaultEvent::Vetoed { id: fault.id, why }));
            return;
        }
        self.count(place).applied += 1;
        let applied = FaultEvent::Applied {
            id: fault.id.clone(),
            action: bound.action.clone(),
            beyond_budget: over.is_some(),
        };
        engine.record(None, Body::Fault(applied));
        let ordinal = self.bound.len();
        self.bound.push(PlannedFault { action: bound.action, ..fault.clone() });
        if let Act::Stop(_, grace) = &bound.act {
            self.moments.insert((now + *grace, Moment::Grace(ordinal)));
        }
        let (hold, effects) = self.take_hold(engine, bound.act, Binder::identity(&fault.id), ordinal);
        self.active.insert(ordinal, Active { place, hold, effects });
        if let Some(lasts) = fault.lasts {
            self.moments.insert((now + lasts, Moment::End(ordinal)));
        }
    }

    /// Plans the parts that a fault comes in; from now on they stand in its place.
    fn unfold(&mut self, engine: &mut dyn Engine, whole: &PlannedFault, parts: Vec<PlannedFault>) {
        if parts.is_empty() {
            return self.not_applied(engine, &whole.id, "no node matches");
        }
        let count = self.counts.get_mut(whole.action.keyword()).expect("counted when the plan was read");
        count.planned += parts.len() as u64 - 1;
        for part in parts {
            self.moments.insert((part.at, Moment::Apply(self.faults.len())));
            self.faults.push(part);
        }
    }

    fn take_hold(
        &mut self,
        engine: &mut dyn Engine,
        act: Act,
        identity: Identity,
        ordinal: usize,
    ) -> (Hold, Effects) {
        let mut effects = Effects::default();
        let hold = match act {
            Act::Kill(nodes) => {
                self.hold_down(&nodes, |node| effects.merge(&engine.kill(node)));
                Hold::Down(nodes)
            }
            Act::PowerLoss(nodes) => {
                self.hold_down(&nodes, |node| effects.merge(&engine.power_loss(node)));
                Hold::Down(nodes)
            }
            Act::Stop(nodes, _) => {
                self.hold_down(&nodes, |_| {});
                effects.merge(&self.ask_to_stop(engine, &nodes, ordinal));
                Hold::Down(nodes)
            }
            Act::Wipe(nodes) => {
                for node in &nodes {
                    effects.merge(&engine.wipe(node));
                    if !self.down.contains_key(node) {
                        engine.start(node);
                    }
                }
                self.distrusted.extend(nodes);
                Hold::Done
            }
            Act::Pause(nodes) => {
                for node in &nodes {
                    *self.paused.entry(node.clone()).or_default() += 1;
                    engine.pause(node);
                }
                Hold::Paused(nodes)
            }
            Act::Cut(links) => Hold::Cut(engine.add_link_rule(identity, Rule::Cut, Ppm::ZERO, &links), links),
            Act::Link(trouble, links) if trouble.is_instant() => {
                effects.merge(&engine.reset(&links));
                Hold::Done
            }
            Act::Link(trouble, links) => {
                let (rule, correlation) = engine::rule(&trouble);
                let rule = engine.add_link_rule(identity, rule, correlation, &links);
                if parts(&trouble) { Hold::Cut(rule, links) } else { Hold::Rule(rule) }
            }
            Act::Node(trouble, nodes) => {
                let fault = engine.add_node_fault(identity, &trouble, &nodes);
                Hold::Node(fault, if stops(&trouble) { nodes } else { Vec::new() })
            }
            Act::Disk(fault, nodes) => {
                let rule = engine.add_disk_rule(identity, &fault, &nodes);
                match cost(&fault.trouble) {
                    Cost::Nothing => Hold::Disk(rule, Vec::new()),
                    Cost::WhileItLasts => Hold::Disk(rule, nodes),
                    Cost::ForEver => {
                        self.distrusted.extend(nodes);
                        Hold::Disk(rule, Vec::new())
                    }
                }
            }
        };
        (hold, effects)
    }

    fn hold_down(&mut self, nodes: &[NodeName], mut stop: impl FnMut(&NodeName)) {
        for node in nodes {
            *self.down.entry(node.clone()).or_default() += 1;
            stop(node);
        }
    }

    pub(super) fn end(&mut self, engine: &mut dyn Engine, ordinal: usize) {
        // Whoever has not stopped by now is started again in the end, so it goes first.
        self.grace_over(engine, ordinal);
        let Active { place, hold, mut effects } =
            self.active.remove(&ordinal).expect("a fault in force ends once");
        let id = self.faults[place].id.clone();
        engine.record(None, Body::Fault(FaultEvent::Ended { id }));
        match hold {
            Hold::Down(nodes) => {
                for node in nodes {
                    if release(&mut self.down, &node) {
                        engine.start(&node);
                    }
                }
            }
            Hold::Paused(nodes) => {
                for node in nodes {
                    if release(&mut self.paused, &node) {
                        effects.merge(&engine.resume(&node));
                    }
                }
            }
            Hold::Rule(rule) | Hold::Cut(rule, _) => effects.merge(&engine.remove_rule(rule)),
            Hold::Disk(rule, nodes) => {
                effects.merge(&engine.remove_disk_rule(rule));
                self.start_again(engine, &nodes);
            }
            Hold::Node(fault, _) => effects.merge(&engine.remove_node_fault(fault)),
            Hold::Done => {}
        }
        self.observed(engine, place, &effects);
    }

    /// Whoever repairs a disk starts the software again that ended on it. It is no effect of the fault
    /// that what was left of its process goes.
    fn start_again(&mut self, engine: &mut dyn Engine, nodes: &[NodeName]) {
        for node in nodes.iter().filter(|node| !self.down.contains_key(*node)) {
            if self.gave_up.remove(node) && engine.is_up(node) {
                engine.kill(node);
                engine.start(node);
            }
        }
    }

    /// What would be unavailable if `act` came on top of what is in force.
    fn unavailable_with(&self, act: &Act) -> Unavailable {
        let mut state = Unavailable::default();
        state.stopped.extend(self.down.keys().chain(self.paused.keys()).chain(&self.distrusted).cloned());
        for active in self.active.values() {
            match &active.hold {
                // Only cuts keep nodes apart; a slow or lossy link does not.
                Hold::Cut(_, links) => state.cut.extend(links.iter().cloned()),
                Hold::Disk(_, nodes) | Hold::Node(_, nodes) => state.stopped.extend(nodes.iter().cloned()),
                Hold::Down(_) | Hold::Paused(_) | Hold::Rule(_) | Hold::Done => {}
            }
        }
        match act {
            Act::Kill(nodes)
            | Act::PowerLoss(nodes)
            | Act::Pause(nodes)
            | Act::Stop(nodes, _)
            | Act::Wipe(nodes) => state.stopped.extend(nodes.iter().cloned()),
            Act::Cut(links) => state.cut.extend(links.iter().cloned()),
            Act::Link(trouble, links) if parts(trouble) => state.cut.extend(links.iter().cloned()),
            Act::Node(trouble, nodes) if stops(trouble) => state.stopped.extend(nodes.iter().cloned()),
            Act::Disk(fault, _) if cost(&fault.trouble) == Cost::Nothing => {}
            Act::Disk(_, nodes) => state.stopped.extend(nodes.iter().cloned()),
            Act::Link(..) | Act::Node(..) => {}
        }
        state
    }
}

/// Whether all that a fault makes unavailable is there again when it ends, with all it had.
fn comes_back(act: &Act) -> bool {
    match act {
        Act::Kill(_) | Act::PowerLoss(_) | Act::Pause(_) | Act::Stop(..) | Act::Cut(_) | Act::Link(..) => {
            true
        }
        Act::Wipe(_) => false,
        Act::Node(..) => true,
        Act::Disk(fault, _) => !fault.trouble.breaks_promises(),
    }
}

/// Whether a fault of links keeps nodes apart: packets that are held do not arrive while it lasts, and
/// who cannot connect will soon not be connected.
fn parts(trouble: &LinkTrouble) -> bool {
    matches!(trouble, LinkTrouble::Hold | LinkTrouble::Refuse)
}

/// Whether a fault of running nodes may stop them.
fn stops(trouble: &NodeTrouble) -> bool {
    match trouble {
        NodeTrouble::Hook(hook) => !matches!(hook.act, HookAct::Delay { .. }),
        NodeTrouble::Slow { .. } | NodeTrouble::Clock(_) | NodeTrouble::Buggify(_) => false,
    }
}

/// How long a fault of its disk makes a node count as unavailable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cost {
    Nothing,
    WhileItLasts,
    ForEver,
}

fn cost(trouble: &DiskTrouble) -> Cost {
    match trouble {
        _ if trouble.breaks_promises() => Cost::ForEver,
        // What a torn write takes with it was never promised, and the node's death counts for itself.
        DiskTrouble::Slow { .. } | DiskTrouble::Throttle { .. } | DiskTrouble::TornWrite { .. } => {
            Cost::Nothing
        }
        // A program that stops at the first error of its disk does right.
        _ => Cost::WhileItLasts,
    }
}

/// One fault less holds the node; true if it was the last.
pub(super) fn release(holds: &mut std::collections::BTreeMap<NodeName, u32>, node: &NodeName) -> bool {
    let count = holds.get_mut(node).expect("held by the fault that ends");
    *count -= 1;
    let free = *count == 0;
    if free {
        holds.remove(node);
    }
    free
}
