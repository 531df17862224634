//! What a configuration can become at a completion, so that the operation has taken effect.
//!
//! Three things are never tried, since something else is as good:
//!
//! 1. *A read* takes effect at the first moment at which it has a place. It changes nothing.
//! 2. *A write that nobody looked at* need not stand at a moment of its own. It may stand right
//!    before another write that hides it, if that came after its invocation. So a write takes effect
//!    when it completes, or for the sake of an operation that needs its value: as the last write,
//!    or in an *excursion*, before the present last one, together with what it makes possible.
//!    Later than that moment no write has to be hidden, so one number is all that must be known of it:
//!    how many operations were invoked when the last write took effect.
//! 3. *One of several equal operations* takes effect first: the one that completes first.
//!
//! Why the second is enough: cut any legal order before each write. A part stands for itself, since a
//! write has a place in each state. The search is always inside one part and begins another when one
//! of its operations completes; of what it passed over nothing had completed, so it can be
//! inserted before the present part when it does. Before it leaves a part it tries all changes that
//! have a place there, since those of the order may be among them.

use super::nodes::{Node, Phase, has, set};
use super::order::Join;
use super::{OpNumber, Search};
use crate::linearizability::{Effect, Model};

/// What is tried on a configuration.
struct Move<S> {
    op: OpNumber,
    state: S,
    phase: Phase,
}

impl<M: Model> Search<'_, M> {
    /// Takes the configuration in hand on by one operation in each possible way, at the completion of
    /// `due`.
    pub(super) fn expand(&mut self, due: OpNumber, node: Node<M::State>) {
        self.unpaid += super::TRIES;
        let moves = self.moves(due, &node);
        for next in moves {
            self.make(due, &node, next);
        }
        // The last of the stack comes first, and the first move is the most promising.
        while let Some(child) = self.children.pop(&mut self.child) {
            self.stack.push(&self.child, child);
        }
    }

    /// The moves, the most promising first.
    fn moves(&mut self, due: OpNumber, node: &Node<M::State>) -> Vec<Move<M::State>> {
        let mut moves = Vec::new();
        let overwrites = self.plan.effect(due) == Effect::Overwrites;
        if node.phase == Phase::Before && overwrites {
            self.try_move(node, due, Phase::Overwritten, &mut moves);
            if due < node.overwritten {
                self.try_move(node, due, Phase::Excursion, &mut moves);
            }
        }
        let limit = if node.phase == Phase::Excursion { node.overwritten } else { u32::MAX };
        let mut changes = self.candidates(Effect::Changes, limit);
        changes.sort_by_key(|op| *op != due);
        for op in changes {
            self.try_move(node, op, node.phase, &mut moves);
        }
        if node.phase == Phase::Before && !overwrites {
            for op in self.candidates(Effect::Overwrites, u32::MAX) {
                self.try_move(node, op, Phase::Overwritten, &mut moves);
            }
            for op in self.candidates(Effect::Overwrites, node.overwritten) {
                self.try_move(node, op, Phase::Excursion, &mut moves);
            }
        }
        moves
    }

    /// Operations of this kind that may take effect: of equal ones only the one that must first.
    fn candidates(&mut self, effect: Effect, limit: u32) -> Vec<OpNumber> {
        self.enquiries = self.enquiries.checked_add(1).unwrap_or_else(|| {
            self.firsts.fill((0, 0));
            1
        });
        let mut found = Vec::new();
        for op in self.window.missing(effect, &self.mask, limit) {
            let (enquiry, first) = &mut self.firsts[self.plan.call_number(op)];
            if *enquiry != self.enquiries {
                found.push(self.plan.call_number(op));
                (*enquiry, *first) = (self.enquiries, op);
            } else if self.plan.goes_before(op, *first) {
                *first = op;
            }
        }
        found.into_iter().map(|call| self.firsts[call].1).collect()
    }

    fn try_move(
        &mut self,
        node: &Node<M::State>,
        op: OpNumber,
        phase: Phase,
        moves: &mut Vec<Move<M::State>>,
    ) {
        self.unpaid += 1;
        let Some(state) = self.model.step(&node.state, self.plan.call(op)) else { return };
        // An operation without an answer need not take effect; where it changes nothing, it does not.
        let idle = self.plan.is_open(op) && phase == node.phase && state == node.state;
        if !idle {
            moves.push(Move { op, state, phase });
        }
    }

    /// Makes a move, lets all reads take effect that then have a place, and keeps what comes of it.
    fn make(&mut self, due: OpNumber, node: &Node<M::State>, next: Move<M::State>) {
        let Move { op, state, phase } = next;
        self.child.copy_from_slice(&self.mask);
        set(&mut self.child, self.plan.slot(op));
        let join = match (phase, node.phase) {
            (Phase::Excursion, _) => Join::Insert,
            (Phase::Overwritten, Phase::Before) => Join::Start,
            _ => Join::Append,
        };
        let order = self.orders.join(node.order, op, join);
        let overwritten = if join == Join::Start { self.window.invoked } else { node.overwritten };
        let saved = match phase {
            Phase::Excursion => Some(node.saved.as_ref().unwrap_or(&node.state).clone()),
            _ => None,
        };
        let mut child = Node { state, saved, overwritten, order, at: node.at, phase };
        self.let_reads_be(&mut child);
        self.furthest.reach(&self.child, &child);
        let happened = has(&self.child, self.plan.slot(due));
        let limit = if phase == Phase::Excursion { overwritten } else { u32::MAX };
        if happened && phase == Phase::Excursion {
            let (state, saved) = (child.saved.clone().expect("an excursion comes back"), None);
            let back = Node { state, saved, phase: Phase::Before, ..child.clone() };
            let mask = self.child.clone();
            self.survive(due, back);
            self.child.copy_from_slice(&mask);
        } else if happened {
            return self.survive(due, Node { phase: Phase::Before, ..child });
        }
        // After the one write that is allowed more can only come of a change.
        let may_change = self.window.missing(Effect::Changes, &self.child, limit).next().is_some();
        if may_change || phase == Phase::Before {
            self.wait(child);
        }
    }

    fn let_reads_be(&mut self, child: &mut Node<M::State>) {
        let (limit, join) = match child.phase {
            Phase::Excursion => (child.overwritten, Join::Insert),
            _ => (u32::MAX, Join::Append),
        };
        let reads: Vec<OpNumber> = self.window.missing(Effect::Observes, &self.child, limit).collect();
        for op in reads {
            self.unpaid += 1;
            if self.model.step(&child.state, self.plan.call(op)).is_some() {
                set(&mut self.child, self.plan.slot(op));
                child.order = self.orders.join(child.order, op, join);
            }
        }
    }

    /// Keeps a configuration in which the operation still has not taken effect, or that may go on.
    fn wait(&mut self, child: Node<M::State>) {
        if self.in_depth {
            return self.children.push(&self.child, child);
        }
        if self.seen.insert(child.fingerprint(&self.child)) {
            self.children.push(&self.child, child);
        }
    }

    /// Keeps a configuration (its operations are in `child`) that passes the completion.
    pub(super) fn survive(&mut self, due: OpNumber, mut node: Node<M::State>) {
        if self.in_depth {
            return self.children.push(&self.child, node);
        }
        super::clear(&mut self.child, self.plan.slot(due));
        node.at = 0;
        self.survivors.keep(&self.window.open, &self.child, node);
    }
}
