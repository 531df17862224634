//! A scenario within a `#[test]`: its seeds run in this process and are judged as a campaign is.
//!
//! What only a process of its own gives is missing here, see [`assert_passes`]: the command line and
//! `squall_cli::test_main` have it.

use std::fmt::Write as _;

use squall_check::{Outcome, ScenarioJudge, ScenarioStatus, ScenarioVerdict, SeedResult};
use squall_history::Seed;
use squall_scenario::{Overrides, Scenario};

use crate::{Campaign, HostError, InProcess, Job, Policy, Progress, Registry, RunHost};

/// What seeds are derived from unless something else is said: the command line's `--base-seed`.
pub const BASE_SEED: Seed = Seed(0x5eed);

/// What a scenario came to.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Over all seeds that ran: up to the first that failed.
    pub verdict: ScenarioVerdict,
    /// Those that did not pass, in the order of the seeds.
    pub failures: Vec<SeedResult>,
}

/// Runs a scenario's seeds in this process, until one fails, and judges them. The seeds are those that the
/// command line runs.
///
/// # Errors
/// If the plan does not fit the registry.
pub fn test(registry: &Registry, scenario: &Scenario) -> Result<Tested, HostError> {
    let overrides = Overrides::default();
    let expect = scenario.plan(Seed(0), &overrides).expect;
    let alone = |result: &SeedResult| {
        let verdict = squall_check::judge_scenario(&scenario.name, &expect, std::slice::from_ref(result));
        verdict.failed + verdict.nondeterministic + verdict.harness_errors > 0
    };
    let jobs = scenario.seeds.resolve(BASE_SEED).map(|seed| Job { scenario: 0, seed });
    let campaign = Campaign {
        jobs: jobs.collect(),
        plan: &|job| scenario.plan(job.seed, &overrides),
        counts: &|result, _| alone(result),
        policy: Policy::default(),
    };
    let mut judge = ScenarioJudge::new(&scenario.name, expect.clone());
    let mut failures = Vec::new();
    let host = || Box::new(InProcess::new(registry.clone())) as Box<dyn RunHost>;
    campaign.run(&mut [host()], &mut [host()], &mut |progress| {
        if let Progress::Finished(finished) = progress {
            judge.take(&finished.result);
            if finished.result.outcome != Outcome::Pass {
                failures.push(finished.result);
            }
        }
    })?;
    Ok(Tested { verdict: judge.finish(), failures })
}

/// As [`test()`], and panics unless the scenario comes to what it expects: for a `#[test]`.
///
/// ```no_run
/// # let registry = squall::Registry::new();
/// use std::time::Duration;
/// use squall::scenario::{Scenario, build::{Fault, Nodes, act}};
///
/// let second = Duration::from_secs(1);
/// let scenario = Scenario::builder("one-dies", "my-kv")
///     .seeds(20)
///     .fault(Fault::every(second * 3).lasting(second).does(act::kill(Nodes::role("server").one())))
///     .build(&registry.catalogue())
///     .unwrap_or_else(|problems| panic!("{problems}"));
/// squall::assert_passes(&registry, &scenario);
/// ```
///
/// Everything happens in this process. What a process for each run gives is not there:
///
/// - A system that aborts, overflows its stack, uses up memory or never returns takes the test with it.
/// - `static`s keep their values from one seed to the next, and so does what depends on process-wide counters:
///   the order of a `HashMap`, the branches of `tokio::select!`. The second run of a failing seed then
///   differs, which is told as nondeterminism.
/// - Clocks and entropy of the operating system are not sealed, nor are threads and real files refused.
///
/// A system that keeps to `squall_io` and ordered collections needs none of it.
///
/// # Panics
/// If the scenario fails or is inconclusive, with what is violated, the seeds, and how to replay them; or if
/// its plan does not fit the registry.
#[track_caller]
pub fn assert_passes(registry: &Registry, scenario: &Scenario) {
    match test(registry, scenario) {
        Ok(tested) if tested.verdict.status == ScenarioStatus::Pass => {}
        Ok(tested) => panic!("{}", tested.words(scenario)),
        Err(error) => panic!("scenario {} cannot run: {error}", scenario.name),
    }
}

impl Tested {
    /// What is wrong, and how to see it again.
    fn words(&self, scenario: &Scenario) -> String {
        let Self { verdict, failures } = self;
        let name = &verdict.scenario;
        let mut text = format!("scenario {name}: {} after {} seeds", verdict.status.name(), verdict.seeds);
        for reason in &verdict.reasons {
            let _ = write!(text, "\n  {reason}");
        }
        for result in failures {
            let _ = write!(text, "\nseed {}: {}", result.seed, result.outcome.name());
            if !result.detail.is_empty() {
                let _ = write!(text, ", {}", result.detail);
            }
            for found in &result.violations {
                let _ = write!(text, "\n  {} violated at t={}: {}", found.oracle, found.at, found.message);
            }
        }
        let Some(first) = failures.first() else { return text };
        let seed = first.seed;
        let _ = write!(
            text,
            "\nto see this run alone, build the scenario with `these_seeds([Seed({seed})])`; for its timeline \
             and a smaller one, with a program that calls `squall_cli::main` on the same registry:\n  \
             replay {name} --seed {seed}\n  shrink {name} --seed {seed}\nwhere scenarios/{name}.yaml holds\n\n{}",
            scenario.source().text
        );
        text
    }
}
