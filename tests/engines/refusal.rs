//! What an engine lacks is refused with the list, or left out and said to be.

use squall::history::{Plan, Seed};
use squall::scenario::{Overrides, Source, parse};
use squall::{Hooks, Recording, Registry, RunError};

use super::ENGINE;
use super::efficacy::eyes::Eyes;

fn plan(more: &str) -> (Registry, Plan) {
    let registry = Registry::default().add::<Eyes>("eyes");
    let text = format!(
        "version: 1\nname: refused\nsystem: eyes\nengine: {ENGINE}\nduration: 3s\n{more}\nfaults:\n\
         - {{ at: 1s, for: 1s, clock: {{ target: eye-1, skew: 1s }} }}\n\
         - {{ at: 1s, for: 1s, kill: eye-1 }}\n\
         - steps: [{{ slow: {{ target: eye-1, factor: 2 }}, for: 1s }}]\n  at: 1s\n"
    );
    let scenario =
        parse(&Source::new("refused.yaml", &text), &registry.catalogue()).unwrap_or_else(|e| panic!("{e}"));
    let plan = scenario.plan(Seed(1), &Overrides::default());
    (registry, plan)
}

#[test]
fn what_it_lacks_is_refused_with_the_list() {
    let (registry, plan) = plan("network: { duplicate: 1% }");
    let refused = squall::run(&registry, &plan, Recording::Summary, &Hooks::default()).err();
    let Some(RunError::Lacks { engine, lacks }) = refused else { panic!("{refused:?}") };
    assert_eq!(engine, ENGINE);
    let names: Vec<&str> = lacks.iter().map(|lack| lack.what.as_str()).collect();
    assert_eq!(names, ["clock", "network: duplicate", "slow"]);
}

#[test]
fn what_is_left_out_is_counted_and_the_rest_strikes() {
    let (registry, plan) = plan("skip-unsupported: true");
    let reply = squall::run(&registry, &plan, Recording::Summary, &Hooks::default()).expect("it runs");
    let faults = &reply.result.faults;
    assert_eq!((faults["clock"].skipped, faults["clock"].applied), (1, 0));
    assert_eq!((faults["slow"].skipped, faults["slow"].applied), (1, 0));
    assert_eq!((faults["kill"].skipped, faults["kill"].applied, faults["kill"].observed), (0, 1, 1));
}

#[test]
fn an_engine_that_does_not_exist_or_is_not_built_is_named() {
    for (name, hint) in [("warp", "there are native, turmoil, madsim"), (other(), "is not in this binary")] {
        let (registry, plan) = plan("");
        let plan = Plan { engine: name.to_owned(), ..plan };
        let refused = squall::run(&registry, &plan, Recording::Summary, &Hooks::default()).err();
        let text = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains(hint), "{text}");
    }
}

/// The engine that this build has not.
fn other() -> &'static str {
    if cfg!(madsim) { "turmoil" } else { "madsim" }
}
