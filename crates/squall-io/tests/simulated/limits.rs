//! Bounds of a run: reaching one is told by name, and nothing hangs.

use squall_io::task::{spawn, yield_now};
use squall_sim::{Ran, SimLimits};

use super::stage::{nodes, pass, say};

#[test]
fn tasks_that_spin_while_time_stands_still_are_named() {
    let mut setup = nodes(&[("n", 2)]);
    setup.limits = SimLimits { polls_per_instant: 10_000, ..SimLimits::default() };
    let mut stage = setup.begin();
    stage.start("n-1", async {
        pass(1).await;
        Ok(())
    });
    stage.start("n-2", async {
        pass(50).await;
        loop {
            yield_now().await;
        }
    });
    let Ran::Stuck { node, place } = stage.run_to(1_000) else { panic!("not stuck") };
    assert_eq!(node.as_str(), "n-2");
    assert!(place.contains("stage.rs") || place.contains("limits.rs"), "{place}");
    assert_eq!(stage.now().0, 50_000_000);
}

#[test]
fn the_place_is_where_the_task_was_started() {
    let mut setup = nodes(&[("n", 1)]);
    setup.limits = SimLimits { polls_per_instant: 1_000, ..SimLimits::default() };
    let mut stage = setup.begin();
    let line = line!() + 2;
    stage.start("n-1", async {
        drop(spawn(async {
            loop {
                yield_now().await;
            }
        }));
        Ok(())
    });
    let Ran::Stuck { place, .. } = stage.run_to(1_000) else { panic!("not stuck") };
    assert!(place.contains(&format!("limits.rs:{line}:")), "{place}");
}

#[test]
fn many_polls_over_many_instants_are_no_spinning() {
    let mut setup = nodes(&[("n", 1)]);
    setup.limits = SimLimits { polls_per_instant: 10, ..SimLimits::default() };
    let mut stage = setup.begin();
    stage.start("n-1", async {
        for _ in 0..1_000 {
            squall_io::time::sleep(std::time::Duration::from_nanos(1)).await;
        }
        say("done");
        Ok(())
    });
    stage.run(1);
    assert_eq!(stage.said("n-1"), ["done"]);
}

#[test]
fn the_limit_on_events_is_told() {
    let mut setup = nodes(&[("n", 1)]);
    setup.limits = SimLimits { events: 500, ..SimLimits::default() };
    let mut stage = setup.begin();
    stage.start("n-1", async {
        loop {
            pass(1).await;
        }
    });
    assert_eq!(stage.run_to(1_000_000), Ran::EventLimit);
    assert_eq!(stage.events(), 500);
    // A timer and a poll each millisecond.
    assert_eq!(stage.now().0 / 1_000_000, 250);
}

#[test]
fn an_idle_simulation_reaches_any_time_at_once() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        pass(1_000_000_000).await;
        say("awake");
        Ok(())
    });
    stage.run(1_000_000_000);
    assert_eq!(stage.said("n-1"), [""; 0], "nothing of the limit's own instant has happened");
    stage.run(1_000_000_001);
    assert_eq!(stage.said("n-1"), ["awake"]);
    assert!(stage.events() < 10);
}
