//! The three example scenarios, from text to plan file and back.

#[path = "support/base.rs"]
mod support;

use squall_history::Seed;
use squall_scenario::{Colour, Overrides, to_yaml};
use support::{EXAMPLES, EXPERT, MEDIUM, SIMPLE, must_read};

fn plan_file(text: &str, seed: u64) -> String {
    to_yaml(&must_read(text).plan(Seed(seed), &Overrides::default()), "plan of a test")
}

#[test]
fn simple() {
    insta::assert_snapshot!(plan_file(SIMPLE, 7));
}

#[test]
fn medium() {
    insta::assert_snapshot!(plan_file(MEDIUM, 7));
}

#[test]
fn expert() {
    insta::assert_snapshot!(plan_file(EXPERT, 7));
}

#[test]
fn what_cannot_run_yet_is_named() {
    let warnings: Vec<String> =
        [MEDIUM, EXPERT].map(|text| must_read(text).unsupported.render(Colour::Never)).into();
    insta::assert_snapshot!(warnings.join("\n"));
    assert!(must_read(SIMPLE).unsupported.is_empty());
}

#[test]
fn a_plan_file_gives_its_plan_back() {
    for text in EXAMPLES {
        let scenario = must_read(text);
        for seed in scenario.seeds.resolve(Seed(1)).take(20) {
            let plan = scenario.plan(seed, &Overrides::default());
            let again = must_read(&to_yaml(&plan, "")).plan(seed, &Overrides::default());
            assert_eq!(again, plan);
        }
    }
}
