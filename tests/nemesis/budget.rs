//! The fault budget: five servers may lose two.

use std::collections::{BTreeMap, BTreeSet};

use squall::history::{Action, FaultEvent, FaultId, Selector};

use super::{library, plan, run};
use library::{Recorded, plan_of_file, recorded};
use squall::scenario::to_yaml;

const RANDOM: &str = "
  - name: any
    between: [1s, 8s]
    random:
      interval: 200ms
      pick:
        - { for: 500ms..2s, kill: { role: server, mode: one } }
        - { for: 500ms..2s, power-loss: { role: server, mode: fixed, value: 2 } }
        - { for: 500ms..2s, pause: { role: server, mode: one } }
        - { for: 500ms..2s, partition: isolate-one }
";

/// Servers that are out at each moment, by what the history tells; the most there ever were.
fn most_out(run: &Recorded) -> usize {
    let mut held: BTreeMap<FaultId, BTreeSet<String>> = BTreeMap::new();
    let mut most = 0;
    for (_, event) in run.faults() {
        match event {
            FaultEvent::Applied { id, action, .. } => drop(held.insert(id, takes_out(&action))),
            FaultEvent::Ended { id } => drop(held.remove(&id)),
            _ => {}
        }
        let out: BTreeSet<&String> = held.values().flatten().collect();
        most = most.max(out.len());
    }
    most
}

/// The servers that an action of these tests takes out.
fn takes_out(action: &Action) -> BTreeSet<String> {
    let literal = |selector: &Selector| match selector {
        Selector::Nodes(nodes) => nodes.iter().map(ToString::to_string).collect(),
        open => panic!("not literal: {open:?}"),
    };
    match action {
        Action::Kill(nodes) | Action::PowerLoss(nodes) | Action::Pause(nodes) => literal(nodes),
        // `isolate-one`: the one is on the `from` side.
        Action::Partition(squall::history::Partition::Cuts(cuts)) => literal(&cuts[0].from),
        other => panic!("not one of these tests: {other:?}"),
    }
}

#[test]
fn random_faults_keep_within_the_budget_and_their_vetoes_are_listed() {
    let mut vetoed = 0;
    for seed in 0..10 {
        let run = run(RANDOM, seed);
        assert_eq!(most_out(&run), 2, "seed {seed}: the budget is used up and never exceeded");
        let told: Vec<_> = run
            .faults()
            .into_iter()
            .filter_map(|(at, event)| match event {
                FaultEvent::Vetoed { id, why } => Some((id, at, why)),
                FaultEvent::Applied { id, beyond_budget, .. } => {
                    assert!(!beyond_budget, "seed {seed}: {id}");
                    None
                }
                _ => None,
            })
            .collect();
        let listed: Vec<_> =
            run.bound().vetoes.iter().map(|it| (it.id.clone(), it.at, it.why.clone())).collect();
        assert_eq!(listed, told, "seed {seed}");
        assert!(told.iter().all(|(.., why)| why.contains("of 5 servers would be unavailable, 2 may be")));
        let counts = run.reply.result.faults.values();
        assert_eq!(counts.map(|count| count.vetoed).sum::<u64>(), told.len() as u64);
        vetoed += told.len();

        // A bound plan applies what was applied and lists the rest.
        let bound = plan_of_file(&to_yaml(run.bound(), ""), run.bound().seed);
        let again = recorded(&bound);
        assert_eq!(again.reply.result.digest, run.reply.result.digest, "seed {seed}");
        assert_eq!(again.bound(), run.bound(), "seed {seed}");
    }
    assert!(vetoed > 20, "only {vetoed} vetoes: the budget was hardly tried");
}

/// What one entry that kills so many servers comes to.
fn killing(servers: u32, options: &str) -> Recorded {
    let kill = format!("kill: {{ role: server, mode: fixed, value: {servers} }}");
    run(&format!("  - {{ name: many, at: 2s, for: 2s, {options} {kill} }}"), 3)
}

#[test]
fn a_written_fault_beyond_the_budget_is_applied_and_marked() {
    for (servers, beyond) in [(1, false), (2, false), (3, true), (5, true)] {
        let run = killing(servers, "");
        let Some((_, FaultEvent::Applied { beyond_budget, .. })) = run.faults().into_iter().next() else {
            panic!("{servers} servers: {:?}", run.faults())
        };
        assert_eq!(beyond_budget, beyond, "{servers} servers");
        let result = &run.reply.result;
        assert_eq!(result.not_applicable.contains_key("recovery"), beyond, "{:?}", result.not_applicable);
        assert_eq!(result.exercised.get("recovery").is_some_and(|&count| count > 0), !beyond);
        assert!(run.bound().vetoes.is_empty());
    }
    let why = &killing(3, "").reply.result.not_applicable["recovery"];
    assert!(why.contains("faults went beyond what the system tolerates (many#0 at 2.000s)"), "{why}");
}

#[test]
fn a_written_fault_may_be_told_to_obey() {
    let run = killing(3, "budget: quorum-stays,");
    let [(_, FaultEvent::Vetoed { why, .. })] = &run.faults()[..] else { panic!("{:?}", run.faults()) };
    assert_eq!(why, "3 of 5 servers would be unavailable, 2 may be");
    assert!(run.bound().faults.is_empty());
    assert_eq!(run.reply.result.exercised["recovery"], 1, "nothing was done to the system");
}

#[test]
fn clients_are_outside_the_budget() {
    let run = run("  - { at: 2s, for: 1s, budget: quorum-stays, kill: { role: client } }", 3);
    assert!(matches!(run.faults()[0].1, FaultEvent::Applied { beyond_budget: false, .. }));
    // A slow or lossy link keeps nobody from anybody.
    let plan = plan("  - { at: 2s, for: 1s, budget: quorum-stays, loss: { loss: 100% } }", 3);
    assert!(matches!(recorded(&plan).faults()[0].1, FaultEvent::Applied { beyond_budget: false, .. }));
}

#[test]
fn a_quorum_may_be_away_for_a_while_if_it_comes_back_with_all_it_had() {
    for servers in [3, 5] {
        let run = killing(servers, "budget: quorum-returns,");
        let applied = matches!(run.faults()[0].1, FaultEvent::Applied { beyond_budget: false, .. });
        assert!(applied, "{servers} servers: {:?}", run.faults());
        assert!(run.reply.result.exercised["recovery"] > 0, "progress is asked for afterwards");
    }
    // What never ends, or takes what was promised, is bound as any other.
    for fault in ["kill: { role: server }", "wipe: { role: server }"] {
        let run = run(&format!("  - {{ at: 2s, budget: quorum-returns, {fault} }}"), 3);
        assert!(matches!(run.faults()[0].1, FaultEvent::Vetoed { .. }), "{fault}: {:?}", run.faults());
    }
}
