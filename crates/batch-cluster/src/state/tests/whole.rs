//! The state as a whole: submissions, questions, snapshot, digest, the state machine.

use super::*;
use crate::raft::replica::StateMachine;

fn status(bench: &Bench, job: JobId) -> JobStatus {
    crate::codec::decode(&bench.state.answer(&Question::Status { job })).unwrap()
}

#[test]
fn a_submission_is_one_job_however_often_it_is_sent() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 1);
    assert_eq!(job, JobId(1));
    let (_, words) = bench.apply(&submit(1, 5, 5));
    assert!(words.is_empty());
    assert_eq!(bench.submit(1, 5, 5), job);
    assert_ne!(bench.submit(2, 1, 1), job);
    assert_eq!(bench.state.jobs().count(), 2);
}

#[test]
fn planted_submit_not_idempotent() {
    let mut bench = Bench::with(Bug::SubmitNotIdempotent);
    assert_ne!(bench.submit(1, 1, 1), bench.submit(1, 1, 1));
}

#[test]
fn what_cannot_be_run_is_refused() {
    let mut bench = Bench::new();
    let (answer, words) = bench.apply(&submit(1, 0, 1));
    assert!(matches!(crate::codec::decode(&answer).unwrap(), Submitted::Refused { .. }));
    assert!(words.is_empty());
    assert_eq!(bench.state.jobs().count(), 0);
}

#[test]
fn a_status_tells_how_far_a_job_is() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 1);
    assert_eq!(status(&bench, JobId(99)), JobStatus::Unknown);
    assert_eq!(status(&bench, job), JobStatus::Running { done: 0, tasks: 2 });
    bench.register("w-1", &[]);
    bench.done(map(job, 0), "w-1");
    assert_eq!(status(&bench, job), JobStatus::Running { done: 1, tasks: 2 });
    bench.done(reduce(job, 0), "w-1");
    bench.one(Decision::Publish { job });
    assert_eq!(status(&bench, job), JobStatus::Succeeded { version: 1 });
}

fn configure(bench: &mut Bench, name: &str, value: &str, if_version: Option<u64>) -> Configured {
    let command = Command::Configure { name: name.to_owned(), value: value.to_owned(), if_version };
    let (answer, words) = bench.apply(&command);
    assert!(words.is_empty());
    crate::codec::decode(&answer).unwrap()
}

fn setting(bench: &Bench, name: &str) -> Option<(u64, String)> {
    let answer = bench.state.answer(&Question::Setting { name: name.to_owned() });
    let setting: Option<Setting> = crate::codec::decode(&answer).unwrap();
    setting.map(|setting| (setting.version, setting.value))
}

#[test]
fn a_setting_is_written_in_versions() {
    let mut bench = Bench::new();
    assert_eq!(setting(&bench, "a"), None);
    assert_eq!(configure(&mut bench, "a", "1", Some(1)), Configured::Conflict { version: 0 });
    assert_eq!(configure(&mut bench, "a", "1", Some(0)), Configured::Written { version: 1 });
    assert_eq!(configure(&mut bench, "a", "2", Some(0)), Configured::Conflict { version: 1 });
    assert_eq!(configure(&mut bench, "a", "2", None), Configured::Written { version: 2 });
    assert_eq!(configure(&mut bench, "b", "3", Some(0)), Configured::Written { version: 1 });
    assert_eq!(setting(&bench, "a"), Some((2, "2".to_owned())));
    assert_eq!(setting(&bench, "b"), Some((1, "3".to_owned())));
}

#[test]
fn settings_have_limits() {
    let mut bench = Bench::new();
    let refused = |answer| matches!(answer, Configured::Refused { .. });
    assert!(refused(configure(&mut bench, "a b", "1", None)));
    assert!(refused(configure(&mut bench, "a", &"x".repeat(4_097), None)));
    for number in 0..1_024 {
        let written = configure(&mut bench, &format!("s{number}"), "1", None);
        assert_eq!(written, Configured::Written { version: 1 });
    }
    assert!(refused(configure(&mut bench, "one-more", "1", None)));
    assert_eq!(configure(&mut bench, "s7", "2", None), Configured::Written { version: 2 });
}

#[test]
fn the_digest_sees_every_part() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 2, 1);
    let epoch = bench.register("w-1", &[]);
    bench.done(map(job, 0), "w-1");
    bench.assign(map(job, 1), "w-1");
    bench.one(Decision::TakeOffice { controller: "k-1".into() });
    configure(&mut bench, "verbose", "on", None);
    let whole = serde_json::to_value(&bench.state).unwrap();
    let digest = |value: &serde_json::Value| serde_json::from_value::<State>(value.clone()).unwrap().digest();
    assert_eq!(digest(&whole), bench.state.digest());
    let places = [
        ("/applied", serde_json::json!(77)),
        ("/office/term", serde_json::json!(77)),
        ("/nodes/0/1/slots", serde_json::json!(77)),
        ("/nodes/0/0", serde_json::json!("w-7")),
        ("/submissions/0/1", serde_json::json!(77)),
        ("/jobs/0/1/spec/retries", serde_json::json!(77)),
        ("/tasks/0/1/fails", serde_json::json!(77)),
        ("/tasks/0/1/progress/committed/reports", serde_json::json!(77)),
        ("/tasks/1/1/progress/live/epoch", serde_json::json!(epoch.0 + 1)),
        ("/settings/0/1/version", serde_json::json!(77)),
        ("/settings/0/1/value", serde_json::json!("off")),
    ];
    for (place, other) in places {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).expect(place) = other;
        assert_ne!(digest(&changed), bench.state.digest(), "{place}");
    }
}

#[test]
fn the_state_machine_takes_bytes_and_keeps_its_bugs() {
    let mut cluster = Cluster::new(Bug::RerunAfterSuccess.into());
    let reader = cluster.clone();
    let command = |command: &Command| crate::codec::encode(command);
    cluster.apply(1, 1, &command(&submit(1, 1, 1)));
    assert_eq!(reader.read(|state| state.jobs().count()), 1);
    let answer = cluster.apply(2, 1, b"{");
    assert!(matches!(crate::codec::decode(&answer), Ok(Submitted::Refused { .. })));
    assert!(cluster.query(b"{").is_empty(), "what is no question has no answer");
    let question = crate::codec::encode(&Question::Status { job: JobId(1) });
    assert_eq!(crate::codec::decode(&cluster.query(&question)), Ok(JobStatus::Running { done: 0, tasks: 2 }));

    let mut other = Cluster::new(Bug::RerunAfterSuccess.into());
    other.restore(&cluster.snapshot()).unwrap();
    assert_eq!(other.digest(), cluster.digest());
    assert_eq!(other.snapshot(), cluster.snapshot());
    assert!(other.read(|state| state.bugs.has(Bug::RerunAfterSuccess)));
    assert!(matches!(other.restore(b"[]"), Err(crate::Error::Snapshot(_))));
}
