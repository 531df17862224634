//! Buggify: which sites are enabled and how often they fire, and that no draw shifts another.

use squall_history::{Digest, Identity, Ppm};
use squall_io::{buggify, knob};
use squall_sim::{BuggifySettings, Effects};

use super::stage::{Setup, Stage, forever, nodes, pass, say};

/// How often each of a node's sites fired in so many turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Off,
    Buggify,
}

const TURNS: u32 = 40;

/// Six sites, each evaluated once a millisecond; says each firing.
async fn turns() -> std::io::Result<()> {
    for turn in 0..TURNS {
        let fired = [
            buggify!("test/a"),
            buggify!("test/b"),
            buggify!("test/c"),
            buggify!("other/d"),
            buggify!("other/e", p = 100%),
            buggify!(),
        ];
        for (site, _) in fired.iter().enumerate().filter(|(_, fired)| **fired) {
            say(format!("{turn} {site}"));
        }
        pass(1).await;
    }
    forever().await
}

fn settings(sites: &[&str]) -> BuggifySettings {
    BuggifySettings { sites: sites.iter().map(ToString::to_string).collect(), ..BuggifySettings::default() }
}

/// The stage after all turns, and what the fault did.
fn run(setup: Setup, settings: &BuggifySettings, fault: Fault) -> (Stage, Effects) {
    let mut stage = setup.begin();
    let rule = match fault {
        Fault::Off => None,
        Fault::Buggify => Some(stage.buggify(Identity::of("turns"), settings, &["n-1".into(), "n-2".into()])),
    };
    stage.start("n-1", turns());
    stage.start("n-2", turns());
    stage.run(100);
    let effects = rule.map_or_else(Effects::default, |rule| stage.remove_buggify(rule));
    (stage, effects)
}

/// Turns at which a site of a node fired.
fn firings(stage: &Stage, node: &str, site: usize) -> Vec<u32> {
    let said = stage.said(node);
    let of_site = said.iter().filter_map(|words| {
        let (turn, of) = words.split_once(' ').unwrap();
        (of.parse() == Ok(site)).then(|| turn.parse().unwrap())
    });
    of_site.collect()
}

#[test]
fn a_quarter_of_the_sites_is_enabled_and_those_fire_a_quarter_of_the_time() {
    const SEEDS: u64 = 200;
    let (mut enabled, mut fired, mut both_nodes) = (0, 0, 0);
    for seed in 0..SEEDS {
        let (stage, effects) =
            run(nodes(&[("n", 2)]).seed(seed), &BuggifySettings::default(), Fault::Buggify);
        let mut sites = 0;
        let mut all = 0;
        for site in [0, 1, 2, 3, 5] {
            let (one, other) = (firings(&stage, "n-1", site).len(), firings(&stage, "n-2", site).len());
            sites += u64::from(one + other > 0);
            both_nodes += u64::from(one > 0 && other > 0);
            all += (one + other) as u64;
        }
        enabled += sites;
        fired += all;
        // A site's own chance stands in place of the rule's; that it is enabled does not.
        let sure = firings(&stage, "n-1", 4).len();
        assert!(sure == 0 || sure == TURNS as usize, "{sure}");
        let sure_sites = u64::from(sure > 0);
        assert_eq!(effects.get("sites-fired"), sites + sure_sites);
        assert_eq!(effects.get("firings"), all + 2 * sure_sites * u64::from(TURNS));
    }
    // 1,000 sites, a quarter: 250 ± 5 × 13.7. A node misses an enabled one with 0.75^40 = 0.001 %.
    assert!(enabled.abs_diff(250) < 69, "{enabled}");
    assert_eq!(both_nodes, enabled, "a site is enabled for all nodes at once");
    // A quarter of 80 evaluations for each enabled one; 5 standard deviations are 5 × 3.9 × sqrt(enabled).
    let expected = enabled * 20;
    assert!(fired.abs_diff(expected) < 312, "{fired} of {expected}");
}

#[test]
fn without_the_fault_nothing_fires_and_the_digest_is_that_of_a_program_without_sites() {
    let plain = |seed: u64| -> Digest {
        let mut stage = nodes(&[("n", 2)]).seed(seed).begin();
        for node in ["n-1", "n-2"] {
            stage.start(node, async {
                for _ in 0..TURNS {
                    pass(1).await;
                }
                forever().await
            });
        }
        stage.run(100);
        stage.end().digest
    };
    for seed in 0..5 {
        let (stage, _) = run(nodes(&[("n", 2)]).seed(seed), &BuggifySettings::default(), Fault::Off);
        assert_eq!(stage.said("n-1"), Vec::<String>::new());
        assert_eq!(stage.end().digest, plain(seed));
    }
}

#[test]
fn switching_a_site_off_leaves_the_other_sites_and_nodes_alone() {
    let always = BuggifySettings { enable: Ppm::ONE, ..BuggifySettings::default() };
    // Turns, by node and site.
    let fired = |settings: &BuggifySettings| {
        let stage = run(nodes(&[("n", 2)]), settings, Fault::Buggify).0;
        ["n-1", "n-2"].map(|node| [0, 1, 2].map(|site| firings(&stage, node, site)))
    };
    let all = fired(&always);
    let fewer = fired(&BuggifySettings { sites: vec!["test/[bc]".to_owned()], ..always.clone() });
    for (all, fewer) in all.iter().zip(&fewer) {
        assert!(all.iter().all(|site| !site.is_empty()));
        assert!(fewer[0].is_empty(), "a site that is off does not fire");
        assert_eq!(fewer[1..], all[1..]);
    }
    assert_ne!(all[0], all[1], "nodes draw for themselves");
    // A node that is not concerned changes nothing for the one that is.
    let mut alone = nodes(&[("n", 2)]).begin();
    let rule = alone.buggify(Identity::of("turns"), &always, &["n-2".into()]);
    alone.start("n-1", turns());
    alone.start("n-2", turns());
    alone.run(100);
    assert!(alone.remove_buggify(rule).get("firings") > 0);
    assert_eq!(alone.said("n-1"), Vec::<String>::new());
    assert_eq!([0, 1, 2].map(|site| firings(&alone, "n-2", site)), all[1]);
}

#[test]
fn it_lasts_as_long_as_its_rule_and_a_second_rule_draws_for_itself() {
    let sure = BuggifySettings { enable: Ppm::ONE, fire: Ppm::ONE, ..settings(&["test/a"]) };
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", turns());
    stage.run(10);
    let first = stage.buggify(Identity::of("first"), &sure, &["n-1".into()]);
    stage.run(15);
    let second = stage.buggify(Identity::of("second"), &sure, &["n-1".into()]);
    stage.run(20);
    assert_eq!(stage.remove_buggify(first).get("firings"), 10);
    stage.run(25);
    assert_eq!(stage.remove_buggify(second).get("firings"), 5 + 5);
    stage.run(100);
    assert_eq!(firings(&stage, "n-1", 0), (10..25).collect::<Vec<_>>());
}

#[test]
fn a_knob_takes_one_extreme_for_the_whole_of_a_run_or_its_default() {
    let knob_of = |seed: u64, fault: Fault| -> Vec<String> {
        let mut stage = nodes(&[("n", 2)]).seed(seed).begin();
        if fault == Fault::Buggify {
            stage.buggify(Identity::of("knobs"), &settings(&[]), &["n-1".into(), "n-2".into()]);
        }
        for node in ["n-1", "n-2"] {
            stage.start(node, async {
                for _ in 0..5 {
                    say(knob!("test/knob", 64, 1, 10_000));
                    pass(1).await;
                }
                forever().await
            });
        }
        stage.run(20);
        [stage.said("n-1"), stage.said("n-2")].concat()
    };
    let mut seen = [0_u32; 3];
    for seed in 0..300 {
        let said = knob_of(seed, Fault::Buggify);
        assert_eq!(said.len(), 10);
        assert!(said.iter().all(|value| *value == said[0]), "{said:?}");
        seen[["64", "1", "10000"].iter().position(|value| *value == said[0]).unwrap()] += 1;
        assert_eq!(knob_of(seed, Fault::Off), vec!["64"; 10]);
    }
    // Three quarters, an eighth and an eighth of 300: five standard deviations are 37 and 29.
    let [default, low, high] = seen;
    assert!(default.abs_diff(225) < 38 && low.abs_diff(38) < 29 && high.abs_diff(38) < 29, "{seen:?}");
}
