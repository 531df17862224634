//! Sequences: faults one after the other, and what is waited for in between.
//!
//! A cursor walks through a list of steps; what runs beside or within a step has a cursor of its own,
//! whose end the outer one awaits. A step that waited for a condition begins one nanosecond after the
//! record that made it true: at that instant the run may not be over with what happens at it, and a
//! bound plan applies its faults before anything else of their instant.

use squall_history::{
    Body, BudgetRule, FaultEvent, PlannedFault, Sequence, SimDuration, SimTime, Step, StepFault,
};

use super::{Moment, Nemesis};
use crate::engine::Engine;

/// Shortly after: the next instant there is.
pub(super) const NEXT_INSTANT: SimDuration = SimDuration::from_nanos(1);

/// A place in a list of steps.
pub(super) struct Cursor {
    steps: Vec<Step>,
    next: usize,
    /// Who goes on when this one has ended.
    parent: Option<usize>,
    /// Members of the current step that have not ended.
    open: usize,
    /// Place of the sequence in the plan.
    sequence: usize,
    budget: BudgetRule,
}

/// A condition that a cursor waits for.
pub(super) struct Awaited {
    event: String,
    until: Option<SimTime>,
}

impl Cursor {
    /// The cursor of a whole sequence.
    pub(super) fn of((place, sequence): (usize, &Sequence)) -> Self {
        Self {
            steps: sequence.steps.clone(),
            next: 0,
            parent: None,
            open: 0,
            sequence: place,
            budget: sequence.budget,
        }
    }

    fn within(&self, parent: usize, steps: Vec<Step>) -> Self {
        let Self { sequence, budget, .. } = *self;
        Self { steps, next: 0, parent: Some(parent), open: 0, sequence, budget }
    }
}

impl Nemesis<'_> {
    /// A condition has become true.
    pub(crate) fn occurred(&mut self, condition: &str, at: SimTime) {
        let here = self.awaited.iter().filter(|(_, awaited)| awaited.event == condition);
        for cursor in here.map(|(cursor, _)| *cursor).collect::<Vec<_>>() {
            self.awaited.remove(&cursor);
            self.moments.insert((at + NEXT_INSTANT, Moment::Step(cursor)));
        }
    }

    /// Takes steps until one takes time.
    pub(super) fn advance(&mut self, engine: &mut dyn Engine, cursor: usize, now: SimTime) {
        while let Some(step) = self.cursors[cursor].steps.get(self.cursors[cursor].next).cloned() {
            self.cursors[cursor].next += 1;
            match step {
                Step::Fault(fault) => {
                    let StepFault { id, lasts, action } = *fault;
                    let budget = self.cursors[cursor].budget;
                    let place = self.faults.len();
                    self.faults.push(PlannedFault { id, at: now, lasts, budget, action });
                    self.apply(engine, place, now);
                    if let Some(lasts) = lasts {
                        self.moments.insert((now + lasts, Moment::Step(cursor)));
                        return;
                    }
                }
                Step::Wait(span) => {
                    self.moments.insert((now + span, Moment::Step(cursor)));
                    return;
                }
                Step::WaitFor { event, .. } if self.holds(engine, &event) => {}
                Step::WaitFor { event, timeout } => {
                    let until = timeout.map(|timeout| now + timeout);
                    self.moments.extend(until.map(|until| (until, Moment::TimeOut(cursor))));
                    self.awaited.insert(cursor, Awaited { event, until });
                    return;
                }
                Step::Parallel(members) => {
                    return self.enter(
                        engine,
                        cursor,
                        members.into_iter().map(|step| vec![step]).collect(),
                        now,
                    );
                }
                Step::Steps(steps) => return self.enter(engine, cursor, vec![steps], now),
            }
        }
        if let Some(parent) = self.cursors[cursor].parent {
            self.cursors[parent].open -= 1;
            if self.cursors[parent].open == 0 {
                self.advance(engine, parent, now);
            }
        }
    }

    /// Begins lists of steps beside each other; the cursor goes on when the last has ended.
    fn enter(&mut self, engine: &mut dyn Engine, cursor: usize, lists: Vec<Vec<Step>>, now: SimTime) {
        self.cursors[cursor].open = lists.len();
        let first = self.cursors.len();
        for steps in lists {
            let member = self.cursors[cursor].within(cursor, steps);
            self.cursors.push(member);
        }
        for member in first..self.cursors.len() {
            self.advance(engine, member, now);
        }
    }

    /// Whether a condition is a state, and holds.
    fn holds(&self, engine: &dyn Engine, event: &str) -> bool {
        event == "leader-elected" && self.leader.as_ref().is_some_and(|leader| engine.is_up(leader))
    }

    /// What a cursor had still before it; it takes no step any more.
    pub(super) fn steps_given_up(&mut self, cursor: usize) -> Vec<Step> {
        let next = self.cursors[cursor].next;
        self.cursors[cursor].steps.split_off(next)
    }

    /// Gives a sequence up if it still waits for what it waited for when this was due.
    pub(super) fn timed_out(&mut self, engine: &mut dyn Engine, cursor: usize, now: SimTime) {
        let Some(awaited) = self.awaited.get(&cursor).filter(|awaited| awaited.until == Some(now)) else {
            return;
        };
        let why = format!("`{}` did not occur in time", awaited.event);
        let sequence = self.cursors[cursor].sequence;
        let cursors: Vec<usize> =
            (0..self.cursors.len()).filter(|&other| self.cursors[other].sequence == sequence).collect();
        for cursor in cursors {
            self.awaited.remove(&cursor);
            for fault in self.steps_given_up(cursor).iter().flat_map(Step::faults) {
                let event = FaultEvent::NotApplied { id: fault.id.clone(), why: why.clone() };
                engine.record(None, Body::Fault(event));
            }
        }
    }
}
