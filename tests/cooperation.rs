//! What a system offers, in whole runs: unlikely turns, points to be struck at, and assertions, from
//! YAML to bound plan, verdict and goals.
//!
//! How each behaves inside a node is tested with `squall-io`; here stands what the harness makes of it.

mod library;

use std::time::Duration;

use library::{Recorded, at_ms};
use squall::check::Outcome;
use squall::history::vocab::Custom;
use squall::history::{
    Action, Assertion, Body, FaultEvent, History, HookWhen, Injection, NodeEvent, NodeFault, NodeTrouble,
};
use squall::io::{assert, buggify, hook, observe, time};
use squall::scenario::{Overrides, Source, parse, to_yaml};
use squall::{
    BugSet, ClientCtx, FaultBudget, Hooks, NodeCtx, NodeFuture, Plan, Recording, Registry, Role, RoleKind,
    Seed, SimDuration, SimTime, System, SystemError, Topology,
};

/// Nodes that take a turn every ten milliseconds, and say what they do.
struct Turns;

impl System for Turns {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "node", count: 2, kind: RoleKind::Server }]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let boot = ctx.boot.0;
        Box::pin(async move {
            for turn in 0_u32.. {
                say("before");
                hook!("turns/between").await;
                say("after");
                if buggify!("turns/unlikely", p = 100%) {
                    say("unlikely");
                    assert::always!(turn < 100, "turns/few", "turn {turn}");
                }
                assert::sometimes!(boot > 1, "turns/second-boot");
                assert::sometimes!(boot > 1_000, "turns/thousandth-boot");
                time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        })
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no client role")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }

    fn modules() -> &'static [&'static str] {
        &["cooperation"]
    }
}

fn say(word: &str) {
    observe(Custom::new("turns", word));
}

fn registry() -> Registry {
    Registry::new().add::<Turns>("turns")
}

/// The plan of some faults over two seconds.
fn planned(faults: &str, seed: u64) -> Plan {
    let list = if faults.is_empty() { "[]" } else { "" };
    let text = format!("version: 1\nname: test\nsystem: turns\nduration: 2s\nfaults: {list}\n{faults}\n");
    let scenario = parse(&Source::new("test.yaml", &text), &registry().catalogue());
    scenario.unwrap_or_else(|errors| panic!("{errors}")).plan(Seed(seed), &Overrides::default())
}

fn recorded(plan: &Plan) -> Recorded {
    let reply =
        squall::run(&registry(), plan, Recording::Full, &Hooks::default()).expect("it fits its system");
    let text = reply.history.as_deref().expect("a full recording has a history");
    let records = History::read_ndjson(text.as_bytes()).expect("a run's history can be read").records;
    Recorded { reply, records, packets: Vec::new() }
}

/// What a node said, with its times.
fn said(run: &Recorded, node: &str) -> Vec<(SimTime, String)> {
    let of_node =
        run.records.iter().filter(|record| record.node.as_ref().is_some_and(|it| *it == node.into()));
    let said = of_node.filter_map(|record| match &record.body {
        Body::Custom(word) => Some((record.at, word.name.to_string())),
        Body::Node(NodeEvent::Killed) => Some((record.at, "killed".to_owned())),
        Body::Node(NodeEvent::Started) => Some((record.at, "started".to_owned())),
        _ => None,
    });
    said.collect()
}

/// Where the hooks of a bound plan have struck.
fn strikes(plan: &Plan) -> Vec<Injection> {
    let listed = plan.faults.iter().filter_map(|fault| match &fault.action {
        Action::Node(NodeFault { trouble: NodeTrouble::Hook(hook), .. }) => match &hook.when {
            HookWhen::Listed(listed) => Some(listed.clone()),
            when => panic!("a bound hook lists its strikes: {when:?}"),
        },
        _ => None,
    });
    listed.flatten().collect()
}

fn observed(run: &Recorded, effect: &str) -> u64 {
    let counts = run.faults().into_iter().filter_map(|(_, event)| match event {
        FaultEvent::Observed { effects, .. } => effects.get(effect).copied(),
        _ => None,
    });
    counts.sum()
}

const HOOK: &str = "  - { name: struck, at: 500ms, for: 1s, hook: { target: { role: node }, point: turns/*, \
                    percent: 2%, crash: kill, restart: 105ms } }";

#[test]
fn a_hook_kills_exactly_there_and_the_node_comes_back_in_time() {
    let mut crashes = 0;
    for seed in 1..=8 {
        let run = recorded(&planned(HOOK, seed));
        for node in ["node-1", "node-2"] {
            let said = said(&run, node);
            for (place, (at, _)) in said.iter().enumerate().filter(|(_, (_, word))| word == "killed") {
                assert!((at_ms(500)..at_ms(1_500)).contains(at));
                assert_eq!(said[place - 1], (*at, "before".to_owned()), "killed elsewhere than at the point");
                assert_eq!(said[place + 1], (*at + SimDuration::from_millis(105), "started".to_owned()));
                crashes += 1;
            }
        }
        assert_eq!(observed(&run, "crashes"), strikes(run.bound()).len() as u64);
    }
    // Two nodes, a hundred passages each, 2 %: about three in each of eight runs.
    assert!((5..=60).contains(&crashes), "{crashes}");
    let calm = recorded(&planned("", 1));
    assert_eq!(said(&calm, "node-1").iter().filter(|(_, word)| word == "after").count(), 200);
}

#[test]
fn a_bound_plan_strikes_where_the_run_did_and_says_the_same_again() {
    let mut struck = 0;
    for seed in 1..=6 {
        let run = recorded(&planned(HOOK, seed));
        let again = plan_text(run.bound(), seed);
        assert_eq!(again.faults, run.bound().faults);
        let replay = recorded(&again);
        assert_eq!(replay.reply.result.digest, run.reply.result.digest);
        assert_eq!(replay.bound().faults, run.bound().faults);
        struck += strikes(run.bound()).len();
        // Without its last strike the run is the same up to there, and another from there on.
        if let [.., last] = &strikes(run.bound())[..] {
            let shorter = without(run.bound(), last);
            let shorter = recorded(&shorter);
            assert_ne!(shorter.reply.result.digest, run.reply.result.digest);
            assert!(!strikes(shorter.bound()).contains(last));
        }
    }
    assert!(struck > 3, "{struck}");
}

fn without(plan: &Plan, strike: &Injection) -> Plan {
    let mut plan = plan.clone();
    for fault in &mut plan.faults {
        if let Action::Node(NodeFault { trouble: NodeTrouble::Hook(hook), .. }) = &mut fault.action
            && let HookWhen::Listed(listed) = &mut hook.when
        {
            listed.retain(|it| it != strike);
        }
    }
    plan
}

#[test]
fn turns_are_unlikely_only_while_the_fault_lasts_and_on_its_nodes() {
    let buggify =
        "  - { at: 500ms, for: 300ms, buggify: { target: node-1, sites: [\"turns/*\"], enable: 100% } }";
    let run = recorded(&planned(buggify, 3));
    let unlikely = |node| {
        let said = said(&run, node);
        said.into_iter().filter(|(_, word)| word == "unlikely").map(|(at, _)| at).collect::<Vec<_>>()
    };
    let times = unlikely("node-1");
    assert_eq!(times.len(), 30);
    assert!(times.iter().all(|at| (at_ms(500)..at_ms(800)).contains(at)), "{times:?}");
    assert!(unlikely("node-2").is_empty());
    assert_eq!((observed(&run, "sites-fired"), observed(&run, "firings")), (1, 30));
    assert_eq!(run.reply.result.outcome, Outcome::Pass);
    let again = plan_text(run.bound(), 3);
    assert_eq!(recorded(&again).reply.result.digest, run.reply.result.digest);
}

/// A plan as its file gives it back.
fn plan_text(plan: &Plan, seed: u64) -> Plan {
    let text = to_yaml(plan, "");
    let scenario = parse(&Source::new("bound.yaml", &text), &registry().catalogue());
    scenario.unwrap_or_else(|errors| panic!("{errors}")).plan(Seed(seed), &Overrides::default())
}

#[test]
fn a_broken_assertion_fails_the_run_and_names_itself() {
    let late = "  - { at: 1s, for: 100ms, buggify: { target: node-1, enable: 100% } }";
    let result = recorded(&planned(late, 3)).reply.result;
    assert_eq!(result.outcome, Outcome::Fail);
    let [violation] = &result.violations[..] else { panic!("one broken promise ends the run: {result:?}") };
    assert_eq!((violation.oracle.as_str(), violation.at), ("always", at_ms(1_000)));
    assert!(
        violation.message.starts_with("`turns/few` does not hold: turn 100 (cooperation:"),
        "{violation:?}"
    );
}

#[test]
fn goals_are_conditions_and_what_is_not_reached_is_known() {
    let goals = registry().goals("turns");
    assert_eq!(goals, ["turns/second-boot", "turns/thousandth-boot"]);
    assert!(squall_systems::registry().goals("batch").contains(&"raft/group-commit"));
    assert!(squall_systems::registry().goals("kv").iter().all(|goal| !goal.starts_with("raft/")));
    let killed = recorded(&planned("  - { at: 500ms, for: 100ms, kill: node-1 }", 1));
    let conditions = &killed.reply.result.conditions;
    assert_eq!(conditions.get("turns/second-boot"), Some(&1), "told once in a run");
    assert!(!conditions.contains_key("turns/thousandth-boot"));
    let told =
        killed.records.iter().filter(|record| matches!(record.body, Body::Assert(Assertion::Reached { .. })));
    assert_eq!(told.count(), 1);
    let calm = recorded(&planned("", 1));
    assert!(!calm.reply.result.conditions.contains_key("turns/second-boot"));
    // A scenario may ask for it.
    let asks =
        "version: 1\nname: asks\nsystem: turns\nduration: 1s\nexpect: { sometimes: [turns/second-boot] }\n";
    assert!(parse(&Source::new("asks.yaml", asks), &registry().catalogue()).is_ok());
    let misspelt = asks.replace("second-boot", "seccond-boot");
    assert!(parse(&Source::new("asks.yaml", &misspelt), &registry().catalogue()).is_err());
}
