//! How soon somebody serves again, and that nobody healthy is deposed.

use squall_systems::kv::Bugs;

use crate::world::{MS, World};

/// A world whose servers have elected a primary and serve.
fn settled(seed: u64) -> (World, usize) {
    let mut world = World::new(seed, 3, &Bugs::none());
    world.run_until(3_000 * MS);
    let (primary, _) = world.primary().expect("three healthy servers elect a primary");
    (world, primary)
}

fn isolate(world: &mut World, server: usize) {
    for place in 0..=world.machines.len() {
        world.cuts.extend([(server, place), (place, server)]);
    }
}

/// Lets a fault strike the primary; within 1.5 s there must be another, within 2 s somebody must
/// have been served by it.
fn fails_over(strike: impl Fn(&mut World, usize)) {
    for seed in 0..60 {
        let (mut world, old) = settled(seed);
        let struck = world.now;
        strike(&mut world, old);
        let elected = |world: &World| world.elections.iter().any(|&(at, who, _)| at > struck && who != old);
        assert!(world.run_until_or(struck + 1_500 * MS, elected), "seed {seed}: no new primary");
        let elected = world.now;
        let served = |world: &World| {
            let after =
                |op: &crate::judge::Operation| op.answered.as_ref().is_some_and(|(at, _)| *at > elected);
            world.history.iter().rev().any(after)
        };
        assert!(world.run_until_or(struck + 2_000 * MS, served), "seed {seed}: nobody is served");
    }
}

#[test]
fn a_killed_primary_is_replaced() {
    fails_over(|world, primary| world.machines[primary].kill());
}

#[test]
fn a_paused_primary_is_replaced() {
    fails_over(|world, primary| {
        world.paused.insert(primary, Vec::new());
    });
}

#[test]
fn a_primary_that_is_cut_off_is_replaced() {
    fails_over(isolate);
}

#[test]
fn a_primary_that_can_only_speak_is_replaced() {
    // Its messages renew the others' grants, and it learns of none: it must give up by itself.
    for seed in 0..20 {
        let (mut world, old) = settled(seed);
        world.cuts.extend((0..=3).map(|from| (from, old)));
        let struck = world.now;
        let replaced = |world: &World| world.primary().is_some_and(|(primary, _)| primary != old);
        assert!(world.run_until_or(struck + 2_500 * MS, replaced), "seed {seed}");
    }
}

#[test]
fn a_backup_that_was_cut_off_does_not_depose_the_primary() {
    for seed in 0..30 {
        let (mut world, primary) = settled(seed);
        let before = world.elections.len();
        let backup = (primary + 1) % 3;
        isolate(&mut world, backup);
        world.run_until(world.now + 5_000 * MS);
        world.cuts.clear();
        world.run_until(world.now + 3_000 * MS);
        assert_eq!(world.elections.len(), before, "seed {seed}");
        let commit = |place: usize| world.machines[place].core.as_ref().map(|core| core.commit());
        assert!(commit(backup) > Some(0) && commit(backup) >= commit(primary).map(|commit| commit - 20));
    }
}
