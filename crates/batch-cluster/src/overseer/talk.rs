//! What workers say, and what they are told.

use crate::job::{AttemptId, Epoch, Manifest};
use crate::protocol::{FromWorker, Settlement, ToWorker};
use crate::raft::core::Moment;
use crate::state::{Decision, Failure, Ruling, State};

use super::duties::launch_word;
use super::queue::Wish;
use super::{LineId, Output, Overseer, Pace, Session};

/// Longest account of a failure in characters; it lives in the log.
const WHY_MAX: usize = 500;

/// A heartbeat, but for who sent it.
struct Report {
    epoch: Epoch,
    seq: u64,
    attempts: Vec<(AttemptId, u64)>,
    outputs: Vec<AttemptId>,
}

impl Overseer {
    pub(super) fn hear(&mut self, now: Moment, state: &State, term: u64, (line, what): (LineId, FromWorker)) {
        match what {
            FromWorker::Register { node, incarnation, slots, kept } => {
                self.want(Decision::Register { node, incarnation, slots, kept }, line);
            }
            FromWorker::Heartbeat { node, epoch, seq, attempts, outputs } => {
                let report = Report { epoch, seq, attempts, outputs };
                self.heartbeat(now, state, (term, line), &node, &report);
            }
            FromWorker::Commit { attempt, epoch, manifest } => {
                self.want(commit_of(attempt, epoch, manifest), line);
            }
            FromWorker::Failed { attempt, epoch, failure } => {
                self.want(Decision::EndAttempt { attempt, epoch, failure: shorten(failure) }, line);
            }
        }
    }

    /// A worker wants this decided. If it cannot be, the line is closed: what was said is said again
    /// on the next one.
    fn want(&mut self, decision: Decision, line: LineId) {
        // Workers say with every heartbeat what is not settled.
        if self.queue.adopt(&decision, line) {
            return;
        }
        if let Decision::Register { node, .. } = &decision {
            let is_older =
                |other: &Decision| matches!(other, Decision::Register { node: same, .. } if same == node);
            self.queue.drop_waiting(is_older);
        }
        let wish = Wish::of(decision, line);
        if wish.is_none_or(|wish| self.queue.push(wish).is_err()) {
            self.outputs.push(Output::Close { line });
        }
    }

    fn heartbeat(
        &mut self,
        now: Moment,
        state: &State,
        (term, line): (u64, LineId),
        node: &str,
        report: &Report,
    ) {
        let epoch = report.epoch;
        if !state.node(node).is_some_and(|node| node.holds(epoch)) {
            self.say(line, ToWorker::Fenced { term, epoch });
            return;
        }
        if !self.renew(now, node, epoch, line) {
            return;
        }
        self.note_paces(now, &report.attempts);
        self.tell(state, (term, line), node, report);
    }

    /// A lease is longer, unless it is too late: then its end is about to be decided, and the worker
    /// must not hear otherwise.
    fn renew(&mut self, now: Moment, node: &str, epoch: Epoch, line: LineId) -> bool {
        let deadline = now + self.settings.allowance();
        let fresh = || Session { epoch, line: None, deadline };
        let session = self.sessions.entry(node.to_owned()).or_insert_with(fresh);
        if session.epoch != epoch {
            *session = fresh();
        }
        if now >= session.deadline {
            return false;
        }
        session.deadline = deadline;
        if let Some(before) = session.line.replace(session.line.map_or(line, |known| known.max(line)))
            && before < line
        {
            self.outputs.push(Output::Close { line: before });
        }
        true
    }

    fn note_paces(&mut self, now: Moment, attempts: &[(AttemptId, u64)]) {
        for (attempt, count) in attempts {
            let pace = self.paces.entry(*attempt).or_insert(Pace { count: *count, since: now });
            if pace.count != *count {
                *pace = Pace { count: *count, since: now };
            }
        }
    }

    /// Answers a heartbeat: what the worker does, and what it should do.
    fn tell(&mut self, state: &State, (term, line): (u64, LineId), node: &str, report: &Report) {
        let Report { epoch, seq, attempts, outputs } = report;
        let is_own = |attempt: AttemptId| {
            state.attempt(attempt).is_some_and(|(_, live)| live.node == node && live.epoch == *epoch)
        };
        let over = attempts.iter().map(|(attempt, _)| *attempt).filter(|attempt| !is_own(*attempt));
        let (committed, stop): (Vec<_>, Vec<_>) = over.partition(|attempt| state.output(*attempt).is_some());
        let forget = outputs.iter().copied().filter(|output| !state.needs(*output)).collect();
        self.say(line, ToWorker::Heard { term, epoch: *epoch, seq: *seq, stop, forget });
        // Its answer was lost with another line.
        for attempt in committed {
            self.say(line, ToWorker::Settled { term, attempt, ruling: Settlement::Committed });
        }
        // Launches may have been lost with another line, too.
        for (task, attempt) in state.attempts() {
            let is_known = attempts.iter().any(|(known, _)| *known == attempt.id);
            if is_own(attempt.id)
                && !is_known
                && let Some(work) = state.work(task)
            {
                self.say(line, launch_word(term, attempt, work));
            }
        }
    }

    /// A decision was ruled on: tells whom it concerns.
    pub(super) fn settle(&mut self, now: Moment, state: &State, term: u64, wish: Wish, ruling: &Ruling) {
        let line = wish.from.line();
        match (wish.decision, ruling) {
            (Decision::Register { node, incarnation, .. }, Ruling::Registered { epoch }) => {
                let is_current = state.node(&node).is_some_and(|node| node.holds(*epoch));
                let Some(line) = line.filter(|_| is_current) else { return };
                let deadline = now + self.settings.allowance();
                self.sessions.insert(node, Session { epoch: *epoch, line: Some(line), deadline });
                let lease = self.settings.lease;
                self.say(line, ToWorker::Registered { term, incarnation, epoch: *epoch, lease });
            }
            (Decision::Register { .. }, _) => {
                self.outputs.extend(line.map(|line| Output::Close { line }));
            }
            (Decision::Assign { .. }, Ruling::Assigned { attempt }) => self.launch(state, *attempt),
            (Decision::Commit { attempt, .. } | Decision::EndAttempt { attempt, .. }, _) => {
                let Some(line) = line else { return };
                let is_taken = *ruling == Ruling::Committed;
                let ruling = if is_taken { Settlement::Committed } else { Settlement::Refused };
                self.say(line, ToWorker::Settled { term, attempt, ruling });
            }
            _ => {}
        }
    }
}

/// A part beyond the limit does not go into the log: to write it was the attempt's fault.
fn commit_of(attempt: AttemptId, epoch: Epoch, manifest: Manifest) -> Decision {
    let part = if let Manifest::Reduce { part, .. } = &manifest { part.len() } else { 0 };
    if part <= Manifest::PART_MAX {
        return Decision::Commit { attempt, epoch, manifest };
    }
    let why = format!("a part of {part} bytes, more than {}", Manifest::PART_MAX);
    Decision::EndAttempt { attempt, epoch, failure: Failure::Task { why } }
}

fn shorten(failure: Failure) -> Failure {
    match failure {
        Failure::Task { why } => Failure::Task { why: why.chars().take(WHY_MAX).collect() },
        other => other,
    }
}
