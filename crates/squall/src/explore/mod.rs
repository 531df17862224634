//! One scenario, looked at by what its runs go through: until nothing new comes, or guided by what is
//! rare.
//!
//! Runs are chosen in batches of a fixed size, from the results of the batches before it, in order.
//! So what is run, and where it ends, is the same whatever the number of hosts. A plain campaign
//! ([`Campaign`](crate::Campaign)) asks for no coverage and needs no batches.

mod guide;

use squall_check::coverage::Explored;
use squall_check::{Outcome, SeedResult};
use squall_history::{Plan, Seed};

use self::guide::Guide;
use crate::campaign::compare;
use crate::{Finished, HostError, Interrupt, Policy, Pool, Recording, RunHost, RunReply, RunRequest, Second};

/// Runs of one batch: many for hosts to share, few enough that a choice soon knows what came before.
const BATCH: usize = 64;

/// What to explore, and for how long.
pub struct Exploration<'a> {
    /// Place of the scenario in the campaign.
    pub scenario: usize,
    /// Fresh seeds, in order. There are as many runs as seeds, guided ones counted.
    pub seeds: &'a [Seed],
    /// The scenario's plan for a seed.
    pub plan: &'a dyn Fn(Seed) -> Plan,
    /// Whether a failing result counts towards `max_fail`; a known failure does not.
    pub counts: &'a dyn Fn(&SeedResult) -> bool,
    /// When failures end it, and what is run again.
    pub policy: Policy,
    /// Ends it after so many runs in a row that went through nothing new.
    pub until_stable: Option<u64>,
    /// Where runs come from.
    pub guidance: Guidance,
    /// Ends it early, between two batches.
    pub interrupt: &'a Interrupt,
}

/// Where runs come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Guidance {
    /// From fresh seeds, in order.
    #[default]
    None,
    /// About half of them from earlier ones: replayed until something rare happened, drawn anew from
    /// there on.
    RareFeatures,
}

/// What an exploration came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Exhausted {
    /// What the runs went through.
    pub explored: Explored,
    /// Runs that were drawn anew after a rare feature.
    pub guided: u64,
    /// Simulator events of all first runs: what they cost, whatever the machine.
    pub events: u64,
    /// Why it ended.
    pub ended: ExploreEnded,
}

/// Why an exploration ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExploreEnded {
    /// No seeds are left.
    Seeds,
    /// Nothing new came for as long as was asked.
    Stable,
    /// Enough failures.
    Failures,
    /// It was interrupted.
    Interrupted,
}

impl Exploration<'_> {
    /// Runs it on the hosts of a pool, second runs on `verifier`, and tells `sink` each run in order.
    ///
    /// # Errors
    /// The first error of a host in order; what was told before stands.
    pub fn run(
        &self,
        pool: &mut Pool,
        verifier: &mut dyn RunHost,
        sink: &mut dyn FnMut(Finished),
    ) -> Result<Exhausted, HostError> {
        let mut so_far = SoFar { explored: Explored::default(), failures: 0, guided: 0, events: 0, done: 0 };
        let mut guide = Guide::new(self.seeds.first().copied().unwrap_or(Seed(0)));
        let mut fresh = self.seeds.iter().copied();
        let ended = loop {
            let left = self.seeds.len() - so_far.done;
            if left == 0 {
                break ExploreEnded::Seeds;
            }
            let batch: Vec<(Origin, Plan)> = (so_far.done..so_far.done + left.min(BATCH))
                .map(|number| self.choose(number, &mut fresh, &mut guide, &so_far.explored))
                .collect();
            let requests = batch
                .iter()
                .map(|(_, plan)| RunRequest { plan: plan.clone(), recording: Recording::Coverage });
            let requests: Vec<RunRequest> = requests.collect();
            let Some(replies) = pool.all(&requests, self.interrupt)? else {
                break ExploreEnded::Interrupted;
            };
            if let Some(ended) = self.hear(batch, replies, &mut so_far, &mut guide, verifier, sink)? {
                break ended;
            }
        };
        let SoFar { explored, guided, events, .. } = so_far;
        Ok(Exhausted { explored, guided, events, ended })
    }

    /// The plan of a run.
    fn choose(
        &self,
        number: usize,
        fresh: &mut impl Iterator<Item = Seed>,
        guide: &mut Guide,
        explored: &Explored,
    ) -> (Origin, Plan) {
        let guided = match self.guidance {
            Guidance::None => None,
            Guidance::RareFeatures => guide.choose(number as u64, explored, self.plan),
        };
        match guided {
            Some(plan) => (Origin::Guided, plan),
            None => {
                let seed = fresh.next().expect("there are as many fresh seeds as runs");
                (Origin::Fresh, (self.plan)(seed))
            }
        }
    }

    /// Takes the replies of a batch, in order; why it ends there, if it does.
    fn hear(
        &self,
        batch: Vec<(Origin, Plan)>,
        replies: Vec<RunReply>,
        so_far: &mut SoFar,
        guide: &mut Guide,
        verifier: &mut dyn RunHost,
        sink: &mut dyn FnMut(Finished),
    ) -> Result<Option<ExploreEnded>, HostError> {
        for ((origin, plan), reply) in batch.into_iter().zip(replies) {
            let coverage = reply.coverage.clone().unwrap_or_default();
            if self.guidance == Guidance::RareFeatures && reply.result.outcome == Outcome::Pass {
                guide.learn(&plan, &coverage, &so_far.explored);
            }
            so_far.explored.take(&coverage);
            so_far.done += 1;
            so_far.events += reply.result.events;
            so_far.guided += u64::from(origin == Origin::Guided);
            let finished = self.finish(plan, reply, verifier)?;
            so_far.failures += u64::from((self.counts)(&finished.result));
            sink(finished);
            if so_far.failures >= self.policy.max_fail {
                return Ok(Some(ExploreEnded::Failures));
            }
            if self.until_stable.is_some_and(|runs| so_far.explored.runs_since_new() >= runs) {
                return Ok(Some(ExploreEnded::Stable));
            }
        }
        Ok(None)
    }

    /// Runs a second time what is to be run again.
    fn finish(&self, plan: Plan, first: RunReply, verifier: &mut dyn RunHost) -> Result<Finished, HostError> {
        let mut result = first.result.clone();
        let failed = result.outcome != Outcome::Pass;
        let (mut recorded, mut second) = (None, Second::NotRun);
        if result.outcome == Outcome::Timeout {
            recorded = Some(first);
        } else if failed || self.policy.samples(plan.seed) {
            let recording = if failed { Recording::Full } else { Recording::Summary };
            let again = verifier.run(&RunRequest { plan: plan.clone(), recording })?;
            second = compare(&mut result, &again.result);
            recorded = failed.then_some(again);
        }
        Ok(Finished { scenario: self.scenario, result, plan, recorded, second })
    }
}

/// Where a run comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Fresh,
    Guided,
}

/// What is known after some runs.
struct SoFar {
    explored: Explored,
    failures: u64,
    guided: u64,
    events: u64,
    done: usize,
}

#[cfg(test)]
mod tests;
