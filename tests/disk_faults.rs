//! Faults of disks through the whole flow: from YAML to what a system under test makes of them, to
//! the account, to files whose replay is the same run.
//!
//! What each does to a file is shown by the tests of `squall-io`.

mod library;

use library::{Recorded, plan_of_file, planned, recorded};
use squall::Plan;
use squall::check::Outcome;
use squall::history::{Action, DiskTrouble, FaultEvent, NodeEvent, Selector};
use squall::scenario::to_yaml;

/// Twelve seconds of the key-value store with this fault entry, and some of `expect`.
fn plan(fault: &str, seed: u64) -> Plan {
    let text = format!(
        "
system: kv
duration: 12s
faults:
  - {{ name: it, at: 4s, {fault} }}
expect: {{ invariants: all, steady-state: {{ within: 4s }}, recovery: {{ within: 4s }} }}
"
    );
    planned(&text, seed)
}

/// What the one fault of a run did.
fn observed(run: &Recorded, effect: &str) -> u64 {
    let effects = run.faults().into_iter().find_map(|(_, event)| match event {
        FaultEvent::Observed { effects, .. } => Some(effects),
        _ => None,
    });
    effects.expect("the fault was applied").get(effect).copied().unwrap_or(0)
}

/// How often each of these happened to the servers.
fn lives(run: &Recorded, is: impl Fn(&NodeEvent) -> bool) -> usize {
    let events = run.records.iter().filter(|record| match &record.body {
        squall::history::Body::Node(event) => is(event),
        _ => false,
    });
    events.count()
}

fn gave_up(run: &Recorded) -> usize {
    lives(run, |event| matches!(event, NodeEvent::Exited { error: Some(_) }))
}

/// The bound plan's file is the same run, and has the node's name where a choice was.
fn check_bound(run: &Recorded) {
    let text = to_yaml(run.bound(), "");
    let again = recorded(&plan_of_file(&text, run.bound().seed));
    assert_eq!(again.reply.result.digest, run.reply.result.digest, "{text}");
    assert_eq!(again.bound(), run.bound());
    let Action::Disk(fault) = &run.bound().faults[0].action else { panic!("not a disk's: {text}") };
    assert!(matches!(&fault.target, Selector::Nodes(nodes) if nodes.len() == 1), "{text}");
}

const ONE: &str = "target: { role: server, mode: one }";

#[test]
fn each_fault_is_applied_seen_and_replayed() {
    for (fault, effect) in [
        ("for: 3s, disk: { TARGET, fault: error, percent: 50%, ops: [sync] }", "errors-returned"),
        ("for: 3s, disk: { TARGET, fault: error, percent: 20%, ops: [sync] }", "writes-dropped"),
        ("for: 3s, disk: { TARGET, fault: error, path: '**/wal', ops: write }", "errors-returned"),
        ("for: 3s, disk: { TARGET, fault: full }", "writes-refused"),
        ("for: 3s, disk: { TARGET, fault: slow, latency: 10ms..200ms }", "operations-delayed"),
        ("for: 3s, disk: { TARGET, fault: slow, rate: 20kB/s }", "operations-throttled"),
        ("for: 3s, disk: { TARGET, fault: stall }", "operations-stalled"),
        ("for: 3s, disk: { TARGET, fault: lying-sync }", "syncs-faked"),
        ("disk: { TARGET, fault: corrupt, sectors: 5 }", "sectors-corrupted"),
        ("for: 3s, disk: { TARGET, fault: misdirected, percent: 20% }", "writes-misdirected"),
    ] {
        let fault = fault.replace("TARGET", ONE);
        let plan = plan(&fault, 11);
        let run = recorded(&plan);
        let result = &run.reply.result;
        let counts = result.faults["disk"];
        assert_eq!((counts.planned, counts.applied, counts.observed), (1, 1, 1), "{fault}");
        assert!(observed(&run, effect) > 0, "{fault}: {:?}", run.faults());
        // The store keeps its word over one bad disk, and stands still for no longer than the bound.
        assert_eq!(result.outcome, Outcome::Pass, "{fault}: {:?} {}", result.violations, result.detail);
        check_bound(&run);
        assert_eq!(plan_of_file(&to_yaml(&plan, ""), plan.seed), plan);
        let calm = recorded(&Plan { faults: Vec::new(), ..plan });
        assert_ne!(calm.reply.result.digest, result.digest, "{fault}");
        assert_eq!(gave_up(&calm), 0);
    }
}

#[test]
fn software_that_ends_on_a_failing_disk_is_started_again_when_the_disk_is_repaired() {
    let run = recorded(&plan(&format!("for: 3s, disk: {{ {ONE}, fault: full }}"), 5));
    let starts = |run: &Recorded| lives(run, |event| *event == NodeEvent::Started);
    let nodes = run.bound().topology.nodes.len();
    assert_eq!((gave_up(&run), starts(&run)), (1, nodes + 1));
    let (ended, _) = run.faults().into_iter().find(|(_, it)| matches!(it, FaultEvent::Ended { .. })).unwrap();
    let last =
        run.records.iter().rfind(|record| record.body == squall::history::Body::Node(NodeEvent::Started));
    assert_eq!(last.unwrap().at, ended);
    // Under a slow disk nothing ends.
    let run = recorded(&plan(&format!("for: 3s, disk: {{ {ONE}, fault: slow, latency: 50ms }}"), 5));
    assert_eq!((gave_up(&run), starts(&run)), (0, nodes));
}

#[test]
fn a_capacity_is_the_end_of_a_log_that_grows_for_ever() {
    let text = "
system: kv
disk: { capacity: 4KiB }
duration: 8s
expect: { invariants: all }
";
    let run = recorded(&planned(text, 1));
    // No fault gives cause for it: the scenario's own disks are too small, and that is a finding.
    assert_eq!(run.reply.result.outcome, Outcome::Fail);
    assert!(run.reply.result.violations.iter().all(|it| it.oracle == "no-panic"));
    let roomy = planned(&text.replace("4KiB", "1GiB"), 1);
    let free = planned(&text.replace("disk: { capacity: 4KiB }", ""), 1);
    let (roomy, free) = (recorded(&roomy).reply.result, recorded(&free).reply.result);
    assert_eq!((roomy.outcome, roomy.digest), (Outcome::Pass, free.digest));
}

/// Five servers of `probe`, of which two may be out; the second fault obeys the budget.
fn budget(first: &str, second: &str) -> Vec<(String, bool)> {
    let text = format!(
        "
system: {{ name: probe }}
duration: 10s
faults:
  - {{ name: first, at: 1s, {first} }}
  - {{ name: second, at: 5s, for: 1s, budget: quorum-stays, {second} }}
"
    );
    let run = recorded(&planned(&text, 1));
    let told = run.faults().into_iter().filter_map(|(_, event)| match event {
        FaultEvent::Applied { id, .. } => Some((id.to_string(), true)),
        FaultEvent::Vetoed { id, .. } => Some((id.to_string(), false)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_node_whose_disk_is_not_to_be_relied_on_counts_as_unavailable() {
    let two = "target: [server-1, server-2]";
    for (trouble, lasting, over) in [
        ("fault: error", true, false),
        ("fault: full", true, false),
        ("fault: stall", true, false),
        ("fault: slow, latency: 1s", false, false),
        ("fault: slow, rate: 1kB/s", false, false),
        ("fault: lying-sync", true, true),
        ("fault: misdirected", true, true),
        ("fault: torn-write", false, false),
    ] {
        let first = |span: &str| format!("for: {span}, disk: {{ {two}, {trouble} }}");
        for (span, counts) in [("6s", lasting), ("1s", over)] {
            let told = budget(&first(span), "kill: server-3");
            assert_eq!(told[1], ("second#0".to_owned(), !counts), "{trouble} for {span}");
            let told = budget(&first(span), "kill: server-1");
            assert_eq!(told[1], ("second#0".to_owned(), true), "{trouble}: it is out already");
            let told = budget(&first(span), &format!("disk: {{ target: server-3, {trouble} }}"));
            assert_eq!(told[1], ("second#0".to_owned(), !counts), "{trouble} itself, for {span}");
        }
    }
    let rot = format!("disk: {{ {two}, fault: corrupt, percent: 1% }}");
    assert_eq!(budget(&rot, "kill: server-3")[1], ("second#0".to_owned(), false));
    let three = "disk: { target: { role: server, mode: fixed, value: 3 }, fault: stall }";
    assert_eq!(budget("kill: client-1", three)[1], ("second#0".to_owned(), false));
}

#[test]
fn a_range_of_latency_is_drawn_by_operations_and_not_by_the_plan() {
    let plan = plan(&format!("for: 3s, disk: {{ {ONE}, fault: slow, latency: 10ms..200ms }}"), 1);
    let Action::Disk(fault) = &plan.faults[0].action else { panic!("not a disk's") };
    assert!(matches!(fault.trouble, DiskTrouble::Slow { latency: (low, high) } if low < high));
}
