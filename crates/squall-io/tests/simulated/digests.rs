//! The digest of a run is a function of its seed: in whatever thread, after whatever else.

use std::collections::BTreeSet;

use squall_history::Digest;
use squall_sim::{Ended, Journaling, Rule};

use super::busy;
use super::stage::{Setup, forever, nodes, pass};

/// Two seconds of the busy cluster with a bit of everything done to it.
fn run(setup: Setup) -> (Ended, String) {
    let mut stage = busy::begin(setup);
    stage.run(300);
    stage.killed("server-1");
    let cut = stage.rule("cut", Rule::Cut, &[("client-1", "server-2"), ("server-3", "server-2")]);
    stage.run(500);
    stage.start("server-1", busy::server("server-1"));
    stage.power_loss(&"server-3".into());
    stage.pause(&"client-2".into());
    stage.run(800);
    stage.remove_rule(cut);
    stage.resume(&"client-2".into());
    stage.start("server-3", busy::server("server-3"));
    stage.run(2_000);
    let records = format!("{:?}", stage.records);
    (stage.end(), records)
}

fn digest(seed: u64) -> Digest {
    run(busy::cluster().seed(seed)).0.digest
}

#[test]
fn a_seed_repeats_and_seeds_differ() {
    let (once, again) = (run(busy::cluster().seed(5)), run(busy::cluster().seed(5)));
    assert_eq!((once.0.digest, once.0.events, once.1), (again.0.digest, again.0.events, again.1));
    let all: BTreeSet<Digest> = (0..12).map(digest).collect();
    assert_eq!(all.len(), 12);
}

#[test]
fn it_is_the_same_on_another_thread_and_after_other_seeds() {
    let here = digest(7);
    let there = std::thread::scope(|scope| scope.spawn(|| digest(7)).join().unwrap());
    (20..24).for_each(|seed| {
        digest(seed);
    });
    assert_eq!((there, digest(7)), (here, here));
}

#[test]
fn a_journal_changes_nothing() {
    let quiet = run(busy::cluster());
    let mut setup = busy::cluster();
    setup.journaling = Journaling::On;
    let told = run(setup);
    assert_eq!((told.0.digest, told.0.events, told.1), (quiet.0.digest, quiet.0.events, quiet.1));
    assert_eq!((quiet.0.journal.len(), told.0.checkpoints.len() as u64), (0, told.0.events));
    assert!(told.0.journal.len() > 1_000);
    // The sparse checkpoints are among the dense ones.
    assert!(!quiet.0.checkpoints.is_empty());
    assert!(quiet.0.checkpoints.iter().all(|checkpoint| told.0.checkpoints.contains(checkpoint)));
}

#[test]
fn stopping_on_the_way_changes_nothing() {
    let straight = |steps: u64| {
        let mut stage = busy::begin(busy::cluster());
        (1..=steps).for_each(|step| stage.run(step * 1_000 / steps));
        stage.end().digest
    };
    assert_eq!(straight(1), straight(250));
}

#[test]
fn another_seed_from_a_moment_on_changes_only_what_follows() {
    let reseeded = |seed: Option<u64>| {
        let mut setup = busy::cluster();
        setup.journaling = Journaling::On;
        let mut stage = busy::begin(setup);
        stage.run(500);
        if let Some(seed) = seed {
            stage.reseed(squall_history::Seed(seed));
        }
        stage.run(1_000);
        stage.end()
    };
    let (plain, one, two) = (reseeded(None), reseeded(Some(1)), reseeded(Some(2)));
    let early = super::stage::before(&plain.checkpoints, 500);
    assert!(early.len() > 1_000);
    for other in [&one, &two] {
        assert_eq!(super::stage::before(&other.checkpoints, 500), early);
    }
    assert_ne!(one.digest, two.digest);
}

#[test]
fn memory_of_what_is_over_is_not_in_the_digest() {
    // The same node after many tasks have come and gone elsewhere: its slots differ, it does not.
    let of = |others: u64| {
        let mut stage = nodes(&[("n", 1), ("other", 1)]).begin();
        stage.start("other-1", async move {
            for _ in 0..others {
                drop(squall_io::task::spawn(pass(1)));
            }
            forever().await
        });
        stage.run(100);
        stage.start("n-1", async {
            let mut set = squall_io::task::JoinSet::new();
            for number in 0..10 {
                set.spawn(async move {
                    pass(squall_io::rand::below(5)).await;
                    number
                });
            }
            while let Some(number) = set.join_next().await {
                super::stage::say(number.unwrap());
            }
            Ok(())
        });
        stage.run(200);
        stage.said("n-1")
    };
    assert_eq!(of(0), of(500));
}
