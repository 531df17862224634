//! Safety, then liveness: the faults end, a core of nodes is left alone, the rest is broken for ever.
//!
//! A system that tolerates the loss of some nodes must go on with the others alone, however those
//! nodes are lost (TigerBeetle's VOPR goes from safety to liveness in this way). Here the core is
//! drawn: of each role as many nodes stay outside as the draw says, at most as many as the system
//! tolerates to lose; clients are always in it, since they see whether it works. Each node outside
//! gets a drawn fate. So whoever finds no progress afterwards has found it with a quorum and the data
//! in reach: the core itself is the proof that progress was possible.
//!
//! What is done is literal faults, which a bound plan holds: those in force end now, and those of the
//! nodes outside never end. A core needs no record of its own.

use squall_history::fault::Direction;
use squall_history::{
    Action, BudgetRule, CoreSize, FaultId, LinkSelector, NodeName, Partition, PlannedFault, Selector,
    SimTime, Step,
};

use super::bind::Binder;
use super::{Moment, Nemesis};
use crate::engine::Engine;

/// What becomes of a node outside the core.
const FATES: u64 = 6;

impl Nemesis<'_> {
    /// Ends every fault, gives up what is planned later, and breaks the nodes outside the core.
    pub(super) fn leave_core(
        &mut self,
        engine: &mut dyn Engine,
        whole: &PlannedFault,
        size: CoreSize,
        now: SimTime,
    ) {
        if squall_sim::is_neutral(whole.action.keyword()) {
            return;
        }
        let parts = match self.outside(engine, whole, size) {
            Ok(outside) => outside,
            Err(why) => return self.not_applied(engine, &whole.id, why),
        };
        for ordinal in self.in_force().collect::<Vec<_>>() {
            self.moments.retain(|(_, moment)| *moment != Moment::End(ordinal));
            self.bound[ordinal].lasts = Some(now - self.bound[ordinal].at);
            self.end(engine, ordinal);
        }
        self.give_up_the_rest(engine, now);
        let count = self.counts.get_mut(whole.action.keyword()).expect("counted when the plan was read");
        count.applied += 1;
        // Whatever ended or broke is counted where it belongs; the core did it.
        count.observed += 1;
        for part in parts {
            self.counts.entry(part.action.keyword().to_owned()).or_default().planned += 1;
            self.moments.insert((part.at, Moment::Apply(self.faults.len())));
            self.faults.push(part);
        }
    }

    /// Faults that can end: one that was over as soon as it was done has no end to be told.
    fn in_force(&self) -> impl Iterator<Item = usize> {
        self.active.keys().copied().filter(|ordinal| !self.bound[*ordinal].action.is_instant())
    }

    /// What is planned for later does not happen: the core is left alone.
    fn give_up_the_rest(&mut self, engine: &mut dyn Engine, now: SimTime) {
        let why = "a core is left alone from now on";
        let later: Vec<(SimTime, Moment)> = self.moments.iter().copied().collect();
        for (at, moment) in later {
            let ids: Vec<FaultId> = match moment {
                Moment::Apply(place) if at > now || self.is_later(place, now) => {
                    vec![self.faults[place].id.clone()]
                }
                Moment::Step(cursor) => self.steps_left(cursor),
                Moment::TimeOut(_) => Vec::new(),
                _ => continue,
            };
            self.moments.remove(&(at, moment));
            ids.iter().for_each(|id| self.not_applied(engine, id, why));
        }
        let waiting: Vec<usize> = std::mem::take(&mut self.awaited).into_keys().collect();
        for cursor in waiting {
            self.steps_left(cursor).iter().for_each(|id| self.not_applied(engine, id, why));
        }
    }

    /// Whether a fault of this very moment stands behind the core in the plan.
    fn is_later(&self, place: usize, now: SimTime) -> bool {
        self.faults[place].at == now
    }

    fn steps_left(&mut self, cursor: usize) -> Vec<FaultId> {
        self.steps_given_up(cursor).iter().flat_map(Step::faults).map(|fault| fault.id.clone()).collect()
    }

    /// The faults of the nodes outside the core; why there is no core, or nothing to do.
    fn outside(
        &self,
        engine: &dyn Engine,
        whole: &PlannedFault,
        size: CoreSize,
    ) -> Result<Vec<PlannedFault>, &'static str> {
        let binder = self.binder(engine, whole);
        let mut parts = Vec::new();
        for (role, most) in self.budget.roles() {
            let nodes: Vec<NodeName> = self.topology().role(role).map(|node| node.name.clone()).collect();
            let mut nodes = binder.shuffled(nodes);
            // Whoever cannot be relied on any more is no part of a core.
            nodes.sort_by_key(|node| !self.distrusted.contains(node));
            let lost = nodes.iter().filter(|node| self.distrusted.contains(*node)).count() as u64;
            let most = u64::from(most);
            if lost > most {
                return Err("no core is left that could work");
            }
            let draw = binder.draw(0).property(squall_history::Identity::of(role).0);
            let out = match size {
                CoreSize::Smallest => most,
                CoreSize::Random => draw.between(0, most).max(lost),
            };
            let out = usize::try_from(out).expect("at most all nodes").min(nodes.len());
            parts.extend(nodes[..out].iter().map(|node| fate(&binder, whole, node)));
        }
        if parts.is_empty() && self.in_force().next().is_none() {
            return Err("no fault is in force, and every node is in the core");
        }
        Ok(parts)
    }
}

/// How a node is lost: dead, standing still, or cut off from all others, in both directions or in one.
fn fate(binder: &Binder<'_>, whole: &PlannedFault, node: &NodeName) -> PlannedFault {
    let own = || Selector::Nodes(vec![node.clone()]);
    let cut = |direction| {
        let others: Vec<NodeName> = binder.all().into_iter().filter(|other| other != node).collect();
        let to = Some(Selector::Nodes(others));
        Action::Partition(Partition::Cuts(vec![LinkSelector { from: own(), to, direction }]))
    };
    let action = match binder.node_draw(node).property(1).below(FATES) {
        0 => Action::Kill(own()),
        1 => Action::PowerLoss(own()),
        2 => Action::Pause(own()),
        3 => cut(Direction::To),
        4 => cut(Direction::From),
        _ => cut(Direction::Both),
    };
    let id = FaultId(format!("{}#{node}", whole.id).into());
    // Who crashed a moment ago and is not back yet counts too.
    PlannedFault { id, at: whole.at, lasts: None, budget: BudgetRule::QuorumStays, action }
}
