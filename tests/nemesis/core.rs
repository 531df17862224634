//! The core: every fault ends, what was planned later does not happen, and the nodes outside are
//! broken for ever. Five servers may lose two.

use std::collections::{BTreeMap, BTreeSet};

use squall::history::{Action, FaultEvent, LinkSelector, Partition, Selector, SimTime};
use squall::scenario::to_yaml;

use super::library::{Recorded, plan_of_file, recorded};
use super::{refused, run};

const BEFORE: &str = "
  - { name: slow, at: 1s, latency: { latency: 50ms } }
  - { name: cut, at: 2s, for: 7s, partition: isolate-one }
  - { name: rule, at: 2s, for: 2s, loss: { loss: 50% } }
  - { name: late, at: 6s, for: 1s, kill: server-1 }
  - { name: left, at: 7s, steps: [ { for: 1s, pause: server-1 }, { for: 1s, pause: server-2 } ] }
";

fn with(size: &str, seed: u64) -> Recorded {
    run(&format!("{BEFORE}  - {{ name: core, at: 5s, core: {size} }}\n"), seed)
}

/// The nodes that an action of the core takes out, by how.
fn outside(action: &Action) -> (String, BTreeSet<String>) {
    let literal = |selector: &Selector| match selector {
        Selector::Nodes(nodes) => nodes.iter().map(ToString::to_string).collect(),
        open => panic!("not literal: {open:?}"),
    };
    let how = match action {
        Action::Partition(Partition::Cuts(cuts)) => {
            let [LinkSelector { from, direction, .. }] = &cuts[..] else { panic!("{cuts:?}") };
            return (format!("cut {direction:?}"), literal(from));
        }
        other => other.keyword(),
    };
    match action {
        Action::Kill(nodes) | Action::PowerLoss(nodes) | Action::Pause(nodes) => {
            (how.to_owned(), literal(nodes))
        }
        other => panic!("no fate: {other:?}"),
    }
}

/// What the core did: who is out, and how, by name.
fn fates(run: &Recorded) -> BTreeMap<String, String> {
    let mut fates = BTreeMap::new();
    for (at, event) in run.faults() {
        let FaultEvent::Applied { id, action, beyond_budget } = event else { continue };
        if id.0.starts_with("core#0#") {
            assert_eq!(at, SimTime(5_000_000_000));
            assert!(!beyond_budget, "the core has what it needs");
            let (how, nodes) = outside(&action);
            nodes.into_iter().for_each(|node| drop(fates.insert(node, how.clone())));
        }
    }
    fates
}

#[test]
fn what_is_in_force_ends_and_what_is_left_does_not_happen() {
    let run = with("smallest", 3);
    let ended: Vec<(String, u64)> = run
        .faults()
        .into_iter()
        .filter_map(|(at, event)| match event {
            FaultEvent::Ended { id } => Some((id.to_string(), at.0 / 1_000_000)),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [("rule#0".into(), 4_000), ("slow#0".into(), 5_000), ("cut#0".into(), 5_000)]);
    for late in ["late#0", "left#0", "left#1"] {
        assert_eq!(refused(&run, late).as_deref(), Some("a core is left alone from now on"), "{late}");
    }
    assert_eq!(fates(&run).len(), 2, "as many as five servers tolerate to lose");
    assert!(fates(&run).keys().all(|node| node.starts_with("server-")), "clients are in the core");
    let counts = run.reply.result.faults["core"];
    assert_eq!((counts.planned, counts.applied, counts.observed), (1, 1, 1));
}

#[test]
fn the_bound_plan_is_the_same_run() {
    for seed in 0..8 {
        let run = with("random", seed);
        assert!(!to_yaml(run.bound(), "").contains("core:"), "it holds what the core did, not the core");
        let again = recorded(&plan_of_file(&to_yaml(run.bound(), ""), squall::Seed(seed)));
        assert_eq!(again.reply.result.digest, run.reply.result.digest, "seed {seed}");
    }
}

#[test]
fn sizes_and_fates_are_drawn() {
    let runs: Vec<_> = (0..40).map(|seed| fates(&with("random", seed))).collect();
    let sizes: BTreeSet<usize> = runs.iter().map(BTreeMap::len).collect();
    assert_eq!(sizes, [0, 1, 2].into());
    let hows: BTreeSet<&str> = runs.iter().flat_map(BTreeMap::values).map(String::as_str).collect();
    assert_eq!(hows, ["cut Both", "cut From", "cut To", "kill", "pause", "power-loss"].into());
    let nodes: BTreeSet<&String> = runs.iter().flat_map(BTreeMap::keys).collect();
    assert_eq!(nodes.len(), 5, "any server may be outside");
}

#[test]
fn a_node_that_cannot_be_relied_on_is_never_in_the_core() {
    for seed in 0..10 {
        let wiped = "  - { at: 1s, budget: quorum-stays, wipe: { role: server, mode: one } }\n";
        let run = run(&format!("{wiped}  - {{ name: core, at: 5s, core: random }}\n"), seed);
        let (_, FaultEvent::Applied { action: Action::Wipe(Selector::Nodes(wiped)), .. }) = &run.faults()[0]
        else {
            panic!("{:?}", run.faults())
        };
        assert!(fates(&run).contains_key(wiped[0].as_str()), "seed {seed}: {wiped:?} in {:?}", fates(&run));
    }
    let all = "  - { at: 1s, wipe: { role: server } }\n  - { name: core, at: 5s, core: random }\n";
    assert_eq!(refused(&run(all, 1), "core#0").as_deref(), Some("no core is left that could work"));
}

#[test]
fn progress_of_the_core_is_asked_for() {
    // Nobody's fault is in force when the recovery is judged but those that never end.
    let run = with("smallest", 3);
    assert!(run.reply.result.exercised["recovery"] > 0, "{:?}", run.reply.result.not_applicable);
}
