//! `diff-runs`: one run twice, in two workers, and the first event in which they differ.

use std::fmt::Write;

use squall::{Difference, Plan, Registry, Runs, TracedEvent, diff_runs};
use squall_check::ExitCode;

use super::target::{Named, Unsupported};
use crate::args::{DiffRunsArgs, Place};
use crate::environment;
use crate::error::CliError;
use crate::progress::counted;

pub(crate) fn run(registry: &Registry, args: &DiffRunsArgs) -> Result<u8, CliError> {
    let named = Named::load(registry, &args.target, Unsupported::Refuse)?;
    let (text, code) = compared(registry, args.place, &named.plan)?;
    anstream::print!("{text}");
    Ok(code.code())
}

/// Runs a plan twice or more, and says what was found.
pub(crate) fn compared(
    registry: &Registry,
    place: Place,
    plan: &Plan,
) -> Result<(String, ExitCode), CliError> {
    let mut hosts = [environment::host(registry, place)?, environment::host(registry, place)?];
    let what = format!("{} seed {}", plan.scenario, plan.seed);
    Ok(match diff_runs(&mut hosts, plan)? {
        Runs::Identical { events, digest: Some(digest) } => (
            format!("{what}: identical: {}, digest {digest}\n", counted(events, "event")),
            ExitCode::AsExpected,
        ),
        Runs::Identical { digest: None, .. } => {
            (format!("{what}: both runs died, in the same way\n"), ExitCode::AsExpected)
        }
        Runs::CutShort => {
            (format!("{what}: the wall limit cut a run short: nothing can be said\n"), ExitCode::Inconclusive)
        }
        Runs::Differ(difference) => (text(&what, &difference), ExitCode::Nondeterministic),
    })
}

fn text(what: &str, difference: &Difference) -> String {
    let mut text = format!("{what}: {}\n", difference.what);
    let [first, second] = &difference.events;
    if first.is_none() && second.is_none() {
        text += "No event can be told in which they differ first.\n";
        return text;
    }
    if !difference.before.is_empty() {
        writeln!(text, "The {} before, the same in both:", counted(difference.before.len() as u64, "event"))
            .expect("memory takes everything");
        difference.before.iter().for_each(|event| text += &line(event));
    }
    text += "The first difference:\n";
    for (run, event) in [("first run ", first), ("second run", second)] {
        match event {
            Some(event) => {
                text += &format!("{run} {}", line(event).trim_start());
                let others = [first, second].into_iter().flatten().find(|other| *other != event);
                for (place, told) in event.told.iter().enumerate() {
                    let same = others.is_some_and(|other| other.told.get(place) == Some(told));
                    text += &format!("         {}  {told}\n", if same { ' ' } else { '≠' });
                }
                text += &format!("            digest {}\n", event.digest);
            }
            None => text += &format!("{run} has ended\n"),
        }
    }
    if let [Some(first), Some(second)] = [first, second]
        && (first.told == second.told && first.what == second.what && first.nodes == second.nodes)
    {
        text += "What they did looks the same: it is in what is drawn, or beyond the bytes that are kept.\n";
    }
    text
}

/// An event in one line: number, time, nodes, what it was and where.
fn line(event: &TracedEvent) -> String {
    let nodes: Vec<&str> = event.nodes.iter().map(|node| node.as_str()).collect();
    let place = match &event.place {
        Some(place) => format!(" of the task started at {place}"),
        None if event.what == "poll" => " of the first task".to_owned(),
        None => String::new(),
    };
    format!("{:>10}  {}  {}  {}{place}\n", event.number, event.at, nodes.join(" → "), event.what)
}
