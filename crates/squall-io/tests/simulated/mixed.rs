//! Any mix of faults that end, drawn for the properties of the network.

use std::cell::RefCell;

use proptest::prelude::*;
use squall_history::{Bandwidth, LatencyShape, NetworkProfile, Ppm, SimDuration};
use squall_sim::{Ran, Rule};

use super::stage::Stage;

const LINKS: [&[(&str, &str)]; 3] = [&[("a-1", "b-1")], &[("b-1", "a-1")], &[("a-1", "b-1"), ("b-1", "a-1")]];

#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// On these of the links, its draws correlated so much.
    Rule(usize, Rule, Ppm),
    Pause(&'static str),
}

/// A fault with its beginning and its length in milliseconds.
pub(crate) type Timed = (u64, u64, Fault);

fn duration() -> impl Strategy<Value = SimDuration> {
    (0_u64..80_000).prop_map(SimDuration::from_micros)
}

fn share() -> impl Strategy<Value = Ppm> {
    (0_u32..60).prop_map(Ppm::percent)
}

/// From 8 kB to 16 MB a second, with queues from less than a packet to many.
fn bandwidth() -> impl Strategy<Value = Bandwidth> {
    (13_u32..24, 1_u64..200_000)
        .prop_map(|(log, queue_bytes)| Bandwidth { bytes_per_second: 1 << log, queue_bytes })
}

fn shape() -> impl Strategy<Value = LatencyShape> {
    proptest::sample::select(LatencyShape::ALL.map(|(_, shape)| shape).to_vec())
}

pub(crate) fn fault() -> impl Strategy<Value = Timed> {
    let rule = prop_oneof![
        3 => Just(Rule::Cut),
        2 => share().prop_map(Rule::Loss),
        1 => share().prop_map(Rule::Duplicate),
        1 => (duration(), duration(), shape()).prop_map(|(latency, jitter, shape)| Rule::Latency { latency, jitter, shape }),
        1 => (share(), duration()).prop_map(|(chance, delay)| Rule::Reorder { chance, delay }),
        2 => bandwidth().prop_map(Rule::Bandwidth),
        2 => Just(Rule::Hold),
    ];
    let fault = prop_oneof![
        5 => (0..LINKS.len(), rule, correlation()).prop_map(|(links, rule, correlation)| Fault::Rule(links, rule, correlation)),
        1 => prop_oneof![Just("a-1"), Just("b-1")].prop_map(Fault::Pause),
    ];
    (0_u64..3_000, 1_u64..3_000, fault)
}

/// None, or some.
fn correlation() -> impl Strategy<Value = Ppm> {
    prop_oneof![3 => Just(Ppm::ZERO), 1 => (0_u32..=100).prop_map(Ppm::percent)]
}

pub(crate) fn profile() -> impl Strategy<Value = NetworkProfile> {
    prop_oneof![
        Just(NetworkProfile::PERFECT),
        Just(NetworkProfile::LAN),
        Just(NetworkProfile::FLAKY),
        Just(NetworkProfile { jitter: SimDuration::from_millis(200), ..NetworkProfile::FLAKY }),
        (shape(), bandwidth(), 600_u16..2_000).prop_map(|(shape, bandwidth, mtu)| NetworkProfile {
            shape,
            bandwidth: Some(bandwidth),
            mtu,
            ..NetworkProfile::FLAKY
        }),
    ]
}

/// Something that happens to a stage at its time.
type Moment<'a> = (u64, Box<dyn Fn(&mut Stage) + 'a>);

/// Something a test does to a stage at a time in milliseconds.
pub(crate) type Act<'a> = (u64, &'a dyn Fn(&mut Stage));

/// Applies each fault for its time and does `acts`, then runs on for an hour: longer than any
/// retransmission waits.
pub(crate) fn drive(stage: &mut Stage, faults: &[Timed], acts: &[Act<'_>]) {
    let rules = RefCell::new(vec![None; faults.len()]);
    let begin = |stage: &mut Stage, place: usize| match &faults[place].2 {
        Fault::Rule(links, rule, correlation) => {
            let rule = stage.rule(&format!("fault#{place}"), *rule, LINKS[*links]);
            stage.correlate(rule, *correlation);
            rules.borrow_mut()[place] = Some(rule);
        }
        Fault::Pause(node) => stage.pause(&(*node).into()),
    };
    let end = |stage: &mut Stage, place: usize| match &faults[place].2 {
        Fault::Rule(..) => drop(stage.remove_rule(rules.borrow_mut()[place].take().unwrap())),
        Fault::Pause(node) => drop(stage.resume(&(*node).into())),
    };
    // By time, then by place in the plan; a beginning before its end.
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for (place, (from, length, _)) in faults.iter().enumerate() {
        moments.push((
            *from,
            Box::new({
                let begin = &begin;
                move |stage| begin(stage, place)
            }),
        ));
        moments.push((
            from + length,
            Box::new({
                let end = &end;
                move |stage| end(stage, place)
            }),
        ));
    }
    acts.iter().for_each(|(at, act)| moments.push((*at, Box::new(act))));
    moments.sort_by_key(|(at, _)| *at);
    for (at, act) in moments {
        assert_eq!(stage.run_to(at), Ran::Reached);
        act(stage);
    }
    stage.run(3_600_000);
}
