//! L2: jobs that end in time and jobs that do not.

use serde_json::Value;
use squall_check::Judge;
use squall_check::batch::batch_invariants;
use squall_history::vocab::batch::Outcome;
use squall_history::{Expect, FaultEvent, Phase, SimTime};

use super::story::{Story, finds, spec};
use crate::support::span;

/// Job 1 accepted and acknowledged at 1 s, a fault from 2 s to 5 s, the job's end at `ended`, with a
/// bound of 3 s.
pub(super) fn finishes(ended: Option<u64>) -> Story {
    let mut story = Story::with_reduces();
    story.expecting(Expect { recovery: Some(span("3s")), ..Expect::default() });
    story.at(998).acknowledged("d", 1);
    let ends = |story: &mut Story| {
        // The end is told at `ended`, a word after the publication's two.
        if let Some(ended) = ended {
            story.at(ended - 3).published(1, "d", 1, &[20, 21]).job_ended(1, Outcome::Succeeded);
        }
    };
    let is_early = ended.is_some_and(|ended| ended < 2_000);
    if is_early {
        ends(&mut story);
    }
    story.at(1_999).applied().at(4_999).fault(|id| FaultEvent::Ended { id });
    if !is_early {
        ends(&mut story);
    }
    story
}

/// Only what L2 says: these clients have no other operations, so `recovery` is not content.
#[track_caller]
fn bound(story: &Story, violations: &[&str], exercised: u64) {
    finds(story, "job-finishes", violations);
    assert_eq!(story.judged().exercised.get("job-finishes"), Some(&exercised));
}

#[test]
fn an_acknowledged_job_ends_within_the_bound_after_the_last_fault() {
    let message = "job 1 (`d`) had not ended 3s after the last fault ended at 5.000s";
    bound(&finishes(Some(8_000)), &[], 1);
    bound(&finishes(Some(1_500)), &[], 1);
    bound(&finishes(Some(8_001)), &[message], 1);
    bound(&finishes(None), &[message], 1);
    let violation =
        finishes(None).judged().violations.into_iter().find(|found| found.oracle == "job-finishes");
    let violation = violation.unwrap();
    assert_eq!(violation.at.to_string(), "8.000s");
    assert_eq!((violation.nodes, violation.ops.len()), (vec!["client-1".into()], 1));
}

#[test]
fn a_job_that_was_acknowledged_later_has_the_bound_from_there() {
    let mut story = finishes(Some(6_000));
    story.submitted(2, "client-1", 2, "e").at(9_998).acknowledged("e", 2).at(12_999);
    let mut late = story.clone();
    story.job_ended(2, Outcome::Failed);
    bound(&story, &[], 2);
    late.at(13_000).job_ended(2, Outcome::Failed);
    bound(&late, &["job 2 (`e`) had not ended 3s after it was acknowledged at 10.000s"], 2);
}

#[test]
fn a_job_whose_bound_lies_behind_the_end_of_the_run_is_not_judged() {
    let acked = |ms: u64| {
        let mut story = finishes(Some(6_000));
        story.submitted(2, "client-1", 2, "e").at(ms - 2).acknowledged("e", 2);
        story
    };
    bound(&acked(27_001), &[], 1);
    bound(&acked(27_000), &["job 2 (`e`) had not ended 3s after it was acknowledged at 27.000s"], 2);
}

#[test]
fn a_job_that_nobody_was_acknowledged_need_not_end() {
    let mut story = finishes(Some(6_000));
    story.submitted(2, "client-1", 2, "e");
    let op = story.invokes("client-1", "submit", "e", spec("e"));
    story.completes(op, Phase::Info, Value::Null);
    bound(&story, &[], 1);
}

#[test]
fn the_moment_of_calm_is_that_of_recovery() {
    let from_start = |steady_state: Option<&str>| {
        let mut story = Story::with_reduces();
        let steady_state = steady_state.map(span);
        story.expecting(Expect { recovery: Some(span("3s")), steady_state, ..Expect::default() });
        story
            .at(98)
            .acknowledged("d", 1)
            .at(4_000)
            .published(1, "d", 1, &[20, 21])
            .job_ended(1, Outcome::Succeeded);
        story
    };
    finds(
        &from_start(None),
        "job-finishes",
        &["job 1 (`d`) had not ended 3s after it was acknowledged at 0.100s"],
    );
    // A scenario that allows five seconds for the start does not count them.
    bound(&from_start(Some("5s")), &[], 1);
    // A fault that never ends counts from its application.
    let mut story = finishes(None);
    story.at(9_999).applied();
    finds(
        &story,
        "job-finishes",
        &["job 1 (`d`) had not ended 3s after the last fault was applied, never to end, at 10.000s"],
    );
}

#[test]
fn the_bound_needs_an_expectation_and_faults_within_the_budget() {
    let why = |story: &Story| {
        let verdict = story.judged();
        finds(story, "job-finishes", &[]);
        assert_eq!(verdict.exercised.get("job-finishes"), None);
        verdict.not_applicable["job-finishes"].clone()
    };
    let mut story = finishes(None);
    story.expecting(Expect::default());
    assert_eq!(why(&story), "the scenario expects no `recovery`, which is the bound");

    let mut story = finishes(None);
    story.beyond_budget();
    assert_eq!(
        why(&story),
        "faults went beyond what the system tolerates (kill#1 at 5.001s): only safety is judged"
    );
}

#[test]
fn a_run_that_was_stopped_is_not_asked_for_ends() {
    let history = finishes(None).history();
    let expect = Expect { recovery: Some(span("3s")), ..Expect::default() };
    let mut judge = Judge::new(&history.header, &expect, batch_invariants(), Vec::new());
    for record in &history.records {
        let _ = judge.observe(record);
    }
    judge.stopped(SimTime(20_000_000_000));
    assert_eq!(judge.finish(&history).violations, []);
}
