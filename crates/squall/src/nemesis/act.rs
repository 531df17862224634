//! Applying and ending one fault.

use squall_history::{
    Action, Body, Cut, DiskFault, DiskTrouble, FaultEvent, Identity, LinkSelector, NodeName, Partition,
    PlannedFault, Selector, SimTime, Veto,
};
use squall_sim::{Effects, Rule};

use super::bind::{Binder, pairs};
use super::{Active, Hold, Moment, Nemesis, Unavailable};
use crate::Engine;

/// A fault with its targets spelled out: the literal action, and what it does.
struct Bound {
    action: Action,
    act: Act,
}

enum Act {
    Kill(Vec<NodeName>),
    PowerLoss(Vec<NodeName>),
    Pause(Vec<NodeName>),
    Rule(Rule, Vec<(NodeName, NodeName)>),
    Disk(DiskFault, Vec<NodeName>),
}

impl Nemesis<'_> {
    pub(super) fn apply(&mut self, engine: &mut dyn Engine, place: usize, now: SimTime) {
        let fault = self.fault(place);
        let bound = match self.bind(engine, fault) {
            Ok(bound) => bound,
            Err(why) => return self.not_applied(engine, &fault.id, why),
        };
        let over = self.budget.broken_by(&self.unavailable_with(&bound.act));
        if let Some(why) = over.clone().filter(|_| fault.obeys_budget) {
            self.count(place).vetoed += 1;
            self.vetoes.push(Veto { id: fault.id.clone(), at: now, why: why.clone() });
            engine.record(None, Body::Fault(FaultEvent::Vetoed { id: fault.id.clone(), why }));
            return;
        }
        self.count(place).applied += 1;
        let applied = FaultEvent::Applied {
            id: fault.id.clone(),
            action: bound.action.clone(),
            beyond_budget: over.is_some(),
        };
        engine.record(None, Body::Fault(applied));
        self.bound.push(PlannedFault { action: bound.action, ..fault.clone() });
        let active = self.take_hold(engine, bound.act, Binder::identity(&fault.id));
        self.active.insert(place, active);
        if let Some(lasts) = fault.lasts {
            self.moments.insert((now + lasts, Moment::End(place)), ());
        }
    }

    fn take_hold(&mut self, engine: &mut dyn Engine, act: Act, identity: Identity) -> Active {
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
            Act::Pause(nodes) => {
                for node in &nodes {
                    *self.paused.entry(node.clone()).or_default() += 1;
                    engine.pause(node);
                }
                Hold::Paused(nodes)
            }
            Act::Rule(Rule::Cut, links) => Hold::Cut(engine.add_rule(identity, Rule::Cut, &links), links),
            Act::Rule(rule, links) => Hold::Rule(engine.add_rule(identity, rule, &links)),
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
        Active { hold, effects }
    }

    fn hold_down(&mut self, nodes: &[NodeName], mut stop: impl FnMut(&NodeName)) {
        for node in nodes {
            *self.down.entry(node.clone()).or_default() += 1;
            stop(node);
        }
    }

    pub(super) fn end(&mut self, engine: &mut dyn Engine, place: usize) {
        let Active { hold, mut effects } = self.active.remove(&place).expect("a fault in force ends once");
        let id = self.fault(place).id.clone();
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
                Hold::Disk(_, nodes) => state.stopped.extend(nodes.iter().cloned()),
                Hold::Down(_) | Hold::Paused(_) | Hold::Rule(_) => {}
            }
        }
        match act {
            Act::Kill(nodes) | Act::PowerLoss(nodes) | Act::Pause(nodes) => {
                state.stopped.extend(nodes.iter().cloned())
            }
            Act::Rule(Rule::Cut, links) => state.cut.extend(links.iter().cloned()),
            Act::Disk(fault, _) if cost(&fault.trouble) == Cost::Nothing => {}
            Act::Disk(_, nodes) => state.stopped.extend(nodes.iter().cloned()),
            Act::Rule(..) => {}
        }
        state
    }

    fn bind(&self, engine: &dyn Engine, fault: &PlannedFault) -> Result<Bound, &'static str> {
        let binder = Binder {
            topology: self.topology(),
            client_roles: &self.client_roles,
            leader: self.leader.as_ref(),
            draws: &self.draws,
            fault: Binder::identity(&fault.id),
        };
        match &fault.action {
            Action::Kill(selector) => {
                let nodes = running(engine, binder.select(selector))?;
                Ok(Bound { action: Action::Kill(Selector::Nodes(nodes.clone())), act: Act::Kill(nodes) })
            }
            Action::PowerLoss(selector) => {
                // A node whose process is dead can still lose power.
                let nodes = some(binder.select(selector))?;
                Ok(Bound {
                    action: Action::PowerLoss(Selector::Nodes(nodes.clone())),
                    act: Act::PowerLoss(nodes),
                })
            }
            Action::Pause(selector) => {
                let nodes = running(engine, binder.select(selector))?;
                Ok(Bound { action: Action::Pause(Selector::Nodes(nodes.clone())), act: Act::Pause(nodes) })
            }
            Action::Partition(partition) => {
                let cuts = bind_partition(&binder, partition);
                let links = pairs(&cuts);
                if links.is_empty() {
                    return Err("no link matches");
                }
                let action = Action::Partition(Partition::Cuts(cuts));
                Ok(Bound { action, act: Act::Rule(Rule::Cut, links) })
            }
            Action::Latency { link, latency, jitter } => {
                bind_rule(&binder, link, Rule::Latency { latency: *latency, jitter: *jitter }, |link| {
                    Action::Latency { link, latency: *latency, jitter: *jitter }
                })
            }
            Action::Loss { link, loss } => {
                bind_rule(&binder, link, Rule::Loss(*loss), |link| Action::Loss { link, loss: *loss })
            }
            Action::Duplicate { link, duplicate } => {
                bind_rule(&binder, link, Rule::Duplicate(*duplicate), |link| Action::Duplicate {
                    link,
                    duplicate: *duplicate,
                })
            }
            Action::Reorder { link, reorder, delay } => {
                bind_rule(&binder, link, Rule::Reorder { chance: *reorder, delay: *delay }, |link| {
                    Action::Reorder { link, reorder: *reorder, delay: *delay }
                })
            }
            Action::Disk(fault) => {
                // A node that is down has its disk still.
                let nodes = some(binder.select(&fault.target))?;
                let fault = DiskFault { target: Selector::Nodes(nodes.clone()), ..fault.clone() };
                Ok(Bound { action: Action::Disk(fault.clone()), act: Act::Disk(fault, nodes) })
            }
        }
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

fn bind_partition(binder: &Binder<'_>, partition: &Partition) -> Vec<Cut> {
    match partition {
        Partition::Shape(shape) => binder.shape(*shape),
        Partition::Cuts(cuts) => cuts.iter().filter_map(|cut| binder.links(cut)).collect(),
    }
}

fn bind_rule(
    binder: &Binder<'_>,
    link: &LinkSelector,
    rule: Rule,
    action: impl FnOnce(LinkSelector) -> Action,
) -> Result<Bound, &'static str> {
    let literal = binder.links(link).ok_or("no link matches")?;
    let links = pairs(std::slice::from_ref(&literal));
    Ok(Bound { action: action(literal), act: Act::Rule(rule, links) })
}

fn some(nodes: Vec<NodeName>) -> Result<Vec<NodeName>, &'static str> {
    if nodes.is_empty() { Err("no node matches") } else { Ok(nodes) }
}

fn running(engine: &dyn Engine, nodes: Vec<NodeName>) -> Result<Vec<NodeName>, &'static str> {
    let mut nodes = some(nodes)?;
    nodes.retain(|node| engine.is_up(node));
    if nodes.is_empty() { Err("no matching node is running") } else { Ok(nodes) }
}

/// One fault less holds the node; true if it was the last.
fn release(holds: &mut std::collections::BTreeMap<NodeName, u32>, node: &NodeName) -> bool {
    let count = holds.get_mut(node).expect("held by the fault that ends");
    *count -= 1;
    let free = *count == 0;
    if free {
        holds.remove(node);
    }
    free
}
