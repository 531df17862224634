//! `shrink`: the same violation with fewer and simpler faults, fewer nodes, less to do, in less time.

use std::path::PathBuf;

use squall::{Pool, Registry, ShrinkEnd, ShrinkTerms, Shrunk};
use squall_check::ExitCode;
use squall_scenario::to_yaml;

use super::keep;
use super::target::{Named, Unsupported};
use crate::args::{Place, ShowProgress, ShrinkArgs};
use crate::environment;
use crate::error::CliError;
use crate::interrupt;
use crate::known::Found;
use crate::progress::{Shrinking, counted};

pub(crate) fn run(registry: &Registry, args: &ShrinkArgs) -> Result<u8, CliError> {
    let named = Named::load(registry, &args.target, Unsupported::Refuse)?;
    let mut pool = environment::pool(registry, Place::default(), args.jobs)?;
    let interrupt = interrupt::by_signal()?;
    let shrunk = {
        let mut display = Shrinking::new(ShowProgress::Auto);
        let mut tell = |step: &squall::ShrinkStep<'_>| display.step(step);
        let mut terms = ShrinkTerms { registry, runs_max: args.runs, interrupt: &interrupt, tell: &mut tell };
        let shrunk = squall::shrink(&mut pool, &named.plan, &mut terms)?;
        display.finish();
        shrunk
    };
    let Some(shrunk) = shrunk else {
        anstream::println!(
            "{} seed {} does not fail: there is nothing to shrink",
            named.plan.scenario,
            named.seed()
        );
        return Ok(ExitCode::AsExpected.code());
    };
    tell(&shrunk, &mut pool);
    let text = file_text(&shrunk);
    match output(args, &named) {
        None => anstream::print!("{text}"),
        Some(path) => {
            std::fs::write(&path, text).map_err(|source| CliError::Write { path: path.clone(), source })?;
            let program = environment::program();
            anstream::println!("Minimised repro:  {program} replay {}", path.display());
        }
    }
    if args.keep {
        keep::keep(registry, &mut pool, &interrupt, &shrunk)?;
    }
    Ok(ExitCode::Failed.code())
}

/// What came of it, for a person who waits.
fn tell(shrunk: &Shrunk, pool: &mut Pool) {
    let why = match shrunk.ended {
        ShrinkEnd::NothingLeft => "",
        ShrinkEnd::RunsUsedUp => ", stopped there by --runs",
        ShrinkEnd::Interrupted => ", stopped there by a signal",
    };
    let hosts = if pool.size() > 1 { format!(" on {} workers", pool.size()) } else { String::new() };
    anstream::eprintln!("{} in {}{hosts}{why}", reduced(shrunk), counted(shrunk.runs, "run"));
    for fault in &shrunk.plan.faults {
        anstream::eprintln!("  {}", squall_report::fault_line(fault));
    }
}

/// `faults 9 → 2, nodes 8 → 4, operations 412 → 37, length 45s → 4.3s`.
fn reduced(shrunk: &Shrunk) -> String {
    let (before, after) = (&shrunk.before, &shrunk.after);
    let mut parts = vec![
        format!("faults {} → {}", before.faults, after.faults),
        format!("nodes {} → {}", before.nodes, after.nodes),
    ];
    if let (Some(before), Some(after)) = (before.operations, after.operations) {
        parts.push(format!("operations {before} → {after}"));
    }
    parts.push(format!("length {} → {}", before.duration, after.duration));
    parts.join(", ")
}

/// `shrunk.yaml`.
pub(crate) fn file_text(shrunk: &Shrunk) -> String {
    let result = &shrunk.result;
    let mut head = match &shrunk.violation {
        Some(found) => format!("{} violated at t={}: {}\n", found.oracle, found.at, found.message),
        None => format!("{}: {}\n", result.outcome.name(), result.detail),
    };
    head += &format!("Shrunk from seed {} of {}, the same failure:\n", result.seed, result.scenario);
    head += &format!("{}.\n", reduced(shrunk));
    head += match shrunk.ended {
        ShrinkEnd::NothingLeft => {
            "Nothing of it can be taken away, or made simpler, without losing the failure.\n"
        }
        ShrinkEnd::RunsUsedUp => {
            "The runs were used up; more of them may make it smaller: `shrink FILE --runs N`.\n"
        }
        ShrinkEnd::Interrupted => "It was interrupted; `shrink FILE` goes on.\n",
    };
    head += "Run it with `replay FILE`.\n";
    to_yaml(&shrunk.plan, &format!("{head}{}", Found::now(result).line()))
}

fn output(args: &ShrinkArgs, named: &Named) -> Option<PathBuf> {
    let is_plan_file = named.path.file_stem().is_some_and(|stem| stem == "plan" || stem == "bound");
    args.output.clone().or_else(|| is_plan_file.then(|| named.path.with_file_name("shrunk.yaml")))
}
