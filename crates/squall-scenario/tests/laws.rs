//! What holds for every file, every seed and every plan.

mod support {
    mod base;
    pub(crate) mod plans;
    pub(crate) use base::*;
}

use proptest::prelude::*;
use squall_history::Seed;
use squall_scenario::{Colour, Overrides, to_yaml};
use support::{EXAMPLES, must_read, plans, read};

/// Reads whatever it is, plans it if it can be read, and draws what is wrong with it if not.
fn survives(text: &str) {
    match read(text) {
        Ok(scenario) => {
            let plan = scenario.plan(Seed(1), &Overrides::default());
            assert_eq!(must_read(&to_yaml(&plan, "")).plan(plan.seed, &Overrides::default()), plan);
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            assert!(!diagnostics.render(Colour::Never).contains('\u{1b}'));
            assert!(diagnostics.render(Colour::Always).contains('\u{1b}'));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_written_as_yaml_is_read_back(plan in plans::plan()) {
        let text = to_yaml(&plan, "a plan\nof a test");
        let scenario = must_read(&text);
        prop_assert!(scenario.unsupported.is_empty());
        prop_assert_eq!(scenario.seeds.resolve(Seed(9)).collect::<Vec<_>>(), [plan.seed]);
        prop_assert_eq!(&scenario.plan(plan.seed, &Overrides::default()), &plan, "{}", text);
    }

    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_text_is_too_strange(text in "[ \n\t:{}\\[\\],&*!|>'\"%@`#a-c0-9.\\-é\u{85}\u{2028}\u{feff}]{0,80}") {
        survives(&text);
    }

    #[test]
    fn a_damaged_scenario_is_read_or_refused(
        which in 0..EXAMPLES.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, "[ -~\n]{0,3}"), 1..4),
    ) {
        let mut text: Vec<char> = EXAMPLES[which].chars().collect();
        for (at, len, instead) in cuts {
            let at = at.index(text.len());
            let end = (at + len).min(text.len());
            text.splice(at..end, instead.chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn a_plan_depends_on_scenario_and_seed_alone(which in 0..EXAMPLES.len(), seed: u64) {
        let plan = |text| must_read(text).plan(Seed(seed), &Overrides::default());
        let commented = format!("# another comment\n{}\n", EXAMPLES[which]);
        prop_assert_eq!(plan(EXAMPLES[which]), plan(&commented));
    }
}
