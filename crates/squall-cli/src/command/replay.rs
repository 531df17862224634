//! `replay`: one run again, with its timeline.

use std::io::BufReader;

use squall::history::History;
use squall::{Recording, Registry, RunReply, RunRequest, SimTime};
use squall_check::{ExitCode, Outcome};
use squall_report::Detail;

use super::target::{Named, Unsupported};
use crate::args::ReplayArgs;
use crate::environment::{self, STYLE};
use crate::error::CliError;

pub(crate) fn run(registry: &Registry, args: &ReplayArgs) -> Result<u8, CliError> {
    let named = Named::load(registry, &args.target, Unsupported::Refuse)?;
    let mut host = environment::host(registry, args.place)?;
    let reply = host.run(&RunRequest { plan: named.plan.clone(), recording: Recording::Full })?;
    if let Some(history) = read_history(&reply) {
        let detail = if args.trace { Detail::Trace } else { Detail::Summary };
        let until = args.until.map(|span| SimTime::ZERO + span);
        let timeline = squall_report::timeline(&history, &reply.result.violations, detail, until, STYLE);
        anstream::print!("{timeline}");
    }
    let result = &reply.result;
    for violation in &result.violations {
        anstream::println!("{} violated at t={}: {}", violation.oracle, violation.at, violation.message);
    }
    let died = reply.result.digest.is_none();
    if (died || args.trace) && !reply.log.is_empty() {
        let what = if died { "The process wrote before it died" } else { "The system logged" };
        anstream::println!("{what}:\n{}", reply.log.trim_end());
    }
    let digest = result.digest.map_or_else(|| "no digest".to_owned(), |digest| format!("digest {digest}"));
    let detail = if result.detail.is_empty() { String::new() } else { format!(": {}", result.detail) };
    anstream::println!(
        "{} seed {}: {}{detail} ({} events, {digest})",
        named.plan.scenario,
        named.seed(),
        result.outcome.name(),
        result.events
    );
    if let Some(found) = &named.found {
        anstream::println!("{}", found.compare(result));
    }
    if args.check_determinism {
        let request = RunRequest { plan: named.plan.clone(), recording: Recording::Summary };
        let second = environment::host(registry, args.place)?.run(&request)?.result;
        let cut_short = [result, &second].iter().any(|result| result.outcome == Outcome::Timeout);
        match squall::difference(result, &second) {
            _ if cut_short => anstream::println!("the wall limit cut a run short: they are not compared"),
            None => anstream::println!("the second run was the same, to the last event"),
            Some(difference) => {
                anstream::println!("nondeterministic: {difference}");
                return Ok(ExitCode::Nondeterministic.code());
            }
        }
    }
    let code = match result.outcome {
        Outcome::Pass => ExitCode::AsExpected,
        Outcome::Unknown => ExitCode::Inconclusive,
        Outcome::Nondeterministic => ExitCode::Nondeterministic,
        Outcome::HarnessError => ExitCode::HarnessBug,
        _ if is_known(&named, &reply) => ExitCode::AsExpected,
        _ => ExitCode::Failed,
    };
    Ok(code.code())
}

/// Whether everything that is violated is what the scenario is meant to find.
fn is_known(named: &Named, reply: &RunReply) -> bool {
    let Some(known) = &named.plan.expect.known_failure else { return false };
    let violations = &reply.result.violations;
    // A hang or an abort is something else, even beside a known violation.
    matches!(reply.result.outcome, Outcome::Fail | Outcome::Panic)
        && !violations.is_empty()
        && violations.iter().all(|found| known.invariants.contains(&found.oracle))
}

fn read_history(reply: &RunReply) -> Option<History> {
    let text = reply.history.as_ref()?;
    Some(History::read_ndjson(BufReader::new(text.as_bytes())).expect("a history that was just written"))
}
