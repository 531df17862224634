//! Whom a selector means: the leader, a drawn few, always independent of who else is there.

use std::collections::BTreeSet;

use squall::history::FaultEvent;

use super::{chosen, library, plan, refused, run};
use library::recorded;

#[test]
fn leader_is_the_latest_node_that_became_leader() {
    let run = run(
        "
  - { name: early, at: 500ms, for: 100ms, kill: leader }
  - { name: first, at: 2s, for: 100ms, kill: leader }
  - { name: second, at: 4s, for: 1s, kill: leader }
  - { name: absent, at: 4500ms, for: 100ms, kill: leader }
  - { name: back, at: 6s, for: 100ms, pause: leader }
",
        1,
    );
    assert_eq!(refused(&run, "early#0").as_deref(), Some("no node matches"), "nobody leads yet");
    assert_eq!(chosen(&run, "first#0"), ["server-2"]);
    assert_eq!(chosen(&run, "second#0"), ["server-4"]);
    // It led last, and is down: the fault does not move on to another.
    assert_eq!(refused(&run, "absent#0").as_deref(), Some("no matching node is running"));
    assert_eq!(chosen(&run, "back#0"), ["server-4"]);
    let counts = run.reply.result.faults["kill"];
    assert_eq!((counts.planned, counts.applied), (4, 2));
}

/// Servers that one selector takes under each of many seeds.
fn under_seeds(mode: &str) -> Vec<Vec<String>> {
    let entry = format!("  - {{ name: some, at: 100ms, pause: {{ role: server, {mode} }} }}");
    let short = |seed| squall::Plan { duration: squall::SimDuration::from_millis(200), ..plan(&entry, seed) };
    (0..40).map(|seed| chosen(&recorded(&short(seed)), "some#0")).collect()
}

#[test]
fn modes_take_the_number_they_say() {
    let sizes = |mode: &str| -> BTreeSet<usize> { under_seeds(mode).iter().map(Vec::len).collect() };
    assert_eq!(sizes("mode: all"), [5].into());
    assert_eq!(sizes("mode: one"), [1].into());
    assert_eq!(sizes("mode: fixed, value: 2"), [2].into());
    assert_eq!(sizes("mode: fixed, value: 9"), [5].into(), "as many as there are");
    // Of five: 2.5 is rounded up, and 5 % is still one.
    assert_eq!(sizes("mode: fixed-percent, value: 50%"), [3].into());
    assert_eq!(sizes("mode: fixed-percent, value: 5%"), [1].into());
    assert_eq!(sizes("mode: random-max-percent, value: 60%"), [1, 2, 3].into());
    assert_eq!(sizes("mode: random-max-percent, value: 100%"), [1, 2, 3, 4, 5].into());
}

#[test]
fn seeds_choose_differently() {
    let ones: BTreeSet<_> = under_seeds("mode: one").into_iter().collect();
    assert_eq!(ones.len(), 5, "40 seeds chose only {ones:?}");
    let pairs: BTreeSet<_> = under_seeds("mode: fixed, value: 2").into_iter().collect();
    assert!(pairs.len() > 7, "of ten pairs 40 seeds chose only {pairs:?}");
}

#[test]
fn a_node_taken_away_leaves_the_choice_among_the_others() {
    let entry = "  - { name: some, at: 100ms, pause: { role: server, mode: fixed, value: 2 } }";
    for seed in 0..20 {
        let plan = squall::Plan { duration: squall::SimDuration::from_millis(200), ..plan(entry, seed) };
        let all = chosen(&recorded(&plan), "some#0");
        for gone in (1..=5).map(|k| format!("server-{k}")) {
            let mut fewer = plan.clone();
            fewer.topology.nodes.retain(|node| node.name.as_str() != gone);
            let left = chosen(&recorded(&fewer), "some#0");
            assert_eq!(left.len(), 2);
            let stay = all.iter().filter(|name| **name != gone);
            let lost: Vec<_> = stay.filter(|name| !left.contains(name)).collect();
            assert!(lost.is_empty(), "seed {seed}: without {gone} {left:?} instead of {all:?}");
        }
    }
}

#[test]
fn a_fault_taken_away_leaves_the_choice_of_the_others() {
    let entries = "
  - { name: one, at: 100ms, for: 10ms, kill: { role: server, mode: one } }
  - { name: two, at: 200ms, for: 10ms, pause: { role: server, mode: one } }
";
    for seed in 0..20 {
        let both = plan(entries, seed);
        let mut second = both.clone();
        second.faults.remove(0);
        assert_eq!(chosen(&recorded(&second), "two#0"), chosen(&recorded(&both), "two#0"), "seed {seed}");
    }
}

#[test]
fn links_that_match_nobody_are_told() {
    let run = run("  - { name: self, at: 1s, partition: { from: server-1, to: server-1 } }", 1);
    let [(_, FaultEvent::NotApplied { why, .. })] = &run.faults()[..] else { panic!("{:?}", run.faults()) };
    assert_eq!(why, "no link matches");
    assert!(run.bound().faults.is_empty(), "a bound plan holds what was applied");
}
