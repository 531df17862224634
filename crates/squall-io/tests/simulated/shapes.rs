//! Shapes of latency, correlation of draws, profiles of links, fragments: how packets fare.

use std::collections::BTreeSet;

use squall_history::{Direction, LatencyShape, LinkProfile, NetworkProfile, Ppm, SimDuration};
use squall_sim::{Effects, Rule};

use super::stage::{later, steady};
use super::traffic::{BACK, Came, THERE, Volley, pair, volley};

const VOLLEY: Volley = Volley { count: 4_000, bytes: 64, gap_ms: 1 };
const JITTER_US: u64 = 10_000;

fn shaped(shape: LatencyShape) -> Rule {
    Rule::Latency { latency: SimDuration::ZERO, jitter: SimDuration::from_micros(JITTER_US), shape }
}

/// What was added to the link's one millisecond, in order of size.
fn additions(rule: Rule) -> Vec<u64> {
    let (came, _) = volley(pair(), VOLLEY, |stage| Some(stage.rule("fault", rule, &[THERE])));
    assert_eq!(came.len(), 4_000);
    let mut added: Vec<u64> = came.iter().map(|came| came.took_us - 1_000).collect();
    added.sort_unstable();
    added
}

#[test]
fn each_shape_of_latency_is_seen_by_who_receives() {
    let [constant, uniform, normal, tail] = LatencyShape::ALL.map(|(_, shape)| additions(shaped(shape)));
    let middle = |added: &[u64]| (added[1_000], added[2_000], added[3_000]);
    assert_eq!((constant[0], constant[3_999]), (0, 0));
    // Quartiles of 10 ms: 2.5, 5, 7.5 if uniform; 3.88, 5, 6.12 in a bell; 0.77, 2.07, 5 in the tail.
    let near = |seen: u64, exact: u64| seen.abs_diff(exact) < 450;
    let (low, mid, high) = middle(&uniform);
    assert!(near(low, 2_500) && near(mid, 5_000) && near(high, 7_500), "{low} {mid} {high}");
    let (low, mid, high) = middle(&normal);
    assert!(near(low, 3_876) && near(mid, 5_000) && near(high, 6_124), "{low} {mid} {high}");
    let (low, mid, high) = middle(&tail);
    assert!(near(low, 774) && near(mid, 2_071) && near(high, 5_000), "{low} {mid} {high}");
    assert!(uniform[3_999] <= JITTER_US && normal[3_999] <= JITTER_US);
    assert!(tail[3_999] > 10 * JITTER_US && tail[3_999] <= JITTER_US * 47 / 2, "{}", tail[3_999]);
}

#[test]
fn a_profile_has_a_shape_too() {
    let network = NetworkProfile {
        jitter: SimDuration::from_micros(JITTER_US),
        shape: LatencyShape::HeavyTail,
        ..steady(1)
    };
    let (came, _) = volley(pair().network(network), VOLLEY, |_| None);
    let far = came.iter().filter(|came| came.took_us > 1_000 + JITTER_US).count();
    // A ninth lies beyond the jitter: 444 of 4,000.
    assert!(far.abs_diff(444) < 105, "{far}");
}

/// What comes under a rule with this correlation.
fn correlated(rule: Rule, percent: u32) -> (Vec<Came>, Effects) {
    volley(pair(), VOLLEY, |stage| {
        let rule = stage.rule("fault", rule, &[THERE]);
        stage.correlate(rule, Ppm::percent(percent));
        Some(rule)
    })
}

/// The number of runs of missing datagrams.
fn gaps(came: &[Came]) -> u64 {
    let came: BTreeSet<u32> = came.iter().map(|came| came.number).collect();
    (0..VOLLEY.count)
        .filter(|number| !came.contains(number) && (*number == 0 || came.contains(&(number - 1))))
        .count() as u64
}

#[test]
fn correlated_losses_come_in_bursts_at_the_same_rate() {
    let loss = Rule::Loss(Ppm::percent(20));
    let (single, effects) = correlated(loss, 0);
    let (lost, runs) = (effects.get("packets-dropped"), gaps(&single));
    // Alone, a run of losses is 1.25 long on average.
    assert!(lost.abs_diff(800) < 130 && (lost * 100 / runs).abs_diff(125) < 12, "{lost} in {runs}");
    let (bursts, effects) = correlated(loss, 80);
    let (lost, runs) = (effects.get("packets-dropped"), gaps(&bursts));
    // The next is lost as well with 0.8 + 0.2 × 0.2: 6.25 long. The rate's deviation is three times as wide.
    assert!(lost.abs_diff(800) < 390 && (lost * 100 / runs).abs_diff(625) < 180, "{lost} in {runs}");
}

#[test]
fn correlated_latencies_repeat_those_before() {
    let repeats = |percent| {
        let (mut came, _) = correlated(shaped(LatencyShape::Uniform), percent);
        came.sort_unstable_by_key(|came| came.number);
        came.windows(2).filter(|pair| pair[0].took_us == pair[1].took_us).count()
    };
    assert!(repeats(0) < 10, "{}", repeats(0));
    assert!(repeats(90).abs_diff(3_600) < 100, "{}", repeats(90));
}

#[test]
fn every_rule_that_draws_may_be_correlated() {
    let rules = [
        (Rule::Duplicate(Ppm::percent(10)), "packets-duplicated"),
        (Rule::Reorder { chance: Ppm::percent(10), delay: SimDuration::from_millis(5) }, "packets-held-back"),
        (Rule::Corrupt(Ppm::percent(10)), "packets-corrupted"),
    ];
    for (rule, effect) in rules {
        let struck = |percent| {
            let (came, effects) = correlated(rule, percent);
            let mut struck = vec![0; VOLLEY.count as usize];
            for came in &came {
                let late = u32::from(came.took_us > 1_000);
                struck[came.number as usize] +=
                    if effect == "packets-duplicated" { 1 } else { late + came.flipped };
            }
            let usual = u32::from(effect == "packets-duplicated");
            let pairs = struck.windows(2).filter(|pair| pair[0] > usual && pair[1] > usual).count();
            (pairs, effects.get(effect))
        };
        // Two in a row: a hundredth if each stands alone, 0.0865 if the chance is 85 % to repeat.
        let ((alone, count), (row, correlated)) = (struck(0), struck(85));
        assert!(alone < 80 && row > 200, "{rule:?}: {alone} {row}");
        assert!(
            count.abs_diff(400) < 100 && correlated.abs_diff(400) < 340,
            "{rule:?}: {count} {correlated}"
        );
    }
}

fn profile(from: &str, to: &str, direction: Direction, latency_ms: u64) -> LinkProfile {
    let correlation = squall_history::Ppm::ZERO;
    LinkProfile {
        from: vec![from.into()],
        to: vec![to.into()],
        direction,
        profile: steady(latency_ms),
        correlation,
    }
}

#[test]
fn links_have_profiles_of_their_own() {
    let took = |profiles: &[LinkProfile]| {
        let (came, _) = volley(pair(), Volley { count: 10, ..VOLLEY }, |stage| {
            stage.set_links(profiles);
            None
        });
        let took: BTreeSet<u64> = came.iter().map(|came| came.took_us / 1_000).collect();
        took.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(took(&[]), [1]);
    let there = profile(THERE.0, THERE.1, Direction::To, 7);
    assert_eq!(took(std::slice::from_ref(&there)), [7]);
    assert_eq!(took(&[profile(THERE.0, THERE.1, Direction::From, 7)]), [1]);
    assert_eq!(took(&[profile(BACK.0, BACK.1, Direction::From, 7)]), [7]);
    assert_eq!(took(&[profile(BACK.0, BACK.1, Direction::Both, 7)]), [7]);
    // Of several that name a link the last counts.
    assert_eq!(took(&[there, profile(BACK.0, BACK.1, Direction::Both, 9)]), [9]);
}

#[test]
fn a_long_datagram_travels_in_fragments_and_needs_them_all() {
    let share = |bytes, mtu| {
        let network = NetworkProfile { loss: Ppm::percent(10), mtu, ..steady(1) };
        let (came, _) = volley(pair().network(network), Volley { count: 2_000, bytes, gap_ms: 1 }, |_| None);
        came.len()
    };
    // 0.9 of 2,000, and 0.9^3: 1,800 and 1,458; five standard deviations are 67 and 100.
    assert!(share(1_472, 1_500).abs_diff(1_800) < 68, "{}", share(1_472, 1_500));
    assert!(share(3_000, 1_500).abs_diff(1_458) < 101, "{}", share(3_000, 1_500));
    assert!(share(3_000, 9_000).abs_diff(1_800) < 68, "{}", share(3_000, 9_000));
}

#[test]
fn a_long_datagram_is_there_when_its_last_fragment_is() {
    let most = |bytes| {
        let (came, effects) = volley(pair(), Volley { count: 200, bytes, gap_ms: 1 }, |stage| {
            Some(stage.rule("fault", later(0, 10), &[THERE]))
        });
        let sum: u64 = came.iter().map(|came| came.took_us - 1_000).sum();
        (sum / 200, effects.get("packets-delayed"))
    };
    // The largest of ten in 10 ms is 9.09 ms on average, of one 5 ms.
    let ((short, few), (long, many)) = (most(100), most(14_000));
    assert!(short.abs_diff(5_000) < 1_000 && long.abs_diff(9_091) < 300, "{short} {long}");
    assert!(few <= 200 && many > 9 * 200 && many <= 10 * 200, "{few} {many}");
}
