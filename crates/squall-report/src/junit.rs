//! `junit.xml`, for what shows test results: a suite for each scenario.
//!
//! A suite has the case `verdict` (the scenario's own, so that inconclusive is not shown as
//! passed), a case for each oracle, and a case for each failing seed, at most 50. Nothing in it is
//! a clock's unless the caller passes it in.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use squall_check::{Outcome, ScenarioStatus, ScenarioVerdict};

use crate::campaign::{
    Campaign, Extent, Failure, SLICE_WORDS, Standing, StopCause, violation_line, what_happened,
};
use crate::text::{counted, first_few, one_line};

/// Cases for failing seeds in one suite.
const SEEDS_MAX: usize = 50;
/// Name of the suite that says how much of the campaign ran; no scenario's name has a space.
const EXTENT_SUITE: &str = "squall campaign";
/// Characters of one message.
const MESSAGE_CHARS_MAX: usize = 2_000;
/// Violations of one seed that are listed.
const VIOLATIONS_SHOWN: usize = 20;

/// The text of `junit.xml`. `started` is an RFC 3339 time, or absent; one that cannot be read is
/// left out.
pub fn junit(campaign: &Campaign, started: Option<&str>) -> String {
    let mut report = Report::new("squall");
    report.timestamp = started.and_then(|text| text.parse().ok());
    report.time = campaign.wall;
    for verdict in campaign.verdicts {
        report.add_test_suite(suite(campaign, verdict));
    }
    if campaign.extent.slice.is_some() || campaign.extent.stopped.is_some() {
        report.add_test_suite(extent(campaign.extent));
    }
    report.to_string().expect("strings of the report hold only what XML allows")
}

/// How much of the campaign this is. An interrupt is an error; a time budget and a slice are what was
/// asked for, and yet no pass.
fn extent(extent: Extent) -> TestSuite {
    let mut suite = TestSuite::new(EXTENT_SUITE);
    let mut add = |name: &str, status| {
        let mut case = TestCase::new(name, status);
        case.set_classname(EXTENT_SUITE);
        suite.add_test_case(case);
    };
    if let Some(slice) = extent.slice {
        add("all slices", skipped(format!("{slice}: {SLICE_WORDS}")));
    }
    if let Some(stopped) = extent.stopped {
        let message = format!("{}; to go on: {}", stopped.sentence(), stopped.resume);
        let status = match stopped.cause {
            StopCause::Budget => skipped(message),
            StopCause::Signal | StopCause::SignalInShrinking => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_type("interrupted").set_message(one_line(&message, MESSAGE_CHARS_MAX));
                status
            }
        };
        add("all seeds", status);
    }
    suite
}

fn suite(campaign: &Campaign, verdict: &ScenarioVerdict) -> TestSuite {
    let failures = campaign.failures_of(&verdict.scenario);
    let mut suite = TestSuite::new(&verdict.scenario);
    suite.add_test_case(case(verdict, "verdict", verdict_status(verdict)));
    for (oracle, status) in oracles(campaign, verdict, &failures) {
        suite.add_test_case(case(verdict, oracle, status));
    }
    for failure in failures.iter().take(SEEDS_MAX) {
        suite.add_test_case(seed_case(campaign, verdict, failure));
    }
    if failures.len() > SEEDS_MAX {
        let left = (failures.len() - SEEDS_MAX).to_string();
        suite.add_property(Property::new("failing-seeds-left-out", &left));
    }
    suite.add_property(Property::new("seeds", verdict.seeds.to_string()));
    suite
}

fn case(verdict: &ScenarioVerdict, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(&verdict.scenario);
    case
}

fn verdict_status(verdict: &ScenarioVerdict) -> TestCaseStatus {
    let kind = match verdict.status {
        ScenarioStatus::Pass => return TestCaseStatus::success(),
        ScenarioStatus::Fail => NonSuccessKind::Failure,
        ScenarioStatus::Inconclusive | ScenarioStatus::Nondeterministic | ScenarioStatus::HarnessError => {
            NonSuccessKind::Error
        }
    };
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(verdict.status.name())
        .set_message(one_line(&verdict.reasons.join("; "), MESSAGE_CHARS_MAX));
    status
}

/// Each oracle that took part, with its result over all seeds.
fn oracles<'a>(
    campaign: &Campaign,
    verdict: &'a ScenarioVerdict,
    failures: &[&'a Failure<'a>],
) -> BTreeMap<&'a str, TestCaseStatus> {
    let mut cases: BTreeMap<&str, TestCaseStatus> =
        verdict.exercised.keys().map(|oracle| (oracle.as_str(), TestCaseStatus::success())).collect();
    for (oracle, judged) in &verdict.not_applicable {
        // An oracle that judged some seeds and not others has its result from those it judged.
        if verdict.exercised.get(oracle).is_none_or(|number| *number == 0) {
            cases.insert(oracle, skipped(format!("not applicable: {}", judged.why)));
        }
    }
    for oracle in &verdict.never_exercised {
        cases.insert(oracle, skipped("had nothing to judge in any seed".to_owned()));
    }
    for (oracle, status) in violated(campaign, failures) {
        cases.insert(oracle, status);
    }
    cases
}

/// The oracles that were violated. One violated only as known is skipped: the suite stays green.
fn violated<'a>(campaign: &Campaign, failures: &[&'a Failure<'a>]) -> BTreeMap<&'a str, TestCaseStatus> {
    let mut first: BTreeMap<&str, (&Failure, u64, Standing)> = BTreeMap::new();
    for failure in failures {
        let mut seen: Vec<&str> =
            failure.result.violations.iter().map(|found| found.oracle.as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        for oracle in seen {
            // Failures come the gravest first, so the first one seen decides the standing.
            first.entry(oracle).or_insert_with(|| (failure, 0, campaign.standing(failure))).1 += 1;
        }
    }
    let status = |oracle: &str, (failure, number, standing): (&Failure, u64, Standing)| {
        let result = failure.result;
        let found = result.violations.iter().find(|found| found.oracle == oracle);
        let found = found.expect("the oracle was taken from this result");
        let times = counted(number, "seed");
        let line = violation_line(found, MESSAGE_CHARS_MAX);
        let message = format!("violated in {times}; first in {}: {line}", result.seed);
        match standing {
            Standing::Known => skipped(format!("known failure, {message}")),
            Standing::News => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type("violation").set_message(message);
                status
            }
        }
    };
    first.into_iter().map(|(oracle, seen)| (oracle, status(oracle, seen))).collect()
}

fn seed_case(campaign: &Campaign, verdict: &ScenarioVerdict, failure: &Failure) -> TestCase {
    let result = failure.result;
    let message = what_happened(result, MESSAGE_CHARS_MAX);
    let status = match (campaign.standing(failure), result.outcome) {
        (Standing::Known, _) => skipped(format!("known failure: {message}")),
        (Standing::News, outcome) => {
            let kind = match outcome {
                Outcome::Unknown | Outcome::Nondeterministic | Outcome::HarnessError => NonSuccessKind::Error,
                _ => NonSuccessKind::Failure,
            };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(outcome.name()).set_message(message);
            if !result.violations.is_empty() {
                let lines = result.violations.iter().map(|found| violation_line(found, MESSAGE_CHARS_MAX));
                status.set_description(first_few(lines, VIOLATIONS_SHOWN, "\n"));
            }
            status
        }
    };
    let mut case = case(verdict, &format!("seed {}", result.seed), status);
    case.time = failure.wall;
    case.add_property(Property::new("seed", result.seed.to_string()));
    case.add_property(Property::new("replay", campaign.commands.replay(failure.target, result.seed)));
    if let Some(shrunk) = failure.shrunk {
        case.add_property(Property::new("shrunk", campaign.commands.replay_file(shrunk.path)));
    }
    case
}

fn skipped(message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(one_line(&message, MESSAGE_CHARS_MAX));
    status
}
