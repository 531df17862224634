//! State and overseers under chaos: three controllers over an idealised log whose leadership moves
//! at random, an old leader going on for a while with a stale state; model workers that are killed,
//! wiped, paused and cut off, with clocks that run up to 2 % wrong. Judged by the words told. And
//! the proof that the checks bite, by the planted bugs.
//!
//! No Raft and no I/O in here: those have tests of their own.

#[path = "../raft_cores/draws.rs"]
mod draws;
mod faults;
mod group;
mod judge;
mod worker;
mod workers;
mod world;

use batch_cluster::state::State;
use batch_cluster::{Bug, Bugs};

use judge::Counts;
use world::{MS, World};

const CHAOS: u64 = 7_000 * MS;
/// Longer than any worker is away, any attempt may stand still and all is then done again.
const RECOVERY: u64 = 40_000 * MS;

fn run(seed: u64, bugs: &Bugs) -> (Result<(), String>, Counts) {
    let mut world = World::new(seed, bugs);
    world.run_until(CHAOS);
    world.heal();
    let ended = world.run_until_or(CHAOS + RECOVERY, World::all_jobs_ended);
    let stalled = (!ended).then(|| "L2: a job has not ended long after all is healed".to_owned());
    (world.broken.clone().or(stalled).map_or(Ok(()), Err), world.judge.counts)
}

#[test]
fn every_invariant_holds() {
    let (mut all, runs) = (Counts::default(), 600);
    for seed in 0..runs {
        let (verdict, counts) = run(seed, &Bugs::none());
        assert_eq!(verdict, Ok(()), "seed {seed}");
        all.add(&counts);
    }
    // The chaos was chaos, and work was done nevertheless.
    all.assert_at_least(runs);
}

#[test]
fn a_seed_repeats() {
    let story = || {
        let mut world = World::new(3, &Bugs::none());
        world.run_until(CHAOS);
        format!("{:?}", world.told)
    };
    assert_eq!(story(), story());
}

#[test]
fn a_snapshot_at_any_point_is_the_state() {
    let mut world = World::new(5, &Bugs::none());
    world.run_until(CHAOS);
    let mut one = State::new(Bugs::none());
    let mut digests = std::collections::BTreeSet::new();
    for (index, (term, command)) in (1..).zip(&world.log) {
        let Some(command) = command else { continue };
        let before = batch_cluster::codec::encode(&one);
        let mut other: State = batch_cluster::codec::decode(&before).unwrap();
        assert_eq!(other.digest(), one.digest(), "restored before {index}");
        assert_eq!(one.apply(index, *term, command), other.apply(index, *term, command), "at {index}");
        assert_eq!(other.digest(), one.digest(), "at {index}");
        let after = batch_cluster::codec::encode(&one);
        assert_eq!(after, batch_cluster::codec::encode(&other), "at {index}");
        assert!(digests.insert(one.digest()), "two states with one digest, at {index}");
    }
    assert!(digests.len() > 30, "{} entries", digests.len());
}

#[test]
fn every_planted_bug_is_found() {
    let mut missed = Vec::new();
    for (bug, by) in [
        (Bug::ZombieCommit, "B4"),
        (Bug::DeadOutputKept, "L2"),
        (Bug::EpochNotBumped, "B4"),
        (Bug::RerunAfterSuccess, "B5"),
        (Bug::TwoMasters, "B4"),
        (Bug::DoubleHandling, "B10"),
        (Bug::SubmitNotIdempotent, "B6"),
    ] {
        let found = (0..300).find(|seed| run(*seed, &bug.into()).0.is_err_and(|why| why.starts_with(by)));
        if found.is_none() {
            missed.push(bug.name());
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
