//! Cores under chaos: random delay, loss, doubling, cuts, kills, losses of power, pauses, clocks that
//! run up to 2 % wrong; and the proof that the checks bite, by the planted bugs.

mod clients;
mod draws;
mod failover;
mod judge;
mod machine;
mod weather;
mod world;

use std::collections::BTreeMap;

use squall_systems::kv::{BUGS, Bugs};

use clients::PATIENCE;
use judge::judge;
use world::{MS, World};

const CHAOS: u64 = 15_000 * MS;

struct Run {
    /// What the servers did wrong among themselves.
    inside: Result<(), String>,
    /// What the clients can prove.
    outside: Result<(), String>,
    elections: usize,
    answered: usize,
}

fn run(seed: u64, servers: usize, bugs: &Bugs) -> Run {
    let mut world = World::new(seed, servers, bugs);
    world.run_until(1_000 * MS);
    world.unleash();
    world.run_until(CHAOS);
    world.heal();
    // Everybody reads. Once the last append is answered or given up, a read gives the final list.
    world.reads_only = true;
    let appends_over = CHAOS + PATIENCE + 100 * MS;
    let ended = world.run_until_or(appends_over + 10_000 * MS, |world| {
        world.history.iter().rev().any(|op| op.invoked > appends_over && op.answered.is_some())
    });
    let stalled = if ended { None } else { Some("no operation ends after all is healed".to_owned()) };
    Run {
        inside: world.broken.or(stalled).map_or(Ok(()), Err),
        outside: judge(&world.history),
        elections: world.elections.len(),
        answered: world.history.iter().filter(|op| op.answered.is_some()).count(),
    }
}

fn sweep(servers: usize, seeds: std::ops::Range<u64>) {
    let (mut elections, mut answered) = (0, 0);
    for seed in seeds.clone() {
        let run = run(seed, servers, &Bugs::none());
        assert_eq!((run.inside, run.outside), (Ok(()), Ok(())), "seed {seed} with {servers} servers");
        elections += run.elections;
        answered += run.answered;
    }
    // The chaos was chaos, and the store worked nevertheless.
    let runs = seeds.count();
    assert!(elections > 3 * runs, "{elections} elections in {runs} runs");
    assert!(answered > 50 * runs, "{answered} operations answered in {runs} runs");
}

#[test]
fn three_servers_stay_linearizable() {
    sweep(3, 0..200);
}

#[test]
fn five_servers_stay_linearizable() {
    sweep(5, 1_000..1_080);
}

#[test]
fn a_seed_repeats() {
    let mut histories = (0..2).map(|_| {
        let mut world = World::new(7, 3, &Bugs::none());
        world.unleash();
        world.run_until(CHAOS);
        format!("{:?}", world.history)
    });
    assert_eq!(histories.next(), histories.next());
}

#[test]
fn clients_can_prove_each_planted_bug() {
    let mut found = BTreeMap::new();
    for (name, _) in BUGS {
        let bugs = Bugs::from_names([*name]).unwrap();
        let proof = (0..500).find_map(|seed| run(seed, 3, &bugs).outside.err().map(|why| (seed, why)));
        found.insert(*name, proof);
    }
    for (name, proof) in found {
        let (_, why) = proof.unwrap_or_else(|| panic!("`{name}` was not found in 500 seeds"));
        let expected = match name {
            "retry-applied-twice" => "was appended twice",
            "stale-primary-read" => "was answered",
            _ => "",
        };
        assert!(why.contains(expected), "`{name}`: {why}");
    }
}
