//! The invariants of a batch cluster: whole jobs that pass all of them, and what concerns them all.

mod acked_job_not_lost;
mod atomic_publication;
mod committed_once;
mod conservation;
mod control;
mod job_finishes;
mod no_zombie_effect;
mod output_equals_oracle;
mod real_retries;
mod story;

use serde_json::{Value, json};
use squall_check::batch::{OutputEqualsOracle, batch_invariants, linearizable_control};
use squall_check::{Oracle, judge_history};
use squall_history::vocab::batch::{Cause, Event, Outcome};
use squall_history::{Expect, History, Record};

use self::story::{Commit, Story, clean, map, reduce, right, took};
use crate::support::span;

#[test]
fn every_oracle_has_its_name_and_id() {
    let invariants = batch_invariants();
    let mut named: Vec<(&str, Option<&str>)> =
        invariants.iter().map(|invariant| (invariant.name(), invariant.id())).collect();
    let checker = OutputEqualsOracle::new(|_| None);
    named.push((checker.name(), checker.id()));
    let control = linearizable_control();
    named.push((control.name(), control.id()));
    assert_eq!(
        named,
        [
            ("conservation", Some("B2")),
            ("committed-once", Some("B3")),
            ("no-zombie-effect", Some("B4")),
            ("atomic-publication", Some("B5")),
            ("acked-job-not-lost", Some("B6")),
            ("real-retries", Some("B10")),
            ("job-finishes", Some("L2")),
            ("output-equals-oracle", Some("B1")),
            ("linearizable-control", Some("R8")),
        ]
    );
}

#[test]
fn a_whole_job_passes() {
    let mut story = Story::whole();
    story.asks("client-1", "get", "e", Value::Null);
    clean(&story, "conservation", 4);
    clean(&story, "committed-once", 5);
    clean(&story, "no-zombie-effect", 8);
    clean(&story, "atomic-publication", 3);
    clean(&story, "real-retries", 0);
}

/// A worker dies with a map's output and an attempt, comes back, an attempt fails and a zombie is
/// refused: nothing of it is wrong.
#[test]
fn a_job_with_every_trouble_passes() {
    let mut story = Story::with_job();
    story.acknowledged("d", 1);
    story.runs(10, map(0), "worker-1", 1).runs(11, map(1), "worker-2", 2);
    story.committed(Commit::map(11, 1, [2, 2]).by("worker-2", 2));
    // Worker 1 fails once, by its own fault.
    story.fails("worker-1", 10, map(0)).ended(10, map(0), Cause::Failed, 1);
    story.runs(12, map(0), "worker-1", 1).committed(Commit::map(12, 0, [3, 1]));
    // Worker 1 dies with the output of a map and an attempt at a reduce.
    story.runs(20, reduce(0), "worker-1", 1).runs(21, reduce(1), "worker-2", 2);
    story.dead("worker-1", 1).ended(20, reduce(0), Cause::NodeLost, 0).lost(12, map(0));
    // The other reduce has lost its input.
    story.ended(21, reduce(1), Cause::FetchFailed, 0);
    story.starts("worker-1", 2).registered("worker-1", 30, 12);
    story.assigned(31, map(0), "worker-1", 30).begins("worker-1", 2, 31, map(0), 30);
    story.committed(Commit::map(31, 0, [3, 1]).by("worker-1", 30).generation(1));
    story.assigned(32, reduce(0), "worker-1", 30).begins("worker-1", 2, 32, reduce(0), 30);
    story.runs(33, reduce(1), "worker-2", 2);
    story.committed(Commit::reduce(32, 0, &[took(0, 31, 3), took(1, 11, 2)]).by("worker-1", 30));
    story.committed(Commit::reduce(33, 1, &[took(0, 31, 1), took(1, 11, 2)]).by("worker-2", 2));
    story.published(1, "d", 1, &[32, 33]).job_ended(1, Outcome::Succeeded);
    story.asks("client-1", "status", "d", json!({ "state": "succeeded", "version": 1 }));
    story.asks("client-2", "get", "d", right());
    clean(&story, "conservation", 5);
    clean(&story, "committed-once", 6);
    clean(&story, "no-zombie-effect", 13);
    clean(&story, "atomic-publication", 3);
    clean(&story, "acked-job-not-lost", 1);
    clean(&story, "real-retries", 3);
    clean(&story, "output-equals-oracle", 1);
}

#[test]
fn controllers_that_disagree_are_heard_once() {
    let mut story = Story::whole();
    // A second controller that applies something else at an index already told contradicts Raft, not
    // these.
    story.told_otherwise(|index| Event::NodeDead { index, node: "worker-1".into(), epoch: 1 });
    story.told_otherwise(|index| Event::JobEnded { index, job: 1, outcome: Outcome::Failed });
    story.told_otherwise(|_| Event::Published {
        index: 1,
        job: 7,
        dataset: "d".to_owned(),
        version: 1,
        attempts: vec![],
    });
    clean(&story, "atomic-publication", 2);
}

#[test]
fn without_its_words_no_oracle_judges() {
    let mut history: History = Story::whole().history();
    history.header.capabilities = vec!["vocab.op".to_owned()];
    let verdict = judge_history(&history, &Expect::default(), batch_invariants(), Vec::new());
    assert_eq!(verdict.not_applicable.len(), 7, "{verdict:#?}");
}

/// Words in any order, as clusters that contradict themselves may tell them: whatever is found,
/// nothing panics.
#[test]
fn no_order_of_words_panics() {
    let mut story = job_finishes::finishes(Some(6_000));
    story.acknowledged("d", 1).asks("client-2", "get", "d", right());
    story.asks("client-1", "status", "d", json!({ "state": "succeeded" }));
    let whole = story.history();
    let rotated = |by: usize| {
        let mut records: Vec<Record> = whole.records.clone();
        let times: Vec<_> = records.iter().map(|record| record.at).collect();
        records.rotate_left(by);
        if by % 2 == 1 {
            records.reverse();
        }
        records.iter_mut().zip(times).for_each(|(record, at)| record.at = at);
        History { header: whole.header.clone(), records }
    };
    let mut violations = 0;
    for by in 0..whole.records.len() {
        let history = rotated(by);
        let checker = Box::new(OutputEqualsOracle::new(Story::reference));
        let expect = Expect { recovery: Some(span("3s")), ..Expect::default() };
        let verdict = judge_history(&history, &expect, batch_invariants(), vec![checker]);
        violations += verdict.violations.len();
    }
    assert!(violations > whole.records.len(), "most orders are wrong");
}
