//! `explain-failure`: when a failing run's violation became likely.

use std::path::{Path, PathBuf};

use squall::check::cause::{Cause, LaterFaults};
use squall::{CauseTerms, Explained, Registry, RunReply, cause};
use squall_check::{ExitCode, Outcome};
use squall_report::{cause_json, cause_svg, cause_text};

use super::target::{Named, Unsupported};
use crate::args::{ExplainFailureArgs, LaterFaultsArg, Place};
use crate::environment::{self, STYLE};
use crate::error::CliError;
use crate::interrupt;
use crate::known::Found;
use crate::progress::Sampling;

pub(crate) fn run(registry: &Registry, args: &ExplainFailureArgs) -> Result<u8, CliError> {
    let named = Named::load(registry, &args.target, Unsupported::Refuse)?;
    let redraw = named.planner(&args.target);
    let output = output(args, &named)?;
    let mut pool = environment::pool(registry, Place::default(), args.jobs)?;
    let interrupt = interrupt::by_signal()?;
    let display = Sampling::new(args.show_progress, args.runs);
    let mut terms = CauseTerms {
        runs_max: args.runs,
        each: args.each,
        later_faults: match args.faults {
            LaterFaultsArg::Kept => LaterFaults::Kept,
            LaterFaultsArg::Redrawn => LaterFaults::Redrawn,
            LaterFaultsArg::Dropped => LaterFaults::Dropped,
        },
        redraw: &redraw,
        interrupt: &interrupt,
        tell: &mut |runs, moments| display.sampled(runs, moments),
    };
    let explained = cause(&mut pool, &named.plan, &mut terms)?;
    display.finish();
    match explained {
        Explained::NoFailure(reply) => Ok(no_failure(&named, &reply)),
        Explained::Cause(cause) => {
            anstream::print!("{}", cause_text(&cause, STYLE));
            if let Some(path) = output {
                write(&path, &cause)?;
            }
            Ok(ExitCode::Failed.code())
        }
    }
}

/// Says why there is no chart.
fn no_failure(named: &Named, reply: &RunReply) -> u8 {
    let (name, seed) = (&named.plan.scenario, named.seed());
    let result = &reply.result;
    if result.outcome == Outcome::Pass {
        anstream::println!("{name} seed {seed} does not fail: there is nothing to explain");
        return ExitCode::AsExpected.code();
    }
    let detail = if result.detail.is_empty() { String::new() } else { format!(": {}", result.detail) };
    anstream::println!(
        "{name} seed {seed} ended as {}{detail}: such an end cannot be found again in other runs",
        result.outcome.name()
    );
    let code = match result.outcome {
        Outcome::Nondeterministic => ExitCode::Nondeterministic,
        Outcome::HarnessError => ExitCode::HarnessBug,
        Outcome::Timeout => ExitCode::Failed,
        _ => ExitCode::Inconclusive,
    };
    code.code()
}

/// Where the SVG goes, if anywhere: where `--output` says; beside a plan file; in the folder where a
/// campaign stored this failure.
fn output(args: &ExplainFailureArgs, named: &Named) -> Result<Option<PathBuf>, CliError> {
    if let Some(path) = &args.output {
        if path.extension().is_none_or(|extension| extension != "svg") {
            return Err(CliError::Usage(format!(
                "--output {}: the chart is an SVG, so its name ends in `.svg`",
                path.display()
            )));
        }
        return Ok(Some(path.clone()));
    }
    const PLANS: [&str; 3] = ["plan", "bound", "shrunk"];
    let is_plan = |path: &Path| path.file_stem().is_some_and(|stem| PLANS.iter().any(|plan| stem == *plan));
    let folder = if is_plan(&named.path) {
        named.path.parent().map(Path::to_owned)
    } else {
        Found::stored(&named.plan).and_then(|(path, _)| path.parent().map(Path::to_owned))
    };
    Ok(folder.map(|folder| folder.join("cause.svg")))
}

/// The chart, and what it shows for programs, beside each other.
fn write(path: &Path, cause: &Cause) -> Result<(), CliError> {
    let json = path.with_extension("json");
    for (path, text) in [(path, cause_svg(cause)), (json.as_path(), cause_json(cause))] {
        std::fs::write(path, text).map_err(|source| CliError::Write { path: path.to_owned(), source })?;
    }
    anstream::println!("Chart:  {}\nData:   {}", path.display(), json.display());
    Ok(())
}
