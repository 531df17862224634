//! The search: candidates of a pass in their order, the first that still fails wins, and so on from there.
//!
//! A plan is run once, whichever pass comes to it, so the search ends. Within a pass it goes on where it
//! won, since what stood before was just refused for a plan much like this one, and sweeps over all of it
//! again as long as a sweep won anything: in the end no single step of any pass is left that still fails
//! (1-minimality, in the words of delta debugging).

use std::collections::BTreeSet;

use squall_history::{BudgetRule, Digest, Folder, Plan};

use super::passes::Pass;
use super::target::Target;
use super::{Scene, ShrinkStep, ShrinkTerms, broken_at};
use crate::{HostError, Pool, Recording, RunReply, RunRequest};

/// Candidates that are run as one batch: enough for all hosts, and few enough that progress is told.
const BATCH: usize = 32;

/// Which candidates win.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    /// Those that fail in the same way.
    Failure,
    /// Those that are the same run to the last event.
    SameRun,
}

/// A search in progress.
pub(super) struct Search<'a, 't> {
    pool: &'a mut Pool,
    terms: &'a mut ShrinkTerms<'t>,
    target: Target,
    runs: u64,
    /// Plans that were run.
    tried: BTreeSet<Digest>,
    plan: Plan,
    reply: RunReply,
}

impl<'a, 't> Search<'a, 't> {
    /// From a plan that failed.
    pub(super) fn new(
        pool: &'a mut Pool,
        terms: &'a mut ShrinkTerms<'t>,
        target: Target,
        plan: &Plan,
        reply: RunReply,
    ) -> Self {
        let mut search =
            Self { pool, terms, target, runs: 1, tried: BTreeSet::new(), plan: plan.clone(), reply };
        search.plan = literal(plan.clone(), &search.reply);
        search.tried.insert(key(&search.plan));
        search
    }

    /// Whether somebody wants it to end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.terms.interrupt.is_raised()
    }

    /// Whether it can run anything more.
    pub(super) fn is_over(&self) -> bool {
        self.runs >= self.terms.runs_max || self.is_interrupted()
    }

    /// Sweeps over the candidates of a pass until none of them fails. Whether anything was won.
    ///
    /// # Errors
    /// Those of the hosts.
    pub(super) fn sweep(&mut self, pass: &Pass) -> Result<bool, HostError> {
        self.sweep_for(pass, Wanted::Failure)
    }

    /// The same for a pass of which only such candidates are wanted as are the very same run.
    ///
    /// # Errors
    /// Those of the hosts.
    pub(super) fn sweep_unchanged(&mut self, pass: &Pass) -> Result<bool, HostError> {
        self.sweep_for(pass, Wanted::SameRun)
    }

    fn sweep_for(&mut self, pass: &Pass, wanted: Wanted) -> Result<bool, HostError> {
        let mut won = false;
        loop {
            self.tell(pass);
            let mut from = 0;
            let mut won_now = false;
            while let Some(place) = self.step(pass, from, wanted)? {
                (from, won_now) = (place, true);
                self.tell(pass);
            }
            won |= won_now;
            // A sweep that began at the first candidate and won nothing has seen all of them.
            if !won_now || self.is_over() {
                return Ok(won);
            }
        }
    }

    /// Goes on from the first candidate at or behind `from` that fails; its place.
    fn step(&mut self, pass: &Pass, from: usize, wanted: Wanted) -> Result<Option<usize>, HostError> {
        let candidates = (pass.candidates)(&self.scene());
        let mut seen = BTreeSet::new();
        let fresh: Vec<(usize, Plan)> = candidates
            .into_iter()
            .enumerate()
            .skip(from)
            .filter(|(_, plan)| !self.tried.contains(&key(plan)) && seen.insert(key(plan)))
            .collect();
        let mut rest = &fresh[..];
        while !rest.is_empty() && !self.is_over() {
            let left = usize::try_from(self.terms.runs_max - self.runs).unwrap_or(usize::MAX);
            let (batch, later) = rest.split_at(rest.len().min(left).min(BATCH));
            let Some((place, reply)) = self.first(batch, wanted)? else {
                rest = later;
                self.tell(pass);
                continue;
            };
            let (own, plan) = &batch[place];
            if self.is_the_same_failure(plan)? {
                self.adopt(plan.clone(), reply);
                return Ok(Some(*own));
            }
            rest = &rest[place + 1..];
        }
        Ok(None)
    }

    /// The first of a batch that fails.
    fn first(
        &mut self,
        batch: &[(usize, Plan)],
        wanted: Wanted,
    ) -> Result<Option<(usize, RunReply)>, HostError> {
        let ask = |plan: &Plan| RunRequest { plan: plan.clone(), recording: Recording::Summary };
        let requests: Vec<RunRequest> = batch.iter().map(|(_, plan)| ask(plan)).collect();
        let (target, digest) = (&self.target, self.reply.result.digest);
        let met = |reply: &RunReply| {
            let is_wanted = wanted == Wanted::Failure || reply.result.digest == digest;
            is_wanted && target.is_met(&reply.result)
        };
        let searched = self.pool.first(&requests, self.terms.interrupt, &met)?;
        self.runs += searched.runs;
        let ran = usize::try_from(searched.runs).unwrap_or(usize::MAX).min(batch.len());
        self.tried.extend(batch[..ran].iter().map(|(_, plan)| key(plan)));
        Ok(searched.found)
    }

    /// Of a plan that fails: whether it is not for want of nodes or time that it does. Asked only where a
    /// correct system could fail so too, and only of plans that differ in more than their faults.
    fn is_the_same_failure(&mut self, plan: &Plan) -> Result<bool, HostError> {
        let rest = |plan: &Plan| Plan { faults: Vec::new(), ..plan.clone() };
        if !self.target.is_touchy() || rest(plan) == rest(&self.plan) {
            return Ok(true);
        }
        self.runs += 1;
        let calm = self.pool.run(&RunRequest { plan: rest(plan), recording: Recording::Summary })?;
        Ok(!self.target.is_met(&calm.result))
    }

    fn adopt(&mut self, plan: Plan, reply: RunReply) {
        self.plan = literal(plan, &reply);
        self.reply = reply;
        self.tried.insert(key(&self.plan));
    }

    /// Has all faults obey the fault budget from now on, if those of the failing run kept it anyway: else a
    /// plan of fewer nodes could fail because it takes more than the system promises to stand.
    ///
    /// # Errors
    /// Those of the host.
    pub(super) fn keep_to_budget(&mut self) -> Result<(), HostError> {
        for rule in [BudgetRule::QuorumStays, BudgetRule::QuorumReturns] {
            let mut plan = self.plan.clone();
            let free = plan.faults.iter_mut().filter(|fault| fault.budget == BudgetRule::AsWritten);
            free.for_each(|fault| fault.budget = rule);
            if self.is_over() || plan == self.plan {
                return Ok(());
            }
            self.runs += 1;
            let reply = self.pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Summary })?;
            let is_whole = |bound: &Plan| bound.faults.len() == plan.faults.len();
            if self.target.is_met(&reply.result) && reply.bound.as_ref().is_some_and(is_whole) {
                self.adopt(plan, reply);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Ends the search: the best plan as it is to be written down, with its recorded run, and the runs.
    ///
    /// # Errors
    /// Those of the host.
    pub(super) fn finish(self) -> Result<(Plan, RunReply, u64), HostError> {
        // Nothing was vetoed in the last run, so to say of each fault that it may be is of no use.
        let mut plain = self.plan.clone();
        plain.faults.iter_mut().for_each(|fault| fault.budget = BudgetRule::AsWritten);
        for plan in [plain, self.plan.clone()] {
            let recorded = self.pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Full })?;
            if self.target.is_met(&recorded.result) {
                let plan = literal(plan, &recorded);
                return Ok((plan, recorded, self.runs));
            }
        }
        Ok((self.plan, self.reply, self.runs))
    }

    fn scene(&self) -> Scene<'_> {
        let broken = broken_at(&self.target, &self.reply);
        let promise = self.target.promise();
        Scene { plan: &self.plan, broken, promise, registry: self.terms.registry }
    }

    fn tell(&mut self, pass: &Pass) {
        (self.terms.tell)(&ShrinkStep {
            runs: self.runs,
            pass: pass.name,
            faults: self.plan.faults.len(),
            nodes: self.plan.topology.nodes.len(),
            duration: self.plan.duration,
        });
    }
}

/// A plan as its run bound it. What the budget vetoed is gone for good, and so is what a scenario expects
/// of all its seeds together: one run cannot keep it.
fn literal(plan: Plan, reply: &RunReply) -> Plan {
    let mut bound = reply.bound.clone().unwrap_or(plan);
    bound.vetoes.clear();
    bound.expect.sometimes.clear();
    bound
}

/// A plan's identity, as short as a digest: a search sees thousands.
fn key(plan: &Plan) -> Digest {
    let mut folder = Folder::default();
    folder.fold_bytes(&serde_json::to_vec(plan).expect("a plan is plain data"));
    folder.digest()
}
