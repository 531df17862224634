//! Outputs that cannot be fetched, and results that are published.

use squall_io::vocab::batch::Outcome;

use super::*;

/// A job with both maps committed, one each on two workers.
fn mapped() -> (Bench, JobId, Attempt) {
    let mut bench = Bench::new();
    let job = bench.submit(1, 2, 2);
    for node in ["w-1", "w-2", "w-3"] {
        bench.register(node, &[]);
    }
    let output = bench.done(map(job, 0), "w-1");
    bench.done(map(job, 1), "w-2");
    (bench, job, output)
}

fn report(bench: &mut Bench, job: JobId, node: &str, output: AttemptId, lack: Lack) -> Vec<String> {
    let reader = bench.assign(reduce(job, 0), node);
    let (_, words) = bench.one(end(&reader, Failure::Fetch { map: output, lack }));
    assert_eq!(bench.task(reduce(job, 0)).fails, 0);
    kinds(&words)
}

#[test]
fn an_output_that_its_holder_does_not_have_is_lost_at_once() {
    let (mut bench, job, output) = mapped();
    let told = report(&mut bench, job, "w-2", output.id, Lack::Gone);
    assert_eq!(told, ["attempt-ended", "output-lost"]);
    assert_eq!(bench.task(map(job, 0)).generation, 1);
    let again = bench.done(map(job, 0), "w-3");
    let told = report(&mut bench, job, "w-2", output.id, Lack::Gone);
    assert_eq!(told, ["attempt-ended"], "an old report does not harm the new output");
    assert_eq!(bench.task(map(job, 0)).committed().unwrap().attempt, again);
}

#[test]
fn two_who_cannot_reach_the_holder_are_believed() {
    let (mut bench, job, output) = mapped();
    assert_eq!(report(&mut bench, job, "w-2", output.id, Lack::Unreachable), ["attempt-ended"]);
    let told = report(&mut bench, job, "w-3", output.id, Lack::Unreachable);
    assert_eq!(told, ["attempt-ended", "output-lost"]);
}

#[test]
fn one_is_believed_the_third_time() {
    let (mut bench, job, output) = mapped();
    for _ in 0..2 {
        assert_eq!(report(&mut bench, job, "w-2", output.id, Lack::Unreachable), ["attempt-ended"]);
    }
    let told = report(&mut bench, job, "w-2", output.id, Lack::Unreachable);
    assert_eq!(told, ["attempt-ended", "output-lost"]);
    // A new output begins with a clean record.
    let output = bench.done(map(job, 0), "w-1");
    assert_eq!(report(&mut bench, job, "w-2", output.id, Lack::Unreachable), ["attempt-ended"]);
}

#[test]
fn a_report_concerns_the_reporters_own_job() {
    let (mut bench, _, output) = mapped();
    let other = bench.submit(2, 1, 1);
    let attempt = bench.assign(map(other, 0), "w-3");
    let (_, words) = bench.one(end(&attempt, Failure::Fetch { map: output.id, lack: Lack::Gone }));
    assert_eq!(kinds(&words), ["attempt-ended"]);
}

#[test]
fn a_result_becomes_visible_and_the_job_ends_in_one_entry() {
    let (mut bench, job, _) = mapped();
    let first = bench.done(reduce(job, 0), "w-3");
    assert!(bench.is_void(Decision::Publish { job }), "a reduce is to be done");
    let question = Question::Get { dataset: "words".into() };
    assert_eq!(crate::codec::decode(&bench.state.answer(&question)), Ok(None::<Dataset>));
    let second = bench.done(reduce(job, 1), "w-3");
    let (ruling, words) = bench.one(Decision::Publish { job });
    assert_eq!(ruling, Ruling::Done);
    let attempts = vec![first.id.0, second.id.0];
    let (index, dataset, version) = (bench.index, "words".to_owned(), 1);
    let published = Event::Published { index, job: job.0, dataset, version, attempts };
    let ended = Event::JobEnded { index, job: job.0, outcome: Outcome::Succeeded };
    assert_eq!(words, [published, ended]);
    let answer = bench.state.answer(&question);
    let parts = vec!["a 1\n".to_owned(); 2];
    let dataset: Option<Dataset> = crate::codec::decode(&answer).unwrap();
    assert_eq!(dataset, Some(Dataset { version: 1, job, parts }));
    assert!(bench.is_void(Decision::Publish { job }));
    assert!(bench.is_void(Decision::EndJob { job }));
    assert!(bench.state.task(map(job, 0)).is_none(), "nobody needs to know any more");
    assert!(!bench.state.needs(first.id));
}

#[test]
fn the_next_job_publishes_the_next_version() {
    let mut bench = Bench::new();
    bench.register("w-1", &[]);
    for seq in 1..=2 {
        let job = bench.submit(seq, 1, 1);
        bench.done(map(job, 0), "w-1");
        bench.done(reduce(job, 0), "w-1");
        bench.one(Decision::Publish { job });
        assert_eq!(bench.phase(job), Phase::Succeeded { version: seq });
    }
}

#[test]
fn planted_rerun_after_success() {
    let mut bench = Bench::with(Bug::RerunAfterSuccess);
    let job = bench.submit(1, 1, 1);
    bench.register("w-1", &[]);
    let office = Decision::TakeOffice { controller: "k-1".into() };
    for version in 1..=2 {
        bench.done(map(job, 0), "w-1");
        bench.done(reduce(job, 0), "w-1");
        assert_eq!(kinds(&bench.one(Decision::Publish { job }).1), ["published"]);
        assert_eq!(bench.phase(job), Phase::Published { version });
        let (_, words) = bench.one(office.clone());
        assert_eq!(kinds(&words), ["office-taken", "output-lost", "output-lost"]);
        assert_eq!(bench.phase(job), Phase::Running);
    }
    bench.done(map(job, 0), "w-1");
    bench.done(reduce(job, 0), "w-1");
    bench.one(Decision::Publish { job });
    assert_eq!(kinds(&bench.one(Decision::EndJob { job }).1), ["job-ended"]);
    assert_eq!(kinds(&bench.one(office).1), ["office-taken"], "what has ended stays so");
}
