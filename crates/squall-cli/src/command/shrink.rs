//! `shrink`: fewer faults, the same violation.

use std::path::PathBuf;

use squall::{Plan, Pool, Recording, Registry, RunRequest, ShrinkTerms, Shrunk};
use squall_check::ExitCode;
use squall_scenario::to_yaml;

use super::target::{Named, Unsupported};
use crate::args::{Place, ShrinkArgs};
use crate::environment;
use crate::error::CliError;
use crate::interrupt;
use crate::known::Found;
use crate::progress::counted;

pub(crate) fn run(registry: &Registry, args: &ShrinkArgs) -> Result<u8, CliError> {
    let named = Named::load(registry, &args.target, Unsupported::Refuse)?;
    let mut pool = environment::pool(registry, Place::default(), args.jobs)?;
    let bound = bind(&mut pool, &named.plan)?;
    let interrupt = interrupt::by_signal()?;
    let mut terms = ShrinkTerms { runs_max: args.runs, interrupt: &interrupt, tell: &mut |_, _| {} };
    let Some(shrunk) = squall::shrink(&mut pool, &bound, &mut terms)? else {
        anstream::println!(
            "{} seed {} does not fail: there is nothing to shrink",
            named.plan.scenario,
            named.seed()
        );
        return Ok(ExitCode::AsExpected.code());
    };
    let text = file_text(&shrunk);
    let (before, after) = (bound.faults.len(), shrunk.plan.faults.len());
    let why = if shrunk.cut_short { ", stopped there by --runs" } else { "" };
    anstream::eprintln!("faults {before} → {after} in {}{why}", counted(shrunk.runs, "run"));
    for fault in &shrunk.plan.faults {
        anstream::eprintln!("  {}", squall_report::fault_line(fault));
    }
    match output(args, &named) {
        None => anstream::print!("{text}"),
        Some(path) => {
            std::fs::write(&path, text).map_err(|source| CliError::Write { path: path.clone(), source })?;
            let program = environment::program();
            anstream::println!("Minimised repro:  {program} replay {}", path.display());
        }
    }
    Ok(ExitCode::Failed.code())
}

/// The plan with literal targets: reducing it must not change what a selector means. A run that
/// dies cannot say what it bound; then the plan itself is reduced.
fn bind(pool: &mut Pool, plan: &Plan) -> Result<Plan, CliError> {
    let reply = pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Summary })?;
    Ok(reply.bound.unwrap_or_else(|| plan.clone()))
}

/// `shrunk.yaml`.
pub(crate) fn file_text(shrunk: &Shrunk) -> String {
    let what = "The same violation with fewer faults. Run it with `replay FILE`.";
    to_yaml(&shrunk.plan, &format!("{what}\n{}", Found::now(&shrunk.result).line()))
}

fn output(args: &ShrinkArgs, named: &Named) -> Option<PathBuf> {
    let is_plan_file = named.path.file_stem().is_some_and(|stem| stem == "plan" || stem == "bound");
    args.output.clone().or_else(|| is_plan_file.then(|| named.path.with_file_name("shrunk.yaml")))
}
