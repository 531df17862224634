//! Sequences of steps: what follows what, what is waited for, and what a bound plan makes of it.

use squall::history::{FaultEvent, NodeEvent, SimTime};

use super::library::{Recorded, at_ms, plan_of_file, recorded};
use super::{chosen, life, refused, run};

/// When a fault was applied and when it ended, in milliseconds.
fn span(run: &Recorded, fault: &str) -> (Option<u64>, Option<u64>) {
    let ms = |at: SimTime| at.0 / 1_000_000;
    let at = |is_it: fn(&FaultEvent, &str) -> bool| {
        run.faults().into_iter().find(|(_, event)| is_it(event, fault)).map(|(at, _)| ms(at))
    };
    (
        at(|event, id| matches!(event, FaultEvent::Applied { id: it, .. } if &*it.0 == id)),
        at(|event, id| matches!(event, FaultEvent::Ended { id: it } if &*it.0 == id)),
    )
}

/// A bound plan is literal, and its replay is the same run.
fn replays(run: &Recorded) {
    let bound = run.bound();
    assert!(bound.sequences.is_empty());
    let text = squall::scenario::to_yaml(bound, "");
    let again = recorded(&plan_of_file(&text, bound.seed));
    assert_eq!(again.reply.result.digest, run.reply.result.digest);
}

#[test]
fn a_step_begins_when_the_one_before_has_ended() {
    let run = run(
        "  - name: s
    at: 1s
    steps:
      - { for: 500ms, pause: server-1 }
      - { wait: 250ms }
      - { for: 1s, kill: server-3 }
      - { pause: server-5 }
      - { for: 100ms, pause: server-4 }",
        3,
    );
    assert_eq!(span(&run, "s#0"), (Some(1_000), Some(1_500)));
    assert_eq!(span(&run, "s#1"), (Some(1_750), Some(2_750)));
    // Without `for` a step ends at once and its fault lasts to the end.
    assert_eq!(span(&run, "s#2"), (Some(2_750), None));
    assert_eq!(span(&run, "s#3"), (Some(2_750), Some(2_850)));
    replays(&run);
}

#[test]
fn parallel_steps_end_with_the_last_of_them() {
    let run = run(
        "  - name: s
    steps:
      - parallel:
          - { for: 300ms, pause: server-1 }
          - steps: [{ wait: 100ms }, { for: 700ms, pause: server-2 }]
          - { for: 200ms, pause: server-3 }
      - { for: 1s, pause: server-4 }",
        3,
    );
    assert_eq!(span(&run, "s#0"), (Some(0), Some(300)));
    assert_eq!(span(&run, "s#1"), (Some(100), Some(800)));
    assert_eq!(span(&run, "s#2"), (Some(0), Some(200)));
    assert_eq!(span(&run, "s#3"), (Some(800), Some(1_800)));
    replays(&run);
}

#[test]
fn what_is_waited_for_is_waited_for_unless_it_holds() {
    // `server-2` leads from 1 s on, `server-4` from 3 s on.
    let waits = |at: &str, event: &str| {
        let steps = format!(
            "  - {{ name: s, at: {at}, steps: [{{ wait-for: {event} }}, {{ for: 1s, pause: leader }}] }}"
        );
        run(&steps, 3)
    };
    let first = waits("500ms", "leader-elected");
    assert_eq!((span(&first, "s#0").0, chosen(&first, "s#0")), (Some(1_000), vec!["server-2".to_owned()]));
    replays(&first);
    let holds = waits("2s", "leader-elected");
    assert_eq!((span(&holds, "s#0").0, chosen(&holds, "s#0")), (Some(2_000), vec!["server-2".to_owned()]));
    // A change is no state: the next one counts.
    let next = waits("2s", "leader-changed");
    assert_eq!((span(&next, "s#0").0, chosen(&next, "s#0")), (Some(3_000), vec!["server-4".to_owned()]));
    replays(&next);
}

#[test]
fn what_does_not_occur_in_time_drops_the_steps_that_remain() {
    let run = run(
        "  - name: s
    at: 4s
    steps:
      - { for: 100ms, pause: server-1 }
      - { wait-for: { event: leader-changed, timeout: 2s } }
      - { for: 100ms, pause: server-2 }
      - parallel: [{ kill: server-3 }]",
        3,
    );
    assert_eq!(span(&run, "s#0"), (Some(4_000), Some(4_100)));
    for dropped in ["s#1", "s#2"] {
        assert_eq!(span(&run, dropped), (None, None));
        assert_eq!(refused(&run, dropped).as_deref(), Some("`leader-changed` did not occur in time"));
    }
    let told = run.faults().into_iter().filter(|(_, event)| matches!(event, FaultEvent::NotApplied { .. }));
    assert!(told.map(|(at, _)| at).all(|at| at == at_ms(6_100)));
    let counts = run.reply.result.faults["pause"];
    assert_eq!((counts.planned, counts.applied), (2, 1));
    replays(&run);
}

#[test]
fn a_node_comes_back_after_a_graceful_stop() {
    let run = run("  - { name: s, at: 1s, for: 2s, stop: { target: server-3, grace: 300ms } }", 3);
    assert_eq!(span(&run, "s#0"), (Some(1_000), Some(3_000)));
    assert_eq!(life(&run, "server-3", &NodeEvent::Stopping), [1_000]);
    assert_eq!(life(&run, "server-3", &NodeEvent::Killed), [1_300], "`probe` knows nothing of stops");
    assert_eq!(life(&run, "server-3", &NodeEvent::Started), [0, 3_000]);
    replays(&run);
}
