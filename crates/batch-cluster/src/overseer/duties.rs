//! What is to be decided without being asked: workers that died, attempts that stand still, results
//! to be published, tasks to be assigned.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::job::{AttemptId, TaskId};
use crate::protocol::{ToWorker, Work};
use crate::raft::core::Moment;
use crate::state::{Attempt, Decision, Failure, Phase, Standing, State};

use super::{LineId, Office, Overseer, Pace, Session};

impl Overseer {
    pub(super) fn duties(&mut self, now: Moment, state: &State) -> Vec<Decision> {
        self.follow(now, state);
        let mut decisions = self.deaths(now);
        decisions.extend(self.stalls(now, state));
        decisions.extend(publications(state));
        decisions.extend(self.assignments(state));
        decisions
    }

    /// Keeps sessions and paces in step with the state. What is new to it counts as just heard.
    fn follow(&mut self, now: Moment, state: &State) {
        self.sessions.retain(|name, session| state.node(name).is_some_and(|node| node.holds(session.epoch)));
        let deadline = now + self.settings.allowance();
        for (name, node) in state.nodes().filter(|(_, node)| node.standing == Standing::Up) {
            if !self.sessions.contains_key(name) {
                let session = Session { epoch: node.epoch, line: None, deadline };
                self.sessions.insert(name.to_owned(), session);
            }
        }
        self.paces.retain(|attempt, _| state.attempt(*attempt).is_some());
        for (_, attempt) in state.attempts() {
            self.paces.entry(attempt.id).or_insert(Pace { count: 0, since: now });
        }
    }

    fn deaths(&self, now: Moment) -> Vec<Decision> {
        let over = self.sessions.iter().filter(|(_, session)| now >= session.deadline);
        over.map(|(node, session)| Decision::NodeDead { node: node.clone(), epoch: session.epoch }).collect()
    }

    fn stalls(&self, now: Moment, state: &State) -> Vec<Decision> {
        let stands = |attempt: &Attempt| {
            let pace = self.paces.get(&attempt.id)?;
            (now >= pace.since + self.settings.no_progress).then_some(())
        };
        let stalled = state.attempts().filter(|(_, attempt)| stands(attempt).is_some());
        let end = |attempt: &Attempt| Decision::EndAttempt {
            attempt: attempt.id,
            epoch: attempt.epoch,
            failure: Failure::Stalled,
        };
        stalled.map(|(_, attempt)| end(attempt)).collect()
    }

    /// Ready tasks in order, each to the worker with the most free slots among those that are
    /// there to be told.
    fn assignments(&self, state: &State) -> Vec<Decision> {
        let there = self.sessions.iter().filter(|(_, session)| session.line.is_some());
        let mut free: BTreeMap<&str, u32> = there
            .map(|(name, _)| (name.as_str(), state.free_slots(name)))
            .filter(|(_, free)| *free > 0)
            .collect();
        let mut decisions = Vec::new();
        // Looking for what is ready is not free, so not if nobody could take it.
        let ready = (!free.is_empty()).then(|| state.ready()).into_iter().flatten();
        for (task, known) in ready {
            let Some(name) = choose(&free, known.avoids()) else { break };
            let left = free.remove(name).expect("it was chosen from these") - 1;
            if left > 0 {
                free.insert(name, left);
            }
            let epoch = self.sessions[name].epoch;
            decisions.push(Decision::Assign { task, node: name.to_owned(), epoch });
        }
        decisions
    }

    /// An attempt that the log has assigned.
    pub(super) fn launch(&mut self, state: &State, id: AttemptId) {
        if let Some((task, attempt)) = state.attempt(id) {
            self.launch_as(state, task, attempt);
        }
    }

    /// Part of a planted bug: launches what is only proposed, under the ids that the next entry would
    /// give.
    pub(super) fn launch_early(&mut self, state: &State, decisions: &[Decision]) {
        for (place, decision) in (0..).zip(decisions) {
            if let Decision::Assign { task, node, epoch } = decision {
                let id = AttemptId::new(state.applied() + 1, place);
                self.launch_as(state, *task, &Attempt { id, node: node.clone(), epoch: *epoch });
            }
        }
    }

    fn launch_as(&mut self, state: &State, task: TaskId, attempt: &Attempt) {
        let Office::Held(term) = self.office else { return };
        let line = self.line_of(attempt);
        let (Some(line), Some(work)) = (line, state.work(task)) else { return };
        self.say(line, launch_word(term, attempt, work));
    }

    fn line_of(&self, attempt: &Attempt) -> Option<LineId> {
        self.sessions.get(&attempt.node).filter(|session| session.epoch == attempt.epoch)?.line
    }
}

pub(super) fn launch_word(term: u64, attempt: &Attempt, work: Work) -> ToWorker {
    ToWorker::Launch { term, attempt: attempt.id, epoch: attempt.epoch, work }
}

/// The worker with the most free slots, of several the first by name; the one to be avoided only
/// if there is no other.
fn choose<'a>(free: &BTreeMap<&'a str, u32>, avoid: Option<&str>) -> Option<&'a str> {
    let best = |candidates: &mut dyn Iterator<Item = (&&'a str, &u32)>| {
        candidates.max_by_key(|(name, free)| (**free, Reverse(**name))).map(|(name, _)| *name)
    };
    best(&mut free.iter().filter(|(name, _)| Some(**name) != avoid)).or_else(|| best(&mut free.iter()))
}

fn publications(state: &State) -> impl Iterator<Item = Decision> {
    state.open_jobs().filter(|(_, job)| job.is_complete()).map(|(job, _)| Decision::Publish { job })
}

/// Part of a planted bug: jobs that are published end in a step of its own.
pub(super) fn second_step(state: &State) -> impl Iterator<Item = Decision> {
    let published = state.open_jobs().filter(|(_, job)| matches!(job.phase, Phase::Published { .. }));
    published.map(|(job, _)| Decision::EndJob { job })
}
