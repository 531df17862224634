//! Faults of the network from YAML to what they did: each shipped scenario with its fault taken out
//! sends other packets, and with it every application counts what it should.

mod library;

use std::collections::{BTreeMap, BTreeSet};

use library::{Recorded, at_ms, planned, recorded, shipped_named};
use squall::history::{Direction, FaultEvent, LinkProfile, NetworkProfile};
use squall::scenario::Overrides;
use squall::{Plan, Seed, SimDuration};

/// What each fault of a run counted, by the fault's name without its counter.
fn counted(run: &Recorded) -> BTreeMap<String, BTreeSet<String>> {
    let mut counted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, event) in run.faults() {
        if let FaultEvent::Observed { id, effects } = event {
            let name = id.0.split('#').next().expect("a split has a first part").to_owned();
            let effects = effects.into_iter().filter(|(_, count)| *count > 0).map(|(effect, _)| effect);
            counted.entry(name).or_default().extend(effects.map(|effect| effect.to_string()));
        }
    }
    counted
}

/// Runs a shipped scenario: nothing fails, and each named fault counts these effects and no other. Without
/// its faults the run is another.
fn check(scenario: &str, expected: &[(&str, &[&str])]) {
    let plan = shipped_named(scenario).plan(Seed(0x1f3a), &Overrides::default());
    let with = recorded(&plan);
    let counted = counted(&with);
    for (fault, effects) in expected {
        let effects: BTreeSet<String> = effects.iter().map(|&effect| effect.to_owned()).collect();
        assert_eq!(counted.get(*fault), Some(&effects), "{scenario}: {counted:?}");
    }
    let calm = recorded(&Plan { faults: Vec::new(), ..plan });
    assert!(counted.values().any(|effects| !effects.is_empty()));
    assert_ne!(with.packets, calm.packets, "{scenario}: the faults changed no packet");
}

#[test]
fn corrupt() {
    check("kv-corrupt", &[("corrupt", &["packets-corrupted"])]);
}

#[test]
fn bandwidth() {
    check("kv-narrow-links", &[("bandwidth", &["packets-delayed"])]);
}

#[test]
fn hold() {
    check("kv-held-links", &[("both", &["packets-held"])]);
}

#[test]
fn reset() {
    check("kv-reset", &[("reset", &["connections-reset"])]);
}

#[test]
fn refuse() {
    check("kv-refuse", &[("no-entry", &["connections-refused"]), ("break", &["connections-reset"])]);
}

#[test]
fn dns() {
    let resets: &[&str] = &["connections-reset"];
    let expected: [(&str, &[&str]); 4] = [
        ("unknown", &["lookups-failed"]),
        ("unanswered", &["lookups-unanswered"]),
        ("late", &["lookups-delayed"]),
        ("break-1", resets),
    ];
    check("kv-no-names", &expected);
}

#[test]
fn shapes_and_correlation() {
    check("kv-zones", &[("bursts", &["packets-dropped"]), ("late", &["packets-delayed"])]);
}

/// Nodes that speak in datagrams, by their own timers: what one link does shifts nothing elsewhere.
fn gossip(links: Vec<LinkProfile>) -> Recorded {
    let plan = planned(
        "
system: { name: gossip, config: { silent: [] } }
topology: { roles: { node: 4 } }
network: { profile: flaky }
duration: 2s
",
        7,
    );
    recorded(&Plan { links, ..plan })
}

#[test]
fn a_link_of_its_own_delays_its_own_packets_and_no_others() {
    let own = |latency_ms| LinkProfile {
        from: vec!["node-1".into()],
        to: vec!["node-2".into()],
        direction: Direction::To,
        profile: NetworkProfile { latency: SimDuration::from_millis(latency_ms), ..NetworkProfile::FLAKY },
        correlation: squall::history::Ppm::ZERO,
    };
    let (plain, equal, slow) = (gossip(Vec::new()), gossip(vec![own(1)]), gossip(vec![own(41)]));
    assert!(plain.packets.len() > 200, "{}", plain.packets.len());
    assert_eq!(plain.reply.result.digest, equal.reply.result.digest, "as fast as the others");
    let mut later = 0;
    for (plain, slow) in plain.packets.iter().zip(&slow.packets) {
        let is_own = (plain.from.as_str(), plain.to.as_str()) == ("node-1", "node-2");
        let by = SimDuration::from_millis(if is_own { 40 } else { 0 });
        assert_eq!(slow.arrives, plain.arrives.map(|at| at + by), "{slow:?}");
        later += usize::from(is_own && plain.arrives.is_some());
    }
    assert!(
        later > 10 && plain.packets_before(at_ms(2_000)).len() == slow.packets_before(at_ms(2_000)).len()
    );
}
