//! Leases: granted, fenced, over.

use squall_io::vocab::batch::Cause;

use super::*;

#[test]
fn a_registration_grants_a_higher_epoch_than_all_before() {
    let mut bench = Bench::new();
    let first = bench.register("w-1", &[]);
    let (rulings, words) =
        bench.decide(vec![register("w-1", &[]), register("w-2", &[]), register("w-1", &[])]);
    let epochs: Vec<Epoch> = rulings
        .iter()
        .map(|ruling| if let Ruling::Registered { epoch } = ruling { *epoch } else { panic!("{ruling:?}") })
        .collect();
    assert!(first < epochs[0] && epochs[0] < epochs[1] && epochs[1] < epochs[2], "{epochs:?}");
    assert_eq!(bench.state.node("w-1").unwrap().epoch, epochs[2]);
    assert_eq!(kinds(&words), ["registered"; 3]);
}

#[test]
fn a_registration_fences_the_attempts_and_what_was_not_kept_is_lost() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 3, 1);
    bench.register("w-1", &[]);
    let (kept, lost) = (bench.done(map(job, 0), "w-1"), bench.done(map(job, 1), "w-1"));
    let live = bench.assign(map(job, 2), "w-1");
    let (ruling, words) = bench.one(register("w-1", &[kept.id]));
    assert!(matches!(ruling, Ruling::Registered { .. }));
    assert_eq!(kinds(&words), ["registered", "attempt-ended", "output-lost"]);
    assert!(matches!(words[1], Event::AttemptEnded { cause: Cause::NodeLost, fails: 0, .. }), "{words:?}");
    assert!(matches!(words[2], Event::OutputLost { attempt, .. } if attempt == lost.id.0), "{words:?}");
    assert!(bench.task(map(job, 0)).committed().is_some());
    assert_eq!((bench.task(map(job, 1)).generation, bench.task(map(job, 2)).generation), (1, 0));
    assert!(bench.is_void(end(&live, failed())), "it is over");
    assert_eq!(bench.state.job(job).unwrap().maps_done, 1);
}

#[test]
fn the_death_of_a_worker_is_believed_once_and_of_its_current_lease_only() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 2, 1);
    let old = bench.register("w-1", &[]);
    let epoch = bench.register("w-1", &[]);
    bench.done(map(job, 0), "w-1");
    let live = bench.assign(map(job, 1), "w-1");
    assert!(bench.is_void(dead("w-1", old)));
    assert!(bench.is_void(dead("w-2", epoch)));
    let (ruling, words) = bench.one(dead("w-1", epoch));
    assert_eq!(ruling, Ruling::Done);
    assert_eq!(kinds(&words), ["node-dead", "attempt-ended", "output-lost"]);
    assert!(bench.is_void(dead("w-1", epoch)));
    assert_eq!(bench.task(map(job, 1)).avoids(), Some("w-1"));
    let node = "w-1".to_owned();
    assert!(bench.is_void(Decision::Assign { task: map(job, 1), node, epoch }), "its lease is over");
    assert!(bench.is_void(end(&live, failed())));
}

#[test]
fn outputs_are_lost_only_while_a_reduce_is_to_be_done() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 1);
    bench.register("w-1", &[]);
    bench.done(map(job, 0), "w-1");
    bench.done(reduce(job, 0), "w-1");
    let (_, words) = bench.one(register("w-1", &[]));
    assert_eq!(kinds(&words), ["registered"]);
    assert_eq!(bench.one(Decision::Publish { job }).0, Ruling::Done);
}

#[test]
fn a_lost_input_ends_those_who_read_it() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 2);
    let epoch = bench.register("w-1", &[]);
    bench.register("w-2", &[]);
    bench.done(map(job, 0), "w-1");
    bench.assign(reduce(job, 0), "w-2");
    let (_, words) = bench.one(dead("w-1", epoch));
    assert_eq!(kinds(&words), ["node-dead", "output-lost", "attempt-ended"]);
    assert!(matches!(words[2], Event::AttemptEnded { cause: Cause::Dropped, fails: 0, .. }));
    assert_eq!(bench.task(reduce(job, 0)).avoids(), None, "that was not its worker's fault");
    assert_eq!(bench.state.free_slots("w-2"), 2);
}

#[test]
fn a_name_must_be_one() {
    let mut bench = Bench::new();
    for bad in ["", "a b", "a\n", &"x".repeat(129)] {
        assert!(bench.is_void(register(bad, &[])), "{bad:?}");
        assert!(bench.is_void(Decision::TakeOffice { controller: bad.to_owned() }), "{bad:?}");
    }
    bench.register(&"x".repeat(128), &[]);
}

#[test]
fn the_office_is_the_last_ones_who_took_it() {
    let mut bench = Bench::new();
    for (term, controller) in [(3, "k-1"), (5, "k-2")] {
        bench.index += 1;
        let command = Command::Decide(vec![Decision::TakeOffice { controller: controller.to_owned() }]);
        let (_, words) = bench.state.apply(bench.index, term, &command);
        assert_eq!(kinds(&words), ["office-taken"]);
        let office = Office { term, controller: controller.to_owned() };
        assert_eq!(bench.state.office(), Some(&office));
    }
}

#[test]
fn planted_epoch_not_bumped() {
    let mut bench = Bench::with(Bug::EpochNotBumped);
    let job = bench.submit(1, 1, 1);
    let epoch = bench.register("w-1", &[]);
    let live = bench.assign(map(job, 0), "w-1");
    assert_eq!(bench.register("w-1", &[]), epoch);
    assert_eq!(bench.commit(&live).0, Ruling::Committed);
    bench.one(dead("w-1", epoch));
    assert!(bench.register("w-1", &[]) > epoch, "of one that is dead it is bumped");
}

#[test]
fn planted_dead_output_kept() {
    let mut bench = Bench::with(Bug::DeadOutputKept);
    let job = bench.submit(1, 2, 1);
    bench.register("w-1", &[]);
    bench.register("w-2", &[]);
    let old = bench.done(map(job, 0), "w-1");
    let epoch = bench.register("w-1", &[]);
    bench.done(map(job, 1), "w-1");
    let told_of_loss = |bench: &mut Bench, lack| {
        let reader = bench.assign(reduce(job, 0), "w-2");
        let report = end(&reader, Failure::Fetch { map: old.id, lack });
        kinds(&bench.one(report).1) != ["attempt-ended"]
    };
    assert!(!told_of_loss(&mut bench, Lack::Gone), "it came back without it");
    assert_eq!(kinds(&bench.one(dead("w-1", epoch)).1), ["node-dead"]);
    assert!(!told_of_loss(&mut bench, Lack::Gone), "it is dead");
    (0..9).for_each(|_| assert!(!told_of_loss(&mut bench, Lack::Unreachable)));
}

#[test]
fn planted_double_handling() {
    let mut bench = Bench::with(Bug::DoubleHandling);
    let job = bench.submit(1, 1, 1);
    let epoch = bench.register("w-1", &[]);
    bench.assign(map(job, 0), "w-1");
    let (_, words) = bench.one(dead("w-1", epoch));
    assert!(matches!(words[1], Event::AttemptEnded { cause: Cause::NodeLost, fails: 1, .. }), "{words:?}");
    let (_, words) = bench.one(Decision::TakeOffice { controller: "k-1".into() });
    assert_eq!(kinds(&words), ["office-taken", "job-ended"], "charged twice, and two is the most");
    assert!(matches!(bench.phase(job), Phase::Failed { .. }));
}
