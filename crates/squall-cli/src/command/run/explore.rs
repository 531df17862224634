//! `run --until-stable` and `run --guided`: scenarios looked at by what their runs go through.
//!
//! Runs are chosen from the results of those before them, so such a campaign is neither cut into slices
//! nor gone on with; a plain one is (`resume.rs`).

use squall::{
    Exploration, ExploreEnded, Guidance, Interrupt, Job, Policy, Pool, Progress, Reached, RunHost, Seed,
};
use squall_report::ScenarioCoverage;

use super::setting::Setting;
use super::sweep::Sweep;
use crate::args::RunArgs;
use crate::error::CliError;

/// Whether runs are chosen by what others went through, or ended by it.
pub(super) const fn is_asked_for(args: &RunArgs) -> bool {
    args.until_stable.is_some() || args.guided
}

/// Runs every scenario.
pub(super) fn run(
    args: &RunArgs,
    setting: &Setting,
    (pool, verifier): (&mut Pool, &mut dyn RunHost),
    sweep: &mut Sweep<'_>,
    interrupt: &Interrupt,
) -> Result<Reached, CliError> {
    for (scenario, loaded) in setting.loaded.iter().enumerate() {
        let jobs = setting.all.iter().filter(|job| job.scenario == scenario);
        let seeds: Vec<Seed> = jobs.map(|job| job.seed).collect();
        let exploration = Exploration {
            scenario,
            seeds: &seeds,
            plan: &|seed| setting.plan(&Job { scenario, seed }),
            counts: &|result| setting.counts(result, scenario),
            policy: Policy { max_fail: setting.max_fail, recheck: setting.recheck },
            until_stable: args.until_stable,
            guidance: if args.guided { Guidance::RareFeatures } else { Guidance::None },
            interrupt,
        };
        let mut broken = None;
        let exhausted = exploration.run(pool, verifier, &mut |finished| {
            if broken.is_none() {
                broken = sweep.take(Progress::Finished(Box::new(finished))).err();
            }
        })?;
        if let Some(error) = broken {
            return Err(error);
        }
        let ended = exhausted.ended;
        sweep.saw(ScenarioCoverage {
            scenario: loaded.scenario.name.clone(),
            stable_after: (ended == ExploreEnded::Stable).then_some(exhausted.explored.runs_since_new()),
            guided: args.guided.then_some(exhausted.guided),
            explored: exhausted.explored,
            events: exhausted.events,
        });
        if ended == ExploreEnded::Interrupted {
            return Ok(Reached::Prefix);
        }
    }
    Ok(Reached::End)
}
