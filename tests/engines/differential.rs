//! The differential test: the batch cluster on simulators that were written apart from each other. Interleavings
//! differ; outputs equal the oracle and all invariants hold on each.

use squall::history::{Plan, Seed};
use squall::scenario::{Overrides, Scenario, Source, parse};
use squall::{Hooks, Recording, Registry, RunReply};
use squall_systems::registry;

use super::ENGINE;

fn scenario(registry: &Registry, name: &str) -> Scenario {
    let path = format!("{}/../scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    parse(&Source::new(&path, &text), &registry.catalogue()).unwrap_or_else(|error| panic!("{error}"))
}

fn run(registry: &Registry, plan: &Plan) -> RunReply {
    squall::run(registry, plan, Recording::Summary, &Hooks::default()).expect("the plan fits")
}

fn planned(scenario: &Scenario, engine: &str, seed: u64) -> Plan {
    let overrides = Overrides {
        engine: Some(engine.to_owned()),
        skip_unsupported: true,
        set: vec![("duration".to_owned(), "25s".to_owned())],
        ..Overrides::default()
    };
    scenario.plan(Seed(seed), &overrides)
}

/// Those of the batch cluster whose faults every engine can inject.
const SCENARIOS: [&str; 5] =
    ["batch-calm", "kill-leader", "batch-isolate-leader", "batch-kill-worker", "batch-power-loss"];

#[test]
fn the_same_scenarios_pass_on_every_engine() {
    let registry = registry();
    for name in SCENARIOS {
        let scenario = scenario(&registry, name);
        for engine in ["native", ENGINE] {
            let reply = run(&registry, &planned(&scenario, engine, 3));
            let result = &reply.result;
            assert_eq!(result.outcome.name(), "pass", "{name} on {engine}: {:?}", result.violations);
            let judged = |oracle: &str| result.exercised.get(oracle).copied().unwrap_or(0);
            assert!(judged("output-equals-oracle") > 0, "{name} on {engine}: no output was compared");
            assert!(judged("election-safety") > 0, "{name} on {engine}: no election was judged");
        }
    }
}

/// In one process two runs share counters of tokio's; a run that is a process of its own does not.
#[test]
fn a_seed_is_one_run_in_two_processes() {
    let folder = tempfile::TempDir::with_prefix("squall-engines-").expect("a temporary folder can be made");
    let scenario = format!("{}/../scenarios/kill-leader.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_squall-hostile"));
    command.args(["run", &scenario, "--engine", ENGINE, "--seeds", "3", "--check-determinism", "-j", "2"]);
    let ran = command.current_dir(folder.path()).output().expect("it starts");
    let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{text}");
    assert!(text.contains("3 passed"), "{text}");
}
