//! What hooks did: nodes that crashed at a point of their software come back, and each strike is
//! written down, so that the bound plan says it literally.

use squall_history::{Action, HookAct, HookWhen, NodeTrouble, PlannedFault, SimTime};

use super::{Hold, Moment, Nemesis};
use crate::engine::Engine;
use crate::engine::{Crashed, Strike};

impl Nemesis<'_> {
    /// A hook has struck.
    pub(crate) fn struck(&mut self, strike: Strike, at: SimTime) {
        let is_it = |hold: &Hold| matches!(hold, Hold::Node(fault, _) if *fault == strike.fault);
        let found = self.active.iter().find(|(_, active)| is_it(&active.hold));
        let Some((&ordinal, _)) = found else { return };
        if strike.crashed == Crashed::Yes {
            let node = strike.at.node.clone();
            *self.down.entry(node.clone()).or_default() += 1;
            self.moments.insert((at + restart(&self.bound[ordinal]), Moment::Back(self.crashed.len())));
            self.crashed.push(node);
        }
        self.strikes.entry(ordinal).or_default().push(strike.at);
    }

    /// A node comes back that crashed at a hook point.
    pub(super) fn back(&mut self, engine: &mut dyn Engine, crash: usize) {
        let node = self.crashed[crash].clone();
        if super::act::release(&mut self.down, &node) {
            engine.start(&node);
        }
    }

    /// The faults as they were applied, with the strikes of each hook spelled out.
    pub(super) fn literal(&mut self) -> Vec<PlannedFault> {
        let mut faults = std::mem::take(&mut self.bound);
        for (ordinal, fault) in faults.iter_mut().enumerate() {
            if let Action::Node(fault) = &mut fault.action
                && let NodeTrouble::Hook(hook) = &mut fault.trouble
            {
                hook.when = HookWhen::Listed(self.strikes.remove(&ordinal).unwrap_or_default());
            }
        }
        faults
    }
}

/// How long a node is down after this fault has crashed it.
fn restart(fault: &PlannedFault) -> squall_history::SimDuration {
    let Action::Node(fault) = &fault.action else { unreachable!("only a fault of nodes strikes") };
    match &fault.trouble {
        NodeTrouble::Hook(hook) => match hook.act {
            HookAct::Kill { restart } | HookAct::PowerLoss { restart } => restart,
            HookAct::Delay { .. } => unreachable!("a delay crashes nobody"),
        },
        _ => unreachable!("only a hook strikes"),
    }
}
